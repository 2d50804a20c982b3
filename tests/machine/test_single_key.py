"""A softmax over one key alone is the number 1: whoever asks, and the key, are not read."""

from __future__ import annotations

import numpy as np
import pytest

import rfield
from tests.machine.perturbed import verdicts

pytestmark = pytest.mark.filterwarnings("ignore")

SHAPES = [(1, 4, 2), (1, 1, 2), (1, 1, 2)]
NAMES = ["asks", "key", "value"]
AXES = dict.fromkeys(NAMES, (0, 1, 2))


def is_read(graph, name):
    return graph.main in graph.dependents(graph.entry(name).node)


def only_the_value(graph, run):
    assert [name for name in NAMES if is_read(graph, name)] == ["value"]
    assert verdicts(
        graph, lambda v: run(*(np.ones(s) for s in SHAPES[:2]), v), SHAPES[2:], ["value"]
    ) == ["exact"]


def fused(torch, asks, key, value):
    return torch.nn.functional.scaled_dot_product_attention(asks, key, value)


def written(torch, asks, key, value):
    return (asks @ key.transpose(1, 2)).softmax(-1) @ value


def causal(torch, asks, key, value):
    heads = (x[:, None] for x in (asks, key, value))
    return torch.nn.functional.scaled_dot_product_attention(
        *heads, attn_mask=torch.zeros(4, 1).double()
    )[:, 0]


@pytest.mark.torch
@pytest.mark.parametrize("attend", [fused, written, causal])
def test_pytorch(attend):
    torch = pytest.importorskip("torch")

    class Attend(torch.nn.Module):
        def forward(self, asks, key, value):
            return attend(torch, asks, key, value)

    shapes = dict(zip(NAMES, SHAPES, strict=True))
    graph = rfield.load(Attend(), shapes, axes=AXES, dtype=torch.float64)
    only_the_value(graph, lambda *given: Attend()(*map(torch.tensor, given)).numpy())


@pytest.mark.onnx
def test_onnx():
    onnx = pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    model = onnx.parser.parse_model("""
        <ir_version: 9, opset_import: ["" : 20]>
        attend (double[1,4,2] asks, double[1,1,2] key, double[1,1,2] value) => (double[1,4,2] y) {
            turned = Transpose<perm = [0, 2, 1]>(key)
            scores = MatMul(asks, turned)
            weights = Softmax<axis = -1>(scores)
            y = MatMul(weights, value)
        }""")
    evaluator = ReferenceEvaluator(model)
    run = lambda *given: evaluator.run(None, dict(zip(NAMES, given, strict=True)))[0]  # noqa: E731
    only_the_value(rfield.load(model, axes=AXES), run)


@pytest.mark.tensorflow
def test_tensorflow():
    tf = pytest.importorskip("tensorflow")
    specs = [tf.TensorSpec(s, tf.float64, n) for s, n in zip(SHAPES, NAMES, strict=True)]

    @tf.function(input_signature=specs)
    def attend(asks, key, value):
        return tf.nn.softmax(tf.matmul(asks, key, transpose_b=True)) @ value

    made = attend.get_concrete_function()
    only_the_value(rfield.load(made, axes=AXES), lambda *x: made(*map(tf.constant, x)).numpy())


@pytest.mark.keras
def test_keras():
    keras = pytest.importorskip("keras")
    asks, key, value = (
        keras.Input(s[1:], batch_size=1, name=n) for s, n in zip(SHAPES, NAMES, strict=True)
    )
    layer = keras.layers.MultiHeadAttention(2, 2)
    model = keras.Model([asks, key, value], layer(asks, value, key))
    graph = rfield.load(model, axes=dict.fromkeys(NAMES, (1,)))
    assert [name for name in NAMES if is_read(graph, name)] == ["value"]
    assert rfield.support(graph, (0,), wrt="value").count == 1
