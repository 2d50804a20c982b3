"""Where a NaN goes in ONNX Runtime: which ops hand it on, and how it passes those that do not.

``verify`` marks an input position with NaN and looks where it arrives. Most ops hand it on, but a
maximum drops it, since comparing with NaN is always false. So a second maximum is put beside each,
over a map of where the NaNs are, and the runtime's own windows carry the mark::

    y = Where(MaxPool(Where(IsNaN(x), inf, 0)) > 0, NaN, MaxPool(x))

Nothing is assumed of an op that is neither in ``CARRIES`` nor helped like this.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from onnx import NodeProto, helper

from .model import op_key

_OPS = """
Abs Add AveragePool BatchNormalization Cast Ceil Celu Clip Concat Conv ConvTranspose Cos CumSum
DepthToSpace Div Dropout Einsum Elu Erf Exp Expand Flatten Floor GRU Gather Gelu Gemm
GlobalAveragePool HardSigmoid HardSwish Identity InstanceNormalization LRN LSTM LayerNormalization
LeakyRelu Log LpNormalization LpPool MatMul Max Mean Min Mish Mul Neg PRelu Pad Pow
Reciprocal ReduceL1 ReduceL2 ReduceLogSumExp ReduceMean ReduceProd ReduceSum ReduceSumSquare Relu
Reshape Resize Round Selu Sigmoid Sign Sin Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt
Squeeze Sub Sum Tan Tanh Tile Transpose Unsqueeze Upsample
"""
CARRIES = frozenset(_OPS.split())
"""Ops that hand on a NaN of any operand to every output that reads it; each is tried in a test."""

MAXIMA = {"MaxPool": inf, "GlobalMaxPool": inf, "ReduceMax": inf, "ReduceMin": -inf}
"""Ops that drop a NaN, and the number that they never drop."""

_STOPS = frozenset({"Shape", "Size"})
"""Ops that read no contents."""
_FLOATS = frozenset({1, 10, 11})


def help_maxima(graph: Any) -> None:
    """Put the second maximum beside each in a graph. No number changes where there is no NaN."""
    nodes: list[NodeProto] = []
    for number, node in enumerate(graph.node):
        nodes.append(node)
        if _is_maximum(node):
            nodes += _beside(node, f"rfield/{number}/")
    if len(nodes) > len(graph.node):
        constants = {"rfield/zero": 0.0, "rfield/inf": inf, "rfield/-inf": -inf}
        graph.initializer.extend(
            helper.make_tensor(name, 1, (), [number]) for name, number in constants.items()
        )
    kept = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)


def carrying(graph: Any, sources: Iterable[str], *, helped: bool) -> frozenset[str]:
    """The tensors at which a NaN in ``sources`` arrives wherever they read it."""
    reached, stopped = set(sources), set[str]()
    for node in graph.node:
        operands = reached.intersection(node.input)
        body = any(attribute.HasField("g") for attribute in node.attribute)
        if node.op_type in _STOPS or not (operands or body):
            continue
        reached.update(node.output)
        if operands & stopped or not (_hands_on(node) or (helped and _is_maximum(node))):
            stopped.update(node.output)
    return frozenset(reached - stopped)


def _hands_on(node: NodeProto) -> bool:
    key = op_key(node.domain, node.op_type)
    if key == "Cast":
        return any(
            attribute.name == "to" and attribute.i in _FLOATS for attribute in node.attribute
        )
    return key in CARRIES


def _is_maximum(node: NodeProto) -> bool:
    return op_key(node.domain, node.op_type) in MAXIMA and len(node.output) == 1


def _beside(node: NodeProto, prefix: str) -> list[NodeProto]:
    """The nodes that carry a NaN past ``node``, whose output they take over."""
    output, clean = node.output[0], f"{prefix}clean"
    node.output[0] = clean
    most = MAXIMA[node.op_type]
    second = NodeProto.FromString(node.SerializeToString())
    second.input[0], second.output[0], second.name = f"{prefix}map", f"{prefix}most", ""
    above = "Greater" if most > 0 else "Less"
    make = helper.make_node
    return [
        make("IsNaN", [node.input[0]], [f"{prefix}where"]),
        make("Where", [f"{prefix}where", f"rfield/{most}", "rfield/zero"], [f"{prefix}map"]),
        second,
        make(above, [f"{prefix}most", "rfield/zero"], [f"{prefix}hit"]),
        # NaN of the tensor's own type, whatever it holds: 0 / 0.
        make("Sub", [clean, clean], [f"{prefix}nothing"]),
        make("Div", [f"{prefix}nothing", f"{prefix}nothing"], [f"{prefix}nan"]),
        make("Where", [f"{prefix}hit", f"{prefix}nan", clean], [output]),
    ]
