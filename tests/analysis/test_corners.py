"""Where a field is cut, absent, shared or endless: small cases worked out by hand.

Each one was a mistake that no other test noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest

import rfield
from rfield.analysis.engines.reverse import exact_relations
from rfield.analysis.engines.through import _coverage as coverage
from rfield.core import layout, ops
from rfield.core.graph import Draft, Graph
from rfield.core.indices import IndexSet
from rfield.core.link import Link, Read
from rfield.core.operation import Op
from rfield.core.relation import IDENTITY, At, Sliding, shift


def built(size: int, make: Callable[[Any, Any], Any], channels: int = 1) -> Graph:
    """A network over one axis."""
    b = rfield.GraphBuilder()
    return b.build([make(b, b.input("x", (1, channels, size)))])


def regions(graph: Graph, positions: Sequence[int], *, clip: bool) -> list[tuple[float, float]]:
    """``(start, stop)`` of the regions of one axis."""
    found = [rfield.receptive_field(graph).region((i,), clip=clip) for i in positions]
    return [(region.start[0], region.stop[0]) for region in found]


def seeing(graph: Graph, index: int | slice) -> tuple[int, int]:
    """The outputs that see a part of the input, along one axis."""
    found = rfield.receptive_field(graph).outputs_seeing((index,))
    return int(found.start[0]), int(found.stop[0])


def test_irregular_windows_over_strided_ones() -> None:
    """Windows 0..1, 1..3, 3..4 of a convolution that reads 2i and 2i + 1; there is no other."""

    def make(b: Any, x: Any) -> Any:
        return b.adaptive_pool("pool", b.conv("conv", x, kernel=2, stride=2), 3)

    expected = [(0, 4), (2, 8), (6, 10)]
    assert regions(built(10, make), range(3), clip=False) == expected
    assert regions(built(10, make), range(3), clip=True) == expected
    rf = rfield.receptive_field(built(10, make))
    assert rf.region((3,)).size == (0,)
    assert rf.region((-1,)).size == (0,)
    assert rf.stride == (None,)


def test_irregular_windows_inside_regular_ones_add_nothing() -> None:
    """-1..1, 1..3, 3..5 beside 0..1, 1..3, 3..4."""

    def make(b: Any, x: Any) -> Any:
        regular = b.conv("conv", x, kernel=3, stride=2, padding=1)
        return b.add("sum", regular, b.adaptive_pool("pool", x, 3))

    rf = rfield.receptive_field(built(5, make))
    assert (rf.size, rf.stride, rf.padding) == ((3,), (2,), (1,))


def test_channels_of_different_strides_are_put_side_by_side() -> None:
    def make(b: Any, x: Any) -> Any:
        fast = b.conv("fast", x, kernel=1, stride=2)
        return b.concat("both", fast, b.crop("slow", x, crop=[(0, 4)]), axis=1)

    graph = built(8, make)
    assert regions(graph, range(4), clip=False) == [(0, 1), (1, 3), (2, 5), (3, 7)]
    assert rfield.receptive_field(graph).stride == (None,)


def test_channels_of_one_stride_are_put_side_by_side() -> None:
    def make(b: Any, x: Any) -> Any:
        left = b.conv("left", x, kernel=3, padding=[(2, 0)])
        return b.concat("both", left, b.conv("right", x, kernel=3, padding=[(0, 2)]), axis=1)

    rf = rfield.receptive_field(built(8, make))
    assert (rf.size, rf.stride, rf.padding) == ((5,), (1,), (2,))


def rows_of(select: Sequence[int]) -> Graph:
    """Rows of an image chosen by their index and added; the columns stay."""
    draft = Draft()
    x = draft.input("x", (1, 1, 6, 5), (2, 3))
    y = draft.add("y", ops.pointwise((1, 1, 6, 5)), [x])
    rows = [draft.add(f"row {row}", layout.select((1, 1, 6, 5), 2, row), [y]) for row in select]
    return draft.finish([draft.add("sum", ops.pointwise(*[(1, 1, 5)] * len(rows)), rows)])


def test_a_row_is_found_in_the_part_that_is_looked_at() -> None:
    """Rows 2 and 4 of a convolution along the columns, at its left border."""
    draft = Draft()
    x = draft.input("x", (1, 1, 6, 5), (2, 3))
    y = draft.add("conv", ops.conv((1, 1, 6, 5), kernel=(1, 3), padding=(0, 1)), [x])
    rows = [draft.add(f"row {i}", layout.select((1, 1, 6, 5), 2, i), [y]) for i in (2, 4)]
    graph = draft.finish([draft.add("sum", ops.pointwise((1, 1, 5), (1, 1, 5)), rows)])
    found = rfield.receptive_field(graph).region((0,), clip=True)
    assert (found.start, found.stop) == ((2, 0), (5, 2))


def test_a_field_that_nothing_moves_has_a_stride_of_zero() -> None:
    def make(b: Any, x: Any) -> Any:
        one = b.slice("one", x, axis=2, start=3, stop=4)
        return b.gather("again", one, axis=2, indices=[0, 0, 0])

    assert regions(built(8, make), range(3), clip=False) == [(3, 4)] * 3
    rf = rfield.receptive_field(rows_of([2, 4]))
    assert (rf.axes, rf.size, rf.stride) == (("y", "x"), (3, 1), (0, 1))


def test_what_is_too_long_to_be_listed_is_refused() -> None:
    """2**26 positions of an input of which every second one is read, and all at once."""
    size = 1 << 26

    def make(b: Any, x: Any) -> Any:
        y = b.conv("half", x, kernel=3, stride=2, padding=1)
        return b.reduce("all", y, axes=[2], keepdims=True)

    rf = rfield.receptive_field(built(size, make))
    with pytest.raises(rfield.RFieldError) as told:
        rf.region((0,), clip=True)
    assert str(size) in str(told.value).replace(",", "")


def test_the_rows_of_an_image_that_are_chosen_are_read() -> None:
    rf = rfield.receptive_field(rows_of([2, 4]))
    found = rf.region((3,), clip=True)
    assert (found.start, found.stop) == ((2, 3), (5, 4))
    exact = rfield.support(rows_of([2, 4]), (3,))
    assert (exact.offset, exact.mask.tolist()) == ((2, 3), [[True], [False], [True]])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [((2, 3), True), ((1, 3), True), ((0, 2), False), ((3, 5), False), ((3, 6), True)],
)
def test_who_sees_a_row_that_is_chosen(rows: tuple[int, int], expected: bool) -> None:
    select = [5] if rows == (3, 6) else [2]
    rf = rfield.receptive_field(rows_of(select))
    found = rf.outputs_seeing((slice(*rows), slice(1, 3)))
    assert (found.start, found.stop) == (((1,), (3,)) if expected else ((0,), (0,)))


def test_a_branch_that_does_not_see_an_input_position_hides_nobody_who_does() -> None:
    def make(b: Any, x: Any) -> Any:
        return b.add("sum", b.crop("a", x, crop=[(0, 3)]), b.crop("b", x, crop=[(3, 0)]))

    assert [seeing(built(6, make), i) for i in range(6)] == [
        (0, 1), (1, 2), (2, 3), (0, 1), (1, 2), (2, 3),
    ]  # fmt: skip


def test_an_operand_of_which_an_element_is_not_read_hides_nobody() -> None:
    """``x[i] + x[2]`` as one op: all see element 2, only one sees any other."""
    kept = [Read(0, IDENTITY), Read(1, IDENTITY)]
    draft = Draft()
    x = draft.input("x", (1, 1, 6), (2,))
    links = (Link([*kept, Read(2, IDENTITY)]), Link([*kept, Read(None, At(2))]))
    graph = draft.finish([draft.add("pick", Op("pick", (1, 1, 6), links), [x, x])])
    assert [seeing(graph, i) for i in range(4)] == [(0, 1), (1, 2), (0, 6), (3, 4)]


@pytest.mark.parametrize(("backward", "expected"), [(False, (0, 3)), (True, (0, 3))])
def test_a_running_sum_fills_the_holes_between_marks(
    backward: bool, expected: tuple[int, int]
) -> None:
    """Elements 0 and 4 are marked; 1 to 3 of the sums see the first, or the second, of them."""

    def make(b: Any, x: Any) -> Any:
        y = b.conv_transpose("sparse", x, kernel=1, stride=4)
        y = b.cumsum("sum", y, axis=2, backward=backward)
        return b.slice("between", y, axis=2, start=1, stop=4)

    assert seeing(built(3, make), slice(0, 2)) == expected


@pytest.mark.parametrize(
    ("index", "backward", "expected"),
    [(0, False, (0, 5)), (3, False, (3, 5)), (4, False, (4, 5)), (slice(1, 3), False, (1, 5)),
     (0, True, (0, 1)), (3, True, (0, 4)), (slice(1, 3), True, (0, 3))],
)  # fmt: skip
def test_who_sees_what_a_running_sum_reads(
    index: int | slice, backward: bool, expected: tuple[int, int]
) -> None:
    graph = built(5, lambda b, x: b.cumsum("sum", x, axis=2, backward=backward))
    assert seeing(graph, index) == expected


@pytest.mark.parametrize("mode", ["reflect", "symmetric", "replicate", "circular", "constant"])
def test_who_sees_what_a_border_repeats(mode: str) -> None:
    """NumPy pads the numbers of the elements; outputs that hold an element see it."""
    numpy_mode = {"replicate": "edge", "circular": "wrap"}.get(mode, mode)
    keywords: dict[str, Any] = {"constant_values": -1} if mode == "constant" else {}
    laid = np.pad(np.arange(6), (3, 4), mode=numpy_mode, **keywords)  # type: ignore[call-overload]  # a mode by its name
    graph = built(6, lambda b, x: b.pad("pad", x, padding=[(3, 4)], mode=mode))
    for index in range(6):
        hits = np.flatnonzero(laid == index)
        assert seeing(graph, index) == (hits[0], hits[-1] + 1)


def test_exact_relations_of_channels() -> None:
    """Two groups together read every channel; one channel of two is not all of them."""

    def grouped(b: Any, x: Any) -> Any:
        y = b.conv("groups", x, kernel=1, groups=2, channels=2)
        return b.conv("mixed", y, kernel=3)

    assert exact_relations(built(9, grouped, channels=4), "mixed")["x"] is not None

    def first(b: Any, x: Any) -> Any:
        return b.conv("mixed", b.slice("first", x, axis=1, start=0, stop=1), kernel=3)

    assert exact_relations(built(9, first, channels=2), "mixed")["x"] is None


def test_only_what_lies_between_makes_a_bound() -> None:
    draft = Draft()
    known, guessed = draft.input("known", (1, 1, 6), (2,)), draft.input("guessed", (1, 1, 6), (2,))
    odd = ops.along((1, 1, 6), {2: (shift(0, "zero"), 5)}, kind="odd", exact=False)
    cut = layout.slice_((1, 1, 6), 2, 1, 6, 1)
    draft.add("aside", odd, [known])
    parts = [draft.add("cut", cut, [known]), draft.add("odd", odd, [guessed])]
    graph = draft.finish([draft.add("sum", ops.pointwise((1, 1, 5), (1, 1, 5)), parts)])
    found = {name: rfield.support(graph, (2,), wrt=name) for name in ("known", "guessed")}
    assert {name: one.fidelity for name, one in found.items()} == {
        "known": rfield.Fidelity.EXACT, "guessed": rfield.Fidelity.UPPER_BOUND,
    }  # fmt: skip
    assert {name: one.offset for name, one in found.items()} == {"known": (3,), "guessed": (2,)}


def test_a_kernel_of_one_passes_its_axis_on_unchanged() -> None:
    (link,) = ops.conv((1, 2, 5, 5), kernel=(1, 3), channels=2).links
    assert str(link).startswith("Link(0: =, Whole(), 2: =, 3: Sliding(")
    (link,) = ops.conv((1, 2, 5), kernel=1, padding=1).links
    assert str(link) != "Link(0: =, Whole(), 2: =)"
    (link,) = layout.slice_((1, 5), 1, 0, 5, 1).links
    assert str(link) == "Link(0: =, 1: =)"
    (link,) = layout.slice_((1, 5), 1, 0, 4, 1).links
    assert str(link) != "Link(0: =, 1: =)"


@pytest.mark.parametrize("seed", range(60))
def test_outputs_that_read_anything_of_an_axis_with_ends(seed: int) -> None:
    draw = Random(seed)
    period, size, outputs = draw.randint(1, 3), draw.randint(1, 6), draw.randint(1, 12)
    taps = tuple(
        IndexSet.of([draw.randint(-5, 4) for _ in range(draw.randint(1, 2))]) for _ in range(period)
    )
    relation = Sliding(period, draw.choice([-2, -1, 1, 2]), taps, "cut")
    covered = [any(0 <= tap < size for tap in relation.at(i)) for i in range(outputs)]
    found = coverage(relation, size, outputs)
    assert (None if found is None else found.tolist()) == (None if all(covered) else covered)


def test_a_tensor_without_elements_reads_nothing_when_it_is_reshaped() -> None:
    """Of a row of six, nothing is left beside the row itself."""
    draft = Draft()
    x = draft.input("x", (1, 1, 6), (2,))
    y = draft.add("conv", ops.conv((1, 1, 6), kernel=(3,), padding=(1,)), [x])
    empty = draft.add("none", layout.slice_((1, 1, 6), 2, 0, 0), [y])
    shaped = draft.add("shaped", layout.reshape((1, 1, 0), (0, 1, 6)), [empty])
    graph = draft.finish([shaped])
    assert rfield.receptive_field(graph).size == (0,)


def test_a_long_window_beyond_the_end_beside_what_lies_far_from_it() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 186))
    beyond = b.conv("beyond", x, kernel=79, stride=2, padding=[(0, 90)])  # 196..274 at last
    graph = b.build([b.add("sum", beyond, b.crop("far", x, crop=[(55, 32)]))])
    assert str(rfield.receptive_field(graph).region(98, clip=True)) == "t: 153..153"
