"""Which inputs a model has, at which sizes, and along which axes fields are measured.

What the user gives comes first, then what the file says. A size that neither fixes is free if it
lies along a spatial axis, and 1 or the size that the first weight expects if it does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...core.arguments import normalize_axis
from ...errors import InvalidModelError, UnreadableModelError, show_shape, unknown_name
from ..machine.names import printable, shown
from ..registry import Request
from .model import GraphRecord, InputRecord, ModelRecord, NodeRecord
from .pointwise import JOINS, POINTWISE

_PASSING = frozenset(
    [*POINTWISE.split(), *JOINS.split(), "Identity", "Dropout", "QuantizeLinear",
     "DequantizeLinear", "DynamicQuantizeLinear", "BatchNormalization", "Pad", "Resize", "Upsample"]
)  # fmt: skip
_CONVOLUTIONS = frozenset(
    {"Conv", "ConvInteger", "QLinearConv", "ConvTranspose", "com.microsoft::FusedConv"}
)
_CHANNELS_FIRST = {
    *_CONVOLUTIONS, "AveragePool", "DeformConv", "DepthToSpace", "GlobalAveragePool",
    "GlobalLpPool", "GlobalMaxPool", "GridSample", "GroupNormalization", "InstanceNormalization",
    "LRN", "LpPool", "MaxPool", "MaxRoiPool", "MaxUnpool", "QLinearAveragePool",
    "QLinearGlobalAveragePool", "RoiAlign", "SpaceToDepth",
}  # fmt: skip
"""Ops whose channels are axis 1 by definition: https://onnx.ai/onnx/operators/"""
_CHANNELS = frozenset({1, 3, 4})


@dataclass(frozen=True, slots=True)
class Plan:
    """One input: ``shape`` has None on free axes; ``symbols`` are the names of its sizes."""

    name: str
    shape: tuple[int | None, ...]
    axes: tuple[int, ...]
    symbols: tuple[str, ...]


def plan_inputs(model: ModelRecord, request: Request, fixed: Mapping[str, Any]) -> list[Plan]:
    """The inputs to lay out; those in ``fixed`` have values and are constants."""
    entries = [entry for entry in model.graph.inputs if entry.name not in fixed]
    used = _used(model.graph)
    given = _by_name(request.input_shape, entries, used, "input_shape")
    axes = _by_name(request.axes, entries, used, "axes")
    plans: list[Plan] = []
    for entry in entries:
        if entry.kind != "tensor":
            if entry.name in used:
                raise UnreadableModelError(
                    f"the input {shown(entry.name)!r} is a {entry.kind}; only tensors can be read"
                )
            continue
        plans.append(_plan(entry, model.graph, given.get(entry.name), axes.get(entry.name)))
    images = any(len(plan.shape) > 3 for plan in plans if plan.name in used)
    return [
        closed(plan, measured=False)
        if images and len(plan.shape) < 3 and plan.name not in axes
        else plan
        for plan in plans
    ]


def closed(plan: Plan, *, measured: bool = True) -> Plan:
    """A side input: its free sizes are 1, and fields are not ``measured`` along its axes."""
    shape = tuple(1 if size is None else size for size in plan.shape)
    return replace(plan, shape=shape, axes=plan.axes if measured else ())


def _plan(
    entry: InputRecord, graph: GraphRecord, given: Sequence[int | None] | None, axes: Any
) -> Plan:
    name = printable(entry.name)
    dims = entry.dims
    if given is not None:
        given = tuple(given)
        if any(
            size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 0)
            for size in given
        ):
            raise InvalidModelError(
                f"{name}: shape = {given!r}; expected sizes of at least 0 or None"
            )
        if dims is not None and len(dims) != len(given):
            raise InvalidModelError(
                f"{name}: the shape {show_shape(given)} has {len(given)} axes, the model's input "
                f"has {len(dims)}"
            )
    if given is None and dims is None:
        raise InvalidModelError(
            f"the file does not say what shape the input {name!r} has; give input_shape"
        )
    rank = len(given if given is not None else dims or ())
    symbols = tuple(d if isinstance(d, str) else "" for d in dims or ("",) * rank)
    if axes is None:
        spatial = _spatial(entry.name, rank, dims, graph)
    else:
        spatial = tuple(normalize_axis(axis, rank) for axis in axes)
    sizes: list[int | None] = []
    for axis in range(rank):
        dim = dims[axis] if dims is not None else None
        size = given[axis] if given is not None else dim if isinstance(dim, int) else None
        if size is None and (axis not in spatial or "batch" in symbols[axis].lower()):
            size = 1 if axis == 0 or axis in spatial else _expected(entry.name, graph)
        sizes.append(size)
    return Plan(name, tuple(sizes), spatial, symbols)


def _spatial(
    name: str, rank: int, dims: Sequence[object] | None, graph: GraphRecord
) -> tuple[int, ...]:
    """All axes after batch and channel, unless the graph says that the channels are last."""
    if rank < 3:
        return (rank - 1,) if rank else ()
    for node in _first_readers(name, graph):
        perm = node.attributes.get("perm")
        last_first = [0, rank - 1, *range(1, rank - 1)]
        if node.op == "Transpose" and perm is not None and list(perm.ints) == last_first:
            return tuple(range(1, rank - 1))
        if node.op in ("com.microsoft::NhwcConv", "com.microsoft::NhwcFusedConv"):
            return tuple(range(1, rank - 1))
    default = tuple(range(2, rank))
    if dims is None or any(n.op in _CHANNELS_FIRST for n in _first_readers(name, graph)):
        return default
    if dims[-1] in _CHANNELS and dims[1] not in _CHANNELS:
        return tuple(range(1, rank - 1))
    if rank == 3 and not isinstance(dims[1], int) and isinstance(dims[2], int):
        return (1,)
    return default


def _first_readers(name: str, graph: GraphRecord) -> list[NodeRecord]:
    """The nodes that read an input, looking through ops that keep its layout."""
    names, found = {name}, list[NodeRecord]()
    for node in graph.nodes:
        if names.isdisjoint(node.inputs):
            continue
        if node.op in _PASSING:
            names.update(node.outputs)
        else:
            found.append(node)
    return found


def _expected(name: str, graph: GraphRecord) -> int:
    """The channels that the first convolution expects."""
    for node in _first_readers(name, graph):
        place = 3 if node.op == "QLinearConv" else 1
        if node.op in _CONVOLUTIONS and len(node.inputs) > place:
            weight = graph.tensors.get(node.inputs[place])
            if weight is None or len(weight.dims) < 3:
                continue
            if node.op == "ConvTranspose":
                return int(weight.dims[0])
            group = node.attributes.get("group")
            return int(weight.dims[1]) * (group.i if group is not None else 1)
    return 1


def _used(graph: GraphRecord) -> set[str]:
    used: set[str] = set(graph.outputs)
    for node in graph.nodes:
        used.update(node.inputs)
        used.update(node.captured)
    return used


def _by_name(
    given: Any, entries: Sequence[InputRecord], used: set[str], what: str
) -> Mapping[str, Any]:
    """What the user gave, by input name; one entry for all means the one input it fits."""
    if given is None:
        return {}
    names = [entry.name for entry in entries]
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                raise unknown_name("input", str(name), names)
        return given
    given = tuple(given)
    fitting = [entry for entry in entries if entry.name in used] or list(entries)
    if len(fitting) > 1 and what == "input_shape":
        fitting = [e for e in fitting if e.dims is None or len(e.dims) == len(given)]
    elif len(fitting) > 1:
        fitting = [e for e in fitting if e.dims is not None and len(e.dims) > 2] or fitting[:1]
    if len(fitting) == 1:
        return {fitting[0].name: given}
    if not names:
        raise InvalidModelError(f"{what} is given, but the model has no inputs")
    listed = ", ".join(repr(shown(name)) for name in names)
    raise InvalidModelError(
        f"the model has {len(names)} inputs: {listed}. Give {what} by name: {{{names[0]!r}: ...}}"
    )
