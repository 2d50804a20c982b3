"""What can go wrong while an ONNX model is read, in words: the node, the values, and what to do.

Names come from the file, and a file can hold anything: whatever is shown goes through ``shown``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ...errors import (
    InvalidModelError,
    UnreadableModelError,
    UnsupportedOpError,
    show_shape,
)

_LONGEST = 120


class NeedsValuesError(UnreadableModelError):
    """A shape depends on the numbers of an input, and there are none."""


class Unknown(NamedTuple):
    """One op without a rule: how often, and where first."""

    uses: int
    layer: str
    shape: tuple[int | None, ...] | None
    source: str


def shown(name: str) -> str:
    """A name from a file as it may be printed: no control characters, not endless."""
    text = cleaned(name[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def cleaned(name: str) -> str:
    """A name from a file as the name of a layer: whole, but without control characters."""
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)


def unsupported(found: Mapping[str, Unknown], nearest: Mapping[str, str | None]) -> Exception:
    """All ops without a rule in one error."""
    blocks: list[str] = []
    for name, use in found.items():
        count = f"{use.uses} use" + ("s" if use.uses != 1 else "")
        output = "output of unknown shape"
        if use.shape is not None:
            output = f"output {show_shape(use.shape)}"
        lines = [
            f"UnsupportedOp: no rule for onnx op {shown(name)!r} ({count}).",
            f"  first use: {shown(use.layer)}   {output}   {use.source}".rstrip(),
        ]
        if nearest[name]:
            lines.append(f"  nearest known op: {nearest[name]}")
        blocks.append("\n".join(lines))
    first = shown(next(iter(found)))
    advice = (
        '  Treat it as reading everything:   rfield.load(model, unknown="whole")\n'
        f'  Or teach it:                      @rfield.frontends.onnx.rule("{first}")'
    )
    return UnsupportedOpError("\n".join([*blocks, advice]))


def damaged(origin: str, problem: str) -> UnreadableModelError:
    """The file is not an ONNX model."""
    return UnreadableModelError(f"{shown(origin)}: not a readable ONNX model: {problem}")


def missing_tensor(node: str, tensor: str) -> InvalidModelError:
    """A node reads a value that nothing produces."""
    return InvalidModelError(f"{shown(node)}: reads {shown(tensor)!r}, which nothing produces")


def cycle(names: Sequence[str]) -> InvalidModelError:
    """Nodes that wait for each other."""
    listed = ", ".join(shown(name) for name in names[:4]) + (", …" if len(names) > 4 else "")
    return InvalidModelError(f"the graph has a cycle; it passes through {listed}")


def needs_values(node: str, what: str, behind: Iterable[str]) -> NeedsValuesError:
    """``what`` of ``node`` depends on the data of the inputs ``behind``."""
    names = [shown(name) for name in behind]
    text = f"{node}: {what} depends on the data of {' and '.join(names) or 'a tensor'}"
    if names:
        given = ", ".join(f"{name!r}: ..." for name in names)
        text += f".\n  If it is a fixed setting, give it:   rfield.load(model, values={{{given}}})"
    return NeedsValuesError(text)
