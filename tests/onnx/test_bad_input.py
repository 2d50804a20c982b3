"""Damaged and hostile files: one readable error each, in bounded time, and nothing executed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rfield

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytestmark = pytest.mark.onnx

from onnx import TensorProto, helper  # noqa: E402

from tests.onnx.samples import integers, samples  # noqa: E402
from tests.onnx.small import model, node, one, weights  # noqa: E402
from tests.work import at_most  # noqa: E402

IMAGE = {"x": (1, 1, 8, 8)}
WEIGHT = {"w": weights(1, 1, 3, 3)}
UNREADABLE = ": not a readable ONNX model: it is truncated, damaged or something else"


def error_of(source: Any, **options: Any) -> str:
    """The text of the error; reading must fail."""
    with pytest.raises(rfield.RFieldError) as caught, at_most(1_000_000):
        rfield.load(source, **options)
    assert "\x1b" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("data", [b"\xff" * 99, b"PK\x03\x04 a zip", b"\x08\x07" * 7, b"{}"])
def test_garbage(data: bytes, tmp_path: Path):
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    text = error_of(path)
    assert text in (
        f"{path}{UNREADABLE}",
        "model.onnx: not a readable ONNX model: it has no graph",
    )


def test_an_empty_file(tmp_path: Path):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"")
    assert error_of(path) == f"{path}: not a readable ONNX model: the file is empty"


def test_a_truncated_file(tmp_path: Path):
    data = samples()[0].SerializeToString()
    path = tmp_path / "model.onnx"
    for length in range(1, len(data) - 1, 97):
        path.write_bytes(data[:length])
        try:
            rfield.load(path)
        except rfield.RFieldError as error:
            assert str(error)  # noqa: PT017  # some cuts fall between two fields and still read


def test_a_folder_and_a_missing_file(tmp_path: Path):
    folder = tmp_path / "model.onnx"
    assert error_of(folder) == f"{folder}: there is no such file"
    folder.mkdir()
    assert "a folder, but not a SavedModel" in error_of(folder)


def test_a_cycle():
    nodes = [node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])]
    assert error_of(model(nodes, IMAGE, ["b"])) == "the graph has a cycle; it passes through a, b"


def test_a_missing_tensor():
    made = model([node("Add", ["x", "nowhere"], ["y"])], IMAGE, ["y"])
    assert error_of(made) == "y: reads 'nowhere', which nothing produces"


def test_a_missing_output():
    made = model([node("Relu", ["x"], ["y"])], IMAGE, ["z"])
    assert error_of(made) == "the output 'z' is produced by no node"


def test_a_tensor_produced_twice():
    nodes = [node("Relu", ["x"], ["y"]), node("Abs", ["x"], ["y"])]
    assert error_of(model(nodes, IMAGE, ["y"])) == "y: 'y' is produced twice"


def test_shapes_that_contradict_each_other():
    made = one("Conv", (1, 2, 9), weights(1, 1, 3))
    assert error_of(made) == (
        "y (Conv): convolution: the channels do not fit with groups = 1 "
        "(operands: (1, 2, 9), (1, 1, 3))"
    )


def test_names_with_control_characters_are_shown_harmless():
    made = model([node("Add", ["x", "w\n"], ["y"], name="\x1b[31mred\n")], IMAGE, ["y"])
    assert error_of(made) == "\\x1b[31mred\\n: reads 'w\\\\n', which nothing produces"
    good = model([node("Relu", ["x"], ["y"], name="\x1b[31m<b>")], IMAGE, ["y"])
    assert rfield.load(good).layers == ("\\x1b[31m<b>",)


def _huge(op: str) -> Any:
    far = 2**60
    made: dict[str, Callable[[], Any]] = {
        "ConstantOfShape": lambda: model(
            [node("ConstantOfShape", ["n"], ["z"]), node("Add", ["x", "z"], ["y"])], {"x": (1,)},
            ["y"], {"n": integers(far)},
        ),
        "Expand": lambda: one("Expand", (1, 1), integers(far, 3)),
        "Tile": lambda: one("Tile", (1, 3), integers(1, far)),
        "Range": lambda: model(
            [node("Range", ["a", "b", "c"], ["r"]), node("Add", ["x", "r"], ["y"])], {"x": (1,)},
            ["y"], {"a": np.array(0), "b": np.array(far), "c": np.array(1)},
        ),
        "input": lambda: one("Relu", (1, 1, far, far)),
        "weight": lambda: _claims(far),
        "Resize": lambda: one("Resize", (1, 1, 7), None, None, integers(1, 1, far)),
        "Split": lambda: one("Split", (1, far), outputs=("y",), axis=1, num_outputs=1),
        "OneHot": lambda: one(
            "OneHot", (1, 4), np.array(far), np.array([0.0, 1.0], np.float32), kind=7
        ),
        "Pad": lambda: one("Pad", (1, 5), integers(0, far, 0, far)),
        "group": lambda: _claims(2**40, group=2),
    }  # fmt: skip
    return made[op]()


def _claims(channels: int, group: int = 1) -> Any:
    """A convolution whose weight claims to be enormous."""
    made = one("Conv", (1, group, 9), weights(1, 1, 3), group=group)
    (weight,) = made.graph.initializer
    weight.dims[0] = channels
    return made


@pytest.mark.parametrize(
    "op",
    ["ConstantOfShape", "Expand", "Tile", "Range", "input", "weight", "Resize", "Split", "OneHot",
     "Pad", "group"],
)  # fmt: skip
def test_tensors_of_2_to_the_60_elements(op: str):
    with at_most(1_000_000):
        try:
            graph = rfield.load(_huge(op))
            if graph.entry("x").axes:
                str(rfield.receptive_field(graph, wrt="x"))
        except rfield.RFieldError as error:
            assert str(error)  # noqa: PT017


def _field(number: int, data: bytes) -> bytes:
    """One length-delimited protobuf field."""
    length, out = len(data), bytearray([number << 3 | 2])
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    return bytes(out) + bytes([length]) + data


@pytest.mark.parametrize("depth", [100, 5000])
def test_deep_nesting(depth: int, tmp_path: Path):
    graph = b""
    for _ in range(depth):
        attribute = _field(1, b"then_branch") + b"\xa0\x01\x05" + _field(6, graph)
        branch = _field(1, b"c") + _field(2, b"y") + _field(4, b"If") + _field(5, attribute)
        graph = _field(1, branch) + _field(12, _field(1, b"y"))
    path = tmp_path / "deep.onnx"
    path.write_bytes(_field(7, graph))
    assert error_of(path) == f"{path}{UNREADABLE}"


def test_a_function_that_calls_itself():
    again = helper.make_function(
        "my", "Again", ["a"], ["o"], [node("my::Again", ["a"], ["o"])],
        [helper.make_opsetid("my", 1)],
    )  # fmt: skip
    made = model(
        [node("my::Again", ["x"], ["y"])], IMAGE, ["y"], functions=[again], domains=("my",)
    )
    assert error_of(made).endswith(
        "(my::Again): calls nested more than 60 deep; a function that calls itself has no end"
    )


def test_a_shape_that_depends_on_data_says_which_input():
    made = model(
        [node("Reshape", ["x", "shape"], ["y"])], {"x": (1, 4), "shape": (2,)}, ["y"],
        kinds={"shape": TensorProto.INT64},
    )  # fmt: skip
    assert error_of(made) == (
        "y (Reshape): the new shape of Reshape depends on the data of 'shape'; "
        "expected a constant.\n"
        "  If it is a fixed setting, give it:   rfield.load(model, values={'shape': ...})"
    )
    assert rfield.load(made, values={"shape": integers(2, 2)}).outputs == ("y",)


def test_wrong_input_names_and_shapes():
    made = model([node("Conv", ["x", "w"], ["y"])], IMAGE, ["y"], WEIGHT)
    assert error_of(made, input_shape={"image": (1, 1, 8, 8)}) == (
        "unknown input 'image'. Known: x."
    )
    assert error_of(made, input_shape=(1, 8, 8)) == (
        "x: the shape (1, 8, 8) has 3 axes, the model's input has 4\n"
        "  input_shape=(1, 8, 8) is short: batch and channels count, as in "
        "input_shape=(1, 3, 224, 224)"
    )
    assert error_of(made, input_shape=(1, 1, 2, 2)) == (
        "y (Conv): a window of 3 does not fit into 2 with padding 0 and 0"
    )


def test_a_million_nodes_would_take_bounded_work():
    """20,000 of them here: the work is linear."""
    nodes = [node("Relu", [f"t{k}"], [f"t{k + 1}"]) for k in range(20_000)]
    made = model(nodes, {"t0": (1, 1, 8)}, ["t20000"])
    with at_most(200 * 20_000 + 1_000_000):
        assert rfield.receptive_field(made).size == (1,)


def test_no_mutated_file_crashes():
    from tests.onnx.fuzz import fuzz

    tally, findings = fuzz(400, seed=11)
    assert findings == []
    assert sum(tally.values()) > 380


@pytest.mark.slow
def test_no_mutated_file_of_five_thousand_crashes():
    from tests.onnx.fuzz import fuzz

    assert fuzz(5000, seed=0)[1] == []
