"""Layers and functions of Keras one by one, with the indices that they read."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers as L  # noqa: N812 - as everybody writes it
from keras import ops

from ..case import grid

Entry = tuple[Any, tuple[int, ...], dict[Any, Any]]
BOARD = (3, 4)
ALL = grid(range(3), range(4))
ROW = grid((1,), range(4))
COLUMN = grid(range(3), (2,))
STEPS = (1, 5, 3)
IMAGE = (1, 5, 6, 2)
VOLUME = (1, 3, 4, 5, 2)
POSITIVE = keras.initializers.RandomUniform(0.5, 1.5, seed=1)


def at(*place: int) -> set[tuple[int, ...]]:
    """One element."""
    return {place}


def before(last: int) -> set[tuple[int, ...]]:
    """The steps of a sequence up to one, with all their features."""
    return grid((0,), range(last + 1), range(3))


def ones(*shape: int) -> Any:
    """Weights that are all different."""
    return (1 + np.arange(np.prod(shape)).reshape(shape) % 7 / 8).astype("float32")


def using(make: Any, call: Any) -> Any:
    """A layer, made when it is first called, as a function of the input: ``call(layer, x)``."""
    kept: list[Any] = []

    def run(x: Any) -> Any:
        if not kept:
            kept.append(make())
        return call(kept[0], x)

    return run


def layer(make: Any) -> Any:
    """A layer of one input."""
    return using(make, lambda made, x: made(x))


def of_two(make: Any) -> Any:
    """A layer that joins the input and its reverse along the last axis."""
    return using(make, lambda made, x: made([x, ops.flip(x, -1)]))


FLIPPED = {(1, 0): {(1, 0), (1, 3)}}

EXACT: dict[str, Entry] = {
    "Add": (of_two(L.Add), BOARD, FLIPPED),
    "Average": (of_two(L.Average), BOARD, FLIPPED),
    "Maximum": (of_two(L.Maximum), BOARD, FLIPPED),
    "Minimum": (of_two(L.Minimum), BOARD, FLIPPED),
    "Multiply": (of_two(L.Multiply), BOARD, FLIPPED),
    "Subtract": (of_two(L.Subtract), BOARD, FLIPPED),
    "Dot": (of_two(lambda: L.Dot(1)), (3, 4), {(1, 0): ROW}),
    "Dot of matrices": (
        of_two(lambda: L.Dot((1, 1))), (2, 3, 4), {(1, 0, 1): grid((1,), range(3), (0, 2))},
    ),
    "ops.Slogdet": (
        lambda x: ops.slogdet(ops.reshape(x, (3, 2, 2)))[1], BOARD, {1: ROW},
    ),
    "ops.Cholesky, the upper factor": (
        lambda x: ops.cholesky(x + 40 * ops.eye(3), upper=True), (2, 3, 3),
        {(1, 0, 2): {(1, 0, 0), (1, 2, 0)}, (1, 2, 0): set()},
    ),
    "Activation softmax": (layer(lambda: L.Activation("softmax")), BOARD, {(1, 2): ROW}),
    "Activation glu": (layer(lambda: L.Activation("glu")), BOARD, {(1, 0): {(1, 0), (1, 2)}}),
    "Activation tanh": (layer(lambda: L.Activation("tanh")), BOARD, {(1, 2): at(1, 2)}),
    "Flatten": (layer(L.Flatten), (2, 3, 4), {(1, 7): at(1, 1, 3)}),
    "RepeatVector": (layer(lambda: L.RepeatVector(3)), BOARD, {(1, 2, 3): at(1, 3)}),
    "GroupNormalization": (
        layer(lambda: L.GroupNormalization(2)), (2, 3, 4),
            {(1, 2, 3): grid((1,), range(3), (2, 3))},
    ),
    "GroupNormalization of each channel": (
        layer(lambda: L.GroupNormalization(-1, axis=1)), (2, 3, 4),
            {(1, 2, 3): grid((1,), (2,), range(4))},
    ),
    "RMSNormalization": (layer(L.RMSNormalization), BOARD, {(1, 2): ROW}),
    "UnitNormalization": (layer(lambda: L.UnitNormalization(axis=-1)), BOARD, {(1, 2): ROW}),
    "SpectralNormalization": (
        layer(lambda: L.SpectralNormalization(L.Conv1D(2, 3, kernel_initializer=POSITIVE))), STEPS,
        {(0, 1, 0): grid((0,), (1, 2, 3), range(3))},
    ),
    "LSTM": (layer(lambda: L.LSTM(2, return_sequences=True)), STEPS, {(0, 2, 1): before(2)}),
    "GRU": (layer(lambda: L.GRU(2)), STEPS, {(0, 1): before(4)}),
    "Bidirectional": (
        layer(lambda: L.Bidirectional(L.LSTM(2, return_sequences=True))), STEPS,
        {(0, 2, 1): before(2), (0, 2, 3): grid((0,), (2, 3, 4), range(3))},
    ),
    "Bidirectional, one way": (
        using(lambda: L.Bidirectional(L.GRU(2, return_sequences=True),
            merge_mode=None), lambda m, x: m(x)[0]),
        STEPS, {(0, 2, 1): before(2)},
    ),
    "Bidirectional, the other way": (
        using(lambda: L.Bidirectional(L.GRU(2, return_sequences=True),
            merge_mode=None), lambda m, x: m(x)[1]),
        STEPS, {(0, 2, 1): grid((0,), (2, 3, 4), range(3))},
    ),
    "Bidirectional, summed at the end": (
        layer(lambda: L.Bidirectional(L.GRU(2), merge_mode="sum")), STEPS, {(0, 1): before(4)},
    ),
    "MultiHeadAttention": (
        using(lambda: L.MultiHeadAttention(2, 3), lambda m, x: m(x, x)), STEPS,
            {(0, 2, 1): before(4)},
    ),
    "MultiHeadAttention, causal": (
        using(lambda: L.MultiHeadAttention(1, 3), lambda m, x: m(x, x, use_causal_mask=True)),
        STEPS,
            {(0, 2, 1): before(2)},
    ),
    "GroupQueryAttention": (
        using(lambda: L.GroupQueryAttention(3, 2, 1), lambda m, x: m(x, x)), STEPS,
            {(0, 2, 1): before(4)},
    ),
    "AdditiveAttention": (
        of_two(L.AdditiveAttention), STEPS,
            {(0, 2, 1): {*grid((0,), (2,), range(3)), *grid((0,), range(5), range(3))}},
    ),
    "Embedding": (
        using(lambda: L.Embedding(30, 2), lambda m, x: m(ops.cast(ops.clip(x, 0, 29), "int32"))),
        BOARD,
        {(1, 2, 1): at(1, 2)},
    ),
    "ReversibleEmbedding, in reverse": (
        using(lambda: L.ReversibleEmbedding(5, 4), lambda m, x: m(x, reverse=True)), BOARD,
        {(1, 2): ROW},
    ),
    "ops.ConvTranspose": (
        lambda x: ops.conv_transpose(x, ones(3, 2, 2), 2, "valid"), (1, 4, 2),
        {(0, 2, 1): grid((0,), (0, 1), range(2)), (0, 3, 0): grid((0,), (1,), range(2))},
    ),
    "ops.DepthwiseConv": (
        lambda x: ops.depthwise_conv(x, ones(3, 2, 2, 1), 1, "same"), IMAGE,
            {(0, 0, 1, 1): grid((0,), (0, 1), (1, 2), (1,))},
    ),
    "ops.SeparableConv": (
        lambda x: ops.separable_conv(x, ones(2, 2, 2, 1), ones(1, 1, 2, 3), 2, "valid"), IMAGE,
        {(0, 1, 2, 1): grid((0,), (2, 3), (4, 5), range(2))},
    ),
    "DepthwiseConv1D": (
        layer(lambda: L.DepthwiseConv1D(3, 2, depthwise_initializer=POSITIVE)), STEPS,
            {(0, 1, 2): grid((0,), (2, 3, 4), (2,))},
    ),
    "Conv3DTranspose": (
        layer(lambda: L.Conv3DTranspose(1, (1, 3, 2), (1, 2, 1), kernel_initializer=POSITIVE)),
            VOLUME,
        {(0, 2, 2, 1, 0): grid((0,), (2,), (0, 1), (0, 1), range(2))},
    ),
    "Cropping1D": (layer(lambda: L.Cropping1D((1, 2))), STEPS, {(0, 1, 2): at(0, 2, 2)}),
    "Cropping3D": (layer(lambda: L.Cropping3D(((1, 0), (0, 2), (2, 1)))), VOLUME,
        {(0, 1, 1, 1, 1): at(0, 2, 1, 3, 1)}),
    "ZeroPadding3D": (
        layer(lambda: L.ZeroPadding3D(((1, 0), (0, 2), (2, 1)))), VOLUME,
            {(0, 1, 1, 2, 1): at(0, 0, 1, 0, 1), (0, 0, 0, 3, 0): set()},
    ),
    "UpSampling3D": (layer(lambda: L.UpSampling3D((1, 2, 3))), VOLUME,
        {(0, 2, 5, 8, 1): at(0, 2, 2, 2, 1)}),
    "GlobalMaxPooling1D": (layer(L.GlobalMaxPooling1D), STEPS,
        {(0, 1): grid((0,), range(5), (1,))}),
    "GlobalAveragePooling1D": (layer(L.GlobalAveragePooling1D), STEPS,
        {(0, 1): grid((0,), range(5), (1,))}),
    "GlobalAveragePooling3D": (
        layer(L.GlobalAveragePooling3D), VOLUME,
            {(0, 1): grid((0,), range(3), range(4), range(5), (1,))},
    ),
    "GlobalMaxPooling3D": (
        layer(L.GlobalMaxPooling3D), VOLUME,
            {(0, 0): grid((0,), range(3), range(4), range(5), (0,))},
    ),
    "SpatialDropout2D": (layer(lambda: L.SpatialDropout2D(0.5)), IMAGE,
        {(0, 1, 2, 1): at(0, 1, 2, 1)}),
    "Masking": (layer(L.Masking), STEPS, {(0, 2, 1): at(0, 2, 1)}),
    "Masking of a value": (layer(lambda: L.Masking(0.5)), STEPS,
        {(0, 2, 1): grid((0,), (2,), range(3))}),
    "PReLU": (layer(L.PReLU), BOARD, {(1, 2): at(1, 2)}),
    "Normalization": (layer(lambda: L.Normalization(mean=0.5, variance=2.0)), BOARD,
        {(1, 2): at(1, 2)}),
    "ops.Append": (lambda x: ops.append(x, x[:, :1], 1), BOARD, {(1, 4): at(1, 0)}),
    "ops.Append, flat": (lambda x: ops.append(x, x), BOARD, {18: at(1, 2)}),
    "ops.Hstack": (lambda x: ops.hstack([x, x]), BOARD, {(1, 6): at(1, 2)}),
    "ops.Vstack": (lambda x: ops.vstack([x, x]), BOARD, {(4, 2): at(1, 2)}),
    "ops.Dstack": (lambda x: ops.dstack([x, x * 2]), BOARD, {(1, 2, 1): at(1, 2)}),
    "ops.Dstack of one axis": (lambda x: ops.dstack([x[1], x[0]]), BOARD,
        {(0, 2, 1): {(0, 2), (1, 2)}}),
    "ops.Ravel": (ops.ravel, BOARD, {7: at(1, 3)}),
    "ops.Swapaxes": (lambda x: ops.swapaxes(x, 0, -1), BOARD, {(3, 1): at(1, 3)}),
    "ops.Fliplr": (ops.fliplr, BOARD, {(1, 0): at(1, 3)}),
    "ops.Flipud": (ops.flipud, BOARD, {(0, 1): at(2, 1)}),
    "ops.ArraySplit": (lambda x: ops.array_split(x, 3, 1)[1], BOARD, {(1, 0): at(1, 2)}),
    "ops.Trace": (lambda x: ops.trace(x, 1), BOARD, {(): {(0, 1), (1, 2), (2, 3)}}),
    "ops.DepthToSpace": (lambda x: ops.depth_to_space(x, 2), (1, 2, 3, 8),
        {(0, 1, 2, 1): at(0, 0, 1, 5)}),
    "ops.SpaceToDepth": (lambda x: ops.space_to_depth(x, 2), (1, 4, 6, 2),
        {(0, 1, 2, 5): at(0, 3, 4, 1)}),
    "ops.ExtractPatches": (
        lambda x: ops.image.extract_patches(x, (2, 3), (1, 2), padding="valid"), IMAGE,
        {(0, 1, 1, 0): at(0, 1, 2, 0), (0, 1, 1, 11): at(0, 2, 4, 1)},
    ),
    "ops.Dot": (lambda x: ops.dot(x, ones(4, 2)), BOARD, {(1, 0): ROW}),
    "ops.Dot of more axes": (lambda x: ops.dot(x, ones(2, 4, 5)), BOARD, {(1, 1, 4): ROW}),
    "ops.Inner": (lambda x: ops.inner(x, ones(2, 4)), BOARD, {(1, 0): ROW}),
    "ops.Outer": (lambda x: ops.outer(x, ones(2)), BOARD, {(6, 1): at(1, 2)}),
    "ops.Kron": (lambda x: ops.kron(x, ones(2, 3)), BOARD, {(3, 7): at(1, 2)}),
    "ops.Vdot": (lambda x: ops.vdot(x, ones(3, 4)), BOARD, {(): ALL}),
    "ops.Tensordot": (lambda x: ops.tensordot(x, ones(4, 3, 2), ((0, 1), (1, 0))), BOARD, {1: ALL}),
    "ops.Tensordot of an axis": (lambda x: ops.tensordot(x, ones(4, 2), 1), BOARD, {(1, 0): ROW}),
    "ops.Cross": (
        lambda x: ops.cross(x, ops.flip(x, 0)), (2, 3), {(0, 1): {(0, 0), (0, 2), (1, 0), (1, 2)}},
    ),
    "ops.Average": (lambda x: ops.average(x, 1, ones(4)), BOARD, {1: ROW}),
    "ops.Average of zeros": (
        lambda x: ops.average(x, 1, np.array([1, 0, 1, 0], "float32")), BOARD,
            {1: {(1, 0), (1, 2)}},
    ),
    "ops.CDist": (lambda x: ops.cdist(x, ones(2, 4)), BOARD, {(1, 0): ROW}),
    "ops.Argsort": (lambda x: ops.cast(ops.argsort(x), "float32"), BOARD, {(1, 2): ROW}),
    "ops.Argpartition": (lambda x: ops.cast(ops.argpartition(x, 1, 0), "float32"), BOARD,
        {(1, 2): COLUMN}),
    "ops.Nancumsum": (lambda x: ops.nancumsum(x, 1), BOARD, {(1, 2): grid((1,), range(3))}),
    "ops.Nancumprod": (lambda x: ops.nancumprod(x, 0), BOARD, {(1, 2): grid(range(2), (2,))}),
    "ops.Ptp": (lambda x: ops.ptp(x, 1), BOARD, {1: ROW}),
    "ops.AdaptiveAveragePool": (
        lambda x: ops.adaptive_average_pool(x, (2,)), STEPS,
            {(0, 0, 1): grid((0,), range(3), (1,)), (0, 1, 1): grid((0,), (2, 3, 4), (1,))},
    ),
    "ops.AdaptiveMaxPool": (
        lambda x: ops.adaptive_max_pool(x, (4,)), STEPS, {(0, 1, 2): grid((0,), (1, 2), (2,))},
    ),
    "ops.Argmax": (lambda x: ops.cast(ops.argmax(x, -1), "float32"), BOARD, {1: ROW}),
    "ops.Argmin of all": (lambda x: ops.cast(ops.argmin(x), "float32"), BOARD, {(): ALL}),
    "ops.Moments": (lambda x: ops.moments(x, [0])[1], BOARD, {2: COLUMN}),
    "ops.Cumprod": (lambda x: ops.cumprod(x, 0), BOARD, {(1, 2): grid(range(2), (2,))}),
    "ops.Cumprod of all": (ops.cumprod, BOARD,
        {6: {(i, j) for i, j in ALL if 4 * i + j <= 6}}),
    "ops.Logsumexp": (lambda x: ops.logsumexp(x, 1), BOARD, {1: ROW}),
    "ops.Median": (lambda x: ops.median(x, 0), BOARD, {2: COLUMN}),
    "ops.Var": (ops.var, BOARD, {(): ALL}),
    "ops.Std": (lambda x: ops.std(x, -1, keepdims=True), BOARD, {(1, 0): ROW}),
    "ops.Amax": (lambda x: ops.amax(x, (0, 1)), BOARD, {(): ALL}),
    "ops.Amin": (lambda x: ops.amin(x, 1), BOARD, {1: ROW}),
    "ops.Any": (lambda x: ops.cast(ops.any(x > 1, 1), "float32"), BOARD, {1: ROW}),
    "ops.All": (lambda x: ops.cast(ops.all(x > 1, 0), "float32"), BOARD, {2: COLUMN}),
    "ops.CountNonzero": (lambda x: ops.cast(ops.count_nonzero(x > 1, 1), "float32"), BOARD,
        {1: ROW}),
    "ops.Norm": (lambda x: ops.norm(x, axis=-1), BOARD, {1: ROW}),
    "ops.Normalize": (lambda x: ops.normalize(x, 1), BOARD, {(1, 2): ROW}),
    "ops.LayerNorm": (ops.layer_normalization, BOARD, {(1, 2): ROW}),
    "ops.RMSNorm": (ops.rms_normalization, BOARD, {(1, 2): ROW}),
    "ops.BatchNorm": (
        lambda x: ops.batch_normalization(x, ones(4), ones(4), -1), BOARD, {(1, 2): at(1, 2)},
    ),
    "ops.BatchNorm, the mean": (
        lambda x: ops.batch_normalization(ops.flip(x, 0), ops.mean(x, 0), ones(4), 1), BOARD,
            {(1, 2): COLUMN},
    ),
    "ops.LogSoftmax": (lambda x: ops.log_softmax(x, 0), BOARD, {(1, 2): COLUMN}),
    "ops.Sparsemax": (ops.sparsemax, BOARD, {(1, 2): ROW}),
    "ops.Glu": (ops.glu, BOARD, {(1, 1): {(1, 1), (1, 3)}}),
    "ops.Select": (
        lambda x: ops.select([x > 1, x > 0], [x, ops.flip(x, 1)], 0.0), BOARD,
            {(1, 0): {(1, 0), (1, 3)}},
    ),
    "ops.Digitize": (lambda x: ops.cast(ops.digitize(x, np.array([0.0, 5.0])), "float32"), BOARD,
        {(1, 2): at(1, 2)}),
    "ops.SearchSorted": (
        lambda x: ops.cast(ops.searchsorted(np.array([0.0, 5.0], "float32"), x[1]), "float32"),
            BOARD, {2: at(1, 2)},
    ),
    "ops.IsIn": (lambda x: ops.cast(ops.isin(x, ones(2)), "float32"), BOARD, {(1, 2): at(1, 2)}),
    "ops.ZerosLike": (lambda x: ops.zeros_like(ops.flip(x, 0)) + x, BOARD, {(1, 2): at(1, 2)}),
    "ops.OnesLike": (lambda x: ops.ones_like(ops.flip(x, 0)) * x, BOARD, {(1, 2): at(1, 2)}),
    "ops.FullLike": (lambda x: ops.full_like(ops.flip(x, 0), 2.0) * x, BOARD, {(1, 2): at(1, 2)}),
    "ops.FullLike of data": (lambda x: ops.full_like(x, x[0, 0]), BOARD, {(1, 2): at(0, 0)}),
    "ops.EmptyLike": (lambda x: ops.empty_like(ops.flip(x, 0)) * 0 + x, BOARD, {(1, 2): at(1, 2)}),
    "ops.OneHot": (
        lambda x: ops.one_hot(ops.cast(x, "int32"), 5, axis=0), BOARD, {(4, 1, 2): at(1, 2)},
    ),
    "ops.Slice": (lambda x: ops.slice(x, (1, 2), (2, 1)), BOARD, {(1, 0): at(2, 2)}),
    "ops.SliceUpdate": (
        lambda x: ops.slice_update(x, (1, 2), x[:1, :2]), BOARD,
            {(1, 3): at(0, 1), (1, 1): at(1, 1)},
    ),
    "ops.ScatterUpdate": (
        lambda x: ops.scatter_update(x, [[1, 2], [0, 0]], x[2, :2]), BOARD,
            {(1, 2): at(2, 0), (0, 0): at(2, 1), (0, 1): at(0, 1)},
    ),
    "ops.DotProductAttention": (
        lambda x: ops.dot_product_attention(x, x, x), (1, 4, 1, 3),
            {(0, 2, 0, 1): grid((0,), range(4), (0,), range(3))},
    ),
    "ops.DotProductAttention, causal": (
        lambda x: ops.dot_product_attention(x, x, x, is_causal=True), (1, 4, 1, 3),
        {(0, 1, 0, 1): grid((0,), range(2), (0,), range(3))},
    ),
    "ops.DotProductAttention, masked": (
        lambda x: ops.dot_product_attention(x, x, x, mask=np.eye(4, dtype=bool)[None, None]),
            (1, 4, 1, 3),
        {(0, 1, 0, 1): grid((0,), (1,), (0,), range(3))},
    ),
}  # fmt: skip


for kind in ("Sum", "Max", "Min", "Prod"):
    function = getattr(ops, f"segment_{kind.lower()}", None)
    if function is not None:
        EXACT[f"ops.Segment{kind}"] = (
            lambda x, function=function: function(x, np.array([0, 0, 2]), 4), BOARD,
            {(0, 1): {(0, 1), (1, 1)}, (2, 1): at(2, 1), (3, 1): set()},
        )  # fmt: skip
for kind in ("max", "mean", "median", "min", "prod", "std", "sum", "var"):
    function = getattr(ops, f"nan{kind}", None)
    if function is not None:
        EXACT[f"ops.Nan{kind}"] = (lambda x, function=function: function(x, 1), BOARD, {1: ROW})
for kind in ("argmax", "argmin"):
    function = getattr(ops, f"nan{kind}", None)
    if function is not None:
        EXACT[f"ops.Nan{kind}"] = (
            lambda x, function=function: ops.cast(function(x, 1), "float32"), BOARD, {1: ROW},
        )  # fmt: skip
for rank, shape in ((1, STEPS), (2, IMAGE), (3, VOLUME)):
    first = tuple(range(-(-shape[1] // 2)))
    for kind in ("Average", "Max"):
        make = getattr(L, f"Adaptive{kind}Pooling{rank}D", None)
        if make is not None:
            sizes = (2, *shape[2:-1])
            middle = (1,) * (rank - 1)
            EXACT[f"Adaptive{kind}Pooling{rank}D"] = (
                layer(lambda make=make, sizes=sizes,
                    rank=rank: make(sizes[0] if rank == 1 else sizes)), shape,
                {(0, 0, *middle, 1): grid((0,), first, *((k,) for k in middle), (1,))},
            )  # fmt: skip

BOUNDED: dict[str, Entry] = {}
