"""What the engines are made of: the positions that are looked at, and an endless axis cut short."""

from __future__ import annotations

import numpy as np
import pytest

from rfield.analysis.engines.backward import _cut as cut
from rfield.analysis.engines.bounds import AxisField
from rfield.analysis.engines.footprint import Footprint
from rfield.analysis.engines.terms import Term
from rfield.core.indices import IndexSet
from rfield.core.limits import PHASE_LIMIT
from rfield.core.relation import Sliding


def term(period: int, advance: int | None, carrier: int | None = 0, rank: int = 1) -> Term:
    """A term whose bounds differ at each of ``period`` positions along its carrier."""
    shape = [1] * rank
    shape[carrier or 0] = period
    values = np.arange(period, dtype=np.int64).reshape(shape)
    return Term(values, values + 2, carrier, advance)


def rows(terms: tuple[Term, ...], shape: tuple[int, ...], positions: tuple[int, ...] = (0,)):
    (found,) = AxisField(terms, positions, shape).samples()
    return found.tolist()


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


def test_of_a_long_axis_both_ends_are_looked_at() -> None:
    terms = (term(2, 1), term(3, 1))
    size = 4 * PHASE_LIMIT
    assert len(rows(terms, (size,))) == size
    size += 1
    assert rows(terms, (size,)) == [[i] for i in (*range(6), *range(size - 6, size))]


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
