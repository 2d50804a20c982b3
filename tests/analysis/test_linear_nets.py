"""Sizes, shifts, tiles and streams of random networks, each against all that can happen.

What comes out of a network at any size, moved, in tiles or in chunks is computed by NumPy
(``linear``), so the answers are compared with what is, not with another derivation.
"""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import rfield
from tests.analysis.linear import Net, drawn

PLAIN = {"conv": 5, "transposed": 2, "up": 1, "crop": 1, "pad": 1, "join": 3}
MOVING = {"conv": 4, "transposed": 2, "up": 1, "join": 3}


def accepted(net: Net, most: int) -> list[int]:
    return [n for n in range(1, most) if net.output(n) is not None]


def read_at(net: Net) -> int | None:
    """A size that the network takes, not the smallest one."""
    return next((n for n in range(21, 60) if net.output(n) is not None), None)


@pytest.mark.parametrize("seed", range(50))
def test_every_size_that_is_taken_and_what_it_gives(seed: int) -> None:
    net = drawn(seed, PLAIN, 3)
    size = read_at(net)
    if size is None:
        pytest.skip("takes no size of 21 to 59")
    graph = net.graph(size)
    legal = rfield.valid_sizes(graph).sets[0]
    assert [n for n in range(1, 60) if n in legal] == accepted(net, 60)
    assert legal.smallest == accepted(net, 60)[0]
    for n in accepted(net, 30):
        assert rfield.output_size(graph, n) == (net.output(n),)
    sizes: dict[int, list[int]] = {}
    for n in accepted(net, 120):
        sizes.setdefault(net.output(n) or 0, []).append(n)
    for target in Random(seed).choices(range(1, min(40, max(sizes))), k=3):
        giving = sizes.get(target, [])
        found = rfield.input_size(graph, target)
        assert list(found.sets[0].early) == giving
        if not giving:
            assert found.against[0] == (told(sizes, target),)


def told(sizes: dict[int, list[int]], target: int) -> str:
    """The nearest outputs, the smaller one from its largest input, the larger from its smallest."""
    lower = max((m for m in sizes if m < target), default=None)
    upper = min((m for m in sizes if m > target), default=None)
    near = [f"{lower} from {sizes[lower][-1]}"] if lower else []
    near += [f"{upper} from {sizes[upper][0]}"] if upper else []
    return f"no input size gives {target}; nearest: {', '.join(near)}"


def step_of(net: Net, size: int) -> tuple[int, int]:
    """The least shift of the input under which the inner outputs move along, and by how much."""
    found = net.maps(size)
    assert found is not None
    whole = found[net.layers[-1].name]
    middle = len(whole) // 2
    for step in range(1, size // 3):
        moved = np.zeros_like(whole)
        moved[:, step:] = whole[:, :-step]
        for moves in range(1, len(whole) // 2):
            inner = range(middle - 2 * moves, middle + moves)
            if all(np.array_equal(moved[i], whole[i + moves]) for i in inner):
                return step, moves
    raise AssertionError("no shift was found")


@pytest.mark.parametrize("seed", range(30))
def test_the_least_step_of_random_networks(seed: int) -> None:
    net = drawn(seed, {**MOVING, "crop": 1}, 4)
    size = next((n for n in range(170, 200) if net.output(n) is not None), None)
    if size is None or min(len(m) for m in (net.maps(size) or {}).values()) < 20:
        pytest.skip("too short to be moved")
    found = rfield.shift_equivariance(net.graph(size))
    if found.step[0] is None or found.step[0] * 4 > size:
        pytest.skip("does not move along")
    assert (found.step[0], found.moves[0]) == step_of(net, size)


@pytest.mark.parametrize("seed", range(60))
def test_tiles_of_random_networks(seed: int) -> None:
    """Every output of every tile equals the whole's, and no tile could drop less."""
    net, draw = drawn(seed, PLAIN), Random(-seed)
    sizes = [n for n in range(40, 90) if net.output(n) is not None]
    if not sizes:
        pytest.skip("takes no size of 40 to 89")
    size, tile = draw.choice(sizes), draw.randint(8, 40)
    x = np.array([[[draw.randint(-9, 9) for _ in range(size)]]])
    why, plan = "", None
    try:
        plan = rfield.tile_plan(net.graph(size), size, tile=tile)
    except rfield.RFieldError as error:
        why = str(error)
    if plan is None:
        refused = "cannot be read at" in why or "the model takes none of these below" in why
        known = ("is all halo", "read more than a tile", "wraps around the ends of its input")
        assert refused or any(text in why for text in known)
        assert not refused or any(net.output(n) is None for n in range(1, tile + 1))
        return
    assert plan.exact
    assert np.array_equal(rfield.run_tiled(net.last, x, plan), net.last(x))
    assert plan.tile[0] <= max(tile, plan.grid[0]) or plan.tile == plan.image
    if len(plan) > 2:
        tight(net, plan, size)


def tight(net: Net, plan: rfield.TilePlan, size: int) -> None:
    """An output more at either end of a middle tile is not the whole's."""
    whole, part = net.maps(size), net.maps(plan.tile[0])
    assert whole is not None
    assert part is not None
    name = net.layers[-1].name
    first, last = plan.tiles[0].dropped
    wrong: set[str] = set()
    for number in range(1, len(plan) - 1):
        start = plan.tiles[0].start(number)
        laid = np.zeros((len(part[name]), size), np.int64)
        laid[:, start : start + plan.tile[0]] = part[name]
        shift = int(start * plan.tiles[0].rate)
        same = [np.array_equal(row, whole[name][i + shift]) for i, row in enumerate(laid)]
        assert all(same[first : len(same) - last])
        wrong |= {"first"} if first and not same[first - 1] else set()
        wrong |= {"last"} if last and not same[len(same) - last] else set()
    assert len(wrong) == bool(first) + bool(last) or net_drops_more(net)


def net_drops_more(net: Net) -> bool:
    """Where padding is cropped again or tiles begin beside a stride more may be dropped."""
    return any(layer.kind in ("crop", "pad", "transposed", "add") for layer in net.layers)


@pytest.mark.parametrize("seed", range(40))
def test_streams_of_random_networks(seed: int) -> None:
    """In chunks of any length the stream gives what the whole gives, as soon as it can."""
    net, draw = drawn(seed, MOVING, 3), Random(seed)
    size = next((n for n in range(120, 160) if net.output(n) is not None), None)
    if size is None:
        pytest.skip("takes no size of 120 to 159")
    plan = rfield.stream_plan(net.graph(size))
    x = np.array([[[draw.randint(-9, 9) for _ in range(size)]]])
    cuts = sorted(draw.sample(range(1, size), 12))
    seen: list[int] = []

    def arriving():
        for part in np.split(x, cuts, axis=2):
            seen.append(part.shape[2])
            yield part

    parts: list[np.ndarray] = []
    for part in rfield.run_streaming(net.last, arriving(), plan):
        parts.append(part)
        assert part.shape[2] > 0
        if sum(seen) < size:
            assert sum(p.shape[2] for p in parts) <= plan.outputs_after(sum(seen))
    assert np.array_equal(np.concatenate(parts, 2), net.last(x))
