"""What a network costs: totals, layers, modules."""

from __future__ import annotations

import json

import pytest

import rfield
from rfield import Graph, GraphBuilder
from rfield.errors import UnresolvedSizeError
from tests.cli.test_cli import complaint, in_the_checkout, output

__all__ = ["in_the_checkout"]


def modules(count: int = 2, size: int | None = 8) -> Graph:
    """Blocks of two convolutions, 1 -> 2 -> 1 channels, over 8 samples."""
    b = GraphBuilder()
    x = b.input("signal", (1, 1, size))
    for number in range(count):
        x = b.conv(f"block{number}.wide", x, kernel=3, padding=1, channels=2)
        x = b.conv(f"block{number}.narrow", x, kernel=1, channels=1)
    return b.build([x])


def test_each_layer_and_the_whole():
    found = rfield.cost(modules())
    # 8 · 2 · 3 and 8 · 1 · 2 multiply-adds, 2 · 3 and 1 · 2 weights
    assert {name: (part.macs, part.parameters) for name, part in found.layers.items()} == {
        "block0.wide": (48, 6), "block0.narrow": (16, 2),
        "block1.wide": (48, 6), "block1.narrow": (16, 2),
    }  # fmt: skip
    assert (found.macs, found.flops, found.parameters) == (128, 256, 16)
    first = rfield.cost(modules(), "block0.wide")
    assert (first.macs, list(first.layers)) == (48, ["block0.wide"])
    page = rfield.cost("article:vgg_16", input_shape=(1, 224, 224, 3))
    assert (page.macs, page.parameters) == (15_346_630_656, 14_714_688)
    assert page.layers["vgg_16/conv1/conv1_1"].macs == 86_704_128


@pytest.mark.torch
def test_ops_count_to_the_layer_that_the_user_wrote():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Flatten(), nn.Linear(12, 5)).eval()
    found = rfield.cost(model, input_shape=(1, 1, 8))
    assert list(found.layers) == ["0", "2"]
    conv, dense = found.layers.values()
    assert (conv.macs, conv.adds, conv.parameters) == (36, 12, 8)
    assert (dense.macs, dense.adds, dense.parameters) == (60, 5, 65)


def test_of_many_layers_without_modules_the_costliest_are_shown():
    b = GraphBuilder()
    x = b.input("signal", (1, 1, 8))
    for number in range(80):  # 8 multiply-adds each, 16 into and out of the one with two channels
        x = b.conv(f"layer{number}", x, kernel=1, channels=1 + (number == 40))
    found = rfield.cost(b.build([x]))
    lines = found.to_markdown().splitlines()
    names = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert (len(names), names[:2], names[-3:]) == (
        30, ["layer0", "layer1"], ["layer40", "layer41", "51 others"],
    )  # fmt: skip
    assert any("51 others" in line and " 408 " in line for line in lines)
    assert "the costliest of 80 layers; depth='all' shows everything" in found.to_markdown()
    assert len(json.loads(found.to_json())["rows"]) == 80


def test_free_sizes_say_what_to_give():
    with pytest.raises(UnresolvedSizeError) as caught:
        rfield.cost(modules(size=None))
    assert str(caught.value) == (
        "the cost depends on the input size, which is free. Give one, for example\n"
        "  rfield.load(model, input_shape=(1, 1, 224))"
    )
    b = GraphBuilder()
    x, y = b.input("a", (1, 1, None)), b.input("b", (1, 1, None))
    with pytest.raises(UnresolvedSizeError) as caught:
        rfield.cost(b.build([b.add("sum", x, y)]))
    assert str(caught.value).endswith("input_shape={'a': (1, 1, 224), 'b': (1, 1, 224)})")


def test_in_the_words_of_the_command_line(capsys):
    assert complaint(capsys, "cost", "article:vgg_16") == (
        "rfield: the cost depends on the input size, which is free. Give one, for example\n"
        "  --input-shape 1x224x224x3\n"
    )


def test_the_table_of_modules():
    from rfield.present.cost import cost_report
    from rfield.present.text import plain

    found = rfield.cost(modules(16))
    text = plain(cost_report(found, title="net"))
    assert text.startswith(
        " net · cost\n\n multiply-adds  1,024\n flops          2,048\n parameters     128\n\n"
        " layer    multiply-adds    %  parameters    %\n"
    )
    assert " block15             64  6.2           8  6.2\n" in text
    assert (
        " depth 1: what is deeper counts to the module it lies in; depth='all': 32 layers\n" in text
    )
    whole = plain(cost_report(found, depth="all"))
    assert " block15.narrow             16  1.6           2  1.6\n" in whole
    assert "depth 1" not in whole


def test_rows_for_programs_are_layers(capsys):
    run = ("cost", "article:resnet_v1_50", "--input-shape", "1x224x224x3", "--format", "json")
    found = json.loads(output(capsys, *run))
    assert (found["schema"], found["macs"]) == ("rfield.cost/1", 3_480_207_360)
    assert (len(found["rows"]), found["rows"][0]) == (57, {
        "layer": "resnet_v1_50/conv1", "macs": 118_013_952, "adds": 0, "flops": 236_027_904,
        "parameters": 9_408,
    })  # fmt: skip


@pytest.mark.torch
@pytest.mark.parametrize(
    ("kind", "options", "macs", "adds", "parameters"),
    [
        # 9 steps · 4 gates · 7 cells · (5 + 7) inputs; two biases for each gate and cell
        ("LSTM", {}, 9 * 336, 9 * 56, 336 + 56),
        # and 7 · 3 for the projection, of which the gates then read 3
        ("LSTM", {"proj_size": 3}, 9 * (224 + 21), 9 * 56, 224 + 21 + 56),
        # 3 gates; two directions, the second layer reads both
        ("GRU", {"num_layers": 2, "bidirectional": True}, 9 * 2 * (252 + 441), 9 * 168, 1386 + 168),
        ("RNN", {"bias": False}, 9 * 84, 0, 84),
    ],
)
def test_recurrent_layers_have_all_their_gates(kind, options, macs, adds, parameters):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    found = rfield.cost(getattr(torch.nn, kind)(5, 7, **options).eval(), input_shape=(9, 1, 5))
    assert (found.macs, found.adds, found.parameters) == (macs, adds, parameters)


def shared_weights(torch):
    """Attention of 4 heads between 32 features, then one dense layer twice, and a norm."""
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.attend = nn.MultiheadAttention(32, 4)
            self.dense = nn.Linear(32, 32)
            self.norm = nn.LayerNorm(32)

        def forward(self, x):
            y = self.attend(x, x, x)[0]
            return self.norm(self.dense(self.dense(y)))

    return Net().eval()


@pytest.mark.torch
@pytest.mark.parametrize("exported", [False, True])
def test_attention_has_its_projections_and_a_weight_counts_once(exported):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    model = shared_weights(torch)
    example = torch.zeros(10, 1, 32)
    source = torch.export.export(model, (example,)) if exported else model
    given = {} if exported else {"input_shape": (10, 1, 32)}
    found = rfield.cost(source, **given)
    # in: 10 · 32 · 96; scores and what they weigh: 10 · 10 · 32 each; out: 10 · 32 · 32
    assert {name: (part.macs, part.parameters) for name, part in found.layers.items()} == {
        "attend": (30_720 + 3_200 + 3_200 + 10_240, 32 * 96 + 96 + 32 * 32 + 32),
        "dense": (10_240, 32 * 32 + 32), "dense#2": (10_240, 0), "norm": (0, 64),
    }  # fmt: skip
    assert found.parameters == sum(p.numel() for p in model.parameters()) == 5_344


@pytest.mark.keras
def test_keras_layers_have_their_gates_projections_and_weights():
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    x = keras.Input((9, 5))
    dense = keras.layers.Dense(5, name="dense")
    y = keras.layers.MultiHeadAttention(2, 4, name="attention")(dense(dense(x)), x)
    model = keras.Model(x, keras.layers.GRU(7, name="gru")(y))
    found = rfield.cost(model)
    # query, key and value: 9 · 5 · 8 each; scores and what they weigh: 9 · 9 · 8; out: 9 · 8 · 5
    # a GRU that resets after: 9 steps · 3 gates · 7 · (5 + 7), two biases
    assert {name: (part.macs, part.parameters) for name, part in found.layers.items()} == {
        "dense": (225, 30), "dense#2": (225, 0),
        "attention": (3 * 360 + 2 * 648 + 360, 3 * 48 + 45), "gru": (2_268, 294),
    }  # fmt: skip
    assert found.parameters == model.count_params()


@pytest.mark.onnx
def test_onnx_recurrent_layers_and_shared_weights():
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    import numpy as np
    from onnx import helper

    weights = {"w": (1, 28, 5), "r": (1, 28, 7), "m": (7, 7)}
    nodes = [
        helper.make_node("LSTM", ["x", "w", "r"], ["y"], hidden_size=7, name="lstm"),
        helper.make_node("Identity", ["m"], ["same"]),
        helper.make_node("MatMul", ["y", "m"], ["z"], name="first"),
        helper.make_node("MatMul", ["z", "same"], ["out"], name="second"),
    ]
    graph = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (9, 1, 5))],
        [helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, (9, 1, 1, 7))],
        [onnx.numpy_helper.from_array(np.ones(s, np.float32), n) for n, s in weights.items()],
    )  # fmt: skip
    found = rfield.cost(helper.make_model(graph))
    assert {name: (part.macs, part.parameters) for name, part in found.layers.items()} == {
        "lstm": (9 * 336, 336), "first": (441, 49), "second": (441, 0),
    }  # fmt: skip


def test_totals_are_short():
    assert str(rfield.cost(modules())) == "256 FLOPs, 128 MACs, 16 parameters"
