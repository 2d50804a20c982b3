"""The oracle itself, on cases whose answer is plain to see, and its two meanings on each other."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np
import pytest

from tests.oracle import program as p
from tests.oracle.generator import case
from tests.oracle.grid_meaning import NoTheoryError, Theory, has_theory
from tests.oracle.shrink import is_valid, shrink
from tests.oracle.tensor_meaning import apply, dependence, shapes_of


def one(op: p.Op, shape: p.Ints) -> list[set[tuple[int, ...]]]:
    """What every output element of one op reads."""
    program = p.Program((("x", shape),), (p.Layer("y", op, ("x",)),), ("y",))
    sets = dependence(program, "x")["y"]
    rows = sets.reshape(-1, prod(shape))
    return [{tuple(map(int, np.unravel_index(i, shape))) for i in np.flatnonzero(r)} for r in rows]


def line(op: p.Op, size: int) -> list[set[int]]:
    """The same on one spatial axis."""
    return [{at[2] for at in row} for row in one(op, (1, 1, size))]


def conv(kernel: int, stride: int, pads: p.Pairs | str, dilation: int = 1) -> p.Op:
    return p.Window("conv", (kernel,), (stride,), pads, (dilation,))


@pytest.mark.parametrize(
    ("op", "size", "expected"),
    [
        (conv(3, 2, ((1, 0),)), 5, [{0, 1}, {1, 2, 3}]),
        (conv(3, 2, "same"), 6, [{0, 1, 2}, {2, 3, 4}, {4, 5}]),
        (conv(3, 2, "same_lower"), 6, [{0, 1}, {1, 2, 3}, {3, 4, 5}]),
        (conv(2, 1, ((2, 0),)), 2, [set(), {0}, {0, 1}]),
        (conv(3, 1, ((0, 0),), 2), 5, [{0, 2, 4}]),
        (p.Window("max_pool", (2,), (2,), ((0, 0),), (1,), ceil=True), 5, [{0, 1}, {2, 3}, {4}]),
        (p.Window("max_pool", (2,), (2,), ((1, 1),), (1,), ceil=True), 4, [{0}, {1, 2}, {3}]),
        (p.Transposed((3,), (2,), ((1, 1),), (1,), (1,)), 2, [{0}, {0, 1}, {1}, {1}]),
        (p.Transposed((1,), (2,), ((0, 0),), (1,), (0,)), 3, [{0}, set(), {1}, set(), {2}]),
        (p.Resize((4,), None, "nearest", "asymmetric"), 2, [{0}, {0}, {1}, {1}]),
        (p.Resize((4,), None, "linear", "half_pixel"), 2, [{0}, {0, 1}, {0, 1}, {1}]),
        (p.Resize((3,), None, "linear", "align_corners"), 2, [{0}, {0, 1}, {1}]),
        (p.Resize(None, (Fraction(1, 2),), "cubic", "half_pixel"), 6,
         [{0, 1, 2}, {1, 2, 3, 4}, {3, 4, 5}]),
        (p.Adaptive((2,)), 5, [{0, 1, 2}, {2, 3, 4}]),
        (p.Pad(((2, 1),), "reflect"), 3, [{2}, {1}, {0}, {1}, {2}, {1}]),
        (p.Pad(((1, 1),), "symmetric"), 3, [{0}, {0}, {1}, {2}, {2}]),
        (p.Pad(((1, 1),), "circular"), 3, [{2}, {0}, {1}, {2}, {0}]),
        (p.Pad(((1, -1),), "constant"), 3, [set(), {0}, {1}]),
        (p.Crop(((1, 1),)), 4, [{1}, {2}]),
        (p.Slice(2, 4, -1, -2), 5, [{4}, {2}, {0}]),
        (p.Flip((2,)), 3, [{2}, {1}, {0}]),
        (p.Roll(((2, 1),)), 3, [{2}, {0}, {1}]),
        (p.Gather(2, (2, 0, 0)), 3, [{2}, {0}, {0}]),
        (p.Tile(2, 2), 2, [{0}, {1}, {0}, {1}]),
        (p.Repeat(2, 2), 2, [{0}, {0}, {1}, {1}]),
        (p.Cumsum(2, True), 3, [{0, 1, 2}, {1, 2}, {2}]),
        (p.Softmax(2), 2, [{0, 1}, {0, 1}]),
        (p.Reduce((2,), False), 2, [{0, 1}]),
    ],
)  # fmt: skip
def test_one_axis(op: p.Op, size: int, expected: list[set[int]]) -> None:
    assert line(op, size) == expected


def test_frames_and_their_overlap() -> None:
    shape = (1, 1, 4)
    sets = np.eye(4, dtype=bool).reshape(*shape, 4)
    cut = apply(p.Frames(2, size=2, step=1, dilation=2, before=1, after=1), [sets])
    read = [[np.flatnonzero(place).tolist() for place in window] for window in cut[0, 0]]
    assert read == [[[], [1]], [[0], [2]], [[1], [3]], [[2], []]]
    laid = apply(p.OverlapAdd(2, step=1, size=4, dilation=2, before=1), [cut])
    assert (laid == sets).all()


def test_written_elements_replace_the_old_ones() -> None:
    one, two = np.eye(5, dtype=bool)[:3], np.eye(5, dtype=bool)[3:]
    made = apply(p.Overwrite(2, 0, 2), [one.reshape(1, 1, 3, 5), two.reshape(1, 1, 2, 5)])
    assert [np.flatnonzero(row).tolist() for row in made[0, 0]] == [[3], [1], [4]]


def test_a_selected_axis_is_gone() -> None:
    sets = np.eye(6, dtype=bool).reshape(1, 1, 2, 3, 6)
    assert (apply(p.Select(2, 1), [sets]) == sets[:, :, 1]).all()


def test_pixel_shuffle_is_the_reshape_of_pytorch() -> None:
    shape = (1, 8, 2, 3)
    sets = np.eye(48, dtype=bool).reshape(*shape, 48)
    blocks = sets.reshape(1, 2, 2, 2, 2, 3, 48).transpose(0, 1, 4, 2, 5, 3, 6)
    made = apply(p.DepthToSpace((2, 2), True), [sets])
    assert (made == blocks.reshape(1, 2, 4, 6, 48)).all()
    assert (apply(p.SpaceToDepth((2, 2), True), [made]) == sets).all()
    other = apply(p.DepthToSpace((2, 2), False), [sets])
    assert (apply(p.SpaceToDepth((2, 2), False), [other]) == sets).all()


def test_columns_beside_rows_read_five_pixels_of_nine() -> None:
    tall = p.Window("conv", (3, 1), (1, 1), "same", (1, 1))
    wide = p.Window("conv", (1, 3), (1, 1), "same", (1, 1))
    layers = (
        p.Layer("a", tall, ("x",)), p.Layer("b", wide, ("x",)),
        p.Layer("y", p.Pointwise("add"), ("a", "b")),
    )  # fmt: skip
    program = p.Program((("x", (1, 1, 3, 3)),), layers, ("y",))
    assert dependence(program, "x")["y"][0, 0, 1, 1].sum() == 5
    assert len(Theory(program).reads("y", "x", (2, 3), (1, 1))) == 2


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("kind", ["chain", "dag"])
def test_both_ways_to_compute_the_tensor_meaning_agree(kind: str, seed: int) -> None:
    program = case(kind, seed)
    if not has_theory(program):
        return
    shapes, output = shapes_of(program), program.outputs[-1]
    if 0 in shapes[output]:
        return
    pulled = Theory(program, here=True)
    for source, shape in program.inputs:
        sets = dependence(program, source)[output]
        for at in list(np.ndindex(*shapes[output]))[:: max(1, prod(shapes[output]) // 7)]:
            mask = np.zeros(shape, bool)
            try:
                boxes = pulled.reads(output, source, range(len(at)), at)
            except NoTheoryError:
                return
            for box in boxes:
                rows = [sorted(side.indices or ()) for side in box]
                mask[np.ix_(*rows)] = True
            assert (mask.reshape(-1) == sets[at]).all()


def test_programs_are_valid_and_repeatable() -> None:
    for seed in range(100):
        program = case("dag", seed)
        assert program == case("dag", seed)
        assert all(min(shape) >= 0 for shape in shapes_of(program).values())


def test_shrinking_keeps_what_matters() -> None:
    program = next(
        case("dag", seed)
        for seed in range(200)
        if len(case("dag", seed).layers) > 6
        and any(isinstance(la.op, p.Transposed) for la in case("dag", seed).layers)
    )
    small = shrink(program, lambda c: any(isinstance(la.op, p.Transposed) for la in c.layers))
    assert is_valid(small)
    assert [type(layer.op) for layer in small.layers] == [p.Transposed]
