"""Zeros of constants that TensorFlow makes in the graph: they read nothing."""

from __future__ import annotations

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

import rfield  # noqa: E402
from tests.machine.perturbed import measured  # noqa: E402

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore")]

T = 8
PLACES, ONES = np.array([[1, 3], [1, 5]]), np.ones(2, np.float32)


def read(function, size=T):
    """What output 1 reads, and how sure that is."""
    made = tf.function(
        function, input_signature=[tf.TensorSpec((1, size, 4))], autograph=False
    ).get_concrete_function()
    found = rfield.support(rfield.load(made, axes=(1,)), (1,))
    return [found.offset[0] + int(k) for k in np.flatnonzero(found.mask)], found.fidelity.value


MATRICES = {
    "diag": (lambda: tf.linalg.diag(tf.ones(T)), [1]),
    "diag above": (lambda: tf.linalg.diag(tf.ones(T - 1), k=1), [2]),
    "eye": (lambda: tf.eye(T), [1]),
    "one_hot": (lambda: tf.one_hot([3, 6, 2, 0, 7, 1, 5, 4], T), [6]),
    "scatter_nd": (lambda: tf.scatter_nd(PLACES, ONES, (T, T)), [3, 5]),
    "tensor_scatter": (
        lambda: tf.tensor_scatter_nd_update(tf.zeros((T, T)), PLACES, ONES), [3, 5],
    ),
    "set_diag": (lambda: tf.linalg.set_diag(tf.zeros((T, T)), tf.ones(T)), [1]),
    "band": (lambda: tf.linalg.band_part(tf.ones((T, T)), 1, 0), [0, 1]),
    "pad": (lambda: tf.pad(tf.ones((4, 3)), [[0, 4], [0, 5]]), [0, 1, 2]),
    "blocks": (
        lambda: tf.concat([tf.pad(tf.ones((4, 4)), [[0, 0], [0, 4]]),
                           tf.pad(tf.ones((4, 4)), [[0, 0], [4, 0]])], 0), [0, 1, 2, 3],
    ),
    "sums": (
        lambda: tf.cast(tf.cumsum(tf.ones((T, T)), 0) >= tf.cumsum(tf.ones((T, T)), 1), "float32"),
        [0, 1],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MATRICES)
def test_a_matrix_of_constants_keeps_its_zeros(name):
    made, places = MATRICES[name]
    assert read(lambda x: made() @ x) == (places, "exact")


def test_a_mask_picks_and_a_table_gathers():
    assert read(lambda x: tf.boolean_mask(x, [True, False] * 4, axis=1)) == ([2], "exact")
    assert read(lambda x: tf.gather_nd(x, [[0, 3], [0, 6]])) == ([6], "exact")


def test_masks_of_more_positions_than_file_constants_have():
    def causal(x):
        n = x.shape[1]
        later = tf.range(n)[:, None] < tf.range(n)
        return tf.nn.softmax(tf.where(later, -np.inf, tf.matmul(x, x, transpose_b=True))) @ x

    assert read(causal, 300) == ([0, 1], "exact")


def test_a_vector_chooses_rows_in_the_first_select():
    """https://www.tensorflow.org/api_docs/python/tf/raw_ops/Select"""
    table, chosen = tf.ones((3, 3)), tf.constant([True, False, True])
    masked = tf.function(
        lambda x: x * tf.compat.v1.where(chosen, table, tf.zeros((3, 3))),
        input_signature=[tf.TensorSpec((3, 3))],
    )
    graph = rfield.load(masked.get_concrete_function(), axes=(0, 1))
    counts = [[rfield.support(graph, (i, j)).count for j in range(3)] for i in range(3)]
    assert counts == [[1, 1, 1], [0, 0, 0], [1, 1, 1]]


SOBEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]], np.float32)
KERNELS = {
    "as it is": (lambda s: s[..., None, None], 6),
    "transposed": (lambda s: tf.transpose(s)[..., None, None], 6),
    "turned round": (lambda s: tf.reverse(s, [0])[..., None, None], 6),
    "rolled": (lambda s: tf.roll(s, 1, 1)[..., None, None], 6),
    "cut and joined": (lambda s: tf.concat(tf.split(s, 3, 1)[::-1], 1)[..., None, None], 6),
    "gathered": (lambda s: tf.gather(s, [2, 1, 0], axis=1)[..., None, None], 6),
    "repeated": (lambda s: tf.tile(s[..., None, None], (1, 1, 1, 2)), 6),
}


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("captured", [False, True])
def test_a_constant_kernel_keeps_its_zeros_where_it_is_moved(name, captured):
    make, taps = KERNELS[name]
    held = tf.constant(SOBEL)
    filtered = tf.function(
        lambda x: tf.nn.conv2d(x, make(held if captured else tf.constant(SOBEL)), 1, "SAME"),
        input_signature=[tf.TensorSpec((1, 5, 5, 1))],
    )
    found = rfield.support(rfield.load(filtered.get_concrete_function(), axes=(1, 2)), (2, 2))
    assert (found.count, found.fidelity.value) == (taps, "exact")


def test_kernels_with_zeros_in_other_places_are_a_bound():
    both = tf.function(
        lambda x: tf.nn.conv2d(x, np.stack([SOBEL, SOBEL.T], -1)[:, :, None], 1, "SAME"),
        input_signature=[tf.TensorSpec((1, 5, 5, 1))],
    )
    found = rfield.support(rfield.load(both.get_concrete_function(), axes=(1, 2)), (2, 2))
    assert found.fidelity is rfield.Fidelity.UPPER_BOUND


def test_a_large_table_that_is_captured_is_looked_into():
    table = tf.constant(np.tri(40, dtype=np.float32))
    assert read(lambda x: tf.transpose(table) @ x, 40)[0] == list(range(1, 40))


HELD = {
    "times a weight": (lambda x, mask, weight: (weight * mask) @ x, False, [0, 1]),
    "trained": (lambda x, mask, weight: (weight * mask) @ x, True, [*range(T)]),
    "times the input": (lambda x, mask, weight: x * mask[:, 1:2], False, [1]),
    "chosen by it": (lambda x, mask, weight: tf.where(mask > 0, weight, 0) @ x, False, [0, 1]),
    "written to": (
        lambda x, mask, weight: ((weight * mask) @ x, mask.assign_add(weight))[0],
        False,
        [*range(T)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HELD)
def test_a_variable_that_is_not_trained_may_be_a_mask(name):
    function, trainable, places = HELD[name]
    mask = tf.Variable(np.tri(T, dtype=np.float32), trainable=trainable)
    weight = tf.Variable(tf.ones((T, T)))
    assert read(lambda x: function(x, mask, weight)) == (places, "exact")


@pytest.mark.parametrize(
    "nothing",
    [
        lambda x: x * 0,
        lambda x: x * np.zeros((T, 1)),
        lambda x: x / np.inf,
        lambda x: tf.where(np.ones((T, 1), bool), 0.0, x),
    ],
)
def test_what_is_zero_throughout_hides_what_it_multiplies(nothing):
    assert read(lambda x: nothing(x) * tf.reverse(x, [1]) + x) == ([1], "exact")


@pytest.mark.parametrize(
    ("used", "trained", "fidelity"),
    [
        (lambda w, m: w * m, False, "upper bound"),
        (lambda w, m: w * (1.0 - m), False, "upper bound"),
        (lambda w, m: w * m, True, "exact"),
        (lambda w, m: w + m, False, "exact"),
        (lambda w, m: 2 * m, False, "exact"),
        (lambda w, m: w * tf.math.rsqrt(m + 1.0), False, "exact"),
        (lambda w, m: w * m[:1, 0], False, "exact"),
        (lambda w, m: w * m[:, :1, :1], False, "upper bound"),
        (lambda w, m: w * tf.gather(m, [0, 1, 2]), False, "upper bound"),
        (lambda w, m: w * tf.cast(m > 0.5, tf.float32), False, "upper bound"),
        (lambda w, m: tf.where(tf.cast(m, tf.bool), w, 0), False, "upper bound"),
        (lambda w, m: tf.where(tf.equal(m, 0), tf.zeros_like(w), w), False, "upper bound"),
        (lambda w, m: tf.where(tf.logical_not(m > 0), 0.0, w), False, "upper bound"),
        (lambda w, m: tf.where((m > 0) & np.ones((3, 2, 2), bool), w, 0), False, "upper bound"),
        (lambda w, m: tf.where(m[:, 0, 0][:, None, None] > 0, w, 0), False, "upper bound"),
        (lambda w, m: tf.where(m > 0, w, 0), True, "upper bound"),
        (lambda w, m: tf.einsum("kio,kio->kio", w, m), False, "upper bound"),
        (tf.math.divide_no_nan, False, "upper bound"),
    ],
)
def test_a_variable_of_a_file_that_nobody_trains_may_be_a_mask(used, trained, fidelity, tmp_path):
    module = tf.Module()
    module.w = tf.Variable(tf.ones((3, 2, 2)), name="w")
    module.m = tf.Variable(np.eye(3, 2)[:, :, None] * np.ones(2), trainable=trained, name="m",
                           dtype=tf.float32)  # fmt: skip
    found = saved(module, lambda x: tf.nn.conv1d(x, used(module.w, module.m), 1, "SAME"), tmp_path)
    assert (found.count, found.fidelity.value) == (3, fidelity)


def saved(module, function, path):
    """What position 4 reads of a function of the variables of a module, in a SavedModel."""
    module.f = tf.function(function, autograph=False)
    spec = tf.TensorSpec((1, T, 2), tf.float32, name="x")
    tf.saved_model.save(module, path, signatures=module.f.get_concrete_function(spec))
    return rfield.support(rfield.load(path, axes=(1,)), (4,))


@pytest.mark.parametrize(
    ("numbers", "used", "fidelity"),
    [
        (np.eye(T, 1), lambda x, m: x * m, "upper bound"),
        (np.eye(T, 1), lambda x, m: tf.where(m > 0, x, 0), "upper bound"),
        (np.eye(T, 1)[:, 0], lambda x, m: tf.where(m[:, None] > 0, x, 0), "upper bound"),
        (np.eye(T, 1)[:, 0] > 0, lambda x, m: tf.where(m[:, None], x, 0), "upper bound"),
        (np.eye(T, 2), lambda x, m: tf.einsum("btc,tc->btc", x, m), "upper bound"),
        (np.ones(2), lambda x, m: x * m, "exact"),
        (np.ones((1, 1, 2)), lambda x, m: x * m, "exact"),
    ],
)
def test_a_variable_of_a_file_may_be_a_mask_of_the_input(numbers, used, fidelity, tmp_path):
    module = tf.Module()
    kind = tf.bool if numbers.dtype == bool else tf.float32
    module.m = tf.Variable(numbers, trainable=False, dtype=kind)
    kernel = np.ones((3, 2, 2), np.float32)
    found = saved(module, lambda x: tf.nn.conv1d(used(x, module.m), kernel, 1, "SAME"), tmp_path)
    assert (found.count, found.fidelity.value) == (3, fidelity)


@pytest.mark.parametrize("kind", [tf.bool, tf.int32])
def test_a_variable_of_whole_numbers_of_a_file_may_be_a_mask(kind, tmp_path):
    module = tf.Module()
    module.w, module.m = tf.Variable(tf.ones((3, 2, 2))), tf.Variable(tf.cast([1, 0, 0], kind))
    found = saved(
        module,
        lambda x: tf.nn.conv1d(
            x, module.w * tf.cast(module.m, tf.float32)[:, None, None], 1, "SAME"
        ),
        tmp_path,
    )
    assert (found.count, found.fidelity.value) == (3, "upper bound")


VECTOR = np.array([0, 1, 0.5, 0, 2, 1.5])
LOWER = np.tril(np.ones((6, 6)))


def turned(x):
    return tf.transpose(x, [0, 2, 1])


@pytest.mark.parametrize(
    ("numbers", "used", "fidelity"),
    [
        (VECTOR, lambda x, m: x * m, "upper bound"),
        (VECTOR, lambda x, m: turned(turned(x) * m[:, None]), "upper bound"),
        (VECTOR, lambda x, m: x * (m * m), "upper bound"),
        (VECTOR, lambda x, m: tf.einsum("bct,t->bct", x, m), "upper bound"),
        (VECTOR, tf.math.divide_no_nan, "upper bound"),
        (np.where(VECTOR, -np.inf, np.inf), tf.maximum, "upper bound"),
        (LOWER, lambda x, m: tf.matmul(x, m, transpose_b=True), "upper bound"),
        (LOWER, lambda x, m: turned(tf.matmul(m, turned(x))), "upper bound"),
        (VECTOR[3:], lambda x, m: turned(turned(x) * m), "exact"),
        (LOWER[:3, :3], lambda x, m: turned(tf.matmul(turned(x), m)), "exact"),
    ],
)
def test_what_lies_along_positions_may_be_a_mask_and_what_lies_along_channels_is_none(
    numbers, used, fidelity, tmp_path
):
    """Against finite changes: a vector of channels takes no position away, whatever its zeros."""
    module = tf.Module()
    module.other, module.m = (tf.Variable(n, trainable=False) for n in (np.zeros(1), numbers))
    function = tf.function(lambda x: used(x, module.m) + module.other, autograph=False)
    module.f = function
    spec = tf.TensorSpec((1, 3, 6), tf.float64, name="x")
    tf.saved_model.save(module, tmp_path, signatures=function.get_concrete_function(spec))
    graph = rfield.load(tmp_path, axes=(2,))
    moved, _ = measured(lambda x: np.asarray(function(tf.constant(x))), [(1, 3, 6)], 0)
    real = moved.reshape(3, 6, 3, 6).any(axis=(0, 2))
    for place in range(6):
        found = rfield.support(graph, (place,))
        read = {found.offset[0] + int(k) for k in np.flatnonzero(found.mask)}
        moves = set(np.flatnonzero(real[place]).tolist())
        assert found.fidelity.value == fidelity
        assert read == moves or (fidelity != "exact" and read > moves)
