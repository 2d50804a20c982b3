"""Networks of the gallery that are not the article's, written down layer by layer.

Only what decides a field is here: windows, strides, dilations, joins and what is read whole; the
numbers are those of the papers at their usual input size.
"""

from __future__ import annotations

from typing import Any

from rfield import Graph, GraphBuilder

Value = Any


def unet() -> Graph:
    """Ronneberger, Fischer, Brox 2015, with three levels and padded convolutions."""
    b = GraphBuilder()
    y = b.input("image", (1, 3, 256, 256))
    skips: list[tuple[int, Value]] = []
    for level in range(3):
        for k in (1, 2):
            y = b.conv(f"down{level}.conv{k}", y, kernel=3, padding=1)
        skips.append((level, y))
        y = b.max_pool(f"down{level}.pool", y, kernel=2, stride=2)
    y = b.conv("bottom.conv1", y, kernel=3, padding=1)
    for level, skip in reversed(skips):
        y = b.conv_transpose(f"up{level}.up", y, kernel=2, stride=2)
        y = b.concat(f"up{level}.join", skip, y)
        for k in (1, 2):
            y = b.conv(f"up{level}.conv{k}", y, kernel=3, padding=1)
    return b.build(outputs=[y])


def wavenet() -> Graph:
    """Van den Oord and others 2016: two stacks of causal convolutions, dilated by 1, 2 … 256."""
    b = GraphBuilder()
    y = b.input("sound", (1, 1, 2048))
    for stack in (0, 1):
        for k in range(9):
            rate = 2**k
            name = f"stack{stack}.rate{rate}"
            y = b.conv(name, y, kernel=2, dilation=rate, padding=[(rate, 0)])
    return b.build(outputs=[y])


def encodec() -> Graph:
    """Like Défossez and others 2022: an encoder with strides 2, 4, 5, 8 and its mirror image."""
    b = GraphBuilder()
    y = b.conv("encoder.first", b.input("sound", (1, 1, 6400)), kernel=7, padding=3)
    for k, stride in enumerate((2, 4, 5, 8)):
        y = b.add(f"encoder.{k}.join", y, b.conv(f"encoder.{k}.residual", y, kernel=3, padding=1))
        pads = [((stride + 1) // 2, stride // 2)]
        y = b.conv(f"encoder.{k}.down", y, kernel=2 * stride, stride=stride, padding=pads)
    y = b.conv("encoder.last", y, kernel=7, padding=3)
    for k, stride in enumerate((8, 5, 4, 2)):
        pads = [((stride + 1) // 2, stride // 2)]
        y = b.conv_transpose(f"decoder.{k}.up", y, kernel=2 * stride, stride=stride, padding=pads)
        y = b.add(f"decoder.{k}.join", y, b.conv(f"decoder.{k}.residual", y, kernel=3, padding=1))
    return b.build(outputs=[b.conv("decoder.last", y, kernel=7, padding=3)])


def convnext_t() -> Graph:
    """Liu and others 2022: stages of 3, 3, 9 and 3 blocks with depthwise kernels of 7."""
    b = GraphBuilder()
    y = b.conv("stem", b.input("image", (1, 3, 224, 224)), kernel=4, stride=4)
    for stage, depth in enumerate((3, 3, 9, 3)):
        if stage:
            y = b.conv(f"stage{stage}.down", y, kernel=2, stride=2)
        for k in range(depth):
            name = f"stage{stage}.{k}"
            y = b.add(f"{name}.join", y, b.conv(f"{name}.depthwise", y, kernel=7, padding=3))
    return b.build(outputs=[b.global_pool("pool", y)])


def efficientnet_b0() -> Graph:
    """Tan and Le 2019: every block is gated by a mean over the whole map."""
    b = GraphBuilder()
    y = b.conv("stem", b.input("image", (1, 3, 224, 224)), kernel=3, stride=2, padding=1)
    stages = [(3, 1, 1), (3, 2, 2), (5, 2, 2), (3, 2, 3), (5, 1, 3), (5, 2, 4), (3, 1, 1)]
    for stage, (kernel, first, depth) in enumerate(stages):
        for k in range(depth):
            name = f"blocks.{stage}.{k}"
            stride = 1 if k else first
            x = y
            y = b.conv(f"{name}.depthwise", y, kernel=kernel, stride=stride, padding=kernel // 2)
            gate = b.pointwise(f"{name}.se.gate", b.global_pool(f"{name}.se.pool", y))
            y = b.multiply(f"{name}.se", y, gate)
            y = b.add(f"{name}.join", x, y) if k else y
    return b.build(outputs=[b.global_pool("pool", y)])


def swin_t() -> Graph:
    """Liu and others 2021: attention inside windows of 7, every second time shifted by 3."""
    b = GraphBuilder()
    y = b.conv("patches", b.input("image", (1, 1, 224, 224)), kernel=4, stride=4, channels=4)
    for stage, depth in enumerate((2, 2, 6, 2)):
        side = 56 >> stage
        if stage:
            y = b.space_to_depth(f"stage{stage}.merge", y, block=2)
            y = b.conv(f"stage{stage}.reduce", y, kernel=1, channels=4)
        for k in range(depth):
            shift = 3 if k % 2 and side > 7 else 0
            y = b.add(f"stage{stage}.{k}.join", y, _attend(b, f"stage{stage}.{k}", y, side, shift))
    return b.build(outputs=[y])


def _attend(b: GraphBuilder, name: str, y: Value, side: int, shift: int) -> Value:
    """Every position of a window with every other."""
    if shift:
        y = b.roll(f"{name}.shift", y, shifts={2: -shift, 3: -shift})
    n = side // 7
    y = b.reshape(f"{name}.split", y, (1, 4, n, 7, n, 7))
    y = b.permute(f"{name}.order", y, (0, 2, 4, 3, 5, 1))
    y = b.softmax(f"{name}.attention", b.reshape(f"{name}.tokens", y, (1, n * n, 49, 4)), axis=2)
    y = b.permute(
        f"{name}.back", b.reshape(f"{name}.apart", y, (1, n, n, 7, 7, 4)), (0, 5, 1, 3, 2, 4)
    )
    y = b.reshape(f"{name}.map", y, (1, 4, side, side), axes=(2, 3))
    return b.roll(f"{name}.unshift", y, shifts={2: shift, 3: shift}) if shift else y


def deeplab() -> Graph:
    """Chen and others 2017 (v3): ResNet-50 with an output stride of 8, and dilated pooling."""
    b = GraphBuilder()
    y = b.conv("stem", b.input("image", (1, 3, 513, 513)), kernel=7, stride=2, padding=3)
    y = b.max_pool("pool", y, kernel=3, stride=2, padding=1)
    for stage, (depth, stride, rate) in enumerate([(3, 1, 1), (4, 2, 1), (6, 1, 2), (3, 1, 4)]):
        for k in range(depth):
            step = 1 if k else stride
            name = f"layer{stage + 1}.{k}"
            side = y if k else b.conv(f"{name}.shortcut", y, kernel=1, stride=step)
            y = b.conv(f"{name}.conv2", y, kernel=3, stride=step, dilation=rate, padding=rate)
            y = b.add(f"{name}.join", side, y)
    parts = [b.conv("aspp.1", y, kernel=1)]
    parts += [
        b.conv(f"aspp.{rate}", y, kernel=3, dilation=rate, padding=rate) for rate in (12, 24, 36)
    ]
    whole = b.resize("aspp.spread", b.global_pool("aspp.pool", y), size=65)
    y = b.conv("head", b.concat("aspp.join", *parts, whole), kernel=3, padding=1)
    return b.build(outputs=[b.resize("upsample", y, size=513, mode="bilinear")])
