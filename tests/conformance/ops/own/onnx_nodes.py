"""Nodes that ONNX alone has, with the indices that its specification says, and models of several.

What takes whole or quantised numbers stands between nodes that make them of the input and floats of
the result, so that ONNX Runtime can be asked; those that no runtime here has are literals alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.onnx.samples import integers
from tests.onnx.small import model, node, one, weights

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
        chain(BOARD, node("ReduceMax", ["x"], ["k"], keepdims=0),
            node("QuantizeLinear", ["x", "k"], ["q"]),
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
        chain(BOARD, whole(7), node("OneHot", ["i", "d", "v"], axis=0), d=np.array(5),
            v=np.array([0, 1], F32)),
        BOARD, {(4, 1, 2): at(1, 2)},
    ),
    "QLinearConv": (
        quantised((1, 2, 7), node("QLinearConv", ["q", "s", "z", "w", "s", "z", "t", "u"], ["r"],
                                  strides=[2], pads=[1, 0]), w=q(3, 2, 3)),
        (1, 2, 7), {(0, 2, 1): grid((0,), range(2), (1, 2, 3)),
            (0, 0, 0): grid((0,), range(2), (0, 1))},
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
        {(0, 2, 1, 0): grid((0,), (1, 2, 3), (1,), (0,)),
            (0, 5, 0, 0): grid((0,), (4, 5), (0,), (0,))},
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
        one("SoftmaxCrossEntropyLoss", (2, 3, 4), np.ones((2, 4), np.int64), reduction="none"),
            (2, 3, 4),
        {(1, 2): grid((1,), range(3), (2,))},
    ),
}  # fmt: skip
