"""How the running model is watched: torch tells the two modes of every call.

``Dispatch`` sees every op, from Python, scripted code and inside torch. ``Functions`` sits
above it and sees calls as the user wrote them; it takes only the few for which that matters (those
that torch would split into parts or that it could not run without numbers) and passes the rest.

Nothing is computed: what depends on the input, and every weight, is a meta tensor (a shape without
numbers). Small tables made during the forward pass (indices, masks) are computed, because which
elements are gathered depends on them. With ``real=True`` everything is computed, on real data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ...errors import InvalidModelError, RFieldError
from ..machine.rules import Rule
from .failures import here, needs_values, no_shape
from .kinds import FROM_SHAPE, LOOKS_AT_VALUES, RESHAPES_IN_PLACE, TAKES_INDICES, UNIFORM
from .rulebook import Arguments, Signature
from .tracer import Tracer, tensors_of
from .values import Cell, Value
from .zeros import zeros_after

SMALL = 1 << 22
"""Constants of at most so many elements are computed."""


class Dispatch(TorchDispatchMode):
    """Every op that torch runs, one by one."""

    def __init__(self, tracer: Tracer, *, real: bool) -> None:
        super().__init__()
        self.tracer = tracer
        self.real = real
        self.suspended = False
        self.signatures: dict[Any, Signature] = {}
        self.twins: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self.meta = torch.device("meta")
        self.cpu = torch.device("cpu")

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Note the op; run it on meta tensors."""
        if self.suspended:
            return func(*args, **(kwargs or {}))
        try:
            return self.note(func, args, kwargs or {})
        except RFieldError as refusal:
            self.tracer.refuse(refusal)
            raise

    def note(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """One op, by what it depends on."""
        signature = self.signatures.get(func)
        if signature is None:
            signature = self.signatures[func] = Signature.of(func)
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
                return func(*args, **kwargs)
            raise needs_values(f"{signature.short!r}", self.layer, here())
        tracer, rule = self.tracer, signature.rule
        tracer.note_tables(rule, bound, operands, indices)
        if signature.packet in RESHAPES_IN_PLACE:
            bound = {**bound, "self": self.before(bound["self"], indices[0])}
            operands = [bound["self"], *operands[1:]]
        elif signature.packet in TAKES_INDICES:
            args = [args[0], [self.plain_index(i) for i in bound["indices"]], *args[2:]]
        arguments = Arguments(bound, operands, tracer, signature.short)
        if rule is not None and rule.shaped and not self.real and self.is_plain(rule, operands):
            reading = tracer.read(signature, arguments, None)
            if signature.in_place is not None:
                result = bound[signature.in_place]
            else:
                result = self.shaped(reading, operands)
        else:
            result = self.execute(signature, func, args, kwargs)
            reading = tracer.read(signature, arguments, result)
        if signature.in_place is not None:
            bound["self"] = args[0]
            return self.written(signature, bound, arguments, reading, result)
        tracer.record(signature, bound, arguments, reading, result)
        for name in signature.outputs:
            self.filled(bound[name], tensors_of(result))
        return result

    def execute(
        self, signature: Signature, func: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> Any:
        """Run an op for its shape, or for real."""
        if self.real:
            return func(*args, **kwargs)
        if kwargs.get("device") is not None:
            kwargs = {**kwargs, "device": self.meta}
        twin = self.twin
        places = [twin(a) for a in args]
        if kwargs:
            kwargs = {name: twin(value) for name, value in kwargs.items()}
        try:
            return func(*places, **kwargs)
        except NotImplementedError as error:
            said = f"{error}".strip().partition("\n")[0].partition(". ")[0].partition(", as ")[0]
            raise no_shape(signature.name, self.layer, here(), said) from None

    def is_plain(self, rule: Rule, operands: Sequence[torch.Tensor]) -> bool:
        """Whether the type of the result is that of the operands."""
        return rule.shaped is True or all(t.dtype.is_floating_point for t in operands)

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

    def shaped(self, reading: Any, operands: Sequence[torch.Tensor]) -> Any:
        """Meta tensors of the shapes that a rule gives."""
        if isinstance(reading, tuple):
            return tuple(self.shaped(entry, operands) for entry in reading)
        if reading is None:
            return torch.empty(operands[0].shape, dtype=operands[0].dtype, device=self.meta)
        op = reading[-1] if isinstance(reading, list) else reading
        kind = operands[0].dtype
        for tensor in operands:
            if tensor.dtype.is_floating_point and (tensor.dim() or not kind.is_floating_point):
                kind = tensor.dtype
                break
        return torch.empty(op.shape, dtype=kind, device=self.meta)

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
        readings = reading if isinstance(reading, tuple) else (reading,) * len(targets)
        for tensor, entry in zip(targets, readings, strict=False):
            value = self.record_of(tensor)
            index = self.tracer.emit(entry, arguments.operands, signature.short)
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
            self.tracer.write(value, index)
        return target if signature.in_place else result

    def filled(self, target: Any, results: list[torch.Tensor]) -> None:
        """``out=``: the result also lies in the tensor that was given for it."""
        if isinstance(target, torch.Tensor) and results:
            self.tracer.write(self.record_of(target), self.tracer.index_of(results[0]))

    # --- what depends on nothing

    def constant(
        self,
        signature: Signature,
        func: Callable[..., Any],
        bound: dict[str, Any],
        operands: list[torch.Tensor],
        args: Any,
        kwargs: dict[str, Any],
    ) -> Any:
        """An op of which no operand depends on the input."""
        known = self.real or all(self.is_known(tensor) for tensor in operands)
        if signature.in_place is not None:
            return self.constant_write(signature, func, bound, known, args, kwargs)
        if signature.packet in LOOKS_AT_VALUES:
            if operands[0].device.type == "meta" or not self.has_numbers(operands[0]):
                raise needs_values(f"{signature.short!r}", self.layer, here())
            return func(*args, **kwargs)
        if not operands:
            return self.factory(signature, func, bound, args, kwargs)
        run = known and (signature.view_of is not None or sum(map(torch.numel, operands)) <= SMALL)
        run = run and self.computes(signature, func, args, kwargs)
        if run and getattr(kwargs.get("device"), "type", "") == "meta":  # x[[0, 2]] moves its list
            kwargs = {**kwargs, "device": self.cpu}
        result = func(*args, **kwargs) if run else self.execute(signature, func, args, kwargs)
        source = bound.get(signature.view_of) if signature.view_of else None
        if isinstance(source, torch.Tensor):
            self.constant_views(signature, bound, operands, source, result)
        else:
            for tensor in tensors_of(result):
                self.tracer.hold(tensor, None, known=run)
        if not run and isinstance(result, torch.Tensor):
            self.record_of(result).zeros = zeros_after(
                signature.packet, func, bound, args, kwargs, self.tracer.pattern
            )
        return result

    def constant_views(
        self,
        signature: Signature,
        bound: dict[str, Any],
        operands: list[torch.Tensor],
        source: torch.Tensor,
        result: Any,
    ) -> None:
        """Views of a constant, which may be written to later: how they lie is found then."""
        parent = self.record_of(source)
        arguments = Arguments(bound, operands, self.tracer, signature.short)
        shapes = [tuple(tensor.shape) for tensor in operands]
        for number, tensor in enumerate(tensors_of(result)):

            def steps(place: int = number) -> list[Any]:
                changed = {**bound, "_shapes": shapes}
                frozen = Arguments(changed, arguments.operands, self.tracer, signature.short)
                found = self.tracer.read(signature, frozen, result)
                entry = found[place] if isinstance(found, tuple) else found
                return entry if isinstance(entry, list) else [entry]

            view = Value(self.tracer, None, tensor.shape, parent.cell, parent, steps)
            tensor._rfield = view  # type: ignore[attr-defined]

    def constant_write(
        self,
        signature: Signature,
        func: Callable[..., Any],
        bound: dict[str, Any],
        known: bool,
        args: Any,
        kwargs: dict[str, Any],
    ) -> Any:
        """A write of constants into a constant; never into a tensor of the model."""
        target = bound[signature.in_place or ""]
        if isinstance(target, (list, tuple)):
            return target
        value = self.record_of(target)
        value.cell.uniform = False
        if value.cell.own and known:
            func(*args, **kwargs)
            return target
        self.execute(signature, func, args, kwargs) if not self.real else None
        value.cell.known = False
        return target

    def factory(
        self,
        made: Signature,
        func: Callable[..., Any],
        bound: dict[str, Any],
        args: Any,
        kwargs: Any,
    ) -> Any:
        """A tensor made from nothing: real if it is small."""
        large = not self.makes(made, bound)
        if not self.real and (kwargs.get("device") is not None or large):
            kwargs = {**kwargs, "device": self.meta if large else self.cpu}
        result = func(*args, **kwargs)
        for tensor in tensors_of(result):
            self.tracer.hold(tensor, None, known=tensor.device.type != "meta")
            self.record_of(tensor).cell.uniform = made.packet in UNIFORM
        return result

    def from_shape(
        self,
        signature: Signature,
        func: Callable[..., Any],
        bound: dict[str, Any],
        args: Any,
        kwargs: dict[str, Any],
    ) -> Any:
        """``zeros_like`` and its kind: a constant."""
        size = bound.get("size", args[0].shape)
        if not self.real:
            large = prod(size) > SMALL or signature.packet.startswith("aten::rand")
            large = large or not self.computes(signature, func, args, kwargs)
            kwargs = {**kwargs, "device": self.meta if large else self.cpu}
        result = func(*args, **kwargs)
        self.tracer.hold(result, None, known=result.device.type != "meta")
        self.record_of(result).cell.uniform = signature.packet in UNIFORM
        return result

    def computes(self, signature: Signature, func: Any, args: Any, kwargs: dict[str, Any]) -> bool:
        """Whether the numbers of small constants may be computed with an op."""
        return True

    def makes(self, signature: Signature, bound: dict[str, Any]) -> bool:
        """Whether a tensor made from nothing may have numbers: if it is small."""
        size = bound.get("size")
        return not isinstance(size, (list, tuple)) or prod(size) <= SMALL

    # --- tensors

    @property
    def layer(self) -> str:
        """The layer that runs now."""
        return self.tracer.names.layer if self.tracer.names else ""

    def is_known(self, tensor: torch.Tensor) -> bool:
        """Whether a constant may be computed with: real, small, and no weight."""
        if tensor.device.type == "meta":
            return False
        value = self.tracer.value(tensor)
        if value is not None:
            return value.cell.known
        return not isinstance(tensor, torch.nn.Parameter) and tensor.numel() <= SMALL

    def has_numbers(self, tensor: torch.Tensor) -> bool:
        """Whether a single number may be read from a constant."""
        value = self.tracer.value(tensor)
        return value is None or value.cell.known

    def record_of(self, tensor: torch.Tensor) -> Value:
        """The record of a tensor; one is made for tensors of the model."""
        value = self.tracer.value(tensor)
        if value is None:
            known = self.is_known(tensor)
            value = Value(self.tracer, None, tensor.shape, Cell(False, known))
            self.tracer.foreign[id(tensor)] = (tensor, value)
        return value

    def twin(self, item: Any) -> Any:
        """The meta tensor that stands for a real one; other arguments as they are."""
        if isinstance(item, torch.Tensor):
            if item.device.type == "meta":
                return item
            kept = self.twins.get(id(item))
            if kept is None or kept[1].shape != item.shape:
                twin = torch.empty_strided(
                    item.shape, item.stride(), dtype=item.dtype, device=self.meta
                )
                kept = self.twins[id(item)] = (item, twin)
            return kept[1]
        if isinstance(item, (list, tuple)):
            return type(item)(self.twin(part) for part in item)
        return item


class Functions(TorchFunctionMode):
    """Calls as the user wrote them; only those in ``table`` are taken."""

    def __init__(self, dispatch: Dispatch, table: dict[Any, Any], device: torch.device) -> None:
        super().__init__()
        self.dispatch = dispatch
        self.table = table
        self.device = device

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Take the call, or let it pass."""
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
        self.dispatch.suspended = True
        try:
            return call(*args, **kwargs)
        finally:
            self.dispatch.suspended = False
