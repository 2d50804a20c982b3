"""Nodes that ONNX alone has, with the indices that its specification says, and models of several.

What takes whole or quantised numbers stands between nodes that make them of the input and floats of
the result, so that ONNX Runtime can be asked; those that no runtime here has are literals alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper

from tests.onnx.samples import integers
from tests.onnx.small import model, node, one, value, weights

from ..case import grid

Entry = tuple[Any, tuple[int, ...], dict[Any, Any]]
BOARD = (3, 4)
ROW = grid((1,), range(4))
ALL = grid(range(3), range(4))
F32 = np.float32
MS = "com.microsoft::"


def at(*place: int) -> set[tuple[int, ...]]:
    """One element."""
    return {place}


def chain(shape: Any, *nodes: Any, opset: int = 22, **constants: Any) -> Any:
    """Nodes from ``x`` to ``y``."""
    return model(list(nodes), {"x": shape}, ["y"], constants, opset=opset,
                 domains=("com.microsoft", "ai.onnx.ml"))  # fmt: skip


SCALE: dict[str, Any] = {"s": F32(0.125), "z": np.uint8(3)}
OUT: dict[str, Any] = {"t": F32(0.5), "u": np.uint8(1)}


def quantised(shape: Any, *nodes: Any, opset: int = 22, **constants: Any) -> Any:
    """Nodes from ``q``, which is ``x`` in 8 bits, to ``r``, which ``y`` is made of."""
    return chain(
        shape, node("QuantizeLinear", ["x", "s", "z"], ["q"]), *nodes,
        node("DequantizeLinear", ["r", "t", "u"]), opset=opset, **SCALE, **OUT, **constants,
    )  # fmt: skip


def whole(kind: int) -> Any:
    """``x`` as whole numbers or truth values ``i``."""
    return node("Cast", ["x"], ["i"], to=kind)


def real() -> Any:
    """``r`` as floats."""
    return node("Cast", ["r"], ["y"], to=1)


def q(*shape: int) -> Any:
    """Weights of 8 bits."""
    return np.full(shape, 5, np.uint8)


EXACT: dict[str, Entry] = {
    "QuantizeLinear by a scale of data": (
        chain(BOARD, node("ReduceMax", ["x"], ["k"], keepdims=0), node("QuantizeLinear", ["x", "k"], ["q"]),
              node("DequantizeLinear", ["q", "k"])),
        BOARD, {(1, 2): ALL},
    ),
    "Det": (one("Det", (2, 3, 3)), (2, 3, 3), {(1,): grid((1,), range(3), range(3))}),
    "MatMulInteger": (
        chain(BOARD, node("QuantizeLinear", ["x", "s", "z"], ["q"]),
              node("MatMulInteger", ["q", "w"], ["r"]), real(), w=q(4, 2), **SCALE),
        BOARD, {(1, 0): ROW},
    ),
    MS + "MatMulIntegerToFloat": (
        chain(BOARD, node("QuantizeLinear", ["x", "s", "z"], ["q"]),
              node(MS + "MatMulIntegerToFloat", ["q", "w", "s", "t"], ["y"]), w=q(4, 2), **SCALE,
              t=F32(0.5)),
        BOARD, {(1, 0): ROW},
    ),
    "QLinearMatMul": (
        quantised(BOARD, node("QLinearMatMul", ["q", "s", "z", "w", "s", "z", "t", "u"], ["r"]),
                  w=q(4, 2)),
        BOARD, {(1, 0): ROW},
    ),
    MS + "QGemm": (
        quantised(BOARD, node(MS + "QGemm", ["q", "s", "z", "w", "s", "z", "", "t", "u"], ["r"],
                              transA=1), w=q(3, 2)),
        BOARD, {(2, 0): grid(range(3), (2,))},
    ),
    MS + "MatMulNBits": (
        one(MS + "MatMulNBits", (3, 16), np.full((5, 1, 8), 0x97, np.uint8),
            np.ones(5, F32), K=16, N=5, bits=4, block_size=16),
        (3, 16), {(1, 4): grid((1,), range(16))},
    ),
    MS + "QLinearSoftmax": (
        quantised((1, 3, 4), node(MS + "QLinearSoftmax", ["q", "s", "z", "t", "u"], ["r"], axis=1,
                                  opset=13)),
        (1, 3, 4), {(0, 2, 1): grid((0,), range(3), (1,))},
    ),
    MS + "QLinearSoftmax before opset 13": (
        quantised((1, 3, 4), node(MS + "QLinearSoftmax", ["q", "s", "z", "t", "u"], ["r"], axis=1,
                                  opset=12)),
        (1, 3, 4), {(0, 2, 1): grid((0,), range(3), range(4))},
    ),
    "OneHot": (
        chain(BOARD, whole(7), node("OneHot", ["i", "d", "v"], axis=0), d=np.array(5), v=np.array([0, 1], F32)),
        BOARD, {(4, 1, 2): at(1, 2)},
    ),
    "QLinearConv": (
        quantised((1, 2, 7), node("QLinearConv", ["q", "s", "z", "w", "s", "z", "t", "u"], ["r"],
                                  strides=[2], pads=[1, 0]), w=q(3, 2, 3)),
        (1, 2, 7), {(0, 2, 1): grid((0,), range(2), (1, 2, 3)), (0, 0, 0): grid((0,), range(2), (0, 1))},
    ),
    MS + "QLinearConv": (
        quantised((1, 5, 6, 2), node(MS + "QLinearConv", ["q", "s", "z", "w", "s", "z", "t", "u"],
                                     ["r"], channels_last=1), w=q(3, 2, 3, 2)),
        (1, 5, 6, 2), {(0, 1, 2, 0): grid((0,), (1, 2, 3), (2, 3), range(2))},
    ),
    "ConvInteger": (
        chain((1, 2, 7), node("QuantizeLinear", ["x", "s", "z"], ["q"]),
              node("ConvInteger", ["q", "w"], ["r"], dilations=[2]), real(), w=q(3, 2, 2), **SCALE),
        (1, 2, 7), {(0, 1, 3): grid((0,), range(2), (3, 5))},
    ),
    MS + "FusedConv": (
        one(MS + "FusedConv", (1, 2, 5, 6), weights(3, 2, 3, 2), activation="Relu"), (1, 2, 5, 6),
        {(0, 2, 1, 3): grid((0,), range(2), (1, 2, 3), (3, 4))},
    ),
    MS + "FusedConv and a sum": (
        one(MS + "FusedConv", (1, 2, 5, 6), np.eye(2, dtype=F32).reshape(2, 2, 1, 1) + 1, None,
            None, activation="Relu"),
        (1, 2, 5, 6), {(0, 1, 2, 3): grid((0,), range(2), (2,), (3,))},
    ),
    "ai.onnx.ml::ArrayFeatureExtractor": (
        chain(BOARD, node("ai.onnx.ml::ArrayFeatureExtractor", ["x", "i"], ["y"]),
              i=integers(3, 1)[None]),
        BOARD, {(1, 0): at(1, 3), (2, 1): at(2, 1)},
    ),
    MS + "GatherBlockQuantized": (
        chain(BOARD, whole(7), node(MS + "GatherBlockQuantized", ["w", "i", "k"], ["y"],
                                    block_size=16, gather_axis=0, quantize_axis=1, bits=8),
              w=np.full((20, 32), 5, np.uint8), k=np.ones((20, 2), F32)),
        BOARD, {(1, 2, 9): at(1, 2)},
    ),
    MS + "ExpandDims": (
        one(MS + "ExpandDims", BOARD, np.array(-2, np.int32)), BOARD, {(1, 0, 2): at(1, 2)},
    ),
    MS + "ExpandDims in front": (
        one(MS + "ExpandDims", BOARD, np.array(1, np.int32)), BOARD, {(1, 0, 2): at(1, 2)},
    ),
    "LRN": (
        one("LRN", (1, 6, 2, 3), size=3), (1, 6, 2, 3),
        {(0, 2, 1, 0): grid((0,), (1, 2, 3), (1,), (0,)), (0, 5, 0, 0): grid((0,), (4, 5), (0,), (0,))},
    ),
    "MeanVarianceNormalization": (
        one("MeanVarianceNormalization", (2, 3, 2, 4)), (2, 3, 2, 4),
        {(1, 2, 0, 3): grid(range(2), (2,), range(2), range(4))},
    ),
    "MeanVarianceNormalization of an axis": (
        one("MeanVarianceNormalization", (2, 3, 4), axes=[-2]), (2, 3, 4),
        {(1, 2, 3): grid((1,), range(3), (3,))},
    ),
    MS + "SkipLayerNormalization": (
        one(MS + "SkipLayerNormalization", (1, 3, 4), weights(1, 3, 4), weights(4)), (1, 3, 4),
        {(0, 1, 2): grid((0,), (1,), range(4))},
    ),
    MS + "SkipSimplifiedLayerNormalization": (
        one(MS + "SkipSimplifiedLayerNormalization", (1, 3, 4), weights(1, 3, 4), weights(4)),
        (1, 3, 4), {(0, 1, 2): grid((0,), (1,), range(4))},
    ),
    MS + "SkipLayerNormalization, the skip": (
        chain((1, 3, 4), node(MS + "SkipLayerNormalization", ["w", "x", "g"], ["y"]),
              w=weights(1, 3, 4), g=weights(4)),
        (1, 3, 4), {(0, 1, 2): grid((0,), (1,), range(4))},
    ),
    "SimplifiedLayerNormalization": (
        one("SimplifiedLayerNormalization", BOARD, weights(4), axis=-1), BOARD, {(1, 2): ROW},
    ),
    "SoftmaxCrossEntropyLoss": (
        one("SoftmaxCrossEntropyLoss", (2, 3, 4), np.ones((2, 4), np.int64), reduction="none"), (2, 3, 4),
        {(1, 2): grid((1,), range(3), (2,))},
    ),
    "CastLike": (
        one("CastLike", BOARD, np.ones(1, np.float32)), BOARD, {(1, 2): at(1, 2)},
    ),
    "CastLike of data": (
        chain(BOARD, node("ReduceMax", ["x"], ["m"]), node("CastLike", ["x", "m"])), BOARD,
        {(1, 2): at(1, 2)},
    ),
    "Identity": (one("Identity", BOARD), BOARD, {(1, 2): at(1, 2)}),
    "Dropout": (one("Dropout", BOARD), BOARD, {(1, 2): at(1, 2)}),
    "Constant": (
        chain(BOARD, node("Constant", [], ["c"], value_floats=[1.0, 2.0, 3.0, 4.0]),
              node("Mul", ["x", "c"])),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "Constant of zeros": (
        chain(BOARD, node("Constant", [], ["c"], value=helper.make_tensor("v", 1, [4], [1, 0, 1, 0])),
              node("Mul", ["x", "c"])),
        BOARD, {(1, 2): at(1, 2), (1, 1): set()},
    ),
    "ConstantOfShape": (
        chain(BOARD, node("Shape", ["x"], ["s"]), node("ConstantOfShape", ["s"], ["o"]),
              node("Add", ["x", "o"])),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "Shape of some axes": (
        chain(BOARD, node("Shape", ["x"], ["s"], start=-1), node("Range", ["n", "l", "k"], ["r"]),
              node("Squeeze", ["s"], ["l"]), node("Gather", ["x", "r"], axis=1),
              n=np.array(1), k=np.array(2)),
        BOARD, {(1, 0): at(1, 1), (2, 1): at(2, 3)},
    ),
    "Size": (
        chain(BOARD, node("Size", ["x"], ["n"]), node("Sub", ["n", "k"], ["i"]),
              node("Gather", ["x", "i"], axis=1), k=np.array(10)),
        BOARD, {(1,): at(1, 2)},
    ),
    "Range": (
        chain(BOARD, node("Range", ["n", "l", "k"], ["r"]), node("Gather", ["x", "r"], axis=1),
              n=np.array(3), l=np.array(-1), k=np.array(-2)),
        BOARD, {(1, 0): at(1, 3), (1, 1): at(1, 1)},
    ),
    MS + "Range": (
        chain(BOARD, node(MS + "Range", ["n", "l"], ["r"]), node("Gather", ["x", "r"], axis=1),
              n=np.array(2), l=np.array(4)),
        BOARD, {(1, 1): at(1, 3)},
    ),
    "EyeLike": (
        chain((3, 3), node("EyeLike", ["x"], ["e"], k=1), node("Add", ["x", "e"])), (3, 3),
        {(1, 2): at(1, 2)},
    ),
    "Optional": (
        chain(BOARD, node("Optional", ["x"], ["o"]), node("OptionalGetElement", ["o"])), BOARD,
        {(1, 2): at(1, 2)},
    ),
    "SequenceAt": (
        chain(BOARD, node("Neg", ["x"], ["n"]), node("Transpose", ["x"], ["t"]),
              node("SequenceConstruct", ["n", "t"], ["q"]), node("SequenceAt", ["q", "i"]),
              i=np.array(-1)),
        BOARD, {(2, 1): at(1, 2)},
    ),
    "SequenceInsert": (
        chain(BOARD, node("SequenceEmpty", [], ["e"]), node("SequenceInsert", ["e", "x"], ["a"]),
              node("Transpose", ["x"], ["t"]), node("SequenceInsert", ["a", "t", "i"], ["b"]),
              node("SequenceAt", ["b", "i"]), i=np.array(0)),
        BOARD, {(2, 1): at(1, 2)},
    ),
    "SequenceErase": (
        chain(BOARD, node("Transpose", ["x"], ["t"]), node("SequenceConstruct", ["x", "t", "x"], ["q"]),
              node("SequenceErase", ["q", "i"], ["r"]), node("SequenceAt", ["r", "i"]),
              i=np.array(0)),
        BOARD, {(2, 1): at(1, 2)},
    ),
    "SequenceErase of the last": (
        chain(BOARD, node("Transpose", ["x"], ["t"]), node("SequenceConstruct", ["x", "t", "x"], ["q"]),
              node("SequenceErase", ["q"], ["r"]), node("SequenceAt", ["r", "i"]),
              i=np.array(-1)),
        BOARD, {(2, 1): at(1, 2)},
    ),
    "SequenceLength": (
        chain(BOARD, node("SequenceConstruct", ["x", "x"], ["q"]), node("SequenceLength", ["q"], ["n"]),
              node("Gather", ["x", "n"], axis=1)),
        BOARD, {(1,): at(1, 2)},
    ),
    "SplitToSequence": (
        chain(BOARD, node("SplitToSequence", ["x", "k"], ["q"], axis=-1), node("SequenceAt", ["q", "i"]),
              k=integers(1, 2, 1), i=np.array(1)),
        BOARD, {(1, 1): at(1, 2)},
    ),
    "SplitToSequence in equal parts": (
        chain(BOARD, node("SplitToSequence", ["x", "k"], ["q"], axis=1), node("SequenceAt", ["q", "i"]),
              k=np.array(3), i=np.array(1)),
        BOARD, {(1, 0): at(1, 3)},
    ),
    "SplitToSequence one by one": (
        chain(BOARD, node("SplitToSequence", ["x"], ["q"], axis=0, keepdims=0),
              node("SequenceAt", ["q", "i"]), i=np.array(1)),
        BOARD, {(2,): at(1, 2)},
    ),
    "ConcatFromSequence": (
        chain(BOARD, node("SplitToSequence", ["x", "k"], ["q"], axis=1), node("ConcatFromSequence", ["q"], axis=0),
              k=integers(2, 2)),
        BOARD, {(4, 1): at(1, 3)},
    ),
    "ConcatFromSequence along a new axis": (
        chain(BOARD, node("SequenceConstruct", ["x", "x"], ["q"]),
              node("ConcatFromSequence", ["q"], axis=-1, new_axis=1)),
        BOARD, {(1, 2, 0): at(1, 2)},
    ),
    "CumProd": (
        one("CumProd", BOARD, np.array(-1), opset=26, exclusive=1, reverse=1), BOARD,
        {(1, 1): grid((1,), (2, 3))},
    ),
    "DFT of fewer": (
        one("DFT", (1, 6, 1), np.array(4), np.array(1), opset=20), (1, 6, 1),
        {(0, 3, 0): grid((0,), range(4), (0,))},
    ),
    "DFT of more": (
        one("DFT", (1, 6, 1), np.array(9), np.array(1), opset=20, onesided=1), (1, 6, 1),
        {(0, 4, 0): grid((0,), range(6), (0,))},
    ),
    "HannWindow": (
        chain(BOARD, node("HannWindow", ["n"], ["w"]), node("Add", ["x", "w"]), n=np.array(4)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "HammingWindow": (
        chain(BOARD, node("HammingWindow", ["n"], ["w"]), node("Mul", ["x", "w"]), n=np.array(4)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "BlackmanWindow": (
        chain(BOARD, node("BlackmanWindow", ["n"], ["w"]), node("Add", ["x", "w"]), n=np.array(4)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "MelWeightMatrix": (
        chain((3, 5), node("MelWeightMatrix", ["b", "d", "r", "l", "h"], ["w"]),
              node("MatMul", ["x", "w"]), b=np.array(3), d=np.array(8), r=np.array(1000),
              l=F32(0), h=F32(500)),
        (3, 5), {(1, 2): grid((1,), range(5))},
    ),
    "AffineGrid": (
        one("AffineGrid", (2, 2, 3), integers(2, 1, 4, 5)), (2, 2, 3),
        {(1, 2, 3, 0): grid((1,), range(2), range(3))},
    ),
    "QuantizeLinear by channels": (
        chain(BOARD, node("QuantizeLinear", ["x", "k"], ["q"], axis=0),
              node("DequantizeLinear", ["q", "k"], axis=0), k=weights(3)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    MS + "QLinearAdd": (
        quantised(BOARD, node(MS + "QLinearAdd", ["q", "s", "z", "w", "s", "z", "t", "u"], ["r"]),
                  w=q(3, 4)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    MS + "QLinearMul": (
        quantised(BOARD, node(MS + "QLinearMul", ["q", "s", "z", "w", "s", "z", "t", "u"], ["r"]),
                  w=q(4)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    MS + "QLinearWhere": (
        quantised(BOARD, node(MS + "QLinearWhere", ["c", "q", "s", "z", "w", "s", "z", "t", "u"], ["r"]),
                  w=q(3, 4), c=np.eye(3, 4, 1, dtype=bool)),
        BOARD, {(1, 2): at(1, 2), (1, 1): set()},
    ),
    MS + "QLinearSigmoid": (
        quantised(BOARD, node(MS + "QLinearSigmoid", ["q", "s", "z", "t", "u"], ["r"])), BOARD,
        {(1, 2): at(1, 2)},
    ),
    MS + "QLinearLeakyRelu": (
        quantised(BOARD, node(MS + "QLinearLeakyRelu", ["q", "s", "z", "t", "u"], ["r"])), BOARD,
        {(1, 2): at(1, 2)},
    ),
    MS + "QLinearConcat": (
        quantised(BOARD, node(MS + "QLinearConcat", ["t", "u", "w", "s", "z", "q", "s", "z"], ["r"], axis=0),
                  w=q(2, 4)),
        BOARD, {(3, 2): at(1, 2), (1, 2): set()},
    ),
    MS + "QLinearAveragePool": (
        quantised((1, 2, 7), node(MS + "QLinearAveragePool", ["q", "s", "z", "t", "u"], ["r"],
                                  kernel_shape=[3], strides=[2], pads=[1, 0])),
        (1, 2, 7), {(0, 1, 1): grid((0,), (1,), (1, 2, 3))},
    ),
    MS + "QLinearGlobalAveragePool": (
        quantised((1, 2, 3, 4), node(MS + "QLinearGlobalAveragePool", ["q", "s", "z", "t", "u"], ["r"])),
        (1, 2, 3, 4), {(0, 1, 0, 0): grid((0,), (1,), range(3), range(4))},
    ),
    "DynamicQuantizeLinear": (
        chain(BOARD, node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]), node("DequantizeLinear", ["q", "s", "z"])),
        BOARD, {(1, 2): ALL},
    ),
    MS + "DynamicQuantizeMatMul": (
        one(MS + "DynamicQuantizeMatMul", BOARD, q(4, 2), F32(0.5)), BOARD, {(1, 0): ALL},
    ),
    "LpPool": (
        one("LpPool", (1, 1, 7), kernel_shape=[3], strides=[2]), (1, 1, 7),
        {(0, 0, 1): grid((0,), (0,), (2, 3, 4))},
    ),
    MS + "Attention": (
        one(MS + "Attention", (1, 4, 6), weights(6, 18), weights(18), num_heads=2), (1, 4, 6),
        {(0, 1, 2): grid((0,), range(4), range(6))},
    ),
    MS + "MultiHeadAttention": (
        chain((1, 4, 6), node(MS + "MultiHeadAttention", ["x", "x", "x"], ["y"], num_heads=2)), (1, 4, 6),
        {(0, 1, 2): grid((0,), range(4), range(3))},
    ),
    MS + "MultiHeadAttention, causal": (
        chain((1, 4, 6), node(MS + "MultiHeadAttention", ["x", "x", "x"], ["y"], num_heads=1, unidirectional=1)),
        (1, 4, 6), {(0, 1, 2): grid((0,), range(2), range(6))},
    ),
    MS + "GroupQueryAttention": (
        chain((1, 4, 16), node(MS + "GroupQueryAttention", ["x", "k", "v", "", "", "l", "n"], ["y", "a", "b"],
                               num_heads=2, kv_num_heads=1),
              k=weights(1, 4, 8), v=weights(1, 4, 8), l=np.array([3], np.int32), n=np.array([4], np.int32)),
        (1, 4, 16), {(0, 1, 2): grid((0,), (1,), range(8))},
    ),
}  # fmt: skip

BODY = helper.make_graph(
    [node("Add", ["s", "e"], ["t"]), node("Mul", ["t", "t"], ["o"])], "body",
    [value("s", (4,)), value("e", (4,))], [value("t", (4,)), value("o", (4,))],
)  # fmt: skip


def branch(name: str, *nodes: Any) -> Any:
    """A branch of no inputs."""
    return helper.make_graph(list(nodes), name, [], [value(name, None)])


def looped(turns: int) -> Any:
    """A sum that grows by ``x`` and moves by one column, as often as said."""
    return helper.make_graph(
        [node("Slice", ["a", "b", "e", "f"], ["p"]), node("Slice", ["a", "g", "h", "f"], ["r"]),
         node("Concat", ["p", "r"], ["n"], axis=1), node("Identity", ["c"], ["d"]),
         node("ReduceSum", ["n", "f"], ["o"], keepdims=0)],
        "body", [value("i", (), 7), value("c", (), 9), value("a", BOARD)],
        [value("d", (), 9), value("n", None), value("o", None)],
        [helper.make_tensor(k, 7, [1], [v]) for k, v in (("b", 1), ("e", 4), ("f", 1), ("g", 0), ("h", 1))],
    )  # fmt: skip


CONTROL: dict[str, Entry] = {
    "If of a constant": (
        chain(BOARD, node("If", ["c"], ["y"], then_branch=branch("p", node("Transpose", ["x"], ["p"])),
                          else_branch=branch("n", node("Neg", ["x"], ["n"]))), c=np.array(True)),
        BOARD, {(2, 1): at(1, 2)},
    ),
    "Loop of three turns": (
        chain(BOARD, node("Loop", ["m", "", "x"], ["y", "z"], body=looped(3)), m=np.array(3)), BOARD,
        {(1, 0): at(1, 3), (1, 2): at(1, 1)},
    ),
    "Scan": (
        chain(BOARD, node("Scan", ["k", "x"], ["l", "y"], body=BODY, num_scan_inputs=1), k=weights(4)),
        BOARD, {(1, 2): grid(range(2), (2,))},
    ),
    "Scan backwards": (
        chain(BOARD, node("Scan", ["k", "x"], ["l", "y"], body=BODY, num_scan_inputs=1,
                          scan_input_directions=[1], scan_output_directions=[1]), k=weights(4)),
        BOARD, {(1, 2): grid((1, 2), (2,))},
    ),
    "SequenceMap": (
        chain(BOARD, node("SplitToSequence", ["x", "k"], ["q"], axis=0),
              node("SequenceMap", ["q"], ["r"], body=helper.make_graph(
                  [node("Neg", ["e"], ["o"])], "body", [value("e", None)], [value("o", None)])),
              node("ConcatFromSequence", ["r"], axis=1), k=integers(1, 1, 1)),
        BOARD, {(0, 6): at(1, 2)},
    ),
}  # fmt: skip

BOUNDED: dict[str, Entry] = {
    "GridSample of a known grid": (
        one("GridSample", (1, 1, 3, 4), np.array([[[[-1, -1], [1, 0]]]], F32), align_corners=1, mode="nearest"),
        (1, 1, 3, 4), {(0, 0, 0, 1): grid((0,), (0,), range(3), range(4))},
    ),
    "If of data": (
        chain(BOARD, node("ReduceMax", ["x"], ["m"], keepdims=0), node("Greater", ["m", "t"], ["c"]),
              node("If", ["c"], ["y"], then_branch=branch("p", node("Abs", ["x"], ["p"])),
                   else_branch=branch("n", node("Neg", ["x"], ["n"]))), t=F32(3)),
        BOARD, {(1, 2): ALL},
    ),
    "GroupQueryAttention of a window": (
        chain((1, 4, 16), node(MS + "GroupQueryAttention", ["x", "k", "v", "", "", "l", "n"], ["y", "a", "b"],
                               num_heads=2, kv_num_heads=1, local_window_size=2),
              k=weights(1, 4, 8), v=weights(1, 4, 8), l=np.array([3], np.int32), n=np.array([4], np.int32)),
        (1, 4, 16), {(0, 1, 2): grid((0,), (1,), range(8))},
    ),
    "Unique": (one("Unique", (5,)), (5,), {(0,): grid(range(5))}),
    "Unique of rows": (one("Unique", BOARD, axis=0), BOARD, {(0, 1): ALL}),
    "NonMaxSuppression": (
        chain((1, 3, 4), node("NonMaxSuppression", ["x", "k", "n"], ["r"]), real(),
              k=weights(1, 1, 3), n=np.array([2])),
        (1, 3, 4), {(0, 2): grid((0,), range(3), range(4))},
    ),
    MS + "CropAndResize": (
        one(MS + "CropAndResize", (1, 1, 3, 4), np.array([[0, 0, 1, 1]], F32), np.array([0], np.int32), integers(2, 2).astype(np.int32)),
        (1, 1, 3, 4), {(0, 0, 1, 1): grid((0,), (0,), range(3), range(4))},
    ),
    "MaxUnpool": (
        chain((1, 1, 2, 3), node("MaxUnpool", ["x", "i"], ["y"], kernel_shape=[2, 2], strides=[2, 2]),
              i=np.array([[[[0, 2, 4], [12, 14, 16]]]])),
        (1, 1, 2, 3), {(0, 0, 2, 2): grid((0,), (0,), range(2), range(3))},
    ),
    "GridSample of data": (
        chain((1, 3, 4, 2), node("Transpose", ["x"], ["i"], perm=[0, 3, 1, 2]), node("GridSample", ["i", "x"])),
        (1, 3, 4, 2), {(0, 0, 1, 2): {*grid((0,), range(3), range(4), (0,)), (0, 1, 2, 1)}},
    ),
    "NegativeLogLikelihoodLoss": (
        one("NegativeLogLikelihoodLoss", (2, 3, 4), np.ones((2, 4), np.int64), reduction="none"), (2, 3, 4),
        {(1, 2): grid((1,), range(3), (2,))},
    ),
    "NegativeLogLikelihoodLoss, their sum": (
        one("NegativeLogLikelihoodLoss", (2, 3), np.array([1, 2]), reduction="sum"), (2, 3), {(): grid(range(2), range(3))},
    ),
    "SoftmaxCrossEntropyLoss, their mean": (
        one("SoftmaxCrossEntropyLoss", (2, 3), np.array([1, 2])), (2, 3), {(): grid(range(2), range(3))},
    ),
}  # fmt: skip

UNRUN: dict[str, Entry] = {
    "LRN of an even size": (
        one("LRN", (1, 6, 2, 3), size=4), (1, 6, 2, 3),
        {(0, 2, 1, 0): grid((0,), (1, 2, 3, 4), (1,), (0,)), (0, 5, 0, 0): grid((0,), (4, 5), (0,), (0,))},
    ),
    "GlobalLpPool": (
        one("GlobalLpPool", (1, 2, 3, 4)), (1, 2, 3, 4),
        {(0, 1, 0, 0): grid((0,), (1,), range(3), range(4))},
    ),
    MS + "QLinearReduceMean": (
        quantised(BOARD, node(MS + "QLinearReduceMean", ["q", "s", "z", "t", "u"], ["r"], axes=[1], keepdims=0)),
        BOARD, {(1,): ROW},
    ),
    MS + "BiasSplitGelu": (
        one(MS + "BiasSplitGelu", (1, 2, 8), weights(8)), (1, 2, 8),
        {(0, 1, 1): {(0, 1, 1), (0, 1, 5)}},
    ),
    MS + "BiasDropout": (
        one(MS + "BiasDropout", BOARD, weights(4), weights(3, 4)), BOARD, {(1, 2): at(1, 2)},
    ),
    MS + "SkipGroupNorm": (
        one(MS + "SkipGroupNorm", (1, 2, 3, 4), weights(4), weights(4), weights(1, 2, 3, 4),
            activation=0, channels_last=1, groups=2, epsilon=1e-5),
        (1, 2, 3, 4), {(0, 1, 2, 3): grid((0,), range(2), range(3), (2, 3))},
    ),
    MS + "SpaceToDepth": (
        one(MS + "SpaceToDepth", (1, 4, 6, 2), blocksize=2), (1, 4, 6, 2),
        {(0, 1, 2, 5): at(0, 3, 4, 1), (0, 0, 1, 2): at(0, 0, 3, 0)},
    ),
    "CausalConvWithState": (
        one("CausalConvWithState", (1, 2, 6), weights(2, 1, 3)), (1, 2, 6),
        {(0, 1, 3): grid((0,), (1,), (1, 2, 3)), (0, 0, 1): grid((0,), (0,), (0, 1))},
    ),
    "CausalConvWithState, its state": (
        chain((1, 2, 2), node("CausalConvWithState", ["k", "w", "", "x"], ["y"]), k=weights(1, 2, 6), w=weights(2, 1, 3)),
        (1, 2, 2), {(0, 1, 0): grid((0,), (1,), (0, 1)), (0, 1, 1): at(0, 1, 1), (0, 1, 2): set()},
    ),
    "LinearAttention": (
        chain((1, 4, 6), node("LinearAttention", ["x", "x", "x"], ["y"], q_num_heads=2, kv_num_heads=2)),
        (1, 4, 6), {(0, 1, 2): grid((0,), range(2), range(6))},
    ),
    MS + "NhwcConv": (
        one(MS + "NhwcConv", (1, 5, 6, 2), weights(3, 3, 2, 2)), (1, 5, 6, 2),
        {(0, 1, 2, 0): grid((0,), (1, 2, 3), (2, 3), range(2))},
    ),
    MS + "NhwcFusedConv": (
        one(MS + "NhwcFusedConv", (1, 5, 6, 2), weights(3, 3, 2, 2), strides=[2, 1]), (1, 5, 6, 2),
        {(0, 1, 2, 0): grid((0,), (2, 3, 4), (2, 3), range(2))},
    ),
    MS + "NhwcMaxPool": (
        one(MS + "NhwcMaxPool", (1, 5, 6, 2), kernel_shape=[3, 2]), (1, 5, 6, 2),
        {(0, 1, 2, 0): grid((0,), (1, 2, 3), (2, 3), (0,))},
    ),
    MS + "NhwcAveragePool": (
        one(MS + "NhwcAveragePool", (1, 5, 6, 2), kernel_shape=[3, 2]), (1, 5, 6, 2),
        {(0, 1, 2, 1): grid((0,), (1, 2, 3), (2, 3), (1,))},
    ),
    MS + "NhwcSpaceToDepth": (
        one(MS + "NhwcSpaceToDepth", (1, 4, 6, 2), blocksize=2), (1, 4, 6, 2), {(0, 1, 2, 5): at(0, 3, 4, 1)},
    ),
}  # fmt: skip
"""Ops that the ONNX Runtime of the tests lacks."""

UNRUN_BOUNDED: dict[str, Entry] = {
    "MaxRoiPool": (
        one("MaxRoiPool", (1, 1, 3, 4), np.array([[0, 0, 0, 2, 2]], F32), pooled_shape=[2, 2]),
        (1, 1, 3, 4), {(0, 0, 1, 1): grid((0,), (0,), range(3), range(4))},
    ),
    "RoiAlign": (
        one("RoiAlign", (1, 1, 3, 4), np.array([[0, 0, 2, 2]], F32), np.array([0]), output_height=2, output_width=2),
        (1, 1, 3, 4), {(0, 0, 1, 1): grid((0,), (0,), range(3), range(4))},
    ),
    "DeformConv": (
        one("DeformConv", (1, 2, 4, 5), weights(3, 2, 2, 2), np.zeros((1, 8, 3, 4), F32)), (1, 2, 4, 5),
        {(0, 1, 1, 2): grid((0,), range(2), range(4), range(5))},
    ),
    "TensorScatter": (
        one("TensorScatter", (1, 4, 3), np.ones((1, 2, 3), F32), np.array([1]), opset=24), (1, 4, 3),
        {(0, 2, 1): at(0, 2, 1)},
    ),
    "TensorScatter, the update": (
        chain((1, 2, 3), node("TensorScatter", ["k", "x", "i"], ["y"]), opset=24, k=weights(1, 4, 3), i=np.array([1])),
        (1, 2, 3), {(0, 2, 1): grid((0,), range(2), (1,))},
    ),
}  # fmt: skip

MORE: dict[str, Entry] = {
    "ArgMin": (
        chain(BOARD, node("ArgMin", ["x"], ["r"], axis=-1, keepdims=0), real()), BOARD, {(1,): ROW},
    ),
    "Hardmax": (one("Hardmax", BOARD, axis=0), BOARD, {(1, 2): grid(range(3), (2,))}),
    "LogSoftmax": (one("LogSoftmax", BOARD), BOARD, {(1, 2): ROW}),
    "LogSoftmax before opset 13": (
        one("LogSoftmax", (2, 3, 4), opset=12), (2, 3, 4), {(1, 2, 3): grid((1,), range(3), range(4))},
    ),
    "RMSNormalization": (
        one("RMSNormalization", BOARD, weights(4), opset=23), BOARD, {(1, 2): ROW},
    ),
    MS + "LayerNormalization": (
        chain(BOARD, node("LayerNormalization", ["x", "g"]), g=weights(4)), BOARD, {(1, 2): ROW},
    ),
    "OptionalHasElement": (
        chain(BOARD, node("Optional", ["x"], ["o"]), node("OptionalHasElement", ["o"], ["c"]),
              node("If", ["c"], ["y"], then_branch=branch("p", node("Transpose", ["x"], ["p"])),
                   else_branch=branch("n", node("Neg", ["x"], ["n"])))),
        BOARD, {(2, 1): at(1, 2)},
    ),
    "RandomNormalLike": (
        chain(BOARD, node("RandomNormalLike", ["x"], ["n"], seed=1.0), node("Mul", ["n", "k"], ["m"]),
              node("Add", ["x", "m"]), opset=21, k=F32(0)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "RandomUniformLike": (
        chain(BOARD, node("RandomUniformLike", ["x"], ["n"]), node("Mul", ["n", "k"], ["m"]),
              node("Add", ["x", "m"]), opset=21, k=F32(0)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "RandomNormal": (
        chain(BOARD, node("RandomNormal", [], ["n"], shape=[4]), node("Mul", ["n", "k"], ["m"]),
              node("Add", ["x", "m"]), opset=21, k=F32(0)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "RandomUniform": (
        chain(BOARD, node("RandomUniform", [], ["n"], shape=[3, 1]), node("Mul", ["n", "k"], ["m"]),
              node("Add", ["x", "m"]), opset=21, k=F32(0)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "Range of many": (
        chain(BOARD, node("Range", ["a", "b", "c"], ["r"]), node("ReduceSum", ["r"], ["t"], keepdims=0),
              node("Add", ["x", "t"]), a=F32(0), b=F32(5_000_000), c=F32(1)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    MS + "Range of many": (
        chain(BOARD, node(MS + "Range", ["a", "b"], ["r"]), node("ReduceSum", ["r"], ["t"], keepdims=0),
              node("Add", ["x", "t"]), a=F32(0), b=F32(5_000_000)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "ConstantOfShape of many": (
        chain(BOARD, node("ConstantOfShape", ["n"], ["r"]), node("ReduceSum", ["r"], ["t"], keepdims=0),
              node("Add", ["x", "t"]), n=integers(5_000_000)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "ReduceL1": (one("ReduceL1", BOARD, integers(-1), keepdims=0), BOARD, {(1,): ROW}),
    "ReduceLogSum": (one("ReduceLogSum", BOARD, integers(1), keepdims=0), BOARD, {(1,): ROW}),
    "ReduceLogSumExp": (
        one("ReduceLogSumExp", BOARD, integers(0)), BOARD, {(0, 2): grid(range(3), (2,))},
    ),
    "ReduceSumSquare": (one("ReduceSumSquare", BOARD, keepdims=0), BOARD, {(): ALL}),
    "Scatter": (
        chain(BOARD, node("Scatter", ["k", "i", "x"], axis=1), opset=10, k=weights(3, 6),
              i=np.array([[5, 0, 1, 2]] * 3)),
        BOARD, {(1, 5): at(1, 0), (1, 2): at(1, 3), (1, 4): set()},
    ),
    "RotaryEmbedding": (
        chain((1, 3, 12), node("RotaryEmbedding", ["x", "c", "s"], num_heads=2), opset=23,
              c=weights(1, 3, 3), s=weights(1, 3, 3) / 4),
        (1, 3, 12), {(0, 1, 7): {(0, 1, 7), (0, 1, 10)}, (0, 1, 5): {(0, 1, 5), (0, 1, 2)}},
    ),
    "RotaryEmbedding of a part, interleaved": (
        chain((1, 2, 3, 6), node("RotaryEmbedding", ["x", "c", "s"], rotary_embedding_dim=4, interleaved=1),
              opset=23, c=weights(1, 3, 2), s=weights(1, 3, 2) / 4),
        (1, 2, 3, 6), {(0, 1, 2, 3): {(0, 1, 2, 3), (0, 1, 2, 2)}, (0, 1, 2, 4): at(0, 1, 2, 4)},
    ),
    MS + "RotaryEmbedding": (
        chain((1, 3, 8), node(MS + "RotaryEmbedding", ["x", "i", "c", "s"]), i=np.array([[0, 1, 2]]),
              c=weights(5, 2), s=weights(5, 2) / 4),
        (1, 3, 8), {(0, 1, 4): {(0, 1, 4), (0, 1, 6)}},
    ),
    MS + "EmbedLayerNormalization": (
        chain((1, 3), node("Clip", ["x", "lo", "hi"], ["v"]), node("Cast", ["v"], ["i"], to=6),
              node(MS + "EmbedLayerNormalization", ["i", "", "w", "p", "", "g", "b"], ["y", "m"]),
              w=weights(20, 4) ** np.arange(1, 5, dtype=F32), p=weights(3, 4), g=weights(4), b=weights(4),
              lo=F32(0), hi=F32(19)),
        (1, 3), {(0, 1, 2): at(0, 1)},
    ),
    MS + "FusedGemm": (
        one(MS + "FusedGemm", BOARD, weights(3, 2), weights(2), transA=1, activation="Relu"), BOARD,
        {(2, 1): grid(range(3), (2,))},
    ),
    MS + "Pad": (
        one(MS + "Pad", BOARD, integers(1, 0, 0, 2), F32(0), mode="reflect"), BOARD,
        {(0, 2): at(1, 2), (2, 5): at(1, 1)},
    ),
    MS + "QuantizeLinear": (
        chain(BOARD, node(MS + "QuantizeLinear", ["x", "s", "z"], ["q"]),
              node(MS + "DequantizeLinear", ["q", "s", "z"]), **SCALE),
        BOARD, {(1, 2): at(1, 2)},
    ),
    MS + "QAttention": (
        chain((1, 4, 6), node("QuantizeLinear", ["x", "s", "z"], ["q"]),
              node(MS + "QAttention", ["q", "w", "b", "s", "s", "", "z", "z"], ["y"], num_heads=2), w=q(6, 18),
              b=weights(18), **SCALE),
        (1, 4, 6), {(0, 1, 2): grid((0,), range(4), range(6))},
    ),
    MS + "Trilu": (
        one(MS + "Trilu", BOARD, np.array(1), upper=0), BOARD, {(1, 2): at(1, 2), (1, 3): set()},
    ),
    MS + "TransposeMatMul": (
        one(MS + "TransposeMatMul", BOARD, weights(2, 3), transA=1, transB=1), BOARD,
        {(2, 1): grid(range(3), (2,))},
    ),
    "LSTM, shorter": (
        chain((5, 1, 3), node("LSTM", ["x", "w", "r", "", "l"], ["y"], hidden_size=2), w=weights(1, 8, 3) / 8,
              r=weights(1, 8, 2) / 8, l=np.array([5], np.int32)),
        (5, 1, 3), {(2, 0, 0, 1): grid(range(3), (0,), range(3))},
    ),
}  # fmt: skip

MORE_BOUNDED: dict[str, Entry] = {
    "LSTM backwards from an end of its own": (
        chain((5, 1, 3), node("LSTM", ["x", "w", "r", "", "l"], ["y"], hidden_size=2, direction="reverse"),
              w=weights(1, 8, 3) / 8, r=weights(1, 8, 2) / 8, l=np.array([3], np.int32)),
        (5, 1, 3), {(1, 0, 0, 1): grid(range(1, 5), (0,), range(3))},
    ),
    MS + "RotaryEmbedding by positions of data": (
        chain((1, 3, 4), node("ReduceMin", ["x", "k"], ["m"], keepdims=0), node("Clip", ["m", "l", "h"], ["p"]),
              node("Cast", ["p"], ["i"], to=7), node(MS + "RotaryEmbedding", ["x", "i", "c", "s"]),
              k=integers(2), l=F32(0), h=F32(4), c=weights(5, 2), s=weights(5, 2) / 4),
        (1, 3, 4), {(0, 1, 2): grid((0,), range(3), range(4))},
    ),
}  # fmt: skip

MORE_UNRUN: dict[str, Entry] = {
    MS + "BitmaskDropout": (one(MS + "BitmaskDropout", BOARD), BOARD, {(1, 2): at(1, 2)}),
    MS + "ConvTransposeWithDynamicPads": (
        one(MS + "ConvTransposeWithDynamicPads", (1, 1, 4), weights(1, 1, 3), integers(1, 0), strides=[2]),
        (1, 1, 4), {(0, 0, 0): at(0, 0, 0), (0, 0, 1): {(0, 0, 0), (0, 0, 1)}},
    ),
    MS + "FusedMatMulActivation": (
        one(MS + "FusedMatMulActivation", BOARD, weights(4, 2), activation="Relu"), BOARD, {(1, 0): ROW},
    ),
    MS + "GroupNorm": (
        one(MS + "GroupNorm", (1, 2, 3, 4), weights(4), weights(4), activation=0, groups=2), (1, 2, 3, 4),
        {(0, 1, 2, 3): grid((0,), range(2), range(3), (2, 3))},
    ),
    MS + "MatMulBnb4": (
        one(MS + "MatMulBnb4", (3, 16), np.zeros(40, np.uint8), np.ones(5, F32), K=16, N=5, block_size=16, quant_type=0),
        (3, 16), {(1, 4): grid((1,), range(16))},
    ),
    MS + "MatMulFpQ4": (
        one(MS + "MatMulFpQ4", (3, 16), np.zeros(40, np.uint8), integers(16, 5), K=16, N=5), (3, 16),
        {(1, 4): grid((1,), range(16))},
    ),
    MS + "MaxpoolWithMask": (
        one(MS + "MaxpoolWithMask", (1, 1, 5, 6), np.ones((1, 1, 5, 6), np.int32), kernel_shape=[2, 3]), (1, 1, 5, 6),
        {(0, 0, 1, 2): grid((0,), (0,), (1, 2), (2, 3, 4))},
    ),
    MS + "QLinearMatMul": (
        quantised(BOARD, node(MS + "QLinearMatMul", ["q", "s", "z", "w", "s", "z", "t", "u"], ["r"]), w=q(4, 2)),
        BOARD, {(1, 0): ROW},
    ),
    MS + "ReduceSumInteger": (
        chain(BOARD, whole(6), node(MS + "ReduceSumInteger", ["i"], ["r"], axes=[1], keepdims=0), real()), BOARD,
        {(1,): ROW},
    ),
    MS + "LayerNormalization of Microsoft": (
        one(MS + "LayerNormalization", BOARD, weights(4)), BOARD, {(1, 2): ROW},
    ),
    MS + "SimplifiedLayerNormalization": (
        one(MS + "SimplifiedLayerNormalization", BOARD, weights(4)), BOARD, {(1, 2): ROW},
    ),
    MS + "DynamicQuantizeLSTM": (
        chain((5, 1, 3), node(MS + "DynamicQuantizeLSTM", ["x", "w", "r"], ["y"], hidden_size=2), w=q(1, 3, 8), r=q(1, 2, 8)),
        (5, 1, 3), {(2, 0, 0, 1): grid(range(3), (0,), range(3))},
    ),
}  # fmt: skip

MORE_UNRUN_BOUNDED: dict[str, Entry] = {
    MS + "GridSample": (
        one(MS + "GridSample", (1, 1, 3, 4), np.zeros((1, 2, 2, 2), F32)), (1, 1, 3, 4),
        {(0, 0, 1, 1): grid((0,), (0,), range(3), (1, 2))},  # the row with the slack of a rounded grid
    ),
    MS + "DecoderMaskedMultiHeadAttention": (
        chain((1, 1, 6), node(MS + "DecoderMaskedMultiHeadAttention", ["x", "x", "x", "m"], ["y"], num_heads=2),
              m=np.ones((1, 1), np.int32)),
        (1, 1, 6), {(0, 0, 2): grid((0,), (0,), range(3))},
    ),
}  # fmt: skip
