"""``.pt2`` files: the program is JSON inside a zip; weights and pickles in it are never opened.

Only the graph is read, and the small constants (index tables) that are stored as raw bytes. Nothing
in the file is executed: what a step names is looked up in ``admitted``, and each size that the file
states is bounded before anything is made of it.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import torch

from ....core.graph import Graph
from ....errors import UnreadableModelError, show_shape
from ...registry import Request
from ..constants import SMALL
from .admitted import UnknownTarget, target_of
from .exported import Program, Ref, Step, as_weight, run
from .foreign import Foreign

_TYPES = {
    1: torch.uint8, 2: torch.int8, 3: torch.int16, 4: torch.int32, 5: torch.int64, 6: torch.float16,
    7: torch.float32, 8: torch.float64, 10: torch.complex64, 11: torch.complex128, 12: torch.bool,
    13: torch.bfloat16,
}  # fmt: skip

MOST_TEXT = 64 << 20
"""Bytes of the program and the lists of constants; a hundred times those of a large network."""

PACKED = 1 << 20
"""Torch packs nothing: only so many bytes more may come out of an archive than are in it."""

MOST_CONSTANTS = 256 << 20
"""Bytes of all constants together; the rest are weights, whose numbers do not count."""


def read_pt2(path: Path, request: Request) -> Graph:
    """The graph of a program saved by ``torch.export.save``."""
    try:
        with zipfile.ZipFile(path) as archive:
            program = _program(_Archive(archive), path)
    except (zipfile.BadZipFile, EOFError):  # the end may come while it is read
        raise UnreadableModelError(
            f"{path}: not a .pt2 file (not a zip archive, or cut off)"
        ) from None
    except OSError as error:
        raise UnreadableModelError(f"{path}: {error.strerror or error}") from None
    except _DAMAGE as error:
        if isinstance(error, UnreadableModelError):
            raise
        said = f"{error}".partition("\n")[0][:200]
        said = said if said.isprintable() else ascii(said)
        raise UnreadableModelError(
            f"{path}: the program inside is damaged or of an unknown version "
            f"({type(error).__name__}: {said})"
        ) from None
    return run(program, request, Foreign)


_DAMAGE = (
    ArithmeticError, AttributeError, LookupError, MemoryError, NotImplementedError, RecursionError,
    RuntimeError, StopIteration, TypeError, ValueError, zlib.error,
)  # fmt: skip
"""What reading a damaged archive raises."""


class _Archive:
    """The members of a file, as long as they are not too much in all."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = list(dict.fromkeys(archive.namelist()))
        self.texts = MOST_TEXT
        self.constants = MOST_CONSTANTS

    def text(self, name: str) -> Any:
        """The JSON in one member, unless it is too long to be a network."""
        member = self.archive.getinfo(name)
        self.texts -= member.file_size
        if self.texts < 0:
            raise UnreadableModelError(
                f"{name} in the archive is too long: more than {MOST_TEXT >> 20} MiB of text in all"
            )
        if member.file_size > member.compress_size + PACKED:
            raise UnreadableModelError(
                f"{name} in the archive is packed: {member.compress_size:,} bytes for "
                f"{member.file_size:,}. torch.export.save packs nothing."
            )
        return json.loads(self.archive.read(member))

    def constant(self, name: str, size: int) -> bytearray | None:
        """The content of a member of about this size; None if it is larger, or one too many."""
        member = self.archive.getinfo(name)
        if member.file_size > size + 4096 or member.file_size > self.constants:
            return None
        self.constants -= member.file_size
        content = bytearray(self.archive.read(member))
        return content if len(content) >= size else None


def _program(archive: _Archive, path: Path) -> Program:
    names = archive.names
    models = [name for name in names if re.search(r"(^|/)models/[^/]+\.json$", name)]
    models += [name for name in names if name.endswith("serialized_exported_program.json")]
    if not models:
        raise UnreadableModelError(
            f"{path}: no exported program in it. torch.export.save writes one; an archive made by "
            "torch.save or by AOTInductor holds no graph."
        )
    module = archive.text(models[0])["graph_module"]
    graph, signature = module["graph"], module["signature"]
    program = Program({}, {}, {}, [], [], path.name)
    stored = _stored(archive)
    for entry, spec in zip(graph["inputs"], signature["input_specs"], strict=True):
        _input(entry, spec, graph["tensor_values"], stored, program)
    metas = graph["tensor_values"]
    program.steps = [_step(node, metas) for node in graph["nodes"]]
    for entry, spec in zip(graph["outputs"], signature["output_specs"], strict=True):
        if "user_output" in spec:
            program.results += [ref.name for ref in _refs(_argument(entry))]
    return program


def _input(
    entry: dict[str, Any], spec: dict[str, Any], metas: Mapping[str, Any],
    stored: Mapping[str, torch.Tensor], program: Program,
) -> None:  # fmt: skip
    kind, held = next(iter(spec.items()))
    if "as_tensor" not in entry:
        found = held.get("arg", {}) if isinstance(held, dict) else {}
        program.weights[str(found.get("name", ""))] = _argument(entry)
        return
    name = entry["as_tensor"]["name"]
    tensor = _meta(metas[name])
    if kind == "user_input":
        program.inputs[name] = tensor
        return
    target = next((v for k, v in held.items() if k.endswith("_name")), "")
    if kind != "parameter" and target in stored:
        program.constants[name] = stored[target]
    else:
        program.weights[name] = as_weight(tensor, kind == "parameter")


def _meta(meta: Mapping[str, Any]) -> torch.Tensor:
    sizes = [_size(size) for size in meta["sizes"]]
    if len(sizes) > 64 or prod(sizes) >= 1 << 60:
        raise UnreadableModelError(f"a tensor of shape {show_shape(sizes[:8])}: too large")
    return torch.empty(sizes, dtype=_TYPES[meta["dtype"]], device="meta")


def _size(size: Mapping[str, Any]) -> int:
    found = size["as_int"] if "as_int" in size else size["as_expr"]["hint"]["as_int"]
    if type(found) is not int or not 0 <= found < 1 << 60:
        raise UnreadableModelError(f"a size of {str(found)[:40]!r}; expected a positive integer")
    return found


def _stored(archive: _Archive) -> dict[str, torch.Tensor]:
    """Small integer and boolean buffers and constants; those kept as pickles stay closed."""
    found: dict[str, torch.Tensor] = {}
    for config in archive.names:
        if not config.endswith(("_weights_config.json", "_constants_config.json")):
            continue
        folder = config.rpartition("/")[0]
        for target, entry in archive.text(config)["config"].items():
            meta = entry.get("tensor_meta")
            if entry.get("use_pickle") or entry.get("is_param") or not meta:
                continue
            sizes = [_size(size) for size in meta["sizes"]]
            dense = [prod(sizes[j + 1 :]) for j in range(len(sizes))]
            strides = [_size(stride) for stride in meta["strides"]]
            kind = _TYPES.get(meta["dtype"])
            if kind is None or not 0 < prod(sizes) <= SMALL or strides != dense:
                continue
            if _size(meta.get("storage_offset") or {"as_int": 0}):
                continue
            size = prod(sizes) * kind.itemsize
            content = archive.constant(f"{folder}/{entry['path_name']}", size)
            if content is not None:
                flat = torch.frombuffer(content, dtype=kind, count=prod(sizes))
                found[target] = flat.reshape(sizes)
    return found


def _step(node: Mapping[str, Any], metas: Mapping[str, Any]) -> Step:
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for entry in node["inputs"]:
        value = _argument(entry["arg"])
        if entry.get("name") == "pin_memory":  # which would start a device
            continue
        if entry.get("name") and entry.get("kind", 2) != 1:
            kwargs[entry["name"]] = value
        else:
            args.append(value)
    outputs = [_output(entry) for entry in node["outputs"]]
    flat = outputs[0] if len(outputs) == 1 else outputs
    meta = node.get("metadata", {})
    step = Step(target_of(node["target"]), args, kwargs, flat, _stack(meta), _line(meta))  # type: ignore[arg-type]
    if isinstance(step.target, UnknownTarget):
        names = [flat] if isinstance(flat, str) else flat or []
        step.stated = {name: _meta(metas[name]) for name in names if name in metas}
    return step


def _output(entry: Mapping[str, Any]) -> Any:
    kind, value = next(iter(entry.items()))
    if kind == "as_tensors":
        return [item["name"] for item in value]
    if kind == "as_none":
        return None
    found = _argument(entry)
    return found.name if isinstance(found, Ref) else None


def _argument(entry: Mapping[str, Any]) -> Any:  # noqa: PLR0912 - one arm for each type
    """One serialised argument."""
    kind, value = next(iter(entry.items()))
    match kind:
        case "as_tensor":
            return _ref(value["name"])
        case "as_tensors":
            return [_ref(item["name"]) for item in value]
        case "as_optional_tensor":
            return _argument(value)
        case "as_optional_tensors":
            return [_argument(item) for item in value]
        case "as_sym_int" | "as_sym_float" | "as_sym_bool":
            return _argument(value)
        case "as_sym_ints" | "as_sym_floats" | "as_sym_bools":
            return [_argument(item) for item in value]
        case "as_name":
            return _ref(value)
        case "as_none":
            return None
        case "as_scalar_type":
            return _TYPES[value]
        case "as_device":
            return torch.device("meta")  # whatever device the file names
        case "as_memory_format":
            formats = {2: torch.channels_last, 3: torch.channels_last_3d, 4: torch.preserve_format}
            return formats.get(value, torch.contiguous_format)
        case "as_layout":
            return torch.strided
        case "as_complex":
            return complex(value["real"], value["imag"])
        case "as_float" | "as_floats":
            return [float(v) for v in value] if isinstance(value, list) else float(value)
        case "as_graph" | "as_custom_obj":
            raise UnreadableModelError(
                "the program holds control flow or a custom object, which is not read. "
                "Export the model with fixed inputs, or read the live model."
            )
        case _:
            return value


def _ref(name: Any) -> Ref:
    if not isinstance(name, str):
        raise UnreadableModelError("a value whose name is no text")
    return Ref(name)


def _refs(value: Any) -> list[Ref]:
    if isinstance(value, Ref):
        return [value]
    return [ref for item in value for ref in _refs(item)] if isinstance(value, list) else []


def _stack(meta: Mapping[str, str]) -> list[tuple[str, str]]:
    entries = [entry.split(",") for entry in meta.get("nn_module_stack", "").split(";") if entry]
    return [(entry[0], entry[1]) for entry in entries if len(entry) > 1]


def _line(meta: Mapping[str, str]) -> str:
    found = re.findall(r'File "([^"]+)", line (\d+)', meta.get("stack_trace", ""))
    return f"{found[-1][0].rpartition('/')[2]}:{found[-1][1]}" if found else ""
