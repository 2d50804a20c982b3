"""The tensors of a file: their shapes are written down, their contents are decoded when asked for.

Most are weights, and nobody asks. What lies in a file beside the model stays there, unless it is
small enough to be a shape, a table of positions or a scale (``beside``).
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from ...core.arguments import Shape
from ...core.numbers import Same
from ...errors import InvalidModelError
from ..machine import limits
from ..machine.names import shown
from ..machine.values import Array, Constant
from .beside import payload_beside

DTYPES: dict[int, str] = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
    9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64",
}  # fmt: skip
"""NumPy names of the element types whose contents can matter."""

_TABLES = frozenset({6, 7, 9, 12, 13})
"""Element types of tables: integers of 32 and 64 bits, booleans. Weights are none of them."""

_SHORT = frozenset({2, 3, 4, 5})
"""Integers of 8 and 16 bits: quantised weights, or masks, which hold nothing but 0 and 1."""

_FIELDS = {
    1: "float_data", 7: "int64_data", 11: "double_data", 12: "uint64_data", 13: "uint64_data",
}  # fmt: skip


class Stored(Constant):
    """A tensor in the file, with its message until it is decoded.

    ``doubtful``: of short integers, that are a mask or a weight; nobody has looked into them.
    """

    __slots__ = ("_folder", "_proto", "counts", "doubtful", "floats")
    stored = nameless = True

    def __init__(self, shape: Shape, proto: Any = None, folder: Path | None = None) -> None:
        super().__init__(shape)
        self._proto = proto
        self._folder = folder
        self.key = Same(proto)
        self.counts = False
        kind, large = getattr(proto, "data_type", 0), prod(shape) > limits.CONTENTS
        self.floats = DTYPES.get(kind, "").startswith("float")
        self.doubtful = kind in _SHORT and large
        self.unseen = kind in _TABLES and large

    @property
    def parameters(self) -> tuple[Constant, ...]:
        """Itself, where it is one."""
        return (self,) if self.counts else ()

    @property
    def array(self) -> Array | None:
        """The contents, where they are known and small."""
        if self._proto is not None:
            found = decode(self._proto, self.shape, self._folder)
            if self.doubtful and found is not None:
                self.doubtful = False
                found = found if found.min() >= 0 and found.max() <= 1 else None
            self._contents, self._proto = found, None
        return self._contents  # type: ignore[return-value]  # never a function here


def initialiser(proto: Any, folder: Path | None = None) -> Stored:
    """A tensor that a graph holds: a parameter, unless it is a table or a single number."""
    made = of_proto(proto, folder)
    kind = getattr(getattr(proto, "values", proto), "data_type", 0)
    made.counts = bool(made.shape) and kind not in _TABLES
    return made


def of_proto(proto: Any, folder: Path | None = None) -> Stored:
    """An initialiser or a tensor attribute; ``folder``: where files beside the model may lie."""
    sparse = getattr(proto, "values", None)
    shape = tuple(proto.dims)
    if min(shape, default=0) < 0 or len(shape) > limits.AXES:
        name = proto.name if sparse is None else sparse.name
        raise InvalidModelError(f"tensor {shown(name)!r} has the shape {shape[: limits.AXES]}")
    return Stored(shape, proto if sparse is None else None, folder)


def decode(proto: Any, shape: Shape, folder: Path | None) -> Array | None:
    """The contents of a tensor that is small or a mask, else None."""
    kind = DTYPES.get(proto.data_type)
    count = prod(shape)
    looked = kind == "bool" or proto.data_type in _SHORT
    if kind is None or count > (limits.MASK if looked else limits.CONTENTS):
        return None
    dtype = np.dtype(kind)
    if proto.data_location == 1 or len(proto.external_data):
        raw = payload_beside(proto, folder, dtype, count)
        if raw is None:
            return None
    else:
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
