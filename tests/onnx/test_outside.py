"""What stands beside the nodes: names of outputs, and tensors in files beside the model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rfield

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytestmark = pytest.mark.onnx

from onnx.external_data_helper import set_external_data  # noqa: E402

from tests.onnx.small import model, node, weights  # noqa: E402


def test_an_output_is_not_shadowed_by_a_node_of_its_name():
    nodes = [node("Conv", ["x", "w3"], ["h"], name="y"), node("Conv", ["h", "w5"], ["y"], name="b")]
    made = model(nodes, {"x": (1, 1, 20)}, ["y"], {"w3": weights(1, 1, 3), "w5": weights(1, 1, 5)})
    graph = rfield.load(made)
    assert graph.layers == ("h", "b")
    assert graph.outputs == ("y",)
    assert rfield.receptive_field(graph, "y").size == (7,)
    assert rfield.receptive_field(graph, "h").size == (3,)


def test_an_output_that_is_another_tensor_under_its_own_name():
    nodes = [node("Conv", ["x", "w"], ["h"]), node("Identity", ["h"], ["y"])]
    graph = rfield.load(model(nodes, {"x": (1, 1, 9)}, ["y"], {"w": weights(1, 1, 3)}))
    assert graph.outputs == ("y",)
    assert rfield.receptive_field(graph, "y").size == (3,)


def test_a_name_that_two_nodes_have_is_not_lost():
    nodes = [node("Relu", ["x"], ["a"], name="act"), node("Relu", ["a"], ["y"], name="act")]
    assert rfield.load(model(nodes, {"x": (1, 1, 9)}, ["y"])).layers == ("act", "y")


def outside(folder: Path, location: str, array: Any, **where: int) -> Path:
    """A model whose shape to reshape to lies in another file."""
    made = model([node("Reshape", ["x", "s"], ["y"])], {"x": (1, 6)}, ["y"], {"s": array})
    (tensor,) = made.graph.initializer
    set_external_data(tensor, location, **where)
    tensor.ClearField("raw_data")
    path = folder / "model.onnx"
    path.write_bytes(made.SerializeToString())
    return path


SHAPE = np.array([2, 3], np.int64)
NOT_THERE = "y (Reshape): the new shape of Reshape is not known; expected a constant"


def refused(path: Path) -> str:
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.load(path)
    return str(caught.value)


def test_a_small_shape_in_a_file_beside_the_model_is_read(tmp_path: Path):
    (tmp_path / "weights.bin").write_bytes(b"12345678" + SHAPE.tobytes() + b"more")
    graph = rfield.load(outside(tmp_path, "weights.bin", SHAPE, offset=8, length=16))
    assert graph.nodes[-1].shape == (2, 3)


@pytest.mark.parametrize("name", ["nowhere.bin", "", ".", "\x00"])
def test_a_file_that_is_not_there(tmp_path: Path, name: str):
    assert refused(outside(tmp_path, name, SHAPE)) == NOT_THERE


def test_a_file_that_is_too_short(tmp_path: Path):
    (tmp_path / "weights.bin").write_bytes(SHAPE.tobytes())
    assert refused(outside(tmp_path, "weights.bin", SHAPE, offset=8)) == NOT_THERE
    assert refused(outside(tmp_path, "weights.bin", SHAPE, length=24)) == NOT_THERE


@pytest.mark.parametrize("way", ["../secret.bin", "{}/secret.bin", "link.bin", "in/secret.bin"])
def test_nothing_outside_the_folder_is_opened(tmp_path: Path, way: str):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(SHAPE.tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    (folder / "in").symlink_to(tmp_path, target_is_directory=True)
    assert refused(outside(folder, way.format(tmp_path), SHAPE)) == NOT_THERE


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with a name")
def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    assert refused(outside(tmp_path, "pipe", SHAPE)) == NOT_THERE


def test_weights_beside_the_model_stay_there(tmp_path: Path):
    kernel = np.zeros((1, 1, 99), np.float32)
    made = model([node("Conv", ["x", "w"], ["y"])], {"x": (1, 1, 200)}, ["y"], {"w": kernel})
    (tensor,) = made.graph.initializer
    set_external_data(tensor, "weights.bin")
    tensor.ClearField("raw_data")
    (tmp_path / "model.onnx").write_bytes(made.SerializeToString())
    assert rfield.receptive_field(tmp_path / "model.onnx").size == (99,)


@pytest.mark.parametrize(("op", "constants", "options"), [
    ("InstanceNormalization", ["c", "c"], {}),
    ("GroupNormalization", ["c", "c"], {"num_groups": 2}),
    ("LayerNormalization", ["p"], {"axis": 2}),
    ("LayerNormalization", ["q"], {"axis": 3}),
])  # fmt: skip
def test_norms_keep_the_local_field(op: str, constants: list[str], options: dict[str, int]):
    nodes = [
        node("Conv", ["x", "w"], ["h"], pads=[1, 1, 1, 1]),
        node(op, ["h", *constants], ["n"], **options),
        node("Conv", ["n", "v"], ["y"], pads=[1, 1, 1, 1]),
    ]
    numbers = {"w": weights(4, 1, 3, 3), "v": weights(1, 4, 3, 3), "c": weights(4),
               "p": weights(6, 6), "q": weights(6)}  # fmt: skip
    field = rfield.receptive_field(model(nodes, {"x": (1, 1, 6, 6)}, ["y"], numbers))
    assert field.local.size == (5, 5)
    assert field.global_reads == ("n",)
    assert field.fidelity is rfield.Fidelity.EXACT


def test_a_computed_mask_cuts_what_it_masks():
    """A causal attention whose mask is made of positions: the field is the past."""
    nodes = [
        node("MatMul", ["x", "k"], ["scores"]),
        node("Range", ["zero", "eight", "one"], ["i"]),
        node("Unsqueeze", ["i", "last"], ["column"]),
        node("LessOrEqual", ["i", "column"], ["seen"]),
        node("Where", ["seen", "scores", "low"], ["masked"]),
        node("Softmax", ["masked"], ["p"], axis=-1),
        node("MatMul", ["p", "x"], ["y"]),
    ]
    numbers = {"k": weights(8, 8), "zero": np.array(0), "eight": np.array(8), "one": np.array(1),
               "last": np.array([1]), "low": np.array(-np.inf, np.float32)}  # fmt: skip
    field = rfield.receptive_field(model(nodes, {"x": (8, 8)}, ["y"], numbers), axes=(0,))
    regions = [field.region((t,), clip=True) for t in (0, 3, 7)]
    assert [(region.start, region.stop) for region in regions] == [((0,), (1,)), ((0,), (4,)),
                                                                   ((0,), (8,))]  # fmt: skip
    assert field.fidelity is rfield.Fidelity.EXACT
