"""Reductions, softmax, running ops, sorting and transforms: whole axes are read."""

from __future__ import annotations

from collections.abc import Sequence

from ...core import layout, ops
from ...core.ops import Op
from ...core.relation import WHOLE, Prefix, Relation
from .rulebook import Arguments, rule

FLOATING = "mean sum prod amax amin logsumexp nansum nanmean std var norm linalg_vector_norm"

REDUCTIONS = """
all any count_nonzero argmax argmin nanmedian nanquantile quantile frobenius_norm nuclear_norm
special_logsumexp trace median max min
"""

PAIRS = """
max.dim min.dim median.dim nanmedian.dim mode kthvalue var_mean std_mean aminmax _aminmax
_unsafe_masked_index
"""

SOFTMAX = "softmax _softmax _safe_softmax"

MIXING = "log_softmax _log_softmax renorm _masked_softmax"

RUNNING = "cumsum cumprod logcumsumexp _logcumsumexp"

FOURIER = """
fft_fft fft_ifft fft_rfft fft_irfft fft_hfft fft_ihfft fft_fft2 fft_ifft2 fft_rfft2 fft_irfft2
fft_fftn fft_ifftn fft_rfftn fft_irfftn _fft_r2c _fft_c2r _fft_c2c
"""


def _axes(arg: Arguments) -> list[int]:
    axes = arg.get("dim")
    rank = len(arg.operands[0].shape)
    if axes is None or (not isinstance(axes, int) and len(axes) == 0):
        return list(range(rank))
    return [axes] if isinstance(axes, int) else list(axes)


def reduction(arg: Arguments) -> Op:
    """Sum, mean, maximum … over some axes, or over all."""
    shape = tuple(arg.operands[0].shape)
    if not shape:
        return ops.pointwise(shape, kind="identity")
    return ops.reduce(shape, _axes(arg), keepdims=bool(arg.get("keepdim")), kind="reduce")


rule(*(f"aten::{name}" for name in FLOATING.split()), shaped="floats")(reduction)
rule(*(f"aten::{name}" for name in REDUCTIONS.split()))(reduction)


def pair(arg: Arguments) -> tuple[Op, Op]:
    """Two results: values and where they were, or variance and mean."""
    shape = tuple(arg.operands[0].shape)
    keep = len(arg.result[0].shape) == len(shape)
    op = ops.reduce(shape, _axes(arg), keepdims=keep, kind="reduce")
    return op, op


rule(*(f"aten::{name}" for name in PAIRS.split()))(pair)


def softmax(arg: Arguments) -> Op:
    """Softmax: every output reads the whole axis, without what is minus infinity.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
    """
    return ops.softmax(tuple(arg.operands[0].shape), _axes(arg))


rule(*(f"aten::{name}" for name in SOFTMAX.split()), shaped="floats")(softmax)


def mixing(arg: Arguments) -> Op:
    """Every output reads the whole axis."""
    return ops.mix(tuple(arg.operands[0].shape), _axes(arg), kind="softmax")


rule(*(f"aten::{name}" for name in MIXING.split()), shaped="floats")(mixing)


def running(arg: Arguments) -> Op:
    """Running sums and products: the past only."""
    shape = tuple(arg.operands[0].shape)
    return ops.cumulate(shape, arg.dim) if shape else ops.pointwise(shape)


rule(*(f"aten::{name}" for name in RUNNING.split()), shaped="floats")(running)


@rule("aten::cummax", "aten::cummin")
def running_pair(arg: Arguments) -> tuple[Op, Op]:
    """Running extremes, and where they were."""
    return running(arg), running(arg)


@rule("aten::diff")
def diff(arg: Arguments) -> Op | list[Op]:
    """Neighbours are subtracted ``n`` times."""
    from ...core.relation import window

    shape = tuple(arg.self.shape)
    axis = arg.dim % len(shape)
    n = arg.n or 1
    return ops.along(shape, {axis: (window(n + 1, 1, 0), shape[axis] - n)}, kind="diff")


@rule("aten::sort", "aten::msort")
def sort(arg: Arguments) -> tuple[Op, ...] | Op:
    """Which element comes first depends on all."""
    op = ops.mix(tuple(arg.self.shape), [arg.get("dim", -1)], kind="sort")
    return (op, op) if isinstance(arg.result, (tuple, list)) else op


@rule("aten::argsort")
def argsort(arg: Arguments) -> Op:
    """Where the elements go."""
    return ops.mix(tuple(arg.self.shape), [arg.dim], kind="sort")


@rule("aten::topk")
def topk(arg: Arguments) -> tuple[Op, Op]:
    """The largest ``k`` depend on all."""
    shape = tuple(arg.self.shape)
    axis = arg.dim % len(shape)
    op = ops.along(shape, {axis: (WHOLE, arg.result[0].shape[axis])}, kind="topk")
    return op, op


@rule("aten::dist")
def dist(arg: Arguments) -> Op:
    """One number from two tensors."""
    return ops.opaque([tuple(t.shape) for t in arg.operands], (), kind="dist")


def fourier(arg: Arguments) -> Op:
    """Every frequency reads all of the transformed axes."""
    shape, result = tuple(arg.self.shape), tuple(arg.result.shape)
    axes = arg.get("dim")
    two = arg.get("name") == "2"
    if axes is None:
        axes = range(-2, 0) if two else range(len(shape))
    return ops.along(shape, _over(axes, result, len(shape)), kind="fft")


def _over(
    axes: int | Sequence[int], result: Sequence[int], rank: int
) -> dict[int, tuple[Relation, int]]:
    chosen = [axes] if isinstance(axes, int) else list(axes)
    return {axis % rank: (WHOLE, result[axis % rank]) for axis in chosen}


rule(*(f"aten::{name}" for name in FOURIER.split()))(fourier)


@rule("aten::fft_fftshift")
def fftshift(arg: Arguments) -> Op:
    """Circular shift by half of each axis, so that frequency 0 comes to the middle.

    https://docs.pytorch.org/docs/stable/generated/torch.fft.fftshift.html
    """
    return _half_turn(arg, 1)


@rule("aten::fft_ifftshift")
def ifftshift(arg: Arguments) -> Op:
    """The circular shift back; on an odd axis it is one longer than the shift there.

    https://docs.pytorch.org/docs/stable/generated/torch.fft.ifftshift.html
    """
    return _half_turn(arg, -1)


def _half_turn(arg: Arguments, sign: int) -> Op:
    shape = tuple(arg.self.shape)
    axes = range(len(shape)) if arg.dim is None else arg.dim
    return layout.roll(shape, {axis: sign * (shape[axis] // 2) for axis in axes})


@rule("aten::stft")
def stft(arg: Arguments) -> list[Op]:
    """Frames of ``n_fft`` samples every ``hop_length``; every frequency reads its frame."""
    tensor = arg.operands[0]
    shape, result = tuple(tensor.shape), tuple(arg.result.shape)
    hop = arg.hop_length or arg.n_fft // 4
    batched = shape if len(shape) == 2 else (1, *shape)
    steps = [layout.reshape(shape, batched)]
    if arg.get("center"):
        half = arg.n_fft // 2
        steps.append(layout.pad(batched, {1: (half, half)}, mode=arg.get("pad_mode") or "reflect"))
    steps += layout.frames(steps[-1].shape, 1, arg.n_fft, hop)
    bins = arg.n_fft // 2 + 1 if arg.get("onesided") is not False else arg.n_fft
    full = steps[-1].shape
    steps.append(ops.along(full, {2: (WHOLE, bins)}, kind="stft"))
    steps.append(layout.permute(steps[-1].shape, (0, 2, 1)))
    if len(result) - len(shape) == 2:
        column = layout.reshape(steps[-1].shape, (*steps[-1].shape, 1))
        steps += [column, layout.expand(column.shape, (*column.shape[:-1], 2))]
    if tuple(steps[-1].shape) != result:
        steps.append(layout.reshape(steps[-1].shape, result))
    return steps


@rule("aten::istft")
def istft(arg: Arguments) -> Op:
    """Frames are laid over each other; read here as a whole, an upper bound."""
    return ops.opaque([tuple(arg.self.shape)], tuple(arg.result.shape), kind="istft")


@rule("aten::histc", "aten::bincount", "aten::histogram")
def histogram(arg: Arguments) -> Op:
    """Counts over everything."""
    shape = tuple(arg.self.shape)
    flat = layout.reshape(shape, (arg.self.numel(),))
    op = ops.along(flat.shape, {0: (WHOLE, arg.result.shape[0])}, kind="histogram")
    return ops.opaque([shape], op.shape, kind="histogram")


@rule("aten::searchsorted", "aten::bucketize")
def searchsorted(arg: Arguments) -> Op:
    """A search in a sorted table: pointwise in what is looked up."""
    if arg.depends(arg.operands[0]) and len(arg.operands) > 1:
        shapes = [tuple(t.shape) for t in arg.operands]
        return ops.opaque(shapes, tuple(arg.result.shape), kind="searchsorted")
    shape = tuple(arg.operands[-1].shape)
    op = ops.pointwise(shape)
    return Op(op.kind, op.shape, (None, *op.links)) if len(arg.operands) > 1 else op


def causal(backward: bool) -> Prefix:
    """The past, or the future."""
    return Prefix(backward)
