"""rfield: which part of the input can influence this output.

The public names; each loads its room when it is first used, so ``import rfield`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "UNBOUNDED": "analysis.results",
    "Alignment": "analysis.geometry.alignment",
    "Change": "present.compare",
    "Comparison": "present.compare",
    "Cost": "analysis.cost",
    "DesignedChain": "present.chains",
    "Designs": "present.chains",
    "Fidelity": "analysis.results",
    "Graph": "core.graph",
    "GraphBuilder": "frontends.declared",
    "RFieldError": "errors",
    "ReceptiveField": "analysis.geometry.field",
    "Region": "analysis.results",
    "StreamPlan": "analysis.pieces.streaming",
    "alignment": "api",
    "centers": "sizing",
    "check_size": "sizing",
    "compare": "versions",
    "cost": "api",
    "design": "designing",
    "expect": "versions",
    "explain": "api",
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
    "tile_plan": "api",
    "valid_sizes": "sizing",
    "verify": "live",
    "verify_tiling": "piecewise",
}

if TYPE_CHECKING:
    from .analysis.cost import Cost
    from .analysis.geometry.alignment import Alignment
    from .analysis.geometry.field import ReceptiveField
    from .analysis.pieces.overlap import run_streaming
    from .analysis.pieces.streaming import StreamPlan
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
        tile_plan,
    )
    from .core.graph import Graph
    from .designing import design
    from .errors import RFieldError
    from .frontends.declared import GraphBuilder
    from .live import measured_influence, verify
    from .loading import load
    from .piecewise import run_tiled, verify_tiling
    from .present.chains import DesignedChain, Designs
    from .present.compare import Change, Comparison
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
    "Change",
    "Comparison",
    "Cost",
    "DesignedChain",
    "Designs",
    "Fidelity",
    "Graph",
    "GraphBuilder",
    "RFieldError",
    "ReceptiveField",
    "Region",
    "StreamPlan",
    "alignment",
    "centers",
    "check_size",
    "compare",
    "cost",
    "design",
    "expect",
    "explain",
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


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'rfield' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
