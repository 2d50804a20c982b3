"""Windows that are gathered by a table of positions, as exporters write ``F.unfold``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="ONNX is not installed")

from onnx.reference import ReferenceEvaluator

import rfield
from tests.onnx.small import model, node

pytestmark = pytest.mark.onnx


def positions(size: str, step: int, dilation: int, *, windows_first: bool) -> list[Any]:
    """``rows`` of window and place, or of place and window: a range beside another."""
    kernel = 2 * dilation + 1
    windows, places = ("column", "row") if windows_first else ("row", "column")
    return [
        node("Constant", [], [f"{size}_kernel"], value_int=kernel - 1),
        node("Constant", [], [f"{size}_step"], value_int=step),
        node("Constant", [], [f"{size}_from"], value_int=0),
        node("Constant", [], [f"{size}_places"], value_ints=[0, dilation, 2 * dilation]),
        node("Sub", [size, f"{size}_kernel"], [f"{size}_last"]),
        node("Range", [f"{size}_from", f"{size}_last", f"{size}_step"], [f"{size}_starts"]),
        node("Unsqueeze", [f"{size}_starts", windows], [f"{size}_windows"]),
        node("Unsqueeze", [f"{size}_places", places], [f"{size}_inside"]),
        node("Add", [f"{size}_windows", f"{size}_inside"], [f"{size}_rows"]),
    ]


def unfolded(step: int, dilation: int, *, windows_first: bool = False) -> Any:
    """The largest of each window of 3 x 3: four axes, of which two are reduced."""
    tables = (
        positions(size, step, dilation, windows_first=windows_first) for size in ("high", "wide")
    )
    inside = [3, 5] if windows_first else [2, 4]
    return model(
        [
            node("Shape", ["x"], ["sizes"]),
            node("Gather", ["sizes", "two"], ["high"], axis=0),
            node("Gather", ["sizes", "three"], ["wide"], axis=0),
            *(made for table in tables for made in table),
            node("Gather", ["x", "high_rows"], ["rows"], axis=2),
            node("Gather", ["rows", "wide_rows"], ["cells"], axis=4),
            node("ReduceMax", ["cells", "inside"], ["y"], keepdims=0),
        ],
        {"x": (1, 1, "h", "w")}, ["y"],
        {
            "two": np.int64(2), "three": np.int64(3), "row": np.array([0]),
            "column": np.array([1]), "inside": np.array(inside),
        },
    )  # fmt: skip


@pytest.mark.parametrize("windows_first", [False, True])
@pytest.mark.parametrize(("step", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2), (2, 3)])
def test_windows_are_tiled(step: int, dilation: int, windows_first: bool) -> None:
    made = unfolded(step, dilation, windows_first=windows_first)
    field = rfield.receptive_field(made, input_shape=(1, 1, 30, 34))
    assert field.size == (2 * dilation + 1,) * 2
    assert [*field.stride] == [step, step]
    assert field.padding == (0, 0)
    plan = rfield.tile_plan(made, (60, 72), tile=(31, 30), input_shape=(1, 1, 60, 72))
    assert (plan.exact, plan.grid) == (True, (step, step))
    running = ReferenceEvaluator(made)

    def run(part: Any) -> Any:
        (found,) = running.run(None, {"x": part})
        return found

    x = np.random.default_rng(0).random((1, 1, 60, 72)).astype(np.float32)
    assert np.array_equal(rfield.run_tiled(run, x, plan), run(x))
