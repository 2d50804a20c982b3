"""Measured influence from gradients that are given: what is summed, averaged, cut and said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import rfield
from rfield.analysis.pixels.measured import measured_influence


@dataclass
class Given:
    """Gradients of a few images."""

    gradients: Sequence[Any]
    source: str = "given images"
    count: int | None = None

    def each(self, field: Any, index: tuple[int, ...]) -> Iterator[np.ndarray]:
        yield from (np.asarray(gradient, float) for gradient in self.gradients)


def rows_and_columns() -> rfield.Graph:
    """Reads 2 rows and 3 columns of 4 x 5, two channels last."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 4, 5, 2), axes=(1, 2))
    return b.build([b.conv("conv", x, kernel=(2, 3), channels=1)])


def test_two_images_of_two_channels() -> None:
    one, other = np.zeros((1, 4, 5, 2)), np.zeros((1, 4, 5, 2))
    one[0, 1:3, 1:4] = [[[1, -2], [0, 0], [0, 0]], [[0, 0], [3, 3], [0, 0]]]
    other[0, 1:3, 1:4] = [[[5, 0], [0, 0], [0, 0]], [[0, 0], [2, -2], [0, 0]]]
    other[0, 0, 0] = 99  # outside the field
    seen: list[tuple[int, int | None]] = []
    found = measured_influence(
        rows_and_columns(), Given([one, other], count=2), index=(1, 1),
        progress=lambda *at: seen.append(at),
    )  # fmt: skip
    # |gradients| add up to 3 and 5 at one place, to 6 and 4 at the other: means of 4 and 5.
    assert found.weight.tolist() == pytest.approx(np.array([[4, 0, 0], [0, 5, 0]]) / 9)
    assert found.error is not None
    assert found.error.tolist() == pytest.approx(np.array([[1, 0, 0], [0, 1, 0]]) / 9)
    assert (found.offset, found.index, found.size) == ((1, 1), (1, 1), (2, 3))
    assert (found.input_size, found.images, seen) == ((4, 5), 2, [(1, 2), (2, 2)])
    assert found.note == "measured: |gradient|, summed over channels, mean of 2 given images"
    positive = measured_influence(rows_and_columns(), Given([one]), index=(1, 1), reduce="positive")
    assert positive.weight.tolist() == pytest.approx(np.array([[1, 0, 0], [0, 6, 0]]) / 7)
    assert positive.error is None


def test_what_cannot_be_measured() -> None:
    b = rfield.GraphBuilder()
    x, other = b.input("x", (1, 1, 6)), b.input("other", (1, 1, 6))
    graph = b.build([b.conv("a", x, kernel=3), b.conv("b", other, kernel=3)])
    for options, text in (
        ({"wrt": "x"}, "b does not depend on x"),
        ({"reduce": "sum"}, "reduce = 'sum'; expected 'abs', 'square' or 'positive'"),
        ({"gradients": []}, "there are no images to measure on"),
        ({}, "b at (2,) has no gradient in other: all are 0 on these images"),
    ):
        given = Given(options.pop("gradients", [np.zeros((1, 1, 6))]))
        with pytest.raises(rfield.RFieldError) as told:
            measured_influence(graph, given, "b", **options)
        assert str(told.value) == text


def test_a_field_without_an_end_is_as_large_as_what_it_reads() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 6))
    graph = b.build([b.add("sum", x, b.reduce("mean", x, axes=[2], keepdims=True))])
    found = measured_influence(graph, Given([np.ones((1, 1, 6))]), index=(2,))
    assert (found.size, found.offset) == ((6,), (0,))
    assert found.weight.tolist() == pytest.approx([1 / 6] * 6)
