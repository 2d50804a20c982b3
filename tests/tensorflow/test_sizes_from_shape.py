"""Sizes and places that a graph computes from ``tf.shape`` are no numbers that it reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import rfield  # noqa: E402

pytestmark = pytest.mark.tensorflow
KERNEL = np.arange(-8, 10, dtype=np.float32).reshape(3, 3, 1, 2)
LINE = np.arange(1, 5, dtype=np.float32).reshape(2, 2, 1)


def conv(x: Any, stride: int = 1) -> Any:
    return tf.nn.conv2d(x, KERNEL, stride, "SAME")


def size(x: Any) -> tuple[Any, Any, Any]:
    return tf.shape(x)[0], tf.shape(x)[1], tf.shape(x)[2]


def pyramid(x: Any, method: str, *, antialias: bool = False) -> Any:
    skip = conv(x)
    small = tf.nn.max_pool2d(skip, 2, 2, "SAME")
    return skip + tf.image.resize(small, tf.shape(skip)[1:3], method, antialias=antialias)


def doubled(x: Any, method: str, *, antialias: bool = False) -> Any:
    _, height, width = size(x)
    return tf.image.resize(conv(x), [height * 2, width * 2], method, antialias=antialias)


def transposed(x: Any) -> Any:
    wanted = tf.stack([*size(x), 1])
    return tf.nn.conv2d_transpose(conv(x, 2), KERNEL, wanted, 2, "SAME")


def shuffled(x: Any) -> Any:
    batch, height, width = size(x)
    parts = tf.transpose(tf.reshape(conv(x), [batch, height, width, 2, 1]), [0, 1, 3, 2, 4])
    return tf.reshape(parts, [batch, height * 2, width, 1])


def padded(x: Any) -> Any:
    _, height, width = size(x)
    pads = [[0, 0], [0, -height % 8], [0, -width % 8], [0, 0]]
    return conv(tf.pad(x, pads))[:, :height, :width]


def in_blocks(x: Any) -> Any:
    _, height, width = size(x)
    ends = tf.stack([[0, height % 2], [0, width % 2]])
    blocks = conv(tf.space_to_batch(x, [2, 2], ends))
    return tf.batch_to_space(blocks, [2, 2], ends)


SIZES: dict[str, Callable[[Any], Any]] = {
    "pyramid, nearest": lambda x: pyramid(x, "nearest"),
    "pyramid, bilinear": lambda x: pyramid(x, "bilinear"),
    "pyramid, area": lambda x: pyramid(x, "area"),
    "pyramid, antialias": lambda x: pyramid(x, "bicubic", antialias=True),
    "doubled": lambda x: doubled(x, "nearest"),
    "doubled, lanczos": lambda x: doubled(x, "lanczos3", antialias=True),
    "transposed": transposed,
    "reshape": shuffled,
    "pad and strided slice": padded,
    "space to batch": in_blocks,
    "slice": lambda x: tf.slice(conv(x), [0, 1, 1, 0], [-1, *(n - 2 for n in size(x)[1:]), -1]),
    "tile": lambda x: conv(x) * tf.tile(x, [size(x)[0], 1, 1, 2]),
    "broadcast_to": lambda x: conv(x) * tf.broadcast_to(x, tf.shape(conv(x))),
    "fill": lambda x: conv(x) + tf.fill(tf.shape(conv(x)), 2.0),
    "gather by a range": lambda x: tf.gather(conv(x), tf.range(size(x)[1] // 2) * 2, axis=1),
    "split": lambda x: tf.split(conv(x), [1, size(x)[1] - 1], 1)[1],
    "crop": lambda x: tf.image.crop_to_bounding_box(conv(x), 1, 1, *(n - 2 for n in size(x)[1:])),
    "pool": lambda x: tf.raw_ops.MaxPoolV2(
        input=conv(x), ksize=[1, 1 + size(x)[0], 2, 1], strides=[1, 2, 2, 1], padding="VALID"
    ),
}


@pytest.mark.parametrize("traced_anew", [False, True])
@pytest.mark.parametrize("name", SIZES)
def test_tiles_are_the_whole(name: str, *, traced_anew: bool) -> None:
    """Where one graph is read at both sizes, and where each size has a graph with its numbers."""
    function = tf.function(SIZES[name])
    if not traced_anew:
        spec = tf.TensorSpec((1, None, None, 1), tf.float32)
        function = function.get_concrete_function(spec)
    image = np.random.default_rng(0).integers(-9, 9, (1, 60, 72, 1)).astype(np.float32)
    plan = rfield.tile_plan(function, (60, 72), tile=32, input_shape=(1, 32, 32, 1))
    whole = SIZES[name](tf.constant(image)).numpy()
    tiled = rfield.run_tiled(lambda tile: SIZES[name](tf.constant(tile)).numpy(), image, plan)
    assert plan.exact
    assert len(plan) > 1
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def causal(x: Any) -> Any:
    return tf.nn.conv1d(tf.pad(x, [[0, 0], [1, 0], [0, 0]]), LINE, 1, "VALID")


STREAMS: dict[str, Callable[[Any], Any]] = {
    "doubled": lambda x: tf.image.resize(causal(x)[:, :, None], [tf.shape(x)[1] * 2, 1], "nearest")[
        :, :, 0
    ],
    "transposed": lambda x: tf.nn.conv1d_transpose(
        tf.nn.conv1d(x, LINE, 2, "VALID"), LINE, [1, tf.shape(x)[1], 2], 2, "VALID"
    ),
    "frames": lambda x: tf.reshape(causal(x), [1, tf.shape(x)[1] // 4, 4]),
    "repeated": lambda x: tf.gather(causal(x), tf.repeat(tf.range(tf.shape(x)[1]), 2), axis=1),
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams_are_the_whole(name: str) -> None:
    function, signal = STREAMS[name], np.random.default_rng(0).integers(-9, 9, (1, 64, 2))
    signal = signal.astype(np.float32)
    plan = rfield.stream_plan(tf.function(function), input_shape=(1, 64, 2))
    chunks = (signal[:, start : start + 12] for start in range(0, 64, 12))
    parts = rfield.run_streaming(lambda part: function(tf.constant(part)).numpy(), chunks, plan)
    assert plan.exact
    whole = function(tf.constant(signal)).numpy()
    np.testing.assert_allclose(np.concatenate(list(parts), 1), whole, atol=1e-4)
