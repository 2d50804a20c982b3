"""IndexSet against Python's own sets: every operation, canonical equality, compactness."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfield.core.indices import EMPTY, Comb, IndexSet, union
from rfield.errors import TooLargeError

small_sets = st.frozensets(st.integers(-40, 40), max_size=14)
ranges = st.builds(
    lambda start, count, step: range(start, start + count * step, step),
    st.integers(-30, 30),
    st.integers(0, 12),
    st.integers(-9, 9).filter(bool),
)


@st.composite
def combs(draw: st.DrawFn) -> frozenset[int]:
    """Runs repeated at a regular distance: the shape that the compact form is made for."""
    start, step = draw(st.integers(-20, 20)), draw(st.integers(1, 12))
    count, width = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    return frozenset(start + step * k + w for k in range(count) for w in range(width))


sets = st.one_of(small_sets, combs(), st.builds(frozenset, ranges))


@st.composite
def built(draw: st.DrawFn) -> tuple[IndexSet, frozenset[int]]:
    """The same set made in one of several ways, with its plain twin."""
    plain = draw(sets)
    way = draw(st.sampled_from(["of", "runs", "pieces", "shifted", "sum"]))
    if way == "of":
        return IndexSet.of(plain), plain
    if way == "runs":
        return union(IndexSet.interval(i, i) for i in plain), plain
    if way == "pieces":
        other = draw(sets)
        return union([IndexSet.of(plain), IndexSet.of(other)]), plain | other
    if way == "shifted":
        return IndexSet.of([i + 7 for i in plain]).shift(-7), plain
    steps = draw(ranges)
    return IndexSet.of(plain) + steps, frozenset(a + b for a in plain for b in steps)


@given(built())
def test_is_the_set_it_was_made_of(pair: tuple[IndexSet, frozenset[int]]) -> None:
    made, plain = pair
    assert list(made) == sorted(plain)
    assert len(made) == len(plain)
    assert bool(made) == bool(plain)
    if plain:
        assert (made.first, made.last) == (min(plain), max(plain))


@given(built())
@example((IndexSet.of(range(0, 9, 2)) + range(2), frozenset(range(10))))
def test_equal_sets_are_equal_objects(pair: tuple[IndexSet, frozenset[int]]) -> None:
    made, plain = pair
    twin = IndexSet.of(plain)
    assert made == twin
    assert hash(made) == hash(twin)
    assert repr(made) == repr(twin)


@given(built())
def test_runs_are_maximal_and_ascending(pair: tuple[IndexSet, frozenset[int]]) -> None:
    runs = list(pair[0].runs())
    assert all(start < stop for start, stop in runs)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(runs))
    assert sum(stop - start for start, stop in runs) == len(pair[1])


@given(built(), st.integers(-60, 60))
def test_contains(pair: tuple[IndexSet, frozenset[int]], index: int) -> None:
    assert (index in pair[0]) == (index in pair[1])


@given(built(), st.integers(-50, 50))
def test_shift(pair: tuple[IndexSet, frozenset[int]], offset: int) -> None:
    assert pair[0].shift(offset) == IndexSet.of({i + offset for i in pair[1]})


@given(built(), st.integers(-45, 45), st.integers(-45, 45))
def test_clip(pair: tuple[IndexSet, frozenset[int]], first: int, last: int) -> None:
    expected = {i for i in pair[1] if first <= i <= last}
    assert pair[0].clip(first, last) == IndexSet.of(expected)


@given(built(), ranges)
def test_minkowski_sum(pair: tuple[IndexSet, frozenset[int]], steps: range) -> None:
    assert pair[0] + steps == IndexSet.of({a + b for a in pair[1] for b in steps})


@given(built(), st.integers(-7, 7), built())
def test_scale_add(
    pair: tuple[IndexSet, frozenset[int]], factor: int, other: tuple[IndexSet, frozenset[int]]
) -> None:
    expected = {factor * a + b for a in pair[1] for b in other[1]}
    assert pair[0].scale_add(factor, other[0]) == IndexSet.of(expected)


@given(built(), st.integers(1, 11))
def test_by_residue(pair: tuple[IndexSet, frozenset[int]], modulus: int) -> None:
    parts = list(pair[0].by_residue(modulus))
    found = [(residue, modulus * q + residue) for residue, part in parts for q in part]
    assert sorted(i for _, i in found) == sorted(pair[1])
    residues = [residue for residue, _ in parts]
    assert residues == sorted(set(residues))
    assert all(0 <= residue < modulus for residue in residues)
    for _, part in parts:
        assert part == IndexSet.of(set(part))


@given(st.lists(built(), max_size=5))
def test_union(pairs: list[tuple[IndexSet, frozenset[int]]]) -> None:
    expected = frozenset[int]().union(*(plain for _, plain in pairs))
    assert union(made for made, _ in pairs) == IndexSet.of(expected)


@given(built())
def test_dense_and_hull(pair: tuple[IndexSet, frozenset[int]]) -> None:
    made, plain = pair
    hull = range(min(plain), max(plain) + 1) if plain else range(0)
    assert made.dense == (len(plain) == len(hull))
    assert made.hull() == IndexSet.of(hull)


@given(built())
def test_combs_keep_their_own_contract(pair: tuple[IndexSet, frozenset[int]]) -> None:
    for comb in pair[0].combs:
        assert comb.width >= 1
        assert comb.count >= 1
        assert comb.step == 0 if comb.count == 1 else comb.step > comb.width
        assert comb.last == comb.start + comb.step * (comb.count - 1) + comb.width - 1


def test_the_empty_set_has_one_form() -> None:
    makers = [
        IndexSet.of([]), IndexSet.of(range(0)), IndexSet.of(range(5, 5)), IndexSet.interval(3, 2),
        IndexSet.interval(0, 5).clip(6, 9), IndexSet.of([1, 9]).clip(2, 8), union([]),
        union([EMPTY, EMPTY]), EMPTY + range(3), IndexSet.of([4]) + range(0),
        IndexSet.of([1]).scale_add(2, EMPTY), EMPTY.scale_add(2, IndexSet.of([1])), EMPTY.hull(),
    ]  # fmt: skip
    assert all(made == EMPTY and not made for made in makers)
    assert list(EMPTY.by_residue(3)) == []


@pytest.mark.parametrize(
    ("indices", "combs"),
    [
        (range(5), (Comb(0, 0, 1, 5),)),
        (range(0, 10, 3), (Comb(0, 3, 4, 1),)),
        (range(9, -1, -3), (Comb(0, 3, 4, 1),)),
        ([0, 1, 4, 5, 8, 9], (Comb(0, 4, 3, 2),)),
        ([7], (Comb(7, 0, 1, 1),)),
    ],
)
def test_regular_sets_cost_one_comb(indices: range | list[int], combs: tuple[Comb, ...]) -> None:
    assert IndexSet.of(indices).combs == combs


def test_too_many_residues_are_refused() -> None:
    """Every element leaves a remainder of its own."""
    many = IndexSet.of(range(0, 3 << 19, 3))
    with pytest.raises(TooLargeError) as told:
        list(many.by_residue((1 << 21) + 1))
    assert str(told.value) == (
        "an exact set with holes needs 524,288 cells, more than fit. The region is available."
    )
