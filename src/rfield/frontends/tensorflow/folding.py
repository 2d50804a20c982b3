"""Which ops are computed on constants: the evaluator of each, and how its settings are written.

Everything that a graph computes from shapes and literals is known before any pixel is; a rule that
needs a size finds it here. Of any other op the rule tells the shape, and the contents are unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import InvalidModelError
from ..machine.folding import Evaluated, Settings, alone, beside_first
from .rulebook import Call

EVALUATORS: dict[str, str] = {
    "Add": "add", "AddV2": "add", "Sub": "subtract", "Mul": "multiply", "Maximum": "maximum",
    "Minimum": "minimum", "FloorDiv": "floor_divide", "FloorMod": "mod", "TruncateMod": "fmod",
    "Pow": "power", "Neg": "negative", "Abs": "absolute", "Sign": "sign", "Square": "square",
    "Floor": "floor", "Ceil": "ceil", "Rint": "rint", "Round": "rint", "Sqrt": "sqrt",
    "Exp": "exp", "Log": "log", "Less": "less", "LessEqual": "less_equal", "Greater": "greater",
    "GreaterEqual": "greater_equal", "Equal": "equal", "NotEqual": "not_equal",
    "LogicalAnd": "logical_and", "LogicalOr": "logical_or", "LogicalNot": "logical_not",
    "RealDiv": "divide", "Div": "quotient", "TruncateDiv": "quotient",
    "BitwiseAnd": "bitwise_and", "InvertPermutation": "argsort",
    "SquaredDifference": "squared_difference", "DivNoNan": "divide_no_nan",
    "BroadcastArgs": "broadcast_shapes",
}  # fmt: skip
"""Ops without settings."""

_KINDS: dict[int, Any] = {1: np.float32, 2: np.float64, 10: np.bool_, 19: np.float16}


def _like(number: int) -> Settings:
    """As large as the operand, and of its type."""

    def settings(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
        array = call.known(0)
        made = {"shape": call.shape(0), "number": number}
        return None if array is None else ([], {**made, "dtype": array.dtype})

    return settings


def _counted(call: Call) -> dict[str, Any]:
    start, stop, step = (call.constant(k).reshape(())[()] for k in range(3))
    return {"start": start, "stop": stop, "step": step, "dtype": start.dtype}


def _spaced(call: Call) -> dict[str, Any]:
    start, stop = (call.constant(k).reshape(())[()] for k in range(2))
    return {"start": start, "stop": stop, "count": call.integer(2)}


def _filled(call: Call) -> dict[str, Any] | None:
    number = call.known(1)
    return None if number is None else {"shape": call.integers(0), "number": number.reshape(())}


def _gathered(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    if call.number("batch_dims"):
        return None
    axis = call.integer(2) if len(call) > 2 else 0
    return [call[0]], {"indices": call.constant(1), "axis": axis}


def _part(call: Call) -> dict[str, Any]:
    """A size of -1 goes to the end."""
    pairs = zip(call.integers(1), call.integers(2), strict=True)
    return {"index": [slice(b, None if s < 0 else b + s) for b, s in pairs]}


def _index(call: Call) -> dict[str, Any]:
    return {"index": index_of(call.attributes, *(call.integers(k) for k in (1, 2, 3)))}


def _hot(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    """An index below 0 is nowhere, which the evaluator does not do."""
    indices, on, off = call.known(0), call.known(2), call.known(3)
    if indices is None or on is None or off is None or (indices < 0).any():
        return None
    axis = call.number("axis") if "axis" in call.attributes else -1
    return [call[0]], {"depth": call.integer(1), "on": on, "off": off, "axis": axis}


def _on_diagonal(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    """One diagonal; several are not computed."""
    more = [call.known(k) for k in range(1, len(call))]
    if any(one is None or one.size > 1 for one in more):
        return None
    names = ("k", "rows", "columns", "fill")
    given = [one.reshape(()).item() for one in more if one is not None]
    return [call[0]], dict(zip(names, given, strict=False))  # the last ones may be left out


def _set_diagonal(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    k = call.known(2) if len(call) > 2 else np.zeros(())
    if k is None or k.size > 1:
        return None
    return [call[0], call[1]], {"k": int(k.reshape(()))}


def _padded(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    widths, fill = call.known(1), call.known(2) if len(call) > 2 else np.zeros(())
    if widths is None or fill is None:
        return None
    return [call[0]], {"widths": widths.tolist(), "number": fill.reshape(()).item()}


def _running(call: Call) -> tuple[Sequence[Any], dict[str, Any]]:
    flags = {name: call.flag(name) for name in ("exclusive", "reverse")}
    return [call[0]], {"axis": call.integer(1), **flags}


_REDUCED = beside_first(lambda call: {"axes": call.integers(1), "keepdims": call.flag("keep_dims")})
_TAKEN = ("take", _gathered)


def _chosen(call: Call) -> tuple[Sequence[Any], dict[str, Any]] | None:
    """The condition of the first version, where it is a vector, chooses rows.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Select
    """
    condition = call.known(0)
    if condition is None:
        return None
    if call.op == "Select" and condition.ndim == 1:
        condition = condition.reshape(-1, *(1,) * (len(call.shape(1)) - 1))
    return call.operands[1:], {"condition": condition}


_CHOSEN: tuple[str, Settings] = ("where", _chosen)

FOLDS: dict[str, tuple[str, Settings]] = {
    "Select": _CHOSEN,
    "SelectV2": _CHOSEN,
    "Cast": ("cast", beside_first(lambda c: {"dtype": _KINDS.get(c.dtype("DstT"), np.int64)})),
    "ZerosLike": ("full", _like(0)),
    "OnesLike": ("full", _like(1)),
    "Pack": ("stack", lambda call: (call.operands, {"axis": call.number("axis")})),
    "Unpack": ("unstack", beside_first(lambda call: {"axis": call.number("axis")})),
    "ConcatV2": ("concatenate", lambda c: (c.operands[:-1], {"axis": c.integer(len(c) - 1)})),
    "Concat": ("concatenate", lambda c: None if c.known(0) is None else (
        c.operands[1:], {"axis": c.integer(0)}
    )),
    "Range": ("arange", alone(_counted)),
    "LinSpace": ("linspace", alone(_spaced)),
    "Fill": ("full", alone(_filled)),
    "Reshape": ("reshape", beside_first(lambda call: {"shape": call.integers(1)})),
    "ExpandDims": ("expand_dims", beside_first(lambda call: {"axes": call.integer(1)})),
    "Squeeze": ("squeeze", beside_first(lambda c: {"axes": c.numbers("squeeze_dims") or None})),
    "Transpose": ("transpose", beside_first(lambda call: {"axes": call.integers(1)})),
    "GatherV2": _TAKEN,
    "Gather": _TAKEN,
    "ResourceGather": _TAKEN,
    "Slice": ("getitem", beside_first(_part)),
    "StridedSlice": ("getitem", beside_first(_index)),
    "OneHot": ("one_hot", _hot),
    "ScatterNd": ("scatter_nd_add", lambda call: (
        [call[1]], {"indices": call.constant(0), "shape": call.integers(2)}
    )),
    "TensorScatterUpdate": (
        "scatter_nd", lambda call: ([call[0], call[2]], {"indices": call.constant(1)})
    ),
    **{f"MatrixDiag{v}": ("diagonal_matrix", _on_diagonal) for v in ("", "V2", "V3")},
    **{f"MatrixSetDiag{v}": ("set_diagonal", _set_diagonal) for v in ("", "V2", "V3")},
    "Pad": ("pad", _padded),
    "PadV2": ("pad", _padded),
    "Cumsum": ("cumsum", _running),
    "Cumprod": ("cumprod", _running),
    "GatherNd": ("gather_nd", beside_first(lambda call: {"indices": call.constant(1)})),
    "Where": ("argwhere", beside_first(lambda call: {})),
    "Tile": ("tile", beside_first(lambda call: {"repeats": call.integers(1)})),
    "BroadcastTo": ("broadcast_to", beside_first(lambda call: {"shape": call.integers(1)})),
    "ReverseV2": ("flip", beside_first(lambda call: {"axes": call.integers(1)})),
    "MatrixBandPart": ("band", beside_first(lambda call: {
        "lower": call.integer(1), "upper": call.integer(2),
    })),
    **{
        op: (op.lower(), _REDUCED) for op in ("Prod", "Sum", "Max", "Min", "Mean", "All", "Any")
    },
}  # fmt: skip
"""Ops with settings: the evaluator, and where they are written."""

fold = Evaluated(EVALUATORS, FOLDS)


def index_of(
    attributes: Any, begin: Sequence[int], end: Sequence[int], step: Sequence[int]
) -> tuple[Any, ...]:
    """The Python index that the masks of a StridedSlice write."""
    masks = {
        name: attributes[f"{name}_mask"].i if f"{name}_mask" in attributes else 0
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    if not len(begin) == len(end) == len(step):
        raise InvalidModelError("begin, end and strides differ in length")
    parts: list[Any] = []
    for k, (first, last, stride) in enumerate(zip(begin, end, step, strict=True)):
        bit = 1 << k
        if masks["ellipsis"] & bit:
            parts.append(Ellipsis)
        elif masks["new_axis"] & bit:
            parts.append(None)
        elif masks["shrink_axis"] & bit:
            parts.append(first)
        else:
            parts.append(slice(
                None if masks["begin"] & bit else first,
                None if masks["end"] & bit else last,
                stride,
            ))  # fmt: skip
    return tuple(parts)
