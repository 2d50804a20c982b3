"""Files that are no graphs, or graphs that cannot be: one readable error each, soon."""

from __future__ import annotations

import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("google.protobuf", reason="graph files are protobuf messages")

import rfield
from rfield.errors import InvalidModelError, UnreadableModelError
from rfield.frontends.machine import limits
from rfield.frontends.tensorflow import files, messages
from tests.tensorflow.graphs import GraphWriter, function_attribute, small_cnn
from tests.work import at_most


@pytest.fixture(autouse=True, params=["parsed at once", "node by node, as a large file"])
def _large(request, monkeypatch):
    if request.param != "parsed at once":
        monkeypatch.setattr(files, "LARGE", 1)


def refused(path: Path, **options) -> str:
    """The text of the error, which ends soon and has one readable block."""
    with pytest.raises(rfield.RFieldError) as caught, at_most(5_000_000):
        rfield.load(path, **options)
    text = str(caught.value)
    assert text.replace("\n", "").isprintable()
    assert len(text) < 2000
    return text


def refused_graph(tmp_path: Path, g: GraphWriter, **options) -> str:
    path = tmp_path / "graph.pb"
    path.write_bytes(g.bytes())
    return refused(path, **options)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "graph.pb: the file is empty"),
        (b"\n\n  \n", "graph.pb: the file is empty"),
        (b"\xff" * 100, "it ends too early, or its bytes are damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "but a PNG image"),
        (b"PK\x03\x04" + b"\0" * 50, "but a zip archive"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 50, "but an HDF5 file"),
        (b"\x1c\0\0\0TFL3" + b"\0" * 50, "but a .tflite file"),
        (b"\x80\x04\x95" + b"\0" * 50, "but a pickle"),
        (b'node {\n  name: "a"\n}\n', "a text graph must be called .pbtxt"),
        (small_cnn().bytes()[:-7], "it ends too early, or its bytes are damaged"),
        (small_cnn().bytes()[:2], "it ends too early, or its bytes are damaged"),
        (messages.GraphDef(versions={"producer": 3}).SerializeToString(), "it holds no nodes"),
    ],
)
def test_a_file_that_is_no_graph(tmp_path, content, said):
    path = tmp_path / "graph.pb"
    path.write_bytes(content)
    assert said in refused(path)


@pytest.mark.parametrize(
    "content",
    [b"node { name: 'a'", b"nonsense", b"\xff\xfe", b"<html>", b"node {" * 5000,
     small_cnn().bytes()],
)  # fmt: skip
def test_a_text_that_is_no_graph(tmp_path, content):
    path = tmp_path / "graph.pbtxt"
    path.write_bytes(content)
    assert "not a text" in refused(path)


def test_a_missing_file(tmp_path):
    assert refused(tmp_path / "none.pb").endswith("none.pb: there is no such file")


def test_a_folder_that_is_no_model(tmp_path):
    (tmp_path / "saved_model.pb").mkdir()
    assert "a folder; a model is read from a regular file" in refused(tmp_path)


def test_a_circle(tmp_path):
    g = GraphWriter()
    x = g.placeholder()
    g.node("AddV2", "a", x, "c")
    g.node("Relu", "b", "a")
    g.node("Relu", "c", "b")
    assert "read each other in a circle" in refused_graph(tmp_path, g)


def test_a_node_that_reads_itself(tmp_path):
    g = GraphWriter()
    g.placeholder()
    g.node("Relu", "a", "a")
    assert refused_graph(tmp_path, g) == "the nodes a read each other in a circle"


def test_a_missing_tensor(tmp_path):
    g = small_cnn()
    g.node("Relu", "after", "summ")
    assert refused_graph(tmp_path, g) == (
        "after: there is no node 'summ' to read from. Did you mean 'sum'?"
    )


def test_a_missing_output(tmp_path):
    g = small_cnn()
    g.node("Relu", "after", "sum:7")
    assert "output 7 of a node with 1" in refused_graph(tmp_path, g)


def test_two_nodes_of_one_name(tmp_path):
    g = small_cnn()
    g.node("Relu", "sum", "pool")
    assert refused_graph(tmp_path, g) == "two nodes are called 'sum'"


def test_contradictory_shapes(tmp_path):
    g = GraphWriter()
    x = g.placeholder()
    a = g.conv("a", x, (3, 3, 3, 4), stride=(1, 2, 2, 1))
    g.node("AddV2", "s", a, x)
    assert refused_graph(tmp_path, g) == (
        "s (AddV2): sizes 16 and 32 do not broadcast (operands: (1, 16, 16, 4), (1, 32, 32, 3))"
    )


def test_a_kernel_of_other_channels(tmp_path):
    g = GraphWriter()
    g.conv("a", g.placeholder(), (3, 3, 5, 4))
    assert refused_graph(tmp_path, g) == "a (Conv2D): a kernel for 5 channels on 3"


def test_a_variable_without_a_shape(tmp_path):
    g = GraphWriter()
    g.conv("a", g.placeholder(), (), weight=g.variable("w", (None, 3, 3, 4)))
    text = refused_graph(tmp_path, g)
    assert text.startswith("a (Conv2D): the shape of an operand is not known (variable 'w')")


def test_attributes_that_cannot_be(tmp_path):
    for attributes in (
        {"strides": [1, 0, 1, 1]}, {"strides": [1, -1, 1, 1]}, {"strides": [1]},
        {"padding": "SOMETIMES"}, {"dilations": [1, 2**60, 1, 1]},
        {"padding": "EXPLICIT", "explicit_paddings": [1]}, {"data_format": "NCHW"},
    ):  # fmt: skip
        g = GraphWriter()
        x, w = g.placeholder(), g.weight("w", (3, 3, 3, 4))
        g.node("Conv2D", "c", x, w, **{"strides": [1, 1, 1, 1], "padding": "VALID", **attributes})
        assert refused_graph(tmp_path, g).startswith("c (Conv2D): ")


@pytest.mark.parametrize("op", ["Fill", "BroadcastTo", "Tile", "RandomUniform", "OneHot", "Pad",
                                "TensorListReserve", "Range", "LinSpace"])  # fmt: skip
def test_tensors_of_two_to_the_sixty(tmp_path, op):
    g = GraphWriter()
    x = g.placeholder()
    big = g.node("Const", "big")
    tensor = g.nodes[-1].attr["value"].tensor
    tensor.dtype = 9
    tensor.tensor_shape.dim.add(size=4)
    tensor.int64_val.append(2**60)
    one = g.node("Const", "one")
    tensor = g.nodes[-1].attr["value"].tensor
    tensor.dtype = 9
    tensor.int64_val.append(2**60)
    operands = {
        "Fill": [big, one], "BroadcastTo": [x, big], "Tile": [x, big], "RandomUniform": [big],
        "OneHot": [x, one, one, one], "Pad": [x, g.weight("huge", (2**60, 2))],
        "TensorListReserve": [big, one], "Range": [g.const("zero", np.int32(0)), one, g.const(
            "step", np.int32(1))], "LinSpace": [g.const("l", np.float32(0)), one, one],
    }[op]  # fmt: skip
    made = g.node(op, "made", *operands)
    g.node("AddV2", "sum", x, made)
    path = tmp_path / "graph.pb"
    path.write_bytes(g.bytes())
    with suppress(rfield.RFieldError), at_most(1_000_000):  # an answer or one error, soon
        rfield.receptive_field(rfield.load(path))


def test_a_huge_image_is_no_problem(tmp_path):
    rf = rfield.receptive_field(_loaded(tmp_path, small_cnn((1, 2**60, 2**60, 3))))
    assert rf.size == (19, 19)


def _loaded(tmp_path: Path, g: GraphWriter, **options):
    path = tmp_path / "graph.pb"
    path.write_bytes(g.bytes())
    return rfield.load(path, **options)


def test_a_small_tensor_that_states_another_size(tmp_path):
    g = GraphWriter()
    x = g.placeholder()
    axis = g.const("axis", np.array([1, 2]))
    del g.nodes[-1].attr["value"].tensor.tensor_shape.dim[:]
    g.nodes[-1].attr["value"].tensor.tensor_shape.dim.add(size=3)
    g.node("Mean", "m", x, axis)
    assert refused_graph(tmp_path, g) == "m (Mean): a constant of 3 elements holds 2"


def test_names_with_control_characters_and_markup(tmp_path):
    g = GraphWriter()
    x = g.placeholder("in\x1b[31m")
    g.conv("[bold]<b>\n\x07", x, (3, 3, 3, 4))
    graph = _loaded(tmp_path, g)
    assert graph.layers == ("[bold]<b>\\n\\x07",)
    assert graph.inputs == ("in\\x1b[31m",)
    g.node("No\x1bOp", "odd\n", "[bold]<b>\n\x07")
    assert "no rule for tensorflow op" in refused_graph(tmp_path, g)


def test_functions_nested_deeply(tmp_path):
    """Python's own stack holds as many calls as the limit allows."""
    g = GraphWriter()
    x = g.placeholder()
    for k in range(limits.DEEPEST):
        body = g.function(f"f{k}", ["h"], out="y:output:0")
        if k:
            body.node("PartitionedCall", "y", "h", f=function_attribute(f"f{k - 1}"))
        else:
            body.node("Relu", "y", "h")
    g.node("PartitionedCall", "call", x, f=function_attribute(f"f{limits.DEEPEST - 1}"))
    assert rfield.receptive_field(_loaded(tmp_path, g), "call").size == (1, 1)


def test_functions_that_call_themselves(tmp_path):
    g = GraphWriter()
    body = g.function("f", ["h"], out="y:output:0")
    body.node("PartitionedCall", "y", "h", f=function_attribute("f"))
    g.node("PartitionedCall", "call", g.placeholder(), f=function_attribute("f"))
    assert refused_graph(tmp_path, g) == (
        "y (PartitionedCall): calls nested more than 60 deep; "
        "a function that calls itself has no end"
    )


def test_functions_that_double(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "EXTRA", 5_000)
    g = GraphWriter()
    body = g.function("f0", ["h"], out="y:output:0")
    body.node("Relu", "y", "h")
    for k in range(1, 60):
        body = g.function(f"f{k}", ["h"], out="y:output:0")
        body.node("PartitionedCall", "a", "h", f=function_attribute(f"f{k - 1}"))
        body.node("PartitionedCall", "y", "a", f=function_attribute(f"f{k - 1}"))
    g.node("PartitionedCall", "call", g.placeholder(), f=function_attribute("f59"))
    assert "nodes, functions written out" in refused_graph(tmp_path, g)


def test_a_function_that_is_not_there(tmp_path):
    g = GraphWriter()
    g.node("PartitionedCall", "call", g.placeholder(), f=function_attribute("gone"))
    assert refused_graph(tmp_path, g) == (
        "call (PartitionedCall): there is no function 'gone' in the library"
    )


def test_no_placeholder(tmp_path):
    g = GraphWriter()
    g.conv("c", g.weight("x", (1, 8, 8, 3)), (3, 3, 3, 4))
    assert refused_graph(tmp_path, g).startswith(
        "graph.pb: no placeholder for an image or signal.\n  Name the tensor to start from:"
    )


def test_an_input_without_a_shape(tmp_path):
    g = GraphWriter()
    g.node("Placeholder", "x")
    g.conv("c", "x", (3, 3, 3, 4))
    assert refused_graph(tmp_path, g) == (
        "input 'x' has no shape in the file.\n"
        "  Give one:   rfield.load(..., input_shape={'x': (1, 224, 224, 3)})"
    )
    assert rfield.receptive_field(_loaded(tmp_path, g, input_shape=(1, 8, 8, 3))).size == (3, 3)


def test_an_input_that_nothing_reads_needs_no_shape(tmp_path):
    g = GraphWriter()
    g.node("Placeholder", "unused_control_flow_input")
    g.conv("c", g.placeholder(), (3, 3, 3, 4))
    assert rfield.receptive_field(_loaded(tmp_path, g)).size == (3, 3)


def test_the_error_is_of_the_right_kind(tmp_path):
    path = tmp_path / "graph.pb"
    path.write_bytes(b"")
    with pytest.raises(UnreadableModelError):
        rfield.load(path)
    g = GraphWriter()
    g.conv("a", g.placeholder(), (3, 3, 5, 4))
    with pytest.raises(InvalidModelError):
        _loaded(tmp_path, g)


def test_the_command_line_says_so_in_one_block(tmp_path):
    path = tmp_path / "graph.pb"
    path.write_bytes(small_cnn().bytes()[:-3])
    done = subprocess.run(
        [sys.executable, "-m", "rfield", "summary", str(path)], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "not a TensorFlow GraphDef or SavedModel" in done.stderr


def test_variables_are_never_read(tmp_path):
    (tmp_path / "variables").mkdir()
    with (tmp_path / "variables" / "variables.data-00000-of-00001").open("wb") as file:
        file.truncate(20 << 30)  # sparse
    (tmp_path / "saved_model.pb").write_bytes(
        small_cnn(frozen=False).saved_model({"x": "image:0"}, {"y": "sum:0"})
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert rfield.receptive_field(rfield.load(tmp_path)).size == (19, 19)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_constant_without_a_value(tmp_path):
    g = GraphWriter()
    g.conv("c", g.placeholder(), (), weight=g.node("Const", "w"))
    assert "c (Conv2D): the Const 'w' has no value" in refused_graph(tmp_path, g)


def test_a_large_tensor_that_contradicts_its_shape(tmp_path):
    """Two megabytes for two numbers: what says how much to pad is never taken for zeros."""
    g = GraphWriter()
    x = g.conv("c", g.placeholder(shape=(1, 9, 9, 3)), (3, 3, 3, 4))
    pads = g.const("pads", np.ones((500_000,), np.int32))
    tensor = g.nodes[-1].attr["value"].tensor
    del tensor.tensor_shape.dim[:]
    for size in (4, 2):
        tensor.tensor_shape.dim.add(size=size)
    g.node("Pad", "p", x, pads)
    assert "a constant of 8 elements holds 500000" in refused_graph(tmp_path, g)


def test_a_saved_model_inside_a_saved_model(tmp_path):
    outer = messages.SavedModel.FromString(
        small_cnn().saved_model({"x": "image:0"}, {"y": "sum:0"})
    )
    outer.meta_graphs[0].graph_def = outer.SerializeToString()
    path = tmp_path / "graph.pb"
    path.write_bytes(outer.SerializeToString())
    assert refused(path) == (
        "not a TensorFlow GraphDef or SavedModel: a SavedModel lies inside the SavedModel"
    )
