"""Gradients of one output position with respect to one input, image by image.

The user's own model runs, in the state in which it is used (eval), and comes back as it was: no
``.grad`` is written, hooks are global and removed, mode, buffers and random numbers are put back.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ....core.graph import Graph
from ....errors import InvalidModelError, NotANumberError, show_shape
from ..capture import placed
from ..restoring.untouched import untouched
from .module import Catch, has_numbers, tensors_of


class ModuleGradients:
    """Images, and the gradients of a module on them.

    ``inputs``: a batch, or any iterable of images or batches (read one at a time); None: ``count``
    images of seeded noise, normally distributed.
    """

    def __init__(
        self,
        model: nn.Module,
        graph: Graph,
        inputs: Iterable[Any] | None = None,
        *,
        count: int = 16,
        seed: int = 0,
    ) -> None:
        has_numbers(model)
        if count < 1:
            raise InvalidModelError(f"count = {count!r}; expected a positive integer")
        self.model, self.graph, self.inputs, self.seed = model, graph, inputs, seed
        self.source = "given images" if inputs is not None else f"images of noise (seed {seed})"
        sized = hasattr(inputs, "__len__") and not hasattr(inputs, "dataset")
        self.count: int | None = count if inputs is None else len(inputs) if sized else None  # type: ignore[arg-type]  # sized
        first = next(model.parameters(), None)
        self.device = first.device if first is not None else torch.device("cpu")
        kinds = [p.dtype for p in model.parameters() if p.dtype.is_floating_point]
        self.dtype = kinds[0] if kinds else torch.get_default_dtype()

    def each(self, field: Any, index: tuple[int, ...]) -> Iterator[NDArray[np.float64]]:
        """Per image the gradient of the sum over all but the position axes at ``index``."""
        where: list[Any] = [slice(None)] * len(self.graph.nodes[field.value].shape)
        for axis, at in zip(field.positions, index, strict=True):
            where[axis] = at
        source = self.graph.nodes[field.source]
        for image in self._images(source.shape):
            with untouched(self.model, training=False, values=True), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with torch.enable_grad():
                    gradient = self._gradient(field, tuple(where), source.name, image)
            yield gradient.double().cpu().numpy()

    def _gradient(
        self, field: Any, where: tuple[Any, ...], name: str, image: torch.Tensor
    ) -> torch.Tensor:
        x, gradient = self._ask(field, where, name, image, Chosen(self.model, field.layer, where))
        if gradient is None:
            raise InvalidModelError(f"{field.layer} has no gradient in {field.wrt}")
        if not torch.isfinite(gradient).all():
            raise self._not_a_number(field, where, name, x.detach())
        return gradient

    def _ask(
        self, field: Any, where: tuple[Any, ...], name: str, image: torch.Tensor, catch: Chosen
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        own = image.to(self.device, self.dtype).clone()  # it may be made in inference mode
        x = own.requires_grad_()
        arguments = [
            x if entry.name == name else self._noise(self.graph.nodes[entry.node].shape)
            for entry in self.graph.inputs_
        ]
        places, named = placed(self.model, arguments)
        with catch:
            output = self.model(*places, **named)
        total = catch.total
        if total is None:
            tensors = list(tensors_of(output))
            names = [self.graph.nodes[index].name for index in self.graph.outputs_]
            named = self.graph.nodes[field.value].name
            if named not in names or len(tensors) != len(names):
                raise InvalidModelError(f"{field.layer} is no module and no output of the model")
            total = tensors[names.index(named)][where].sum()
        if not total.requires_grad:
            return x, None
        return x, torch.autograd.grad(total, x, allow_unused=True)[0]

    def _not_a_number(
        self, field: Any, where: tuple[Any, ...], name: str, image: torch.Tensor
    ) -> NotANumberError:
        """Which layer spoils the gradient: seen from the output, the first one not finite."""
        watch = Watched(self.model, field.layer, where)
        self._ask(field, where, name, image, watch)
        bad = watch.forward or watch.backward
        what = "values" if watch.forward else "gradient"
        place = f"the {what} at the output of layer {bad!r}" if bad else "the gradient of the input"
        return NotANumberError(
            f"the gradient of {field.layer} in {field.wrt} is not finite; first, {place}.\n"
            "  Check its weights, or measure on other images."
        )

    def _images(self, shape: tuple[int, ...]) -> Iterator[torch.Tensor]:
        one = (1, *shape[1:])
        if self.inputs is None:
            generator = torch.Generator().manual_seed(self.seed)
            for _ in range(self.count or 0):
                yield torch.randn(one, generator=generator)
            return
        for item in self.inputs:
            own = np.array(item) if isinstance(item, np.ndarray) else item  # it may be read-only
            batch = torch.as_tensor(own).detach()
            batch = batch[None] if batch.dim() == len(shape) - 1 else batch
            if tuple(batch.shape[1:]) != shape[1:]:
                raise InvalidModelError(
                    f"an image of shape {show_shape(tuple(batch.shape))}; the model was read with "
                    f"{show_shape(shape)}"
                )
            yield from batch.split(1)

    def _noise(self, shape: tuple[int, ...]) -> torch.Tensor:
        generator = torch.Generator().manual_seed(self.seed)
        return torch.randn(shape, generator=generator).to(self.device, self.dtype)


class Chosen(Catch):
    """The sum over one position of one layer, taken before anything is written into the layer."""

    def __init__(self, model: nn.Module, layer: str, where: tuple[Any, ...]) -> None:
        super().__init__(model, [layer])
        self.where = where
        self.total: torch.Tensor | None = None

    def keep(self, path: str, tensor: torch.Tensor) -> None:
        """Only the sum is kept."""
        if path in self.wanted:
            self.total = tensor[self.where].sum()


class Watched(Chosen):
    """The same, and every layer is watched for values and gradients that are not finite."""

    def __init__(self, model: nn.Module, layer: str, where: tuple[Any, ...]) -> None:
        super().__init__(model, layer, where)
        self.forward = self.backward = ""

    def keep(self, path: str, tensor: torch.Tensor) -> None:
        """Note the first layer with bad values, and the first with a bad gradient."""
        super().keep(path, tensor)
        if not path:
            return
        if not self.forward and not torch.isfinite(tensor).all():
            self.forward = path
        if tensor.requires_grad:
            tensor.register_hook(lambda gradient: self._note(path, gradient))

    def _note(self, path: str, gradient: torch.Tensor) -> None:
        if not self.backward and not torch.isfinite(gradient).all():
            self.backward = path
