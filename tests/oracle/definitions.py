"""What each op reads, axis by axis, written from the op's definition and from nothing else.

Slow and plain on purpose: counting, scattering and searching instead of closed forms. ``moving``
has the ops that only move elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor

import numpy as np

from tests.oracle import moving
from tests.oracle import program as p
from tests.oracle.axis_read import AxisRead, Defined, every, inside, only, same_place

# Windows ------------------------------------------------------------------------------------------


def count_windows(
    size: int, kernel: int, stride: int, pads: tuple[int, int], dilation: int, partial: bool
) -> int:
    """Slide the window along and count.

    With ``partial`` a last one may reach beyond the padding; whether it does or not, it is dropped
    if it starts behind the input (PyTorch and ONNX; one window, not all such).
    """
    before, after = pads
    count, start = 0, -before
    while start + dilation * (kernel - 1) < size + after:
        count, start = count + 1, start + stride
    reaches_on = start - stride + dilation * (kernel - 1) < size + after - 1
    count += partial and reaches_on
    if partial and (count - 1) * stride - before >= size:
        count -= 1
    return count


def same_pads(size: int, kernel: int, stride: int, dilation: int, lower: bool) -> tuple[int, int]:
    """The least total padding that yields ``ceil(size / stride)`` windows, the odd one last."""
    wanted, total = ceil(Fraction(size, stride)), 0
    while count_windows(size, kernel, stride, (0, total), dilation, False) < wanted:
        total += 1
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)


def pairs(
    pads: p.Pairs | str, sizes: p.Ints, kernel: p.Ints, stride: p.Ints, dilation: p.Ints
) -> p.Pairs:
    """Padding as pairs."""
    if pads == "valid":
        return tuple((0, 0) for _ in sizes)
    if isinstance(pads, str):
        lower = pads == "same_lower"
        rows = zip(sizes, kernel, stride, dilation, strict=True)
        return tuple(same_pads(n, k, s, d, lower) for n, k, s, d in rows)
    return pads


def window(op: p.Window, shape: p.Ints) -> Defined:
    sizes = shape[2:]
    pads = pairs(op.pads, sizes, op.kernel, op.stride, op.dilation)
    result, reads = [shape[0], shape[1]], [same_place(0), same_place(1)]
    if op.kind == "conv":
        result[1] = op.channels
        inputs, outputs = shape[1] // op.groups, op.channels // op.groups

        def group(c: int) -> Iterable[int]:
            return range(c // outputs * inputs, (c // outputs + 1) * inputs)

        grouped = AxisRead(1, group, group)
        reads[1] = every(1, shape[1]) if op.groups == 1 else grouped
    for j, n in enumerate(sizes):
        k, s, d, before = op.kernel[j], op.stride[j], op.dilation[j], pads[j][0]

        def taps(i: int, k: int = k, s: int = s, d: int = d, before: int = before) -> list[int]:
            return [s * i - before + d * tap for tap in range(k)]

        reads.append(AxisRead(j + 2, taps, inside(taps, n)))
        result.append(count_windows(n, k, s, pads[j], d, op.ceil))
    return Defined(tuple(result), (tuple(reads),))


def transposed(op: p.Transposed, shape: p.Ints) -> Defined:
    sizes, extra = shape[2:], op.extra
    if op.pads in ("same", "same_lower"):
        wide = tuple(n * s for n, s in zip(sizes, op.stride, strict=True))
        pads = pairs(op.pads, wide, op.kernel, op.stride, op.dilation)
    else:
        pads = pairs(op.pads, sizes, op.kernel, op.stride, op.dilation)
    result, reads = [shape[0], op.channels], [same_place(0), every(1, shape[1])]
    for j, n in enumerate(sizes):
        k, s, d, before = op.kernel[j], op.stride[j], op.dilation[j], pads[j][0]

        def sources(i: int, k: int = k, s: int = s, d: int = d, before: int = before) -> set[int]:
            middle, reach = (i + before) // s, d * k // s + 2
            near = range(middle - reach, middle + reach + 1)
            return {m for m in near for tap in range(k) if s * m - before + d * tap == i}

        reads.append(AxisRead(j + 2, sources, inside(sources, n)))
        reached = s * (n - 1) + d * (k - 1) + 1 - before - pads[j][1] + extra[j]
        result.append(n * s if op.pads in ("same", "same_lower") else reached)
    return Defined(tuple(result), (tuple(reads),))


# Resampling ---------------------------------------------------------------------------------------


def resize(op: p.Resize, shape: p.Ints) -> Defined:
    result, reads = list(shape[:2]), [same_place(0), same_place(1)]
    for j, n in enumerate(shape[2:]):
        if op.size is not None:
            outputs = op.size[j]
            scale = Fraction(outputs, n)
        else:
            assert op.scale is not None
            scale = op.scale[j]
            outputs = floor(n * scale)

        def taps(i: int, n: int = n, outputs: int = outputs, scale: Fraction = scale) -> list[int]:
            return neighbours(coordinate(op.coordinates, i, n, outputs, scale), op)

        def clamped(i: int, n: int = n, taps: Callable[[int], list[int]] = taps) -> list[int]:
            return sorted({min(max(m, 0), n - 1) for m in taps(i)})

        reads.append(AxisRead(j + 2, taps, clamped))
        result.append(outputs)
    return Defined(tuple(result), (tuple(reads),))


def coordinate(mode: str, i: int, size: int, outputs: int, scale: Fraction) -> Fraction:
    """Where output ``i`` lies in the input."""
    if mode == "align_corners":
        return Fraction(i * (size - 1), outputs - 1) if outputs > 1 else Fraction(0)
    if mode == "asymmetric":
        return i / scale
    return (i + Fraction(1, 2)) / scale - Fraction(1, 2)


def neighbours(at: Fraction, op: p.Resize) -> list[int]:
    """The pixels with a weight other than zero."""
    low = floor(at)
    if op.mode == "nearest":
        part = at - low
        half = Fraction(1, 2)
        up = {
            "floor": False,
            "ceil": part > 0,
            "round_prefer_floor": part > half,
            "round_prefer_ceil": part >= half,
        }[op.rounding]
        return [low + up]
    if at == low:
        return [low]
    return [low, low + 1] if op.mode == "linear" else [low - 1, low, low + 1, low + 2]


def adaptive(op: p.Adaptive, shape: p.Ints) -> Defined:
    reads = [same_place(0), same_place(1)]
    for j, (n, outputs) in enumerate(zip(shape[2:], op.size, strict=True)):

        def taps(i: int, n: int = n, outputs: int = outputs) -> Iterable[int]:
            if n % outputs and not 0 <= i < outputs:
                return []  # irregular windows have no theory beyond the tensor
            return range(floor(Fraction(i * n, outputs)), ceil(Fraction((i + 1) * n, outputs)))

        reads.append(AxisRead(j + 2, taps, inside(taps, n)))
    return Defined((*shape[:2], *op.size), (tuple(reads),))


# Joining ------------------------------------------------------------------------------------------


def pointwise(shapes: list[p.Ints]) -> Defined:
    result = np.broadcast_shapes(*shapes)
    operands: list[tuple[AxisRead, ...]] = []
    for shape in shapes:
        first = len(result) - len(shape)
        operands.append(
            tuple(
                only(None, 0) if n == 1 != result[first + j] else same_place(first + j)
                for j, n in enumerate(shape)
            )
        )
    return Defined(result, tuple(operands))


def concat(op: p.Concat, shapes: list[p.Ints]) -> Defined:
    operands: list[tuple[AxisRead, ...]] = []
    start = 0
    for shape in shapes:
        n = shape[op.axis]

        def part(i: int, start: int = start, n: int = n) -> list[int]:
            return [i - start] if start <= i < start + n else []

        reads = [same_place(axis) for axis in range(len(shape))]
        if len(shapes) > 1:
            reads[op.axis] = AxisRead(op.axis, part, part)
        operands.append(tuple(reads))
        start += n
    result = list(shapes[0])
    result[op.axis] = start
    return Defined(tuple(result), tuple(operands))


def reduce(op: p.Reduce, shape: p.Ints) -> Defined:
    reads: list[AxisRead] = []
    result: list[int] = []
    for axis, n in enumerate(shape):
        if axis not in op.axes:
            reads.append(same_place(len(result)))
            result.append(n)
        else:
            reads.append(every(axis, n))
            result += [1] if op.keepdims else []
    return Defined(tuple(result), (tuple(reads),))


def mixed(shape: p.Ints, axis: int, outputs: int) -> Defined:
    """Softmax and dense: everything along one axis."""
    reads = [same_place(j) for j in range(len(shape))]
    reads[axis] = every(axis, shape[axis])
    result = list(shape)
    result[axis] = outputs
    return Defined(tuple(result), (tuple(reads),))


def cumsum(op: p.Cumsum, shape: p.Ints) -> Defined:
    reads = [same_place(j) for j in range(len(shape))]
    n = shape[op.axis]

    def taps(i: int) -> Iterable[int]:
        return range(i, n) if op.backward else range(i + 1)

    reads[op.axis] = AxisRead(op.axis, taps, inside(taps, n))
    return Defined(shape, (tuple(reads),))


def matmul(x: p.Ints, y: p.Ints) -> Defined:
    rank = len(x)
    batch = pointwise([x[:-2], y[:-2]])
    left = (*batch.operands[0], same_place(rank - 2), every(rank - 1, x[-1]))
    right = (*batch.operands[1], every(rank - 2, y[-2]), same_place(rank - 1))
    return Defined((*batch.shape, x[-2], y[-1]), (left, right))


def define(op: p.Op, shapes: list[p.Ints]) -> Defined:
    """The definition of any op that reads axis by axis."""
    return _define(op, tuple(shapes))


@lru_cache(maxsize=256)
def _define(op: p.Op, operands: tuple[p.Ints, ...]) -> Defined:
    shapes, one = list(operands), operands[0]
    makers: dict[type, Callable[[], Defined]] = {
        p.Window: lambda: window(op, one),  # type: ignore[arg-type]
        p.Transposed: lambda: transposed(op, one),  # type: ignore[arg-type]
        p.Resize: lambda: resize(op, one),  # type: ignore[arg-type]
        p.Adaptive: lambda: adaptive(op, one),  # type: ignore[arg-type]
        p.Pad: lambda: moving.pad(op, one),  # type: ignore[arg-type]
        p.Crop: lambda: moving.pad(op, one),  # type: ignore[arg-type]
        p.Slice: lambda: moving.slice_(op, one),  # type: ignore[arg-type]
        p.Flip: lambda: moving.flip(op, one),  # type: ignore[arg-type]
        p.Roll: lambda: moving.roll(op, one),  # type: ignore[arg-type]
        p.Gather: lambda: moving.gather(op, one),  # type: ignore[arg-type]
        p.Tile: lambda: moving.tile(op, one),  # type: ignore[arg-type]
        p.Repeat: lambda: moving.repeat(op, one),  # type: ignore[arg-type]
        p.Select: lambda: moving.select(op, one),  # type: ignore[arg-type]
        p.Overwrite: lambda: moving.overwrite(op, shapes),  # type: ignore[arg-type]
        p.Pointwise: lambda: pointwise(shapes),
        p.Concat: lambda: concat(op, shapes),  # type: ignore[arg-type]
        p.Reduce: lambda: reduce(op, one),  # type: ignore[arg-type]
        p.Dense: lambda: mixed(one, op.axis, op.channels),  # type: ignore[union-attr]
        p.Softmax: lambda: mixed(one, op.axis, one[op.axis]),  # type: ignore[union-attr]
        p.Cumsum: lambda: cumsum(op, one),  # type: ignore[arg-type]
        p.Matmul: lambda: matmul(one, shapes[1]),
    }
    return makers[type(op)]()
