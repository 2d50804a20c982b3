"""Weights, statistics and filling values that a model computes from its input are read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="the models are run by ONNX Runtime")

import rfield  # noqa: E402
from tests.onnx.probe import dependence  # noqa: E402
from tests.onnx.small import model, node, weights  # noqa: E402

pytestmark = pytest.mark.onnx

SHAPE = (1, 2, 8)
CASES: dict[str, Any] = {
    "layer norm": [node("LayerNormalization", ["x", "seven8"], ["y"], axis=-1)],
    "instance norm": [node("InstanceNormalization", ["x", "seven", "b"], ["y"])],
    "batch norm": [node("BatchNormalization", ["x", "b", "b", "seven", "one"], ["y"])],
    "conv's bias": [node("Conv", ["x", "w", "seven"], ["y"])],
    "transposed conv's bias": [node("ConvTranspose", ["x", "w", "seven"], ["y"])],
    "padding with it": [node("Pad", ["x", "ends", "last"], ["y"])],
    "lstm": [
        node("Transpose", ["x"], ["t"], perm=[2, 0, 1]),
        node("LSTM", ["t", "gates", "states", "offsets"], ["h"], hidden_size=1),
        node("Squeeze", ["h", "one_"], ["g"]),
        node("Transpose", ["g"], ["y"], perm=[1, 2, 0]),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_computed_from_the_input_is_read(name: str) -> None:
    made = [
        node("Gather", ["x", "place"], ["pair"], axis=2),  # (1, 2)
        node("Reshape", ["pair", "two"], ["seven"]),
        node("Gather", ["seven", "zero"], ["last"]),
        node("Expand", ["last", "eight"], ["seven8"]),
        node("Expand", ["last", "of_offsets"], ["offsets"]),
    ]
    constants = {
        "place": np.array(7), "two": np.array([2]), "zero": np.array(0), "eight": np.array([8]),
        "b": weights(2), "one": np.ones(2, np.float32), "w": weights(2, 2, 3),
        "ends": np.array([0, 0, 2, 0, 0, 1]), "gates": weights(1, 4, 2), "one_": np.array([1]),
        "states": weights(1, 4, 1), "of_offsets": np.array([1, 8]),
    }  # fmt: skip
    built = model([*made, *CASES[name]], {"x": SHAPE}, ["y"], constants)
    graph = rfield.load(built)
    x = np.random.default_rng(0).uniform(0.5, 1.5, SHAPE).astype(np.float32)
    (found,) = dependence(built, {"x": x}, "x", (2,))
    for at in range(found.shape[-1]):
        support = rfield.support(graph, (at,))
        claimed = {support.offset[0] + int(k) for (k,) in np.argwhere(support.mask)}
        assert {k for k in range(8) if found[k, ..., at].any()} <= claimed, at
