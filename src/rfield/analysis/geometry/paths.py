"""The smallest and the largest path's field of each layer, and what follows for depth and size.

The field of a layer is the union over all paths to it. A residual network has short paths too, and
what the shortest of them sees decides whether a layer can still add context: a layer whose input
exceeds the image on every path is *unproductive*, and the sizes between the two extremes are those
at which all layers work and the last one can see all of the image (Richter et al., *Should You Go
Deeper?*, 2021, and *Receptive Field Analysis for Optimizing Convolutional Neural Network
Architectures Without Training*). Whole-axis reads are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from ...core.graph import Graph
from ...core.limits import LISTED
from ...core.link import AnyLink, Link
from ...core.relation import IDENTITY, Sliding
from ...errors import InvalidModelError, RFieldError
from ..answer import Answer
from ..engines.bounds import axis_field
from ..engines.terms import Span, State, Terms, carriers, from_span, terms_of, to_state
from ..engines.through import through
from .fields import choose_source, source_layout

MOST_COMPARED = 4096
"""Values of a model that is read again at the sizes that it is said to suit."""

Pace = tuple[int, int | Fraction | None]
"""Along which axis of a value a path moves, and by how many input positions per step."""


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """What is read along one path, and the largest size of that over the phases."""

    state: State
    size: int


Extremes = dict[Pace, tuple[_Path, _Path]]
"""Per pace, the paths with the smallest and the largest field."""


@dataclass(frozen=True, slots=True)
class PathField:
    """One layer that widens the field: sizes per axis, over the paths that lead to it.

    ``before``: the smallest size of what it reads. ``smallest`` and ``largest``: of its output.
    """

    layer: str
    op: str
    before: tuple[int, ...]
    smallest: tuple[int, ...]
    largest: tuple[int, ...]


@dataclass(frozen=True, repr=False)
class PathFields(Answer):
    """The layers that widen the field, in order, and the size of the input they were read at.

    ``idle``: layers of which at that size all taps but one fall outside what they read.
    """

    schema: ClassVar[str] = "rfield.paths/1"

    wrt: str
    axes: tuple[str, ...]
    input_size: tuple[int | None, ...]
    layers: tuple[PathField, ...]
    last: tuple[int, ...]
    idle: frozenset[str] = frozenset()

    def unproductive(self, size: int | Sequence[int] | None = None) -> tuple[str, ...]:
        """Layers whose input exceeds the image along every axis, on every path.

        At the size that the model was read at, which is the default for ``size``, the ``idle`` ones
        count as well.
        """
        sizes = self._sizes(size)
        idle = self.idle if sizes == self.input_size else frozenset[str]()
        return tuple(
            row.layer
            for row in self.layers
            if row.layer in idle
            or all(n < before for n, before in zip(sizes, row.before, strict=True))
        )

    @property
    def feasible(self) -> tuple[tuple[int, int], ...]:
        """Per axis the smallest and the largest size of image that suit the model.

        From the smallest on every layer is productive; up to the largest one output of the last
        layer can span the image.
        """
        rows = [row.before for row in self.layers]
        lowest = [max(column) for column in zip(*rows, strict=True)] or [1] * len(self.axes)
        return tuple(zip(lowest, self.last, strict=True))

    def _sizes(self, size: int | Sequence[int] | None) -> tuple[int, ...]:
        given = self.input_size if size is None else size
        listed = (given,) * len(self.axes) if isinstance(given, int) else tuple(given)
        sizes = tuple(n for n in listed if isinstance(n, int) and n > 0)
        if len(sizes) != len(self.axes):
            if size is None:
                raise InvalidModelError("the input has free sizes; give one: unproductive(224)")
            raise InvalidModelError(
                f"size = {size!r}; expected positive integers, one or one for each of "
                f"{', '.join(self.axes)}"
            )
        return sizes

    def _facts(self) -> dict[str, Any]:
        known = None not in self.input_size
        return {
            "wrt": self.wrt,
            "axes": self.axes,
            "input_size": self.input_size,
            "layers": [
                {
                    "layer": row.layer,
                    "op": row.op,
                    "before": row.before,
                    "smallest": row.smallest,
                    "largest": row.largest,
                }
                for row in self.layers
            ],
            "feasible": self.feasible,
            "unproductive": self.unproductive() if known else None,
        }

    def _told(self) -> str:
        lines = [
            f"{row.layer}: {_list(row.smallest)} to {_list(row.largest)}, reads {_list(row.before)}"
            for row in self.layers
        ]
        pairs = zip(self.axes, self.feasible, strict=True)
        lines.append("feasible " + ", ".join(f"{n}: {a} to {b}" for n, (a, b) in pairs))
        return "\n".join(lines)


def path_fields(graph: Graph, *, wrt: str | None = None) -> PathFields:
    """The smallest and the largest path's field of every layer that widens it."""
    source = choose_source(graph, None, wrt)
    used = _used(graph, source)
    walks = [_Walk(graph, source, axis, used) for axis in source_layout(graph, source)[1]]
    return _walked(graph, source, wrt, walks, used)


def _walked(
    graph: Graph, source: int, wrt: str | None, walks: Sequence[_Walk], used: Sequence[int]
) -> PathFields:
    names, axes = source_layout(graph, source)
    rows: list[PathField] = []
    widening = [index for index in used if any(index in walk.widens for walk in walks)]
    often = Counter(map(graph.layer_of, widening))
    called = {
        index: graph.layer_of(index) if often[graph.layer_of(index)] == 1 else graph.name_of(index)
        for index in widening
    }
    for index, layer in called.items():
        before = tuple(walk.before(index) for walk in walks)
        low, high = (tuple(walk.size(index, side) for walk in walks) for side in (0, 1))
        rows.append(PathField(layer, graph.nodes[index].kind, before, low, high))
    last = tuple(
        max(walk.size(index, 1) for index in graph.outputs_)
        or max(largest for _, largest in walk.sizes.values())  # behind a whole-axis read
        for walk in walks
    )
    shape = graph.shape(source)
    name = graph.nodes[source].name if wrt is None else wrt
    idle = frozenset(called.get(v) or graph.layer_of(v) for v in idle_values(graph, used))
    return PathFields(name, names, tuple(shape[a] for a in axes), tuple(rows), last, idle)


def other_layers(graph: Graph, found: PathFields) -> tuple[str, ...]:
    """A sentence where the model widens the field by other layers at the sizes that are told."""
    entry = next((one for one in graph.inputs_ if one.name == found.wrt), None)
    if entry is None or entry.free or graph.reread is None or len(graph.nodes) > MOST_COMPARED:
        return ()
    layers = [row.layer for row in found.layers]
    shown = " × ".join(map(str, found.input_size))
    for size in sorted({size for ends in found.feasible for size in ends}):
        shape = list(graph.nodes[entry.node].shape)
        for axis in entry.axes:
            shape[axis] = size
        with suppress(RFieldError):
            other = [row.layer for row in path_fields(graph.reread({entry.name: shape})).layers]
            if other != layers:
                return (
                    f"at {size:,} other layers widen the field: all is told of the model at "
                    f"{shown}; for another size give input_shape",
                )
    return ()


def unproductive_layers(graph: Graph, *, wrt: str | None = None) -> tuple[str, ...]:
    """``path_fields(…).unproductive()``; along a further axis only where a layer is left.

    A layer that is productive along one axis is productive.
    """
    source = choose_source(graph, None, wrt)
    used, shape = _used(graph, source), graph.nodes[source].shape
    needs_all = bool(graph.has_free_axes or idle_values(graph, used))
    left, walks = used, list[_Walk]()
    for axis in source_layout(graph, source)[1]:
        walks.append(_Walk(graph, source, axis, used))
        left = [value for value in left if walks[-1].before(value) > shape[axis]]
        if not (left or needs_all):
            return ()
    return _walked(graph, source, wrt, walks, used).unproductive()


def _used(graph: Graph, source: int) -> list[int]:
    return [index for index in sorted(graph.behind(*graph.outputs_)) if index > source]


def idle_values(graph: Graph, used: Sequence[int]) -> list[int]:
    """The values of which all taps but one lie outside what they read, at every output."""
    return [index for index in used if _is_idle(graph, index)]


def _is_idle(graph: Graph, index: int) -> bool:
    """Whether all taps of a value but one lie outside what it reads, at every output."""
    node = graph.nodes[index]
    if graph.has_free_axes or len(node.operands) != 1 or not isinstance(node.links[0], Link):
        return False
    before, wide = graph.nodes[node.operands[0]].shape, 0
    for read, size in zip(node.links[0].reads, before, strict=True):
        relation = read.relation
        if not isinstance(relation, Sliding) or read.axis is None or len(relation.taps[0]) < 2:
            continue
        wide += 1
        if relation.period > 1 or relation.border != "zero" or len(relation.taps[0]) > LISTED:
            return False
        last = relation.advance * (node.shape[read.axis] - 1)
        inside = (min(t, t + last) < size and max(t, t + last) >= 0 for t in relation.taps[0])
        if sum(inside) > 1:
            return False
    return wide > 0


class _Walk:
    """The extremes of every value, for one axis of the source."""

    def __init__(self, graph: Graph, source: int, axis: int, used: Sequence[int]) -> None:
        self.graph = graph
        start = _Path(Span(axis, 1, 0, 0), 1)
        self.found: dict[int, Extremes] = {source: {(axis, 1): (start, start)}}
        self.sizes: dict[int, tuple[int, int]] = {source: (1, 1)}
        self.widens: dict[int, int] = {}
        last = {operand: index for index in used for operand in graph.nodes[index].operands}
        for index in used:
            self._enter(index)
            for operand in dict.fromkeys(graph.nodes[index].operands):
                if last[operand] == index:  # tables of positions: what is read no more is let go
                    self.found.pop(operand, None)

    def size(self, value: int, side: int) -> int:
        """The smallest (``side`` 0) or largest (1) size; 0 where nothing local is read."""
        return self.sizes.get(value, (0, 0))[side]

    def before(self, value: int) -> int:
        """The smallest size of what a value reads; of one that does not widen it, its own."""
        return self.widens.get(value, self.size(value, 0))

    def _enter(self, index: int) -> None:
        node = self.graph.nodes[index]
        best: Extremes = {}
        reads: list[int] = []
        for operand, link in zip(node.operands, node.links, strict=True):
            before = self.graph.nodes[operand].shape
            for pair in self.found.get(operand, {}).values():
                reads.append(pair[0].size)
                passed = [_passed(path, link, before, node.shape) for path in dict.fromkeys(pair)]
                for side, path in enumerate((passed[0], passed[-1])):
                    if path is None:
                        continue
                    pace, size = _pace(path.state, len(node.shape)), path.size
                    low, high = best.get(pace, (path, path))
                    least, most = low.size, high.size
                    if side == 0 and size < least:
                        low = path
                    if side == 1 and size > most:
                        high = path
                    best[pace] = (low, high)
        if best:
            self.found[index] = best
            self.sizes[index] = (
                min(low.size for low, _ in best.values()),
                max(high.size for _, high in best.values()),
            )
            if self.sizes[index][0] > min(reads):
                self.widens[index] = min(reads)


def _passed(
    path: _Path, link: AnyLink, before: Sequence[int], after: Sequence[int]
) -> _Path | None:
    """One path, one op further, with its size there; None where it ends (a whole-axis read)."""
    if link.is_identity:
        return path
    state = _through(path.state, link, before, after)
    return None if state is None else _Path(state, _span(state, after))


def _through(state: State, link: AnyLink, before: Sequence[int], after: Sequence[int]) -> State:
    if isinstance(state, Span):
        affine = link.affine[state.axis]
        if affine is None and isinstance(link, Link):  # one part of a concatenation
            read = link.reads[state.axis]
            if link.is_part and read.axis is not None and read.relation == IDENTITY:
                return state._replace(axis=read.axis)
        if affine is not None:
            return state.read_by(affine)
        terms = (from_span(state, len(before)),)
    else:
        terms = terms_of(state, len(before))
    passed = [through(term, link, before, after) for term in terms]
    return to_state([term for term in passed if term is not None and not term.is_global])


def _span(state: State, shape: Sequence[int]) -> int:
    """The largest size over the phases."""
    if isinstance(state, Span):
        return state.size
    field = axis_field(state, shape, carriers([state], len(shape)))
    return field.largest


def _pace(state: State, rank: int) -> Pace:
    if isinstance(state, Span):
        return state.axis, state.advance
    assert isinstance(state, Terms)
    term = state.terms[0]
    stride = None if term.advance is None else Fraction(term.advance, term.period)
    return (-1 if term.carrier is None else term.carrier), stride


def _list(sizes: Sequence[int]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else "x".join(map(str, sizes))
