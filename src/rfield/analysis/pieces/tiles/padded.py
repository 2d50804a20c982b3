"""What lies around an image before it is cut: as many positions as asked for, or as it lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from ....core.arguments import Pads, stated_padding
from ....core.relation import divisors
from ....errors import InvalidModelError, NotTileableError


def stated(padding: Any, count: int) -> Pads:
    """The padding of each axis, as a caller wrote it."""
    found = stated_padding(padding, count)
    if isinstance(found, str):
        raise InvalidModelError(f'padding = {padding!r}; expected numbers or "fit"')
    return found


def check_cut(layer: str, padding: Pads, names: Sequence[str], along: Sequence[int | None]) -> None:
    """Refuse padding along an axis of the image that no axis of the output goes ``along``.

    Raises:
        NotTileableError: it would not be laid around the tiles, which have all of it as it is.
    """
    for pads, name, axis in zip(padding, names, along, strict=True):
        if axis is None and any(pads):
            raise NotTileableError(
                f"{layer}: tiles are not cut along {name} and have all of it as it is, so the "
                f"padding {pads} is not laid around it.\n"
                f"  Pad the image along {name} before"
            )


TRIED = 64
"""So many sizes in a row are tried where none of those on the grid is taken."""


class Lacking(NamedTuple):
    """What an ``image`` lacks of a size that a model takes, which takes ``own`` and has a grid."""

    image: Sequence[int]
    own: Sequence[int]
    steps: Sequence[int]

    @property
    def most(self) -> Pads:
        """Positions at the end up to a size that lies on the grid as ``own`` does."""
        sizes = zip(self.image, self.own, self.steps, strict=True)
        return tuple((0, (own - here) % step) for here, own, step in sizes)

    def least(self, takes: Callable[[Sequence[int]], bool]) -> Pads | None:
        """Positions at the end up to the next size that the model takes; none where it does so.

        None where there is no such size.

        >>> taken = lambda sizes: all(size % 4 == 0 for size in sizes)
        >>> Lacking((150, 64), (64, 64), (8, 8)).least(taken)
        ((0, 2), (0, 0))
        """
        if takes(self.image):
            return ((0, 0),) * len(self.image)
        sizes: list[int] = []
        for k in range(len(self.image)):
            size = self._next(k, takes)
            if size is None:  # nor is there any for the others to be beside
                return None
            sizes.append(size)
        if not takes(sizes):
            return None
        return tuple((0, size - here) for size, here in zip(sizes, self.image, strict=True))

    def advice(
        self, takes: Callable[[Sequence[int]], bool], names: Sequence[str], others: Sequence[str]
    ) -> str:
        """What to do with an image that the model does not take.

        ``names``: of the axes. ``others``: inputs that keep their sizes.
        """
        grid = " × ".join(map(str, self.steps))
        further = [own + step for own, step in zip(self.own, self.steps, strict=True)]
        kept = [
            k for k, size in enumerate(further)
            if not takes([*self.own[:k], size, *self.own[k + 1 :]])
        ]  # fmt: skip
        fits = self.least(takes)
        if not kept and takes(further):
            return (
                f"Its grid is {grid}: a size that differs by multiples of that from one it accepts "
                "will do" + ('; padding="fit" pads the image so.' if fits else ".")
            )
        if fits:
            sizes = (size + more for size, (_, more) in zip(self.image, fits, strict=True))
            told = " × ".join(map(str, sizes))
            return f'padding="fit" pads it up to {told}, which is taken.'
        along = " or ".join(names[k] for k in kept) or " and ".join(names)
        text = (
            f"It takes {' × '.join(map(str, self.own))} and none that is larger along {along} by a "
            f"step of its grid, {grid}"
        )
        if others:
            return f"{text}: {', '.join(others)} would have to change as well."
        return f"{text}. If that is no axis of positions, axes= says which are."

    def _next(self, k: int, takes: Callable[[Sequence[int]], bool]) -> int | None:
        """The next size along one axis: one that differs from ``own`` by a part of a step."""
        here, own = self.image[k], self.own[k]
        on_grid = (here + (own - here) % part for part in divisors(self.steps[k]))
        for size in dict.fromkeys(chain(on_grid, range(here + 1, here + TRIED))):
            if takes([*self.own[:k], size, *self.own[k + 1 :]]):
                return size
        return None
