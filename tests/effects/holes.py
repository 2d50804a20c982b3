"""Readers with a hole that has been opened again on purpose: the harness must see through each."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any
from unittest import mock

from tests.effects.watch import read

_KEPT: list[Any] = []


def resolving(path: Path) -> str:
    """A ``.pt2`` whose steps are resolved by ``getattr``, wherever the path leads, and then run."""
    import torch

    from rfield.frontends.torch.programs import pt2
    from rfield.frontends.torch.programs.exported import Interpreter

    def resolved(name: str) -> Any:
        found: Any = torch
        for part in name.split(".")[1:]:
            found = getattr(found, part)
        return found

    with (
        mock.patch.object(pt2, "target_of", resolved),
        mock.patch.object(pt2, "Foreign", Interpreter),
    ):
        return read(path)


def trusting(path: Path) -> str:
    """A ``.keras`` file whose layers are made without a look at what they name."""
    import keras

    from rfield.frontends.keras import files

    made = keras.saving.deserialize_keras_object

    def unsafe(config: Any, **_: Any) -> Any:
        return made(config, safe_mode=False)

    with (
        mock.patch.object(files, "_check", return_value=False),
        mock.patch.object(keras.saving, "deserialize_keras_object", unsafe),
    ):
        return read(path)


def unpacking(path: Path) -> str:
    """All members of an archive are written beside it."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(path.parent)
    return read(path)


def natively_written(path: Path) -> str:
    """Native code makes a file and maps it, of which no audit hook is told."""
    import torch

    _KEPT.append(torch.from_file(str(path.parent / "made"), shared=True, size=64))
    return "answer"


def drawing(_path: Path) -> str:
    """Random numbers of the user are used up."""
    import numpy as np

    np.random.rand()
    return "answer"


def starting(_path: Path) -> str:
    """A process is started; that it is refused is not noticed by a framework that catches all."""
    import subprocess

    try:
        subprocess.run(["true"], check=False)
    except Exception:  # noqa: BLE001  # as frameworks do
        return "answer"
    return "answer"


def wandering(_path: Path) -> str:
    """A file elsewhere is looked at."""
    return Path("/etc/passwd").read_text() and "answer"


def endless(_path: Path) -> str:
    """A gigabyte and a half, and an exception that is none of ours."""
    taken = bytearray(3 << 29)
    raise KeyError(len(taken))


HOLES = (natively_written, drawing, starting, wandering, endless)
