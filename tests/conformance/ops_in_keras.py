"""The ops of the list in Keras: layers, and functions of ``keras.ops`` in a functional model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers as L  # noqa: N812 - as everybody writes it
from keras import ops

import rfield
from rfield.frontends.keras.rulebook import RULES

from .ops.case import Case
from .ops.own.keras import entries as OWN  # noqa: N812 - the name that every front end gives it

__all__ = ["BUILDERS", "CHANNEL", "OWN", "REFUSALS", "RULES", "read", "run"]

CHANNEL = -1
REFUSALS = (ValueError, TypeError, NotImplementedError)
POSITIVE = keras.initializers.RandomUniform(0.5, 1.5, seed=1)


def read(function: Any, shape: Any, axes: Any) -> rfield.Graph:
    """The graph of a functional model."""
    x = keras.Input(batch_shape=shape)
    return rfield.load(keras.Model(x, function(x)), shape, axes=axes)


def run(function: Any) -> Any:
    """The function or layer, eagerly."""
    if getattr(function, "unrunnable", False):
        return None
    return lambda x: ops.convert_to_numpy(function(ops.convert_to_tensor(x, "float32")))


def word(case: Case) -> str | None:
    """Keras pads by a word only."""
    padding = case.args.get("padding", "valid")
    return padding if isinstance(padding, str) else None


def conv(case: Case) -> Any:
    a, padding = case.args, word(case)
    if padding is None or ("stride" in a and "dilation" in a):
        return None
    return getattr(L, f"Conv{len(case.shape)}D")(
        1, a["kernel"], a.get("stride", 1), padding, dilation_rate=a.get("dilation", 1),
        kernel_initializer=POSITIVE,
    )  # fmt: skip


def conv_function(case: Case) -> Any:
    a, padding = case.args, word(case)
    if padding is None or ("stride" in a and "dilation" in a):
        return None
    weight = np.ones((*a["kernel"], 1, 1), "float32")
    return lambda x: ops.conv(x, weight, a.get("stride", 1), padding,
                              dilation_rate=a.get("dilation", 1))  # fmt: skip


def depthwise(case: Case) -> Any:
    a = case.args
    return L.DepthwiseConv2D(a["kernel"], a["stride"], depthwise_initializer=POSITIVE)


def transposed(case: Case) -> Any:
    a = case.args
    if word(case) is None:
        return None
    return getattr(L, f"Conv{len(case.shape)}DTranspose")(
        1, a["kernel"], a["stride"], kernel_initializer=POSITIVE
    )


def pool(kind: str, *, function: bool = False) -> Callable[[Case], Any]:
    def build(case: Case) -> Any:
        a, padding = case.args, word(case)
        if padding is None or a.get("ceil") or "dilation" in a:
            return None
        if function:
            call = getattr(ops, f"{kind.lower()}_pool")
            return lambda x: call(x, a["kernel"], a.get("stride"), padding)
        name = f"{kind}Pooling{len(case.shape)}D"
        return getattr(L, name)(a["kernel"], a.get("stride"), padding)

    return build


def pad(case: Case) -> Any:
    a = case.args
    if min(a["pads"]) < 0:
        return None

    def call(x: Any) -> Any:
        return ops.pad(x, ((0, 0), a["pads"]), mode=a["mode"])

    call.unrunnable = a["mode"] in ("edge", "wrap")  # Keras has them, its TensorFlow backend not
    return call


def resize(case: Case) -> Any:
    a, rank = case.args, len(case.shape)
    modes = {"linear": "bilinear", "nearest-exact": "nearest", "cubic": "bicubic"}
    if a.get("coordinates") or a["mode"] == "nearest":
        return None
    size = (*a["size"], 1)[:2]
    options = {"interpolation": modes[a["mode"]], "antialias": a.get("antialias", False)}

    def call(x: Any) -> Any:
        y = ops.image.resize(x[:, :, None] if rank == 1 else x, size,
                             data_format="channels_last", **options)  # fmt: skip
        return y[:, :, 0] if rank == 1 else y

    return call


def roll(case: Case) -> Any:
    a = case.args
    shifts = a["shifts"] if a["axes"] is not None else a["shifts"][0]
    return lambda x: ops.roll(x, shifts, a["axes"])


def cumsum(case: Case) -> Any:
    a = case.args
    if a["exclusive"] or a["reverse"]:
        return None
    return lambda x: ops.cumsum(x, a["axis"])


def sliced(case: Case) -> Any:
    a = case.args
    return lambda x: x[:, a["start"] : a["stop"] : a["step"]]


def reducer(call: Any) -> Callable[[Case], Any]:
    return lambda case: lambda x: call(x, case.args["axes"], keepdims=case.args["keepdims"])


def einsum(case: Case) -> Any:
    equation = case.args["equation"]
    return lambda x: ops.einsum(equation, *[x] * (equation.count(",") + 1))


def lower(case: Case) -> Any:
    return np.tril(np.ones((1, *case.shape), "float32"))


def function(of_case: Callable[..., Any]) -> Callable[[Case], Any]:
    """A builder from a function of the input and the arguments in their order."""
    return lambda case: lambda x: of_case(x, *case.args.values())


def attention(causal: bool) -> Callable[[Case], Any]:
    layer = L.Attention()
    return lambda _case: lambda x: layer([x, x], use_causal_mask=causal)


def indices(x: Any) -> Any:
    return ops.clip(ops.cast(x, "int32"), 0, 2)


BUILDERS: dict[str, dict[str, Callable[[Case], Any]]] = {
    "conv": {"layer": conv, "ops": conv_function},
    "depthwise_conv": {"layer": depthwise},
    "conv_transpose": {"layer": transposed},
    "max_pool": {"layer": pool("Max"), "ops": pool("Max", function=True)},
    "avg_pool": {"layer": pool("Average"), "ops": pool("Average", function=True)},
    "global_pool": {"layer": lambda _c: L.GlobalAveragePooling2D(keepdims=True),
                    "max": lambda _c: L.GlobalMaxPooling2D(keepdims=True)},
    "pad": {"ops": pad},
    "resize": {"ops": resize},
    "roll": {"ops": roll},
    "flip": {"ops": function(ops.flip)},
    "transpose": {"ops": function(ops.transpose),
                  "layer": lambda c: L.Permute(c.args["order"][1:])},
    "reshape": {"ops": function(ops.reshape),
                "layer": lambda c: L.Reshape(c.args["shape"][1:])},
    "slice": {"getitem": sliced},
    "concat": {"ops": function(lambda x, axis: ops.concatenate([x, x], axis)),
               "layer": lambda c: lambda x: L.Concatenate(axis=c.args["axis"])([x, x])},
    "stack": {"ops": function(lambda x, axis: ops.stack([x, x], axis))},
    "split": {"ops": function(lambda x, axis, parts, part: ops.split(x, parts, axis)[part])},
    "tile": {"ops": function(ops.tile)},
    "expand_dims": {"ops": function(ops.expand_dims)},
    "squeeze": {"ops": function(ops.squeeze)},
    "broadcast": {"ops": function(ops.broadcast_to)},
    "take": {"ops": function(lambda x, axis, indices: ops.take(x, np.array(indices), axis))},
    "take_along_by_data": {
        "ops": function(lambda x, axis: ops.take_along_axis(x, indices(x), axis))
    },
    "take_by_data": {"ops": function(lambda x, axis: ops.take(x, indices(x[0, :, 0]), axis))},
    "tril": {"ops": function(ops.tril)},
    "triu": {"ops": function(ops.triu)},
    "band": {"ops": function(lambda x, lower, upper: ops.triu(ops.tril(x, upper), -lower))},
    "times_mask": {"ops": lambda c: lambda x: ops.multiply(x, lower(c))},
    "where": {"ops": lambda c: lambda x: ops.where(lower(c) > 0, x, 0.0)},
    "cumsum": {"ops": cumsum},
    "sum": {"ops": reducer(ops.sum)},
    "mean": {"ops": reducer(ops.mean)},
    "max": {"ops": reducer(ops.max)},
    "min": {"ops": reducer(ops.min)},
    "prod": {"ops": reducer(ops.prod)},
    "softmax": {"ops": function(ops.softmax),
                "layer": lambda c: L.Softmax(c.args["axis"])},
    "layer_norm": {"layer": lambda _c: L.LayerNormalization()},
    "sort": {"ops": function(ops.sort)},
    "matmul_constant": {"ops": lambda _c: lambda x: ops.matmul(x, ops.ones((4, 2)))},
    "constant_matmul": {"ops": lambda _c: lambda x: ops.matmul(ops.ones((2, 3)), x)},
    "cholesky": {"ops": lambda _c: lambda x: ops.cholesky(x + 40 * ops.eye(4))},
    "gram": {"ops": lambda _c: lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1)))},
    "einsum": {"ops": einsum},
    "attention": {"layer": attention(False)},
    "causal_attention": {"layer": attention(True)},
    "diagonal": {"ops": lambda _c: lambda x: ops.diagonal(x, 0, 1, 2)},
    "rot90": {"ops": lambda c: lambda x: ops.rot90(x, c.args["k"], (1, 2))},
    "movedim": {"ops": lambda _c: lambda x: ops.moveaxis(x, 1, 2)},
    "unbind": {"ops": lambda _c: lambda x: ops.unstack(x, 4, 2)[1]},
    "repeat": {"ops": lambda _c: lambda x: ops.repeat(x, 2, 2)},
    "diff": {"ops": lambda _c: lambda x: ops.diff(x, axis=2)},
    "top": {"ops": lambda _c: lambda x: ops.top_k(x, 2)[0]},
    "batch_norm": {"layer": lambda _c: L.BatchNormalization()},
    "dense": {"layer": lambda _c: L.Dense(2, kernel_initializer=POSITIVE)},
    **{name: {"ops": lambda c: getattr(ops, c.op)}
       for name in ("relu", "sigmoid", "tanh", "exp", "abs")},
}  # fmt: skip
