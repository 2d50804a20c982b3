"""One entry per name of an ONNX op that reads each element from its own place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx import defs
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from rfield.frontends.onnx.pointwise import JOINS, POINTWISE
from tests.onnx.probe import session
from tests.onnx.small import model, node

from . import Own

REFUSALS = (
    runtime.Fail, runtime.InvalidArgument, runtime.InvalidGraph, runtime.NotImplemented,
    runtime.RuntimeException,
)  # fmt: skip
SHAPE = (2, 3)
ITSELF: dict[Any, Any] = {(1, 2): {(1, 2)}, (0, 1): {(0, 1)}}
KINDS = {1: np.float32, 9: np.bool_, 6: np.int32, 12: np.uint32}
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "BitShift": {"direction": "LEFT"}, "Cast": {"to": 7}, "BitCast": {"to": 6},
    "ai.onnx.ml::Scaler": {"offset": [0.5], "scale": [2.0]},
}  # fmt: skip


def build(name: str, kind: int) -> Any:
    """``x`` in the type that the op takes, a constant for each other operand, and floats."""
    domain, _, short = name.rpartition("::")
    try:
        least = defs.get_schema(short, domain=domain).min_input
    except defs.SchemaError:
        least = 2 if short in ("BiasAdd", "BiasGelu", "Affine", "BiasSplitGelu") else 1
    shape = SHAPE[-1:] if short == "BiasGelu" else SHAPE
    names = [f"c{k}" for k in range(1, max(least, 2 if name in JOINS.split() else 1))]
    number = 0.75 if np.issubdtype(KINDS[kind], np.floating) else 1  # zero would hide what is read
    constants = {given: np.full(shape, number).astype(KINDS[kind]) for given in names}
    if short == "Where":
        constants["c1"] = np.full(SHAPE, 0.5, np.float32)
        order = ["b", "x", "c1"]
        constants["b"] = np.ones(SHAPE, bool)
    else:
        order = ["i", *names]
    nodes = [
        node("Cast", ["x"], ["i"], to=kind), node(name, order, ["r"], **ATTRIBUTES.get(name, {})),
        node("Cast", ["r"], ["y"], to=1),
    ]  # fmt: skip
    kept = {k: v for k, v in constants.items() if k in order}
    return model(nodes, {"x": SHAPE}, ["y"], kept, opset=26,
                 domains=("com.microsoft", "ai.onnx.ml"))  # fmt: skip


def entries() -> Iterator[Own]:
    """Every name, with the first type of number with which the runtime takes it."""
    for name in (*POINTWISE.split(), *JOINS.split()):
        for kind in KINDS:
            made = build(name, kind)
            if runs(made):
                yield Own(f"{name} of type {kind}", made, SHAPE, ITSELF, blind=True)
                break
        else:
            yield Own(name, build(name, 1), SHAPE, ITSELF, unrun=True)


def runs(made: Any) -> bool:
    """Whether ONNX Runtime has the op."""
    try:
        session(made).run(None, {"x": np.full(SHAPE, 0.5, np.float32)})
    except REFUSALS:
        return False
    return True
