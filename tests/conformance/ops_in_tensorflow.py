"""The ops of the list as TensorFlow functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import tensorflow as tf

import rfield
from rfield.frontends.tensorflow.rulebook import RULES

from .ops.case import Case
from .ops.own.tensorflow import GraphWriter, InGraph
from .ops.own.tensorflow import entries as OWN  # noqa: N812 - the name that every front end gives it

__all__ = ["BUILDERS", "CHANNEL", "OWN", "REFUSALS", "RULES", "read", "run"]

CHANNEL = -1
REFUSALS = (tf.errors.OpError, ValueError, TypeError)


def read(function: Any, shape: Any, axes: Any) -> rfield.Graph:
    """The graph of a traced function, or of a graph that was written down."""
    if isinstance(function, GraphWriter):
        with TemporaryDirectory() as folder:
            path = Path(folder, "written.pb")
            path.write_bytes(function.bytes())
            return rfield.load(path, axes=axes)
    spec = tf.TensorSpec(shape, tf.float32, name="x")
    return rfield.load(
        tf.function(function, autograph=False).get_concrete_function(spec), axes=axes
    )


def run(function: Any) -> Any:
    """The function, eagerly, or as a graph where its ops must be in one."""
    if isinstance(function, InGraph):
        graph = tf.function(function, autograph=False)
        return lambda x: graph(tf.constant(x, tf.float32)).numpy()
    return lambda x: function(tf.constant(x, tf.float32)).numpy()


def ones(*shape: int) -> Any:
    return tf.constant(1 + np.arange(np.prod(shape)).reshape(shape) % 7 / 8, tf.float32)


def word(case: Case) -> Any:
    """VALID, SAME or explicit padding."""
    padding = case.args.get("padding")
    if padding is None:
        return "VALID"
    return "SAME" if padding == "same" else [(0, 0), *padding, (0, 0)]


def conv(case: Case) -> Any:
    a, rank, padding = case.args, len(case.shape), word(case)
    strides, dilations = a.get("stride", 1), a.get("dilation", 1)
    if rank != 2 and "dilation" in a and "stride" in a:
        return None  # TensorFlow takes one of the two
    weight = ones(*a["kernel"], 1, 1)
    if not isinstance(padding, str) and rank != 2:
        return lambda x: tf.nn.convolution(tf.pad(x, padding), weight, strides, "VALID",
                                           dilations=dilations)  # fmt: skip
    if rank == 2:
        return lambda x: tf.nn.conv2d(x, weight, strides, padding, dilations=dilations)
    return lambda x: tf.nn.convolution(x, weight, strides, padding, dilations=dilations)


def depthwise(case: Case) -> Any:
    weight, (a, b) = ones(*case.args["kernel"], 1, 1), case.args["stride"]
    return lambda x: tf.nn.depthwise_conv2d(x, weight, [1, a, b, 1], "VALID")


def transposed(case: Case) -> Any:
    a = case.args
    if "padding" in a:
        return None
    sizes = [(n - 1) * s + k for n, s, k in zip(case.shape, a["stride"], a["kernel"], strict=True)]
    weight = ones(*a["kernel"], 1, 1)
    return lambda x: tf.nn.conv_transpose(x, weight, [1, *sizes, 1], a["stride"], "VALID")


def pool(kind: str) -> Callable[[Case], Any]:
    def build(case: Case) -> Any:
        a, padding = case.args, word(case)
        if not isinstance(padding, str) or a.get("ceil") or "dilation" in a:
            return None
        strides = a.get("stride", a["kernel"])
        return lambda x: tf.nn.pool(x, a["kernel"], kind, strides, padding)

    return build


def pad(case: Case) -> Any:
    a = case.args
    if a["mode"] not in ("constant", "reflect", "symmetric") or min(a["pads"]) < 0:
        return None
    return lambda x: tf.pad(x, [(0, 0), a["pads"]], mode=a["mode"].upper())


def resize(case: Case) -> Any:
    a = case.args
    mode = {"linear": "bilinear", "nearest-exact": "nearest", "cubic": "bicubic"}
    if a.get("coordinates") or a["mode"] == "nearest":
        return legacy(case)
    rank = len(case.shape)
    size = (*a["size"], 1)[:2]
    method = mode.get(a["mode"], a["mode"])

    def call(x: Any) -> Any:
        y = x[:, :, None] if rank == 1 else x
        y = tf.image.resize(y, size, method, antialias=a.get("antialias", False))
        return y[:, :, 0] if rank == 1 else y

    return call


def legacy(case: Case) -> Any:
    """The first image ops: asymmetric unless the corners are aligned."""
    a, rank = case.args, len(case.shape)
    op = {"nearest": tf.compat.v1.image.resize_nearest_neighbor,
          "linear": tf.compat.v1.image.resize_bilinear}[a["mode"]]  # fmt: skip
    corners = a.get("coordinates") == "align_corners"
    size = (*a["size"], 1)[:2]

    def call(x: Any) -> Any:
        y = op(x[:, :, None] if rank == 1 else x, size, align_corners=corners)
        return y[:, :, 0] if rank == 1 else y

    return call


def roll(case: Case) -> Any:
    a = case.args
    return None if a["axes"] is None else lambda x: tf.roll(x, a["shifts"], a["axes"])


def sliced(case: Case) -> Any:
    a = case.args
    return lambda x: x[:, a["start"] : a["stop"] : a["step"]]


def reducer(function: Any) -> Callable[[Case], Any]:
    return lambda case: lambda x: function(x, case.args["axes"], case.args["keepdims"])


def einsum(case: Case) -> Any:
    equation = case.args["equation"]
    return lambda x: tf.einsum(equation, *[x] * (equation.count(",") + 1))


def lower(case: Case) -> Any:
    return tf.constant(np.tril(np.ones((1, *case.shape), "float32")))


def layer_norm(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + 1e-3)


def function(of_case: Callable[..., Any]) -> Callable[[Case], Any]:
    """A builder from a function of the input and the arguments in their order."""
    return lambda case: lambda x: of_case(x, *case.args.values())


def some(x: Any) -> Any:
    """Indices of rows that are data: the first column."""
    return tf.clip_by_value(tf.cast(x[0, :, 0], tf.int32), 0, 2)


def loop(case: Case) -> Any:
    def turn(i: Any, y: Any) -> Any:
        return i + 1, tf.concat([y[:, 1:], y[:, :1]], 1)

    turns = case.args["turns"]
    return lambda x: tf.while_loop(lambda i, _y: i < turns, turn, [tf.constant(0), x])[1]


BUILDERS: dict[str, dict[str, Callable[[Case], Any]]] = {
    "loop": {"while_loop": loop},
    "conv": {"nn": conv},
    "depthwise_conv": {"nn": depthwise},
    "conv_transpose": {"nn": transposed},
    "max_pool": {"nn": pool("MAX")},
    "avg_pool": {"nn": pool("AVG")},
    "global_pool": {"mean": lambda c: lambda x: tf.reduce_mean(x, [1, 2], keepdims=True)},
    "pad": {"pad": pad},
    "resize": {"image": resize},
    "roll": {"roll": roll},
    "flip": {"reverse": function(tf.reverse)},
    "transpose": {"transpose": function(tf.transpose)},
    "reshape": {"reshape": function(tf.reshape)},
    "slice": {"getitem": sliced},
    "concat": {"concat": function(lambda x, axis: tf.concat([x, x], axis))},
    "stack": {"stack": function(lambda x, axis: tf.stack([x, 2 * x], axis))},
    "split": {"split": function(lambda x, axis, parts, part: tf.split(x, parts, axis)[part])},
    "tile": {"tile": function(tf.tile)},
    "expand_dims": {"expand_dims": function(tf.expand_dims)},
    "squeeze": {"squeeze": function(tf.squeeze)},
    "broadcast": {"broadcast_to": function(tf.broadcast_to)},
    "take": {"gather": function(lambda x, axis, indices: tf.gather(x, indices, axis=axis))},
    "take_by_data": {"gather": function(lambda x, axis: tf.gather(x, some(x), axis=axis))},
    "tril": {"band_part": lambda c: (lambda x: tf.linalg.band_part(x, -1, c.args["k"]))},
    "triu": {"band_part": lambda c: (lambda x: tf.linalg.band_part(x, -c.args["k"], -1))},
    "band": {"band_part": function(tf.linalg.band_part)},
    "times_mask": {"multiply": lambda c: lambda x: x * lower(c)},
    "where": {"where": lambda c: lambda x: tf.where(lower(c) > 0, x, 0.0)},
    "cumsum": {"cumsum": function(tf.cumsum)},
    "sum": {"reduce": reducer(tf.reduce_sum)},
    "mean": {"reduce": reducer(tf.reduce_mean)},
    "max": {"reduce": reducer(tf.reduce_max)},
    "min": {"reduce": reducer(tf.reduce_min)},
    "prod": {"reduce": reducer(tf.reduce_prod)},
    "softmax": {"softmax": function(tf.nn.softmax)},
    "layer_norm": {"moments": lambda _c: layer_norm},
    "sort": {"sort": function(tf.sort)},
    "matmul_constant": {"matmul": lambda _c: lambda x: x @ ones(1, 4, 2)},
    "constant_matmul": {"matmul": lambda _c: lambda x: ones(1, 2, 3) @ x},
    "cholesky": {"linalg": lambda _c: lambda x: tf.linalg.cholesky(x + 40 * tf.eye(4))},
    "gram": {"matmul": lambda _c: lambda x: tf.matmul(x, x, transpose_b=True)},
    "einsum": {"einsum": einsum},
    "unbind": {"unstack": lambda _c: lambda x: tf.unstack(x, axis=2)[1]},
    "repeat": {"repeat": lambda _c: lambda x: tf.repeat(x, 2, 2)},
    "diagonal": {"diag_part": lambda _c: tf.linalg.diag_part},
    "top": {"top_k": lambda _c: lambda x: tf.math.top_k(x, 2)[0]},
    "dense": {"matmul": lambda _c: lambda x: tf.tensordot(x, ones(4, 2), 1)},
    "attention": {"matmul": lambda _c: lambda x: tf.nn.softmax(x @ tf.transpose(x, [0, 2, 1])) @ x},
    "relu": {"nn": lambda _c: tf.nn.relu},
    "sigmoid": {"math": lambda _c: tf.sigmoid},
    "tanh": {"math": lambda _c: tf.tanh},
    "exp": {"math": lambda _c: tf.exp},
    "abs": {"math": lambda _c: tf.abs},
}  # fmt: skip
