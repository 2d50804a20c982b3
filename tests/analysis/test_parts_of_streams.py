"""What streams and tiles are made of: borders, merged axes, the lengths that are looked at."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest

import rfield
from rfield.analysis.pieces.comparing.cuts import Cut, LossError, numbers_met
from rfield.analysis.pieces.comparing.cuts import _box as box
from rfield.analysis.pieces.comparing.grid import last_along
from rfield.analysis.pieces.comparing.unfolding import _fits as fits
from rfield.analysis.pieces.comparing.unfolding import _spread as spread
from rfield.analysis.pieces.comparing.unwrapping import inside
from rfield.analysis.pieces.streams.lengths import Lengths
from rfield.core.link import Read
from rfield.core.numbers import Numbers
from rfield.core.relation import IDENTITY, WHOLE, At, Border, window

Mode = Literal["wrap", "edge", "reflect", "symmetric"]


@pytest.mark.parametrize(
    ("border", "mode"),
    [("circular", "wrap"), ("replicate", "edge"), ("reflect", "reflect"),
     ("symmetric", "symmetric")],
)  # fmt: skip
def test_what_stands_beyond_an_end(border: Border, mode: Mode) -> None:
    """NumPy pads the numbers of the positions."""
    found = inside(np.arange(-3, 9), 6, border)
    assert found is not None
    assert found.tolist() == np.pad(np.arange(6), 3, mode).tolist()


def test_the_last_layer_that_does_not_go_along() -> None:
    """Rows are listed by the first layer, columns are read whole by the second."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 8, 8))
    pick = b.gather("pick", x, axis=2, indices=[0, 1, 3])
    graph = b.build([b.reduce("mean", pick, axes=[3], keepdims=True)])
    y, x_ = (0, Fraction(1)), (1, Fraction(1))
    rates = [(None, None, y, x_), (None, None, None, x_), (None,) * 4]
    assert last_along(graph, [1, 2], rates, 0) == ("pick (gather)", True)
    assert last_along(graph, [1, 2], rates, 1) == ("mean (reduce)", False)
    assert last_along(graph, [1], rates, 1) is None


def some_lengths(**known: Any) -> Lengths:
    """One that knows these of a model."""
    found = object.__new__(Lengths)
    for name, value in known.items():
        setattr(found, name, value)
    return found


def test_rests_of_a_long_grid() -> None:
    """Of 48: every one below 4, every fourth below 12, every twelfth, and the last."""
    found = some_lengths(steps=frozenset({4, 12}), grid=48).residues()
    assert found == [0, 1, 2, 3, 4, 8, 12, 24, 36, 47]
    assert some_lengths(steps=frozenset({4}), grid=4).residues() == [0, 1, 2, 3]


def test_lengths_at_which_a_stream_is_looked_at() -> None:
    """Far from both ends (16), the rests of a grid of 4, two grids on, and four times as long.

    Where a mask is known of only 250, it is twice as long.
    """
    seen: list[int] = []
    lengths = some_lengths(
        steps=frozenset({2, 4}), grid=4, far=8, length=100, uneven=lambda size: None,
        differs=seen.append, lost=lambda size: ("a mask",) if size > 250 else (),
    )  # fmt: skip
    assert lengths.obstacle(None) == ()
    assert seen == [16, 17, 18, 19, 20, 24, 200]
    seen.clear()
    lengths.lost = lambda size: ()  # type: ignore[method-assign]
    assert lengths.obstacle(None) == ()
    assert seen == [16, 17, 18, 19, 20, 24, 400]
    seen.clear()
    assert lengths.obstacle(102) == ()
    assert seen == [18, 22, 26]


def test_where_nothing_agrees_everywhere_the_middle_decides() -> None:
    same = np.array([[0, 1, 0], [1, 0, 1], [1, 1, 0]], dtype=bool)
    assert box(same, (0, 1), middle=False) == [(0, 1), (1, 2)]
    assert box(same[1:], (0, 1), middle=False) == [(1, 2), (0, 2)]
    assert box(np.zeros((2, 2), dtype=bool), (0, 1), middle=True) is None
    assert box(np.array(False), (), middle=False) is None
    assert box(np.array(True), (), middle=False) == []


def test_beside_a_border_that_agrees_the_middle_decides() -> None:
    same = np.ones((5, 5), dtype=bool)
    same[1:4, [0, 4]] = False  # an edge that is the same along all of it, above and below
    assert box(same, (0, 1), middle=False) == [(0, 1), (0, 5)]
    assert box(same, (0, 1), middle=True) == [(0, 5), (1, 4)]


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (Read(0, IDENTITY), True), (Read(0, WHOLE), True), (Read(None, WHOLE), True),
        (Read(None, At(4)), True), (Read(None, IDENTITY), False),
        (Read(0, window(3, 1, 1)), False),
    ],
)  # fmt: skip
def test_who_may_read_two_axes_for_one(read: Read, expected: bool) -> None:
    assert fits(read, (2, 3), ((2, 3),)) == expected


def test_two_axes_for_one_are_met_as_one_but_not_as_two_others() -> None:
    same = Read(0, IDENTITY)
    assert fits(same, (2, 3), ((6,),))
    assert not fits(same, (2, 3), ((3, 2),))


def test_numbers_beside_two_axes_for_one_are_apart_as_well() -> None:
    def laid(shape: tuple[int, ...], *fine: tuple[int, ...]) -> Any:
        return spread(Numbers(np.arange(np.prod(shape)).reshape(shape)), fine)

    assert laid((6,), (2, 3)).array.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert laid((2, 6), (5,), (2,), (2, 3)).array.shape == (2, 2, 3)
    assert laid((1,), (2, 3)).array.shape == (1, 1)
    assert laid((5,), (2, 3)).array.shape == (5,)
    assert laid((2, 6), (2, 3)).array.shape == (2, 6)
    assert spread("weight", ((2, 3),)) == "weight"


def test_the_axis_is_that_of_the_output_that_is_asked_for() -> None:
    """The last output is of an image, which has no axis of time."""
    b = rfield.GraphBuilder()
    sound = b.conv("sound", b.input("x", (1, 1, 40)), kernel=5)
    graph = b.build([sound, b.conv("image", b.input("y", (1, 1, 8, 8)), kernel=3)])
    assert rfield.stream_plan(graph, "sound").axis == "t"


def test_numbers_beside_nothing_that_is_equal_are_not_compared() -> None:
    """A cut may end before the first position: no index that counts from the end."""
    part, whole = (Numbers(np.arange(n) % 2) for n in (20, 40))
    with pytest.raises(LossError):
        numbers_met([Cut(20, 0, -16)], part, whole)
