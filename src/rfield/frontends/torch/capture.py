"""Reading a live module: one forward pass without numbers.

The module itself is called, with meta tensors for inputs; ``modes`` watches every op, ``names`` the
layers, and ``untouched`` puts everything back.
"""

from __future__ import annotations

import gc
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import chain
from typing import Any

import torch
from torch import nn

from ...core.arguments import integer
from ...core.graph import Draft, Graph, SoftMasks
from ...errors import (
    InvalidModelError,
    RFieldError,
    UnreadableModelError,
    show_shape,
    unknown_name,
)
from ..registry import Request
from .control import uncompiled
from .failures import NeedsValuesError, forward_failed, line_of
from .functions import table
from .modes import Dispatch, Functions
from .names import Names, named_children
from .quantized import observe_nothing
from .restoring.untouched import untouched
from .second_call import AGAIN, first_of
from .sizes.recording import Recording
from .tracer import Tracer

StandIn = Callable[[str, torch.Tensor], torch.Tensor]

_META = re.compile(r"\bmeta\b", re.IGNORECASE)
"""What errors of torch are that miss numbers; a ``MetaFloatType[1, 8]`` that is too short is one of
the model's."""


def unwrapped(model: nn.Module) -> nn.Module:
    """The module that the user wrote, out of what runs it compiled or on many devices."""
    if isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return unwrapped(model.module)
    if "_orig_mod" in model._modules:  # a scripted module's have no get()
        return unwrapped(model.get_submodule("_orig_mod"))
    return model


def capture(
    model: nn.Module,
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    *,
    axes: Any = None,
    training: bool = False,
    unknown: str = "error",
    values: bool = False,
    zeros: bool = False,
    soft_masks: SoftMasks = "keep",
    laid_out: bool = False,
    recording: Recording | None = None,
    often: bool = False,
) -> Graph:
    """Call the module once and note what each op reads, and in ``recording`` what it is told.

    Once more with everything ``laid_out`` in memory as it really is, where something is written to
    what may be a view or a copy. ``often``: call it some times, and refuse it where a later call
    does otherwise.
    """
    draft = Draft()
    with closing(Tracer(draft, soft_masks=soft_masks)) as tracer:
        tracer.count_zeros = zeros
        names = tracer.names = Names(model, tracer.index_of)
        dispatch = Dispatch(tracer, real=values)
        dispatch.laid_out = laid_out
        functions = Functions(dispatch, table(), device_of(model))
        if recording is not None:
            recording.begin(tracer, names.modules, functions, laid_out=laid_out)
        entries: dict[str, torch.Tensor] = {}

        def stand_in(name: str, tensor: torch.Tensor, suffix: str = "") -> torch.Tensor:
            name += suffix
            place = tensor.detach().clone() if values else _meta(tensor)
            index = draft.input(name, tuple(tensor.shape), input_axes(name, tensor, axes))
            tracer.hold(place, index)
            if recording is not None:
                recording.enter(name, place)
            names.taken[name] = 1
            entries[name] = tensor
            return place

        with ExitStack() as stack:
            stack.enter_context(uncollected())
            changed = stack.enter_context(
                untouched(model, training=training, values=values, modules=names.modules)
            )
            calls = [
                _call(model, arguments, keywords, partial(stand_in, suffix=suffix))
                for suffix in ("", *AGAIN[: often * len(AGAIN)])
            ]
            if not entries:
                raise InvalidModelError("none of the inputs is a tensor")
            stack.enter_context(torch.no_grad())
            stack.enter_context(plain_attention())
            stack.enter_context(_eager(names.modules))
            stack.enter_context(uncompiled())
            if not values:
                observe_nothing(names.modules)
            stack.enter_context(names)
            stack.enter_context(dispatch)
            stack.enter_context(functions)
            output: Any = None
            failed: Exception | None = None
            try:
                output = first_of(draft, calls, lambda found: [*_outputs(found, tracer)])
            except Exception as error:  # noqa: BLE001  # the user's own code may raise anything
                failed = error
        if tracer.unsure or (tracer.guessed and failed is not None):
            return capture(
                model, arguments, keywords, axes=axes, training=training, unknown=unknown,
                values=values, zeros=zeros, soft_masks=soft_masks, laid_out=True,
                recording=recording, often=often,
            )  # fmt: skip
        if isinstance(failed, RFieldError):
            raise failed
        wrong = tracer.refusal or failed
        if wrong is not None:
            raise _explain(wrong, names, entries, values) from failed
        if tracer.unknown and unknown == "error":
            raise tracer.unknown.error()
        return _finished(model, output, tracer, names, recording, changed)


def _written(tracer: Tracer, names: Names) -> Iterator[str]:
    """The tensors of the model that it wrote to, which a capture only takes note of."""
    for tensor, value in tracer.foreign.values():
        if value.origin or value.cell.version:
            yield names.tensors.get(id(tensor), "a tensor").lstrip(".")


def _call(
    model: nn.Module, arguments: Sequence[Any], keywords: Mapping[str, Any], stand_in: StandIn
) -> Callable[[], Any]:
    places, named = with_stand_ins(model, arguments, keywords, stand_in)
    return partial(model, *places, **named)


def _finished(
    model: nn.Module, output: Any, tracer: Tracer, names: Names, recording: Recording | None,
    changed: Iterable[str],
) -> Graph:  # fmt: skip
    """The graph of all that was noted; ``changed``: what the call left otherwise."""
    if recording is not None:
        recording.end()
    outputs = _outputs(output, tracer)
    if not outputs:
        raise InvalidModelError(
            f"{type(model).__name__} returns no tensor that depends on its input "
            f"({type(output).__name__})"
        )
    layers = {name: index for name, index in names.layers.items() if name}
    for index, key in outputs.items():
        if key and key not in layers:
            layers[key] = index
    graph = tracer.draft.finish(list(outputs), layers or None, origin=type(model).__name__)
    graph.main_output = 0
    graph.taken = tuple(tracer.taken)
    graph.restless = tuple(dict.fromkeys((*changed, *_written(tracer, names))))
    return graph


def called_with(model: nn.Module, request: Request) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of forward, by position and by name: as given, or empty tensors."""
    given = request.options.get("example_inputs")
    keywords = dict(request.options.get("example_kwargs") or {})
    if given is not None or keywords:
        if isinstance(given, Mapping):
            return (), {**given, **keywords}
        if isinstance(given, torch.Tensor):
            given = (given,)
        return tuple(given or ()), keywords
    if request.input_shape is None:
        raise InvalidModelError(
            f"input_shape is missing: a {type(model).__name__} does not say what it takes.\n"
            "  rfield.load(model, input_shape=(1, 3, 224, 224))       one image\n"
            "  rfield.load(model, {'left': (1, 3, 64, 64), 'right': (1, 3, 64, 64)})   by name\n"
            "  rfield.load(model, example_inputs=(x, mask))           anything else"
        )
    given = request.options.get("dtype")
    shapes = request.input_shape
    if isinstance(shapes, Mapping):
        known = parameters_of(model)
        for name in shapes:
            if known is not None and name not in known:
                raise unknown_name("input", name, known)
        tensors = {name: _empty(s, _dtype(model, given, name)) for name, s in shapes.items()}
        if known is None or list(shapes) == known[: len(shapes)]:
            return placed(model, list(tensors.values()))
        return (), tensors
    kind = _dtype(model, given)
    listed = [shapes] if not shapes or isinstance(shapes[0], (int, type(None))) else shapes
    return placed(model, [_empty(shape, kind) for shape in listed])


def placed(model: nn.Module, tensors: list[torch.Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Tensors in the order of forward's arguments; those that it takes by name alone, by name."""
    try:
        parameters = list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        return tuple(tensors), {}
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    any_many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    count = len(parameters) - len(named)
    if any_many or not named or len(tensors) > len(parameters):
        return tuple(tensors), {}
    return tuple(tensors[:count]), dict(zip(named, tensors[count:], strict=False))


def _empty(shape: Sequence[int], kind: torch.dtype) -> torch.Tensor:
    if not all(isinstance(size, int) and size >= 0 for size in shape):
        raise InvalidModelError(f"input_shape = {shape!r}; expected non-negative integers")
    return torch.empty(tuple(shape), dtype=kind, device="meta")


def _dtype(model: nn.Module, given: Any = None, name: str = "") -> torch.dtype:
    """The type of an input: as given (a type, its name, or by input), or that of the weights."""
    if isinstance(given, Mapping):
        given = given.get(name)
    kind = getattr(torch, given.removeprefix("torch."), None) if isinstance(given, str) else given
    if isinstance(kind, torch.dtype):
        return kind
    if given is not None:
        raise InvalidModelError(f"dtype = {given!r}; expected a type such as 'int64'")
    for parameter in model.parameters():
        if parameter.dtype.is_floating_point:
            return parameter.dtype
    return torch.get_default_dtype()


def device_of(model: nn.Module) -> torch.device:
    """Where the model says that its tensors are."""
    for tensor in chain(model.parameters(), model.buffers()):
        return torch.device("cpu") if tensor.device.type == "meta" else tensor.device
    return torch.device("cpu")


def parameters_of(model: nn.Module) -> list[str] | None:
    """The argument names of forward, or None if it takes any."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters):
        return None
    return [p.name for p in parameters]


def with_stand_ins(
    model: nn.Module, arguments: Sequence[Any], keywords: Mapping[str, Any], stand_in: StandIn
) -> tuple[list[Any], dict[str, Any]]:
    """The inputs, each tensor replaced; tensors have the names that forward gives them."""
    try:
        parameters = list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    places: list[Any] = []
    for position, item in enumerate(arguments):
        name = f"input{position}" if position else "input"
        if position < len(parameters):
            parameter = parameters[position]
            name = name if parameter.kind is parameter.VAR_POSITIONAL else parameter.name
        places.append(_replace(name, item, stand_in))
    return places, {name: _replace(name, item, stand_in) for name, item in keywords.items()}


def _replace(name: str, item: Any, stand_in: StandIn) -> Any:
    """The same nest of containers with another tensor in each place."""
    if isinstance(item, torch.Tensor):
        return stand_in(name, item)
    if isinstance(item, Mapping):
        return {key: _replace(f"{name}.{key}", part, stand_in) for key, part in item.items()}
    if isinstance(item, (list, tuple)):
        parts = [_replace(f"{name}.{n}", part, stand_in) for n, part in enumerate(item)]
        return type(item)(*parts) if hasattr(item, "_fields") else type(item)(parts)
    return item


def _meta(tensor: torch.Tensor) -> torch.Tensor:
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")


def input_axes(name: str, tensor: torch.Tensor, axes: Any) -> tuple[int, ...]:
    """The axes along which fields are measured: those after batch and channel, unless told."""
    if isinstance(axes, Mapping):
        axes = axes.get(name)
    rank = tensor.dim()
    if axes is None:
        return tuple(range(min(2, max(rank - 1, 0)), rank))
    places = [integer(axis) for axis in axes]
    known = [axis for axis in places if axis is not None and -rank <= axis < rank]
    if len(known) < len(places):
        raise InvalidModelError(
            f"axes = {tuple(axes)!r}; expected numbers of the {rank} axes of input {name!r}"
        )
    return tuple(axis % rank for axis in known)


def _outputs(output: Any, tracer: Tracer, key: str = "") -> dict[int, str]:
    """The values that a model returns, in its own order, with the keys that lead to them."""
    if isinstance(output, torch.Tensor):
        index = tracer.index_of(output)
        return {} if index is None else {index: key}
    found: dict[int, str] = {}
    for name, item in named_children(output):
        path = f"{key}.{name}" if key and name else key or name
        for index, own in _outputs(item, tracer, path).items():
            found.setdefault(index, own)
    return found


@contextmanager
def plain_attention() -> Iterator[None]:
    """Attention in eval mode runs as it is written, not in one fused op that hides its mask."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector, which would look through all of torch's objects meanwhile."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _eager(modules: Iterable[nn.Module]) -> Any:
    """Compiled modules run as they were written."""
    stance = getattr(torch.compiler, "set_stance", None)
    compiled = any(
        vars(module).get("_compiled_call_impl") is not None or "_orig_mod" in module._modules
        for module in modules
    )
    return stance("force_eager") if compiled and stance is not None else ExitStack()


def _explain(
    error: Exception, names: Names, entries: Mapping[str, torch.Tensor], values: bool
) -> RFieldError:
    if isinstance(error, RFieldError):
        return error
    source = line_of(error.__traceback__)
    shapes = ", ".join(f"{name} {show_shape(tuple(t.shape))}" for name, t in entries.items())
    if not values and _META.search(str(error)) and isinstance(error, (RuntimeError, TypeError)):
        place = f"layer {names.layer!r}" if names.layer else "the model's own forward"
        return NeedsValuesError(
            f"the model needs numbers, in {place}, {source}:\n  {str(error).splitlines()[0]}\n"
            "  Pass real data:   rfield.load(model, example_inputs=(x,), values=True)"
        )
    return forward_failed(error, names.layer, names.kind, source, shapes)


def unreadable(path: object, problem: str) -> UnreadableModelError:
    """A file that is not what its suffix says."""
    return UnreadableModelError(f"{path}: {problem}")
