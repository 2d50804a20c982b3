"""MaxUnpool to the places that a MaxPool found."""

from __future__ import annotations

import pytest

pytest.importorskip("onnx", reason="ONNX is not installed")

import rfield
from tests.onnx.small import model, node

pytestmark = pytest.mark.onnx


@pytest.mark.parametrize(
    ("kernel", "image", "fidelity", "size"),
    [
        (2, 32, rfield.Fidelity.EXACT, 2),
        (3, 33, rfield.Fidelity.UPPER_BOUND, rfield.UNBOUNDED),  # windows overlap
    ],
)
def test_a_position_reads_its_window_where_there_is_one(kernel, image, fidelity, size):
    windows = {"kernel_shape": [kernel] * 2, "strides": [2, 2]}
    nodes = [
        node("MaxPool", ["x"], ["m", "i"], **windows),
        node("MaxUnpool", ["m", "i"], **windows),
    ]
    field = rfield.receptive_field(model(nodes, {"x": (1, 2, image, image)}, ["y"], {}))
    assert (field.size, field.fidelity) == ((size, size), fidelity)


@pytest.mark.parametrize(("image", "place"), [((33, 33), 2143), ((33, 32), 2079)])
def test_a_place_beyond_the_result_is_refused_as_it_is_when_it_runs(image, place):
    windows = {"kernel_shape": [2, 2], "strides": [2, 2]}
    nodes = [
        node("MaxPool", ["x"], ["m", "i"], **windows),
        node("MaxUnpool", ["m", "i"], **windows),
    ]
    made = model(nodes, {"x": (1, 2, *image)}, ["y"], {})
    with pytest.raises(rfield.InvalidModelError, match=f"a maximum may lie at place {place} of"):
        rfield.load(made)
