"""rfield: which part of the input can influence this output.

The public names; each loads its room when it is first used, so ``import rfield`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME = {
    "Graph": "core.graph",
    "GraphBuilder": "frontends.declared",
    "RFieldError": "errors",
}

if TYPE_CHECKING:
    from .core.graph import Graph
    from .errors import RFieldError
    from .frontends.declared import GraphBuilder

__all__ = ["Graph", "GraphBuilder", "RFieldError"]


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'rfield' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
