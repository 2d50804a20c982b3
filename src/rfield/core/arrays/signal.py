"""Transforms and spectrograms."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import InvalidModelError
from .. import ops
from ..arguments import normalize_axis
from ..relation import WHOLE, Relation
from .elementwise import multiply
from .expression import Axes, Operand, Reading, axes_of, read, shape_of
from .frames import frames, overlap_add
from .padding import crop, pad
from .shaping import reshape


def fft(
    x: Operand,
    axes: Axes = -1,
    *,
    lengths: Mapping[int, int] | None = None,
    sizes: Mapping[int, int] | None = None,
    kind: str = "fft",
) -> Reading:
    """Every frequency reads all of the transformed axes: fft, ifft, rfft, irfft, DCT …

    ``lengths``: how many elements of an axis are transformed, ``{axis: n}``: what is beyond them is
    cut off, what an axis lacks of them is zero. ``sizes``: of the result, by default ``lengths``.
    https://numpy.org/doc/stable/reference/routines.fft.html

    >>> from .expression import Known
    >>> fft(Known((2, 8)), lengths={-1: 6}, sizes={-1: 4}).shape
    (2, 4)
    """
    shape = shape_of(x)
    given = {normalize_axis(axis, len(shape)): size for axis, size in (lengths or {}).items()}
    new = {normalize_axis(axis, len(shape)): size for axis, size in (sizes or {}).items()}
    cut = crop(x, {axis: (0, max(0, shape[axis] - length)) for axis, length in given.items()})
    relations: dict[int, tuple[Relation, int]] = {
        axis: (WHOLE, new.get(axis, given.get(axis, shape[axis])))
        for axis in axes_of(axes, len(shape))
    }
    return read(ops.along(cut.shape, relations, kind=kind, algebra="keep"), cut)


def stft(
    x: Operand,
    n_fft: int,
    step: int,
    *,
    window: int | None = None,
    weights: Operand | None = None,
    axis: int = -1,
    center: bool = False,
    pad_mode: str = "reflect",
    onesided: bool = True,
) -> Reading:
    """Frames of ``n_fft`` samples every ``step``; the axis becomes (frame, frequency).

    A ``window`` shorter than the transform stands in its middle, and what it does not cover is not
    read; nor is what its ``weights`` are known to be zero for. ``center``: frame ``t`` is centred
    at sample ``step*t``, beyond the ends as ``pad_mode``.
    https://docs.pytorch.org/docs/stable/generated/torch.stft.html

    >>> from .expression import Known
    >>> stft(Known((1, 32)), 8, 4, center=True).shape
    (1, 9, 5)
    """
    axis = normalize_axis(axis, len(shape_of(x)))
    width = n_fft if window is None else window
    if not 0 < width <= n_fft or step < 1:
        raise InvalidModelError(f"windows of {width} in frames of {n_fft} every {step}")
    if center:
        half = n_fft // 2
        x = pad(x, {axis: (half, half)}, mode=pad_mode, once=True)
    left = (n_fft - width) // 2
    cut = frames(x, width, step, axis, before=-left, after=left + width - n_fft)
    cut = _weighted(cut, weights, axis + 1)
    bins = n_fft // 2 + 1 if onesided else n_fft
    return fft(cut, axis + 1, sizes={axis + 1: bins}, kind="stft")


def istft(
    x: Operand,
    n_fft: int,
    step: int,
    *,
    window: int | None = None,
    weights: Operand | None = None,
    axis: int = -2,
    center: bool = False,
    size: int | None = None,
) -> Reading:
    """The inverse of ``stft``, from axes (frame, frequency): frames are overlap-added.

    ``size``: of the signal; by default all that the frames reach, without the halves that
    ``center`` added. ``window`` and ``weights`` as in ``stft``. https://docs.pytorch.org/docs/stable/generated/torch.istft.html

    >>> from .expression import Known
    >>> istft(Known((1, 9, 5)), 8, 4, center=True).shape
    (1, 32)
    """
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape))
    width = n_fft if window is None else window
    if not 0 < width <= n_fft or step < 1:
        raise InvalidModelError(f"windows of {width} in frames of {n_fft} every {step}")
    half = n_fft // 2 if center else 0
    reach = (shape[axis] - 1) * step + n_fft - 2 * half
    back = fft(x, axis + 1, sizes={axis + 1: width}, kind="istft")
    back = _weighted(back, weights, axis + 1)
    left = (n_fft - width) // 2
    return overlap_add(
        back, step, axis, size=reach if size is None else size, before=half - left
    )  # fmt: skip


def _weighted(x: Reading, weights: Operand | None, axis: int) -> Reading:
    """The places of ``axis`` times a window."""
    if weights is None:
        return x
    if shape_of(weights) != (x.shape[axis],):
        raise InvalidModelError(f"a window of shape {shape_of(weights)} for {x.shape[axis]} places")
    return multiply(x, reshape(weights, (-1,) + (1,) * (len(x.shape) - 1 - axis)), kind="window")
