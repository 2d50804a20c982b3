"""Reading a model: a file or a ``ModelProto`` becomes a graph.

The model is read once into plain records; laying it out at given sizes is a second step, which is
repeated for the stand-in sizes of free axes and whenever analysis asks for other sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from onnx import ModelProto

from ...core.graph import Draft, Graph, SizedShape
from ...errors import (
    InvalidModelError,
    RFieldError,
    TooLargeError,
    UnreadableModelError,
    unknown_name,
)
from ..machine.free import read_free
from ..machine.names import printable
from ..machine.values import Constant, Dependent, known
from ..registry import Request
from ..stripping import stripped_file
from .failures import damaged
from .inputs import closed, plan_inputs
from .model import ModelRecord, read_record
from .payloads import MODEL, may_go
from .tracer import Tracer
from .unknown import refuse_unknown

_OPTIONS = frozenset({"values", "zeros"})


def read_path(path: Path, request: Request) -> Graph:
    """Read a ``.onnx`` file; large tensors are skipped, and all but small ones beside it."""
    return _read(parse(path), request, path.name, path.parent)


def parse(path: Path) -> Any:
    """The ``ModelProto`` in a file, without the contents of its large tensors."""
    model = ModelProto()
    try:
        if path.stat().st_size == 0:
            raise damaged(str(path), "the file is empty")
        model.ParseFromString(stripped_file(path, MODEL, may_go))
    except OSError as error:
        raise UnreadableModelError(f"{path}: {error.strerror or error}") from None
    except UnreadableModelError as error:
        text = str(error)
        raise (error if text.startswith(str(path)) else damaged(str(path), text)) from None
    except (DecodeError, ValueError, RecursionError) as error:
        if isinstance(error, RFieldError):
            raise
        raise damaged(str(path), "it is truncated, damaged or something else") from None
    return model


def read_model(model: Any, request: Request, origin: str = "") -> Graph:
    """Read a ``ModelProto``. ``values={input: array}`` makes an input a fixed setting."""
    return _read(model, request, origin, None)


def _read(model: Any, request: Request, origin: str, folder: Path | None) -> Graph:
    for name in request.options:
        if name not in _OPTIONS:
            raise unknown_name("option", name, _OPTIONS)
    try:
        record = read_record(model, origin or "onnx")
    except (UnicodeDecodeError, RecursionError):
        raise damaged(origin or "the model", "names that are not text, or too deep") from None
    del model  # of a file, nothing but its small tensors is needed any more
    if request.unknown == "error":
        refuse_unknown(record)
    return Reader(record, request, folder).graph()


class Reader:
    """One model and how it was asked for. ``folder``: where tensors beside the file may lie."""

    def __init__(self, record: ModelRecord, request: Request, folder: Path | None) -> None:
        self.record = record
        self.request = request
        self.folder = folder
        self.fixed = _fixed(request.options.get("values"), record)
        self.plans = plan_inputs(record, request, self.fixed)

    def graph(self) -> Graph:
        """The graph; sizes that are not known stay free."""
        first = next((plan for plan in self.plans if None in plan.shape), None)
        alone = [plan if plan is first else closed(plan) for plan in self.plans]
        if alone == self.plans:
            return self._free()
        try:
            return self._free()
        except (InvalidModelError, TooLargeError):  # sizes that belong together by another rule
            everywhere, self.plans = self.plans, alone
            try:
                return self._free()
            except RFieldError:
                self.plans = everywhere
            raise

    def _free(self) -> Graph:
        shapes = {plan.name: plan.shape for plan in self.plans}
        measured = {plan.name: plan.axes for plan in self.plans}
        branches = any(node.subgraphs for node in self.record.graph.nodes)
        return read_free(shapes, measured, self.lay_out, branches=branches)

    def lay_out(self, shapes: Mapping[str, SizedShape]) -> Graph:
        """The graph at these sizes."""
        draft = Draft()
        tracer = Tracer(
            self.record, draft, training=self.request.training, folder=self.folder,
            soft_masks=self.request.soft_masks, zeros=bool(self.request.options.get("zeros")),
        )  # fmt: skip
        values: dict[str, Any] = dict(self.fixed)
        names = {printable(entry.name): entry.name for entry in self.record.graph.inputs}
        for plan in self.plans:
            shape = shapes[plan.name]
            if len(shape) != len(plan.shape):
                raise InvalidModelError(
                    f"{plan.name}: {len(shape)} sizes for {len(plan.shape)} axes"
                )
            index = draft.input(plan.name, shape, plan.axes)
            values[names[plan.name]] = Dependent(index, shape)
            tracer.sizes.update(zip(plan.symbols, shape, strict=False))
        outputs = tracer.outputs(values)
        if not outputs:
            raise InvalidModelError("no output of the model depends on an input")
        graph = draft.finish(outputs, tracer.names.all_layers(), origin=self.record.origin)
        graph.main_output = 0
        return graph


def _fixed(values: Any, record: ModelRecord) -> dict[str, Constant]:
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise InvalidModelError(f"values = {values!r}; expected {{input name: array}}")
    names = [entry.name for entry in record.graph.inputs]
    for name in values:
        if name not in names:
            raise unknown_name("input", str(name), names)
    return {name: known(np.asarray(array)) for name, array in values.items()}
