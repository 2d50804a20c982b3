"""Sixteen networks and the field of their last layer, published or worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

from tests.conformance.description import Expected, Network

NETWORKS: dict[str, tuple[Callable[[], Network], Expected]] = {}


def network(
    expected: Expected,
) -> Callable[[Callable[[], Network]], Callable[[], Network]]:
    """Decorator: the function writes the network of its name down."""

    def register(function: Callable[[], Network]) -> Callable[[], Network]:
        NETWORKS[function.__name__] = (function, expected)
        return function

    return register


@network(Expected(212, 32, 90))  # Araujo et al. 2019
def vgg_16() -> Network:
    n = Network((224, 224))
    x = "image"
    for stage, (depth, channels) in enumerate([(2, 4), (2, 8), (3, 8), (3, 8), (3, 8)], 1):
        for k in range(depth):
            x = n.conv(f"conv{stage}_{k + 1}", x, channels, 3, padding="same")
            x = n.relu(f"relu{stage}_{k + 1}", x)
        x = n.max_pool(f"pool{stage}", x, 2, 2)
    return n


def _residual_stages(n: Network, x: str, first: tuple[int, int]) -> str:
    """The four stages of ResNet-50; ``first``: the strides of a stage's first 1x1 and 3x3."""
    for stage, depth in enumerate([3, 4, 6, 3], 2):
        for k in range(1, depth + 1):
            at = f"conv{stage}_{k}"
            one, three = first if k == 1 and stage > 2 else (1, 1)
            y = n.conv(f"{at}_a", x, 4, 1, one)
            y = n.conv(f"{at}_b", y, 4, 3, three, padding=1)
            y = n.conv(f"{at}_c", y, 8, 1)
            if k == 1:
                x = n.conv(f"{at}_shortcut", x, 8, 1, one * three)
            x = n.relu(f"{at}_out", n.add(f"{at}_add", x, y))
    return x


@network(Expected(427, 32, 213))  # torchvision
def resnet_50() -> Network:
    n = Network((224, 224))
    x = n.relu("relu1", n.norm("norm1", n.conv("conv1", "image", 8, 7, 2, padding=3)))
    _residual_stages(n, n.max_pool("pool1", x, 3, 2, padding=1), (1, 2))
    return n


@network(Expected(483, 32, 241))  # keras.applications
def resnet_50_strided_at_1x1() -> Network:
    n = Network((224, 224))
    x = n.relu("relu1", n.norm("norm1", n.conv("conv1", "image", 8, 7, 2, padding=3)))
    _residual_stages(n, n.max_pool("pool1", x, 3, 2, padding=1), (2, 1))
    return n


@network(Expected(315, 32, 126))  # Araujo et al. 2019
def mobilenet_v1() -> Network:
    n = Network((224, 224))
    x = n.relu("relu0", n.conv("conv0", "image", 4, 3, 2, padding="same"))
    for k, stride in enumerate([1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1], 1):
        x = n.relu(f"relu{k}_dw", n.depthwise(f"conv{k}_dw", x, 3, stride, padding="same"))
        x = n.relu(f"relu{k}_pw", n.conv(f"conv{k}_pw", x, 4, 1))
    return n


@network(Expected(491, 32, 214))  # keras.applications, Sandler et al. 2018
def mobilenet_v2() -> Network:
    n = Network((224, 224))
    x = n.relu("relu0", n.conv("conv0", "image", 4, 3, 2, padding="same"))
    stages = [(1, 1, 1), (2, 2, 4), (3, 2, 8), (4, 2, 8), (3, 1, 12), (3, 2, 12), (1, 1, 16)]
    for stage, (depth, first, channels) in enumerate(stages, 1):
        for k in range(depth):
            at, stride = f"block{stage}_{k}", first if k == 0 else 1
            y = n.relu(f"{at}_relu", n.conv(f"{at}_expand", x, 2 * n.channels[x], 1))
            y = n.depthwise(f"{at}_depthwise", y, 3, stride, padding="same")
            y = n.conv(f"{at}_project", y, channels, 1)
            x = n.add(f"{at}_add", x, y) if k else y
    n.relu("last", n.conv("head", x, 16, 1))
    return n


@network(Expected(2071, 32, 1021))  # as torchvision and Keras have it
def densenet_121() -> Network:
    n = Network((224, 224))
    x = n.relu("relu0", n.norm("norm0", n.conv("conv0", "image", 4, 7, 2, padding=3)))
    x = n.max_pool("pool0", x, 3, 2, padding=1)
    for stage, depth in enumerate([6, 12, 24, 16], 1):
        for k in range(1, depth + 1):
            y = n.conv(f"dense{stage}_{k}_a", n.relu(f"dense{stage}_{k}_relu", x), 4, 1)
            y = n.conv(f"dense{stage}_{k}_b", y, 2, 3, padding=1)
            x = n.concat(f"dense{stage}_{k}", x, y)
        if stage < 4:
            x = n.avg_pool(f"pool{stage}", n.conv(f"transition{stage}", x, 4, 1), 2, 2)
    return n


# The stem spans 3 at step 2; the longest branch adds 6 steps to each side of 3, the reduction 2.
@network(Expected(3 + 6 * 2 + 2 * 2, 4, 3 * 2))
def factorised_inception() -> Network:
    n = Network((75, 75))
    x = n.conv("stem", "image", 4, 3, 2)
    a = n.conv("branch0", x, 4, 1)
    b = n.conv("branch1_a", x, 4, 1)
    b = n.conv("branch1_b", b, 4, (1, 7), padding="same")
    b = n.conv("branch1_c", b, 4, (7, 1), padding="same")
    c = n.conv("branch2_a", x, 4, 3, padding="same")
    c = n.conv("branch2_b", c, 4, 3, padding="same")
    d = n.conv("branch3_b", n.avg_pool("branch3_a", x, 3, 1, padding="same"), 4, 1)
    x = n.concat("mixed", a, b, c, d)
    n.concat("reduced", n.conv("reduce_a", x, 4, 3, 2), n.max_pool("reduce_b", x, 3, 2))
    return n


# Down: 3+2, pooled 6, then 2·2·2 more: 14. Every two outputs read the same element of it, so that
# two convolutions of 3 afterwards reach one element of step 2 further on each turn: 14 + 2 + 2.
@network(Expected(18, 1, 0))
def u_net_without_padding() -> Network:
    n = Network((32, 32), 1)
    x = skip = n.conv("down_b", n.conv("down_a", "image", 4, 3), 4, 3)
    x = n.max_pool("pool", x, 2, 2)
    x = n.conv("middle_b", n.conv("middle_a", x, 8, 3), 8, 3)
    x = n.transposed("up", x, 4, 2, 2)
    x = n.concat("joined", n.crop("cropped", skip, 4), x)
    n.conv("up_b", n.conv("up_a", x, 4, 3), 4, 3)
    return n


# The code spans 7 at step 4, from −3. Transposed with SAME, an even output reads the element before
# as well: 11 from −7; after the second one too. A 3x3 at step 1 reaches the next element for one
# output in four: 11 and 15.
@network(Expected(15, 1, 7))
def autoencoder() -> Network:
    n = Network((29, 29))
    x = n.relu("relu1", n.conv("down1", "image", 4, 3, 2, padding="same"))
    x = n.relu("relu2", n.conv("down2", x, 8, 3, 2, padding="same"))
    x = n.transposed("up1", x, 4, 3, 2, padding="same")
    x = n.transposed("up2", x, 4, 3, 2, padding="same")
    n.conv("last", x, 3, 3, padding="same")
    return n


# The third level spans 15 at step 8 and is held for two outputs; a 3x3 at step 4 reaches one
# element further on one side: 15 + 8, on the side of the padding for output 0.
@network(Expected(23, 4, 15))
def feature_pyramid() -> Network:
    n = Network((64, 64))
    one = n.relu("relu1", n.conv("down1", "image", 4, 3, 2, padding=1))
    two = n.relu("relu2", n.conv("down2", one, 4, 3, 2, padding=1))
    three = n.relu("relu3", n.conv("down3", two, 4, 3, 2, padding=1))
    x = n.upsample("up", n.conv("lateral3", three, 4, 1), 2)
    n.conv("smooth", n.add("sum", n.conv("lateral2", two, 4, 1), x), 4, 3, padding=1)
    return n


# Locally: 3 at step 2, dilated by 4: 8 · 2 more; bilinear ×2 reads one element to a side.
@network(Expected(3 + 16 + 2, 1, 1 + 8 + 2, whole=True))
def atrous_pyramid() -> Network:
    n = Network((32, 48))
    x = n.relu("active", n.conv("stem", "image", 4, 3, 2, padding=1))
    rates = [n.conv(f"rate{d}", x, 4, 3, padding="same", dilation=d) for d in (1, 2, 4)]
    pooled = n.conv("pooled", n.global_pool("pool", x), 4, 1)
    pooled = n.upsample("spread", pooled, (16, 24), "bilinear")
    x = n.conv("project", n.concat("joined", *rates, pooled), 4, 1)
    n.upsample("large", x, 2, "bilinear")
    return n


# Strides 2 and 2 at 65 and 33: SAME is 1 and 2 before. The gates read everything.
@network(Expected(3 + 4 * 2 + 2 * 4, 4, 1 + 2 * 2 + 4, whole=True))
def gated() -> Network:
    n = Network((65, 65))

    def gate(at: str, x: str) -> str:
        y = n.relu(f"{at}_relu", n.conv(f"{at}_reduce", n.global_pool(f"{at}_squeeze", x), 2, 1))
        y = n.sigmoid(f"{at}_sigmoid", n.conv(f"{at}_expand", y, n.channels[x], 1))
        return n.multiply(f"{at}_excite", x, y)

    x = n.relu("active", n.conv("stem", "image", 4, 3, 2, padding="same"))
    x = gate("one", n.depthwise("one_depthwise", x, 5, 2, padding="same"))
    x = n.conv("one_project", x, 4, 1)
    y = gate("two", n.depthwise("two_depthwise", x, 3, padding="same"))
    n.add("sum", x, n.conv("two_project", y, 4, 1))
    return n


# Twice the dilations 1, 2, 4, 8, 16 with a kernel of 2: all of it lies in the past.
@network(Expected(1 + 2 * 31, 1, 2 * 31))
def wavenet() -> Network:
    n = Network((100,), 1)
    x = n.conv("front", "image", 4, 1)
    skips: list[str] = []
    for k in range(10):
        dilation = 2 ** (k % 5)
        past = ((dilation, 0),)
        a = n.conv(f"filter{k}", x, 4, 2, padding=past, dilation=dilation)
        b = n.sigmoid(f"open{k}", n.conv(f"gate{k}", x, 4, 2, padding=past, dilation=dilation))
        y = n.multiply(f"gated{k}", n.relu(f"active{k}", a), b)
        skips.append(n.conv(f"skip{k}", y, 2, 1))
        if k < 9:
            x = n.add(f"sum{k}", x, n.conv(f"out{k}", y, 4, 1))
    n.conv("last", n.concat("skips", *skips), 4, 1)
    return n


# Time is pooled once, the picture twice.
@network(Expected((10, 18, 18), (2, 4, 4), (4, 7, 7)))
def c3d() -> Network:
    n = Network((8, 24, 28))
    x = n.relu("relu1", n.conv("conv1", "image", 2, 3, padding="same"))
    x = n.max_pool("pool1", x, (1, 2, 2), (1, 2, 2))
    x = n.relu("relu2", n.conv("conv2", x, 2, 3, padding="same"))
    x = n.max_pool("pool2", x, 2, 2)
    n.relu("relu3", n.conv("conv3", x, 2, 3, padding="same"))
    return n


# Locally 3 at step 2, from 0: SAME of 3 with stride 2 over 16 has nothing before.
@network(Expected(3, 2, 0, whole=True))
def transformer() -> Network:
    n = Network((16,))
    x = n.conv("patches", "image", 4, 3, 2, padding="same")
    x = n.add("sum", x, n.attention("attention", x))
    n.add("sum2", x, n.conv("wide2", n.relu("active", n.conv("wide1", x, 8, 1)), 4, 1))
    return n


# SAME over 32 with stride 2 begins at −1, 0 and 0: the centres 1, 1 and 1/2 differ. A kernel of 4
# dilated by 3 then reaches 4 steps before and 5 after.
@network(Expected(5 + 9 * 2, 2, 1 + 4 * 2))
def crooked() -> Network:
    n = Network((32, 32))
    five = n.conv("five", "image", 4, 5, 2, padding="same")
    three = n.conv("three", "image", 4, 3, 2, padding="same")
    two = n.max_pool("two", n.conv("flat", "image", 4, 1), 2, 2, padding="same")
    n.conv("last", n.add("sum", five, three, two), 4, 4, padding="same", dilation=3)
    return n
