"""ONNX nodes that the runtime of the tests lacks: literals alone."""

from __future__ import annotations

import numpy as np

from tests.onnx.samples import integers
from tests.onnx.small import node, one, weights

from ..case import grid
from .onnx_nodes import (
    BOARD,
    F32,
    MS,
    ROW,
    Entry,
    at,
    chain,
    q,
    quantised,
    real,
    whole,
)

UNRUN: dict[str, Entry] = {
    "LRN of an even size": (
        one("LRN", (1, 6, 2, 3), size=4), (1, 6, 2, 3),
        {(0, 2, 1, 0): grid((0,), (1, 2, 3, 4), (1,), (0,)),
            (0, 5, 0, 0): grid((0,), (4, 5), (0,), (0,))},
    ),
    "GlobalLpPool": (
        one("GlobalLpPool", (1, 2, 3, 4)), (1, 2, 3, 4),
        {(0, 1, 0, 0): grid((0,), (1,), range(3), range(4))},
    ),
    MS + "QLinearReduceMean": (
        quantised(BOARD, node(MS + "QLinearReduceMean", ["q", "s", "z", "t", "u"], ["r"], axes=[1],
            keepdims=0)),
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
        chain((1, 2, 2), node("CausalConvWithState", ["k", "w", "", "x"], ["y"]),
            k=weights(1, 2, 6), w=weights(2, 1, 3)),
        (1, 2, 2), {(0, 1, 0): grid((0,), (1,), (0, 1)), (0, 1, 1): at(0, 1, 1), (0, 1, 2): set()},
    ),
    "LinearAttention": (
        chain((1, 4, 6), node("LinearAttention", ["x", "x", "x"], ["y"], q_num_heads=2,
            kv_num_heads=2)),
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
        one(MS + "NhwcSpaceToDepth", (1, 4, 6, 2), blocksize=2), (1, 4, 6, 2),
            {(0, 1, 2, 5): at(0, 3, 4, 1)},
    ),
}  # fmt: skip
"""Ops that the ONNX Runtime of the tests lacks."""

UNRUN_BOUNDED: dict[str, Entry] = {
    "MaxRoiPool": (
        one("MaxRoiPool", (1, 1, 3, 4), np.array([[0, 0, 0, 2, 2]], F32), pooled_shape=[2, 2]),
        (1, 1, 3, 4), {(0, 0, 1, 1): grid((0,), (0,), range(3), range(4))},
    ),
    "RoiAlign": (
        one("RoiAlign", (1, 1, 3, 4), np.array([[0, 0, 2, 2]], F32), np.array([0]), output_height=2,
            output_width=2),
        (1, 1, 3, 4), {(0, 0, 1, 1): grid((0,), (0,), range(3), range(4))},
    ),
    "DeformConv": (
        one("DeformConv", (1, 2, 4, 5), weights(3, 2, 2, 2), np.zeros((1, 8, 3, 4), F32)),
            (1, 2, 4, 5),
        {(0, 1, 1, 2): grid((0,), range(2), range(4), range(5))},
    ),
    "TensorScatter": (
        one("TensorScatter", (1, 4, 3), np.ones((1, 2, 3), F32), np.array([1]), opset=24),
            (1, 4, 3),
        {(0, 2, 1): at(0, 2, 1)},
    ),
    "TensorScatter, the update": (
        chain((1, 2, 3), node("TensorScatter", ["k", "x", "i"], ["y"]), opset=24,
            k=weights(1, 4, 3), i=np.array([1])),
        (1, 2, 3), {(0, 2, 1): grid((0,), range(2), (1,))},
    ),
}  # fmt: skip


MORE_UNRUN: dict[str, Entry] = {
    MS + "BitmaskDropout": (one(MS + "BitmaskDropout", BOARD), BOARD, {(1, 2): at(1, 2)}),
    MS + "ConvTransposeWithDynamicPads": (
        one(MS + "ConvTransposeWithDynamicPads", (1, 1, 4), weights(1, 1, 3), integers(1, 0),
            strides=[2]),
        (1, 1, 4), {(0, 0, 0): at(0, 0, 0), (0, 0, 1): {(0, 0, 0), (0, 0, 1)}},
    ),
    MS + "FusedMatMulActivation": (
        one(MS + "FusedMatMulActivation", BOARD, weights(4, 2), activation="Relu"), BOARD,
            {(1, 0): ROW},
    ),
    MS + "GroupNorm": (
        one(MS + "GroupNorm", (1, 2, 3, 4), weights(4), weights(4), activation=0, groups=2),
            (1, 2, 3, 4),
        {(0, 1, 2, 3): grid((0,), range(2), range(3), (2, 3))},
    ),
    MS + "MatMulBnb4": (
        one(MS + "MatMulBnb4", (3, 16), np.zeros(40, np.uint8), np.ones(5, F32), K=16, N=5,
            block_size=16, quant_type=0),
        (3, 16), {(1, 4): grid((1,), range(16))},
    ),
    MS + "MatMulFpQ4": (
        one(MS + "MatMulFpQ4", (3, 16), np.zeros(40, np.uint8), integers(16, 5), K=16, N=5),
            (3, 16),
        {(1, 4): grid((1,), range(16))},
    ),
    MS + "MaxpoolWithMask": (
        one(MS + "MaxpoolWithMask", (1, 1, 5, 6), np.ones((1, 1, 5, 6), np.int32),
            kernel_shape=[2, 3]), (1, 1, 5, 6),
        {(0, 0, 1, 2): grid((0,), (0,), (1, 2), (2, 3, 4))},
    ),
    MS + "QLinearMatMul": (
        quantised(BOARD, node(MS + "QLinearMatMul", ["q", "s", "z", "w", "s", "z", "t", "u"],
            ["r"]), w=q(4, 2)),
        BOARD, {(1, 0): ROW},
    ),
    MS + "ReduceSumInteger": (
        chain(BOARD, whole(6), node(MS + "ReduceSumInteger", ["i"], ["r"], axes=[1], keepdims=0),
            real()), BOARD,
        {(1,): ROW},
    ),
    MS + "LayerNormalization of Microsoft": (
        one(MS + "LayerNormalization", BOARD, weights(4)), BOARD, {(1, 2): ROW},
    ),
    MS + "SimplifiedLayerNormalization": (
        one(MS + "SimplifiedLayerNormalization", BOARD, weights(4)), BOARD, {(1, 2): ROW},
    ),
    MS + "DynamicQuantizeLSTM": (
        chain((5, 1, 3), node(MS + "DynamicQuantizeLSTM", ["x", "w", "r"], ["y"], hidden_size=2),
            w=q(1, 3, 8), r=q(1, 2, 8)),
        (5, 1, 3), {(2, 0, 0, 1): grid(range(3), (0,), range(3))},
    ),
}  # fmt: skip

MORE_UNRUN_BOUNDED: dict[str, Entry] = {
    MS + "GridSample": (
        one(MS + "GridSample", (1, 1, 3, 4), np.zeros((1, 2, 2, 2), F32)), (1, 1, 3, 4),
        {(0, 0, 1, 1): grid((0,), (0,), range(3), (1, 2))},
            # the row with the slack of a rounded grid
    ),
    MS + "DecoderMaskedMultiHeadAttention": (
        chain((1, 1, 6), node(MS + "DecoderMaskedMultiHeadAttention", ["x", "x", "x", "m"], ["y"],
            num_heads=2),
              m=np.ones((1, 1), np.int32)),
        (1, 1, 6), {(0, 0, 2): grid((0,), (0,), (2,))},
            # a softmax of one key is 1: the value alone
    ),
}  # fmt: skip
