"""Ops of which no operand depends on the input: tables, masks, shapes and weights.

Small tables are computed for real, because which elements are read depends on them. Weights and
whatever is made of them are meta tensors, of which only the zeros may be known (``zeros``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from math import prod
from typing import Any
from weakref import ref

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ...core.numbers import is_drawn
from ..machine.limits import MASK
from ..machine.tables import even
from ..machine.values import Constant
from .failures import here, needs_values, no_shape
from .kinds import LOOKS_AT_VALUES, SHAPED, uniform
from .moved import moved
from .rulebook import Arguments, Signature
from .storage import extent, is_view
from .tracer import Tracer, tensors_of
from .values import Cell, Value, is_weight
from .zeros import UNTOLD, sampled

SMALL = 1 << 22
"""Constants of at most so many elements are computed."""


_KEPT_OUT: set[type] = set()
"""Classes whose dispatch the compiler leaves alone."""


class Watched(TorchDispatchMode):
    """What is done with the constants of a capture, and how any op is run.

    ``functions``: the mode that sees calls as the user wrote them, where there is one.
    """

    functions: Any = None

    def __init__(self, tracer: Tracer, *, real: bool) -> None:
        super().__init__()
        self.tracer = tracer
        self.real = real
        self.signatures: dict[Any, Signature] = {}
        self.writes: set[object] = set()  # by what was written to, and with what
        self.meta = torch.device("meta")
        self.cpu = torch.device("cpu")

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Torch would import its compiler, which takes longer than reading a model; see below."""
        return False

    def __enter__(self) -> Any:
        """Where the compiler is in use, it is kept out of what is done here."""
        kind = type(self)
        if "torch._dynamo" in sys.modules and kind not in _KEPT_OUT:
            disable: Any = sys.modules["torch._dynamo"].disable
            kind.__torch_dispatch__ = disable(kind.__torch_dispatch__)  # type: ignore[method-assign]
            _KEPT_OUT.add(kind)
        return super().__enter__()

    def execute(
        self, signature: Signature, func: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> Any:
        """Run an op for its shape, or for real."""
        if self.real:
            return func(*args, **kwargs)
        if signature.packet in SHAPED:
            return SHAPED[signature.packet](signature.bind(args, kwargs))
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
            meta = operands[0].device.type == "meta"
            if meta or not (self.real or self.has_numbers(operands[0])):
                raise needs_values(f"{signature.short!r}", self.layer, here())
            return func(*args, **kwargs)
        if not operands:
            return self.factory(signature, func, bound, args, kwargs)
        run = known and not signature.draws(bound)
        run = run and (signature.view_of is not None or _is_small(operands))
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
        told = (self.tracer.weights(tensor, self.tracer.value(tensor)) for tensor in operands)
        weights = tuple(dict.fromkeys(weight for each in told for weight in each))
        if weights:
            for tensor in tensors_of(result):
                self.record_of(tensor).weights = weights
        if not run:
            self.follow(signature, func, args, kwargs, result)
            self.put(signature, func, args, kwargs, result)
            self.not_computed(operands, result)
            self.made(signature, bound, result)
        return result

    def made(self, signature: Signature, bound: Mapping[str, Any], result: Any) -> None:
        """Note what made constants whose numbers nobody has."""
        origin = self.tracer.made_by(signature, bound)
        for number, tensor in enumerate(tensors_of(result)):
            self.record_of(tensor).origin = (*origin, number)

    def put(self, signature: Signature, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        """Note which elements of a weight lie where, if the result is made of these."""
        tracer = self.tracer
        if isinstance(result, torch.Tensor) and self.record_of(result).parent is None:
            self.record_of(result).moved = moved(
                signature.packet, func, args, kwargs, result, tracer.held, self.is_known
            )

    def follow(self, signature: Signature, func: Any, args: Any, kwargs: Any, result: Any) -> None:
        """What the results are for weights drawn at random."""
        sample = self.tracer.sample
        operands = tensors_of((args, list(kwargs.values())))
        for k, tensor in enumerate(tensors_of(result)):
            record, place = self.record_of(tensor), None if tensor is result else k
            if record.parent is not None and record.cell.flat is not None:
                continue  # where it lies tells
            found = sampled(signature.packet, func, args, kwargs, sample, tensor, place)
            if found is None and any(map(self.tracer.may_hide, operands)):
                found = UNTOLD
            record.sample = None if found is UNTOLD else found
            record.unseen = found is UNTOLD
            if record.parent is None:
                record.cell.strides = tensor.stride(), tensor.storage_offset()

    def not_computed(self, operands: list[torch.Tensor], result: Any) -> None:
        """What is made of tables only could be a mask, where it is too large to be computed."""
        if all(self.is_known(tensor) or self.tracer.unseen(tensor) for tensor in operands):
            for tensor in tensors_of(result):
                self.record_of(tensor).unseen = True

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
        parent.cell.own = parent.cell.own or signature.short == "lift_fresh"
        arguments = Arguments(bound, operands, self.tracer, signature.short)
        shapes = [tuple(tensor.shape) for tensor in operands]
        for number, tensor in enumerate(tensors_of(result)):
            if tensor is source:  # of that type already
                continue
            same = source if tensor.is_meta == source.is_meta else self.twin(source)
            if not is_view(tensor, same):
                self.tracer.hold(tensor, None, known=not tensor.is_meta)
                continue

            def steps(place: int = number) -> list[Any]:
                changed = {**bound, "_shapes": shapes}
                frozen = Arguments(changed, arguments.operands, self.tracer, signature.short)
                found = self.tracer.read(signature, frozen, result)
                entry = found[place] if isinstance(found, tuple) else found
                return entry if isinstance(entry, list) else [entry]

            view = Value(self.tracer, None, tensor.shape, parent.cell, parent, steps)
            view.real = ref(tensor) if parent.real else None
            self.tracer.views.append(view)
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
        if isinstance(target, (list, tuple)):  # all at once, without a rule
            for tensor in target:
                self.record_of(tensor).root.forget()
                cell = self.record_of(tensor).cell
                cell.known = cell.sampled = False
                cell.uniform = None
            return target
        value = self.record_of(target)
        value.cell.uniform = None
        value.root.forget()
        computed = value.cell.own and known and not signature.draws(bound)
        if computed and self.computes(signature, func, args, kwargs):
            func(*args, **kwargs)
            return target
        before = self.tracer.opened(target, value)
        was = None if before is None else before.clone()
        self.execute(signature, func, args, kwargs) if not self.real else None
        sample = self.tracer.sample
        after = sampled(signature.packet, func, args, kwargs, sample, target)
        unchanged = False
        if before is None or not isinstance(after, torch.Tensor) or after.shape != before.shape:
            value.root.unseen, value.root.sample = True, None
            value.cell.sampled, value.cell.flat = False, None
        else:
            if after is not before:
                before.copy_(after)
            unchanged = was is not None and torch.equal(before, was)
        value.cell.known = False
        origin = self.tracer.made_by(signature, bound)
        others = {name: item for name, item in bound.items() if item is not target}
        write = id(value.root), self.tracer.made_by(signature, others)
        if unchanged and write in self.writes and not is_drawn(origin):
            return target  # what was masked before, the same mask leaves as it is
        self.writes.add(write)
        written: Value | None = value
        while written is not None:
            written.origin, written = origin, written.parent
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
        large = made.draws(bound) or not self.makes(made, bound)
        if not self.real and (kwargs.get("device") is not None or large):
            kwargs = {**kwargs, "device": self.meta if large else self.cpu}
        result = func(*args, **kwargs)
        for tensor in tensors_of(result):
            _without_chance(made, tensor)
            self.tracer.hold_even(tensor, uniform(made.packet, bound))
            self.record_of(tensor).unseen = large and "rand" not in made.packet
        if large:
            self.made(made, bound, result)
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
            large = prod(size) > SMALL or signature.draws(bound)
            large = large or not self.computes(signature, func, args, kwargs)
            kwargs = {**kwargs, "device": self.meta if large else self.cpu}
        result = func(*args, **kwargs)
        _without_chance(signature, result)
        self.tracer.hold_even(result, uniform(signature.packet, bound))
        if signature.random:
            self.made(signature, bound, result)
        return result

    def evened(self, result: Any, operands: list[torch.Tensor]) -> Any:
        """What masks leave one number of everywhere, as a tensor that was made of that number."""
        del operands
        number = None if self.real else self.left_even(result)
        if number is None:
            return result
        device = self.meta if result.numel() > SMALL else self.cpu
        made = torch.full_like(result, number, device=device)
        self.tracer.hold_even(made, number)
        return made

    def left_even(self, result: Any) -> float | None:
        """The one number that masks leave a result everywhere; or None."""
        value = self.tracer.value(result) if isinstance(result, torch.Tensor) else None
        if value is None or value.left is None or value.index is not None:
            return None
        number = even(Constant(value.shape, value.left))
        return None if number is None else float(number)

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
        return not is_weight(tensor) and tensor.numel() <= SMALL

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
            value.real = ref(tensor) if known else None
            self.tracer.foreign[id(tensor)] = (tensor, value)
        return value

    def twin(self, item: Any) -> Any:
        """The meta tensor that stands for a real one; other arguments as they are."""
        if isinstance(item, torch.Tensor):
            if item.device.type == "meta":
                return item
            kept = self.tracer.twins.get(id(item))
            if kept is None or kept[1].shape != item.shape:
                kind: dict[str, Any] = {"dtype": item.dtype, "device": self.meta}
                if item.layout is torch.strided:
                    twin = torch.empty_strided(item.shape, item.stride(), **kind)
                    if start := item.storage_offset():  # views of it know where they lie
                        room = torch.empty(start + 1 + extent(item), **kind)
                        twin = room.as_strided(item.shape, item.stride(), start)
                else:  # a sparse table, read like any other
                    twin = torch.empty(item.shape, **kind)
                kept = self.tracer.twins[id(item)] = (item, twin)
            return kept[1]
        if isinstance(item, torch.device):
            return self.meta
        if isinstance(item, (list, tuple)):
            return type(item)(self.twin(part) for part in item)
        return item


def _without_chance(made: Signature, tensor: torch.Tensor) -> None:
    """What lies in memory by chance must not pass for zeros or for a mask."""
    plain = tensor.layout is torch.strided and not (tensor.is_meta or tensor.is_quantized)
    if "empty" in made.packet and plain:
        tensor.fill_(1)


def _is_small(tensors: list[torch.Tensor]) -> bool:
    """Whether an op on them is computed: truth values take no longer for being more."""
    if sum(tensor.numel() * tensor.element_size() for tensor in tensors) > 8 * SMALL:
        return False
    try:
        return prod(torch.broadcast_shapes(*(tensor.shape for tensor in tensors))) <= MASK
    except RuntimeError:  # they do not stand side by side
        return True
