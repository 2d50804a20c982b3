"""Every command on every kind of network at 80 columns: no line is wider, no two names the same."""

from __future__ import annotations

import re
import sys
from io import StringIO

import pytest

from rfield.cli import main

NETS = """
import torch
from torch import nn


def conv(channels, kernel=3, stride=1, dilation=1):
    padding = dilation * (kernel // 2)
    return nn.Conv2d(channels, channels, kernel, stride, padding, dilation, bias=False)


class Residual(nn.Module):
    def __init__(self, stride):
        super().__init__()
        self.first_convolution, self.normalization_first = conv(4, 3, stride), nn.BatchNorm2d(4)
        self.second_convolution, self.normalization_second = conv(4), nn.BatchNorm2d(4)
        self.downsample = nn.Sequential(conv(4, 1, stride), nn.BatchNorm2d(4))

    def forward(self, x):
        y = torch.relu(self.normalization_first(self.first_convolution(x)))
        y = self.normalization_second(self.second_convolution(y))
        return torch.relu(y + self.downsample(x))


class Excited(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = nn.Sequential(conv(4), nn.SiLU(), conv(4, 5, 2))
        self.squeeze_and_excitation = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1), nn.Sigmoid()
        )

    def forward(self, x):
        x = self.block(x)
        return x * self.squeeze_and_excitation(x)


class Windows(nn.Module):
    def __init__(self, shift):
        super().__init__()
        self.shift, self.norm = shift, nn.LayerNorm(4)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x):
        n, h, w, c = x.shape
        y = torch.roll(self.norm(x), (-self.shift, -self.shift), (1, 2))
        y = y.reshape(n, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
        y = self.attention(y, y, y)[0]
        y = y.reshape(n, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        return x + torch.roll(y, (self.shift, self.shift), (1, 2))


class Pyramid(nn.Module):
    def __init__(self):
        super().__init__()
        rates = [conv(4, 3, 1, rate) for rate in (1, 2, 4)]
        pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1))
        self.convolutions = nn.ModuleList([*rates, pool])
        self.projection = nn.Conv2d(16, 2, 1)

    def forward(self, x):
        resize = nn.functional.interpolate
        found = [resize(each(x), x.shape[2:], mode="bilinear") for each in self.convolutions]
        return resize(self.projection(torch.cat(found, 1)), scale_factor=4.0, mode="bilinear")


def residual():
    stages = [nn.Sequential(Residual(2), *(Residual(1) for _ in range(4))) for _ in range(3)]
    return nn.Sequential(nn.Conv2d(3, 4, 7, 2, 3), *stages, nn.AdaptiveAvgPool2d(1))


def excited():
    return nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), *(Excited() for _ in range(3)))


class Swin(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 4, 4, 4)
        self.features = nn.Sequential(Windows(0), Windows(2))

    def forward(self, x):
        return self.features(self.patches(x).permute(0, 2, 3, 1))


def pyramid():
    return nn.Sequential(nn.Conv2d(3, 4, 3, 4, 1), Residual(1), Pyramid())


def codec():
    steps = [(1, 100, 7, 1), (100, 100, 16, 8), (100, 100, 80, 40)]
    down = [nn.Conv1d(i, o, k, s, (k - s + 1) // 2) for i, o, k, s in steps]
    up = [nn.ConvTranspose1d(o, i, k, s, (k - s + 1) // 2) for i, o, k, s in reversed(steps)]
    return nn.ModuleDict({"encoder": nn.Sequential(*down), "decoder": nn.Sequential(*up)})


class Codec(nn.Module):
    def __init__(self):
        super().__init__()
        both = codec()
        self.encoder, self.decoder = both["encoder"], both["decoder"]

    def forward(self, x):
        return self.decoder(self.encoder(x))
"""
IMAGE, SIGNAL = "1x3x64x64", "1x1x640"
KINDS = {  # the model, its input, a layer, a larger input, a tile, an object
    "residual": ("residual", IMAGE, "2", "600x600", "256", "9x9"),
    "excited": ("excited", IMAGE, "1.block", "600x600", "256", "9x9"),
    "windows": ("Swin", IMAGE, "patches", "640x640", "256", "9x9"),
    "pyramid": ("pyramid", IMAGE, "1", "600x600", "256", "9x9"),
    "codec": ("Codec", SIGNAL, "encoder", "16000", "3200", "20"),
}
COMMANDS = {
    "summary": (), "summary all": ("--depth", "all"), "field": (), "align": (), "explain": (),
    "summary columns": ("--columns", "kernel,step,dilation,params,macs"), "cost": (),
    "fits": ("--object", "OBJECT"), "expect": ("FILE", "--update"), "diff": ("MODEL",),
    "field at": ("--output", "LAYER", "--at", "center"), "support": ("--output", "LAYER"),
    "explain layer": ("--output", "LAYER"), "influence": ("--output", "LAYER"),
    "tiles": ("--output", "LAYER"), "sizes": ("--output", "LAYER"),
    "tiles of": ("--output", "LAYER", "--input-size", "SIZE", "--tile", "TILE"),
    "centers": ("--output", "LAYER"), "stream": ("--output", "LAYER"),
    "stream all": (),
    "paths": (), "verify": ("--layer", "LAYER", "--positions", "2"),
}  # fmt: skip


class Terminal(StringIO):
    """What is written to a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, *command: str) -> tuple[int, list[str]]:
    """The exit status, and the lines as they stand on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    status = main([*command])
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue() + err.getvalue())
    return status, [line.rsplit("\r", 1)[-1] for line in text.split("\n")]


def tables(lines: list[str]) -> list[list[str]]:
    """The names in the first columns of tables of layers."""
    found: list[list[str]] = []
    inside = False
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith((" ─", "─")):
            inside = not inside and before.split()[:1] in (["layer"], ["adds"])
            found += [[]] if inside else []
            place = 0 if before.split()[:1] == ["layer"] else 1
        elif inside:
            found[-1].append(line.split()[place])
    return found


@pytest.mark.torch
@pytest.mark.parametrize("kind", KINDS)
def test_no_line_is_wider_and_no_two_names_are_the_same(kind, tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    (tmp_path / "mine.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    name, shape, layer, size, tile, thing = KINDS[kind]
    words = {
        "MODEL": f"mine.py:{name}", "LAYER": layer, "SIZE": size, "TILE": tile, "OBJECT": thing,
        "FILE": "fields.json",
    }  # fmt: skip
    named = 0
    for command, options in COMMANDS.items():
        asked = [words.get(word, word) for word in options]
        status, lines = shown(
            monkeypatch, command.split()[0], words["MODEL"], *asked, "--input-shape", shape
        )
        wide = [line for line in lines if len(line) > 80]
        assert not wide, (command, wide[0])
        assert status < 2 or command in ("stream", "stream all", "verify"), (command, lines)
        for names in tables(lines):
            assert len(set(names)) == len(names), (command, names)
            named += len(names)
    assert named >= 40


def test_the_check_sees_a_name_that_stands_twice():
    head = [" layer  size r", "────────"]
    assert tables([*head, " a  1", " a  2", "────────"]) == [["a", "a"]]
