"""A model read at other sizes without its code: where that is sure, and what comes of it."""

from __future__ import annotations

import itertools
import re

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
    return [
        (n.name, n.op, n.operands, n.links, n.layer, n.tables, n.weights, n.known, n.soft, n.parts)
        for n in graph.nodes
    ]


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
}


@pytest.mark.parametrize("looks", LOOKS)
def test_code_that_is_told_of_a_size_is_run(looks):
    graph = rfield.load(Looks(LOOKS[looks]), (1, 3, 64, 64))
    sizes = [{rfield.receptive_field(graph.reread({"x": (1, 3, n, n)})).size for n in (s, s + 2)}
             for s in (64, 72, 200, 298, 310, 64, 320)]  # fmt: skip
    assert sizes == [{(3, 3)}] * 4 + [{(5, 5)}, {(3, 3)}, {(5, 5)}]


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
