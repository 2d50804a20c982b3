"""Numbers for a copy of a model that is going to run: weights that hide nothing.

Weights that are missing (stripped, or in a file that is not there) or the same number throughout
(as in files made for tests) are drawn at random: He's initialisation, so that a deep network
neither explodes nor dies. All others stay. ``doubled`` turns the whole copy to float64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, numpy_helper
from onnx.external_data_helper import load_external_data_for_tensor, uses_external_data
from onnx.helper import tensor_dtype_to_np_dtype

_OPS = """
Clip DequantizeLinear NonMaxSuppression OneHot Pad QuantizeLinear Range Resize RoiAlign Upsample
"""
KEPT = frozenset(_OPS.split())
"""Ops whose constants are settings, not weights."""
_FLOATS = {1: np.float32, 10: np.float16, 11: np.float64}


def fill(model: ModelProto, folder: Path | None, seed: int = 0) -> None:
    """Give numbers to constants that have none, or the same one throughout."""
    draw = np.random.default_rng(seed)
    graph = model.graph
    settings = {name for node in graph.node if node.op_type in KEPT for name in node.input[1:]}
    for tensor in graph.initializer:
        _fill_tensor(tensor, folder, draw, fixed=tensor.name in settings)
    shapes = {tensor.name: tensor for tensor in graph.initializer if tensor.data_type == 7}
    kept: list[Any] = []
    for node in graph.node:
        value = next((a.t for a in node.attribute if a.name == "value" and a.HasField("t")), None)
        name = node.output[0] if node.output else ""
        if node.op_type == "Constant" and value is not None:
            _fill_tensor(value, folder, draw, fixed=name in settings)
            if value.data_type == 7:
                shapes[name] = value
        elif node.op_type == "ConstantOfShape" and name not in settings:
            shape = shapes.get(node.input[0])
            kind = 1 if value is None else value.data_type
            sizes = [] if shape is None else numpy_helper.to_array(shape).tolist()
            if prod(sizes) > 1 and kind in _FLOATS:
                graph.initializer.append(numpy_helper.from_array(_drawn(sizes, kind, draw), name))
                continue
        kept.append(node)
    if len(kept) < len(graph.node):
        copies = [type(node).FromString(node.SerializeToString()) for node in kept]
        del graph.node[:]
        graph.node.extend(copies)


def doubled(model: ModelProto) -> ModelProto:
    """A copy in which every float32 is a float64."""
    made = ModelProto.FromString(model.SerializeToString())
    for graph in _graphs(made.graph):
        for tensor in graph.initializer:
            _double(tensor)
        for info in (*graph.input, *graph.output):
            if info.type.tensor_type.elem_type == 1:
                info.type.tensor_type.elem_type = 11
        del graph.value_info[:]
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    _double(attribute.t)
                elif (node.op_type, attribute.name, attribute.i) == ("Cast", "to", 1):
                    attribute.i = 11
    return made


def _graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g)


def _double(tensor: TensorProto) -> None:
    if tensor.data_type == 1:
        array = numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def _fill_tensor(
    tensor: TensorProto, folder: Path | None, draw: np.random.Generator, *, fixed: bool
) -> None:
    array = _contents(tensor, folder)
    if array is not None and (fixed or tensor.data_type not in _FLOATS or array.size < 2):
        return
    if array is None or (array == array.flat[0]).all():
        array = _drawn(tensor.dims, tensor.data_type, draw)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def _contents(tensor: TensorProto, folder: Path | None) -> NDArray[Any] | None:
    """The numbers of a tensor; None where the file does not have them."""
    if uses_external_data(tensor):
        if folder is None:
            return None
        try:
            load_external_data_for_tensor(tensor, str(folder))
        except (OSError, ValueError, RuntimeError):
            return None
        tensor.data_location = TensorProto.DEFAULT
        del tensor.external_data[:]
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError):
        return None


def _drawn(shape: Sequence[int], kind: int, draw: np.random.Generator) -> NDArray[Any]:
    """Vectors (scales, biases, variances) near 1, kernels and matrices by He."""
    shape = tuple(shape)
    dtype = _FLOATS.get(kind)
    if dtype is None:
        return draw.integers(1, 5, shape).astype(tensor_dtype_to_np_dtype(kind))
    if len(shape) < 2:
        return draw.uniform(0.5, 1.5, shape).astype(dtype)
    return (draw.standard_normal(shape) * np.sqrt(2 / max(1, prod(shape[1:])))).astype(dtype)
