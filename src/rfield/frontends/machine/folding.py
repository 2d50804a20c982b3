"""What is computed of constants while a model is read: one evaluator, with NumPy, for all.

Models are full of arithmetic on shapes, positions and masks, and which elements an op reads depends
on it. A front end says which of its ops is which of the ``evaluators``, and reads the settings.

All of one model together is no more than ``limits.COMPUTED_IN_ALL``. What NumPy refuses is not
computed: the rule of the op says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from . import limits
from .protocol import Call
from .values import Array, Constant, Outputs, Tensor
from .writing import EVALUATORS, MOVING

_REFUSALS = (ArithmeticError, LookupError, TypeError, ValueError)


class Folding:
    """The constants of one model. ``left``: how many elements may still be computed."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = limits.COMPUTED_IN_ALL

    def __call__(
        self,
        name: str,
        operands: Sequence[Any],
        settings: Mapping[str, Any] | None = None,
        *,
        sized: bool = False,
    ) -> Tensor | Outputs | None:
        """The result of an evaluator, or None where it is not computed.

        ``sized``: a setting was computed from the size of an input. Constants whose contents are
        not known are not computed with, nor are weights: tensors of floats in the file that are
        more than a few numbers, unless they are only moved.
        """
        if name == "identity" and isinstance(operands[0], Constant):
            return operands[0]
        moved = name in MOVING
        arrays: list[Array] = []
        for value in operands:
            if not isinstance(value, Constant) or not value.has_shape:
                return None
            array = value.array if prod(value.shape) <= limits.COMPUTED else None
            if array is None:
                return None
            if array.dtype.kind == "f" and array.size > limits.FEW and not (value.made or moved):
                return None
            arrays.append(array)
        if self.left < 0:
            return None
        try:
            with np.errstate(all="ignore"):
                found = EVALUATORS[name](*arrays, **(settings or {}))
        except _REFUSALS:
            return None
        sized = sized or any(value.sized for value in operands)
        of_file = moved and not sized and all(value.stored for value in operands)
        if isinstance(found, list):
            made = [self._constant(each, sized, of_file) for each in found]
        else:
            made = [self._constant(found, sized, of_file)]
        for each in made:
            each.zeros_count = any(value.zeros_count for value in operands)
        return Outputs(made) if isinstance(found, list) else made[0]

    def _constant(self, result: Any, sized: bool, of_file: bool) -> Constant:
        array = np.asarray(result)
        self.left -= array.size
        if array.dtype == np.int32:  # so that a size never wraps
            array = array.astype(np.int64)
        if of_file:
            return Moved(array.shape, array)
        return Constant(array.shape, array, sized=sized, made=True)


class Moved(Constant):
    """Elements of a tensor in the file, in other places."""

    __slots__ = ()
    stored = nameless = True

    @property
    def is_whole(self) -> bool:
        """It is decoded already."""
        array = self.array
        return array is not None and array.dtype.kind in "biu"


Chosen = tuple[Sequence[Any], Mapping[str, Any]]
Settings = Callable[[Any], "Chosen | None"]
"""The operands and settings of an evaluator for one call; None where it does not fit that."""


def beside_first(read: Callable[[Any], Mapping[str, Any]]) -> Settings:
    """Settings beside the first operand."""
    return lambda call: ([call[0]], read(call))


def alone(read: Callable[[Any], Mapping[str, Any] | None]) -> Settings:
    """Settings and no operands."""

    def settings(call: Any) -> Chosen | None:
        found = read(call)
        return None if found is None else ([], found)

    return settings


class Evaluated:
    """Which ops of a framework are computed on constants, and by which evaluator.

    ``plain``: the ops without settings; ``chosen``: the others, with where these are written.
    """

    __slots__ = ("chosen", "plain")

    def __init__(
        self, plain: Mapping[str, str], chosen: Mapping[str, tuple[str, Settings]]
    ) -> None:
        self.plain, self.chosen = plain, chosen

    def __call__(self, folding: Folding, call: Call, *, sized: bool) -> Tensor | Outputs | None:
        """The value of a call whose operands are all constants, or None if it is not computed."""
        evaluator = self.plain.get(call.op)
        if evaluator is not None:
            return folding(evaluator, call.given, sized=sized)
        evaluator, settings = self.chosen.get(call.op, ("", None))
        if settings is None or any(getattr(v, "array", None) is None for v in call.given[1:]):
            return None
        found = settings(call)
        return None if found is None else folding(evaluator, *found, sized=sized)
