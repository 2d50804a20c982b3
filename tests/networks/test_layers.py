"""The networks as people meet them: names, end points, layer names and shapes, as literals."""

from __future__ import annotations

import pytest

from rfield import networks
from rfield.errors import InvalidModelError, UnknownNameError

NAMES = (
    "alexnet_v2",
    "vgg_a",
    "vgg_16",
    "mobilenet_v1",
    "mobilenet_v1_075",
    "resnet_v1_50",
    "resnet_v1_101",
    "resnet_v1_152",
    "resnet_v1_200",
    "resnet_v2_50",
    "resnet_v2_101",
    "resnet_v2_152",
    "resnet_v2_200",
    "inception_v2",
    "inception_v2-no-separable-conv",
    "inception_v3",
    "inception_v4",
    "inception_resnet_v2",
    "inception_resnet_v2-same",
)

VGG = """conv1/conv1_1 pool1 conv2/conv2_1 pool2 conv3/conv3_1 conv3/conv3_2 pool3
    conv4/conv4_1 conv4/conv4_2 pool4 conv5/conv5_1 conv5/conv5_2 pool5"""
INCEPTION_V2 = """Conv2d_1a_7x7 MaxPool_2a_3x3 Conv2d_2b_1x1 Conv2d_2c_3x3 MaxPool_3a_3x3
    Mixed_3b Mixed_3c Mixed_4a Mixed_4b Mixed_4c Mixed_4d Mixed_4e Mixed_5a Mixed_5b Mixed_5c"""
INCEPTION_RESNET_V2 = """Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 MaxPool_3a_3x3 Conv2d_3b_1x1
    Conv2d_4a_3x3 MaxPool_5a_3x3 Mixed_5b Mixed_6a PreAuxLogits Mixed_7a Conv2d_7b_1x1"""

MOBILENET = """Conv2d_0 Conv2d_1_pointwise Conv2d_2_pointwise Conv2d_3_pointwise
    Conv2d_4_pointwise Conv2d_5_pointwise Conv2d_6_pointwise Conv2d_7_pointwise Conv2d_8_pointwise
    Conv2d_9_pointwise Conv2d_10_pointwise Conv2d_11_pointwise Conv2d_12_pointwise
    Conv2d_13_pointwise"""
INCEPTION_V3 = """Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 MaxPool_3a_3x3 Conv2d_3b_1x1
    Conv2d_4a_3x3 MaxPool_5a_3x3 Mixed_5b Mixed_5c Mixed_5d Mixed_6a Mixed_6b Mixed_6c Mixed_6d
    Mixed_6e Mixed_7a Mixed_7b Mixed_7c"""
INCEPTION_V4 = """Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 Mixed_3a Mixed_4a Mixed_5a Mixed_5b
    Mixed_5c Mixed_5d Mixed_5e Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e Mixed_6f Mixed_6g
    Mixed_6h Mixed_7a Mixed_7b Mixed_7c Mixed_7d"""

# What every end point begins with, and the end points.
END_POINTS = {
    "alexnet_v2": ("alexnet_v2/", "conv1 pool1 conv2 conv3 conv4 conv5 pool5"),
    "vgg_a": ("vgg_a/", VGG),
    "vgg_16": ("vgg_16/", VGG),
    "mobilenet_v1": ("", MOBILENET),
    "mobilenet_v1_075": ("", MOBILENET),
    "resnet_v1_50": ("resnet_v1_50/", "block1 block2 block3 block4"),
    "resnet_v2_200": ("resnet_v2_200/", "block1 block2 block3 block4"),
    "inception_v2": ("", INCEPTION_V2),
    "inception_v2-no-separable-conv": ("", INCEPTION_V2),
    "inception_v3": ("", INCEPTION_V3),
    "inception_v4": ("", INCEPTION_V4),
    "inception_resnet_v2": ("", INCEPTION_RESNET_V2),
    "inception_resnet_v2-same": ("", INCEPTION_RESNET_V2),
}

# Layers inside the networks, where TF-Slim's names are least regular.
INNER = {
    "alexnet_v2": ("alexnet_v2/pool2",),
    "vgg_16": ("vgg_16/conv3/conv3_3",),
    "mobilenet_v1": ("Conv2d_13_depthwise",),
    "resnet_v1_50": (
        "resnet_v1_50/conv1",
        "resnet_v1_50/pool1",
        "resnet_v1_50/block1/unit_1/bottleneck_v1/shortcut",
        "resnet_v1_50/block1/unit_3/bottleneck_v1/shortcut",
        "resnet_v1_50/block3/unit_6/bottleneck_v1/conv2",
        "resnet_v1_50/block4/unit_3/bottleneck_v1",
    ),
    "resnet_v2_200": ("resnet_v2_200/block2/unit_24/bottleneck_v2/conv3",),
    "inception_v3": (
        "Mixed_5b/Branch_0/Conv2d_0a_1x1",
        "Mixed_5c/Branch_1/Conv_1_0c_5x5",
        "Mixed_6a/Branch_1/Conv2d_1a_1x1",
        "Mixed_7b/Branch_1/Conv2d_0b_3x1",
        "Mixed_7c/Branch_1/Conv2d_0c_3x1",
    ),
    "inception_v4": ("Mixed_3a/Branch_0/MaxPool_0a_3x3", "Mixed_7d/Branch_2/Conv2d_0e_3x1"),
    "inception_resnet_v2": (
        "Repeat/block35_10/Branch_2/Conv2d_0c_3x3",
        "Repeat_1/block17_20/Conv2d_1x1",
        "Repeat_2/block8_9",
        "Block8/Branch_0/Conv2d_1x1",
    ),
}

SHAPES = {
    ("alexnet_v2", 224, "alexnet_v2/conv1"): (54, 64),
    ("alexnet_v2", 224, "alexnet_v2/pool5"): (5, 256),
    ("vgg_a", 224, "vgg_a/pool5"): (7, 512),
    ("vgg_16", 224, "vgg_16/pool3"): (28, 256),
    ("mobilenet_v1", 224, "Conv2d_13_pointwise"): (7, 1024),
    ("mobilenet_v1_075", 224, "Conv2d_0"): (112, 24),
    ("mobilenet_v1_075", 224, "Conv2d_13_pointwise"): (7, 768),
    ("resnet_v1_50", 224, "resnet_v1_50/block1"): (28, 256),
    ("resnet_v2_50", 321, "resnet_v2_50/block4"): (11, 2048),
    ("inception_v2", 224, "Conv2d_1a_7x7/depthwise"): (112, 24),
    ("inception_v2", 224, "Mixed_3b"): (28, 256),
    ("inception_v2", 224, "Mixed_3c"): (28, 320),
    ("inception_v2", 224, "Mixed_4e"): (14, 576),
    ("inception_v2", 224, "Mixed_5c"): (7, 1024),
    ("inception_v3", 299, "MaxPool_5a_3x3"): (35, 192),
    ("inception_v3", 299, "Mixed_5b"): (35, 256),
    ("inception_v3", 299, "Mixed_5d"): (35, 288),
    ("inception_v3", 299, "Mixed_6e"): (17, 768),
    ("inception_v3", 299, "Mixed_7a"): (8, 1280),
    ("inception_v3", 299, "Mixed_7c"): (8, 2048),
    ("inception_v4", 299, "Mixed_3a"): (73, 160),
    ("inception_v4", 299, "Mixed_4a"): (71, 192),
    ("inception_v4", 299, "Mixed_5e"): (35, 384),
    ("inception_v4", 299, "Mixed_6h"): (17, 1024),
    ("inception_v4", 299, "Mixed_7d"): (8, 1536),
    ("inception_resnet_v2", 299, "Mixed_5b"): (35, 320),
    ("inception_resnet_v2", 299, "PreAuxLogits"): (17, 1088),
    ("inception_resnet_v2", 299, "Mixed_7a"): (8, 2080),
    ("inception_resnet_v2", 299, "Conv2d_7b_1x1"): (8, 1536),
    ("inception_resnet_v2-same", 299, "Conv2d_7b_1x1"): (10, 1536),
}


def test_names_in_the_order_of_the_article():
    assert networks.names() == NAMES


@pytest.mark.parametrize("name", END_POINTS)
def test_end_points(name: str):
    prefix, layers = END_POINTS[name]
    assert networks.end_points(name) == tuple(prefix + layer for layer in layers.split())


@pytest.mark.parametrize("name", NAMES)
def test_end_points_are_layers_in_order_and_the_last_is_the_output(name: str):
    graph, ends = networks.build(name), networks.end_points(name)
    assert tuple(layer for layer in graph.layers if layer in ends) == ends
    assert graph.outputs == ends[-1:]
    assert graph.inputs == ("image",)


@pytest.mark.parametrize("name", INNER)
def test_inner_layers_have_the_names_of_slim(name: str):
    assert set(INNER[name]) <= set(networks.build(name, None).layers)


@pytest.mark.parametrize(("name", "resolution", "layer"), SHAPES)
def test_shapes(name: str, resolution: int, layer: str):
    side, depth = SHAPES[name, resolution, layer]
    graph = networks.build(name, resolution)
    assert graph.shape(graph.index(layer)) == (1, side, side, depth)


@pytest.mark.parametrize("name", NAMES)
def test_channels_are_known_where_the_size_is_free(name: str):
    free, sized = networks.build(name, None), networks.build(name)
    for layer in sized.layers:
        shape = sized.shape(sized.index(layer))
        assert free.shape(free.index(layer)) == (1, None, None, shape[3])


@pytest.mark.parametrize("ask", [networks.build, networks.end_points])
def test_unknown_network(ask: object):
    assert callable(ask)
    with pytest.raises(UnknownNameError) as caught:
        ask("inception_v33")
    assert str(caught.value) == (
        "unknown network 'inception_v33'. "
        "Did you mean 'inception_v3', 'inception_v4' or 'inception_v2'?"
    )


def test_image_too_small():
    with pytest.raises(InvalidModelError, match=r"^MaxPool_5a_3x3: "):
        networks.build("inception_v3", 20)
