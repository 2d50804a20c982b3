"""Small ONNX models: one op, or a few, with weights that hide nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 22


def tensor(name: str, array: Any) -> onnx.TensorProto:
    """An initialiser."""
    return numpy_helper.from_array(np.asarray(array), name)


def value(name: str, shape: Sequence[int | str | None] | None, kind: int = 1) -> Any:
    """A declared input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str | None]],
    outputs: Sequence[str],
    constants: Mapping[str, Any] | None = None,
    *,
    opset: int = OPSET,
    kinds: Mapping[str, int] | None = None,
    functions: Sequence[Any] = (),
    domains: Sequence[str] = ("com.microsoft",),
    declared: Sequence[Any] = (),
) -> onnx.ModelProto:
    """A model from nodes; constants become initialisers."""
    kinds = kinds or {}
    graph = helper.make_graph(
        list(nodes),
        "small",
        [value(n, s, kinds.get(n, 1)) for n, s in inputs.items()],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [tensor(n, a) for n, a in (constants or {}).items()],
        value_info=list(declared),
    )
    imports = [helper.make_opsetid("", opset)]
    imports += [helper.make_opsetid(domain, 1) for domain in domains]
    made = helper.make_model(graph, opset_imports=imports, functions=list(functions))
    made.ir_version = 10
    return made


def node(op: str, inputs: Sequence[str], outputs: Sequence[str] = ("y",), **attributes: Any) -> Any:
    """One node; ``domain::Op`` names another domain."""
    domain, _, name = op.rpartition("::")
    return helper.make_node(name, list(inputs), list(outputs), domain=domain, **attributes)


def one(
    op: str,
    shape: Sequence[int | str | None],
    *rest: Any,
    opset: int = OPSET,
    kind: int = 1,
    outputs: Sequence[str] = ("y",),
    **attributes: Any,
) -> onnx.ModelProto:
    """One op on the input ``x``; ``rest`` are its other inputs as arrays (None: left out)."""
    names = ["x"]
    constants: dict[str, Any] = {}
    for place, array in enumerate(rest, 1):
        names.append("" if array is None else f"c{place}")
        if array is not None:
            constants[f"c{place}"] = np.asarray(array)
    return model(
        [node(op, names, outputs, **attributes)], {"x": shape}, [o for o in outputs if o],
        constants, opset=opset, kinds={"x": kind},
    )  # fmt: skip


def weights(*shape: int, kind: str = "float32") -> Any:
    """Positive weights, all different: no two terms cancel."""
    count = int(np.prod(shape))
    return (1 + np.arange(count) % 7 / 8).reshape(shape).astype(kind)
