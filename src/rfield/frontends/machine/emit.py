"""How an answer enters the graph: the same for every framework.

Constants are dropped from the operands, a weight that depends on an input is read whole, an op that
reads nothing dependent is a constant, chains are named step by step. Errors say where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any

import numpy as np

from ...core.algebra import Contraction, Softmax
from ...core.arrays.expression import Reading, leaves
from ...core.graph import Draft, SoftMasks, Weights
from ...core.known import LOW, SOFT, Known, narrowed
from ...core.link import AnyLink, Link, Reshaped, everything
from ...core.node import behind
from ...core.numbers import Numbers
from ...core.ops import Op
from ...errors import InvalidModelError
from .borders import fitted, past_borders
from .complexes import ASKED, Naming, Parts
from .following import goes_along
from .masks import (
    any_fixed_mask,
    elements_of,
    filling,
    handed_on,
    is_unseen,
    levels,
    lowers,
    may_be_triangle,
    may_mask,
    plain,
    repeated,
    soft_number,
    told_of,
)  # fmt: skip
from .swallowing import Marks, Ranges, is_elementwise, overlaid
from .tables import band, beside, numbers_among, placed_elements, unlisted
from .unpooling import unpooled
from .values import Constant, Dependent, Items, Outputs, Tensor, known, parameters_of

_CHANGES_PLACES = frozenset({"pad", "slice", "gather", "resize", "select", "roll"})
"""Kinds whose reading, not only whose shape, changes when an operand computed from a size does."""

_MASKED = frozenset({"multiply", "add", "maximum", "where", "veil", "move"})
"""Arithmetic by which a constant may cut elements of the other operand."""

_FORGETTING = frozenset({"exp", "rectify"})
"""Arithmetic that makes zero of minus infinity."""


class Emitter:
    """Puts answers into ``draft``.

    ``fresh``: makes a name that no value has. ``resolve``: turns what a front end calls a tensor
    into a ``Dependent`` or a ``Constant``, where rules see tensors of the framework itself.
    ``sized``: whether a size of the input is among what the rule read, beside the operands that its
    reading names. ``soft``: what the finite numbers of a mask are taken for. ``dimmed``: the values
    to which a mask may have been added that nobody computed. ``lowered``: those that the data may
    make as low as a mask. ``tells_weights``: whoever reads the model tells which weights a call
    has; otherwise they are among ``given``, its operands, of which a rule ``asked`` for those in
    these places; ``doubted``: one was too large to be looked into: nothing the call adds is sure;
    ``settings``: what else chooses what it computes, as a size may choose another call. ``beside``:
    what the tensors of a call that depend on nothing are in ``draft.tables``, by their ids; where a
    reading names some (``named``), these are of the ops that read them, others (``common``) of all.
    """

    __slots__ = (
        "asked", "beside", "common", "dimmed", "doubted", "draft", "fresh", "given", "lowered",
        "made", "named", "numbers", "parts", "ranges", "resolve", "settings", "sized", "soft",
        "source", "tells_weights",
    )  # fmt: skip

    def __init__(
        self,
        draft: Draft,
        fresh: Callable[[str], str],
        resolve: Callable[[Any], Any] | None = None,
        soft_masks: SoftMasks = "keep",
    ) -> None:
        self.draft = draft
        self.fresh = fresh
        self.resolve = resolve
        self.soft = LOW if soft_masks == "cut" else SOFT
        self.sized = self.doubted = self.tells_weights = False
        self.dimmed: set[int] = set()
        self.lowered: set[int] = set()
        self.given: Sequence[Any] = ()
        self.asked: Collection[int] = ()
        self.settings: tuple[object, ...] = ()
        self.source = ""
        self.made: dict[int, tuple[Reading, Any]] | None = None
        self.beside: dict[int, object] = {}
        self.named: set[int] = set()
        self.common: tuple[object, ...] = ()
        self.numbers: dict[int, tuple[int, Any]] = {}
        draft.beside += [self.dimmed, self.lowered]
        self.ranges, self.parts = Ranges(draft), Parts(draft)

    def settle(self, answer: Any, operands: Sequence[Any], name: str) -> Any:
        """The value of an answer; its ops enter the draft, the last one as ``name``."""
        if isinstance(answer, Op) and answer.kind != "identity":
            return self._add(answer, operands, name)
        if isinstance(answer, Op):
            return self._value(operands[0])
        if isinstance(answer, list):
            return self._chain(answer, operands, name)
        if isinstance(answer, Reading):
            apart: list[object] = []
            if self.resolve is not None and self.beside and not self.named:
                self.named = self.beside.keys() & leaves(answer)
                apart = [self.beside[key] for key in self.named]
            if apart:
                self.common = tuple(t for t in self.draft.tables if not any(t is o for o in apart))
            try:
                return self._chain(answer.steps, self._inner(answer, name), name)
            finally:
                if apart:
                    self.named = set()
        if isinstance(answer, Outputs):
            with self.once():
                return Outputs(
                    self.settle(entry, operands, f"{name}:{k}" if k else name)
                    for k, entry in enumerate(answer)
                )
        return self._value(answer)

    @contextmanager
    def once(self) -> Iterator[dict[int, tuple[Reading, Any]]]:
        """In here an operand that stands in several places enters the graph once."""
        outermost = self.made is None
        made = self.made = {} if self.made is None else self.made
        try:
            yield made
        finally:
            if outermost:
                self.made = None

    def _inner(self, reading: Reading, name: str) -> list[Any]:
        """The operands of a reading."""
        if not any(isinstance(value, (Reading, np.ndarray)) for value in reading.operands):
            return list(reading.operands)
        with self.once() as made:
            for value in reading.operands:
                if isinstance(value, Reading) and id(value) not in made:
                    kind = value.steps[-1].kind if value.steps else "value"
                    settled = self.settle(value, (), f"{name}/{kind}")
                    made[id(value)] = value, settled  # held, so that its id is not given again
            return [
                made[id(value)][1] if isinstance(value, Reading)
                else known(value) if isinstance(value, np.ndarray) else value
                for value in reading.operands
            ]  # fmt: skip

    def _chain(self, steps: Sequence[Op], operands: Sequence[Any], name: str) -> Any:
        steps = [op for op in steps if op.kind != "identity"]
        if not steps:
            return self._value(operands[0])
        values = operands
        for number, op in enumerate(steps[:-1], 1):
            values = [self._add(op, values, f"{name}/step{number}")]
        return self._add(steps[-1], values, name)

    def _value(self, operand: Any) -> Any:
        ours = operand is None or isinstance(operand, (Dependent, Constant, Items))
        return operand if ours or self.resolve is None else self.resolve(operand)

    def _add(self, op: Op, operands: Sequence[Any], name: str) -> Dependent | Constant:
        """One op with the operands that depend on an input."""
        if min(op.shape, default=0) < 0:
            raise InvalidModelError(f"its output would have the shape {op.shape}")
        values = operands if self.resolve is None else [self._value(v) for v in operands]
        naming = Naming(self.settle, name)
        if op.kind in ASKED and (part := self.parts.read(op, values[0], naming)) is not None:
            return part
        op, values = unpooled(op, values, self.draft.nodes)
        whole, given = op, values
        op, values, elements, soft = self.masked(op, values)
        links, sized = op.links, self.sized
        op, kept, chosen, made = self.read(op, values)
        sized = sized or made
        dimmed = self._dims(op, values)
        if not kept:
            return self._constant(op, values, elements, soft, sized=sized)
        moving = op.depends_on_size or (sized and op.kind in _CHANGES_PLACES)
        op = fitted(op, chosen, join=op.join and len(kept) > 1, moving=moving)
        noted = self.draft.tables
        self.note(op, links, operands, values)
        self.draft.weights = self._weights(op, values)
        index = self.draft.add(self.fresh(name), op, kept, source=self.source, known=elements)
        self.draft.tables = noted  # what this op alone reads
        self.draft.nodes[index].soft = soft
        self.ranges.note(index)
        self.parts.note(whole, given, operands, index)
        past_borders(self, whole, given, operands, index)
        if dimmed:
            self.dimmed.add(index)
        if lowers(op, values, self.lowered):
            self.lowered.add(index)
        return Dependent(index, op.shape)

    def read(self, op: Op, values: Sequence[Any]) -> tuple[Op, list[int], list[AnyLink], bool]:
        """The op, exact or not, the values that it reads and how; whether a constant is sized."""
        loose = any(k < len(values) and isinstance(values[k], Dependent) for k in op.loose)
        exact, sized = op.exact or (bool(op.loose) and not loose), False
        kept: list[int] = []
        chosen: list[AnyLink] = []
        for place, value in enumerate(values):
            if isinstance(value, Dependent):
                link = op.links[place] if place < len(op.links) else everything(len(value.shape))
                if link is None:
                    continue
                exact = exact and place < len(op.links)  # else a weight that depends on an input
                kept.append(value.index)
                chosen.append(link)
            elif isinstance(value, Constant):
                sized = sized or value.sized
            elif value is not None:
                raise InvalidModelError("a list of tensors stands where a tensor is expected")
        sure = not self._may_hide(op, values)
        if not sure:  # what stands at other places is none of what is read at one
            op = replace(op, sparse=op.exact and is_elementwise(op, values))
        exact = exact and not self.doubted and sure
        op = op if exact == op.exact else replace(op, exact=exact)
        return op.thinned if self.parts.may_lack(op, values) else op, kept, chosen, sized

    def _constant(
        self, op: Op, values: Sequence[Any], known: Known | None, soft: float, *, sized: bool
    ) -> Constant:
        """The result of an op that reads nothing dependent; ``known``: of it."""
        soft = min([soft, *(v.soft for v in values if isinstance(v, Constant))])
        told = told_of(op, values)
        numbers = None
        if told is None and known is not None:
            told, numbers = self.ranges.left(known, op.shape)
        made = Constant(op.shape, numbers, sized=sized, made=True, told=told, soft=soft)
        made.made_of = parameters_of(values)
        given = [v for v in values if isinstance(v, Constant)]
        if self.resolve is None and not sized:
            made.key = hash((op.kind, op.shape, *(v.identity for v in given)))
        made.drawn = any(v.drawn for v in given)
        hidden, made.fixed = handed_on(op, given)
        made.unseen = told is None and hidden
        if given and len(op.links) == 1 and isinstance(op.links[0], Link | Reshaped):
            made.placed = partial(placed_elements, given[0], op.links[0], op.shape)
        return made

    def note(
        self, op: Op, links: Sequence[AnyLink | None], operands: Sequence[Any],
        values: Sequence[Any],
    ) -> None:  # fmt: skip
        """What the next op reads beside its operands: constants, or what a front end has noted.

        A reading may say of these that other ops read them.
        """
        found = self.draft.known
        held = [found.get(v.index) for v in values if isinstance(v, Dependent)] if found else []
        if self.resolve is None:  # a front end with tensors of its own notes its own tables
            rest = numbers_among(self.given, self.asked, values)
            numbers = [
                band(value, place, op, links, held)
                or beside(value, op, links[place] if place < len(links) else None)
                for place, value in enumerate([*values, *([None] * len(links)), *rest])
                if isinstance(value, Constant)
            ]
            # Which operand is a number: k - x is not x - k.
            moving = tuple(k for k, v in enumerate(values) if isinstance(v, Dependent))
            order = (moving,) * bool(numbers and len(links) > 1)
            self.draft.tables = (*self.settings, *order, *numbers)
            return
        mine: list[object] = []
        told: list[object] = []
        for place, value in enumerate(values):
            given = id(operands[place]) if place < len(operands) else 0
            # A rule's own mask is no tensor of the call.
            own = place < len(operands) and isinstance(operands[place], Constant)
            own = own and prod(value.shape) > 1 and not value.even
            noted = self.beside.get(given)
            moves = noted is not None and op.algebra == "move"
            named = given in self.named
            if not isinstance(value, Constant):
                continue
            table: object = band(value, place, op, links, held)
            if table is None and (value.placed or own or moves or named):
                table = beside(value, op, links[place] if place < len(links) else None)
            if isinstance(table, Numbers) or (table is not None and noted is None):
                mine.append(table)
                told.append(noted)
            elif named:
                mine.append(noted)
        if self.named or mine:
            rest = self.common if self.named else self.draft.tables
            self.draft.tables = (*(t for t in rest if not any(t is one for one in told)), *mine)
        self.draft.tables = unlisted(self.draft.tables, op)

    def _may_hide(self, op: Op, values: Sequence[Any]) -> bool:
        """Whether a table that nobody computed may take away some of what the op reads."""
        if op.algebra in _FORGETTING or isinstance(op.algebra, Softmax):
            return any(isinstance(v, Dependent) and v.index in self.dimmed for v in values)
        given = values[: len(op.links)]
        if any_fixed_mask(op, given, partial(goes_along, self.draft)):
            return True
        if op.algebra not in _MASKED and not isinstance(op.algebra, Contraction):
            return False
        if isinstance(op.algebra, Contraction):  # else a matrix of the file is a weight
            return any((is_unseen(v) and not v.nameless) or may_be_triangle(v) for v in given)
        masks = (isinstance(v, Constant) and v.may_be_mask for v in given)
        if op.algebra == "multiply" and any(masks):
            return True
        return op.algebra not in ("add", "move") and any(map(is_unseen, given))

    def _dims(self, op: Op, values: Sequence[Any]) -> bool:
        """Whether a mask that nobody computed may have been added to the result."""
        before = any(isinstance(v, Dependent) and v.index in self.dimmed for v in values)
        if op.algebra in ("add", "subtract"):
            return before or any(map(is_unseen, values))
        return before and op.algebra in ("move", "scale")

    def number(self, held: object) -> int:
        """The number by which a weight is known wherever it is read."""
        return self.numbers.setdefault(id(held), (len(self.numbers), held))[0]

    def _weights(self, op: Op, values: Sequence[Any]) -> Weights | None:
        """The parameters of the call; where there are none, those that the op tells of as one."""
        if self.tells_weights:
            return self.draft.weights
        told = parameters_of([*values, *self.given])
        if told:
            return tuple((self.number(each), prod(each.shape)) for each in told)
        held = [v for v in values if isinstance(v, Constant) and not v.made]
        if not op.work.parameters or not held:
            return None
        return ((tuple(map(self.number, held)), op.work.parameters),)

    def _is_trained(self, op: Op, values: Sequence[Any]) -> bool:
        """Whether the call has parameters."""
        if self.tells_weights:
            return bool(self.draft.weights)
        held = (v for v in [*values, *self.given] if isinstance(v, Constant) and v.has_shape)
        return op.work.parameters > 0 or any(
            v.may_change and prod(v.shape) > 1 and not (v.nameless and _is_whole(v)) for v in held
        )

    def inputs_behind(self, value: Any) -> list[str]:
        """Names of the graph's inputs that a value depends on."""
        if not isinstance(value, Dependent):
            return []
        found = behind(self.draft.nodes, (value.index,))
        return [entry.name for entry in self.draft.entries if entry.node in found]

    def masked(
        self, op: Op, values: Sequence[Any]
    ) -> tuple[Op, Sequence[Any], Known | None, float]:
        """The op and its operands as masks leave them, what is known of the result, a soft mask."""
        marks, op = self.ranges.swallow(op, values)
        if op.algebra is None and not self.draft.known:
            return op, values, None, 0.0
        op, values = plain(op, values)
        op, elements = self._narrowed(op, values, marks)
        op, values = repeated(op, values)
        soft = min((soft_number(v, op) for v in [*values, filling(op)]), default=0.0)
        return op, values, elements, soft

    def _narrowed(self, op: Op, values: Sequence[Any], marks: Marks) -> tuple[Op, Known | None]:
        """The op without reads of elements that masks, or operands so far, say to be known."""
        found = self.draft.known
        masked = op.algebra in _MASKED or isinstance(op.algebra, Contraction)
        if not marks and not found and op.fill is None and not (masked and len(op.links) > 1):
            return op, None
        held = [found.get(v.index) if isinstance(v, Dependent) else None for v in values]
        if levels(op, values, held, self.lowered):
            return replace(op, exact=False), None
        around = filling(op)
        masks = marks or (masked and any(may_mask(v, op) for v in values))
        if not any(held) and not masks and not may_mask(around, op):
            return op, None
        given = values[: len(op.links)]
        if len(given) < len(op.links) or not all(isinstance(v, Tensor) for v in given):
            return op, None
        *elements, fill = [
            elements_of(v, op, self.soft) if isinstance(v, Constant) else k
            for v, k in zip([*given, around], [*held[: len(given)], None], strict=True)
        ]
        elements = overlaid(elements, marks, len(op.shape)) if marks else elements
        condition = getattr(given[0], "array", None) if op.algebra == "where" else None
        made, known = narrowed(op, elements, [v.shape for v in given], condition, fill)
        return made, self.ranges.settled(op, values, known, trained=self._is_trained(op, values))


def _is_whole(value: Constant) -> bool:
    """Whether it holds sizes, places or truth values."""
    return value.array is not None and value.array.dtype.kind in "biu"
