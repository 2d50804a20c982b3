"""Small GraphDefs and SavedModels, written with rfield's own message descriptors: no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from google.protobuf import text_format

from rfield.frontends.tensorflow import messages

FLOAT, INT32, STRING, BOOL, RESOURCE = 1, 3, 7, 10, 20


class GraphWriter:
    """Adds nodes by op name; attributes are Python values."""

    def __init__(self, nodes: Any = None) -> None:
        self.graph = messages.GraphDef()
        self.nodes = self.graph.node if nodes is None else nodes

    def node(self, op: str, name: str, *inputs: str, **attributes: Any) -> str:
        """One node; the name comes back."""
        made = self.nodes.add(name=name, op=op, input=inputs)
        for key, value in attributes.items():
            self.set(made.attr[key], value)
        return name

    def set(self, attribute: Any, value: Any) -> None:
        """An attribute from a Python value; a tuple is a shape, a list is a list of integers."""
        if isinstance(value, bool):
            attribute.b = value
        elif isinstance(value, int):
            attribute.i = value
        elif isinstance(value, float):
            attribute.f = value
        elif isinstance(value, str):
            attribute.s = value.encode()
        elif isinstance(value, tuple):
            for size in value:
                attribute.shape.dim.add(size=-1 if size is None else size)
            attribute.shape.SetInParent()
        elif isinstance(value, list):
            attribute.list.i.extend(value)
        elif isinstance(value, np.ndarray):
            kind = INT32 if value.dtype.kind == "i" else FLOAT
            tensor = attribute.tensor
            tensor.dtype = kind
            for size in value.shape:
                tensor.tensor_shape.dim.add(size=size)
            tensor.tensor_shape.SetInParent()
            tensor.tensor_content = value.astype("<i4" if kind == INT32 else "<f4").tobytes()
        else:
            attribute.CopyFrom(value)

    def placeholder(self, name: str = "image", shape: Sequence[int | None] = (1, 32, 32, 3)) -> str:
        """An input."""
        made = self.node("Placeholder", name, shape=tuple(shape))
        self.nodes[-1].attr["dtype"].type = FLOAT
        return made

    def const(self, name: str, value: Any) -> str:
        """A small constant with its numbers."""
        return self.node("Const", name, value=np.asarray(value))

    def weight(self, name: str, shape: Sequence[int]) -> str:
        """A constant that states a shape and holds one repeated number."""
        made = self.node("Const", name)
        tensor = self.nodes[-1].attr["value"].tensor
        tensor.dtype = FLOAT
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
        tensor.float_val.append(0.5)
        return made

    def variable(self, name: str, shape: Sequence[int | None]) -> str:
        """An unfrozen weight, through a read and an identity."""
        self.node("VarHandleOp", name, shape=tuple(shape))
        self.nodes[-1].attr["dtype"].type = FLOAT
        self.node("ReadVariableOp", f"{name}/Read", name)
        return self.node("Identity", f"{name}/read", f"{name}/Read")

    def conv(
        self, name: str, x: str, kernel: Sequence[int], *, stride: Sequence[int] = (1, 1, 1, 1),
        padding: str = "SAME", weight: str | None = None, op: str = "Conv2D", **attributes: Any,
    ) -> str:  # fmt: skip
        """A convolution with its weight."""
        weight = weight or self.weight(f"{name}/kernel", kernel)
        return self.node(op, name, x, weight, strides=list(stride), padding=padding, **attributes)

    def function(self, name: str, inputs: Sequence[str], **returns: str) -> GraphWriter:
        """A function of the library; its nodes are written with what comes back."""
        made = self.graph.library.function.add()
        made.signature.name = name
        for entry in inputs:
            made.signature.input_arg.add(name=entry, type=FLOAT)
        for entry, source in returns.items():
            made.signature.output_arg.add(name=entry, type=FLOAT)
            made.ret[entry] = source
        return GraphWriter(made.node_def)

    def bytes(self) -> bytes:
        """The file's content."""
        return self.graph.SerializeToString()

    def text(self) -> str:
        """The same as text."""
        return text_format.MessageToString(self.graph)

    def saved_model(self, inputs: dict[str, str], outputs: dict[str, str]) -> bytes:
        """A SavedModel with this graph and one signature."""
        model = messages.SavedModel(saved_model_schema_version=1)
        meta = model.meta_graphs.add()
        meta.meta_info_def.tags.append("serve")
        meta.graph_def = self.graph.SerializeToString()
        for key, name in inputs.items():
            meta.signature_def["serving_default"].inputs[key].name = name
        for key, name in outputs.items():
            meta.signature_def["serving_default"].outputs[key].name = name
        return model.SerializeToString()


def function_attribute(name: str) -> Any:
    """The attribute that names a function."""
    attribute = type(messages.GraphDef().node.add().attr["f"])()
    attribute.func.name = name
    return attribute


def small_cnn(shape: Sequence[int | None] = (1, 33, 33, 3), *, frozen: bool = True) -> GraphWriter:
    """Two convolutions with a bias, batch norm, a pool and a shortcut."""
    g = GraphWriter()
    x = g.placeholder("image", shape)
    weight = None if frozen else g.variable("stem/kernel", (7, 7, 3, 8))
    x = g.conv("stem", x, (7, 7, 3, 8), stride=(1, 2, 2, 1), weight=weight)
    x = g.node("BiasAdd", "stem/bias", x, g.weight("stem/b", (8,)))
    x = g.node("Relu", "stem/relu", x)
    x = pool = g.node(
        "MaxPool", "pool", x, ksize=[1, 3, 3, 1], strides=[1, 2, 2, 1], padding="SAME"
    )
    weight = None if frozen else g.variable("block/kernel", (3, 3, 8, 8))
    x = g.conv("block", x, (3, 3, 8, 8), weight=weight)
    norm = [g.weight(f"block/{part}", (8,)) for part in ("gamma", "beta", "mean", "variance")]
    x = g.node("FusedBatchNormV3", "block/norm", x, *norm, is_training=False)
    g.node("AddV2", "sum", x, pool)
    return g


def inception_resnet_v2(  # noqa: PLR0915  # a network, line by line
    shape: Sequence[int | None] = (1, 299, 299, 3),
) -> GraphWriter:
    """The graph of Inception-ResNet-v2 (Szegedy et al. 2016), frozen, as TF-Slim writes it."""
    g = GraphWriter()
    channels: dict[str, int] = {}

    def conv(name: str, x: str, count: int, kernel: Sequence[int], stride: int = 1,
             padding: str = "SAME", activation: bool = True) -> str:  # fmt: skip
        weight = g.weight(f"{name}/weights", (*kernel, channels[x], count))
        read = g.node("Identity", f"{name}/weights/read", weight)
        y = g.conv(f"{name}/Conv2D", x, (), stride=(1, stride, stride, 1), padding=padding,
                   weight=read, data_format="NHWC", dilations=[1, 1, 1, 1])  # fmt: skip
        if activation:
            parts = [g.weight(f"{name}/{p}", (count,)) for p in ("gamma", "beta", "mean", "var")]
            y = g.node("FusedBatchNormV3", f"{name}/BatchNorm", y, *parts, is_training=False,
                       data_format="NHWC")  # fmt: skip
            y = g.node("Relu", f"{name}/Relu", y)
        else:
            y = g.node("BiasAdd", f"{name}/BiasAdd", y, g.weight(f"{name}/biases", (count,)))
        channels[y] = count
        return y

    def concat(name: str, *parts: str) -> str:
        y = g.node("ConcatV2", name, *parts, g.const(f"{name}/axis", np.int32(3)), N=len(parts))
        channels[y] = sum(channels[part] for part in parts)
        return y

    def pool(name: str, x: str, kernel: int, stride: int, padding: str, op: str = "MaxPool") -> str:
        y = g.node(op, name, x, ksize=[1, kernel, kernel, 1], strides=[1, stride, stride, 1],
                   padding=padding, data_format="NHWC")  # fmt: skip
        channels[y] = channels[x]
        return y

    def residual(name: str, x: str, branches: Sequence[Sequence[tuple[int, Sequence[int]]]],
                 activation: bool = True) -> str:  # fmt: skip
        ends: list[str] = []
        for b, branch in enumerate(branches):
            y = x
            for c, (count, kernel) in enumerate(branch):
                y = conv(f"{name}/Branch_{b}/Conv_{c}", y, count, kernel)
            ends.append(y)
        y = conv(f"{name}/up", concat(f"{name}/concat", *ends), channels[x], (1, 1),
                 activation=False)  # fmt: skip
        scaled = g.node("Mul", f"{name}/mul", y, g.weight(f"{name}/mul/y", ()))
        out = g.node("AddV2", f"{name}/add", x, scaled)
        if activation:
            out = g.node("Relu", f"{name}/Relu", out)
        channels[out] = channels[x]
        return out

    x = g.placeholder("input", shape)
    channels[x] = 3
    x = conv("Conv2d_1a_3x3", x, 32, (3, 3), 2, "VALID")
    x = conv("Conv2d_2a_3x3", x, 32, (3, 3), 1, "VALID")
    x = conv("Conv2d_2b_3x3", x, 64, (3, 3))
    x = pool("MaxPool_3a_3x3", x, 3, 2, "VALID")
    x = conv("Conv2d_3b_1x1", x, 80, (1, 1), 1, "VALID")
    x = conv("Conv2d_4a_3x3", x, 192, (3, 3), 1, "VALID")
    x = pool("MaxPool_5a_3x3", x, 3, 2, "VALID")
    a = conv("Mixed_5b/Branch_0", x, 96, (1, 1))
    b = conv("Mixed_5b/Branch_1/b", conv("Mixed_5b/Branch_1/a", x, 48, (1, 1)), 64, (5, 5))
    c = conv("Mixed_5b/Branch_2/a", x, 64, (1, 1))
    c = conv("Mixed_5b/Branch_2/c", conv("Mixed_5b/Branch_2/b", c, 96, (3, 3)), 96, (3, 3))
    d = conv("Mixed_5b/Branch_3/b", pool("Mixed_5b/Branch_3/a", x, 3, 1, "SAME", "AvgPool"), 64,
             (1, 1))  # fmt: skip
    x = concat("Mixed_5b/concat", a, b, c, d)
    one, three = (1, 1), (3, 3)
    for k in range(10):
        x = residual(f"Repeat/block35_{k + 1}", x, [
            [(32, one)], [(32, one), (32, three)], [(32, one), (48, three), (64, three)],
        ])  # fmt: skip
    a = conv("Mixed_6a/Branch_0", x, 384, three, 2, "VALID")
    b = conv("Mixed_6a/Branch_1/b", conv("Mixed_6a/Branch_1/a", x, 256, one), 256, three)
    b = conv("Mixed_6a/Branch_1/c", b, 384, three, 2, "VALID")
    x = concat("Mixed_6a/concat", a, b, pool("Mixed_6a/Branch_2", x, 3, 2, "VALID"))
    for k in range(20):
        x = residual(f"Repeat_1/block17_{k + 1}", x, [
            [(192, one)], [(128, one), (160, (1, 7)), (192, (7, 1))],
        ])  # fmt: skip
    a = conv("Mixed_7a/Branch_0/b", conv("Mixed_7a/Branch_0/a", x, 256, one), 384, three, 2,
             "VALID")  # fmt: skip
    b = conv("Mixed_7a/Branch_1/b", conv("Mixed_7a/Branch_1/a", x, 256, one), 288, three, 2,
             "VALID")  # fmt: skip
    c = conv("Mixed_7a/Branch_2/b", conv("Mixed_7a/Branch_2/a", x, 256, one), 288, three)
    c = conv("Mixed_7a/Branch_2/c", c, 320, three, 2, "VALID")
    x = concat("Mixed_7a/concat", a, b, c, pool("Mixed_7a/Branch_3", x, 3, 2, "VALID"))
    for k in range(10):
        x = residual(f"Repeat_2/block8_{k + 1}", x, [
            [(192, one)], [(192, one), (224, (1, 3)), (256, (3, 1))],
        ], activation=k < 9)  # fmt: skip
    conv("Conv2d_7b_1x1", x, 1536, one)
    return g
