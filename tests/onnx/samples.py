"""Small models of many kinds: what the fuzzer starts from."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.onnx.small import model, node, one, tensor, value, weights


def integers(*numbers: int) -> Any:
    """A 1-D tensor of 64-bit integers."""
    return np.array(numbers, np.int64)


def samples() -> list[onnx.ModelProto]:
    """About thirty models; together they use most kinds of rules."""
    return [*_networks(), *_layouts(), *_bodies(), *_quantised()]


def _networks() -> list[onnx.ModelProto]:
    residual = model(
        [
            node("Conv", ["x", "w1"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1], name="conv1"),
            node("BatchNormalization", ["a", "s", "s", "s", "s"], ["b"]),
            node("Relu", ["b"], ["c"]),
            node("MaxPool", ["c"], ["d"], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
            node("Conv", ["d", "w2"], ["e"], auto_pad="SAME_UPPER"),
            node("Add", ["e", "d"], ["f"]),
            node("ConvTranspose", ["f", "w2"], ["g"], strides=[2, 2], output_padding=[1, 1]),
            node("GlobalAveragePool", ["g"], ["h"]),
            node("Mul", ["g", "h"], ["i"]),
            node("Flatten", ["i"], ["j"]),
            node("Gemm", ["j", "fc"], ["y"]),
        ],
        {"x": (1, 3, 20, 20)}, ["y"],
        {"w1": weights(4, 3, 3, 3), "w2": weights(4, 4, 3, 3), "s": weights(4),
         "fc": weights(4 * 12 * 12, 5)},
    )  # fmt: skip
    free = model(
        [
            node("Shape", ["x"], ["shape"]),
            node("Slice", ["shape", "two", "four", "zero"], ["size"]),
            node("Conv", ["x", "w"], ["a"], strides=[2, 2], auto_pad="SAME_LOWER"),
            node("Concat", ["one_four", "size"], ["target"], axis=0),
            node("Resize", ["a", "", "", "target"], ["y"], mode="linear"),
        ],
        {"x": (1, 3, "h", "w")}, ["y"],
        {"w": weights(4, 3, 5, 5), "two": integers(2), "four": integers(4), "zero": integers(0),
         "one_four": integers(1, 4)},
    )  # fmt: skip
    attention = model(
        [
            node("MatMul", ["x", "wq"], ["q"]),
            node("Transpose", ["q"], ["k"], perm=[0, 2, 1]),
            node("MatMul", ["q", "k"], ["s"]),
            node("Softmax", ["s"], ["p"]),
            node("MatMul", ["p", "x"], ["o"]),
            node("LayerNormalization", ["o", "g"], ["n"]),
            node("Einsum", ["n", "wq"], ["y"], equation="bij,jk->bik"),
        ],
        {"x": (1, 6, 8)}, ["y"], {"wq": weights(8, 8), "g": weights(8)},
    )  # fmt: skip
    return [residual, free, attention]


def _layouts() -> list[onnx.ModelProto]:
    box = np.stack(np.meshgrid([0], [0, 1], [1, 2], indexing="ij"), -1)
    return [
        one("Slice", (1, 3, 9), integers(-1), integers(-(2**63)), integers(2), integers(-2)),
        one("Pad", (1, 2, 5), integers(0, 0, 2, 0, 0, 1), mode="reflect"),
        one("Reshape", (2, 3, 4), integers(0, -1, 2)),
        one("Tile", (1, 2, 4), integers(1, 2, 3)),
        one("Expand", (1, 3, 1), integers(2, 1, 4)),
        one("Split", (1, 3, 7), integers(2, 5), outputs=("y", "z"), axis=2),
        one("DepthToSpace", (1, 8, 2, 3), blocksize=2, mode="CRD"),
        one("Gather", (1, 3, 5), np.array([[0, 1], [4, 4]]), axis=2),
        one("ScatterND", (1, 2, 6), box, weights(1, 2, 2)),
        one("TopK", (1, 3, 6), integers(2), outputs=("v", "i"), axis=2),
        one("OneHot", (1, 4), np.array(5), np.array([0.0, 1.0], np.float32), kind=7, axis=1),
        one("Upsample", (1, 1, 4, 4), opset=7, mode="nearest", scales=[1.0, 1.0, 2.0, 3.0]),
        one("Resize", (1, 1, 7), None, np.array([1, 1, 0.7], np.float32), mode="cubic"),
        one("STFT", (1, 64, 1), np.array(4), None, np.array(8), opset=17),
        one("CenterCropPad", (1, 5, 5), integers(3, 8), axes=[1, 2]),
        one("LSTM", (5, 1, 3), weights(2, 8, 3), weights(2, 8, 2), hidden_size=2,
            direction="bidirectional", outputs=("y", "h")),
        model(
            [
                node("NonZero", ["x"], ["i"]),
                node("Transpose", ["i"], ["t"], perm=[1, 0]),
                node("GatherND", ["x", "t"], ["y"]),
            ],
            {"x": (2, 5)}, ["y"],
        ),
        model(
            [node("Range", ["zero", "n", "one"], ["r"]), node("Gather", ["x", "r"], ["y"], axis=2)],
            {"x": (1, 2, 9)}, ["y"],
            {"zero": np.array(0), "one": np.array(1), "n": np.array(5)},
        ),
    ]  # fmt: skip


def _bodies() -> list[onnx.ModelProto]:
    def body(nodes: list[Any], inputs: list[Any], outputs: list[Any], **constants: Any) -> Any:
        held = [tensor(name, array) for name, array in constants.items()]
        return helper.make_graph(nodes, "body", inputs, outputs, held)

    one_conv = body([node("Conv", ["x", "w"], ["t"], pads=[1, 1])], [], [value("t", (1, 1, 8))])
    same = body([node("Identity", ["x"], ["e"])], [], [value("e", (1, 1, 8))])
    branch = model(
        [node("If", ["c"], then_branch=one_conv, else_branch=same)],
        {"x": (1, 1, 8), "c": ()}, ["y"], {"w": weights(1, 1, 3)}, kinds={"c": TensorProto.BOOL},
    )  # fmt: skip
    turn = body(
        [node("Conv", ["v", "w"], ["v2"], pads=[1, 1]), node("Identity", ["g"], ["g2"])],
        [value("i", (), 7), value("g", (), 9), value("v", (1, 1, 9))],
        [value("g2", (), TensorProto.BOOL), value("v2", (1, 1, 9))],
    )
    loop = model(
        [node("Loop", ["n", "c", "x"], body=turn)], {"x": (1, 1, 9)}, ["y"],
        {"n": np.array(3), "c": np.array(True), "w": weights(1, 1, 3)},
    )  # fmt: skip
    step = body(
        [node("Add", ["s", "e"], ["s2"]), node("Identity", ["s2"], ["o"])],
        [value("s", (2,)), value("e", (2,))],
        [value("s2", (2,)), value("o", (2,))],
    )
    scan = model(
        [node("Scan", ["s0", "x"], ["z", "y"], body=step, num_scan_inputs=1)],
        {"x": (6, 2)}, ["z", "y"], {"s0": np.zeros(2, np.float32)},
    )  # fmt: skip
    block = helper.make_function(
        "my", "Block", ["a", "w"], ["o"],
        [node("Conv", ["a", "w"], ["t"]), node("Elu", ["t"], ["o"])],
        [helper.make_opsetid("", 22)],
    )  # fmt: skip
    function = model(
        [node("my::Block", ["x", "w"], ["h"]), node("my::Block", ["h", "w"])],
        {"x": (1, 1, 9)}, ["y"], {"w": weights(1, 1, 3)}, functions=[block], domains=("my",),
    )  # fmt: skip
    lists = model(
        [
            node("SplitToSequence", ["x", "two"], ["s"], axis=2),
            node("SequenceAt", ["s", "one"], ["a"]),
            node("SequenceInsert", ["s", "a"], ["s2"]),
            node("ConcatFromSequence", ["s2"], axis=2),
        ],
        {"x": (1, 1, 6)}, ["y"], {"two": np.array(2), "one": np.array(1)},
    )  # fmt: skip
    return [branch, loop, scan, function, lists]


def _quantised() -> list[onnx.ModelProto]:
    scale, zero = np.array(0.1, np.float32), np.array(0, np.uint8)
    return [
        model(
            [
                node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
                node("ConvInteger", ["q", "w", "z"], ["c"], pads=[1, 1]),
                node("Cast", ["c"], ["f"], to=1),
                node("Mul", ["f", "s"], ["y"]),
            ],
            {"x": (1, 1, 8)}, ["y"], {"w": weights(1, 1, 3, kind="uint8")},
        ),
        model(
            [node("QLinearConv", ["x", "s", "z", "w", "s", "z", "s", "z"], pads=[0, 1])],
            {"x": (1, 1, 8)}, ["y"], {"s": scale, "z": zero, "w": weights(1, 1, 3, kind="uint8")},
            kinds={"x": TensorProto.UINT8},
        ),
        model(
            [node("com.microsoft::FusedConv", ["x", "w", "", "x"], pads=[1, 1, 1, 1])],
            {"x": (1, 1, 6, 6)}, ["y"], {"w": weights(1, 1, 3, 3)},
        ),
        model(
            [node("com.microsoft::Attention", ["x", "w", "b"], num_heads=2)],
            {"x": (1, 4, 8)}, ["y"], {"w": weights(8, 24), "b": weights(24)},
        ),
    ]  # fmt: skip
