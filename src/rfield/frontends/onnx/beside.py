"""Small tensors in files beside the model: shapes and scales that an exporter moved out of it.

A model file may name any file, so only regular files inside its own folder are opened, no more than
a few numbers are read, and anything that does not fit is as if it were not there.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import numpy as np

from ..machine import limits

_MOST_BYTES = limits.CONTENTS
"""No payload is larger: integers of shapes and tables of positions, a few floats of scales."""


def payload_beside(
    proto: Any, folder: Path | None, dtype: np.dtype[Any], count: int
) -> bytes | None:
    """The bytes of a tensor of ``count`` elements; None where they are not to be read."""
    size = count * dtype.itemsize
    few = count <= limits.FEW if dtype.kind == "f" else size <= _MOST_BYTES
    if folder is None or not few or not size:
        return None
    entries = {entry.key: entry.value for entry in proto.external_data}
    offset, length = (_number(entries.get(key, "0")) for key in ("offset", "length"))
    if offset is None or length not in (0, size):
        return None
    return _read(folder, entries.get("location", ""), offset, size)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def _read(folder: Path, location: str, offset: int, size: int) -> bytes | None:
    try:
        home = folder.resolve()
        path = (home / location).resolve()
        if not location or not path.is_relative_to(home):
            return None
        # Opened first and looked at then, so that nothing else can be put in its place between.
        # Without waiting, for a pipe has no end.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
                         | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))  # fmt: skip
        with os.fdopen(opened, "rb") as file:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                return None
            file.seek(offset)
            found = file.read(size)
    except (OSError, ValueError):
        return None
    return found if len(found) == size else None
