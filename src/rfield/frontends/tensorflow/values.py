"""What a tensor of the graph is while the graph is read.

A tensor that depends on an input is an ``int``: the index of its value in the draft. Everything
else is known without the input: ``Fixed`` for weights, shapes and tables (numbers only where they
are small), ``Parts`` for lists of tensors, ``Outputs`` for ops with several results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.arguments import Shape
from ...errors import InvalidModelError

SMALL = 1 << 16
"""Constants of at most this many elements are looked into."""

MOST_AXES = 254
MANY = 64
"""Outputs given to an op of which nobody knows how many it has."""

Array = npt.NDArray[Any]

_NUMPY: dict[int, Any] = {
    1: np.float32, 2: np.float64, 3: np.int64, 4: np.int64, 5: np.int64, 6: np.int64, 9: np.int64,
    10: np.bool_, 17: np.int64, 22: np.int64, 23: np.uint64, 19: np.float16, 7: np.object_,
}  # fmt: skip
_CONTENT: dict[int, Any] = {
    1: np.float32, 2: np.float64, 3: np.int32, 4: np.uint8, 5: np.int16, 6: np.int8, 9: np.int64,
    10: np.bool_, 17: np.uint16, 22: np.uint32, 23: np.uint64, 19: np.float16,
}  # fmt: skip
_FIELDS = {
    1: "float_val", 2: "double_val", 9: "int64_val", 10: "bool_val", 7: "string_val",
}  # fmt: skip
_INTEGERS = frozenset({3, 4, 5, 6, 17})


class Fixed:
    """A value that no input changes. ``shape`` is None where it is not known.

    ``array``: its numbers, or None where they are too many or were never read. Of an ``item`` (a
    Const) both are decoded when somebody asks; most weights are never asked.
    """

    __slots__ = ("_array", "_item", "_shape", "origin")

    def __init__(
        self,
        shape: Shape | None,
        array: Array | None = None,
        item: Any = None,
        origin: str = "",
    ) -> None:
        self._shape = shape
        self._array = array
        self._item = item
        self.origin = origin

    @property
    def shape(self) -> Shape | None:
        """The sizes, or None."""
        if self._shape is None and self._item is not None:
            self._shape = full_shape(_tensor(self._item))
        return self._shape

    @property
    def array(self) -> Array | None:
        """The numbers, where they are few and known."""
        if self._array is None and self._item is not None:
            shape = self.shape or ()
            if prod(shape) <= SMALL:
                self._array = decode(_tensor(self._item), shape)
            self._item = None
        return self._array

    def __repr__(self) -> str:
        return f"Fixed({self.shape}, {self.array})"


def _tensor(item: Any) -> Any:
    """The tensor of a Const."""
    attributes = item.node.attr
    if "value" not in attributes:
        raise InvalidModelError(f"the Const {item.name!r} has no value")
    return attributes["value"].tensor


def known(array: Any) -> Fixed:
    """A small constant with its numbers; integers are held in 64 bits, so that sizes never wrap."""
    made = np.asarray(array)
    if made.dtype.kind in "iu" and made.dtype != np.int64:
        made = made.astype(np.int64)
    return Fixed(made.shape, made)


@dataclass(frozen=True, slots=True)
class Parts:
    """A TensorList or TensorArray: its elements, None where one was never written.

    Such an element is that of ``source``, a tensor with the elements along its first axis, or zeros
    of ``shape``.
    """

    items: tuple[Any, ...]
    shape: Shape | None = None
    source: Any = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """The result of SpaceToBatchND before BatchToSpaceND: ``value`` in the space of the image.

    The op's own result holds the pixels of ``value`` sorted by their place in a block; stride-1
    windows in it are windows dilated by ``block`` in ``value``. ``axes`` are the axes in blocks.
    """

    value: Any
    block: tuple[int, ...]
    axes: tuple[int, ...]


class Outputs(tuple[Any, ...]):
    """The results of an op with several outputs."""

    __slots__ = ()


class Mark(Enum):
    """Values that are no tensors."""

    DEAD = "the branch of a Switch that is not taken"
    ASIDE = "belongs to training or to files, not to the network"


def shape_of(proto: Any) -> tuple[int | None, ...] | None:
    """A ``TensorShapeProto``: None for an unknown rank, None for each unknown size."""
    if proto.unknown_rank:
        return None
    sizes = [dim.size for dim in proto.dim]
    if len(sizes) > MOST_AXES:
        raise InvalidModelError(f"a shape of {len(sizes)} axes; expected at most {MOST_AXES}")
    if sizes and min(sizes) < 0:
        return tuple([None if size < 0 else size for size in sizes])
    return tuple(sizes)


def full_shape(tensor: Any) -> Shape:
    """The shape of a ``TensorProto``."""
    shape = shape_of(tensor.tensor_shape)
    if shape is None or None in shape:
        raise InvalidModelError("a constant without a full shape")
    return shape  # type: ignore[return-value]  # no None is left here


def decode(tensor: Any, shape: Sequence[int]) -> Array | None:
    """The numbers of a small tensor; None for types that no shape arithmetic uses."""
    dtype = tensor.dtype % 100
    if dtype not in _NUMPY:
        return None
    count = prod(shape)
    if tensor.tensor_content:
        if dtype not in _CONTENT:
            return None
        flat = np.frombuffer(
            tensor.tensor_content, dtype=np.dtype(_CONTENT[dtype]).newbyteorder("<")
        )
    else:
        values = getattr(
            tensor, "int_val" if dtype in _INTEGERS else _FIELDS.get(dtype, "half_val")
        )
        if dtype not in _FIELDS and dtype not in _INTEGERS:
            return None
        flat = np.array(list(values) or [b"" if dtype == 7 else 0], dtype=_NUMPY[dtype])
        if len(flat) < count:  # TensorFlow leaves out repetitions of the last value
            flat = np.concatenate([flat, np.repeat(flat[-1:], count - len(flat))])
        flat = flat[: max(count, 0)] if count == 0 else flat
    if len(flat) != count:
        raise InvalidModelError(f"a constant of {count} elements holds {len(flat)}")
    return flat.astype(_NUMPY[dtype]).reshape(tuple(shape))
