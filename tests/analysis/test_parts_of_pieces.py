"""What tiles and streams are made of, each against all cases of a few positions."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

import rfield
from rfield.analysis.pieces.comparing.agreement import agreement
from rfield.analysis.pieces.comparing.cuts import Cut, LossError
from rfield.analysis.pieces.comparing.sliding import Sides, placed, slide
from rfield.analysis.pieces.comparing.sliding import _moved as moved
from rfield.analysis.pieces.streams.timing import (
    Pattern,
    held_of,
    lags,
    pattern_of,
    reading_clock,
    window_of,
)
from rfield.core import layout
from rfield.core.graph import Draft, Graph
from rfield.core.indices import EMPTY, IndexSet
from rfield.core.relation import Sliding, shift

NEVER = 10**6


def sliding(draw: Random, *, backward: bool) -> Sliding:
    """A random relation; some phases read nothing."""
    period = draw.randint(1, 3)
    advance = draw.choice([1, 2, 3]) * (draw.choice([1, -1]) if backward else 1)
    taps: list[IndexSet] = []
    for _ in range(period):
        chosen = [draw.randint(-2, 3) for _ in range(draw.randint(1, 3))]
        taps.append(IndexSet.of(chosen) if draw.random() < 0.85 else EMPTY)
    return Sliding(period, advance, tuple(taps), "zero")


@pytest.mark.parametrize("seed", range(150))
def test_how_far_the_outputs_of_a_part_lie(seed: int) -> None:
    """The same elements are read, ``shift`` further on; where nothing fits nothing is said."""
    draw = Random(seed)
    mine, shift = sliding(draw, backward=True), draw.randint(-6, 6)
    turn = draw.randint(0, mine.period - 1)
    other = Sliding(
        mine.period, mine.advance, tuple(mine.at(i + turn) for i in range(mine.period)), "zero"
    )

    def fits(places: int) -> bool:
        return all(other.at(i + places) == mine.at(i).shift(shift) for i in range(mine.period))

    if not any(mine.taps):
        return
    expected = [places for places in range(-40, 41) if fits(places)]
    try:
        found = moved(mine, other, shift, 20)
    except LossError:
        assert not expected
    else:
        assert found in expected


@pytest.mark.parametrize("seed", range(250))
def test_the_outputs_that_read_what_is_known(seed: int) -> None:
    """Each output by its taps: known, or padding in the part and in the whole."""
    draw = Random(seed)
    relation = sliding(draw, backward=True)
    part, outputs = draw.randint(4, 14), draw.randint(1, 16)
    shift = draw.choice([0, 0, abs(relation.advance) * draw.randint(1, 3)])
    whole = part + shift + draw.choice([0, 0, 4])
    first = draw.choice([0, 0, 1, 2])
    stop = part - draw.choice([0, 0, 1, 2])
    side = Sides(Cut(shift, first, stop), part, whole)
    found = slide(relation, relation, side, outputs)
    assert found.shift is not None
    good = [reads_known(relation, side, i) for i in range(outputs)]
    claimed = range(found.first, min(found.stop, outputs))
    assert all(good[i] for i in (*claimed, *found.more))
    if found.stop > found.first:
        assert found.first == 0 or not good[found.first - 1]
        assert found.stop >= outputs or not good[found.stop]


def reads_known(relation: Sliding, side: Sides, output: int) -> bool:
    for tap in relation.at(output):
        known = side.cut.first <= tap < side.cut.stop
        inside = 0 <= tap < side.part or 0 <= tap + (side.cut.shift or 0) < side.whole
        if not known and inside:
            return False
    return True


SHAPES = [
    ((6, 4), (3, 8)), ((6, 4), (24,)), ((12, 2), (6, 2, 2)), ((8, 3), (2, 4, 3)), ((24,), (6, 4)),
    ((1, 8, 2), (16,)), ((8, 1, 2), (4, 4)), ((6, 2), (6, 1, 2)), ((6, 4), (1, 6, 4)),
    ((24,), (4, 3, 2)), ((4, 2, 3), (4, 6)), ((4, 2, 3), (8, 3)), ((6, 4), (12, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), SHAPES)
def test_parts_that_are_reshaped(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    """NumPy reshapes the numbers of the elements, of all and of a part of the first long axis."""
    axis = next(k for k, n in enumerate(before) if n > 1)
    outer = next(k for k, n in enumerate(after) if n > 1)
    whole, size = reshaped(before, after), before[axis]
    numbers = np.arange(np.prod(before)).reshape(before)
    laid = numbers.reshape(after)
    tried = 0
    for part in range(1, size + 1):
        if part * after[outer] % size:
            continue
        for start in range(size - part + 1):
            small = (*before[:axis], part, *before[axis + 1 :])
            result = (*after[:outer], part * after[outer] // size, *after[outer + 1 :])
            graph = reshaped(small, result)
            found = agreement(
                whole, graph, {"x": [start if k == axis else 0 for k in range(len(before))]}
            )
            cuts = found.cuts[graph.outputs_[0]]
            ours = np.take(numbers, range(start, start + part), axis).reshape(result)
            on_grid = start * after[outer] % size == 0 or part == size
            assert (cuts is not None) == on_grid or 1 in (part, result[outer])
            if cuts is None:
                (loss,) = found.losses
                off = "moves in steps that the start of the part does not fit"
                assert loss.why == off or 1 in (part, result[outer])
                continue
            tried += 1
            here = ours[tuple(slice(cut.first, cut.stop) for cut in cuts)]
            there = laid[
                tuple(slice(c.first + (c.shift or 0), c.stop + (c.shift or 0)) for c in cuts)
            ]
            assert np.array_equal(here, there)
            assert here.size == ours.size
    assert tried


def reshaped(before: tuple[int, ...], after: tuple[int, ...]) -> Graph:
    draft = Draft()
    x = draft.input("x", before, tuple(range(len(before))))
    return draft.finish([draft.add("y", layout.reshape(before, after), [x])])


def test_only_the_outermost_axis_may_be_cut() -> None:
    """Columns 0 to 2 of four, flattened; and of rows and columns beside a third axis."""
    for before, small, after, result in (
        ((6, 4), (6, 3), (24,), (18,)),
        ((6, 4, 2), (6, 3, 2), (24, 2), (18, 2)),
        ((2, 3, 4), (2, 3, 2), (24,), (12,)),
    ):
        found = agreement(
            reshaped(before, after), reshaped(small, result), {"x": (0,) * len(before)}
        )
        assert [str(loss) for loss in found.losses] == ["y (reshape) flattens axes that are cut"]
    found = agreement(reshaped((6, 8), (6, 4, 2)), reshaped((6, 4), (6, 2, 2)), {"x": (0, 4)})
    assert found.cuts[1] == (Cut(0, 0, 6), Cut(2, 0, 2), Cut(0, 0, 2))


def clock(draw: Random) -> Pattern:
    """A random clock; a phase that reads nothing has ``first > last``."""
    period, advance = draw.randint(1, 4), draw.randint(1, 5)
    first = [draw.randint(-6, 6) for _ in range(period)]
    last = [f + draw.randint(0, 4) for f in first]
    if period > 1 and draw.random() < 0.3:
        first[1], last[1] = NEVER, -NEVER
    return Pattern(2, advance, np.array(first), np.array(last))


def reads_of(pattern: Pattern, position: int) -> range:
    block, phase = divmod(position, pattern.period)
    start = pattern.advance * block
    return range(start + int(pattern.first[phase]), start + int(pattern.last[phase]) + 1)


@pytest.mark.parametrize("seed", range(80))
def test_clocks_position_by_position(seed: int) -> None:
    draw = Random(seed)
    found = clock(draw)
    every = range(-40, 60)
    busy = [reads_of(found, i) for i in range(found.period) if reads_of(found, i)]
    assert found.reads == (min(r[0] for r in busy), max(r[-1] for r in busy))
    assert found.hop == Fraction(found.advance, found.period)
    for position in (-2, 0, 1, 5):
        before = [reads_of(found, i)[-1] for i in every if i <= position and reads_of(found, i)]
        after = [reads_of(found, i)[0] for i in every if i >= position and reads_of(found, i)]
        assert found.ready_at(position) == max(before) + 1
        assert found.needed_at(position) == min(after)
    for samples in (0, 1, 4, 9, 17):
        ready = [i for i in every if found.ready_at(i) <= samples]
        assert found.computable(samples) == max(ready) + 1
    times = draw.randint(1, 3)
    longer = found.repeated(times)
    assert (longer.axis, longer.period, longer.hop) == (2, times * found.period, found.hop)
    assert all(reads_of(longer, i) == reads_of(found, i) or not reads_of(found, i) for i in every)


@pytest.mark.parametrize("seed", range(60))
def test_windows_and_what_is_held_position_by_position(seed: int) -> None:
    draw = Random(seed)
    relation = sliding(draw, backward=False)
    if not any(relation.taps):
        return
    pattern = reading_clock(relation)
    found = window_of(relation)
    spans: list[int] = []
    for start in range(relation.period):
        taps = [t for i in range(start, start + relation.period) for t in relation.at(i)]
        spans.append(max(taps) - min(taps) + 1)
    assert (found.gives, found.step) == (relation.period, relation.advance)
    assert found.reads == min(spans)
    assert found.state == max(0, found.reads - found.step)
    assert found.ahead == max(0, max(t for s in relation.taps for t in s) - found.step + 1)
    hop = draw.randint(1, 3)
    operand = Pattern(2, hop, np.array([0]), np.array([hop - 1]))
    for samples in (6, 7, 12, 30):
        arrived = samples // hop
        done = max(i for i in range(-40, 120) if pattern.ready_at(i) <= arrived) + 1
        needed = min(t for i in range(done, done + 40) for t in relation.at(i))
        assert held_of(relation, operand, samples) == max(0, arrived - needed)


@pytest.mark.parametrize("seed", range(40))
def test_the_branch_that_is_ahead_waits(seed: int) -> None:
    draw = Random(seed)
    hop = draw.randint(1, 3)
    branches: list[Pattern] = []
    for _ in range(draw.randint(2, 3)):
        period = draw.randint(1, 3)
        last = [hop * i + draw.randint(0, 6) for i in range(period)]
        branches.append(Pattern(2, hop * period, np.array(last) - 1, np.array(last)))
    waiting = [0] * len(branches)
    for samples in range(80):
        there = [max(i for i in range(-60, 99) if b.ready_at(i) <= samples) for b in branches]
        waiting = [max(w, n - min(there)) for w, n in zip(waiting, there, strict=True)]
    assert lags(branches) == tuple(waiting)


def test_what_has_no_clock_says_why() -> None:
    assert pattern_of(None, (1, 1, 4)) == "it does not depend on the time axis"


def plain(size: int, **conv: Any) -> Graph:
    b = rfield.GraphBuilder()
    return b.build([b.conv("conv", b.input("x", (1, 1, size)), **conv)])


def test_an_output_that_reads_nothing_yet_is_there_at_once() -> None:
    plan = rfield.stream_plan(plain(40, kernel=1, padding=[(5, 0)]))
    assert (plan.first_output_after, plan.first_valid_output, plan.first_valid_after) == (0, 5, 1)
    assert plan.outputs_after(0) == 5


def two_outputs() -> Graph:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 40))
    return b.build([b.conv("wide", x, kernel=9), b.conv("narrow", x, kernel=3, stride=2)])


def test_the_layer_that_is_asked_for_is_planned() -> None:
    for length in (None, 48):
        wide = rfield.stream_plan(two_outputs(), "wide", length=length)
        assert (wide.layer, wide.size, wide.hop) == ("wide", 9, 1)
        narrow = rfield.stream_plan(two_outputs(), length=length)
        assert (narrow.layer, narrow.size, narrow.hop) == ("narrow", 3, 2)
    assert rfield.tile_plan(two_outputs(), 40, tile=20, output="wide").halo == ((0, 8),)
    assert rfield.tile_plan(two_outputs(), 40, tile=20).layer == "narrow"


def test_a_length_that_is_no_input_s() -> None:
    b = rfield.GraphBuilder()
    left, right = b.input("left", (1, 1, 40)), b.input("right", (1, 1, 20))
    graph = b.build([b.conv("a", left, kernel=3), b.conv("c", right, kernel=5)])
    assert rfield.stream_plan(graph, "a", length=30).output_shape == (1, 1, 28)
    assert rfield.stream_plan(graph, "c", length=30).output_shape == (1, 1, 26)


def test_many_layers_in_the_way_are_counted() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 40))
    turned = [b.flip("turn0", x, axes=(2,))]
    for number in range(1, 9):
        turned.append(b.flip(f"turn{number}", turned[-1], axes=(2,)))
    with pytest.raises(rfield.NotStreamableError) as raised:
        rfield.stream_plan(b.build([turned[8]]))
    assert str(raised.value) == (
        "turn8: it runs backwards in time\n"
        "  time is turned round by turn0, turn1, turn2, turn3, turn4 and 4 more"
    )
    with pytest.raises(rfield.NotStreamableError) as raised:
        rfield.stream_plan(b.build([turned[6]]))
    assert str(raised.value).endswith("turn2, turn3, turn4 and 2 more")


def test_channels_that_are_laid_out_by_the_length_are_others() -> None:
    """Twelve channels as 3 x 4 in the whole and as 4 x 3 in the part: nothing is the same."""
    whole, part = (
        reshaped((1, 12, n), (1, *channels, n)) for n, channels in ((40, (3, 4)), (20, (4, 3)))
    )
    found = agreement(whole, part, {"x": (0, 0, 8)})
    assert found.cuts[part.outputs_[0]] is None
    assert [str(loss) for loss in found.losses] == [
        "y (reshape) reads numbers that are made for the size of its input"
    ]
    same = reshaped((1, 12, 20), (1, 3, 4, 20))
    assert agreement(whole, same, {"x": (0, 0, 8)}).cuts[1] == (
        Cut(0, 0, 1), Cut(0, 0, 3), Cut(0, 0, 4), Cut(8, 0, 20),
    )  # fmt: skip


def test_a_mirrored_end_must_be_known_as_far_as_it_is_mirrored() -> None:
    """Taps -2 .. 2 read the first three elements at an end, of which two or three are known."""
    five = Sliding(1, 1, (IndexSet.interval(-2, 2),), "reflect")
    assert slide(five, five, Sides(Cut(0, 0, 2), 10, 20), 10) == Cut(0, 2, 0)
    assert slide(five, five, Sides(Cut(0, 0, 3), 10, 20), 10) == Cut(0, 0, 1)
    assert slide(five, five, Sides(Cut(10, 7, 10), 10, 20), 10) == Cut(10, 9, 10)
    assert slide(five, five, Sides(Cut(10, 8, 10), 10, 20), 10) == Cut(10, 10, 8)


def test_every_branch_that_is_lost_is_named() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 40))
    means = [b.reduce(f"mean{k}", x, axes=[2], keepdims=True) for k in range(2)]
    graph = b.build([b.add("sum", x, *means)])
    assert graph.reread is not None
    found = agreement(graph, graph.reread({"x": (1, 1, 20)}), {"x": (8,)})
    assert [loss.layer for loss in found.losses] == ["mean0", "mean1"]


def test_a_part_that_is_computed_otherwise_is_no_part() -> None:
    graphs: list[Graph] = []
    for n, kind in ((40, "max"), (20, "average")):
        b = rfield.GraphBuilder()
        x = b.input("x", (1, 1, n))
        pool = b.max_pool if kind == "max" else b.avg_pool
        graphs.append(b.build([pool("pool", x, kernel=2, stride=2)]))
    found = agreement(*graphs, {"x": (8,)})
    assert [str(loss) for loss in found.losses] == [
        "pool (avg_pool) is not computed as for the whole input"
    ]
    assert found.cuts[1] is None


def test_what_is_laid_in_front_is_there_where_both_begin() -> None:
    """Two positions in front of a part that begins with the whole, and five where it does not."""
    two, five = shift(-2, "cut"), shift(-5, "cut")
    side = Sides(Cut(0, 0, 8), 8, 20)
    assert placed(two, two, side, 10) == Cut(0, 0, 10)
    assert placed(two, five, side, 10) == Cut(3, 2, 10)
