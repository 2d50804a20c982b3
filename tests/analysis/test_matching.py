"""Which layer of one model is which of another."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfield.analysis.geometry import matching
from rfield.analysis.geometry.matching import Key, Pair, ascending, matched


def layers(text: str) -> list[Key]:
    """``"a:conv b:pool"``."""
    return [Key(*token.split(":")) for token in text.split()]


def brute(a: str, b: str) -> int:
    """The length of the longest common subsequence, by trying all of them."""
    for length in range(len(a), 0, -1):
        for kept in combinations(a, length):
            rest = iter(b)
            if all(kind in rest for kind in kept):
                return length
    return 0


@pytest.mark.parametrize(
    ("a", "b", "pairs"),
    [
        ("0:c 1:r 2:c", "0:c 1:n 2:r 3:c", [(0, 0), (None, 1), (1, 2), (2, 3)]),
        ("0:c 1:r 2:c", "2:c 1:r 0:c", [(2, 0), (1, 1), (0, 2)]),
        ("0:c 1:r 2:c", "1:g", [(0, None), (1, 0), (2, None)]),
        ("0:c 1:r 2:c", "", [(0, None), (1, None), (2, None)]),
        ("", "0:c", [(None, 0)]),
        ("x:c y:p", "p:c q:c r:c", [(0, 0), (1, None), (None, 1), (None, 2)]),
        # Layers of a kind on different sides of one that kept its name are not the same.
        ("a:c keep:c", "keep:c b:c", [(0, None), (1, 0), (None, 1)]),
        ("keep:c a:c", "b:c keep:c", [(None, 0), (0, 1), (1, None)]),
        ("a:c k:p b:r", "c:r k:p d:c", [(0, None), (None, 0), (1, 1), (2, None), (None, 2)]),
        # A name that moved to the front leaves the order of the others.
        ("p:c q:c r:c z:n x:c", "z:n p:c q:c r:c y:c", [(3, 0), (0, 1), (1, 2), (2, 3), (4, 4)]),
    ],
)
def test_names_then_the_order_of_kinds_then_names_alone(a: str, b: str, pairs: list[Pair]):
    assert matched(layers(a), layers(b)) == pairs


def test_the_folder_of_all_layers_does_not_count():
    a = layers("net.a:c net.b/c:p net.b/d:c")
    same = [(0, 0), (1, 1), (2, 2)]
    assert matched(a, layers("a:c b.c:p b.d:c")) == same
    assert matched(a, layers("module/net/a:c module/net/b/c:p module/net/b/d:c")) == same
    # One layer lies elsewhere, so that there is no folder of all; kinds still tell.
    assert matched(a, layers("x.a:c x.b.c:p y.b.d:c")) == same
    assert matched(layers("a.x:c a.y:c"), layers("b.y:c")) == [(0, None), (1, 0)]


def test_where_the_kind_is_not_known_the_name_is_enough():
    a, b = Key("x", 1, named_alone=True), Key("x", 2, named_alone=True)
    other = Key("y", 1, named_alone=True)
    assert matched([a], [other, b]) == [(None, 0), (0, 1)]
    assert matched([a], [other]) == [(0, 0)]


@given(st.text("cpr", max_size=9), st.text("cpr", max_size=9))
def test_no_longer_common_order_of_kinds_is_found_by_trying_all(a: str, b: str):
    left = [Key(f"a{k}", kind) for k, kind in enumerate(a)]
    right = [Key(f"b{k}", kind) for k, kind in enumerate(b)]
    pairs = matched(left, right)
    both = [(i, j) for i, j in pairs if i is not None and j is not None]
    assert len(both) == brute(a, b)
    assert all(a[i] == b[j] for i, j in both)
    assert all(i < k and j < n for (i, j), (k, n) in pairwise(sorted(both)))
    assert sorted(i for i, _ in pairs if i is not None) == list(range(len(a)))
    assert [j for _, j in pairs if j is not None] == list(range(len(b)))


@given(st.permutations(range(7)), st.integers(0, 7))
def test_as_many_pairs_ascend_as_can(order: list[int], count: int):
    pairs = list(enumerate(order[:count]))
    found = ascending(pairs)
    assert all(i < k and j < n for (i, j), (k, n) in pairwise(found))
    assert set(found) <= set(pairs)
    most = max(
        len(kept)
        for length in range(count + 1)
        for kept in combinations(pairs, length)
        if all(a[1] < b[1] for a, b in pairwise(kept))
    )
    assert len(found) == most


def test_too_long_orders_are_matched_by_their_ends_alone(monkeypatch):
    a, b = layers("a:c b:p c:r d:c"), layers("p:c q:r r:p s:c")
    assert len([pair for pair in matched(a, b) if None not in pair]) == 3
    monkeypatch.setattr(matching, "MOST_CELLS", 3)
    assert [pair for pair in matched(a, b) if None not in pair] == [(0, 0), (3, 3)]
    monkeypatch.setattr(matching, "MOST_CELLS", 4)
    assert len([pair for pair in matched(a, b) if None not in pair]) == 3


def test_thousands_of_renamed_layers_are_matched():
    kinds = ["conv", "norm", "relu"] * 1000
    a = [Key(f"a{k}", kind) for k, kind in enumerate(kinds)]
    b = [Key(f"b{k}", kind) for k, kind in enumerate([*kinds[:1500], "pool", *kinds[1500:]])]
    assert [pair for pair in matched(a, b) if None in pair] == [(None, 1500)]
