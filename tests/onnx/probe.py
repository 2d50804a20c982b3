"""What a model really reads, found by running it: change inputs, see which outputs change.

ONNX Runtime knows nothing of rfield. ``dependence`` changes every input position in turn (small
models); ``probe`` takes one position of one tensor of a real network, changes everything outside
the region that rfield claims (nothing may happen), then the region's edges (something must).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx

import rfield

LARGE = 1000.0


def session(model: Any, outputs: Sequence[str] = ()) -> Any:
    """A single-threaded session without graph optimisations; any tensors can be outputs."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    if outputs:
        copy = onnx.ModelProto()
        copy.CopyFrom(model)
        known = {output.name for output in copy.graph.output}
        copy.graph.output.extend(onnx.ValueInfoProto(name=n) for n in outputs if n not in known)
        model = copy
    return ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])


def dependence(model: Any, feeds: Mapping[str, Any], name: str, axes: Sequence[int]) -> list[Any]:
    """Per model output a bool array ``[*input positions along axes, *output shape]``."""
    run = session(model)
    base = feeds[name]
    before = run.run(None, dict(feeds))
    sizes = [base.shape[axis] for axis in axes]
    found = [np.zeros((*sizes, *out.shape), bool) for out in before]
    for position in product(*(range(size) for size in sizes)):
        place: list[Any] = [slice(None)] * base.ndim
        for axis, at in zip(axes, position, strict=True):
            place[axis] = at
        for change in _changes(base):
            changed = base.copy()
            changed[tuple(place)] = change(changed[tuple(place)])
            after = run.run(None, {**feeds, name: changed})
            for k, (one, other) in enumerate(zip(before, after, strict=True)):
                found[k][position] |= _differs(one, other)
    return found


def _changes(base: Any) -> list[Any]:
    if base.dtype == np.bool_:
        return [np.logical_not]
    if base.dtype.kind in "iu":
        ends = np.iinfo(base.dtype)
        return [lambda v: v * 0 + ends.max, lambda v: v * 0 + ends.min]
    return [lambda v: v + LARGE, lambda v: v - LARGE, lambda v: v * 1.5 + 0.25]


def _differs(one: Any, other: Any) -> Any:
    if one.shape != other.shape:
        return np.ones(one.shape, bool)
    if one.dtype.kind == "f":
        return ~((one == other) | (np.isnan(one) & np.isnan(other)))
    return one != other


def mismatches(model: Any, feeds: Mapping[str, Any], name: str = "x", **options: Any) -> list[str]:
    """Every output position at which rfield and ONNX Runtime disagree, in words."""
    graph = rfield.load(model, {n: a.shape for n, a in feeds.items()}, **options)
    entry = graph.entry(name)
    names = [output.name for output in model.graph.output]
    problems: list[str] = []
    for output, found in zip(names, dependence(model, feeds, name, entry.axes), strict=True):
        try:
            field = rfield.receptive_field(graph, output, wrt=name)
        except rfield.RFieldError as error:
            if found.any():
                problems.append(f"{output}: no field: {error}")
            continue
        shape = found.shape[len(entry.axes) :]
        if graph.nodes[field.value].shape != shape:
            problems.append(f"{output}: shape {graph.nodes[field.value].shape}, really {shape}")
            continue
        problems += _compare(field, found, output)
    return problems


def _compare(field: Any, found: Any, output: str) -> list[str]:
    count = len(field.axes)
    positions = field.positions
    shape = found.shape[count:]
    rest = tuple(count + a for a in range(len(shape)) if a not in positions)
    order = [count + a for a in positions]
    seen = (
        found.any(axis=rest, keepdims=True)
        .transpose(*range(count), *order, *rest)
        .reshape(*found.shape[:count], *(shape[a] for a in positions))
    )
    exact = field.fidelity.value == "exact"
    problems: list[str] = []
    for at in product(*(range(shape[a]) for a in positions)):
        real = np.argwhere(seen[(..., *at)])
        claimed = field.region(at, clip=True)
        low = real.min(axis=0) if len(real) else np.zeros(count, int)
        high = real.max(axis=0) + 1 if len(real) else np.zeros(count, int)
        start, stop = np.array(claimed.start), np.array(claimed.stop)
        inside = not len(real) or ((start <= low).all() and (stop >= high).all())
        same = (start == low).all() and (stop == high).all()
        if not inside or (exact and not same):
            problems.append(
                f"{output}{list(at)}: rfield {start}..{stop}, really {low}..{high}"
                + ("" if inside else "  TOO SMALL")
            )
    return problems


@dataclass(frozen=True)
class Probe:
    """One checked position. ``outside``: nothing outside matters; ``edges``: found tight."""

    layer: str
    index: tuple[int, ...]
    region: str
    outside: bool
    edges: int
    sides: int


def random_feeds(run: Any, shapes: Mapping[str, Sequence[int]], seed: int = 0) -> dict[str, Any]:
    """Random inputs for a session."""
    rng = np.random.default_rng(seed)
    feeds: dict[str, Any] = {}
    for entry in run.get_inputs():
        shape = shapes.get(entry.name)
        if shape is None:
            shape = [d if isinstance(d, int) and d > 0 else 1 for d in entry.shape]
        kind = entry.type[7:-1]
        if "float" in kind or "double" in kind:
            dtype = {"float": "float32", "double": "float64", "float16": "float16"}[kind]
            feeds[entry.name] = rng.normal(size=shape).astype(dtype)
        elif kind == "bool":
            feeds[entry.name] = np.ones(shape, bool)
        else:
            feeds[entry.name] = rng.integers(1, 5, size=shape).astype(kind)
    return feeds


def probe(
    model: Any,
    graph: Any,
    layer: str,
    name: str,
    feeds: Mapping[str, Any],
    index: Sequence[int] | None = None,
    run: Any = None,
) -> Probe:
    """Check the region of one position (default: the middle) against the running model."""
    field = rfield.receptive_field(graph, layer, wrt=name)
    outputs = {output.name for output in model.graph.output}
    tensor = layer if layer in outputs else graph.nodes[field.value].name
    run = session(model, [tensor]) if run is None else run
    shape = graph.nodes[field.value].shape
    if index is None:
        index = tuple(shape[a] // 2 for a in field.positions)
    region = field.region(tuple(index), clip=True)
    place: list[Any] = [slice(None)] * len(shape)
    for axis, at in zip(field.positions, index, strict=True):
        place[axis] = slice(at, at + 1)

    def value(changed: Any) -> Any:
        (out,) = run.run([tensor], {**feeds, name: changed})
        if out.shape != shape:
            raise AssertionError(f"{layer}: rfield says shape {shape}, ONNX Runtime {out.shape}")
        return out[tuple(place)]

    base = feeds[name]
    before = value(base)
    rng = np.random.default_rng(1)
    outside = np.ones(base.shape, bool)
    box: list[Any] = [slice(None)] * base.ndim
    for axis, a, b in zip(field.source_axes, region.start, region.stop, strict=True):
        box[axis] = slice(a, b)
    outside[tuple(box)] = False
    quiet = not _any_change(value, base, before, outside, rng)
    edges = sides = 0
    for axis, a, b in zip(field.source_axes, region.start, region.stop, strict=True):
        for at in {a, b - 1}:
            if b <= a:
                continue
            edge = np.zeros(base.shape, bool)
            part = list(box)
            part[axis] = slice(at, at + 1)
            edge[tuple(part)] = True
            sides += 1
            edges += _any_change(value, base, before, edge, rng)
    return Probe(layer, tuple(index), str(region), quiet, edges, sides)


def _any_change(value: Any, base: Any, before: Any, where: Any, rng: Any) -> bool:
    """Whether any of several changes at ``where`` changes the value."""
    if not where.any():
        return False
    for scale in (1.0, 30.0, -30.0, 1e4):
        changed = base.copy()
        if base.dtype.kind == "f":
            noise = rng.normal(size=base.shape) if abs(scale) == 1 else np.full(base.shape, scale)
            changed[where] = (changed + noise.astype(base.dtype))[where]
        else:
            changed[where] = rng.integers(0, 5, size=base.shape).astype(base.dtype)[where]
        if _differs(before, value(changed)).any():
            return True
    return False


def main() -> None:
    """``python -m tests.onnx.probe FILE [--shape NAME=1x3x64x64] [--layer NAME]``."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--shape", action="append", default=[])
    parser.add_argument("--layer", action="append", default=[])
    chosen = parser.parse_args()
    shapes = {}
    for text in chosen.shape:
        name, _, sizes = text.partition("=")
        shapes[name] = tuple(int(size) for size in sizes.split("x"))
    model = onnx.load(chosen.file)
    graph = rfield.load(model, shapes or None)
    feeds = random_feeds(session(model), {e.name: graph.nodes[e.node].shape for e in graph.inputs_})
    for layer in chosen.layer or graph.outputs:
        for entry in graph.inputs_:
            if entry.axes:
                print(probe(model, graph, layer, entry.name, feeds))  # noqa: T201


if __name__ == "__main__":
    main()
