"""Plans of tiles: budgets, halos of the literature, arithmetic without the image, bad input."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import rfield
from rfield.errors import NotTileableError


def u_net(depth: int, size: int = 256, axes: int = 2):
    """CSBDeep's: two convolutions of 3 a level, max-pooling by 2, nearest up-sampling."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1) + (size,) * axes)
    skips = []

    def block(name, x):
        for k in (1, 2):
            x = b.conv(f"{name}_{k}", x, kernel=3, padding=1)
        return x

    for d in range(depth):
        x = block(f"down{d}", x)
        skips.append(x)
        x = b.max_pool(f"pool{d}", x, kernel=2)
    x = block("middle", x)
    for d in reversed(range(depth)):
        x = b.resize(f"up{d}", x, scale=2, mode="nearest")
        x = block(f"back{d}", b.concat(f"join{d}", x, skips[d]))
    return b.build(outputs=[x])


@pytest.mark.parametrize(("depth", "overlap"), [(2, 22), (3, 46), (4, 94), (5, 190)])
def test_csbdeep_overlaps(depth, overlap):
    """The table of tile overlaps in CSBDeep (Weigert et al. 2018), kernel 3, pool 2."""
    graph = u_net(depth)
    halo = rfield.receptive_field(graph).halo
    assert halo.before == halo.after == (overlap, overlap)
    assert halo.block == (2**depth, 2**depth)
    plan = rfield.tile_plan(graph, (1024, 1024), tile=512)
    assert plan.grid == (2**depth, 2**depth)
    assert [axis.dropped for axis in plan.tiles] == [(overlap, overlap)] * 2


def test_a_halo_for_any_block_is_larger():
    halo = rfield.receptive_field(u_net(2)).halo
    assert halo.any_before == halo.any_after == (23, 23)
    assert str(halo) == "y: 22 before, 22 after; x: 22 before, 22 after"


def test_halo_of_a_valid_convolution_and_of_strides():
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 1000))
    y = b.conv("c", x, kernel=10, stride=5)
    graph = b.build(outputs=[b.conv("d", y, kernel=3, padding=1)])
    halo = rfield.receptive_field(graph).halo
    assert (halo.before, halo.after) == ((5,), (10,))  # output 0 reads -5..14, its own are 0..4


def test_a_crop_before_padding_needs_more_than_the_field():
    """A crop cuts what the padded convolution would read: two positions more than its field."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 100))
    y = b.conv("c", b.crop("cut", x, crop=[(2, 0)]), kernel=3, padding=1)
    plan = rfield.tile_plan(b.build(outputs=[y]), 100, tile=30)
    assert plan.tiles[0].dropped == (1, 1)
    assert plan.halo == ((1, 3),)


def test_every_output_is_written_once():
    plan = rfield.tile_plan(u_net(2), (200, 140), tile=(100, 84))
    written = np.zeros((200, 140), dtype=int)
    for tile in plan:
        written[tile.write] += 1
        assert all(0 <= s.start < s.stop <= n for s, n in zip(tile.read, (200, 140), strict=True))
        assert all(
            v.stop - v.start == w.stop - w.start
            for v, w in zip(tile.valid, tile.write, strict=True)
        )
    assert (written == 1).all()


def test_a_sequence():
    plan = rfield.tile_plan(u_net(2), (200, 140), tile=(100, 84))
    assert [plan[k] for k in range(len(plan))] == list(plan)
    assert plan[-1] == plan.at([count - 1 for count in plan.counts])
    assert plan[1:3] == (plan[1], plan[2])
    with pytest.raises(IndexError):
        plan[len(plan)]


def test_a_plan_does_not_grow_with_the_image():
    plan = rfield.tile_plan(u_net(4), (10**9, 10**9), tile=1024)
    assert len(plan) == plan.counts[0] ** 2 > 10**12
    last = plan[-1]
    assert last.write[0].stop == last.read[0].stop == 10**9


def test_the_best_tile_within_a_budget():
    """No other pair of sizes within the budget computes less (all pairs are tried)."""
    graph, image, budget = u_net(2), (160, 120), 90 * 90
    best = rfield.tile_plan(graph, image, max_pixels=budget)
    assert np.prod(best.tile) <= budget
    for rows in range(48, 161, 4):
        for columns in range(48, 121, 4):
            if rows * columns <= budget:
                other = rfield.tile_plan(graph, image, tile=(rows, columns))
                assert best.overhead <= other.overhead + 1e-12


def test_a_budget_of_bytes():
    """Six channels of full size are alive at the last join: 2 and 1, and their concatenation.

    So no tile of more than a 24th of the bytes, in single precision.
    """
    plan = rfield.tile_plan(u_net(2), (2000, 2000), max_bytes=3_000_000)
    assert 24 * np.prod(plan.tile) <= 3_000_000
    by_pixels = rfield.tile_plan(u_net(2), (2000, 2000), max_pixels=3_000_000 // 25)
    assert plan.overhead <= by_pixels.overhead


def test_output_coordinates_of_a_stride():
    b = rfield.GraphBuilder()
    y = b.conv("c", b.input("image", (1, 1, 64, 64)), kernel=5, stride=2, padding=2)
    plan = rfield.tile_plan(b.build(outputs=[y]), (99, 64), tile=33)
    assert plan.tiles[0].rate == Fraction(1, 2)
    assert plan.output_shape == (1, 1, 50, 32)


def test_bioimageio():
    plan = rfield.tile_plan(u_net(3), (1024, 1024), tile=512)
    assert plan.as_bioimageio() == {
        "inputs": [{"type": "space", "id": n, "size": {"min": 104, "step": 8}} for n in "yx"],
        "outputs": [
            {
                "type": "space",
                "id": n,
                "size": {"tensor_id": "image", "axis_id": n, "offset": 0},
                "scale": 1.0,
                "halo": 46,
            }
            for n in "yx"
        ],
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tile": 40}, "a tile of 40 along y is all halo: nothing of it equals the whole.\n"
                       "  The smallest tile is 48 × 48."),
        ({"max_pixels": 1000}, "max_pixels = 1000 allows a tile of 1,000 positions, and the "
                               "smallest one that gives anything has 2,304 (48 × 48)."),
        ({"max_bytes": 1000}, "max_bytes = 1000 allows a tile of "),
        ({}, "give one of tile=, max_pixels= and max_bytes="),
        ({"output": 24}, "give one of tile=, max_pixels= and max_bytes=; the third place is a "
                         "layer's name, not 24"),
        ({"tile": 64, "max_pixels": 9}, "give one of tile=, max_pixels= and max_bytes="),
        ({"tile": 0}, "tile = 0; expected positive integers"),
        ({"tile": (64, 64, 64)}, "tile = (64, 64, 64); expected 1 or 2 values"),
        ({"max_pixels": -1}, "max_pixels = -1; expected a positive integer"),
        ({"tile": 64, "padding": "same"}, 'padding = \'same\'; expected numbers or "fit"'),
        ({"tile": 64, "padding_mode": "mirror"}, "unknown padding mode 'mirror'. Known: constant"),
        ({"tile": 64, "output": "dwon0_1"}, "unknown layer 'dwon0_1'. Did you mean 'down0_1'"),
    ],
)  # fmt: skip
def test_bad_input(options, message):
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.tile_plan(u_net(2), (200, 140), **options)
    assert str(caught.value).startswith(message)


def test_an_image_that_the_model_cannot_read():
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.tile_plan(u_net(2), (201, 140), tile=64)
    first, last = str(caught.value).split("\n")
    assert first.startswith("the model cannot be read at 201 × 140: join0: ")
    assert last == (
        "  Its grid is 4 × 4: a size that differs by multiples of that from one it accepts "
        'will do; padding="fit" pads the image so.'
    )


@pytest.mark.parametrize("padding", [0, "fit"])
def test_where_no_size_beside_its_own_would_do_none_is_advised(padding):
    """The other input is half as large, or the map is added to a table."""
    b = rfield.GraphBuilder()
    x, half = b.input("x", (1, 1, 64)), b.input("half", (1, 1, 32))
    two = b.build([b.add("sum", b.conv("c", x, kernel=3, stride=2, padding=1), half)])
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.tile_plan(two, 67, tile=32, wrt="x", padding=padding)
    assert str(caught.value).split("\n")[-1] == (
        "  It takes 64 and none that is larger along t by a step of its grid, 2: half would have "
        "to change as well."
    )
    graph = fixed_table(64)
    graph.reread = lambda shapes: fixed_table(shapes["x"][2])
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.tile_plan(graph, 67, tile=32, padding=padding)
    assert str(caught.value).split("\n")[-1] == (
        "  It takes 64 and none that is larger along t by a step of its grid, 1. If that is no "
        "axis of positions, axes= says which are."
    )


def fixed_table(size):
    if size != 64:
        raise rfield.InvalidModelError("a table of 64")
    b = rfield.GraphBuilder()
    return b.build([b.conv("c", b.input("x", (1, 1, size)), kernel=3, padding=1)])


@pytest.mark.parametrize("image", [(0, 140), (200, 140, 3), "200", (200.5, 140)])
def test_bad_images(image):
    with pytest.raises(rfield.RFieldError, match="image = "):
        rfield.tile_plan(u_net(2), image, tile=64)


def test_a_layer_that_is_no_map():
    b = rfield.GraphBuilder()
    y = b.global_pool("pool", b.conv("c", b.input("image", (1, 3, 64, 64)), kernel=3))
    with pytest.raises(NotTileableError) as caught:
        rfield.tile_plan(b.build(outputs=[y]), (100, 100), tile=50)
    assert str(caught.value) == (
        "pool (1, 3, 1, 1): no axis of it goes along with y, so it has no tiles.\n"
        "  Choose a layer that is a map: output=..."
    )


class TestRunning:
    plan = rfield.tile_plan(u_net(2), (200, 140), tile=(100, 84))

    def test_an_image_of_another_size(self):
        with pytest.raises(rfield.RFieldError) as caught:
            rfield.run_tiled(lambda x: x, np.zeros((1, 1, 140, 200)), self.plan)
        assert str(caught.value) == (
            "image: an image of (1, 1, 140, 200), whose axes (2, 3) are planned as 200 × 140"
        )

    def test_a_result_of_another_size_names_the_tile(self):
        shapes = iter([(1, 1, 100, 84), (1, 1, 100, 80)])
        with pytest.raises(rfield.RFieldError) as caught:
            rfield.run_tiled(
                lambda x: np.zeros(next(shapes)), np.zeros((1, 1, 200, 140)), self.plan
            )
        assert str(caught.value) == (
            "tile (0, 1): the function gave (1, 1, 100, 80); its axes (2, 3) should be 100 × 84"
        )

    def test_another_number_of_images(self):
        with pytest.raises(rfield.RFieldError, match="2 images for the inputs image"):
            rfield.run_tiled(lambda x: x, (np.zeros(1), np.zeros(1)), self.plan)
