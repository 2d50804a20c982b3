"""What becomes of elements that a mask has made numbers, against finite changes in double.

``x * odd`` is zero at every second place. What a function makes of that zero decides what is read
further on: a condition that holds there chooses, a zero takes away what it multiplies. Each case is
read and run in every front end; where the number is lost the answer has to be a bound.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import rfield
from tests.machine.perturbed import verdicts
from tests.machine.words import FRONTS, SHAPE, in_a_file

pytestmark = pytest.mark.filterwarnings("ignore")

ODD = (np.arange(6) % 2).astype(float)


def beside(number: Any) -> Any:
    """A number of the masked elements, times what is beside them."""
    return lambda o, x: number(o, x * o.array(ODD)) * o.flip(x)


CASES: dict[str, Any] = {
    "floor": beside(lambda o, h: o.floor(h + 0.25)),
    "relu": beside(lambda o, h: o.relu(h - 0.5)),
    "relu of one": beside(lambda o, h: o.relu(h + 1.0)),
    "clip": beside(lambda o, h: o.clip(h - 0.5, 0.0, 1.0)),
    "maximum": beside(lambda o, h: o.maximum(h - 0.5, 0.0 * h)),
    "compared": beside(lambda o, h: o.number(h > 0.5)),
    "compared with less": beside(lambda o, h: o.number(h > -0.5)),
    "one minus": beside(lambda o, h: 1.0 - o.sign(h + 0.5)),
    "moved": beside(lambda o, h: o.flip(o.relu(h - 0.5))),
    "chosen": lambda o, x: o.where(x * o.array(ODD) > -0.5, x, o.flip(x)),
    "chosen number": beside(lambda o, h: o.where(h > -0.5, h, h - 1.0)),
    "equals": beside(lambda o, h: o.number(h > 0.25) - o.number(h > -0.5) + o.number(h > -1e9)),
    "between": lambda o, x: o.minimum(x * o.array(ODD), o.maximum(x, 0.0 - x * o.array(ODD))),
    "no power": lambda o, x: o.power(x * x + 2.0, o.relu(x * o.array(ODD))),
}


@pytest.mark.parametrize("front", FRONTS)
def test_numbers_that_masks_leave(front: str) -> None:
    if find_spec(front) is None:
        pytest.skip(f"{front} is not installed")
    words = FRONTS[front]()
    found = {}
    for name, function in CASES.items():
        model, run = words.both(lambda x, function=function: function(words, x))
        graph = rfield.load(model, SHAPE, axes=(0, 1, 2))
        found[name] = verdicts(graph, run, [SHAPE], ["x"], points=24)
    assert found == {name: ["exact"] for name in CASES}


@pytest.mark.parametrize("front", FRONTS)
def test_numbers_that_are_lost(front: str) -> None:
    if find_spec(front) is None:
        pytest.skip(f"{front} is not installed")
    words = FRONTS[front]()

    def largest(x: Any) -> Any:
        h = x * words.array(ODD)
        return words.number(words.largest(h, h - 1.0)) * words.flip(x)

    model, run = words.both(largest)
    graph = rfield.load(model, SHAPE, axes=(0, 1, 2))
    assert verdicts(graph, run, [SHAPE], ["x"], points=24) == ["bound"]


TABLES = {"odd": ODD, "one": np.ones(()), "none": np.zeros(()), "weight": ODD + 2}
ONNX = {
    "relu": ([("Mul", "x odd"), ("Sub", "0 one"), ("Relu", "1"), ("Mul", "2 x")], "exact"),
    "floor": ([("Mul", "x odd"), ("Floor", "0"), ("Add", "1 one"), ("Mul", "2 x")], "exact"),
    "chosen": ([("Mul", "x odd"), ("Less", "0 one"), ("Where", "1 x none")], "exact"),
    "a number of the file": (
        [("Mul", "x odd"), ("Sub", "0 weight"), ("Relu", "1"), ("Mul", "2 x")], "bound",
    ),
}  # fmt: skip


@pytest.mark.onnx
@pytest.mark.parametrize("name", ONNX)
def test_in_a_file(name: str) -> None:
    pytest.importorskip("onnx")
    steps, verdict = ONNX[name]
    model, run = in_a_file(steps, TABLES)
    assert verdicts(rfield.load(model, axes=(0, 1, 2)), run, [SHAPE], ["x"], points=24) == [verdict]


@pytest.mark.torch
def test_in_torch() -> None:
    torch = pytest.importorskip("torch")
    odd = torch.tensor(ODD)
    cases = {
        "whole": lambda x: (x * odd + 0.75).to(torch.int64) * x.flip(2),
        "cut": lambda x: torch.div(x * odd + 1.0, 2, rounding_mode="floor") * x.flip(2),
        "more": lambda x: torch.relu(torch.sub(x * odd, odd + 1, alpha=2)) * x.flip(2),
        "not": lambda x: (~(x * odd > -0.5)) * x.flip(2),
    }

    class Net(torch.nn.Module):
        def __init__(self, function: Any) -> None:
            super().__init__()
            self.function = function

        def forward(self, x: Any) -> Any:
            return self.function(x)

    found = {}
    for name, function in cases.items():
        run = lambda x, function=function: function(torch.from_numpy(x)).numpy()  # noqa: E731
        graph = rfield.load(Net(function), SHAPE, axes=(0, 1, 2))
        (found[name],) = verdicts(graph, run, [SHAPE], ["x"], points=24)
    assert found == {"whole": "exact", "cut": "exact", "more": "bound", "not": "exact"}
