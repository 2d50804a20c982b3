"""A protobuf file without the contents of its large tensors.

Analysis needs the shapes of weights, never their values. Before protobuf parses a file, this module
copies it field by field and leaves out the payload of every large tensor, so that a file of 50 MB
of weights costs what its few hundred kB of structure cost. It knows the wire format; which fields
lead to a tensor and which payloads may go is the front end's to say.

Whatever is not well-formed is left as it is: protobuf then says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

LARGE = 1 << 14
"""Messages and payloads of fewer bytes are copied as they are."""

MayGo = Callable[[memoryview, int], bool]
"""Whether nobody will look into a payload: of the tensor that holds it, and its size in bytes."""

_DEEPEST = 120
_UNKNOWN = object()


class _MalformedError(Exception):
    """Not the wire format; nothing is left out then."""


def without_payloads(
    data: bytes | memoryview, fields: Mapping[int, object], may_go: MayGo
) -> bytes | memoryview:
    """The serialised model without the contents of its large tensors; their shapes stay.

    ``fields``: the message fields to look into, by number, each with its own fields; None is a
    payload, left out if it ``may_go``.
    """
    if len(data) < LARGE:
        return data
    try:
        parts = _copy(memoryview(data), fields, may_go, 0)
    except (_MalformedError, IndexError):
        return data
    return b"".join(parts)


def _copy(
    data: memoryview, fields: Mapping[int, object], may_go: MayGo, depth: int
) -> list[bytes | memoryview]:
    if depth > _DEEPEST:
        raise _MalformedError
    parts: list[bytes | memoryview] = []
    place = kept = 0
    size = len(data)
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
            if (
                length >= LARGE
                and inner is not _UNKNOWN
                and (inner is not None or may_go(data, length))
            ):
                parts.append(data[kept:begin])
                kept = stop
                if inner is not None:
                    copied = _copy(data[place:stop], inner, may_go, depth + 1)  # type: ignore[arg-type]
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


def first_field(data: memoryview, number: int) -> int | memoryview | None:
    """The first field of this number in a message: an integer, or the bytes of what it holds."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        wire = tag & 7
        if wire in (0, 2):
            value, place = _varint(data, place)
            if tag >> 3 == number:
                return value if wire == 0 else data[place : place + value]
            place += value if wire == 2 else 0
        elif wire in (1, 5):
            place += 8 if wire == 1 else 4
        else:
            raise _MalformedError
    return None


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
