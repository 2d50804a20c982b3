"""Transposed convolutions whose kernel a mask thins out: exact, also by phase."""

from __future__ import annotations

import numpy as np
import pytest

import rfield
from tests.machine.perturbed import verdicts

pytestmark = pytest.mark.filterwarnings("ignore")

CASES = {
    "stride 2": ([[[1, 0, 1]]], (1, 1, 4), {"stride": 2}),
    "cropped": ([[[1, 0, 1]]], (1, 1, 4), {"stride": 2, "padding": 1}),
    "more at the end": (
        [[[1, 0, 1, 1, 0]]], (1, 1, 4), {"stride": 3, "padding": 1, "output_padding": 1},
    ),
    "dilated": ([[[1, 0, 1]]], (1, 1, 5), {"stride": 2, "dilation": 3, "padding": 2}),
    "one tap": ([[[0, 0, 1]]], (1, 1, 5), {}),
    "no batch": ([[[1, 0, 1]]], (1, 4), {"stride": 2}),
    "groups": ([[[1, 0, 1]], [[1, 0, 1]]], (1, 2, 4), {"stride": 2, "groups": 2}),
    "two axes": (
        [[[[1, 0, 1], [1, 1, 1], [0, 0, 0]]]], (1, 1, 3, 3), {"stride": 2, "padding": 1},
    ),
}  # fmt: skip


@pytest.mark.torch
@pytest.mark.parametrize("name", CASES)
def test_pytorch(name):
    torch = pytest.importorskip("torch")
    given, shape, options = CASES[name]
    mask = torch.tensor(given, dtype=torch.float64)
    functional = torch.nn.functional

    class Masked(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.rand_like(mask) + 0.5)
            self.register_buffer("mask", mask)

        def forward(self, x):
            run = functional.conv_transpose1d if mask.dim() == 3 else functional.conv_transpose2d
            return run(x, self.weight * self.mask, **options)

    model = Masked()
    graph = rfield.load(model, shape, axes=tuple(range(len(shape))), dtype=torch.float64)
    run = lambda x: model(torch.tensor(x)).detach().numpy()  # noqa: E731
    assert verdicts(graph, run, [shape], ["x"]) == ["exact"]


@pytest.mark.onnx
def test_onnx():
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    model = onnx.parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 20]>
        thinned (double[1,1,4] x) => (double[1,1,N] y)
        <double[1,1,3] w = {0.5, 0.7, 0.9}, double[1,1,3] m = {1, 0, 1}> {
            kernel = Mul(w, m)
            y = ConvTranspose <strides = [2]> (x, kernel)
        }""")
    evaluator = ReferenceEvaluator(model)
    graph = rfield.load(model, axes=(0, 1, 2))
    assert verdicts(graph, lambda x: evaluator.run(None, {"x": x})[0], [(1, 1, 4)], ["x"]) == [
        "exact"
    ]


@pytest.mark.tensorflow
def test_tensorflow():
    tf = pytest.importorskip("tensorflow")
    weight = tf.Variable(np.full((3, 1, 1), 0.5))
    mask = tf.constant(np.array([1.0, 0, 1]).reshape(3, 1, 1))

    @tf.function(input_signature=[tf.TensorSpec((1, 4, 1), tf.float64, "x")])
    def thinned(x):
        return tf.nn.conv1d_transpose(x, weight * mask, (1, 8, 1), 2)

    made = thinned.get_concrete_function()
    graph = rfield.load(made, axes=(0, 1, 2))
    assert verdicts(graph, lambda x: made(tf.constant(x)).numpy(), [(1, 4, 1)], ["x"]) == ["exact"]


@pytest.mark.keras
def test_keras():
    keras = pytest.importorskip("keras")
    kernel = np.array([0.5, 0, 0.7]).reshape(3, 1, 1)
    given = keras.Input((4, 1), batch_size=1, dtype="float64", name="x")
    made = keras.ops.conv_transpose(given, kernel, 2, padding="valid", data_format="channels_last")
    model = keras.Model(given, made)
    graph = rfield.load(model, axes=(1,))
    read = []
    for place in range(9):
        found = rfield.support(graph, (place,))
        assert found.fidelity is rfield.Fidelity.EXACT
        read.append([found.offset[0] + int(k) for k in np.flatnonzero(found.mask)])
    assert read == [[0], [], [0, 1], [], [1, 2], [], [2, 3], [], [3]]
