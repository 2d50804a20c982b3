"""Longer steps than the grid's, where the sizes of a model ask for them.

The grid is found at the size of the whole. A check in the model's own code may refuse a size on it,
and what is padded up to a multiple of 8 has another border at each size, though it moves by 4.
Tiles then have the image's size modulo a step that leaves all that as it is; they begin where the
grid lets them all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain
from math import inf

from ....errors import InvalidModelError, NotTileableError, RFieldError
from ..comparing.grid import fitting
from ..comparing.pairing import SKIPPED, pairs_of
from .planning import Planner
from .tile import Trial

TRIED = 16
"""So many steps of the grid below the image every size is tried."""

FURTHER = tuple(part << k for k in range(2, 9) for part in (4, 5, 6, 7) if part << k > TRIED)
"""After these, sizes so many steps below: models ask for numbers of few bits, as 32 and 48 are."""

TAKEN, PADDED = "the sizes that the model takes", "what it pads, crops or makes for its size"
"""Whose the longer steps are."""


def learned(
    planner: Planner, does: Callable[[Planner, Sequence[int]], bool], whose: str
) -> tuple[bool, list[int]]:
    """Take longer steps along the axes where a size of the grid does not do, if there are any.

    Also: the axes along which none of these sizes does.
    """
    found: list[int] = []
    alone: list[int] = []
    for k, step in enumerate(planner.steps):
        sizes = [*planner.sizes]
        found.append(step)
        for count in chain(range(1, TRIED + 1), FURTHER):
            sizes[k] = planner.sizes[k] - count * step
            if sizes[k] > 0 and does(planner, sizes):
                found[k] = count * step
                break
        else:
            alone.append(k)
    longer = [new > step for new, step in zip(found, planner.steps, strict=True)]
    planner.steps = tuple(found)
    planner.makers = tuple(
        (*names, whose) if more else names
        for names, more in zip(planner.makers, longer, strict=True)
    )
    return any(longer), alone


def between(planner: Planner, found: Trial, wanted: Sequence[int]) -> Trial:
    """The tiles with the least work among those found and larger ones between the longer steps.

    A border that is made for the size is another one there, and may lie on the grid all the same.
    ``wanted``: no larger ones.
    """
    best = found
    for k in sorted(range(len(found.sizes)), key=lambda k: planner.step(k, found) > 0):
        whole, start = planner.sizes[k], planner.starts[k]
        if PADDED not in planner.makers[k] or best.sizes[k] == whole:
            continue
        for size in range(fitting(whole, start, wanted[k]), best.sizes[k], -start)[:TRIED]:
            sizes = [*best.sizes]
            sizes[k] = size
            with suppress(NotTileableError, InvalidModelError):
                tried = planner.trial(sizes)
                if _work(planner, tried) < _work(planner, best):
                    best = tried
                    break
    return best


def _work(planner: Planner, trial: Trial) -> float:
    """Positions of all tiles; there is no end of tiles that give nothing."""
    found = 1.0
    for k, (size, whole) in enumerate(zip(trial.sizes, planner.sizes, strict=True)):
        step = planner.step(k, trial) if size < whole else whole
        found *= size * (1 - (size - whole) // step) if step > 0 else inf
    return found


def accepts(planner: Planner, sizes: Sequence[int]) -> bool:
    """Whether the model takes an image of these sizes.

    What lies beside the output, or a check in the model's own code, may want more than the output.
    """
    with suppress(InvalidModelError):
        planner.read(sizes)
        return True
    return False


def goes_along(planner: Planner, sizes: Sequence[int]) -> bool:
    """Whether all values are as much smaller than those of the whole as the image is.

    Where one is not, a border in between was made for the size; or code goes another way at it.
    """
    try:
        part = planner.read(sizes)
    except RFieldError:
        return False
    less = [whole - size for whole, size in zip(planner.sizes, sizes, strict=True)]
    rates = planner.all_rates
    value = planner.value_of(part)
    pairs, needed = pairs_of(part, planner.whole), part.behind(value)
    if pairs[value] != planner.value:  # other layers
        return False
    for index in sorted(needed):
        there = pairs[index]
        if there is None:
            return False
        if there == SKIPPED:
            continue
        both = zip(part.nodes[index].shape, planner.whole.nodes[there].shape, strict=True)
        for (mine, theirs), rate in zip(both, rates[there], strict=True):
            if rate is not None and theirs - mine != less[rate[0]] * rate[1]:
                return False
    return True
