"""Keras 3 models: the layer graph is walked, no layer is called.

Options of ``rfield.load`` for ``keras:NAME``: ``arguments``, the keyword arguments of the
application (default: ``weights=None``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .starting import keras  # before another module here imports it

# isort: split
from ...core.graph import Graph
from ...errors import UnreadableModelError, unknown_name
from ..registry import Request
from . import (  # noqa: F401  # importing a family registers its rules
    attention,
    backends,
    contraction,
    convolution,
    files,
    indexing,
    layout,
    normalization,
    pointwise,
    pooling,
    recurrent,
    resize,
)
from .calls import is_layer_graph
from .model import of_code, of_layers
from .rulebook import RULES, Call, rule
from .symbols import UnrecordedError

__all__ = ["RULES", "Call", "read_model", "read_path", "read_spec", "rule"]


def read_model(model: Any, request: Request) -> Graph:
    """A live model: functional and Sequential ones by their layers, others by their code."""
    if is_layer_graph(model):
        return of_layers(model, request).graph()
    shape = request.input_shape
    if not all(layer.built for layer in model._flatten_layers()):
        raise UnreadableModelError(
            f"the model {model.name!r} is code, and not all of its layers are built: tracing it\n"
            "  would make their weights. Call it once:   model(numpy.zeros((1, 224, 224, 3)))"
        )
    if shape is None:
        raise UnreadableModelError(
            f"the model {model.name!r} is code rather than a layer graph, so it is traced.\n"
            "  Give a shape:   rfield.load(model, input_shape=(1, 224, 224, 3))"
        )
    shapes = dict(shape) if isinstance(shape, Mapping) else {"input": tuple(shape)}
    try:
        return of_code(model, shapes, request).graph()
    except UnrecordedError:
        return backends.whole_model(model, shapes, request)


def read_path(path: Path, request: Request) -> Graph:
    """A ``.keras`` file: its layers, without its weights. Code from the file never runs."""
    if not path.is_file():
        raise UnreadableModelError(f"{path}: not a file")
    return read_model(files.load(path), request)


def read_spec(name: str, request: Request) -> Graph:
    """``keras:ResNet50``: a model of ``keras.applications`` without weights."""
    applications = _applications()
    if name not in applications:
        raise unknown_name("Keras application", name, sorted(applications))
    arguments = {"weights": None, **request.options.get("arguments", {})}
    # Nothing is drawn or allocated: the layer graph is all that is read.
    with files.without_values():
        model = applications[name](**arguments)
    return read_model(model, request)


def application_names() -> list[str]:
    """The models of ``keras.applications``."""
    return sorted(_applications())


def _applications() -> dict[str, Any]:
    return {
        key: getattr(keras.applications, key)
        for key in dir(keras.applications)
        if key[0].isupper() and callable(getattr(keras.applications, key))
    }
