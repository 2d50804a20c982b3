"""What a model's code does, as calls of torch: all that it asked, and all that it was told.

Between two calls the code can only go by what came back from torch: tensors without numbers, and
sizes, types and other plain answers where it asked for them. So where the same comes back at other
sizes it makes the same calls. A ``Recording`` notes them during a capture, with enough to make them
again (``replay``); it is ``lost`` where anything was done that it cannot see or make again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from .tracer import Tracer

_PLAIN = (
    type(None), bool, int, float, str, torch.Size, torch.dtype, torch.device, torch.layout,
    torch.memory_format, type(...),
)  # fmt: skip
_TENSORS = re.compile(r"Tensor|Tuple\[Tensor(, Tensor)*\]")
_BATCH_NORMS = frozenset({F.batch_norm, torch.batch_norm})
"""Their statistics are told apart by nothing but their shape."""


class LostError(Exception):
    """Something that cannot be made again."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an argument that depends on the input."""

    number: int


@dataclass(frozen=True, slots=True)
class Made:
    """The place of a constant that a call makes: it is made again."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    number: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call; values have numbers, in the order in which they were met.

    ``kind``: the same for calls that differ in ``given`` alone, the values that they take.
    ``made``: those that came back, and ``told`` what else did. ``start``, ``stop``: the nodes that
    it added to the graph. ``layer``: where it was made.
    """

    kind: int
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    given: tuple[int, ...]
    made: tuple[int, ...]
    told: tuple[Any, ...]
    layer: str
    start: int
    stop: int


class Recording:
    """The calls of one capture by ``tracer``; ``values``: every tensor that came of the input."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.values: list[torch.Tensor] = []
        self.kinds: dict[Any, int] = {}
        self.inputs: dict[str, int] = {}
        self.lost = False
        self.tracer: Tracer | None = None
        self._numbers: dict[int, int] = {}
        self._constants: dict[int, tuple[torch.Tensor, Made, Any]] = {}
        self._nodes: list[int | None] = []
        self._count = self._modes = 0

    def begin(self, tracer: Tracer, modules: Iterable[torch.nn.Module]) -> None:
        """A capture of these modules begins; only the first is noted."""
        scripted = any(isinstance(module, torch.jit.ScriptModule) for module in modules)
        self.lost = self.tracer is not None or scripted or _scripts_tell()
        self.tracer = tracer
        self._modes = torch._C._len_torch_dispatch_stack() + 1  # the capture's own

    def end(self) -> None:
        """The capture is over; what is known of masks, and unknown ops, belong to its size."""
        tracer = self.tracer
        if tracer is None:
            self.lost = True
            return
        emitter, draft = tracer.emitter, tracer.draft
        marked = draft.known or draft.borders or emitter.dimmed or emitter.lowered
        self.lost = bool(self.lost or marked or emitter.parts.made or tracer.unknown)

    def enter(self, name: str, tensor: torch.Tensor) -> None:
        """An input of the model."""
        self.inputs[name] = self._number(tensor)
        self._count += 1

    def call(self, mode: Any, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Make a call that ``mode`` was told of, and note it."""
        mode.recording = None
        self.lost = self.lost or torch._C._len_torch_dispatch_stack() != self._modes
        try:
            result = mode.__torch_function__(function, (), args, kwargs)
        except Exception:
            self.lost = True  # the code may catch it, and go another way
            raise
        finally:
            mode.recording = self
        if not self.lost:
            try:
                self._note(function, args, kwargs, result)
            except LostError:
                self.lost = True
        return result

    def _note(self, function: Any, args: Any, kwargs: dict[str, Any], result: Any) -> None:
        tracer = self.tracer
        assert tracer is not None
        given: dict[int, int] = {}
        shared = function in _BATCH_NORMS
        try:
            places = [self._template(item, given, shared=shared) for item in args]
            named = {
                name: self._template(item, given, shared=shared) for name, item in kwargs.items()
            }
        except LostError:
            if given or self._takes_values((args, kwargs)):
                raise
            return  # it knows nothing of the input
        if isinstance(function, FunctionType) and not function.__module__.startswith("torch"):
            raise LostError
        key = (
            function, tuple(key for _, key in places),
            tuple((name, key) for name, (_, key) in named.items()),
        )  # fmt: skip
        arguments = tuple(place for place, _ in places)
        keywords = {name: place for name, (place, _) in named.items()}
        tensors, told = leaves(result)
        if not given:
            for number, tensor in enumerate(tensors):
                made = Made(function, arguments, keywords, number)
                self._constants.setdefault(id(tensor), (tensor, made, (*key, number)))
            return
        self._follow_writes(given)
        start, self._count = self._count, len(tracer.draft.nodes)
        self.calls.append(
            Call(
                self.kinds.setdefault(key, len(self.kinds)), function, arguments, keywords,
                tuple(given), tuple(self._number(tensor) for tensor in tensors), told,
                tracer.names.layer if tracer.names else "", start, self._count,
            )
        )  # fmt: skip

    def _number(self, tensor: torch.Tensor) -> int:
        """The number of a value; tensors are held, so that no other has the identity of one."""
        assert self.tracer is not None
        number = self._numbers.setdefault(id(tensor), len(self.values))
        if number == len(self.values):
            if type(tensor) is not torch.Tensor or tensor.layout is not torch.strided:
                raise LostError
            if tensor.is_complex() or tensor.is_quantized or not tensor.is_meta:
                raise LostError
            self.values.append(tensor)
            self._nodes.append(self.tracer.index_of(tensor))
        return number

    def _follow_writes(self, given: Mapping[int, int]) -> None:
        """Arguments may hold something else now; where others share their storage, all is lost."""
        assert self.tracer is not None
        for number in given:
            tensor = self.values[number]
            now = self.tracer.index_of(tensor)
            if now != self._nodes[number]:
                value = self.tracer.value(tensor)
                if value is None or value.parent is not None or value.cell.shared:
                    raise LostError
                self._nodes[number] = now

    def _template(self, item: Any, given: dict[int, int], *, shared: bool) -> tuple[Any, Any]:
        """An argument with slots for values, and what is the same for all calls of its kind."""
        if isinstance(item, torch.Tensor):
            number = self._numbers.get(id(item))
            if number is None:
                return self._constant(item, shared=shared)
            if self._nodes[number] is None:  # made for the size, and of no element
                given[number] = len(given)
                raise LostError
            slot = Slot(given.setdefault(number, len(given)))
            return slot, slot
        if isinstance(item, _PLAIN):
            return item, (type(item), item)
        if isinstance(item, slice):
            parts = [
                self._template(part, given, shared=shared)
                for part in (item.start, item.stop, item.step)
            ]
            if any(isinstance(part, Slot) for part, _ in parts):
                raise LostError
            return item, (slice, *(key for _, key in parts))
        if type(item) in (tuple, list):
            parts = [self._template(part, given, shared=shared) for part in item]
            return type(item)(part for part, _ in parts), (type(item), *(key for _, key in parts))
        raise LostError

    def _constant(self, tensor: torch.Tensor, *, shared: bool) -> tuple[Any, Any]:
        """A constant as an argument; of a weight nothing counts but its shape."""
        assert self.tracer is not None
        value = self.tracer.value(tensor)
        if value is not None and value.cell.version:
            raise LostError
        if value is not None and (value.cell.own or value.parent is not None):
            if id(tensor) not in self._constants:
                raise LostError
            _, made, key = self._constants[id(tensor)]
            return made, key
        if shared or type(tensor) is torch.nn.Parameter:
            return tensor, (tensor.shape, tensor.stride(), tensor.dtype, tensor.is_meta)
        return tensor, id(tensor)

    def _takes_values(self, item: Any) -> bool:
        if isinstance(item, torch.Tensor):
            return id(item) in self._numbers
        if isinstance(item, Mapping):
            return any(map(self._takes_values, item.values()))
        if isinstance(item, (list, tuple)):
            return any(map(self._takes_values, item))
        return not isinstance(item, (*_PLAIN, slice, BuiltinFunctionType))


def _scripts_tell() -> bool:
    """Whether any compiled function returns more than tensors: torch does not tell of its calls."""
    unit = getattr(getattr(torch.jit, "_state", None), "_python_cu", None)
    if unit is None:
        return True
    returned = (str(one.type) for each in unit.get_functions() for one in each.schema.returns)
    return not all(map(_TENSORS.fullmatch, returned))


def leaves(result: Any) -> tuple[list[torch.Tensor], tuple[Any, ...]]:
    """The tensors of what came back, and all else; lists and tuples flattened."""
    if isinstance(result, torch.Tensor):
        return [result], ()
    if isinstance(result, _PLAIN):
        return [], (result,)
    if not isinstance(result, (list, tuple)):
        raise LostError
    tensors: list[torch.Tensor] = []
    told: list[Any] = [len(result)]
    for item in result:
        more, plain = leaves(item)
        tensors += more
        told += plain
    return tensors, tuple(told)


def filled(template: Any, values: list[torch.Tensor]) -> Any:
    """An argument with values in its slots."""
    if isinstance(template, Slot):
        return values[template.number]
    if isinstance(template, Made):
        made = template.function(
            *(filled(part, values) for part in template.arguments),
            **{name: filled(part, values) for name, part in template.keywords.items()},
        )
        return leaves(made)[0][template.number]
    if type(template) in (tuple, list):
        return type(template)(filled(part, values) for part in template)
    return template
