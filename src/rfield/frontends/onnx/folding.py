"""Which ops are computed on constants: the evaluator of each, and how its settings are written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..machine.folding import Evaluated, Settings, alone, beside_first
from ..machine.values import Array
from .contraction import reduced_axes
from .layout import new_shape, slices, split_sizes
from .rulebook import Call
from .tensors import DTYPES

EVALUATORS: dict[str, str] = {
    "Abs": "absolute", "Neg": "negative", "Floor": "floor", "Ceil": "ceil", "Round": "rint",
    "Sqrt": "sqrt", "Exp": "exp", "Log": "log", "Not": "logical_not", "Sign": "sign",
    "Identity": "identity", "Reciprocal": "reciprocal", "BitwiseNot": "invert", "Sin": "sin",
    "Cos": "cos", "IsNaN": "isnan", "Relu": "relu", "Tanh": "tanh",
    "Add": "add", "Sub": "subtract", "Mul": "multiply", "Pow": "power", "Div": "quotient",
    "And": "logical_and", "Or": "logical_or", "Xor": "logical_xor", "Equal": "equal",
    "Greater": "greater", "Less": "less", "GreaterOrEqual": "greater_equal",
    "LessOrEqual": "less_equal", "BitwiseAnd": "bitwise_and", "BitwiseOr": "bitwise_or",
    "BitwiseXor": "bitwise_xor", "Max": "maximum", "Min": "minimum", "Sum": "add",
    "MatMul": "matmul", "NonZero": "nonzero",
}  # fmt: skip
"""Ops without settings."""


def _array(call: Call, place: int) -> Array:
    return call.constant(place)


def _shaped(call: Call) -> dict[str, Any]:
    return {"shape": new_shape(call)}


def _reduced(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    axes = reduced_axes(call)
    return (
        None
        if axes is None
        else ([call[0]], {"axes": axes, "keepdims": call.flag("keepdims", True)})
    )


def _place(call: Call) -> dict[str, Any]:
    return {"axis": call.int("axis", 0), "keepdims": call.flag("keepdims", True)}


def _cast(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    kind = DTYPES.get(call.int("to", 0))
    return None if kind is None else ([call[0]], {"dtype": kind})


def _mod(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    return None if call.int("fmod", 0) else (call.given, {})


def _clip(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    if "min" in call.attributes or "max" in call.attributes:
        return None
    return [call[0]], {"low": call.known(1), "high": call.known(2)}


def _filled(call: Call) -> dict[str, Any] | None:
    value = call.tensor("value")
    number = np.zeros(1, np.float32) if value is None else value.array
    if number is None or number.size != 1:
        return None
    return {"shape": call.integers(0), "number": number.reshape(()), "dtype": number.dtype}


def _counted(call: Call) -> dict[str, Any]:
    start, stop = (_array(call, k).reshape(-1)[0] for k in range(2))
    step = _array(call, 2).reshape(-1)[0] if call.has(2) else start.dtype.type(1)
    return {"start": start, "stop": stop, "step": step, "dtype": start.dtype}


def _index(call: Call) -> dict[str, Any]:
    index: list[Any] = [slice(None)] * len(call.shape(0))
    for axis, part in slices(call).items():
        index[axis] = part
    return {"index": index}


def _gathered(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    if call.int("batch_dims", 0):
        return None
    return [call[0]], {"indices": _array(call, 1)}


def _scattered(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    if call.text("reduction", "none") != "none":
        return None
    return [call[0], call[2]], {"indices": _array(call, 1)}


def _split(call: Call) -> dict[str, Any]:
    axis, sizes = split_sizes(call)
    return {"axis": axis, "sizes": sizes}


def _running(call: Call) -> dict[str, Any]:
    return {
        "axis": call.integer(1), "exclusive": call.flag("exclusive"),
        "reverse": call.flag("reverse"),
    }  # fmt: skip


FOLDS: dict[str, tuple[str, Settings]] = {
    "Mod": ("mod", _mod),
    "Clip": ("clip", _clip),
    "Where": ("where", lambda call: (
        call.given[1:], {"condition": _array(call, 0)}
    )),
    "Cast": ("cast", _cast),
    "CastLike": ("cast", beside_first(lambda call: {"dtype": _array(call, 1).dtype})),
    "ConstantOfShape": ("full", alone(_filled)),
    "Range": ("arange", alone(_counted)),
    "com.microsoft::Range": ("arange", alone(_counted)),
    "Concat": ("concatenate", lambda call: (call.given, {"axis": call.int("axis", 1)})),
    "Gather": ("take", beside_first(lambda call: {
        "indices": _array(call, 1), "axis": call.int("axis", 0),
    })),
    "GatherElements": ("take_along_axis", beside_first(lambda call: {
        "indices": _array(call, 1), "axis": call.int("axis", 0),
    })),
    "GatherND": ("gather_nd", _gathered),
    "ScatterND": ("scatter_nd", _scattered),
    "Reshape": ("reshape", beside_first(_shaped)),
    "Flatten": ("reshape", beside_first(_shaped)),
    "Squeeze": ("reshape", beside_first(_shaped)),
    "Unsqueeze": ("reshape", beside_first(_shaped)),
    "Transpose": ("transpose", beside_first(lambda call: {"axes": call.ints("perm")})),
    "Slice": ("getitem", beside_first(_index)),
    "Split": ("split", beside_first(_split)),
    "Expand": ("broadcast_to", beside_first(lambda call: {"shape": call.integers(1)})),
    "Tile": ("tile", beside_first(lambda call: {"repeats": call.integers(1)})),
    "ReduceSum": ("sum", _reduced),
    "ReduceProd": ("prod", _reduced),
    "ReduceMax": ("max", _reduced),
    "ReduceMin": ("min", _reduced),
    "ReduceMean": ("mean", _reduced),
    "ArgMax": ("argmax", beside_first(_place)),
    "ArgMin": ("argmin", beside_first(_place)),
    "CumSum": ("cumsum", beside_first(_running)),
    "CumProd": ("cumprod", beside_first(_running)),
    "Trilu": ("triangle", beside_first(lambda call: {
        "k": call.integer(1) if call.has(1) else 0, "upper": call.flag("upper", True),
    })),
    "OneHot": ("one_hot", beside_first(lambda call: {
        "depth": call.integer(1), "off": _array(call, 2).reshape(-1)[0],
        "on": _array(call, 2).reshape(-1)[1], "axis": call.int("axis", -1),
    })),
}  # fmt: skip
"""Ops with settings: the evaluator, and where they are written."""

fold = Evaluated(EVALUATORS, FOLDS)
