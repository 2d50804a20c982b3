"""What answers are made of: closed forms, regions, equality, elements alive at once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import rfield
from rfield.analysis import closed_form as closed
from rfield.analysis.closed_form import ChainLayer
from rfield.analysis.cost import peak_elements
from rfield.analysis.results import Region
from rfield.errors import InvalidModelError

STEM = [ChainLayer(7, 2, 3), ChainLayer(3, 2, 1)]
"""The beginning of a residual network: r = 11, S = 4, P = 5."""


def test_closed_forms_of_a_stem():
    whole = closed.closed_form(STEM)
    assert (whole.size, whole.stride, whole.padding) == (11, 4, 5)
    assert (whole.first(3), whole.last(3), whole.center(3)) == (7, 17, 12)
    assert (closed.first_index(STEM, 3), closed.last_index(STEM, 3)) == (7, 17)
    assert closed.center(STEM, 3) == 12
    assert closed.center([ChainLayer(2)]) == Fraction(1, 2)
    assert closed.closed_form([ChainLayer(2)]).center(0) == Fraction(1, 2)


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [((0,), "0, stride=1"), ((1, 0), "1, stride=0")],
)
def test_a_layer_reads_something_and_goes_on(numbers, shown):
    with pytest.raises(InvalidModelError) as told:
        ChainLayer(*numbers)
    assert str(told.value) == (
        f"ChainLayer(kernel={shown}, padding=0, dilation=1): "
        "kernel, stride and dilation must be at least 1"
    )
    assert ChainLayer(1).extent == 1


def test_a_region_is_its_box():
    box = Region((1, 2), (4, 9), ("y", "x"))
    assert box == Region((1, 2), (4, 9), ("y", "x"))
    for other in (
        Region((0, 2), (4, 9), ("y", "x")), Region((1, 2), (5, 9), ("y", "x")),
        Region((1, 2), (4, 9), ("a", "b")), (1, 2),
    ):  # fmt: skip
        assert box != other
    assert (box.size, box.slices) == ((3, 7), (slice(1, 4), slice(2, 9)))
    assert str(box) == "y: 1..3, x: 2..8"


def test_many_regions():
    many = Region(np.array([[0, 1], [2, 3]]), np.array([[4, 4], [4, 4]]), ("y", "x"))
    assert many.size.tolist() == [[4, 3], [2, 1]]
    assert str(many) == "<2 regions>"
    with pytest.raises(TypeError) as told:
        _ = many.slices
    assert str(told.value) == "slices of many regions; index them first"


def skipping() -> rfield.Graph:
    """8 elements in; 24, 8 and 8 on the way to a sum of 8; 800 and 6 that it does not need."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 8))
    wide = b.conv("wide", x, kernel=3, channels=4)
    aside = b.conv("aside", x, kernel=1, channels=100)
    narrow = b.conv("narrow", wide, kernel=3, channels=2)
    late = b.conv("late", wide, kernel=1, channels=1)
    skip = b.conv("skip", x, kernel=5, channels=2)
    return b.build(outputs=[aside, late, b.add("sum", narrow, skip)])


@pytest.mark.parametrize(
    ("layer", "most"),
    [("signal", 8), ("wide", 8 + 24), ("narrow", 24 + 8), ("sum", 8 + 24 + 8)],
)
def test_elements_that_are_alive_at_once(layer, most):
    """A value lives to its last reader; what is not needed is not computed."""
    graph = skipping()
    assert peak_elements(graph, graph.index(layer)) == most


def test_answers_are_equal_where_every_number_is():
    graph = skipping()
    assert rfield.fits(graph, 3) == rfield.fits(skipping(), 3)
    assert rfield.fits(graph, 3) != rfield.fits(graph, 4)
    assert rfield.fits(graph, 3) != rfield.cost(graph)
    assert rfield.fits(graph, 3) != 3


def test_a_long_answer_is_cut_in_one_line():
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 8))
    assert repr(rfield.fits(b.build([b.pointwise("p", x)]), 1)) == "Fits(p: r 1, always)"
    for k in range(60):
        x = b.pointwise(f"layer{k}", x)
    shown = repr(rfield.fits(b.build([x]), 1))
    assert shown.startswith("Fits(p: r 1, always; layer0: r 1, always; layer1: r 1")
    assert (len(shown), shown[-3:-1]) == (len("Fits()") + 300, f"{shown[-3]}…")
