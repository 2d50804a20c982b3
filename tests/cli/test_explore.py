"""``explore`` and ``annotate``: pages and exports, as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rfield
from rfield.cli import main

VGG = ["article:vgg_16", "--input-shape", "1x64x64x3"]


def test_a_page_is_one_file_that_loads_nothing(tmp_path: Path, capsys: object) -> None:
    file = tmp_path / "vgg.html"
    assert main(["explore", *VGG, "-o", str(file)]) == 0
    page = file.read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert len(page) < 400_000


def test_the_data_alone(tmp_path: Path) -> None:
    file = tmp_path / "vgg.json"
    assert main(["explore", *VGG, "-o", str(file)]) == 0
    (model,) = json.loads(file.read_text("utf-8"))["models"]
    assert (model["schema"], model["title"]) == ("rfield.explorer/1", "article:vgg_16")
    conv2 = model["views"][0]["layers"]["1"]
    assert (model["layers"][1]["name"], conv2["size"]) == ("vgg_16/conv1/conv1_2", [5, 5])
    assert (conv2["units"], conv2["holes"]) == ([64, 64], False)
    assert model["layers"][1]["reads"] == [0]
    start = model["tables"][conv2["theory"][0]["start"]]
    assert start == [[64, 1, -2]]


def test_a_chain_to_play_with(tmp_path: Path) -> None:
    file = tmp_path / "chain.html"
    assert main(["explore", "--chain", "7/2p3 m3/2p1", "--input", "48", "-o", str(file)]) == 0
    page = rfield.explore(chain="7/2p3 m3/2p1", input_shape=48)
    assert page.html == file.read_text("utf-8")
    assert page.chain == {
        "input": 48,
        "steps": [
            {
                "name": "conv1", "op": "conv", "kernel": 7, "stride": 2, "before": 3, "after": 3,
                "dilation": 1,
            },
            {
                "name": "pool1", "op": "max_pool", "kernel": 3, "stride": 2, "before": 1,
                "after": 1, "dilation": 1,
            },
        ],
    }  # fmt: skip


def test_node_data_for_model_explorer(tmp_path: Path) -> None:
    file = tmp_path / "nodes.json"
    assert main(["explore", *VGG, "--node-data", str(file)]) == 0
    data = json.loads(file.read_text("utf-8"))
    assert data["results"]["vgg_16/conv1/conv1_2"] == {"value": 5}
    assert [stop["stop"] for stop in data["gradient"]] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["explore"], "explore what? Give a model or a chain"),
        (["explore", "article:vgg_16", "--chain", "3"], "explore a model or a chain, not both"),
        (
            ["explore", "article:vgg_16"],
            "what every unit reads depends on the input size, which is free. Give one, for example "
            "--input-shape 1x224x224x3",
        ),
        (
            ["explore", *VGG, "--input-size", "48"],
            "--input-size needs --chain; of a model: --input-shape",
        ),
        (
            ["explore", "--chain", "3p1", "--input-shape", "1x1x48"],
            "--input-shape says nothing beside --chain",
        ),
        (
            ["explore", *VGG, "--node-data", "n.json", "-o", "page.html"],
            "--output-file says nothing beside --node-data",
        ),
        (
            ["explore", "--chain", "t4/2p1"],
            "tconv1: only convolutions and pooling whose padding is a number are drawn as a chain",
        ),
        (["explore", *VGG, "--image", "README.md"], "the image is no PNG, JPEG, GIF or WebP file"),
        (["annotate", "vgg.pb", "-o", "x"], "vgg.pb: only .onnx files can be annotated"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "README.md").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert " ".join(capsys.readouterr().err.split()) == f"rfield: {told}"
    assert not (tmp_path / "rfield.html").exists()


@pytest.mark.torch
def test_what_no_module_makes_and_what_is_guessed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    (tmp_path / "enlarged.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = torch.nn.Linear(4, 4)\n"
        "    def forward(self, x):\n"
        "        return torch.nn.functional.interpolate(self.fc(x), scale_factor=2)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    model = ["enlarged:Net", "--input-shape", "1x8x4"]
    guess = "t is axis 2 of x (1, 8, 4), a guess: no window slides along it; choose with {axes}"
    assert main(["explore", *model, "-o", "page.json"]) == 0
    assert capsys.readouterr().out == (
        f"page.json: enlarged:Net, 2 layers\n  {guess.format(axes='--axes 1')}\n"
    )
    (data,) = json.loads(Path("page.json").read_text("utf-8"))["models"]
    assert [layer["name"] for layer in data["layers"]] == ["fc", "upsample_nearest1d"]
    assert (data["main"], data["outputs"], data["layers"][1]["reads"]) == (1, [1], [0])
    assert data["premises"] == [guess.format(axes="axes=(1,)")]
    assert main(["explore", *model, "--node-data", "nodes.json"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [f"  {guess.format(axes='--axes 1')}"]


@pytest.mark.onnx
def test_an_onnx_file_with_its_fields(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    from onnx import TensorProto, helper

    weight = helper.make_tensor("w", TensorProto.FLOAT, (1, 1, 3, 5), [1.0] * 15)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 2, 1, 2], strides=[2, 2]),
        helper.make_node("GlobalAveragePool", ["c"], ["y"], name="pool"),
    ]
    shape = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 8, 8])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [shape], [out], [weight])
    onnx.save(helper.make_model(graph), tmp_path / "in.onnx")
    assert main(["annotate", str(tmp_path / "in.onnx"), "-o", str(tmp_path / "out.onnx")]) == 0
    conv, pool = onnx.load(tmp_path / "out.onnx").graph.node
    assert {entry.key: entry.value for entry in conv.metadata_props} == {
        "rfield.size": "3 x 5",
        "rfield.stride": "2",
        "rfield.padding": "1 x 2",
        "rfield.fidelity": "exact",
    }
    assert {entry.key: entry.value for entry in pool.metadata_props}["rfield.global"] == "pool"


def test_a_notebook_has_the_page_and_a_still_picture() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    page = rfield.explore("article:vgg_16", input_shape=64)
    assert page._repr_html_().startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    picture = page._repr_png_()
    assert picture is not None
    assert picture.startswith(b"\x89PNG")


@pytest.mark.torch
def test_a_bare_layer_and_a_model_without_parts() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Whole(torch.nn.Module):
        def forward(self, x):  # a user's own
            return torch.relu(x)

    for model in (torch.nn.Conv2d(1, 1, 3), Whole()):
        page = rfield.explore(model, input_shape=(1, 1, 8, 8))
        (data,) = page.as_dict()["models"]
        assert [layer["reads"] for layer in data["layers"] if "same" not in layer] == [[-1]]
