"""Dependence measured in the running model, and the dependence that a graph claims; no shared code.

Measured: one input position (all its channels) is set to NaN and the real model runs. What reads
it becomes NaN, through ReLU, max pooling, norms and products alike; nothing cancels, nothing
underflows, no gradient is needed. Each probe is one entry of the batch.

Claimed: the links of the graph are followed element by element, forward, with dense matrices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from rfield.core.graph import Graph
from rfield.core.link import Link, Reshaped
from rfield.core.relation import At, Prefix, Sliding, Table, Whole


def measured(
    model: torch.nn.Module, shape: Sequence[int], probes: Sequence[tuple[int, ...]],
    axes: Sequence[int] | None = None,
) -> dict[str, list[np.ndarray]]:  # fmt: skip
    """``{layer: one bool array per probe}`` of what became NaN; ``""`` is the model's output."""
    axes = tuple(range(min(2, len(shape) - 1), len(shape))) if axes is None else axes
    found: dict[str, list[np.ndarray]] = {}
    calls: dict[str, int] = {}

    def note(name: str) -> Any:
        def hook(_module: Any, _args: Any, output: Any) -> None:
            while isinstance(output, (tuple, list, dict)):
                output = next(iter(output.values() if isinstance(output, dict) else output))
            calls[name] = calls.get(name, 0) + 1
            label = name if calls[name] == 1 else f"{name}#{calls[name]}"
            found.setdefault(label, []).append(output.detach().isnan().numpy())

        return hook

    modules = [(name, m) for name, m in model.named_modules()
               if not isinstance(m, torch.jit.ScriptModule)]  # fmt: skip
    handles = [module.register_forward_hook(note(name)) for name, module in modules]
    plain = torch.backends.mkldnn.flags(enabled=False)  # no kernel that mixes neighbours
    try:
        with torch.no_grad(), plain, sdpa_kernel(SDPBackend.MATH):
            for probe in probes:
                x = torch.rand(*shape) + 0.5
                where = [slice(None)] * len(shape)
                for axis, index in zip(axes, probe, strict=True):
                    where[axis] = index
                x[tuple(where)] = math.nan
                calls.clear()
                model(x)
    finally:
        for handle in handles:
            handle.remove()
    return found


def claimed(
    graph: Graph, probes: Sequence[tuple[int, ...]], name: str | None = None
) -> list[np.ndarray]:
    """For every value of the graph a bool array (probe, *shape) of what reads the probe."""
    entry = graph.inputs_[0] if name is None else graph.entry(name)
    values: list[np.ndarray] = []
    for number, node in enumerate(graph.nodes):
        held = np.zeros((len(probes), *node.shape), bool)
        if number == entry.node:
            for row, probe in enumerate(probes):
                where: list[Any] = [row] + [slice(None)] * len(node.shape)
                for axis, index in zip(entry.axes, probe, strict=True):
                    where[axis + 1] = index
                held[tuple(where)] = True
        for operand, link in zip(node.operands, node.links, strict=True):
            held |= push(values[operand], link, node.shape)
        values.append(held)
    return values


def push(operand: np.ndarray, link: Link | Reshaped, shape: Sequence[int]) -> np.ndarray:
    """Which outputs read a True element; the first axis is the probe."""
    if isinstance(link, Reshaped):
        return operand.reshape(operand.shape[0], *shape)
    places: list[int | None] = []
    for j, read in enumerate(link.reads):
        size = operand.shape[j + 1]
        if read.axis is None:
            at = [read.relation.index] if isinstance(read.relation, At) else range(size)
            operand = np.take(operand, list(at), axis=j + 1).any(axis=j + 1, keepdims=True)
            places.append(None)
            continue
        places.append(read.axis)
        if (
            isinstance(read.relation, Sliding)
            and read.relation.is_identity
            and size == shape[read.axis]
        ):
            continue
        matrix = reading(read.relation, shape[read.axis], size)
        moved = np.moveaxis(operand, j + 1, -1).astype(np.float32) @ matrix.T.astype(np.float32)
        operand = np.moveaxis(moved > 0, -1, j + 1)
    letters = "abcdefghijklmnopqrstuvw"
    source = "z" + "".join(
        letters[place] if place is not None else chr(ord("A") + j) for j, place in enumerate(places)
    )
    driven = sorted({place for place in places if place is not None})
    result = np.einsum(f"{source}->z{''.join(letters[p] for p in driven)}", operand)
    for axis in range(len(shape)):
        if axis not in driven:
            result = np.expand_dims(result, axis + 1)
    return np.broadcast_to(result > 0, (operand.shape[0], *shape))


def reading(relation: Any, outputs: int, size: int) -> np.ndarray:
    """``matrix[i, m]``: output ``i`` reads element ``m`` of an axis of ``size``."""
    matrix = np.zeros((outputs, size), bool)
    for i in range(outputs):
        match relation:
            case Whole():
                matrix[i] = True
            case Prefix(backward=backward):
                matrix[i, i:] = backward
                matrix[i, : i + 1] |= not backward
            case At(index=index):
                matrix[i, index] = True
            case Table(taps=taps):
                for m in taps[i]:
                    _mark(matrix, i, m, size, "zero")
            case Sliding():
                block, phase = divmod(i, relation.period)
                for tap in relation.taps[phase]:
                    _mark(matrix, i, tap + relation.advance * block, size, relation.border)
            case _:
                raise AssertionError(relation)
    return matrix


def _mark(matrix: np.ndarray, i: int, m: int, size: int, border: str) -> None:
    if not 0 <= m < size:
        if border in ("zero", "cut"):
            return
        mode = {"reflect": "reflect", "symmetric": "symmetric", "replicate": "edge",
                "circular": "wrap"}[border]  # fmt: skip
        reach = max(-m, m - size + 1)
        m = int(np.pad(np.arange(size), reach, mode=mode)[m + reach])  # type: ignore[call-overload]
    matrix[i, m] = True


def compare(
    model: torch.nn.Module, graph: Graph, shape: Sequence[int], probes: Sequence[tuple[int, ...]],
) -> tuple[int, int, list[str]]:  # fmt: skip
    """``(layers equal, layers bounded, problems)`` over all layers, elements and probes."""
    found = measured(model, shape, probes)
    values = claimed(graph, probes)
    exact = exactness(graph)
    equal = bounded = 0
    problems: list[str] = []
    for name, index in {**graph.layer_index, "": graph.outputs_[0]}.items():
        real, said = found.get(name), values[index]
        if real is None:  # a functional op, named by rfield alone
            continue
        real_array = np.stack(real)
        if real_array.shape != said.shape:
            problems.append(f"{name}: shape {said.shape[1:]}, running model {real_array.shape[1:]}")
        elif (real_array == said).all():
            equal += 1
        elif (real_array & ~said).any():
            problems.append(
                f"{name}: {int((real_array & ~said).sum())} elements read more than claimed"
            )
        elif exact[index]:
            problems.append(f"{name}: {int((said & ~real_array).sum())} elements claimed, not read")
        else:
            bounded += 1
    return equal, bounded, problems


def exactness(graph: Graph) -> list[bool]:
    """Whether a value and all before it are exact."""
    exact: list[bool] = []
    for node in graph.nodes:
        exact.append(node.exact and all(exact[operand] for operand in node.operands))
    return [own and not node.partial for own, node in zip(exact, graph.nodes, strict=True)]
