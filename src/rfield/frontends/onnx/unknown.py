"""Ops without a rule: found before anything is read, so that all can be named at once."""

from __future__ import annotations

from collections.abc import Mapping

from ...core import ops
from ...errors import InvalidModelError
from ..machine.names import shown
from ..machine.unsupported import Unsupported
from ..machine.values import Outputs
from .model import GraphRecord, ModelRecord
from .rulebook import RULES, Call


def refuse_unknown(model: ModelRecord) -> None:
    """Raise one error that names every op that cannot be read."""
    found = Unsupported(RULES, "onnx")
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
            elif node.op not in RULES:
                dims = graph.declared.get(node.outputs[0]) if node.outputs else None
                shape = None if dims is None else [d if isinstance(d, int) else None for d in dims]
                found.meet(node.op, shown(prefix + node.label), shape, f"node {node.number}")
    if found:
        raise found.error()


def read_unknown(call: Call, graph: GraphRecord, sizes: Mapping[str, int]) -> Outputs:
    """``unknown="whole"``: each output may read everything; its shape is what the file says."""
    shapes = [() if value is None else value.shape for value in call.operands]
    return Outputs(
        ops.opaque(shapes, _declared(graph, name, sizes), kind=shown(call.op).lower())
        for name in call.outputs
    )


def _declared(graph: GraphRecord, name: str, known: Mapping[str, int]) -> tuple[int, ...]:
    """The shape that the file states for a value, symbols replaced by the sizes of the inputs."""
    dims = graph.declared.get(name)
    if dims is None:
        raise InvalidModelError(
            f"nothing is known of this op, and the file does not say what shape {shown(name)!r} has"
        )
    sizes = [d if isinstance(d, int) else known.get(d or "") for d in dims]
    if any(size is None for size in sizes):
        raise InvalidModelError(
            f"nothing is known of this op, and the file leaves the shape of {shown(name)!r} open"
        )
    return tuple(size for size in sizes if size is not None)
