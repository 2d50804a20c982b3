"""The vocabulary: what an op reads, as constructors over relations.

Each constructor takes the operand shapes and the op's attributes and returns an ``Op``: the output
shape, one link per operand (None where only the shape is read), and what the op costs. Front ends
translate into this vocabulary; nothing else in rfield knows what a convolution is. ``windows`` has
the ops that slide a window, ``layout`` those that only move or gather elements.

Axes are tensor axes (0 = batch in most layouts) and may be negative. Errors are
``InvalidModelError`` without the layer's name; whoever adds the op to a graph adds the name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import prod

from ..errors import InvalidModelError, unfit_shapes
from .algebra import Algebra, Contraction, Softmax, Zeros
from .arguments import Shape, broadcast_shape, normalize_axis, one
from .link import AnyLink, Link, Read, broadcast, everything, passed
from .operation import FREE_OF_CHARGE, Op, Work
from .relation import IDENTITY, WHOLE, At, Prefix, Relation, shift
from .windows import conv, conv_transpose, group_relation, pool

__all__ = [
    "FREE_OF_CHARGE",
    "UNMOVED",
    "Op",
    "Work",
    "along",
    "constant",
    "contract",
    "conv",
    "conv_transpose",
    "cumulate",
    "dense",
    "group_relation",
    "mix",
    "opaque",
    "pointwise",
    "pool",
    "reduce",
    "softmax",
]

UNMOVED = shift(0)


def along(
    shape: Sequence[int],
    relations: Mapping[int, tuple[Relation, int]],
    *,
    kind: str,
    exact: bool = True,
    depends_on_size: bool = False,
    work: Work = FREE_OF_CHARGE,
    algebra: Algebra | None = None,
) -> Op:
    """Any op that acts axis by axis: ``{axis: (relation, output size)}``; other axes pass.

    >>> along((1, 3, 8), {2: (shift(2), 6)}, kind="crop").shape
    (1, 3, 6)
    """
    reads, result = _kept(len(shape)), list(shape)
    for named, (relation, outputs) in relations.items():
        axis = normalize_axis(named, len(shape))
        unmoved = outputs == shape[axis] and relation == UNMOVED
        reads[axis] = Read(axis, IDENTITY if unmoved else relation)
        result[axis] = outputs
    return Op(
        kind, tuple(result), (Link(reads),),
        exact=exact, depends_on_size=depends_on_size, work=work, algebra=algebra,
    )  # fmt: skip


def pointwise(
    *shapes: Sequence[int],
    kind: str = "pointwise",
    join: bool = False,
    algebra: Algebra | None = None,
) -> Op:
    """Element by element with NumPy broadcasting, any number of operands.

    >>> pointwise((1, 3, 8), (3, 1), kind="add").shape
    (1, 3, 8)
    """
    return _pointwise(tuple(map(tuple, shapes)), kind, join and len(shapes) > 1, algebra)


@lru_cache(maxsize=4096)
def _pointwise(shapes: tuple[Shape, ...], kind: str, join: bool, algebra: Algebra | None) -> Op:
    if not shapes:
        raise InvalidModelError("there are no operands")
    result = broadcast_shape(shapes)
    links = tuple(broadcast(shape, result) for shape in shapes)
    return Op(kind, result, links, join=join, algebra=algebra)


def mix(
    shape: Sequence[int], axes: Sequence[int], *, kind: str, algebra: Algebra | None = None
) -> Op:
    """Every output reads all of ``axes`` and keeps its place on the others: softmax, norms, FFT.

    >>> mix((1, 5, 7), [-1], kind="softmax").links
    (Link(0: =, 1: =, 2: Whole()),)
    """
    reads = _kept(len(shape))
    for named in axes:
        axis = normalize_axis(named, len(shape))
        reads[axis] = Read(axis, WHOLE)
    return Op(kind, tuple(shape), (Link(reads),), algebra=algebra)


def softmax(
    shape: Sequence[int], axes: Sequence[int], *, logarithm: bool = False, kind: str = "softmax"
) -> Op:
    """Every output reads all of ``axes``; an element that is minus infinity counts for nothing.

    >>> softmax((1, 5, 7), [-1]).algebra
    Softmax(axes=(-1,), logarithm=False)
    """
    return mix(shape, axes, kind=kind, algebra=Softmax(tuple(axes), logarithm))


def reduce(
    shape: Sequence[int],
    axes: Sequence[int],
    *,
    keepdims: bool = False,
    zeros: Zeros = "lose",
    kind: str = "reduce",
) -> Op:
    """Sum, mean, max … over ``axes``; ``zeros``: what becomes of known ones.

    >>> reduce((1, 64, 7, 7), [2, 3]).shape
    (1, 64)
    """
    gone = {normalize_axis(axis, len(shape)) for axis in axes}
    reads: list[Read] = []
    result: list[int] = []
    for axis, size in enumerate(shape):
        kept = axis not in gone or keepdims
        place = len(result) if kept else None
        reads.append(Read(place, WHOLE if axis in gone else IDENTITY))
        if kept:
            result.append(1 if axis in gone else size)
    output = tuple(
        ("kept", axis) if axis in gone else axis
        for axis in range(len(shape))
        if keepdims or axis not in gone
    )
    algebra = Contraction((tuple(range(len(shape))),), output, zeros)
    return Op(kind, tuple(result), (Link(reads),), work=Work(adds=prod(shape)), algebra=algebra)


def contract(
    shapes: Sequence[Sequence[int]],
    labels: Sequence[Sequence[object]],
    output: Sequence[object],
    *,
    kind: str = "contract",
    parameters: int = 0,
    products: bool = True,
) -> Op:
    """Einstein summation: axes with equal labels run together, labels not in ``output`` are summed.

    A size-1 axis broadcasts. ``products``: the terms are products, so that a zero in one operand
    takes the other's element away (distances of all pairs are no products). A matrix product:

    >>> contract([(5, 7), (7, 9)], ["ik", "kj"], "ij").shape
    (5, 9)
    """
    sizes: dict[object, int] = {}
    for shape, names in zip(shapes, labels, strict=True):
        if len(shape) != len(names):
            problem = f"{len(names)} axis labels for a shape of rank {len(shape)}"
            raise unfit_shapes(problem, shapes)
        for size, label in zip(shape, names, strict=True):
            known = sizes.setdefault(label, size)
            if size not in (known, 1) and known != 1:
                problem = f"axes of {known} and {size} cannot be contracted"
                raise unfit_shapes(problem, shapes)
            sizes[label] = max(known, size) if 0 not in (known, size) else 0
    places = {label: axis for axis, label in enumerate(output)}
    links: list[AnyLink] = []
    for shape, names in zip(shapes, labels, strict=True):
        if len(set(names)) < len(names):
            links.append(everything(len(shape)))  # a diagonal couples its axes: a bound
            continue
        reads: list[Read] = []
        for size, label in zip(shape, names, strict=True):
            if label not in places:
                reads.append(Read(None, WHOLE))
            elif size == 1 and sizes[label] != 1:
                reads.append(Read(None, At(0)))
            else:
                reads.append(Read(places[label], IDENTITY))
        links.append(Link(reads))
    exact = all(len(set(names)) == len(names) for names in labels)
    work = Work(macs=prod(sizes.values()), parameters=parameters)
    result = tuple(sizes[label] for label in output)
    algebra = Contraction(tuple(map(tuple, labels)), tuple(output)) if products else None
    return Op(kind, result, tuple(links), exact=exact, work=work, algebra=algebra)


def dense(
    shape: Sequence[int], channels: int, *, axis: int = -1, bias: bool = False, kind: str = "dense"
) -> Op:
    """A matrix applied along one axis: every output channel reads the whole axis.

    >>> dense((1, 16, 64), 10).shape
    (1, 16, 10)
    """
    axis, channels = normalize_axis(axis, len(shape)), one("channels", channels, least=0)
    reads, result = _kept(len(shape)), list(shape)
    reads[axis] = Read(None, WHOLE)
    result[axis] = channels
    macs = prod(result) * shape[axis]
    weights = channels * shape[axis] + (channels if bias else 0)
    work = Work(macs, prod(result) if bias else 0, weights)
    return Op(kind, tuple(result), (Link(reads),), work=work, algebra="offset" if bias else "keep")


def cumulate(
    shape: Sequence[int],
    axis: int,
    *,
    backward: bool = False,
    kind: str = "cumsum",
    algebra: Algebra | None = None,
) -> Op:
    """Running ops and recurrent layers: output ``i`` reads everything up to ``i`` along ``axis``.

    >>> cumulate((1, 9), 1).links
    (Link(0: =, 1: Prefix(backward=False)),)
    """
    axis = normalize_axis(axis, len(shape))
    op = along(shape, {axis: (Prefix(backward), shape[axis])}, kind=kind, algebra=algebra)
    return replace(op, keeps=((*shape[:axis], 1, *shape[axis + 1 :]),))


def opaque(shapes: Sequence[Sequence[int]], result: Sequence[int], *, kind: str) -> Op:
    """An op of which nothing is known: every output may read everything. An upper bound.

    >>> opaque([(1, 3, 8)], (1, 5), kind="mystery").exact
    False
    """
    links = tuple(everything(len(shape)) for shape in shapes)
    return Op(kind, tuple(result), links, exact=False)


def constant(shape: Sequence[int], *, kind: str = "constant") -> Op:
    """A value that depends on no input: weights, tables, anything made from shapes alone.

    >>> constant((3, 3)).links
    ()
    """
    return Op(kind, tuple(shape), ())


def _kept(rank: int) -> list[Read]:
    return list(passed(rank).reads)
