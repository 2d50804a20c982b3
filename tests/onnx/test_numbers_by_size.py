"""Weights that are chosen or made by the size of the input: no part has those of the whole."""

from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")

from onnx.reference import ReferenceEvaluator  # noqa: E402

import rfield  # noqa: E402

pytestmark = pytest.mark.onnx
make, FLOAT = onnx.helper, onnx.TensorProto.FLOAT
SIZE = [
    make.make_node("Shape", ["x"], ["sizes"]),
    make.make_node("Gather", ["sizes", "three"], ["width"], axis=0),
    make.make_node("Greater", ["width", "forty"], ["wide"]),
    make.make_node("Cast", ["width"], ["number"], to=FLOAT),
]


def branch(node: onnx.NodeProto) -> onnx.GraphProto:
    (name,) = node.output
    return make.make_graph([node], "branch", [], [make.make_tensor_value_info(name, FLOAT, None)])


def conv(weight: str, output: str = "y") -> onnx.NodeProto:
    return make.make_node("Conv", ["x", weight], [output], pads=[1, 1, 1, 1])


def either(output: str, one: onnx.NodeProto, other: onnx.NodeProto) -> onnx.NodeProto:
    return make.make_node(
        "If", ["wide"], [output], then_branch=branch(one), else_branch=branch(other)
    )


def planned(nodes: list[onnx.NodeProto], first: int = 1) -> rfield.TilePlan:
    kernel = np.arange(first, first + 9, dtype=np.float32).reshape(1, 1, 3, 3)
    tensors = {
        "three": np.int64(3), "forty": np.int64(40), "one": kernel, "other": kernel[..., ::-1],
    }  # fmt: skip
    graph = make.make_graph(
        [*SIZE, *nodes], "graph", [make.make_tensor_value_info("x", FLOAT, (1, 1, "h", "w"))],
        [make.make_tensor_value_info("y", FLOAT, None)],
        [onnx.numpy_helper.from_array(np.array(value), name) for name, value in tensors.items()],
    )  # fmt: skip
    opsets = [make.make_opsetid("", 17)]
    model = make.make_model(graph, opset_imports=opsets, ir_version=8)
    return rfield.tile_plan(model, (60, 72), tile=(32, 30), input_shape=(1, 1, 60, 72))


BY_SIZE = {
    "chosen": [make.make_node("Where", ["wide", "one", "other"], ["w"]), conv("w")],
    "of a branch": [
        either(
            "w",
            make.make_node("Identity", ["one"], ["a"]),
            make.make_node("Identity", ["other"], ["b"]),
        ),
        conv("w"),
    ],
    "made": [make.make_node("Div", ["one", "number"], ["w"]), conv("w")],
}  # fmt: skip


@pytest.mark.parametrize("name", BY_SIZE)
def test_weights_by_the_size(name: str) -> None:
    with pytest.raises(rfield.NotTileableError) as raised:
        planned(BY_SIZE[name])
    assert str(raised.value) == (
        "no tile of y equals the whole:\n"
        "  y (conv) reads numbers that are made for the size of its input"
    )


def test_a_kernel_with_a_zero_by_the_size() -> None:
    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned(BY_SIZE["made"], first=0)


def test_ways_by_the_size() -> None:
    with pytest.raises(rfield.NotTileableError, match="is not computed as for the whole input"):
        planned([either("y", conv("one", "a"), conv("other", "b"))])


def test_weights_that_stay() -> None:
    plan = planned([make.make_node("Mul", ["one", "other"], ["w"]), conv("w")])
    assert (len(plan), plan.exact, plan.halo) == (6, True, ((1, 1), (1, 1)))


def test_places_in_a_tile_are_not_those_in_the_image() -> None:
    pool = make.make_node("MaxPool", ["x"], ["maxima", "y"], kernel_shape=[2, 2], strides=[2, 2])
    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned([pool])


def integers(name: str, value: object) -> onnx.NodeProto:
    held = onnx.numpy_helper.from_array(np.array(value, np.int64))
    return make.make_node("Constant", [], [name], value=held)


def test_a_whole_number_that_a_pad_is_filled_with() -> None:
    """It looks like a size, but says what is computed."""
    with pytest.raises(rfield.NotTileableError, match="numbers that are made for the size"):
        planned([
            make.make_node("Cast", ["x"], ["whole"], to=onnx.TensorProto.INT64),
            integers("pads", [0, 0, 1, 1, 0, 0, 1, 1]),
            make.make_node("Pad", ["whole", "pads", "width"], ["y"]),
        ])  # fmt: skip


def test_zeros_into_which_a_phase_is_written() -> None:
    ends = {"zero": 0, "two": 2, "begin": [0], "end": [1 << 40], "last": [3], "step": [2]}
    plan = planned([
        *(integers(name, value) for name, value in ends.items()),
        make.make_node("Range", ["zero", "width", "two"], ["even"]),
        make.make_node("Slice", ["x", "begin", "end", "last", "step"], ["phase"]),
        make.make_node("Shape", ["phase"], ["extent"]),
        make.make_node("Expand", ["even", "extent"], ["places"]),
        make.make_node("ConstantOfShape", ["sizes"], ["nothing"]),
        make.make_node("ScatterElements", ["nothing", "places", "phase"], ["written"], axis=3),
        make.make_node("Conv", ["written", "one"], ["y"], pads=[1, 1, 1, 1]),
    ])  # fmt: skip
    assert (len(plan), plan.exact, plan.grid) == (6, True, (1, 2))


def test_a_branch_at_small_sizes_is_a_premise_of_free_sizes() -> None:
    def branch(kernel: str, pads: int) -> onnx.GraphProto:
        made = make.make_node("Conv", ["x", kernel], [f"by_{kernel}"], pads=[pads, pads])
        result = make.make_tensor_value_info(f"by_{kernel}", onnx.TensorProto.FLOAT, None)
        return make.make_graph([made], kernel, [], [result])

    ones = [
        onnx.numpy_helper.from_array(np.ones((1, 1, size), np.float32), name)
        for name, size in (("narrow", 3), ("wide", 9))
    ]
    nodes = [
        make.make_node("Shape", ["x"], ["size"], start=2, end=3),
        make.make_node("Less", ["size", "twenty"], ["is_small"]),
        make.make_node("If", ["is_small"], ["y"], then_branch=branch("wide", 4),
                       else_branch=branch("narrow", 1)),
    ]  # fmt: skip
    ends = [make.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, 1, "n"]) for n in "xy"]
    twenty = onnx.numpy_helper.from_array(np.array([20]), "twenty")
    graph = make.make_graph(nodes, "g", ends[:1], ends[1:], [*ones, twenty])
    field = rfield.receptive_field(
        make.make_model(graph, opset_imports=[make.make_opsetid("", 18)])
    )
    assert field.size == (3,)
    assert "free sizes are taken to be 20 or more: at 19" in field.premises[0]


def test_a_known_border_in_a_product_has_tiles() -> None:
    """A map times itself padded and shifted, summed over channels; the last rows read nothing."""
    tensors = {
        "kernel": np.arange(-18, 18, dtype=np.float32).reshape(4, 1, 3, 3),
        "pads": np.int64([0, 0, 0, 0, 0, 0, 3, 3]), "far": np.int64([3, 3]),
        "end": np.int64([2**62, 2**62]), "axes": np.int64([2, 3]), "channels": np.int64([1]),
    }  # fmt: skip
    nodes = [
        conv("kernel", "a"),
        make.make_node("Pad", ["a", "pads"], ["padded"]),
        make.make_node("Slice", ["padded", "far", "end", "axes"], ["moved"]),
        make.make_node("Mul", ["a", "moved"], ["product"]),
        make.make_node("ReduceSum", ["product", "channels"], ["y"], keepdims=1),
    ]
    graph = make.make_graph(
        nodes, "graph", [make.make_tensor_value_info("x", FLOAT, (1, 1, "h", "w"))],
        [make.make_tensor_value_info("y", FLOAT, None)],
        [onnx.numpy_helper.from_array(np.array(value), name) for name, value in tensors.items()],
    )  # fmt: skip
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=8)
    plan = rfield.tile_plan(model, (97, 131), tile=48, input_shape=(1, 1, 48, 48))
    assert (plan.exact, plan.tile) == (True, (48, 48))
    assert plan.halo == ((1, 4), (1, 4))


def test_nothing_beside_an_image_that_may_be_a_mask_has_tiles() -> None:
    """Which is of the file, whatever the size."""
    nodes = [
        make.make_node("Sub", ["one", "one"], ["none"]),
        make.make_node("ReduceSum", ["none"], ["zero"], keepdims=1),
        make.make_node("Mul", ["x", "zero"], ["nothing"]),
        make.make_node("Add", ["x", "nothing"], ["y"]),
    ]
    plan = planned(nodes)
    assert (len(plan), plan.exact) == (6, True)


@pytest.mark.parametrize(("first", "step"), [(0, 2), (2, 2), (5, 3)])
def test_rows_of_a_transposed_image_that_are_written(first: int, step: int) -> None:
    """``x.T[first::step] = relu(x.T[first::step])``."""
    nodes = [
        make.make_node("Transpose", ["x"], ["t"], perm=[3, 0, 1, 2]),
        make.make_node("Shape", ["t"], ["sizes"], start=0, end=1),
        make.make_node("Squeeze", ["sizes"], ["width"]),
        make.make_node("Range", ["first", "width", "step"], ["places"]),
        make.make_node("Unsqueeze", ["places", "one"], ["rows"]),
        make.make_node("GatherND", ["t", "rows"], ["old"]),
        make.make_node("Relu", ["old"], ["new"]),
        make.make_node("ScatterND", ["t", "rows", "new"], ["written"]),
        make.make_node("Transpose", ["written"], ["y"], perm=[1, 2, 3, 0]),
    ]
    numbers = {"first": np.int64(first), "step": np.int64(step), "one": np.array([1])}
    graph = make.make_graph(
        nodes, "graph", [make.make_tensor_value_info("x", FLOAT, (1, 1, "h", "w"))],
        [make.make_tensor_value_info("y", FLOAT, None)],
        [onnx.numpy_helper.from_array(np.array(value), name) for name, value in numbers.items()],
    )  # fmt: skip
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    plan = rfield.tile_plan(model, (60, 72), tile=32, input_shape=(1, 1, 60, 72))
    assert (plan.exact, plan.grid) == (True, (1, step))
    assert len(plan) > 5
    x = np.random.default_rng(0).standard_normal((1, 1, 60, 72)).astype(np.float32)

    def run(part: np.ndarray) -> np.ndarray:
        return ReferenceEvaluator(model).run(None, {"x": part})[0]

    assert np.array_equal(rfield.run_tiled(run, x, plan), run(x))
