"""The page that says which ops are read: ``python -m rfield.frontends.coverage docs/coverage.md``.

It is written from the rule tables, so nobody claims what has no rule. The frameworks need not be
installed together: the section of one that is missing stays as it is on the page.
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from ..errors import UnreadableModelError
from .registry import resolve

FRONT_ENDS = {"torch": "PyTorch", "onnx": "ONNX", "tensorflow": "TensorFlow", "keras": "Keras",
              "jax": "JAX"}  # fmt: skip
"""Folder -> heading, in the order of the page."""

Families = Mapping[str, Sequence[str]]
"""Kind of ops -> names."""

_HEAD = """\
# Which ops are read

Written by `python -m rfield.frontends.coverage docs/coverage.md` from the rule tables. An op that
is not here is an error that names it, or, with `unknown="whole"`, is taken to read everything; a
[rule of your own](reading.md#a-rule-of-your-own) teaches it. PyTorch's ops are those of `aten`
where no other library is named: modules and functions are made of them. Keras layers without a
rule are traced by the TensorFlow backend. Under `sources` stand variables, random numbers, and the
ops of training and files, which no output of a network reads.
"""
_OPS = re.compile(r"^\*\*(?P<family>\w+)\*\* (?P<names>.*?)$", re.MULTILINE | re.DOTALL)


def families_of(folder: str) -> Families:
    """The ops of a front end that is installed, rules of users left out.

    Raises:
        UnreadableModelError: its framework is not installed.
    """
    resolve(f"{folder}:RULES")
    home = import_module(f"rfield.frontends.{folder}")
    found: dict[str, list[str]] = {}
    for name, rule in home.RULES.items():
        if rule.function.__module__.startswith(home.__name__):
            found.setdefault(rule.family, []).append(name.removeprefix("aten::"))
    if bodies := getattr(home, "BODIES", None):
        found.setdefault("control", []).extend(bodies)
    return {family: sorted(found[family], key=str.lower) for family in sorted(found)}


def section(heading: str, families: Families) -> str:
    """One front end: a paragraph for each family.

    >>> print(section("PyTorch", {"convolution": ["conv1d", "conv2d"]}))
    ## PyTorch
    <BLANKLINE>
    **convolution** `conv1d` `conv2d`
    <BLANKLINE>
    """
    lines = [f"## {heading}", ""]
    for family, names in families.items():
        text = f"**{family}** " + " ".join(f"`{name}`" for name in names)
        lines += [*textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False), ""]
    return "\n".join(lines)


def sections(page: str) -> dict[str, Families]:
    """The sections of a page, by heading: ``section`` read backwards.

    >>> sections(section("PyTorch", {"convolution": ["conv1d", "conv2d"]}))
    {'PyTorch': {'convolution': ['conv1d', 'conv2d']}}
    """
    found: dict[str, Families] = {}
    for block in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        heading, _, body = block.partition("\n")
        paragraphs = (" ".join(text.split()) for text in body.split("\n\n"))
        families = (match for text in paragraphs if (match := _OPS.match(text)))
        found[heading] = {m["family"]: re.findall(r"`([^`]+)`", m["names"]) for m in families}
    return found


def page_of(found: Mapping[str, Families]) -> str:
    """The page: how many ops of each family, then their names."""
    kept = {heading: found[heading] for heading in FRONT_ENDS.values() if heading in found}
    names = sorted({family for families in kept.values() for family in families})
    rows = [
        ["", *kept],
        ["---", *("---:" for _ in kept)],
        *([name, *(str(len(f.get(name, ())) or "") for f in kept.values())] for name in names),
        ["all", *(str(sum(map(len, f.values()))) for f in kept.values())],
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    blocks = [_HEAD, table + "\n", *(section(h, families) for h, families in kept.items())]
    return "\n".join(blocks)


def updated(page: str) -> tuple[str, list[str]]:
    """The page with the sections of all that is installed made anew, and what is missing."""
    found, missing = sections(page), list[str]()
    for folder, heading in FRONT_ENDS.items():
        try:
            found[heading] = families_of(folder)
        except UnreadableModelError:  # noqa: PERF203  # there are four
            missing.append(heading)
    return page_of(found), missing


def main(arguments: Sequence[str]) -> int:
    """Write the page."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m rfield.frontends.coverage docs/coverage.md\n")
        return 2
    path = Path(arguments[0])
    page, missing = updated(path.read_text("utf-8") if path.exists() else "")
    path.write_text(page, "utf-8")
    for heading in missing:
        sys.stderr.write(f"{heading} is not installed; its section is left as it was\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
