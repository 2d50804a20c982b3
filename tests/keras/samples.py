"""Small Keras models of many kinds: what the fuzzer starts from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras

L = keras.layers


def models() -> list[Any]:
    """Functional, Sequential and nested; one to three spatial axes; every family of rules."""
    return [branches(), sequence(), nested(), signal(), volume(), gates(), operations(), written()]


def branches() -> Any:
    """Branches that join, and a layer that is called twice."""
    image = keras.Input((32, 32, 3), name="image")
    shared = L.Conv2D(4, 3, padding="same", name="shared")
    x = L.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="stem")(image)
    a = L.BatchNormalization(name="norm")(shared(shared(x)))
    b = L.DepthwiseConv2D(5, padding="same", dilation_rate=2, name="depthwise")(x)
    x = L.Concatenate(name="cat")([L.Add(name="sum")([a, b]), x])
    x = L.SeparableConv2D(6, 3, name="separable")(x)
    x = L.Dropout(0.5, name="drop")(L.MaxPooling2D(2, name="pool")(x))
    return keras.Model(image, L.Dense(5, name="last")(L.GlobalAveragePooling2D(name="all")(x)))


def sequence() -> Any:
    """A Sequential model of any input size."""
    return keras.Sequential([
        keras.Input((None, None, 3)), L.ZeroPadding2D((1, 2), name="pad"),
        L.Conv2D(4, 3, name="a"), L.Cropping2D(1, name="crop"), L.ReLU(name="relu"),
        L.AveragePooling2D(3, strides=2, padding="same", name="pool"),
        L.Conv2DTranspose(3, 4, strides=2, padding="same", name="up"),
    ], name="chain")  # fmt: skip


def nested() -> Any:
    """Models inside models, one of them called twice."""
    small = keras.Input((None, None, 4), name="small")
    inner = keras.Model(small, L.Conv2D(4, 3, padding="same", name="conv")(small), name="inner")
    middle = keras.Sequential([
        keras.Input((16, 16, 4)), keras.Sequential([L.Conv2D(4, 2, name="deep")], name="deeper"),
        L.MaxPooling2D(2, name="half"),
    ], name="middle")  # fmt: skip
    image = keras.Input((16, 16, 4), name="image")
    return keras.Model(image, middle(inner(inner(image))), name="outer")


def signal() -> Any:
    """One axis: causal and dilated convolutions, a recurrent layer."""
    sound = keras.Input((40, 2), name="sound")
    x = L.Conv1D(4, 3, padding="causal", dilation_rate=2, name="causal")(sound)
    x = L.UpSampling1D(2, name="up")(L.MaxPooling1D(2, name="pool")(x))
    x = L.Bidirectional(L.LSTM(3, return_sequences=True, name="lstm"), name="both")(x)
    return keras.Model(sound, L.TimeDistributed(L.Dense(2, name="dense"), name="each")(x))


def volume() -> Any:
    """Three axes."""
    return keras.Sequential([
        keras.Input((8, 9, 10, 1), name="volume"), L.Conv3D(2, 3, name="conv"),
        L.MaxPooling3D((1, 2, 2), name="pool"), L.Conv3DTranspose(2, 2, strides=2, name="up"),
    ])  # fmt: skip


def gates() -> Any:
    """Interpolation, attention, normalisation, reshapes."""
    image = keras.Input((12, 12, 4), name="image")
    x = L.Resizing(20, 16, interpolation="bilinear", name="resize")(image)
    gate = L.Reshape((1, 1, 4), name="gate")(L.GlobalMaxPooling2D(name="max")(x))
    x = L.Multiply(name="scaled")([x, gate])
    x = L.GroupNormalization(2, name="group")(L.UpSampling2D(2, name="up")(x))
    x = L.Permute((2, 1, 3), name="turn")(L.Rescaling(1 / 255, name="rescale")(x))
    x = L.Reshape((1280, 4), name="flat")(x)
    x = L.LayerNormalization(name="layer")(x)
    x = L.MultiHeadAttention(2, 2, name="attention")(x, x)
    return keras.Model(image, L.Softmax(name="soft")(L.Flatten(name="flatten")(x)))


def operations() -> Any:
    """``keras.ops`` between layers, and two inputs with two outputs."""
    first, second = keras.Input((16, 16, 2), name="first"), keras.Input((16, 16, 2), name="second")
    x = keras.ops.concatenate([first, second * 2.0], axis=-1)
    y, z = keras.ops.split(keras.ops.pad(x, [[0, 0], [1, 1], [2, 2], [0, 0]]), 2, axis=-1)
    y = keras.ops.transpose(y, (0, 2, 1, 3))[:, 1:-1, ::2]
    z = keras.ops.mean(keras.ops.relu(z), axis=(1, 2), keepdims=True)
    z = keras.ops.einsum("nhwc,nijc->nhi", y, keras.ops.repeat(z, 3, axis=1))
    return keras.Model([first, second], [keras.ops.max(y, axis=1), keras.ops.expand_dims(z, 1)])


def written() -> Any:
    """Augmentation, embeddings and layers with numbers of their own."""
    words = keras.Input((24,), dtype="int32", name="words")
    x = L.Embedding(50, 4, name="embed")(words)
    x = L.SpatialDropout1D(0.2, name="drop")(L.GaussianNoise(0.1, name="noise")(x))
    x = L.Normalization(mean=[0.0] * 4, variance=[1.0] * 4, name="normal")(x)
    x = L.EinsumDense("abc,cd->abd", output_shape=(24, 6), name="einsum")(x)
    return keras.Model(words, L.PReLU(name="prelu")(L.Activation("softmax", name="act")(x)))


def saved(model: Any) -> bytes:
    """The bytes of the ``.keras`` file of a model."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()
