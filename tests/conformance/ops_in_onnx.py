"""The ops of the list as ONNX nodes, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import helper
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

import rfield
from rfield.frontends.onnx import RULES
from tests.onnx.probe import session
from tests.onnx.small import model, node, one, tensor, value, weights

from .ops.case import Case
from .ops.own.onnx import entries as OWN  # noqa: N812 - the name that every front end gives it

__all__ = ["BUILDERS", "CHANNEL", "OWN", "REFUSALS", "RULES", "read", "run"]

CHANNEL = 1
REFUSALS = (
    runtime.Fail, runtime.InvalidArgument, runtime.NotImplemented, runtime.RuntimeException,
)  # fmt: skip


def read(made: Any, shape: Any, axes: Any) -> rfield.Graph:
    """The graph of a model of one node."""
    return rfield.load(made, shape, axes=axes)


def run(made: Any) -> Any:
    """ONNX Runtime over arrays."""
    running = session(made)
    return lambda x: running.run(None, {"x": x.astype("float32")})[0]


def full(case: Case) -> tuple[int, ...]:
    return (1, 1, *case.shape) if case.image else (1, *case.shape)


def window(case: Case, *, transposed: bool = False) -> dict[str, Any]:
    """Strides, dilations and padding as attributes."""
    a = case.args
    found: dict[str, Any] = {}
    if "stride" in a:
        found["strides"] = a["stride"]
    if "dilation" in a:
        found["dilations"] = a["dilation"]
    if a.get("padding") == "same":
        found["auto_pad"] = "SAME_UPPER"
    elif "padding" in a:
        found["pads"] = [side for ends in (0, 1) for side in (p[ends] for p in a["padding"])]
    return found


def conv(op: str) -> Callable[[Case], Any]:
    return lambda case: one(op, full(case), weights(1, 1, *case.args["kernel"]), **window(case))


def pool(op: str) -> Callable[[Case], Any]:
    def build(case: Case) -> Any:
        attributes = window(case)
        if op == "MaxPool" and "strides" not in attributes:
            attributes["strides"] = case.args["kernel"]
        if op == "AveragePool" and "strides" not in attributes:
            attributes["strides"] = case.args["kernel"]
        return one(op, full(case), kernel_shape=case.args["kernel"],
                   ceil_mode=int(case.args.get("ceil", False)), **attributes)  # fmt: skip

    return build


def pad(case: Case) -> Any:
    before, after = case.args["pads"]
    if case.args["mode"] == "symmetric":
        return None
    return one("Pad", full(case), np.array([0, before, 0, after]), mode=case.args["mode"])


def resize(case: Case) -> Any:
    a = case.args
    options: dict[str, Any] = {"mode": a["mode"]}
    if a["mode"] == "nearest":
        options |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    if a["mode"] == "nearest-exact":
        options["mode"] = "nearest"
    if "coordinates" in a:
        options["coordinate_transformation_mode"] = a["coordinates"]
    if a.get("antialias"):
        options["antialias"] = 1
    if a["mode"] == "cubic" and len(case.shape) == 1:
        return None  # ONNX Runtime resizes by cubic over two axes only
    return one("Resize", full(case), None, None, np.array([1, 1, *a["size"]]), **options)


def scales(case: Case) -> Any:
    a = case.args
    if a["mode"] != "linear" or a.get("coordinates") or a.get("antialias"):
        return None
    factor = np.array([1, 1, *(o / i for o, i in zip(a["size"], case.shape, strict=True))])
    return one("Resize", full(case), None, factor.astype("float32"), mode="linear")


def unary(op: str, *rest: Any, opset: int = 22, **attributes: Any) -> Callable[[Case], Any]:
    return lambda case: one(op, full(case), *rest, opset=opset, **attributes)


def sequence(case: Case, *nodes: Any, **constants: Any) -> Any:
    return model(list(nodes), {"x": full(case)}, ["y"], constants)


def sliced(case: Case) -> Any:
    a = case.args
    ends = ([a["start"]], [a["stop"]], [a["axis"]], [a["step"]])
    return one("Slice", full(case), *map(np.array, ends))


def flip(case: Case) -> Any:
    axes = np.array(case.args["axes"])
    count = len(axes)
    low = np.iinfo(np.int64).min
    return one("Slice", full(case), np.full(count, -1), np.full(count, low), axes,
               np.full(count, -1))  # fmt: skip


def split(case: Case) -> Any:
    a = case.args
    names = [f"p{n}" for n in range(a["parts"])]
    names[a["part"]] = "y"
    return sequence(case, node("Split", ["x"], names, axis=a["axis"], num_outputs=a["parts"]))


def reducer(op: str) -> Callable[[Case], Any]:
    return lambda case: one(op, full(case), np.array(case.args["axes"]),
                            keepdims=int(case.args["keepdims"]))  # fmt: skip


def old_reducer(op: str) -> Callable[[Case], Any]:
    return lambda case: one(op, full(case), opset=11, axes=case.args["axes"],
                            keepdims=int(case.args["keepdims"]))  # fmt: skip


def trilu(upper: int) -> Callable[[Case], Any]:
    return lambda case: one("Trilu", full(case), np.array(case.args["k"]), upper=upper)


def band(case: Case) -> Any:
    a = case.args
    return sequence(
        case, node("Trilu", ["x", "k"], ["t"], upper=0), node("Trilu", ["t", "m"], upper=1),
        k=np.array(a["upper"]), m=np.array(-a["lower"]),
    )  # fmt: skip


def lower(case: Case, kind: str) -> Any:
    return np.tril(np.ones((1, *case.shape))).astype(kind)


def by_data(op: str) -> Callable[[Case], Any]:
    def build(case: Case) -> Any:
        nodes = [
            node("Clip", ["x", "low", "high"], ["c"]),
            node("Cast", ["c"], ["all"], to=7),
            node("Slice", ["all", "zero", "one", "two"], ["part"]),
            node("Flatten", ["part"], ["flat"], axis=0),
            node("Squeeze", ["flat", "zero"], ["some"]),
        ]
        index = "all" if op == "GatherElements" else "some"
        used = nodes[:2] if op == "GatherElements" else nodes
        return sequence(
            case, *used, node(op, ["x", index], axis=1), low=np.float32(0), high=np.float32(2),
            zero=np.array([0]), one=np.array([1]), two=np.array([2]),
        )  # fmt: skip

    return build


def einsum(case: Case) -> Any:
    equation = case.args["equation"]
    names = ["x"] * (equation.count(",") + 1)
    return sequence(case, node("Einsum", names, equation=equation))


def loop(case: Case) -> Any:
    ends = {"zero": [0], "one": [1], "axis": [1], "all": [1 << 30]}
    constants = [tensor(name, np.array(numbers)) for name, numbers in ends.items()]
    body = helper.make_graph(
        [
            node("Slice", ["s", "one", "all", "axis"], ["rest"]),
            node("Slice", ["s", "zero", "one", "axis"], ["first"]),
            node("Concat", ["rest", "first"], ["t"], axis=1),
            node("Identity", ["go"], ["on"]),
        ],
        "turn", [value("i", [], 7), value("go", [], 9), value("s", None)],
        [value("on", [], 9), value("t", None)], constants,
    )  # fmt: skip
    made = node("Loop", ["turns", "", "x"], ["y"], body=body)
    turns = {"turns": np.array(case.args["turns"])}
    return model([made], {"x": full(case)}, ["y"], turns)


BUILDERS: dict[str, dict[str, Callable[[Case], Any]]] = {
    "loop": {"Loop": loop},
    "conv": {"Conv": conv("Conv")},
    "depthwise_conv": {"Conv": conv("Conv")},
    "conv_transpose": {"ConvTranspose": conv("ConvTranspose")},
    "max_pool": {"MaxPool": pool("MaxPool")},
    "avg_pool": {"AveragePool": pool("AveragePool")},
    "global_pool": {"average": unary("GlobalAveragePool"), "max": unary("GlobalMaxPool")},
    "pad": {"Pad": pad},
    "resize": {"sizes": resize, "scales": scales},
    "flip": {"Slice": flip},
    "transpose": {"Transpose": lambda c: one("Transpose", full(c), perm=c.args["order"])},
    "reshape": {"Reshape": lambda c: one("Reshape", full(c), np.array(c.args["shape"]))},
    "slice": {"Slice": sliced},
    "concat": {"Concat": lambda c: sequence(c, node("Concat", ["x", "x"], axis=c.args["axis"]))},
    "split": {"Split": split},
    "tile": {"Tile": lambda c: one("Tile", full(c), np.array(c.args["repeats"]))},
    "expand_dims": {"Unsqueeze": lambda c: one("Unsqueeze", full(c), np.array([c.args["axis"]]))},
    "squeeze": {"Squeeze": lambda c: one("Squeeze", full(c), np.array([c.args["axis"]]))},
    "broadcast": {"Expand": lambda c: one("Expand", full(c), np.array(c.args["shape"]))},
    "take": {"Gather": lambda c: one("Gather", full(c), np.array(c.args["indices"]),
                                     axis=c.args["axis"])},
    "take_along_by_data": {"GatherElements": by_data("GatherElements")},
    "take_by_data": {"Gather": by_data("Gather")},
    "tril": {"Trilu": trilu(0)},
    "triu": {"Trilu": trilu(1)},
    "band": {"Trilu": band},
    "times_mask": {"Mul": lambda c: one("Mul", full(c), lower(c, "float32"))},
    "where": {"Where": lambda c: sequence(c, node("Where", ["m", "x", "z"]), m=lower(c, "bool"),
                                          z=np.float32(0))},
    "cumsum": {"CumSum": lambda c: one("CumSum", full(c), np.array(c.args["axis"]),
                                       exclusive=int(c.args["exclusive"]),
                                       reverse=int(c.args["reverse"]))},
    **{kind: {"input": reducer(op), "attribute": old_reducer(op)} for kind, op in (
        ("mean", "ReduceMean"), ("max", "ReduceMax"),
        ("min", "ReduceMin"), ("prod", "ReduceProd"))},
    "sum": {"input": reducer("ReduceSum"), "attribute": old_reducer("ReduceSum")},
    "softmax": {"Softmax": lambda c: one("Softmax", full(c), axis=c.args["axis"])},
    "layer_norm": {"LayerNormalization": unary("LayerNormalization", np.ones(4, "float32"))},
    "sort": {"TopK": lambda c: sequence(c, node("TopK", ["x", "k"], ["y", "i"]),
                                        k=np.array([4]))},
    "matmul_constant": {"MatMul": unary("MatMul", weights(4, 2))},
    "constant_matmul": {"MatMul": lambda c: sequence(c, node("MatMul", ["w", "x"]),
                                                     w=weights(2, 3))},
    "gram": {"MatMul": lambda c: sequence(c, node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
                                          node("MatMul", ["x", "t"]))},
    "einsum": {"Einsum": einsum},
    "top": {"TopK": lambda c: sequence(c, node("TopK", ["x", "k"], ["y", "i"]), k=np.array([2]))},
    "instance_norm": {"InstanceNormalization": unary(
        "InstanceNormalization", np.ones(3, "float32"), np.zeros(3, "float32"))},
    "batch_norm": {"BatchNormalization": unary(
        "BatchNormalization", *(np.ones(3, "float32") for _ in range(4)))},
    "dense": {"MatMul": unary("MatMul", weights(4, 2))},
    **{op.lower(): {op: unary(op)} for op in ("Relu", "Sigmoid", "Tanh", "Exp", "Abs")},
}  # fmt: skip
