"""Links in which one output axis drives several operand axes: diagonals, banded attention."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rfield
from rfield.core import layout, ops, windows
from rfield.core.graph import Draft, Graph
from rfield.core.indices import IndexSet
from rfield.core.link import Link, Read, reads_of
from rfield.core.ops import Op
from rfield.core.relation import IDENTITY, WHOLE, Prefix, Relation, Sliding, Table, shift

BAND = Sliding(1, 1, (IndexSet.interval(-3, 2),))


def coupled(shape: Sequence[int], relation: Relation, *, other: Relation = IDENTITY) -> Op:
    """Output ``q`` reads row ``q`` of a square, there the columns of ``relation``."""
    return Op("rows", tuple(shape[:1]), (Link([Read(0, other), Read(0, relation)]),))


def scores(length: int, first: Op | None = None) -> tuple[Draft, int]:
    """``s[q, k]`` of queries and keys of one sequence."""
    draft = Draft()
    x = draft.input("x", (length, 2), (0,))
    if first is not None:
        x = draft.add("first", first, [x])
        length = draft.shape(x)[0]
    op = ops.contract([(length, 2)] * 2, ["qc", "kc"], "qk")
    return draft, draft.add("scores", op, [x, x])


def influence_sets(graph: Graph) -> list[dict[tuple[int, ...], set[tuple[int, ...]]]]:
    """For every element of every value the input elements that it reads, one by one."""
    found: list[dict[tuple[int, ...], set[tuple[int, ...]]]] = []
    for node in graph.nodes:
        elements = list(itertools.product(*map(range, node.shape)))
        if not node.operands:
            found.append({e: {e} for e in elements})
            continue
        sets: dict[tuple[int, ...], set[tuple[int, ...]]] = {}
        for e in elements:
            sets[e] = set()
            for operand, link in zip(node.operands, node.links, strict=True):
                for place in reads_of(link, e, graph.nodes[operand].shape):
                    sets[e] |= found[operand][place]
        found.append(sets)
    return found


def check(graph: Graph) -> None:
    """Support, clipped region and projective field of every output against the sets."""
    sets = influence_sets(graph)[graph.outputs_[0]]
    entry = graph.inputs_[0]
    rf = rfield.receptive_field(graph)
    length = graph.nodes[entry.node].shape[0]
    seen: dict[int, set[int]] = {i: set() for i in range(length)}
    outputs = range(graph.nodes[graph.outputs_[0]].shape[0])
    for i in outputs:
        expected: set[int] = set()
        for rest in itertools.product(*map(range, graph.nodes[graph.outputs_[0]].shape[1:])):
            expected |= {element[0] for element in sets[(i, *rest)]}
        found = rfield.support(graph, (i,))
        marked = {found.offset[0] + int(k) for k in np.flatnonzero(found.mask)}
        assert marked == expected, i
        if expected:
            region = rf.region((i,), clip=True)
            assert (int(region.start[0]), int(region.stop[0])) == (
                min(expected),
                max(expected) + 1,
            ), i
        for place in expected:
            seen[place].add(i)
    for place, readers in seen.items():
        if readers:
            region = rf.outputs_seeing((place,))
            assert (int(region.start[0]), int(region.stop[0])) == (min(readers), max(readers) + 1)


RELATIONS: dict[str, Relation] = {
    "band": BAND,
    "causal": Prefix(),
    "from here on": Prefix(backward=True),
    "diagonal": IDENTITY,
    "table": Table(tuple(IndexSet.of(sorted({i // 2, (3 * i) % 8})) for i in range(8))),
    "nothing at some": Table(tuple(IndexSet.of([i] if i % 3 else []) for i in range(8))),
    "blocks": Sliding(4, 4, (IndexSet.interval(0, 3),) * 4),
}


@pytest.mark.parametrize("name", RELATIONS)
def test_rows_of_scores(name: str) -> None:
    draft, s = scores(8)
    check(draft.finish([draft.add("out", coupled((8, 8), RELATIONS[name]), [s])]))


@pytest.mark.parametrize("name", RELATIONS)
def test_two_layers_with_a_convolution_between(name: str) -> None:
    draft, s = scores(
        8, windows.conv((8, 2), kernel=3, padding=1, channels=2, axes=(0,), channel_axis=1)
    )
    row = draft.add("row", coupled((8, 8), RELATIONS[name]), [s])
    wide = draft.add("wide", layout.reshape((8,), (8, 1)), [row])
    smooth = draft.add(
        "conv",
        windows.conv((8, 1), kernel=2, stride=2, channels=2, axes=(0,), channel_axis=1),
        [wide],
    )
    again = draft.add("again", ops.contract([(4, 2)] * 2, ["qc", "kc"], "qk"), [smooth, smooth])
    last = Table(tuple(IndexSet.of([i, 3 - i] if 2 * i < 3 else [i]) for i in range(4)))
    check(draft.finish([draft.add("out", coupled((4, 4), last), [again])]))


@given(st.lists(st.sets(st.integers(0, 5)), min_size=6, max_size=6), st.booleans(), st.data())
def test_any_pattern_of_rows(rows: list[set[int]], turned: bool, data: st.DataObject) -> None:
    table = Table(tuple(IndexSet.of(sorted(row)) for row in rows))
    other = data.draw(st.sampled_from([IDENTITY, shift(1), Sliding(1, -1, (IndexSet.of([5]),))]))
    draft, s = scores(6)
    assume(sum(map(bool, rows)) > 1)  # else the output has no place that moves
    if turned:
        s = draft.add("turned", layout.permute((6, 6), (1, 0)), [s])
    check(draft.finish([draft.add("out", coupled((6, 6), table, other=other), [s])]))


def test_a_band_is_the_same_at_every_place() -> None:
    draft, s = scores(40)
    rf = rfield.receptive_field(draft.finish([draft.add("out", coupled((40, 40), BAND), [s])]))
    assert (rf.size, rf.stride, rf.padding) == ((6,), (1,), (3,))
    assert rf.fidelity is rfield.Fidelity.EXACT


def test_without_the_coupling_the_sets_differ() -> None:
    """The check fails where the axes are read apart: every row, there the same columns."""
    draft, s = scores(8)
    apart = Op("rows", (8,), (Link([Read(None, WHOLE), Read(0, BAND)]),))
    graph = draft.finish([draft.add("out", coupled((8, 8), BAND), [s])])
    wrong = draft.finish([draft.add("wrong", apart, [s])])
    assert influence_sets(graph)[-1] != influence_sets(wrong)[-1]
