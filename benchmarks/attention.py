"""Attention beside convolutions in every front end: ``python -m benchmarks.attention``.

The same three networks are written once and built in each framework: a transformer of 100 layers,
one of shifted windows (as Swin's) of 24 layers, and a residual chain of convolutions with as many
nodes as the graph of the other. CPU time of ``load`` and every layer's field, per node, median of
turns; wanted is at most 3 times the convolutions'. ``summary`` is beside the fields with all their
numbers: wanted is at most 2. Below, a recurrent layer of 3,000 steps beside one of 100: one op over
time costs the same. Frameworks that are not installed are left out.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np

import rfield

WIDTH, HEADS, SIDE, WINDOW = 32, 4, 32, 8
TOKENS = (1, 64, WIDTH)
IMAGE = (1, SIDE, SIDE, WIDTH)
Tensor: TypeAlias = Any
"""A tensor, or a model, of whichever framework."""
Build = Callable[["On", Tensor], Tensor]


def drawn(number: int, shape: Sequence[int]) -> np.ndarray:
    """The weight of a number."""
    return np.random.default_rng(number).normal(0, 0.1, shape).astype("float32")


@dataclass
class On:
    """The ops of a framework, under one name each."""

    reshape: Callable[[Tensor, Tensor], Tensor]
    permute: Callable[[Tensor, Tensor], Tensor]
    matmul: Callable[[Tensor, Tensor], Tensor]
    roll: Callable[[Tensor, Tensor, Tensor], Tensor]
    softmax: Callable[[Tensor], Tensor]
    relu: Callable[[Tensor], Tensor]
    convolve: Callable[[Tensor, Tensor], Tensor]
    kernel: tuple[int, ...] = (3, 3, WIDTH, WIDTH)
    weight: Callable[[int, Sequence[int]], Tensor] = drawn
    weights: int = 0

    def next(self, *shape: int) -> Tensor:
        """Another weight."""
        self.weights += 1
        return self.weight(self.weights, shape)

    def dense(self, x: Tensor, width: int) -> Tensor:
        """A product of the last axis with a weight."""
        return self.matmul(x, self.next(x.shape[-1], width))

    def conv(self, x: Tensor) -> Tensor:
        """3x3, padded to the same size."""
        return self.convolve(x, self.next(*self.kernel))


def attended(on: Tensor, x: Tensor) -> Tensor:
    """Multi-head attention over axis 1."""
    count, tokens, width = x.shape
    split = (count, tokens, HEADS, width // HEADS)
    query, key, value = (
        on.permute(on.reshape(on.dense(x, width), split), (0, 2, 1, 3)) for _ in range(3)
    )
    weights = on.softmax(on.matmul(query, on.permute(key, (0, 1, 3, 2))))
    mixed = on.permute(on.matmul(weights, value), (0, 2, 1, 3))
    return on.dense(on.reshape(mixed, (count, tokens, width)), width)


def mixed(on: Tensor, x: Tensor) -> Tensor:
    """The two products behind attention."""
    return x + on.dense(on.relu(on.dense(x, 2 * WIDTH)), WIDTH)


def transformer(on: Tensor, x: Tensor, layers: int = 100) -> Tensor:
    """Attention over all tokens, again and again."""
    for _ in range(layers):
        x = mixed(on, x + attended(on, x))
    return x


def windows(on: Tensor, x: Tensor, layers: int = 24) -> Tensor:
    """Attention inside windows of 8x8, every other time shifted around the border by 4."""
    blocks, inside = SIDE // WINDOW, (WINDOW * WINDOW, WIDTH)
    parts = (1, blocks, WINDOW, blocks, WINDOW, WIDTH)
    apart = (1, blocks, blocks, WINDOW, WINDOW, WIDTH)
    for layer in range(layers):
        shift = layer % 2 * WINDOW // 2
        y = on.roll(x, (-shift, -shift), (1, 2)) if shift else x
        y = on.permute(on.reshape(y, parts), (0, 1, 3, 2, 4, 5))
        y = attended(on, on.reshape(y, (blocks * blocks, *inside)))
        y = on.reshape(on.permute(on.reshape(y, apart), (0, 1, 3, 2, 4, 5)), IMAGE)
        x = mixed(on, x + (on.roll(y, (shift, shift), (1, 2)) if shift else y))
    return x


def convolutions(on: Tensor, x: Tensor, layers: int) -> Tensor:
    """Residual blocks of two."""
    for _ in range(layers):
        x = x + on.conv(on.relu(on.conv(x)))
    return x


def in_torch(network: Build, shape: Sequence[int]) -> Tensor:
    """A module, its weights as parameters."""
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kept = nn.ParameterDict()
            self(torch.zeros(*shape))

        def weight(self, number: int, shape: Sequence[int]) -> Tensor:
            if str(number) not in self.kept:
                self.kept[str(number)] = nn.Parameter(torch.from_numpy(drawn(number, shape)))
            return self.kept[str(number)]

        def forward(self, x: Tensor) -> Tensor:
            on = On(
                torch.reshape, torch.permute, torch.matmul, torch.roll,
                partial(torch.softmax, dim=-1), torch.relu,
                partial(nn.functional.conv2d, padding=1), FIRST, self.weight,
            )  # fmt: skip
            return network(on, x)

    return Net().eval()


def in_jax(network: Build, _shape: Sequence[int]) -> Tensor:
    """A function of ``jax.numpy``."""
    import jax
    import jax.numpy as jnp

    def conv(x: Tensor, weight: Tensor) -> Tensor:
        layout = ("NHWC", "HWIO", "NHWC")
        return jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME", dimension_numbers=layout)

    on = (jnp.reshape, jnp.transpose, jnp.matmul, jnp.roll, jax.nn.softmax, jax.nn.relu, conv)
    return lambda x: network(On(*on), x)


def in_keras(network: Build, shape: Sequence[int]) -> Tensor:
    """A functional model of ``keras.ops``."""
    import keras
    from keras import ops

    conv = partial(ops.conv, padding="same")
    x = keras.Input(batch_shape=tuple(shape))
    on = On(ops.reshape, ops.transpose, ops.matmul, ops.roll, ops.softmax, ops.relu, conv)
    return keras.Model(x, network(on, x))


def in_tensorflow(network: Build, shape: Sequence[int]) -> Tensor:
    """A concrete function."""
    import tensorflow as tf

    def conv(x: Tensor, weight: Tensor) -> Tensor:
        return tf.nn.conv2d(x, weight, 1, "SAME")

    on = (tf.reshape, tf.transpose, tf.matmul, tf.roll, tf.nn.softmax, tf.nn.relu, conv)
    function = tf.function(lambda x: network(On(*on), x), autograph=False)
    return function.get_concrete_function(tf.TensorSpec(shape, tf.float32, name="x"))


def in_onnx(network: Build, shape: Sequence[int]) -> Tensor:
    """A model of one node for each op."""
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Tensor] = []
    weights: list[Tensor] = []

    @dataclass
    class Value:
        name: str
        shape: tuple[int, ...]

        def __add__(self, other: Value) -> Value:
            return made("Add", self.shape, self, other)

    def made(op: str, shape: Sequence[int], *operands: Tensor, **attributes: Tensor) -> Value:
        names = [x.name if isinstance(x, Value) else constant(x) for x in operands]
        nodes.append(helper.make_node(op, names, [f"v{len(nodes)}"], **attributes))
        return Value(nodes[-1].output[0], tuple(shape))

    def constant(array: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(array, f"w{len(weights)}"))
        return weights[-1].name

    def matmul(x: Value, y: Tensor) -> Value:
        return made("MatMul", (*x.shape[:-1], y.shape[-1]), x, y)

    def permute(x: Value, order: Sequence[int]) -> Value:
        return made("Transpose", [x.shape[axis] for axis in order], x, perm=list(order))

    def reshape(x: Value, shape: Sequence[int]) -> Value:
        return made("Reshape", shape, x, np.array(shape))

    def roll(x: Value, shifts: Sequence[int], axes: Sequence[int]) -> Value:
        for shift, axis in zip(shifts, axes, strict=True):
            ends = ([-shift], [x.shape[axis]]), ([0], [-shift])
            parts = [
                made("Slice", x.shape, x, np.array(low), np.array(high), np.array([axis]))
                for low, high in ends
            ]
            x = made("Concat", x.shape, *parts, axis=axis)
        return x

    on = On(
        reshape, permute, matmul, roll, lambda x: made("Softmax", x.shape, x, axis=-1),
        lambda x: made("Relu", x.shape, x),
        lambda x, weight: made("Conv", x.shape, x, weight, pads=[1, 1, 1, 1]), FIRST,
    )  # fmt: skip
    kind, last = TensorProto.FLOAT, network(on, Value("x", tuple(shape)))
    graph = helper.make_graph(
        nodes, "network", [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info(last.name, kind, last.shape)], weights,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


FIRST = (WIDTH, WIDTH, 3, 3)
"""A kernel where channels come first."""
FRONT_ENDS: dict[str, tuple[Callable[..., Tensor], bool]] = {
    "torch": (in_torch, True), "onnx": (in_onnx, True), "tensorflow": (in_tensorflow, False),
    "keras": (in_keras, False), "jax": (in_jax, False),
}  # fmt: skip
"""How a network is built, and whether channels come first in its convolutions."""


def recurrent(name: str, steps: int) -> tuple[Tensor, tuple[int, ...]]:
    """A recurrent layer over so many steps, and the shape that it takes (batch, time, channels)."""
    shape = (1, steps, WIDTH)
    if name == "torch":
        from torch import nn

        return nn.LSTM(WIDTH, WIDTH, batch_first=True), shape
    if name == "keras":
        import keras

        return keras.Sequential([keras.Input(batch_shape=shape), keras.layers.LSTM(WIDTH)]), shape
    if name == "tensorflow":
        import keras
        import tensorflow as tf

        layer = keras.layers.LSTM(WIDTH)
        call = tf.function(layer, autograph=False)
        return call.get_concrete_function(tf.TensorSpec(shape, tf.float32, name="x")), shape
    if name == "jax":
        import jax
        import jax.numpy as jnp

        given, carried = drawn(0, (WIDTH, WIDTH)), drawn(1, (WIDTH, WIDTH))

        def layer(x: Tensor) -> Tensor:
            def step(state: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
                state = jnp.tanh(state @ carried + row @ given)
                return state, state

            return jax.lax.scan(step, jnp.zeros((1, WIDTH)), jnp.swapaxes(x, 0, 1))[1]

        return layer, shape
    from onnx import TensorProto, helper, numpy_helper

    gates = [
        numpy_helper.from_array(drawn(k, (1, 4 * WIDTH, WIDTH)), n) for k, n in enumerate("WR")
    ]
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, (steps, 1, WIDTH))
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, (steps, 1, 1, WIDTH))
    node = helper.make_node("LSTM", ["x", "W", "R"], ["y"], hidden_size=WIDTH)
    graph = helper.make_graph([node], "network", [value], [result], gates)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    return model, (steps, 1, WIDTH)


def taken(model: Tensor, shape: Sequence[int], repeat: int) -> tuple[float, float, int]:
    """CPU seconds of ``load`` and all fields, ``summary`` over the fields alone, and the nodes."""
    reads: list[float] = []
    shares: list[float] = []
    count = 0
    for _ in range(repeat):
        gc.collect()
        start = time.process_time()
        graph = rfield.load(model, shape)
        loaded = time.process_time()
        for field in rfield.receptive_fields(graph).values():
            _ = field.size, field.stride, field.padding, field.global_reads
        end = time.process_time()
        reads.append(end - start)
        again = rfield.load(model, shape)
        asked = time.process_time()
        rfield.summary(again)
        shares.append((time.process_time() - asked) / (end - loaded))
        count = len(graph.nodes)
    return statistics.median(reads), statistics.median(shares), count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--front-ends", nargs="+", choices=FRONT_ENDS, default=list(FRONT_ENDS))
    options = parser.parse_args()
    print(f"{'':24}{'nodes':>7}{'seconds':>9}{'ms/node':>9}{'<= 3':>7}{'summary/fields <= 2':>21}")
    for name in options.front_ends:
        if find_spec(name) is None:
            print(f"{name}: not installed")
            continue
        build, channels_first = FRONT_ENDS[name]
        shape = (1, WIDTH, SIDE, SIDE) if channels_first else IMAGE
        each = {}
        blocks = partial(convolutions, layers=200)
        for title, network, size in (
            ("convolutions", blocks, shape),
            ("transformer", transformer, TOKENS),
            ("windows", windows, IMAGE),
        ):
            seconds, share, count = taken(build(network, size), size, options.repeat)
            each[title] = seconds / count
            print(
                f"{name + ' ' + title:24}{count:7}{seconds:9.2f}{1000 * each[title]:9.3f}"
                f"{each[title] / each['convolutions']:7.2f}{share:21.2f}",
                flush=True,
            )
        some, many = (taken(*recurrent(name, n), options.repeat)[0] for n in (100, 3000))
        print(f"{name + ' recurrent, 3,000 steps':31}{many:9.3f}{'':9}{many / some:7.2f} (<= 1.3)")


if __name__ == "__main__":
    main()
