"""One door for every source: whatever was given, a graph comes out.

This module only decides who reads what; it knows no framework and no format.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from importlib import import_module
from inspect import signature
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from .core.graph import Graph, SoftMasks
from .errors import InvalidModelError, UnreadableModelError, unknown_name
from .frontends import code
from .frontends.registry import (
    PREFIXES,
    SUFFIXES,
    Request,
    is_built_by_zoo,
    reader_of_object,
    reader_of_path,
    reader_of_prefix,
    resolve,
    zoo,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

Shape = Sequence["int | None"]
Axes = int | Sequence[int]


class SourceOptions(TypedDict, total=False):
    """What single front ends understand; each refuses those of the others.

    ``example_inputs``, ``example_kwargs``: PyTorch: what the model is called with. ``dtype``: the
    type of the input, by name or as the framework's own, or one for each input. ``values``: True to
    compute with real numbers (PyTorch); the values of inputs (ONNX). ``zeros``: taps that are zero
    in every channel read nothing. ``arguments``: of what is called to get the model.
    """

    example_inputs: Any
    example_kwargs: Mapping[str, Any]
    dtype: Any
    values: Any
    zeros: bool
    arguments: Mapping[str, Any]


class PartOptions(SourceOptions, total=False):
    """TensorFlow: where the part that is read begins and ends."""

    inputs: str | Sequence[str]
    outputs: str | Sequence[str]
    signature: str


class RunOptions(SourceOptions, total=False):
    """How a model is read that runs as well."""

    axes: Axes | Mapping[str, Axes] | None
    training: bool
    unknown: Literal["error", "whole"]
    soft_masks: SoftMasks


class ReadOptions(RunOptions, PartOptions, total=False):
    """The options of ``load`` but for the shape of the input."""


class LoadOptions(ReadOptions, total=False):
    """The options of ``load``, which every question hands on."""

    input_shape: Shape | Mapping[str, Shape] | int | None


def load(
    source: Any,
    input_shape: Shape | Mapping[str, Shape] | int | None = None,
    *,
    axes: Axes | Mapping[str, Axes] | None = None,
    training: bool = False,
    unknown: Literal["error", "whole"] = "error",
    soft_masks: SoftMasks = "keep",
    **options: Unpack[PartOptions],
) -> Graph:
    """Read a model as a graph, without weights and without running it on data.

    Args:
        source: a live model (``torch.nn.Module``, ``torch.export.ExportedProgram``,
            ``onnx.ModelProto``, ``keras.Model``, a TensorFlow graph or function, a JAX callable), a
            path (``.pt2``, ``.onnx``, ``.pb``, ``.pbtxt``, ``.keras``, a SavedModel folder), a spec
            (``"article:inception_v3"``, ``"torchvision:resnet50"``, ``"timm:convnext_tiny"``,
            ``"package.module:name"``, ``"my_net.py:Net"``), or a ``Graph``, which is returned as
            it is.
        input_shape: the shape with batch and channels, or ``{input name: shape}``; a size of None
            is free.
        axes: the tensor axes along which fields are measured; default: all after batch and channel.
        training: read the model as in training (batch norm then reads all positions).
        unknown: ``"error"``, or ``"whole"`` to let an op without a rule read everything.
        soft_masks: ``"keep"``, or ``"cut"`` to take the finite numbers of an attention's mask (-100
            in Swin, -1e9) for minus infinity: what they hide is then not read.
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
    if soft_masks not in ("keep", "cut"):
        raise InvalidModelError(f"soft_masks = {soft_masks!r}; expected 'keep' or 'cut'")
    sizes = _plain(input_shape) if _is_article(source) else _sizes(input_shape)
    axes = (axes,) if isinstance(axes, int) else axes
    request = Request(sizes, axes, training, unknown, options, soft_masks)
    if isinstance(source, Graph):
        return _as_it_is(source, request)
    try:
        graph = _read(source, request)
    except InvalidModelError as error:
        about = type(error) is InvalidModelError and str(sizes) in str(error)
        if not about or not _is_short(sizes) or _is_article(source):
            raise
        raise InvalidModelError(f"{error}\n  {_short(sizes)}") from error
    graph.guessed = axes is None and not _is_article(source)
    graph.soft_masks = soft_masks
    return graph


def _is_article(source: Any) -> bool:
    return isinstance(source, str) and source.startswith("article:")


def _read(source: Any, request: Request) -> Graph:
    """By what kind of thing the source is."""
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


def _sizes(shape: Any) -> Any:
    """An input shape, which is not a tensor of that shape, nor its text."""
    if getattr(shape, "ndim", 1) > 1:
        given = "x".join(map(str, shape.shape))
        raise InvalidModelError(
            f"input_shape is a {type(shape).__name__} of {given}; expected sizes.\n"
            "  Give its shape (x.shape), or the tensor itself as example_inputs=(x,)."
        )
    if isinstance(shape, int):
        raise InvalidModelError(_short(shape))
    if isinstance(shape, (str, float)):
        raise InvalidModelError(f"input_shape = {shape!r}; expected sizes: (1, 3, 224, 224)")
    return _plain(shape)


def _is_short(shape: Any) -> bool:
    """Whether somebody may have left batch and channels out."""
    return isinstance(shape, tuple) and 1 <= len(cast("tuple[Any, ...]", shape)) <= 3


def _short(shape: object) -> str:
    told = "batch and channels count, as in input_shape=(1, 3, 224, 224)"
    return f"input_shape={shape} is short: {told}"


def _plain(shape: Any) -> Any:
    """Sizes as Python's integers, whatever kind of integer or array they were."""
    if isinstance(shape, (Iterator, Set)):  # of which nobody knows the order, or nothing is left
        kind = type(cast("object", shape)).__name__
        raise InvalidModelError(f"input_shape is a {kind}; expected sizes: (1, 3, 224, 224)")
    shape = shape.tolist() if hasattr(shape, "tolist") else shape
    if isinstance(shape, Mapping):
        return {name: _plain(part) for name, part in cast("Mapping[str, Any]", shape).items()}
    if isinstance(shape, (list, tuple)):
        return tuple(_plain(part) for part in cast("Sequence[Any]", shape))
    return index(shape) if hasattr(shape, "__index__") else shape


def check_options(options: Mapping[str, Any], question: Callable[..., Any] = load) -> None:
    """Refuse an option that no source and no question understands."""
    known = LoadOptions.__annotations__
    for name in options:
        if name not in known:
            own = signature(question).parameters.values()
            named = [each.name for each in own if each.kind is not each.VAR_KEYWORD]
            raise unknown_name("option", name, dict.fromkeys([*named[1:], *known]))


def graph_for(
    source_or_graph: Any, load_options: LoadOptions, question: Callable[..., Any]
) -> Graph:
    """The graph that a question is asked of; options that it lacks are those of ``load``."""
    check_options(load_options, question)
    return load(source_or_graph, **load_options)


def _as_it_is(graph: Graph, request: Request) -> Graph:
    """A graph that was read or written down before; no option can change it."""
    asked = {
        "input_shape": request.input_shape is not None,
        "axes": request.axes is not None,
        "training": request.training,
        "unknown": request.unknown != "error",
        "soft_masks": request.soft_masks != "keep",
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
    if path.suffix.lower() == ".py" and path.is_file():
        code.check_named(path)
    if path.suffix.lower() in SUFFIXES or path.exists():
        return reader_of_path(path)(path, request)
    prefix, colon, rest = source.partition(":")
    if colon and prefix == "article":
        for name in request.options:
            raise unknown_name("option", name, ())
        graph: Graph = import_module("rfield.networks").build(rest, request.input_shape)
        graph.origin = source
        return graph
    if colon and prefix in PREFIXES:
        return reader_of_prefix(prefix)(rest, request)
    if colon and "." not in prefix and is_built_by_zoo(prefix):
        return _from_zoo(prefix, rest, request)
    if code.is_code(source):
        return _from_code(source, request)
    code.check_spelling(source)
    if "/" in source or "\\" in source or path.suffix:
        return reader_of_path(path)(path, request)
    raise UnreadableModelError(
        f"{source!r} is neither a file nor a model spec such as 'torchvision:resnet50', "
        "'article:inception_v3', 'package.module:name' or 'my_net.py:Net'"
    )


def _from_zoo(name: str, model: str, request: Request) -> Graph:
    """A model that a package builds, at the input shape that it states unless another is given."""
    known = zoo(name)
    if model not in known:
        raise unknown_name(f"model of the zoo {name}", model, list(known))
    source, request = _with_shape(known[model](), request)
    if isinstance(source, Graph):
        return _as_it_is(source, request)
    graph = _read(source, request)
    graph.origin = f"{name}:{model}"
    return graph


def _with_shape(built: Any, request: Request) -> tuple[Any, Request]:
    """A model, or a model and the input shape that it is read at unless another is given."""
    if not (isinstance(built, tuple) and len(built) == 2):
        return built, request
    source, shape = built
    if request.input_shape is None and "example_inputs" not in request.options:
        request = replace(request, input_shape=_plain(shape))
    return source, request


def _kinds() -> list[str]:
    return sorted([*PREFIXES, "article"])


def _from_code(spec: str, request: Request) -> Graph:
    """``package.module:name`` or ``file.py:name``."""
    given = request.options.get("arguments", {})
    rest = {key: value for key, value in request.options.items() if key != "arguments"}
    found = code.named(spec, _kinds())
    if isinstance(found, Graph):
        return _as_it_is(found, request)
    if reader_of_object(found) is None:
        if not given and code.takes_an_input(found):
            try:
                return resolve("jax:read_callable")(found, request)
            except InvalidModelError as error:
                raise code.told_as_builder(spec, found, error) from error
        made = code.made(spec, found, given)
        found, request = _with_shape(made, replace(request, options=rest))
    if isinstance(found, Graph):
        return _as_it_is(found, request)
    reader = reader_of_object(found)
    if reader is None and callable(found) and not isinstance(found, type):
        reader = resolve("jax:read_callable")
    if reader is None:
        raise UnreadableModelError(f"{spec} gives a {type(found).__name__}, which is no model")
    return reader(found, request)
