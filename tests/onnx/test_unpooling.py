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
        (2, 33, rfield.Fidelity.UPPER_BOUND, rfield.UNBOUNDED),  # laid into 32, counted in 33
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
