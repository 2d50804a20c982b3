"""Indexing and writing, against NumPy on numbered elements; data as an index is a bound."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from rfield.core import arrays
from rfield.core.graph import Graph
from rfield.errors import InvalidModelError
from rfield.frontends.machine.values import Constant
from tests.core.arrays_graph import elements, graph_of, is_exact, numbered, reads

SHAPE = (4, 5, 3)
ROWS, COLUMNS = np.array([0, 3, 1]), np.array([4, 0, 4])
TWOS, THREES = np.arange(2), np.arange(3)
INDICES: dict[str, Any] = {
    "integer": 1,
    "integer from the end": np.s_[:, -2],
    "slices": np.s_[1:, ::-2, -1:0:-1],
    "empty slice": np.s_[2:1],
    "new axes": np.s_[None, ..., None, 0],
    "nothing": np.s_[...],
    "list": np.s_[[2, 0, -1]],
    "table": np.s_[:, [[0, 1], [3, -1]]],
    "windows": np.s_[:, 2 * TWOS[:, None] + THREES],
    "windows behind their places": np.s_[:, 2 * TWOS[:, None] + THREES, 1:],
    "dilated windows backwards": np.s_[:, (4 - THREES)[:, None] - 2 * TWOS],
    "windows, unevenly filled": np.s_[:, THREES[:, None] + [0, 2, 1, 1]],
    "windows of windows": np.s_[:, TWOS[:, None, None] + TWOS[:, None] + THREES],
    "windows and one place": np.s_[1, THREES[:, None] + TWOS],
    "windows of two axes": np.s_[
        TWOS[:, None] + THREES, (THREES[:, None] + TWOS)[:, :, None, None]
    ],
    "windows of two axes apart": np.s_[TWOS[:, None, None] + THREES, :, THREES[::-1, None]],
    "windows beside a copied axis": np.s_[:, THREES[:, None, None] + TWOS, np.zeros((4, 1), int)],
    "windows beside pairs": np.s_[THREES[:, None] + TWOS, TWOS],
    "rows of no windows": np.s_[:, [[0, 1], [3, 2]]],
    "no windows": np.s_[:, np.zeros((0, 2), int) + TWOS],
    "pairs": np.s_[ROWS, COLUMNS],
    "pairs behind": np.s_[:, COLUMNS, [0, 1, 2]],
    "pairs apart": np.s_[ROWS, :, [0, 1, 2]],
    "pairs apart by None": np.s_[ROWS, None, COLUMNS],
    "integer beside an array": np.s_[1, :, [0, 2]],
    "outer": np.s_[np.ix_([3, 0], [1, 1, 4])],
    "outer apart": np.s_[np.array([[3], [0]]), :, np.array([0, 2, 1])],
    "mask": np.s_[np.array([True, False, True, False])],
    "mask of two axes": np.s_[np.arange(20).reshape(4, 5) % 3 == 0],
    "mask beside a slice": np.s_[:, np.array([True, False, True, False, True]), 1:],
    "empty list": np.s_[:, []],
}
WRITES: dict[str, Any] = {
    "integer": 2,
    "slice": np.s_[1:3],
    "slice with a step": np.s_[:, ::2],
    "slice backwards": np.s_[:, ::-2],
    "slices of three axes": np.s_[1:3, 0:4:2, -1],
    "list": np.s_[:, [3, 0]],
    "pairs": np.s_[[0, 3], [4, 1]],
    "pairs apart": np.s_[[0, 3], :, [2, 1]],
    "outer": np.s_[np.ix_([3, 0], [1, 4])],
    "outer, turned": np.s_[np.array([3, 0]), np.array([[1], [4]])],
    "mask": np.s_[:, np.array([True, False, True, False, True])],
    "all": np.s_[...],
}


@pytest.mark.parametrize("name", INDICES)
def test_getitem_is_numpys(name: str) -> None:
    index = INDICES[name]
    elements(lambda x: arrays.getitem(x, index), SHAPE, numbered(SHAPE)[index])


@pytest.mark.parametrize("name", WRITES)
def test_a_written_element_reads_what_was_written_and_not_the_old_one(name: str) -> None:
    index = WRITES[name]
    x = numbered(SHAPE)
    part = x[index].shape
    graph = graph_of(lambda x, y: arrays.put(x, index, y), SHAPE, part)
    wanted = x.copy()
    wanted[index] = -numbered(part)
    for place in np.ndindex(SHAPE):
        number = wanted[place]
        old = {np.unravel_index(number - 1, SHAPE)} if number > 0 else set()
        new = {np.unravel_index(-number - 1, part)} if number < 0 else set()
        assert (reads(graph, place), reads(graph, place, "y")) == (old, new), place
    assert is_exact(graph)


@pytest.mark.parametrize("name", WRITES)
def test_an_added_element_reads_both(name: str) -> None:
    index = WRITES[name]
    part = numbered(SHAPE)[index].shape
    graph = graph_of(lambda x, y: arrays.put(x, index, y, accumulate=True), SHAPE, part)
    wanted = np.zeros(SHAPE, int)
    wanted[index] = numbered(part)
    for place in np.ndindex(SHAPE):
        new = {np.unravel_index(wanted[place] - 1, part)} if wanted[place] else set()
        assert (reads(graph, place), reads(graph, place, "y")) == ({place}, new), place
    assert is_exact(graph)


def test_a_place_that_is_written_twice_may_hold_either() -> None:
    graph = graph_of(lambda x, y: arrays.put(x, [1, 1], y), (3,), (2,))
    assert reads(graph, (1,), "y") == {(0,), (1,)}
    assert not is_exact(graph)
    added = graph_of(lambda x, y: arrays.put(x, [1, 1], y, accumulate=True), (3,), (2,))
    assert reads(added, (1,), "y") == {(0,), (1,)}
    assert is_exact(added)


def test_values_broadcast() -> None:
    graph = graph_of(lambda x, y: arrays.put(x, np.s_[1:3], y), (4, 3), (3,))
    assert reads(graph, (2, 1), "y") == {(1,)}
    assert reads(graph, (2, 1)) == set()


def as_numpy(graph: Graph, shape: tuple[int, ...]) -> np.ndarray:
    """The number of the one element that each output reads; 0 for none."""
    found = np.zeros(graph.nodes[-1].shape, int)
    for index in product(*map(range, found.shape)):
        for place in reads(graph, index):
            found[index] = np.ravel_multi_index(place, shape) + 1
    return found


def test_take_of_rows_that_run_together() -> None:
    shape = (2, 4, 5)
    own = np.array([[0, -1], [3, 1]])
    wanted = np.stack([a[:, rows] for a, rows in zip(numbered(shape), own, strict=True)])
    elements(lambda x: arrays.take(x, own, 2, batch_dims=1), shape, wanted)
    elements(lambda x: arrays.take(x, [7, 39]), shape, numbered(shape).take([7, 39]))
    elements(lambda x: arrays.take(x, 2, 1), shape, numbered(shape)[:, 2])


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_take_along_axis_is_numpys(axis: int | None) -> None:
    shape = (3, 4, 5)
    wide = (60,) if axis is None else shape
    limit = wide[0 if axis is None else axis]
    own = (np.arange(60).reshape(wide) * 7) % limit
    wanted = np.take_along_axis(numbered(shape), own, axis)
    elements(lambda x: arrays.take_along_axis(x, own, axis), shape, wanted)


def test_take_along_axis_broadcasts() -> None:
    own = np.array([[[2, 0]], [[1, 1]], [[0, 3]]])
    wanted = np.take_along_axis(numbered((3, 4, 4)), own, 2)
    elements(lambda x: arrays.take_along_axis(x, own, 2), (3, 4, 4), wanted)
    row = np.array([[1, 0]])
    elements(lambda x: arrays.take_along_axis(x, row, 1), (3, 2), numbered((3, 2))[:, ::-1])


def test_gather_elements_cuts_where_numpy_broadcasts() -> None:
    own = np.array([[1, 3], [0, 2]])
    elements(lambda x: arrays.gather_elements(x, own, 1), (3, 4), np.array([[2, 4], [5, 7]]))


def test_gather_nd() -> None:
    x = numbered((4, 5, 6))
    own = np.array([[0, 1], [3, -1], [2, 2]])
    elements(lambda t: arrays.gather_nd(t, own), x.shape, x[own[:, 0], own[:, 1]])
    rows = np.array([[[1]], [[4]], [[0]], [[2]]])
    wanted = np.stack([a[r[..., 0]] for a, r in zip(x, rows, strict=True)])
    elements(lambda t: arrays.gather_nd(t, rows, batch_dims=1), x.shape, wanted)


def test_scatter_elements_puts_each_update_in_its_own_column() -> None:
    own = np.array([[2, 0, 1], [0, 1, 2]])
    graph = graph_of(lambda x, y: arrays.scatter_elements(x, own, y, 0), (4, 3), (2, 3))
    wanted = -numbered((4, 3))
    np.put_along_axis(wanted, own, numbered((2, 3)), 0)
    for place in np.ndindex(4, 3):
        number = wanted[place]
        new = {np.unravel_index(number - 1, (2, 3))} if number > 0 else set()
        assert (reads(graph, place), reads(graph, place, "y")) == (set() if new else {place}, new)
    assert is_exact(graph)


def test_scatter_nd_writes_rows() -> None:
    graph = graph_of(lambda x, y: arrays.scatter_nd(x, [[2], [0]], y), (3, 2), (2, 2))
    assert [reads(graph, (row, 1), "y") for row in range(3)] == [{(1, 1)}, set(), {(0, 1)}]
    assert [reads(graph, (row, 1)) for row in range(3)] == [set(), {(1, 1)}, set()]


def test_segments_and_reversed_sequences() -> None:
    graph = graph_of(lambda x: arrays.segments(x, [0, 2, 0, -1], 4), (4, 2))
    assert [reads(graph, (row, 1)) for row in range(4)] == [
        {(0, 1), (2, 1)}, set(), {(1, 1)}, set(),
    ]  # fmt: skip
    wanted = np.array([[3, 2, 1, 4], [6, 5, 7, 8]])
    elements(
        lambda x: arrays.reverse_sequence(x, [3, 2], axis=1, batch_axis=0), (2, 4), wanted
    )  # fmt: skip
    elements(
        lambda x: arrays.reverse_sequence(x, [3, 2], axis=0, batch_axis=1), (4, 2),
        np.array([[5, 4], [3, 2], [1, 6], [7, 8]]),
    )  # fmt: skip


BY_DATA: dict[str, tuple[Callable[..., Any], tuple[int, ...], set[Any], set[Any]]] = {
    "getitem": (lambda x, i: arrays.getitem(x, (slice(None), i)), (1, 1), {(1, 0), (1, 1), (1, 2)},
                {(1,)}),
    "take": (lambda x, i: arrays.take(x, i, 0), (1, 2), {(0, 2), (1, 2)}, {(1,)}),
    "scatter": (lambda x, i: arrays.put(x, i, x), (1, 2), {(0, 2), (1, 2)}, {(0,), (1,)}),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_DATA)
def test_an_index_that_is_data_may_be_any(name: str) -> None:
    make, index, elements_read, indices_read = BY_DATA[name]
    graph = graph_of(make, (2, 3), (2,))
    assert reads(graph, index) == elements_read
    assert reads(graph, index, "y") == indices_read
    assert not is_exact(graph)


def test_a_constant_that_the_data_looks_up_is_read_exactly() -> None:
    table = Constant((10, 4))
    graph = graph_of(lambda i: arrays.take(table, i, 0), (2, 3))
    assert graph.nodes[-1].shape == (2, 3, 4)
    assert reads(graph, (1, 2, 0)) == {(1, 2)}
    assert is_exact(graph)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda x: arrays.getitem(x, 4), "index 4 outside an axis of 4"),
        (lambda x: arrays.getitem(x, [0, -5]), "index -5 outside an axis of 4"),
        (lambda x: arrays.getitem(x, np.s_[0, 0, 0, 0]), "4 indices on 3 axes"),
        (lambda x: arrays.take(x, 0, 5), "axis = 5; the operand has 3 axes"),
        (lambda x: arrays.put(x, None, x), "an assignment has no new axes"),
        (
            lambda x: arrays.reverse_sequence(x, [9] * 5, axis=0, batch_axis=1),
            "lengths [9, 9, 9, 9, 9] of sequences in (4, 5, 3)",
        ),
    ],
)
def test_what_does_not_fit_is_an_error(make: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(InvalidModelError) as caught:
        graph_of(make, SHAPE)
    assert str(caught.value) == text


def test_rows_of_indices_that_are_written_out_are_axes_still() -> None:
    """``y[:, :1, :-1] = ...`` with a place for every element, as exported graphs have it."""
    grid = np.stack(np.broadcast_arrays(0, 0, np.arange(4)[None, None]), axis=-1)
    graph = graph_of(lambda x, y: arrays.scatter_nd(x, grid, y), (1, 2, 5), (1, 1, 4))
    assert {len(node.shape) for node in graph.nodes} == {3}
    assert [reads(graph, (0, 0, t), "y") for t in (0, 3, 4)] == [{(0, 0, 0)}, {(0, 0, 3)}, set()]
    assert [reads(graph, (0, c, 4)) for c in (0, 1)] == [{(0, 0, 4)}, {(0, 1, 4)}]
