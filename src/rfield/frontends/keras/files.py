"""The layers of a ``.keras`` file: its ``config.json``, and nothing else of the archive.

The weights are neither read nor drawn. A file may name code: classes and functions of any module,
and functions as marshalled bytes. Keras refuses most of that, newer releases more of it than older
ones, so it is looked for here before Keras sees the file.
"""

from __future__ import annotations

import json
import lzma
import random
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
from keras.src.backend.common import global_state
from keras.src.saving.serialization_lib import ObjectSharingScope

from ...errors import InvalidModelError, RFieldError, UnreadableModelError
from ..machine.names import printable
from .order import MOST_TRIES, tries_in_vain

CONFIG = "config.json"

MOST = 4 << 20
"""Bytes of JSON in an archive however small; Keras packs nothing, so a large file may have more."""

MOST_OF_ALL = 32 << 20

MOST_PARTS = 10_000

FAMILIES = frozenset({
    "", "activations", "constraints", "dtype_policies", "initializers", "layers", "losses",
    "metrics", "models", "ops", "optimizers", "quantizers", "random", "regularizers",
})  # fmt: skip
"""The parts of Keras whose classes and functions only compute: ``keras.utils``, for one, loads and
saves files."""

PROGRAMS = frozenset({"__lambda__", "TFSMLayer", "TorchModuleWrapper"})
"""What holds a program rather than settings."""


def load(path: Path) -> Any:
    """The model of a file, with shapes and without values."""
    config = _config(path)
    if not isinstance(config, dict) or not {"class_name", "config"} <= config.keys():
        raise UnreadableModelError(f"{path}: its {CONFIG} does not describe a Keras model")
    try:
        _check(path, config)
        with without_values(), ObjectSharingScope():
            model = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except RFieldError:
        raise
    except Exception as error:  # noqa: BLE001  # Keras raises anything on a config that is wrong
        raise UnreadableModelError(
            f"{path}: Keras cannot build its layers: {said(error)}\n"
            "  If Keras itself can load it, pass the model:   "
            "rfield.load(keras.saving.load_model(...))"
        ) from None
    if not isinstance(model, keras.Model):
        raise UnreadableModelError(f"{path}: it holds a {type(model).__name__}, which is no model")
    return model


@contextmanager
def without_values() -> Iterator[None]:
    """Variables made inside have shapes and are never given values; no random number is used up."""
    # Keras remembers such variables, to fill all of them when the next scope of this kind ends.
    name = "uninitialized_variables"
    before = list(global_state.get_global_attribute(name) or [])
    drawn = random.getstate()  # each layer with a seed draws one
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        random.setstate(drawn)
        global_state.set_global_attribute(name, before)


def said(error: Exception) -> str:
    """What was said, on one line that can be printed."""
    # Each model around the layer that fails writes itself before the error of what is inside.
    text = " ".join(str(error).rpartition("Exception encountered: ")[2].split())[:300]
    return printable(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _config(path: Path) -> Any:
    """The JSON of the layers."""
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(CONFIG)
            most = min(MOST + member.compress_size, MOST_OF_ALL)
            if member.file_size > most:
                raise UnreadableModelError(
                    f"{path}: its {CONFIG} has {member.file_size:,} bytes, more than the "
                    f"{most:,} that are read of a file of this size"
                )
            text = archive.read(member)
    except RFieldError:  # which is a ValueError as well
        raise
    except KeyError:
        raise UnreadableModelError(
            f"{path}: a zip archive without a {CONFIG}, so not a model that Keras 3 has saved"
        ) from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError,
            RuntimeError, ValueError, OSError) as error:  # fmt: skip
        raise UnreadableModelError(
            f"{path}: not a .keras file (a zip archive), or a damaged one: {said(error)}"
        ) from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableModelError(f"{path}: its {CONFIG} is no JSON: {said(error)}") from None


def _check(path: Path, here: Any) -> bool:
    """Refuse what would run code or take forever; whether a tensor is named inside."""
    if isinstance(here, list):
        return True in [_check(path, entry) for entry in here]  # all, not up to the first
    if not isinstance(here, dict):
        return False
    here.pop("compile_config", None)  # optimizers, which have variables of their own
    if "class_name" in here:
        _check_origin(path, here)
        _check_parts(path, here)
    found = here.get("class_name") == "__keras_tensor__"
    for key, value in here.items():
        for entry in value if key == "inbound_nodes" and isinstance(value, list) else [value]:
            tensor = _check(path, entry)
            found = found or tensor
            if key == "inbound_nodes" and isinstance(entry, dict) and not tensor:
                # Keras computes such a call at once, whatever its size.
                raise InvalidModelError(f"{path}: a layer is called without a tensor")
        if key == "layers" and isinstance(value, list) and tries_in_vain(value) > MOST_TRIES:
            raise InvalidModelError(
                f"{path}: its layers lie in an order in which Keras would not soon have called "
                "them: each must come after its operands"
            )
    return found


def _check_origin(path: Path, entry: dict[str, Any]) -> None:
    kind, module = entry["class_name"], entry.get("module")
    name = entry.get("config") if kind == "function" else kind
    if isinstance(kind, str) and kind in PROGRAMS:
        what = "a Python lambda" if kind == "__lambda__" else f"a {kind}"
        raise UnreadableModelError(
            f"{path}: Keras cannot load it without running its code: it holds {what}\n"
            "  If you trust it, load it yourself and pass the model:   "
            "rfield.load(keras.saving.load_model(..., safe_mode=False))"
        )
    if not isinstance(module, str) or not module or _registered(entry):
        return
    parts = [part for part in module.split(".") if part != "src"]
    family = parts[1] if len(parts) > 1 else ""
    loads = family == "models" and kind == "function"
    builtin = module == "builtins" and kind == "function"  # activations, by their names alone
    if not builtin and (parts[0] != "keras" or family not in FAMILIES or loads):
        shown = printable(f"{module}.{name}")[:200]
        raise UnreadableModelError(
            f"{path}: it names {shown}, which is code that a model need not consist of.\n"
            "  Nothing was imported. If it is a layer of yours, import the module in which\n"
            "  keras.saving.register_keras_serializable registers it, and load the file again."
        )


def _check_parts(path: Path, entry: dict[str, Any]) -> None:
    """Keras makes an object for each part of a tensor that is split."""
    config = entry.get("config")
    for name in ("indices_or_sections", "num"):
        parts = config.get(name) if isinstance(config, dict) else None
        if isinstance(parts, int) and parts > MOST_PARTS:
            raise InvalidModelError(f"{path}: a split into {parts:,} parts")


def _registered(entry: dict[str, Any]) -> bool:
    """Whether Keras will find what the user has registered, and look no further."""
    kind = entry["class_name"]
    name = entry.get("config") if kind == "function" else entry.get("registered_name", kind)
    return isinstance(name, str) and keras.saving.get_registered_object(name) is not None
