"""Kernels of which some taps are known to be zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rfield.core import windows
from rfield.core.link import Link
from rfield.core.operation import Op
from rfield.core.taps import with_taps


def taps(op: Op, axis: int) -> list[list[int]]:
    """What output 0 reads along an axis, for each reading of the operand."""
    found: list[list[int]] = []
    for link in op.links:
        assert isinstance(link, Link)
        found.append(list(link.reads[axis].relation.at(0)))
    return found


def test_channels_that_differ_are_read_by_what_any_of_them_reads() -> None:
    """One output channel has its first tap, the other its last: both are read, as a bound."""
    zeros = np.array([[[False, True, True]], [[True, True, False]]])
    found = with_taps(windows.conv((1, 1, 9), kernel=3), zeros, [2], [1])
    assert (taps(found, 2), found.exact) == ([[0, 2]], False)


def test_a_channel_without_any_tap_does_not_count() -> None:
    zeros = np.array([[[False, True, False]] * 2, [[True, True, True]] * 2])
    op = windows.conv((1, 2, 9), kernel=3, dilation=2, channels=2)
    found = with_taps(op, zeros, [2], [2])
    assert (taps(found, 2), found.exact) == ([[0, 4]], True)


def test_no_tap_at_all_and_no_zero_leave_the_op_as_it_is() -> None:
    op = windows.conv((1, 1, 9), kernel=3)
    assert with_taps(op, np.ones((1, 1, 3), bool), [2], [1]) == replace(
        op, exact=False, sparse=True
    )
    assert taps(with_taps(op, np.zeros((1, 1, 3), bool), [2], [1]), 2) == [[0, 1, 2]]


def test_a_kernel_that_is_no_product_is_read_box_by_box() -> None:
    """A cross: the middle row, and the middle of the rows beside it."""
    cross = np.array([[False, True, False], [True, True, True], [False, True, False]])
    found = with_taps(windows.conv((1, 1, 9, 9), kernel=3), ~cross[None, None], [2, 3], [1, 1])
    assert (taps(found, 2), taps(found, 3)) == ([[0, 2], [1]], [[1], [0, 1, 2]])
    assert found.exact


def test_a_transposed_kernel_without_its_middle() -> None:
    """Stride 2: of outputs 2k and 2k + 1 the middle tap serves the one, and both ends the other."""
    zeros = np.array([[[False, True, False]]])
    op = windows.conv_transpose((1, 1, 5), kernel=3, stride=2)
    (link,) = with_taps(op, zeros, [2], [1], transposed=[(2, 0)]).links
    assert isinstance(link, Link)
    assert [list(link.reads[2].relation.at(i)) for i in range(4)] == [[-1, 0], [], [0, 1], []]


def test_more_kinds_of_channels_than_are_listed_are_read_together() -> None:
    """Each of 17 channels has one tap of its own: a bound of all 17, in one reading."""
    zeros = ~np.eye(17, dtype=bool)[:, None]
    found = with_taps(windows.conv((1, 1, 30), kernel=17, channels=17), zeros, [2], [1])
    assert (taps(found, 2), found.exact) == ([[*range(17)]], False)
