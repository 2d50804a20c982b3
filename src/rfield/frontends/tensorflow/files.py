"""From bytes or text to the nodes of a graph. Nothing but the graph file itself is ever opened.

A parsed message takes ten times the file. So the contents of large tensors are left out of a large
file before it is parsed, and its nodes stay bytes, each parsed when it is looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from ...errors import UnreadableModelError, unknown_name
from ..machine.limits import CONTENTS
from ..stripping import Bytes, first_field, stripped_file
from . import messages
from .sources import FIXED
from .values import shape_of

MOST_BYTES = (1 << 31) - 1
LARGE = 1 << 22
"""From so many bytes on, a file is read with care for memory."""

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
_VERSION = b"\x08"
"""The first byte of a SavedModel: the tag of its version."""


@dataclass(frozen=True, slots=True)
class Source:
    """A graph message, and which of its tensors a signature calls inputs and outputs."""

    graph: Any
    inputs: Mapping[str, str] = field(default_factory=dict[str, str])
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    origin: str = ""

    @property
    def is_large(self) -> bool:
        """Whether memory is to be saved rather than time."""
        return isinstance(self.graph, messages.CutGraphDef)

    @property
    def nodes(self) -> Sequence[Any]:
        """The nodes as messages."""
        return OneByOne(self.graph.node) if self.is_large else list(self.graph.node)


class OneByOne(Sequence[Any]):
    """The nodes of a large graph, each parsed when it is looked at and let go of again."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._parts = parts

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, place: Any) -> Any:
        try:
            return messages.NodeDef.FromString(self._parts[place])
        except DecodeError:
            raise _unreadable(f"the bytes of node {place} are damaged") from None


def read(path: Path, signature: str | None = None) -> Source:
    """A GraphDef (binary or text), or the SavedModel of a folder."""
    file = path / "saved_model.pb" if path.is_dir() else path
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise UnreadableModelError(f"{path}: {size:,} bytes; protobuf ends at 2 GB")
        data = _contents(file, size)
    except OSError as error:
        raise UnreadableModelError(f"{path}: {error.strerror or error}") from None
    if not data or data.isspace():
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


def _contents(file: Path, size: int) -> bytes:
    """The bytes of a file; of a large one without the contents of its large tensors."""
    if size < LARGE or file.suffix.lower() == ".pbtxt":
        return file.read_bytes()
    with file.open("rb") as opened:
        is_saved_model = opened.read(1) == _VERSION
    fields = messages.SAVED_MODEL_FIELDS if is_saved_model else messages.GRAPH_FIELDS
    try:
        return stripped_file(file, fields, _may_go)
    except UnreadableModelError as error:
        raise UnreadableModelError(f"{file}: {error}") from None


def _may_go(tensor: Bytes, size: int) -> bool:
    """Whether a constant has more elements than anybody looks at."""
    shape = first_field(tensor, messages.TENSOR_SHAPE)
    if not isinstance(shape, memoryview):
        return False
    try:
        sizes = shape_of(messages.TensorShapeProto.FromString(shape)) or ()
    except DecodeError:
        return False
    return prod(0 if size is None else size for size in sizes) > CONTENTS


def parse(data: bytes) -> Any:
    """A ``GraphDef``, a ``CutGraphDef`` or a ``SavedModel`` message, whichever the bytes are."""
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            raise UnreadableModelError(f"not a TensorFlow graph but {what}")
    if data[4:8] == _TFLITE:
        raise UnreadableModelError("not a TensorFlow graph but a .tflite file")
    problems = False
    kinds = [_graph, _saved_model]
    for kind in kinds if data[:1] != _VERSION else reversed(kinds):
        try:
            message = kind(data)
        except (DecodeError, ValueError):
            problems = True
            continue
        if message is not None:
            return message
    reason = "it ends too early, or its bytes are damaged" if problems else "it holds no nodes"
    if data[:1].isascii() and data[:64].lstrip().startswith(
        (b"node", b"#", b"library", b"versions")
    ):
        reason = "it looks like text; a text graph must be called .pbtxt"
    raise _unreadable(reason)


def _unreadable(reason: str) -> UnreadableModelError:
    return UnreadableModelError(f"not a TensorFlow GraphDef or SavedModel: {reason}")


def _graph(data: bytes) -> Any:
    """A graph message, or None if the bytes are something else."""
    if len(data) < LARGE:
        graph = messages.GraphDef.FromString(data)
        return graph if graph.node and graph.node[0].op else None
    graph = messages.CutGraphDef.FromString(data)
    return graph if graph.node and messages.NodeDef.FromString(graph.node[0]).op else None


def _saved_model(data: bytes) -> Any:
    """A ``SavedModel`` message, or None if the bytes are something else."""
    message = messages.SavedModel.FromString(data)
    return message if message.meta_graphs else None


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


def _note_fixed(graph: Any, objects: Any) -> None:
    """Write beside each variable that is not trained that it is none of the weights."""
    saved = [each.variable for each in objects.nodes if each.WhichOneof("value") == "variable"]
    every = Counter(each.name.encode() for each in saved)
    names = {each.name.encode() for each in saved if not each.trainable}
    for place, node in enumerate(graph.node if names else ()):
        cut = isinstance(node, bytes)
        if cut and b"VarHandleOp" not in node:
            continue
        message = messages.NodeDef.FromString(node) if cut else node
        shared = message.attr["shared_name"].s if message.op == "VarHandleOp" else b""
        stem, _, count = shared.rpartition(b"_")
        again = count.isdigit() and every[stem] > 1 and shared not in every  # of one name several
        if shared in names or (again and stem in names):
            message.attr[FIXED].b = True
            if cut:
                graph.node[place] = message.SerializeToString()


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
    graph = parse(meta.graph_def)
    if isinstance(graph, messages.SavedModel):
        raise _unreadable("a SavedModel lies inside the SavedModel")
    _note_fixed(graph, meta.object_graph_def)
    if chosen is None:
        return Source(graph, origin=origin)
    entry = signatures[chosen]
    return Source(
        graph,
        {key: entry.inputs[key].name for key in sorted(entry.inputs)},
        {key: entry.outputs[key].name for key in sorted(entry.outputs)},
        origin,
    )
