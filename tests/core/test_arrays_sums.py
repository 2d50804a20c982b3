"""Ops that sum, against the change of the same running NumPy function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from rfield.core import arrays
from rfield.errors import InvalidModelError
from tests.core.arrays_graph import graph_of, is_exact, reads, same_as

Made = Callable[..., Any]
Shapes = Sequence[tuple[int, ...]]
EINSUMS: dict[str, Shapes] = {
    "ij,jk->ik": [(2, 3), (3, 4)],
    "btc,bsc": [(2, 2, 3), (2, 4, 3)],
    "btd,btc": [(2, 2, 3), (2, 2, 4)],
    " b t c , b s c -> b t s ": [(2, 2, 3), (2, 4, 3)],
    "...c,...c->...c": [(2, 3), (2, 3)],
    "...ij,...jk": [(2, 1, 2, 3), (4, 3, 2)],
    "...i,i...->...": [(3, 2), (2, 3)],
    "ii->i": [(3, 3)],
    "ii": [(3, 3)],
    "iij->ji": [(3, 3, 2)],
    "ij->ji": [(2, 3)],
    "ba": [(2, 3)],
    "ij->": [(2, 3)],
    "ij,ij->i": [(2, 3), (2, 3)],
    "i,j->ij": [(2,), (3,)],
    "ii,i->i": [(3, 3), (3,)],
}


@pytest.mark.parametrize("equation", EINSUMS)
def test_einsum_is_numpys(equation: str) -> None:
    same_as(
        lambda *xs: arrays.einsum(equation, *xs),
        lambda *xs: np.einsum(equation, *xs),
        *EINSUMS[equation],
    )


def softmax(a: np.ndarray, axis: int = -1) -> np.ndarray:
    e = np.exp(a - a.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


SUMS: dict[str, tuple[Made, Made, Shapes]] = {
    "matmul": (arrays.matmul, np.matmul, [(2, 1, 2, 3), (3, 3, 2)]),
    "matmul by a vector": (arrays.matmul, np.matmul, [(2, 2, 3), (3,)]),
    "a vector by a matrix": (arrays.matmul, np.matmul, [(3,), (2, 3, 2)]),
    "two vectors": (arrays.matmul, np.matmul, [(3,), (3,)]),
    "matmul, both transposed": (
        lambda x, y: arrays.matmul(x, y, transpose_a=True, transpose_b=True),
        lambda x, y: x.swapaxes(-1, -2) @ y.swapaxes(-1, -2),
        [(3, 2), (2, 4, 3)],
    ),
    "tensordot": (
        lambda x, y: arrays.tensordot(x, y, ([1, 2], [1, 0])),
        lambda x, y: np.tensordot(x, y, ([1, 2], [1, 0])),
        [(2, 3, 4), (4, 3, 2)],
    ),
    "tensordot of one axis": (
        lambda x, y: arrays.tensordot(x, y, 1), lambda x, y: np.tensordot(x, y, 1),
        [(2, 3), (3, 2)],
    ),
    "dot": (arrays.dot, np.dot, [(2, 3), (2, 3, 2)]),
    "inner": (arrays.inner, np.inner, [(2, 3), (2, 3)]),
    "outer": (arrays.outer, np.outer, [(2, 2), (3,)]),
    "kron": (arrays.kron, np.kron, [(2, 1, 2), (2, 3)]),
    "cross": (arrays.cross, np.cross, [(2, 3), (2, 3)]),
    "cross along the first axis": (
        lambda x, y: arrays.cross(x, y, 0), lambda x, y: np.cross(x, y, axis=0), [(3, 2), (3, 2)]
    ),
    "cdist": (
        arrays.cdist, lambda x, y: np.abs(x[..., :, None, :] - y[..., None, :, :]).sum(-1),
        [(2, 3), (4, 3)],
    ),
    "cholesky": (
        arrays.cholesky, lambda x: np.linalg.cholesky(x + 9 * np.eye(4)), [(2, 4, 4)]
    ),
    "cholesky, upper": (
        lambda x: arrays.cholesky(x, upper=True),
        lambda x: np.linalg.cholesky(x.swapaxes(1, 2) + 9 * np.eye(4)).swapaxes(1, 2),
        [(2, 4, 4)],
    ),
    "trace": (lambda x: arrays.trace(x, 1), lambda x: np.trace(x, 1), [(3, 4)]),
    "sum": (arrays.reduce, np.sum, [(2, 3)]),
    "sum of rows, kept": (
        lambda x: arrays.reduce(x, -1, keepdims=True), lambda x: x.sum(-1, keepdims=True), [(2, 3)]
    ),
    "sum over no axis": (lambda x: arrays.reduce(x, ()), lambda x: x, [(2, 3)]),
    "sum of a number": (arrays.reduce, np.sum, [()]),
    "softmax": (arrays.softmax, softmax, [(2, 3)]),
    "softmax over two axes": (
        lambda x: arrays.softmax(x, (0, 2)),
        lambda x: np.exp(x) / np.exp(x).sum((0, 2), keepdims=True), [(2, 2, 3)],
    ),
    "cumsum": (lambda x: arrays.cumulate(x, 1), lambda x: x.cumsum(1), [(2, 4)]),
    "cumsum, flat": (arrays.cumulate, np.cumsum, [(2, 3)]),
    "cumsum, exclusive": (
        lambda x: arrays.cumulate(x, 0, exclusive=True), lambda x: np.cumsum(x) - x, [(5,)]
    ),
    "cumsum, reversed": (
        lambda x: arrays.cumulate(x, -1, reverse=True), lambda x: x[::-1].cumsum()[::-1], [(5,)]
    ),
    "cumsum, exclusive and reversed": (
        lambda x: arrays.cumulate(x, 0, exclusive=True, reverse=True),
        lambda x: np.append(x[:0:-1].cumsum()[::-1], 0), [(5,)],
    ),
    "diff": (lambda x: arrays.diff(x, 2, 0), lambda x: np.diff(x * [[1], [3], [7], [9], [4]],
             2, 0), [(5, 2)]),
    "norm": (
        lambda x: arrays.norm(x, (1, 2)),
        lambda x: x / np.sqrt((x**2).mean((1, 2), keepdims=True)), [(2, 2, 3)],
    ),
    "norm of groups of channels": (
        lambda x: arrays.norm(x, 2, groups=2, channel_axis=1),
        lambda x: (x.reshape(1, 2, 4) / np.sqrt((x.reshape(1, 2, 4) ** 2).sum(2, keepdims=True))
                   ).reshape(1, 4, 2), [(1, 4, 2)],
    ),
    "batch norm": (arrays.batch_norm, lambda x: x * 2, [(2, 3)]),
    "batch norm in training": (
        lambda x: arrays.batch_norm(x, training=True), lambda x: x / x.sum((0, 2), keepdims=True),
        [(2, 2, 2)],
    ),
    "local response norm": (
        lambda x: arrays.local_response_norm(x, 1, 2, 0),
        lambda x: x / np.array([x[max(0, i - 1) : i + 3].sum() for i in range(6)]), [(6,)],
    ),
    "rfft": (
        lambda x: arrays.fft(x, sizes={-1: 3}), lambda x: np.stack([x.sum(-1)] * 3, -1), [(2, 5)]
    ),
    "dense": (lambda x: arrays.dense(x, 2, axis=0), lambda x: np.ones((2, 3)) @ x, [(3, 2)]),
    "recurrent, reversed": (
        lambda x: arrays.recurrent(x, 2, time_axis=0, reverse=True),
        lambda x: np.stack([x.sum(1)[::-1].cumsum()[::-1]] * 2, 1), [(4, 3)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SUMS)
def test_a_sum_reads_what_changes_it(name: str) -> None:
    make, function, shapes = SUMS[name]
    same_as(make, function, *shapes)


def test_the_check_sees_an_element_too_many() -> None:
    with pytest.raises(AssertionError):
        same_as(lambda x: arrays.cumulate(x, 0), lambda x: np.cumsum(x) - x, (5,))


def test_a_factor_of_a_masked_matrix_is_a_bound() -> None:
    """Of a diagonal matrix ``L[2, 2]`` reads one element; nothing says so of other zeros."""
    graph = graph_of(lambda x: arrays.cholesky(arrays.multiply(x, np.eye(3))), (3, 3))
    assert reads(graph, (2, 2)) >= {(2, 2)}
    assert not is_exact(graph)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3)])
def test_a_factor_of_no_square(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidModelError) as error:
        graph_of(arrays.cholesky, shape)
    assert str(error.value) == f"the matrix is no square (operands: {shape})"


def attend(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray | None = None
) -> np.ndarray:
    share = q.shape[0] // k.shape[0]
    k, v = (np.repeat(a, share, 0) for a in (k, v))
    scores = q @ k.swapaxes(-1, -2)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    e = np.exp(scores)
    return e / (1 + e.sum(-1, keepdims=True)) @ v  # so that a single key counts too


HEADS = [(2, 3, 2), (1, 4, 2), (1, 4, 1)]
SQUARE = np.array([[1, 0, 0, 1], [0, 1, 1, 0], [1, 1, 0, 0]], bool)


def test_attention_of_heads_that_share_keys() -> None:
    same_as(arrays.attention, attend, *HEADS)


@pytest.mark.parametrize("mask", [SQUARE, np.array([1, 0, 1, 1], bool)], ids=["square", "keys"])
def test_a_known_mask_cuts_keys(mask: np.ndarray) -> None:
    same_as(
        lambda q, k, v: arrays.attention(q, k, v, mask=mask),
        lambda q, k, v: attend(q, k, v, mask),
        *HEADS,
    )


def test_a_bias_of_minus_infinity_is_a_mask() -> None:
    bias = np.where(SQUARE, 0.5, -np.inf)
    same_as(
        lambda q, k, v: arrays.attention(q, k, v, bias=bias),
        lambda q, k, v: attend(q, k, v, SQUARE),
        *HEADS,
    )


def test_causal_attention_sees_the_past() -> None:
    same_as(
        lambda q, k, v: arrays.attention(q, k, v, causal=True),
        lambda q, k, v: attend(q, k, v, np.tri(3, dtype=bool)),
        (1, 3, 2), (1, 3, 2), (1, 3, 1),
    )  # fmt: skip
    both = np.tri(3, dtype=bool) & np.array([1, 1, 0], bool)
    same_as(
        lambda q, k, v: arrays.attention(q, k, v, causal=True, mask=both),
        lambda q, k, v: attend(q, k, v, both),
        (1, 3, 2), (1, 3, 2), (1, 3, 1),
    )  # fmt: skip


def test_a_mask_that_is_data_is_read_too() -> None:
    graph = graph_of(lambda x, y: arrays.attention(x, x, x, mask=y), (1, 3, 2), (3, 3))
    assert reads(graph, (0, 1, 0)) == {(0, i, j) for i in range(3) for j in range(2)}
    assert reads(graph, (0, 1, 0), "y") == {(1, 0), (1, 1), (1, 2)}


def test_heads_are_split_and_joined() -> None:
    graph = graph_of(lambda x: arrays.split_heads(x, 2), (1, 3, 4))
    assert reads(graph, (0, 1, 2, 0)) == {(0, 2, 2)}
    back = graph_of(lambda x: arrays.join_heads(arrays.split_heads(x, 2)), (1, 3, 4))
    assert reads(back, (0, 2, 3)) == {(0, 2, 3)}


def test_a_stage_of_statistics_stands_beside_the_local_field() -> None:
    graph = graph_of(lambda x: arrays.norm(arrays.flip(x, 0), (0, 1)), (3, 4))
    assert [node.kind for node in graph.nodes] == ["input", "flip", "norm"]
    assert [len(node.operands) for node in graph.nodes] == [0, 1, 2]


def test_both_directions_of_a_recurrent_layer() -> None:
    graph = graph_of(lambda x: arrays.bidirectional(x, 2, time_axis=0)[0], (4, 3))
    assert {t for t, _ in reads(graph, (1, 0))} == {0, 1}
    assert {t for t, _ in reads(graph, (1, 3))} == {1, 2, 3}
    last = graph_of(
        lambda x: arrays.last_state(arrays.recurrent(x, 2, time_axis=0), time_axis=0), (4, 3)
    )
    assert {t for t, _ in reads(last, (1,))} == {0, 1, 2, 3}


def test_top_k_and_sort_read_the_whole_axis() -> None:
    for output in (0, 1):
        graph = graph_of(lambda x: arrays.top_k(x, 2, 0), (3, 2), output=output)
        assert reads(graph, (1, 1)) == {(0, 1), (1, 1), (2, 1)}
    assert is_exact(graph)
    graph = graph_of(lambda x: arrays.sort(x, None), (3, 2))
    assert graph.nodes[-1].shape == (6,)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda x: arrays.einsum("ij,jk", x), "the equation 'ij,jk' has 2 terms for 1 operands"),
        (lambda x: arrays.einsum("ijk", x), "the term 'ijk' does not fit an operand of 2 axes"),
        (
            lambda x: arrays.einsum("ij->ik", x),
            "the output 'ik' has a label twice, or one of no term",
        ),
        (
            lambda x: arrays.einsum("ii", x),
            "the term 'ii' has axes of several sizes (operands: (2, 3))",
        ),
        (
            lambda x: arrays.matmul(x, x),
            "matmul: the inner sizes differ (operands: (2, 3), (2, 3))",
        ),
        (lambda x: arrays.top_k(x, 9)[0], "k = 9 of an axis of 3"),
        (lambda x: arrays.norm(x, 0, groups=2, channel_axis=1),
         "3 channels do not divide into 2 groups"),
        (lambda x: arrays.reduce(x, 2), "axis = 2; the operand has 2 axes"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_an_error(make: Made, text: str) -> None:
    with pytest.raises(InvalidModelError) as caught:
        graph_of(make, (2, 3))
    assert str(caught.value) == text
