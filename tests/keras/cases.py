"""One case for each layer: the shape of its input, and how it is made; measured in Keras."""

from __future__ import annotations

import keras

L = keras.layers
IMAGE = (1, 11, 13, 2)
SIGNAL = (1, 20, 3)
VOLUME = (1, 5, 6, 7, 2)


def positive(**more):
    return {"kernel_initializer": keras.initializers.RandomUniform(0.5, 1.5, seed=1), **more}


def apart():
    return {
        f"{part}_initializer": keras.initializers.RandomUniform(0.5, 1.5, seed=2)
        for part in ("depthwise", "pointwise")
    }


CASES = {
    "conv": (IMAGE, lambda: L.Conv2D(3, (3, 4), strides=(2, 3), padding="same", **positive())),
    "conv dilated": (IMAGE, lambda: L.Conv2D(3, 3, dilation_rate=(2, 3), **positive())),
    "conv groups": (IMAGE, lambda: L.Conv2D(4, 3, groups=2, **positive())),
    "depthwise": (
        IMAGE, lambda: L.DepthwiseConv2D(3, strides=2, padding="same",
                                         depthwise_initializer=keras.initializers.Ones()),
    ),
    "separable": (IMAGE, lambda: L.SeparableConv2D(4, 3, padding="same", **apart())),
    "transposed same": (
        (1, 5, 4, 2), lambda: L.Conv2DTranspose(3, (3, 4), strides=(2, 3), padding="same",
                                                **positive()),
    ),
    "transposed valid": (
        (1, 5, 4, 2), lambda: L.Conv2DTranspose(3, (3, 2), strides=(2, 3), **positive()),
    ),
    "transposed with output padding": (
        (1, 5, 4, 2), lambda: L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=1,
                                                **positive()),
    ),
    "transposed with no output padding": (
        (1, 5, 4, 2), lambda: L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=0,
                                                **positive()),
    ),
    "conv 1-D causal": (
        SIGNAL, lambda: L.Conv1D(2, 3, padding="causal", dilation_rate=3, **positive()),
    ),
    "conv 1-D same": (SIGNAL, lambda: L.Conv1D(2, 4, strides=3, padding="same", **positive())),
    "separable 1-D": (SIGNAL, lambda: L.SeparableConv1D(4, 3, padding="same", **apart())),
    "transposed 1-D": (
        (1, 6, 2), lambda: L.Conv1DTranspose(3, 4, strides=2, padding="same", **positive()),
    ),
    "conv 3-D": (VOLUME, lambda: L.Conv3D(2, (3, 1, 2), strides=(1, 1, 2), padding="same",
                                          **positive())),
    "max pool": (IMAGE, lambda: L.MaxPooling2D(3, 2, padding="same")),
    "avg pool": (IMAGE, lambda: L.AveragePooling2D((2, 3), (2, 1))),
    "max pool 1-D": (SIGNAL, lambda: L.MaxPooling1D(3, 2)),
    "max pool 3-D": (VOLUME, lambda: L.MaxPooling3D(2)),
    "zero padding": (IMAGE, lambda: L.ZeroPadding2D(((1, 2), (3, 0)))),
    "zero padding 1-D": (SIGNAL, lambda: L.ZeroPadding1D((1, 2))),
    "cropping": (IMAGE, lambda: L.Cropping2D(((1, 2), (3, 0)))),
    "up nearest": ((1, 4, 3, 2), lambda: L.UpSampling2D((2, 3))),
    "up bilinear": ((1, 4, 3, 2), lambda: L.UpSampling2D((2, 3), interpolation="bilinear")),
    "up 1-D": (SIGNAL, lambda: L.UpSampling1D(2)),
    "resizing bilinear": ((1, 9, 6, 2), lambda: L.Resizing(5, 8)),
    "resizing nearest": ((1, 9, 6, 2), lambda: L.Resizing(5, 8, interpolation="nearest")),
    "resizing with a crop": ((1, 9, 6, 2), lambda: L.Resizing(4, 4, crop_to_aspect_ratio=True)),
    "center crop": (IMAGE, lambda: L.CenterCrop(6, 6)),
    "permute": (IMAGE, lambda: L.Permute((2, 1, 3))),
    "batch norm": (IMAGE, L.BatchNormalization),
    "relu": (IMAGE, L.ReLU),
    "rescaling": (IMAGE, lambda: L.Rescaling(2.0)),
    "dense": (IMAGE, lambda: L.Dense(4, **positive())),
    "einsum dense": (
        SIGNAL, lambda: L.EinsumDense("abc,cd->abd", (None, 4), **positive()),
    ),
    "rnn": (SIGNAL, lambda: L.SimpleRNN(2, return_sequences=True, activation="linear",
                                        recurrent_initializer=keras.initializers.Ones(),
                                        **positive())),
    "rnn backwards": (SIGNAL, lambda: L.SimpleRNN(
        2, return_sequences=True, go_backwards=True, activation="linear",
        recurrent_initializer=keras.initializers.Ones(), **positive())),
    "time distributed": (
        (1, 4, 5, 6, 2), lambda: L.TimeDistributed(L.Conv2D(2, 3, padding="same", **positive())),
    ),
}  # fmt: skip
