"""What a tile or a part of a stream needs around it: no more than its outputs read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rfield


def test_a_branch_that_is_taken_off_again_costs_no_context() -> None:
    """The channels of the wide branch are dropped: what is left is a kernel of 3."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 64))
    wide = b.conv("wide", x, kernel=31, padding=15, channels=2)
    near = b.conv("near", x, kernel=3, padding=1, channels=3)
    both = b.concat("both", wide, near)
    passed = b.crop("passed", both, crop=0)
    for name, of, channels, halo in (
        ("kept", both, (3, 5), 1), ("across", both, (1, 3), 15), ("behind", passed, (3, 5), 1),
    ):  # fmt: skip
        graph = b.build(outputs=[b.slice(name, of, axis=1, start=channels[0], stop=channels[1])])
        plan = rfield.tile_plan(graph, 200, tile=64)
        assert plan.halo == ((halo, halo),)


def test_positions_between_those_that_are_taken_cost_no_context() -> None:
    """Cubic resizing by 2 takes each second position as it is, and only these are read."""
    b = rfield.GraphBuilder()
    x = b.max_pool("pool", b.input("x", (1, 1, 40)), kernel=3, stride=1, padding=1)
    y = b.resize("twice", x, scale=2, mode="cubic", coordinates="asymmetric")
    plan = rfield.tile_plan(b.build([b.avg_pool("each", y, kernel=1, stride=2)]), 40, tile=3)
    assert plan.halo == ((1, 1),)


def test_what_reads_padding_alone_is_there_though_what_is_next_to_it_is_not() -> None:
    """The last position is turned to the beginning, where no window of what follows lies."""
    b = rfield.GraphBuilder()
    y = b.roll("roll", b.input("x", (1, 1, 40)), shifts={2: 1})
    y = b.conv("conv", y, kernel=2, stride=2, padding=[(2, 0)])
    y = b.max_pool("pool", b.pad("pad", y, padding=[(1, 0)]), kernel=2, stride=3)
    plan = rfield.stream_plan(b.build([y]))

    def run(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        y = np.pad(np.roll(x, 1, 2), [(0, 0), (0, 0), (2, 0)])
        pairs = y[..., : y.shape[2] // 2 * 2].reshape(1, 1, -1, 2).sum(3)
        padded = np.pad(pairs, [(0, 0), (0, 0), (1, 0)])
        ends = range(0, padded.shape[2] - 1, 3)
        return np.stack([padded[..., at : at + 2].max(2) for at in ends], 2)

    x = np.arange(101).reshape(1, 1, 101) * 37 % 101
    found = rfield.run_streaming(run, np.array_split(x, 9, 2), plan)
    assert np.array_equal(np.concatenate(list(found), 2), run(x))


def test_channels_that_are_lost_are_not_left_out() -> None:
    """One half of the channels is gated by the mean of all positions."""
    b = rfield.GraphBuilder()
    x = b.conv("conv", b.input("x", (1, 1, 64)), kernel=3, padding=1)
    gated = b.multiply("gated", x, b.global_pool("mean", x))
    graph = b.build(outputs=[b.concat("both", gated, x)])
    with pytest.raises(rfield.NotTileableError) as told:
        rfield.tile_plan(graph, 200, tile=64)
    assert str(told.value) == (
        "no tile of both equals the whole: 1 layer reads a whole axis (mean).\n"
        "  The local part can be tiled all the same, as an approximation: approximate=True"
    )


def test_what_an_output_does_not_need_sets_no_grid() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 64))
    near = b.conv("near", x, kernel=3, padding=1)
    graph = b.build([near, b.max_pool("pool", near, kernel=4, stride=4)])
    assert rfield.tile_plan(graph, 640, tile=64, output="near").grid == (1,)
    assert rfield.tile_plan(graph, 640, tile=64, output="pool").grid == (4,)


def test_what_lies_beside_the_output_says_which_lengths_there_are() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 9))
    beside = b.space_to_depth("beside", x, block=3)
    graph = b.build(outputs=[beside, b.conv("conv", x, kernel=3, padding=1)])
    plan = rfield.stream_plan(graph, "conv")
    assert (plan.exact, plan.grid) == (True, 3)


def test_a_model_read_at_one_block_streams_by_longer_ones() -> None:
    """Read at 8 samples it has one position; it takes 8, 17, 26 and so on, and not 128."""
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, 8)), kernel=2, stride=3, padding=[(0, 1)])
    graph = b.build([b.space_to_depth("blocks", y, block=3)])
    plan = rfield.stream_plan(graph)
    assert (plan.exact, plan.hop, plan.grid) == (True, 9, 9)
