"""One meaning: a Keras model by its layers, and the same model as a TensorFlow graph."""

from __future__ import annotations

import pytest

tf = pytest.importorskip("tensorflow", reason="the graph is traced by TensorFlow")
keras = pytest.importorskip("keras", reason="the models are built by Keras")

import rfield  # noqa: E402

pytestmark = [
    pytest.mark.keras,
    pytest.mark.tensorflow,
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="traced by TensorFlow"),
]
QUICK = ("VGG16", "MobileNet", "EfficientNetB0")
EVERY = sorted(name for name in dir(keras.applications) if name[0].isupper())


def numbers(field):
    return field.size, field.local.size, field.local.stride, field.local.padding


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in EVERY],
)
def test_layers_and_graph_agree(name):
    with keras.StatelessScope(initialize_variables=False):
        model = getattr(keras.applications, name)(weights=None)
    shape = (1, *model.inputs[0].shape[1:])
    walked = rfield.receptive_fields(rfield.load(model, shape))
    specs = [
        [tf.TensorSpec(tuple(v.shape), v.dtype) for v in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    ]
    traced = tf.function(
        lambda x, a, b: model.stateless_call(a, b, x, training=False)[0], autograph=False
    ).get_concrete_function(tf.TensorSpec(shape, tf.float32, name="image"), *specs)
    graph = rfield.load(traced.graph.as_graph_def(), inputs=["image"])
    found = rfield.receptive_fields(graph)
    last: dict[str, str] = {}
    for node in found:
        for scope in node.split("/")[:-1]:
            last[scope] = node  # the last node of a layer's scope is its output
    compared = 0
    for layer, field in walked.items():
        own = layer.split("/")[-1]
        if own.endswith("_1") and own[:-2] in walked:
            continue  # in the graph, the scope of the layer without the _1 has this name
        node = last.get(f"{own}_1") or last.get(own)
        if node is None or found[node].output_shape != field.output_shape:
            continue
        compared += 1
        assert numbers(found[node]) == numbers(field), layer
    assert compared >= 0.7 * len(walked)
