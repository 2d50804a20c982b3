"""Sums of products with their conventions: einsum's labels, matrices of any rank."""

from __future__ import annotations

from math import prod

from ...errors import InvalidModelError, unfit_shapes
from .. import ops
from .expression import Operand, Reading, read, shape_of


def einsum(equation: str, *operands: Operand) -> Reading:
    """Einstein summation as NumPy writes it; ``...`` stands for axes that broadcast.

    Without an arrow the result has the labels that occur once, sorted, after the axes of ``...``.

    >>> from .expression import Known
    >>> einsum("btc,bsc", Known((1, 6, 4)), Known((1, 6, 4))).shape
    (6, 6)
    """
    terms, arrow, result = equation.replace(" ", "").partition("->")
    texts = terms.split(",")
    if len(texts) != len(operands):
        raise InvalidModelError(f"einsum {equation!r} of {len(operands)} operands")
    shapes = [shape_of(operand) for operand in operands]
    labels = [_labels(text, len(shape)) for text, shape in zip(texts, shapes, strict=True)]
    hidden = sorted({label for names in labels for label in names if isinstance(label, int)})
    if not arrow:
        letters = [c for c in terms if c.isalpha()]
        result = "..." + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    before, dots, after = result.partition("...")
    output: list[object] = [*before, *(hidden if dots else ()), *after]
    unknown = [label for label in output if not any(label in names for names in labels)]
    if unknown or len(set(output)) < len(output):
        raise InvalidModelError(f"einsum {equation!r}: its result does not fit its operands")
    return read(ops.contract(shapes, labels, output, kind="einsum"), *operands)


def _labels(text: str, rank: int) -> list[object]:
    """One label per axis; the axes under ``...`` are numbered from the right."""
    before, dots, after = text.partition("...")
    hidden = rank - len(before) - len(after)
    letters = before + after
    if hidden < 0 or (hidden and not dots) or (letters and not letters.isalpha()):
        raise InvalidModelError(f"labels {text!r} for {rank} axes")
    return [*before, *range(-hidden, 0), *after]


def matmul(
    a: Operand,
    b: Operand,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    weight: bool = False,
    kind: str = "matmul",
) -> Reading:
    """Matrix product: leading axes broadcast; an operand of one axis is a row or a column.

    ``weight``: the second operand is a parameter, and its elements are counted.

    >>> from .expression import Known
    >>> matmul(Known((2, 3, 4)), Known((4,))).shape
    (2, 3)
    """
    shapes = left, right = shape_of(a), shape_of(b)
    if not left or not right:
        raise unfit_shapes("a matrix product needs axes", shapes)
    rows = [] if len(left) == 1 else ["m"]
    columns = [] if len(right) == 1 else ["n"]
    one = [*range(-len(left), -2), *(["k", *rows] if transpose_a else [*rows, "k"])]
    other = [*range(-len(right), -2), *([*columns, "k"] if transpose_b else ["k", *columns])]
    batch = range(-max(len(left), len(right)), -2)
    if left[one.index("k")] != right[other.index("k")]:
        raise unfit_shapes("a matrix product of other sizes", shapes)
    parameters = prod(right[-2:]) if weight else 0
    op = ops.contract(
        shapes, [one, other], [*batch, *rows, *columns], kind=kind, parameters=parameters
    )
    return read(op, a, b)
