"""All arithmetic of padding, output sizes and windows, once.

Front ends only read attributes; what SAME, ``ceil_mode``, ``output_padding`` or an adaptive window
mean is decided here. Every function speaks about one axis.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd

from ..errors import too_large
from .indices import EMPTY, IndexSet
from .limits import PERIOD_LIMIT
from .relation import Border, Relation, Sliding, Table, minimal, window

PAD_BORDERS: dict[str, Border] = {
    "constant": "zero",
    "zeros": "zero",
    "zero": "zero",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "replicate": "replicate",
    "edge": "replicate",
    "circular": "circular",
    "wrap": "circular",
}
"""Border of the tensor for each padding mode, under the names that the frameworks use."""


def same(
    size: int, kernel: int, stride: int, dilation: int = 1, *, lower: bool = False
) -> tuple[int, int]:
    """SAME padding ``(before, after)``: the output has ``ceil(size / stride)`` positions.

    The odd one goes to the end (TensorFlow's SAME, ONNX ``SAME_UPPER``), or to the beginning when
    ``lower`` (ONNX ``SAME_LOWER``).

    >>> same(224, kernel=3, stride=2), same(225, kernel=3, stride=2)
    ((0, 1), (1, 1))
    """
    outputs = -(-size // stride)
    total = max(0, (outputs - 1) * stride + dilation * (kernel - 1) + 1 - size)
    less, more = total // 2, total - total // 2
    return (more, less) if lower else (less, more)


def window_count(
    size: int, kernel: int, stride: int, before: int, after: int, dilation: int, *, ceil: bool
) -> int:
    """How many windows fit (at least 0).

    With ``ceil`` (``ceil_mode``) a last partial window counts too, but only if it starts inside the
    input or the padding before it: PyTorch's ``pooling_output_shape``, ONNX's rule for windows that
    start in the padding behind.

    >>> [window_count(7, 2, 2, 0, 0, 1, ceil=ceil) for ceil in (False, True)]
    [3, 4]
    """
    room = size + before + after - dilation * (kernel - 1) - 1
    count = (room + (stride - 1 if ceil else 0)) // stride + 1
    if ceil and (count - 1) * stride >= size + before:
        count -= 1
    return max(0, count)


def transposed(kernel: int, stride: int, before: int, dilation: int) -> Sliding:
    """Transposed convolution: ``i`` reads every ``m`` with ``i = stride*m - before + dilation*k``.

    A phase that no tap reaches reads nothing (``kernel < stride``).

    >>> transposed(kernel=2, stride=3, before=0, dilation=1).taps
    (IndexSet{0}, IndexSet{0}, IndexSet{})
    """
    if stride > PERIOD_LIMIT:
        raise too_large(
            "the pattern of a transposed convolution", stride, "Its phases are too many."
        )
    taps = [EMPTY] * stride
    every = stride // gcd(stride, dilation)  # taps of one phase are `every` apart
    for k in range(min(kernel, every)):
        block, phase = divmod(dilation * k - before, stride)
        count = -(-(kernel - k) // every)
        step = dilation * every // stride
        taps[phase] = IndexSet.of(range(-block, -block - step * count, -step))
    return minimal(Sliding(stride, 1, tuple(taps)))


def transposed_at(kept: Iterable[int], stride: int, before: int, dilation: int) -> Sliding:
    """The same with these taps of the kernel only.

    >>> transposed_at([0, 2], stride=2, before=0, dilation=1).taps
    (IndexSet{-1..0}, IndexSet{})
    """
    taps: list[list[int]] = [[] for _ in range(stride)]
    for k in kept:
        block, phase = divmod(dilation * k - before, stride)
        taps[phase].append(-block)
    return minimal(Sliding(stride, 1, tuple(IndexSet.of(each) for each in taps)))


def transposed_size(
    size: int, kernel: int, stride: int, before: int, after: int, dilation: int, extra: int
) -> int:
    """Output size of a transposed convolution; ``extra`` is the ``output_padding``.

    >>> transposed_size(28, 4, 2, 1, 1, 1, 0)
    56
    """
    return (size - 1) * stride + dilation * (kernel - 1) + 1 - before - after + extra


def adaptive(size: int, outputs: int) -> Relation:
    """Adaptive pooling: output ``i`` reads ``floor(i*size/outputs) .. ceil((i+1)*size/outputs)-1``.

    Where ``outputs`` divides ``size`` this is plain pooling; else the windows are irregular.

    >>> adaptive(7, 3)
    Table(taps=(IndexSet{0..2}, IndexSet{2..4}, IndexSet{4..6}))
    """
    if size % outputs == 0:
        return window(size // outputs, size // outputs, 0)
    if outputs > PERIOD_LIMIT:
        raise too_large("the table of an adaptive pooling", outputs, "Its windows are too many.")
    return Table(
        tuple(
            IndexSet.interval(i * size // outputs, -(-(i + 1) * size // outputs) - 1)
            for i in range(outputs)
        )
    )


def fold(index: int, size: int, border: Border) -> int | None:
    """The element that position ``index`` reads in a tensor of ``size``, or None for nothing.

    >>> fold(-2, 5, "reflect"), fold(-2, 5, "circular"), fold(-2, 5, "zero")
    (2, 3, None)
    """
    if 0 <= index < size:
        return index
    if size == 0:
        return None
    if border == "replicate":
        return min(max(index, 0), size - 1)
    if border == "circular":
        return index % size
    if border == "reflect":
        period = max(1, 2 * (size - 1))
        return min(index % period, period - index % period)
    if border == "symmetric":
        return min(index % (2 * size), 2 * size - 1 - index % (2 * size))
    return None
