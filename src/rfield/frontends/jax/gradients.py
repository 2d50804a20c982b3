"""Gradients of one output position with respect to one input, image by image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...errors import InvalidModelError, NotANumberError, show_shape
from .running import RunningModel


class ModelGradients:
    """Images, and the gradients of a model on them, in the precision of the model.

    ``inputs``: a batch, or any iterable of images or batches (read one at a time); None: ``count``
    images of seeded noise, normally distributed.
    """

    def __init__(
        self,
        model: Any,
        graph: Graph,
        inputs: Iterable[Any] | None = None,
        *,
        count: int = 16,
        seed: int = 0,
        **options: Any,
    ) -> None:
        if count < 1:
            raise InvalidModelError(f"count = {count!r}; expected a positive integer")
        self.running = RunningModel(model, graph, double=False, filled=False, **options)
        self.graph, self.images, self.seed = graph, inputs, seed
        self.source = "given images" if inputs is not None else f"images of noise (seed {seed})"
        sized = hasattr(inputs, "__len__")
        self.count: int | None = count if inputs is None else len(inputs) if sized else None  # type: ignore[arg-type]  # sized

    def each(self, field: Any, index: tuple[int, ...]) -> Iterator[NDArray[np.float64]]:
        """Per image the gradient of the sum over all but the position axes at ``index``."""
        where: list[Any] = [slice(None)] * len(self.graph.nodes[field.value].shape)
        for axis, at in zip(field.positions, index, strict=True):
            where[axis] = at
        place = self.running.place(field.layer)
        if place is None:
            raise InvalidModelError(f"{field.layer} is inside of a loop, which has no one value")
        source = self.graph.nodes[field.source]
        base = self.running.inputs(self.seed)
        order = list(base)

        def total(image: Any, weights: Any) -> Any:
            given = [image if name == source.name else base[name] for name in order]
            (value,) = self.running.evaluate(weights, given, frozenset([place]))
            return value[tuple(where)].sum()

        gradient = jax.jit(jax.grad(total))
        for image in self._images(source.shape):
            found = np.asarray(gradient(jnp.asarray(image), self.running.weights), np.float64)
            if not np.isfinite(found).all():
                raise self._not_a_number(field, {**base, source.name: image})
            yield found

    def _not_a_number(self, field: Any, inputs: dict[str, Any]) -> NotANumberError:
        """Which layer spoils the gradient: the first whose values are not finite."""
        behind = self.graph.behind(field.value)
        layers = [name for name in self.graph.layers if self.graph.index(name) in behind]
        found = self.running.run(inputs, layers)
        bad = next((name for name in layers if not np.isfinite(found.get(name, 0)).all()), None)
        place = f"the values at the output of layer {bad!r}" if bad else "the gradient of the input"
        return NotANumberError(
            f"the gradient of {field.layer} in {field.wrt} is not finite; first, {place}.\n"
            "  Check its weights, or measure on other images."
        )

    def _images(self, shape: tuple[int, ...]) -> Iterator[NDArray[np.float32]]:
        if self.images is None:
            draw = np.random.default_rng(self.seed)
            for _ in range(self.count or 0):
                yield draw.standard_normal(shape).astype(np.float32)
            return
        for item in self.images:
            batch = np.asarray(item, np.float32)
            batch = batch[None] if batch.ndim == len(shape) - 1 else batch
            if batch.shape[1:] != shape[1:]:
                raise InvalidModelError(
                    f"an image of shape {show_shape(batch.shape)}; the model was read with "
                    f"{show_shape(shape)}"
                )
            yield from (batch[k : k + 1] for k in range(len(batch)))
