"""A folder that remembers which tiles are written, so that an interrupted run can go on.

One small file for each tile: several processes may mark at once, and a process that is killed
leaves no half of a record.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from ...errors import InvalidModelError
from .tiles import Tiling


class Marks:
    """The tiles of one plan that are written."""

    def __init__(self, folder: str | os.PathLike[str], plan: Tiling) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(plan.as_dict(), sort_keys=True, default=str)
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

    def add(self, index: Sequence[int]) -> None:
        """Mark a tile that is written."""
        self._file(index).touch()
