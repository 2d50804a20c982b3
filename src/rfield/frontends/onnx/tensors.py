"""Values during a reading: shapes always, contents only where they are small and known.

A ``Value`` is one tensor: it holds a node of the graph (it depends on an input), or it is a
constant. Constants carry their contents only as far as shapes may hang on them: weights are never
decoded, external data is never opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InvalidModelError
from .failures import shown

INTEGERS_KEPT = 1 << 16
FLOATS_KEPT = 1 << 12

DTYPES: dict[int, str] = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
    9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64",
}  # fmt: skip
"""NumPy names of the element types whose contents can matter."""

_FIELDS = {
    1: "float_data", 7: "int64_data", 11: "double_data", 12: "uint64_data", 13: "uint64_data",
}  # fmt: skip

Shape = tuple[int, ...]
Array = NDArray[Any]


class Value:
    """One tensor (or a sequence of them, in ``items``).

    ``index``: its node in the graph, None for a constant. ``sized``: a constant that was computed
    from the shape of a value that depends on an input, so it may change with the input size.
    """

    __slots__ = ("_array", "_proto", "index", "items", "shape", "sized")

    def __init__(
        self,
        shape: Sequence[int],
        index: int | None = None,
        array: Array | None = None,
        *,
        sized: bool = False,
        items: list[Value] | None = None,
        proto: Any = None,
    ) -> None:
        self.shape: Shape = tuple(shape)
        self.index = index
        self.sized = sized
        self.items = items
        self._array = array
        self._proto = proto

    @property
    def array(self) -> Array | None:
        """The contents, where they are known and small."""
        if self._proto is not None:
            self._array, self._proto = decode(self._proto, self.shape), None
        return self._array

    @property
    def depends(self) -> bool:
        """Whether the value depends on an input."""
        if self.items is not None:
            return any(item.depends for item in self.items)
        return self.index is not None

    def __repr__(self) -> str:
        kind = "constant" if self.index is None else f"node {self.index}"
        return f"<Value {self.shape} {kind}>"


def known(array: Any, *, sized: bool = False) -> Value:
    """A constant with contents."""
    array = np.asarray(array)
    return Value(array.shape, None, array, sized=sized)


def keeps(shape: Sequence[int], kind: str = "i") -> bool:
    """Whether contents of this many elements are worth computing."""
    return 0 <= prod(shape) <= (FLOATS_KEPT if kind in "fc" else INTEGERS_KEPT)


def of_proto(proto: Any) -> Value:
    """An initialiser or a tensor attribute; its contents are decoded when first asked for."""
    shape = tuple(proto.dims)
    if any(size < 0 for size in shape):
        raise InvalidModelError(f"tensor {shown(proto.name)!r} has the shape {shape}")
    return Value(shape, proto=proto)


def decode(proto: Any, shape: Shape) -> Array | None:
    """The contents of a small tensor that are in the message itself, else None."""
    kind = DTYPES.get(proto.data_type)
    if kind is None or proto.data_location == 1 or len(proto.external_data):
        return None
    dtype = np.dtype(kind)
    if not keeps(shape, dtype.kind):
        return None
    count = prod(shape)
    raw = proto.raw_data
    if raw:
        if len(raw) != count * dtype.itemsize:
            return None
        return np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
    listed = getattr(proto, _FIELDS.get(proto.data_type, "int32_data"))
    if len(listed) != count:
        return None
    with np.errstate(all="ignore"):
        if kind == "float16":
            return np.array(listed, dtype=np.uint32).astype(np.uint16).view(dtype).reshape(shape)
        own = kind in ("float32", "float64", "uint64")
        wide = np.array(listed, dtype=dtype if own else "int64")
        return wide.astype(dtype).reshape(shape)
