"""What a variable holds after it was written to: a value like any other (see ``variables``)."""

from __future__ import annotations

from typing import Any

from ...core import arrays
from ..machine.meanings import combined
from ..machine.values import Constant
from .folding import index_of
from .rulebook import Call, rule


@rule("Assign", "AssignVariableOp")
def assign(call: Call) -> Any:
    """What is assigned.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/AssignVariableOp
    """
    return call[1]


@rule("AssignAdd", "AssignAddVariableOp", "AssignSub", "AssignSubVariableOp")
def add(call: Call) -> Any:
    """The sum, or the difference.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/AssignAddVariableOp
    """
    before = call[0]
    weight = isinstance(before, Constant) and not before.has_shape
    return call[1] if weight else arrays.add(before, call[1])


@rule(
    "TensorScatterAdd", "TensorScatterMax", "TensorScatterMin", "TensorScatterSub",
    "TensorScatterUpdate", "ScatterNdAdd", "ScatterNdMax", "ScatterNdMin", "ScatterNdSub",
    "ScatterNdUpdate", "ResourceScatterNdAdd", "ResourceScatterNdMax", "ResourceScatterNdMin",
    "ResourceScatterNdSub", "ResourceScatterNdUpdate",
)  # fmt: skip
def scatter_nd(call: Call) -> Any:
    """Elements or slices put, or added up, in places given by tuples of indices.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorScatterUpdate
    """
    return arrays.scatter_nd(call[0], call.either(1), call[2], accumulate=combined(call.op))


@rule(
    "ScatterAdd", "ScatterDiv", "ScatterMax", "ScatterMin", "ScatterMul", "ScatterSub",
    "ScatterUpdate", "ResourceScatterAdd", "ResourceScatterDiv", "ResourceScatterMax",
    "ResourceScatterMin", "ResourceScatterMul", "ResourceScatterSub", "ResourceScatterUpdate",
)  # fmt: skip
def scatter(call: Call) -> Any:
    """Rows put, or added up, in places along the first axis.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ResourceScatterUpdate
    """
    return arrays.put(call[0], (call.either(1),), call[2], accumulate=combined(call.op))


@rule("TensorStridedSliceUpdate", "StridedSliceAssign", "ResourceStridedSliceAssign")
def put(call: Call) -> Any:
    """``x[index] = value``, with NumPy's indexing written with masks.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorStridedSliceUpdate
    """
    index = index_of(call.attributes, call.integers(1), call.integers(2), call.integers(3))
    return arrays.put(call[0], tuple(index), call[4])
