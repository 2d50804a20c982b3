"""Ways to damage a ``.keras`` file: its bytes, and the members of the archive.

Each takes the bytes of a good file and a generator of random numbers, and gives the bytes of a
file that is damaged, hostile, or only odd.
"""

from __future__ import annotations

import functools
import io
import json
import random
import zipfile
from typing import Any

from tests.keras.traps import TRAPS

Members = list[tuple[str, bytes]]


def unzipped(data: bytes) -> Members:
    """The members of an archive with their content."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def zipped(members: Members, method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of members, which may have the same name."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return made.getvalue()


def config_of(data: bytes) -> Any:
    """The JSON of the layers."""
    return json.loads(dict(unzipped(data))["config.json"])


def with_config(data: bytes, text: bytes) -> bytes:
    """The same file with another text in the place of the layers."""
    return zipped([(name, text if name == "config.json" else c) for name, c in unzipped(data)])


def flip(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, half of them among the names and sizes at the end."""
    changed = bytearray(data)
    start = rng.choice([0, max(0, len(changed) - 300)])
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        changed[rng.randrange(start, len(changed))] = rng.randrange(256)
    return bytes(changed)


def flip_config(data: bytes, rng: random.Random) -> bytes:
    """A few bytes of the JSON changed; the archive itself is whole."""
    changed = bytearray(dict(unzipped(data))["config.json"])
    for _ in range(rng.choice([1, 1, 2, 4])):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return with_config(data, bytes(changed))


def cut(data: bytes, rng: random.Random) -> bytes:
    """The end, or a piece, is missing, or a piece comes twice."""
    start, length = rng.randrange(len(data)), rng.randrange(1, 400)
    return rng.choice([
        data[:start], data[:start] + data[start + length :],
        data[:start] + data[max(0, start - length) :], data[start:], b"\0" * length + data,
    ])  # fmt: skip


def members_changed(data: bytes, rng: random.Random) -> bytes:
    """A member removed, renamed, emptied, doubled, turned round, or a stranger added."""
    members = unzipped(data)
    place = rng.randrange(len(members))
    name, content = members[place]
    outside = [f"../../{TRAPS.name}/up", str(TRAPS / "absolute"), "/", "..\\..\\up", "C:\\up", ""]
    match rng.randrange(7):
        case 0:
            del members[place]
        case 1:
            members[place] = (rng.choice([*outside, name.upper(), f"{name}/", "x\0y"]), content)
        case 2:
            members[place] = (name, b"")
        case 3:
            members.append((name, rng.choice([content, b"", b"{}", rng.randbytes(50)])))
        case 4:
            members.reverse()
        case 5:
            members.insert(place, (rng.choice(outside), rng.randbytes(50)))
        case _:
            members = [("folder/" + inside, c) for inside, c in members]
    return zipped(members, rng.choice([0, 0, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]))


def headers_changed(data: bytes, rng: random.Random) -> bytes:
    """Sizes, flags and methods in the directory of the archive that are not true."""
    changed = bytearray(data)
    entry = data.rfind(b"PK\x01\x02") if rng.random() < 0.3 else _entry(data, b"config.json")
    offset, length = rng.choice([(8, 2), (10, 2), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4)])
    value = rng.choice([0, 1, 9, 99, 0x7FFF, 2**31 - 1, 2**32 - 1])
    changed[entry + offset : entry + offset + length] = (value % 256**length).to_bytes(
        length, "little"
    )
    return bytes(changed)


def _entry(data: bytes, name: bytes) -> int:
    """Where the central directory describes a member."""
    return data.rfind(name) - 46


@functools.cache
def bomb(name: str, start: bytes, method: int) -> bytes:
    """An archive of one member, a gigabyte when unpacked and very little before."""
    made = io.BytesIO()
    piece = start[-1:] * (1 << 20)
    with zipfile.ZipFile(made, "w", method) as archive, archive.open(name, "w") as member:
        member.write(start)
        for _ in range(1024):
            member.write(piece)
    return made.getvalue()


def bombs(data: bytes, rng: random.Random) -> bytes:
    """A gigabyte in the place of the layers or of any other member; or very many members."""
    kind = rng.randrange(6)
    if kind < 3:
        start = [b"\0", b'{"class_name": "', b"["][kind]
        packed = bomb("config.json", start, zipfile.ZIP_BZIP2 if kind else zipfile.ZIP_DEFLATED)
        return packed if rng.random() < 0.5 else _and_others(packed, data)
    if kind == 5:
        return zipped([*((f"assets/{k}", b"") for k in range(5_000)), *unzipped(data)])
    name = ["model.weights.h5", "metadata.json"][kind - 3]
    return _and_others(bomb(name, b"\0", zipfile.ZIP_DEFLATED), data)


def _and_others(packed: bytes, data: bytes) -> bytes:
    """A bomb, and beside it the members of a good file whose names it does not have."""
    made = io.BytesIO(packed)
    with zipfile.ZipFile(made, "a") as archive:
        taken = archive.namelist()
        for name, content in unzipped(data):
            if name not in taken:
                archive.writestr(name, content)
    return made.getvalue()


def odd_text(data: bytes, rng: random.Random) -> bytes:
    """In the place of the layers: no JSON, or JSON of something else, or in another encoding."""
    config = config_of(data)
    text = json.dumps(config)
    return with_config(data, rng.choice([
        b"", b"null", b"[]", b"{}", b"7", b'"Functional"', b"NaN", b"{" * 100_000, b"[" * 5_000_000,
        b"1" * 10_000, b'{"class_name": "Functional"}', text.encode("utf-16"), b"\xff" * 50,
        b"\xef\xbb\xbf" + text.encode(), text.encode("utf-32-le"), text.encode() * 2,
        (text[:-1] + ', "config": {}}').encode(), b"[" + b"[]," * 1_000_000 + b"[]]",
        text.replace("Conv", "conv").encode(), (" " * 2_000_000 + text).encode(),
    ]))  # fmt: skip


def harmless(data: bytes, rng: random.Random) -> bytes:
    """Changes of what need not be read: the answer must be that of the file before."""
    members = dict(unzipped(data))
    version = rng.choice(["2.15.0", "3.0.0", "99.0", None, 7, "\x1b[31m", ""])
    match rng.randrange(6):
        case 0:
            members["metadata.json"] = json.dumps({"keras_version": version}).encode()
        case 1:
            members.pop(rng.choice(["metadata.json", "model.weights.h5"]))
        case 2:
            members["model.weights.h5"] = rng.randbytes(rng.choice([0, 10, 5_000]))
        case 3:
            members[rng.choice(["../../up", str(TRAPS / "absolute")])] = b"outside"
        case 4:
            return zipped(list(members.items()), rng.choice([8, 12, 14]))
        case _:
            return _and_others(bomb("model.weights.h5", b"\0", zipfile.ZIP_DEFLATED), data)
    return zipped(list(members.items()))
