"""The chain mini-language: ``"7/2p3 3/2p1 3p1d2"`` is three layers, one after the other.

``rfield chain --help`` is the reference of it. Parsing knows nothing of graphs (``parse`` gives
``Step`` values with their place in the text); ``chain`` makes the builder calls, and an error of
either points at the place in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ...core.graph import Graph
from ...errors import InvalidModelError, RFieldError
from .builder import GraphBuilder, Value

SHAPE_OF_A_LAYER = "[NAME=][t|m|a|u|ub]SIZE[/STRIDE][pPADDING][dDILATION][oEXTRA][c][*N]"
MOST_LAYERS = 10_000
MOST_DIGITS = 15

Kind = Literal["conv", "conv_transpose", "max_pool", "avg_pool", "nearest", "bilinear"]
Numbers = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]

_CONVOLUTION: Kind = "conv"
_KINDS: tuple[tuple[str, Kind], ...] = (
    ("ub", "bilinear"),
    ("u", "nearest"),
    ("t", "conv_transpose"),
    ("m", "max_pool"),
    ("a", "avg_pool"),
)
_PREFIX: dict[Kind, str] = {
    "conv": "conv",
    "conv_transpose": "tconv",
    "max_pool": "pool",
    "avg_pool": "pool",
    "nearest": "up",
    "bilinear": "up",
}
_FIELDS: dict[Kind, str] = {
    "conv": "/pd",
    "conv_transpose": "/pdo",
    "max_pool": "/pdc",
    "avg_pool": "/pdc",
    "nearest": "",
    "bilinear": "",
}
_WORDS: dict[str, str] = {
    "/": "stride", "p": "padding", "d": "dilation", "o": "output padding", "c": "ceil mode",
}  # fmt: skip
_READABLE: dict[Kind, str] = {
    "conv": "a convolution",
    "conv_transpose": "a transposed convolution",
    "max_pool": "pooling",
    "avg_pool": "pooling",
    "nearest": "up-sampling",
    "bilinear": "up-sampling",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One layer as written; tuples have one number, or one per axis. ``start:stop`` is its text."""

    name: str
    kind: Kind
    kernel: Numbers
    stride: Numbers = (1,)
    padding: str | Pads = ((0, 0),)
    dilation: Numbers = (1,)
    extra: Numbers = (0,)
    ceil_mode: bool = False
    start: int = field(default=0, compare=False)
    stop: int = field(default=0, compare=False)


def parse(text: str) -> tuple[Step, ...]:
    """The layers of a chain, repetitions written out, every layer with its own name.

    >>> [(step.name, step.kernel, step.stride) for step in parse("7/2p3 m2 3p1*2")]
    [('conv1', (7,), (2,)), ('pool1', (2,), (2,)), ('conv2', (3,), (1,)), ('conv3', (3,), (1,))]
    """
    steps: list[Step] = []
    counts: dict[str, int] = {}
    taken = {"input"}
    tokens = list(re.finditer(r"\S+", text))
    if not tokens:
        raise InvalidModelError(f"chain: there is no layer in it\n  A layer is {SHAPE_OF_A_LAYER}")
    for token in tokens:
        reader = _Reader(text, token.start(), token.end())
        step, count, named = _layer(reader)
        if len(steps) + count > MOST_LAYERS:
            problem = f"more than {MOST_LAYERS:,} layers"
            raise _at(text, token.start(), token.end(), problem)
        for number in range(1, count + 1):
            if named:
                name = step.name if count == 1 else f"{step.name}_{number}"
                if name in taken:
                    problem = f"the name {name!r} is taken already"
                    raise _at(text, token.start(), token.start() + len(step.name), problem)
            else:
                name = _next_name(_PREFIX[step.kind], counts, taken)
            taken.add(name)
            steps.append(replace(step, name=name))
    _check_axes(text, steps)
    return tuple(steps)


def chain(text: str, sizes: Sequence[int] | None = None) -> Graph:
    """The graph of a chain over an input of ``sizes`` (one number, or one per axis).

    Without ``sizes`` the input size is free. The graph has one axis unless some number is written
    per axis, batch and channel of size 1, and the layer names of ``parse``.
    """
    steps = parse(text)
    count = max(_axis_count(step) for step in steps)
    if sizes is not None:
        if len(sizes) > 1 and count > 1 and len(sizes) != count:
            raise InvalidModelError(
                f"chain: the input has {len(sizes)} sizes and the layers have {count} axes"
            )
        count = max(count, len(sizes))
        sizes = list(sizes) * count if len(sizes) == 1 else sizes
    builder = GraphBuilder()
    value = builder.input("input", (1, 1, *([None] * count if sizes is None else sizes)))
    for step in steps:
        value = _pointed(text, builder, value, step, count)
    return builder.build(outputs=[value])


def _pointed(text: str, b: GraphBuilder, x: Value, step: Step, count: int) -> Value:
    try:
        return _build(b, x, step, count)
    except RFieldError as error:
        raise _at(text, step.start, step.stop, str(error)) from None


def _build(b: GraphBuilder, x: Value, step: Step, count: int) -> Value:
    kernel, stride, dilation = (
        values * count if len(values) == 1 else values
        for values in (step.kernel, step.stride, step.dilation)
    )
    if step.kind in ("nearest", "bilinear"):
        mode = "nearest" if step.kind == "nearest" else "linear"
        return b.resize(step.name, x, scale=kernel, mode=mode)
    padding = step.padding
    if isinstance(padding, tuple) and len(padding) == 1:
        padding = padding * count
    if step.kind == "conv":
        return b.conv(
            step.name, x, kernel=kernel, stride=stride, padding=padding, dilation=dilation
        )
    if step.kind == "conv_transpose":
        extra = step.extra * count if len(step.extra) == 1 else step.extra
        return b.conv_transpose(
            step.name, x, kernel=kernel, stride=stride, padding=padding, dilation=dilation,
            output_padding=extra,
        )  # fmt: skip
    pool = b.max_pool if step.kind == "max_pool" else b.avg_pool
    return pool(
        step.name, x, kernel=kernel, stride=stride, padding=padding, dilation=dilation,
        ceil_mode=step.ceil_mode,
    )  # fmt: skip


class _Reader:
    """A place in one token; every error it makes points into the whole text."""

    def __init__(self, text: str, start: int, stop: int) -> None:
        self.text, self.start, self.stop, self.at = text, start, stop, start

    def peek(self) -> str:
        return self.text[self.at] if self.at < self.stop else ""

    def take(self, word: str) -> bool:
        if self.text.startswith(word, self.at, self.stop):
            self.at += len(word)
            return True
        return False

    def match(self, pattern: str) -> str:
        found = re.compile(pattern).match(self.text, self.at, self.stop)
        self.at += len(found[0]) if found else 0
        return found[0] if found else ""

    def number(self, what: str, least: int) -> int:
        start, digits = self.at, self.match("[0-9]+")
        if not digits:
            found = repr(self.peek()) if self.peek() else "the end of the layer"
            raise self.wrong(f"expected a number for the {what}, found {found}")
        if len(digits) > MOST_DIGITS:
            raise self.wrong(f"the {what} has {len(digits)} digits", start, self.at)
        if int(digits) < least:
            raise self.wrong(
                f"the {what} is {int(digits)}; expected at least {least}", start, self.at
            )
        return int(digits)

    def numbers(self, what: str, least: int) -> Numbers:
        values = [self.number(what, least)]
        while self.take("x"):
            values.append(self.number(what, least))
        return tuple(values)

    def pads(self) -> str | Pads:
        for word in ("same_lower", "same", "valid"):
            if self.take(word):
                return word
        pairs: list[tuple[int, int]] = []
        while not pairs or self.take("x"):
            before = self.number("padding", 0)
            pairs.append((before, self.number("padding", 0) if self.take(",") else before))
        return tuple(pairs)

    def wrong(self, problem: str, start: int | None = None, stop: int | None = None) -> RFieldError:
        start = self.at if start is None else start
        return _typo(self.text, start, start + 1 if stop is None else stop, problem)


def _layer(read: _Reader) -> tuple[Step, int, bool]:
    """One token: the layer, how often, and whether the user named it."""
    name = read.match(r"[^\s=]*(?==)")
    named = read.take("=")
    if named and not name:
        raise read.wrong("there is no name before '='", read.start)
    kind = _CONVOLUTION
    for prefix, written in _KINDS:
        if read.take(prefix):
            kind = written
            break
    kernel = read.numbers("factor" if kind in ("nearest", "bilinear") else "kernel", 1)
    step = Step(name, kind, kernel, start=read.start, stop=read.stop)
    if kind in ("max_pool", "avg_pool"):
        step = replace(step, stride=kernel)
    seen, count = "", 1
    while letter := read.peek():
        start = read.at
        if letter == "*":
            read.at += 1
            count = read.number("repetition", 1)
            if read.peek():
                raise read.wrong("nothing may follow the repetition", stop=read.stop)
            break
        if letter not in _WORDS:
            raise read.wrong(f"unexpected {letter!r}")
        if letter not in _FIELDS[kind]:
            raise read.wrong(f"{_READABLE[kind]} has no {_WORDS[letter]}", stop=read.stop)
        if letter in seen:
            raise read.wrong(f"the {_WORDS[letter]} is given twice", stop=read.stop)
        seen += letter
        read.at += 1
        step = _with_field(step, letter, read)
        _agree(read, step, start)
    return step, count, named


def _with_field(step: Step, letter: str, read: _Reader) -> Step:
    if letter == "/":
        return replace(step, stride=read.numbers("stride", 1))
    if letter == "p":
        return replace(step, padding=read.pads())
    if letter == "d":
        return replace(step, dilation=read.numbers("dilation", 1))
    if letter == "o":
        return replace(step, extra=read.numbers("output padding", 0))
    return replace(step, ceil_mode=True)


def _lengths(step: Step) -> set[int]:
    values = (step.kernel, step.stride, step.dilation, step.extra)
    lengths = {len(value) for value in values}
    return lengths | ({len(step.padding)} if isinstance(step.padding, tuple) else set())


def _axis_count(step: Step) -> int:
    return max(_lengths(step))


def _agree(read: _Reader, step: Step, start: int) -> None:
    """All fields of one layer must have one number, or one and the same number of axes."""
    counts = sorted(_lengths(step) - {1})
    if len(counts) > 1:
        raise read.wrong(f"{counts[0]} axes and {counts[1]} axes in one layer", start, read.at)


def _check_axes(text: str, steps: Sequence[Step]) -> None:
    first = next((step for step in steps if _axis_count(step) > 1), None)
    for step in steps:
        count = _axis_count(step)
        if first is not None and count not in (1, _axis_count(first)):
            problem = f"{step.name} has {count} axes, {first.name} has {_axis_count(first)}"
            raise _at(text, step.start, step.stop, problem)


def _next_name(prefix: str, counts: dict[str, int], taken: set[str]) -> str:
    while True:
        counts[prefix] = counts.get(prefix, 0) + 1
        name = f"{prefix}{counts[prefix]}"
        if name not in taken:
            return name


def _typo(text: str, start: int, stop: int, problem: str) -> RFieldError:
    """An error of writing: where it is, and how a layer is written."""
    return InvalidModelError(f"{_at(text, start, stop, problem)}\n  A layer is {SHAPE_OF_A_LAYER}")


def _at(text: str, start: int, stop: int, problem: str) -> RFieldError:
    """The error that shows ``text`` (a window of it) with carets under ``start:stop``."""
    begin = max(0, start - 40)
    end = min(len(text), begin + 72)
    lead, trail = "…" if begin else "", "…" if end < len(text) else ""
    shown = "".join(char if char.isprintable() else " " for char in text[begin:end])
    under = "".join(
        "\u3000" if unicodedata.east_asian_width(char) in "WF" else " "
        for char in shown[: start - begin]
    )
    carets = "^" * max(1, min(stop, end) - start)
    return InvalidModelError(
        f"chain: {problem}\n  {lead}{shown}{trail}\n  {' ' * len(lead)}{under}{carets}"
    )
