"""A protobuf file without the contents of its large tensors.

Analysis needs the shapes of weights, never their values. Before protobuf parses a file, this module
copies it field by field and leaves out the payload of every large tensor, so that a file of 50 MB
of weights costs what its few hundred kB of structure cost. It knows the wire format; which fields
lead to a tensor and which payloads may go is the front end's to say.

Whatever is not well-formed is left as it is: protobuf then says what is wrong with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import UnreadableModelError

LARGE = 1 << 14
"""Messages and payloads of fewer bytes are copied as they are."""

PIECE = 1 << 20
"""Messages of at most so many bytes are taken into memory whole."""

MayGo = Callable[["Bytes", int], bool]
"""Whether nobody will look into a payload: of the tensor that holds it, and its size in bytes."""

_DEEPEST = 120
_UNKNOWN = object()


class _MalformedError(Exception):
    """Not the wire format; nothing is left out then."""


class Window:
    """Part of an open file as bytes: read piece by piece, and checked against the file's size.

    A mapped file would end the process if somebody else cut it short while it is read.
    """

    __slots__ = ("_first", "_held", "_number", "_size", "_start")

    def __init__(self, number: int, start: int, size: int) -> None:
        self._number = number
        self._start = start
        self._size = size
        self._held = b""
        self._first = 0

    def __len__(self) -> int:
        return self._size

    def at(self, place: int) -> int:
        """One byte."""
        inside = place - self._first
        if not 0 <= inside < len(self._held):
            if place >= self._size:
                raise IndexError(place)
            self._held = self._read(place, min(LARGE, self._size - place))
            self._first, inside = place, 0
        return self._held[inside]

    def part(self, begin: int, stop: int) -> Bytes:
        """Some of it: in memory if it is small."""
        if stop - begin > PIECE:
            return Window(self._number, self._start + begin, stop - begin)
        return memoryview(self._read(begin, stop - begin))

    def content(self, begin: int, stop: int) -> bytes:
        """Some of it, in memory whatever its size."""
        return self._read(begin, stop - begin)

    def _read(self, begin: int, length: int) -> bytes:
        found = os.pread(self._number, length, self._start + begin)
        while len(found) < length:
            more = os.pread(self._number, length - len(found), self._start + begin + len(found))
            if not more:
                raise UnreadableModelError("the file became shorter while it was read")
            found += more
        return found


Bytes = memoryview | Window


def stripped_file(path: Path, fields: Mapping[int, object], may_go: MayGo) -> bytes:
    """A file without the contents of its large tensors.

    Raises:
        UnreadableModelError: it changed while it was read.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        kept = without_payloads(Window(file.fileno(), 0, size), fields, may_go)
        if os.fstat(file.fileno()).st_size != size:
            raise UnreadableModelError("the file changed while it was read")
    return bytes(kept)


def without_payloads(
    data: bytes | Bytes, fields: Mapping[int, object], may_go: MayGo
) -> bytes | memoryview:
    """The serialised model without the contents of its large tensors; their shapes stay.

    ``fields``: the message fields to look into, by number, each with its own fields; None is a
    payload, left out if it ``may_go``.
    """
    whole = data if isinstance(data, Window) else memoryview(data)
    if len(whole) < LARGE:
        return _content(whole, 0, len(whole))
    try:
        parts = _copy(whole, fields, may_go, 0)
    except (_MalformedError, IndexError):
        return _content(whole, 0, len(whole))
    return b"".join(parts)


def _content(data: Bytes, begin: int, stop: int) -> bytes | memoryview:
    return data.content(begin, stop) if isinstance(data, Window) else data[begin:stop]


def _part(data: Bytes, begin: int, stop: int) -> Bytes:
    return data.part(begin, stop) if isinstance(data, Window) else data[begin:stop]


def _copy(
    data: Bytes, fields: Mapping[int, object], may_go: MayGo, depth: int
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
                parts.append(_content(data, kept, begin))
                kept = stop
                if inner is not None:
                    copied = _copy(_part(data, place, stop), inner, may_go, depth + 1)  # type: ignore[arg-type]
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
    parts.append(_content(data, kept, size))
    return parts


def first_field(data: Bytes, number: int) -> int | Bytes | None:
    """The first field of this number in a message: an integer, or the bytes of what it holds."""
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        wire = tag & 7
        if wire in (0, 2):
            value, place = _varint(data, place)
            if tag >> 3 == number:
                return value if wire == 0 else _part(data, place, place + value)
            place += value if wire == 2 else 0
        elif wire in (1, 5):
            place += 8 if wire == 1 else 4
        else:
            raise _MalformedError
    return None


def _varint(data: Bytes, place: int) -> tuple[int, int]:
    if isinstance(data, Window):
        return _walked_varint(data, place)
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


def _walked_varint(data: Window, place: int) -> tuple[int, int]:
    byte, value, shift = data.at(place), 0, 0
    while byte > 127 and shift < 63:
        value |= (byte & 127) << shift
        shift += 7
        place += 1
        byte = data.at(place)
    if byte > 127:
        raise _MalformedError
    return value | byte << shift, place + 1


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
