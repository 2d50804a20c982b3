"""``verify`` in ONNX Runtime: it holds where the claim is right, and finds wrong rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed")
ort = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

import onnx  # noqa: E402

import rfield  # noqa: E402
from rfield.core.indices import IndexSet  # noqa: E402
from rfield.core.relation import Sliding  # noqa: E402
from rfield.frontends.onnx import running as running_module  # noqa: E402
from rfield.frontends.onnx.marking import CARRIES, MAXIMA  # noqa: E402
from rfield.frontends.onnx.running import RunningModel  # noqa: E402
from tests.analysis.relinked import with_link  # noqa: E402
from tests.onnx.small import model, node, one, weights  # noqa: E402

pytestmark = pytest.mark.onnx
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


def whole(*numbers: int) -> Any:
    return np.array(numbers, np.int64)


def real(*numbers: float) -> Any:
    return np.array(numbers, np.float32)


def net() -> onnx.ModelProto:
    """Convolutions, a pooling that drops NaN, a residual join, a crop and a gate."""
    return model(
        [
            node("Conv", ["x", "w1"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1], name="stem"),
            node("Relu", ["a"], ["b"], name="act"),
            node("MaxPool", ["b"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], name="pool"),
            node("Conv", ["c", "w2"], ["d"], dilations=[2, 2], pads=[2, 2, 2, 2], name="wide"),
            node("Clip", ["d", "zero", "six"], ["e"], name="clip"),
            node("Add", ["e", "b"], ["f"], name="join"),
            node("GlobalMaxPool", ["f"], ["g"], name="gate"),
            node("Mul", ["f", "g"], ["h"], name="gated"),
        ],
        {"x": (1, 3, 21, 18)}, ["h"],
        {"w1": weights(4, 3, 3, 3), "w2": weights(4, 4, 3, 3) / 36, "zero": real(0)[0],
         "six": real(6e3)[0]},
    )  # fmt: skip


def test_a_right_claim_holds_at_every_position_of_every_layer():
    layers = ["stem", "act", "pool", "wide", "clip", "join", "gated"]
    found = rfield.verify(net(), output=layers)
    assert found, str(found)
    assert found.layers == tuple(layers)
    assert (found.positions, found.sound, found.undecided) == (84, 72, 0)  # 12 see everything
    assert found.faces == 4 * 84
    assert found.precision == "float32"
    assert found.skipped == ()


@pytest.mark.parametrize(
    ("layer", "relation", "problem"),
    [
        ("stem", Sliding(1, 2, (IndexSet.of((-1, 0)),)), "it reads more than claimed"),
        ("stem", Sliding(1, 2, (IndexSet.of((-2, -1, 0, 1)),)), "claimed, but not read"),
        ("pool", Sliding(1, 1, (IndexSet.of((0, 1)),)), "it reads more than claimed"),
        ("pool", Sliding(1, 1, (IndexSet.of((-2, -1, 0, 1)),)), "claimed, but not read"),
        ("wide", Sliding(1, 1, (IndexSet.of((-2, 2)),)), "it reads more than claimed"),
        ("wide", Sliding(1, 1, (IndexSet.of((-4, -2, 0, 2)),)), "claimed, but not read"),
    ],
)
def test_a_wrong_rule_is_caught(layer: str, relation: Sliding, problem: str):
    wrong = with_link(rfield.load(net()), layer, 3, relation)
    found = rfield.verify(net(), graph=wrong, output=layer)
    assert not found
    assert problem in {example.problem for example in found.counterexamples}


def test_a_layer_that_is_claimed_to_be_independent_is_tried_too():
    def constant(use: bool) -> onnx.ModelProto:
        """The second output is a sum with the input, or with zeros."""
        return model(
            [node("Relu", ["x"], ["y"]), node("Add", ["side", "x" if use else "side"], ["z"])],
            {"x": (1, 1, 9), "side": (1, 1, 9)}, ["y", "z"],
        )  # fmt: skip

    right = rfield.verify(constant(use=False), output=["z", "y"], wrt="x")
    assert right
    assert right.notes == ("z does not depend on x",)
    wrong = rfield.verify(
        constant(use=True), graph=rfield.load(constant(use=False)), output=["z", "y"], wrt="x"
    )
    assert [(e.layer, e.claimed) for e in wrong.counterexamples] == [("z", "nothing")]


def test_float64_where_the_runtime_has_every_op():
    layers = model(
        [node("MatMul", ["x", "w"], ["a"]), node("Softmax", ["a"], ["y"], axis=-1)],
        {"x": (1, 7, 4)}, ["y"], {"w": weights(4, 5)},
    )  # fmt: skip
    found = rfield.verify(layers, axes=(1,))
    assert found, str(found)
    assert found.precision == "float64"


def test_integers_that_are_cast_are_marked_like_numbers():
    cast = model(
        [node("Cast", ["x"], ["a"], to=1), node("Conv", ["a", "w"], ["y"], name="conv")],
        {"x": (1, 1, 12)}, ["y"], {"w": weights(2, 1, 3)}, kinds={"x": 2},
    )  # fmt: skip
    found = rfield.verify(cast)
    assert found, str(found)
    assert (found.faces, found.positions, found.undecided) == (44, 22, 0)


def test_integers_that_choose_from_a_table_are_drawn_anew():
    words = model(
        [
            node("Gather", ["table", "x"], ["a"]),
            node("Transpose", ["a"], ["b"], perm=[0, 2, 1]),
            node("Conv", ["b", "w"], ["y"], pads=[1, 1], name="conv"),
        ],
        {"x": (1, 15)}, ["y"], {"table": np.zeros((50, 4), np.float32), "w": weights(2, 4, 3)},
        kinds={"x": 7},
    )  # fmt: skip
    graph = rfield.load(words)
    found = rfield.verify(words)
    assert found, str(found)
    assert found.sound == 36
    assert found.faces == 72
    wrong = with_link(graph, "conv", 2, Sliding(1, 1, (IndexSet.of((0, 1)),)))
    assert not rfield.verify(words, graph=wrong)


def test_what_an_op_swallows_is_undecided_not_a_counter_example():
    """Comparing with NaN gives false, as it was before; so does a number below the threshold."""
    compared = model(
        [
            node("Conv", ["x", "w"], ["a"], name="conv"),
            node("Greater", ["a", "much"], ["b"], name="compare"),
            node("Cast", ["b"], ["y"], to=1),
        ],
        {"x": (1, 1, 9)}, ["y"], {"w": weights(1, 1, 3), "much": real(1e30)[0]},
    )  # fmt: skip
    found = rfield.verify(compared, output=["conv", "compare"])
    assert found, str(found)
    assert found.read == 7 * 3  # the convolution: seven positions, three taps
    assert found.undecided == 7 * 3  # the comparison
    assert str(found).endswith(f"; {found.undecided} undecided")


def test_bits_that_a_vectorised_kernel_changes_next_door_are_no_counter_example():
    """Cosines are computed several at once, and differently if one of them is of a large number."""
    found = rfield.verify(one("Cos", (1, 2, 37)), positions=37, samples=4)
    assert found, str(found)


def test_weights_that_are_stripped_or_the_same_are_drawn(tmp_path: Path):
    bare = net()
    for tensor in bare.graph.initializer:
        if len(tensor.dims):
            tensor.ClearField("raw_data")
    path = tmp_path / "bare.onnx"
    onnx.save(bare, path)
    found = rfield.verify(path, output=["wide", "join"])
    assert found, str(found)
    assert found.undecided == 0


def test_a_file_is_not_touched(tmp_path: Path):
    path = tmp_path / "net.onnx"
    onnx.save(net(), path)
    before = path.read_bytes()
    given = net()
    assert rfield.verify(str(path), output="stem")
    assert rfield.verify(given, output="stem")
    assert path.read_bytes() == before
    assert given == net()
    assert [found.name for found in tmp_path.iterdir()] == ["net.onnx"]


def test_bad_questions(monkeypatch: pytest.MonkeyPatch):
    free = one("Relu", (1, 3, "h"))
    for ask, told in [
        (lambda: rfield.verify(free),
         "the model is run, so every size of its inputs must be known: give input_shape"),
        (lambda: rfield.verify(net(), training=True),
         "an ONNX model is run as it is, so not as in training"),
        (lambda: rfield.verify(net(), output="stm"), "unknown layer 'stm'. Did you mean 'stem'?"),
    ]:  # fmt: skip
        with pytest.raises(rfield.RFieldError) as caught:
            ask()
        assert str(caught.value) == told
    noisy = model([node("RandomNormalLike", ["x"], ["r"]), node("Add", ["x", "r"], ["y"])],
                  {"x": (1, 1, 8)}, ["y"], opset=21)  # fmt: skip
    with pytest.raises(rfield.RFieldError, match=r"^y differs between two runs on the same input"):
        rfield.verify(noisy)
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.verify(net())
    assert str(caught.value) == (
        "running an ONNX model needs onnxruntime, which is not installed.\n"
        "  Install it: pip install onnxruntime"
    )


NETWORKS = ["light_squeezenet", "light_shufflenet", "light_inception_v1"]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_real_networks(name: str):
    found = rfield.verify(LIGHT / f"{name}.onnx", samples=1, most_probes=30)
    assert found, str(found)
    assert found.undecided == 0
    assert found.positions > 60


UNARY = """
Abs Ceil Celu Cos Dropout Elu Erf Exp Flatten Floor Gelu HardSigmoid HardSwish Identity LeakyRelu
Log LpNormalization Mish Neg Reciprocal Relu Round Selu Sigmoid Sign Sin Softmax Softplus Softsign
Sqrt Tan Tanh Transpose
"""
REDUCTIONS = """
ReduceL1 ReduceL2 ReduceLogSumExp ReduceMean ReduceProd ReduceSum ReduceSumSquare
"""


def handing_on() -> Iterator[tuple[str, onnx.ModelProto]]:
    """One model per op through which a NaN is said to travel, and per maximum."""
    line, image = (1, 2, 9), (1, 3, 9, 9)
    for op in UNARY.split():
        yield op, one(op, line)
    for op in ("Add", "Div", "Mul", "Sub", "Max", "Mean", "Min", "Sum", "Pow", "PRelu"):
        yield op, one(op, line, weights(2, 1))
    for op in ("Add", "Div", "Mul", "Sub", "Max", "Mean", "Min", "Sum", "Pow"):
        other = model([node("Exp", ["x"], ["e"]), node(op, ["e", "x"])], {"x": line}, ["y"])
        yield op, other
    yield "Cast", one("Cast", line, to=11)
    yield "Clip", one("Clip", line, real(0)[0], real(6)[0])
    yield "CumSum", one("CumSum", line, np.array(2))
    yield "BatchNormalization", one("BatchNormalization", line, *[real(1, 2)] * 4)
    yield "InstanceNormalization", one("InstanceNormalization", line, real(1, 2), real(0, 0))
    yield "LayerNormalization", one("LayerNormalization", line, np.ones(9, np.float32))
    yield "LRN", one("LRN", (1, 5, 4, 4), size=3)
    for op in ("AveragePool", "MaxPool", "LpPool"):
        yield op, one(op, line, kernel_shape=[3], strides=[2], pads=[1, 1])
        yield op, one(op, image, kernel_shape=[3, 2], strides=[2, 1])
    yield "MaxPool", one("MaxPool", image, kernel_shape=[2, 2], dilations=[2, 3])
    for op in ("GlobalAveragePool", "GlobalMaxPool"):
        yield op, one(op, image)
    for op in MAXIMA:
        if op.startswith("Reduce"):
            yield op, one(op, line, whole(2))
    for op in REDUCTIONS.split():
        yield op, one(op, line, whole(2))
    yield "Conv", one("Conv", image, weights(4, 3, 3, 3), pads=[1, 1, 1, 1], strides=[2, 1])
    yield "Conv", one("Conv", image, weights(3, 1, 3, 3), pads=[1, 1, 1, 1], group=3)
    yield "ConvTranspose", one("ConvTranspose", line, weights(2, 2, 3), strides=[2])
    yield "Gemm", one("Gemm", (2, 9), weights(9, 4))
    yield "MatMul", one("MatMul", line, weights(9, 4))
    yield "Einsum", one("Einsum", line, weights(9, 4), equation="bij,jk->bik")
    for op in ("GRU", "LSTM"):
        gates = 4 * len(op) - 6 if op == "GRU" else 8
        yield op, one(op, (9, 1, 3), weights(1, gates, 3), weights(1, gates, 2), hidden_size=2)
    yield "Expand", one("Expand", (1, 2, 1), whole(1, 2, 4))
    yield "Tile", one("Tile", line, whole(1, 2, 2))
    yield "Pad", one("Pad", line, whole(0, 0, 2, 0, 0, 2), mode="reflect")
    yield "Reshape", one("Reshape", line, whole(1, 6, 3))
    yield "Slice", one("Slice", line, whole(1), whole(8), whole(2), whole(2))
    yield "Split", one("Split", line, whole(4, 5), outputs=("y", "z"), axis=2)
    yield "Squeeze", one("Squeeze", (1, 1, 9), whole(1))
    yield "Unsqueeze", one("Unsqueeze", line, whole(1))
    yield "Gather", one("Gather", line, whole(0, 3, 3), axis=2)
    yield (
        "Concat",
        model([node("Exp", ["x"], ["e"]), node("Concat", ["x", "e"], axis=2)], {"x": line}, ["y"]),
    )
    yield "DepthToSpace", one("DepthToSpace", (1, 8, 3, 3), blocksize=2)
    yield "SpaceToDepth", one("SpaceToDepth", (1, 2, 4, 6), blocksize=2)
    for mode in ("nearest", "linear"):
        yield "Resize", one("Resize", image, None, real(1, 1, 2, 1.5), mode=mode)
    yield "Upsample", one("Upsample", image, opset=7, mode="nearest", scales=[1.0, 1.0, 2.0, 3.0])


CASES = list(handing_on())


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(("op", "small"), CASES, ids=[op for op, _ in CASES])
def test_a_nan_arrives_wherever_a_finite_change_does(
    op: str, small: onnx.ModelProto, precision: str, monkeypatch: pytest.MonkeyPatch
):
    """Nothing of rfield's claims is used: the runtime is held against itself."""
    if precision == "float32":
        monkeypatch.setattr(
            running_module, "FLOAT32_ONLY", {node.op_type for node in small.graph.node}
        )
    graph = rfield.load(small)
    running = RunningModel(small, graph)
    if running.precision != precision:
        pytest.skip("the runtime has no float64 kernel")
    ((name, clean),) = running.inputs(0).items()
    clean = np.abs(clean) + 0.5
    layer = graph.outputs[0]

    def at(place: tuple[int, ...], number: float) -> Any:
        changed = clean.copy()
        changed[place] = number
        return running.run({name: changed}, [layer])[layer]

    steady = running.run({name: clean}, [layer])[layer]
    assert np.isfinite(steady).all()
    assert running.carries(layer)
    seen = 0
    for element in ((0, 0, 2, 1), (0, 1, 0, 0), (0, 0, 0, 3), (0, 1, 5, 5)):
        place = tuple(min(e, n - 1) for e, n in zip(element, clean.shape, strict=False))
        finite = np.zeros(steady.shape, bool)
        for number in (clean[place] * 1.5, clean[place] / 1.5, 50.0, -50.0):
            now = at(place, number)
            finite |= np.isfinite(now) & ~np.isclose(now, steady, rtol=1e-6, atol=0)
        marked = np.isnan(at(place, np.nan))
        assert (marked | ~finite).all()
        seen += int(finite.sum())
    assert seen, f"{op}: no finite change is seen, so this shows nothing"


def test_every_op_of_the_table_is_tried():
    assert {op for op, _ in CASES} == CARRIES | MAXIMA.keys()
