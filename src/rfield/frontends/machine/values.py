"""What a tensor of a model is while the model is read.

``Dependent`` is a value of the graph in the making. All else is known without the input:
``Constant`` for weights, shapes and tables, ``Items`` for lists of tensors. ``Outputs`` is what an
op with several results answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ...core.arguments import Shape
from ...core.known import SOME, ZERO, Known, of_constant
from ...errors import InvalidModelError, UnresolvedSizeError
from .limits import FEW, MASK

Array = npt.NDArray[Any]


class Dependent:
    """A tensor that depends on an input: the value ``index`` of the graph."""

    __slots__ = ("index", "shape")

    def __init__(self, index: int, shape: Shape) -> None:
        self.index = index
        self.shape = shape

    def __repr__(self) -> str:
        return f"Dependent({self.index}, {self.shape})"


class Constant:
    """A tensor that no input changes.

    ``array``: its contents, or None where they are too many or were never read; ``contents`` may be
    a function that decodes them when somebody asks, for most weights are never asked. ``sized``: it
    was computed from the shape of a dependent tensor, so it may change with the input size.
    ``origin``: where a constant of unknown shape comes from. ``made``: it was computed in the
    model, so it is no parameter. ``kept``: it is none either, but a buffer, which may not have been
    set yet where it is nothing but zeros. ``told``: what is known of its elements although its
    contents are not (a parameter multiplied by a mask), in the words of ``core.known``; else None.
    ``soft``: the number of a mask in it, where ``told`` says where that is. ``unseen``: it is made
    of tables and no weight, but nobody computed it, so it may be a mask. ``made_of``: the
    parameters that it was computed from. ``placed``: of one whose elements an op has put in their
    places, where these are. ``key``: what it is at any size of the input, where it has no contents.
    ``zeros_count``: its zeros do, although it may be a parameter. ``even``: it holds the one number
    that it was made with, at any size. ``fixed``: nobody trains it, and its numbers are in another
    file: it may be a mask of what it multiplies or chooses from, and so may what is made of it.
    ``drawn``: it is random, or made of what is. ``source``: the weight that it holds several times,
    where ``placed`` tells which element of that lies where.
    """

    __slots__ = (
        "_contents", "_shape", "drawn", "even", "fixed", "kept", "key", "learned", "made",
        "made_of", "origin", "placed", "sized", "soft", "source", "told", "unseen", "zeros_count",
    )  # fmt: skip

    stored: ClassVar[bool] = False
    """Whether it is read from the file as it is, so that no input size changes its shape."""

    nameless: ClassVar[bool] = False
    """Whether it is of a file that does not tell parameters from other constants."""

    def __init__(
        self,
        shape: Sequence[int] | None,
        contents: Array | Callable[[], Array | None] | None = None,
        *,
        sized: bool = False,
        origin: str = "",
        made: bool = False,
        told: Array | None = None,
        soft: float = 0.0,
    ) -> None:
        self._shape = None if shape is None else tuple(shape)
        self._contents = contents
        self.sized = sized
        self.origin = origin
        self.made = made
        self.told = told
        self.soft = soft
        self.key: object = None
        self.source: object = None
        self.unseen = self.kept = self.zeros_count = self.even = self.fixed = self.drawn = False
        self.learned = False
        self.placed: Callable[[], Array | None] | None = None
        self.made_of: tuple[Constant, ...] = ()

    @property
    def parameters(self) -> tuple[Constant, ...]:
        """The parameters of the model that it is, or is made of."""
        return self.made_of

    @property
    def may_change(self) -> bool:
        """Whether training may give it other numbers than it has."""
        return not self.made or bool(self.parameters) or self.learned

    @property
    def shape(self) -> Shape:
        """The sizes of its axes.

        Raises:
            UnresolvedSizeError: nothing tells its shape.
        """
        if self._shape is None:
            where = f" ({self.origin})" if self.origin else ""
            raise UnresolvedSizeError(f"the shape of an operand is not known{where}")
        return self._shape

    @property
    def has_shape(self) -> bool:
        """Whether its shape is known."""
        return self._shape is not None

    @property
    def array(self) -> Array | None:
        """The contents, where they are few and known."""
        if callable(self._contents):
            self._contents = self._contents()
        return self._contents

    @property
    def identity(self) -> object:
        """What it is, to be compared with what stands in its place at another input size."""
        if self.key is not None:
            return self.key
        array, once = self.array, self.once
        if array is not None and once is not None and array.dtype.kind != "O":
            return array.shape, once.shape, hash(once.tobytes())
        return object() if self.sized and array is None else None

    @property
    def once(self) -> Array | None:
        """The contents, with size 1 along the axes where they are held once for all."""
        return None if self.array is None else held_once(self.array)

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers or truth values; what is stored need not be decoded."""
        array = None if self.stored else self.array
        return array is not None and array.dtype.kind in "biu"

    @property
    def is_seen(self) -> bool:
        """Whether it is a table of the model, and no weight: what it holds could be known."""
        array = self.array
        if array is None:
            return self.unseen
        return self.made or array.dtype.kind != "f" or array.size <= FEW

    @property
    def is_unset(self) -> bool:
        """Whether it is a zero of a file, where nobody knows whether it is a parameter."""
        array = self.once if self.nameless else None
        return array is not None and array.size > 0 and not array.any()

    @property
    def may_be_mask(self) -> bool:
        """Whether it has zeros that do not count, as nobody knows whether it is a parameter."""
        array = self.once if self.nameless else None
        if array is None or array.all() or self.zeros_count:
            return False
        return not array.any() or bool((array != array.astype(bool)).any())

    @property
    def may_be_pruned(self) -> bool:
        """Whether its zeros count, and it has some or was never looked into."""
        return self.zeros_count and (self.array is None or self.may_have_zeros)

    @property
    def may_be_cut(self) -> bool:
        """Whether a mask was on it, of which nobody knows where it is zero."""
        return self.told is not None and bool((self.told == SOME).any())

    @property
    def may_hide(self) -> bool:
        """Whether some of its elements are known, or could be, although its contents are not."""
        return self.told is not None or self.unseen

    @property
    def may_have_zeros(self) -> bool:
        """Whether any element is, or may be, known to be zero."""
        array = self.once
        zeros = self.told is not None and bool((self.told == ZERO).any())
        return zeros or self.may_be_cut or (array is not None and not array.all())

    @property
    def zeros(self) -> Array | None:
        """Where a mask of the model makes it zero, in its shape; else None."""
        if not self.may_have_zeros:
            return None
        if self.stored and self.told is None and not self.zeros_count:
            return None
        found = self.known().codes == ZERO
        return np.broadcast_to(found, self.shape) if found.any() else None

    def known(
        self, *, as_choice: bool = False, as_factor: bool = False, soft: int | None = None
    ) -> Known:
        """What is known of its elements, for masks.

        Its zeros count unless it is a parameter, or a buffer of nothing but zeros, which is no
        mask; of a tensor of a file, where nobody knows what is a parameter, beside only ones.
        ``as_choice``: a mask chooses it; then nothing but zeros is what dead elements are filled
        with. ``as_factor``: beside a single element, so that it is no kernel; where zeros count,
        those of nothing but zeros do. ``soft``: what to call the finite numbers of a mask.
        """
        array = self.once
        if array is not None and array.size > MASK:
            array = None
        counts = array is not None and (self.made or self.stored)
        fill = as_choice and array is not None and (self.made or array.size == 1)
        if counts and not fill and array is not None:
            whole = (self.made and not self.kept) or (as_factor and self.zeros_count)
            counts = whole or bool(array.any())
        plain = self.made or self.zeros_count
        if counts and not fill and not plain and array is not None:
            counts = bool(((array == 0) | (array == 1)).all())
        if as_choice and not fill and self.is_unset:  # a mask, or a parameter not yet trained
            return of_constant(self.shape, told=np.full((1,) * len(self.shape), SOME, np.uint8))
        return of_constant(self.shape, array, self.told, counts=counts, soft=soft)

    def __repr__(self) -> str:
        return f"Constant({self._shape})"


Tensor = Dependent | Constant


class Items(tuple[Any, ...]):
    """A list of tensors as one value: a sequence, a TensorList; None for one not yet written."""

    @property
    def blank(self) -> Any:
        """What an element is that was never written; None where that is not known."""
        return next((item for item in self if item is not None), None)

    def of(self, items: Iterable[Any]) -> Items:
        """The same kind of list with other elements."""
        return Items(items)


class Outputs(tuple[Any, ...]):
    """The results of an op with several outputs; None for one that nobody can read."""

    __slots__ = ()


def known(array: Any, *, sized: bool = False) -> Constant:
    """A constant with contents."""
    made = np.asarray(array)
    return Constant(made.shape, made, sized=sized, made=True)


def held_once(array: Array) -> Array:
    """The same, with size 1 along the axes where it is held once for all."""
    if 0 not in array.strides:
        return array
    return array[tuple(slice(None) if step else slice(0, 1) for step in array.strides)]


def parameters_of(values: Iterable[Any]) -> tuple[Constant, ...]:
    """The parameters that constants among values are made of, each once."""
    held = (p for value in values if isinstance(value, Constant) for p in value.parameters)
    return tuple({id(parameter): parameter for parameter in held}.values())


def dependents(values: Any) -> list[Dependent]:
    """The tensors among values that depend on an input, each once, lists opened."""
    found: dict[int, Dependent] = {}
    stack = [values]
    while stack:
        value = stack.pop()
        if isinstance(value, Dependent):
            found.setdefault(value.index, value)
        elif isinstance(value, (list, tuple)):
            stack.extend(reversed(value))
    return list(found.values())


def answers(answer: Any, count: int, op: str) -> list[Any]:
    """What a rule answered for each of so many outputs; None is said of one that reads nothing.

    Raises:
        InvalidModelError: for fewer; the others would be taken for constants.
    """
    several = isinstance(answer, tuple) and not isinstance(answer, Items)
    listed: list[Any] = list(answer) if several else [answer]
    if len(listed) < count:
        raise InvalidModelError(
            f"the rule for {op!r} answers for {len(listed)} of its {count} outputs"
        )
    return listed
