"""Masks: what a known zero or minus infinity cuts, against the same arithmetic run in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rfield
from rfield.core import layout, ops
from rfield.core.graph import Draft, Graph
from rfield.core.known import LOW, ZERO, Known, narrowed, of_constant
from rfield.core.known.pattern import relation_of
from rfield.core.ops import Op
from rfield.core.relation import Prefix, Sliding, Table

T, C = 12, 3
INF = float("inf")
WEIGHTS = np.random.default_rng(5).uniform(0.5, 1.5, (4, C, C))


class Net:
    """A graph and the same arithmetic in NumPy, written side by side."""

    def __init__(self, shape: Sequence[int] = (T, C)) -> None:
        self.draft = Draft()
        self.shape = tuple(shape)
        self.values: list[Callable[[Any], Any]] = [lambda x: x]
        self.draft.input("x", self.shape, (0,))

    def add(self, op: Op, function: Callable[..., Any], *operands: int | np.ndarray) -> int:
        """``operands``: values, or arrays that are known."""
        known: list[Known | None] = []
        shapes: list[tuple[int, ...]] = []
        for operand in operands:
            if isinstance(operand, np.ndarray):
                known.append(of_constant(operand.shape, operand))
                shapes.append(operand.shape)
            else:
                known.append(self.draft.known.get(operand))
                shapes.append(self.draft.shape(operand))
        condition = operands[0] if isinstance(operands[0], np.ndarray) else None
        op, found = narrowed(op, known, shapes, condition)
        again = (*operands, *(operands[place] for place in op.repeats))
        kept = [(o, k) for o, k in zip(again, op.links, strict=True) if isinstance(o, int) and k]
        op = Op(op.kind, op.shape, tuple(k for _, k in kept), exact=op.exact)
        index = self.draft.add(f"v{len(self.values)}", op, [o for o, _ in kept], known=found)

        def compute(values: dict[int, Any]) -> Any:
            given = [values[o] if isinstance(o, int) else o for o in operands]
            return function(*given)

        self.values.append(compute)
        return index

    def dense(self, number: int, x: int = 0) -> int:
        shape = self.draft.shape(x)
        return self.add(ops.dense(shape, C), lambda v: v @ WEIGHTS[number], x)

    def plus(self, x: int, mask: np.ndarray) -> int:
        op = ops.pointwise(self.draft.shape(x), mask.shape, algebra="add")
        return self.add(op, np.add, x, mask)

    def times(self, x: int, mask: np.ndarray) -> int:
        op = ops.pointwise(self.draft.shape(x), mask.shape, algebra="multiply")
        return self.add(op, np.multiply, x, mask)

    def where(self, condition: np.ndarray, x: int | np.ndarray, y: int | np.ndarray) -> int:
        shapes = [v.shape if isinstance(v, np.ndarray) else self.draft.shape(v) for v in (x, y)]
        op = ops.pointwise(condition.shape, *shapes, algebra="where")
        return self.add(op, np.where, condition, x, y)

    def softmax(self, x: int) -> int:
        return self.add(ops.softmax(self.draft.shape(x), [-1]), softmax, x)

    def einsum(self, terms: str, *operands: int | np.ndarray) -> int:
        labels, _, output = terms.partition("->")
        shapes = [v.shape if isinstance(v, np.ndarray) else self.draft.shape(v) for v in operands]
        op = ops.contract(shapes, labels.split(","), output)
        return self.add(op, lambda *v: np.einsum(terms, *v), *operands)

    def attend(self, mask: np.ndarray, x: int = 0, *, first: int = 0) -> int:
        q, k, v = (self.dense(n + first, x) for n in range(3))
        scores = self.einsum("qc,kc->qk", q, k)
        scores = self.plus(scores, np.where(mask, 0.0, -INF))
        return self.einsum("qk,kc->qc", self.softmax(scores), v)

    def run(self, x: np.ndarray) -> np.ndarray:
        values: dict[int, Any] = {0: x}
        for index, function in enumerate(self.values[1:], 1):
            values[index] = function(values)
        return values[len(self.values) - 1]

    def graph(self) -> Graph:
        return self.draft.finish([len(self.draft.nodes) - 1])


def softmax(x: np.ndarray) -> np.ndarray:
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def dependence(net: Net, rows: int) -> list[set[int]]:
    """Which positions change each output when they are changed, tried at two places."""
    found: list[set[int]] = [set() for _ in range(rows)]
    for seed in (1, 2):
        x = np.random.default_rng(seed).uniform(0.5, 1.5, net.shape)
        base = net.run(x)
        for place in range(net.shape[0]):
            changed = x.copy()
            changed[place] *= 1.7
            moved = net.run(changed) != base
            for row in np.flatnonzero(moved.reshape(rows, -1).any(axis=1)):
                found[row].add(place)
    return found


def check(net: Net, *, exact: bool = True, alone: frozenset[int] = frozenset()) -> None:
    """``alone``: rows in which a softmax has one element, which is 1 whatever the input is."""
    graph = net.graph()
    rows = graph.nodes[graph.outputs_[0]].shape[0]
    measured = dependence(net, rows)
    for row in range(rows):
        found = rfield.support(graph, (row,))
        claimed = {found.offset[0] + int(k) for k in np.flatnonzero(found.mask)}
        assert (found.fidelity is rfield.Fidelity.EXACT) == exact
        if exact and row not in alone:
            assert claimed == measured[row], row
        assert claimed >= measured[row], row


QUERY, KEY = np.arange(T)[:, None], np.arange(T)[None, :]
MASKS = {
    "causal": KEY <= QUERY,
    "anticausal": KEY >= QUERY,
    "banded": (KEY <= QUERY + 2) & (KEY >= QUERY - 3),
    "dilated": (KEY - QUERY) % 3 == 0,
    "chunked": KEY // 4 == QUERY // 4,
    "causal chunks": KEY // 4 <= QUERY // 4,
    "only the first five keys": (KEY < 5) & (QUERY >= 0),
    "causal and ahead": KEY <= QUERY + 2,
}


@pytest.mark.parametrize("name", MASKS)
def test_attention_reads_what_its_mask_leaves(name: str) -> None:
    net = Net()
    net.attend(MASKS[name])
    check(net)


@pytest.mark.parametrize("name", MASKS)
def test_two_layers_of_attention(name: str) -> None:
    net = Net()
    net.attend(MASKS["banded"], net.attend(MASKS[name]), first=1)
    check(net)


def test_a_band_is_local_and_the_same_at_every_size() -> None:
    net = Net()
    net.attend(MASKS["banded"], net.attend(MASKS["banded"]), first=1)
    rf = rfield.receptive_field(net.graph())
    assert (rf.size, rf.stride, rf.padding) == ((11,), (1,), (6,))
    assert rf.global_reads == ()


def test_a_causal_mask_reads_the_past() -> None:
    net = Net()
    net.attend(MASKS["causal"])
    region = rfield.receptive_field(net.graph()).region((5,), clip=True)
    assert (int(region.start[0]), int(region.stop[0])) == (0, 6)


def test_a_mask_without_minus_infinity_cuts_nothing() -> None:
    net = Net()
    q, k, v = (net.dense(n) for n in range(3))
    scores = net.plus(net.einsum("qc,kc->qk", q, k), np.where(MASKS["causal"], 0.0, -100.0))
    net.einsum("qk,kc->qc", net.softmax(scores), v)
    assert rfield.support(net.graph(), (0,)).count == T


def test_the_lowest_number_of_the_type_is_minus_infinity() -> None:
    for kind in (np.float16, np.float32, np.float64):
        mask = np.array([0, np.finfo(kind).min, -np.inf], kind)
        assert of_constant((3,), mask).codes.tolist() == [ZERO, LOW, LOW]


def test_a_mask_that_multiplies_scores_without_softmax() -> None:
    net = Net()
    q, k, v = (net.dense(n) for n in range(3))
    scores = net.times(net.einsum("qc,kc->qk", q, k), MASKS["banded"].astype(float))
    net.einsum("qk,kc->qc", scores, v)
    check(net)


def test_where_and_masked_fill() -> None:
    net = Net()
    q, k, v = (net.dense(n) for n in range(3))
    scores = net.where(MASKS["chunked"], net.einsum("qc,kc->qk", q, k), np.full((1, 1), -INF))
    net.einsum("qk,kc->qc", net.softmax(scores), v)
    check(net)


def test_masks_survive_heads_that_are_split_and_merged() -> None:
    net = Net((T, 4))
    heads = net.add(layout.reshape((T, 4), (T, 2, 2)), lambda x: x.reshape(T, 2, 2), 0)
    turned = net.add(layout.permute((T, 2, 2), (1, 0, 2)), lambda x: x.transpose(1, 0, 2), heads)
    scores = net.einsum("hqc,hkc->hqk", turned, turned)
    scores = net.plus(scores, np.where(MASKS["banded"], 0.0, -INF))
    flat = net.add(layout.reshape((2, T, T), (2, T * T)), lambda x: x.reshape(2, T * T), scores)
    back = net.add(layout.reshape((2, T * T), (2, T, T)), lambda x: x.reshape(2, T, T), flat)
    mixed = net.einsum("hqk,hkc->hqc", net.softmax(back), turned)
    net.add(layout.permute((2, T, 2), (1, 0, 2)), lambda x: x.transpose(1, 0, 2), mixed)
    check(net)


def test_heads_with_masks_of_their_own() -> None:
    net = Net()
    mask = np.stack([MASKS["banded"], MASKS["causal"]])
    q, k, v = (net.dense(n) for n in range(3))
    scores = net.add(ops.contract([(T, C)] * 2, ["qc", "kc"], "qk"), lambda a, b: a @ b.T, q, k)
    wide = net.add(
        layout.expand((T, T), (2, T, T)), lambda s: np.broadcast_to(s, (2, T, T)), scores
    )
    masked = net.softmax(net.plus(wide, np.where(mask, 0.0, -INF)))
    net.einsum("hqk,kc->qc", masked, v)
    check(net)


def test_a_mask_along_one_axis_shows_in_the_value_itself() -> None:
    net = Net()
    net.times(0, (np.arange(T) % 3 > 0).astype(float)[:, None])
    check(net)


def test_a_masked_value_that_is_asked_for_itself() -> None:
    """On the tensor a cut element reads nothing; the theory knows no end of the mask."""
    net = Net()
    scores = net.einsum("qc,kc->qk", 0, net.dense(0))
    net.plus(scores, np.where(MASKS["banded"], 0.0, -INF))
    graph = net.graph()
    rf = rfield.receptive_field(graph)
    for query, key in ((4, 4), (4, 6), (4, 7), (9, 2)):
        found = rfield.support(graph, (query, key))
        read = {query, key} if MASKS["banded"][query, key] else set[int]()
        assert {found.offset[0] + int(k) for k in np.flatnonzero(found.mask)} == read
        assert found.fidelity is rfield.Fidelity.EXACT
        box = rf.region((query, key), clip=True)
        assert int(box.stop[0] - box.start[0]) == (max(read) - min(read) + 1 if read else 0)
    seen = rf.outputs_seeing((11,))
    assert [int(n) for n in (*seen.start, *seen.stop)] == [9, 8, 12, 12]
    assert rf.fidelity is rfield.Fidelity.UPPER_BOUND


def test_a_reader_that_leaves_nothing_out_is_a_bound() -> None:
    net = Net()
    scores = net.einsum("qc,kc->qk", 0, net.dense(0))
    masked = net.plus(scores, np.where(MASKS["causal"], 0.0, -INF))
    net.add(ops.mix((T, T), [1], kind="sort"), lambda x: np.sort(x, axis=1), masked)
    found = rfield.support(net.graph(), (0,))
    assert found.fidelity is rfield.Fidelity.UPPER_BOUND


def test_a_linear_layer_with_a_masked_weight() -> None:
    mask = np.random.default_rng(3).integers(0, 2, (9, T)).astype(float)
    net = Net()
    net.einsum("oi,ic->oc", mask, 0)
    check(net)


@given(st.integers(1, 7), st.integers(1, 7), st.data())
def test_any_mask_over_scores(rows: int, size: int, data: st.DataObject) -> None:
    flat = data.draw(st.lists(st.booleans(), min_size=rows * size, max_size=rows * size))
    assume(any(flat))
    mask = np.array(flat).reshape(rows, size).astype(float)
    net = Net((size, C))
    net.einsum("qk,kc->qc", mask, net.dense(0))
    check(net)


@given(st.integers(2, 9), st.integers(1, 4), st.data())
def test_a_relation_says_its_marks(size: int, rows: int, data: st.DataObject) -> None:
    """Whatever is found for a table of marks reads just these, at this size."""
    rows = data.draw(st.sampled_from([rows, size]))
    flat = data.draw(st.lists(st.booleans(), min_size=rows * size, max_size=rows * size))
    marks = np.array(flat).reshape(rows, size)
    found = relation_of(marks)
    for i in range(rows):
        if isinstance(found, Prefix):
            read = set(range(i, size)) if found.backward else set(range(i + 1))
        elif isinstance(found, (Sliding, Table)):
            read = {k for k in found.at(i) if 0 <= k < size}
        else:
            read = set(range(size))
        assert read == set(np.flatnonzero(marks[i]).tolist())


def test_a_triangle_with_an_offset_is_no_band() -> None:
    """Its far end is the table's, not its own: at another size it would lie elsewhere."""
    assert isinstance(relation_of(np.tril(np.ones((6, 6), bool), 2)), Table)
    assert isinstance(relation_of(np.tril(np.triu(np.ones((6, 6), bool), -2), 1)), Sliding)
