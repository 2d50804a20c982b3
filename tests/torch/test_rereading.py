"""A model read at other sizes without its code: where that is sure, and what comes of it."""

from __future__ import annotations

import itertools
import math
import operator
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402

F = nn.functional


class Plain(nn.Module):
    """Nothing in its code asks for a size: in-place ops, joins, weights that are made, a gate."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1)
        self.norm, self.scale = nn.BatchNorm2d(8), nn.Parameter(torch.ones(8))
        self.gate, self.run = nn.Conv2d(8, 8, 1), itertools.count()

    @property
    def runs(self):
        """How often its code ran; this counter alone is not put back with the model."""
        return int(repr(self.run)[len("count(") : -1])

    def forward(self, x):
        next(self.run)
        x = F.relu_(self.norm(self.a(x)))
        y = self.b(x).mul(self.scale.reshape(1, -1, 1, 1))
        y = y * torch.sigmoid(self.gate(y.mean((2, 3), keepdim=True)))
        up = F.interpolate(y, scale_factor=2, mode="nearest")
        z = torch.cat([x, up], 1)
        z += 1
        return F.max_pool2d(z, 2) - z[:, :, ::2, ::2]


def told(graph):
    """All that is in the values of a graph."""
    return [of_node(node) for node in graph.nodes]


def of_node(n):
    """All that is in a value, and in what it is past a border."""
    known = n.known and (n.known.codes.tolist(), n.known.shown, n.known.least, n.known.most)
    past = [other and of_node(other) for other in (n.beyond, n.unmasked)]
    return (
        n.name, n.op, n.operands, n.links, n.layer, n.tables, n.weights, known, n.soft, n.parts,
        past,
    )  # fmt: skip


def read(load):
    """A graph, or why there is none."""
    try:
        return told(load())
    except rfield.InvalidModelError as error:
        return str(error)


@pytest.fixture(autouse=True)
def no_scripts(monkeypatch):
    """Where other tests have compiled functions that return sizes, nothing is made again."""
    monkeypatch.setattr(torch.jit._state, "_python_cu", torch._C.CompilationUnit())


SIZES = [(32, 32), (66, 66), (33, 64), (64, 33), (7, 7), (96, 40), (35, 35), (1, 1)]


def test_what_is_read_without_the_code_is_what_the_code_does():
    model = Plain()
    graph = rfield.load(model, (1, 3, 64, 64))
    with pytest.raises(rfield.InvalidModelError):
        graph.reread({"x": (1, 3, 0, 64)})
    before = model.runs - 1
    graph.reread({"x": (1, 3, 64, 64)})
    assert model.runs == before + 2
    fields = {size: read(lambda size=size: graph.reread({"x": (1, 3, *size)})) for size in SIZES}
    refused = {re.sub(r"\d+", "", said) for said in fields.values() if isinstance(said, str)}
    assert len(refused) == 1
    assert model.runs == before + 3 + len(refused)  # both ways; refused first
    for size in SIZES:
        assert fields[size] == read(lambda size=size: rfield.load(Plain(), (1, 3, *size))), size
        assert fields[size] == read(lambda size=size: graph.reread({"x": (1, 3, *size)})), size
    assert model.runs == before + 3 + len(refused)


class Placed(Plain):
    """A table for one size; what is written to where a view may be is laid out in memory."""

    def __init__(self, writes):
        super().__init__()
        self.table, self.writes = nn.Parameter(torch.ones(1, 8, 32, 32)), writes

    def forward(self, x):
        next(self.run)
        y = self.a(x)
        if self.writes:
            y = F.relu(y.transpose(2, 3))
            half = F.max_pool2d(y[..., ::2], 2)
            y += half.mean()
        return self.b(y.reshape(1, 8, y.shape[2], -1) + self.table)


REFUSED = [(96, 96), (32, 32), (128, 60), (66, 64), (7, 9), (64, 30), (100, 100), (64, 66), (3, 3)]


@pytest.mark.parametrize(("writes", "most"), [(False, 6), (True, 9)])
def test_sizes_that_a_model_refuses_are_told_by_the_way_of_its_own(writes, most):
    model = Placed(writes)
    graph = rfield.load(model, (1, 3, 64, 64))
    sizes = [*REFUSED, (64, 64), (63, 64)]
    before = model.runs
    found = [read(lambda size=size: graph.reread({"x": (1, 3, *size)})) for size in sizes]
    assert sum(isinstance(one, str) for one in found) == len(REFUSED)
    assert model.runs - before <= most
    for size, one in zip(sizes, found, strict=True):
        assert one == read(lambda size=size: rfield.load(Placed(writes), (1, 3, *size))), size


class Wide(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return F.avg_pool2d(x, 3, 1, 1) if x.shape[-1] > 300 else x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad


def caught(x):
    """The first hundred columns, or all where there are fewer."""
    try:
        return x.narrow(-1, 0, 100)
    except RuntimeError:
        return F.avg_pool2d(x, 3, 1, 1)


class Looks(nn.Module):
    """Code that goes another way above 300 positions, told of them in one way or another."""

    def __init__(self, looks):
        super().__init__()
        self.looks = looks
        self.narrow, self.wide = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 5, padding=2)

    def forward(self, x):
        return self.wide(x) if self.looks(x) > 300 else self.narrow(x)


LOOKS = {
    "shape": lambda x: x.shape[-1],
    "size": lambda x: x.size(3),
    "len": lambda x: len(x[0, 0, 0]),
    "iteration": lambda x: sum(1 for _ in x[0, 0, 0]),
    "unbind": lambda x: len(x.unbind(-1)),
    "chunks": lambda x: 301 if len(x.narrow(2, 0, 1).split(300, -1)) > 1 else 1,
    "numel": lambda x: x.numel() ** 0.5 / 3**0.5,
    "stride": lambda x: x.stride(2),
    "text": lambda x: int(str(x.shape).split(", ")[-1].rstrip("])")),
    "bytes": lambda x: x[0, 0, 0].nbytes / 4,
    "op": lambda x: torch.ops.aten.size.int(x, 3),
    "of a result": lambda x: F.max_pool2d(x, 2).shape[-1] * 2,
    "of what is made for it": lambda x: torch.zeros_like(x).shape[-1],
    "range": lambda x: len(range(x.shape[-1])),
    "repetition": lambda x: len([0] * x.size(-1)),
    "index": lambda x: [*range(400)][x.shape[-1]],
    "root": lambda x: round(math.sqrt(x.shape[-1]) ** 2),
    "whole": lambda x: int(x.shape[-1] / 2) * 2,
    "written": lambda x: int(f"{x.shape[-1]}"),
    "percent": lambda x: int(operator.mod("%d", x.shape[-1])),
    "bits": lambda x: (x.shape[-1] - 45).bit_length() * 34,
    "divisor": lambda x: math.gcd(x.shape[-1], 2 * x.shape[-1]),
    "key": lambda x: {n: n for n in range(400)}[x.shape[-1]],
    "member": lambda x: 310 if x.shape[-1] in {310, 312, 320, 322} else 1,
    "array": lambda x: int(np.array([x.shape[-1]]).sum()),
    "counted": lambda x: np.arange(x.shape[-1]).size,
    "half": lambda x: round(x.shape[-1] / 2) * 2,
    "exact type": lambda x: x.shape[-1] if type(x.shape[-1]) is int else 1,
    "refused type": lambda x: refused(x.shape[-1]),
    "of a constant": lambda x: torch.zeros(2, x.shape[-1]).shape[1],
    "numbers of a constant": lambda x: (torch.ones(2, x.shape[-1]).sum() / 2).item(),
    "kept in a text": lambda x: kept(x.shape[-1]),
    "asserted": lambda x: [told := f"{x.shape[-1]}", torch._assert(True, told), int(told)][-1],
}


def kept(size):
    """A size, by way of a text that a call keeps."""
    box = []
    box.append(f"{size}")
    return int(box[0])


def refused(size):
    """A size, by way of a function that takes numbers only."""
    try:
        return len(torch.arange(size))
    except TypeError:
        return 1


@pytest.mark.parametrize("looks", LOOKS)
def test_code_that_is_told_of_a_size_is_run(looks):
    graph = rfield.load(Looks(LOOKS[looks]), (1, 3, 64, 64))
    sizes = [{rfield.receptive_field(graph.reread({"x": (1, 3, n, n)})).size for n in (s, s + 2)}
             for s in (64, 72, 200, 298, 310, 64, 320)]  # fmt: skip
    assert sizes == [{(3, 3)}] * 4 + [{(5, 5)}, {(3, 3)}, {(5, 5)}]


class Counted(nn.Module):
    """Counts how often its code runs, past all that is put back with the model."""

    def __init__(self, does):
        super().__init__()
        self.does, self.run = does, itertools.count()

    def forward(self, x):
        next(self.run)
        return self.does(x)


def windows(x):
    """Windows of 4 by 4 positions, of an image that is made larger where it has to be."""
    b, c, h, w = x.shape
    high, wide = math.ceil(h / 4) * 4, math.ceil(w / 4) * 4
    torch._assert(h % 2 == 0, f"a height of {h} is odd beside {w:3}")
    if (high, wide) != (h, w):
        x = F.interpolate(x, size=(high, wide), mode="bilinear", align_corners=True)
    x = x.reshape(b, c, high // 4, 4, wide // 4, 4).permute(0, 2, 4, 3, 5, 1)
    x = x.reshape(b, -1, 16, c).mean(2)
    return F.avg_pool2d(x.transpose(1, 2).reshape(b, c, high // 4, wide // 4), 3, 1, 1)


def placed(x):
    """Numbers that are made for the size, and a part of it."""
    ramp = torch.linspace(1, 2, 8)[None].repeat(1, x.size(3))[:, : max(x.shape[-1] // 2, 1)]
    left, right = x.split(x.shape[-1] // 2, dim=-1)
    return F.avg_pool2d(left * ramp + right, (1, 3), 1, (0, 1))


def shared(x):
    """A part that is written to, of which nothing else is used."""
    part = torch.cat([x, F.avg_pool2d(x, 3, 1, 1)], 1)[:, :6]
    part += 1
    return F.max_pool2d(part, 2)


def ranged(x):
    """Places that are counted for the size, each over their number."""
    high, wide = x.shape[2:]
    rows = (torch.arange(1, high + 1, device=x.device) + high / 2)[:, None].repeat(1, wide)
    grid = rows / high + 2 / wide * torch.arange(wide, dtype=torch.float32)
    return F.avg_pool2d(x * grid + torch.full((high, 1), wide / 2) * torch.ones(wide), 3, 2, 1)


def padded(x):
    """As many zeros behind it as windows of 4 want, as "same" does, and the same again."""
    for _ in range(2):
        high, wide = (max((math.ceil(n / 3) - 1) * 3 + 6 - n, 0) for n in x.shape[2:])
        x = F.relu(F.avg_pool2d(F.pad(x, (wide // 2, wide - wide // 2, 0, high)) * 2, 6, 3))
    return x


SIZED = {
    "windows": (windows, 3), "placed": (placed, 1), "shared": (shared, 1), "ranged": (ranged, 1),
    "padded": (padded, 1),
}  # fmt: skip
"""And the ways that each may go."""


@pytest.mark.parametrize("does", SIZED)
def test_what_code_makes_of_sizes_is_made_again(does):
    function, ways = SIZED[does]
    sizes = [(64, 64), (32, 32), (66, 66), (34, 70), (24, 66), (66, 24), (40, 96), (90, 30)]
    expected = [read(lambda n=n: rfield.load(Counted(function), (1, 3, *n))) for n in sizes]
    model = Counted(function)
    graph = rfield.load(model, (1, 3, 64, 64))
    for _ in range(2):
        for size, known in zip(sizes, expected, strict=True):
            assert read(lambda size=size: graph.reread({"x": (1, 3, *size)})) == known, size
    assert int(repr(model.run)[6:-1]) <= 1 + 3 * ways


class Otherwise(nn.Module):
    def __init__(self, act):
        super().__init__()
        self.act = act

    def forward(self, x):
        return F.max_pool2d(self.act(F.relu(x)), 2)


@pytest.mark.parametrize("first", [(64, 62, 102, 104, 310, 64, 312), (310, 100, 64, 102, 62)])
@pytest.mark.parametrize("act", [Wide.apply, caught], ids=["function", "caught"])
def test_what_is_not_seen_in_the_calls_is_run(act, first):
    graph = rfield.load(Otherwise(act), (1, 3, 64, 64))
    for n in first:
        again = read(lambda n=n: graph.reread({"x": (1, 3, n, n)}))
        assert again == read(lambda n=n: rfield.load(Otherwise(act), (1, 3, n, n))), n


def test_a_compiled_function_tells_sizes_unseen(tmp_path):
    (tmp_path / "scripted_width.py").write_text(
        "import torch\n@torch.jit.script\ndef width(x):\n    return x.shape[-1]\n"
    )
    import importlib.util
    import warnings

    spec = importlib.util.spec_from_file_location("scripted_width", tmp_path / "scripted_width.py")
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spec.loader.exec_module(module)
    graph = rfield.load(Looks(module.width), (1, 3, 64, 64))
    sizes = (64, 72, 80, 310)
    fields = [rfield.receptive_field(graph.reread({"x": (1, 3, n, n)})).size for n in sizes]
    assert fields == [(3, 3)] * 3 + [(5, 5)]
    del module, graph  # the compiled function is gone with them


def test_writes_to_what_others_share_are_for_the_code():
    class Shared(nn.Module):
        def forward(self, x):
            half = x[:, :, ::2]
            half += 1
            return F.avg_pool2d(x, 3, 1, 1)

    graph = rfield.load(Shared(), (1, 3, 64, 64))
    for n in (64, 66, 68, 70):
        again = read(lambda n=n: graph.reread({"x": (1, 3, n, n)}))
        assert again == read(lambda n=n: rfield.load(Shared(), (1, 3, n, n)))


def test_a_copy_that_is_a_view_at_other_sizes_is_for_the_code():
    class Copied(nn.Module):
        def forward(self, x):
            x = F.relu(x)
            row = x.transpose(2, 3).reshape(1, 3, -1)
            row += F.avg_pool1d(row, 3, 1, 1)
            return F.max_pool2d(x, 1)

    graph = rfield.load(Copied(), (1, 3, 64, 64))
    for size in [(64, 64), (32, 32), (40, 48), (1, 64), (64, 1), (16, 16)]:
        again = read(lambda size=size: graph.reread({"x": (1, 3, *size)}))
        assert again == read(lambda size=size: rfield.load(Copied(), (1, 3, *size))), size


class Spectra(nn.Module):
    """A convolution of complex numbers, as of the raw data of MRI and radar."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1, dtype=torch.complex64)

    def forward(self, x):
        return F.max_pool2d(self.conv(x.conj()).abs(), 2)


def test_complex_images_have_tiles_and_sizes():
    model, image = Spectra(), torch.randn(1, 1, 96, 128, dtype=torch.complex64)
    of = {"input_shape": (1, 1, 64, 64), "dtype": torch.complex64}
    plan = rfield.tile_plan(model, (96, 128), tile=48, **of)
    assert (plan.exact, plan.halo) == (True, ((2, 2), (2, 2)))
    with torch.no_grad():
        torch.testing.assert_close(rfield.run_tiled(model, image, plan), model(image))
    assert str(rfield.valid_sizes(model, **of)) == "y, x: every size from 2"
