"""What an ONNX file draws at random is other in each run: no tile gives what the whole did."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")

import rfield  # noqa: E402
from rfield.errors import NotTileableError  # noqa: E402

pytestmark = pytest.mark.onnx
make, FLOAT = onnx.helper, onnx.TensorProto.FLOAT


def planned(*nodes: onnx.NodeProto) -> rfield.TilePlan:
    tensors = {
        "w": np.ones((4, 1, 3, 3), np.float32), "half": np.float32(0.5), "none": np.float32(0),
        "yes": np.array(True), "no": np.array(False),
    }  # fmt: skip
    graph = make.make_graph(
        [make.make_node("Conv", ["x", "w"], ["c"]), *nodes], "graph",
        [make.make_tensor_value_info("x", FLOAT, (1, 1, "h", "w"))],
        [make.make_tensor_value_info("y", FLOAT, None)],
        [onnx.numpy_helper.from_array(np.array(value), name) for name, value in tensors.items()],
    )  # fmt: skip
    opsets = [make.make_opsetid("", 17)]
    model = make.make_model(graph, opset_imports=opsets, ir_version=8)
    return rfield.tile_plan(model, (64, 64), tile=32, input_shape=(1, 1, 64, 64))


def node(op: str, *inputs: str, output: str = "y", **attributes: object) -> onnx.NodeProto:
    return make.make_node(op, inputs, [output], **attributes)


DRAWN = {
    "dropout": [node("Dropout", "c", "half", "yes")],
    "dropout of one half": [node("Dropout", "c", "", "yes")],
    "by the data": [node("Sigmoid", "c", output="p"), node("Bernoulli", "p")],
    "one number for each channel": [
        node("RandomNormal", output="r", shape=[1, 4, 1, 1]),
        node("Mul", "c", "r"),
    ],
    "made of them": [
        node("RandomUniform", output="r", shape=[1, 4, 1, 1]),
        node("Exp", "r", output="e"),
        node("Mul", "c", "e"),
    ],
}
STILL = {
    "inference": [node("Dropout", "c", "half", "no")],
    "default": [node("Dropout", "c", "half")],
    "of no chance": [node("Dropout", "c", "none", "yes")],
}


@pytest.mark.parametrize("name", DRAWN)
def test_no_tiles_of_what_is_drawn(name: str) -> None:
    with pytest.raises(
        NotTileableError, match="draws random numbers, others in each run or for each size"
    ):
        planned(*DRAWN[name])


@pytest.mark.parametrize("name", STILL)
def test_what_draws_nothing_has_tiles(name: str) -> None:
    plan = planned(*STILL[name])
    assert plan.exact
    assert len(list(plan)) > 1
