"""What the engines are made of: the positions that are looked at, and an endless axis cut short."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rfield
from rfield.analysis.engines.backward import _cut as cut
from rfield.analysis.engines.bounds import AxisField
from rfield.analysis.engines.footprint import Footprint
from rfield.analysis.engines.free import _step as step
from rfield.analysis.engines.free import padding_by_size
from rfield.analysis.engines.passing import _is_same as is_same
from rfield.analysis.engines.products import _has_largest as has_largest
from rfield.analysis.engines.projective import _gather as gather
from rfield.analysis.engines.pull import (
    NOTHING,
    prime_factors,
    slide_finite,
    slide_pattern,
    table_pattern,
)
from rfield.analysis.engines.solid import _has_largest as holds_all
from rfield.analysis.engines.terms import Span, Term, Terms
from rfield.analysis.engines.through import _outgrows as outgrows
from rfield.analysis.engines.through import _prefix as prefix
from rfield.core.indices import IndexSet
from rfield.core.limits import CELL_LIMIT, PHASE_LIMIT
from rfield.core.link import Reshaped
from rfield.core.relation import Border, Prefix, Sliding, Table, Whole
from rfield.errors import TooLargeError


def term(period: int, advance: int | None, carrier: int | None = 0, rank: int = 1) -> Term:
    """A term whose bounds differ at each of ``period`` positions along its carrier."""
    shape = [1] * rank
    shape[carrier or 0] = period
    values = np.arange(period, dtype=np.int64).reshape(shape)
    return Term(values, values + 2, carrier, advance)


def rows(terms: tuple[Term, ...], shape: tuple[int, ...], positions: tuple[int, ...] = (0,)):
    found = [*AxisField(terms, positions, shape).samples()]
    return np.concatenate(found).tolist()


@pytest.mark.parametrize(
    ("terms", "size", "expected"),
    [
        ((term(3, 1),), 12, range(3)),
        ((term(2, 2), term(3, 3)), 12, range(6)),
        ((term(2, 1), term(3, 1)), 12, range(12)),
        ((term(5, None),), 5, range(5)),
        ((term(1, None, None),), 5, range(1)),
        ((term(2, 1), term(1, None, None)), 7, range(7)),
        ((term(1, 1), term(1, 2)), 4, range(4)),
        ((), 4, range(1)),
    ],
)
def test_positions_that_show_every_phase(
    terms: tuple[Term, ...], size: int, expected: range
) -> None:
    """All phases where one stride goes on; every position where strides or reaches differ."""
    assert rows(terms, (size,)) == [[i] for i in expected]


def test_of_a_long_axis_every_position_is_looked_at() -> None:
    size = 4 * PHASE_LIMIT + 1
    assert rows((term(2, 1), term(3, 1)), (size,)) == [[i] for i in range(size)]
    with pytest.raises(rfield.TooLargeError, match="the sizes at all positions of a field"):
        rows((term(2, 1), term(3, 1)), (CELL_LIMIT + 1,))


def test_positions_of_two_axes_are_combined() -> None:
    terms = (term(2, 2, 0, 2),)
    assert rows(terms, (6, 5), (0, 1)) == [[0, 0], [1, 0]]
    assert rows(terms, (6, 5), (1,)) == [[0]]
    assert rows(terms, (6, 5), ()) == [[]]
    other = term(3, 3, 1, 2)
    found = rows((terms[0], other), (4, 5), (0, 1))
    assert found == [[i, j] for i in range(4) for j in range(5)]


def test_an_endless_axis_is_cut_to_one_period() -> None:
    windows = ((0, 1), (3, 9), (-(10**18), 10**18), (2, 5), (7, 8))
    foot = Footprint(windows, (), np.ones(1))
    relation = Sliding(3, 0, (IndexSet.of([4]), IndexSet.of([4]), IndexSet.of([4])))
    assert cut(foot, 2, relation).windows == ((0, 1), (3, 9), (0, 3), (2, 5), (7, 8))


def test_positions_of_two_long_axes_are_all_combined() -> None:
    terms = (term(700, None, 0, 2), term(701, None, 1, 2))
    found = rows(terms, (700, 701), (0, 1))
    assert found == [[i, j] for i in range(700) for j in range(701)]


@pytest.mark.parametrize("border", ["zero", "replicate", "cut"])
@pytest.mark.parametrize(("before", "stride"), [(20, 3), (0, 1), (150, 7), (-60, 2)])
def test_windows_wider_than_64_one_by_one(border: Border, before: int, stride: int) -> None:
    """The least and the largest of what each window holds, of 150 numbers in no order."""
    size, width = 150, 80
    values = np.random.default_rng(200 + before).permutation(size).astype(np.int64)
    relation = Sliding(1, stride, (IndexSet.interval(-before, width - 1 - before),), border)
    outputs = np.arange(40, dtype=np.int64)
    low, high = slide_finite((values, values + 1000), relation, size, outputs)
    for i in range(40):
        taps = range(stride * i - before, stride * i - before + width)
        if border == "replicate":
            read = [int(values[min(max(tap, 0), size - 1)]) for tap in taps]
        else:
            read = [int(values[tap]) for tap in taps if 0 <= tap < size]
        expected = (min(read), max(read) + 1000) if read else NOTHING
        assert (int(low[i]), int(high[i])) == expected, i


@pytest.mark.parametrize("border", ["zero", "cut", "circular"])
@pytest.mark.parametrize("first", [-12, 0, -14, 9])
def test_windows_of_which_many_hold_the_same(border: Border, first: int) -> None:
    """Blocks of 2 every 4, of 16 numbers: what lies inside repeats with every second window."""
    size, outputs = 16, np.arange(9, dtype=np.int64)
    offsets = [first + 4 * block + k for block in range(7) for k in range(2)]
    values = np.random.default_rng(7).permuted(np.tile(np.arange(size), (40, 1)), axis=1)
    relation = Sliding(1, 2, (IndexSet.of(offsets),), border)
    low, high = slide_finite((values, values + 100), relation, size, outputs)
    assert low.shape == high.shape == (40, 9)
    for row in range(40):
        for i in range(9):
            taps = [2 * i + tap for tap in offsets]
            inside = [t % size for t in taps if border == "circular" or 0 <= t < size]
            read = [int(values[row, tap]) for tap in inside]
            expected = (min(read), max(read) + 100) if read else NOTHING
            assert (int(low[row, i]), int(high[row, i])) == expected, (row, i)


@pytest.mark.parametrize(
    ("backward", "low", "high"),
    [
        (False, [5, 0, 0, 0, 0, 0], [5, 5, 5, 5, 7, 7]),
        (True, [0, 0, 2, 2, 2, 2], [7, 7, 7, 7, 7, 2]),
    ],
)
def test_running_over_positions_in_no_order(
    backward: bool, low: list[int], high: list[int]
) -> None:
    values = np.array([[5, 0, 3, 3, 7, 2]], dtype=np.int64)
    found = prefix(Term(values, values, 1, None), 1, Prefix(backward))
    assert (found.low.tolist(), found.high.tolist()) == ([low], [high])
    assert (found.carrier, found.advance, found.is_global) == (1, None, True)
    beside = prefix(Term(values, values, 0, 1), 1, Prefix(backward))
    assert (beside.low.tolist(), beside.high.tolist()) == ([low], [high])
    assert (beside.carrier, beside.advance, beside.is_global) == (0, 1, False)


def test_padding_at_several_sizes() -> None:
    """SAME, kernel 3 and stride 2: one on the left of an odd length, none of an even one."""
    b = rfield.GraphBuilder()
    x = b.conv("c", b.input("x", (1, 1, None)), kernel=3, stride=2, padding="same")
    graph = b.build([x])
    assert padding_by_size(graph, "c", [7, 8, 9]) == {7: (1,), 8: (0,), 9: (1,)}


def test_the_step_of_a_state() -> None:
    states = [
        None,
        Span(2, -3, 0, 1),
        Span(2, 3, 0, 1),
        Terms((term(2, 5), term(3, None), term(2, -7))),
    ]
    assert [step(state) for state in states] == [0, -3, 3, 7]


def test_no_index_that_reads_all_that_the_others_do() -> None:
    """Of two rows each reads an element that the other does not."""
    marks = np.array([[True, False], [False, True]])
    assert not has_largest((marks,), 0)
    assert has_largest((marks | [True, False],), 0)


def test_a_reach_that_holds_all_others() -> None:
    """0 to 3 holds 1 to 2; of 0 to 2 and 1 to 3 none holds the other."""
    whole, low = Whole(), np.array([0, 1], np.int64)
    assert holds_all(((low, np.array([3, 2], np.int64)),), 0, whole)
    assert not holds_all(((low, np.array([2, 3], np.int64)),), 0, whole)


def test_prime_factors_are_prime() -> None:
    assert [prime_factors(n) for n in (1, 12, 49, 97)] == [(), (2, 3), (7,), (97,)]


def test_rows_of_another_length_that_still_repeat() -> None:
    """Of 3 rows of 5, a period of 2 repeats after 2."""
    link = Reshaped((15,), (3, 1, 5))
    assert not outgrows(term(2, 2), link, link.groups[0])
    assert outgrows(term(4, 4), link, link.groups[0])


def test_a_running_sum_has_no_theory_beyond_its_tensor() -> None:
    """Rows and columns of holes beside none are exact together only, which needs a canvas."""
    found: list[rfield.Fidelity] = []
    for running in (False, True):
        b = rfield.GraphBuilder()
        x = b.input("image", (1, 1, 9, 9))
        x = b.cumsum("sums", x, axis=2) if running else x
        holes = b.conv_transpose("holes", x, kernel=1, stride=2)
        full = b.conv_transpose("full", x, kernel=3, stride=2, padding=1)
        found.append(rfield.receptive_field(b.build([b.add("sum", holes, full)])).fidelity)
    assert found == [rfield.Fidelity.EXACT, rfield.Fidelity.UPPER_BOUND]


def test_outputs_of_long_strides_that_see_a_far_position() -> None:
    """Kernel 9 and stride 2, around output i from 2i − 4 to 2i + 4: 100 is read by 48 to 52."""
    b = rfield.GraphBuilder()
    x = b.conv("conv", b.input("signal", (1, 1, 400)), kernel=9, stride=2, padding=4)
    seen = rfield.receptive_field(b.build(outputs=[x])).outputs_seeing((100,))
    assert (seen.start, seen.stop) == ((48,), (53,))


@pytest.mark.parametrize("advance", [1 << 57, 1 << 70, -(1 << 60)])
def test_numbers_beyond_64_bits_are_refused_before_they_wrap_around(advance: int) -> None:
    bounds = np.array([[0, 1]]), np.array([[0, 1]])
    taps = (IndexSet.interval(0, 5),)
    with pytest.raises(TooLargeError, match="exceed 64 bits"):
        slide_pattern(bounds, advance, Sliding(1, 2, taps))
    with pytest.raises(TooLargeError, match="exceed 64 bits"):
        table_pattern(bounds, advance, Table(taps))


def test_a_reach_that_is_written_out_is_the_same() -> None:
    """The same places read at six positions, as a list and as a pattern that goes on."""
    on = term(2, 3)
    out = Term(np.array([0, 1, 3, 4, 6, 7]), np.array([2, 3, 5, 6, 8, 9]), 0, None)
    assert is_same(on, out)
    assert is_same(out, on)
    assert not is_same(on, replace(out, high=out.high + 1))


def test_places_on_both_sides_of_0_are_apart() -> None:
    values = np.array([-1, 1])
    assert Term(values, values, None, None).moves(0)


def test_a_running_op_goes_along_its_axis_for_each_place_of_another() -> None:
    """Rows of a pattern of three that moves by three: the largest so far, row by row."""
    values = np.array([[0, 2, 1], [5, 0, 1]])
    found = prefix(Term(values, values, 1, 3), 1, Prefix())
    assert found.high.tolist() == [[0, 2, 2], [5, 5, 5]]


def test_marks_are_gathered_along_their_last_axis() -> None:
    """A window of two over the marks 0 1 0 0 1 and 0 0 0 0 0 of two rows."""
    marks = np.array([[[0, 1, 0, 0, 1], [0, 0, 0, 0, 0]]], bool)
    found = gather(marks, (0, 5), Sliding(1, 1, (IndexSet.interval(0, 1),)), 5, 4)
    assert found is not None
    assert found[1] == (0, 4)
    assert found[0].astype(int).tolist() == [[[1, 1, 0, 1], [0, 0, 0, 0]]]
