"""rfield: which part of the input can influence this output.

The public names; each loads its room when it is first used, so ``import rfield`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .analysis.answer import Answer
from .version import __version__ as __version__

_HOME = {
    "Alignment": "analysis.geometry.alignment",
    "Centers": "analysis.geometry.centers",
    "Change": "present.compare",
    "Comparison": "present.compare",
    "Cost": "analysis.cost",
    "DesignedChain": "present.chains",
    "Designs": "present.chains",
    "Explanation": "analysis.geometry.explain",
    "Explorer": "present.explorer.page",
    "Fidelity": "analysis.results",
    "Fits": "analysis.geometry.fits",
    "Graph": "core.graph",
    "GraphBuilder": "frontends.declared",
    "Halo": "analysis.geometry.halo",
    "Influence": "analysis.pixels.influence",
    "InvalidModelError": "errors",
    "NotANumberError": "errors",
    "NotStreamableError": "errors",
    "NotTileableError": "errors",
    "PathFields": "analysis.geometry.paths",
    "RFieldError": "errors",
    "ReceptiveField": "analysis.geometry.field",
    "Region": "analysis.results",
    "ShiftEquivariance": "analysis.resizing.shifts",
    "SizeCheck": "analysis.resizing.sizes",
    "Sizes": "analysis.resizing.sizes",
    "StoreError": "errors",
    "StreamPlan": "analysis.pieces.streams.plan",
    "Summary": "present.summary",
    "SummaryRow": "present.rows",
    "Support": "analysis.pixels.support",
    "Survey": "surveys.running",
    "SurveyError": "errors",
    "TilePlan": "analysis.pieces.tiles.plan",
    "TilingCheck": "analysis.pieces.tiles.check",
    "RecordError": "errors",
    "TooLargeError": "errors",
    "UnexpectedFieldsError": "errors",
    "UNBOUNDED": "analysis.results",
    "UnknownNameError": "errors",
    "UnknownOptionError": "errors",
    "UnreadableModelError": "errors",
    "UnresolvedSizeError": "errors",
    "UnsupportedOpError": "errors",
    "Verification": "analysis.pixels.verification",
    "alignment": "questions.fields",
    "annotate": "questions.pages",
    "centers": "questions.sizes",
    "check_size": "questions.sizes",
    "compare": "questions.versions",
    "cost": "questions.fields",
    "design": "questions.designs",
    "expect": "questions.versions",
    "explain": "questions.fields",
    "explore": "questions.pages",
    "fits": "questions.sizes",
    "influence": "questions.pixels",
    "input_size": "questions.sizes",
    "LoadOptions": "loading",
    "load": "loading",
    "measured_influence": "questions.pixels",
    "output_size": "questions.sizes",
    "path_fields": "questions.sizes",
    "receptive_field": "questions.fields",
    "receptive_fields": "questions.fields",
    "run_streaming": "questions.pieces",
    "run_tiled": "questions.pieces",
    "shift_equivariance": "questions.sizes",
    "stream_plan": "questions.pieces",
    "summary": "questions.fields",
    "support": "questions.pixels",
    "survey": "surveys.running",
    "tile_plan": "questions.pieces",
    "valid_sizes": "questions.sizes",
    "verify": "questions.pixels",
    "verify_tiling": "questions.pieces",
}

if TYPE_CHECKING:
    from . import errors as errors
    from .analysis.cost import Cost
    from .analysis.geometry.alignment import Alignment
    from .analysis.geometry.centers import Centers
    from .analysis.geometry.explain import Explanation
    from .analysis.geometry.field import ReceptiveField
    from .analysis.geometry.fits import Fits
    from .analysis.geometry.halo import Halo
    from .analysis.geometry.paths import PathFields
    from .analysis.pieces.streams.plan import StreamPlan
    from .analysis.pieces.tiles.check import TilingCheck
    from .analysis.pieces.tiles.plan import TilePlan
    from .analysis.pixels.influence import Influence
    from .analysis.pixels.support import Support
    from .analysis.pixels.verification import Verification
    from .analysis.resizing.shifts import ShiftEquivariance
    from .analysis.resizing.sizes import SizeCheck, Sizes
    from .analysis.results import UNBOUNDED, Fidelity, Region
    from .core.graph import Graph
    from .errors import (
        InvalidModelError,
        NotANumberError,
        NotStreamableError,
        NotTileableError,
        RecordError,
        RFieldError,
        StoreError,
        SurveyError,
        TooLargeError,
        UnexpectedFieldsError,
        UnknownNameError,
        UnknownOptionError,
        UnreadableModelError,
        UnresolvedSizeError,
        UnsupportedOpError,
    )
    from .frontends.declared import GraphBuilder
    from .loading import LoadOptions, load
    from .present.chains import DesignedChain, Designs
    from .present.compare import Change, Comparison
    from .present.explorer.page import Explorer
    from .present.rows import SummaryRow
    from .present.summary import Summary
    from .questions.designs import design
    from .questions.fields import (
        alignment,
        cost,
        explain,
        receptive_field,
        receptive_fields,
        summary,
    )
    from .questions.pages import annotate, explore
    from .questions.pieces import (
        run_streaming,
        run_tiled,
        stream_plan,
        tile_plan,
        verify_tiling,
    )
    from .questions.pixels import influence, measured_influence, support, verify
    from .questions.sizes import (
        centers,
        check_size,
        fits,
        input_size,
        output_size,
        path_fields,
        shift_equivariance,
        valid_sizes,
    )
    from .questions.versions import compare, expect
    from .surveys.running import Survey, survey

__all__ = [
    "UNBOUNDED",
    "Alignment",
    "Answer",
    "Centers",
    "Change",
    "Comparison",
    "Cost",
    "DesignedChain",
    "Designs",
    "Explanation",
    "Explorer",
    "Fidelity",
    "Fits",
    "Graph",
    "GraphBuilder",
    "Halo",
    "Influence",
    "InvalidModelError",
    "LoadOptions",
    "NotANumberError",
    "NotStreamableError",
    "NotTileableError",
    "PathFields",
    "RFieldError",
    "ReceptiveField",
    "RecordError",
    "Region",
    "ShiftEquivariance",
    "SizeCheck",
    "Sizes",
    "StoreError",
    "StreamPlan",
    "Summary",
    "SummaryRow",
    "Support",
    "Survey",
    "SurveyError",
    "TilePlan",
    "TilingCheck",
    "TooLargeError",
    "UnexpectedFieldsError",
    "UnknownNameError",
    "UnknownOptionError",
    "UnreadableModelError",
    "UnresolvedSizeError",
    "UnsupportedOpError",
    "Verification",
    "alignment",
    "annotate",
    "centers",
    "check_size",
    "compare",
    "cost",
    "design",
    "expect",
    "explain",
    "explore",
    "fits",
    "influence",
    "input_size",
    "load",
    "measured_influence",
    "output_size",
    "path_fields",
    "receptive_field",
    "receptive_fields",
    "run_streaming",
    "run_tiled",
    "shift_equivariance",
    "stream_plan",
    "summary",
    "support",
    "survey",
    "tile_plan",
    "valid_sizes",
    "verify",
    "verify_tiling",
]


def _written(answer: Answer, form: str) -> object:
    return import_module(".present.reports", __name__).written(answer, form)


def _drawn(answer: Answer, **how: object) -> object:
    return import_module(".present.plot", __name__).drawn(answer, **how)


Answer.written = _written
Answer.drawn = _drawn


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use."""
    if name in ("errors", "frontends"):
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module 'rfield' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
