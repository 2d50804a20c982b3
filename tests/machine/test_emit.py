"""How an answer enters the graph: each output of an op must be answered for, in every framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

import pytest

import rfield
from rfield.core import ops
from rfield.core.graph import Draft
from rfield.frontends.machine.emit import Emitter
from rfield.frontends.machine.values import Dependent, Items, Outputs, answers
from rfield.frontends.registry import resolve


def test_fewer_answers_than_outputs() -> None:
    op = ops.pointwise((4,))
    assert answers(op, 1, "abs") == [op]
    assert answers((op, None), 2, "sort") == [op, None]
    assert answers(Outputs((op, op)), 1, "sort") == [op, op]
    listed = Items((op, op))
    assert answers(listed, 1, "split") == [listed]
    for answer, count in ((op, 1), ((op,), 1), (listed, 1), ((), 0)):
        with pytest.raises(rfield.InvalidModelError) as error:
            answers(answer, 2, "sort")
        assert str(error.value) == f"the rule for 'sort' answers for {count} of its 2 outputs"


def test_an_emitter_settles_several_outputs() -> None:
    draft = Draft()
    x = Dependent(draft.input("x", (4,), (0,)), (4,))
    made = Emitter(draft, lambda name: name).settle(
        Outputs((ops.pointwise((4,)), ops.reduce((4,), [0]))), [x], "y"
    )
    assert [value.shape for value in made] == [(4,), ()]
    assert [node.name for node in draft.nodes] == ["x", "y", "y:1"]


def test_an_emitter_goes_with_its_last_name() -> None:
    """It holds what is known of all values; in a circle it would wait for the collector."""

    def fresh(label: str) -> str:
        return label

    seen = ref(fresh)
    draft = Draft()
    x = Dependent(draft.input("x", (4,), (0,)), (4,))
    Emitter(draft, fresh).settle(ops.pointwise((4,)), [x], "y")
    del fresh
    assert seen() is None


def torch_model() -> tuple[Any, str, str]:
    torch = pytest.importorskip("torch")

    class Sorted(torch.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, x: Any) -> Any:
            _values, places = x.sort(1)
            return x + places

    return Sorted(), "aten::sort", "sort: the rule for 'aten::sort' answers for 1 of its 2 outputs"


def jax_model() -> tuple[Any, str, str]:
    jax = pytest.importorskip("jax")

    def model(x: Any) -> Any:
        return x + jax.lax.top_k(x, 6)[1]

    return model, "top_k", "top_k (top_k): the rule for 'top_k' answers for 1 of its 2 outputs"


def tensorflow_model() -> tuple[Any, str, str]:
    tf = pytest.importorskip("tensorflow")

    def model(x: Any) -> Any:
        return x + tf.cast(tf.math.top_k(x, 6)[1], tf.float32)

    spec = tf.TensorSpec((5, 6), tf.float32)
    return (
        tf.function(model, autograph=False).get_concrete_function(spec),
        "TopKV2", "Cast (Cast): output 1 of a node with 1",
    )  # fmt: skip


def onnx_model() -> tuple[Any, str, str]:
    onnx = pytest.importorskip("onnx")
    h, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        h.make_node("TopK", ["x", "k"], ["values", "places"], "top"),
        h.make_node("Cast", ["places"], ["cast"], "cast", to=kind),
        h.make_node("Add", ["x", "cast"], ["y"], "add"),
    ]
    graph = h.make_graph(
        nodes, "g", [h.make_tensor_value_info("x", kind, (5, 6))],
        [h.make_tensor_value_info("y", kind, (5, 6))],
        [h.make_tensor("k", onnx.TensorProto.INT64, [1], [6])],
    )  # fmt: skip
    says = "add (Add): the shape of an operand is not known (cast, Cast)"
    return h.make_model(graph), "TopK", says


def keras_model() -> tuple[Any, str, str]:
    keras = pytest.importorskip("keras")
    x = keras.Input(batch_shape=(5, 6))
    keras.utils.clear_session()  # else the op is called top_k_1 after another test
    y = x + keras.ops.cast(keras.ops.top_k(x, 6)[1], "float32")
    says = "the rule for 'top_k' answers for 1 of its 2 outputs"
    return keras.Model(x, y), "ops.TopK", says


@pytest.mark.parametrize(
    ("name", "make"),
    [
        pytest.param("torch", torch_model, marks=pytest.mark.torch),
        pytest.param("jax", jax_model, marks=pytest.mark.jax),
        pytest.param("tensorflow", tensorflow_model, marks=pytest.mark.tensorflow),
        pytest.param("onnx", onnx_model, marks=pytest.mark.onnx),
        pytest.param("keras", keras_model, marks=pytest.mark.keras),
    ],
)
def test_a_rule_that_leaves_an_output_out_is_an_error(
    name: str, make: Callable[[], tuple[Any, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, op, text = make()
    table = resolve(f"{name}:RULES")
    options = {} if name in ("tensorflow", "onnx", "keras") else {"input_shape": (5, 6)}
    rfield.load(model, axes=(1,), **options)
    before = table.get(op)

    def first(call: Any) -> Any:
        return before.function(call)[0]

    monkeypatch.setitem(table._rules, op, type(before)(first, before.family))
    with pytest.raises(rfield.RFieldError) as error:
        rfield.load(model, axes=(1,), **options)
    assert str(error.value) == text
