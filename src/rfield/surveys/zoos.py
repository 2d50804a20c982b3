"""Which models there are to survey: zoos by their names, and lists of specs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import Any

from .. import networks
from ..errors import RFieldError, UnreadableModelError, unknown_name
from ..frontends.registry import (
    FAMILIES,
    PREFIXES,
    ZOOS,
    offered_zoos,
    reader_of_prefix,
    resolve,
    zoo,
)

ARTICLE = "article"


def known_zoos() -> list[str]:
    """The names of all zoos."""
    return [ARTICLE, *ZOOS, *offered_zoos()]


def specs_of(name: str) -> list[str]:
    """The specs of all models of a zoo.

    Raises:
        UnknownNameError: there is no such zoo.
        UnreadableModelError: its package is not installed.
    """
    names = networks.names() if name == ARTICLE else zoo(name)
    return [f"{name}:{model}" for model in names]


def check_zoo(name: str) -> str:
    """The name of a zoo that there is, installed or not.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in known_zoos():
        raise unknown_name("zoo", name, known_zoos())
    return name


def specs_in(path: Path) -> list[str]:
    """The specs in a text file, one a line; empty lines and what follows a # are left out.

    Raises:
        UnreadableModelError: there is no such file, or it is no text.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UnreadableModelError(f"{path}: a list of models cannot be read: {reason}") from None
    found = (line.partition(" #")[0].strip() for line in lines)
    return [spec for spec in found if spec and not spec.startswith("#")]


def matching(specs: Iterable[str], glob: str | None) -> list[str]:
    """Each spec once, those that match.

    Raises:
        UnknownNameError: none does.
    """
    every = list(dict.fromkeys(specs))
    found = [spec for spec in every if glob is None or fnmatchcase(spec, glob)]
    if every and not found:
        raise unknown_name("filter", str(glob), every)
    return found


def family(spec: str) -> str:
    """The family of a model: its module in a zoo that has such, or the letters of its name.

    >>> family("article:resnet_v1_50"), family("nets/my_unet.onnx")
    ('resnet', 'my')
    """
    prefix, _, name = spec.partition(":")
    if prefix in FAMILIES:
        found: Any = resolve(FAMILIES[prefix])
        return found(prefix, name)
    stem = Path(name or prefix).name
    letters = re.match(r"[^\W\d_]+", stem)
    return letters[0].lower() if letters else stem


def prepare(spec: str) -> None:
    """Import what reads a spec, so that the time of reading is that of the model alone."""
    prefix = spec.partition(":")[0]
    with suppress(ImportError, RFieldError):  # whoever reads the model says it better
        if prefix in PREFIXES:
            reader_of_prefix(prefix)
            import_module(prefix)
        elif prefix in ZOOS:
            zoo(prefix)
