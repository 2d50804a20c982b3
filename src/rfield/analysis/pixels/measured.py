"""Measured influence: gradients of one output, averaged over images, as an ``Influence``.

Where the gradients come from is a framework's business (``Gradients``); here they are reduced,
averaged as they come, and cut to the field that the output can have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...errors import InvalidModelError
from ..geometry.field import ReceptiveField
from ..geometry.fields import receptive_field
from .influence import Influence

Reduce = Literal["abs", "square", "positive"]
Maps = NDArray[np.float64]
Progress = Callable[[int, int | None], None]

REDUCTIONS: dict[str, Callable[[Maps], Maps]] = {
    "abs": np.abs,
    "square": np.square,
    "positive": lambda gradient: np.maximum(gradient, 0.0),
}
SAID = {"abs": "|gradient|", "square": "gradient squared", "positive": "positive gradient"}


class Gradients(Protocol):
    """A model that gives gradients with respect to one input.

    ``source``: what the images are, as a phrase for the note. ``count``: how many there are, or
    None where that is not known before they have been read.
    """

    source: str
    count: int | None

    def each(self, field: ReceptiveField, index: tuple[int, ...]) -> Iterator[Maps]:
        """Per image the gradient of the sum over everything at ``index`` of the layer."""
        ...


def measured_influence(
    graph: Graph,
    gradients: Gradients,
    output: str | None = None,
    *,
    index: str | tuple[int, ...] = "center",
    reduce: str = "abs",
    wrt: str | None = None,
    progress: Progress | None = None,
) -> Influence:
    """The mean over images of ``reduce(gradient)``, summed over channels, as a distribution."""
    if reduce not in REDUCTIONS:
        raise InvalidModelError(f"reduce = {reduce!r}; expected 'abs', 'square' or 'positive'")
    field = receptive_field(graph, output, wrt=wrt)
    if all(state is None for state in field.states):
        raise InvalidModelError(f"{field.layer} does not depend on {field.wrt}")
    at = tuple(int(i) for i in field.rows(index, inside=True)[0][0])
    box = field.region(at, clip=True)
    others = tuple(
        a for a in range(len(graph.nodes[field.source].shape)) if a not in field.source_axes
    )
    order = np.argsort(np.argsort(field.source_axes))
    count = 0
    mean = spread = np.zeros(())
    for gradient in gradients.each(field, at):
        found = REDUCTIONS[reduce](gradient.astype(np.float64)).sum(axis=others)
        found = found.transpose(tuple(order))[box.slices]
        count += 1
        step = found - mean
        mean = mean + step / count
        spread = spread + step * (found - mean)
        if progress is not None:
            progress(count, gradients.count)
    if not count:
        raise InvalidModelError("there are no images to measure on")
    total = float(mean.sum())
    if total <= 0:
        raise InvalidModelError(
            f"{field.layer} at {at} has no gradient in {field.wrt}: all are 0 on these images"
        )
    error = np.sqrt(spread / max(1, count - 1) / count) / total if count > 1 else None
    size = box.size if field.global_reads else field.region(at).size
    note = f"measured: {SAID[reduce]}, summed over channels, mean of {count} {gradients.source}"
    return Influence(
        field.layer, field.wrt, field.axes, at, tuple(box.start), mean / total,
        tuple(int(n) for n in size), field.fidelity, error, note,
        tuple(graph.nodes[field.source].shape[axis] for axis in field.source_axes), count,
    )  # fmt: skip


def images_in(file: Path) -> Maps:
    """A batch of images in NumPy's ``.npy`` format, left on disk until it is read."""
    try:
        found: Any = np.load(file, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError):
        found = None
    if not hasattr(found, "shape"):
        raise InvalidModelError(f"{file}: not an array in NumPy's .npy format")
    return found
