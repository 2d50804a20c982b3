"""Graphs written down: ops that only old programs, training or other machines use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rfield.frontends.tensorflow.pointwise import PASSING
from rfield.frontends.tensorflow.sources import ASIDE, RANDOM, VARIABLES
from tests.tensorflow.graphs import BOOL, RESOURCE, GraphWriter

from . import Own

BOARD = (3, 4)
ITSELF: dict[Any, Any] = {(1, 2): {(1, 2)}, (0, 1): {(0, 1)}}


def beside() -> GraphWriter:
    """What training and files need stands beside the result and changes nothing."""
    g = GraphWriter()
    x = g.placeholder("x", BOARD)
    for op in ASIDE:
        g.node(op, f"aside/{op}", x)
    g.node(
        "BroadcastGradientArgs", "axes", g.const("a", np.int32([3, 4])), g.const("b", np.int32([4]))
    )
    g.node("Neg", "y", x)
    return g


def passed(op: str) -> GraphWriter:
    """A node that hands its operand on."""
    g = GraphWriter()
    g.node("Neg", "y", g.node(op, "passed", g.placeholder("x", BOARD)))
    return g


def added(op: str, *, read: bool = False) -> GraphWriter:
    """A weight, or numbers of chance, added to the input."""
    g = GraphWriter()
    x = g.placeholder("x", BOARD)
    if op in RANDOM:
        made = g.node(op, "made", g.const("shape", np.int32([4])))
    else:
        made = g.node(op, "made", shape=(4,))
    g.node("AddV2", "y", x, g.node("ReadVariableOp", "read", made) if read else made)
    return g


def one(op: str, *constants: Any, **attributes: Any) -> GraphWriter:
    """A node of the input and constants."""
    g = GraphWriter()
    x = g.placeholder("x", BOARD)
    g.node(op, "y", x, *(g.const(f"c{k}", c) for k, c in enumerate(constants)), **attributes)
    return g


def transposed() -> GraphWriter:
    """The old transposed convolution: of its first operand only the shape is read."""
    g = GraphWriter()
    x = g.placeholder("x", (1, 3, 2, 1, 2))
    like, weight = g.weight("like", (1, 3, 4, 2, 1)), g.weight("kernel", (1, 3, 2, 1, 2))
    g.node("Conv3DBackpropInput", "y", like, weight, x, strides=[1] * 5, padding="VALID")
    return g


def flags() -> GraphWriter:
    """A variable that is fed, and whether variables have been set, beside the result."""
    g = GraphWriter()
    x = g.placeholder("x", BOARD)
    for op in ("Placeholder", "PlaceholderV2"):
        fed = g.node(op, op)
        g.nodes[-1].attr["dtype"].type = RESOURCE
        g.node("VarIsInitializedOp", f"{op}/set", fed)
    g.node("TensorArrayV3", "array", g.const("size", np.int32(3)))
    g.node("TensorArrayCloseV3", "closed", "array")
    g.node("IsVariableInitialized", "old/set", g.node("VariableV2", "old", shape=(4,)))
    g.node("Neg", "y", x)
    return g


def switched(switch: str, merge: str) -> GraphWriter:
    """One of two ways, by a constant."""
    g = GraphWriter()
    x = g.placeholder("x", BOARD)
    holds = g.node("Const", "holds")
    tensor = g.nodes[-1].attr["value"].tensor
    tensor.dtype = BOOL
    tensor.tensor_shape.SetInParent()
    tensor.bool_val.append(True)
    g.node(switch, "ways", x, holds)
    axis = g.const("axis", np.int32([1]))
    g.node(merge, "y", g.node("Neg", "no", "ways"), g.node("ReverseV2", "yes", "ways:1", axis))
    return g


def entries() -> Iterator[Own]:
    """Each with literals; none is run, as most have no kernel here."""
    yield Own("what stands beside", beside(), BOARD, ITSELF, unrun=True)
    for op in PASSING:
        if op.endswith("Enter"):  # only in the knot of a loop: tests/tensorflow/test_live.py
            continue
        yield Own(op, passed(op), BOARD, ITSELF, unrun=True)
    for op in RANDOM:
        yield Own(op, added(op), BOARD, ITSELF, unrun=True)
    for op in VARIABLES:
        yield Own(op, added(op, read=op == "VarHandleOp"), BOARD, ITSELF, unrun=True)
    yield Own("flags beside", flags(), BOARD, ITSELF, unrun=True)
    for switch, merge in (("Switch", "Merge"), ("RefSwitch", "RefMerge")):
        yield Own(merge, switched(switch, merge), BOARD, {(1, 0): {(1, 3)}}, unrun=True)
    yield Own("AsString", one("AsString"), BOARD, ITSELF, unrun=True)
    grown = {(0, 2, 1, 1, 0): {(0, 2, k, 0, c) for k in (0, 1) for c in (0, 1)}}
    yield Own("Conv3DBackpropInput", transposed(), (1, 3, 2, 1, 2), grown, unrun=True)
    row = {(1, 2): {(1, k) for k in range(4)}}
    every = {(1, 2): {(i, k) for i in range(3) for k in range(4)}}
    yield Own("LayerNorm", one("LayerNorm"), BOARD, row, unrun=True)
    yield Own("_MklLayerNorm", one("_MklLayerNorm"), BOARD, row, unrun=True)
    yield Own("TopK", one("TopK", k=2), BOARD, {(1, 1): row[1, 2]}, unrun=True)
    yield Own("LogSumExp", one("LogSumExp", np.int32([1])), BOARD, {1: row[1, 2]}, unrun=True)
    yield Own(
        "ReduceJoin",
        one("ReduceJoin", np.int32([0])),
        BOARD,
        {2: {(k, 2) for k in range(3)}},
        unrun=True,
    )
    yield Own("QuantizeAndDequantize", one("QuantizeAndDequantize"), BOARD, every, unrun=True)
    segment = {(0, 1): {(0, 1), (1, 1)}, (2, 1): {(2, 1)}, (3, 1): set()}
    for kind in ("Max", "Mean", "Min", "Prod", "Sum"):
        made = one(f"Segment{kind}V2", np.int32([0, 0, 2]), np.int32(4))
        yield Own(f"Segment{kind}V2", made, BOARD, segment, unrun=True)
    made = one("UnsortedSegmentMean", np.int32([0, 0, 2]), np.int32(4))
    yield Own("UnsortedSegmentMean", made, BOARD, segment, unrun=True)
