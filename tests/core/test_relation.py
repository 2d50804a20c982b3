"""The algebra of relations against its own definitions, on indices of both signs."""

from __future__ import annotations

from math import lcm

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfield.core.relation as relations
from rfield.core.indices import IndexSet
from rfield.core.relation import (
    IDENTITY,
    Sliding,
    Table,
    compose,
    divisors,
    image,
    join,
    minimal,
    preimage,
    shift,
    window,
)

tap_sets = st.frozensets(st.integers(-9, 9), max_size=4).map(IndexSet.of)


short = st.integers(1, 4)


@st.composite
def slidings(draw: st.DrawFn, periods: st.SearchStrategy[int] = short) -> Sliding:
    """Any sliding relation: strides of both signs and zero, empty and holed phases."""
    period = draw(periods)
    taps = tuple(draw(tap_sets) for _ in range(period))
    return Sliding(period, draw(st.integers(-5, 5)), taps)


def definition(relation: Sliding, index: int) -> set[int]:
    """``advance*q + t`` for ``i = period*q + r``, written out."""
    for phase in range(relation.period):
        if (index - phase) % relation.period == 0:
            block = (index - phase) // relation.period
            return {relation.advance * block + tap for tap in relation.taps[phase]}
    raise AssertionError(index)


@given(slidings(), st.integers(-20, 20))
def test_at_is_the_definition(relation: Sliding, index: int) -> None:
    assert set(relation.at(index)) == definition(relation, index)


@given(slidings(), slidings())
def test_compose_reads_what_the_middle_reads(outer: Sliding, inner: Sliding) -> None:
    made = compose(outer, inner)
    for index in range(-2 * made.period, 2 * made.period + 1):
        middle = definition(outer, index)
        expected = {m for j in middle for m in definition(inner, j)}
        assert set(made.at(index)) == expected


dense_taps = st.builds(IndexSet.interval, st.integers(-3, 3), st.integers(-1, 5))


@st.composite
def growing(draw: st.DrawFn) -> Sliding:
    """Taps without holes, most of which lie side by side: resizes, transposed convolutions."""
    period = draw(short)
    taps = tuple(draw(dense_taps).shift(phase * draw(st.integers(0, 2))) for phase in range(period))
    return Sliding(period, draw(st.integers(-2, 5)), taps)


@given(growing(), growing())
def test_compose_of_many_phases_reads_the_same(outer: Sliding, inner: Sliding) -> None:
    """Where there are many, the ends of an interval stand for it if nothing is left out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relations, "LISTED", 0)
        made = compose(outer, inner)
    for index in range(-2 * made.period, 2 * made.period + 1):
        middle = definition(outer, index)
        expected = {m for j in middle for m in definition(inner, j)}
        assert set(made.at(index)) == expected


@given(slidings(st.integers(1, 3)), slidings(st.integers(1, 3)), slidings(st.integers(1, 3)))
def test_compose_is_associative(a: Sliding, b: Sliding, c: Sliding) -> None:
    assert compose(compose(a, b), c) == compose(a, compose(b, c))


@given(slidings())
def test_identity_is_neutral(relation: Sliding) -> None:
    assert compose(relation, IDENTITY) == minimal(relation)
    assert compose(IDENTITY, relation) == minimal(relation)


@given(slidings(), st.integers(1, 4))
def test_minimal_is_the_same_relation_with_the_least_period(
    relation: Sliding, repeats: int
) -> None:
    longer = Sliding(
        relation.period * repeats,
        relation.advance * repeats,
        tuple(relation.at(i) for i in range(relation.period * repeats)),
    )
    least = minimal(longer)
    assert least == minimal(relation)
    for index in range(-15, 16):
        assert least.at(index) == relation.at(index)
    for period in range(1, least.period):
        if least.advance * period % least.period == 0:
            step = least.advance * period // least.period
            moved = [least.at(i).shift(step) == least.at(i + period) for i in range(least.period)]
            assert not all(moved)


@given(st.data(), st.integers(1, 3), st.integers(-4, 4))
def test_join_of_equal_strides_is_the_union(data: st.DataObject, count: int, slope: int) -> None:
    parts: list[Sliding] = []
    for _ in range(count):
        part = data.draw(slidings(st.integers(1, 4)))
        parts.append(Sliding(part.period, slope * part.period, part.taps))
    made = join(parts)
    assert made is not None
    for index in range(-13, 14):
        assert set(made.at(index)) == set().union(*(definition(p, index) for p in parts))
    assert lcm(*(p.period for p in parts)) % made.period == 0


@given(slidings(), slidings())
def test_join_of_unequal_strides_is_none(a: Sliding, b: Sliding) -> None:
    same_slope = a.advance * b.period == b.advance * a.period
    assert (join([a, b]) is not None) == same_slope


@given(slidings(), st.frozensets(st.integers(-25, 25), max_size=10))
def test_image_is_what_a_set_of_outputs_reads(relation: Sliding, outputs: frozenset[int]) -> None:
    expected = {m for i in outputs for m in definition(relation, i)}
    assert image(IndexSet.of(outputs), relation) == IndexSet.of(expected)


@given(slidings(), st.frozensets(st.integers(-25, 25), max_size=6), st.integers(0, 20))
def test_preimage_finds_every_reader(
    relation: Sliding, inputs: frozenset[int], length: int
) -> None:
    expected = {i for i in range(length) if definition(relation, i) & inputs}
    assert preimage(IndexSet.of(inputs), relation, length) == IndexSet.of(expected)


@given(
    st.integers(1, 6), st.integers(1, 5), st.integers(-3, 6), st.integers(1, 4),
    st.integers(-10, 10),
)  # fmt: skip
def test_window_is_the_convolution(
    kernel: int, stride: int, before: int, dilation: int, index: int
) -> None:
    expected = {stride * index - before + dilation * k for k in range(kernel)}
    assert set(window(kernel, stride, before, dilation).at(index)) == expected


@given(slidings(st.just(1)))
def test_affine_is_the_hull_of_the_only_phase(relation: Sliding) -> None:
    if relation.taps[0]:
        taps = relation.taps[0]
        assert relation.affine == (relation.advance, taps.first, taps.last)
    else:
        assert relation.affine is None


def test_affine_needs_one_phase_and_an_endless_axis() -> None:
    assert Sliding(2, 2, (IndexSet.of([0]), IndexSet.of([5]))).affine is None
    assert shift(3, "cut").affine is None


def test_only_the_plain_identity_is_the_identity() -> None:
    assert IDENTITY.is_identity
    assert not shift(0, "cut").is_identity
    assert not shift(1).is_identity
    assert not Sliding(2, 2, (IndexSet.of([0]), IndexSet.of([1]))).is_identity


def test_table_is_defined_inside_only() -> None:
    table = Table((IndexSet.of([4]), IndexSet.of([1, 2])))
    assert [set(table.at(i)) for i in (-1, 0, 1, 2)] == [set(), {4}, {1, 2}, set()]


def test_dilated_taps_can_all_fall_on_holes() -> None:
    """DESIGN fact 2: the hull of the hulls would be wrong here, the sets are not."""
    every_other = Sliding(2, 1, (IndexSet.of([0]), IndexSet.of([])))
    dilated = window(kernel=3, stride=1, before=2, dilation=2)
    made = compose(dilated, every_other)
    assert set(made.at(4)) == {1, 2, 3}
    assert set(made.at(5)) == set()


@given(st.integers(1, 3000))
def test_divisors(number: int) -> None:
    assert divisors(number) == [d for d in range(1, number + 1) if number % d == 0]
