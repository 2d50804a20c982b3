"""Tiles, streams and sizes of random networks, held against the numbers.

    python -m tests.oracle.pieces --declared 20000 --torch 2000 --seed 0
    python -m tests.oracle.pieces --only declared:17

Every plan is run and must equal the whole bit for bit, or it is refused and ``by_hand`` must find
none either; sizes are held against every small size. Exit status 1 when anything differs; each
difference names its network, which ``--only`` shows again.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.oracle.pieces_of_one import outcomes

KINDS = ("declared", "torch")
Outcome = tuple[str, str]
"""What was asked and how it ended, "tiles: equal"; and, where something differs, the difference."""


def of(kind: str, seed: int) -> Iterator[Outcome]:
    """All outcomes of one network; a crash is one."""
    try:
        yield from outcomes(kind, seed)
    except Exception as error:  # noqa: BLE001  # a crash of any kind is what this looks for
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(last.filename)}:{last.lineno}"  # noqa: PTH119
        yield "crashed", f"{where} {type(error).__name__}: {error}"


Block = tuple[str, int, int]


def run_block(block: Block) -> tuple[Counter[str], list[tuple[int, Outcome]], float]:
    """Networks ``first .. stop`` of a kind: the tally, what differs, and the time of the CPU."""
    kind, first, stop = block
    began = time.process_time()
    tally: Counter[str] = Counter()
    differs: list[tuple[int, Outcome]] = []
    for seed in range(first, stop):
        for what, difference in of(kind, seed):
            tally[what] += 1
            if difference:
                differs.append((seed, (what, difference)))
    gc.collect()
    return tally, differs, time.process_time() - began


def main(arguments: list[str] | None = None) -> int:
    """Run, print what differs and the tally."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=int, default=0, help="how many networks")
    parser.add_argument("--seed", type=int, default=0, help="number of the first network")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", help="one network, such as torch:17")
    options = parser.parse_args(arguments)
    write = sys.stdout.write
    if options.only:
        kind, seed = options.only.split(":")
        found = list(of(kind, int(seed)))
        write("\n".join(f"{what}  {difference}" for what, difference in found) + "\n")
        return int(any(difference for _, difference in found))
    asked = {kind: getattr(options, kind) for kind in KINDS}
    asked = asked if any(asked.values()) else {"declared": 400, "torch": 40}
    work = [
        (kind, first, min(first + 20, options.seed + count))
        for kind, count in asked.items()
        for first in range(options.seed, options.seed + count, 20)
    ]
    tallies = {kind: Counter[str]() for kind in KINDS}
    bad, cpu = dict.fromkeys(KINDS, 0), 0.0
    with ProcessPoolExecutor(options.processes) as pool:
        for (kind, *_), (tally, differs, seconds) in zip(
            work, pool.map(run_block, work), strict=True
        ):
            tallies[kind] += tally
            cpu += seconds
            bad[kind] += len({seed for seed, _ in differs})
            for seed, (what, difference) in differs:
                write(f"--only {kind}:{seed}  {what}: {difference}\n")
            sys.stdout.flush()
    for kind, count in asked.items():
        if count:
            last = options.seed + count - 1
            write(f"\n{kind}: {count} networks, seeds {options.seed} .. {last}\n")
            for what, times in sorted(tallies[kind].items()):
                write(f"  {what:44} {times:7}\n")
            write(f"  {'networks that differ':44} {bad[kind]:7}\n")
    write(f"\n{cpu:.0f} s of CPU\n")
    return int(any(bad.values()))


if __name__ == "__main__":
    raise SystemExit(main())
