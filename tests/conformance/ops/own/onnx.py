"""The entries that only ONNX has; ONNX Runtime, asked position by position, says what they read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.onnx.cases import FAMILIES
from tests.onnx.probe import mismatches

from . import Compared, Own
from . import onnx_nodes as nodes
from .onnx_names import entries as pointwise


def compared(model: Any, feeds: Any, options: Any) -> list[str]:
    """The positions at which rfield and the runtime differ."""
    return [str(problem) for problem in mismatches(model, feeds, **options)]


def entries() -> Iterator[Own | Compared]:
    """The first case of every op and variant of ``tests.onnx.cases``, which runs them all."""
    yield from named()
    yield from pointwise()
    seen: set[str] = set()
    for family in FAMILIES.values():
        for title, model, feeds, options in family():
            ops = " ".join(sorted({node.op_type for node in model.graph.node}))
            if ops not in seen:
                seen.add(ops)
                yield Compared(title, partial(compared, model, feeds, options))


def named() -> Iterator[Own]:
    """The entries with literals."""
    for table, options in (
        (nodes.EXACT, {}),
        (nodes.CONTROL, {}),
        (nodes.MORE, {}),
        (nodes.MORE_BOUNDED, {"bound": True}),
        (nodes.MORE_UNRUN, {"unrun": True}),
        (nodes.MORE_UNRUN_BOUNDED, {"bound": True, "unrun": True}),
        (nodes.BOUNDED, {"bound": True}),
        (nodes.UNRUN, {"unrun": True}),
        (nodes.UNRUN_BOUNDED, {"bound": True, "unrun": True}),
    ):
        for title, (model, shape, reads) in table.items():
            yield Own(title, model, shape, reads, blind=True, **options)
