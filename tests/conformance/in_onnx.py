"""A described network as an ONNX model: one node per layer, under the layer's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import onnx
from onnx import TensorProto, helper

from tests.conformance.description import Layer, Network

AUTO = {"same": "SAME_UPPER", "valid": "VALID"}
OPS = {
    "relu": "Relu", "sigmoid": "Sigmoid", "add": "Sum", "global_pool": "GlobalAveragePool",
    "max_pool": "MaxPool", "avg_pool": "AveragePool", "conv": "Conv", "depthwise": "Conv",
    "transposed": "ConvTranspose",
}  # fmt: skip


def build(network: Network, sizes: Sequence[int | None]) -> onnx.ModelProto:
    """The model, channels first; weights state their shape only."""
    dims = [
        1,
        network.channels["image"],
        *(f"d{k}" if n is None else n for k, n in enumerate(sizes)),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, dims)
    last = onnx.ValueInfoProto(name=network.layers[-1].name)
    graph = helper.make_graph([], "network", [image], [last])
    for layer in network.layers:
        graph.node.extend(_nodes(graph, layer, network.rank))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def _weight(graph: Any, name: str, shape: Sequence[int]) -> str:
    graph.initializer.add(name=name, data_type=TensorProto.FLOAT, dims=shape)
    return name


def _numbers(graph: Any, name: str, kind: int, numbers: Sequence[float]) -> str:
    graph.initializer.append(helper.make_tensor(name, kind, [len(numbers)], numbers))
    return name


def _window(layer: Layer) -> dict[str, Any]:
    found: dict[str, Any] = {"kernel_shape": layer.kernel, "strides": layer.stride}
    if isinstance(layer.padding, str):
        found["auto_pad"] = AUTO[layer.padding]
    else:
        found["pads"] = [side for sides in zip(*layer.padding, strict=True) for side in sides]
    return found


def _nodes(graph: Any, layer: Layer, rank: int) -> Iterator[Any]:
    name, xs = layer.name, list(layer.reads)

    def node(op: str, inputs: Sequence[str], output: str = name, **attributes: Any) -> Any:
        return helper.make_node(op, inputs, [output], name=output, **attributes)

    match layer.op:
        case "conv" | "depthwise":
            groups = layer.channels if layer.op == "depthwise" else 1
            shape = (layer.channels, layer.before // groups, *layer.kernel)
            xs.append(_weight(graph, f"{name}.weight", shape))
            yield node("Conv", xs, group=groups, dilations=layer.dilation, **_window(layer))
        case "transposed":
            shape = (layer.before, layer.channels, *layer.kernel)
            xs.append(_weight(graph, f"{name}.weight", shape))
            yield node("ConvTranspose", xs, **_window(layer))
        case "max_pool" | "avg_pool":
            yield node(OPS[layer.op], xs, **_window(layer))
        case "norm":
            parts = ("scale", "bias", "mean", "var")
            xs += [_weight(graph, f"{name}.{part}", (layer.channels,)) for part in parts]
            yield node("BatchNormalization", xs)
        case "crop":
            begin, end = zip(*layer.padding, strict=True)
            whole = TensorProto.INT64
            xs.append(_numbers(graph, f"{name}.starts", whole, begin))
            xs.append(_numbers(graph, f"{name}.ends", whole, [-n for n in end]))
            xs.append(_numbers(graph, f"{name}.axes", whole, range(2, rank + 2)))
            yield node("Slice", xs)
        case "upsample":
            scales = _numbers(graph, f"{name}.scales", TensorProto.FLOAT, [1, 1, *layer.scale])
            mode = "linear" if layer.mode == "bilinear" else layer.mode
            yield node("Resize", [*xs, "", scales], mode=mode)
        case "multiply":
            yield node("Mul", xs)
        case "concat":
            yield node("Concat", xs, axis=1)
        case "attention":
            yield node("Transpose", xs, f"{name}/keys", perm=[0, 2, 1])
            yield node("MatMul", [f"{name}/keys", *xs], f"{name}/scores")
            yield node("Softmax", [f"{name}/scores"], f"{name}/softmax")
            yield node("MatMul", [f"{name}/softmax", f"{name}/keys"], f"{name}/mixed")
            yield node("Transpose", [f"{name}/mixed"], perm=[0, 2, 1])
        case _:
            yield node(OPS[layer.op], xs)
