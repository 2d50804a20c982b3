"""By what step the input may move: worked out by hand, and the reasons why it may not."""

from __future__ import annotations

import json
from random import Random

import numpy as np
import pytest

import rfield
from rfield.core import layout, ops
from rfield.core.graph import Draft


def pooled(levels: int, up: str) -> rfield.Graph:
    """Down and up again beside a skip connection, ``levels`` times."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 2, 64))
    skips = []
    for level in range(levels):
        x = b.conv(f"down{level}", x, kernel=3, padding=1)
        skips.append(x)
        x = b.max_pool(f"pool{level}", x, kernel=2)
    for level in reversed(range(levels)):
        if up == "resize":
            x = b.resize(f"up{level}", x, scale=2)
        else:
            x = b.conv_transpose(f"up{level}", x, kernel=2, stride=2)
        x = b.concat(f"join{level}", skips[level], x)
    return b.build([x])


@pytest.mark.parametrize(("levels", "step"), [(1, 2), (2, 4), (4, 16)])
@pytest.mark.parametrize("up", ["resize", "transposed"])
def test_a_unet_moves_with_multiples_of_its_total_stride(levels, step, up):
    found = rfield.shift_equivariance(pooled(levels, up))
    assert (found.step, found.moves, found.assumes) == ((step,), (step,), ())
    assert str(found) == f"t: by {step} join0 moves by {step}"


def test_a_branch_that_hides_in_a_larger_field_still_counts():
    """The field of the sum is that of the wide convolution; its step is that of the pooling."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 64))
    narrow = b.resize("up", b.max_pool("pool", x, kernel=2), scale=2)
    y = b.add("sum", b.conv("wide", x, kernel=21, padding=10), narrow)
    graph = b.build([y])
    assert rfield.receptive_field(graph).period == (1,)
    assert rfield.shift_equivariance(graph).step == (2,)


def test_rates_that_share_little():
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 60))
    y = b.conv_transpose("up3", b.conv("down4", x, kernel=4, stride=4), kernel=3, stride=3)
    y = b.conv("down2", y, kernel=2, stride=2)
    found = rfield.shift_equivariance(b.build([y]))
    assert (found.step, found.moves) == ((8,), (3,))
    assert rfield.shift_equivariance(b.build(["up3"])).moves == (3,)


def test_branches_need_a_common_step():
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 60))
    two = b.resize("up2", b.max_pool("pool2", x, kernel=2), scale=2)
    three = b.resize("up3", b.max_pool("pool3", x, kernel=3), scale=3)
    found = rfield.shift_equivariance(b.build([b.add("sum", two, three)]))
    assert (found.step, found.moves) == ((6,), (6,))


def test_windows_move_as_a_whole():
    """Rows of 8 in windows of 4, mixed within the window, and laid out again."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 8, 8))
    y = b.reshape("split", x, (1, 1, 2, 4, 2, 4))
    y = b.permute("windows", y, (0, 1, 2, 4, 3, 5))
    y = b.reshape("tokens", y, (1, 4, 16))
    y = b.add("mix", y, b.reduce("mean", y, axes=[2], keepdims=True))
    y = b.reshape("back", y, (1, 1, 2, 2, 4, 4))
    y = b.reshape("whole", b.permute("order", y, (0, 1, 2, 4, 3, 5)), (1, 1, 8, 8))
    found = rfield.shift_equivariance(b.build([y]))
    assert (found.step, found.moves) == ((4, 4), (4, 4))
    joined = b.add("residual", y, x)
    assert rfield.shift_equivariance(b.build([joined])).step == (4, 4)


def test_a_gate_that_reads_everything_is_an_assumption():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 2, 32, 32))
    y = b.conv("stem", x, kernel=3, stride=2, padding=1)
    gate = b.conv("fc", b.global_pool("squeeze", y), kernel=1)
    found = rfield.shift_equivariance(b.build([b.multiply("scale", y, gate)]))
    assert (found.step, found.moves, found.assumes) == ((2, 2), (1, 1), ("squeeze",))
    head = rfield.shift_equivariance(b.build(["fc"]))
    assert (head.step, head.moves) == ((2, 2), (None, None))
    assert str(head).splitlines()[0] == "y: by 2 fc does not change"


def never(name: str) -> rfield.Graph:
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 12))
    other = b.input("other", (1, 1, 12))
    if name == "rates":
        y = b.add("sum", b.max_pool("pool", x, kernel=2), b.crop("cut", x, crop=[(0, 6)]))
    elif name == "fixed":
        y = b.add("sum", x, other)
    elif name == "ends":
        y = b.concat("cat", x, b.conv("conv", x, kernel=1), axis=2)
    else:
        y = b.resize("resize", x, size=7)
    return b.build([y])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("rates", "paths that move at different rates meet in sum"),
        ("fixed", "sum combines what moves with other, which does not"),
        ("ends", "cat lays parts end to end along the axis that moves"),
    ],
)
def test_why_nothing_moves_along(name, why):
    found = rfield.shift_equivariance(never(name), wrt="signal")
    assert (found.step, found.moves, found.why) == ((None,), (None,), (why,))
    assert not found
    assert str(found) == f"t: never; {why}"
    assert json.loads(json.dumps(found.as_dict()))["step"] == [None]


def test_a_wrong_layer():
    with pytest.raises(rfield.RFieldError) as told:
        rfield.shift_equivariance(pooled(1, "resize"), "joinn0")
    assert str(told.value) == "unknown layer 'joinn0'. Did you mean 'join0'?"


def test_a_gate_that_is_spread_out_again_is_the_same_everywhere() -> None:
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 32))
    gate = b.reduce("mean", x, axes=[2], keepdims=True)
    graph = b.build([b.multiply("scale", x, b.resize("spread", gate, size=32))])
    found = rfield.shift_equivariance(graph)
    assert (found.step, found.moves, found.assumes) == ((1,), (1,), ("mean",))


def test_attention_keeps_the_axis_it_reads_whole() -> None:
    for size, moves in ((12, 2), (1, None)):
        draft = Draft()
        x = draft.input("signal", (1, 1, size), (2,))
        y = draft.add("mix", ops.softmax((1, 1, size), [2]), [x])
        if size > 1:
            y = draft.add("up", layout.repeat_each((1, 1, size), 2, 2), [y])
        found = rfield.shift_equivariance(draft.finish([y]))
        assert (found.step, found.moves, found.assumes) == ((1,), (moves,), ("mix",))


def folds(seed: int) -> tuple[rfield.Graph, np.ndarray]:
    """48 positions split, turned, thinned and merged; which of them each output is."""
    draw = Random(seed)
    draft = Draft()
    value, places = draft.input("signal", (48,), (0,)), np.arange(48)
    for number in range(draw.randint(2, 6)):
        kind = draw.choice(["split", "split", "turn", "merge", "thin"])
        axis = draw.randrange(places.ndim)
        size = places.shape[axis]
        factors = [f for f in range(2, size) if size % f == 0]
        if kind == "split" and factors:
            f = draw.choice(factors)
            shape = (*places.shape[:axis], f, size // f, *places.shape[axis + 1 :])
            op, places = layout.reshape(places.shape, shape), places.reshape(shape)
        elif kind == "turn" and places.ndim > 1:
            order = draw.sample(range(places.ndim), places.ndim)
            op, places = layout.permute(places.shape, order), places.transpose(order)
        elif kind == "merge" and places.ndim > 1:
            k = min(axis, places.ndim - 2)
            shape = (*places.shape[:k], -1, *places.shape[k + 2 :])
            merged = places.reshape(shape)
            op, places = layout.reshape(places.shape, merged.shape), merged
        elif kind == "thin" and size > 2:
            op = layout.slice_(places.shape, axis, 0, size, 2)
            places = places[(slice(None),) * axis + (slice(0, size, 2),)]
        else:
            continue
        value = draft.add(f"op{number}", op, [value])
    flat = draft.add("flat", layout.reshape(places.shape, (places.size,)), [value])
    return draft.finish([flat]), places.reshape(-1)


@pytest.mark.parametrize("seed", range(150))
def test_what_is_folded_moves_as_promised(seed: int) -> None:
    """Element ``p`` of the input comes out ``moves`` further on when it lies at ``p + step``."""
    graph, places = folds(seed)
    found = rfield.shift_equivariance(graph)
    (step,), (moves,) = found.step, found.moves
    if step is None or moves is None:
        assert found.why != ("",)
        return
    where = {int(p): i for i, p in enumerate(places)}
    for place, i in where.items():
        if place + step < 48:
            assert where[place + step] == i + moves
