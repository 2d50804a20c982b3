"""A module that runs on NumPy arrays and gives back its layers: what ``verify`` asks questions of.

It runs a copy, so the user's model is not touched: in double precision, because then an output that
does not depend on an input is the same to the last bit, and with plain kernels, because the fast
ones mix neighbours (Winograd).
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules import module as hooks

from ...core.graph import Graph
from ...errors import InvalidModelError
from .names import children
from .untouched import ALONE


class RunningModule:
    """A copy of a module, run without gradients; its layers are caught as they are computed.

    ``shapes``: the input shapes by name, as the graph has them. ``arguments``: how ``forward`` is
    called, with tensors that are replaced by name.
    """

    def __init__(self, model: nn.Module, graph: Graph, *, training: bool = False) -> None:
        has_numbers(model)
        self.graph = graph
        self.shapes = {entry.name: graph.nodes[entry.node].shape for entry in graph.inputs_}
        self.model = _copy(model).train(training)
        self.precision = "float64"
        self._fill()
        self.model = self.model.double()
        self._dtype = torch.float64
        try:
            self.run(self.inputs(0), ())
        except RuntimeError:
            self.model, self._dtype, self.precision = self.model.float(), torch.float32, "float32"

    def inputs(self, seed: int) -> dict[str, NDArray[Any]]:
        """Random images, one per input."""
        draw = np.random.default_rng(seed)
        kind = np.float64 if self._dtype is torch.float64 else np.float32
        return {
            name: draw.standard_normal(shape).astype(kind) for name, shape in self.shapes.items()
        }

    def carries(self, layer: str) -> bool:
        """PyTorch's kernels hand a NaN on; where one does not, finite values move the output."""
        del layer
        return True

    def run(
        self, inputs: Mapping[str, NDArray[Any]], layers: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        """The arrays of ``layers``; outputs are known by the names that the graph gives them."""
        tensors = [torch.from_numpy(np.ascontiguousarray(x)) for x in inputs.values()]
        with _plainly(), Catch(self.model, layers) as catch:
            output = self.model(*tensors)
        found = {name: array.numpy() for name, array in catch.found.items()}
        tensors = list(tensors_of(output))
        if len(tensors) == len(self.graph.outputs_):
            for index, tensor in zip(self.graph.outputs_, tensors, strict=True):
                name = self.graph.nodes[index].name
                if name in layers and name not in found:
                    found[name] = tensor.detach().clone().numpy()
        return found

    def _fill(self) -> None:
        """Parameters that are zero throughout would hide what reads what."""
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.model.parameters():
                if parameter.dtype.is_floating_point and not parameter.any():
                    parameter.uniform_(0.1, 0.5, generator=generator)


class Catch:
    """Copies of what chosen layers return, by the names that a graph gives them."""

    def __init__(self, model: nn.Module, layers: Sequence[str]) -> None:
        self.paths = {id(module): name for name, module in model.named_modules()}
        self.wanted = set(layers)
        self.found: dict[str, torch.Tensor] = {}
        self.calls: dict[str, int] = {}
        self.stack: list[str] = []
        self.handles: list[Any] = []
        self.thread = get_ident()

    def __enter__(self) -> Catch:
        self.handles = [
            hooks.register_module_forward_pre_hook(self._enter),
            hooks.register_module_forward_hook(self._leave),
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self.handles:
            handle.remove()

    def _enter(self, module: nn.Module, _args: Any) -> None:
        if get_ident() != self.thread:
            return
        path = self.paths.get(id(module), "")
        if path:
            count = self.calls[path] = self.calls.get(path, 0) + 1
            path = path if count == 1 else f"{path}#{count}"
        self.stack.append(path)

    def _leave(self, _module: nn.Module, _args: Any, output: Any) -> None:
        if get_ident() != self.thread:
            return
        path = self.stack.pop()
        tensor = next(tensors_of(output), None)
        if tensor is not None:
            self.keep(path, tensor)

    def keep(self, path: str, tensor: torch.Tensor) -> None:
        """A copy of a layer that is wanted: what follows may write into the tensor."""
        if path in self.wanted:
            self.found[path] = tensor.detach().clone()


def has_numbers(model: nn.Module) -> None:
    """Refuse a model without memory.

    Raises:
        InvalidModelError: a parameter or buffer is on the meta device.
    """
    if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
        raise InvalidModelError(
            f"{type(model).__name__} is on the meta device: it has no numbers to run with.\n"
            "  Build it without torch.device('meta'), or give it memory: model.to_empty(...)"
        )


def tensors_of(output: Any) -> Iterator[torch.Tensor]:
    """The tensors in whatever a module returned, in order."""
    if isinstance(output, torch.Tensor):
        yield output
        return
    for item in children(output):
        yield from tensors_of(item)


def _copy(model: nn.Module) -> nn.Module:
    try:
        with ALONE:
            return copy.deepcopy(model)
    except (RuntimeError, TypeError, ValueError) as error:
        raise InvalidModelError(
            f"{type(model).__name__} cannot be copied, and verify runs a copy: {error}"
        ) from error


@contextmanager
def _plainly() -> Iterator[None]:
    """No gradients, and no kernel that mixes neighbours."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        with torch.backends.mkldnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH):
            yield
