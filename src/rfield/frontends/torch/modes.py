"""How the running model is watched: torch tells the two modes of every call.

``Dispatch`` sees every op, from Python, scripted code and inside torch. ``Functions`` sits
above it and sees calls as the user wrote them; it takes only the few for which that matters (those
that torch would split into parts or that it could not run without numbers) and passes the rest.

Nothing is computed: what depends on the input, and every weight, is a meta tensor (a shape without
numbers). Small tables made during the forward pass (indices, masks) are computed, because which
elements are gathered depends on them. With ``real=True`` everything is computed, on real data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ...core import ops
from ...errors import InvalidModelError, RFieldError
from ..machine.rules import Rule
from ..machine.unnamed import left_out, with_rest
from ..machine.values import Dependent, answers
from .constants import Watched
from .control import run_operator
from .failures import here, needs_values
from .kinds import (
    FROM_SHAPE,
    LOOKS_AT_VALUES,
    OF_SEVERAL,
    READS_NOTHING,
    RESHAPES_IN_PLACE,
    TAKES_INDICES,
)
from .rulebook import Arguments, Signature, Written
from .tracer import tensors_of
from .values import Value


class Dispatch(Watched):
    """Every op that torch runs, one by one."""

    supports_higher_order_operators = True
    laid_out = False
    """Whether every result lies in memory as it really does."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Note the op; run it on meta tensors."""
        try:
            return self.note(func, args, kwargs or {})
        except RFieldError as refusal:
            self.tracer.refuse(refusal)
            raise

    def note(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """One op, by what it depends on."""
        if isinstance(func, torch._ops.HigherOrderOperator):
            return run_operator(self, func, args, kwargs)
        signature = self.signatures.get(func)
        if signature is None:
            signature = self.signatures[func] = Signature.of(func)
        if signature.packet in READS_NOTHING and not func._schema.returns:
            return None
        if signature.packet.startswith("aten::_foreach_"):  # torch itself writes it one by one
            with self:
                return func._op_dk(torch._C.DispatchKey.CompositeExplicitAutograd, *args, **kwargs)
        bound = signature.bind(args, kwargs)
        operands = signature.tensors(bound)
        indices = [self.tracer.index_of(tensor) for tensor in operands]
        if signature.packet in FROM_SHAPE:
            return self.from_shape(signature, func, bound, args, kwargs)
        if any(index is not None for index in indices):
            return self.dependent(signature, func, bound, operands, indices, args, kwargs)
        return self.constant(signature, func, bound, operands, args, kwargs)

    # --- what depends on the input

    def dependent(
        self,
        signature: Signature,
        func: Callable[..., Any],
        bound: dict[str, Any],
        operands: list[torch.Tensor],
        indices: Sequence[int | None],
        args: Any,
        kwargs: dict[str, Any],
    ) -> Any:
        """An op on the data path."""
        if signature.packet in LOOKS_AT_VALUES:
            if self.real:
                self.tracer.taken[self.layer or "the model"] = None
                return func(*args, **kwargs)
            raise needs_values(f"{signature.short!r}", self.layer, here())
        tracer, rule = self.tracer, signature.rule
        tracer.note_tables(signature, bound, operands, indices)
        if signature.packet in RESHAPES_IN_PLACE:
            bound = {**bound, "self": self.before(bound["self"], indices[0])}
            operands = [bound["self"], *operands[1:]]
        elif signature.packet in TAKES_INDICES:
            args = [args[0], [self.plain_index(i) for i in bound["indices"]], *args[2:]]
        elif signature.packet == "aten::pad" and len(args) > 1 and not self.real:
            args = [args[0], [self.plain_number(n) for n in bound["pad"]], *args[2:]]
        arguments = Arguments(bound, operands, tracer, signature.short)
        if (
            rule is not None
            and rule.shaped
            and not self.real
            and self.is_plain(rule, operands, bound)
            and self.may_guess(operands)
        ):
            reading, held = self.answered(signature, arguments, indices, None)
            if not all(tensor.numel() for tensor in operands) or (
                signature.short in OF_SEVERAL
                and operands[0].shape[2:].numel() == 1
                and bound.get("training", bound.get("use_input_stats")) is not False
            ):
                self.execute(signature, func, args, kwargs)  # torch may not take so few
            result = (
                bound[signature.in_place] if signature.in_place is not None
                else self.shaped(reading, operands, places=rule.shaped == "indices")
            )  # fmt: skip
        else:
            result = self.execute(signature, func, args, kwargs)
            reading, held = self.answered(signature, arguments, indices, result)
        if signature.in_place is not None:
            bound["self"] = args[0]
            result = self.written(signature, bound, arguments, reading, result)
        else:
            tracer.record(signature, bound, arguments, reading, result)
            for name in signature.outputs:
                self.filled(bound[name], tensors_of(result))
            result = self.evened(result, operands)
        for name in (*signature.changed, *held):
            self.changed(name, bound, held, arguments)
        return result

    def answered(
        self, signature: Signature, arguments: Arguments, indices: Sequence[int | None], result: Any
    ) -> tuple[Any, Mapping[str, Any]]:
        """What a call reads, and what arguments hold afterwards."""
        reading = self.tracer.read(signature, arguments, result)
        reading, held = (
            (reading.answer, reading.held) if isinstance(reading, Written) else (reading, {})
        )
        if len(indices) == 1 or signature.rule is None or signature.rule.complete:
            return reading, held
        listed = reading if isinstance(reading, tuple) else (reading,)
        moving = [t for t, k in zip(arguments.operands, indices, strict=True) if k is not None]
        rest = left_out([*listed, *held.values()], moving)
        if rest:
            listed = tuple(with_rest(entry, rest) for entry in listed)
            reading = listed if isinstance(reading, tuple) else listed[0]
        return reading, held

    def changed(
        self, name: str, bound: Mapping[str, Any], held: Mapping[str, Any], arguments: Arguments
    ) -> None:
        """An argument that the op writes to beside its result; anything, where no rule tells."""
        for tensor in tensors_of(bound[name]):
            shapes = [tuple(each.shape) for each in arguments.operands]
            entry = held.get(name, ops.opaque(shapes, tuple(tensor.shape), kind="write"))
            label = f"{arguments.short}/{name}"
            held_now = self.tracer.emitter.settle(entry, arguments.operands, label)
            self.tracer.write(self.record_of(tensor), held_now)

    def may_guess(self, operands: Sequence[torch.Tensor]) -> bool:
        """Whether the result may be taken to lie in order in memory.

        Of operands that do not it mostly lies as they do, which matters where something is written.
        """
        if all(t.layout is not torch.strided or t.is_contiguous() for t in operands):
            return True
        self.tracer.guessed = not self.laid_out
        return not self.laid_out

    def is_plain(
        self, rule: Rule, operands: Sequence[torch.Tensor], bound: Mapping[str, Any]
    ) -> bool:
        """Whether the type of the result is that of the operands."""
        if rule.shaped is True:
            return True
        imaginary = any(isinstance(given, complex) for given in bound.values())  # x * 1j
        return not imaginary and all(t.dtype.is_floating_point for t in operands)

    def before(self, tensor: torch.Tensor, index: int | None) -> torch.Tensor:
        """A tensor as it is, kept from an op that is about to change its shape and strides."""
        kept = torch.empty_strided(
            tensor.shape, tensor.stride(), dtype=tensor.dtype, device=self.meta
        )
        self.tracer.hold(kept, index)
        return kept

    def plain_index(self, index: torch.Tensor | None) -> Any:
        """A known mask as the indices that it selects: meta tensors cannot count."""
        if index is None or index.dtype != torch.bool or index.dim() != 1 or self.real:
            return index
        known = self.tracer.constant(index)
        return index if known is None else known.nonzero().flatten()

    def plain_number(self, number: Any) -> Any:
        """A number that is kept in a tensor, as itself."""
        known = self.tracer.constant(number) if isinstance(number, torch.Tensor) else None
        return number if known is None else int(known)

    def shaped(
        self, reading: Any, operands: Sequence[torch.Tensor], *, places: bool = False
    ) -> Any:
        """Meta tensors of the shapes that a rule gives; ``places``: integers but for the first."""
        if isinstance(reading, tuple):
            found = [self.shaped(entry, operands) for entry in reading]
            if not places:
                return tuple(found)
            others = (each.shape for each in found[1:])
            kind = {"dtype": torch.int64, "device": self.meta}
            return (found[0], *(torch.empty(shape, **kind) for shape in others))
        if reading is None:
            return torch.empty(operands[0].shape, dtype=operands[0].dtype, device=self.meta)
        op = reading[-1] if isinstance(reading, list) else reading
        return torch.empty(op.shape, dtype=_promoted(operands), device=self.meta)

    def written(
        self,
        signature: Signature,
        bound: dict[str, Any],
        arguments: Arguments,
        reading: Any,
        result: Any,
    ) -> Any:
        """An in-place op: the tensor that was given holds something else now."""
        target = bound[signature.in_place or ""]
        targets = target if isinstance(target, (list, tuple)) else [target]
        readings = answers(reading, len(targets), signature.name)
        for tensor, entry in zip(targets, readings, strict=False):
            value = self.record_of(tensor)
            made = self.tracer.emitter.settle(entry, arguments.operands, signature.short)
            index = made.index if isinstance(made, Dependent) else None
            if tuple(tensor.shape) != value.shape:  # unsqueeze_ and the like: a new view of it
                steps = entry if isinstance(entry, list) else [entry]
                view = Value(self.tracer, index, tensor.shape, value.cell, value, steps)
                tensor._rfield = view  # type: ignore[attr-defined]
                continue
            if index is not None and self.tracer.draft.shape(index) != value.shape:
                raise InvalidModelError(
                    f"{self.tracer.draft.nodes[index].name}: a result of shape "
                    f"{self.tracer.draft.shape(index)} does not fit into {value.shape}"
                )
            self.tracer.write(value, made)
        return target if signature.in_place else result

    def filled(self, target: Any, results: list[torch.Tensor]) -> None:
        """``out=``: the result also lies in the tensor that was given for it."""
        if isinstance(target, torch.Tensor) and results:
            self.tracer.write(self.record_of(target), self.tracer.resolve(results[0]))


def _promoted(operands: Sequence[torch.Tensor]) -> torch.dtype:
    """The type of a result; an operand of no axes widens none."""
    kinds = {tensor.dtype for tensor in operands}
    if len(kinds) == 1:
        return kinds.pop()
    real = [t for t in operands if t.dtype.is_floating_point or t.dtype.is_complex]
    given = [t.dtype for t in real if t.dim()] or [t.dtype for t in real or operands]
    return reduce(torch.promote_types, given)


class Functions(TorchFunctionMode):
    """Calls as the user wrote them; only those in ``table`` are taken."""

    def __init__(self, dispatch: Dispatch, table: dict[Any, Any], device: torch.device) -> None:
        super().__init__()
        self.dispatch = dispatch
        dispatch.functions = self
        self.table = table
        self.device = device
        self.recording: Any = None

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Take the call, or let it pass; where there is a ``recording``, note it."""
        if self.recording is not None:
            return self.recording.call(self, func, args, kwargs or {})
        entry = self.table.get(func)
        try:
            if entry is None:
                return func(*args, **(kwargs or {}))
            if callable(entry):
                return entry(self, func, args, kwargs or {})
            return self.intercept(entry, func, args, kwargs or {})
        except (RFieldError, RuntimeError, TypeError) as refusal:
            self.dispatch.tracer.refuse(refusal)
            raise

    def intercept(self, signature: Signature, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Note a whole call as one op."""
        dispatch = self.dispatch
        bound = signature.bind(args, kwargs)
        operands = signature.tensors(bound)
        indices = [dispatch.tracer.index_of(tensor) for tensor in operands]
        if all(index is None for index in indices):
            return func(*args, **kwargs)
        note = dispatch.dependent
        return self.aside(note, signature, func, bound, operands, indices, args, kwargs)

    def aside(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A call of which the ops are not noted."""
        with torch._C._DisableTorchDispatch():
            return call(*args, **kwargs)
