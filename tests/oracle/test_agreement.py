"""A run on a part of the input against the run on all of it, by the weights of every path.

``walks`` gives each output as a weighted sum of the input. An output of the part equals one of the
whole where both have the same weights on the same elements; which ones are claimed to do so must be
among them, and for plain chains must be all of them up to the ends.
"""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from rfield.analysis.pieces.comparing.agreement import agreement
from rfield.analysis.pieces.comparing.cuts import Cut
from tests.oracle import generator as g
from tests.oracle import program as p
from tests.oracle.translate import build
from tests.oracle.walks import walks


def conv(kernel: int, stride: int = 1, pads: tuple[int, int] = (0, 0), dilation: int = 1) -> p.Op:
    return p.Window("conv", (kernel,), (stride,), (pads,), (dilation,))


def transposed(kernel: int, stride: int, before: int = 0, extra: int = 0) -> p.Op:
    return p.Transposed((kernel,), (stride,), ((before, before),), (1,), (extra,))


def padded(before: int, after: int, mode: str) -> p.Op:
    return p.Pad(((before, after),), mode)


def chain(ops: list[p.Op], size: int) -> p.Program | None:
    """The ops over one axis of ``size``; None where they do not fit."""
    sketch = g.Sketch(Random(0), [], most=60_000)
    last: str | None = sketch.input((1, 1, size))
    for op in ops:
        last = sketch.add(op, last) if last else None
    return sketch.done(last) if last else None


def claimed(ops: list[p.Op], whole: int, part: int, start: int) -> Cut | None:
    """What ``agreement`` says of the last layer's positions."""
    all_of_it, piece = chain(ops, whole), chain(ops, part)
    assert all_of_it is not None
    assert piece is not None
    graph = build(piece)
    found = agreement(build(all_of_it), graph, {"in0": (start,)})
    cuts = found.cuts[graph.outputs_[0]]
    return None if cuts is None else cuts[2]


def weights(ops: list[p.Op], size: int) -> np.ndarray:
    """(outputs, inputs): how much each input element counts in each output."""
    program = chain(ops, size)
    assert program is not None
    found = walks(program, "in0")[program.outputs[0]]
    return found.reshape(-1, size)


def equal(ops: list[p.Op], whole: int, part: int, start: int, shift: int) -> list[int]:
    """The positions of the part whose weights are those of the whole ``shift`` further on."""
    ours, theirs = weights(ops, part), weights(ops, whole)
    laid = np.zeros((len(ours), whole))
    laid[:, start : start + part] = ours
    return [
        i
        for i in range(len(laid))
        if 0 <= i + shift < len(theirs) and np.allclose(laid[i], theirs[i + shift])
    ]


PLAIN: list[tuple[list[p.Op], int, int, int]] = [
    ([conv(3, pads=(1, 1))], 30, 12, 10),
    ([conv(3, pads=(1, 1))], 30, 12, 0),
    ([conv(3, pads=(1, 1))], 30, 12, 18),
    ([conv(3, pads=(1, 1))], 12, 12, 0),
    ([conv(4, pads=(2, 0))], 30, 12, 5),
    ([conv(4, pads=(0, 3))], 30, 12, 5),
    ([conv(3, 2, (1, 0)), conv(3, pads=(1, 1))], 32, 16, 8),
    ([conv(3, 2, (0, 1)), conv(3, pads=(1, 1))], 32, 16, 0),
    ([conv(3, 2, (0, 1)), conv(3, pads=(1, 1))], 32, 16, 16),
    ([conv(2, 2), conv(3, pads=(1, 1)), transposed(2, 2)], 32, 16, 8),
    ([conv(2, 2), conv(3, pads=(1, 1)), transposed(2, 2)], 32, 16, 0),
    ([conv(2, 2), conv(3, pads=(1, 1)), transposed(2, 2)], 32, 16, 16),
    ([transposed(4, 2, 1), conv(3, pads=(1, 1))], 20, 9, 6),
    ([transposed(4, 2, 1), conv(3, pads=(1, 1))], 20, 9, 11),
    ([transposed(3, 3, 0), conv(2, 2)], 20, 8, 4),
    ([padded(2, 2, "reflect"), conv(5)], 30, 14, 9),
    ([padded(2, 2, "reflect"), conv(5)], 30, 14, 0),
    ([padded(2, 2, "reflect"), conv(5)], 30, 14, 16),
    ([padded(2, 2, "replicate"), conv(5)], 30, 14, 0),
    ([padded(2, 2, "replicate"), conv(5)], 30, 14, 16),
    ([padded(2, 2, "symmetric"), conv(5)], 30, 14, 16),
    ([padded(3, 1, "constant"), conv(3, 2)], 31, 15, 8),
    ([p.Crop(((1, 2),)), conv(3, pads=(1, 1))], 30, 14, 6),
    ([p.Slice(2, 1, 9, 1), conv(3, pads=(1, 1))], 9, 9, 0),
]


@pytest.mark.parametrize(("ops", "whole", "part", "start"), PLAIN)
def test_all_equal_positions_of_plain_chains_are_claimed(
    ops: list[p.Op], whole: int, part: int, start: int
) -> None:
    cut = claimed(ops, whole, part, start)
    assert cut is not None
    assert cut.shift is not None
    assert list(range(cut.first, cut.stop)) == equal(ops, whole, part, start, cut.shift)


@pytest.mark.parametrize(
    ("ops", "whole", "part", "start"),
    [
        ([conv(3, 2)], 30, 12, 5),
        ([padded(1, 1, "circular"), conv(3)], 30, 12, 5),
        ([p.Cumsum(2, False)], 30, 12, 5),
        ([p.Cumsum(2, True)], 30, 12, 5),
        ([p.Softmax(2)], 30, 12, 0),
        ([p.Flip((2,))], 30, 12, 5),
        ([p.Adaptive((5,))], 32, 12, 0),
        ([p.Resize((8,), None, "nearest", "half_pixel")], 32, 12, 0),
        ([p.Gather(2, (4, 0, 1))], 32, 12, 1),
    ],
)
def test_what_moves_otherwise_is_not_claimed(
    ops: list[p.Op], whole: int, part: int, start: int
) -> None:
    cut = claimed(ops, whole, part, start)
    assert (
        cut is None
        or cut.shift is None
        or cut.first >= cut.stop
        or set(range(cut.first, cut.stop)) <= set(equal(ops, whole, part, start, cut.shift))
    )


@pytest.mark.parametrize(
    ("ops", "start", "kept"),
    [
        ([p.Cumsum(2, False)], 0, Cut(0, 0, 12)),
        ([p.Cumsum(2, True)], 18, Cut(18, 0, 12)),
        ([p.Cumsum(2, False)], 18, None),
        ([p.Cumsum(2, True)], 0, None),
        ([conv(3, 2, (0, 1)), p.Cumsum(2, False)], 0, Cut(0, 0, 5)),
    ],
)
def test_a_running_sum_keeps_the_end_it_begins_at(
    ops: list[p.Op], start: int, kept: Cut | None
) -> None:
    assert claimed(ops, 30, 12, start) == kept
    if kept:
        assert set(range(kept.stop)) <= set(equal(ops, 30, 12, start, kept.shift or 0))


def drawn(rng: Random, _: p.Ints) -> p.Op:
    """One layer of a random chain."""
    pads = (rng.randint(0, 2), rng.randint(0, 2))
    return rng.choice([
        conv(rng.randint(1, 4), rng.choice([1, 1, 2]), pads, rng.choice([1, 1, 2])),
        transposed(rng.randint(1, 4), rng.choice([1, 2, 3])),
        padded(*pads, rng.choice(["reflect", "replicate", "symmetric", "circular", "constant"])),
        p.Crop((pads,)),
        p.Flip((2,)),
        p.Cumsum(2, rng.random() < 0.5),
    ])  # fmt: skip


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_what_is_claimed_of_random_chains_holds(first: int) -> None:
    some = 0
    for seed in range(first, first + 50):
        rng = Random(f"agreement {seed}")
        ops = [drawn(rng, ()) for _ in range(rng.randint(1, 3))]
        whole, part = rng.randint(20, 30), rng.randint(11, 16)
        start = rng.choice([0, whole - part, rng.randint(0, whole - part)])
        if chain(ops, whole) is None or chain(ops, part) is None:
            continue
        cut = claimed(ops, whole, part, start)
        if cut is None or cut.shift is None or cut.first >= cut.stop:
            continue
        some += 1
        wrong = set(range(cut.first, cut.stop)) - set(equal(ops, whole, part, start, cut.shift))
        assert not wrong, f"{seed}: {ops} of {whole}, {part} from {start}: {cut}"
    assert some > 10
