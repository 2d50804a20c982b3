"""More names of ONNX nodes."""

from __future__ import annotations

import numpy as np

from tests.onnx.samples import integers
from tests.onnx.small import node, one, weights

from ..case import grid
from .onnx_bodies import branch
from .onnx_nodes import (
    ALL,
    BOARD,
    F32,
    MS,
    ROW,
    SCALE,
    Entry,
    at,
    chain,
    q,
    real,
)

MORE: dict[str, Entry] = {
    "Resize before opset 11, one axis smaller and one larger": (
        one("Resize", (1, 1, 5, 6), F32([1, 1, 0.6, 1.7]), mode="nearest", opset=10),
        (1, 1, 5, 6), {(0, 0, 0, 1): at(0, 0, 0, 0), (0, 0, 1, 9): at(0, 0, 2, 5)},
    ),  # ceil(1 / 0.6) = 2 where it shrinks, floor(9 / 1.7) = 5 where it grows
    "Resize with antialias from corner to corner": (
        one("Resize", (1, 1, 12), None, None, np.array([1, 1, 5]), mode="linear", antialias=1,
            coordinate_transformation_mode="align_corners", opset=19),
        (1, 1, 12), {(0, 0, 2): grid((0,), (0,), range(4, 8))},
    ),  # around 11/2, within 12/5
    "STFT with a window that begins with zero": (
        chain((1, 12, 1), node("HannWindow", ["n"], ["w"]), node("STFT", ["x", "s", "w", "n"]),
              s=np.array(2), n=np.array(4)),
        (1, 12, 1), {(0, 1, 1, 0): grid((0,), range(3, 6), (0,))},
    ),
    "ArgMin": (
        chain(BOARD, node("ArgMin", ["x"], ["r"], axis=-1, keepdims=0), real()), BOARD, {(1,): ROW},
    ),
    "Hardmax": (one("Hardmax", BOARD, axis=0), BOARD, {(1, 2): grid(range(3), (2,))}),
    "LogSoftmax": (one("LogSoftmax", BOARD), BOARD, {(1, 2): ROW}),
    "LogSoftmax before opset 13": (
        one("LogSoftmax", (2, 3, 4), opset=12), (2, 3, 4),
            {(1, 2, 3): grid((1,), range(3), range(4))},
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
        chain(BOARD, node("RandomNormalLike", ["x"], ["n"], seed=1.0),
            node("Mul", ["n", "k"], ["m"]),
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
        chain(BOARD, node("Range", ["a", "b", "c"], ["r"]),
            node("ReduceSum", ["r"], ["t"], keepdims=0),
              node("Add", ["x", "t"]), a=F32(0), b=F32(5_000_000), c=F32(1)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    MS + "Range of many": (
        chain(BOARD, node(MS + "Range", ["a", "b"], ["r"]),
            node("ReduceSum", ["r"], ["t"], keepdims=0),
              node("Add", ["x", "t"]), a=F32(0), b=F32(5_000_000)),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "ConstantOfShape of many": (
        chain(BOARD, node("ConstantOfShape", ["n"], ["r"]),
            node("ReduceSum", ["r"], ["t"], keepdims=0),
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
        chain((1, 2, 3, 6), node("RotaryEmbedding", ["x", "c", "s"], rotary_embedding_dim=4,
            interleaved=1),
              opset=23, c=weights(1, 3, 2), s=weights(1, 3, 2) / 4),
        (1, 2, 3, 6), {(0, 1, 2, 3): {(0, 1, 2, 3), (0, 1, 2, 2)}, (0, 1, 2, 4): at(0, 1, 2, 4)},
    ),
    MS + "RotaryEmbedding": (
        chain((1, 3, 8), node(MS + "RotaryEmbedding", ["x", "i", "c", "s"]),
            i=np.array([[0, 1, 2]]),
              c=weights(5, 2), s=weights(5, 2) / 4),
        (1, 3, 8), {(0, 1, 4): {(0, 1, 4), (0, 1, 6)}},
    ),
    MS + "EmbedLayerNormalization": (
        chain((1, 3), node("Clip", ["x", "lo", "hi"], ["v"]), node("Cast", ["v"], ["i"], to=6),
              node(MS + "EmbedLayerNormalization", ["i", "", "w", "p", "", "g", "b"], ["y", "m"]),
              w=weights(20, 4) ** np.arange(1, 5, dtype=F32), p=weights(3, 4), g=weights(4),
                  b=weights(4),
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
              node(MS + "QAttention", ["q", "w", "b", "s", "s", "", "z", "z"], ["y"], num_heads=2),
                  w=q(6, 18),
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
        chain((5, 1, 3), node("LSTM", ["x", "w", "r", "", "l"], ["y"], hidden_size=2),
            w=weights(1, 8, 3) / 8,
              r=weights(1, 8, 2) / 8, l=np.array([5], np.int32)),
        (5, 1, 3), {(2, 0, 0, 1): grid(range(3), (0,), range(3))},
    ),
}  # fmt: skip

MORE_BOUNDED: dict[str, Entry] = {
    "MelWeightMatrix": (
        chain((3, 5), node("MelWeightMatrix", ["b", "d", "r", "l", "h"], ["w"]),
              node("MatMul", ["x", "w"]), b=np.array(3), d=np.array(8), r=np.array(1000),
              l=F32(0), h=F32(500)),
        (3, 5), {(1, 2): grid((1,), range(5))},
    ),
    "LSTM backwards from an end of its own": (
        chain((5, 1, 3), node("LSTM", ["x", "w", "r", "", "l"], ["y"], hidden_size=2,
            direction="reverse"),
              w=weights(1, 8, 3) / 8, r=weights(1, 8, 2) / 8, l=np.array([3], np.int32)),
        (5, 1, 3), {(1, 0, 0, 1): grid(range(1, 5), (0,), range(3))},
    ),
    MS + "RotaryEmbedding by positions of data": (
        chain((1, 3, 4), node("ReduceMin", ["x", "k"], ["m"], keepdims=0),
            node("Clip", ["m", "l", "h"], ["p"]),
              node("Cast", ["p"], ["i"], to=7), node(MS + "RotaryEmbedding", ["x", "i", "c", "s"]),
              k=integers(2), l=F32(0), h=F32(4), c=weights(5, 2), s=weights(5, 2) / 4),
        (1, 3, 4), {(0, 1, 2): grid((0,), range(3), range(4))},
    ),
}  # fmt: skip
