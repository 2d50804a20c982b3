"""One case for each op: the shape of its input, and a function; measured in TensorFlow."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

RNG = np.random.default_rng(3)


def weights(*shape):
    return tf.constant(RNG.uniform(0.5, 1.5, size=shape))


IMAGE = (1, 11, 13, 2)
CASES = {
    "conv": (IMAGE, lambda x: tf.nn.conv2d(x, weights(3, 2, 2, 3), 1, "VALID")),
    "conv same stride": (IMAGE, lambda x: tf.nn.conv2d(x, weights(3, 4, 2, 3), (2, 3), "SAME")),
    "conv explicit": (
        IMAGE,
        lambda x: tf.nn.conv2d(x, weights(3, 3, 2, 3), 2, [[0, 0], [2, 0], [0, 1], [0, 0]]),
    ),
    "conv dilated attribute": (
        IMAGE, lambda x: tf.raw_ops.Conv2D(
            input=x, filter=weights(3, 3, 2, 3), strides=[1, 1, 1, 1], padding="VALID",
            dilations=[1, 2, 3, 1],
        ),
    ),
    "conv dilated blocks": (
        (1, 12, 12, 2),
        lambda x: tf.batch_to_space(
            tf.nn.relu(
                tf.nn.conv2d(
                    tf.space_to_batch(x, [2, 3], [[2, 2], [3, 3]]),
                    weights(3, 3, 2, 2), 1, "VALID",
                ) + weights(2)
            ), [2, 3], [[0, 0], [0, 0]],
        ),
    ),
    "blocks with same padding": (
        (1, 12, 12, 2),
        lambda x: tf.batch_to_space(
            tf.nn.conv2d(
                tf.space_to_batch(x, [2, 2], [[0, 0], [0, 0]]), weights(3, 2, 2, 2), 1, "SAME"
            ), [2, 2], [[1, 0], [0, 1]],
        ),
    ),
    "blocks with a strided pool": (
        (1, 12, 12, 2),
        lambda x: tf.batch_to_space(
            tf.nn.max_pool2d(tf.space_to_batch(x, [2, 2], [[0, 0], [0, 0]]), 2, 2, "VALID"),
            [2, 2], [[0, 0], [0, 0]],
        ),
    ),
    "atrous": (IMAGE, lambda x: tf.nn.atrous_conv2d(x, weights(3, 3, 2, 2), 2, "SAME")),
    "depthwise": (
        IMAGE, lambda x: tf.nn.depthwise_conv2d(x, weights(3, 3, 2, 2), [1, 2, 2, 1], "SAME"),
    ),
    "depthwise dilated": (
        IMAGE,
        lambda x: tf.nn.depthwise_conv2d(
            x, weights(3, 3, 2, 2), [1, 1, 1, 1], "SAME", dilations=[2, 2]
        ),
    ),
    "transposed same": (
        (1, 5, 4, 2),
        lambda x: tf.nn.conv2d_transpose(
            x, weights(3, 4, 3, 2), (tf.shape(x)[0], 10, 12, 3), (2, 3), "SAME"
        ),
    ),
    "transposed odd size": (
        (1, 5, 5, 2),
        lambda x: tf.nn.conv2d_transpose(
            x, weights(3, 3, 3, 2), (tf.shape(x)[0], 9, 9, 3), 2, "SAME"
        ),
    ),
    "transposed valid": (
        (1, 4, 4, 2),
        lambda x: tf.nn.conv2d_transpose(
            x, weights(3, 3, 3, 2), (tf.shape(x)[0], 9, 10, 3), 2, "VALID"
        ),
    ),
    "max pool": (IMAGE, lambda x: tf.nn.max_pool2d(x, 3, 2, "SAME")),
    "avg pool": (IMAGE, lambda x: tf.nn.avg_pool2d(x, (2, 3), (2, 1), "VALID")),
    "mirror pad": (IMAGE, lambda x: tf.pad(x, [[0, 0], [2, 1], [1, 3], [0, 0]], "REFLECT")),
    "symmetric pad": (IMAGE, lambda x: tf.pad(x, [[0, 0], [2, 1], [1, 3], [0, 0]], "SYMMETRIC")),
    "zero pad": (IMAGE, lambda x: tf.pad(x, [[0, 0], [2, 1], [0, 3], [0, 0]])),
    "strided slice": (IMAGE, lambda x: x[:, 1:-2:2, ::-1]),
    "slice": (IMAGE, lambda x: tf.slice(x, [0, 2, 1, 0], [-1, 5, -1, 1])),
    "split:1": (IMAGE, lambda x: tf.split(x, [4, 9], axis=2)[1]),
    "concat": (IMAGE, lambda x: tf.concat([x[:, :, :5], x[:, :, 2:]], 2)),
    "tile": (IMAGE, lambda x: tf.tile(x, [1, 2, 1, 1])),
    "roll": (IMAGE, lambda x: tf.roll(x, [1, -2], [1, 2])),
    "reverse": (IMAGE, lambda x: tf.reverse(x, [2])),
    "transpose": (IMAGE, lambda x: tf.transpose(x, [0, 2, 1, 3])),
    "gather": (IMAGE, lambda x: tf.gather(x, [4, 0, 0, 7], axis=1)),
    "space to depth": ((1, 8, 12, 2), lambda x: tf.nn.space_to_depth(x, 2)),
    "depth to space": ((1, 4, 3, 8), lambda x: tf.nn.depth_to_space(x, 2)),
    "nearest": ((1, 4, 3, 2), lambda x: tf.image.resize(x, (8, 7), "nearest")),
    "bilinear": ((1, 4, 6, 2), lambda x: tf.image.resize(x, (8, 9), "bilinear")),
    "bilinear down": ((1, 9, 12, 2), lambda x: tf.image.resize(x, (4, 5), "bilinear")),
    "old bilinear": (
        (1, 4, 6, 2), lambda x: tf.compat.v1.image.resize_bilinear(x, (8, 9)),
    ),
    "aligned bilinear": (
        (1, 4, 6, 2),
        lambda x: tf.compat.v1.image.resize_bilinear(x, (7, 11), align_corners=True),
    ),
    "aligned nearest": (
        (1, 4, 6, 2),
        lambda x: tf.compat.v1.image.resize_nearest_neighbor(x, (7, 9), align_corners=True),
    ),
    "old nearest": (
        (1, 4, 6, 2), lambda x: tf.compat.v1.image.resize_nearest_neighbor(x, (7, 9)),
    ),
    "bicubic": ((1, 6, 6, 1), lambda x: tf.image.resize(x, (12, 9), "bicubic")),
    "area": ((1, 9, 12, 2), lambda x: tf.image.resize(x, (4, 5), "area")),
    "antialiased": (
        (1, 12, 12, 1), lambda x: tf.image.resize(x, (4, 5), "bilinear", antialias=True),
    ),
    "patches": (
        IMAGE,
        lambda x: tf.image.extract_patches(
            x, [1, 3, 2, 1], [1, 2, 3, 1], [1, 2, 1, 1], "VALID"
        ),
    ),
    "cumsum": (IMAGE, lambda x: tf.cumsum(x, 1)),
    "softmax over x": (
        IMAGE, lambda x: tf.transpose(
            tf.nn.softmax(tf.transpose(x, [0, 1, 3, 2]) / 2000), [0, 1, 3, 2]
        ),
    ),
    "reduce": (IMAGE, lambda x: tf.reduce_sum(x, 2, keepdims=True)),
    "matmul": (IMAGE, lambda x: tf.einsum("nhwc,wv->nhvc", x, weights(13, 4))),
    "reshape windows": (
        (1, 8, 12, 2),
        lambda x: tf.reduce_sum(tf.reshape(x, (-1, 4, 2, 6, 2, 2)), axis=(2, 4)),
    ),
    "stack": (IMAGE, lambda x: tf.reduce_sum(tf.stack([x, x * 2.0], axis=1), 1)),
    "unstack": (IMAGE, lambda x: tf.concat([y[:, None] for y in tf.unstack(x, axis=1)][::2], 1)),
    "scalar times h": (IMAGE, lambda x: 2.0 * tf.nn.max_pool2d(x, 2, 2, "VALID")),
    "1-D": ((1, 20, 3), lambda x: tf.nn.conv1d(x, weights(5, 3, 2), 2, "SAME")),
    "1-D dilated": (
        (1, 20, 3), lambda x: tf.nn.convolution(x, weights(3, 3, 2), padding="SAME", dilations=3),
    ),
    "3-D": (
        (1, 5, 6, 7, 2), lambda x: tf.nn.conv3d(x, weights(3, 1, 2, 2, 2), (1, 1, 2, 2, 1), "SAME"),
    ),
    "3-D pool": (
        (1, 6, 6, 6, 2),
        lambda x: tf.nn.max_pool3d(tf.cast(x, tf.float32), 2, 2, "VALID"),
    ),
    "3-D transposed": (
        (1, 3, 3, 3, 2),
        lambda x: tf.nn.conv3d_transpose(
            x, weights(3, 3, 3, 2, 2), (tf.shape(x)[0], 6, 6, 6, 2), 2, "SAME"
        ),
    ),
    "dilation2d": (
        IMAGE,
        lambda x: tf.nn.dilation2d(
            x, weights(3, 3, 2), (1, 1, 1, 1), "SAME", "NHWC", (1, 2, 1, 1)
        ),
    ),
    "shape arithmetic": (
        (1, 4, 6, 2),
        lambda x: tf.image.resize(
            x, tf.cast(tf.cast(tf.shape(x)[1:3], tf.float32) * 1.5, tf.int32), "nearest"
        ),
    ),
}  # fmt: skip
