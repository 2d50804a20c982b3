"""rfield: which part of the input can influence this output.

The public names; each loads its room when it is first used, so ``import rfield`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .analysis.answer import Answer

__version__ = "0.1.0"

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
    "StreamPlan": "analysis.pieces.streaming",
    "Summary": "present.summary",
    "SummaryRow": "present.summary",
    "Support": "analysis.pixels.support",
    "TilePlan": "analysis.pieces.tiling",
    "TilingCheck": "analysis.pieces.tile_check",
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
    "alignment": "api",
    "centers": "sizing",
    "check_size": "sizing",
    "compare": "versions",
    "cost": "api",
    "design": "designing",
    "expect": "versions",
    "explain": "api",
    "explore": "exploring",
    "fits": "sizing",
    "influence": "api",
    "input_size": "sizing",
    "load": "loading",
    "measured_influence": "live",
    "output_size": "sizing",
    "path_fields": "sizing",
    "receptive_field": "api",
    "receptive_fields": "api",
    "run_streaming": "analysis.pieces.overlap",
    "run_tiled": "piecewise",
    "shift_equivariance": "sizing",
    "stream_plan": "api",
    "summary": "api",
    "support": "api",
    "tile_plan": "piecewise",
    "valid_sizes": "sizing",
    "verify": "live",
    "verify_tiling": "piecewise",
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
    from .analysis.pieces.overlap import run_streaming
    from .analysis.pieces.streaming import StreamPlan
    from .analysis.pieces.tile_check import TilingCheck
    from .analysis.pieces.tiling import TilePlan
    from .analysis.pixels.influence import Influence
    from .analysis.pixels.support import Support
    from .analysis.pixels.verification import Verification
    from .analysis.resizing.shifts import ShiftEquivariance
    from .analysis.resizing.sizes import SizeCheck, Sizes
    from .analysis.results import UNBOUNDED, Fidelity, Region
    from .api import (
        alignment,
        cost,
        explain,
        influence,
        receptive_field,
        receptive_fields,
        stream_plan,
        summary,
        support,
    )
    from .core.graph import Graph
    from .designing import design
    from .errors import (
        InvalidModelError,
        NotANumberError,
        NotStreamableError,
        NotTileableError,
        RecordError,
        RFieldError,
        TooLargeError,
        UnexpectedFieldsError,
        UnknownNameError,
        UnknownOptionError,
        UnreadableModelError,
        UnresolvedSizeError,
        UnsupportedOpError,
    )
    from .exploring import explore
    from .frontends.declared import GraphBuilder
    from .live import measured_influence, verify
    from .loading import load
    from .piecewise import run_tiled, tile_plan, verify_tiling
    from .present.chains import DesignedChain, Designs
    from .present.compare import Change, Comparison
    from .present.explorer.page import Explorer
    from .present.summary import Summary, SummaryRow
    from .sizing import (
        centers,
        check_size,
        fits,
        input_size,
        output_size,
        path_fields,
        shift_equivariance,
        valid_sizes,
    )
    from .versions import compare, expect

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
    "StreamPlan",
    "Summary",
    "SummaryRow",
    "Support",
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
    "tile_plan",
    "valid_sizes",
    "verify",
    "verify_tiling",
]


def _written(answer: Answer, form: str) -> object:
    return import_module(".present.reports", __name__).written(answer, form)


Answer.written = _written


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use."""
    if name == "errors":
        return import_module(".errors", __name__)
    if name not in _HOME:
        raise AttributeError(f"module 'rfield' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
