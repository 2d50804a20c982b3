"""One meaning: the same network gives the same fields through every front end, layer by layer.

Each network is described once and built in each framework. The last layer is compared with a number
that is published or worked out by hand, and every layer with the graph that is written down without
any framework; so two front ends that are never installed together are compared all the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import pytest

import rfield
from tests.conformance import in_declared
from tests.conformance.description import Layer
from tests.conformance.networks import NETWORKS

LARGE = {"vgg_16", "resnet_50", "resnet_50_strided_at_1x1", "mobilenet_v1", "mobilenet_v2",
         "densenet_121"}  # fmt: skip
FREE = sorted(set(NETWORKS) - {"atrous_pyramid"})  # one of its layers is made for one size


def torch_module(network, sizes):
    torch = pytest.importorskip("torch")
    from tests.conformance.in_torch import Net

    with torch.device("meta"):
        return rfield.load(Net(network).eval(), (1, network.channels["image"], *sizes))


def onnx_written(network, sizes):
    from tests.conformance.in_onnx import build

    return rfield.load(build(network, sizes))


def onnx_exported(network, sizes):
    """What PyTorch's exporter makes of the module; layers are found by their scopes.

    It folds a norm into the convolution before it, which then is no layer any more.
    """
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript", reason="PyTorch exports ONNX with onnxscript")
    from tests.conformance.in_torch import Net

    example = torch.zeros(1, network.channels["image"], *sizes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(Net(network).eval(), (example,), dynamo=True, verbose=False)
    return rfield.load(program.model_proto)


def keras_model(network, sizes):
    from tests.conformance.in_keras import build

    return rfield.load(build(network, sizes))


def tensorflow_function(network, sizes):
    from tests.conformance.in_tensorflow import build

    return rfield.load(build(network, sizes))


def tensorflow_file(network, sizes, tmp_path):
    """The GraphDef of the same function, as a file."""
    from tests.conformance.in_tensorflow import build

    path = tmp_path / "network.pb"
    path.write_bytes(build(network, sizes).graph.as_graph_def().SerializeToString())
    return rfield.load(path)


def jax_function(network, sizes):
    from tests.conformance.in_jax import build

    shape = (1, *sizes, network.channels["image"])
    return rfield.load(build(network), {"image": shape}, axes=range(1, 1 + len(sizes)))


WAYS = [
    pytest.param(torch_module, marks=pytest.mark.torch),
    pytest.param(onnx_written, marks=pytest.mark.onnx),
    pytest.param(keras_model, marks=pytest.mark.keras),
    pytest.param(tensorflow_function, marks=pytest.mark.tensorflow),
    pytest.param(tensorflow_file, marks=pytest.mark.tensorflow),
    pytest.param(jax_function, marks=pytest.mark.jax),
]


@lru_cache
def declared(name: str, free: bool = False) -> Any:
    network = NETWORKS[name][0]()
    sizes = (None,) * network.rank if free else network.sizes
    return network, in_declared.build(network, sizes)


def said(graph: Any, layers: Sequence[Layer]) -> dict[str, dict[str, Any]]:
    """What is said of each layer, in spatial order of the axes."""
    fields = rfield.receptive_fields(graph)
    found: dict[str, dict[str, Any]] = {}
    for layer in layers:
        field, local = fields[layer.name], fields[layer.name].local
        shape = graph.shape(field.value)
        found[layer.name] = {
            "output": [shape[axis] for axis in field.positions],
            "size": field.size, "local": local.size, "sizes": local.sizes,
            "stride": local.stride, "padding": local.padding, "period": local.period,
            "fidelity": field.fidelity,
        }  # fmt: skip
    return found


def boxes(graph: Any) -> list[Any]:
    """What a few outputs of the last layer read: of this input, and locally of an endless grid."""
    field = rfield.receptive_field(graph)
    sizes = [graph.shape(field.value)[axis] for axis in field.positions]
    corners = [0] * len(sizes), [n // 2 for n in sizes], [n - 1 for n in sizes]
    found = [
        box
        for at in map(tuple, corners)
        for box in (field.region(at, clip=True), field.local.region(at))
    ]
    return [(tuple(box.start), tuple(box.stop)) for box in found]


def joins(graph: Any) -> list[Any]:
    """The misaligned joins; ops inside a layer have other names elsewhere."""
    return [(join.differing, join.offset) for join in rfield.alignment(graph).joins]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_last_layer_is_as_published_or_worked_out_by_hand(name):
    network, graph = declared(name)
    expected = NETWORKS[name][1]
    field = rfield.receptive_field(graph)

    def each(number):
        return (number,) * network.rank if isinstance(number, int) else number

    local = field.local
    assert (local.size, local.stride, local.padding) == (
        each(expected.size), each(expected.stride), each(expected.padding),
    )  # fmt: skip
    assert (field.size == (rfield.UNBOUNDED,) * network.rank) is expected.whole


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("way", WAYS)
def test_every_layer_is_the_same(way, name, tmp_path):
    network, graph = declared(name)
    more = (tmp_path,) if way is tensorflow_file else ()
    other = way(network, network.sizes, *more)
    assert said(other, network.layers) == said(graph, network.layers)
    assert boxes(other) == boxes(graph)
    assert joins(other) == joins(graph)


@pytest.mark.torch
@pytest.mark.onnx
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n in LARGE else n for n in NETWORKS],
)
def test_every_layer_is_the_same_when_exported(name):
    network, graph = declared(name)
    normed = {layer.reads[0] for layer in network.layers if layer.op == "norm"}
    layers = [layer for layer in network.layers if layer.name not in normed]
    other = onnx_exported(network, network.sizes)
    assert said(other, layers) == said(graph, layers)
    assert boxes(other) == boxes(graph)
    assert joins(other) == joins(graph)


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LARGE else n for n in FREE]
)
@pytest.mark.parametrize("way", [way for way in WAYS if way.values[0] is not jax_function])
def test_every_layer_is_the_same_at_a_free_size(way, name, tmp_path):
    network, graph = declared(name, free=True)
    more = (tmp_path,) if way is tensorflow_file else ()
    other = way(network, (None,) * network.rank, *more)
    assert said(other, network.layers) == said(graph, network.layers)
    assert joins(other) == joins(graph)
