"""What a network costs: multiply-adds, FLOPs and parameters, from shapes alone.

FLOPs count 2 per multiply-add, 1 per bias add and 1 per element of each pooling window; batch norm,
activations and residual adds count nothing, so that the numbers compare with published ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

from ..core.graph import Graph
from ..core.ops import Work
from ..errors import UnresolvedSizeError
from .answer import Answer


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Cost(Answer):
    """Totals over everything the output depends on; ``layers`` has the same per layer."""

    macs: int
    adds: int
    parameters: int
    layers: Mapping[str, Cost]

    @property
    def flops(self) -> int:
        """Floating point operations: ``2*macs + adds``."""
        return 2 * self.macs + self.adds

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        totals = {"macs": self.macs, "adds": self.adds, "parameters": self.parameters}
        return {**totals, "layers": {name: cost.as_dict() for name, cost in self.layers.items()}}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.macs, self.adds, self.parameters, dict(self.layers))

    def __str__(self) -> str:
        work = f"{self.flops / 1e9:.2f} GFLOPs, {self.macs / 1e9:.2f} GMACs"
        return f"{work}, {self.parameters:,} parameters"


def cost(graph: Graph, output: str | None = None) -> Cost:
    """The cost of computing ``output`` (default: all outputs) once."""
    if graph.has_free_axes:
        raise UnresolvedSizeError("the cost depends on the input size; give one")
    behind = graph.behind(*graph.outputs_ if output is None else (graph.index(output),))
    layers: dict[str, Cost] = {}
    total = Work()
    for index in sorted(behind):
        node = graph.nodes[index]
        if node.work != Work():
            work = node.work
            layers[node.name] = Cost(work.macs, work.adds, work.parameters, MappingProxyType({}))
            total = Work(
                total.macs + work.macs, total.adds + work.adds, total.parameters + work.parameters
            )
    return Cost(total.macs, total.adds, total.parameters, MappingProxyType(layers))


def peak_elements(graph: Graph, value: int) -> int:
    """The most tensor elements that are alive at once while ``value`` is computed in graph order.

    A value lives from its op to its last reader. Weights, and what an implementation needs inside
    an op, are not counted; neither is what it saves by writing in place.
    """
    needed = {value}
    last: dict[int, int] = {value: value}
    for index in range(value, -1, -1):
        if index in needed:
            for operand in graph.nodes[index].operands:
                last.setdefault(operand, index)
                needed.add(operand)
    alive = peak = 0
    for index in range(value + 1):
        if index not in needed:
            continue
        alive += prod(graph.nodes[index].shape)
        peak = max(peak, alive)
        for operand in set(graph.nodes[index].operands):
            if last[operand] == index:
                alive -= prod(graph.nodes[operand].shape)
    return peak
