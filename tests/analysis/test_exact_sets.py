"""Exact sets and boxes where the axes of a field cannot be looked at one by one."""

from __future__ import annotations

from math import inf

import numpy as np

import rfield
from rfield.core import layout, ops
from rfield.core.graph import Draft


def test_an_output_that_reads_nothing_has_an_empty_box() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 2, 1, 2))
    y = b.max_pool("pool", x, kernel=1, stride=(1, 2), padding=[(0, 0), (1, 0)])
    y = b.conv("wide", y, kernel=1, channels=4, groups=2)
    graph = b.build(outputs=[b.depth_to_space("shuffle", y, block=(1, 2))])
    found = rfield.support(graph, np.array([[0, 0], [0, 1], [0, 2], [0, 3]]))
    assert [s.shape for s in found] == [(0, 0), (0, 0), (1, 1), (1, 1)]
    assert [s.count for s in found] == [0, 0, 1, 1]
    assert found[2].offset == (0, 1)


def gapped() -> rfield.ReceptiveField:
    """Zeros put between the columns, then every row with every other row."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 4, 4))
    y = b.conv_transpose("sparse", x, kernel=1, stride=(1, 2))
    y = b.crop("square", y, crop=[(0, 0), (0, 3)])
    return rfield.receptive_field(b.build(outputs=[b.matmul("product", y, y)]))


def test_gaps_beside_whole_axis_reads_are_exact_with_and_without_them() -> None:
    rf = gapped()
    assert rf.fidelity is rfield.Fidelity.EXACT
    # Row 1 of the left factor reads all columns; column 3 of the right one is empty, column 2 is 1.
    assert (rf.region((1, 3)).start, rf.region((1, 3)).stop) == ((1, -inf), (2, inf))
    assert (rf.region((1, 2)).start, rf.region((1, 2)).stop) == ((-inf, -inf), (inf, inf))
    assert rf.local.region((1, 2)).start == (1, 1)
    assert rf.local.region((1, 3)).size == (0, 0)


def test_gaps_behind_global_pooling_are_seen_on_every_axis() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 4, 4))
    y = b.conv_transpose("up", b.global_pool("pool", x), kernel=2, stride=3, output_padding=1)
    rf = rfield.receptive_field(b.build(outputs=[y]))
    read = [[rf.region((i, j)).size == (inf, inf) for j in range(-3, 3)] for i in range(-3, 3)]
    assert read == [[i % 3 < 2 and j % 3 < 2 for j in range(-3, 3)] for i in range(-3, 3)]


def test_a_whole_axis_that_stays_in_its_place_adds_nothing() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 5))
    y = b.resize("one", x, size=(1,), mode="linear", coordinates="align_corners")
    rf = rfield.receptive_field(b.build(outputs=[b.dense("dense", y, 3, axis=2)]))
    assert rf.global_reads == ()
    assert (rf.region((2,)).start, rf.region((2,)).stop) == ((0,), (1,))


def test_a_branch_that_reads_no_row_adds_no_column() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 2, 4))
    y = b.conv_transpose("sparse", x, kernel=1, stride=(2, 1), padding=[(1, 0), (0, 0)])
    y = b.slice("empty rows", y, axis=2, start=0, stop=2, step=2)
    y = b.conv("wide", y, kernel=(1, 3), padding="same")
    z = b.crop("first row", x, crop=[(0, 1), (0, 0)])
    graph = b.build(outputs=[b.add("sum", y, z)])
    assert rfield.receptive_fields(graph)["sum"].size == (1, 1)
    assert rfield.receptive_fields(graph, of="sum")["x"].size == (1, 1)
    assert rfield.receptive_field(graph, "wide").size == (0, 0)
    assert rfield.support(graph, (0, 1), "wide").shape == (0, 0)


def test_a_tensor_may_read_where_the_theory_reads_nothing() -> None:
    """The circle, unrolled, leads to the cropped part; wrapped, to the first element."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 2))
    y = b.conv_transpose("sparse", x, kernel=1, stride=2)
    y = b.roll("turned", b.slice("even", y, axis=2, start=0, stop=3, step=1), shifts={2: 1})
    graph = b.build(outputs=[b.slice("last", y, axis=2, start=0, stop=3, step=2)])
    rf = rfield.receptive_field(graph)
    assert rf.size == (0,)
    assert rf.region((0,), clip=True).stop == (2,)
    assert rfield.support(graph, (0,)).offset == (1,)


def test_attention_over_flattened_positions_is_global_on_both_axes() -> None:
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 6, 8))
    y = b.softmax("attention", b.reshape("tokens", x, (1, 1, 48), axes=(2,)), axis=2)
    rf = rfield.receptive_field(b.build(outputs=[b.reshape("image again", y, (1, 1, 6, 8))]))
    assert rf.size == (rfield.UNBOUNDED, rfield.UNBOUNDED)
    assert rf.local.size == (0, 0)
    assert rf.global_reads == ("attention",)


def test_a_frame_taken_out_of_flattened_frames_is_global_where_all_of_it_is_read() -> None:
    b = rfield.GraphBuilder()
    x = b.input("video", (1, 1, 3, 4, 5))
    y = b.reshape("tokens", x, (1, 1, 60), axes=(2,))
    y = b.reshape("frames", y, (1, 1, 3, 20), axes=(2, 3))
    y = b.reduce("first", b.slice("cut", y, axis=2, start=0, stop=1), axes=[3])
    rf = rfield.receptive_field(b.build(outputs=[y]))
    assert rf.local.size[1:] == (0, 0)
    assert rf.size[1:] == (rfield.UNBOUNDED, rfield.UNBOUNDED)


def test_attention_over_a_grid_of_windows_reads_the_whole_axis() -> None:
    """Every second column, each of which has read its window: that leaves nothing of the column."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 6, 6))
    y = b.softmax("windows", b.reshape("cut", x, (1, 1, 6, 2, 3)), axis=4)
    y = b.reshape("cells", b.reshape("joined", y, (1, 1, 6, 6)), (1, 1, 3, 2, 3, 2))
    y = b.reshape("tokens", b.permute("turned", y, (0, 3, 5, 1, 2, 4)), (4, 1, 9), axes=(2,))
    y = b.reshape("grids", b.softmax("grid", y, axis=2), (1, 2, 2, 1, 3, 3))
    y = b.reshape("out", b.permute("back", y, (0, 3, 4, 1, 5, 2)), (1, 1, 6, 6))
    rf = rfield.receptive_field(b.build(outputs=[y]))
    assert rf.size == (rfield.UNBOUNDED, rfield.UNBOUNDED)
    assert rf.local.size == (0, 0)


def test_a_single_channel_that_is_written_over() -> None:
    """Asked from either end: nothing of the old numbers is left."""
    shape = (1, 5, 4, 1)
    draft = Draft()
    x = draft.input("x", shape, (1, 2))
    old, new = (draft.add(name, ops.pointwise(shape), [x]) for name in ("old", "new"))
    written = layout.overwrite(shape, 3, range(0, 1, 2))
    graph = draft.finish([draft.add("written", written, [old, new])])
    assert rfield.receptive_fields(graph, of="written")["old"].size == (0, 0)
    assert rfield.receptive_field(graph, "written", wrt="old").size == (0, 0)
    assert rfield.receptive_fields(graph, of="written")["new"].size == (1, 1)
