"""Graphs written down: ops that only old programs, training or other machines use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rfield.frontends.tensorflow.pointwise import PASSING
from rfield.frontends.tensorflow.sources import ASIDE, ASSIGNING, RANDOM, VARIABLES
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


def turned(old: str = "") -> GraphWriter:
    """A loop of three turns, each of which moves all elements by one, as its nodes wrote it."""
    g = GraphWriter()
    x = g.placeholder("x", BOARD)
    i = g.node(f"{old}Enter", "enter_i", g.const("zero", np.int32(0)), frame_name="loop")
    y = g.node(f"{old}Enter", "enter_y", x, frame_name="loop")
    i = g.node(f"{old}Merge", "merge_i", i, "next_i")
    y = g.node(f"{old}Merge", "merge_y", y, "next_y")
    holds = g.node("LoopCond", "holds", g.node("Less", "less", i, g.const("n", np.int32(3))))
    i = g.node(f"{old}Switch", "switch_i", i, holds) + ":1"
    g.node(f"{old}Switch", "switch_y", y, holds)
    i = g.node("AddV2", "plus", i, g.const("one", np.int32(1)))
    g.node(f"{old}NextIteration", "next_i", i)
    by, axis = g.const("by", np.int32([1])), g.const("axis", np.int32([1]))
    y = g.node("Roll", "roll", "switch_y:1", by, axis)
    g.node(f"{old}NextIteration", "next_y", y)
    g.node("Neg", "y", g.node(f"{old}Exit", "exit", "switch_y"))
    return g


def assigned(op: str) -> tuple[GraphWriter, dict[Any, Any]]:
    """A variable read after it was written to: all of it, or its rows 2 and 0, or 1 and 2."""
    g = GraphWriter()
    x = g.placeholder("x", BOARD)
    start, count = g.const("start", np.int32([0, 0])), g.const("count", np.int32([2, 4]))
    rows = g.node("Slice", "rows", x, start, count)
    by_handle = op.startswith("Resource") or op.endswith("VariableOp")
    v = g.node("VarHandleOp" if by_handle else "VariableV2", "v", shape=BOARD)
    reads: dict[Any, Any] = {(2, 1): {(0, 1)}, (0, 1): {(1, 1)}, (1, 1): set()}
    if op.startswith("TensorScatter"):  # no variable: what is not written to is read, too
        reads[1, 1] = {(1, 1)}
        if not op.endswith("Update"):
            reads[2, 1], reads[0, 1] = {(0, 1), (2, 1)}, {(1, 1), (0, 1)}
    if op.startswith("Assign"):
        operands, reads = [x], ITSELF
    elif op.startswith("TensorStrided"):
        operands = [g.const("begin", np.int32([1, 0])), g.const("end", np.int32([3, 4])),
                    g.const("step", np.int32([1, 1])), rows]  # fmt: skip
        reads = {(2, 1): {(1, 1)}, (1, 1): {(0, 1)}, (0, 1): {(0, 1)}}
    elif "StridedSlice" in op:
        operands = [g.const("begin", np.int32([1, 0])), g.const("end", np.int32([3, 4])),
                    g.const("step", np.int32([1, 1])), rows]  # fmt: skip
        reads = {(2, 1): {(1, 1)}, (1, 1): {(0, 1)}, (0, 1): set()}
    else:
        places = [[2], [0]] if "Nd" in op or op.startswith("Tensor") else [2, 0]
        operands = [g.const("places", np.int32(places)), rows]
    if op.startswith("Tensor"):
        g.node("Neg", "y", g.node(op, "made", x, *operands))
        return g, reads
    g.node(op, "write", v, *operands)
    g.node("Neg", "y", g.node("ReadVariableOp" if by_handle else "Identity", "read", v, "^write"))
    return g, reads


def sized() -> GraphWriter:
    """The size of a variable that was written to."""
    g = GraphWriter()
    x = g.placeholder("x", BOARD)
    v = g.node("VarHandleOp", "v", shape=BOARD)
    g.node("AssignVariableOp", "write", v, x)
    g.node("Reshape", "y", x, g.node("VariableShape", "size", v, "^write"))
    return g


def entries() -> Iterator[Own]:
    """Each with literals; none is run, as most have no kernel here."""
    yield Own("what stands beside", beside(), BOARD, ITSELF, unrun=True)
    for op in PASSING:
        if op.endswith("Enter"):
            moved = {(1, 2): {(1, 3)}, (0, 1): {(0, 2)}}
            yield Own(op, turned(op.removesuffix("Enter")), BOARD, moved, unrun=True)
            continue
        yield Own(op, passed(op), BOARD, ITSELF, unrun=True)
    for op in RANDOM:
        yield Own(op, added(op), BOARD, ITSELF, unrun=True)
    for op in VARIABLES:
        yield Own(op, added(op, read=op == "VarHandleOp"), BOARD, ITSELF, unrun=True)
    scattered = [f"TensorScatter{what}" for what in ("Add", "Max", "Min", "Sub", "Update")]
    for op in (*sorted(ASSIGNING), *scattered, "TensorStridedSliceUpdate"):
        graph, reads = assigned(op)
        yield Own(op, graph, BOARD, reads, unrun=True)
    yield Own("VariableShape", sized(), BOARD, ITSELF, unrun=True)
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
