"""Free input sizes: a model is read at sizes that stand for any, and what differs is free.

It is read at a size that every usual stride divides, and again at one that none of them divides,
but 11 and 13 do, or where the model does not take odd sizes at a larger multiple. Shapes that
differ between the two are free; an op that reads other places in the two (SAME padding that is
computed from the size, what is counted from the end) depends on the size. No message shows a size
that was made up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress

from ...core.graph import FreeShape, Graph, Node, SizedShape
from ...core.link import AnyLink, Link
from ...core.relation import Sliding
from ...errors import (
    InvalidModelError,
    RFieldError,
    TooLargeError,
    UnresolvedSizeError,
    show_shape,
)

LADDER = (1_290_240, 20_160, 6_720, 2_520, 672)
"""Sizes that stand for any, the next one where a model does not take the one before; with the last
a mask of all pairs, and a resize that is a matrix, can still be computed."""

IMAGE = 2
"""How many of them are too large for images, whose positions may be laid in one row."""

SECOND = {1_290_240: 2_448_017, 20_160: 46_189, 6_720: 14_443, 2_520: 5_291, 672: 1_573}
"""The second size, about twice the first: code may ask whether 11 or 13 divide a size (17 and 19 of
the two largest), and no other prime up to 7 divides it. It is far enough from twice the first to
show what shares of a size are rounded to: 0.3 of one more position is none."""

SMALL = (8, 16, 32, 64, 128, 256)
"""The first of these that a model takes shows whether it runs other layers at small sizes."""

SHOWN = 3
"""So many layers are named."""

SLIDING = frozenset({"conv", "max_pool", "avg_pool"})

ReadAt = Callable[[Mapping[str, SizedShape]], Graph]


def read_free(
    shapes: Mapping[str, FreeShape],
    measured: Mapping[str, Collection[int]],
    read: ReadAt,
    *,
    branches: bool = True,
) -> Graph:
    """The graph of a model, which can be read again at other sizes; None is a free size.

    Args:
        shapes: of all inputs.
        measured: along which axes of each; on others a free size (a batch) is read as 1.
        read: the graph at given shapes.
        branches: whether the model could run other layers at small sizes.

    Raises:
        RFieldError: what the model says to the first size, if it takes none.
    """
    free = {name: _free(shape, measured[name]) for name, shape in shapes.items()}
    if not any(None in shape for shape in shapes.values()):
        return _again(shapes, free, 0, read)({})
    wide = any(len(axes) > 1 for axes in free.values())
    problem: RFieldError | None = None
    for size in LADDER[IMAGE if wide else 0 :]:
        try:
            graph = read(_filled(shapes, free, size, 1))
            twin = _twin(shapes, free, size, read)
        except (InvalidModelError, TooLargeError) as error:
            if not any(free.values()):  # nothing but a batch, whose size changes nothing
                raise
            problem = problem or _sizeless(error, shapes, free, size, read)
            continue
        same_layers(graph, twin)
        mark(graph, twin)
        if branches and any(free.values()):
            told = small_sizes(graph, lambda n: read(_filled(shapes, free, n, 1)), size)
            graph.assumed = (*graph.assumed, *told)
        for entry in graph.inputs_:
            entry.free = frozenset(free[entry.name])
        graph.reread = _again(shapes, free, size, read)
        return graph
    assert problem is not None
    listed = ", ".join(
        f"{name!r} {show_shape(shape)}" for name, shape in shapes.items() if None in shape
    )
    raise type(problem)(
        f"{problem}\n  The model leaves input sizes free, but does not accept every size.\n"
        f"  Give input_shape; free are: {listed}"
    )


def _free(shape: FreeShape, measured: Collection[int]) -> list[int]:
    return [axis for axis, size in enumerate(shape) if size is None and axis in measured]


def _filled(
    shapes: Mapping[str, FreeShape], free: Mapping[str, Sequence[int]], size: int, batch: int
) -> dict[str, SizedShape]:
    return {
        name: tuple(
            known if known is not None else size if axis in free[name] else batch
            for axis, known in enumerate(shape)
        )
        for name, shape in shapes.items()
    }


def _twin(
    shapes: Mapping[str, FreeShape], free: Mapping[str, Sequence[int]], size: int, read: ReadAt
) -> Graph:
    for second in (SECOND[size], 11 * size // 2):
        with suppress(InvalidModelError, TooLargeError):
            return read(_filled(shapes, free, second, 2))
    return read(_filled(shapes, free, 2 * size, 2))


def _again(
    shapes: Mapping[str, FreeShape], free: Mapping[str, Sequence[int]], size: int, read: ReadAt
) -> Callable[[Mapping[str, Sequence[int]]], Graph]:
    """The same model at other sizes; those that are not given stand for any again."""
    standing = _filled(shapes, free, size, 1)

    def reread(wanted: Mapping[str, Sequence[int]]) -> Graph:
        graph = read({**standing, **{name: tuple(shape) for name, shape in wanted.items()}})
        graph.reread = reread
        return graph

    return reread


def mark(graph: Graph, twin: Graph) -> None:
    """Note in ``graph`` which sizes and which readings differ in the same model at other sizes.

    Values are matched by name: a slice that cuts nothing at one size may cut at another.
    """
    others = {node.name: node for node in twin.nodes}
    for index, node in enumerate(graph.nodes):
        other = others.get(node.name)
        if other is None or _operands(graph, node) != _operands(twin, other):
            node.change(depends_on_size=True)
        if other is None:
            continue
        if node.shape != other.shape and len(node.shape) == len(other.shape):
            graph.free_shapes[index] = tuple(
                a if a == b else None for a, b in zip(node.shape, other.shape, strict=True)
            )
        if not _same(node.links, other.links):
            node.change(depends_on_size=True)


def same_layers(graph: Graph, other: Graph) -> None:
    """See that a model runs the same layers at two sizes that stand for any.

    Raises:
        UnresolvedSizeError: it does not: what it runs at all others, nobody can say.
    """
    here, there = (
        {
            name.partition("/step")[0]: told if told[0] == "conv" else told[:1]
            for name, told in layers(each).items()
        }
        for each in (graph, other)
    )
    if here != there:
        raise UnresolvedSizeError(
            "the model runs other ops at other input sizes, so a size cannot be left free; "
            "give numbers for all sizes"
        )


def small_sizes(graph: Graph, read: Callable[[int], Graph], size: int) -> tuple[str, ...]:
    """A sentence where the model runs other layers at small sizes than at ``size``: from where on.

    Code may look at a size and choose; at the sizes that stand for any it chose the same.
    """
    usual, sized = layers(graph), {node.name for node in graph.nodes if node.op.depends_on_size}

    def changed(at: int) -> list[str] | None:
        """The layers that are others there; None where the model does not take such a size."""
        try:
            found = layers(read(at))
        except RFieldError:
            return None
        told = [
            name for name in {**usual, **found}
            if usual.get(name) != found.get(name) and not (name in sized and name in found)
        ]  # fmt: skip
        return told if _kinds(usual, sized) != _kinds(found, sized) else []

    low, more = next(((n, more) for n in SMALL if (more := changed(n)) is not None), (0, None))
    if not more:
        return ()
    high = size
    while high - low > 1:
        middle = (low + high) // 2
        found = changed(middle)
        low, high, more = (low, middle, more) if found == [] else (middle, high, found or more)
    which = ", ".join(more[:SHOWN]) + f" and {len(more) - SHOWN} more" * (len(more) > SHOWN)
    return (
        f"free sizes are taken to be {high:,} or more: at {low:,} the model runs other layers "
        f"({which}); for small sizes give input_shape",
    )


def layers(graph: Graph) -> dict[str, tuple[object, ...]]:
    """What has weights or windows, by name: the kind, and of windows their steps and spans."""
    return {
        node.name: (node.kind, *(_windows(node.links) if node.kind in SLIDING else ()))
        for node in graph.nodes
        if node.kind in SLIDING or node.op.work.parameters
    }


def _windows(links: Sequence[AnyLink]) -> Iterator[object]:
    """Steps and spans; where a window begins is a matter of padding."""
    for link in links:
        for _, relation in link.reads if isinstance(link, Link) else ():
            if isinstance(relation, Sliding):
                spans = [taps.last - taps.first for taps in relation.taps if taps]
                yield relation.period, relation.advance, max(spans, default=0)


def _kinds(found: Mapping[str, tuple[object, ...]], sized: Collection[str]) -> Counter[object]:
    """How often there is what, whatever its name; how what depends on the size slides is left."""
    return Counter(told[:1] if name in sized else told for name, told in found.items())


def _operands(graph: Graph, node: Node) -> list[str]:
    return [graph.nodes[operand].name for operand in node.operands]


def _same(first: Sequence[AnyLink], second: Sequence[AnyLink]) -> bool:
    """Equal relations; a reshape is the same move at every size."""
    return len(first) == len(second) and all(
        a.reads == b.reads if isinstance(a, Link) and isinstance(b, Link) else type(a) is type(b)
        for a, b in zip(first, second, strict=True)
    )


def _sizeless(
    error: RFieldError,
    shapes: Mapping[str, FreeShape],
    free: Mapping[str, Sequence[int]],
    size: int,
    read: ReadAt,
) -> RFieldError:
    """The error with ``?`` for the numbers that come of a size that was made up."""
    again = [_refusal(_filled(shapes, free, other, 1), read) for other in (3 * size, 2 * size)]
    return type(error)(without_sizes([str(error), *(text for text in again if text)], size))


def _refusal(sizes: Mapping[str, SizedShape], read: ReadAt) -> str:
    """What the model says to these sizes, if it does not take them."""
    try:
        read(sizes)
    except RFieldError as error:
        return str(error)
    return ""


def without_sizes(texts: Sequence[str], size: int) -> str:
    """The first text with ``?`` for each number in which it differs from the others.

    Where they differ in more than numbers, for each that may come of ``size``.

    >>> without_sizes(["a: 96 and 88 of 3", "a: 192 and 184 of 3"], 96)
    'a: ? and ? of 3'
    >>> without_sizes(["a: 640 of 3"], 640)
    'a: ? of 3'
    """
    first, *others = [re.split(r"(\d[\d,]*)", text) for text in texts]
    alike = [parts for parts in others if parts[::2] == first[::2]]

    def shown() -> Iterator[str]:
        for place, part in enumerate(first):
            number = place % 2 and int(part.replace(",", ""))
            moves = any(parts[place] != part for parts in alike)
            made_up = not alike and number >= size // 64
            tail = "," if place % 2 and part.endswith(",") else ""
            yield f"?{tail}" if place % 2 and (moves or made_up) else part

    return "".join(shown())
