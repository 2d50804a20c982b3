"""Keras 3 models: the layer graph is walked, no layer is called.

Options of ``rfield.load`` for ``keras:NAME``: ``arguments``, the keyword arguments of the
application (default: ``weights=None``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .starting import keras  # before another module here imports it

# isort: split
from ...core.graph import Graph
from ...errors import UnreadableModelError, unknown_name
from ..registry import Request
from . import (  # noqa: F401  # importing a family registers its rules
    contraction,
    convolution,
    files,
    layout,
    normalization,
    pointwise,
    pooling,
    recurrent,
    resize,
    tracing,
)
from .model import Model
from .rulebook import RULES, Arguments, Outputs, Reading, rule
from .walk import is_layer_graph, walk

__all__ = [
    "RULES",
    "Arguments",
    "Outputs",
    "Reading",
    "read_model",
    "read_path",
    "read_spec",
    "rule",
]


def read_model(model: Any, request: Request) -> Graph:
    """A live model: functional and Sequential ones by their layers, others by tracing."""
    if not is_layer_graph(model):
        return tracing.whole_model(model, request)
    given = request.input_shape
    walked = walk(model, None if given is None or isinstance(given, dict) else tuple(given))
    return Model(walked, request, model.name).graph()


def read_path(path: Path, request: Request) -> Graph:
    """A ``.keras`` file: its layers, without its weights. Code from the file never runs."""
    if not path.is_file():
        raise UnreadableModelError(f"{path}: not a file")
    return read_model(files.load(path), request)


def read_spec(name: str, request: Request) -> Graph:
    """``keras:ResNet50``: a model of ``keras.applications`` without weights."""
    applications = {
        key: getattr(keras.applications, key)
        for key in dir(keras.applications)
        if key[0].isupper() and callable(getattr(keras.applications, key))
    }
    if name not in applications:
        raise unknown_name("Keras application", name, sorted(applications))
    arguments = {"weights": None, **request.options.get("arguments", {})}
    # Nothing is drawn or allocated: the layer graph is all that is read.
    with files.without_values():
        model = applications[name](**arguments)
    return read_model(model, request)
