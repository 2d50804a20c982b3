"""One door for every source: whatever was given, a graph comes out.

This module only decides who reads what; it knows no framework and no format.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from .core.graph import Graph
from .errors import InvalidModelError, UnreadableModelError, unknown_name
from .frontends.registry import (
    SUFFIXES,
    Request,
    reader_of_object,
    reader_of_path,
    reader_of_prefix,
    resolve,
)

OPTIONS = (
    "input_shape", "axes", "training", "unknown",
    "example_inputs", "example_kwargs", "dtype", "values", "zeros",  # PyTorch; ``values`` ONNX too
    "inputs", "outputs", "signature",  # TensorFlow
    "arguments",  # whatever is called to get the model
)  # fmt: skip
"""Every option that some source understands; a front end refuses those of the others."""

_PREFIX = re.compile(r"^(?P<prefix>[A-Za-z_][\w.]+):(?P<rest>[^\\/:].*)$")


def load(
    source: Any,
    input_shape: Sequence[int | None] | Mapping[str, Sequence[int | None]] | None = None,
    *,
    axes: Sequence[int] | Mapping[str, Sequence[int]] | None = None,
    training: bool = False,
    unknown: str = "error",
    **options: Any,
) -> Graph:
    """Read a model as a graph, without weights and without running it on data.

    Args:
        source: a live model (``torch.nn.Module``, ``torch.export.ExportedProgram``,
            ``onnx.ModelProto``, ``keras.Model``, a TensorFlow graph or function, a JAX callable), a
            path (``.pt2``, ``.onnx``, ``.pb``, ``.pbtxt``, ``.keras``, a SavedModel folder), a spec
            (``"article:inception_v3"``, ``"torchvision:resnet50"``, ``"timm:convnext_tiny"``,
            ``"package.module:callable"``), or a ``Graph``, which is returned as it is.
        input_shape: the shape with batch and channels, or ``{input name: shape}``; a size of None
            is free.
        axes: the tensor axes along which fields are measured; default: all after batch and channel.
        training: read the model as in training (batch norm then reads all positions).
        unknown: ``"error"``, or ``"whole"`` to let an op without a rule read everything.
        options: what a single front end understands, such as ``example_inputs`` for PyTorch, or
            ``zeros=True``: taps of a kernel whose weights are exactly zero in every channel read
            nothing (PyTorch).

    Raises:
        UnreadableModelError: the source is not a model that can be read.
        UnknownNameError: an option, or a name in a spec, that does not exist.
        UnsupportedOpError: ops without a rule; all of them are named.
        InvalidModelError: the model rejects the input, or contradicts itself.

    >>> load("article:vgg_16", (1, 224, 224, 3)).outputs
    ('vgg_16/pool5',)
    """
    check_options(options)
    if unknown not in ("error", "whole"):
        raise InvalidModelError(f"unknown = {unknown!r}; expected 'error' or 'whole'")
    request = Request(input_shape, axes, training, unknown, options)
    if isinstance(source, Graph):
        return _as_it_is(source, request)
    reader = reader_of_object(source)
    if reader is not None:
        return reader(source, request)
    if isinstance(source, os.PathLike):
        path = Path(source)
        return reader_of_path(path)(path, request)
    if isinstance(source, str):
        return _from_text(source, request)
    if callable(source) and not isinstance(source, type):
        return resolve("jax:read_callable")(source, request)
    kind = source if isinstance(source, type) else type(source)
    shown = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if kind is source:
        raise UnreadableModelError(
            f"cannot read the class {shown} as a model. Pass an instance, not the class."
        )
    raise UnreadableModelError(
        f"cannot read an object of type {shown} as a model.\n"
        "  Pass a live model, a path, or a spec such as 'torchvision:resnet50'."
    )


def check_options(options: Mapping[str, Any], *more: str) -> None:
    """Refuse an option that no source and no question understands; ``more`` are the question's."""
    for name in options:
        if name not in OPTIONS:
            raise unknown_name("option", name, [*more, *OPTIONS])


def graph_for(source_or_graph: Any, load_options: Mapping[str, Any], *names: str) -> Graph:
    """The graph of a question; ``names`` are the question's own options."""
    check_options(load_options, *names)
    return load(source_or_graph, **load_options)


def _as_it_is(graph: Graph, request: Request) -> Graph:
    """A graph that was read or written down before; no option can change it."""
    asked = {
        "input_shape": request.input_shape is not None,
        "axes": request.axes is not None,
        "training": request.training,
        "unknown": request.unknown != "error",
        **dict.fromkeys(request.options, True),
    }
    for name, given in asked.items():
        if given:
            raise InvalidModelError(
                f"{name}: a Graph is read already, so this changes nothing.\n"
                "  Give it where the graph is made: rfield.load(model, ...) or GraphBuilder"
            )
    return graph


def _from_text(source: str, request: Request) -> Graph:
    path = Path(source)
    if path.suffix.lower() in SUFFIXES or path.exists():
        return reader_of_path(path)(path, request)
    match = _PREFIX.match(source)
    if match is None:
        if "/" in source or "\\" in source or path.suffix:
            return reader_of_path(path)(path, request)
        raise UnreadableModelError(
            f"{source!r} is neither a file nor a model spec such as 'torchvision:resnet50', "
            "'article:inception_v3' or 'package.module:callable'"
        )
    prefix, rest = match["prefix"], match["rest"]
    if prefix == "article":
        for name in request.options:
            raise unknown_name("option", name, ())
        return import_module("rfield.networks").build(rest, request.input_shape)
    if "." not in prefix and prefix in _prefixes():
        return reader_of_prefix(prefix)(rest, request)
    return _from_callable(prefix, rest, request)


def _prefixes() -> frozenset[str]:
    from .frontends.registry import PREFIXES

    return frozenset(PREFIXES)


def takes_an_input(found: Any, given: Mapping[str, Any]) -> bool:
    """Whether it is a function of arrays itself, not one that is called with ``given`` for one."""
    applied = isinstance(found, partial)
    if not inspect.isroutine(found) and not hasattr(found, "__wrapped__") and not applied:
        return False
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(
        p.default is p.empty and p.name not in given
        and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        or (applied and p.kind is p.VAR_POSITIONAL)
        for p in parameters
    )  # fmt: skip


def _from_callable(module: str, attribute: str, request: Request) -> Graph:
    """``package.module:callable``: the user names the code, so it may run."""
    try:
        home = import_module(module)
    except ModuleNotFoundError as error:
        if error.name and module.startswith(error.name):
            if "." not in module:
                raise unknown_name(
                    "kind of model", module, sorted({*_prefixes(), "article"})
                ) from None
            raise UnreadableModelError(f"there is no Python module {error.name!r}") from None
        raise
    if not hasattr(home, attribute):
        raise unknown_name(f"name in {module}", attribute, [n for n in vars(home) if n[0] != "_"])
    found = getattr(home, attribute)
    keywords = request.options.get("arguments", {})
    if reader_of_object(found) is None and takes_an_input(found, keywords):
        return resolve("jax:read_callable")(found, request)
    if reader_of_object(found) is None and callable(found):
        rest = {key: value for key, value in request.options.items() if key != "arguments"}
        request = replace(request, options=rest)
        found = found(**keywords)
    reader = reader_of_object(found)
    if reader is None and callable(found) and not isinstance(found, type):
        reader = resolve("jax:read_callable")
    if isinstance(found, Graph):
        return _as_it_is(found, request)
    if reader is None:
        raise UnreadableModelError(
            f"{module}:{attribute} gives a {type(found).__name__}, which is no model"
        )
    return reader(found, request)
