"""From calls to nodes: which tensors hold which values of the graph, and what each call adds.

The tracer is told of every op, by ``modes`` for a live model, by ``exported`` for a program. Ops
of which no operand depends on the input never reach the graph. Shapes come from torch's meta
tensors, or from the rule where it knows the shape itself, which is cheaper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from weakref import ref

import numpy as np
import torch

from ...core import ops
from ...core.graph import Draft, SoftMasks
from ...core.numbers import DRAWN, Cast, Numbers, Positions, Same
from ...errors import InvalidModelError, RFieldError
from ..machine.emit import Emitter
from ..machine.unsupported import Unsupported
from ..machine.values import Constant, Dependent, answers
from .failures import here
from .kinds import SHAPED
from .knowledge import Knowledge, numbers_of
from .names import Names
from .rulebook import RULES, Arguments, Signature
from .storage import is_view
from .values import Cell, Value, is_weight
from .writing import put_back

_NUMBERS = frozenset(
    ("value", "divisor_override", "scale", "k", "correction", "normalization", "ord", "p", "bins")
)
"""Whole numbers that are no sizes, whatever the op."""

_PLACES = ("index", "indices")
"""Arguments that say where an op reads or writes."""

_CHOOSE = frozenset(("contraction", "normalization", "pointwise", "pooling", "reduction"))
"""Families of which a setting, a name or a type chooses what is computed."""


class Tracer(Knowledge):
    """The state of one capture; ``taken``: the layers whose code looked at numbers of the data."""

    def __init__(
        self, draft: Draft, names: Names | None = None, soft_masks: SoftMasks = "keep"
    ) -> None:
        super().__init__()
        self.draft = draft
        self.names = names
        self.emitter = Emitter(draft, self.fresh, self.resolve, soft_masks)
        self.unknown = Unsupported(RULES, "torch", spelled=_spelled, taught=_packet)
        self.refusal: Exception | None = None
        self.taken: dict[str, None] = {}
        self.guessed = self.unsure = False
        self.emitter.tells_weights = True

    def close(self) -> None:
        """Let go of all that was known: tensors that lie in circles keep the tracer for long."""
        for view in self.views:
            view.steps = None  # which hold the view itself
        vars(self).clear()

    def refuse(self, error: Exception) -> None:
        """Remember what could not be read: the model's own ``except`` may swallow it."""
        ours = isinstance(error, RFieldError) or "meta" in str(error).lower()
        if ours and self.refusal is None:
            self.refusal = error

    # --- what a tensor holds

    def index_of(self, tensor: torch.Tensor) -> int | None:
        """The node that a tensor holds now, or None if it depends on no input."""
        value = getattr(tensor, "_rfield", None)
        if value is None or value.owner is not self:
            kept = self.foreign.get(id(tensor))
            if kept is None:
                return None
            value = kept[1]
        if value.parent is None or value.version == value.cell.version:
            return value.index
        return self.current(value)

    def current(self, value: Value) -> int | None:
        """The node of a view, read again through its parent if the storage was written to."""
        if value.parent is not None and value.version != value.cell.version:
            base = self.current(value.parent)
            value.index = None if base is None else self.emit(value.path(), [self.at(base)], "view")
            value.version = value.cell.version
        return value.index

    def hold(self, tensor: torch.Tensor, index: int | None, *, known: bool = False) -> None:
        """A new tensor holds a node (or a constant)."""
        value = Value(self, index, tensor.shape, Cell(True, known))
        value.real = ref(tensor) if known else None
        tensor._rfield = value  # type: ignore[attr-defined]

    def hold_even(self, tensor: torch.Tensor, number: float | None) -> None:
        """A new tensor holds a constant, of one number everywhere unless that is None."""
        self.hold(tensor, None, known=not tensor.is_meta)
        value: Value = tensor._rfield  # type: ignore[attr-defined]
        value.cell.uniform = number
        if number is not None and tensor.is_meta:
            value.left_with(Constant(value.shape, np.broadcast_to(number, value.shape), made=True))

    # --- writing

    def write(self, value: Value, held: Any) -> None:
        """The tensor of ``value`` now holds something else; so do all that share its storage."""
        self.unsure = self.unsure or (self.guessed and value.cell.shared)
        chain: list[tuple[Value, Any]] = []
        parent = value.parent
        while parent is not None:
            chain.append((parent, self._held(parent)))
            parent = parent.parent
        # Numbers of the call lie as its result does, not as what that is put into.
        tables = [table for table in self.draft.tables if not isinstance(table, Numbers)]
        even = value.cell.uniform
        if any(old is None for _, old in chain) and (even is not None or value.root.origin):
            tables.append(value.root.origin if even is None else even)
        self.draft.tables = tuple(tables)
        value.cell.version += 1
        value.cell.known, value.cell.uniform = False, None
        value.index, value.version = _index(held), value.cell.version
        for parent, old in chain:
            held = put_back(self.emitter, value, parent, old, held)
            parent.index, parent.version = _index(held), parent.cell.version
            value = parent

    def _held(self, value: Value) -> Any:
        """A value as an operand, with its numbers if it is a constant that still has them."""
        index = self.current(value)
        tensor = value.real() if index is None and value.real and value.cell.known else None
        if tensor is None:
            return self.at(index)
        found = self.resolve(tensor)
        if isinstance(found, Constant):
            found.even = value.cell.uniform is not None
        return found

    # --- nodes

    def fresh(self, label: str) -> str:
        """A name for a new node, which becomes part of the module that runs now."""
        if self.names is None:
            return label
        self.draft.layer = self.names.layer
        return self.names.fresh(label)

    def emit(self, answer: Any, operands: Sequence[Any], label: str) -> int | None:
        """Add what a rule answered; the node of the result, or None for a constant."""
        if answer is None:
            return None
        return _index(self.emitter.settle(answer, operands, label))

    def together(self, readings: Sequence[Any], operands: Sequence[Any], label: str) -> list[Any]:
        """Several results as the machine sees them; what these share enters the graph once."""
        with self.emitter.once():
            return [
                None if entry is None else self.emitter.settle(entry, operands, label)
                for entry in readings
            ]

    def resolve(self, tensor: Any) -> Dependent | Constant:
        """A tensor of torch as the machine sees it."""
        index = self.index_of(tensor)
        if index is not None:
            return Dependent(index, self.draft.shape(index))
        if type(tensor) is torch.nn.Parameter and not tensor.is_meta and self.value(tensor) is None:
            return Constant(tensor.shape, partial(numbers_of, tensor))  # as of most operands
        value = self.value(tensor)
        if value is not None and value.left is not None and not value.cell.version:
            return Constant(tensor.shape, value.left, made=True)
        told, soft = self.told(tensor) if isinstance(tensor, torch.Tensor) else (None, 0.0)
        made = Constant(
            tensor.shape,
            partial(numbers_of, self.constant(tensor)),
            told=told,
            soft=soft,
            made=not is_weight(tensor),
        )
        if isinstance(tensor, torch.Tensor):
            made.learned = bool(self.weights(tensor, value))
            made.kept = made.made and not self.is_own(tensor)
            made.unseen = told is None and self.unseen(tensor)
            held = self.held_by(tensor)
            if held is not None:
                made.source, made.placed = Same(held[0]), held[1]
        return made

    def at(self, index: int | None) -> Dependent | None:
        """A value of the graph as an operand."""
        return None if index is None else Dependent(index, self.draft.shape(index))

    # --- calls

    def read(self, signature: Signature, arguments: Arguments, result: Any) -> Any:
        """What a call reads: the rule's answer, or everything where there is no rule."""
        rule = signature.rule
        if rule is not None:
            arguments.__dict__["result"] = result
            try:
                return rule.function(arguments)
            except InvalidModelError as error:
                raise self.placed(error, signature) from None
        return self.read_unknown(signature, arguments, result)

    def placed(self, error: InvalidModelError, signature: Signature) -> InvalidModelError:
        """The error of a rule, with the layer in front."""
        layer = self.names.layer if self.names else ""
        place = f"{layer}/{signature.short}" if layer else signature.short
        return InvalidModelError(f"{place}: {error}")

    def read_unknown(self, signature: Signature, arguments: Arguments, result: Any) -> Any:
        """Note an op without a rule, and take it to read everything."""
        outputs = tensors_of(result)
        self.note_unknown(signature.name, outputs)
        shapes = [tuple(tensor.shape) for tensor in arguments.operands]
        whole = tuple(ops.opaque(shapes, tuple(out.shape), kind=signature.short) for out in outputs)
        return whole[0] if isinstance(result, torch.Tensor) and whole else whole

    def note_unknown(self, name: str, results: Sequence[torch.Tensor]) -> None:
        """Count an op without a rule; the first use says where it is."""
        shape = tuple(results[0].shape) if results else ()
        layer = self.names.layer if self.names else ""
        self.unknown.meet(
            name, layer or "(model)", shape, "" if name in self.unknown.found else here()
        )

    def note_tables(
        self,
        signature: Signature,
        bound: Mapping[str, Any],
        operands: Sequence[torch.Tensor],
        indices: Sequence[int | None],
    ) -> None:
        """What the next ops read that depends on no input: tensors, plain numbers, the op itself.

        At another size of the input they may be others. A tensor of zeros or ones is the same.
        """
        rule = signature.rule
        family = "" if rule is None else rule.family
        found: list[object] = [DRAWN] if signature.draws(bound) else []
        if torch._C._is_any_autocast_enabled():
            found.append(Cast("autocast"))
        if family == "reduction":  # many are one op here
            found.append(signature.packet)
        weights: dict[object, int] = {}
        beside = self.emitter.beside = {}
        pointwise = rule is not None and rule.family == "pointwise"
        for tensor, index in zip(operands, indices, strict=True):
            value = self.value(tensor)
            if index is None and value is not None and value.cell.uniform is not None:
                found.append(value.cell.uniform)
            elif index is None:
                made = pointwise and value is not None and value.cell.own
                array = numbers_of(self.constant(tensor)) if made else None
                table = Numbers.of(array, tuple(tensor.shape)) if made else None
                told = table if isinstance(table, Numbers) else self.origin(tensor, value)
                found.append(Positions(told) if self._is_place(tensor, family, bound) else told)
                beside[id(tensor)] = found[-1]
            weights.update(self.weights(tensor, value))
        for name, given in bound.items():
            whole = isinstance(given, int) and (
                pointwise or name in _NUMBERS
            )  # others: sizes, axes
            chosen = family in _CHOOSE and isinstance(given, (bool, str, torch.dtype))
            told = chosen or isinstance(given, float | complex)
            told = told or (whole and not isinstance(given, bool))
            if told and not name.startswith("scales"):
                found.append(given)
        self.draft.tables = tuple(found)
        self.draft.weights = tuple(weights.items())

    def _is_place(self, tensor: torch.Tensor, family: str, bound: Mapping[str, Any]) -> bool:
        """Whether a constant says where an op reads or writes, and the rule is told of it."""
        if family != "indexing" or self.constant(tensor) is None:
            return False
        named = tensors_of([bound.get(name) for name in _PLACES])
        return any(tensor is one for one in named)

    def record(
        self,
        signature: Signature,
        bound: dict[str, Any],
        arguments: Arguments,
        reading: Any,
        result: Any,
    ) -> None:
        """Let the tensors of ``result`` hold what ``reading`` says."""
        operands, label = arguments.operands, signature.short
        outputs = tensors_of(result)
        try:
            readings = answers(reading, len(outputs), signature.name)
        except InvalidModelError as error:
            raise self.placed(error, signature) from None
        source = bound.get(signature.view_of) if signature.view_of else None
        for tensor, held, entry in zip(
            outputs, self.together(readings, operands, label), readings, strict=False
        ):
            index = _index(held)
            if index is not None and self.draft.shape(index) != tuple(tensor.shape):
                raise InvalidModelError(
                    f"{self.draft.nodes[index].name}: the rule for {signature.name!r} gives shape "
                    f"{self.draft.shape(index)}, torch gives {tuple(tensor.shape)}"
                )
            if index is not None and operands and tensor.dtype is not operands[0].dtype:
                node = self.draft.nodes[index]
                node.tables = (Cast(str(tensor.dtype)), *node.tables)
            parent = self.value(source) if isinstance(source, torch.Tensor) else None
            if parent is None or source is None or not is_view(tensor, source):
                self.hold(tensor, index, known=entry is None and signature.packet in SHAPED)
                if signature.packet == "aten::clone" and bound.get("memory_format"):
                    cell = tensor._rfield.cell  # type: ignore[attr-defined]  # as above
                    cell.shared = cell.copied = True
                if isinstance(held, Constant):  # as ``hold`` set it
                    tensor._rfield.left_with(held)  # type: ignore[attr-defined]
                continue
            steps = entry if isinstance(entry, list) else [entry]
            view = Value(self, index, tensor.shape, parent.cell, parent, steps)
            view.cell.shared = True
            tensor._rfield = view  # type: ignore[attr-defined]


def _packet(name: str) -> str:
    return name.partition(".")[0]


def _spelled(name: str) -> str:
    return name.replace("::", ".") + ("" if "." in name else ".default")


def _index(held: Any) -> int | None:
    return held.index if isinstance(held, Dependent) else None


def tensors_of(result: Any) -> list[torch.Tensor]:
    """The tensors of a result, lists flattened."""
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, (list, tuple)):
        found: list[torch.Tensor] = []
        for item in result:
            found += tensors_of(item)
        return found
    return []
