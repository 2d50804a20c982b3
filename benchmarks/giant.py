"""A giant image in two processes, killed half way and resumed: ``python -m benchmarks.giant``.

Random pixels of 20,000 x 20,000 in zarr (``--side`` for less) go through a small U-Net by
``plan.to_dask`` on two worker processes of a local cluster, which is ended when half of the tiles
are written. A second cluster runs the rest. A row of tiles at a time is held against a run without
interruption in this process; printed are the differences and the peak memory of every process.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import distributed
import numpy as np
import torch
import zarr

import rfield
from tests.torch.tiling_nets import UNet, integers

TILE, CHUNK = 1024, 1000


def model() -> torch.nn.Module:
    """Its weights are integers, so that additions in any order give the same."""
    return integers(UNet(1), positive=True).float()


def segment(x: np.ndarray) -> np.ndarray:
    """Classes of a tile, in a worker that builds the network once."""
    torch.set_num_threads(1)
    with torch.no_grad():
        found = _NETWORK(torch.from_numpy(x.astype(np.float32))[None, None])[0, 0]
    return (found.numpy() % 251).astype(np.uint8)


_NETWORK = model()


def peak() -> float:
    """The largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def filled(path: Path, side: int) -> zarr.Array:
    """Random pixels, a row of chunks at a time."""
    image = zarr.create_array(
        str(path), shape=(side, side), chunks=(CHUNK, CHUNK), dtype=np.uint8
    )  # fmt: skip
    draw = np.random.default_rng(0)
    for start in range(0, side, CHUNK):
        rows = min(CHUNK, side - start)
        image[start : start + rows] = draw.integers(0, 4, (rows, side), dtype=np.uint8)
    return image


def run(
    plan: rfield.TilePlan, image: zarr.Array, out: zarr.Array, marks: Path, *, until: int | None
) -> list[float]:
    """Tiles in two processes, until so many are written; the peaks of the workers."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as cluster, distributed.Client(cluster) as client:  # fmt: skip
        waiting = plan.to_dask(segment, image, axes=(0, 1), output_axes=(0, 1), out=out, done=marks)
        print(f"  {waiting.size:,} tiles to run", flush=True)
        future = client.compute(waiting)
        while not future.done():
            if until is not None and sum(1 for _ in marks.iterdir()) - 1 >= until:
                peaks = client.run(peak)
                future.cancel()
                break
            time.sleep(0.5)
        else:
            future.result()
            peaks = client.run(peak)
    return list(peaks.values())


def main() -> None:
    """Run it, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.giant", description=__doc__)
    parser.add_argument("--side", type=int, default=20_000)
    side = parser.parse_args().side
    plan = rfield.tile_plan(model(), side, tile=TILE, input_shape=(1, 1, 64, 64))
    print(plan)
    with tempfile.TemporaryDirectory() as folder:
        image = filled(Path(folder) / "image", side)
        out = zarr.create_array(
            str(Path(folder) / "out"), shape=(side, side), chunks=(CHUNK, CHUNK), dtype=np.uint8
        )  # fmt: skip
        marks = Path(folder) / "marks"
        start = time.perf_counter()
        first = run(plan, image, out, marks, until=len(plan) // 2)
        second = run(plan, image, out, marks, until=None)
        print(f"  {time.perf_counter() - start:.0f} s; peak memory of the workers, MB: ", end="")
        print(", ".join(f"{n:.0f}" for n in first + second))
        whole = zarr.create_array(
            str(Path(folder) / "whole"), shape=(side, side), chunks=(CHUNK, CHUNK), dtype=np.uint8
        )  # fmt: skip
        rfield.run_tiled(
            segment, image, plan, axes=(0, 1), output_axes=(0, 1), out=whole, prefetch=True
        )
        rows = range(0, side, CHUNK)
        apart = sum(int((out[k : k + CHUNK] != whole[k : k + CHUNK]).sum()) for k in rows)
        print(f"  {apart} of {side * side:,} outputs differ from the uninterrupted run; ", end="")
        print(f"peak memory of this process: {peak():.0f} MB")
        raise SystemExit(apart > 0)


if __name__ == "__main__":
    main()
