"""What readers of TensorFlow graphs got wrong before; expected numbers are worked out by hand."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("google.protobuf", reason="graph files are protobuf messages")

import rfield
from rfield.frontends.tensorflow import files
from tests.tensorflow.graphs import (
    GraphWriter,
    function_attribute,
    inception_resnet_v2,
    small_cnn,
)


@pytest.fixture(autouse=True, params=["parsed at once", "node by node, as a large file"])
def _large(request, monkeypatch):
    if request.param != "parsed at once":
        monkeypatch.setattr(files, "LARGE", 1)


def load(tmp_path: Path, g: GraphWriter, *args, **options):
    path = tmp_path / "graph.pb"
    path.write_bytes(g.bytes())
    return rfield.load(path, *args, **options)


def field(tmp_path: Path, g: GraphWriter, layer: str | None = None, **options):
    return rfield.receptive_field(load(tmp_path, g, **options), layer)


def test_a_small_network(tmp_path):
    graph = load(tmp_path, small_cnn())
    assert graph.inputs == ("image",)
    assert graph.outputs == ("sum",)
    rf = rfield.receptive_field(graph)
    # 7/2, 3/2, 3/1: 7 + 2·2 + 4·2; padding at 33: 3 + 2·1 + 4·1
    assert (rf.size, rf.stride, rf.padding) == ((19, 19), (4, 4), (9, 9))
    assert not rfield.alignment(graph).joins or rfield.alignment(graph).aligned


def test_an_unfrozen_graph_gives_the_same(tmp_path):
    frozen = rfield.receptive_fields(load(tmp_path, small_cnn()))
    loose = rfield.receptive_fields(load(tmp_path, small_cnn(frozen=False)))
    assert {n: (f.size, f.padding) for n, f in frozen.items()} == {
        n: (f.size, f.padding) for n, f in loose.items()
    }


def test_the_name_of_a_weight_means_nothing(tmp_path):
    g = GraphWriter()
    x = g.placeholder()
    g.conv("c", x, (), weight=g.variable("depthwise_1x1_gamma/7x7", (5, 3, 3, 4)))
    assert field(tmp_path, g).size == (5, 3)


def test_dilation_as_an_attribute(tmp_path):
    g = GraphWriter()
    g.conv("c", g.placeholder(), (3, 3, 3, 4), padding="VALID", dilations=[1, 4, 2, 1])
    assert field(tmp_path, g).size == (9, 5)


@pytest.mark.parametrize("shape", [(1, 32, 32, 3), (None, None, None, 3)])
def test_dilation_as_blocks(tmp_path, shape):
    g = GraphWriter()
    x = g.placeholder(shape=shape)
    block = g.const("block", np.array([4, 2]))
    pads = g.const("pads", np.array([[4, 4], [2, 2]]))
    crops = g.const("crops", np.array([[0, 0], [0, 0]]))
    x = g.node("SpaceToBatchND", "to", x, block, pads)
    x = g.conv("c", x, (3, 3, 3, 4), padding="VALID")
    g.node("BatchToSpaceND", "from", x, block, crops)
    graph = load(tmp_path, g)
    rf = rfield.receptive_field(graph)
    assert (rf.size, rf.stride, rf.padding, rf.period) == ((9, 5), (1, 1), (4, 2), (1, 1))
    assert rf.fidelity is rfield.Fidelity.EXACT
    if shape[0]:
        assert rf.output_shape == (1, 32, 32, 4)


def test_channels_first_strides(tmp_path):
    g = GraphWriter()
    x = g.placeholder(shape=(1, 3, 40, 40))
    x = g.conv("c", x, (5, 3, 3, 4), stride=(1, 1, 2, 3), padding="VALID", data_format="NCHW")
    g.node("MaxPool", "p", x, ksize=[1, 1, 2, 3], strides=[1, 1, 2, 1], padding="VALID",
           data_format="NCHW")  # fmt: skip
    rf = field(tmp_path, g)
    assert rf.axes == ("y", "x")
    assert (rf.size, rf.stride) == ((7, 9), (4, 3))


def test_explicit_padding_in_both_layouts(tmp_path):
    for layout, shape, pads in (
        ("NHWC", (1, 32, 32, 3), [0, 0, 1, 2, 3, 4, 0, 0]),
        ("NCHW", (1, 3, 32, 32), [0, 0, 0, 0, 1, 2, 3, 4]),
    ):
        g = GraphWriter()
        g.conv("c", g.placeholder(shape=shape), (5, 5, 3, 4), padding="EXPLICIT",
               data_format=layout, explicit_paddings=pads)  # fmt: skip
        assert field(tmp_path, g).padding == (1, 3)


def test_same_padding_of_an_unknown_size_is_unknown_and_alignment_is_checked_all_the_same(tmp_path):
    g = GraphWriter()
    x = g.placeholder(shape=(None, None, None, 3))
    a = g.conv("a", x, (3, 3, 3, 4), stride=(1, 2, 2, 1))
    b = g.conv("b", x, (1, 1, 3, 4), stride=(1, 2, 2, 1))
    s = g.node("AddV2", "s", a, b)
    c = g.conv("c", s, (3, 3, 4, 4), padding="VALID")
    cut = g.node("StridedSlice", "cut", s, g.const("begin", np.array([0, 0, 0, 0])),
                 g.const("end", np.array([0, -2, -2, 0])), g.const("step", np.array([1, 1, 1, 1])),
                 begin_mask=15, end_mask=9)  # fmt: skip
    g.node("AddV2", "late", c, cut)
    graph = load(tmp_path, g)
    rf = rfield.receptive_field(graph, "a")
    assert rf.size == (3, 3)
    assert rf.padding == (None, None)
    found = rfield.alignment(graph)
    assert not found.aligned
    assert "late" in {join.layer for join in found.joins}


def test_the_order_of_nodes_does_not_matter(tmp_path):
    g = inception_resnet_v2()
    wanted = rfield.receptive_fields(load(tmp_path, g))
    nodes = list(g.graph.node)
    random.Random(0).shuffle(nodes)
    mixed = GraphWriter()
    mixed.graph.node.extend(nodes)
    found = rfield.receptive_fields(load(tmp_path, mixed))
    assert {n: (f.size, f.stride, f.padding) for n, f in found.items()} == {
        n: (f.size, f.stride, f.padding) for n, f in wanted.items()
    }


def test_inception_resnet_v2_of_the_article(tmp_path):
    rf = field(tmp_path, inception_resnet_v2())
    assert (rf.size, rf.stride) == ((3039, 3039), (32, 32))


@pytest.mark.parametrize("shape", [(), (8,)])
def test_a_constant_shared_at_two_depths_is_not_misaligned(tmp_path, shape):
    g = GraphWriter()
    shared = g.weight("shared", shape)
    x = g.placeholder()
    x = g.conv("a", x, (3, 3, 3, 8), stride=(1, 2, 2, 1))
    x = g.node("Mul", "am", x, shared)
    x = g.conv("b", x, (3, 3, 8, 8), stride=(1, 2, 2, 1))
    g.node("AddV2", "bm", x, shared)
    graph = load(tmp_path, g)
    assert rfield.alignment(graph).aligned
    assert rfield.alignment(graph).joins == ()


def test_a_shared_kernel_is_not_misaligned(tmp_path):
    g = GraphWriter()
    kernel = g.variable("kernel", (3, 3, 3, 3))
    x = g.conv("a", g.placeholder(), (), weight=kernel)
    g.conv("b", x, (), weight=kernel)
    graph = load(tmp_path, g)
    assert rfield.alignment(graph).aligned
    assert rfield.receptive_field(graph).size == (5, 5)


@pytest.mark.parametrize("first", [True, False])
def test_a_scalar_times_a_tensor_keeps_the_size(tmp_path, first):
    g = GraphWriter()
    scalar = g.weight("scalar", ())
    h = g.conv("c", g.placeholder(), (3, 3, 3, 8))
    g.node("Mul", "m", *([scalar, h] if first else [h, scalar]))
    rf = field(tmp_path, g)
    assert rf.output_shape == (1, 32, 32, 8)
    assert rf.size == (3, 3)


def test_a_second_output(tmp_path):
    g = GraphWriter()
    g.node("Split", "split", g.const("axis", np.int32(1)), g.placeholder(), num_split=2)
    g.conv("c", "split:1", (3, 3, 3, 4), padding="VALID")
    graph = load(tmp_path, g)
    rf = rfield.receptive_field(graph, "c")
    assert tuple(rf.region((0, 0)).start) == (16, 0)
    assert rfield.receptive_field(graph, "split:1").padding == (-16, 0)


def test_a_static_shape_is_used_and_another_may_be_asked_for(tmp_path):
    g = GraphWriter()
    g.conv("c", g.placeholder(shape=(None, 30, 31, 3)), (3, 3, 3, 4), stride=(1, 2, 2, 1))
    graph = load(tmp_path, g)
    assert rfield.receptive_field(graph).output_shape == (None, 15, 16, 4)
    assert rfield.receptive_field(graph).padding == (0, 1)
    wider = load(tmp_path, g, (1, 33, 64, 3))
    assert rfield.receptive_field(wider).padding == (1, 0)


@pytest.mark.parametrize("length", [400, 20_000])
def test_a_long_chain_listed_backwards(tmp_path, length):
    g = GraphWriter()
    x = g.placeholder()
    kernel = g.weight("kernel", (3, 3, 3, 3))
    for k in range(length):
        x = g.conv(f"c{k}", x, (), weight=kernel)
    backwards = GraphWriter()
    backwards.graph.node.extend(reversed(list(g.graph.node)))
    rf = field(tmp_path, backwards)
    assert rf.size == (2 * length + 1,) * 2


def test_the_output_is_the_input(tmp_path):
    g = GraphWriter()
    g.node("Identity", "same", g.placeholder())
    rf = field(tmp_path, g)
    assert (rf.size, rf.stride, rf.padding) == ((1, 1), (1, 1), (0, 0))


def test_control_inputs_are_ignored(tmp_path):
    g = GraphWriter()
    x = g.placeholder()
    g.conv("wide", x, (9, 9, 3, 3))
    y = g.conv("c", x, (3, 3, 3, 3))
    g.node("Relu", "r", y, "^wide")
    assert field(tmp_path, g, "r").size == (3, 3)


def test_functions_are_written_out_and_keep_their_names(tmp_path):
    g = GraphWriter()
    x = g.placeholder()
    body = g.function("block", ["h", "kernel"], out="c:output:0")
    body.node("Conv2D", "c", "h", "kernel", strides=[1, 1, 1, 1], padding="SAME")
    kernel = g.weight("kernel", (3, 3, 3, 3))
    x = g.node("StatefulPartitionedCall", "one", x, kernel, f=function_attribute("block"))
    g.node("block", "two", x, kernel)
    graph = load(tmp_path, g)
    assert [name for name in graph.layers if "c" in name] == ["c", "c#2"]
    assert rfield.receptive_field(graph, "one").size == (3, 3)
    assert rfield.receptive_field(graph, "two").size == (5, 5)


def test_a_training_graph_with_unrelated_parts(tmp_path):
    g = small_cnn()
    g.node("Placeholder", "is_training", shape=())
    g.nodes[-1].attr["dtype"].type = 10
    step = g.variable("global_step", ())
    g.node("AssignAdd", "step", step, g.const("one", np.int32(1)))
    g.node("ReluGrad", "gradients/relu", "sum", "sum")
    g.node("Mul", "gradients/mul", "gradients/relu", "sum")
    g.node("ScalarSummary", "summary", g.const("tag", np.int32(0)), "sum")
    g.node("WholeFileReader", "reader")
    graph = load(tmp_path, g)
    assert graph.outputs == ("sum",)
    assert graph.inputs == ("image",)


def test_named_inputs_and_outputs(tmp_path):
    graph = load(tmp_path, small_cnn(), {"pool": (1, 9, 9, 8)}, inputs=["pool"],
                 outputs=["block/norm"])  # fmt: skip
    assert graph.inputs == ("pool",)
    assert graph.outputs == ("block/norm",)
    assert rfield.receptive_field(graph).size == (3, 3)


def test_a_saved_model_folder(tmp_path):
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "variables" / "variables.data-00000-of-00001").symlink_to("/nowhere")
    (folder / "saved_model.pb").write_bytes(
        small_cnn(frozen=False).saved_model({"picture": "image:0"}, {"logits": "sum:0"})
    )
    graph = rfield.load(folder)
    assert graph.inputs == ("picture",)
    assert rfield.receptive_field(graph).size == (19, 19)


def test_text_gives_the_same(tmp_path):
    path = tmp_path / "graph.pbtxt"
    path.write_text(small_cnn().text())
    assert rfield.receptive_field(rfield.load(path)).padding == (9, 9)


def test_every_unknown_op_is_named_at_once(tmp_path):
    g = GraphWriter()
    x = g.placeholder()
    a = g.node("Convolve3x3", "odd/a", x)
    b = g.node("Convolve3x3", "odd/b", a)
    g.node("MaxPol", "odd/c", b)
    with pytest.raises(rfield.RFieldError) as caught:
        load(tmp_path, g)
    assert str(caught.value) == (
        "UnsupportedOp: no rule for tensorflow op 'Convolve3x3' (2 uses).\n"
        "  first use: odd/a   output (1, 32, 32, 3)\n"
        "UnsupportedOp: no rule for tensorflow op 'MaxPol' (1 use).\n"
        "  first use: odd/c   output (1, 32, 32, 3)\n"
        "  nearest known op: MaxPool\n"
        '  Treat it as reading everything:   rfield.load(model, unknown="whole")\n'
        '  Or teach it:                      @rfield.frontends.tensorflow.rule("Convolve3x3")'
    )
    graph = load(tmp_path, g, unknown="whole")
    rf = rfield.receptive_field(graph)
    assert rf.size == (rfield.UNBOUNDED, rfield.UNBOUNDED)
    assert rf.fidelity is rfield.Fidelity.UPPER_BOUND


def test_a_rule_of_ones_own(tmp_path):
    from rfield.core import ops
    from rfield.frontends import tensorflow

    @tensorflow.rule("ConvolveMine", replace=True)  # the test runs twice
    def mine(arg):
        return ops.pool(arg.shape(0), kernel=(arg.number("size"),) * 2, stride=1, axes=(1, 2))

    g = GraphWriter()
    g.node("ConvolveMine", "m", g.placeholder(), size=5)
    assert field(tmp_path, g).size == (5, 5)


def test_a_depthwise_weight_of_any_name(tmp_path):
    g = GraphWriter()
    g.conv("d", g.placeholder(), (), op="DepthwiseConv2dNative",
           weight=g.variable("pointwise_kernel", (3, 5, 3, 1)))  # fmt: skip
    assert field(tmp_path, g).size == (3, 5)


def test_tensorflow_is_not_imported(tmp_path):
    import subprocess
    import sys

    path = tmp_path / "g.pb"
    path.write_bytes(small_cnn().bytes())
    program = (
        "import sys, rfield\n"
        f"rfield.receptive_field(rfield.load({str(path)!r}))\n"
        "print({'tensorflow', 'keras'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
