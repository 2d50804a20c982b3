"""Variables and tables: what a node finds in one is what was put there last before it.

TensorFlow writes into variables, and control inputs say in which order. Here every node that takes
a variable is made to take the node that wrote to it last instead, whose value is what it wrote; a
function that writes to its arguments returns, behind its outputs, what is in them then. After that
a graph is values that are made of values, as everywhere else. A node that no path leads to from a
write finds what was there before the run, and a write that nobody finds is not read at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ...errors import InvalidModelError
from ..machine.names import printable
from .bodies import Body, Item, Reference, Waiting, controls, sort
from .sources import ASSIGNING, RESOURCE, VARIABLES

_HANDLES = frozenset({
    *VARIABLES, "HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2",
    "MutableDenseHashTable", "MutableDenseHashTableV2", "MutableHashTableOfTensors",
    "MutableHashTableOfTensorsV2", "AnonymousHashTable", "AnonymousMutableHashTable",
    "AnonymousMutableDenseHashTable", "AnonymousMutableHashTableOfTensors", "Stack", "StackV2",
    "FIFOQueue", "FIFOQueueV2", "PaddingFIFOQueue", "PaddingFIFOQueueV2", "PriorityQueue",
    "PriorityQueueV2", "RandomShuffleQueue", "RandomShuffleQueueV2",
})  # fmt: skip
_REFERENCES = frozenset({"Variable", "VariableV2", "TemporaryVariable", "AutoReloadVariable"})
"""Variables that are tensors: every op may take one, and what it takes is what is in it then."""

_PASSING = frozenset({"Identity", "RefIdentity", "Enter", "RefEnter", "Switch", "RefSwitch"})
_INSIDE = frozenset({"Enter", "RefEnter", "Switch", "RefSwitch"})
_READS = frozenset({
    "DestroyResourceOp", "IsVariableInitialized", "LookupTableExport", "LookupTableExportV2",
    "LookupTableFind", "LookupTableFindV2", "LookupTableSize", "LookupTableSizeV2", "QueueClose",
    "QueueCloseV2", "QueueSize", "QueueSizeV2", "ReadVariableOp", "ResourceGather",
    "ResourceGatherNd", "StackClose", "StackCloseV2", "VarIsInitializedOp", "VariableShape",
})  # fmt: skip
_WHILE = frozenset({"While", "StatelessWhile"})
_BRANCHES = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall", "RemoteCall"})


class Refused(Item):
    """What is in a variable where nobody can tell; an error once it is read."""

    __slots__ = ("why",)

    def __init__(self, name: str, why: str, *inputs: Reference) -> None:
        super().__init__((), 0, name, "Refused")
        self.why = why
        self.inputs = inputs


class Handle(NamedTuple):
    """A variable: its key, and the last Switch or Enter on the way from it, or -1."""

    key: object
    by_reference: bool
    inside: int


State = dict[object, Reference]
"""What was written last, by variable."""


class Functions(Protocol):
    """The functions that a graph may call, by name."""

    def __contains__(self, name: str) -> bool: ...

    def body(self, name: str) -> Body:
        """The nodes of one."""
        ...

    def returns(self, name: str) -> tuple[str, ...]:
        """The names of what it returns."""
        ...


def settle(body: Body, library: Functions) -> None:
    """Let what takes a variable take what was written to it last."""
    writes = [place for place, item in enumerate(body.items) if item.op in ASSIGNING]
    found = _Settling(body, library)
    if found.handles:
        found.run()
    body.hidden.update(set(writes) - found.read)


class _Settling:
    """The work of ``settle``. ``read``: the writes that anything finds."""

    def __init__(self, body: Body, library: Functions) -> None:
        self.body = body
        self.library = library
        self.read: set[int] = set()
        self.before: dict[Reference, Reference | None] = {}
        self.snapshots: dict[int, Reference | None] = {}
        self.originals = [item.inputs for item in body.items]
        self.handles = {
            place: key
            for place, item in enumerate(body.items)
            if (key := _key(item, place)) is not None
        }

    def handle(self, reference: Reference) -> Handle | None:
        """The variable that is handed on here, if any."""
        inside, read = -1, False
        for _ in range(len(self.originals)):
            place, output = reference
            item, own = self.body.items[place], self.originals[place]
            if place in self.handles:
                by_reference = item.op in _REFERENCES
                if output or (by_reference and read):
                    return None
                return Handle(self.handles[place], by_reference, inside)
            if item.op in _INSIDE and inside < 0:
                inside = place
            read = read or item.op == "Identity"
            if item.op in _WHILE and output < len(own):
                reference = own[output]
            elif (item.op in _PASSING or item.op in ASSIGNING) and own:
                reference = own[0]
            else:
                return None
        return None

    def run(self) -> None:
        """One walk in the order in which things happen."""
        items = self.body.items
        uses = [list(self.uses(place)) for place in range(len(items))]
        written = [self.written(place, uses[place]) for place in range(len(items))]
        self.turning = {
            handle.key
            for place, each in enumerate(uses)
            for k, handle in each
            if k in written[place] and handle.inside >= 0 and "Enter" in items[handle.inside].op
        }
        if not any(written):
            return
        waiting = [
            Waiting(item.op, (*item.inputs, *controls(self.body, item)), item.name)
            if item.nodes else item
            for item in items
        ]  # fmt: skip
        states: list[State] = [{}] * len(items)
        every: dict[object, list[Reference]] = {}
        for place in sort(waiting, range(len(items))):
            state = self.joined([states[source] for source, _ in waiting[place].inputs])
            if uses[place]:
                self.rewrite(place, uses[place], state)
            if written[place]:
                state = dict(state)
            for k, value in written[place].items():
                handle = dict(uses[place])[k]
                made = value if handle.inside < 0 else self.refused_inside(place, k)
                self.before[made] = state.get(handle.key)
                state[handle.key] = made
                every.setdefault(handle.key, []).append(made)
            states[place] = state
        self.finish(every)

    def uses(self, place: int) -> Iterator[tuple[int, Handle]]:
        """The operands of a node that are variables."""
        for k, reference in enumerate(self.originals[place]):
            handle = self.handle(reference)
            if handle is not None:
                yield k, handle

    def written(self, place: int, uses: Sequence[tuple[int, Handle]]) -> dict[int, Reference]:
        """The operands that a node writes to, and where what it wrote is then."""
        item = self.body.items[place]
        if not uses or item.op in _PASSING or item.op in _READS:
            return {}
        called = _functions(item, self.library)
        if called:
            return self.by_functions(place, called, uses)
        return {
            k: (place, 0)
            for k, handle in uses
            if not handle.by_reference or (item.op in ASSIGNING and k == 0)
            or item.op.startswith(("Apply", "SparseApply"))
        }  # fmt: skip

    def by_functions(
        self, place: int, called: Sequence[str], uses: Sequence[tuple[int, Handle]]
    ) -> dict[int, Reference]:
        """The same for a call."""
        item = self.body.items[place]
        first = int(item.op in _BRANCHES or item.op == "RemoteCall")
        found = {k for name in called for k in self.library.body(name).written}
        mine = sorted(k for k, _ in uses if k - first in found)
        keys = [handle.key for _, handle in uses]
        if any(keys.count(dict(uses)[k].key) > 1 for k in mine):
            raise InvalidModelError(f"{item.name} is given the variable that it writes to twice")
        if item.op in _WHILE:
            condition = self.library.body(item.node.attr["cond"].func.name).written
            return {
                k: self.refused(self.originals[place][k], "in the condition of a loop")
                if k in condition else (place, k)
                for k in mine
            }  # fmt: skip
        item.writes = tuple(k - first for k in mine)
        count = len(self.library.returns(called[0]))
        return {k: (place, count + number) for number, k in enumerate(mine)}

    def rewrite(self, place: int, uses: Sequence[tuple[int, Handle]], state: State) -> None:
        """Let a node find what was written last."""
        item = self.body.items[place]
        handing_on = item.op in _PASSING and item.op not in _INSIDE
        inputs = list(item.inputs)
        for k, handle in uses:
            now = state.get(handle.key)
            if item.op in _INSIDE:
                self.snapshots[place] = now
            if handle.key in self.turning:
                now = self.refused_inside(place, k)
            elif handle.inside >= 0:
                if now == self.snapshots.get(handle.inside):
                    continue
                now = self.refused_inside(place, k)
            if now is not None and (handle.by_reference or not handing_on):
                inputs[k] = now
                self.read.add(now[0])
        item.inputs = tuple(inputs)

    def joined(self, states: Sequence[State]) -> State:
        """What is in the variables after several nodes."""
        found: State = {}
        for state in states:
            if not found or state is found:
                found = state
            elif state:
                found = {**found, **{
                    key: self.later(found[key], each) if key in found else each
                    for key, each in state.items()
                }}  # fmt: skip
        return found

    def later(self, one: Reference, other: Reference) -> Reference:
        """The later of two writes to one variable."""
        if one == other:
            return one
        for first, last in ((one, other), (other, one)):
            earlier = self.before.get(last)
            while earlier is not None:
                if earlier == first:
                    return last
                earlier = self.before.get(earlier)
        made = self.refused(one, "twice, and nothing says which comes last")
        self.before[made] = one
        return made

    def refused_inside(self, place: int, k: int) -> Reference:
        """The same for an operand inside an older loop or branch."""
        return self.refused(self.originals[place][k], "inside a loop or branch of the older kind")

    def refused(self, source: Reference, how: str) -> Reference:
        """A node in the place of what nobody can tell."""
        name = printable(self.body.items[source[0]].name)
        why = (
            f"the variable behind {name!r} is assigned {how}, and read after that.\n"
            "  Name outputs that do not read it:   rfield.load(..., outputs=[...])"
        )
        inputs = [source] if self.handle(source) else []
        self.body.hidden.add(len(self.body.items))
        self.body.items.append(Refused(name, why, *inputs))
        self.originals.append(tuple(inputs))
        return len(self.body.items) - 1, 0

    def finish(self, every: dict[object, list[Reference]]) -> None:
        """What a function leaves in the variables that it is given."""
        body = self.body
        for place in body.parameters:
            writes = every.get(place, [])
            if writes:
                last = writes[0]
                for each in writes[1:]:
                    last = self.later(last, each)
                body.written[place] = last
                self.read.add(last[0])
        body.returns = tuple(self.returned(reference) for reference in body.returns)

    def returned(self, reference: Reference) -> Reference:
        """What a function returns, which may be a variable that it was given."""
        handle = self.handle(reference)
        key = None if handle is None else handle.key
        return self.body.written.get(key, reference) if isinstance(key, int) else reference


def _key(item: Item, place: int) -> object:
    """What tells one variable from another; None for what is none."""
    if item.op not in _HANDLES and item.op not in ("Placeholder", "_Arg"):
        return None
    attributes = item.node.attr
    if item.op not in _HANDLES:
        mine = "dtype" in attributes and attributes["dtype"].type == RESOURCE
        return place if mine else None
    names = ("container", "shared_name", "var_name")
    shared = [attributes[name].s for name in names if name in attributes]
    return (item.op, *shared) if any(shared) else place


def _functions(item: Item, library: Functions) -> list[str]:
    """The functions that a node calls."""
    if item.op in library:
        return [item.op]
    if item.op not in _CALLS and item.op not in _WHILE and item.op not in _BRANCHES:
        return []
    attributes = item.node.attr
    names = ("f", "then_branch", "else_branch", "cond", "body")
    found = [attributes[name].func.name for name in names if name in attributes]
    if "branches" in attributes:
        found += [each.name for each in attributes["branches"].list.func]
    return [name for name in found if name in library]
