"""What can go wrong while a model is read, in words: the layer, the line, and what to do."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from types import TracebackType

from ...errors import InvalidModelError, UnreadableModelError

_OWN = f"{Path(__file__).parents[2]}/"
_LIBRARY = f"{Path(sys.modules['torch'].__file__ or 'torch').parent}/"


class NeedsValuesError(UnreadableModelError):
    """The model looks at the numbers that flow through it, and there are none."""


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
