"""What a network costs: multiply-adds, FLOPs and parameters, from shapes alone.

FLOPs count 2 per multiply-add, 1 per bias add and 1 per element of each pooling window; batch norm,
activations and residual adds count nothing, so that the numbers compare with published ones.
A weight that several layers read counts once, to the first of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any, ClassVar

from ..core.graph import Graph
from ..core.ops import Work
from .answer import Answer
from .results import sizes_needed

ITEM_BYTES = 4
"""Under which bytes are counted: single precision."""


@dataclass(frozen=True, repr=False, eq=False)
class Cost(Answer):
    """Totals over everything the output depends on; ``layers`` has those of each layer."""

    schema: ClassVar[str] = "rfield.cost/1"

    macs: int
    adds: int
    parameters: int
    layers: Mapping[str, Cost]

    @property
    def flops(self) -> int:
        """Floating point operations: ``2*macs + adds``."""
        return 2 * self.macs + self.adds

    def _facts(self) -> dict[str, Any]:
        layers = {name: cost.numbers for name, cost in self.layers.items()}
        return {**self.numbers, "layers": layers}

    @property
    def numbers(self) -> dict[str, int]:
        """The totals by name."""
        return {
            "macs": self.macs, "adds": self.adds, "flops": self.flops,
            "parameters": self.parameters,
        }  # fmt: skip

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.macs, self.adds, self.parameters, dict(self.layers))

    def _told(self) -> str:
        work = f"{short(self.flops)}FLOPs, {short(self.macs)}MACs"
        return f"{work}, {self.parameters:,} parameters"


def short(count: int) -> str:
    """Three figures and a prefix.

    >>> short(512), short(30_714_000_000)
    ('512 ', '30.7 G')
    """
    for size, prefix in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.3g} {prefix}"
    return f"{count} "


def cost(graph: Graph, output: str | None = None) -> Cost:
    """The cost of computing ``output`` (default: all outputs) once."""
    if graph.has_free_axes:
        problem = "the cost depends on the input size, which is free"
        raise sizes_needed(graph, problem)
    behind = graph.behind(*graph.outputs_ if output is None else (graph.index(output),))
    works: dict[str, list[Work]] = {}
    met: set[object] = set()
    for index in sorted(behind):
        node = graph.nodes[index]
        work = node.op.work
        if node.weights is not None:
            new = {key: count for key, count in node.weights if key not in met}
            met.update(new)
            work = work._replace(parameters=sum(new.values()))
        if work != Work():
            works.setdefault(graph.layer_of(index), []).append(work)
    layers = {name: _total(parts) for name, parts in works.items()}
    return _total([work for parts in works.values() for work in parts], layers)


def _total(works: Sequence[Work], layers: Mapping[str, Cost] | None = None) -> Cost:
    macs, adds, parameters = (sum(part) for part in zip(*works, strict=True)) if works else Work()
    return Cost(macs, adds, parameters, MappingProxyType(dict(layers or {})))


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
