"""A stream that is run: chunks of any length, what is kept, and what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rfield
from rfield.analysis.pieces.streams.plan import StreamPlan
from tests.analysis.buffers import Layer
from tests.analysis.test_streaming import chain


def kernel_sum(x: np.ndarray) -> np.ndarray:
    return x[..., 0:-2:2] + 10 * x[..., 1:-1:2] + 100 * x[..., 2::2]


def summing() -> StreamPlan:
    return rfield.stream_plan(chain([Layer(3, 2)], 101))


def test_chunks_may_be_of_any_length_and_are_asked_for_one_by_one():
    x = np.arange(61)[None, None]
    asked: list[int] = []

    def arriving():
        at = 0
        for size in (1, 0, 1, 1, 9, 0, 2, 47):
            asked.append(at)
            yield x[..., at : at + size]
            at += size

    seen: list[tuple[int, int]] = []
    parts = []
    for part in rfield.run_streaming(kernel_sum, arriving(), summing()):
        parts.append(part)
        seen.append((len(asked), sum(p.shape[2] for p in parts)))
    assert np.array_equal(np.concatenate(parts, 2), kernel_sum(x))
    # Output o is there as soon as sample 2o + 2 is.
    assert seen == [(4, 1), (5, 5), (7, 6), (8, 30)]


def test_no_more_than_the_context_is_kept():
    sizes: list[int] = []

    def watched(x: np.ndarray) -> np.ndarray:
        sizes.append(x.shape[2])
        return kernel_sum(x)

    chunks = (np.ones((1, 1, 2)) for _ in range(200))
    assert sum(part.shape[2] for part in rfield.run_streaming(watched, chunks, summing())) == 199
    assert max(sizes) <= 6


def test_a_source_may_fill_one_buffer_again_and_again():
    """As microphones and ``readinto`` do: what is still needed is not in it any more."""
    x, buffer = np.arange(61)[None, None], np.empty((1, 1, 10), int)

    def arriving():
        for at in range(0, 61, 10):
            part = buffer[..., : min(10, 61 - at)]
            part[:] = x[..., at : at + 10]
            yield part
            buffer[:] = -1

    parts = list(rfield.run_streaming(kernel_sum, arriving(), summing()))
    assert np.array_equal(np.concatenate(parts, 2), kernel_sum(x))


def test_an_empty_stream_gives_nothing():
    assert list(rfield.run_streaming(kernel_sum, [], summing())) == []
    assert list(rfield.run_streaming(kernel_sum, [np.ones((1, 1, 0))], summing())) == []


@pytest.mark.parametrize(
    ("fn", "chunks", "text"),
    [
        (
            lambda x: kernel_sum(x)[..., 1:],
            [(1, 1, 20)],
            "the output for samples 0 .. 18, after chunk 1 has shape (1, 1, 8); "
            "expected 9 positions along axis 2",
        ),
        (
            lambda x: [kernel_sum(x)],
            [(1, 1, 2), (1, 1, 9)],
            "the output for samples 0 .. 10, after chunk 2 is of type list; "
            "expected an array of 3 axes",
        ),
        (
            lambda x: kernel_sum(x)[0],
            [(1, 1, 20)],
            "the output for samples 0 .. 18, after chunk 1 has shape (1, 9); "
            "expected an array of 3 axes",
        ),
        (kernel_sum, [(1, 20)], "chunk 1 has shape (1, 20); expected an array of 3 axes"),
        (
            kernel_sum,
            [(1, 1, 20), (1, 2, 20)],
            "chunk 2 has shape (1, 2, 20); expected (1, 1, ?), like those before",
        ),
    ],
)
def test_what_does_not_fit_is_said(fn: Any, chunks: list[tuple[int, ...]], text: str):
    with pytest.raises(rfield.RFieldError) as error:
        list(rfield.run_streaming(fn, [np.ones(shape) for shape in chunks], summing()))
    assert str(error.value) == text
