"""Where the digit of an index that moves is found again after a reshape, worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from types import SimpleNamespace
from typing import Any, cast

import pytest

import rfield
from rfield.analysis.resizing import reading
from rfield.analysis.resizing.reading import Resizing
from rfield.analysis.resizing.scan import Scan
from rfield.analysis.resizing.shifts import Motion, _BrokenError, _Walk
from rfield.analysis.resizing.shifts import _drives as drives
from rfield.core.link import Link, Read, Reshaped
from rfield.core.relation import IDENTITY, WHOLE


def refold(
    before: tuple[int, ...], after: tuple[int, ...], axis: int, motion: Motion
) -> tuple[int, Motion, int]:
    """The axis, the motion along it, and the step that the input needs."""
    walk = object.__new__(_Walk)
    walk.step = 1
    link = Reshaped(before, after)
    (group,) = (g for g in link.groups if axis in g.before)
    target, found = walk._refold("fold", motion, axis, group, link)
    return target, found, walk.step


ONE = Fraction(1)


@pytest.mark.parametrize(
    ("before", "after", "axis", "motion", "expected"),
    [
        # 24 rows as 2 x 3 x 4: a digit of value 4 with 3 values is the middle one
        ((24,), (2, 3, 4), 0, Motion(ONE, 4, 3), (1, Motion(ONE), 1)),
        ((24,), (2, 3, 4), 0, Motion(ONE, 1, 4), (2, Motion(ONE), 1)),
        ((24,), (2, 3, 4), 0, Motion(ONE, 12, 2), (0, Motion(ONE), 1)),
        # two of its three values, and half of the last digit
        ((24,), (2, 3, 4), 0, Motion(ONE, 4, 2), (1, Motion(ONE, 1, 2), 1)),
        ((24,), (2, 3, 4), 0, Motion(ONE, 2, 2), (2, Motion(ONE, 2, 2), 1)),
        # six steps of 2 over a boundary of 4: only two together, and then half as fast
        ((24,), (2, 3, 4), 0, Motion(ONE, 2, 6), (1, Motion(Fraction(1, 2)), 2)),
        ((24,), (2, 3, 4), 0, Motion(Fraction(1, 3), 2, 6), (1, Motion(Fraction(1, 6)), 6)),
        # the last of two axes that are joined is a digit of the result, and comes out again
        ((2, 3), (6,), 1, Motion(ONE), (0, Motion(ONE, 1, 3), 1)),
        ((2, 3, 4), (24,), 1, Motion(ONE), (0, Motion(ONE, 4, 3), 1)),
        ((6,), (2, 3), 0, Motion(ONE, 1, 3), (1, Motion(ONE), 1)),
        # the first of them goes on for ever: 4 rows of the result for each, 3 at a time
        ((6, 4), (8, 3), 0, Motion(ONE), (0, Motion(Fraction(4, 3)), 3)),
        ((6, 4), (24,), 0, Motion(ONE), (0, Motion(Fraction(4)), 1)),
        ((24,), (6, 4), 0, Motion(ONE), (0, Motion(Fraction(1, 4)), 4)),
    ],
)
def test_a_digit_is_found_again(
    before: tuple[int, ...], after: tuple[int, ...], axis: int, motion: Motion,
    expected: tuple[int, Motion, int],
) -> None:  # fmt: skip
    assert prod(before) == prod(after)
    assert refold(before, after, axis, motion) == expected


@pytest.mark.parametrize("motion", [Motion(ONE, 3, 2), Motion(ONE, 8, 3)])
def test_a_digit_that_is_broken_up(motion: Motion) -> None:
    with pytest.raises(_BrokenError) as told:
        refold((24,), (2, 3, 4), 0, motion)
    assert str(told.value) == "fold folds the axis that moves in a way that breaks it up"


def test_which_axes_drive_a_reading() -> None:
    link = Link([Read(2, IDENTITY), Read(None, WHOLE)])
    assert [drives(link, axis) for axis in range(3)] == [False, False, True]
    fold = Reshaped((1, 6, 4), (2, 3, 4, 1))
    assert [drives(fold, axis) for axis in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(
    ("step", "in_question", "expected"),
    [
        (1, False, range(100, 108)), (8, True, range(100, 108)), (24, False, (100, 112, 123)),
        (24, True, (100, 103, 106, 109, 112, 115, 118, 121, 123)),
    ],
)  # fmt: skip
def test_the_sizes_that_are_read_twice(step: int, in_question: bool, expected: range) -> None:
    """Some of one step and its last; more where a longer step is in question; at least eight."""
    scan = object.__new__(Scan)
    scan.step, scan.base, scan._in_question = step, 100, in_question
    scan.resizing = cast("Resizing", SimpleNamespace(laid_out=300))
    assert scan._samples() == tuple(expected)


@pytest.mark.parametrize(("step", "count"), [(1, 3), (2, 3), (6, 6)])
def test_fewer_sizes_of_a_large_network_are_read_twice(step: int, count: int) -> None:
    scan = object.__new__(Scan)
    scan.step, scan.base, scan._in_question = step, 100, False
    scan.resizing = cast("Resizing", SimpleNamespace(laid_out=(1 << 19) // 3))
    assert scan._samples() == tuple(range(100, 100 + count))


def test_one_reading_is_always_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_READ", 1)
    b = rfield.GraphBuilder()
    graph = b.build([b.conv("c", b.input("x", (1, 1, 9)), kernel=3)])
    assert rfield.output_size(graph, 20) == (18,)
    with pytest.raises(rfield.RFieldError) as told:
        rfield.valid_sizes(graph)
    assert str(told.value) == (
        "c: the model at all sizes of one step would hold 27, above the limit of 1. "
        "Ask for single sizes: rfield.check_size(model, size)"
    )


def a_scan(**known: Any) -> Scan:
    """One that knows these of a model."""
    scan = object.__new__(Scan)
    for name, value in known.items():
        scan.__dict__[name] = value
    return scan


def test_a_size_that_is_refused_does_not_show_how_values_grow() -> None:
    taken = {10: ((1, 5),), 13: ((1, 7),)}

    def read(size: int) -> SimpleNamespace:
        refused = "" if size in taken else "no"
        graph = SimpleNamespace(nodes=())
        return SimpleNamespace(refused=refused, shapes=taken.get(size, ()), graph=graph)

    scan = a_scan(step=3, read=read, _samples=lambda: (9, 10, 11))
    assert scan._grown == {(): ((0, 2),)}  # by the list of ops, of which there are none here


def test_sizes_that_do_not_repeat_are_not_gone_on_with() -> None:
    outputs = {10: 4, 11: 5, 12: 6}
    accepted = {size: SimpleNamespace(output=(gives,)) for size, gives in outputs.items()}
    scan = a_scan(
        axis=0, step=3, periodic=False, accepted=accepted, _window=lambda: range(10, 13),
        _gives=lambda size, target: True,
    )  # fmt: skip
    assert scan.giving(5).early == (11,)
