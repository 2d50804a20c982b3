"""Images as people have them, as the batches that a model takes.

Tensors and arrays stay as they are. Pictures (``PIL.Image``, files of a folder) become numbers from
0 to 1, of the size and the channels of the model's input; a DataLoader's ``(x, y)`` is ``x``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..analysis.pixels.measured import images_in
from ..core.graph import Graph
from ..errors import InvalidModelError, RFieldError, show_shape

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


class Images:
    """What was given, as items to go through: each is an image, a picture or a batch.

    A path is a picture, a folder of them or a batch in NumPy's format. ``single``: one image was
    given, and its shape has no batch axis if the model's input has one more axis.
    """

    def __init__(self, given: Any, transform: Callable[[Any], Any] | None) -> None:
        self.transform = transform
        if isinstance(given, (str, os.PathLike)):
            given = _at(Path(given))
        if hasattr(given, "convert") or isinstance(given, Mapping):
            given = [given]
        if isinstance(given, Iterator):
            first = next(given, None)
            given = chain([] if first is None else [first], given)
            self.one = first
        elif hasattr(given, "shape"):
            self.one = None
        elif hasattr(given, "__getitem__") and hasattr(given, "__len__"):  # a torch Dataset too
            self.one = given[0] if len(given) else None
        else:
            self.one = next(iter(given), None)
        self.items: Any = given

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of one image with its batch axis, as far as it can be seen beforehand.

        Pictures have none: they are made as large as the input.
        """
        shape = getattr(self.items, "shape", None)
        if shape is None:
            item = None if self.one is None else self._item(self.one, None)
            shape = getattr(item, "shape", None)
            if shape is None or len(shape) < 2:
                return None
            shape = (1, *shape) if len(shape) <= 3 else shape
        return (1, *tuple(shape)[1:])

    def of(self, layout: Layout) -> Iterable[Any]:
        """Images and batches for an input; they are made when they are asked for."""
        items = self.items
        if hasattr(items, "shape"):
            if len(items.shape) == len(layout.shape) - 1:
                items = items[None]
            if self.transform is None:
                return items
        if hasattr(items, "__getitem__") and hasattr(items, "__len__"):
            return Listed(self, items, layout)
        return Each(self, items, layout)

    def _item(self, item: Any, layout: Layout | None) -> Any:
        """One image or batch; a picture stays one where no input is known."""
        if isinstance(item, Mapping):
            item = _named(item, None if layout is None else layout.name)
        item = _first(item)
        if isinstance(item, (str, os.PathLike)):
            item = _read(Path(item))
        if self.transform is not None:
            item = self.transform(item)
        if hasattr(item, "shape"):
            return item
        if hasattr(item, "convert"):
            return item if layout is None else _numbers(item, layout)
        return _array(
            item, "transform= gave something" if self.transform else "among the images is something"
        )


@contextmanager
def shape_of(images: Images | None, given: Any) -> Generator[Any]:
    """The shape that a model is read with; where that fails, whether it is that of the images."""
    seen = given or (images and images.shape)
    try:
        yield seen
    except InvalidModelError as error:
        if given is not None or images is None:
            raise
        why = (
            f"The images were taken for {show_shape(seen)}"
            if seen
            else "Pictures are made as large as the model's input"
        )
        raise type(error)(
            f"{error}\n  {why}; say what it takes: input_shape=(1, 3, 224, 224)"
        ) from error


class Each:
    """Images for an input, one after the other."""

    def __init__(self, images: Images, items: Any, layout: Layout) -> None:
        self.images, self.items, self.layout = images, items, layout

    def __iter__(self) -> Iterator[Any]:
        for item in self.items:
            yield self.images._item(item, self.layout)  # of this module


class Listed(Each):
    """The same of so many: of a list, or of a data set that only knows numbers."""

    def __iter__(self) -> Iterator[Any]:
        for number in range(len(self)):
            yield self.images._item(self.items[number], self.layout)

    def __len__(self) -> int:
        return len(self.items)


def _at(path: Path) -> Any:
    """The pictures of a folder, one picture, or a batch in NumPy's format."""
    if not path.is_dir():
        return [path] if path.suffix.lower() in PICTURES else images_in(path)
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in PICTURES)
    if not found:
        raise InvalidModelError(f"{path}: no pictures in it ({', '.join(sorted(PICTURES))})")
    return found


def _read(path: Path) -> Any:
    if path.suffix.lower() not in PICTURES:
        return images_in(path)
    pillow = _pillow()
    try:
        return pillow.open(path)
    except pillow.UnidentifiedImageError:
        raise InvalidModelError(f"{path}: no picture that Pillow can read") from None


def _array(item: Any, what: str) -> np.ndarray[Any, Any]:
    """Numbers in lists; anything else is no image."""
    refusal = InvalidModelError(
        f"{what} of type {type(item).__name__}; expected a tensor, an array or a picture"
    )
    if not isinstance(item, (list, tuple)):
        raise refusal
    try:
        return np.asarray(item, np.float32)
    except (TypeError, ValueError):
        raise refusal from None


def _first(item: Any) -> Any:
    """The images of ``(images, labels)``."""
    if isinstance(item, (tuple, list)) and item:
        first = item[0]
        if hasattr(first, "shape") and len(first.shape) > 1:
            return first
        if hasattr(first, "convert"):
            return first
    return item


def _named(item: Mapping[str, Any], name: str | None) -> Any:
    if name is not None and name in item:
        return item[name]
    if len(item) == 1:
        return next(iter(item.values()))
    if name is None:
        return None
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
