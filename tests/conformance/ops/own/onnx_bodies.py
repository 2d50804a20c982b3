"""ONNX nodes with graphs inside, and those of which a bound alone is known."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper

from tests.onnx.samples import integers
from tests.onnx.small import node, one, value, weights

from ..case import grid
from .onnx_nodes import (
    ALL,
    BOARD,
    F32,
    MS,
    Entry,
    at,
    chain,
    real,
)

BODY = helper.make_graph(
    [node("Add", ["s", "e"], ["t"]), node("Mul", ["t", "t"], ["o"])], "body",
    [value("s", (4,)), value("e", (4,))], [value("t", (4,)), value("o", (4,))],
)  # fmt: skip


def branch(name: str, *nodes: Any) -> Any:
    """A branch of no inputs."""
    return helper.make_graph(list(nodes), name, [], [value(name, None)])


def looped(turns: int) -> Any:
    """A sum that grows by ``x`` and moves by one column, as often as said."""
    return helper.make_graph(
        [node("Slice", ["a", "b", "e", "f"], ["p"]), node("Slice", ["a", "g", "h", "f"], ["r"]),
         node("Concat", ["p", "r"], ["n"], axis=1), node("Identity", ["c"], ["d"]),
         node("ReduceSum", ["n", "f"], ["o"], keepdims=0)],
        "body", [value("i", (), 7), value("c", (), 9), value("a", BOARD)],
        [value("d", (), 9), value("n", None), value("o", None)],
        [helper.make_tensor(k, 7, [1], [v]) for k,
            v in (("b", 1), ("e", 4), ("f", 1), ("g", 0), ("h", 1))],
    )  # fmt: skip


CONTROL: dict[str, Entry] = {
    "If of a constant": (
        chain(BOARD, node("If", ["c"], ["y"],
            then_branch=branch("p", node("Transpose", ["x"], ["p"])),
                          else_branch=branch("n", node("Neg", ["x"], ["n"]))), c=np.array(True)),
        BOARD, {(2, 1): at(1, 2)},
    ),
    "Loop of three turns": (
        chain(BOARD, node("Loop", ["m", "", "x"], ["y", "z"], body=looped(3)), m=np.array(3)),
            BOARD,
        {(1, 0): at(1, 3), (1, 2): at(1, 1)},
    ),
    "Scan": (
        chain(BOARD, node("Scan", ["k", "x"], ["l", "y"], body=BODY, num_scan_inputs=1),
            k=weights(4)),
        BOARD, {(1, 2): grid(range(2), (2,))},
    ),
    "Scan backwards": (
        chain(BOARD, node("Scan", ["k", "x"], ["l", "y"], body=BODY, num_scan_inputs=1,
                          scan_input_directions=[1], scan_output_directions=[1]), k=weights(4)),
        BOARD, {(1, 2): grid((1, 2), (2,))},
    ),
    "SequenceMap": (
        chain(BOARD, node("SplitToSequence", ["x", "k"], ["q"], axis=0),
              node("SequenceMap", ["q"], ["r"], body=helper.make_graph(
                  [node("Neg", ["e"], ["o"])], "body", [value("e", None)], [value("o", None)])),
              node("ConcatFromSequence", ["r"], axis=1), k=integers(1, 1, 1)),
        BOARD, {(0, 6): at(1, 2)},
    ),
}  # fmt: skip

BOUNDED: dict[str, Entry] = {
    "GridSample of a known grid": (
        one("GridSample", (1, 1, 3, 4), np.array([[[[-1, -1], [1, 0]]]], F32), align_corners=1,
            mode="nearest"),
        (1, 1, 3, 4), {(0, 0, 0, 1): grid((0,), (0,), range(3), range(4))},
    ),
    "If of data": (
        chain(BOARD, node("ReduceMax", ["x"], ["m"], keepdims=0),
            node("Greater", ["m", "t"], ["c"]),
              node("If", ["c"], ["y"], then_branch=branch("p", node("Abs", ["x"], ["p"])),
                   else_branch=branch("n", node("Neg", ["x"], ["n"]))), t=F32(3)),
        BOARD, {(1, 2): ALL},
    ),
    "GroupQueryAttention of a window": (
        chain((1, 4, 16), node(MS + "GroupQueryAttention", ["x", "k", "v", "", "", "l", "n"],
            ["y", "a", "b"],
                               num_heads=2, kv_num_heads=1, local_window_size=2),
              k=weights(1, 4, 8), v=weights(1, 4, 8), l=np.array([3], np.int32),
                  n=np.array([4], np.int32)),
        (1, 4, 16), {(0, 1, 2): grid((0,), (1,), range(8))},
    ),
    "Unique": (one("Unique", (5,)), (5,), {(0,): grid(range(5))}),
    "Unique of rows": (one("Unique", BOARD, axis=0), BOARD, {(0, 1): ALL}),
    "NonMaxSuppression": (
        chain((1, 3, 4), node("NonMaxSuppression", ["x", "k", "n"], ["r"]), real(),
              k=weights(1, 1, 3), n=np.array([2])),
        (1, 3, 4), {(0, 2): grid((0,), range(3), range(4))},
    ),
    MS + "CropAndResize": (
        one(MS + "CropAndResize", (1, 1, 3, 4), np.array([[0, 0, 1, 1]], F32),
            np.array([0], np.int32), integers(2, 2).astype(np.int32)),
        (1, 1, 3, 4), {(0, 0, 1, 1): grid((0,), (0,), range(3), range(4))},
    ),
    "MaxUnpool": (
        chain((1, 1, 2, 3), node("MaxUnpool", ["x", "i"], ["y"], kernel_shape=[2, 2],
            strides=[2, 2]),
              i=np.array([[[[0, 2, 4], [12, 14, 16]]]])),
        (1, 1, 2, 3), {(0, 0, 2, 2): grid((0,), (0,), range(2), range(3))},
    ),
    "GridSample of data": (
        chain((1, 3, 4, 2), node("Transpose", ["x"], ["i"], perm=[0, 3, 1, 2]),
            node("GridSample", ["i", "x"])),
        (1, 3, 4, 2), {(0, 0, 1, 2): {*grid((0,), range(3), range(4), (0,)), (0, 1, 2, 1)}},
    ),
    "NegativeLogLikelihoodLoss": (
        one("NegativeLogLikelihoodLoss", (2, 3, 4), np.ones((2, 4), np.int64), reduction="none"),
            (2, 3, 4),
        {(1, 2): grid((1,), range(3), (2,))},
    ),
    "NegativeLogLikelihoodLoss, their sum": (
        one("NegativeLogLikelihoodLoss", (2, 3), np.array([1, 2]), reduction="sum"), (2, 3),
            {(): grid(range(2), range(3))},
    ),
    "SoftmaxCrossEntropyLoss, their mean": (
        one("SoftmaxCrossEntropyLoss", (2, 3), np.array([1, 2])), (2, 3),
            {(): grid(range(2), range(3))},
    ),
}  # fmt: skip
