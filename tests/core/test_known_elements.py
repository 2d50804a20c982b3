"""Known elements one step at a time: tables by hand, NumPy on codes, and random masked networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

import rfield
from rfield.core import layout, ops
from rfield.core.algebra import Contraction, Zeros
from rfield.core.known import ALIVE, FIXED, LOW, ZERO, Known, narrowed, of_constant
from rfield.core.known.arithmetic import chosen, elementwise
from rfield.core.known.carry import carried
from rfield.core.known.codes import SOME
from rfield.core.known.pattern import relation_of
from rfield.core.known.reach import reached
from rfield.core.link import Link
from rfield.core.ops import Op
from rfield.core.relation import Prefix, Sliding, Table
from tests.core.test_known import INF, Net, dependence

A, F, Z, L, S = ALIVE, FIXED, ZERO, LOW, SOME
EVERY = np.arange(4, dtype=np.uint8)
TABLES: dict[Any, list[list[int]]] = {
    None: [[A, A, A, A], [A, F, S, S], [A, S, S, S], [A, S, S, S]],
    "multiply": [[A, A, Z, A], [A, F, Z, S], [Z, Z, Z, Z], [A, S, Z, S]],
    "add": [[A, A, A, L], [A, F, F, L], [A, F, Z, L], [L, L, L, L]],
    "maximum": [[A, A, A, A], [A, F, S, S], [A, S, Z, Z], [A, S, Z, L]],
}


@pytest.mark.parametrize("algebra", TABLES)
def test_two_operands(algebra: Any) -> None:
    """Rows and columns: alive, known, zero, minus infinity."""
    found = elementwise(algebra, [Known(EVERY[:, None]), Known(EVERY)], 2)
    assert found.tolist() == TABLES[algebra]


@pytest.mark.parametrize(
    ("algebra", "expected"),
    [
        (None, [A, F, S, S]),
        ("keep", [A, F, Z, S]),
        ("scale", [A, F, Z, L]),
        ("exp", [A, F, S, Z]),
        ("rectify", [A, F, Z, Z]),
    ],
)
def test_one_operand(algebra: Any, expected: list[int]) -> None:
    assert elementwise(algebra, [Known(EVERY)], 1).tolist() == expected


def test_nothing_varies_nothing_is_listed() -> None:
    ones = Known(np.full((3, 1), ZERO, np.uint8))
    assert elementwise("multiply", [None, ones], 2).tolist() == [[ZERO]]
    kept = elementwise("multiply", [None, Known(np.array([[Z, F, Z]], np.uint8))], 2)
    assert kept.tolist() == [[Z, A, Z]]
    pick = chosen(np.array([True, False, True]), ones_of(ZERO), None)
    assert pick.tolist() == [Z, A, Z]
    assert chosen(np.array([False, False]), None, ones_of(FIXED)).tolist() == [F]


def ones_of(code: int) -> Known:
    return Known(np.array([code], np.uint8))


def test_what_is_known_of_a_constant() -> None:
    zeros = np.array([[Z, F]], np.uint8)
    assert of_constant((2, 2)).codes.tolist() == [[F]]
    assert of_constant((2, 2), None, zeros).codes.tolist() == [[Z, F]]
    assert of_constant((2, 2), np.array([[0.0, 1.0], [2.0, 0.0]])).codes.tolist() == [
        [Z, F],
        [F, Z],
    ]
    assert of_constant((2,), np.array([0.0, -INF]), counts=False).codes.tolist() == [F, L]
    both = of_constant((2, 2), np.array([[0.0], [3.0]]), zeros)
    assert both.codes.tolist() == [[Z, Z], [Z, F]]
    assert of_constant((2,), np.array([0, -5])).codes.tolist() == [Z, F]
    assert (of_constant((2,)).is_mask, Known(np.array([A, A], np.uint8)).is_mask) == (True, False)


SHAPE = (3, 4)
MOVES: dict[str, tuple[Op, Callable[[np.ndarray], np.ndarray]]] = {
    "reshape": (layout.reshape(SHAPE, (2, 6)), lambda c: c.reshape(2, 6)),
    "split": (layout.reshape(SHAPE, (3, 2, 2)), lambda c: c.reshape(3, 2, 2)),
    "ones": (layout.reshape(SHAPE, (1, 3, 1, 4)), lambda c: c.reshape(1, 3, 1, 4)),
    "permute": (layout.permute(SHAPE, (1, 0)), lambda c: c.T),
    "flip": (layout.flip(SHAPE, [1]), lambda c: c[:, ::-1]),
    "roll": (layout.roll(SHAPE, {1: 1}), lambda c: np.roll(c, 1, 1)),
    "slice": (layout.slice_(SHAPE, 1, 1, 4, 2), lambda c: c[:, 1:4:2]),
    "first": (layout.select(SHAPE, 0, 0), lambda c: c[0]),
    "second": (layout.select(SHAPE, 0, 1), lambda c: c[1]),
    "last": (layout.select(SHAPE, 1, 3), lambda c: c[:, 3]),
    "gather": (layout.gather(SHAPE, 1, [3, 0, 0, 2]), lambda c: c[:, [3, 0, 0, 2]]),
    "tile": (layout.tile(SHAPE, {0: 2}), lambda c: np.tile(c, (2, 1))),
    "repeat": (layout.repeat_each(SHAPE, 1, 2), lambda c: np.repeat(c, 2, 1)),
    "expand": (layout.expand(SHAPE, (2, 3, 4)), lambda c: np.broadcast_to(c, (2, 3, 4))),
}
MOVES["drop and pad"] = (
    layout.pad(SHAPE, {1: (1, -1)}),
    lambda c: np.pad(c[:, :-1], ((0, 0), (1, 0)), constant_values=FIXED),
)
MOVES["pad"] = (
    layout.pad(SHAPE, {1: (2, 1)}),
    lambda c: np.pad(c, ((0, 0), (2, 1)), constant_values=FIXED),
)
for mode, name in (("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")):
    MOVES[mode] = (
        layout.pad(SHAPE, {1: (2, 1)}, mode=mode),
        lambda c, name=name: np.pad(c, ((0, 0), (2, 1)), mode=name),
    )


@pytest.mark.parametrize("name", MOVES)
def test_codes_move_like_the_elements(name: str) -> None:
    """NumPy moves the codes; also of masks along one of the axes only."""
    op, function = MOVES[name]
    draw = np.random.default_rng(0)
    for full in (SHAPE, (1, 4), (3, 1), (1, 1)):
        for _ in range(8):
            codes = draw.integers(0, 4, full).astype(np.uint8)
            (link,) = op.links
            assert link is not None
            found = carried(link, Known(codes), SHAPE, op.shape)
            assert found is not None
            expected = function(np.broadcast_to(codes, SHAPE))
            assert np.array_equal(np.broadcast_to(found, op.shape), expected)
            assert found.ndim == len(op.shape)


def test_codes_do_not_go_through_windows() -> None:
    mask = Known(np.array([[A, Z, A, A]], np.uint8))
    (link,) = ops.conv((1, 1, 4), kernel=3).links
    assert link is not None
    assert carried(link, Known(mask.codes[None]), (1, 1, 4), (1, 1, 2)) is None
    (link,) = ops.reduce(SHAPE, [1]).links
    assert link is not None
    assert carried(link, mask, SHAPE, (3,)) is None


def test_parts_that_are_put_together_or_written_over() -> None:
    """Known elements of both parts; where neither is alive the more telling one counts."""
    op = layout.concat((2, 3), (2, 2), axis=1)
    one = Known(np.array([[A, Z, L], [A, Z, F]], np.uint8))
    other = Known(np.array([[Z, A]], np.uint8))
    made, known = narrowed(op, [one, other], [(2, 3), (2, 2)])
    assert made.exact
    assert known is not None
    assert known.codes.tolist() == [[A, Z, L, Z, A], [A, Z, F, Z, A]]
    assert narrowed(op, [None, None], [(2, 3), (2, 2)])[1] is None
    hidden = Known(other.codes, shown=False)
    known = narrowed(op, [one, hidden], [(2, 3), (2, 2)])[1]
    assert known is not None
    assert not known.shown


def test_a_mask_that_is_lost_makes_a_bound_only_if_it_was_not_shown() -> None:
    op = ops.conv((1, 1, 4), kernel=3)
    op = Op(op.kind, op.shape, op.links, algebra="move")
    mask = np.array([[[A, Z, A, A]]], np.uint8)
    for shown in (True, False):
        made, known = narrowed(op, [Known(mask, shown)], [(1, 1, 4)])
        assert (made.exact, known) == (shown, None)


def test_bands_whose_ends_are_their_own() -> None:
    """The smallest tables that show both ends of a band, and what is one smaller."""

    def band(size: int, low: int, high: int) -> np.ndarray:
        away = np.arange(size)[None, :] - np.arange(size)[:, None]
        return (away >= low) & (away <= high)

    for low, high, least in ((0, 0, 2), (-2, 0, 4), (-1, 1, 3), (-1, 2, 4), (-2, 2, 4)):
        assert isinstance(relation_of(band(least, low, high)), Sliding), (low, high)
        smaller = relation_of(band(least - 1, low, high))
        assert not isinstance(smaller, Sliding), (low, high)
    assert isinstance(relation_of(band(3, -2, 0)), Prefix)
    assert relation_of(band(5, -1, 2)) == relation_of(band(9, -1, 2))


def test_a_pattern_must_be_seen_twice() -> None:
    """Neighbours that are swapped, in pairs; in threes only when there are two of these."""
    pairs = np.zeros((4, 4), bool)
    pairs[[0, 1, 2, 3], [1, 0, 3, 2]] = True
    found = relation_of(pairs)
    assert isinstance(found, Sliding)
    assert found.period == 2
    threes = np.zeros((6, 6), bool)
    threes[[0, 1, 2, 3, 4, 5], [1, 2, 0, 4, 5, 3]] = True
    assert isinstance(relation_of(threes), Sliding)
    once = np.zeros((5, 5), bool)  # a period of 3 would go with it, but was not seen twice
    once[[0, 1, 2, 3], [1, 2, 1, 4]] = True
    assert isinstance(relation_of(once), Table)
    assert isinstance(relation_of(pairs[:2]), Table)


def masked(draw: Random, soft: bool) -> Net:
    """Products, sums and choices with random masks, between layers over the channels."""
    size = draw.randint(3, 6)
    net = Net((size, 3))
    numbers = np.random.default_rng(draw.randint(0, 10**6))
    x = 0

    def mask(*shape: int) -> np.ndarray:
        return numbers.integers(0, 2, shape).astype(float)

    for _ in range(draw.randint(1, 4)):
        shape = draw.choice([(size, 1), (size, 3), (1, 3), (3,)])
        kind = draw.choice(["times", "plus", "where", "mix", "dense", "turn", "scores", "attend"])
        if kind == "times":
            x = net.times(x, mask(*shape))
        elif kind == "plus":
            x = net.plus(x, mask(*shape))
        elif kind == "where":
            other = draw.choice([net.dense(1, x), mask(size, 3), mask(1, 3)])
            pair = [x, other] if draw.random() < 0.5 else [other, x]
            x = net.where(mask(size, draw.choice([1, 3])) > 0, *pair)
        elif kind == "mix":
            x = net.einsum("qk,kc->qc", mask(size, size) + (draw.random() < 0.2), x)
        elif kind == "turn":
            turned = net.add(layout.permute((size, 3), (1, 0)), np.transpose, x)
            turned = net.times(turned, mask(3, size)) if draw.random() < 0.5 else turned
            x = net.add(layout.permute((3, size), (1, 0)), np.transpose, turned)
        elif kind == "scores":
            scores = net.times(net.einsum("qc,kc->qk", x, net.dense(2, x)), mask(size, size))
            x = net.einsum("qk,kc->qc", scores, net.dense(1, x))
        elif kind == "attend" and soft:
            keep = (mask(size, size) + np.eye(size)) > 0
            x = net.attend(keep, x)
        x = net.dense(draw.randint(0, 3), x) if kind != "turn" or draw.random() < 0.5 else x
    return net


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("seed", range(60))
def test_random_masked_networks(seed: int, soft: bool) -> None:
    """Never less than measured; without a softmax, which may have one element, just that."""
    net = masked(Random(seed), soft)
    graph = net.graph()
    rows = net.shape[0]
    measured = dependence(net, rows)
    if 0 not in graph.behind(graph.outputs_[0]):
        assert not any(measured)
        return
    for row in range(rows):
        found = rfield.support(graph, (row,))
        claimed = {found.offset[0] + int(k) for k in np.flatnonzero(found.mask)}
        assert claimed >= measured[row]
        if found.fidelity is rfield.Fidelity.EXACT and not soft:
            assert claimed == measured[row]


def test_a_softmax_row_by_row() -> None:
    """A row with nothing alive is known; minus infinity is zero where not all is as low."""
    codes = np.array([[L, A, F], [L, F, F], [L, L, L], [A, A, A]], np.uint8)
    _, known = narrowed(ops.softmax((4, 3), [1]), [Known(codes)], [(4, 3)])
    assert known is not None
    assert known.codes.tolist() == [[Z, A, A], [Z, F, F], [F, F, F], [A, A, A]]
    assert not known.shown
    _, known = narrowed(ops.softmax((2,), [0]), [Known(np.array([L, F], np.uint8))], [(2,)])
    assert known is not None
    assert (known.codes.tolist(), known.shown) == ([Z, F], False)
    alive = Known(np.zeros((1, 1), np.uint8))
    assert narrowed(ops.softmax((4, 3), [1]), [alive], [(4, 3)])[1] is None


def test_a_row_that_is_spread_is_read_where_the_mask_lets_it() -> None:
    """One row times a column of 0 and 1: rows of zeros read nothing, the others row 0."""
    op = ops.pointwise((1, 3), (4, 1), algebra="multiply")
    mask = Known(np.array([[F], [Z], [F], [F]], np.uint8))
    made, known = narrowed(op, [None, mask], [(1, 3), (4, 1)])
    link = made.links[0]
    assert isinstance(link, Link)
    read = link.reads[0]
    assert (read.axis, [list(t) for t in read.relation.taps]) == (0, [[0], [], [0], [0]])
    assert known is not None
    assert known.codes.tolist() == [[A], [Z], [A], [A]]


def test_what_is_hidden_stays_hidden() -> None:
    """Readers of a masked value whose own reads do not say so."""
    scores = np.array([[A, Z], [Z, A]], np.uint8)
    op = ops.pointwise((2, 2), algebra="keep")
    for shown in (True, False):
        made, known = narrowed(op, [Known(scores, shown)], [(2, 2)])
        assert known is not None
        assert (made.exact, known.shown, known.codes.tolist()) == (True, shown, scores.tolist())
    links = (ops.mix((2, 2), [1], kind="sort").links[0], ops.pointwise((2, 2)).links[0])
    for algebra, shown in (("keep", True), ("keep", False), (None, True)):
        op = Op("sort", (2, 2), links, algebra=algebra)
        made, known = narrowed(op, [Known(scores, shown), None], [(2, 2)] * 2)
        assert (made.exact, known) == (shown and algebra == "keep", None)


def test_a_choice_by_what_is_not_known_cuts_nothing() -> None:
    op = ops.pointwise((3,), (3,), (3,), algebra="where")
    zeros = Known(np.full((1,), ZERO, np.uint8))
    made, known = narrowed(op, [None, zeros, None], [(3,)] * 3)
    assert known is None
    assert made.links == op.links


def test_a_condition_of_fewer_axes() -> None:
    """Columns 0 and 2 from the first, column 1 from a constant."""
    op = ops.pointwise((3,), (2, 3), (2, 3), algebra="where")
    condition = np.array([True, False, True])
    zeros = Known(np.full((1, 1), ZERO, np.uint8))
    made, known = narrowed(op, [of_constant((3,)), None, zeros], [(3,), (2, 3), (2, 3)], condition)
    assert known is not None
    assert known.codes.tolist() == [[A, Z, A]]
    link = made.links[1]
    assert isinstance(link, Link)
    assert [list(t) for t in link.reads[1].relation.taps] == [[0], [], [2]]


def test_a_sum_over_known_zeros() -> None:
    """Rows whose products are all zero are zero; of another reduction they may be."""
    weight = Known(np.array([[Z, Z], [Z, F], [F, F]], np.uint8))
    ways: list[tuple[Zeros, int]] = [("keep", Z), ("lose", S)]
    for zeros, code in ways:
        op = ops.contract([(3, 2), (2, 4)], ["ok", "kc"], "oc")
        assert isinstance(op.algebra, Contraction)
        op = replace(op, algebra=replace(op.algebra, zeros=zeros))
        made, known = narrowed(op, [weight, None], [(3, 2), (2, 4)])
        assert known is not None
        assert known.codes.tolist() == [[code], [A], [A]]
        link = made.links[1]
        assert isinstance(link, Link)
        assert [list(t) for t in link.reads[0].relation.taps] == [[], [1], [0, 1]]
    full = Known(np.array([[F, Z], [Z, F], [F, F]], np.uint8))
    op = ops.contract([(3, 2), (2, 4)], ["ok", "kc"], "oc")
    assert narrowed(op, [full, None], [(3, 2), (2, 4)])[1] is None


@pytest.mark.parametrize("batch", [1 << 31, 1 << 40])
def test_axes_along_which_nothing_varies_cost_nothing(batch: int) -> None:
    (link,) = ops.conv((batch, 2, 9), kernel=3).links
    assert link is not None
    marks = np.zeros((1, 1, 9), bool)
    marks[..., 4] = True
    found = reached(link, marks, (batch, 2, 9), (batch, 1, 7))
    assert found is not None
    assert found.tolist() == [[[False, False, True, True, True, False, False]]]


def test_of_more_outputs_than_can_be_marked_all_are() -> None:
    size = 1 << 30
    (link,) = ops.conv((1, 2, size), kernel=3, padding=2).links
    assert link is not None
    found = reached(link, np.ones((1, 1, 1), bool), (1, 2, size), (1, 1, size + 2))
    assert found is not None
    assert found.tolist() == [[[True]]]


@pytest.mark.parametrize(
    ("zeros", "expected"), [("keep", [F, S, Z]), ("absorb", [S, S, Z]), ("lose", [F, S, S])]
)
def test_of_nothing_but_what_may_be_zero_a_reduction_may_be_zero(
    zeros: Zeros, expected: list[int]
) -> None:
    rows = Known(np.array([[S, F], [S, S], [Z, Z]], np.uint8))
    op = replace(ops.reduce((3, 2), (1,)), algebra=Contraction(((0, 1),), (0,), zeros))
    known = narrowed(op, [rows], [(3, 2)])[1]
    assert known is not None
    assert known.codes.tolist() == expected


def test_what_may_be_zero_chooses_nobody_knows_what_also_beside_zeros() -> None:
    where = replace(ops.pointwise((2,), (2,), (2,)), algebra="where")
    condition, one = Known(np.array([S, S], np.uint8)), Known(np.array([Z, A], np.uint8))
    other = Known(np.array([Z, Z], np.uint8))
    assert not narrowed(where, [condition, one, other], [(2,), (2,), (2,)])[0].exact


def test_one_index_of_what_is_known_in_part_does_not_broadcast_it() -> None:
    op = replace(layout.select((3, 2), 0, 2), algebra=None)
    known = narrowed(op, [Known(np.array([[F], [F], [Z]], np.uint8))], [(3, 2)])[1]
    assert known is not None
    assert known.codes.tolist() == [S]
