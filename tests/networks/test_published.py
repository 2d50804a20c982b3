"""The article's rows, as literals: size, stride and padding at 224, by input size, and FLOPs."""

from __future__ import annotations

import pytest

import rfield
from rfield import networks

ROWS = (
    ("alexnet_v2", "alexnet_v2/pool5", 195, 32, 64),
    ("vgg_16", "vgg_16/pool5", 212, 32, 90),
    ("mobilenet_v1", "Conv2d_13_pointwise", 315, 32, 126),
    ("resnet_v1_50", "resnet_v1_50/block4", 483, 32, 239),
    ("inception_v2", "Mixed_5c", 699, 32, 318),
    ("resnet_v1_101", "resnet_v1_101/block4", 1027, 32, 511),
    ("inception_v3", "Mixed_7c", 1311, 32, 618),
    ("resnet_v1_152", "resnet_v1_152/block4", 1507, 32, 751),
    ("resnet_v1_200", "resnet_v1_200/block4", 1763, 32, 879),
    ("inception_v4", "Mixed_7d", 2071, 32, 998),
    ("inception_resnet_v2", "Conv2d_7b_1x1", 3039, 32, 1482),
)

# Padding at 224 and 321 of every network's last end point, and whether it is the same at all sizes.
PADDING = {
    "alexnet_v2": (64, 64, True),
    "vgg_a": (59, 59, True),
    "vgg_16": (90, 90, True),
    "mobilenet_v1": (126, 157, False),
    "mobilenet_v1_075": (126, 157, False),
    "resnet_v1_50": (239, 241, False),
    "resnet_v1_101": (511, 513, False),
    "resnet_v1_152": (751, 753, False),
    "resnet_v1_200": (879, 881, False),
    "resnet_v2_50": (239, 241, False),
    "resnet_v2_101": (511, 513, False),
    "resnet_v2_152": (751, 753, False),
    "resnet_v2_200": (879, 881, False),
    "inception_v2": (318, 349, False),
    "inception_v2-no-separable-conv": (318, 349, False),
    "inception_v3": (618, 618, True),
    "inception_v4": (998, 998, True),
    "inception_resnet_v2": (1482, 1482, True),
    "inception_resnet_v2-same": (1488, 1519, False),
}

GIGAFLOPS = {
    "alexnet_v2": 1.380,
    "vgg_a": 14.984,
    "vgg_16": 30.713,
    "resnet_v1_50": 6.963,
    "resnet_v1_200": 28.799,
    "resnet_v2_50": 6.969,
    "inception_v2": 3.883,
    "inception_v2-no-separable-conv": 4.051,
    "inception_v3": 5.689,
    "inception_v4": 12.271,
}


def test_published_gives_the_rows_of_the_article():
    assert tuple(map(tuple, networks.published())) == ROWS


@pytest.mark.parametrize(("name", "end_point", "size", "stride", "padding"), ROWS)
def test_last_end_point_at_224(name: str, end_point: str, size: int, stride: int, padding: int):
    field = rfield.receptive_field(networks.build(name), end_point)
    assert (field.size, field.stride, field.padding) == (
        (size, size),
        (stride, stride),
        (padding, padding),
    )


@pytest.mark.parametrize(
    ("name", "at_224", "at_321", "fixed"), [(n, *p) for n, p in PADDING.items()]
)
def test_padding_is_none_where_it_depends_on_the_size(
    name: str, at_224: int, at_321: int, fixed: bool
):
    expected = {224: at_224, 321: at_321, None: at_224 if fixed else None}
    for resolution, padding in expected.items():
        assert rfield.receptive_field(networks.build(name, resolution)).padding == (padding,) * 2


@pytest.mark.parametrize(("resolution", "padding"), [(224, 126), (299, 147), (321, 157)])
def test_padding_of_mobilenet_by_size(resolution: int, padding: int):
    field = rfield.receptive_field(networks.build("mobilenet_v1", resolution))
    assert field.padding == (padding, padding)


@pytest.mark.parametrize("name", networks.names())
def test_every_end_point_has_a_fixed_padding_or_one_that_changes(name: str):
    # The free network claims something about all sizes; sizes of every residue that matters for
    # the first strides must not contradict it, and must show the dependence where it claims one.
    ends = networks.end_points(name)
    free = rfield.receptive_fields(networks.build(name, None))
    sized = [
        rfield.receptive_fields(networks.build(name, size)) for size in (224, 225, 226, 231, 321)
    ]
    for end in ends:
        assert {fields[end].size for fields in sized} == {free[end].size}
        assert {fields[end].stride for fields in sized} == {free[end].stride}
        seen = {fields[end].padding for fields in sized}
        assert (seen == {free[end].padding}) == (free[end].padding != (None, None)), end
        assert len(seen) == 1 or free[end].padding == (None, None), end


def test_resnet_padding_becomes_free_at_the_first_pooling():
    fields = rfield.receptive_fields(networks.build("resnet_v1_50", None))
    assert fields["resnet_v1_50/conv1"].padding == (3, 3)
    assert fields["resnet_v1_50/pool1"].padding == (None, None)


@pytest.mark.parametrize(("name", "published"), GIGAFLOPS.items())
def test_flops_at_224(name: str, published: float):
    assert rfield.cost(networks.build(name)).flops / 1e9 == pytest.approx(published, abs=0.0005)


def test_flops_of_mobilenet_without_its_batch_norm():
    # The article's 1.140 counts a product per normalised element, which rfield does not.
    assert round(rfield.cost(networks.build("mobilenet_v1")).flops / 1e9, 2) == 1.14


def test_flops_of_inception_resnet_without_the_scaling_of_its_residuals():
    # The article's 12.958 counts one product per element that a residual unit scales.
    scalings = 10 * 25 * 25 * 320 + 20 * 12 * 12 * 1088 + 10 * 5 * 5 * 2080
    flops = rfield.cost(networks.build("inception_resnet_v2")).flops
    assert round((flops + scalings) / 1e9, 3) == 12.958


@pytest.mark.parametrize(
    ("name", "resolution", "macs"),
    [("mobilenet_v1", 224, 567_716_352), ("mobilenet_v1_075", 128, 106_002_432)],
)
def test_macs_of_mobilenet_as_its_authors_count_them(name: str, resolution: int, macs: int):
    assert rfield.cost(networks.build(name, resolution)).macs == macs
