"""Ops that move and sum elements: which elements one output reads, as literals."""

from __future__ import annotations

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="the graphs are made by TensorFlow")

import rfield  # noqa: E402

pytestmark = pytest.mark.tensorflow

LINE = (1, 8, 2)
EXACT, BOUND = rfield.Fidelity.EXACT, rfield.Fidelity.UPPER_BOUND


def loaded(function, shape=LINE):
    spec = tf.TensorSpec(shape, tf.float32, name="x")
    return rfield.load(tf.function(function).get_concrete_function(spec))


def reads(graph, *index):
    """The positions along the line that one output reads, and whether that is exact."""
    found = rfield.support(graph, index)
    return (np.flatnonzero(found.mask) + found.offset[0]).tolist(), found.fidelity


def lengths(x):
    return tf.cast(tf.reduce_sum(x, (1, 2)), tf.int32)


CASES = {
    "cumsum": (lambda x: tf.cumsum(x, 1), 4, [0, 1, 2, 3, 4], EXACT),
    "cumsum exclusive": (lambda x: tf.cumsum(x, 1, exclusive=True), 4, [0, 1, 2, 3], EXACT),
    "cumsum reverse": (lambda x: tf.cumsum(x, -2, reverse=True), 4, [4, 5, 6, 7], EXACT),
    "cumsum exclusive reverse": (
        lambda x: tf.cumsum(x, 1, exclusive=True, reverse=True), 4, [5, 6, 7], EXACT,
    ),
    "roll": (lambda x: tf.roll(x, 3, 1), 4, [1], EXACT),
    "roll twice": (lambda x: tf.roll(x, (1, 2), (1, -2)), 4, [1], EXACT),
    "roll round": (lambda x: tf.roll(x, -3, 1), 6, [1], EXACT),
    "gather": (lambda x: tf.gather(x, [3, 1, 7], axis=1), 2, [7], EXACT),
    "gather by data": (
        lambda x: tf.gather(x, tf.cast(x[0, :2, 0], tf.int32), axis=1),
        1, [0, 1, 2, 3, 4, 5, 6, 7], BOUND,
    ),
    "gather of a batch": (lambda x: tf.gather(x, [[5, 2]], axis=1, batch_dims=1), 1, [2], EXACT),
    "gather of a row by its own axis": (
        lambda x: tf.gather(tf.transpose(x, (0, 2, 1)), [[[6, 4]] * 2], axis=2, batch_dims=2)[
            :, 0
        ], 1, [4], EXACT,
    ),
    "embedding": (
        lambda x: tf.gather(tf.ones((10, 4)), tf.cast(x[..., 0], tf.int32)), 5, [5], EXACT
    ),
    "gather_nd": (lambda x: tf.gather_nd(x, [[0, 3], [0, 6]]), 1, [6], EXACT),
    "gather_nd by data": (
        lambda x: tf.gather_nd(x, tf.cast(x[0, :, :], tf.int32)),
        1, [0, 1, 2, 3, 4, 5, 6, 7], BOUND,
    ),
    "reverse_sequence": (
        lambda x: tf.reverse_sequence(x, [5], seq_axis=1, batch_axis=0), 1, [3], EXACT
    ),
    "reverse_sequence, the rest": (
        lambda x: tf.reverse_sequence(x, [5], seq_axis=1, batch_axis=0), 6, [6], EXACT
    ),
    "reverse_sequence by data": (
        lambda x: tf.reverse_sequence(x, lengths(x), seq_axis=1, batch_axis=0),
        1, [0, 1, 2, 3, 4, 5, 6, 7], BOUND,
    ),
    "segment_mean": (
        lambda x: tf.math.segment_mean(x[0], [0, 0, 0, 1, 1, 2, 2, 2])[None], 1, [3, 4], EXACT
    ),
    "unsorted_segment_max": (
        lambda x: tf.math.unsorted_segment_max(x[0], [2, 0, 0, 1, -1, 0, 2, 2], 4)[None],
        2, [0, 6, 7], EXACT,
    ),
    "band times a line": (
        lambda x: tf.matmul(tf.linalg.band_part(tf.ones((1, 8, 8)), 2, 1), x),
        4, [2, 3, 4, 5], EXACT,
    ),
    "causal attention": (
        lambda x: tf.matmul(
            tf.nn.softmax(
                tf.where(
                    tf.linalg.band_part(tf.ones((8, 8)), -1, 0) > 0,
                    tf.matmul(x, x, transpose_b=True), -np.inf,
                )
            ), x,
        ), 3, [0, 1, 2, 3], EXACT,
    ),
    "einsum": (lambda x: tf.einsum("btc,c->bt", x, tf.ones(2))[..., None], 4, [4], EXACT),
    "einsum with dots": (lambda x: tf.einsum("...tc,...tc->...t", x, x)[..., None], 4, [4], EXACT),
    "diagonal": (
        lambda x: tf.linalg.diag_part(tf.matmul(x, x, transpose_b=True), k=-3)[..., None],
        1, [1, 4], EXACT,
    ),
    "slice": (lambda x: tf.slice(x, (0, 2, 0), (1, -1, 2)), 1, [3], EXACT),
    "strided slice": (lambda x: x[:, -2:1:-2], 1, [4], EXACT),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_an_output_reads(name):
    function, index, expected, fidelity = CASES[name]
    assert reads(loaded(function), index) == (expected, fidelity)


def test_band_part_of_data_cuts():
    graph = loaded(lambda x: tf.linalg.band_part(x, 1, 0), (1, 6, 5))
    rf = rfield.receptive_field(graph)
    assert rf.size == (1,)
    after = loaded(lambda x: tf.matmul(tf.linalg.band_part(x, 1, 0), tf.ones((1, 5, 2))), (1, 6, 5))
    assert rfield.receptive_field(after).size == (1,)


@pytest.mark.parametrize(
    ("function", "padding"),
    [
        (lambda x: x[:, 2:], (-2,)),
        (lambda x: x[:, 1:-1], (-1,)),
        (lambda x: x[:, -3:], (None,)),
        (lambda x: x[:, ::-1], (None,)),
    ],
)
def test_what_counts_from_the_end_of_a_free_axis_has_no_padding(function, padding):
    assert rfield.receptive_field(loaded(function, (1, None, 2))).padding == padding


@pytest.mark.parametrize("constant", [False, True])
def test_the_predicate_of_an_old_branch_decides(constant):
    """Each output may change with all that the predicate reads."""
    tf.compat.v1.disable_control_flow_v2()
    try:
        graph = tf.Graph()
        with graph.as_default():
            x = tf.compat.v1.placeholder(tf.float32, LINE, name="x")
            wide = tf.nn.relu(tf.cond(tf.reduce_sum(x) > 0, lambda: x, lambda: -x))
            taken = tf.cond(
                tf.reduce_sum(wide[:, :3]) > 0,
                lambda: tf.ones(LINE) if constant else tf.abs(x),
                lambda: tf.zeros(LINE),
            )
            tf.identity(taken, name="y")
    finally:
        tf.compat.v1.enable_control_flow_v2()
    loaded_graph = rfield.load(graph, outputs=["y"])
    assert reads(loaded_graph, 5) == ([0, 1, 2, 3, 4, 5, 6, 7], BOUND)
    first = rfield.load(graph, outputs=["y"], inputs=["Relu"], input_shape={"Relu": LINE})
    found = rfield.support(first, (5,))
    assert found.mask.tolist() == [True, True, True]
    assert found.offset == (0,)
