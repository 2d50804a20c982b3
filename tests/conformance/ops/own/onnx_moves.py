"""ONNX nodes that hand on, move or quantise elements, and sequences of tensors."""

from __future__ import annotations

import numpy as np
from onnx import helper

from tests.onnx.samples import integers
from tests.onnx.small import node, one, weights

from ..case import grid
from .onnx_nodes import (
    ALL,
    BOARD,
    F32,
    MS,
    Entry,
    at,
    chain,
    q,
    quantised,
)

MOVES: dict[str, Entry] = {
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
        chain(BOARD, node("Constant", [], ["c"],
            value=helper.make_tensor("v", 1, [4], [1, 0, 1, 0])),
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
        chain(BOARD, node("Transpose", ["x"], ["t"]),
            node("SequenceConstruct", ["x", "t", "x"], ["q"]),
              node("SequenceErase", ["q", "i"], ["r"]), node("SequenceAt", ["r", "i"]),
              i=np.array(0)),
        BOARD, {(2, 1): at(1, 2)},
    ),
    "SequenceErase of the last": (
        chain(BOARD, node("Transpose", ["x"], ["t"]),
            node("SequenceConstruct", ["x", "t", "x"], ["q"]),
              node("SequenceErase", ["q"], ["r"]), node("SequenceAt", ["r", "i"]),
              i=np.array(-1)),
        BOARD, {(2, 1): at(1, 2)},
    ),
    "SequenceLength": (
        chain(BOARD, node("SequenceConstruct", ["x", "x"], ["q"]),
            node("SequenceLength", ["q"], ["n"]),
              node("Gather", ["x", "n"], axis=1)),
        BOARD, {(1,): at(1, 2)},
    ),
    "SplitToSequence": (
        chain(BOARD, node("SplitToSequence", ["x", "k"], ["q"], axis=-1),
            node("SequenceAt", ["q", "i"]),
              k=integers(1, 2, 1), i=np.array(1)),
        BOARD, {(1, 1): at(1, 2)},
    ),
    "SplitToSequence in equal parts": (
        chain(BOARD, node("SplitToSequence", ["x", "k"], ["q"], axis=1),
            node("SequenceAt", ["q", "i"]),
              k=np.array(3), i=np.array(1)),
        BOARD, {(1, 0): at(1, 3)},
    ),
    "SplitToSequence one by one": (
        chain(BOARD, node("SplitToSequence", ["x"], ["q"], axis=0, keepdims=0),
              node("SequenceAt", ["q", "i"]), i=np.array(1)),
        BOARD, {(2,): at(1, 2)},
    ),
    "ConcatFromSequence": (
        chain(BOARD, node("SplitToSequence", ["x", "k"], ["q"], axis=1),
            node("ConcatFromSequence", ["q"], axis=0),
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
        quantised(BOARD, node(MS + "QLinearWhere", ["c", "q", "s", "z", "w", "s", "z", "t", "u"],
            ["r"]),
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
        quantised(BOARD, node(MS + "QLinearConcat", ["t", "u", "w", "s", "z", "q", "s", "z"], ["r"],
            axis=0),
                  w=q(2, 4)),
        BOARD, {(3, 2): at(1, 2), (1, 2): set()},
    ),
    MS + "QLinearAveragePool": (
        quantised((1, 2, 7), node(MS + "QLinearAveragePool", ["q", "s", "z", "t", "u"], ["r"],
                                  kernel_shape=[3], strides=[2], pads=[1, 0])),
        (1, 2, 7), {(0, 1, 1): grid((0,), (1,), (1, 2, 3))},
    ),
    MS + "QLinearGlobalAveragePool": (
        quantised((1, 2, 3, 4), node(MS + "QLinearGlobalAveragePool", ["q", "s", "z", "t", "u"],
            ["r"])),
        (1, 2, 3, 4), {(0, 1, 0, 0): grid((0,), (1,), range(3), range(4))},
    ),
    "DynamicQuantizeLinear": (
        chain(BOARD, node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
            node("DequantizeLinear", ["q", "s", "z"])),
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
        chain((1, 4, 6), node(MS + "MultiHeadAttention", ["x", "x", "x"], ["y"], num_heads=2)),
            (1, 4, 6),
        {(0, 1, 2): grid((0,), range(4), range(3))},
    ),
    MS + "MultiHeadAttention, causal": (
        chain((1, 4, 6), node(MS + "MultiHeadAttention", ["x", "x", "x"], ["y"], num_heads=1,
            unidirectional=1)),
        (1, 4, 6), {(0, 1, 2): grid((0,), range(2), range(6))},
    ),
    MS + "GroupQueryAttention": (
        chain((1, 4, 16), node(MS + "GroupQueryAttention", ["x", "k", "v", "", "", "l", "n"],
            ["y", "a", "b"],
                               num_heads=2, kv_num_heads=1),
              k=weights(1, 4, 8), v=weights(1, 4, 8), l=np.array([3], np.int32),
                  n=np.array([4], np.int32)),
        (1, 4, 16), {(0, 1, 2): grid((0,), (1,), range(8))},
    ),
}  # fmt: skip
