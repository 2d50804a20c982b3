"""Small models of signals, whose clocks can be worked out by hand."""

from __future__ import annotations

from rfield import Graph, GraphBuilder


def codec() -> Graph:
    """A causal encoder and decoder of stride 8, and a skip around a kernel that looks ahead."""
    b = GraphBuilder()
    x = b.input("signal", (1, 1, 4800))
    y = b.conv("down1", x, kernel=4, stride=2, padding=[(2, 0)], channels=16)
    y = b.conv("down2", y, kernel=8, stride=4, padding=[(4, 0)], channels=32)
    y = b.add("skip", y, b.conv("middle", y, kernel=3, padding=1, channels=32))
    y = b.conv_transpose("up2", y, kernel=8, stride=4, padding=[(0, 4)], channels=16)
    y = b.conv_transpose("up1", y, kernel=4, stride=2, padding=[(0, 2)], channels=1)
    return b.build([y])


def normalized() -> Graph:
    """A gate that reads all of the time axis beside a kernel of 3."""
    b = GraphBuilder()
    y = b.conv("conv", b.input("signal", (1, 4, 60)), kernel=3, padding=1, channels=4)
    return b.build([b.multiply("gate", y, b.reduce("mean", y, axes=(2,), keepdims=True))])
