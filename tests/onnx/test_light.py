"""The nine real networks in the ``onnx`` package, with the numbers of the literature."""

from __future__ import annotations

from pathlib import Path

import pytest

import rfield
from tests.work import at_most

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytestmark = pytest.mark.onnx

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"

# The last layer before the classifier or the global pooling: size, stride, padding at 224.
# AlexNet 195/32 and ResNet-50 427/32/213 (stride in the 3x3), DenseNet-121 2071/32, Inception v2
# 699/32 and VGG-19 268/32 (16 convs: 212 of VGG-16 plus 8 + 16 + 32) follow from the papers by
# Araujo et al.'s formula; Caffe pads explicitly, so P differs from TF-Slim's.
FIELDS = {
    "light_bvlc_alexnet": ("n14", 195, 32, 64),
    "light_densenet121": ("n907", 2071, 32, 1021),
    "light_inception_v1": ("n137", 715, 32, 327),
    "light_inception_v2": ("n504", 699, 32, 343),
    "light_resnet50": ("n171", 427, 32, 213),
    "light_shufflenet": ("n198", 527, 32, 263),
    "light_squeezenet": ("n63", 207, 16, 88),
    "light_vgg19": ("n36", 268, 32, 118),
    "light_zfnet512": ("n14", 155, 32, 48),
}


@pytest.mark.parametrize("name", FIELDS)
def test_the_field_before_the_classifier(name: str):
    layer, size, stride, padding = FIELDS[name]
    field = rfield.receptive_field(LIGHT / f"{name}.onnx", layer)
    assert field.size == (size, size)
    assert field.stride == (stride, stride)
    assert field.padding == (padding, padding)
    assert field.fidelity.value == "exact"


@pytest.mark.parametrize("name", [name for name in FIELDS if name != "light_inception_v2"])
def test_branches_are_aligned(name: str):
    assert rfield.alignment(LIGHT / f"{name}.onnx").aligned


def test_caffes_inception_v2_is_not_aligned_where_it_is_reduced():
    """Its 3x3 pooling of stride 2 pads (0, 1), the convolutions beside it pad (1, 1)."""
    found = rfield.alignment(LIGHT / "light_inception_v2.onnx")
    assert not found.aligned
    assert [str(join) for join in found.joins] == [
        "n161: n138 (stride 16, centre 6) and n159 (stride 16, centre 6) and "
        "n160 (stride 16, centre 14); offset 8 along y, x",
        "n402: n379 (stride 32, centre 6) and n400 (stride 32, centre 6) and "
        "n401 (stride 32, centre 22); offset 16 along y, x",
    ]


def test_initialisers_listed_as_inputs_are_no_inputs():
    graph = rfield.load(LIGHT / "light_resnet50.onnx")
    assert graph.inputs == ("gpu_0/data_0",)
    assert graph.outputs == ("gpu_0/softmax_1",)


def test_another_size_is_read_in_spite_of_stale_shapes():
    graph = rfield.load(LIGHT / "light_squeezenet.onnx", (2, 3, 300, 500))
    field = rfield.receptive_field(graph, "n63")
    assert field.output_shape == (2, 1000, 17, 30)
    assert field.size == (207, 207)


def test_a_free_size_stays_free():
    graph = rfield.load(LIGHT / "light_squeezenet.onnx", (1, 3, None, None))
    field = rfield.receptive_field(graph, "n63")
    assert field.output_shape == (1, 1000, None, None)
    assert (field.size, field.stride) == ((207, 207), (16, 16))


def test_all_nine_take_little_work():
    with at_most(5_000_000):
        for name in FIELDS:
            rfield.receptive_fields(LIGHT / f"{name}.onnx")


@pytest.mark.parametrize("name", ["light_resnet50", "light_inception_v1", "light_squeezenet"])
def test_nothing_outside_the_region_matters_when_run(name: str):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from tests.onnx.probe import probe, random_feeds, session

    model = onnx.load(LIGHT / f"{name}.onnx")
    graph = rfield.load(model)
    (entry,) = graph.inputs_
    feeds = random_feeds(session(model), {entry.name: graph.nodes[entry.node].shape})
    layers = [n for n in graph.layers if graph.nodes[graph.index(n)].kind in ("conv", "max_pool")]
    for layer in (layers[3], layers[len(layers) // 3]):
        assert probe(model, graph, layer, entry.name, feeds, (1, 2)).outside
