"""Indices that are data, element by element, and the corners of what is known, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from rfield.core import arrays
from rfield.core.link import Link
from rfield.core.relation import Sliding
from rfield.errors import InvalidModelError
from tests.core.arrays_graph import elements, graph_of, is_exact, numbered, reads, same_as

ALL = slice(None)


def box(shape: tuple[int, ...], *places: int | slice) -> set[tuple[int, ...]]:
    """The elements of a part of a tensor."""
    numbers = np.arange(np.prod(shape)).reshape(shape)[tuple(places)]
    return {tuple(map(int, np.unravel_index(k, shape))) for k in np.atleast_1d(numbers).flat}


Case = tuple[Callable[..., Any], tuple[tuple[int, ...], ...], Callable[..., Any]]
CASES: dict[str, Case] = {
    "take": (
        lambda x, i: arrays.take(x, i, axis=1),
        ((4, 5, 3), (2, 6)),
        lambda a, i, j, b: ((a, ALL, b), (i, j)),
    ),
    "take of rows": (
        lambda x, i: arrays.take(x, i, axis=2, batch_dims=1),
        ((4, 5, 3), (4, 6)),
        lambda a, b, j: ((a, b, ALL), (a, j)),
    ),
    "take_along_axis": (
        lambda x, i: arrays.take_along_axis(x, i, 1),
        ((4, 5, 3), (4, 2, 3)),
        lambda a, _, b: ((a, ALL, b), None),
    ),
    "take_along_axis, stretched": (
        lambda x, i: arrays.take_along_axis(x, i, 1),
        ((1, 5, 3), (4, 2, 1)),
        lambda a, j, b: ((0, ALL, b), (a, j, 0)),
    ),
    "gather_elements": (
        lambda x, i: arrays.gather_elements(x, i, 0),
        ((4, 5), (6, 3)),
        lambda i, j: ((ALL, j), (i, j)),
    ),
    "gather_nd": (
        arrays.gather_nd,
        ((4, 5, 3), (6, 2)),
        lambda i, b: ((ALL, ALL, b), (i, ALL)),
    ),
    "gather_nd of rows": (
        lambda x, i: arrays.gather_nd(x, i, batch_dims=1),
        ((4, 5, 3), (4, 6, 1)),
        lambda a, i, b: ((a, ALL, b), (a, i, ALL)),
    ),
    "gather_nd of single elements": (
        arrays.gather_nd,
        ((4, 5), (6, 2)),
        lambda i: ((ALL, ALL), (i, ALL)),
    ),
    "reverse_sequence": (
        lambda x, n: arrays.reverse_sequence(x, n, axis=1, batch_axis=0),
        ((4, 5), (4,)),
        lambda a, _: ((a, ALL), (a,)),
    ),
    "regions": (
        lambda x, b: arrays.regions_of(x, b, (2, 2)),
        ((1, 3, 4, 5), (6, 4)),
        lambda n, c, i, j: ((0, c, ALL, ALL), (n, ALL)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_index_that_is_data_reads_its_axis_and_nothing_else(name: str) -> None:
    make, shapes, wanted = CASES[name]
    graph = graph_of(make, *shapes)
    for index in product(*map(range, graph.nodes[-1].shape)):
        data, own = wanted(*index)
        assert reads(graph, index) == box(shapes[0], *data), index
        if own is not None:
            assert reads(graph, index, "y") == box(shapes[1], *own), index
    assert not is_exact(graph)


def test_scattered_elements_stay_in_their_columns() -> None:
    """Where the places are data an element keeps what it had, or takes any of its column."""
    graph = graph_of(lambda x, i, u: arrays.scatter_elements(x, i, u, 0), (4, 5), (2, 3), (2, 3))
    for i, j in product(range(4), range(5)):
        assert reads(graph, (i, j)) == {(i, j)}
        column = {(0, j), (1, j)} if j < 3 else set()
        assert reads(graph, (i, j), "y") == reads(graph, (i, j), "z") == column


def test_more_updates_than_indices_are_cut() -> None:
    """As in PyTorch: the updates may be larger, what is over is not read."""
    made = graph_of(
        lambda x, u: arrays.scatter_elements(x, np.array([[3, 0]]), u, 1), (2, 4), (2, 3)
    )
    found = {i: reads(made, i, "y") for i in product(range(2), range(4))}
    assert {i: r for i, r in found.items() if r} == {(0, 3): {(0, 0)}, (0, 0): {(0, 1)}}


def test_one_value_is_scattered_to_all_places() -> None:
    graph = graph_of(lambda x, u: arrays.scatter_elements(x, np.array([[3, 0]]), u, 1), (2, 4), ())
    found = [i for i in product(range(2), range(4)) if reads(graph, i, "y")]
    assert found == [(0, 0), (0, 3)]


def test_gather_elements_along_a_longer_axis() -> None:
    """The indices may be longer along their own axis, and as long along the others."""
    index = np.array([[0, 1], [2, 2], [1, 0], [0, 0], [2, 1]])
    wanted = np.take_along_axis(numbered((3, 2)), index, 0)
    elements(lambda x: arrays.gather_elements(x, index, 0), (3, 2), wanted)


def test_places_on_all_axes_at_once() -> None:
    places = np.array([[0, 1], [3, 4], [2, 2]])
    wanted = numbered((4, 5))[places[:, 0], places[:, 1]]
    elements(lambda x: arrays.gather_nd(x, places), (4, 5), wanted)
    with pytest.raises(InvalidModelError) as told:
        graph_of(lambda x: arrays.gather_nd(x, np.zeros((2, 3), int)), (4, 5))
    assert "the indices do not fit" in str(told.value)


def test_a_stretched_row_is_indexed_by_each_row_of_its_own() -> None:
    index = np.array([[0, 3], [1, 1], [3, 2]])
    wanted = np.take_along_axis(np.broadcast_to(numbered((1, 4)), (3, 4)), index, 1)
    elements(lambda x: arrays.take_along_axis(x, index, 1), (1, 4), wanted)


def test_an_even_step_that_is_written_slides() -> None:
    """Every third element is new; read by a relation of period 3, not by a table."""
    graph = graph_of(lambda x, v: arrays.overwrite(x, 0, [1, 4, 7], v), (9,), (3,))
    assert [reads(graph, (i,), "y") for i in range(9)] == [
        set(), {(0,)}, set(), set(), {(1,)}, set(), set(), {(2,)}, set(),
    ]  # fmt: skip
    assert [reads(graph, (i,)) for i in range(4)] == [{(0,)}, set(), {(2,)}, {(3,)}]
    links = graph.nodes[-1].links
    assert all(isinstance(k, Link) and isinstance(k.reads[0].relation, Sliding) for k in links)


@pytest.mark.parametrize(
    ("lower", "upper"), [(0, 0), (1, -1), (-1, 1), (2, 0), (-1, -1), (0, 2), (5, 5)]
)
def test_a_band_of_each_matrix(lower: int, upper: int) -> None:
    i, j = np.ogrid[:3, :4]
    kept = ((lower < 0) | (i - j <= lower)) & ((upper < 0) | (j - i <= upper))
    elements(
        lambda x: arrays.band(x, lower, upper), (2, 3, 4), np.where(kept, numbered((2, 3, 4)), 0)
    )


def test_one_tensor_alone_is_joined_to_itself() -> None:
    elements(lambda x: arrays.concat([x], -1), (2, 3), numbered((2, 3)))


def test_sequences_of_different_lengths_turn_alone() -> None:
    """TensorFlow's example: the first elements backwards, the rest as they are."""
    rows = numbered((3, 2, 4))
    wanted = rows.copy()
    for row, count in enumerate((2, 0, 4)):
        wanted[row, :, :count] = rows[row, :, :count][:, ::-1]
    elements(
        lambda x: arrays.reverse_sequence(x, [2, 0, 4], axis=2, batch_axis=0), (3, 2, 4), wanted
    )


@pytest.mark.parametrize("n", [1, 2, 3])
def test_differences_are_numpys(n: int) -> None:
    same_as(lambda x: arrays.diff(x, n), lambda x: np.diff(x, n), (2, 5))


def test_no_difference_is_the_tensor_itself() -> None:
    elements(lambda x: arrays.diff(x, 0), (2, 3), numbered((2, 3)))


@pytest.mark.parametrize("axes", [0, 1, 2, (0, 1), ([0], [1]), ([1, 0], [0, 1]), (-1, -2)])
def test_tensordot_is_numpys(axes: Any) -> None:
    same_as(
        lambda x, y: arrays.tensordot(x, y, axes), lambda x, y: np.tensordot(x, y, axes),
        (3, 3), (3, 3),
    )  # fmt: skip


def test_heads_that_do_not_share_keys() -> None:
    with pytest.raises(InvalidModelError) as told:
        graph_of(arrays.attention, (1, 6, 3, 2), (1, 4, 3, 2), (1, 4, 3, 2))
    assert "6 query heads do not share 4 key heads" in str(told.value)
