"""Sums of products: einsum, matrix products and what is written with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import prod

from ...errors import InvalidModelError, bad_shapes, unfit_shapes
from .. import ops
from ..arguments import broadcast_shape, normalize_axis
from ..indices import IndexSet
from ..link import Link, Read
from ..operation import Op
from ..relation import IDENTITY, WHOLE, ZERO, At, Prefix, Sliding, Spaced, Table, minimal
from .elementwise import pointwise
from .expression import Operand, Reading, read, shape_of
from .masks import tril
from .reduction import reduce
from .shaping import broadcast_to, flatten, reshape, swapaxes

Labels = Sequence[object]


def contract(
    labels: Sequence[Labels],
    output: Labels,
    *operands: Operand,
    kind: str = "contract",
    parameters: int = 0,
    products: bool = True,
) -> Reading:
    """Einstein summation by labels, one per axis; a size of 1 broadcasts.

    A label that stands twice in a term takes the diagonal first, so the result is exact.

    >>> from .expression import Known
    >>> contract(["ik", "kj"], "ij", Known((5, 7)), Known((7, 9))).shape
    (5, 9)
    """
    pairs = [_diagonal(*pair) for pair in zip(operands, labels, strict=True)]
    missing = [label for label in output if not any(label in names for _, names in pairs)]
    if missing or len(set(output)) < len(output):
        raise InvalidModelError(f"the output {_show(output)} has a label twice, or one of no term")
    shapes = [shape_of(operand) for operand, _ in pairs]
    op = ops.contract(
        shapes, [names for _, names in pairs], output,
        kind=kind, parameters=parameters, products=products,
    )  # fmt: skip
    return read(op, *(operand for operand, _ in pairs))


def _diagonal(x: Operand, names: Labels) -> tuple[Operand, Labels]:
    shape = shape_of(x)
    if len(names) != len(shape):
        raise InvalidModelError(f"the term {_show(names)} does not fit {len(shape)} axes")
    once = list(dict.fromkeys(names))
    if len(once) == len(names):
        return x, names
    sizes = dict(zip(names, shape, strict=True))
    if any(sizes[label] != size for label, size in zip(names, shape, strict=True)):
        raise unfit_shapes(f"the term {_show(names)} has axes of several sizes", [shape])
    link = Link([Read(once.index(label), IDENTITY) for label in names])
    return read(
        Op("diagonal", tuple(sizes[label] for label in once), (link,), algebra="move"), x
    ), once


def _show(names: Labels) -> str:
    dots = any(isinstance(name, int) for name in names)
    return repr(("..." if dots else "") + "".join(str(n) for n in names if not isinstance(n, int)))


def einsum(equation: str, *operands: Operand, kind: str = "einsum") -> Reading:
    """NumPy's ``einsum``: ellipsis, diagonals, and without an arrow the letters that stand once.

    Without an arrow the result has the axes under the dots first, then those letters, sorted.
    https://numpy.org/doc/stable/reference/generated/numpy.einsum.html

    >>> from .expression import Known
    >>> einsum("btc,bsc", Known((2, 6, 3)), Known((2, 4, 3))).shape
    (4, 6)
    """
    terms, arrow, output = "".join(equation.split()).partition("->")
    listed = terms.split(",")
    if len(listed) != len(operands):
        raise InvalidModelError(
            f"the equation {equation!r} has {len(listed)} terms for {len(operands)} operands"
        )
    labels = [_labels(t, len(shape_of(x))) for t, x in zip(listed, operands, strict=True)]
    wide = max((sum(isinstance(label, int) for label in names) for names in labels), default=0)
    if arrow:
        head, dots, tail = output.partition("...")
        result: list[object] = [*head, *(range(-wide, 0) if dots else ()), *tail]
    else:
        times = Counter(label for names in labels for label in names if isinstance(label, str))
        result = [*range(-wide, 0), *sorted(letter for letter in times if times[letter] == 1)]
    return contract(labels, result, *operands, kind=kind)


def _labels(term: str, rank: int) -> list[object]:
    """Letters as they are; the axes under ``...`` are counted from their end."""
    head, dots, tail = term.partition("...")
    wide = rank - len(head) - len(tail) if dots else 0
    plain = (head + tail).isalpha() or not head + tail
    if wide < 0 or not plain or len(head) + len(tail) + wide != rank:
        raise InvalidModelError(f"the term {term!r} does not fit an operand of {rank} axes")
    return [*head, *range(-wide, 0), *tail]


def matmul(
    a: Operand,
    b: Operand,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    parameters: int = 0,
    kind: str = "matmul",
) -> Reading:
    """``a @ b``: batch axes broadcast, a vector has no batch and is not transposed.

    ``parameters``: how many elements of the operands are weights.
    https://numpy.org/doc/stable/reference/generated/numpy.matmul.html

    >>> from .expression import Known
    >>> matmul(Known((4, 1, 2, 3)), Known((5, 7, 3)), transpose_b=True).shape
    (4, 5, 2, 7)
    """
    one, other = shape_of(a), shape_of(b)
    left = _sides(one, ["k", "m"] if transpose_a else ["m", "k"])
    right = _sides(other, ["n", "k"] if transpose_b else ["k", "n"])
    if not one or not other or one[left.index("k")] != other[right.index("k")]:
        raise bad_shapes(kind, [one, other], "the inner sizes differ")
    batch = range(-max(len(one), len(other)), -2)
    output = [name for name in (*batch, "m", "n") if name in left or name in right]
    return contract([left, right], output, a, b, kind=kind, parameters=parameters)


def _sides(shape: Sequence[int], names: list[object]) -> list[object]:
    return ["k"] if len(shape) < 2 else [*range(-len(shape), -2), *names]


def tensordot(a: Operand, b: Operand, axes: int | Sequence[int | Sequence[int]] = 2) -> Reading:
    """Contract the last ``axes`` of ``a`` with the first of ``b``, or named pairs of axes.

    https://numpy.org/doc/stable/reference/generated/numpy.tensordot.html

    >>> from .expression import Known
    >>> tensordot(Known((2, 3, 4)), Known((4, 3, 5)), ([1, 2], [1, 0])).shape
    (2, 5)
    """
    one, other = len(shape_of(a)), len(shape_of(b))
    if isinstance(axes, int):
        first, second = list(range(one - axes, one)), list(range(axes))
    else:
        first, second = ([side] if isinstance(side, int) else list(side) for side in axes)
    left: list[object] = [("a", k) for k in range(one)]
    right: list[object] = [("b", k) for k in range(other)]
    for number, (here, there) in enumerate(zip(first, second, strict=True)):
        left[normalize_axis(here, one)] = right[normalize_axis(there, other)] = number
    output = [name for name in (*left, *right) if not isinstance(name, int)]
    return contract([left, right], output, a, b, kind="tensordot")


def dot(a: Operand, b: Operand) -> Reading:
    """The last axis of ``a`` with the last but one of ``b``; no batch, no broadcasting.

    https://numpy.org/doc/stable/reference/generated/numpy.dot.html

    >>> from .expression import Known
    >>> dot(Known((2, 3)), Known((5, 3, 4))).shape
    (2, 5, 4)
    """
    one, other = shape_of(a), shape_of(b)
    if not one or not other:
        return pointwise(a, b, kind="dot", algebra="multiply")
    return tensordot(a, b, ([-1], [-2 if len(other) > 1 else -1]))


def inner(a: Operand, b: Operand) -> Reading:
    """The last axis of both is summed.

    https://numpy.org/doc/stable/reference/generated/numpy.inner.html

    >>> from .expression import Known
    >>> inner(Known((2, 3)), Known((5, 3))).shape
    (2, 5)
    """
    return tensordot(a, b, ([-1], [-1]))


def outer(a: Operand, b: Operand) -> Reading:
    """Every pair of elements; operands of several axes are flattened.

    https://numpy.org/doc/stable/reference/generated/numpy.outer.html

    >>> from .expression import Known
    >>> outer(Known((2, 2)), Known((3,))).shape
    (4, 3)
    """
    return contract(["i", "j"], "ij", flatten(a), flatten(b), kind="outer")


def bilinear(a: Operand, b: Operand, channels: int) -> Reading:
    """``a W b`` for every channel: the last axis of both is read whole, position by position.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html

    >>> from .expression import Known
    >>> bilinear(Known((5, 3)), Known((5, 4)), 7).shape
    (5, 7)
    """
    rows = range(len(shape_of(a)) - 1)
    made = contract([[*rows, "a"], [*rows, "b"]], [*rows], a, b, kind="bilinear")
    (op,) = made.steps
    return Reading(Op("bilinear", (*op.shape, channels), op.links), made.operands)


def dense(x: Operand, channels: int, *, axis: int = -1, bias: bool = False) -> Reading:
    """A matrix of weights along one axis: every output channel reads the whole axis.

    https://keras.io/api/layers/core_layers/dense/

    >>> from .expression import Known
    >>> dense(Known((1, 16, 64)), 10).shape
    (1, 16, 10)
    """
    return read(ops.dense(shape_of(x), channels, axis=axis, bias=bias), x)


def cdist(a: Operand, b: Operand) -> Reading:
    """Distances of all pairs of rows, batch by batch.

    https://docs.pytorch.org/docs/stable/generated/torch.cdist.html

    >>> from .expression import Known
    >>> cdist(Known((2, 5, 3)), Known((1, 7, 3))).shape
    (2, 5, 7)
    """
    batch = range(-max(len(shape_of(a)), len(shape_of(b))), -2)
    left, right = (
        [*range(-len(shape_of(x)), -2), row, "k"] for x, row in ((a, "p"), (b, "r"))
    )  # fmt: skip
    return contract([left, right], [*batch, "p", "r"], a, b, kind="cdist", products=False)


def cross(a: Operand, b: Operand, axis: int = -1) -> Reading:
    """The vector product: each component reads the other two of both.

    https://numpy.org/doc/stable/reference/generated/numpy.cross.html

    >>> from .expression import Known
    >>> cross(Known((5, 3)), Known((3,))).shape
    (5, 3)
    """
    both = pointwise(a, b, kind="cross").shape
    axis = normalize_axis(axis, len(both))
    if both[axis] != 3:
        raise unfit_shapes(f"axis {axis} does not have 3 components", [shape_of(a), shape_of(b)])
    others = Table(tuple(IndexSet.of(k for k in range(3) if k != i) for i in range(3)))
    op = ops.along(both, {axis: (others, 3)}, kind="cross")
    pair = Op("cross", both, (*op.links, *op.links), join=True)
    return Reading(pair, [broadcast_to(a, both), broadcast_to(b, both)])


def kron(a: Operand, b: Operand) -> Reading:
    """Every element of ``a`` times all of ``b``, block by block: ``a[i // n] * b[i % n]``.

    https://numpy.org/doc/stable/reference/generated/numpy.kron.html

    >>> from .expression import Known
    >>> kron(Known((2, 3)), Known((4,))).shape
    (2, 12)
    """
    rank = max(len(shape_of(a)), len(shape_of(b)))
    one, other = ((1,) * (rank - len(shape_of(x))) + shape_of(x) for x in (a, b))
    first = [
        Read(k, minimal(Sliding(n, 1, (ZERO,) * n))) for k, n in enumerate(max(1, n) for n in other)
    ]
    second = [
        Read(k, Sliding(n, 0, Spaced.of(ZERO, 1, n)))
        for k, n in enumerate(max(1, n) for n in other)
    ]
    shape = tuple(m * n for m, n in zip(one, other, strict=True))
    op = Op("kron", shape, (Link(first), Link(second)), join=True)
    return Reading(op, [reshape(a, one), reshape(b, other)])


def matrix_function(
    x: Operand, sizes: Sequence[int], *, exact: bool = True, kind: str = "matrix"
) -> Reading:
    """Inverse, determinant, decompositions: every number reads the whole of the last two axes.

    ``sizes``: what stands for the two axes in the result. Not ``exact``: some read less (the
    factors of a triangular decomposition).
    https://numpy.org/doc/stable/reference/routines.linalg.html

    >>> from .expression import Known
    >>> matrix_function(Known((8, 3, 3)), ()).shape
    (8,)
    """
    shape = shape_of(x)
    batch = shape[:-2]
    op = ops.reduce((*batch, prod(shape[-2:])), [-1], kind=kind)
    flat = reshape(x, (*batch, prod(shape[-2:])))
    made = Op(kind, (*batch, *sizes), op.links, exact=exact, work=op.work)
    return read(made, flat)


def cholesky(x: Operand, *, upper: bool = False) -> Reading:
    """``L`` with ``L @ L.T = x``: ``L[i, j]`` reads row ``i`` up to ``j``, and the corner before.

    Of the lower triangle, that is ``x[i, 0 .. j]`` and ``x[p, q]`` with ``q <= p <= j``; nothing
    above the diagonal. ``L[2, 1]`` reads ``x[2, 0]``, ``x[2, 1]`` and the corner of two rows.
    ``upper``: ``U`` with ``U.T @ U = x``, of the upper triangle.
    https://numpy.org/doc/stable/reference/generated/numpy.linalg.cholesky.html

    >>> from .expression import Known
    >>> cholesky(Known((2, 8, 8))).shape
    (2, 8, 8)
    """
    if upper:
        return swapaxes(cholesky(swapaxes(x, -1, -2)), -1, -2)
    shape, last = shape_of(x), len(shape_of(x)) - 1
    if last < 1 or shape[-1] != shape[-2]:
        raise unfit_shapes("the matrix is no square", [shape])
    batch = [Read(axis, IDENTITY) for axis in range(last - 1)]
    row = Link([*batch, Read(last - 1, IDENTITY), Read(last, Prefix())])
    corner = Link([*batch, Read(last, Prefix())])
    rows = reduce(tril(x), -1, kind="cholesky_rows")
    return tril(Reading(Op("cholesky", shape, (row, corner)), [x, rows]))


def solve(
    a: Operand,
    b: Operand,
    *,
    left: bool = True,
    triangle: str | None = None,
    exact: bool = True,
    kind: str = "solve",
) -> Reading:
    """``x`` with ``a @ x = b``: each column reads its own of ``b``, and all of ``a``.

    Not ``left``: ``x @ a = b``, row by row. ``triangle``: of a ``"lower"`` matrix a row of ``x``
    reads the rows of ``b`` up to its own, of an ``"upper"`` one those from its own. Not ``exact``:
    the matrix has zeros, so some read less.
    https://numpy.org/doc/stable/reference/generated/numpy.linalg.solve.html

    >>> from .expression import Known
    >>> solve(Known((8, 8)), Known((2, 8, 3))).shape
    (2, 8, 3)
    """
    if len(shape_of(b)) in (1, len(shape_of(a)) - 1) and shape_of(b)[-1:] == shape_of(a)[-1:]:
        wide = (*shape_of(b), 1)
        found = solve(a, reshape(b, wide), left=left, triangle=triangle, exact=exact, kind=kind)
        return reshape(found, found.shape[:-1])
    own, given = shape_of(a), shape_of(b)
    if own[-1] != own[-2] or given[-2 if left else -1] != own[-1]:
        raise unfit_shapes("the matrix does not fit", [own, given])
    shape = (*broadcast_shape([own[:-2], given[:-2]]), *given[-2:])
    solved, rank = len(shape) - (2 if left else 1), len(shape)
    before = {"lower": left, "upper": not left}.get(triangle or "")
    mixed = Read(None, WHOLE) if before is None else Read(solved, Prefix(backward=not before))
    rows = [*_batch(given, shape), Read(rank - 2, IDENTITY), Read(rank - 1, IDENTITY)]
    rows[solved - rank] = mixed
    matrix = [*_batch(own, shape), Read(None, WHOLE), Read(None, WHOLE)]
    return Reading(Op(kind, shape, (Link(matrix), Link(rows)), exact=exact), [a, b])


def _batch(shape: Sequence[int], result: Sequence[int]) -> list[Read]:
    """The reads of batch axes that broadcast, all but the last two."""
    ahead = len(result) - len(shape)
    return [
        Read(ahead + k, IDENTITY) if size == result[ahead + k] else Read(None, At(0))
        for k, size in enumerate(shape[:-2])
    ]
