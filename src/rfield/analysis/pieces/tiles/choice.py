"""``tile_plan``: which of the tiles that ``planning`` finds are taken, and with which halo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from math import prod
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ....core.arguments import pairs
from ....core.graph import Graph
from ....core.limits import CANDIDATES
from ....core.padding import PAD_BORDERS
from ....errors import InvalidModelError, NotTileableError, RFieldError, unknown_name
from ...cost import ITEM_BYTES, peak_elements
from ...results import IndexArray
from ..comparing.grid import fitting
from ..comparing.unread import without_unread
from .limit import Limit, limit_of
from .longer_steps import PADDED, TAKEN, TRIED, accepts, between, goes_along, learned
from .nearby import near
from .outside import Held, outside_share
from .plan import TilePlan
from .planning import Planner
from .standing_in import StandIn, unknown
from .tile import Trial

SMALLER = (
    "Smaller images, whose numbers are known, have tiles. That the large one has the same is "
    "likely and no proof: approximate=True"
)

HARDLY = 1.02
"""So many times the least work is hardly more."""

SMALL = 128
"""A tile of this size is thought of where a halo is advised and tiles are not limited by size."""


def tile_plan(
    graph: Graph,
    image: int | Sequence[int],
    *,
    tile: int | Sequence[int] | None = None,
    max_pixels: int | None = None,
    max_bytes: int | None = None,
    output: str | None = None,
    wrt: str | None = None,
    padding: str | int | Sequence[int] | Sequence[tuple[int, int]] = 0,
    padding_mode: str = "reflect",
    approximate: bool = False,
    halo: int | Sequence[int] | Sequence[tuple[int, int]] | None = None,
    share: float | None = None,
) -> TilePlan:
    """The tiles of an image; see ``rfield.tile_plan``."""
    if sum(limit is not None for limit in (tile, max_pixels, max_bytes)) != 1:
        third = cast("object", output)  # whatever a caller without types wrote there
        said = (
            ""
            if third is None or isinstance(third, str)
            else (f"; the third place is a layer's name, not {third!r}")
        )
        raise InvalidModelError(f"give one of tile=, max_pixels= and max_bytes={said}")
    if padding_mode not in PAD_BORDERS:
        raise unknown_name("padding mode", padding_mode, PAD_BORDERS)
    planner = Planner(graph, image, output, wrt, padding)
    limit = limit_of(planner, tile, max_pixels, max_bytes)

    def attempt(planner: Planner) -> TilePlan:
        if halo is not None or share is not None:
            return _with_halo(planner, limit, padding_mode, halo, share)
        return _without_halo(planner, limit, padding_mode, approximate)

    def planned(planner: Planner) -> TilePlan:
        try:
            return attempt(planner)
        except NotTileableError:
            if not planner.leave_out():
                raise
            found = attempt(planner)
            if found.exact:  # on a grid that is not all of the network's
                raise
            return found

    rough = approximate or halo is not None or share is not None
    try:
        return _planned(planner, limit, planned, rough=rough)
    except (NotTileableError, InvalidModelError) as error:
        if without_unread(planner.whole, planner.value) is not planner.whole:
            with suppress(RFieldError):
                bare = Planner(graph, image, output, wrt, padding, bare=True)
                return _planned(bare, limit, planned, rough=rough)
        wider, refused = planner.lacks.most, isinstance(error, NotTileableError)
        if not refused or not planner.crops or planner.padding == wider:
            raise
        with suppress(RFieldError):
            _planned(Planner(graph, image, output, wrt, wider), limit, planned, rough=rough)
            error = NotTileableError(f"{error}\n  Padded it has tiles: padding={wider}")
        raise error from None


def _planned(
    planner: Planner, limit: Limit, planned: Callable[[Planner], TilePlan], *, rough: bool
) -> TilePlan:
    """The plan; with longer steps than the grid's where these do not do.

    ``rough``: it need not be exact, so smaller images may stand in for one that is too large.
    """
    try:
        found = planned(planner)
    except InvalidModelError as error:
        longer, alone = learned(planner, accepts, TAKEN)
        if alone and not longer:
            raise _none_is_taken(planner, alone[0]) from error
        if not longer:
            sizes = limit.sizes(planner)
            why = None if sizes is None else _too_small(planner, sizes)
            raise (why or error) from error
        if alone:  # steps that do along one axis help only where the other is not cut
            try:
                return planned(planner)
            except InvalidModelError:
                raise _none_is_taken(planner, alone[0]) from error
    except NotTileableError as error:
        stand_in = StandIn(planner)
        if unknown(planner):  # of so large an image
            planner.stand_in = stand_in.trial
            with suppress(NotTileableError):
                found = planned(planner)
                if rough:
                    return replace(found, losses=(*found.losses, *stand_in.losses))
                error = NotTileableError(f"{error}\n  {SMALLER}")
            planner.stand_in = None
        if stand_in.losses:
            raise error from None
        if not learned(planner, goes_along, PADDED)[0]:  # a border of some sizes may be why
            raise
    else:
        # a halo that is chosen is never refused: what it cuts off may be a border of that kind
        if found.exact or found.losses or not learned(planner, goes_along, PADDED)[0]:
            return found
    return planned(planner)


def _none_is_taken(planner: Planner, k: int) -> NotTileableError:
    """The grid leaves only sizes that the model does not take."""
    tried = " that were tried" * (planner.sizes[k] > (TRIED + 1) * planner.steps[k])
    return NotTileableError(
        f"{planner.layer}: along {planner.axes[k]} {_on_grid(planner, k)}; the model takes none of "
        f"these below the whole {planner.sizes[k]}{tried}.{_of_whom(planner, k)}"
    )


def _too_small(planner: Planner, wanted: Sequence[int]) -> NotTileableError | None:
    """The model refuses the tiles of at most these sizes; which larger one it takes, if any is."""
    for k, size in enumerate(_at_most(planner, wanted)):
        tried = [*planner.sizes]
        for least in range(size, planner.sizes[k], planner.steps[k])[:TRIED]:
            tried[k] = least
            if not accepts(planner, tried):
                continue
            if least == size:
                break
            return NotTileableError(
                f"{planner.layer}: no tile of at most {wanted[k]} along {planner.axes[k]}: "
                f"{_on_grid(planner, k)}; the model takes none of these below {least}."
                f"{_of_whom(planner, k)}"
            )
    return None


def _on_grid(planner: Planner, k: int) -> str:
    starts, steps = planner.starts[k], planner.steps[k]
    of = "that" if starts == steps else steps
    return f"tiles begin at multiples of {starts} and have the image's size modulo {of}"


def _of_whom(planner: Planner, k: int) -> str:
    makers = ", ".join(planner.makers[k][-3:])
    return f"\n  The grid is that of {makers}." if makers else ""


def _without_halo(planner: Planner, limit: Limit, mode: str, approximate: bool) -> TilePlan:
    """The plan with the halo that exact tiles take; an approximate one where there is none."""
    planner.local, planner.halo = False, None  # it may be another attempt
    try:
        return planner.plan(_choose(planner, limit), mode)
    except NotTileableError as error:
        exact = error
    if not planner.losses():
        raise exact
    exact = f"{exact}{_with_all_along(planner, limit)}"
    try:
        found = _of_the_local_part(planner, limit, mode)
    except RFieldError:
        if approximate:
            raise
        raise NotTileableError(f"{exact}{_smaller_halo(planner, limit)}") from None
    if approximate:
        return replace(found, outside=outside_share(planner.whole, found))
    raise NotTileableError(
        f"{exact}\n  The local part can be tiled all the same, as an approximation: "
        "approximate=True"
    )


def _of_the_local_part(planner: Planner, limit: Limit, mode: str) -> TilePlan:
    """The plan without the whole-axis reads, of which there are some."""
    planner.local = bool(planner.map_axes)
    found = _choose(planner, limit)
    return replace(planner.plan(found, mode), losses=planner.losses(found.part))


def _with_halo(
    planner: Planner, limit: Limit, mode: str,
    halo: int | Sequence[int] | Sequence[tuple[int, int]] | None, share: float | None,
) -> TilePlan:  # fmt: skip
    """The plan with a halo that is given, or that holds a share of the influence."""
    if halo is not None and share is not None:
        raise InvalidModelError("give one of halo= and share=")
    axes = planner.map_axes
    losses = planner.losses()
    planner.local = bool(losses)
    held = None
    if halo is None:
        if losses:
            raise NotTileableError(
                f"{planner.layer}: no halo holds a share of the influence on it, for "
                f"{losses[0].layer} {losses[0].why}.{_halo_that_does(planner, limit, mode)}"
            )
        held = Held(planner)
        side = held.smallest(share)
        planner.halo = ((side, side),) * len(axes)
    else:
        planner.halo = pairs("halo", halo, len(axes))
    found = _choose(planner, limit)
    losses = planner.losses(found.part) if losses else ()
    plan = replace(planner.plan(found, mode), losses=losses)
    if found.short:
        plan = replace(plan, needed=planner.needed(found))
    if losses:
        return replace(plan, outside=outside_share(planner.whole, plan))
    held = held or (Held.within_limits(planner) if found.short else None)
    return plan if plan.exact or not held else replace(plan, outside=held.outside(plan.halo))


def _halo_that_does(planner: Planner, limit: Limit, mode: str) -> str:
    """Advice: the halo of the local part, or where that leaves nothing of a tile, a smaller one."""
    planner.halo = None
    with suppress(RFieldError):
        sides = [side for both in _of_the_local_part(planner, limit, mode).halo for side in both]
        if _leaves_some(planner, limit, max(sides)):
            return f"\n  Choose a halo in positions; the local part takes halo={max(sides)}"
    return _smaller_halo(planner, limit)


def _smaller_halo(planner: Planner, limit: Limit) -> str:
    """Advice: an eighth of a tile, where that is of use."""
    halo = min(limit.tile or (SMALL,)) // 8
    return f"\n  Choose a halo in positions: halo={halo}" * _leaves_some(planner, limit, halo)


def _leaves_some(planner: Planner, limit: Limit, halo: int) -> bool:
    """Whether tiles with this halo on all sides can be planned without the whole-axis reads."""
    planner.halo = ((halo, halo),) * len(planner.axes)
    with suppress(RFieldError):
        planner.local = bool(planner.map_axes)
        _choose(planner, limit)
        return True
    return False


def _choose(planner: Planner, limit: Limit) -> Trial:
    if (wanted := limit.sizes(planner)) is not None:
        found = near(planner.trial, _at_most(planner, wanted), planner.sizes, planner.steps)
        if planner.halo is None and not planner.local:
            found = between(planner, found, wanted)
        _check_progress(planner, found, wanted)
        return found
    reference = planner.reference()
    if limit.bytes is None:
        most = limit.pixels or 0
        best = _best(planner, reference, most, f"max_pixels = {most}")
        return near(planner.trial, best, planner.sizes, planner.steps)
    budget = limit.bytes / _peak_bytes(planner, reference) * prod(reference.sizes)
    while True:
        best = _best(planner, reference, int(budget), f"max_bytes = {limit.bytes}")
        found = near(planner.trial, best, planner.sizes, planner.steps)
        peak = _peak_bytes(planner, found)
        if peak <= limit.bytes:
            return found
        budget *= min(0.95, limit.bytes / peak)


def _at_most(planner: Planner, wanted: Sequence[int]) -> list[int]:
    """The largest sizes of a tile that are not above what is asked for.

    Raises:
        NotTileableError: the grid leaves none.
    """
    limits = zip(planner.sizes, planner.steps, wanted, strict=True)
    sizes = [fitting(size, step, most) for size, step, most in limits]
    for k, (size, most) in enumerate(zip(sizes, wanted, strict=True)):
        if size <= most:
            continue
        if planner.output_axes[k] is None:
            raise NotTileableError(f"{planner.no_map(k)}{_larger_ones(planner, sizes)}")
        whole = planner.sizes[k]
        least = f"the smallest is {size}" if size < whole else f"only the whole {whole} is one"
        raise NotTileableError(
            f"{planner.layer}: no tile of at most {most} along {planner.axes[k]}: "
            f"{_on_grid(planner, k)}; {least}."
            f"{_of_whom(planner, k)}{_larger_ones(planner, sizes)}"
        )
    return sizes


def _larger_ones(planner: Planner, sizes: Sequence[int]) -> str:
    """Advice: these tiles, larger along an axis than asked for, where they can be planned."""
    if tuple(sizes) == planner.sizes:
        return ""
    with suppress(RFieldError):
        found = near(planner.trial, sizes, planner.sizes, planner.steps)
        _check_progress(planner, found, sizes)
        return f"\n  There are some with tile={found.sizes}."
    return ""


def _with_all_along(planner: Planner, limit: Limit) -> str:
    """The same advice of tiles with all of an axis that is read whole, where others are not."""
    wanted = limit.sizes(planner)
    sizes = None if wanted is None else planner.all_along(_at_most(planner, wanted))
    return "" if sizes is None else _larger_ones(planner, sizes)


def _check_progress(planner: Planner, found: Trial, wanted: Sequence[int]) -> None:
    """A tile must give more than its halo."""
    for k, size in enumerate(planner.sizes):
        if found.sizes[k] < size and planner.step(k, found) <= 0:
            reference = planner.reference()
            left = "of it equals the whole" if planner.halo is None else "is left of it"
            least = [planner.smallest(k, reference) for k in range(len(planner.sizes))]
            raise NotTileableError(
                f"a tile of {wanted[k]} along {planner.axes[k]} is all halo: nothing {left}.\n"
                f"  The smallest tile is {' × '.join(map(str, least))}."
            )


def _best(planner: Planner, reference: Trial, positions: int, limit: str) -> tuple[int, ...]:
    """The largest sizes of at most so many positions among those with hardly more than least work.

    Without a halo the smallest tiles have the least, and there are as many of them as pixels.
    """
    sizes: list[IndexArray] = []
    costs: list[NDArray[np.float64]] = []
    most = int(CANDIDATES ** (1 / len(planner.sizes)))
    for k, size in enumerate(planner.sizes):
        step, least = planner.steps[k], planner.smallest(k, reference)
        tried = np.arange(least, size, step, dtype=np.int64)
        tried = np.append(tried[:: -(-len(tried) // most) or 1], size)
        start = planner.starts[k]
        apart = (tried - planner.lost(k, reference)) // start * start
        count = 1 + -(-(size - tried) // np.maximum(apart, 1))
        sizes.append(tried)
        costs.append((count * tried).astype(np.float64))
    area = _outer([s.astype(np.float64) for s in sizes])
    work = np.where(area <= positions, _outer(costs), np.inf)
    if not np.isfinite(work).any():
        least = " × ".join(str(of[0]) for of in sizes)
        raise NotTileableError(
            f"{limit} allows a tile of {positions:,} positions, and the smallest one that gives "
            f"anything has {int(area.min()):,} ({least})."
        )
    large = np.where(work <= work.min() * HARDLY, -area, 0)
    place = np.unravel_index(int(np.lexsort((work.ravel(), large.ravel()))[0]), work.shape)
    return tuple(int(of[i]) for of, i in zip(sizes, place, strict=True))


def _outer(values: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The products of one entry of each."""
    found = values[0]
    for more in values[1:]:
        found = np.multiply.outer(found, more)
    return found


def _peak_bytes(planner: Planner, trial: Trial) -> int:
    return ITEM_BYTES * peak_elements(trial.part, planner.value_of(trial.part))
