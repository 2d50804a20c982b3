"""Ops without a rule: found before anything is read, so that all can be named at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core import ops
from ...errors import InvalidModelError
from .failures import Unknown, shown, unsupported
from .model import GraphRecord, ModelRecord, NodeRecord
from .rulebook import RULES, Call

if TYPE_CHECKING:
    from ...core.ops import Op
    from .tracer import Scope

CONTROL = frozenset({"If", "Loop", "Scan", "SequenceMap"})


def refuse_unknown(model: ModelRecord) -> None:
    """Raise one error that names every op that cannot be read."""
    found: dict[str, Unknown] = {}
    seen: set[str] = set()
    graphs: list[tuple[GraphRecord, str]] = [(model.graph, "")]
    while graphs:
        graph, prefix = graphs.pop()
        for node in graph.nodes:
            graphs += [(inner, prefix) for inner in node.subgraphs.values()]
            function = model.functions.get(node.op)
            if function is not None:
                if node.op not in seen:
                    seen.add(node.op)
                    graphs.append((function.body, f"{prefix}{node.label}/"))
            elif node.op not in RULES and node.op not in CONTROL:
                _note(found, node, graph, prefix)
    if found:
        raise unsupported(found, {name: RULES.nearest(name) for name in found})


def _note(found: dict[str, Unknown], node: NodeRecord, graph: GraphRecord, prefix: str) -> None:
    seen = found.get(node.op)
    if seen is not None:
        found[node.op] = seen._replace(uses=seen.uses + 1)
        return
    dims = graph.declared.get(node.outputs[0]) if node.outputs else None
    shape = None if dims is None else tuple(d if isinstance(d, int) else None for d in dims)
    found[node.op] = Unknown(1, prefix + node.label, shape, f"node {node.number}")


def read_unknown(call: Call, scope: Scope) -> tuple[Op, ...]:
    """``unknown="whole"``: each output may read everything; its shape is what the file says."""
    results: list[Op] = []
    for name in call.outputs:
        shape = declared_shape(call, scope, name)
        shapes = [() if value is None else value.shape for value in call.inputs]
        results.append(ops.opaque(shapes, shape, kind=shown(call.op).lower()))
    return tuple(results)


def declared_shape(call: Call, scope: Scope, name: str) -> tuple[int, ...]:
    """The shape that the file states for a value, symbols replaced by the sizes of the inputs."""
    dims = scope.graph.declared.get(name)
    if dims is None:
        raise InvalidModelError(
            f"nothing is known of this op, and the file does not say what shape {shown(name)!r} has"
        )
    sizes = [d if isinstance(d, int) else call.tracer.sizes.get(d or "") for d in dims]
    if any(size is None for size in sizes):
        raise InvalidModelError(
            f"nothing is known of this op, and the file leaves the shape of {shown(name)!r} open"
        )
    return tuple(size for size in sizes if size is not None)
