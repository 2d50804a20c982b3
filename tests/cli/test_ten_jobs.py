"""What a new user comes for, with the real program in an empty folder."""

from __future__ import annotations

import csv
import json
import os
import runpy
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

import rfield

torch_needed = pytest.mark.torch

NETS = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, dilation=1):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 7, stride=2, padding=3)
        self.block = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=dilation, dilation=dilation), nn.ReLU(), nn.MaxPool2d(2)
        )
        self.head = nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, x):
        return self.head(self.block(self.stem(x)))


def trained(weights):
    net = Net()
    net.load_state_dict(torch.load(weights, weights_only=True))
    return net


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.near = nn.Conv2d(3, 8, 3, padding=1)
        self.far = nn.Conv2d(3, 8, 5, stride=2, padding=2)

    def forward(self, left, right):
        return self.near(left) + self.far(right)


class UNet3d(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv3d(1, 4, 3, padding=1)
        self.deep = nn.Conv3d(4, 4, 3, padding=1)
        self.up = nn.ConvTranspose3d(4, 4, 2, stride=2)
        self.out = nn.Conv3d(8, 1, 3, padding=1)

    def forward(self, x):
        skip = self.down(x)
        deep = self.up(self.deep(nn.functional.max_pool3d(skip, 2)))
        return self.out(torch.cat([skip, deep], 1))


class Upscaler(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(3, 16, 5, padding=2), nn.Conv2d(16, 48, 3, padding=1), nn.PixelShuffle(4)
        )


class Backbone(nn.Sequential):
    def __init__(self):
        halves = (nn.Conv2d(3 if k == 0 else 4, 4, 3, stride=2, padding=1) for k in range(6))
        super().__init__(*halves)


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Sigmoid())

    def forward(self, x):
        x = self.conv(x)
        return x * self.gate(x)
"""
IMAGE = ("--input-shape", "1x3x32x32")


@pytest.fixture
def folder(tmp_path):
    """An empty folder."""
    return tmp_path


@pytest.fixture
def nets(folder):
    """The same with a user's own models in it, where PyTorch is."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    (folder / "my_net.py").write_text(NETS)
    return folder


def run(folder: Path, *arguments: str, status: int = 0) -> str:
    """What the program prints; nothing but that."""
    home = str(Path(rfield.__file__).parents[1])
    kept = {"PYTHONPATH": home, "COLUMNS": "80", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-m", "rfield", *arguments],
        capture_output=True, text=True, cwd=folder, check=False, env={**os.environ, **kept},
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout


def own_net(folder: Path):
    return runpy.run_path(str(folder / "my_net.py"))["Net"]()


def save(net, folder: Path) -> None:
    import torch

    torch.save(net.state_dict(), folder / "best.pt")


def rows(folder: Path, *arguments: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(run(folder, *arguments, "--format", "csv"))))


def sizes(folder: Path, *arguments: str, axis: str = "y") -> dict[str, str]:
    return {row["layer"]: row[f"size_{axis}"] for row in rows(folder, *arguments)}


@torch_needed
def test_my_own_module_in_a_file(nets):
    found = sizes(nets, "summary", "my_net.py:Net", *IMAGE)
    # 7; + 2 · 2; + 1 · 2 and the stride doubles; + 2 · 4
    assert [found[name] for name in ("stem", "block.0", "block.2", "head")] == [
        "7",
        "11",
        "13",
        "21",
    ]


@torch_needed
def test_with_a_checkpoint(nets):
    """The file is read by the user's own function; a pruned tap then reads nothing."""
    save = "import torch, my_net; net = my_net.Net(); net.head.weight.data[..., 2] = 0"
    subprocess.run(
        [sys.executable, "-c", save + "; torch.save(net.state_dict(), 'best.pt')"],
        cwd=nets, check=True,
    )  # fmt: skip
    model = ("summary", "my_net.py:trained", "--argument", "weights=best.pt", *IMAGE)
    assert sizes(nets, *model, "--zeros", axis="x")["head"] == "17"


@torch_needed
def test_two_inputs(nets):
    shapes = ("--input-shape", "left=1x3x16x16", "--input-shape", "right=1x3x32x32")
    text = run(nets, "field", "my_net.py:Pair", *shapes, "--wrt", "right")
    assert " size r              5\n stride S            2\n padding P           2\n" in text


@torch_needed
def test_a_3d_unet(nets):
    shape = ("--input-shape", "1x1x16x16x16")
    found = rows(nets, "summary", "my_net.py:UNet3d", *shape)[-1]
    # The deep path: 3, 4, 8, and the last kernel of 3 sees two cells of stride 2.
    assert (found["layer"], found["size_z"], found["stride_z"]) == ("out", "10", "1")


@pytest.mark.onnx
def test_an_onnx_file(folder):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    from onnx import helper

    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], name="conv", dilations=[2, 2])], "net",
        [value("x", 1, (1, 3, 9, 9)), value("w", 1, (4, 3, 3, 3))], [value("y", 1, (1, 4, 5, 5))],
        [helper.make_tensor("w", 1, (4, 3, 3, 3), [0.5] * 108)],
    )  # fmt: skip
    onnx.save(helper.make_model(graph), folder / "model.onnx")
    assert sizes(folder, "summary", "model.onnx") == {"conv": "5"}


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_keras_file(folder):
    keras = pytest.importorskip("keras", reason="Keras is not installed")
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(4, 3, name="conv"),
            layers.MaxPooling2D(name="pool"),
        ]
    )
    model.save(folder / "model.keras")
    assert sizes(folder, "summary", "model.keras") == {"conv": "3", "pool": "4"}


@pytest.mark.jax
def test_a_jax_function(folder):
    pytest.importorskip("jax", reason="JAX is not installed")
    (folder / "mine.py").write_text(
        "import jax, jax.numpy as jnp\n"
        "def net(x):\n"
        "    kernel = jnp.ones((4, 3, 3, 3))\n"
        "    return jax.lax.conv(x, kernel, (2, 2), 'SAME')\n"
    )
    (found,) = rows(folder, "summary", "mine.py:net", *IMAGE)
    assert (found["size_y"], found["stride_y"]) == ("3", "2")


@torch_needed
def test_which_layer_covers_an_object(nets):
    model = ("fits", "my_net.py:Backbone", "--input-shape", "1x3x256x256")
    # After n halvings a field of 2 · 2ⁿ - 1 moves by 2ⁿ: it holds 2ⁿ pixels wherever they are.
    for pixels, layer in (("64", "5"), ("33", "5"), ("32", "4")):
        text = run(nets, *model, "--object", pixels, "--format", "json")
        assert json.loads(text)["first"] == layer
    text = run(nets, *model, "--object", "64")
    assert " first layer that sees it whole wherever it is: 5\n" in text
    text = run(nets, *model, "--object", "65", status=1)
    assert " no layer sees every object of 65 whole\n" in text


@torch_needed
def test_what_overlap_my_upscaler_needs(nets):
    text = run(nets, "tiles", "my_net.py:Upscaler", *IMAGE)
    assert " overlap of two tiles         6\n halo (before, after)         (3, 3)\n" in text


@torch_needed
def test_why_it_is_global(nets):
    text = run(nets, "explain", "my_net.py:Gated", *IMAGE)
    assert " global: 1 × a whole axis is read\n" in text
    assert "gate.0" in text


@torch_needed
def test_the_influence_in_my_trained_model_on_my_pictures(nets):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    (nets / "photos").mkdir()
    for number in range(2):
        pillow.effect_noise((40, 36), 60).convert("RGB").save(nets / f"photos/{number}.png")
    save(own_net(nets), nets)
    text = run(
        nets, "influence", "my_net.py:trained", "--argument", "weights=best.pt", *IMAGE,
        "--measured", "--images", "photos", "--plot", "erf.png",
    )  # fmt: skip
    assert " images          2\n" in text
    assert (nets / "erf.png").read_bytes().startswith(b"\x89PNG")


@torch_needed
def test_what_differs_between_two_versions(nets):
    (nets / "new.py").write_text(NETS.replace("dilation=1)", "dilation=3)"))
    text = run(nets, "diff", "my_net.py:Net", "new.py:Net", *IMAGE, status=1)
    assert "block.0" in text


@torch_needed
def test_what_a_model_has_to_stay_in_ci(nets):
    expect = ("expect", "my_net.py:Net", "fields.json", *IMAGE)
    run(nets, *expect, "--update")
    (nets / "my_net.py").write_text(NETS.replace("dilation=1)", "dilation=2)"))
    assert "head" in run(nets, *expect, status=1)
