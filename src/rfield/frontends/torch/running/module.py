"""A module that runs on NumPy arrays and gives back its layers: what ``verify`` asks questions of.

It runs a copy, so the user's model is not touched; one that cannot be copied runs itself, with
other tensors in the places of its own, and is put back. In double precision, because then an output
that does not depend on an input is the same to the last bit, and with plain kernels, because the
fast ones mix neighbours (Winograd).
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pickle import PicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from ....core.graph import Graph
from ....errors import InvalidModelError
from ...registry import Request
from ..capture import called_with, unwrapped, with_stand_ins
from ..names import Modules, children
from ..restoring.untouched import ALONE, untouched

_UNCOPIED = (
    AttributeError, LookupError, RuntimeError, TypeError, ValueError, copy.Error, PicklingError,
)  # fmt: skip
"""What the model's own parts raise when they are copied."""


MARK = 1e4
"""In the place of a NaN."""


class RunningModule:
    """A module, run without gradients; its layers are caught as they are computed.

    ``shapes``: the input shapes by name, as the graph has them. ``given``: the options of ``load``
    that say how forward is called: ``example_inputs``, ``example_kwargs``, ``dtype``. Where they do
    not tell the type of an input, and the model takes no real numbers, it gets integers.
    """

    def __init__(
        self, model: nn.Module, graph: Graph, *, training: bool = False, **given: Any
    ) -> None:
        model = unwrapped(model)
        has_numbers(model)
        self.graph, self.training = graph, training
        self.shapes = {entry.name: graph.nodes[entry.node].shape for entry in graph.inputs_}
        self.model, self.state = _copy(model)
        if self.state is None:
            self.model.train(training)
        self.call = called_with(model, Request(dict(self.shapes), options=given))
        self.kinds = dict.fromkeys(self.shapes, torch.float64)
        with_stand_ins(model, *self.call, self._note)
        tables = [m.num_embeddings for m in model.modules() if isinstance(m, nn.Embedding)]
        self.choices = min(tables, default=2)
        rounds = any("quantized" in type(module).__module__ for module in model.modules())
        self.precision, self.finite = "", rounds  # integers hold no NaN, and small changes vanish
        for kind in (torch.float64, torch.float32):
            for integers in (False, True):
                if not self.precision and (not integers or self._all_real()):
                    self._try(kind, integers=integers)
        if not self.precision:
            self._set(torch.float32)
            try:
                self.run(self.inputs(0), ())
            except RuntimeError as error:
                told = str(error).partition("\n")[0]
                raise InvalidModelError(
                    f"the model does not run on random real numbers: {told}.\n"
                    "  Let it take them, and make of them what it needs"
                ) from error

    def inputs(self, seed: int) -> dict[str, NDArray[Any]]:
        """Random images, one per input; integers that every table of the model has."""
        draw = np.random.default_rng(seed)
        found: dict[str, NDArray[Any]] = {}
        for name, shape in self.shapes.items():
            kind = self.kinds[name]
            if kind.is_floating_point:
                drawn = draw.standard_normal(shape)
            else:
                drawn = draw.integers(0, 2 if kind is torch.bool else self.choices, shape)
            found[name] = drawn.astype(torch.empty(0, dtype=kind).numpy().dtype)
        return found

    def carries(self, layer: str) -> bool:
        """PyTorch's kernels hand a NaN on; where one does not, finite values move the output."""
        del layer
        return not self.finite

    def run(
        self, inputs: Mapping[str, NDArray[Any]], layers: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        """The arrays of ``layers``; outputs are known by the names that the graph gives them.

        A model that refuses NaN (an assertion, a histogram) gets a large number in its place.
        """
        try:
            return self._run(inputs, layers)
        except (AssertionError, RuntimeError, ValueError):
            if not any(x.dtype.kind == "f" and np.isnan(x).any() for x in inputs.values()):
                raise
            self.finite = True
            return self._run(
                {name: np.nan_to_num(x, nan=MARK) for name, x in inputs.items()}, layers
            )

    def _run(
        self, inputs: Mapping[str, NDArray[Any]], layers: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        tensors = {name: torch.from_numpy(np.ascontiguousarray(x)) for name, x in inputs.items()}
        places, named = with_stand_ins(self.model, *self.call, lambda name, old: tensors[name])
        with ExitStack() as stack:
            if self.state is not None:
                stack.enter_context(untouched(self.model, training=self.training, values=True))
            stack.enter_context(_plainly())
            catch = stack.enter_context(Catch(self.model, layers))
            if self.state is None:
                output = self.model(*places, **named)
            else:
                output = functional_call(self.model, self.state, tuple(places), named)
        found = {name: array.numpy() for name, array in catch.found.items()}
        results = list(tensors_of(output))
        if len(results) == len(self.graph.outputs_):
            for index, tensor in zip(self.graph.outputs_, results, strict=True):
                name = self.graph.nodes[index].name
                meant = name in layers and self.graph.index(name) == index
                if meant and name not in found:
                    plain = tensor.dequantize() if tensor.is_quantized else tensor
                    found[name] = plain.detach().clone().numpy()
        return found

    def _note(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        if not tensor.dtype.is_floating_point:
            self.kinds[name] = tensor.dtype
        return tensor

    def _all_real(self) -> bool:
        return all(kind.is_floating_point for kind in self.kinds.values())

    def _try(self, kind: torch.dtype, *, integers: bool) -> None:
        """One way to run it: the precision, and whether the inputs are integers."""
        kinds = self.kinds
        self._set(kind)
        if integers:
            self.kinds = dict.fromkeys(kinds, torch.int64)
        try:
            self.run(self.inputs(0), ())
        except RuntimeError:
            self.kinds = kinds
        else:
            self.precision = str(kind).removeprefix("torch.")

    def _set(self, kind: torch.dtype) -> None:
        self.kinds = {n: kind if k.is_floating_point else k for n, k in self.kinds.items()}
        if self.state is None:
            self.model = self.model.double() if kind is torch.float64 else self.model.float()
            return
        self.state = {
            name: tensor.to(kind) if tensor.is_floating_point() else tensor
            for name, tensor in self.state.items()
        }


class Catch(Modules):
    """Copies of what chosen layers return, by the names that a graph gives them."""

    def __init__(self, model: nn.Module, layers: Sequence[str]) -> None:
        super().__init__(model.named_modules())
        self.wanted = set(layers)
        self.found: dict[str, torch.Tensor] = {}

    def left(self, path: str, output: Any) -> None:
        """What a module returned first is its value."""
        tensor = next(tensors_of(output), None)
        if tensor is not None:
            self.keep(path, tensor)

    def keep(self, path: str, tensor: torch.Tensor) -> None:
        """A copy of a layer that is wanted: what follows may write into the tensor."""
        if path in self.wanted:
            plain = tensor.dequantize() if tensor.is_quantized else tensor
            self.found[path] = plain.detach().clone()


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


def _copy(model: nn.Module) -> tuple[nn.Module, dict[str, torch.Tensor] | None]:
    """A copy of a model; or itself and a copy of its tensors, where it cannot be copied."""
    state = None
    try:
        with ALONE:
            model = copy.deepcopy(model)
        own = dict(model.named_parameters())
    except _UNCOPIED:
        own = {name: p.detach().clone() for name, p in model.named_parameters()}
        state = {**own, **{name: b.detach().clone() for name, b in model.named_buffers()}}
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in own.values():  # zero throughout, it would hide what reads what
            if tensor.dtype.is_floating_point and not tensor.any():
                tensor.uniform_(0.1, 0.5, generator=generator)
    return model, state


@contextmanager
def _plainly() -> Iterator[None]:
    """No gradients, and no kernel that mixes neighbours."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        with torch.backends.mkldnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH):
            yield
