"""What TensorFlow's own values are beside those of the machine, and how its tensors are decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...core.arguments import Shape
from ...core.numbers import Same
from ...errors import InvalidModelError
from ..machine import limits
from ..machine.values import Array, Constant, Items

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
WHOLE = frozenset({*_INTEGERS, 9, 10, 22, 23})
FLOATS = frozenset({1, 2, 14, 19})
"""Single, double, brain and half floats."""


class SameTensor(Same):
    """A tensor in the file, or one with the same numbers, where these were not left out.

    A function that is traced again holds them anew.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SameTensor):
            return False
        mine = b"" if self.held is other.held else _written(self.held)
        return self.held is other.held or bool(mine and mine == _written(other.held))

    def __hash__(self) -> int:
        return hash(_written(self.held) or id(self.held))


def _written(item: Any) -> bytes:
    """The tensor of a Const as bytes; nothing where its numbers are not in it."""
    tensor = _tensor(item)
    numbers = (field.name for field, _ in tensor.ListFields() if field.name not in _BESIDE)
    return tensor.SerializeToString() if any(numbers) else b""


_BESIDE = frozenset({"dtype", "tensor_shape", "version_number"})
"""Fields of a tensor that hold no numbers."""


class Stored(Constant):
    """A tensor in the file: it is decoded when somebody asks, and most weights are never asked."""

    __slots__ = ("_item",)
    stored = nameless = True

    def __init__(self, item: Any) -> None:
        # What Constant sets, without a call: a file holds more constants than anything else.
        self._shape = self._contents = self.told = None
        self.made_of = ()
        self.soft = 0.0
        self.sized = self.made = self.kept = self.unseen = self.zeros_count = False
        self.even = self.fixed = self.drawn = False
        self.origin = ""
        self.placed = self.source = None
        self.key = SameTensor(item)
        self._item = item

    @property
    def shape(self) -> Shape:
        """The sizes of its axes."""
        if self._shape is None:
            self._shape = full_shape(_tensor(self._item))
        return self._shape

    @property
    def has_shape(self) -> bool:
        """It is written beside the contents."""
        return True

    @property
    def is_whole(self) -> bool:
        """The type is written beside the contents."""
        if self._contents is not None:
            return self._contents.dtype.kind in "biu"  # type: ignore[union-attr]  # no function
        return self._item is not None and _tensor(self._item).dtype in WHOLE

    @property
    def parameters(self) -> tuple[Constant, ...]:
        """Itself: numbers with axes that somebody trained, and no table."""
        if self._contents is not None:
            floats = self._contents.dtype.kind == "f"  # type: ignore[union-attr]  # no function
        else:
            floats = self._item is None or _tensor(self._item).dtype in FLOATS
        return (self,) if floats and self.shape else ()

    @property
    def array(self) -> Array | None:
        """The contents, where they are few."""
        if self._contents is None and self._item is not None:
            if prod(self.shape) <= limits.CONTENTS:
                self._contents = decode(_tensor(self._item), self.shape)
            else:  # a mask or a table that nobody looks into; of numbers it may be a weight
                self.unseen = _tensor(self._item).dtype not in FLOATS
            self._item = None
        return self._contents  # type: ignore[return-value]  # never a function here


class Variable(Constant):
    """What is in a variable: parameters, or statistics that count as Keras counts them.

    ``numbers``: those of one that is not trained.
    """

    __slots__ = ("counts",)

    def __init__(
        self,
        shape: Shape | None,
        origin: str,
        *,
        counts: bool,
        numbers: Callable[[], Array | None] | None = None,
    ) -> None:
        super().__init__(shape, numbers, origin=origin, made=numbers is not None)
        self.key = origin
        self.counts = counts and shape is not None
        self.kept = self.made

    @property
    def parameters(self) -> tuple[Constant, ...]:
        """Itself, if it counts."""
        return (self,) if self.counts else ()


def _tensor(item: Any) -> Any:
    """The tensor of a Const."""
    attributes = item.node.attr
    if "value" not in attributes:
        raise InvalidModelError(f"the Const {item.name!r} has no value")
    return attributes["value"].tensor


class Row(NamedTuple):
    """One element of a tensor that was made a list, along its first axis; not yet in the graph."""

    source: Any
    place: int

    @property
    def shape(self) -> Shape:
        """The sizes of its axes."""
        return self.source.shape[1:]


class Parts(Items):
    """A TensorList or TensorArray; ``shape`` is that of its elements, where it is known."""

    def __new__(cls, items: Iterable[Any], shape: Shape | None = None) -> Parts:
        """The elements in order, None where one was never written."""
        made = super().__new__(cls, items)
        made.shape = shape
        return made

    shape: Shape | None

    @property
    def blank(self) -> Any:
        """Zeros; an element that was written, where nothing tells the shape."""
        return super().blank if self.shape is None else Constant(self.shape)

    def of(self, items: Iterable[Any]) -> Parts:
        """The same kind of list with other elements."""
        return Parts(items, self.shape)


class NotInBlocksError(Exception):
    """An op that cannot be read in the space of the image; its operands are written out first."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """The result of SpaceToBatchND before BatchToSpaceND: ``value`` in the space of the image.

    The op's own result holds the pixels of ``value`` sorted by their place in a block; stride-1
    windows in it are windows dilated by ``block`` in ``value``. ``axes`` are the axes in blocks.
    """

    value: Any
    block: tuple[int, ...]
    axes: tuple[int, ...]

    @property
    def shape(self) -> Shape:
        """A rule that asks for it cannot read blocks."""
        raise NotInBlocksError


class Mark(Enum):
    """Values that are no tensors."""

    DEAD = "the branch of a Switch that is not taken"
    ASIDE = "belongs to training or to files, not to the network"


def shape_of(proto: Any) -> tuple[int | None, ...] | None:
    """A ``TensorShapeProto``: None for an unknown rank, None for each unknown size."""
    if proto.unknown_rank:
        return None
    sizes = [dim.size for dim in proto.dim]
    if len(sizes) > limits.AXES:
        raise InvalidModelError(f"a shape of {len(sizes)} axes; expected at most {limits.AXES}")
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
