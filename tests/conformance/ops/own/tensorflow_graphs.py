"""Ops of which TensorFlow knows a bound only, and those that must stand in a graph."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..case import grid
from .tensorflow_ops import ALL, BOARD, COLUMN, IMAGE, Entry, R, at, ones

BOUNDED: dict[str, Entry] = {
    "If of data": (
        lambda x: tf.cond(x[0, 0] > 1, lambda: x, lambda: tf.reverse(x, [1])), BOARD,
            {(1, 0): {(1, 0), (1, 3), (0, 0)}},
    ),
    "Case of data": (
        lambda x: tf.switch_case(tf.cast(x[0, 0], tf.int32),
            [lambda: x, lambda: tf.reverse(x, [1])]), BOARD,
        {(1, 0): {(1, 0), (1, 3), (0, 0)}},
    ),
    "While of data": (
        lambda x: tf.while_loop(lambda i, y: tf.reduce_sum(y) < 100.0, lambda i,
            y: (i + 1, y * 2 + 1), [tf.constant(0), x])[1],
        BOARD, {(1, 0): ALL},
    ),
    "ScatterNd by data": (
        lambda x: R.ScatterNd(indices=tf.cast(tf.clip_by_value(x[:, :1], 0.0, 2.0), tf.int32),
            updates=x, shape=[5, 4]),
        BOARD, {(4, 2): {*COLUMN, *grid(range(3), (0,))}},
    ),
    "MatrixDiagPartV3 of a band": (
        lambda x: R.MatrixDiagPartV3(input=x, k=[0, 1], padding_value=0.0), BOARD, {(0, 1): ALL},
    ),
    "MatrixSetDiagV3 of a band": (
        lambda x: R.MatrixSetDiagV3(input=x, diagonal=ones(2, 3), k=[0, 1]), BOARD,
            {(0, 3): at(0, 3)},
    ),
    "CropAndResize": (
        lambda x: R.CropAndResize(image=x, boxes=[[0.0, 0.0, 1.0, 1.0]], box_ind=[0],
            crop_size=[2, 2]), IMAGE,
        {(0, 1, 1, 0): grid((0,), range(5), range(6), range(2))},
    ),
    "FakeQuantWithMinMaxVars by data": (
        lambda x: R.FakeQuantWithMinMaxVars(inputs=x, min=0.0, max=tf.reduce_max(x)), BOARD,
            {(1, 2): ALL},
    ),
}  # fmt: skip


class InGraph:
    """A function that is run as a graph: some ops have no kernel outside one."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, x: Any) -> Any:
        return self.function(x)


def array(x: Any) -> tuple[Any, Any]:
    """A TensorArray of the rows of ``x``, the last one first: its handle and its flow."""
    handle, flow = R.TensorArrayV3(size=4, dtype=tf.float32, element_shape=[4])
    return handle, R.TensorArrayScatterV3(handle=handle, indices=[3, 2, 1], value=x, flow_in=flow)


def written(x: Any) -> Any:
    """Its first element replaced."""
    handle, flow = array(x)
    flow = R.TensorArrayWriteV3(handle=handle, index=0, value=x[1] * 2, flow_in=flow)
    return R.TensorArrayGatherV3(
        handle=handle, indices=[3, 0], flow_in=flow, dtype=tf.float32, element_shape=[4]
    )


def switched(x: Any, holds: Any) -> Any:
    """One of two ways."""
    one, other = R.Switch(data=x, pred=holds)
    return R.Merge(inputs=[tf.reverse(one, [1]), other * 2])[0]


def traced(function: Any, *specs: Any) -> Any:
    """A function of the library."""
    given = specs or (tf.TensorSpec(BOARD, tf.float32),)
    return tf.function(function, autograph=False).get_concrete_function(*given)


COUNT = tf.TensorSpec((), tf.int32)
TABLE = tf.Variable(ones(20, 2), trainable=False)
INDICES: dict[str, Entry] = {
    "ResourceGather": (
        lambda x: R.ResourceGather(resource=TABLE.handle,
            indices=tf.cast(tf.clip_by_value(x, 0.0, 19.0), tf.int32), dtype=tf.float32),
        BOARD, {(1, 2, 1): at(1, 2)},
    ),
    "ResourceGatherNd": (
        lambda x: R.ResourceGatherNd(resource=TABLE.handle,
            indices=tf.cast(tf.clip_by_value(x, 0.0, 1.0), tf.int32), dtype=tf.float32),
        (3, 2), {1: grid((1,), range(2))},
    ),
}  # fmt: skip

IN_GRAPHS: dict[str, Entry] = {
    "If": (
        lambda x: R.If(cond=False, input=[x], Tout=[tf.float32], then_branch=traced(lambda y: y),
            else_branch=traced(lambda y: tf.reverse(y, [1])))[0],
        BOARD, {(1, 0): at(1, 3)},
    ),
    "Case": (
        lambda x: R.Case(branch_index=7, input=[x], Tout=[tf.float32],
            branches=[traced(lambda y: y), traced(lambda y: tf.reverse(y, [1]))])[0],
        BOARD, {(1, 0): at(1, 3)},
    ),
    "While": (
        lambda x: R.While(
            input=[0, x], cond=traced(lambda i, y: i < 2, COUNT, tf.TensorSpec(BOARD, tf.float32)),
            body=traced(lambda i, y: (i + 1, tf.roll(y, 1, 1)), COUNT,
                tf.TensorSpec(BOARD, tf.float32)))[1],
        BOARD, {(1, 0): at(1, 2)},
    ),
    "StatefulPartitionedCall": (
        lambda x: R.StatefulPartitionedCall(args=[x], Tout=[tf.float32],
            f=traced(lambda y: tf.reverse(y, [1])))[0], BOARD,
        {(1, 0): at(1, 3)},
    ),
    "RemoteCall": (
        lambda x: R.RemoteCall(target="/job:localhost/replica:0/task:0/device:CPU:0", args=[x],
            Tout=[tf.float32], f=traced(lambda y: tf.reverse(y, [1])))[0],
        BOARD, {(1, 0): at(1, 3)},
    ),
    "TensorArrayGatherV3": (written, BOARD, {(1, 2): at(1, 2), (0, 2): at(0, 2)}),
    "TensorArrayReadV3": (
        lambda x: R.TensorArrayReadV3(handle=array(x)[0], index=1, flow_in=array(x)[1],
            dtype=tf.float32), BOARD,
        {2: at(2, 2)},
    ),
    "TensorArraySizeV3": (
        lambda x: x[:, R.TensorArraySizeV3(handle=array(x)[0], flow_in=array(x)[1]) - 1], BOARD,
            {1: at(1, 3)},
    ),
    "Switch and Merge by a constant": (lambda x: switched(x, False), BOARD, {(1, 0): at(1, 3)}),
    "AccumulateNV2": (
        lambda x: R.AccumulateNV2(inputs=[x, x * 2], shape=BOARD), BOARD, {(1, 2): at(1, 2)},
    ),
    "ParallelConcat": (
        lambda x: R.ParallelConcat(values=[x[:1], x[2:]], shape=[2, 4]), BOARD, {(1, 2): at(2, 2)},
    ),
}  # fmt: skip
IN_GRAPHS_BOUNDED: dict[str, Entry] = {
    "Switch and Merge by data": (
        lambda x: switched(x, x[0, 0] > 1),
        BOARD,
        {(1, 0): {(1, 3), (1, 0), (0, 0)}},
    ),
}
