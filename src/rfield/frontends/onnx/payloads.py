"""Where the tensors of an ONNX file are, by field numbers, and which contents nobody looks into.

Source: ``onnx.proto`` (messages ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..stripping import LARGE, Bytes, first_field

LARGE_INTEGERS = 1 << 19
"""Payloads of integers of fewer bytes stay: shapes and positions may hang on them."""
_INTEGERS = frozenset({6, 7, 9, 12, 13})
_DATA_TYPE = 2

_TENSOR: Mapping[int, object] = {4: None, 5: None, 6: None, 7: None, 9: None, 10: None, 11: None}
_SPARSE: Mapping[int, object] = {1: _TENSOR, 2: _TENSOR}
_GRAPH: dict[int, object] = {}
_ATTRIBUTE: Mapping[int, object] = {
    5: _TENSOR, 6: _GRAPH, 10: _TENSOR, 11: _GRAPH, 22: _SPARSE, 23: _SPARSE,
}  # fmt: skip
_NODE: Mapping[int, object] = {5: _ATTRIBUTE}
_GRAPH.update({1: _NODE, 5: _TENSOR, 15: _SPARSE})
_FUNCTION: Mapping[int, object] = {7: _NODE, 11: _ATTRIBUTE}
_TRAINING: Mapping[int, object] = {1: None, 2: None}
MODEL: Mapping[int, object] = {7: _GRAPH, 25: _FUNCTION, 20: _TRAINING}
"""Message fields to look into, by number; None: a payload."""


def may_go(tensor: Bytes, size: int) -> bool:
    """Whether a payload of ``size`` bytes may be left out of the serialised tensor."""
    integers = first_field(tensor, _DATA_TYPE) in _INTEGERS
    return size >= (LARGE_INTEGERS if integers else LARGE)
