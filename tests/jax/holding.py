"""A model of the zoo as it is claimed to be, and as it is measured."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import rfield
from rfield.frontends.jax import RunningModel
from tests.jax.measuring import Looked, measured
from tests.jax.zoo import Entry


def claimed(graph: Any, layer: str, field: Any) -> tuple[list[Any], list[set[Any]], bool]:
    """Some positions of a layer, what each is said to read, and whether that is exact."""
    sizes = [graph.nodes[field.value].shape[axis] for axis in field.positions]
    corners = [0] * len(sizes), [n // 2 for n in sizes], [n - 1 for n in sizes]
    some = sorted({tuple(at) for at in corners} | {tuple(n // 3 for n in sizes)})
    sets, exact = [], True
    for at in some:
        support = rfield.support(graph, at, layer)
        marks = np.argwhere(support.mask) + np.array(support.offset, int)
        sets.append({tuple(mark) for mark in marks.tolist()})
        exact = exact and support.fidelity is rfield.Fidelity.EXACT
    return some, sets, exact


def held_against(entry: Entry) -> dict[str, tuple[Any, Any, bool]]:
    """For each layer and output: what is claimed, what is measured, whether that is exact."""
    options = {} if entry.dtype == "float32" else {"dtype": entry.dtype}
    graph = rfield.load(entry.model, entry.shape, axes=entry.axes, **options)
    running = RunningModel(entry.model, graph, **options)
    fields = rfield.receptive_fields(graph)
    names = (*entry.layers, *graph.outputs)
    said = {layer: claimed(graph, layer, fields[layer]) for layer in names}
    places = [running.place(layer) for layer in entry.layers]
    with jax.enable_x64(True):
        own = entry.run()

        def run(x: Any) -> Any:
            inside = running.evaluate(running.weights, [x], frozenset(places))
            inner = dict(zip(sorted(places), inside, strict=True))
            return [*(inner[place] for place in places), *jax.tree_util.tree_leaves(own(x))]

        looked = [Looked(said[layer][0], fields[layer].positions) for layer in names]
        axes = graph.inputs_[0].axes
        real = measured(run, entry.shape, axes, looked, jnp.dtype(entry.dtype), entry.least)
    return {
        layer: (said[layer][1], sets, said[layer][2])
        for layer, sets in zip(names, real, strict=True)
    }


def tally(name: str, entry: Entry) -> str:
    """What holds of a model, in one line; an ``AssertionError`` where something does not."""
    found = held_against(entry)
    assert len(found) > 2, found
    exact = 0
    for layer, (sets, real, is_exact) in found.items():
        if is_exact:
            differ = [a ^ b for a, b in zip(sets, real, strict=True)]
            assert not any(differ), f"{name}: {layer} is claimed or measured alone: {differ}"
            exact += 1
        else:
            assert layer in entry.bounds, f"{name}: {layer} is a bound"
            assert all(r <= s for r, s in zip(real, sets, strict=True)), f"{name}: {layer}"
    positions = sum(len(real) for _, real, _ in found.values())
    pairs = sum(len(each) for _, real, _ in found.values() for each in real)
    return f"{name}: {len(found)} layers ({exact} exact), {positions} positions, {pairs:,} reads"
