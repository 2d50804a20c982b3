"""Layers and ops one by one: what each output reads, against what changes it in Keras."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the layers are run by Keras")

import rfield  # noqa: E402
from tests.keras.measured import claimed_read, really_read  # noqa: E402

pytestmark = pytest.mark.keras
KERAS = tuple(map(int, keras.__version__.split(".")[:2]))
L = keras.layers
ops = keras.ops
ONES = {"kernel_initializer": keras.initializers.RandomUniform(0.5, 1.5, seed=1)}
ROWS = (1, 6, 5)
IMAGE = (1, 5, 6, 2)
HEADS = (1, 4, 2, 3)
WALK = np.array([4, 0, 2])
ANEW = {
    "attention along one axis", "attention of images", "both ways apart", "the last state",
}  # fmt: skip


class Frozen(L.Layer):
    """Calls ``function`` as code would."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


def kernel(*shape):
    return np.random.default_rng(0).uniform(0.5, 1.5, shape).astype("float32")


# name: shape, axes that are positions, the function or (below) what makes the layer.
CASES = {
    "pad reflect": (ROWS, (1,), lambda x: ops.pad(x, ((0, 0), (2, 1), (0, 0)), mode="reflect")),
    "pad symmetric": (ROWS, (1,), lambda x: ops.pad(x, ((0, 0), (2, 1), (0, 0)), mode="symmetric")),
    "roll an axis twice": (ROWS, (1, 2), lambda x: ops.roll(x, (1, 3, -1), (1, 1, 2))),
    "roll all": (ROWS, (1, 2), lambda x: ops.roll(x, 3)),
    "einsum without an arrow": (ROWS, (1, 2), lambda x: ops.einsum(
        "btc,bcd", x, ops.transpose(x, (0, 2, 1)))),
    "einsum with dots": (ROWS, (1, 2), lambda x: ops.einsum("...c,...c->...c", x, x)),
    "matmul by a constant": (ROWS, (1, 2), lambda x: ops.matmul(x, kernel(5, 3))),
    "matmul of a constant": (ROWS, (1, 2), lambda x: ops.matmul(kernel(4, 6), x)),
    "dot": (ROWS, (1, 2), lambda x: ops.dot(x, kernel(5, 3))),
    "inner": (ROWS, (1, 2), lambda x: ops.inner(x, kernel(6, 5))),
    "outer": (ROWS, (1, 2), lambda x: ops.reshape(ops.outer(x[:, :2, 0], x[:, :3, 1]), (1, 2, 3))),
    "tensordot": (ROWS, (1, 2), lambda x: ops.tensordot(x, kernel(6, 3), [[1], [0]])),
    "cross": ((1, 4, 3), (1, 2), lambda x: ops.cross(x, x[:, ::-1])),
    "merge by dot": (ROWS, (1, 2), lambda x: L.Dot((2, 2))([x, x[:, :3]])),
    "merge by dot of vectors": (ROWS, (1, 2), lambda x: L.Dot(1)([x[:, 0], x[:, 1]])),
    "average with weights": (ROWS, (1, 2), lambda x: ops.average(x, 1, kernel(6))),
    "argmax": (ROWS, (1,), lambda x: ops.cast(ops.argmax(x * 9, 2), "float32") + x[..., 0]),
    "moments": (ROWS, (1, 2), lambda x: ops.moments(x, [2], keepdims=True)[0]),
    "cumsum": (ROWS, (1, 2), lambda x: ops.cumsum(x, 1)),
    "cumsum of all": (ROWS, (1, 2), lambda x: ops.reshape(ops.cumsum(x), (1, 6, 5))),
    "diff": (ROWS, (1, 2), lambda x: ops.diff(x, n=2, axis=1)),
    "append": (ROWS, (1, 2), lambda x: ops.append(x, x[:, ::-1], 1)),
    "hstack": (ROWS, (1, 2), lambda x: ops.hstack([x, x[:, 1:]])),
    "dstack": (ROWS, (1, 2), lambda x: ops.dstack([x, x[:, ::-1]])),
    "vstack": (ROWS, (1, 2), lambda x: ops.vstack([x, x[:, ::-1]])),
    "swapaxes": (ROWS, (1, 2), lambda x: ops.swapaxes(x, 1, 2)),
    "moveaxis": (IMAGE, (1, 2, 3), lambda x: ops.moveaxis(x, 1, 3)),
    "ravel": (ROWS, (1, 2), lambda x: ops.reshape(ops.ravel(x), (1, 30))),
    "flip left and right": (ROWS, (1, 2), getattr(ops, "fliplr", None)),
    "flip up and down": (ROWS, (1, 2), lambda x: ops.expand_dims(ops.flipud(x[0]), 0)),
    "trace": (IMAGE, (1, 2, 3), lambda x: ops.trace(x, 1, 1, 2)),
    "diagonal": (IMAGE, (1, 2, 3), lambda x: ops.diagonal(x, -1, 1, 2)),
    "take": (ROWS, (1, 2), lambda x: ops.take(x, WALK, 1)),
    "take below zero": (ROWS, (1, 2), lambda x: ops.take(x, np.array([-1, 0]), 2)),
    "take along an axis": (ROWS, (1, 2), lambda x: ops.take_along_axis(x, WALK[None, :, None], 1)),
    "index": (ROWS, (1, 2), lambda x: x[:, 1:5:2, -1]),
    "slice": (ROWS, (1, 2), lambda x: ops.slice(x, (0, 2, 1), (1, 3, 4))),
    "write a slice": (ROWS, (1, 2), lambda x: ops.slice_update(x, (0, 2, 1), x[:, :2, :2])),
    "scatter": (ROWS, (1, 2), lambda x: ops.scatter_update(
        x, np.array([[0, 1, 1], [0, 5, 0]]), x[0, 0, :2])),
    "split at places": (ROWS, (1, 2), lambda x: ops.split(x, [2, 3], 1)[2]),
    "split unevenly": (ROWS, (1, 2), lambda x: ops.array_split(x, 4, 1)[1]),
    "repeat": (ROWS, (1, 2), lambda x: ops.repeat(x, [1, 2, 0, 1, 1, 3], 1)),
    "tile": (ROWS, (1, 2), lambda x: ops.tile(x, (1, 2, 1))),
    "glu": ((1, 6, 4), (1, 2), getattr(ops, "glu", None)),
    "where": (ROWS, (1, 2), lambda x: ops.where(np.arange(5) > 2, x, ops.flip(x, 1))),
    "ones of a shape": (ROWS, (1, 2), lambda x: x + ops.ones_like(x) * ops.flip(x, 1)),
    "clip": (ROWS, (1, 2), lambda x: ops.clip(x, -9, 9)),
    "depth to space": ((1, 3, 2, 8), (1, 2, 3), lambda x: ops.depth_to_space(x, 2)),
    "space to depth": ((1, 4, 6, 2), (1, 2, 3), lambda x: ops.space_to_depth(x, 2)),
    "patches": ((1, 6, 7, 2), (1, 2, 3), lambda x: ops.image.extract_patches(
        x, (2, 3), strides=(1, 2))),
    "patches without overlap": ((1, 6, 6, 1), (1, 2), lambda x: ops.image.extract_patches(x, 3)),
    "conv": (IMAGE, (1, 2), lambda x: ops.conv(x, kernel(3, 2, 2, 4), (2, 1), "same")),
    "conv 1-D": ((1, 6, 4), (1,), lambda x: ops.conv(x, kernel(3, 4, 4), padding="same")),
    "depthwise": (IMAGE, (1, 2, 3), lambda x: ops.depthwise_conv(
        x, kernel(3, 3, 2, 1), padding="same")),
    "separable": (IMAGE, (1, 2), lambda x: ops.separable_conv(
        x, kernel(3, 3, 2, 1), kernel(1, 1, 2, 3), padding="same")),
    "transposed": ((1, 4, 3, 2), (1, 2), lambda x: ops.conv_transpose(
        x, kernel(3, 2, 3, 2), 2, "same", data_format="channels_last")),
    "average pool": (IMAGE, (1, 2), lambda x: ops.average_pool(x, (2, 3), 1, "same")),
    "norm by given numbers": (IMAGE, (1, 2, 3), lambda x: ops.batch_normalization(
        x, kernel(2), kernel(2), -1)),
    "merge with a gate": (IMAGE, (1, 2, 3), lambda x: L.Multiply()([x, x[:, 0, 0][:, None, None]])),
    "merge of unlike ranks": (ROWS, (1, 2), lambda x: L.Add()([x, x[:, 0]])),
    "average of three": (ROWS, (1, 2), lambda x: L.Average()([x, x[:, ::-1], x])),
    "the last state": (ROWS, (1,), lambda x: L.LSTM(3, return_state=True)(x)[2][:, None]),
    "both ways apart": (ROWS, (1,), lambda x: L.Bidirectional(
        L.GRU(2, return_sequences=True), merge_mode=None)(x)[1]),
    "augmentation": (IMAGE, (1, 2), lambda x: L.RandomFlip(seed=1)(L.RandomZoom(0.5, seed=1)(x))),
    "heads of attention": (HEADS, (1, 2), lambda x: ops.dot_product_attention(
        x, ops.flip(x, 1), x)),
    "attention with a mask": (HEADS, (1, 2), lambda x: ops.dot_product_attention(
        x, x, x, mask=np.tri(4, dtype=bool)[None, None])),
    "attention with a bias": (HEADS, (1, 2), lambda x: ops.dot_product_attention(
        x, x, x, bias=np.where(np.tri(4), 0, -np.inf).astype("float32")[None, None])),
    "attention of images": ((1, 3, 2, 4), (1, 2), lambda x: L.MultiHeadAttention(2, 2)(x, x)),
    "attention along one axis": ((1, 3, 2, 4), (1, 2), lambda x: L.MultiHeadAttention(
        2, 2, attention_axes=(2,))(x, x)),
}  # fmt: skip

LAYERS = {
    "separable layer": (IMAGE, (1, 2), lambda: L.SeparableConv2D(
        3, 3, depthwise_initializer="ones", pointwise_initializer="ones")),
    "einsum dense with dots": (ROWS, (1, 2), lambda: L.EinsumDense(
        "...c,cd->...d", output_shape=(3,), **ONES)),
    "einsum dense along steps": (ROWS, (1, 2), lambda: L.EinsumDense(
        "btc,ts->bsc", output_shape=(4, 5), **ONES)),
    "adaptive pool": (IMAGE, (1, 2), lambda: L.AdaptiveAveragePooling2D((2, 4))),
    "group norm": ((1, 3, 2, 4), (1, 2, 3), lambda: L.GroupNormalization(2)),
    "instance norm": ((1, 3, 2, 4), (1, 2, 3), lambda: L.GroupNormalization(-1)),
    "rms norm": (ROWS, (1, 2), L.RMSNormalization),
    "unit norm": (ROWS, (1, 2), lambda: L.UnitNormalization(axis=2)),
    "spectral norm": (IMAGE, (1, 2), lambda: L.SpectralNormalization(L.Conv2D(2, 3, **ONES))),
    "softmax by name": (ROWS, (1, 2), lambda: L.Activation("softmax")),
    "activation": (ROWS, (1, 2), lambda: L.Activation("tanh")),
    "flatten": (IMAGE, (1, 2, 3), L.Flatten),
    "repeat a vector": ((1, 4), (1,), lambda: L.RepeatVector(3)),
    "cropping": (IMAGE, (1, 2), lambda: L.Cropping2D(((1, 2), (0, 1)))),
    "lstm": (ROWS, (1,), lambda: L.LSTM(3, return_sequences=True)),
    "gru backwards": (ROWS, (1,), lambda: L.GRU(3, return_sequences=True, go_backwards=True)),
    "both ways": (ROWS, (1,), lambda: L.Bidirectional(L.GRU(2, return_sequences=True))),
    "each step": ((1, 3, 4, 5, 2), (1, 2, 3), lambda: L.TimeDistributed(L.Conv2D(2, 2, **ONES))),
    "center crop": (IMAGE, (1, 2), lambda: L.CenterCrop(2, 3)),
    "up": (IMAGE, (1, 2), lambda: L.UpSampling2D((2, 1))),
    "resize with antialiasing": ((1, 12, 9, 1), (1, 2), lambda: L.Resizing(4, 9, antialias=True)),
    "resize padded": ((1, 6, 3, 1), (1, 2), lambda: L.Resizing(
        4, 4, interpolation="nearest", pad_to_aspect_ratio=True)),
}  # fmt: skip


SINCE = {
    "norm by given numbers": (3, 11), "glu": (3, 12), "adaptive pool": (3, 13),
    "split unevenly": (3, 13), "inner": (3, 15), "cross": (3, 14), "patches": (3, 14),
    "dstack": (3, 14), "flip left and right": (3, 14), "flip up and down": (3, 14),
    "depth to space": (3, 14), "space to depth": (3, 14),
}  # fmt: skip
"""The first release of Keras that has the function, or that runs it on symbols itself."""


@pytest.mark.parametrize("inside", [False, True], ids=["layers", "code"])
@pytest.mark.parametrize("name", [*CASES, *LAYERS])
def test_what_is_read(name, inside):
    if (name, inside) in (("inner", True), ("transposed", False)):
        pytest.skip("Keras itself cannot run it so")
    if SINCE.get(name, KERAS) > KERAS:
        pytest.skip(f"Keras itself has or runs it since {SINCE[name]}")
    if inside and name in ANEW:
        pytest.skip("makes new weights whenever it runs")
    shape, axes, function = CASES.get(name) or LAYERS[name]
    function = function() if name in LAYERS else function
    x = keras.Input(batch_shape=shape)
    y = function(x)
    if inside:
        layer = Frozen(function)
        layer.built = True
        y = layer(x)
    model = keras.Model(x, y)
    graph = rfield.load(model, shape, axes=axes)
    positions = rfield.receptive_field(graph).positions
    sizes = [y.shape[axis] for axis in positions]
    for at in list(product(*(sorted({0, size // 2, size - 1}) for size in sizes)))[:12]:
        index = [slice(None)] * len(y.shape)
        for axis, k in zip(positions, at, strict=True):
            index[axis] = k
        assert claimed_read(graph, at) == really_read(model, shape, axes, index), at


def test_any_choice_may_be_the_one():
    x = keras.Input((6, 5))
    graph = rfield.load(keras.Model(x, ops.select([x > 9], [x], ops.flip(x, 1))), axes=(1, 2))
    assert claimed_read(graph, (0, 3)) == {(0, 3), (5, 3)}


@pytest.mark.parametrize(("mode", "places"), [("edge", [0, 0, 0, 5, 5]), ("wrap", [4, 5, 0, 5, 0])])
def test_borders_that_tensorflow_does_not_run(mode, places):
    x = keras.Input((6, 1))
    graph = rfield.load(keras.Model(x, ops.pad(x, ((0, 0), (2, 1), (0, 0)), mode=mode)))
    assert [claimed_read(graph, (k,)) for k in (0, 1, 2, 7, 8)] == [{(k,)} for k in places]


def test_an_unknown_mode_of_padding():
    x = keras.Input((6, 2))
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.load(
            keras.Model(
                x,
                ops.pad(
                    x,
                    ((0, 0), (1, 1), (0, 0)),
                    mode="ramp",
                ),
            )
        )
    assert str(caught.value).partition(": ")[2] == (
        "mode = 'ramp'; expected one of constant, zeros, zero, reflect, symmetric, replicate, "
        "edge, circular, wrap"
    )


def test_numbers_beside_tensors_are_no_tensors():
    """Whatever the number is: values of the graph are numbered too, but not called so."""
    x = keras.Input((32, 32, 3))
    one = L.Conv2D(4, 1)(x)
    wide = x
    for _ in range(3):
        wide = L.Conv2D(4, 11, padding="same")(wide)
    for number in (0, 1, 2, 3, 255):
        for y in (one + number, number - one, one * (number + 1), ops.maximum(number, one)):
            graph = rfield.load(keras.Model(x, [y, wide]))
            assert rfield.receptive_field(graph).size == (1, 1)
    for y in (x + 1, x / 255, ops.subtract(1, x), ops.where(x > 0, 1, x)):
        assert rfield.receptive_field(keras.Model(x, y)).size == (1, 1)


@pytest.mark.parametrize(
    "make", [L.RandomFlip, lambda: L.RandomRotation(0.3), lambda: L.RandomTranslation(0.3, 0.3),
             lambda: L.RandomZoom(0.3), lambda: L.RandomShear(0.3)],
)  # fmt: skip
def test_augmentation_is_left_out_of_predict(make):
    x = keras.Input((9, 9, 1))
    model = keras.Model(x, L.Conv2D(1, 3, name="conv")(make()(x)))
    rf = rfield.receptive_field(model)
    assert (rf.size, rf.fidelity) == ((3, 3), rfield.Fidelity.EXACT)
    trained = rfield.receptive_field(model, training=True)
    assert trained.size == (rfield.UNBOUNDED,) * 2
    assert trained.fidelity is rfield.Fidelity.UPPER_BOUND


@pytest.mark.parametrize(
    "norm", [lambda: L.GroupNormalization(3), lambda: L.GroupNormalization(-1),
             lambda: L.LayerNormalization(axis=(1, 2)), lambda: L.LayerNormalization(axis=2),
             lambda: L.LayerNormalization(axis=(1, 2, 3))],
)  # fmt: skip
def test_a_norm_keeps_the_local_field(norm):
    x = keras.Input((16, 16, 3))
    rf = rfield.receptive_field(keras.Model(x, norm()(L.Conv2D(6, 5, padding="same")(x))))
    assert (rf.size[1], rf.local.size) == (rfield.UNBOUNDED, (5, 5))


def test_antialiasing_in_numbers():
    """The triangle reaches four steps to each side of (i + 1/2) * 4 - 1/2, its ends left out."""
    x = keras.Input((16, 4, 1))
    graph = rfield.load(keras.Model(x, L.Resizing(4, 4, antialias=True)(x)))
    assert claimed_read(graph, (1, 0)) == {(k, 0) for k in range(2, 10)}
