"""A variable that is written to holds what was written, wherever it is read after that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

import rfield  # noqa: E402 - after TensorFlow is known to be there

v1, raw = tf.compat.v1, tf.raw_ops
pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore")]
SHAPE = (1, 8)


def rolled(x: Any) -> Any:
    """Position i holds the element before."""
    return tf.roll(x, 1, 1)


def in_a_function(v: Any, x: Any) -> Any:
    @tf.function(autograph=False)
    def inner(y: Any) -> Any:
        v.assign(rolled(y))
        return y

    inner(x)
    return v * 2


def in_turn(v: Any, x: Any, turns: Any) -> Any:
    def body(i: Any) -> Any:
        v.assign_add(rolled(x))
        return (i + 1,)

    tf.while_loop(lambda i: i < turns, body, (tf.constant(0),))
    return v * 2


def after(write: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The variable, doubled, after a write."""

    def read(v: Any, x: Any) -> Any:
        write(v, x)
        return v * 2

    return read


def normalized(v: Any, x: Any) -> Any:
    """A moving mean: updated with the mean of what is normalized, then taken away."""
    v.assign_sub((v - tf.reduce_mean(x, 1, keepdims=True)) * 0.1)
    return x - v


def mapped(v: Any, x: Any) -> Any:
    """Read inside the body of a loop."""
    v.assign(rolled(x))
    return tf.map_fn(lambda row: row + v[0], x)


def one_of(holds: Any) -> Callable[[Any, Any], Any]:
    return lambda v, x: tf.cond(
        holds(x), lambda: (v.assign(rolled(x)), 0)[1], lambda: (v.assign(x), 0)[1]
    )


WHOLE = set(range(8))
CASES: dict[str, tuple[Callable[[Any, Any], Any], dict[int, set[int]]]] = {
    "assigned": (after(lambda v, x: v.assign(rolled(x))), {3: {2}}),
    "what assign returns": (lambda v, x: v.assign(rolled(x)) * 2, {3: {2}}),
    "added": (after(lambda v, x: v.assign_add(rolled(x))), {3: {2}}),
    "taken away": (after(lambda v, x: v.assign_sub(rolled(x))), {3: {2}}),
    "twice": (after(lambda v, x: v.assign(rolled(x)).assign_add(x)), {3: {2, 3}}),
    "read before": (lambda v, x: (v * 2 + x, v.assign(rolled(x)))[0], {3: {3}}),
    "a slice": (after(lambda v, x: v[:, 2:4].assign(x[:, :2])), {3: {1}, 1: set()}),
    "places": (after(lambda v, x: v.scatter_nd_update([[0, 1], [0, 2]], x[0, :2])), {2: {1}}),
    "added in places": (after(lambda v, x: v.scatter_nd_add([[0, 1], [0, 2]], x[0, :2])), {2: {1}}),
    "rows": (after(lambda v, x: v.scatter_update(tf.IndexedSlices(rolled(x), [0]))), {3: {2}}),
    "rows gathered": (
        lambda v, x: (v.assign(rolled(x)), tf.gather(v, [0]))[1], {3: {2}},
    ),
    "elements gathered": (
        lambda v, x: (v.assign(rolled(x)), tf.gather_nd(v, [[0, 3], [0, 4]])[None])[1], {0: {2}},
    ),
    "in a function": (in_a_function, {3: {2}}),
    "in a loop": (lambda v, x: in_turn(v, x, 2), {3: {2}}),
    "in a branch": (after(one_of(lambda x: tf.constant(True))), {3: {2}}),
    "a moving mean": (normalized, {3: WHOLE}),
    "inside a loop": (mapped, {3: {2, 3}}),
}  # fmt: skip
BOUNDS: dict[str, tuple[Callable[[Any, Any], Any], dict[int, set[int]]]] = {
    "in a branch of the data": (after(one_of(lambda x: x[0, 0] > 1)), {3: {0, 2, 3}}),
    "in a loop of the data": (
        lambda v, x: in_turn(v, x, tf.cast(tf.reduce_sum(x), tf.int32)), {3: WHOLE},
    ),
}  # fmt: skip


def traced(function: Callable[[Any, Any], Any]) -> Any:
    variable = tf.Variable(tf.zeros(SHAPE))
    spec = tf.TensorSpec(SHAPE, tf.float32, name="x")
    return tf.function(lambda x: function(variable, x), autograph=False).get_concrete_function(spec)


def read(graph: rfield.Graph, at: int) -> tuple[set[int], str]:
    found = rfield.support(graph, (at,))
    positions = np.flatnonzero(found.mask) + found.offset[0]
    return set(positions.tolist()), found.fidelity.name


@pytest.mark.parametrize("name", [*CASES, *BOUNDS])
def test_what_was_written_is_read(name: str) -> None:
    function, reads = {**CASES, **BOUNDS}[name]
    graph = rfield.load(traced(function), axes=(1,))
    for at, right in reads.items():
        assert read(graph, at) == (right, "UPPER_BOUND" if name in BOUNDS else "EXACT")


@pytest.mark.parametrize("name", CASES)
def test_the_framework_reads_the_same(name: str) -> None:
    function, reads = CASES[name]
    image = np.linspace(0.5, 1.5, 8, dtype="float32")[None]
    for at, right in reads.items():
        before = np.ravel(traced(function)(tf.constant(image)))[at]
        found: set[int] = set()
        for place in range(8):
            changed = image.copy()
            changed[0, place] += 10
            if abs(np.ravel(traced(function)(tf.constant(changed)))[at] - before) > 1e-4:
                found.add(place)
        assert found == right


def test_in_a_saved_model(tmp_path: Any) -> None:
    module = tf.Module()
    module.v = tf.Variable(tf.zeros(SHAPE))
    module.f = tf.function(lambda x: normalized(module.v, x) + in_a_function(module.v, x))
    spec = tf.TensorSpec(SHAPE, tf.float32, name="x")
    tf.saved_model.save(module, tmp_path, signatures=module.f.get_concrete_function(spec))
    assert read(rfield.load(tmp_path, axes=(1,)), 3) == (WHOLE, "EXACT")


def test_a_table_that_is_written_to_is_no_constant() -> None:
    def looked_up(_v: Any, x: Any) -> Any:
        keys = tf.range(8, dtype=tf.int64)
        table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.float32, default_value=0.0)
        table.insert(keys, rolled(x)[0])
        return x + table.lookup(keys)[None]

    with pytest.raises(rfield.UnsupportedOpError) as error:
        rfield.load(traced(looked_up), axes=(1,))
    assert str(error.value).startswith(
        "UnsupportedOp: no rule for tensorflow op 'LookupTableInsertV2' (1 use)."
    )
    graph = rfield.load(traced(looked_up), axes=(1,), unknown="whole")
    assert read(graph, 3) == (WHOLE, "UPPER_BOUND")


def old_graph(function: Callable[[Any, Any], Any], *, by_handle: bool = False) -> Any:
    """A graph as programs built it before there were functions."""
    graph = tf.Graph()
    before = v1.control_flow_v2_enabled()
    v1.disable_control_flow_v2()
    try:
        with graph.as_default():
            x = v1.placeholder(tf.float32, SHAPE, name="x")
            v = v1.get_variable("v", initializer=tf.zeros(SHAPE), use_resource=by_handle)
            tf.identity(function(v, x), name="y")
    finally:
        if before:
            v1.enable_control_flow_v2()
    return graph


def ordered(*writes: Any) -> Any:
    return tf.control_dependencies(list(writes))


def chained(v: Any, x: Any) -> Any:
    with ordered(v1.assign(v, rolled(x))):
        added = v1.assign_add(v, x)
    with ordered(added):
        return v.read_value() * 2


def looped(v: Any, x: Any) -> Any:
    """Written before the loop, read inside it."""
    with ordered(v1.assign(v, rolled(x))):
        first = tf.constant(0) + 0
        made = v1.while_loop(
            lambda i, _a: i < 2, lambda i, a: (i + 1, a + v.read_value()), [first, tf.zeros(SHAPE)]
        )
    return made[1]


@pytest.mark.parametrize("by_handle", [False, True])
@pytest.mark.parametrize(
    ("function", "right"),
    [
        (chained, {2, 3}),
        (looped, {2}),
        (lambda v, x: v1.assign(v, rolled(x)) * 2, {2}),
        (lambda v, x: v1.scatter_update(v, [0], rolled(x)) * 2, {2}),
        (lambda v, x: (v1.assign(v, rolled(x)), v * 2 + x)[1], {3}),  # no order: before
    ],
)
def test_graphs_of_the_first_kind(function: Any, right: set[int], by_handle: bool) -> None:
    graph = rfield.load(old_graph(function, by_handle=by_handle), axes=(1,), outputs=["y"])
    assert read(graph, 3) == (right, "EXACT")


def turning(v: Any, x: Any) -> Any:
    def body(i: Any) -> Any:
        with ordered(v1.assign_add(v, x)):
            return i + 1

    with ordered(v1.while_loop(lambda i: i < 2, body, [tf.constant(0)])):
        return v.read_value() + x


def both(v: Any, x: Any) -> Any:
    with ordered(v1.assign(v, rolled(x)), v1.assign(v, x)):
        return v.read_value() + x


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (turning, "v (Refused): the variable behind 'v' is assigned inside a loop or branch of the "
                  "older kind"),
        (both, "AssignVariableOp (Refused): the variable behind 'AssignVariableOp' is assigned "
               "twice, and nothing says which comes last"),
    ],
)  # fmt: skip
def test_where_nobody_can_tell_it_is_refused(function: Any, text: str) -> None:
    with pytest.raises(rfield.UnreadableModelError) as error:
        rfield.load(old_graph(function, by_handle=True), axes=(1,), outputs=["y"])
    assert str(error.value) == (
        f"{text}, and read after that.\n"
        "  Name outputs that do not read it:   rfield.load(..., outputs=[...])"
    )


def test_what_an_optimizer_wrote_is_no_output() -> None:
    def trained(_v: Any, x: Any) -> Any:
        w = v1.get_variable("w", initializer=tf.ones(SHAPE), use_resource=True)
        with ordered(v1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(w * x))):
            return w.read_value() + x

    with pytest.raises(rfield.UnreadableModelError) as error:
        rfield.load(old_graph(trained), axes=(1,), outputs=["y"])
    assert str(error.value) == (
        "output 'y' is computed from gradients or from what training does, which is not read"
    )
