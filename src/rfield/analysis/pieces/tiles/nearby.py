"""Tiles of nearly the sizes that are wanted, where a model takes another way at just these."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TypeVar

from ....errors import InvalidModelError, NotTileableError
from ..comparing.cuts import OTHER_PATH
from ..comparing.grid import fitting

Found = TypeVar("Found")


def near(
    trial: Callable[[Sequence[int]], Found],
    sizes: Sequence[int],
    whole: Sequence[int],
    steps: Sequence[int],
) -> Found:
    """The trial of these sizes, or of smaller ones that are in the order of the whole's.

    A product of several matrices (JAX resizes so) begins with the one that is cheapest, which the
    longer axis decides: a tile multiplies as the whole does where its axes are longer as they are.
    """
    try:
        return trial(sizes)
    except NotTileableError as error:
        ordered = in_order(sizes, whole, steps)
        if OTHER_PATH not in str(error) or ordered == [*sizes]:
            raise
        with suppress(NotTileableError, InvalidModelError):
            return trial(ordered)
        raise


def in_order(sizes: Sequence[int], whole: Sequence[int], steps: Sequence[int]) -> list[int]:
    """The largest of no more than these sizes that are longer and shorter as those of the whole.

    >>> in_order([48, 48], [96, 128], [1, 1]), in_order([48, 40], [96, 96], [8, 8])
    ([47, 48], [40, 40])
    """
    found = [*sizes]
    axes = sorted(range(len(whole)), key=lambda k: (-whole[k], sizes[k]))
    for longer, k in pairwise(axes):
        most = found[longer] - (whole[k] < whole[longer])
        if found[k] > most and (less := fitting(whole[k], steps[k], most)) <= most:
            found[k] = less
    return found


def all_along(
    sizes: Sequence[int], image: Sequence[int], whole: Sequence[bool]
) -> tuple[int, ...] | None:
    """The tile with all of the image along the axes that are read ``whole``.

    As by attention along rows, which leaves the columns to be cut. None where these are all axes,
    or it has all of them already.

    >>> all_along((64, 64), (640, 320), (False, True)), all_along((64, 320), (640, 320), (0, 1))
    ((64, 320), None)
    """
    found = tuple(n if all_ else m for m, n, all_ in zip(sizes, image, whole, strict=True))
    return None if all(whole) or found == tuple(sizes) else found
