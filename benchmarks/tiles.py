"""Planning tiles, as ratios: ``python -m benchmarks.tiles``.

A U-Net of depth 4 in PyTorch. Planning must not depend on the image: making the plan and one tile
of it for 40,000 x 40,000 against 4,000 x 4,000 (wanted: at most 1.2), and the memory of a plan. And
it must not count beside the work: one tile's plan against running the network on that tile (wanted:
at most 1/1000). CPU times, medians of turns.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from itertools import islice
from statistics import median

import torch

import rfield
from rfield.analysis.pieces.tiles.plan import TilePlan
from tests.torch.tiling_nets import UNet

ROUNDS = 7
TILES = 2000


def cpu(run: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    run()
    return time.process_time() - start


def turns(*runs: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """The median of each, measured in turns, which go forwards and backwards."""
    times: list[list[float]] = []
    for turn in range(rounds):
        step = -1 if turn % 2 else 1
        times.append([cpu(run) for run in runs[::step]][::step])
    return [median(column) for column in zip(*times, strict=True)]


def main() -> None:
    """Print the figures."""
    model = UNet(4).eval()
    graph = rfield.load(model, (1, 1, 256, 256))

    def plan(side: int) -> TilePlan:
        return rfield.tile_plan(graph, (side, side), tile=1024)

    large, small = turns(lambda: plan(40_000), lambda: plan(4_000))
    print(f"plan of 40,000² / plan of 4,000²         {large / small:.2f}  (wanted: at most 1.2)")
    plans = plan(40_000), plan(4_000)

    def make(of: TilePlan) -> int:
        return len([of[k % len(of)] for k in range(TILES)])

    many, few = turns(lambda: make(plans[0]), lambda: make(plans[1]))
    print(f"a tile of 40,000² / a tile of 4,000²     {many / few:.2f}  (wanted: at most 1.2)")
    tracemalloc.start()
    total = sum(1 for _ in islice(plans[0], 10**9))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(f"memory of walking through {total:,} tiles   {peak / 1024:.1f} kB")
    x = torch.zeros(1, 1, 1024, 1024)
    with torch.no_grad():
        (run,) = turns(lambda: model(x))
    print(
        f"a tile's plan / running it               1/{run / (many / TILES):,.0f}  (wanted: 1/1000)"
    )


if __name__ == "__main__":
    main()
