"""How a file becomes a graph: names, free sizes, folding, options, old traps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rfield

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytestmark = pytest.mark.onnx

from onnx import TensorProto, helper  # noqa: E402

from tests.onnx.samples import integers  # noqa: E402
from tests.onnx.small import model, node, one, tensor, value, weights  # noqa: E402


def chain(*names: str) -> list[Any]:
    """3x3 convolutions one after the other; node names are given, tensors are t0, t1 …"""
    tensors = ["x", *(f"t{k}" for k in range(len(names)))]
    return [
        node("Conv", [tensors[k], "w"], [tensors[k + 1]], pads=[1, 1, 1, 1], name=name)
        for k, name in enumerate(names)
    ]


WEIGHT = {"w": weights(1, 1, 3, 3)}
IMAGE = {"x": (1, 1, 16, 16)}


def test_names_are_the_exporters():
    graph = rfield.load(model(chain("/model.0/conv/Conv", ""), IMAGE, ["t1"], WEIGHT))
    assert graph.layers == ("/model.0/conv/Conv", "t1")
    assert graph.index("t0") == graph.index("/model.0/conv/Conv")


@pytest.mark.skipif(
    "metadata_props" not in onnx.NodeProto.DESCRIPTOR.fields_by_name,
    reason="nodes have metadata since onnx 1.16",
)
def test_scopes_in_the_metadata_are_names_too():
    nodes = chain("node_conv2d", "node_conv2d_1")
    for number, made in enumerate(nodes):
        entry = made.metadata_props.add()
        entry.key = "pkg.torch.onnx.name_scopes"
        entry.value = f"['', 'layer1', 'layer1.{number}.conv', 'conv2d']"
    graph = rfield.load(model(nodes, IMAGE, ["t1"], WEIGHT))
    assert rfield.receptive_field(graph, "layer1.0.conv").size == (3, 3)
    assert rfield.receptive_field(graph, "layer1").size == (5, 5)
    assert rfield.receptive_field(graph, "node_conv2d_1").size == (5, 5)


def test_the_answer_does_not_depend_on_the_order_of_the_nodes():
    nodes = chain(*(f"c{k}" for k in range(400)))
    forwards = rfield.receptive_field(model(nodes, IMAGE, ["t399"], WEIGHT))
    backwards = rfield.receptive_field(model(nodes[::-1], IMAGE, ["t399"], WEIGHT))
    assert forwards.size == backwards.size == (801, 801)


def test_a_weight_shared_at_two_depths_is_not_misaligned():
    nodes = [*chain("a", "b"), node("Add", ["t1", "w2"], ["s"]), node("Mul", ["w2", "s"], ["y"])]
    made = model(nodes, IMAGE, ["y"], {**WEIGHT, "w2": np.float32(2)})
    assert rfield.alignment(made).aligned
    assert rfield.receptive_field(made).size == (5, 5)


def test_a_dead_branch_with_an_unknown_op_is_not_read():
    nodes = [*chain("a"), node("my::Unheard", ["t0"], ["dead"])]
    assert rfield.load(model(nodes, IMAGE, ["t0"], WEIGHT)).layers == ("a",)


def test_an_output_that_is_an_input():
    field = rfield.receptive_field(model([node("Identity", ["x"], ["y"])], IMAGE, ["y"]))
    assert (field.size, field.stride) == ((1, 1), (1, 1))


def test_shape_arithmetic_is_folded():
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "two"], ["h"]),
        node("Div", ["h", "two"], ["half"]),
        node("Unsqueeze", ["half", "zero"], ["list"]),
        node("Concat", ["one_one", "list", "minus"], ["shape"], axis=0),
        node("Reshape", ["x", "shape"], ["y"]),
    ]
    constants = {"two": np.array(2), "zero": integers(0), "one_one": integers(1, 1),
                 "minus": integers(-1)}  # fmt: skip
    graph = rfield.load(model(nodes, {"x": (1, 1, 6, 4)}, ["y"], constants))
    assert graph.shape(graph.outputs_[0]) == (1, 1, 3, 8)


def test_padding_computed_from_the_size_is_known_to_depend_on_it():
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "two"], ["h"]),
        node("Mod", ["h", "two"], ["odd"]),
        node("Unsqueeze", ["odd", "zero"], ["list"]),
        node("Concat", ["zeros", "list", "zeros", "zero"], ["pads"], axis=0),
        node("Pad", ["x", "pads"], ["p"]),
        node("Conv", ["p", "w"], ["y"], strides=[2]),
    ]
    constants = {"two": np.array(2), "zero": integers(0), "zeros": integers(0, 0),
                 "w": weights(1, 1, 3)}  # fmt: skip
    field = rfield.receptive_field(model(nodes, {"x": (1, 1, "n")}, ["y"], constants))
    assert (field.size, field.stride, field.padding) == ((3,), (2,), (None,))
    assert field.why("t") == "the padding of y along t depends on the input size"


def test_same_padding_at_a_free_size_is_unknown_and_at_a_given_size_known():
    made = one("Conv", (1, 1, "n"), weights(1, 1, 3), auto_pad="SAME_UPPER", strides=[2])
    assert rfield.receptive_field(made).padding == (None,)
    assert rfield.receptive_field(made, input_shape=(1, 1, 8)).padding == (0,)
    assert rfield.receptive_field(made, input_shape=(1, 1, 9)).padding == (1,)


@pytest.mark.parametrize("dim", ["n", "?", 0, -1])
def test_every_way_to_leave_a_size_open(dim: Any):
    made = one("Conv", (dim, 1, dim), weights(1, 1, 3))
    graph = rfield.load(made)
    assert graph.shape(graph.entry("x").node)[:2] == (1, 1)


def test_channels_last_inputs_are_measured_along_the_right_axes():
    nodes = [node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]), node("Conv", ["t", "w"], ["y"])]
    made = model(nodes, {"x": (1, 20, 20, 3)}, ["y"], {"w": weights(2, 3, 5, 3)})
    field = rfield.receptive_field(made)
    assert (field.source_axes, field.size) == ((1, 2), (5, 3))


@pytest.mark.parametrize("first", ["Pad", "MaxPool", "AveragePool", "InstanceNormalization"])
@pytest.mark.parametrize("shape", [(1, 8, 12, 3), (1, 2, 1000, 1), (1, 8, 12, 4)])
def test_channels_are_where_the_first_op_has_them_whatever_the_last_size(first: str, shape: Any):
    made = {
        "Pad": node("Pad", ["x", "ends"], ["a"], mode="reflect"),
        "MaxPool": node("MaxPool", ["x"], ["a"], kernel_shape=[1, 1]),
        "AveragePool": node("AveragePool", ["x"], ["a"], kernel_shape=[1, 1]),
        "InstanceNormalization": node("InstanceNormalization", ["x", "s", "s"], ["a"]),
    }[first]
    constants = {
        "w": weights(2, shape[1], 3, 1), "s": weights(shape[1]),
        "ends": np.array([0, 0, 1, 0, 0, 0, 1, 0]),
    }  # fmt: skip
    nodes = [made, node("Conv", ["a", "w"], ["y"])]
    field = rfield.receptive_field(model(nodes, {"x": shape}, ["y"], constants))
    assert (field.source_axes, field.local.size) == ((2, 3), (3, 1))


def test_channels_taken_to_be_last_are_told_where_windows_slide_along_them():
    nodes = [node("Cos", ["x"], ["a"]), node("CumSum", ["a", "k"], ["b"])]
    nodes.append(node("Conv", ["b", "w"], ["y"]))
    constants = {"k": np.array(0), "w": weights(2, 8, 3, 3)}
    made = model(nodes, {"x": (1, 8, 12, 3)}, ["y"], constants)
    assert rfield.receptive_field(made).premises == (
        "y is axis 1, x is axis 2 of x (1, 8, 12, 3), but windows slide along axis 3: with a batch "
        "axis in front, or with axes=(2, 3), those are positions too",
    )


def test_a_setting_given_as_a_value_decides_the_branch():
    def body(kernel: int) -> Any:
        return helper.make_graph(
            [node("Conv", ["x", f"w{kernel}"], [f"b{kernel}"])], f"g{kernel}", [],
            [value(f"b{kernel}", None)],
        )  # fmt: skip

    made = model(
        [
            node("Equal", ["rate", "r"], ["c"]),
            node("If", ["c"], ["y"], then_branch=body(3), else_branch=body(5)),
        ],
        {"x": (1, 1, 20), "rate": ()}, ["y"],
        {"r": np.array(16000), "w3": weights(1, 1, 3), "w5": weights(1, 1, 5)},
        kinds={"rate": TensorProto.INT64},
    )  # fmt: skip
    assert rfield.receptive_field(made, "y", wrt="x", values={"rate": 16000}).size == (3,)
    assert rfield.receptive_field(made, "y", wrt="x", values={"rate": 8000}).size == (5,)
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.load(made)
    assert str(caught.value) == (
        "y (If): its branches give different shapes, and which one is taken depends on the data of "
        "'rate' (operands: (1, 1, 16), (1, 1, 18))"
    )


def test_unknown_ops_are_all_named_at_once():
    nodes = [
        node("my.ops::Sharpen", ["x"], ["a"], name="sharp"),
        node("my.ops::Sharpen", ["a"], ["b"]),
        node("Reluu", ["b"], ["y"]),
    ]
    made = model(nodes, IMAGE, ["y"], declared=[value("a", (1, 1, 16, 16))])
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.load(made)
    assert str(caught.value) == (
        "UnsupportedOp: no rule for onnx op 'my.ops::Sharpen' (2 uses).\n"
        "  first use: sharp   output (1, 1, 16, 16)   node 0\n"
        "UnsupportedOp: no rule for onnx op 'Reluu' (1 use).\n"
        "  first use: y   node 2\n"
        "  nearest known op: Relu\n"
        '  Treat it as reading everything:   rfield.load(model, unknown="whole")\n'
        '  Or teach it:                      @rfield.frontends.onnx.rule("my.ops::Sharpen")'
    )


def test_an_unknown_op_may_be_taken_to_read_everything():
    nodes = [node("my.ops::Sharpen", ["x"], ["a"]), *chain("c")]
    nodes[1].input[0] = "a"
    made = model(nodes, IMAGE, ["t0"], WEIGHT, declared=[value("a", (1, 1, 16, 16))])
    field = rfield.receptive_field(made, unknown="whole")
    assert field.size == (rfield.UNBOUNDED, rfield.UNBOUNDED)
    assert field.fidelity is rfield.Fidelity.UPPER_BOUND


def test_a_user_teaches_an_op():
    from rfield.core import ops
    from rfield.frontends.onnx import RULES, Call, rule

    @rule("my.ops::Blur")
    def blur(call: Call) -> ops.Op:
        return ops.conv(call.shape(0), kernel=(5, 5), padding=2)

    try:
        made = model([node("my.ops::Blur", ["x"], ["y"])], IMAGE, ["y"])
        assert rfield.receptive_field(made).size == (5, 5)
    finally:
        del RULES._rules["my.ops::Blur"]


def test_a_group_conv_before_a_scale_of_the_data_is_local_and_global():
    nodes = [
        node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
        node("ConvInteger", ["q", "w", "z"], ["c"]),
        node("Cast", ["c"], ["f"], to=1),
        node("Mul", ["f", "s"], ["y"]),
    ]
    made = model(nodes, {"x": (1, 1, 9)}, ["y"], {"w": weights(1, 1, 3, kind="uint8")})
    field = rfield.receptive_field(made)
    assert field.size == (rfield.UNBOUNDED,)
    assert field.local.size == (3,)


def test_weights_in_a_file_outside_are_never_opened():
    made = one("Conv", (1, 1, 9), weights(1, 1, 3))
    (weight,) = made.graph.initializer
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    entry = weight.external_data.add()
    entry.key, entry.value = "location", "../../../../etc/passwd"
    assert rfield.receptive_field(made).size == (3,)


def test_a_function_in_a_function_with_its_own_opset():
    inner = helper.make_function(
        "my", "Inner", ["a"], ["o"], [node("Squeeze", ["a"], ["o"], axes=[0])],
        [helper.make_opsetid("", 11)],
    )  # fmt: skip
    outer = helper.make_function(
        "my", "Outer", ["a"], ["o"], [node("my::Inner", ["a"], ["o"])],
        [helper.make_opsetid("my", 1)],
    )  # fmt: skip
    made = model(
        [node("my::Outer", ["x"], ["y"])], {"x": (1, 3, 7)}, ["y"], functions=[inner, outer],
        domains=("my",),
    )  # fmt: skip
    graph = rfield.load(made)
    assert graph.shape(graph.index("y")) == (3, 7)


def test_a_loop_of_a_known_number_of_turns_is_exact():
    turn = helper.make_graph(
        [node("Conv", ["v", "w"], ["v2"], pads=[1, 1]), node("Identity", ["g"], ["g2"])], "turn",
        [value("i", (), 7), value("g", (), 9), value("v", (1, 1, 9))],
        [value("g2", (), TensorProto.BOOL), value("v2", (1, 1, 9))],
        [tensor("w", weights(1, 1, 3))],
    )  # fmt: skip
    for turns, size in ((1, 3), (4, 9)):
        made = model(
            [node("Loop", ["n", "c", "x"], ["y"], body=turn)], {"x": (1, 1, 9)}, ["y"],
            {"n": np.array(turns), "c": np.array(True)},
        )  # fmt: skip
        field = rfield.receptive_field(made)
        assert (field.size, field.fidelity.value) == ((size,), "exact")


def test_the_wheel_of_an_old_softmax_reads_all_later_axes():
    old = rfield.receptive_field(one("Softmax", (1, 3, 4, 4), opset=11, axis=2))
    new = rfield.receptive_field(one("Softmax", (1, 3, 4, 4), opset=13, axis=2))
    assert old.size == (rfield.UNBOUNDED, rfield.UNBOUNDED)
    assert new.size == (rfield.UNBOUNDED, 1)


def test_one_position_axis_that_is_normalised_keeps_its_place():
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("InstanceNormalization", ["c", "one", "one"], ["y"]),
    ]
    constants = {"w": weights(1, 1, 3), "one": weights(1)}
    graph = rfield.load(model(nodes, {"x": (1, 1, 24)}, ["y"], constants))
    assert rfield.receptive_field(graph).local.size == (3,)
    assert rfield.output_size(graph, 24) == (22,)
