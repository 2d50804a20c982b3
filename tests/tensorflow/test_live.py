"""Live graphs and functions, loops and branches, and what TensorFlow promises of its ops."""

from __future__ import annotations

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="the graphs are made by TensorFlow")

import rfield  # noqa: E402
from rfield.frontends.tensorflow import RULES  # noqa: E402
from rfield.frontends.tensorflow.arguments import OUTPUT_NAMES  # noqa: E402
from rfield.frontends.tensorflow.sources import ASIDE  # noqa: E402

pytestmark = pytest.mark.tensorflow
KERNEL = np.full((3, 3, 1, 1), 0.5, np.float32)
SHAPE = (None, 16, 16, 1)


def conv(x):
    return tf.nn.conv2d(x, KERNEL, 1, "SAME")


def concrete(function, shape=SHAPE):
    return tf.function(function).get_concrete_function(tf.TensorSpec(shape, tf.float32, name="x"))


@pytest.fixture
def old_loops():
    tf.compat.v1.disable_control_flow_v2()
    yield
    tf.compat.v1.enable_control_flow_v2()


def test_every_kind_of_live_graph():
    function = concrete(lambda x: conv(conv(x)))
    for source in (function, function.graph, function.graph.as_graph_def()):
        assert rfield.receptive_field(source).size == (5, 5)
    traced = rfield.load(tf.function(conv), SHAPE)
    assert rfield.receptive_field(traced).size == (3, 3)


def test_captured_variables_have_the_shape_of_the_live_graph():
    weight = tf.Variable(np.ones((5, 3, 1, 2), np.float32))
    rf = rfield.receptive_field(concrete(lambda x: tf.nn.conv2d(x, weight, 1, "SAME")))
    assert rf.size == (5, 3)


def test_a_saved_model(tmp_path):
    class Net(tf.Module):
        def __init__(self):
            super().__init__()
            self.weight = tf.Variable(np.ones((3, 3, 1, 2), np.float32), name="w")

        @tf.function(input_signature=[tf.TensorSpec(SHAPE, tf.float32, name="picture")])
        def __call__(self, x):
            return {"features": tf.nn.relu(tf.nn.conv2d(x, self.weight, 2, "SAME"))}

    net = Net()
    tf.saved_model.save(net, str(tmp_path), signatures=net.__call__)
    graph = rfield.load(tmp_path)
    assert graph.inputs == ("picture",)
    rf = rfield.receptive_field(graph)
    assert (rf.size, rf.stride, rf.padding) == ((3, 3), (2, 2), (0, 0))


def test_a_while_loop_is_written_out():
    def loop(x):
        return tf.while_loop(
            lambda i, x: i < 3, lambda i, x: (i + 1, conv(x)), [tf.constant(0), x]
        )[1]

    rf = rfield.receptive_field(concrete(loop))
    assert (rf.size, rf.fidelity) == ((7, 7), rfield.Fidelity.EXACT)


def test_a_loop_that_looks_at_pixels_is_bounded():
    def loop(x):
        return tf.while_loop(lambda x: tf.reduce_sum(x) < 10.0, lambda x: [conv(x)], [x])[0]

    rf = rfield.receptive_field(concrete(loop, (1, 16, 16, 1)))
    assert rf.size == (rfield.UNBOUNDED,) * 2
    assert rf.fidelity is rfield.Fidelity.UPPER_BOUND


def test_branches():
    def known(x):
        return tf.cond(tf.constant(True), lambda: conv(x), lambda: conv(conv(x)))

    def unknown(x):
        flag = tf.compat.v1.placeholder_with_default(tf.Variable(True, trainable=False), ())
        return tf.cond(flag, lambda: conv(x), lambda: conv(conv(x)))

    assert rfield.receptive_field(concrete(known)).size == (3, 3)
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, SHAPE, name="x")
        unknown(x)
    rf = rfield.receptive_field(graph)
    assert (rf.size, rf.fidelity) == ((5, 5), rfield.Fidelity.UPPER_BOUND)


@pytest.mark.usefixtures("old_loops")
def test_loops_tied_into_the_graph():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, SHAPE, name="x")

        def inner(x):
            return tf.while_loop(
                lambda i, x: i < 2, lambda i, x: (i + 1, conv(x)), [tf.constant(0), x]
            )[1]

        y = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, inner(x)), [tf.constant(0), x])[
            1
        ]
        y = tf.identity(y, name="after")
        z = tf.cond(tf.constant(False), lambda: tf.nn.relu(y), lambda: conv(y), name="branch")
        tf.map_fn(lambda a: conv(a[None])[0], tf.ones((2, 1, 1, 1)) * z[:1], name="mapped")
    loaded = rfield.load(graph)
    assert rfield.receptive_field(loaded, "after").size == (13, 13)
    assert rfield.receptive_field(loaded, "branch/Merge").size == (15, 15)
    assert rfield.receptive_field(loaded).size == (17, 17)
    assert rfield.receptive_field(loaded).fidelity is rfield.Fidelity.EXACT


def test_a_training_graph():
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, SHAPE, name="x")
        weight = tf.compat.v1.get_variable("w", (3, 3, 1, 4), use_resource=False)
        y = tf.nn.conv2d(x, weight, 2, "VALID", name="features")
        loss = tf.reduce_mean(tf.square(y))
        tf.compat.v1.train.AdamOptimizer().minimize(loss)
        tf.compat.v1.summary.scalar("loss", loss)
        tf.compat.v1.train.Saver()
    loaded = rfield.load(graph)
    assert loaded.inputs == ("x",)
    assert rfield.receptive_field(loaded, "features").size == (3, 3)
    assert "Mean" in loaded.outputs


def test_a_recurrent_loop_reads_the_past_only():
    def cell(x):
        def step(state, now):
            return state + now

        return tf.transpose(tf.scan(step, tf.transpose(x, (1, 0, 2))), (1, 0, 2))

    graph = rfield.load(concrete(cell, (1, 9, 2)))
    region = rfield.receptive_field(graph).region((5,), clip=True)
    assert (tuple(region.start), tuple(region.stop)) == ((0,), (6,))


def test_output_names_are_those_of_tensorflow():
    """References inside functions name outputs; ops with several are listed."""
    from tensorflow.python.framework import op_def_registry

    for op in set(RULES) - set(ASIDE):
        definition = op_def_registry.get(op)
        if definition is None:
            continue
        names = tuple(argument.name for argument in definition.output_arg)
        if op in OUTPUT_NAMES:
            assert OUTPUT_NAMES[op] == names, op
        else:
            assert len(names) <= 1, op


def test_messages_are_those_of_tensorflow():
    """Every field that rfield describes has the number and type that TensorFlow gives it."""
    from tensorflow.core.framework import graph_pb2

    from rfield.frontends.tensorflow import messages

    def is_repeated(field):  # which older releases of protobuf say in another word
        newer = hasattr(field, "is_repeated")
        return field.is_repeated if newer else field.label == field.LABEL_REPEATED

    seen = set()
    pairs = [(messages.GraphDef.DESCRIPTOR, graph_pb2.GraphDef.DESCRIPTOR)]
    while pairs:
        own, theirs = pairs.pop()
        if own.full_name in seen:
            continue
        seen.add(own.full_name)
        for field in own.fields:
            other = theirs.fields_by_name[field.name]
            assert (field.number, field.type, is_repeated(field)) == (
                other.number, other.type, is_repeated(other),
            ), field.full_name  # fmt: skip
            if field.message_type is not None:
                pairs.append((field.message_type, other.message_type))  # pyright: ignore[reportArgumentType]
    assert len(seen) > 12
