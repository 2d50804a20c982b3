"""JAX: plain functions, Flax (Linen, NNX), Equinox, Haiku, and Keras on the JAX backend.

The function is traced to a jaxpr on abstract shapes (``jax.make_jaxpr``): no weight is drawn, and
nothing is computed but constants.
"""

from __future__ import annotations

from typing import Any

from ...core.graph import Graph
from ..machine.protocol import Constant, Outputs, Reading
from ..registry import Request
from . import (  # noqa: F401  # importing a family registers its rules
    contraction,
    control,
    indexing,
    layout,
    pointwise,
    windows,
)
from .gradients import ModelGradients
from .model import Model
from .rulebook import RULES, Call, rule
from .running import RunningModel

__all__ = [
    "RULES", "Call", "Constant", "ModelGradients", "Outputs", "Reading", "RunningModel",
    "read_callable", "rule",
]  # fmt: skip


def read_callable(function: Any, request: Request) -> Graph:
    """A function of arrays, or a module that is called with arrays."""
    return Model(function, request).graph()
