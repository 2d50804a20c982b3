"""The fields of a model for other people's viewers of graphs."""

from __future__ import annotations

from typing import Any

from ...analysis.geometry.fields import Fields, choose_source
from ...core.graph import Graph
from ..summary import summary
from ..values import is_unbounded

GRADIENT = (("#ffffff", "#000000"), ("#f59e0b", "#000000"), ("#7f1d1d", "#ffffff"))
"""Background and text from the smallest field to the largest."""


def node_data(graph: Graph, wrt: str | None = None) -> dict[str, Any]:
    """Node data of Google's Model Explorer: the size of the local field of every op and layer.

    The keys are the names of the values (in ONNX those of the tensors) and of the layers.
    https://github.com/google-ai-edge/model-explorer/wiki/2.-User-Guide#custom-node-data
    """
    found = Fields(graph, choose_source(graph, None, wrt), wrt)
    reached = graph.dependents(found.source)
    results: dict[str, dict[str, int]] = {}
    for name, value in [*((graph.nodes[v].name, v) for v in reached), *graph.layer_index.items()]:
        if value in reached:
            sizes = list(found[name].largest)
            results[name] = {"value": max(sizes, default=0)}
    stops = [
        {"stop": k / (len(GRADIENT) - 1), "bgColor": back, "textColor": text}
        for k, (back, text) in enumerate(GRADIENT)
    ]
    return {"results": results, "gradient": stops}


def node_texts(graph: Graph, wrt: str | None = None) -> dict[str, dict[str, str]]:
    """What to write beside each value, by its name: size, stride, padding, and what is read whole.

    One number counts for all axes, several are in their order.
    """
    found: dict[str, dict[str, str]] = {}
    for row in summary(graph, wrt=wrt, ops=True):
        told = {
            "rfield.size": _one(row.local),
            "rfield.stride": _one(row.stride),
            "rfield.padding": _one(row.padding),
            "rfield.fidelity": row.fidelity,
        }
        if any(map(is_unbounded, row.size)):
            told["rfield.global"] = ", ".join(row.global_reads)
        found[row.layer] = told
    return found


def _one(values: tuple[object, ...]) -> str:
    shown = ["?" if value is None else str(value) for value in values]
    return shown[0] if len(set(shown)) == 1 else " x ".join(shown)
