"""Which front end reads which source.

Found without importing a framework: who holds a framework's model has imported the framework, so
its type is looked up in ``sys.modules``. A path is known by its suffix, a spec by its prefix.
"""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.graph import Graph, SoftMasks
from ..errors import UnreadableModelError, unknown_name

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for with a source; a front end takes from it what it understands."""

    input_shape: Any = None
    axes: Any = None
    training: bool = False
    unknown: str = "error"
    options: Mapping[str, Any] = field(default_factory=dict)
    soft_masks: SoftMasks = "keep"


Reader = Callable[[Any, Request], Graph]

LIVE: dict[str, str] = {
    "keras:Model": "keras:read_model",  # first: on the torch backend it is a module as well
    "torch:nn.Module": "torch:read_module",
    "torch:export.ExportedProgram": "torch:read_exported",
    "onnx:ModelProto": "onnx:read_model",
    "tensorflow:Graph": "tensorflow:read_graph",
    "tensorflow:compat.v1.GraphDef": "tensorflow:read_graph",
    "tensorflow:Module": "tensorflow:read_callable",
    "tensorflow:types.experimental.GenericFunction": "tensorflow:read_callable",
    "tensorflow:types.experimental.ConcreteFunction": "tensorflow:read_callable",
    "flax.linen:Module": "jax:read_callable",
    "flax.nnx:Module": "jax:read_callable",
    "equinox:Module": "jax:read_callable",
    "haiku:Transformed": "jax:read_callable",
    "haiku:TransformedWithState": "jax:read_callable",
}
"""``module:class`` of a live object, and ``front end:function`` that reads it."""

SUFFIXES: dict[str, str] = {
    ".pt2": "torch:read_pt2",
    ".onnx": "onnx:read_path",
    ".pb": "tensorflow:read_path",
    ".pbtxt": "tensorflow:read_path",
    ".keras": "keras:read_path",
}

FOLDERS: dict[str, str] = {"saved_model.pb": "tensorflow:read_path"}
"""A folder that holds this file is a model."""

PREFIXES: dict[str, str] = {
    "torchvision": "torch:read_torchvision",
    "timm": "torch:read_timm",
    "keras": "keras:read_spec",
}

ZOOS: dict[str, str] = {
    "torchvision": "torch.zoo:torchvision_names",
    "timm": "torch.zoo:timm_names",
    "keras": "keras:application_names",
    "smp": "torch.packages:smp_encoders",
    "monai": "torch.packages:monai_networks",
    "transformers": "torch.packages:transformers_configs",
}
"""Zoos whose models can be listed: functions that give their names. Those that no reader of
``PREFIXES`` reads give a mapping from each name to a function that builds the model."""

FAMILIES: dict[str, str] = {"torchvision": "torch.zoo:family", "timm": "torch.zoo:family"}
"""What says to which family of its zoo a model belongs."""

ENTRY_POINTS = "rfield.zoos"
"""The group of entry points by which a package offers its zoo: such a function each, or mapping."""

PICKLES = frozenset({".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".joblib", ".h5py"})
"""Formats that run code from the file when they are opened."""


def target_of_object(source: object) -> str | None:
    """The ``front end:function`` that reads a live object, or None."""
    for key, target in LIVE.items():
        module, _, path = key.partition(":")
        kind: Any = sys.modules.get(module)
        for part in path.split("."):
            kind = None if kind is None else getattr(kind, part, None)
        if isinstance(kind, type) and isinstance(source, kind):
            return target
    return None


def reader_of_object(source: object) -> Reader | None:
    """The front end for a live object, or None."""
    target = target_of_object(source)
    return None if target is None else resolve(target)


def reader_of_path(path: Path) -> Reader:
    """The front end for a file or folder, by its name alone: nothing is opened here."""
    if path.is_dir():
        for name, target in FOLDERS.items():
            if (path / name).exists():
                check_regular(path / name)
                return resolve(target)
        raise UnreadableModelError(
            f"{path}: a folder, but not a SavedModel (no {', '.join(FOLDERS)} in it)"
        )
    suffix = path.suffix.lower()
    if suffix in PICKLES:
        raise UnreadableModelError(
            f"{path}: a {suffix} file is a pickle, and opening a pickle runs code from the file.\n"
            "  It was not opened. Build the model in Python and pass it to rfield.load, or\n"
            "  save it as a program: "
            "torch.export.save(torch.export.export(model, inputs), 'model.pt2')"
        )
    if suffix not in SUFFIXES:
        raise UnreadableModelError(
            f"{path}: no reader for {suffix or 'a file without a suffix'}. "
            f"Known: {', '.join(sorted(SUFFIXES))}, and SavedModel folders."
        )
    check_regular(path)
    return resolve(SUFFIXES[suffix])


def check_regular(path: Path) -> None:
    """A pipe waits for ever, a device has no end: only a regular file is opened.

    Raises:
        UnreadableModelError: there is none at this path.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise UnreadableModelError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise UnreadableModelError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
                 stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}  # fmt: skip
        what = kinds.get(stat.S_IFMT(mode), "no regular file")
        raise UnreadableModelError(f"{path}: {what}; a model is read from a regular file")
    if path.resolve().parts[1:2] in _SYSTEM:
        raise UnreadableModelError(
            f"{path}: a file of the system, which has no end; a model is read from a regular file"
        )


_SYSTEM = (("proc",), ("sys",), ("dev",))
"""Where what looks like a regular file may wait for ever when it is read, or have no size."""


def reader_of_prefix(prefix: str) -> Reader:
    """The front end for a spec such as ``torchvision:resnet50``."""
    if prefix not in PREFIXES:
        raise unknown_name("kind of model", prefix, [*PREFIXES, "article"])
    return resolve(PREFIXES[prefix])


def offered_zoos() -> dict[str, EntryPoint]:
    """The zoos of installed packages, by their names."""
    from importlib.metadata import entry_points  # not before it is needed: it takes 15 ms

    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def zoo(name: str) -> Any:
    """The models of a zoo: names, or a mapping from each name to what builds the model.

    Raises:
        UnknownNameError: there is no such zoo.
        UnreadableModelError: what it needs is not installed, or the package's zoo cannot be had.
    """
    if name in ZOOS:
        found: Any = resolve(ZOOS[name])
        return found()
    offered = offered_zoos()
    if name not in offered:
        raise unknown_name("zoo", name, ["article", *ZOOS, *offered])
    try:
        found = offered[name].load()
        return found() if callable(found) else found
    except Exception as error:  # a package's own code may raise anything
        raise UnreadableModelError(
            f"the zoo {name} cannot be had: {type(error).__name__}: {error}\n"
            f"  It is offered by {offered[name].value}"
        ) from error


def is_built_by_zoo(prefix: str) -> bool:
    """Whether ``prefix:name`` is a model that a zoo builds, not one that a reader knows."""
    return prefix not in PREFIXES and (prefix in ZOOS or prefix in offered_zoos())


def resolve(target: str) -> Reader:
    """Import the front end named in ``folder:function`` or ``folder.module:function``."""
    path, _, function = target.partition(":")
    folder = path.partition(".")[0]
    try:
        home = import_module(f"rfield.frontends.{path}")
    except ModuleNotFoundError as error:
        missing = error.name or folder
        if missing.startswith("rfield."):
            raise UnreadableModelError(f"this version has no {folder} front end") from None
        raise UnreadableModelError(
            f"the {folder} front end needs {missing}, which is not installed"
        ) from None
    return getattr(home, function)
