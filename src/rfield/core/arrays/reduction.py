"""Ops over whole axes: reductions, softmax, running sums, sorting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...errors import InvalidModelError
from .. import layout, ops
from ..algebra import Algebra, Zeros
from ..arguments import broadcast_shape, integer, normalize_axis
from ..link import Link, Read, broadcast
from ..operation import Op
from ..relation import WHOLE, window
from .elementwise import pointwise
from .expression import Axes, Operand, Reading, axes_of, operand_of, read, shape_of
from .shaping import broadcast_to, flatten, reshape


def reduce(
    x: Operand,
    axes: Axes = None,
    *,
    keepdims: bool = False,
    zeros: Zeros = "lose",
    kind: str = "reduce",
) -> Reading:
    """Sum, mean, max, norm, median …: the axes are read whole. None stands for all, () for none.

    ``zeros``: what becomes of known ones (see ``core.algebra``).

    https://numpy.org/doc/stable/reference/generated/numpy.sum.html

    >>> from .expression import Known
    >>> reduce(Known((1, 64, 7, 7)), (-2, -1), kind="mean").shape, reduce(Known((2, 3))).shape
    ((1, 64), ())
    """
    shape = shape_of(x)
    chosen = axes_of(axes, len(shape)) if shape else []
    if not chosen:
        algebra = None if zeros == "lose" else "keep"
        return read(ops.pointwise(shape, kind=kind, algebra=algebra), x)
    return read(ops.reduce(shape, chosen, keepdims=keepdims, zeros=zeros, kind=kind), x)


def arg_reduce(
    x: Operand, axis: int | None = None, *, keepdims: bool = False, kind: str = "argmax"
) -> Reading:
    """Where the largest (or smallest) lies along an axis, or in the flattened operand.

    https://numpy.org/doc/stable/reference/generated/numpy.argmax.html

    >>> from .expression import Known
    >>> arg_reduce(Known((2, 5)), 1).shape, arg_reduce(Known((2, 5))).shape
    ((2,), ())
    """
    return reduce(x, axis, keepdims=keepdims, kind=kind)


def moments(x: Operand, axes: Axes = None, *, keepdims: bool = False) -> tuple[Reading, Reading]:
    """Mean and variance.

    https://www.tensorflow.org/api_docs/python/tf/nn/moments

    >>> from .expression import Known
    >>> [part.shape for part in moments(Known((8, 4)), 0)]
    [(4,), (4,)]
    """
    made = reduce(x, axes, keepdims=keepdims, kind="moments")
    return made, made


def mix(
    x: Operand, axes: Axes = None, *, kind: str = "mix", algebra: Algebra | None = None
) -> Reading:
    """Each output reads all of ``axes`` and keeps its place on the others.

    >>> from .expression import Known
    >>> mix(Known((2, 5)), -1, kind="normalize").shape
    (2, 5)
    """
    shape = shape_of(x)
    if not shape:
        return read(ops.pointwise(shape, kind=kind), x)
    return read(ops.mix(shape, axes_of(axes, len(shape)), kind=kind, algebra=algebra), x)


def softmax(
    x: Operand, axes: Axes = -1, *, logarithm: bool = False, kind: str = "softmax"
) -> Reading:
    """Each output reads all of ``axes``; an element of minus infinity counts for nothing.

    Of one element alone nothing is left but the number 1, which reads nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html

    >>> from .expression import Known
    >>> softmax(Known((2, 5))).shape
    (2, 5)
    """
    shape = shape_of(x)
    if not shape:
        return read(ops.pointwise(shape, kind=kind), x)
    named = axes_of(axes, len(shape))
    if all(shape[axis] == 1 for axis in named):
        return Reading([], [np.full(shape, 0.0 if logarithm else 1.0)])
    return read(ops.softmax(shape, named, logarithm=logarithm, kind=kind), x)


_KEEPING = ("cumsum", "cummax", "cummin", "nancumsum", "cumulative_sum")


def cumulate(
    x: Operand,
    axis: int | None = None,
    *,
    exclusive: bool = False,
    reverse: bool = False,
    kind: str = "cumsum",
) -> Reading:
    """Running sum, product or extreme: output ``i`` reads ``0 .. i``, or ``i ..`` in reverse.

    ``exclusive`` leaves element ``i`` itself out. Without an axis the operand is flattened.
    https://www.tensorflow.org/api_docs/python/tf/math/cumsum

    >>> from .expression import Known
    >>> cumulate(Known((2, 5)), 1).shape, cumulate(Known((2, 5))).shape
    ((2, 5), (10,))
    """
    if axis is None:
        return cumulate(flatten(x), 0, exclusive=exclusive, reverse=reverse, kind=kind)
    shape = shape_of(x)
    if not shape:
        return read(ops.pointwise(shape, kind=kind), x)
    steps: list[Op] = []
    if exclusive:  # moved by one first, so that a running sum comes last
        pads = (-1, 1) if reverse else (1, -1)
        steps.append(layout.pad(shape, {axis: pads}))
    algebra = "keep" if kind in _KEEPING else None if "prod" in kind else "compare"
    steps.append(ops.cumulate(shape, axis, backward=reverse, kind=kind, algebra=algebra))
    return read(steps, x)


def diff(x: Operand, n: int = 1, axis: int = -1) -> Reading:
    """The ``n``-th difference of neighbours: output ``i`` reads ``i .. i + n``.

    https://numpy.org/doc/stable/reference/generated/numpy.diff.html

    >>> from .expression import Known
    >>> diff(Known((2, 9)), 2).shape
    (2, 7)
    """
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape))
    if n <= 0:
        return read([], x)
    return read(
        ops.along(
            shape,
            {axis: (window(n + 1, 1, 0), max(0, shape[axis] - n))},
            kind="diff",
            algebra="keep",
        ),
        x,
    )


def sort(x: Operand, axis: int | None = -1, *, kind: str = "sort") -> Reading:
    """Which element comes first depends on the whole axis; without one the operand is flattened.

    https://numpy.org/doc/stable/reference/generated/numpy.sort.html

    >>> from .expression import Known
    >>> sort(Known((2, 5))).shape
    (2, 5)
    """
    x, axis = (flatten(x), 0) if axis is None else (x, axis)
    return mix(x, axis, kind=kind, algebra="compare" if "arg" in kind else "keep")


def top_k(x: Operand, k: int, axis: int = -1) -> tuple[Reading, Reading]:
    """The largest ``k`` along an axis, and where they lie: both depend on the whole axis.

    https://onnx.ai/onnx/operators/onnx__TopK.html

    >>> from .expression import Known
    >>> [part.shape for part in top_k(Known((2, 5)), 3)]
    [(2, 3), (2, 3)]
    """
    shape = shape_of(x)
    if not shape:
        made = read(ops.pointwise(shape, kind="topk"), x)
        return made, made
    axis = normalize_axis(axis, len(shape))
    count = integer(k)
    if count is None or not 0 <= count <= shape[axis]:
        raise InvalidModelError(f"k = {k} of an axis of {shape[axis]}")
    made = read(ops.along(shape, {axis: (WHOLE, count)}, kind="topk", algebra="compare"), x)
    return made, made


def searchsorted(table: Operand, values: Operand | float, *, rows: int | None = None) -> Reading:
    """Each value by itself against all of a table of one axis, or against its row of the table.

    ``rows``: so many axes of the table go along with the first ones of the values; None for all
    but its last. https://numpy.org/doc/stable/reference/generated/numpy.searchsorted.html

    >>> from .expression import Known
    >>> searchsorted(Known((2, 9)), Known((2, 5))).shape
    (2, 5)
    """
    own = operand_of(values)
    shape = shape_of(table)
    ahead = shape[: len(shape) - 1 if rows is None else rows]
    met = [*ahead, *[1] * (len(shape_of(own)) - len(ahead))]
    result = broadcast_shape([shape_of(own), met])
    reads = [*broadcast(met, result).reads[: len(ahead)]]
    reads += [Read(None, WHOLE)] * (len(shape) - len(ahead))
    links = broadcast(shape_of(own), result), Link(reads)
    return Reading(Op("searchsorted", result, links), [own, table])


def bitcast(x: Operand, result: Sequence[int]) -> Reading:
    """The same bytes as another type: equal shapes, one axis of parts more, or one less.

    https://www.tensorflow.org/api_docs/python/tf/bitcast

    >>> from .expression import Known
    >>> bitcast(Known((2, 5)), (2, 5, 4)).shape, bitcast(Known((2, 4)), (2,)).shape
    ((2, 5, 4), (2,))
    """
    before = shape_of(x)
    if len(result) > len(before):
        return broadcast_to(reshape(x, (*before, 1)), result)
    return reduce(x, -1, kind="bitcast") if len(result) < len(before) else pointwise(x)
