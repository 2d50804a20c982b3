"""Zeros of tables in a file, of writes, and of what is made of zeros alone."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import rfield  # noqa: E402
from rfield.frontends.machine import limits  # noqa: E402
from rfield.frontends.onnx import layout  # noqa: E402

pytestmark = pytest.mark.onnx

EXACT, BOUND = rfield.Fidelity.EXACT, rfield.Fidelity.UPPER_BOUND
ROWS = np.arange(6)
DECAY = np.tril(0.9 ** abs(ROWS[:, None] - ROWS)).astype(np.float32)
WEIGHT = np.random.default_rng(0).uniform(0.5, 1.5, (6, 6)).astype(np.float32)
UPPER = np.stack(np.triu_indices(6, 1), 1)
ALL = {0, 1, 2, 3, 4, 5}
Node = tuple[str, list[str], str, dict[str, object]]


def read(nodes: list[Node], tables: dict[str, np.ndarray], place: int) -> object:
    """What row ``place`` of ``y`` reads of ``x`` (1, 6, 4)."""
    found = rfield.support(rfield.load(whole(nodes, tables, (1, 6, 4)), axes=(1,)), (place,))
    (row,) = found.mask.nonzero()
    return {int(k) + found.offset[0] for k in row}, found.fidelity


def whole(nodes: list[Node], tables: dict[str, np.ndarray], sizes: tuple[int, ...]) -> object:
    """A model of these nodes from ``x`` to ``y``, which has its sizes."""
    graph = helper.make_graph(
        [helper.make_node(op, given, [made], **named) for op, given, made, named in nodes],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, sizes)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, sizes)],
        [numpy_helper.from_array(table, name) for name, table in tables.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return model


TABLES: dict[str, list[Node]] = {
    "product": [("MatMul", ["t", "x"], "y", {})],
    "turned": [("Transpose", ["t"], "u", {}), ("MatMul", ["u", "x"], "y", {})],
    "einsum": [("Einsum", ["x", "t"], "y", {"equation": "btd,ut->bud"})],
    "scores": [
        ("Einsum", ["x", "x", "t", "x"], "y", {"equation": "bqd,bkd,qk,bkv->bqv"}),
    ],
    "factor": [
        ("Einsum", ["x", "x"], "s", {"equation": "bqd,bkd->bqk"}),
        ("Mul", ["s", "t"], "m", {}),
        ("MatMul", ["m", "x"], "y", {}),
    ],
}


@pytest.mark.parametrize("name", TABLES)
def test_a_triangle_of_a_file_is_a_bound(name: str) -> None:
    assert read(TABLES[name], {"t": DECAY}, 2) == (ALL, BOUND)


@pytest.mark.parametrize("name", ["product", "einsum"])
def test_a_full_matrix_of_a_file_is_exact(name: str) -> None:
    assert read(TABLES[name], {"t": WEIGHT}, 2) == (ALL, EXACT)
    few = np.where(np.eye(6, k=1) + np.eye(6, k=-2) > 0, 0, WEIGHT).astype(np.float32)
    assert read(TABLES[name], {"t": few}, 2) == (ALL, EXACT)


@pytest.mark.parametrize("reduction", ["none", "mul"])
def test_zeros_written_into_a_matrix_are_a_bound(reduction: str) -> None:
    nodes: list[Node] = [
        ("ScatterND", ["w", "i", "u"], "t", {"reduction": reduction}),
        ("MatMul", ["t", "x"], "y", {}),
    ]
    zeros = np.zeros(len(UPPER), np.float32)
    assert read(nodes, {"w": WEIGHT, "i": UPPER, "u": zeros}, 2) == (ALL, BOUND)


@pytest.mark.parametrize(
    ("reduction", "right"),
    [
        ("none", (set(), EXACT)),
        ("add", ({2}, EXACT)),
        ("max", ({2}, EXACT)),
        ("mul", ({2}, BOUND)),
    ],
)
def test_rows_that_are_written_over(reduction: str, right: object) -> None:
    nodes: list[Node] = [("ScatterND", ["x", "i", "u"], "y", {"reduction": reduction})]
    tables = {"i": np.array([[0, 2], [0, 4]]), "u": np.zeros((2, 4), np.float32)}
    assert read(nodes, tables, 2) == right
    assert read(nodes, tables, 3)[0] == {3}  # type: ignore[index] # a pair


FLIP: Node = ("Slice", ["x", "first", "last", "axis", "step"], "f", {})
LATER: dict[str, np.ndarray] = {
    "mask": np.array([0, 0, 0, 1, 1, 1], np.float32)[:, None],
    "first": np.array([-1]), "last": np.array([-9]), "axis": np.array([1]), "step": np.array([-1]),
    "k": np.ones((4, 4, 3), np.float32), "b": np.ones(4, np.float32), "one": np.array(1),
    "v": np.random.default_rng(1).uniform(0.5, 1, (4, 4)).astype(np.float32),
}  # fmt: skip
TURN = {"perm": [0, 2, 1]}
MADE: dict[str, tuple[list[Node], dict[int, set[int]]]] = {
    "matrix": ([("MatMul", ["z", "v"], "q", {})], {2: set(), 3: {2, 3}}),
    "running sum": ([("CumSum", ["z", "one"], "q", {})], {2: set(), 4: {1, 3, 4}}),
    "layer norm": ([("LayerNormalization", ["z", "b"], "q", {})], {2: set(), 3: {2, 3}}),
    "with a bias": ([("LayerNormalization", ["z", "b", "b"], "q", {})], {2: {3}, 3: {2, 3}}),
}
for op, given, more in (
    ("Conv", ["zt", "k"], {"pads": [1, 1]}),
    ("AveragePool", ["zt"], {"kernel_shape": [3], "pads": [1, 1]}),
    ("MaxPool", ["zt"], {"kernel_shape": [3], "pads": [1, 1]}),
):
    MADE[op] = (
        [("Transpose", ["z"], "zt", TURN), (op, given, "c", more), ("Transpose", ["c"], "q", TURN)],
        {1: set(), 2: {3}, 5: {0, 4, 5}},
    )


@pytest.mark.parametrize("name", MADE)
def test_what_is_made_of_zeros_alone_hides_what_it_multiplies(name: str) -> None:
    nodes, expected = MADE[name]
    given: list[Node] = [
        ("Mul", ["x", "mask"], "z", {}),
        FLIP,
        *nodes,
        ("Mul", ["q", "f"], "y", {}),
    ]
    used = {value for _, taken, _, _ in given for value in taken}
    tables = {name: table for name, table in LATER.items() if name in used}
    for place, right in expected.items():
        assert read(given, tables, place) == (right, EXACT)


def test_the_number_that_old_files_pad_with_is_no_zero():
    """Before opset 11 it is an attribute: https://onnx.ai/onnx/operators/text_diff_Pad_2_11.html"""
    graph = helper.make_graph(
        [
            helper.make_node("Pad", ["a"], ["m"], pads=[1, 1], value=2.0),
            helper.make_node("Mul", ["x", "m"], ["y"]),
        ],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (4,))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (4,))],
        [numpy_helper.from_array(np.float32([1, 0]), "a")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=8)
    found = rfield.load(model, axes=(0,))
    assert [rfield.support(found, (k,)).count for k in range(4)] == [1, 1, 0, 1]


def test_a_mask_of_the_type_of_the_data_is_still_a_mask() -> None:
    scores: list[Node] = [
        ("Transpose", ["x"], "turned", {"perm": [0, 2, 1]}),
        ("MatMul", ["x", "turned"], "scores", {}),
        ("CastLike", ["low", "scores"], "cast", {}),
        ("Where", ["keep", "scores", "cast"], "masked", {}),
        ("Softmax", ["masked"], "weights", {}),
        ("MatMul", ["weights", "x"], "y", {}),
    ]
    tables = {"low": np.array(-np.inf, np.float32), "keep": np.tri(6, dtype=bool)}
    assert read(scores, tables, 2) == ({0, 1, 2}, EXACT)


TYPES = ("int8", "uint8", "int16", "uint16", "bool")


@pytest.mark.parametrize("name", [*TYPES, "int32", "uint32", "uint64", "float16", "seen int8"])
def test_a_table_of_any_type_that_is_cast_may_hide_what_it_multiplies(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more elements than are looked into; short integers of 0 and 1 are looked into."""
    seen, kind = name.startswith("seen"), name.rpartition(" ")[2]
    if not seen:
        monkeypatch.setattr(limits, "MASK", 1 << 10)
    places = np.arange(260)
    band = (abs(places[:, None] - places) < 3).astype(kind)
    nodes: list[Node] = [("Cast", ["t"], "f", {"to": 1}), ("Mul", ["x", "f"], "y", {})]
    graph = whole(nodes, {"t": band[None]}, (1, 260, 260))
    found = rfield.support(rfield.load(graph, axes=(1, 2)), (5, 255))
    assert (found.count, found.fidelity) == ((0, EXACT) if seen else (1, BOUND))


MASKED: list[list[Node]] = [
    [("EyeLike", ["w"], "t", {})],
    [("Cast", ["b"], "f", {"to": 1}), ("Mul", ["w", "f"], "t", {})],
]


@pytest.mark.parametrize("nodes", MASKED)
def test_a_weight_is_a_bound_where_nobody_has_looked_at_its_mask(
    nodes: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MASK", "CONTENTS"):
        monkeypatch.setattr(limits, name, 8)
    monkeypatch.setattr(layout, "COMPUTED", 8)
    tables = {"w": WEIGHT, "b": np.eye(6, dtype=bool)}
    nodes = [*nodes, ("MatMul", ["t", "x"], "y", {})]
    used = {value for _, given, _, _ in nodes for value in given}
    found = read(nodes, {name: tables[name] for name in used & tables.keys()}, 2)
    assert found == (ALL, BOUND)
    monkeypatch.undo()
    assert read(nodes, {name: tables[name] for name in used & tables.keys()}, 2) == ({2}, EXACT)
