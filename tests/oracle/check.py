"""rfield against the oracle on thousands of random networks, with a tally and small reproducers.

    python -m tests.oracle.check --chains 20000 --dags 5000 --seed 0
    python -m tests.oracle.check --small 100000 --parts engines

Exit status 1 when anything differs. A difference names its seed; run one program again with
``--only dag:17``. Without counts a few of each kind are compared.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.oracle.aligned import alignment_differences
from tests.oracle.compare import Difference, differences
from tests.oracle.compare_exact import exact_differences
from tests.oracle.engines import engine_differences
from tests.oracle.generator import case
from tests.oracle.program import Program
from tests.oracle.shrink import shrink
from tests.oracle.units import unit_differences

PARTS = {
    "engines": engine_differences,
    "fields": differences,
    "pixels": exact_differences,
    "alignment": alignment_differences,
    "units": unit_differences,
}
"""What can be compared: the engines in short; regions and numbers, sets and influence, joins, and
the boxes and holes of all units."""
LONG = ("fields", "pixels", "alignment")


def found(program: Program, seed: int, parts: Sequence[str] = LONG) -> list[Difference]:
    """All differences; a crash counts as one."""
    try:
        return [d for part in parts for d in PARTS[part](program, seed)]
    except Exception as error:  # noqa: BLE001  # a crash of any kind is what this looks for
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(last.filename)}:{last.lineno}"  # noqa: PTH119
        return [Difference(f"crash in {where}", "an answer", f"{type(error).__name__}: {error}")]


OPEN: tuple[str, ...] = ()
"""Families that rfield is known to answer wrongly still; the long check shows them."""


def new(program: Program, seed: int, parts: Sequence[str] = LONG) -> list[Difference]:
    """The differences that are not known yet."""
    return [d for d in found(program, seed, parts) if not (OPEN and family(d).startswith(OPEN))]


def family(difference: Difference) -> str:
    """What kind of answer differs: the words of the title without names and numbers."""
    title = difference.what
    if title.startswith("crash"):
        return title
    kept = title.split(": ", 1)[-1]
    for kind in (
        "clip=True), axes apart", "clip=True), many", "clip=True", "region, axes apart",
        "support mask", "support, many", "support of box", "engines' boxes", "is tight",
        "influence weight", "influence above", "influence", "outputs_seeing loose",
        "outputs_seeing unsound", "endless support", "alignment", "local.region",
        "clipped inside", "region", "exact set", "size", "axis", "fidelity",
    ):  # fmt: skip
        if kind in kept:
            return kind
    return kept.split(" ")[0]


KINDS = {
    "chain": "chains of one layer after the other",
    "dag": "graphs with joins",
    "block": "pieces of real networks",
    "small": "small graphs, all op kinds alike",
    "long": "wide windows on long axes",
}
SOME = {"chain": 2000, "dag": 500, "block": 500}
EVERY_SECONDS = 60


def title(kind: str) -> str:
    """The plural, as an option and in the tally."""
    return kind if kind in ("small", "long") else f"{kind}s"


Block = tuple[str, int, int, Sequence[str]]


def run_block(block: Block) -> tuple[int, Counter[str], list[tuple[str, int]]]:
    """Programs ``first .. stop`` of one kind: how many, the ops they used, and which differ."""
    kind, first, stop, parts = block
    ops: Counter[str] = Counter()
    failing: list[tuple[str, int]] = []
    gc.disable()  # its passes take a tenth of the time
    for seed in range(first, stop):
        program = case(kind, seed)
        ops.update(type(layer.op).__name__ for layer in program.layers)
        kinds = dict.fromkeys(family(difference) for difference in found(program, seed, parts))
        failing += [(kind, seed) for kind in kinds]
    gc.collect()
    return stop - first, ops, failing


def blocks(
    kind: str, first: int, count: int, parts: Sequence[str], size: int = 50
) -> Iterator[Block]:
    """The work in pieces."""
    for start in range(first, first + count, size):
        yield kind, start, min(start + size, first + count), parts


def report(kind: str, seed: int, wanted: str, parts: Sequence[str]) -> str:
    """One failing program, shrunk."""
    program = case(kind, seed)

    def fails(candidate: Program) -> bool:
        return any(family(d) == wanted for d in found(candidate, seed, parts))

    small = shrink(program, fails)
    shown = [str(d) for d in found(small, seed, parts) if family(d) == wanted]
    return f"--only {kind}:{seed}\n{small}\n  {(shown or ['passes when repeated'])[0]}\n"


def main(arguments: list[str] | None = None) -> int:
    """Run, print the tally, print one small reproducer for each family of differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for kind, what in KINDS.items():
        parser.add_argument(f"--{title(kind)}", type=int, help=what)
    parser.add_argument("--seed", type=int, default=0, help="number of the first program")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=int, default=2, help="reproducers per family")
    parser.add_argument("--parts", nargs="+", choices=tuple(PARTS), default=LONG)
    parser.add_argument("--only", help="one program, such as dag:17")
    options = parser.parse_args(arguments)
    write = sys.stdout.write
    if options.only:
        kind, seed = options.only.split(":")
        write(f"{case(kind, int(seed))}\n")
        for difference in found(case(kind, int(seed)), int(seed), options.parts):
            write(f"  {difference}\n")
        return 0
    asked = {kind: getattr(options, title(kind)) for kind in KINDS}
    wanted = {kind: count for kind, count in asked.items() if count is not None} or SOME
    work = [b for k, n in wanted.items() for b in blocks(k, options.seed, n, options.parts)]
    began = told = time.perf_counter()
    counts: Counter[str] = Counter()
    ops: Counter[str] = Counter()
    failing: dict[tuple[str, str], list[int]] = {}
    with ProcessPoolExecutor(options.processes) as pool:
        for block, (count, used, failed) in zip(work, pool.map(run_block, work), strict=True):
            counts[block[0]] += count
            ops += used
            for what, seed in failed:
                failing.setdefault((block[0], what), []).append(seed)
                write(f"--only {block[0]}:{seed}  {what}\n")
            if failed or time.perf_counter() - told > EVERY_SECONDS:
                told = time.perf_counter()
                so_far = f"{sum(counts.values())} compared, {len(failing)} families differ"
                write(f"{told - began:6.0f} s  {so_far}\n")
                sys.stdout.flush()
    for kind, count in sorted(counts.items()):
        bad = len({seed for (k, _), seeds in failing.items() if k == kind for seed in seeds})
        write(
            f"{title(kind):7s} {count:6d} compared  {bad:5d} differ  (seeds from {options.seed})\n"
        )
    write("layers  " + "  ".join(f"{name} {n}" for name, n in ops.most_common()) + "\n")
    write(f"time    {time.perf_counter() - began:.0f} s\n")
    for (kind, what), seeds in sorted(failing.items()):
        sys.stdout.flush()
        write(f"\n{kind}: {what}: {len(seeds)} programs, seeds {seeds[:8]}\n")
        for seed in seeds[: options.show]:
            write(report(kind, seed, what, options.parts))
    return 1 if failing else 0


if __name__ == "__main__":
    raise SystemExit(main())
