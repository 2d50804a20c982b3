"""Ten small networks, each with something of its own."""

from __future__ import annotations

from collections.abc import Callable

import rfield
from rfield import Graph, GraphBuilder


def chain() -> Graph:
    return rfield.load("article:alexnet_v2", input_shape=130)


def unet() -> Graph:
    b = GraphBuilder()
    x = b.input("image", (1, 3, 32, 40))
    skip = b.conv("down.conv", x, kernel=3, padding=1)
    y = b.conv("deep.conv", b.max_pool("down.pool", skip, kernel=2, stride=2), kernel=3, padding=1)
    y = b.conv_transpose("up.conv", y, kernel=2, stride=2)
    y = b.concat("up.join", skip, y)
    return b.build(outputs=[b.conv("head", y, kernel=3, padding=1)])


def windows() -> Graph:
    """Attention inside shifted windows of 4: they wrap around."""
    b = GraphBuilder()
    x = b.input("image", (1, 2, 16, 16))
    y = b.roll("shift", b.conv("embed", x, kernel=2, stride=2), shifts={2: -2, 3: -2})
    y = b.reshape("split", y, shape=(1, 2, 2, 4, 2, 4))
    y = b.reduce("mix", y, axes=(3, 5), keepdims=True)
    y = b.reshape("windows", y, shape=(1, 2, 2, 2), axes=(2, 3))
    y = b.resize("spread", y, scale=4, mode="nearest")
    return b.build(outputs=[b.roll("back", y, shifts={2: 2, 3: 2})])


def dilated() -> Graph:
    b = GraphBuilder()
    y = b.input("image", (1, 3, 30, 26))
    for rate in (2, 4):
        y = b.conv(f"rate{rate}", y, kernel=3, dilation=rate, padding=rate)
    return b.build(outputs=[b.conv("holes", y, kernel=3, dilation=6)])


def uneven() -> Graph:
    b = GraphBuilder()
    x = b.input("image", (1, 3, 33, 50))
    y = b.conv("conv", x, kernel=(3, 5), stride=(1, 3), padding=[(1, 0), (0, 2)])
    return b.build(outputs=[b.avg_pool("pool", y, kernel=(4, 2), stride=(3, 1))])


def signal() -> Graph:
    b = GraphBuilder()
    y = b.input("sound", (1, 1, 120))
    y = b.conv("encoder.0", y, kernel=7, padding=3)
    y = b.conv("encoder.1", y, kernel=4, stride=2, padding=1)
    y = b.conv("encoder.2", y, kernel=3, dilation=4, padding=[(8, 0)])
    return b.build(outputs=[b.conv_transpose("decoder", y, kernel=4, stride=2, padding=1)])


def volume() -> Graph:
    b = GraphBuilder()
    y = b.input("scan", (1, 1, 8, 14, 12))
    y = b.conv("conv", y, kernel=3, padding=1)
    return b.build(outputs=[b.max_pool("pool", y, kernel=(1, 2, 2), stride=(1, 2, 2))])


def two_inputs() -> Graph:
    b = GraphBuilder()
    left = b.conv("left.conv", b.input("left", (1, 3, 24, 24)), kernel=5, padding=2)
    right = b.conv("right.conv", b.input("right", (1, 3, 24, 24)), kernel=1)
    return b.build(outputs=[b.add("sum", left, right)])


def two_ranks() -> Graph:
    """A row that is added to every row of an image."""
    b = GraphBuilder()
    x = b.conv("conv", b.input("image", (1, 1, 5, 5)), kernel=3, padding=1)
    row = b.reshape("rows", b.input("row", (1, 1, 5)), shape=(1, 1, 1, 5))
    return b.build(outputs=[b.add("sum", x, row)])


def one_of_two() -> Graph:
    """The first input is read by no layer."""
    b = GraphBuilder()
    b.input("spare", (1, 1, 8, 8))
    x = b.input("image", (1, 1, 8, 8))
    return b.build(outputs=[b.conv("conv", x, kernel=3)])


def squeezed() -> Graph:
    b = GraphBuilder()
    y = b.conv("conv", b.input("image", (1, 3, 20, 20)), kernel=3, stride=2, padding=1)
    gate = b.dense("gate.fc", b.global_pool("gate.pool", y), 4)
    gate = b.reshape("gate.shape", gate, shape=(1, 4, 1, 1))
    return b.build(outputs=[b.multiply("scaled", b.conv("thin", y, kernel=1, channels=4), gate)])


def hostile() -> Graph:
    b = GraphBuilder()
    x = b.input("<b>image</b>", (1, 3, 18, 18))
    y = b.conv("</script><img src=x onerror=alert(1)>", x, kernel=3)
    crop = b.crop("off", x, crop=[(0, 2), (2, 0)])
    return b.build(outputs=[b.add("&amp;join", y, crop)])


MODELS: dict[str, Callable[[], Graph]] = {
    one.__name__: one
    for one in (
        chain, unet, windows, dilated, uneven, signal, volume, two_inputs, squeezed, hostile,
    )
}  # fmt: skip
