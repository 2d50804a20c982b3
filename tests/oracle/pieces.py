"""Tiles, streams and sizes of random networks, held against the numbers.

    python -m tests.oracle.pieces --declared 20000 --torch 2000 --seed 0
    python -m tests.oracle.pieces --declared 20000 --record run.jsonl --minutes 60
    python -m tests.oracle.pieces --only declared:17

Every plan is run and must equal the whole bit for bit, or it is refused and ``by_hand`` must find
none either; sizes are held against every small size. Exit status 1 when anything differs; each
difference names its network, which ``--only`` shows again. Every hundred networks a line says how
far it is. ``--record``: what is done is kept in that file, and the same command goes on from there;
``--minutes`` ends a run with the tally of what was reached.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

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


SIZE = 20
"""Networks of a block, which is what a process does at a time."""


def run_block(block: tuple[str, int, int]) -> dict[str, Any]:
    """Networks ``first .. stop-1`` of a kind: the tally, what differs, and the time of the CPU."""
    kind, first, stop = block
    began = time.process_time()
    tally: Counter[str] = Counter()
    differs: list[tuple[int, str, str]] = []
    for seed in range(first, stop):
        for what, difference in of(kind, seed):
            tally[what] += 1
            if difference:
                differs.append((seed, what, difference))
    gc.collect()
    spent = time.process_time() - began
    return {"block": [*block], "tally": tally, "differs": differs, "seconds": round(spent, 2)}


def done(work: list[tuple[str, int, int]], options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What became of each block, in order: those on record first, then the others as they end."""
    record = Path(options.record) if options.record else None
    old: dict[tuple[str, int, int], dict[str, Any]] = {}
    if record and record.exists():
        found = (json.loads(line) for line in record.read_text().splitlines())
        old = {(kind, first, stop): row for row in found for kind, first, stop in [row["block"]]}
    yield from (old[block] for block in work if block in old)
    left, until = [block for block in work if block not in old], options.minutes * 60 + time.time()
    for row in _each(left, options.processes):
        if record:
            with record.open("a") as out:
                out.write(json.dumps(row) + "\n")
        yield row
        if time.time() > until:
            return


def _each(work: list[tuple[str, int, int]], processes: int) -> Iterable[dict[str, Any]]:
    if processes == 1:
        yield from map(run_block, work)
        return
    with ProcessPoolExecutor(processes) as pool:
        todo = iter(work)
        running = [pool.submit(run_block, block) for block in islice(todo, 2 * processes)]
        while running:
            row = running.pop(0).result()
            running += [pool.submit(run_block, block) for block in islice(todo, 1)]
            yield row


def main(arguments: list[str] | None = None) -> int:
    """Run, print what differs and the tally."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for kind in KINDS:
        parser.add_argument(f"--{kind}", type=int, default=0, help="how many networks")
    parser.add_argument("--seed", type=int, default=0, help="number of the first network")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--record", help="a file to go on from")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after these")
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
        (kind, first, min(first + SIZE, options.seed + count))
        for kind, count in asked.items()
        for first in range(options.seed, options.seed + count, SIZE)
    ]
    tallies = {kind: Counter[str]() for kind in KINDS}
    reached, bad, cpu = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0), 0.0
    for row in done(work, options):
        kind, first, stop = row["block"]
        before, reached[kind] = reached[kind], reached[kind] + stop - first
        tallies[kind].update(row["tally"])
        cpu += row["seconds"]
        bad[kind] += len({seed for seed, *_ in row["differs"]})
        for seed, what, difference in row["differs"]:
            write(f"--only {kind}:{seed}  {what}: {difference}\n")
        if before // 100 < reached[kind] // 100:
            write(f"{kind}: {reached[kind]} networks, {bad[kind]} differ, {cpu:.0f} s of CPU\n")
        sys.stdout.flush()
    for kind, count in reached.items():
        if asked.get(kind):
            write(f"\n{kind}: {count} networks of {asked[kind]}, from seed {options.seed}\n")
            for what, times in sorted(tallies[kind].items()):
                write(f"  {what:44} {times:7}\n")
            write(f"  {'networks that differ':44} {bad[kind]:7}\n")
    write(f"\n{cpu:.0f} s of CPU\n")
    return int(any(bad.values()))


if __name__ == "__main__":
    raise SystemExit(main())
