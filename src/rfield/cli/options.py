"""What several commands share: options, and how their values are written."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from .parsing import Parser, Taking

MOST_DIGITS = 15
FORMATS = ("table", "markdown", "csv", "json", "latex", "html", "svg")

MODEL_HELP = """\
MODEL is a file (.onnx .pt2 .pb .pbtxt .keras, a SavedModel folder) or a name:
  article:resnet_v1_50   torchvision:resnet50   timm:convnext_tiny
  package.module:name    my_net.py:Net
The last two are a model, or a class or function that gives one."""


class Commands:
    """The commands in the making."""

    def __init__(self, parser: Parser) -> None:
        self._made: Any = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(
        self,
        name: str,
        run: Callable[[argparse.Namespace], int],
        summary: str,
        *takes: Taking,
        epilog: str = MODEL_HELP,
        also: str = "",
    ) -> None:
        """A command: what it is called, what it runs, and the groups of options that it takes.

        ``also``: what the same question is called in Python, where that is another name.
        """
        made: Parser = self._made.add_parser(
            name, help=summary, aliases=[also] if also else [], description=summary, epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        )  # fmt: skip
        made.takes = (*takes, _debug)
        made.set_defaults(run=run, parser=made)


def reading(made: argparse.ArgumentParser) -> None:
    """Which model, and how."""
    how(made)
    made.add_argument("model", metavar="MODEL", help="a file or a name, see below")


def how(made: argparse.ArgumentParser) -> None:
    """How a model is read."""
    made.add_argument(
        "--input-shape", metavar="SHAPE", type=named(shape), action=Gather,
        help="shape with batch and channels, 1x3x224x224; ? for a free size: 1x3x?x?; "
        "of several inputs each by its name: left=1x3x127x127, repeated",
    )  # fmt: skip
    made.add_argument(
        "--input-dtype", metavar="TYPE", type=named(str), action=Gather,
        help="type of the input, int64 for tokens; of one of several: mask=bool",
    )  # fmt: skip
    made.add_argument(
        "--argument", metavar="NAME=VALUE", type=named(value), action=Gather,
        help="for the class or function that MODEL names, in JSON or as text; repeated",
    )  # fmt: skip
    made.add_argument(
        "--zeros", action="store_true", help="weights that are exactly zero read nothing"
    )
    made.add_argument(
        "--soft-masks", choices=("keep", "cut"),
        help="cut: masks of finite numbers (-100, -1e9) hide what minus infinity would",
    )  # fmt: skip
    made.add_argument("--axes", metavar="AXES", type=index, help="spatial axes, 1,2 for NHWC")
    made.add_argument("--training", action="store_true", help="read the model as in training")
    made.add_argument(
        "--unknown", choices=("error", "whole"), default="error",
        help="whole: an unknown op reads everything, and numbers after it are upper bounds",
    )  # fmt: skip


def asking(made: argparse.ArgumentParser) -> None:
    """Which layer."""
    made.add_argument("--output", metavar="LAYER", help="default: the first of a model's outputs")
    made.add_argument("--wrt", metavar="LAYER", help="measure in this input or layer")


def writing(made: argparse.ArgumentParser) -> None:
    """In which form, and where to."""
    made.add_argument("--format", choices=FORMATS, help="default: by the suffix of FILE, or table")
    made.add_argument(
        "-o", "--output-file", metavar="FILE", type=destination,
        help="write to FILE; - is standard output",
    )  # fmt: skip


def _debug(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )


def destination(text: str) -> Path | None:
    """A file to write, None for standard output."""
    return None if text == "-" else Path(text)


def file(text: str) -> Path:
    """A file to write, and no other place."""
    if text == "-":
        raise argparse.ArgumentTypeError("- is standard output; this is written to a file")
    return Path(text)


def add_input_size(
    to: argparse._ActionsContainer,
    parse: Callable[[str], object],
    meaning: str,
    *old: str,
    default: object = None,
) -> None:
    """``--input-size``, one word for it in every command; ``old`` words for it still work."""
    to.add_argument("--input-size", metavar="SIZE", type=parse, default=default, help=meaning)
    for name in old:
        to.add_argument(
            name, dest="input_size", type=parse, default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


class Named(NamedTuple):
    """What was given as NAME=VALUE."""

    name: str
    value: object


def named(parse: Callable[[str], object]) -> Callable[[str], object]:
    """What ``parse`` reads, or that of one thing: NAME=VALUE."""

    def read(text: str) -> object:
        name, equals, rest = text.partition("=")
        return Named(name.strip(), parse(rest)) if equals else parse(text)

    read.__name__ = parse.__name__
    return read


class Gather(argparse.Action):
    """An option that is given once, or by name once for each: then a dictionary."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Add one."""
        before = getattr(namespace, self.dest)
        if isinstance(values, Named):
            if before is not None and not isinstance(before, dict):
                parser.error(f"{option_string}: of several, each has a name: {option_string} A=…")
            if values.name in (before or {}):
                parser.error(f"{option_string}: {values.name} is given twice")
            values = {**(before or {}), values.name: values.value}
        elif before is not None:
            parser.error(f"{option_string}: of several, each has a name: {option_string} A=…")
        setattr(namespace, self.dest, values)


def value(text: str) -> object:
    """A value in JSON; other text is itself."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text


def shape(text: str) -> tuple[int | None, ...] | int:
    """A shape, 1x3x224x224; ``?`` for a free size. One number is one, as in Python.

    >>> shape("1x3x?x32"), shape("(1, 3, None, 32)"), shape("32")
    ((1, 3, None, 32), (1, 3, None, 32), 32)
    """
    plain = re.sub(r"^\((.*?),?\)$", r"\1", text.lower().strip()).replace("none", "?")
    parts = [part.strip() for part in plain.replace(",", "x").split("x")]
    if not all(part == "?" or _is_number(part) for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not a shape such as 1x3x224x224 or 1x3x?x?")
    if parts != ["?"] and len(parts) == 1:
        return int(text) if text == parts[0] else (int(parts[0]),)
    return tuple(None if part == "?" else int(part) for part in parts)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def numbers(text: str, separator: str, example: str, least: int) -> tuple[int, ...]:
    """Integers of at least ``least``; ``example`` shows the form in the error."""
    parts = [part.strip() for part in text.split(separator)]
    if not all(_is_number(part) and int(part) >= least for part in parts):
        raise argparse.ArgumentTypeError(_not_like(text, parts, example, least))
    return tuple(int(part) for part in parts)


def _not_like(text: str, parts: Sequence[str], example: str, least: int) -> str:
    """What is wrong with numbers; of those that are none of these, what they have to be."""
    told = f"{text!r} is not of the form {example}"
    with suppress(ValueError):
        if least and len(text) <= MOST_DIGITS and all(abs(float(part)) >= 0 for part in parts):
            return f"{told}: whole numbers, {least} or more"
    return told


def sizes(text: str) -> tuple[int, ...]:
    """Input sizes."""
    return numbers(text, ",", "224,299,321", 1)


def index(text: str) -> tuple[int, ...]:
    """A position."""
    return numbers(text, ",", "3,4", 0)


def place(text: str) -> str | tuple[int, ...]:
    """A position, or the middle one."""
    return text if text == "center" else numbers(text, ",", "3,4 or center", 0)


def dimensions(text: str) -> tuple[int, ...]:
    """A size for each axis."""
    return numbers(text, "x", "224 or 224x300", 1)


def spread(sizes: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number stands for all axes."""
    return sizes[0] if len(sizes) == 1 else sizes


def _one(text: str, least: int) -> int:
    if not _is_number(text) or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least}")
    return int(text)


def count(text: str) -> int:
    """How many."""
    return _one(text, 1)


def seed(text: str) -> int:
    """A seed."""
    return _one(text, 0)


def resolution(text: str) -> int | None:
    """One size for all axes, or None for free."""
    return None if text == "free" else numbers(text, ",", "224 or free", 1)[0]
