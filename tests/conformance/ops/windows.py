"""Convolution, pooling, padding and resizing: ops of spatial axes."""

from __future__ import annotations

from typing import Any

from .case import Case, grid


def image(name: str, op: str, shape: tuple[int, ...], reads: dict[Any, Any], **args: Any) -> Case:
    """An entry over spatial axes."""
    return Case(name, op, shape, args, reads, image=True)


def pad(name: str, mode: str, before: int, after: int, reads: dict[Any, Any]) -> Case:
    """One axis of five positions, padded."""
    return Case(name, "pad", (5,), {"pads": (before, after), "mode": mode}, reads)


def resize(name: str, size: int, out: int, reads: dict[Any, Any], **args: Any) -> Case:
    """One axis resized to a size."""
    return image(name, "resize", (size,), reads, size=(out,), **args)


CONV = (
    image("conv k3 without padding", "conv", (7,), {0: {0, 1, 2}, 4: {4, 5, 6}}, kernel=(3,)),
    image(
        "conv k3 padded 1",
        "conv",
        (7,),
        {0: {0, 1}, 3: {2, 3, 4}, 6: {5, 6}},
        kernel=(3,),
        padding=((1, 1),),
    ),
    image(
        "conv k4 stride 3 padded before only",
        "conv",
        (9,),
        {0: {0, 1}, 1: {1, 2, 3, 4}, 2: {4, 5, 6, 7}},
        kernel=(4,),
        stride=(3,),
        padding=((2, 0),),
    ),
    image(
        "conv k3 dilated 2 stride 2",
        "conv",
        (9,),
        {0: {0, 2, 4}, 2: {4, 6, 8}},
        kernel=(3,),
        stride=(2,),
        dilation=(2,),
    ),
    image(
        "conv same, even kernel, odd size",
        "conv",
        (5,),
        {0: {0, 1, 2}, 4: {3, 4}},
        kernel=(4,),
        padding="same",
    ),
    image(
        "conv same, stride 2",
        "conv",
        (6,),
        {0: {0, 1, 2}, 2: {4, 5}},
        kernel=(3,),
        stride=(2,),
        padding="same",
    ),
    image("conv of a size-1 axis", "conv", (1,), {0: {0}}, kernel=(3,), padding=((1, 1),)),
    image(
        "conv with both axes different",
        "conv",
        (5, 7),
        {
            (0, 0): grid((0, 1), (0, 2)),
            (2, 4): grid((3, 4), (4, 6)),
            (1, 1): grid((1, 2, 3), (1, 3)),
        },
        kernel=(3, 2),
        stride=(2, 1),
        padding=((1, 1), (0, 0)),
        dilation=(1, 2),
    ),
    image(
        "conv of three axes",
        "conv",
        (3, 4, 2),
        {(1, 1, 0): grid((1, 2), (1, 2, 3), (0,))},
        kernel=(2, 3, 1),
    ),
    image(
        "depthwise conv k3 stride 2",
        "depthwise_conv",
        (7, 5),
        {(0, 0): grid((0, 1, 2), (0, 1)), (2, 1): grid((4, 5, 6), (2, 3))},
        kernel=(3, 2),
        stride=(2, 2),
    ),
    image(
        "transposed conv k3 stride 2",
        "conv_transpose",
        (4,),
        {0: {0}, 1: {0}, 2: {0, 1}, 3: {1}, 8: {3}},
        kernel=(3,),
        stride=(2,),
    ),
    image(
        "transposed conv k4 stride 2 padded 1",
        "conv_transpose",
        (3,),
        {0: {0}, 1: {0, 1}, 2: {0, 1}, 3: {1, 2}, 5: {2}},
        kernel=(4,),
        stride=(2,),
        padding=((1, 1),),
    ),
    image(
        "transposed conv k2 stride 3 leaves holes",
        "conv_transpose",
        (3,),
        {0: {0}, 1: {0}, 2: set(), 3: {1}, 7: {2}},
        kernel=(2,),
        stride=(3,),
    ),
    image(
        "transposed conv of two axes",
        "conv_transpose",
        (2, 3),
        {(0, 0): {(0, 0)}, (2, 1): grid((0, 1), (0, 1)), (4, 3): {(1, 2)}},
        kernel=(3, 2),
        stride=(2, 1),
    ),
)

POOL = (
    *tuple(
        entry
        for kind in ("max_pool", "avg_pool")
        for entry in (
            image(f"{kind} k2", kind, (7,), {0: {0, 1}, 2: {4, 5}}, kernel=(2,)),
            image(
                f"{kind} k3 stride 2",
                kind,
                (7,),
                {0: {0, 1, 2}, 2: {4, 5, 6}},
                kernel=(3,),
                stride=(2,),
            ),
            image(
                f"{kind} k3 stride 2 padded 1",
                kind,
                (6,),
                {0: {0, 1}, 2: {3, 4, 5}},
                kernel=(3,),
                stride=(2,),
                padding=((1, 1),),
            ),
            image(
                f"{kind} same",
                kind,
                (6,),
                {0: {0, 1, 2}, 2: {4, 5}},
                kernel=(3,),
                stride=(2,),
                padding="same",
            ),
            image(
                f"{kind} with both axes different",
                kind,
                (6, 5),
                {(1, 1): grid((2, 3), (1, 2, 3)), (2, 2): grid((4, 5), (2, 3, 4))},
                kernel=(2, 3),
                stride=(2, 1),
            ),
            image(
                f"{kind} of three axes",
                kind,
                (2, 4, 3),
                {(0, 1, 0): grid((0, 1), (2, 3), (0,))},
                kernel=(2, 2, 1),
                stride=(2, 2, 1),
            ),
            image(
                f"{kind} rounded up",
                kind,
                (6,),
                {0: {0, 1, 2}, 2: {4, 5}},
                kernel=(3,),
                stride=(2,),
                ceil=True,
            ),
        )
    ),
    image(
        "max_pool dilated 2",
        "max_pool",
        (7,),
        {0: {0, 2, 4}, 2: {2, 4, 6}},
        kernel=(3,),
        stride=(1,),
        dilation=(2,),
    ),
    image(
        "adaptive average 7 to 3",
        "adaptive_pool",
        (7,),
        {0: {0, 1, 2}, 1: {2, 3, 4}, 2: {4, 5, 6}},
        size=(3,),
    ),
    image(
        "adaptive average 3 to 5",
        "adaptive_pool",
        (3,),
        {0: {0}, 1: {0, 1}, 2: {1}, 3: {1, 2}, 4: {2}},
        size=(5,),
    ),
    image("global average", "global_pool", (3, 2), {(0, 0): grid(range(3), range(2))}),
)

PAD = (
    pad("pad with zeros", "constant", 2, 1, {0: set(), 2: {0}, 6: {4}, 7: set()}),
    pad("pad that cuts in front", "constant", -2, 1, {0: {2}, 2: {4}, 3: set()}),
    pad("pad that cuts behind", "constant", 1, -2, {0: set(), 3: {2}}),
    pad("pad edge", "edge", 2, 2, {0: {0}, 1: {0}, 2: {0}, 6: {4}, 8: {4}}),
    pad("pad reflect", "reflect", 3, 2, {0: {3}, 2: {1}, 3: {0}, 8: {3}, 9: {2}}),
    pad("pad symmetric", "symmetric", 3, 2, {0: {2}, 2: {0}, 3: {0}, 8: {4}, 9: {3}}),
    pad("pad wrap", "wrap", 2, 3, {0: {3}, 1: {4}, 2: {0}, 7: {0}, 9: {2}}),
    Case("pad of an unknown mode", "pad", (5,), {"pads": (1, 1), "mode": "mirrored"}, error=True),
)

RESIZE = (
    resize("nearest 3 to 6", 3, 6, {0: {0}, 1: {0}, 2: {1}, 5: {2}}, mode="nearest"),
    resize("nearest 5 to 3", 5, 3, {0: {0}, 1: {1}, 2: {3}}, mode="nearest"),
    resize("nearest at half pixels 5 to 3", 5, 3, {0: {0}, 1: {2}, 2: {4}}, mode="nearest-exact"),
    resize("nearest 3 to 7", 3, 7, {0: {0}, 2: {0}, 3: {1}, 4: {1}, 5: {2}}, mode="nearest"),
    resize(
        "linear 3 to 6 at half pixels",
        3,
        6,
        {0: {0}, 1: {0, 1}, 2: {0, 1}, 3: {1, 2}, 5: {2}},
        mode="linear",
    ),
    resize(
        "linear 3 to 5 corners aligned",
        3,
        5,
        {0: {0}, 1: {0, 1}, 2: {1}, 3: {1, 2}, 4: {2}},
        mode="linear",
        coordinates="align_corners",
    ),
    resize(
        "linear 3 to 6 asymmetric",
        3,
        6,
        {0: {0}, 1: {0, 1}, 2: {1}, 3: {1, 2}, 5: {2}},
        mode="linear",
        coordinates="asymmetric",
    ),
    resize("linear 6 to 3 at half pixels", 6, 3, {0: {0, 1}, 1: {2, 3}, 2: {4, 5}}, mode="linear"),
    image(
        "linear 6 to 3 with antialias",
        "resize",
        (6, 6),
        {(0, 1): grid((0, 1, 2), (1, 2, 3, 4)), (1, 2): grid((1, 2, 3, 4), (3, 4, 5))},
        size=(3, 3),
        mode="linear",
        antialias=True,
    ),
    resize("linear 1 to 3", 1, 3, {0: {0}, 2: {0}}, mode="linear"),
    resize("cubic 6 to 12 at half pixels", 6, 12, {6: {1, 2, 3, 4}, 0: {0, 1}}, mode="cubic"),
    image(
        "linear with both axes different",
        "resize",
        (2, 3),
        {(0, 0): {(0, 0)}, (1, 1): grid((0, 1), (1,)), (3, 2): grid((1,), (2,))},
        size=(4, 3),
        mode="linear",
    ),
)

CASES = (*CONV, *POOL, *PAD, *RESIZE)
