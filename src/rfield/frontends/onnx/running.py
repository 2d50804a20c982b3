"""An ONNX model that runs on NumPy arrays and gives back its tensors, in ONNX Runtime.

What ``verify`` asks questions of. A copy runs, on one thread and without optimisations: fused and
blocked kernels mix neighbours. It runs in float64 where the runtime has every op for it (few
networks: there is no such convolution), else as it is; that an output does not change by one bit
holds in any type, since a sum whose terms are the same is the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import EncodeError
from numpy.typing import NDArray
from onnx import ModelProto, ValueInfoProto, load
from onnx.helper import tensor_dtype_to_np_dtype

from ...core.graph import Graph
from ...errors import InvalidModelError, UnreadableModelError
from ..machine.names import printable, shown
from .filling import doubled, fill
from .marking import carrying, help_maxima
from .model import op_key

KEPT_SESSIONS = 2
FLOAT32_ONLY = frozenset({"Conv", "ConvTranspose", "AveragePool", "GlobalAveragePool", "Resize"})
"""Ops without a float64 kernel in the runtime: no need to try. Others are found out by trying."""
_SILENT = 4


class RunningModel:
    """A copy of a model in ONNX Runtime; any of its tensors can be asked for.

    ``model``: a ``ModelProto`` or the path of a file; ``values``: inputs that are settings.
    """

    def __init__(
        self,
        model: Any,
        graph: Graph,
        *,
        training: bool = False,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        if training:
            raise InvalidModelError("an ONNX model is run as it is, so not as in training")
        if graph.has_free_axes:
            raise InvalidModelError(
                "the model is run, so every size of its inputs must be known: give input_shape"
            )
        self.runtime = _runtime()
        self.graph = graph
        self.model, folder = _opened(model)
        self._sources = _sources(self.model.graph)
        fill(self.model, folder)
        self.values = {name: np.asarray(array) for name, array in (values or {}).items()}
        self._declare()
        self.sessions: OrderedDict[frozenset[str], Any] = OrderedDict()
        self.precision, self._carrying = "", frozenset[str]()
        self._settle()

    def inputs(self, seed: int) -> dict[str, NDArray[Any]]:
        """Random inputs: normally distributed, or integers that their readers accept."""
        draw = np.random.default_rng(seed)
        found: dict[str, NDArray[Any]] = {}
        for entry in self.model.graph.input:
            name = printable(entry.name)
            if entry.name in self.values:
                found[name] = self.values[entry.name]
                continue
            kind = tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type)
            shape = [dim.dim_value for dim in entry.type.tensor_type.shape.dim]
            if np.issubdtype(kind, np.floating):
                found[name] = draw.standard_normal(shape).astype(kind)
            elif kind == np.bool_:
                found[name] = draw.integers(0, 2, shape).astype(kind)
            else:
                found[name] = draw.integers(0, self._choices(entry.name), shape).astype(kind)
        return found

    def run(
        self, inputs: Mapping[str, NDArray[Any]], layers: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        """The arrays of those ``layers`` that are tensors of the file."""
        found = {layer: self._tensor(layer) for layer in layers}
        wanted = {layer: tensor for layer, tensor in found.items() if tensor}
        if not wanted:
            return {}
        session = self._session(frozenset(wanted.values()))
        names = list(dict.fromkeys(wanted.values()))
        arrays = dict(zip(names, self._execute(session, names, inputs), strict=True))
        return {layer: arrays[name] for layer, name in wanted.items()}

    def _execute(
        self, session: Any, names: Sequence[str] | None, inputs: Mapping[str, NDArray[Any]]
    ) -> list[NDArray[Any]]:
        feeds = {entry.name: inputs[printable(entry.name)] for entry in session.get_inputs()}
        try:
            return session.run(names, feeds)
        except _failures(self.runtime) as error:
            raise InvalidModelError(f"ONNX Runtime cannot run it: {_said(error)}") from None

    def carries(self, layer: str) -> bool:
        """Whether a NaN in an input arrives everywhere up to this layer where it is read."""
        return self._tensor(layer) in self._carrying

    # --- the copy

    def _declare(self) -> None:
        """Inputs at the sizes of the graph; what is cast to floats at once may be floats."""
        own = self.model.graph
        constants = {tensor.name for tensor in own.initializer}
        shapes = {entry.name: self.graph.nodes[entry.node].shape for entry in self.graph.inputs_}
        kept = [entry for entry in own.input if entry.name not in constants]
        for entry in kept:
            tensor = entry.type.tensor_type
            shape = shapes.get(printable(entry.name))
            if entry.name in self.values:
                shape = self.values[entry.name].shape
            if shape is None:
                shape = [max(1, dim.dim_value) for dim in tensor.shape.dim]
            del tensor.shape.dim[:]
            for size in shape:
                tensor.shape.dim.add().dim_value = size
            readers = [node for node in own.node if entry.name in node.input]
            if entry.name not in self.values and all(node.op_type == "Cast" for node in readers):
                tensor.elem_type = 1
        copies = [ValueInfoProto.FromString(entry.SerializeToString()) for entry in kept]
        del own.input[:]
        own.input.extend(copies)
        del own.value_info[:]
        self.model.ir_version = max(4, self.model.ir_version)

    def _settle(self) -> None:
        """Find a form of the copy that the runtime accepts: doubled, and with marks that pass."""
        plain, problem = self.model, ""
        simple = not any(node.op_type in FLOAT32_ONLY for node in plain.graph.node)
        outputs = frozenset(output.name for output in plain.graph.output)
        for double in (True, False) if simple else (False,):
            for helped in (True, False):
                self.model = doubled(plain) if double else _copy(plain)
                self.sessions.clear()
                if helped:
                    help_maxima(self.model.graph)
                try:
                    session = self._session(outputs)
                    self._execute(session, None, self.inputs(0))
                except InvalidModelError as error:
                    problem = str(error)
                    continue
                kinds = {entry.type.tensor_type.elem_type for entry in self.model.graph.input}
                self.precision = "float64" if double else "float16" if 10 in kinds else "float32"
                sources = [e.name for e in plain.graph.input if e.name not in self.values]
                self._carrying = carrying(plain.graph, sources, helped=helped)
                return
        raise InvalidModelError(problem)

    def _session(self, tensors: frozenset[str]) -> Any:
        """A session for the nodes behind some tensors; the last few are kept."""
        if tensors not in self.sessions:
            while len(self.sessions) >= KEPT_SESSIONS:
                self.sessions.popitem(last=False)
            options = self.runtime.SessionOptions()
            options.graph_optimization_level = self.runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = _SILENT
            try:
                data = _behind(self.model, tensors).SerializeToString()
                self.sessions[tensors] = self.runtime.InferenceSession(
                    data, options, providers=["CPUExecutionProvider"]
                )
            except (EncodeError, ValueError):
                raise InvalidModelError("a model of more than 2 GB cannot be run here") from None
            except _failures(self.runtime) as error:
                raise InvalidModelError(f"ONNX Runtime cannot run it: {_said(error)}") from None
        self.sessions.move_to_end(tensors)
        return self.sessions[tensors]

    def _tensor(self, layer: str) -> str | None:
        """The tensor of the file that holds a layer; None where it is inside a body."""
        node = self.graph.nodes[self.graph.index(layer)]
        name, source = self._sources.get(node.name, (None, ""))
        return name if source == node.source else None

    def _choices(self, name: str) -> int:
        """How many integers an input may hold: the rows of the table that it chooses from."""
        sizes = {tensor.name: tensor.dims for tensor in self.model.graph.initializer}
        rows = [
            sizes[node.input[0]][next((a.i for a in node.attribute if a.name == "axis"), 0)]
            for node in self.model.graph.node
            if node.op_type == "Gather" and node.input[1] == name and node.input[0] in sizes
        ]
        return min(rows, default=4)


def _sources(graph: Any) -> dict[str, tuple[str, str]]:
    """The tensors by their names in the graph, and which node made them."""
    return {
        printable(name): (name, f"{shown(op_key(node.domain, node.op_type))} #{number}")
        for number, node in enumerate(graph.node)
        for name in node.output
        if name
    }


def _opened(model: Any) -> tuple[ModelProto, Path | None]:
    """A copy that may be changed, and the folder in which its weights may lie."""
    if isinstance(model, ModelProto):
        return _copy(model), None
    path = Path(model)
    return load(path, load_external_data=False), path.parent


def _copy(model: ModelProto) -> ModelProto:
    made = ModelProto()
    made.CopyFrom(model)
    return made


def _behind(model: ModelProto, tensors: Iterable[str]) -> ModelProto:
    """The model with ``tensors`` as its outputs, and no node that they do not need."""
    needed, kept = set(tensors), list[Any]()
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(_reads(node))
    made = ModelProto()
    for name in ("ir_version", "producer_name", "domain"):
        setattr(made, name, getattr(model, name))
    made.opset_import.extend(model.opset_import)
    made.functions.extend(model.functions)
    own, graph = model.graph, made.graph
    graph.name = own.name
    graph.node.extend(reversed(kept))
    graph.input.extend(entry for entry in own.input if entry.name in needed)
    graph.initializer.extend(tensor for tensor in own.initializer if tensor.name in needed)
    graph.sparse_initializer.extend(own.sparse_initializer)
    graph.output.extend(ValueInfoProto(name=name) for name in sorted(tensors))
    return made


def _reads(node: Any) -> Iterator[str]:
    """Every name that a node may read, in its bodies too."""
    yield from node.input
    for attribute in node.attribute:
        for body in (attribute.g, *attribute.graphs):
            yield from (output.name for output in body.output)
            for inner in body.node:
                yield from _reads(inner)


def _runtime() -> Any:
    try:
        return import_module("onnxruntime")
    except ModuleNotFoundError:
        raise UnreadableModelError(
            "running an ONNX model needs onnxruntime, which is not installed.\n"
            "  Install it: pip install onnxruntime"
        ) from None


def _failures(runtime: Any) -> tuple[type[BaseException], ...]:
    """What the runtime raises; its exceptions have no base of their own."""
    found = vars(runtime.capi.onnxruntime_pybind11_state).values()
    return tuple(kind for kind in found if isinstance(kind, type) and issubclass(kind, Exception))


def _said(error: BaseException) -> str:
    """The runtime's message without its code."""
    return printable(str(error).rpartition(" : ")[2])[:300]
