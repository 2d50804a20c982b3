"""A folder that remembers which tiles are written, so that an interrupted run can go on.

One small file for each tile: several processes may mark at once, and a process that is killed
leaves no half of a record. It says which numbers were read and written, so that the marks of
another image, or of another result, are told from one's own.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ....errors import InvalidModelError
from .tile import Tile, Tiling

LOOKED_AT = 32
"""Marked tiles that are held against the image and the result when a run goes on."""

FORM = 2
"""How marks are written; those of another form are of another plan."""


class Marks:
    """The tiles of one plan that are written."""

    def __init__(self, folder: str | os.PathLike[str], plan: Tiling) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise InvalidModelError(
                f"done: {self.folder} is a file, or lies in one; give a folder"
            ) from None
        text = json.dumps([FORM, plan.as_dict()], sort_keys=True, default=str)
        own = hashlib.sha256(text.encode()).hexdigest()
        record = self.folder / "plan"
        if not record.exists():
            record.write_text(own)
        if record.read_text() != own:
            raise InvalidModelError(
                f"done: {self.folder} belongs to another plan; take an empty folder"
            )

    def _file(self, index: Sequence[int]) -> Path:
        return self.folder / "-".join(map(str, index))

    def __contains__(self, index: Sequence[int]) -> bool:
        return self._file(index).exists()

    def add(self, index: Sequence[int], read: str, written: str) -> None:
        """Mark a tile that is written, by the ``digest`` of what it read and of what it wrote."""
        file = self._file(index)
        own = file.with_name(f".{file.name}.{os.getpid()}")
        own.write_text(f"{read}\n{written}\n")
        own.replace(file)

    def check(
        self, tiles: Iterable[Tile], read: Callable[[Tile], str], written: Callable[[Tile], str]
    ) -> None:
        """Hold some of the marked tiles against the image and the result.

        Raises:
            InvalidModelError: these are others.
        """
        marked = [tile for tile in tiles if tile.index in self]
        step = -(-len(marked) // LOOKED_AT) or 1
        for tile in {tile.index: tile for tile in (*marked[::step], *marked[-1:])}.values():
            before = self._file(tile.index).read_text().splitlines()
            if before[:1] != [read(tile)]:
                raise InvalidModelError(
                    f"done: {self.folder} belongs to another image, which differs in tile "
                    f"{tile.index}; take an empty folder"
                )
            if before[1:] != [written(tile)]:
                raise InvalidModelError(
                    f"done: out does not hold what {self.folder} says was written of tile "
                    f"{tile.index}; give the out that belongs to it, or take an empty folder"
                )


def digest(arrays: Iterable[Any]) -> str:
    """A hash of types, shapes and contents."""
    found = hashlib.blake2b(digest_size=16)
    for one in arrays:
        array = _on_host(one)
        found.update(f"{array.dtype.str} {array.shape} ".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _on_host(array: Any) -> np.ndarray[Any, Any]:
    """The array for NumPy, of which some types have no name there (bfloat16)."""
    if hasattr(array, "compute"):
        array = array.compute()
    if not hasattr(array, "detach"):
        return np.asarray(array)
    tensor = array.detach().cpu()
    try:
        return tensor.numpy()
    except TypeError:
        return tensor.float().numpy()
