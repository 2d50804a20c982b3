"""A layer or an output that is called as an input is: both are meant where they are asked for."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
SHAPE = (1, 1, 9, 9)


def conv():
    return torch.nn.Conv2d(1, 1, 3, padding=1)


class Layer(torch.nn.Module):
    """Its first layer has the name of its argument."""

    def __init__(self):
        super().__init__()
        self.x, self.b = conv(), conv()

    def forward(self, x):
        return self.b(self.x(x))


class Key(torch.nn.Module):
    """Its output has the name of its argument, which it also hands on."""

    def __init__(self):
        super().__init__()
        self.a, self.b = conv(), conv()

    def forward(self, x):
        return {"x": self.b(self.a(x)), "y": x}


class Sum(torch.nn.Module):
    """The same, and the output is no layer's."""

    def __init__(self):
        super().__init__()
        self.a = conv()

    def forward(self, x):
        return {"x": self.a(x) + 1}


CASES = {
    Layer: ({"x": (3, 3), "b": (5, 5)}, 2),
    Key: ({"a": (3, 3), "b": (5, 5), "x": (5, 5), "y": (1, 1)}, 2),
    Sum: ({"a": (3, 3), "x": (3, 3)}, 1),
}


@pytest.mark.parametrize("kind", CASES)
def test_every_question_means_the_layer(kind):
    sizes, convolutions = CASES[kind]
    graph = rfield.load(kind(), SHAPE)
    assert graph.inputs == ("x",)
    assert {name: field.size for name, field in rfield.receptive_fields(graph).items()} == sizes
    assert rfield.receptive_field(graph, "x").size == sizes["x"]
    assert rfield.receptive_field(graph, wrt="x").size == max(sizes.values())
    assert rfield.support(graph, (4, 4), "x").count == sizes["x"][0] * sizes["x"][1]
    assert [row.layer for row in rfield.summary(graph)] == list(sizes)
    assert rfield.cost(graph).macs == convolutions * 9 * 81
    assert "x" in rfield.explore(graph).html


@pytest.mark.parametrize("kind", CASES)
def test_the_running_model_agrees(kind):
    torch.manual_seed(0)
    assert rfield.verify(kind(), SHAPE)
