"""What can go wrong while a model is read, in words: the layer, the line, and what to do."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from ...errors import InvalidModelError, UnreadableModelError, UnsupportedOpError, show_shape

_OWN = f"{Path(__file__).parents[2]}/"
_LIBRARY = f"{Path(sys.modules['torch'].__file__ or 'torch').parent}/"


class NeedsValuesError(UnreadableModelError):
    """The model looks at the numbers that flow through it, and there are none."""


class Unknown(NamedTuple):
    """One op without a rule: how often, and where first."""

    uses: int
    layer: str
    shape: tuple[int, ...]
    source: str


def here() -> str:
    """``file.py:line`` of the innermost frame that belongs neither to torch nor to rfield."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith((_OWN, _LIBRARY)) and not name.startswith("<"):
            return f"{Path(name).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def line_of(trace: TracebackType | None) -> str:
    """``file.py:line`` of the innermost frame of a traceback that is the user's."""
    for entry in reversed(traceback.extract_tb(trace)):
        if not entry.filename.startswith((_OWN, _LIBRARY, "<")):
            return f"{Path(entry.filename).name}:{entry.lineno}"
    return ""


def unsupported(found: Mapping[str, Unknown], nearest: Mapping[str, str | None]) -> Exception:
    """All ops without a rule in one error."""
    blocks: list[str] = []
    for name, use in found.items():
        count = f"{use.uses} use" + ("s" if use.uses != 1 else "")
        shown = name.replace("::", ".") + ("" if "." in name else ".default")
        place = use.layer or "(model)"
        lines = [
            f"UnsupportedOp: no rule for torch op {shown!r} ({count}).",
            f"  first use: {place}   output {show_shape(use.shape)}   {use.source}".rstrip(),
        ]
        if nearest[name]:
            lines.append(f"  nearest known op: {nearest[name]}")
        blocks.append("\n".join(lines))
    first = next(iter(found)).partition(".")[0]
    advice = (
        '  Treat it as reading everything:   rfield.load(model, unknown="whole")\n'
        f'  Or teach it:                      @rfield.frontends.torch.rule("{first}")'
    )
    return UnsupportedOpError("\n".join([*blocks, advice]))


def needs_values(what: str, layer: str, source: str) -> NeedsValuesError:
    """``what`` looks at values, in ``layer``."""
    place = f"layer {layer!r}" if layer else "the model's own forward"
    at = f", {source}" if source else ""
    return NeedsValuesError(
        f"{what} looks at the values of a tensor, in {place}{at}.\n"
        "  The model was read without numbers, so there is nothing to look at. Either\n"
        "  - pass real data:        rfield.load(model, example_inputs=(x,), values=True)\n"
        "  - read a part of it:     rfield.load(model.backbone, input_shape)"
    )


def no_shape(name: str, layer: str, source: str, said: str) -> UnreadableModelError:
    """Torch cannot tell the output shape of an op without running it."""
    place = f"layer {layer!r}" if layer else "the model's own forward"
    return NeedsValuesError(
        f"torch does not know the output shape of {name!r} without running it, in {place}, "
        f"{source}: {said}\n"
        "  Pass real data to run it:   rfield.load(model, example_inputs=(x,), values=True)"
    )


def forward_failed(
    error: Exception, layer: str, kind: str, source: str, shapes: str
) -> InvalidModelError:
    """The model's own code raised."""
    place = f"layer {layer!r} ({kind})" if layer else f"forward of {kind}"
    at = f", {source}" if source else ""
    return InvalidModelError(
        f"the model raised {type(error).__name__} in {place}{at}, given {shapes}:\n  {error}"
    )
