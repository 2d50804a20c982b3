"""By what step the input may move: worked out by hand, and the reasons why it may not."""

from __future__ import annotations

import json

import pytest

import rfield


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
    assert str(told.value) == "unknown layer 'joinn0'. Did you mean 'join0' or 'down0'?"
