"""Sizes that a model's code asked for, and all that it made of them.

Code may compute with a size: halve it, round it up to windows, hand it back to torch. So it is told
a ``Number``, which notes what is done with it in a ``Trail``. The steps of a trail can be taken
again from other sizes (``replay``); where the code looked at a number, to branch or to count, it
must come out as it did, or the code may go another way.

A ``Number`` is an int or a float to ``isinstance``, and to C only by ``__index__`` and the like,
which are noted. What asks for its exact type is told otherwise (``watching``).
"""

from __future__ import annotations

import dis
import math
import operator
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any, NamedTuple

import torch

UNSEEN = object()
"""What a step has to come out as that the code did not look at."""

_LOADS = (
    "LOAD_", "FORMAT_", "BUILD_STRING", "CONVERT_VALUE", "BINARY_SUBSCR", "PRECALL", "CACHE",
    "EXTENDED_ARG", "NOP", "PUSH_NULL",
)  # fmt: skip
"""Instructions that keep a text nowhere but for the call that follows."""


class Of(NamedTuple):
    """The place of a number: the step of the trail that gives it."""

    step: int


class Step(NamedTuple):
    """One number, an int or a float; ``function`` is None where torch told it.

    ``expected``: what the code saw.
    """

    function: Callable[..., Any] | None
    operands: tuple[Any, ...]
    kind: type
    expected: Any = UNSEEN


class _Text(NamedTuple):
    """A number in a text that goes nowhere but into the call at ``stop``, as far as is known.

    Places of instructions; an interpreter may say that one runs by any of those that it spans.
    """

    frame: FrameType
    start: int
    stop: range
    number: Number


class Trail:
    """The steps of one capture, in order; ``lost``: one of them failed, which code may catch.

    ``call``: makes a call of torch and notes it, where there is anybody to do so.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.lost = False
        self.call: Callable[..., Any] | None = None
        self._texts: list[_Text] = []

    @property
    def count(self) -> int:
        """How many steps were taken."""
        return len(self.steps)

    def told(self, value: Any) -> Any:
        """A number that torch tells, or a shape."""
        if isinstance(value, torch.Size):
            return Sizes(map(self.told, value))
        return self._made(value, None, ())

    def derive(self, function: Callable[..., Any], *operands: Any) -> Any:
        """What a function makes of numbers, as another."""
        found = self._found(function, operands)
        if type(found) not in (int, float):
            return self._looked(found, function, operands)
        return self._made(found, function, operands)

    def look(self, function: Callable[..., Any], *operands: Any) -> Any:
        """What a function makes of numbers, for the code to see."""
        return self._looked(self._found(function, operands), function, operands)

    def _found(self, function: Callable[..., Any], operands: Sequence[Any]) -> Any:
        try:
            return function(*map(plain, operands))
        except Exception:
            self.lost = True
            raise

    def text(self, number: Number, spec: str, frame: FrameType) -> str:
        """A number in a text, which is seen if it is not the message of an assertion."""
        stop = _consumer(frame.f_code, frame.f_lasti)
        waiting = self._texts and (frame, stop) == (self._texts[0].frame, self._texts[0].stop)
        again = any(text.start == frame.f_lasti for text in self._texts)
        if not waiting or again:
            self.settle()
        if stop is None:
            self.look(operator.pos, number)
        else:
            self._texts.append(_Text(frame, frame.f_lasti, stop, number))
        return format(number.value, spec)

    def settle(self, function: Any = None) -> None:
        """Torch is called; texts are an assertion's or are seen."""
        texts, self._texts = self._texts, []
        if texts and function is torch._assert:
            frame: FrameType | None = sys._getframe()
            while frame is not None and frame is not texts[0].frame:
                frame = frame.f_back
            if frame is not None and frame.f_lasti in texts[0].stop:
                return
        for text in texts:
            self.look(operator.pos, text.number)

    def _made(self, value: Any, function: Callable[..., Any] | None, operands: Any) -> Number:
        self._note(Step(function, tuple(map(_place, operands)), type(value)))
        return Number(value, len(self.steps) - 1, self)

    def _looked(self, value: Any, function: Callable[..., Any], operands: Any) -> Any:
        self._note(Step(function, tuple(map(_place, operands)), type(value), value))
        return value

    def _note(self, step: Step) -> None:
        if self._texts:
            self.settle()
        self.steps.append(step)


def _place(item: Any) -> Any:
    return Of(item.step) if type(item) is Number else item


class Number:
    """A number that follows from sizes."""

    __slots__ = ("step", "trail", "value")

    def __init__(self, value: float, step: int, trail: Trail) -> None:
        self.value = value
        self.step = step
        self.trail = trail

    @property
    def __class__(self) -> type:  # type: ignore[override]  # for isinstance
        return type(self.value)

    def __bool__(self) -> bool:
        return self.trail.look(bool, self)

    def __int__(self) -> int:
        return self.trail.look(int, self)

    def __float__(self) -> float:
        return self.trail.look(float, self)

    def __index__(self) -> int:
        return self.trail.look(operator.index, self)

    def __hash__(self) -> int:
        return hash(self.trail.look(operator.pos, self))

    def __repr__(self) -> str:
        return repr(self.trail.look(operator.pos, self))

    def __format__(self, spec: str) -> str:
        return self.trail.text(self, spec, sys._getframe(1))

    def __getattr__(self, name: str) -> Any:
        if not hasattr(type(self.value), name):
            raise AttributeError(name)
        return getattr(self.trail.look(operator.pos, self), name)

    def __copy__(self) -> Number:
        return self

    def __deepcopy__(self, _memo: Any) -> Number:
        return self

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return type(self.value), (self.trail.look(operator.pos, self),)

    def __round__(self, digits: int | None = None) -> Any:
        return self.trail.derive(round, self, digits)


def _is_number(item: Any) -> bool:
    return type(item) in (Number, int, float, bool)


def _with(trail: Trail, function: Any, one: Any, other: Any) -> Any:
    """What a function makes of a number and something else, which may be a tensor."""
    if _is_number(one) and _is_number(other):
        return trail.derive(function, one, other)
    if trail.call is None or not isinstance(one if type(other) is Number else other, torch.Tensor):
        return NotImplemented
    return trail.call(function, (one, other))


def _install() -> None:
    def one(function: Any) -> Any:
        return lambda self: self.trail.derive(function, self)

    def two(function: Any) -> tuple[Any, Any]:
        return (
            lambda self, other: _with(self.trail, function, self, other),
            lambda self, other: _with(self.trail, function, other, self),
        )

    def compared(function: Any) -> Any:
        def seen(self: Number, other: Any) -> Any:
            return self.trail.look(function, self, other) if _is_number(other) else NotImplemented

        return seen

    for name in ("neg", "pos", "abs", "invert"):
        setattr(Number, f"__{name}__", one(getattr(operator, name)))
    for name in ("ceil", "floor", "trunc"):
        setattr(Number, f"__{name}__", one(getattr(math, name)))
    for name in (
        "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and", "or",
        "xor",
    ):  # fmt: skip
        left, right = two(getattr(operator, f"__{name}__"))
        setattr(Number, f"__{name}__", left)
        setattr(Number, f"__r{name}__", right)
    for side, pair in (("", lambda a, b: (a // b, a % b)), ("r", lambda a, b: (b // a, b % a))):
        setattr(Number, f"__{side}divmod__", pair)
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(Number, f"__{name}__", compared(getattr(operator, name)))


_install()


class Sizes(tuple[Any, ...]):
    """A shape of numbers."""

    __slots__ = ()

    @property
    def __class__(self) -> type:  # type: ignore[override]  # for isinstance
        return torch.Size

    def __getitem__(self, place: Any) -> Any:
        found = tuple.__getitem__(self, place)
        return Sizes(found) if type(place) is slice else found

    def __add__(self, other: Any) -> Any:
        return Sizes((*self, *other)) if isinstance(other, tuple) else NotImplemented

    def numel(self) -> Any:
        """How many elements there are."""
        return math.prod(self)

    def __repr__(self) -> str:
        return repr(torch.Size(self))

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(torch.Size(self), spec)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return torch.Size, (tuple(map(operator.index, self)),)


def plain(item: Any) -> Any:
    """An argument without numbers that are watched; the same object where it has none."""
    kind = type(item)
    if kind is Number:
        return item.value
    if kind is Sizes:
        return torch.Size(map(plain, tuple.__iter__(item)))
    if kind in (tuple, list):
        parts = [plain(part) for part in item]
        return item if all(map(operator.is_, parts, item)) else kind(parts)
    if kind is slice:
        parts = [plain(part) for part in (item.start, item.stop, item.step)]
        return slice(*parts)
    if kind is dict:
        return {key: plain(part) for key, part in item.items()}
    return item


def taken(steps: Sequence[Step], values: list[Any], start: int, stop: int) -> bool:
    """Take some steps again; False where one comes out otherwise than the code saw it."""
    for number in range(start, stop):
        function, operands, kind, expected = steps[number]
        if function is None:
            continue
        given = [values[part.step] if type(part) is Of else part for part in operands]
        try:
            found = function(*given)
        except (ArithmeticError, TypeError, ValueError):
            return False
        if type(found) is not kind or (expected is not UNSEEN and found != expected):
            return False
        values[number] = found
    return True


@lru_cache(maxsize=1024)
def _consumer(code: CodeType, place: int) -> range | None:
    """Where the text that is made at ``place`` is handed to a call of which nothing is kept."""
    after = [one for one in dis.get_instructions(code) if one.offset > place]
    for one, following in pairwise(after):
        if one.opname in ("CALL", "CALL_FUNCTION", "CALL_METHOD"):
            kept = following.opname != "POP_TOP"
            return None if kept else range(one.offset, following.offset)
        if not one.opname.startswith(_LOADS):
            return None
    return None
