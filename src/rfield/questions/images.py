"""Images as people have them, as the batches that a model takes.

Tensors and arrays stay as they are. Pictures (``PIL.Image``, files of a folder) become numbers from
0 to 1, of the size and the channels of the model's input; a DataLoader's ``(x, y)`` is ``x``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..analysis.pixels.measured import images_in
from ..core.graph import Graph
from ..errors import InvalidModelError, RFieldError

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class Layout(NamedTuple):
    """The input that images are made for: its name, its shape, its position axes."""

    name: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]


def layout_of(graph: Graph, wrt: str | None) -> Layout:
    """The input that is asked about, else the first."""
    entry = graph.inputs_[0] if wrt not in graph.inputs else graph.entry(str(wrt))
    return Layout(entry.name, graph.nodes[entry.node].shape, entry.axes)


def opened(inputs: Any) -> Any:
    """What lies at a path: the pictures of a folder, or a batch in NumPy's format."""
    if not isinstance(inputs, (str, os.PathLike)):
        return inputs
    path = Path(inputs)
    if not path.is_dir():
        return images_in(path)
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in PICTURES)
    if not found:
        raise InvalidModelError(f"{path}: no pictures in it ({', '.join(sorted(PICTURES))})")
    return found


def first_shape(inputs: Any) -> tuple[int, ...] | None:
    """The shape of one image, batch axis included; None where that cannot be seen beforehand."""
    shape = getattr(inputs, "shape", None)
    if shape is None:
        if isinstance(inputs, Iterator) or not isinstance(inputs, Iterable):
            return None
        item = _first(next(iter(inputs), None))
        shape = getattr(item, "shape", None)
        if shape is None or len(shape) < 3:
            return None
        shape = (1, *shape) if len(shape) == 3 else shape
    return (1, *tuple(shape)[1:])


def as_batches(
    inputs: Any, layout: Layout, transform: Callable[[Any], Any] | None
) -> Sequence[Any] | Iterable[Any]:
    """Something to iterate over that holds only images and batches of the layout."""
    if transform is None and hasattr(inputs, "shape"):
        return inputs
    if isinstance(inputs, Sequence):
        return Listed(inputs, layout, transform)
    return Each(inputs, layout, transform)


class Each:
    """Images that are made when they are asked for."""

    def __init__(self, inputs: Any, layout: Layout, transform: Callable[[Any], Any] | None) -> None:
        self.inputs, self.layout, self.transform = inputs, layout, transform

    def __iter__(self) -> Iterator[Any]:
        for item in self.inputs:
            yield self.made(item)

    def made(self, item: Any) -> Any:
        """One image or batch."""
        if isinstance(item, Mapping):
            item = _named(item, self.layout.name)
        item = _first(item)
        if isinstance(item, Path):
            item = _pillow().open(item)
        if self.transform is not None:
            item = self.transform(item)
        return _numbers(item, self.layout) if hasattr(item, "convert") else item


class Listed(Each):
    """The same of a list, so that one knows how many there are."""

    def __len__(self) -> int:
        return len(self.inputs)


def _first(item: Any) -> Any:
    """The images of ``(images, labels)``."""
    if isinstance(item, (tuple, list)) and item:
        first = item[0]
        if hasattr(first, "shape") and len(first.shape) > 1:
            return first
        if hasattr(first, "convert"):
            return first
    return item


def _named(item: Mapping[str, Any], name: str) -> Any:
    if name in item:
        return item[name]
    if len(item) == 1:
        return next(iter(item.values()))
    raise InvalidModelError(
        f"a batch with {', '.join(map(str, item))}; none of them is called {name!r} like the input"
    )


def _numbers(picture: Any, layout: Layout) -> np.ndarray[Any, Any]:
    """A picture as one image of the layout: its size, its channels, numbers from 0 to 1."""
    others = [axis for axis in range(1, len(layout.shape)) if axis not in layout.axes]
    channels = layout.shape[others[0]] if others else 1
    if len(layout.axes) != 2 or len(others) > 1 or channels not in MODES:
        raise InvalidModelError(
            f"a picture does not fit the input {layout.name} of shape {layout.shape}; "
            "give tensors, or transform="
        )
    height, width = (layout.shape[axis] for axis in layout.axes)
    picture = picture.convert(MODES[channels])
    if picture.size != (width, height):
        picture = _filling(picture, width, height)
    array = np.asarray(picture, np.float32) / 255
    array = array[..., None] if array.ndim == 2 else array
    made = array if others and others[0] > layout.axes[-1] else array.transpose(2, 0, 1)
    return (made if others else made[0])[None]


def _filling(picture: Any, width: int, height: int) -> Any:
    """The middle of a picture, as large as it goes with its proportions kept."""
    own_width, own_height = picture.size
    scale = max(width / own_width, height / own_height)
    across, down = width / scale, height / scale
    left, top = (own_width - across) / 2, (own_height - down) / 2
    return picture.resize((width, height), box=(left, top, left + across, top + down))


def _pillow() -> Any:
    try:
        return import_module("PIL.Image")
    except ImportError:
        raise RFieldError(
            "pictures need Pillow, which is not installed.\n  Install it: pip install pillow"
        ) from None
