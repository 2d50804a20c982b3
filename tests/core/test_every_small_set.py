"""Every comb of a few indices through every operation, against Python's own sets.

The searches of ``test_indices`` meet the corners now and then; here each is met every time.
"""

from __future__ import annotations

from itertools import product

import pytest

from rfield.core.indices import RUN_LIMIT, IndexSet, union
from rfield.errors import RFieldError

COMBS = [
    frozenset(start + step * k + w for k in range(count) for w in range(width))
    for start, step, count, width in product((-4, 0, 3), (2, 3, 5), (1, 2, 3, 4), (1, 2, 3))
]
TWO_COMBS = [
    frozenset({0, 2, 4, 9, 10}), frozenset({-5, -4, 0, 1, 7}), frozenset({0, 1, 3, 6, 9, 12, 20}),
]  # fmt: skip
SETS = [*dict.fromkeys([*COMBS, *TWO_COMBS, frozenset[int]()])]


@pytest.mark.parametrize("plain", SETS, ids=lambda plain: ",".join(map(str, sorted(plain))))
def test_every_operation(plain: frozenset[int]) -> None:
    made = IndexSet.of(plain)
    for first, last in product(range(-6, 25), repeat=2):
        expected = IndexSet.of({i for i in plain if first <= i <= last})
        assert made.clip(first, last) == expected, (first, last)
    for index in range(-7, 26):
        assert (index in made) == (index in plain)
    for start, count, step in product((-2, 0), (0, 1, 2, 3, 5), (-3, -1, 1, 2, 3, 4, 6)):
        steps = range(start, start + count * step, step)
        assert made + steps == IndexSet.of({a + b for a in plain for b in steps}), steps
    for modulus in (1, 2, 3, 4, 5, 7):
        whole = IndexSet.of({q for q in range(-8, 26) if modulus * q in plain})
        assert made.quotients(modulus) == whole
        parts = {
            k: IndexSet.of({(i - k) // modulus for i in plain if i % modulus == k})
            for k in sorted({i % modulus for i in plain})
        }
        found = list(made.by_residue(modulus))
        assert found == (list(parts.items()) if modulus > 1 else [(0, made)])


def test_every_pair_of_sets_is_joined() -> None:
    for one, other in product(SETS, SETS[::3]):
        joined = union([IndexSet.of(one), IndexSet.of(other)])
        assert joined == IndexSet.of(one | other), (one, other)


def test_every_pair_of_sets_is_scaled_and_added() -> None:
    for one, other, factor in product(SETS[::2], SETS[::5], (-3, -1, 0, 1, 2, 4)):
        expected = IndexSet.of({factor * a + b for a in one for b in other})
        assert IndexSet.of(one).scale_add(factor, IndexSet.of(other)) == expected


def test_large_sets_stay_one_comb() -> None:
    """10**12 indices: whatever would list them never ends."""
    even = IndexSet.of(range(0, 10**12, 2))
    assert (even + range(2)).combs == IndexSet.interval(0, 10**12 - 1).combs
    assert even.scale_add(3, IndexSet.interval(0, 1)).combs == ((0, 6, 5 * 10**11, 2),)
    assert (even + range(0, 10**12, 4)).combs == ((0, 2, 10**12 - 2, 1),)
    assert (IndexSet.of(range(0, 10**12, 4)) + range(0, 4, 2)).combs == ((0, 2, 5 * 10**11, 1),)
    assert (even + range(0, 3 * 10**12, 10**12)).combs == ((0, 2, 15 * 10**11, 1),)
    assert union([even, IndexSet.of(range(4, 1000, 4))]) == even
    assert 10**12 - 2 in even
    assert 10**12 not in even
    assert 999 not in even


def test_what_would_be_too_many_runs_is_refused() -> None:
    most = IndexSet.of(range(0, 3 * RUN_LIMIT, 3))
    more = IndexSet.of(range(0, 3 * RUN_LIMIT + 1, 3))
    assert most.quotients(3) == IndexSet.interval(0, RUN_LIMIT - 1)
    wide = union([IndexSet.interval(at, at + RUN_LIMIT // 2) for at in (0, RUN_LIMIT)])
    for ask in (
        lambda: more.quotients(3),
        lambda: union([most, most.shift(4)]),
        lambda: list(wide.by_residue(3)),
    ):
        with pytest.raises(RFieldError):
            ask()
