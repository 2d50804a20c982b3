"""One random network: its tiles, its streams and its sizes, each with how that ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rfield
from rfield.errors import (
    InvalidModelError,
    NotStreamableError,
    NotTileableError,
    RFieldError,
    TooLargeError,
    UnresolvedSizeError,
)
from tests.oracle import by_hand
from tests.oracle.evaluate import evaluate, evaluated, noise
from tests.oracle.generator import case
from tests.oracle.translate import build, lay

Array = NDArray[Any]
Outcome = tuple[str, str]
MORE = {1: 40, 2: 14, 3: 6}
"""How many positions an image has more than the network was made for, at most, by its axes."""
LONGEST = 24
"""Up to which all sizes are tried."""


@dataclass(frozen=True)
class Subject:
    """A network: ``run`` on arrays of its moving input, and the ``shape`` that it was made with.

    ``output`` names the layer; ``accepts`` says whether it takes these spatial sizes
    and no layer of it is then empty, ``builds`` the same of the first alone; ``sees`` whether every
    layer tells two images apart (one that reads nothing but padding does not).
    """

    source: Any
    shape: tuple[int, ...]
    wrt: str | None
    output: str | None
    run: Callable[[Array], Array]
    accepts: Callable[[Sequence[int]], bool]
    builds: Callable[[Sequence[int]], bool]
    options: dict[str, Any]
    sees: Callable[[Array, Array], bool] = lambda _one, _other: True

    @property
    def count(self) -> int:
        """Spatial axes."""
        return len(self.shape) - 2


def outcomes(kind: str, seed: int) -> Iterator[Outcome]:
    """How every question about this network ended; and the difference where there is one."""
    rng = Random(f"pieces {kind} {seed}")
    subject = declared(seed) if kind == "declared" else in_torch(seed)
    if not subject.accepts(subject.shape[2:]):
        yield "a layer is empty", ""
        return
    yield from of_tiles(subject, rng)
    yield from of_streams(subject, rng)
    yield from of_sizes(subject, rng)


def declared(seed: int) -> Subject:
    """A network that is written down: a chain, a graph or pieces of real networks."""
    program = case(("chain", "dag", "block")[seed % 3], seed)
    name, shape = program.inputs[0]
    if len(shape) < 3 or len(program.inputs) > 1:
        program = case("chain", seed)
        name, shape = program.inputs[0]
    output = program.outputs[-1]

    def run(x: Array) -> Array:
        return evaluate(program, {name: x}, output)

    def sees(x: Array, y: Array) -> bool:
        one, other = (evaluated(program, {name: given}, output) for given in (x, y))
        return all((one[layer] != other[layer]).any() for layer in one)

    @cache
    def least(*sizes: int) -> int:
        """The fewest positions of any layer; -1 where the network does not take these sizes."""
        try:
            graph = lay(program, [(name, (*shape[:2], *sizes))])
        except RFieldError:
            return -1
        return min(min(node.shape, default=1) for node in graph.nodes)

    return Subject(
        build(program), shape, None, output, run, lambda n: least(*n) > 0,
        lambda n: least(*n) >= 0, {}, sees,
    )  # fmt: skip


def in_torch(seed: int) -> Subject:
    """A module in PyTorch with whole weights."""
    from tests.oracle.pieces_in_torch import module_of

    return module_of(seed)


# --- tiles


def of_tiles(one: Subject, rng: Random) -> Iterator[Outcome]:
    sizes = _larger(one, rng)
    if sizes is None:
        yield "tiles: no larger image", ""
        return
    x = noise((*one.shape[:2], *sizes), 1)
    wanted = [rng.randint(max(1, n // 4), n) for n in sizes]
    _, plan = _tile_plan(one, sizes, wanted)
    if plan is not None:
        yield from _run_tiles(one, plan, x)
        return
    for axis in range(one.count):
        alone = [
            most if k == axis else n for k, (n, most) in enumerate(zip(sizes, wanted, strict=True))
        ]
        ended, plan = _tile_plan(one, sizes, alone)
        if plan is not None:
            yield from _run_tiles(one, plan, x)
            continue
        found = by_hand.tiles(_parts(one, x, axis + 2), sizes[axis], wanted[axis])
        if found and not by_hand.moves(one.run(x), one.run(noise(x.shape, 4)), found.axis):
            found = None
        if found and not (one.sees(x, noise(x.shape, 4)) and _by_rule(one, sizes, axis, found)):
            found = None
        text = f"image {sizes}, axis {axis}, at most {wanted[axis]}: by hand {found}"
        yield f"tiles: {ended}", "" if found is None else text


def _larger(one: Subject, rng: Random) -> tuple[int, ...] | None:
    for _ in range(6):
        sizes = tuple(n + rng.randint(0, MORE[one.count]) for n in one.shape[2:])
        if one.accepts(sizes):
            return sizes
    return None


def _tile_plan(one: Subject, sizes: Sequence[int], tile: Sequence[int]) -> tuple[str, Any]:
    """The plan, or how it was refused: where the network takes no tile, that is counted apart."""
    try:
        return "", rfield.tile_plan(
            one.source, sizes, one.output, tile=tile, wrt=one.wrt, **one.options
        )
    except NotTileableError:
        return "refused", None
    except InvalidModelError as error:
        return f"refused, {str(error).partition(' at ')[0]}", None


def _run_tiles(one: Subject, plan: Any, x: Array) -> Iterator[Outcome]:
    kind = "one tile" if len(plan) == 1 else "equal"
    tiled, whole = rfield.run_tiled(one.run, x, plan), one.run(x)
    same = tiled.shape == whole.shape and np.array_equal(tiled, whole)
    yield f"tiles: {kind if same else 'differ'}", "" if same else str(plan)


WIDER = 12
"""By so much the other axes are larger where something that is found is looked at again."""


def _by_rule(one: Subject, sizes: Sequence[int], axis: int, found: by_hand.Found) -> bool:
    """Whether such tiles are right on some larger image too, and not by chance on this one.

    Where an axis has one or two positions a window may read nothing but padding.
    """
    for wider in (WIDER, 2 * WIDER, 0):
        tried = False
        for more in by_hand.STEPS:
            larger = [n + (more * found.grid if k == axis else wider) for k, n in enumerate(sizes)]
            if one.accepts(larger):
                tried, x = True, noise((*one.shape[:2], *larger), 1)
                if by_hand.tiles(_parts(one, x, axis + 2), larger[axis], found.tile, found):
                    return True
        if tried:
            return False
    return False


def _parts(one: Subject, x: Array, axis: int) -> by_hand.Runs:
    def run(start: int, stop: int) -> Array | None:
        part = x[(slice(None),) * axis + (slice(start, stop),)]
        return one.run(part) if one.accepts(part.shape[2:]) else None

    return run


# --- streams


def of_streams(one: Subject, rng: Random) -> Iterator[Outcome]:
    axis = rng.randrange(one.count)
    try:
        plan = rfield.stream_plan(one.source, one.output, axis=axis + 2, wrt=one.wrt, **one.options)
        if plan.exact and not plan.memory:
            yield from _run_streams(one, plan, axis, rng)
            return
    except (NotStreamableError, TooLargeError):
        pass
    yield _streams_by_hand(one, axis)


def _streams_by_hand(one: Subject, axis: int) -> Outcome:
    """A refusal, held against what windows give, also where the other axes are larger."""
    grid = _windows_by_hand(one, axis, one.shape[2:])
    if grid is not None and one.count > 1:
        for wider in (WIDER, 2 * WIDER):
            larger = [n + wider for n in one.shape[2:]]
            larger[axis] = LONG
            if one.accepts(larger):
                grid = _windows_by_hand(one, axis, larger)
                break
    return "streams: refused", "" if grid is None else f"axis {axis}: by hand on a grid of {grid}"


LONG = 72
"""The length of a stream that is looked at by hand."""


def _windows_by_hand(one: Subject, axis: int, sizes: Sequence[int]) -> int | None:
    """The grid on which windows give the whole."""
    x = noise((*one.shape[:2], *sizes[:axis], LONG, *sizes[axis + 1 :]), 3)
    if not one.accepts(x.shape[2:]):
        return None
    whole, other = one.run(x), one.run(noise(x.shape, 4))
    if not one.sees(x, noise(x.shape, 4)):
        return None
    found = (
        by_hand.streams(_parts(one, x, axis + 2), LONG, place)
        for place in range(2, whole.ndim)
        if by_hand.moves(whole, other, place)
    )
    return next((grid for grid in found if grid is not None), None)


def _run_streams(one: Subject, plan: Any, axis: int, rng: Random) -> Iterator[Outcome]:
    own = one.shape[2 + axis]
    for size in (own, own + rng.randint(1, 9), rng.randint(1, 90)):
        shape = [*one.shape]
        shape[2 + axis] = size
        if not one.accepts(shape[2:]):
            continue
        x, chunks, at = noise(tuple(shape), 2), list[Array](), 0
        while at < size:
            step = rng.choice((1, 2, 3, 7, 20, 60))
            chunks.append(x[(slice(None),) * (axis + 2) + (slice(at, at + step),)])
            at += step
        try:
            parts = list(rfield.run_streaming(one.run, chunks, plan))
        except NotStreamableError:
            yield _streams_by_hand(one, axis)
            return
        whole = one.run(x)
        empty = not whole.size and not parts
        same = empty or (parts and np.array_equal(np.concatenate(parts, plan.output_axis), whole))
        yield f"streams: {'equal' if same else 'differ'}", "" if same else f"length {size}: {plan}"


# --- sizes


def of_sizes(one: Subject, rng: Random) -> Iterator[Outcome]:
    try:
        found = rfield.valid_sizes(one.source, wrt=one.wrt, **one.options)
    except RFieldError as error:
        yield "sizes: refused", ""
        del error
        return
    for axis, sizes in enumerate(found.sets):
        own = [*one.shape[2:]]
        wrong: list[int] = []
        for size in range(1, LONGEST + 1):
            own[axis] = size
            try:
                claimed = size in sizes
            except UnresolvedSizeError:  # it was not read, and says so
                continue
            equal = [size] * one.count  # as many along all axes, which need not have been tried
            if one.accepts(own) > claimed or claimed > (one.builds(own) or one.builds(equal)):
                wrong.append(size)
        yield "sizes: accepted", f"axis {axis}: {sizes}, wrong at {wrong}" if wrong else ""
    size = [rng.randint(1, LONGEST) for _ in range(one.count)]
    try:
        told: tuple[int, ...] | None = rfield.output_size(
            one.source, size, one.output, wrt=one.wrt, **one.options
        )
    except RFieldError:
        told = None
    right = told is not None or not one.accepts(size)
    if told is not None:  # an empty layer beside the output is no matter
        try:
            shape: tuple[int, ...] = one.run(noise((*one.shape[:2], *size), 1)).shape
        except RuntimeError as error:  # what the shapes alone do not tell
            yield "sizes: output", f"of {size}: {told}, but {error}"
            return
        except (ValueError, ZeroDivisionError):  # what an empty layer is resized to, or mirrored
            yield "sizes: output undefined", ""
            return
        right = not Counter(told) - Counter(shape)
    yield "sizes: output", "" if right else f"of {size}: {told}"
