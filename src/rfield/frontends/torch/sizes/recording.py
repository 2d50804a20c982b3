"""What a model's code does, as calls of torch: all that it asked, and all that it was told.

Between two calls the code can only go by what came back from torch: tensors without numbers, and
sizes, types and other plain answers where it asked for them. So where the same comes back at other
sizes it makes the same calls. A ``Recording`` notes them during a capture, with enough to make them
again (``replay``); it is ``lost`` where anything was done that it cannot see or make again.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import BuiltinFunctionType, FunctionType
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch.overrides import _pop_mode_temporarily

from ..tracer import Tracer
from ..values import Cell
from .asked import Number, Of, Sizes, Trail, plain
from .borders import is_carried
from .templates import PLAIN, LostError, Made, Slot, leaves

_TENSORS = re.compile(r"Tensor|Tuple\[Tensor(, Tensor)*\]")
_ASKING = frozenset({
    torch.Tensor.shape.__get__, torch.Tensor.size, torch.Tensor.numel, torch.Tensor.nelement,
})  # type: ignore[attr-defined]  # fmt: skip
"""Questions that are answered by sizes."""
_BATCH_NORMS = frozenset({F.batch_norm, torch.batch_norm})
"""Their statistics are told apart by nothing but their shape."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call; values have numbers, in the order in which they were met.

    ``kind``: the same for calls that differ in ``given`` alone, the values that they take.
    ``made``: those that came back, and ``told`` what else did. ``start``, ``stop``: the nodes that
    it added to the graph. ``layer``: where it was made. ``numbers``: the steps of the trail that it
    takes, ``after`` how many were taken before; ``asked``: the first that its answer is, where it
    is a size or several. ``names``: those of tensors of which constants are made. ``guessed``: the
    capture would be made again, laid out, if this failed. ``shares``: which of them share storage.
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
    numbers: tuple[int, ...] = ()
    after: int = 0
    asked: int | None = None
    names: tuple[tuple[int, str], ...] = ()
    guessed: bool = False
    shares: tuple[bool, ...] = ()


class Kinds:
    """The kinds of calls, by number; ``held``: constants, which must not lose their identity."""

    def __init__(self) -> None:
        self.held: dict[int, torch.Tensor] = {}
        self._numbers: dict[Any, int] = {}

    def of(self, key: Any) -> int:
        """The number of a kind."""
        return self._numbers.setdefault(key, len(self._numbers))


class Recording:
    """The calls of one capture by ``tracer``; ``values``: every tensor that came of the input.

    ``trail``: what becomes of the sizes that the code asks for; without one it must be told the
    same again. ``kinds`` may be those of other recordings. ``asks``: it asked for sizes;
    ``writes``: to values. ``laid_out``: as everything really lies in memory.
    """

    def __init__(self, kinds: Kinds | None = None, trail: Trail | None = None) -> None:
        self.calls: list[Call] = []
        self.values: list[torch.Tensor] = []
        self.kinds = Kinds() if kinds is None else kinds
        self.trail = trail
        self.asks = self.writes = self.laid_out = False
        self.inputs: dict[str, int] = {}
        self.lost = False
        self.tracer: Tracer | None = None
        self._numbers: dict[int, int] = {}
        self._constants: dict[int, tuple[torch.Tensor, Made, Any, int | None]] = {}
        self._used: set[int | None] = set()
        self._nodes: list[int | None] = []
        self._count = self._modes = 0
        self._stale: set[int] = set()
        self._met: list[int] = []
        self._parts: list[torch.Tensor] = []
        self._names: dict[int, str] = {}

    @property
    def way(self) -> tuple[object, ...]:
        """Which way the code went, as far as calls tell that are made at any size."""
        return tuple((call.function, call.layer) for call in self.calls)

    def begin(
        self, tracer: Tracer, modules: Iterable[torch.nn.Module], mode: Any, *,
        laid_out: bool = False,
    ) -> None:  # fmt: skip
        """A capture of these modules by ``mode`` begins, or begins again; the last is noted."""
        if self.tracer is not None:
            vars(self).update(vars(Recording(self.kinds, self.trail and Trail())))
        mode.recording = self
        if self.trail is not None:
            self.trail.call = partial(self._made, mode)
        scripted = any(isinstance(module, torch.jit.ScriptModule) for module in modules)
        self.lost = scripted or _scripts_tell()
        self.tracer, self.laid_out = tracer, laid_out
        self._modes = torch._C._len_torch_dispatch_stack() + 1  # the capture's own

    def end(self) -> None:
        """The capture is over; what is known of masks, and unknown ops, belong to its size."""
        tracer = self.tracer
        if tracer is None:
            self.lost = True
            return
        marked = not is_carried(tracer)
        if self.trail is not None:
            self.trail.settle()
            marked = marked or self.trail.lost
            # a constant that another call takes is made again with it
            self.calls = [c for n, c in enumerate(self.calls) if n not in self._used]
        self.lost = bool(self.lost or marked or tracer.unknown)

    def enter(self, name: str, tensor: torch.Tensor) -> None:
        """An input of the model."""
        try:
            self.inputs[name] = self._number(tensor)
        except LostError:
            self.lost = True
        self._count += 1

    def _made(
        self, mode: Any, function: Any, args: Any, kwargs: dict[str, Any] | None = None
    ) -> Any:
        """A call that torch would refuse before it tells ``mode`` of it."""
        with _pop_mode_temporarily() as innermost:
            if innermost is mode and mode.recording is self:
                return self.call(mode, function, args, kwargs or {})
        return function(*args, **(kwargs or {}))

    def call(self, mode: Any, function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Make a call that ``mode`` was told of, and note it."""
        mode.recording = None
        self.lost = self.lost or torch._C._len_torch_dispatch_stack() != self._modes
        if self.trail is not None:
            self.trail.settle(function)
        look = sys.getprofile()
        try:
            if self.trail is not None:
                sys.setprofile(None)  # torch and what is here are not the code of the model
            result = mode.__torch_function__(function, (), plain(args), plain(kwargs))
        except Exception:
            self.lost = True  # the code may catch it, and go another way
            raise
        finally:
            mode.recording = self
            if self.trail is not None:
                sys.setprofile(look)
        if not self.lost:
            try:
                return self._note(function, args, kwargs, result)
            except LostError:
                self.lost = True
        return result

    def _note(self, function: Any, args: Any, kwargs: dict[str, Any], result: Any) -> Any:
        """What came of a call, as the code is told of it."""
        tracer = self.tracer
        assert tracer is not None
        given: dict[int, int] = {}
        for met in (self._met, self._parts, self._names):
            met.clear()
        shared = function in _BATCH_NORMS
        try:
            places = [self._template(item, given, shared=shared) for item in args]
            named = {
                name: self._template(item, given, shared=shared) for name, item in kwargs.items()
            }
        except LostError:
            if given or self._takes_values((args, kwargs)):
                raise
            return result  # it knows nothing of the input
        if isinstance(function, FunctionType) and not function.__module__.startswith("torch"):
            raise LostError
        key = (
            function, tuple(key for _, key in places),
            tuple((name, key) for name, (_, key) in named.items()),
        )  # fmt: skip
        arguments = tuple(place for place, _ in places)
        keywords = {name: place for name, (place, _) in named.items()}
        tensors, told = leaves(result)
        numbers = tuple(self._met)
        if not given:
            parts = self._named() if numbers else ()
            call = len(self.calls) if numbers and not told else None
            for number, tensor in enumerate(tensors):
                made = Made(function, arguments, keywords, number, numbers, parts)
                entry = tensor, made, (*key, number, parts), call
                self._constants.setdefault(id(tensor), entry)
            if not numbers:
                return result
        self._follow_writes(given)
        asks = function in _ASKING
        self.asks = self.asks or asks
        trail = self.trail if asks else None
        after = self.trail.count if self.trail else 0
        start, self._count = self._count, len(tracer.draft.nodes)
        self.calls.append(
            Call(
                self.kinds.of((self.laid_out, key)), function, arguments, keywords, tuple(given),
                tuple(self._number(tensor) for tensor in tensors) if given else (), told,
                tracer.names.layer if tracer.names else "", start, self._count, numbers, after,
                after if trail else None, tuple(self._names.items()), tracer.guessed,
                sharing(tensors, [self.values[number] for number in given]),
            )
        )  # fmt: skip
        return trail.told(result) if trail else result

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
        """Arguments may hold something else now; what shares their storage is not to be used."""
        assert self.tracer is not None
        for number in given:
            tensor = self.values[number]
            now = self.tracer.index_of(tensor)
            if now != self._nodes[number]:
                value = self.tracer.value(tensor)
                if value is None or value.cell.copied:
                    raise LostError
                self._nodes[number], self.writes = now, True
                if value.parent is not None or value.cell.shared:
                    self._stale.update(self._beside(number, value.cell))

    def _beside(self, number: int, cell: Cell) -> Iterator[int]:
        """Other values in the same storage."""
        assert self.tracer is not None
        for other, tensor in enumerate(self.values):
            value = self.tracer.value(tensor)
            if other != number and value is not None and value.cell is cell:
                yield other

    def _template(self, item: Any, given: dict[int, int], *, shared: bool) -> tuple[Any, Any]:
        """An argument with slots for values, and what is the same for all calls of its kind."""
        if isinstance(item, torch.Tensor):
            number = self._numbers.get(id(item))
            if number is None:
                return self._constant(item, shared=shared)
            if self._nodes[number] is None or number in self._stale:
                given[number] = len(given)  # made for the size, and of no element
                raise LostError
            slot = Slot(given.setdefault(number, len(given)))
            return slot, slot
        kind = type(item)
        if kind is Number:
            self._met.append(item.step)
            return Of(item.step), Number
        if kind in (tuple, list, Sizes):
            kind = tuple if kind is Sizes else kind
            parts = [self._template(part, given, shared=shared) for part in item]
            return kind(part for part, _ in parts), (kind, *(key for _, key in parts))
        if isinstance(item, PLAIN):
            return item, (kind, item)
        if kind is slice:
            parts = [
                self._template(part, given, shared=shared)
                for part in (item.start, item.stop, item.step)
            ]
            if any(isinstance(part, Slot) for part, _ in parts):
                raise LostError
            return slice(*(part for part, _ in parts)), (slice, *(key for _, key in parts))
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
            _, made, key, call = self._constants[id(tensor)]
            self._used.add(call)
            self._met += made.numbers
            self._names.update(made.names)
            return made, key
        self._parts.append(tensor)
        if shared or type(tensor) is torch.nn.Parameter:
            return tensor, (tensor.shape, tensor.stride(), tensor.dtype, tensor.is_meta)
        self.kinds.held[id(tensor)] = tensor
        return tensor, id(tensor)

    def _named(self) -> tuple[tuple[int, str], ...]:
        """The tensors of the model of which a constant is made, each with its name."""
        assert self.tracer is not None
        known = self.tracer.names.tensors if self.tracer.names else {}
        for tensor in self._parts:
            self.kinds.held[id(tensor)] = tensor
            self._names[id(tensor)] = known.get(id(tensor), "")
        return tuple(self._names.items())

    def _takes_values(self, item: Any) -> bool:
        if isinstance(item, torch.Tensor):
            return id(item) in self._numbers
        if isinstance(item, Mapping):
            return any(map(self._takes_values, item.values()))
        if isinstance(item, (list, tuple)):
            return any(map(self._takes_values, item))
        if type(item) is Number:
            return True
        return not isinstance(item, (*PLAIN, slice, BuiltinFunctionType))


def _scripts_tell() -> bool:
    """Whether any compiled function returns more than tensors: torch does not tell of its calls."""
    unit = getattr(getattr(torch.jit, "_state", None), "_python_cu", None)
    if unit is None:
        return True
    returned = (str(one.type) for each in unit.get_functions() for one in each.schema.returns)
    return not all(map(_TENSORS.fullmatch, returned))


def sharing(made: Iterable[torch.Tensor], given: Sequence[torch.Tensor]) -> tuple[bool, ...]:
    """Which results lie in the storage of which argument: a write to one is a write to both."""
    return tuple(torch._C._is_alias_of(one, other) for one in made for other in given)
