"""Attention with masks: what is cut, against Keras itself and in numbers."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="the models are built by Keras")

import rfield  # noqa: E402
from tests.keras.measured import claimed_read, really_read  # noqa: E402

pytestmark = pytest.mark.keras
L = keras.layers
ops = keras.ops
BAND = np.abs(np.subtract.outer(np.arange(8), np.arange(8))) <= 1
CHUNKS = np.arange(8)[:, None] // 3 == np.arange(8) // 3
DROPPED = np.eye(8, dtype=bool)[::-1] | np.eye(8, dtype=bool)


def attended(layer, *args, shape=(8, 6), **kwargs):
    x = keras.Input(shape, name="x")
    given = args or (x, x)
    return keras.Model(x, layer(*given, **kwargs))


def listed(layer, **kwargs):
    x = keras.Input((8, 6), name="x")
    return keras.Model(x, layer([x, x], **kwargs))


def masked_softmax(mask):
    x = keras.Input((8, 6), name="x")
    scores = ops.matmul(x, ops.transpose(x, (0, 2, 1)))
    return keras.Model(x, ops.matmul(L.Softmax()(scores, mask=mask), x))


def added_mask(mask):
    x = keras.Input((8, 6), name="x")
    scores = ops.matmul(x, ops.transpose(x, (0, 2, 1)))
    return keras.Model(x, ops.matmul(ops.softmax(scores + np.where(mask, 0, -np.inf)), x))


def multi_head(**kwargs):
    return L.MultiHeadAttention(2, 4, **kwargs)


MODELS = {
    "no mask": lambda: attended(multi_head()),
    "causal": lambda: attended(multi_head(), use_causal_mask=True),
    "causal with dropout": lambda: attended(multi_head(dropout=0.1), use_causal_mask=True),
    "band": lambda: attended(multi_head(), attention_mask=BAND[None]),
    "band as numbers": lambda: attended(multi_head(), attention_mask=BAND[None].astype("float32")),
    "chunks": lambda: attended(multi_head(), attention_mask=CHUNKS[None]),
    "from the end": lambda: attended(multi_head(), attention_mask=DROPPED[None]),
    "band and causal": lambda: attended(
        multi_head(), attention_mask=BAND[None], use_causal_mask=True
    ),
    "grouped queries": lambda: attended(
        L.GroupQueryAttention(4, 4, 2), use_causal_mask=True
    ),
    "one layer": lambda: listed(L.Attention()),
    "one layer, causal": lambda: listed(L.Attention(), use_causal_mask=True),
    "additive, causal": lambda: listed(L.AdditiveAttention(), use_causal_mask=True),
    "softmax with a mask": lambda: masked_softmax(BAND[None]),
    "minus infinity added": lambda: added_mask(CHUNKS),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_every_position_reads_what_it_does(name):
    model = MODELS[name]()
    graph = rfield.load(model, (1, 8, 6))
    for k in range(8):
        assert claimed_read(graph, (k,)) == really_read(model, (1, 8, 6), (1,), (k,)), k


def test_in_numbers():
    read = {
        name: sorted(k for (k,) in claimed_read(rfield.load(MODELS[name](), (1, 8, 6)), (4,)))
        for name in ("no mask", "causal", "band", "chunks", "from the end", "band and causal")
    }
    assert read == {
        "no mask": [*range(8)], "causal": [0, 1, 2, 3, 4], "band": [3, 4, 5], "chunks": [3, 4, 5],
        "from the end": [3, 4], "band and causal": [3, 4],
    }  # fmt: skip


def test_layers_of_attention_in_a_row():
    x = keras.Input((8, 6), name="x")
    y = x
    for k in range(3):
        y = L.MultiHeadAttention(2, 4, name=f"a{k}")(y, y, attention_mask=BAND[None])
    graph = rfield.load(keras.Model(x, y))
    assert [claimed_read(graph, (k,)) for k in (0, 7)] == [
        {(0,), (1,), (2,), (3,)}, {(4,), (5,), (6,), (7,)},
    ]  # fmt: skip


def test_a_mask_that_is_data_is_read():
    x, mask = keras.Input((8, 6), name="x"), keras.Input((8,), dtype="bool", name="mask")
    y = multi_head(name="a")(x, x, value_mask=mask, use_causal_mask=True)
    graph = rfield.load(keras.Model([x, mask], y))
    for source in ("x", "mask"):
        support = rfield.support(graph, (3,), wrt=source)
        assert (support.offset, support.count) == ((0,), 4)


def test_the_mask_of_an_embedding_goes_along():
    tokens = keras.Input((8,), dtype="int32", name="tokens")
    y = L.LSTM(4, return_sequences=True)(L.Embedding(9, 6, mask_zero=True)(tokens))
    graph = rfield.load(keras.Model(tokens, y))
    assert claimed_read(graph, (3,)) == {(0,), (1,), (2,), (3,)}


def test_zeros_of_weights_when_they_are_asked_for():
    x = keras.Input((16, 16, 1))
    layer = L.Conv2D(1, 3, padding="same")
    model = keras.Model(x, layer(x))
    kernel = np.zeros((3, 3, 1, 1))
    kernel[0, 0] = kernel[2, 1] = 1
    layer.set_weights([kernel, np.zeros(1)])
    assert claimed_read(rfield.load(model, zeros=True), (5, 5)) == {(4, 4), (6, 5)}
    assert len(claimed_read(rfield.load(model), (5, 5))) == 9


def test_zeros_of_a_kernel_that_is_a_constant():
    sobel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], "float32")[:, :, None, None]
    x = keras.Input((16, 16, 1))
    model = keras.Model(x, ops.conv(x, sobel, padding="same"))
    places = really_read(model, (1, 16, 16, 1), (1, 2), (5, 5))
    assert claimed_read(rfield.load(model), (5, 5)) == places
    assert places == {(y, x) for y in (4, 5, 6) for x in (4, 6)}


@pytest.mark.filterwarnings("ignore:.*destroy the mask information")  # of older Keras
@pytest.mark.parametrize("padded", [True, False])
def test_padding_beside_a_causal_mask_hides_nothing_for_sure(padded: bool) -> None:
    """Tokens 0, 0, 0 are padding: the third query has nothing left and looks at all keys."""
    tokens = keras.Input((6,), dtype="int32")
    vectors = keras.layers.Embedding(10, 8, mask_zero=padded)(tokens)
    attended = keras.layers.MultiHeadAttention(2, 4)(vectors, vectors, use_causal_mask=True)
    model = keras.Model(tokens, attended)
    given = np.array([[0, 0, 0, 4, 5, 6]])
    moved = {
        k for k in (3, 4, 5)
        if not np.array_equal(
            model.predict(given, verbose=0)[0, 2],
            model.predict(np.where(np.arange(6) == k, 9, given), verbose=0)[0, 2],
        )
    }  # fmt: skip
    assert moved == ({3, 4, 5} if padded else set())
    found = rfield.support(rfield.load(model, axes=(1,)), (2,))
    kind = "upper bound" if padded else "exact"
    assert (str(found.box), found.fidelity.value) == (f"t: 0..{5 if padded else 2}", kind)


class Padded(L.Layer):
    """Says that all from the fifth place on is padding."""

    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def compute_mask(self, x, mask=None):
        return ops.cast(np.arange(8)[None] < 5, "bool")

    def call(self, x):
        return x * 1.0


def test_a_query_of_padding_looks_at_every_key_beside_a_causal_mask():
    x = keras.Input((8, 6), name="x")
    y = Padded()(x)
    model = keras.Model(x, multi_head()(y, y, use_causal_mask=True))
    graph = rfield.load(model, (1, 8, 6))
    for k in range(8):
        found = rfield.support(graph, (k,))
        claimed = {(found.offset[0] + int(j),) for (j,) in np.argwhere(found.mask)}
        assert claimed >= really_read(model, (1, 8, 6), (1,), (k,)), k
    assert found.fidelity is rfield.Fidelity.UPPER_BOUND


def test_of_constant_conditions_the_case_that_holds_is_read() -> None:
    x = keras.Input((12, 1), batch_size=1)
    places = np.arange(12)[:, None]
    y = keras.ops.select([places > 5, places > 2], [x, keras.ops.flip(x, 1)], 0.0)
    graph = rfield.load(keras.Model(x, y))
    found = [rfield.support(graph, (place,)) for place in (0, 4, 8)]
    read = [[s.offset[0] + int(k) for k in s.mask.nonzero()[0]] for s in found]
    assert (read, {s.fidelity.name for s in found}) == ([[], [7], [8]], {"EXACT"})


STEPS = np.array([[1, 1, 0, 0, 1, 0, 1, 0]], bool)


class Chosen(L.Layer):
    """Says which steps count, whatever the data."""

    def __init__(self):
        super().__init__()
        self.supports_masking = True

    def compute_mask(self, x, mask=None):
        return ops.cast(STEPS, "bool")

    def call(self, x):
        return x * 1.0


def runs(layer):
    x = keras.Input((8, 3), batch_size=1, name="x")
    return keras.Model(x, layer(Chosen()(x)))


RUNS = {
    "steps": (lambda: L.GRU(2, return_sequences=True), [[0], [0, 1], [0, 1], [0, 1], [0, 1, 4]]),
    "last": (lambda: L.LSTM(2), [[0, 1, 4, 6]]),
    "backwards": (
        lambda: L.SimpleRNN(2, return_sequences=True, go_backwards=True, use_bias=False),
        [[], [6], [6], [4, 6], [4, 6]],
    ),
    "nothing shown": (
        lambda: L.LSTM(2, return_sequences=True, zero_output_for_mask=True),
        [[0], [0, 1], [], [], [0, 1, 4]],
    ),
    "last, nothing shown": (lambda: L.GRU(2, zero_output_for_mask=True), [[]]),
    "both ways": (
        lambda: L.Bidirectional(L.GRU(2, return_sequences=True)),
        [[0, 1, 4, 6], [0, 1, 4, 6], [], [], [0, 1, 4, 6]],
    ),
    "both ways, last": (lambda: L.Bidirectional(L.LSTM(2)), [[0, 1, 4, 6]]),
    "a cell": (
        lambda: L.RNN(L.GRUCell(2), return_sequences=True),
        [[0], [0, 1], [0, 1], [0, 1], [0, 1, 4]],
    ),
    "all at once": (L.GlobalAveragePooling1D, [[0, 1, 4, 6]]),
    "at each time": (lambda: L.TimeDistributed(L.Dense(2)), [[0], [1], [2], [3], [4]]),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_steps_that_a_constant_mask_leaves_out_are_not_read(name):
    made, places = RUNS[name]
    model = runs(made())
    graph = rfield.load(model, (1, 8, 3))
    for k, expected in enumerate(places):
        at = (k,) if len(model.output_shape) == 3 or name == "all at once" else ()
        read = claimed_read(graph, at)
        assert (
            read
            == {(place,) for place in expected}
            == really_read(model, (1, 8, 3), (1,), at if len(model.output_shape) == 3 else ())
        )


def test_a_mask_goes_on_to_the_layer_at_each_time():
    x = keras.Input((2, 4, 3), batch_size=1)
    mask = np.array([[[1, 0, 1, 1]] * 2], bool)
    inside = L.TimeDistributed(L.GRU(2, return_sequences=True))
    graph = rfield.load(keras.Model(x, inside(x, mask=ops.convert_to_tensor(mask))), axes=(1, 2))
    assert claimed_read(graph, (0, 2)) == {(0, 0), (0, 2)}
    assert claimed_read(graph, (1, 1)) == {(1, 0)}


def test_a_state_goes_past_steps_that_are_left_out():
    x = keras.Input((8, 3), batch_size=1, name="x")
    state = keras.Input((2,), batch_size=1, name="state")
    y = L.GRU(2, return_sequences=True)(x, initial_state=state, mask=ops.convert_to_tensor(STEPS))
    graph = rfield.load(keras.Model([x, state], y), {"x": (1, 8, 3), "state": (1, 2)})
    found = rfield.support(graph, (3,), wrt="x")
    assert (str(found.box), found.fidelity.value) == ("t: 0..1", "exact")


def test_known_zeros_are_steps_that_do_not_count():
    x = keras.Input((8, 3), batch_size=1, name="x")
    zeros = L.Masking(0.0)(x * STEPS[..., None].astype("float32"))
    layer = L.GRU(2, return_sequences=True, zero_output_for_mask=True)
    model = keras.Model(x, layer(zeros))
    assert really_read(model, (1, 8, 3), (1,), (2,)) == set()
    found = rfield.support(rfield.load(model, (1, 8, 3)), (2,))
    assert (found.count, found.fidelity) == (0, rfield.Fidelity.EXACT)
