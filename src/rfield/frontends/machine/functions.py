"""What ops make of numbers, element by element: for elements that no input changes.

An op is told by its name, and names mean nearly the same in all frameworks. Where they do not (a
``div`` of whole numbers, a ``round`` of halves, a ``not`` of numbers) there are several functions,
and a number counts only if all of them make it. One that needs more than its operands (a slope, a
number of decimals) is not here. Nor does a number count that hangs on the last bits of another,
for nobody knows in which type the model runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Number = NDArray[Any]
Function = Callable[..., Any]


def name_of(kind: str) -> str:
    """The name of an op as the tables have it.

    >>> name_of("floor_divide"), name_of("max.other")
    ('floordivide', 'max')
    """
    return kind.lower().replace("_", "").removesuffix("other").rstrip(".")


def is_function(kind: str, operands: int) -> bool:
    """Whether it is told here what an op makes of so many numbers."""
    return (name_of(kind), operands) in _FUNCTIONS


def numbers(kind: str, operands: Sequence[Number]) -> Number | None:
    """What the op makes of these; NaN where that is not told, None if it is told nowhere.

    >>> numbers("floor", [np.array([0.5, -0.5])]), numbers("div", [np.array(1.0), np.array(2.0)])
    (array([ 0., -1.]), array(nan))
    """
    functions = _FUNCTIONS.get((name_of(kind), len(operands)))
    if functions is None:
        return None
    with np.errstate(all="ignore"):
        made = [np.asarray(function(*operands), np.float64) for function in functions]
        sure = np.logical_and.reduce([each == made[0] for each in made])
        for blurred in product(*map(_blurred, operands)):
            other = np.asarray(functions[0](*blurred), np.float64)
            near = abs(other - made[0]) <= 1e-2 * abs(made[0])
            sure = sure & ((other == made[0]) | near)
    return np.where(sure, made[0], np.nan)


_BLUR = 1e-4


def _blurred(x: Number) -> tuple[Number, Number]:
    """A number a little below and above; one of few bits is the same in every type."""
    rough = np.where(x == x.astype(np.float16), 0, _BLUR)
    return np.where(rough, x * (1 - rough), x), np.where(rough, x * (1 + rough), x)


def _truth(function: Function) -> Function:
    """Of truth values; of other numbers it may be anything."""

    def apply(*operands: Number) -> Any:
        known = reduce(np.logical_and, [(each == 0) | (each == 1) for each in operands])
        return np.where(known, function(*operands), np.nan)

    return apply


def _cut(x: Number, y: Number) -> Number:
    """A quotient, cut if it is one of whole numbers."""
    whole = (x == np.trunc(x)) & (y == np.trunc(y))
    return np.where(whole, np.trunc(x / y), x / y)


def _reversed(function: Function) -> Function:
    return lambda x, y: function(y, x)


_ONE: dict[str, tuple[Function, ...]] = {
    **{
        name: (getattr(np, name),)
        for name in (
            "absolute", "arctan", "ceil", "cos", "cosh", "exp", "expm1", "fabs", "floor", "isinf",
            "isnan", "log", "log1p", "negative", "reciprocal", "rint", "sign", "sin", "sinh",
            "sqrt", "square", "tan", "tanh", "trunc",
        )
    },
    "abs": (np.absolute,), "neg": (np.negative,), "fix": (np.trunc,), "sgn": (np.sign,),
    "inv": (np.reciprocal,), "rsqrt": (lambda x: 1 / np.sqrt(x),),
    "relu": (lambda x: np.maximum(x, 0),), "relu6": (lambda x: np.clip(x, 0, 6),),
    **dict.fromkeys(("sigmoid", "logistic"), (lambda x: 1 / (1 + np.exp(-x)),)),
    "round": (np.rint, lambda x: np.trunc(x + np.copysign(0.5, x))),
    "logicalnot": (_truth(np.logical_not),),
    **dict.fromkeys(
        ("cast", "castlike", "convertelementtype"), (np.trunc, np.asarray, lambda x: x != 0)
    ),
}  # fmt: skip

_TWO: dict[str, tuple[Function, ...]] = {
    **dict.fromkeys(("add", "addany", "addn", "addv2", "sum"), (np.add,)),
    **dict.fromkeys(("sub", "subtract"), (np.subtract,)), "rsub": (_reversed(np.subtract),),
    **dict.fromkeys(("mul", "multiply"), (np.multiply,)),
    **dict.fromkeys(("div", "divide"), (np.divide, _cut)),
    **dict.fromkeys(("realdiv", "truedivide"), (np.divide,)),
    **dict.fromkeys(("floordiv", "floordivide"), (np.floor_divide,)),
    **dict.fromkeys(("floormod", "mod", "remainder"), (np.mod, np.fmod)),
    **dict.fromkeys(("fmod", "rem", "truncatemod"), (np.fmod,)),
    "pow": (np.power,), "power": (np.power,), "squareddifference": (lambda x, y: (x - y) ** 2,),
    **dict.fromkeys(("max", "maximum", "fmax", "relu"), (np.maximum,)),
    **dict.fromkeys(("min", "minimum", "fmin"), (np.minimum,)),
    **dict.fromkeys(("eq", "equal"), (np.equal,)),
    **dict.fromkeys(("ne", "notequal"), (np.not_equal,)),
    **dict.fromkeys(("gt", "greater"), (np.greater,)),
    **dict.fromkeys(("lt", "less"), (np.less,)),
    **dict.fromkeys(("ge", "greaterequal", "greaterorequal"), (np.greater_equal,)),
    **dict.fromkeys(("le", "lessequal", "lessorequal"), (np.less_equal,)),
    **dict.fromkeys(("and", "bitwiseand", "logicaland"), (_truth(np.logical_and),)),
    **dict.fromkeys(("or", "bitwiseor", "logicalor"), (_truth(np.logical_or),)),
    **dict.fromkeys(("xor", "bitwisexor", "logicalxor"), (_truth(np.logical_xor),)),
}  # fmt: skip

_FUNCTIONS = {
    **{(name, 1): functions for name, functions in _ONE.items()},
    **{(name, 2): functions for name, functions in _TWO.items()},
}
