"""The graph: values, and who reads whom.

A ``Graph`` is a list of ``Node`` in topological order (operands before readers) with the names that
the user knows. It knows neither where it came from nor what will be asked of it. ``Draft`` is how
every front end makes one: nodes may come in any order, ``finish`` sorts, checks and freezes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Literal, cast

from ..errors import InvalidModelError, show_shape, unknown_name
from .link import AnyLink, of_rank
from .node import Node, SizedShape, Weights, behind, check_link, dependents, disorder
from .operation import Op

if TYPE_CHECKING:
    from .known import Known

SoftMasks = Literal["keep", "cut"]
"""Masks of finite numbers (-100, -1e9): as they are, or taken for minus infinity."""
FreeShape = tuple[int | None, ...]


@dataclass(slots=True, eq=False)
class Input:
    """A graph input: the value ``node``, its spatial ``axes``, and which of its sizes are free."""

    name: str
    node: int
    axes: tuple[int, ...]
    free: frozenset[int] = frozenset()


class _Watched:
    """What can be told of when it is gone."""

    __slots__ = ("__weakref__",)


@dataclass(slots=True, eq=False)
class Graph(_Watched):
    """Values in topological order, with inputs, outputs and the layer names users know.

    ``layers`` maps a layer name to the index of its value; several names may share one value.
    ``main_output``: the place of the output that is meant where none is named; models that return
    several return it first. ``reread`` gives the same model at other input sizes, where its source
    can do that. ``guessed``: nobody said which axes of the inputs are positions.
    ``soft_masks``: what was asked of masks of finite numbers. ``premises``: what answers rest on
    that the model does not show, once somebody asked. ``taken``: the layers whose code took numbers
    out of tensors that depend on an input. ``assumed``: what the front end took for granted, in
    sentences. ``restless``: what a call of the model changes for the next, which reads otherwise.
    ``named`` is ``layer_index`` the other way round, ``numbers`` the values by the names of their
    nodes, ``sweeps`` what every value reads of an input, by its node and axes; they are made when
    they are first needed.
    """

    nodes: list[Node]
    inputs_: tuple[Input, ...]
    outputs_: tuple[int, ...]
    layer_index: dict[str, int]
    reread: Callable[[Mapping[str, Sequence[int]]], Graph] | None = None
    free_shapes: dict[int, FreeShape] = field(default_factory=dict[int, FreeShape])
    origin: str = ""
    named: dict[int, str] | None = None
    main_output: int = -1
    numbers: dict[str, int] | None = None
    guessed: bool = False
    soft_masks: SoftMasks = "keep"
    premises: tuple[str, ...] | None = None
    taken: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    restless: tuple[str, ...] = ()
    sweeps: dict[tuple[int, tuple[int, ...]], object] = field(
        init=False, default_factory=dict[tuple[int, tuple[int, ...]], object]
    )

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """What goes to another process: all but what can be had there, or stays here."""
        state = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return None, {**state, "reread": None, "sweeps": {}}

    @property
    def main(self) -> int:
        """The output that is meant where none is named."""
        return self.outputs_[self.main_output]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(entry.name for entry in self.inputs_)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(self.nodes[index].name for index in self.outputs_)

    @property
    def layers(self) -> tuple[str, ...]:
        """Layer names in the order in which their values are computed."""
        return tuple(self.layer_index)

    def index(self, name: str) -> int:
        """The value that a layer, input, output or node name stands for."""
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a user's
            raise unknown_name("layer", name, [*self.layer_index, *self.inputs])
        if name in self.layer_index:
            return self.layer_index[name]
        if self.numbers is None:
            self.numbers = {node.name: n for n, node in reversed([*enumerate(self.nodes)])}
        if name in self.numbers:
            return self.numbers[name]
        raise unknown_name("layer", name, [*self.layer_index, *self.inputs])

    def shape(self, index: int) -> FreeShape:
        """The shape of a value; sizes that change with a free input size are None."""
        return self.free_shapes.get(index, self.nodes[index].shape)

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Who reads whom, as pairs of names: a layer or input, and a layer that reads it.

        Ops between layers that are no layer themselves are passed through. Of several names of one
        value the first stands for it.
        """
        names = {value: name for name, value in reversed(self.layer_index.items())}
        names |= {entry.node: entry.name for entry in self.inputs_}
        found: list[tuple[str, str]] = []
        nearest: list[dict[str, None]] = []
        for value, node in enumerate(self.nodes):
            read = dict[str, None]()
            for operand in node.operands:
                read |= nearest[operand]
            if value in names:
                found += [(name, names[value]) for name in read]
                read = {names[value]: None}
            nearest.append(read)
        return tuple(found)

    @property
    def has_free_axes(self) -> bool:
        """Whether any input size is free."""
        return any(entry.free for entry in self.inputs_)

    def entry(self, name: str) -> Input:
        """The input called ``name``."""
        for entry in self.inputs_:
            if entry.name == name:
                return entry
        raise unknown_name("input", name, self.inputs)

    def behind(self, *values: int) -> set[int]:
        """The values themselves and everything that they depend on."""
        return behind(self.nodes, values)

    def dependents(self, *values: int) -> set[int]:
        """The values themselves and everything that depends on them."""
        return dependents(self.nodes, values)

    def between(self, source: int, value: int) -> list[int]:
        """What depends on ``source`` and leads to ``value``, itself included, in order."""
        return sorted((self.dependents(source) & self.behind(value)) - {source})

    def name_of(self, index: int) -> str:
        """A name for this value alone: that of the layer which it ends, else its own."""
        if self.named is None:
            self.named = {value: name for name, value in reversed(self.layer_index.items())}
        return self.named.get(index) or self.nodes[index].name

    def names_of(self, layer: str) -> list[str]:
        """All names of the value of a layer, its own first: the key of an output may be another."""
        value = self.index(layer)
        named = (name for name, index in self.layer_index.items() if index == value)
        return list(dict.fromkeys((layer, *named, self.nodes[value].name)))

    def layer_of(self, index: int) -> str:
        """The user's name for a value: of the layer that it ends, or is computed in."""
        name = self.name_of(index)
        return name if name in self.layer_index else self.nodes[index].layer or name

    def validate(self) -> Graph:
        """Check order, ranks and shapes; return the graph, or raise ``InvalidModelError``."""
        nodes = self.nodes
        for index, node in enumerate(nodes):
            if min(node.shape, default=0) < 0:
                raise InvalidModelError(
                    f"{node.name}: shape {show_shape(node.shape)}; expected sizes of at least 0"
                )
            for operand, link in zip(node.operands, node.links, strict=True):
                if not 0 <= operand < index:
                    raise InvalidModelError(disorder(node, index, operand, nodes))
                check_link(node, nodes[operand], link)
        if not self.outputs_:
            raise InvalidModelError("the graph has no outputs")
        return self

    def __repr__(self) -> str:
        return (
            f"<Graph {self.origin or ''} {len(self.nodes)} values, "
            f"{', '.join(self.inputs)} -> {', '.join(self.outputs)}>"
        )


def _no_masks() -> dict[int, Known]:
    return {}


def _no_borders() -> dict[int, Known | None]:
    return {}


def _nothing_else() -> list[dict[int, Any] | set[int]]:
    return []


def _forget(store: dict[int, Any] | set[int], gone: set[int]) -> None:
    if isinstance(store, set):
        store -= gone
        return
    for index in gone:
        del store[index]


@dataclass(slots=True, eq=False)
class Draft:
    """A graph in the making. ``add`` returns the index by which later ops name the value.

    ``layer``: the user's layer that the ops added from now on are part of; ``tables``: what
    they read that depends on no input, ``weights`` the parameters of it; ``known``: what is known
    of the elements of some values; ``moved``: the values whose elements are those of their operands
    in other places; ``borders``: of values behind a border, what is known but for that; ``beside``:
    what else is known of values, by whoever makes the graph;
    ``stitching``: concatenations that pad or roll are read as what they are.
    """

    nodes: list[Node] = field(default_factory=list[Node])
    entries: list[Input] = field(default_factory=list[Input])
    names: dict[str, int] = field(default_factory=dict[str, int])
    layer: str = ""
    tables: tuple[object, ...] = ()
    weights: Weights | None = None
    known: dict[int, Known] = field(default_factory=_no_masks)
    moved: set[int] = field(default_factory=set[int])
    borders: dict[int, Known | None] = field(default_factory=_no_borders)
    beside: list[dict[int, Any] | set[int]] = field(default_factory=_nothing_else)
    stitching: bool = True

    def input(
        self, name: str, shape: Sequence[int], axes: Sequence[int], free: Iterable[int] = ()
    ) -> int:
        """Declare an input; ``axes`` are the tensor axes along which fields are measured."""
        index = self._append(Node.source_of(name, shape))
        self.entries.append(Input(name, index, tuple(axes), frozenset(free)))
        return index

    def add(
        self,
        name: str,
        op: Op,
        operands: Sequence[int],
        *,
        source: str = "",
        known: Known | EllipsisType | None = ...,
    ) -> int:
        """Add one op; operands of which only the shape is read are dropped.

        ``known``: what is known of its result, where the op was narrowed to that already; ``...``:
        it was not.
        """
        if len(op.links) != len(operands):
            raise InvalidModelError(f"{name}: {len(operands)} operands for {len(op.links)} links")
        op, operands, parts = self.stitched(op, operands)
        if known is ...:
            known = None
            if self.known and any(operand in self.known for operand in operands):
                from .known import narrowed  # NumPy, which a graph without masks never needs

                shapes = [self.nodes[operand].shape for operand in operands]
                op, known = narrowed(op, [self.known.get(operand) for operand in operands], shapes)
        if op.repeats:
            operands = [*operands, *(operands[place] for place in op.repeats)]
        if None in op.links:
            kept = [(o, link) for o, link in zip(operands, op.links, strict=True) if link]
            operands = [o for o, _ in kept]
            links: tuple[AnyLink, ...] = tuple(link for _, link in kept)
        else:
            links = cast("tuple[AnyLink, ...]", op.links)  # no None is left here
        if any(link.is_identity and len(link.affine) != len(op.shape) for link in links):
            links = tuple(of_rank(link, len(op.shape)) for link in links)
        index = self._append(
            Node(
                name, op, tuple(operands), links, source, self.layer, (*self.tables, *op.tables),
                None if known is None else known.unread, weights=self.weights, parts=parts,
            )
        )  # fmt: skip
        if known is not None:
            self.known[index] = known
        if op.algebra == "move":
            self.moved.add(index)
        return index

    def stitched(
        self, op: Op, operands: Sequence[int]
    ) -> tuple[Op, Sequence[int], tuple[int, ...]]:
        """The op as padding or a roll, if it is a concatenation that is one, and what it reads.

        Behind them the values in between, which are passed by.
        """
        if not (self.stitching and op.algebra == "move" and op.links):
            return op, operands, ()
        if not getattr(op.links[0], "is_part", False):
            return op, operands, ()
        from .stitched import as_padding

        return as_padding(self, op, operands) or (op, operands, ())

    def forget(self, count: int) -> None:
        """Keep the first ``count`` values only; others will have the numbers of those after."""
        for node in self.nodes[count:]:
            del self.names[node.name]
        del self.nodes[count:]
        for store in (self.known, self.borders, self.moved, *self.beside):
            _forget(store, {index for index in store if index >= count})

    def chain(self, name: str, steps: Sequence[Op], operand: int, *, source: str = "") -> int:
        """Add ops that follow each other; the last one carries the name."""
        for number, op in enumerate(steps, 1):
            label = name if number == len(steps) else f"{name}/step{number}"
            operand = self.add(label, op, [operand], source=source)
        return operand

    def shape(self, index: int) -> SizedShape:
        """The shape of a value added before."""
        return self.nodes[index].shape

    def _append(self, node: Node) -> int:
        if node.name in self.names:
            raise InvalidModelError(f"{node.name}: the name is taken already")
        index = self.names[node.name] = len(self.nodes)
        self.nodes.append(node)
        return index

    def finish(
        self,
        outputs: Sequence[int],
        layers: dict[str, int] | None = None,
        *,
        origin: str = "",
    ) -> Graph:
        """Freeze. ``layers`` defaults to every node under its own name.

        An output that lies in no layer (a resize at the end) is one, called as its op is.
        """
        chosen = dict(self.names) if layers is None else layers
        named = {*chosen.values(), *(entry.node for entry in self.entries)}
        ends = {self.nodes[i].name: i for i in outputs if i not in named}
        if ends:
            chosen = dict(sorted({**chosen, **ends}.items(), key=lambda item: item[1]))
        graph = Graph(list(self.nodes), tuple(self.entries), tuple(outputs), chosen, origin=origin)
        return graph.validate()

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)
