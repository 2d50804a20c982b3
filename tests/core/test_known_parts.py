"""Parts of what is known of elements, each by a small case that is worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rfield.core import layout, ops
from rfield.core.indices import EMPTY, IndexSet
from rfield.core.known import ALIVE, FIXED, LOW, ZERO, Known, narrowed
from rfield.core.known.arithmetic import elementwise, lifted
from rfield.core.known.codes import SOFT, SOME
from rfield.core.known.narrow import _below as below
from rfield.core.known.narrow import _extreme as extreme
from rfield.core.known.narrow import _mixed as mixed
from rfield.core.known.narrow import _read_by as read_by
from rfield.core.known.parts import _table as table
from rfield.core.known.reach import reached
from rfield.core.link import Link, Read
from rfield.core.relation import IDENTITY, At, Table

A, F, Z, L, S = ALIVE, FIXED, ZERO, LOW, SOME


def codes_of(*codes: Any) -> Known:
    return Known(np.array(codes, np.uint8))


def test_a_choice_without_a_say_is_not_read() -> None:
    """Where the condition is known to be zero the last one is taken; of two zeros neither."""
    op = ops.pointwise((4,), (4,), (4,), algebra="where")
    zeros = codes_of(A, A, A, Z)
    made, known = narrowed(op, [codes_of(A, Z, A, A), zeros, zeros], [(4,)] * 3)
    assert known is not None
    assert known.codes.tolist() == [A, A, A, Z]
    expected = (IndexSet.of([0]), EMPTY, IndexSet.of([2]), EMPTY)
    reads = [link.reads[0].relation for link in made.links if isinstance(link, Link)]
    assert [r.taps for r in reads[:2] if isinstance(r, Table)] == [expected] * 2
    assert made.links[2] is op.links[2]


def test_what_is_nearly_minus_infinity_stays_so_when_it_is_added_or_scaled() -> None:
    soft = codes_of(SOFT, F)
    assert elementwise("scale", [soft], 1).tolist() == [SOFT, F]
    assert elementwise("add", [soft, codes_of(F, F)], 1).tolist() == [SOFT, F]
    assert elementwise("keep", [soft], 1).tolist() == [S, F]


def test_what_numbers_take_away_from_minus_infinity() -> None:
    """A factor is nothing that is added; -1e9 less -1e9 is 0, unless both are infinite."""
    far = Known(np.array([L], np.uint8), least=-1e5)
    large = Known(np.array([F], np.uint8), numbers=np.array([1e6]))
    undone, least, most = lifted("multiply", [far, large], np.array([L], np.uint8))
    assert (undone.tolist(), least, most) == ([False], -1e11, 0)
    for number, expected in ((-1e9, [True, False]), (-np.inf, [False, False])):
        both = [Known(np.array(c, np.uint8), least=number) for c in ([L, L], [L, F])]
        assert lifted("subtract", both, np.array([L, L], np.uint8))[0].tolist() == expected


def test_what_any_other_axis_marks_is_marked() -> None:
    marks = np.array([[[1, 0], [0, 0]], [[0, 0], [1, 1]]], dtype=bool)
    assert table(marks, 0, 1).tolist() == [[True, False], [False, True]]
    assert table(marks, 0, None).tolist() == [[True], [True]]
    assert table(marks, None, 2).tolist() == [[True, True]]
    assert table(marks[:1], None, 2).tolist() == [[True, False]]


def test_only_the_largest_of_several_is_as_low_as_they_all_are() -> None:
    codes = [np.array([[L, L], [L, A]], np.uint8)]
    for kind, expected in (("reduce_max", [L, A]), ("sum", [A]), ("argmax", [A])):
        op = replace(ops.pointwise((2, 2)), kind=kind)
        assert below(op, codes, (1,))[1].tolist() == expected


def test_a_part_that_no_link_says_leaves_the_whole_one() -> None:
    op = ops.pointwise((3,))
    (link,) = op.links
    assert isinstance(link, Link)
    for parts, links, exact in (
        ([[None]], (link,), False), ([[link, None]], (link,), False), ([[]], (link,), True),
        ([None], (None,), True),
    ):  # fmt: skip
        made = read_by(op, parts)
        assert (made.links, made.exact) == (links, exact)


def test_of_several_numbers_the_most_may_stand_beside_what_is_low() -> None:
    given = [replace(codes_of(F), most=3.0, least=-1e9), replace(codes_of(F), most=5.0), None]
    assert extreme(given) == (-1e9, 5.0)
    assert extreme([None]) == (-np.inf, 0.0)


@pytest.mark.parametrize("shown", [True, False])
def test_what_one_operand_does_not_show_is_not_shown(shown: bool) -> None:
    """Zeros beside zeros through an op that keeps them."""
    op = replace(layout.concat((2,), (2,), axis=0), algebra="keep")
    made, known = mixed(op, [replace(codes_of(Z), shown=shown), codes_of(Z)], [(2,), (2,)])
    assert known is not None
    assert (known.codes.tolist(), known.shown, made.exact) == ([Z], shown, shown)


def test_outputs_that_read_what_is_marked() -> None:
    """Only padding reads nothing that is marked; a fixed place is read there, or of all alike."""
    (padded,) = ops.conv((1, 1, 3), kernel=1, padding=1).links
    assert padded is not None
    first = np.array([[[True, False, False]]])
    found = reached(padded, first, (1, 1, 3), (1, 1, 5))
    assert found is not None
    assert found.tolist() == [[[False, True, False, False, False]]]
    fixed = Link([Read(None, At(2)), Read(0, IDENTITY)])
    for marks, expected in (
        ([[1, 0], [1, 0], [0, 1]], [False, True]), ([[1, 0]], [True, False]),
    ):  # fmt: skip
        found = reached(fixed, np.array(marks, bool), (3, 2), (2,))
        assert found is not None
        assert found.tolist() == expected
