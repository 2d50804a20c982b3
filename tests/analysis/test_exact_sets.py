"""Exact sets and boxes where the axes of a field cannot be looked at one by one."""

from __future__ import annotations

from math import inf

import numpy as np

import rfield


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
