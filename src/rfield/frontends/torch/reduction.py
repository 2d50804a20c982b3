"""Reductions, softmax, running ops, sorting and transforms: whole axes are read."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import arrays
from ..machine.meanings import zeros_of
from .rulebook import Arguments, Reading, rule

FLOATING = "mean sum prod amax amin logsumexp nansum nanmean std var norm linalg_vector_norm"

REDUCTIONS = """
all any count_nonzero argmax argmin nanmedian frobenius_norm nuclear_norm
special_logsumexp median max min
"""

PAIRS = """
max.dim min.dim median.dim nanmedian.dim mode kthvalue var_mean std_mean aminmax
"""

SOFTMAX = "softmax _softmax _safe_softmax"

MIXING = "log_softmax _log_softmax"

RUNNING = "cumsum cumprod logcumsumexp _logcumsumexp"

FOURIER = """
fft_fft fft_ifft fft_rfft fft_irfft fft_hfft fft_ihfft fft_fft2 fft_ifft2 fft_rfft2 fft_irfft2
fft_fftn fft_ifftn fft_rfftn fft_irfftn _fft_r2c _fft_c2r _fft_c2c
"""


def _axes(arg: Arguments) -> Any:
    """The axes of a reduction; none given stands for all."""
    axes = arg.get("dim")
    return axes if isinstance(axes, int) or axes else None


def reduction(arg: Arguments) -> Reading:
    """Sum, mean, maximum … over some axes, or over all.

    https://docs.pytorch.org/docs/stable/generated/torch.sum.html
    """
    kind = arg.short if arg.short in ("argmax", "argmin") else "reduce"
    zeros, keep = zeros_of(arg.short), bool(arg.get("keepdim"))
    return arrays.reduce(arg.operands[0], _axes(arg), keepdims=keep, zeros=zeros, kind=kind)


rule(*(f"aten::{name}" for name in FLOATING.split()), shaped="floats")(reduction)
rule(*(f"aten::{name}" for name in REDUCTIONS.split()))(reduction)


@rule("aten::quantile", "aten::nanquantile")
def quantile(arg: Arguments) -> Reading:
    """Order statistics of an axis, or of all; several are asked for along a new first axis.

    https://docs.pytorch.org/docs/stable/generated/torch.quantile.html
    """
    made = arrays.reduce(arg.self, arg.dim, keepdims=arg.keepdim, kind="quantile")
    return arrays.broadcast_to(made, arg.result.shape)


def pair(arg: Arguments) -> tuple[Reading, Reading]:
    """Two results: values and where they were, or variance and mean.

    https://docs.pytorch.org/docs/stable/generated/torch.max.html
    """
    keep = arg.result[0].dim() == arg.operands[0].dim()
    made = arrays.reduce(arg.operands[0], _axes(arg), keepdims=keep)
    value = arrays.reduce(arg.operands[0], _axes(arg), keepdims=keep, zeros=zeros_of(arg.short))
    if arg.masked and arg.short in ("max", "min"):
        where = arrays.arg_reduce(arg.operands[0], arg.dim, keepdims=keep, kind=f"arg{arg.short}")
        return value, where
    return value, made


rule(*(f"aten::{name}" for name in PAIRS.split()))(pair)


def softmax(arg: Arguments) -> Reading:
    """Softmax: every output reads the whole axis, without what is minus infinity.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
    """
    return arrays.softmax(arg.operands[0], _axes(arg))


rule(*(f"aten::{name}" for name in SOFTMAX.split()), shaped="floats")(softmax)


def mixing(arg: Arguments) -> Reading:
    """Every output reads the whole axis.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
    """
    return arrays.softmax(arg.operands[0], _axes(arg), logarithm=True)


rule(*(f"aten::{name}" for name in MIXING.split()), shaped="floats")(mixing)


@rule("aten::renorm", shaped="floats")
def renorm(arg: Arguments) -> Reading:
    """Each slice along ``dim`` is scaled by its own norm.

    https://docs.pytorch.org/docs/stable/generated/torch.renorm.html
    """
    rank = arg.self.dim()
    rest = [axis for axis in range(rank) if axis != arg.dim % rank]
    return arrays.mix(arg.self, rest, kind="renorm", algebra="keep")


@rule("aten::_masked_softmax", shaped=True)
def masked_softmax(arg: Arguments) -> Reading:
    """Softmax without the elements at which the mask is set."""
    masked = arrays.where(arg.mask, -np.inf, arg.self)
    return arrays.softmax(masked, -1 if arg.dim is None else arg.dim)


@rule("aten::trace")
def trace(arg: Arguments) -> Reading:
    """The sum of the diagonal.

    https://docs.pytorch.org/docs/stable/generated/torch.trace.html
    """
    return arrays.trace(arg.self)


def running(arg: Arguments) -> Reading:
    """Running sums and products: the past only.

    https://docs.pytorch.org/docs/stable/generated/torch.cumsum.html
    """
    return arrays.cumulate(arg.operands[0], arg.dim, kind=arg.short.lstrip("_"))


rule(*(f"aten::{name}" for name in RUNNING.split()), shaped="floats")(running)


@rule("aten::cummax", "aten::cummin")
def running_pair(arg: Arguments) -> tuple[Reading, Reading]:
    """Running extremes, and where they were.

    https://docs.pytorch.org/docs/stable/generated/torch.cummax.html
    """
    return running(arg), running(arg)


@rule("aten::diff")
def diff(arg: Arguments) -> Reading:
    """Neighbours are subtracted ``n`` times.

    https://docs.pytorch.org/docs/stable/generated/torch.diff.html
    """
    ends = [t for t in (arg.get("prepend"), arg.self, arg.get("append")) if t is not None]
    return arrays.diff(arrays.concat(ends, arg.dim), arg.n, arg.dim)


@rule("aten::sort", "aten::msort")
def sort(arg: Arguments) -> tuple[Reading, ...] | Reading:
    """Which element comes first depends on all.

    https://docs.pytorch.org/docs/stable/generated/torch.sort.html
    """
    made = arrays.sort(arg.self, 0 if arg.short == "msort" else arg.get("dim", -1))
    return (made, made) if isinstance(arg.result, (tuple, list)) else made


@rule("aten::argsort")
def argsort(arg: Arguments) -> Reading:
    """Where the elements go.

    https://docs.pytorch.org/docs/stable/generated/torch.argsort.html
    """
    return arrays.sort(arg.self, arg.dim, kind="argsort")


@rule("aten::topk")
def topk(arg: Arguments) -> tuple[Reading, Reading]:
    """The largest ``k`` depend on all.

    https://docs.pytorch.org/docs/stable/generated/torch.topk.html
    """
    return arrays.top_k(arg.self, arg.k, arg.dim)


@rule("aten::dist")
def dist(arg: Arguments) -> Reading:
    """One number from two tensors: a norm of their difference.

    https://docs.pytorch.org/docs/stable/generated/torch.dist.html
    """
    return arrays.reduce(arrays.pointwise(*arg.operands), kind="dist")


def fourier(arg: Arguments) -> Reading:
    """Every frequency reads all of the transformed axes, up to the lengths that are given.

    https://docs.pytorch.org/docs/stable/fft.html
    """
    rank, axes, given = arg.self.dim(), arg.get("dim"), arg.get("n", arg.get("s"))
    lengths = [given] if isinstance(given, int) else given
    if axes is None:
        count = 2 if arg.short.endswith("2") else len(lengths or range(rank))
        axes = range(-count, 0)
    named = [axes] if isinstance(axes, int) else [*axes]
    read = dict(zip(named, lengths or (), strict=False))
    if arg.short.startswith(("fft_irfft", "fft_hfft")) and read:
        read[named[-1]] = read[named[-1]] // 2 + 1
    read = {axis: length for axis, length in read.items() if length >= 0}
    sizes = {axis: arg.result.shape[axis] for axis in named}
    return arrays.fft(arg.self, named, lengths=read, sizes=sizes)


rule(*(f"aten::{name}" for name in FOURIER.split()))(fourier)


@rule("aten::fft_fftshift")
def fftshift(arg: Arguments) -> Reading:
    """Circular shift by half of each axis, so that frequency 0 comes to the middle.

    https://docs.pytorch.org/docs/stable/generated/torch.fft.fftshift.html
    """
    return arrays.fftshift(arg.self, arg.dim)


@rule("aten::fft_ifftshift")
def ifftshift(arg: Arguments) -> Reading:
    """The circular shift back; on an odd axis it is one longer than the shift there.

    https://docs.pytorch.org/docs/stable/generated/torch.fft.ifftshift.html
    """
    return arrays.ifftshift(arg.self, arg.dim)


@rule("aten::stft")
def stft(arg: Arguments) -> Reading:
    """Spectra of frames of ``n_fft`` samples every ``hop_length``.

    https://docs.pytorch.org/docs/stable/generated/torch.stft.html
    """
    x = arg.operands[0]
    spectra = arrays.stft(
        x, arg.n_fft, arg.hop_length or arg.n_fft // 4, window=arg.win_length, weights=arg.window,
        center=bool(arg.get("center")), pad_mode=arg.get("pad_mode") or "reflect",
        onesided=arg.get("onesided") is not False,
    )  # fmt: skip
    turned = arrays.swapaxes(spectra, -1, -2)
    if arg.result.dim() == len(turned.shape):
        return turned
    return arrays.broadcast_to(arrays.unsqueeze(turned, -1), (*turned.shape, 2))


@rule("aten::istft")
def istft(arg: Arguments) -> Reading:
    """Frames are transformed back and laid over each other.

    https://docs.pytorch.org/docs/stable/generated/torch.istft.html
    """
    return arrays.istft(
        arrays.swapaxes(arg.operands[0], -1, -2), arg.n_fft, arg.hop_length or arg.n_fft // 4,
        window=arg.win_length, weights=arg.window, center=arg.center, size=arg.result.shape[-1],
    )  # fmt: skip


@rule("aten::histc", "aten::bincount", "aten::histogram")
def histogram(arg: Arguments) -> Any:
    """Counts over everything, and between which numbers.

    https://docs.pytorch.org/docs/stable/generated/torch.histc.html
    """
    results = arg.result if isinstance(arg.result, tuple) else (arg.result,)
    return tuple(
        arrays.anywhere([arg.self], tuple(each.shape), kind="histogram") for each in results
    )


@rule("aten::searchsorted", "aten::bucketize")
def searchsorted(arg: Arguments) -> Reading:
    """Each number is looked up in a sorted table: in its row of it, or in all of it.

    https://docs.pytorch.org/docs/stable/generated/torch.searchsorted.html
    """
    return arrays.searchsorted(arg.get("sorted_sequence", arg.get("boundaries")), arg.self)


@rule("aten::isin")
def isin(arg: Arguments) -> Reading:
    """Each element by itself, whether it is anywhere in a table.

    https://docs.pytorch.org/docs/stable/generated/torch.isin.html
    """
    elements = arg.get("elements", arg.get("element"))
    table = arg.get("test_elements")
    if table is None:
        return arrays.pointwise(elements, kind="isin")
    return arrays.searchsorted(table, elements, rows=0)
