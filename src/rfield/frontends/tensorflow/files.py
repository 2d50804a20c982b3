"""From bytes or text to a graph message. Nothing but the graph file itself is ever opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from ...errors import UnreadableModelError, unknown_name
from . import messages

MOST_BYTES = (1 << 31) - 1
_SERVING = "serving_default"
_MAGIC = {
    b"\x89HDF": "an HDF5 file (.h5): load it with Keras and pass the model",
    b"PK\x03\x04": "a zip archive; a .keras file must be called .keras",
    b"\x1f\x8b": "compressed with gzip",
    b"\x89PNG": "a PNG image",
    b"\x80\x02": "a pickle",
    b"\x80\x04": "a pickle",
    b"<!DO": "an HTML page",
    b"<htm": "an HTML page",
}
_TFLITE = b"TFL3"


@dataclass(frozen=True, slots=True)
class Source:
    """A graph, and which of its tensors a signature calls inputs and outputs."""

    graph: Any
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: str = ""


def read(path: Path, signature: str | None = None) -> Source:
    """A GraphDef (binary or text), or the SavedModel of a folder."""
    file = path / "saved_model.pb" if path.is_dir() else path
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise UnreadableModelError(f"{path}: {size:,} bytes; protobuf ends at 2 GB")
        data = file.read_bytes()
    except OSError as error:
        raise UnreadableModelError(f"{path}: {error.strerror or error}") from None
    if not data.strip():
        raise UnreadableModelError(f"{path}: the file is empty")
    try:
        if file.suffix.lower() == ".pbtxt":
            return Source(_text(data), origin=path.name)
        message = parse(data)
    except UnreadableModelError as error:
        raise UnreadableModelError(f"{path}: {error}") from None
    if isinstance(message, messages.SavedModel):
        return of_saved_model(message, signature, path.name)
    return Source(message, origin=path.name)


def parse(data: bytes) -> Any:
    """A ``GraphDef`` or a ``SavedModel`` message, whichever the bytes are."""
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            raise UnreadableModelError(f"not a TensorFlow graph but {what}")
    if data[4:8] == _TFLITE:
        raise UnreadableModelError("not a TensorFlow graph but a .tflite file")
    problems: list[str] = []
    kinds = [messages.GraphDef, messages.SavedModel]
    for kind in kinds if data[:1] != b"\x08" else reversed(kinds):
        try:
            message = kind.FromString(data)
        except (DecodeError, ValueError) as error:
            problems.append(str(error))
            continue
        if kind is messages.GraphDef and message.node and message.node[0].op:
            return message
        if kind is messages.SavedModel and message.meta_graphs:
            return message
    reason = "it ends too early, or its bytes are damaged" if problems else "it holds no nodes"
    if data[:1].isascii() and data[:64].lstrip().startswith(
        (b"node", b"#", b"library", b"versions")
    ):
        reason = "it looks like text; a text graph must be called .pbtxt"
    raise UnreadableModelError(f"not a TensorFlow GraphDef or SavedModel: {reason}")


def _text(data: bytes) -> Any:
    from google.protobuf import text_format

    try:
        text = data.decode("utf-8")
        graph = text_format.Parse(text, messages.GraphDef(), allow_unknown_field=True)
    except UnicodeDecodeError:
        raise UnreadableModelError("not a text graph: it is not UTF-8") from None
    except (text_format.ParseError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise UnreadableModelError(f"not a text GraphDef: {said}") from None
    except RecursionError:
        raise UnreadableModelError("not a text GraphDef: nested too deeply") from None
    if not graph.node:
        raise UnreadableModelError("not a text GraphDef: it holds no nodes")
    return graph


def of_saved_model(message: Any, signature: str | None, origin: str) -> Source:
    """The graph to serve, with the inputs and outputs of one signature."""
    serving = [meta for meta in message.meta_graphs if "serve" in meta.meta_info_def.tags]
    meta = (serving or list(message.meta_graphs))[0]
    signatures = {
        name: entry for name, entry in meta.signature_def.items() if not name.startswith("__")
    }
    if signature is not None and signature not in signatures:
        raise unknown_name("signature", signature, sorted(signatures))
    chosen = signature or (_SERVING if _SERVING in signatures else min(signatures, default=None))
    if chosen is None:
        return Source(meta.graph_def, origin=origin)
    entry = signatures[chosen]
    return Source(
        meta.graph_def,
        {key: entry.inputs[key].name for key in sorted(entry.inputs)},
        {key: entry.outputs[key].name for key in sorted(entry.outputs)},
        origin,
    )
