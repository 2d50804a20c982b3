"""Streams through ONNX models whose padding is automatic, beside the model on the whole stream."""

from __future__ import annotations

import random

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import rfield  # noqa: E402

pytestmark = pytest.mark.onnx

EXACT = {
    ("SAME_UPPER", 3, 1): (True, True),
    ("SAME_UPPER", 3, 2): (False, True),
    ("SAME_UPPER", 4, 2): (True, True),
    ("SAME_LOWER", 4, 2): (False, True),
    ("SAME_LOWER", 2, 2): (False, True),
    ("SAME_UPPER", 2, 2): (True, True),
    ("SAME_LOWER", 5, 3): (False, True),
    ("VALID", 5, 3): (True, True),
}
"""Whether a plan holds for streams of any length, and with the length: automatic padding, kernel
and stride. With an even kernel and a stride of 2 the side of the smaller half never changes."""


def model(pad: str, kernel: int, stride: int) -> onnx.ModelProto:
    """A convolution, and a pool with the same padding."""
    weights = np.random.default_rng(kernel).integers(1, 4, (1, 1, kernel)).astype(np.float32)
    shape = {"kernel_shape": [kernel], "auto_pad": pad}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["y"], "conv", strides=[stride], **shape),
        helper.make_node("MaxPool", ["y"], ["z"], "pool", strides=[1], **shape),
    ]
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, "time"])
    leaving = helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 1, "after"])
    held = [numpy_helper.from_array(weights, "w")]
    graph = helper.make_graph(nodes, "g", [entry], [leaving], held)
    opset = [helper.make_opsetid("", 17)]
    return onnx.shape_inference.infer_shapes(
        helper.make_model(graph, opset_imports=opset, ir_version=8)
    )


@pytest.mark.parametrize(("pad", "kernel", "stride"), EXACT)
def test_automatic_padding(pad: str, kernel: int, stride: int) -> None:
    made = model(pad, kernel, stride)
    session = runtime.InferenceSession(made.SerializeToString())

    def run(x: np.ndarray) -> np.ndarray:
        return session.run(None, {"x": x})[0]

    plan = rfield.stream_plan(made, input_shape=(1, 1, 60))
    known = rfield.stream_plan(made, input_shape=(1, 1, 60), length=100)
    assert (plan.exact, known.exact) == EXACT[pad, kernel, stride]
    rng = random.Random(kernel)
    lengths = [(plan, rng.randint(80, 140)) for _ in range(6)] if plan.exact else []
    lengths += [(known, 100 + k * known.grid) for k in range(6)]
    for used, length in lengths:
        x = np.random.default_rng(length).integers(-3, 4, (1, 1, length)).astype(np.float32)
        places = sorted(rng.sample(range(length), 9))
        parts = rfield.run_streaming(run, np.split(x, places, axis=2), used)
        assert np.array_equal(np.concatenate(list(parts), axis=2), run(x))
