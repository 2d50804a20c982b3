"""Paths, objects and centres: the literature, all paths one by one, all placements one by one."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import rfield
from rfield.analysis.geometry.fits import Sees
from tests.analysis.literature import fcn32s, ssd300

# --- paths


def random_dag(seed: int) -> tuple[rfield.Graph, dict[str, set[int]]]:
    """A DAG of equal-stride branches and, per layer, the sizes of all paths to it, one by one."""
    draw = random.Random(seed)
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, LENGTH))
    layers: list[tuple[Any, int, set[int]]] = [(x, 1, {1})]
    sizes: dict[str, set[int]] = {}
    for number in range(draw.randint(4, 12)):
        value, stride, paths = layers[-1] if draw.random() < 0.6 else draw.choice(layers)
        partners = [one for one in layers if one[1] == stride and one[0] is not value]
        if partners and draw.random() < 0.4:
            other, _, others = draw.choice(partners)
            name = f"add{number}"
            made, paths = b.add(name, value, other), paths | others
        else:
            name = f"conv{number}"
            kernel = 2 * draw.randint(0 if number else 1, 2) + 1
            step = draw.choice([1, 1, 2])
            made = b.conv(name, value, kernel=kernel, stride=step, padding="same")
            paths = {r + (kernel - 1) * stride for r in paths}
            stride *= step
        layers.append((made, stride, paths))
        sizes[name] = paths
    return b.build([made for made, _, _ in layers[1:]]), sizes


@pytest.mark.parametrize("seed", range(40))
def test_extremes_are_those_of_all_paths(seed):
    graph, sizes = random_dag(seed)
    found = rfield.path_fields(graph)
    assert found.layers
    for row in found.layers:
        assert row.smallest == (min(sizes[row.layer]),)
        assert row.largest == (max(sizes[row.layer]),)
    assert found.last == (max(r for paths in sizes.values() for r in paths),)


def test_vgg_16_at_the_size_of_cifar():
    """Worked out by hand: pool3 reads 40 pixels, so it is the first layer that 32 do not fill."""
    found = rfield.path_fields("article:vgg_16", input_shape=224)
    assert [row.largest[0] for row in found.layers] == [
        3, 5, 6, 10, 14, 16, 24, 32, 40, 44, 60, 76, 92, 100, 132, 164, 196, 212,
    ]  # fmt: skip
    assert found.unproductive(32)[0] == "vgg_16/pool3"
    assert len(found.unproductive(32)) == 9
    assert found.unproductive(196) == ()
    assert found.unproductive(195) == ("vgg_16/pool5",)
    assert found.feasible == ((196, 212), (196, 212))


def test_residual_networks_have_short_paths():
    """ResNet-50's shortest path passes the 7x7, the pooling and one 3x3 at most: 11 pixels."""
    found = rfield.path_fields("article:resnet_v1_50", input_shape=224)
    assert found.feasible[0][1] == 483
    assert found.layers[-1].layer == "resnet_v1_50/block4/unit_3/bottleneck_v1/conv2"
    assert found.layers[-1].before == (11, 11)
    assert found.unproductive(32) == ()


def test_only_what_exceeds_the_image_on_every_axis_is_unproductive():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 16, 256))
    y = b.conv("b", b.conv("a", x, kernel=33, padding=16), kernel=3)
    found = rfield.path_fields(b.build([y]))
    assert found.unproductive() == ()
    assert found.unproductive(16) == ("b",)
    assert found.unproductive((16, 32)) == ("b",)


def test_a_free_input_asks_for_a_size():
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("image", (1, 1, None, None)), kernel=3)
    found = rfield.path_fields(b.build([y]))
    assert found.as_dict()["unproductive"] is None
    with pytest.raises(rfield.RFieldError) as told:
        found.unproductive()
    assert str(told.value) == "the input has free sizes; give one: unproductive(224)"
    with pytest.raises(rfield.RFieldError) as told:
        found.unproductive((3, 0))
    assert str(told.value) == (
        "size = (3, 0); expected positive integers, one or one for each of y, x"
    )


# --- objects


LENGTH = 256


def placed(graph: rfield.Graph, layer: str, size: int) -> tuple[Sees, Sees, int | None]:
    """Some output, every output on it, and the context at the worst place, by trying them all."""
    field = rfield.receptive_field(graph, layer)
    outputs = graph.nodes[graph.index(layer)].shape[2]
    at = np.arange(outputs)[:, None]
    box = field.region(at, clip=True)
    pairs = zip(
        box.start[:, 0].tolist(), box.stop[:, 0].tolist(), field.center(at)[:, 0], strict=True
    )
    regions = [(a, z, c) for a, z, c in pairs if z > a]
    start, stop = min(a for a, _, _ in regions), max(z for _, z, _ in regions)
    some: list[bool] = []
    every: list[bool] = []
    spare: list[int] = []
    for begin in range(start, stop - size + 1):
        end = begin + size
        some.append(any(a <= begin and z >= end for a, z, _ in regions))
        on = [a <= begin and z >= end for a, z, c in regions if begin <= c <= end - 1]
        every.append(bool(on) and all(on))
        spare.append(
            max(
                min(begin - a if a > start else LENGTH, z - end if z < stop else LENGTH)
                for a, z, _ in regions
            )
        )
    context = min(*spare, stop - start - size)
    return often(some), often(every), context if context >= 0 else None


def often(flags: list[bool]) -> Sees:
    return Sees.ALWAYS if all(flags) else Sees.SOMETIMES if any(flags) else Sees.NEVER


@pytest.mark.parametrize("seed", range(30))
def test_context_is_that_of_the_worst_placement(seed):
    draw = random.Random(seed)
    b = rfield.GraphBuilder()
    y = b.input("signal", (1, 1, LENGTH))
    stride = Fraction(1)
    names: list[str] = []
    for number in range(draw.randint(1, 4)):
        kernel, name = draw.randint(1, 9), f"layer{number}"
        if stride >= 2 and draw.random() < 0.4:
            y = b.conv_transpose(name, y, kernel=max(kernel, 2), stride=2)
            stride /= 2
        else:
            step = draw.choice([1, 2, 3] if stride < 8 else [1])
            y = b.conv(name, y, kernel=kernel, stride=step, padding=(kernel - 1) // 2)
            stride *= step
        names.append(name)
    graph = b.build([y])
    for size in (1, 3, 6, 11, 20):
        found = rfield.fits(graph, size)
        for name in names:
            row, expected = found[name], placed(graph, name, size)
            assert (row.sees, row.every, *row.context) == expected, (name, size)


def test_what_vgg_sees_of_an_object():
    """pool3: r = 44, S = 8. 44 hold 40, but only 44 - 7 = 37 are held wherever they lie."""
    found = rfield.fits("article:vgg_16", 40, input_shape=224)
    assert found["vgg_16/pool3"].sees is Sees.SOMETIMES
    assert found["vgg_16/conv3/conv3_3"].sees is Sees.SOMETIMES
    assert found["vgg_16/conv3/conv3_2"].sees is Sees.NEVER
    assert rfield.fits("article:vgg_16", 37, input_shape=224)["vgg_16/pool3"].sees is Sees.ALWAYS
    assert rfield.fits("article:vgg_16", 38, input_shape=224)["vgg_16/pool3"].sees is Sees.SOMETIMES
    assert found.first is not None
    assert found.first.layer == "vgg_16/conv4/conv4_1"
    assert [row.layer.split("/")[1] for row in found.levels] == [
        "conv1", "pool1", "pool2", "pool3", "pool4", "pool5",
    ]  # fmt: skip
    assert found["vgg_16/pool5"].outputs == (Fraction(5, 4), Fraction(5, 4))


def test_whole_axis_reads_are_flagged_and_see_everything():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 2, 32, 32))
    y = b.conv("conv", x, kernel=5)
    y = b.multiply("scale", y, b.global_pool("squeeze", y))
    found = rfield.fits(b.build([y]), (5, 3))
    assert (found["scale"].sees, found["scale"].reads_all) == (Sees.ALWAYS, True)
    assert found["scale"].context == (0, 1)
    assert (found["squeeze"].sees, found["squeeze"].context) == (Sees.ALWAYS, (None, None))
    assert [found[name].every for name in ("conv", "squeeze", "scale")] == [
        Sees.NEVER, Sees.ALWAYS, Sees.ALWAYS,
    ]  # fmt: skip
    document = json.loads(json.dumps(found.as_dict()))
    assert [document[key] for key in ("first", "first_local", "first_every")] == [
        "conv", "conv", "squeeze",
    ]  # fmt: skip


def wide(kernel: int = 3, dilation: int = 36, size: int = 28) -> rfield.Graph:
    """A layer whose outer taps lie far away, behind a plain one."""
    b = rfield.GraphBuilder()
    x = b.conv("stem", b.input("image", (1, 1, size, size)), kernel=3, padding=1)
    far = dilation * (kernel // 2)
    return b.build([b.conv("wide", x, kernel=kernel, dilation=dilation, padding=far, channels=1)])


@pytest.mark.parametrize(
    ("dilation", "size", "sees", "context"),
    [
        (36, 28, Sees.NEVER, None),  # only the middle tap is ever inside
        (28, 28, Sees.NEVER, None),
        (27, 28, Sees.ALWAYS, 23),  # the first and the last output hold the image
        (12, 28, Sees.ALWAYS, 11),
        (36, 80, Sees.ALWAYS, 35),
    ],
)
def test_taps_outside_the_image_see_nothing(dilation, size, sees, context):
    """An object of 5 pixels; the field of the wide layer is 2 * dilation + 3 in theory."""
    row = rfield.fits(wide(dilation=dilation, size=size), 5)["wide"]
    assert row.size == (2 * dilation + 3,) * 2
    assert (row.sees, row.context) == (sees, (context,) * 2)


def test_a_layer_of_which_one_tap_is_left_is_unproductive():
    found = rfield.path_fields(wide())
    assert (found.unproductive(), found.unproductive(28), found.unproductive(40)) == (
        ("wide",), ("wide",), (),
    )  # fmt: skip
    assert rfield.path_fields(wide(size=40)).unproductive() == ()


def test_what_is_seen_of_the_image_leaves_out_what_lies_outside():
    rows = {row.layer: row for row in rfield.summary(wide())}
    assert rows["wide"].share == (3 / 28, 3 / 28)
    assert rows["stem"].share == (3 / 28, 3 / 28)
    assert {row.layer: row for row in rfield.summary(wide(dilation=12))}["wide"].share[0] == 27 / 28
    b = rfield.GraphBuilder()  # each of two reaches inside, both together do not
    x = b.input("signal", (1, 1, 40))
    y = b.conv("first", x, kernel=3, dilation=20, padding=20)
    graph = b.build([b.conv("second", y, kernel=3, dilation=30, padding=30)])
    assert [row.share for row in rfield.summary(graph)] == [(21 / 40,), (31 / 40,)]


def test_one_pixel_and_a_flat_profile_have_no_made_up_width():
    found = rfield.influence(wide(kernel=3, dilation=36), (14, 14))
    assert [round(found.gaussian(k).std, 4) for k in (0, 1)] == [0.8165, 0.8165]
    b = rfield.GraphBuilder()
    graph = b.build([b.conv("far", b.input("x", (1, 1, 28)), kernel=3, dilation=36, padding=36)])
    alone = rfield.influence(graph, (14,)).gaussian(0)
    assert (alone.mean, alone.std, alone.r2) == (14.0, 0.0, 0.0)
    assert alone(np.array([13.0, 14.0, 15.0])).tolist() == [0.0, 1.0, 0.0]


def test_a_causal_layer_sees_an_object_from_its_end_only():
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 32))
    y = b.conv("past", x, kernel=9, padding=[(8, 0)])
    row = rfield.fits(b.build([y]), 4)["past"]
    assert (row.sees, row.every, row.context) == (Sees.ALWAYS, Sees.SOMETIMES, (2,))


@pytest.mark.parametrize("size", [0, -3, (40,), (40, 0), "forty", 2.5])
def test_an_impossible_object(size):
    with pytest.raises(rfield.RFieldError) as told:
        rfield.fits("article:vgg_16", size, input_shape=224)
    assert str(told.value) == (
        f"object_size = {size!r}; expected positive integers, one or one for each of y, x"
    )


# --- centres


def test_the_crop_of_fcn_32s_is_19():
    grid = rfield.centers(fcn32s(500))
    assert (grid.stride, grid.offset) == ((1, 1), (-19, -19))
    assert grid.shape == (544, 544)
    assert len(grid.phases[0]) == 32


@pytest.mark.parametrize(
    ("layer", "outputs", "step", "stride", "offset"),
    [  # step: the prior boxes' own; offsets worked out by hand
        ("conv4_3", 38, 8, 8, "7/2"),
        ("fc7", 19, 16, 16, "15/2"),
        ("conv8_2", 10, 32, 32, "15/2"),
        ("conv9_2", 5, 64, 64, "15/2"),
        ("conv10_2", 3, 100, 64, "143/2"),
        ("conv11_2", 1, 300, 64, "271/2"),
    ],
)
def test_the_levels_of_ssd300(layer, outputs, step, stride, offset):
    grid = rfield.centers(ssd300(), layer)
    assert grid.shape == (outputs, outputs)
    assert grid.stride == (stride, stride)
    assert grid.offset == (Fraction(offset), Fraction(offset))
    conventional = (np.arange(outputs) + 0.5) * step - 0.5
    apart = np.abs(grid.along("y") - conventional).max()
    assert apart == {"conv4_3": 0, "fc7": 0, "conv8_2": 8, "conv9_2": 24}.get(layer, apart)
    if stride == step:
        assert abs(grid.to_half_step[0]) == apart


def test_resnets_look_at_multiples_and_vgg_at_the_middles():
    """ResNet-50 at 225 (all padding even): 0, 32, …; VGG-16: 15.5, 47.5, …"""
    grid = rfield.centers("article:resnet_v1_50", input_shape=225)
    assert (grid.offset, grid.to_half_step, grid.to_multiples) == (
        (0, 0), (Fraction(-31, 2),) * 2, (Fraction(1, 2),) * 2
    )  # fmt: skip
    grid = rfield.centers("article:vgg_16", input_shape=224)
    assert (grid.offset, grid.to_half_step, grid.to_multiples) == (
        (Fraction(31, 2),) * 2, (0, 0), (16, 16)
    )  # fmt: skip
    assert grid.along("x").tolist() == [15.5, 47.5, 79.5, 111.5, 143.5, 175.5, 207.5]


def test_points_are_the_centres_of_all_regions():
    for graph in (fcn32s(100), ssd300()):
        grid = rfield.centers(graph)
        field = rfield.receptive_field(graph)
        assert grid.points.shape == (*grid.shape, 2)
        for index in np.ndindex(*(min(n or 0, 40) for n in grid.shape)):
            assert tuple(grid.points[index]) == field.center(index)
            for k, i in enumerate(index):
                phases, stride, offset = grid.phases[k], grid.stride[k], grid.offset[k]
                assert stride is not None
                assert offset is not None
                assert grid.points[index][k] == float(offset + stride * i + phases[i % len(phases)])


def test_a_grid_of_a_free_size():
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("image", (1, 1, None, None)), kernel=7, stride=2, padding=3)
    graph = b.build([y])
    grid = rfield.centers(graph)
    assert (grid.offset, grid.stride, grid.shape) == ((0, 0), (2, 2), (None, None))
    with pytest.raises(rfield.RFieldError) as told:
        _ = grid.points
    assert str(told.value) == (
        "conv: the input has free axes, so its map has no size; offset and stride are known"
    )
    free = rfield.centers("article:mobilenet_v1")
    assert free.offset == (None, None)
    assert free.why[0] == ("the padding of Conv2d_13_pointwise along y depends on the input size")
    assert json.loads(json.dumps(free.as_dict()))["offset"] == [None, None]


def test_a_layer_without_a_grid():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 2, 8, 8))
    graph = b.build([b.reshape("flat", b.conv("conv", x, kernel=1), (1, 2, 64))])
    grid = rfield.centers(graph)
    assert grid.points.shape == (64, 2)
    assert grid.points[9].tolist() == [1, 1]
    with pytest.raises(rfield.RFieldError) as told:
        grid.along("y")
    assert str(told.value) == "flat holds several axes of the input in one; ask for points"
    pooled = rfield.centers(b.build([b.global_pool("pool", x)]))
    assert pooled.why == ("a whole axis is read by pool",) * 2
