"""Numbers that swallow what they stand beside, against finite changes in double precision."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import rfield
from tests.machine.perturbed import verdicts
from tests.machine.words import FRONTS, SHAPE, in_a_file

pytestmark = pytest.mark.filterwarnings("ignore")

PLACES = np.arange(6)
ENDS = np.where(PLACES % 2, -np.inf, np.inf)
ODD = (PLACES % 2).astype(float)
NONE = 0 * ODD


def twice(o: Any, condition: Any, y: Any) -> Any:
    return o.where(condition, y, y)


CASES: dict[str, tuple[Any, set[int]]] = {
    "larger of infinity": (lambda o, x: o.maximum(x, o.array(ENDS)), {1, 3, 5}),
    "smaller of infinity": (lambda o, x: o.minimum(x, o.array(ENDS)), {0, 2, 4}),
    "equal bounds": (lambda o, x: o.clip(x, o.array(NONE), o.array(ODD)), {1, 3, 5}),
    "crossed bounds": (lambda o, x: o.clip(x, o.array(1 - ODD), o.array(ODD)), {1, 3, 5}),
    "equal numbers": (lambda o, x: o.clip(x, 1.0, 1.0) + x[..., 2:3], {2}),
    "larger of smaller": (
        lambda o, x: o.maximum(o.minimum(x, o.array(ODD)), o.array(NONE)), {1, 3, 5},
    ),
    "equal branches": (lambda o, x: o.where(x > 0, o.array(ODD), o.array(NONE)), {1, 3, 5}),
    "one branch twice": (lambda o, x: twice(o, x > 0, o.maximum(x, o.array(ENDS))), {1, 3, 5}),
    "no power": (lambda o, x: o.power(x, o.array(ODD)), {1, 3, 5}),
    "powers of one": (lambda o, x: o.power(o.array(ODD + 1), x), {1, 3, 5}),
    "divided zero": (lambda o, x: o.divide(o.array(ODD), x), {1, 3, 5}),
    "no bounds": (lambda o, x: o.clip(x, -9.0, 9.0), set(PLACES)),
    "no number": (lambda o, x: o.nan_to_num(x), set(PLACES)),
}  # fmt: skip
LEFT_OUT = {("tensorflow", "no number"), ("tensorflow", "powers of one")}
"""It has no such function; and ones and twos in a graph may be parameters."""


def indices(graph: Any) -> set[int]:
    return {place for place in PLACES if rfield.support(graph, (0, 0, place)).count}


@pytest.mark.parametrize("front", FRONTS)
def test_what_a_number_swallows_is_not_read(front: str) -> None:
    if find_spec(front) is None:
        pytest.skip(f"{front} is not installed")
    words = FRONTS[front]()
    for name, (function, expected) in CASES.items():
        if (front, name) in LEFT_OUT:
            continue
        model, run = words.both(lambda x, function=function: function(words, x))
        graph = rfield.load(model, SHAPE, axes=(0, 1, 2))
        with np.errstate(all="ignore"):
            assert verdicts(graph, run, [SHAPE], ["x"]) == ["exact"], name
        if len(expected) > 1:
            assert indices(graph) == expected, name
        else:
            assert rfield.support(graph, (0, 0, 4)).offset == (0, 0, *expected)


TABLES = {
    "ends": ENDS,
    "odd": ODD,
    "two": 2 * ODD,
    "one": np.ones(()),
    "zero": np.zeros(()),
    "other": ODD + PLACES,
}
ONNX = {
    "Max": ([("Max", "x ends")], "exact", {1, 3, 5}),
    "Min of three": ([("Min", "one x ends")], "exact", {0, 2, 4}),
    "Clip": ([("Clip", "x one one"), ("Mul", "x odd"), ("Add", "0 1")], "exact", {1, 3, 5}),
    "larger of smaller": (
        [("Min", "x odd"), ("Max", "0 one"), ("Add", "1 x")],
        "exact",
        set(PLACES),
    ),
    "Where": ([("Less", "x zero"), ("Where", "0 odd one")], "exact", {0, 2, 4}),
    "Pow": ([("Pow", "x odd")], "exact", {1, 3, 5}),
    "Div": ([("Div", "odd x")], "exact", {1, 3, 5}),
    # What may be a parameter leaves a bound.
    "Pow of weights": ([("Pow", "x two")], "bound", None),
    "Where of weights": ([("Less", "x one"), ("Where", "0 two other")], "bound", None),
    "larger of weights": ([("Min", "x two"), ("Max", "0 one")], "bound", None),
}


@pytest.mark.onnx
@pytest.mark.parametrize("name", ONNX)
def test_in_a_file(name: str) -> None:
    pytest.importorskip("onnx")
    steps, verdict, expected = ONNX[name]
    model, run = in_a_file(steps, TABLES)
    graph = rfield.load(model, axes=(0, 1, 2))
    with np.errstate(all="ignore"):
        assert verdicts(graph, run, [SHAPE], ["x"]) == [verdict]
    if expected is not None:
        assert indices(graph) == expected
