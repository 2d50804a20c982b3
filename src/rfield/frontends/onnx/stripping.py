"""A model file without the contents of its large tensors.

Analysis needs the shapes of weights, never their values. Before protobuf parses a file, this module
copies it field by field and leaves out the payload of every large tensor, so that a file of 50 MB
of weights costs what its few hundred kB of structure cost. It knows the protobuf wire format and
the handful of field numbers on the way to a tensor, and nothing else about ONNX.

Whatever is not well-formed is left as it is: protobuf then says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping

LARGE = 1 << 14
"""Messages and payloads of fewer bytes are copied as they are."""
LARGE_INTEGERS = 1 << 19
"""The same for the payload of integer tensors: shapes and positions may hang on them."""
_INTEGERS = frozenset({6, 7, 9, 12, 13})

_TENSOR: Mapping[int, object] = {4: None, 5: None, 6: None, 7: None, 9: None, 10: None, 11: None}
_SPARSE: Mapping[int, object] = {1: _TENSOR, 2: _TENSOR}
_GRAPH: dict[int, object] = {}
_ATTRIBUTE: Mapping[int, object] = {
    5: _TENSOR, 6: _GRAPH, 10: _TENSOR, 11: _GRAPH, 22: _SPARSE, 23: _SPARSE,
}  # fmt: skip
_NODE: Mapping[int, object] = {5: _ATTRIBUTE}
_GRAPH.update({1: _NODE, 5: _TENSOR, 15: _SPARSE})
_FUNCTION: Mapping[int, object] = {7: _NODE, 11: _ATTRIBUTE}
_TRAINING: Mapping[int, object] = {1: None, 2: None}
MODEL: Mapping[int, object] = {7: _GRAPH, 25: _FUNCTION, 20: _TRAINING}
"""Message fields to look into, by number; None: a payload that may be left out."""

_DATA_TYPE = 2 << 3
_DEEPEST = 120
_UNKNOWN = object()


class _MalformedError(Exception):
    """Not the wire format; nothing is left out then."""


def without_payloads(data: bytes | memoryview) -> bytes | memoryview:
    """The serialised model without the contents of its large tensors; their ``dims`` stay."""
    if len(data) < LARGE:
        return data
    try:
        parts = _copy(memoryview(data), MODEL, 0)
    except (_MalformedError, IndexError):
        return data
    return b"".join(parts)


def _copy(data: memoryview, fields: Mapping[int, object], depth: int) -> list[bytes | memoryview]:
    if depth > _DEEPEST:
        raise _MalformedError
    parts: list[bytes | memoryview] = []
    place = kept = 0
    size = len(data)
    payload = LARGE_INTEGERS if fields is _TENSOR and _element_type(data) in _INTEGERS else LARGE
    while place < size:
        begin = place
        tag, place = _varint(data, place)
        wire, number = tag & 7, tag >> 3
        if wire == 2:
            length, place = _varint(data, place)
            stop = place + length
            if stop > size:
                raise _MalformedError
            inner = fields.get(number, _UNKNOWN)
            if inner is not _UNKNOWN and length >= (payload if inner is None else LARGE):
                parts.append(data[kept:begin])
                kept = stop
                if inner is not None:
                    copied = _copy(data[place:stop], inner, depth + 1)  # type: ignore[arg-type]
                    total = sum(map(len, copied))
                    parts += [_number(tag), _number(total), *copied]
            place = stop
        elif wire == 0:
            _, place = _varint(data, place)
        elif wire == 1:
            place += 8
        elif wire == 5:
            place += 4
        else:
            raise _MalformedError
    if place != size:
        raise _MalformedError
    parts.append(data[kept:])
    return parts


def _element_type(data: memoryview) -> int:
    """The ``data_type`` of a serialised tensor; 0 where it has none."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        wire = tag & 7
        if wire in (0, 2):
            value, place = _varint(data, place)
            if tag == _DATA_TYPE:
                return value
            place += value if wire == 2 else 0
        elif wire in (1, 5):
            place += 8 if wire == 1 else 4
        else:
            raise _MalformedError
    return 0


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    byte = data[place]
    if byte < 128:
        return byte, place + 1
    value, shift = byte & 127, 7
    while True:
        place += 1
        byte = data[place]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place + 1
        shift += 7
        if shift > 63:
            raise _MalformedError


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
