"""Global or bounded, behind ops that couple axes: rfield against networks that grow.

    python -m tests.oracle.growing --count 2000 --seed 0

Each network is built at three sizes (``growing_networks``); ``growing_meaning`` finds by brute
force where fields grow with the input, which is what global means. "when small" are sizes at which
few windows are left. Exit status 1 when anything differs; ``--only 17`` shows one network.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from random import Random
from typing import Any

import numpy as np

import rfield
from tests.oracle.compare import Box, Difference, plain_box
from tests.oracle.growing_meaning import Along, folded, grows, longest, places
from tests.oracle.growing_motifs import network
from tests.oracle.growing_networks import Growing
from tests.oracle.growing_shrink import shrunk
from tests.oracle.tensor_meaning import Sets, apply, shapes_of
from tests.oracle.translate import build

MOST_POSITIONS = 400


def growing_differences(
    made: Growing, seed: int = 0, tally: Counter[str] | None = None
) -> Iterator[Difference]:
    """Every layer along every axis, at every size; ``tally`` counts what was decided."""
    tally = Counter() if tally is None else tally
    graphs = [build(program) for program in made.programs]
    fields = [rfield.receptive_fields(graph) for graph in graphs]
    names = [layer.name for layer in made.programs[0].layers]
    alongs = [Along(made, axis) for axis in range(2, len(made.programs[0].inputs[0][1]))]
    decided: set[str] = set()
    for name in names:
        per_size = [found[name] for found in fields]
        kinds = []
        for k, along in enumerate(alongs):
            yield from never_too_small(along, name, per_size, k)
            kinds.append(kind_of(along, name, per_size))
            tally[kinds[-1]] += 1
            if kinds[-1] in ("global", "bounded"):
                yield from compare_axis(along, name, per_size, k, kinds[-1] == "global")
        decided |= {name} if {"global", "bounded"}.issuperset(kinds) else set()
        if decided.issuperset(layer.name for layer in alongs[0].behind(name)):
            yield from compare_readers(alongs, name, per_size[-1])
    for graph, found in zip(graphs, fields, strict=True):
        expected = found[names[-1]].size
        reverse = rfield.receptive_fields(graph, of=names[-1])[made.source].size
        if reverse != expected:
            yield Difference(f"{names[-1]}: reverse", expected, reverse)
    yield from compare_clipped(made, fields, names, seed)


def extents(along: Along, name: str, fields: Sequence[Any]) -> list[int]:
    """By brute force, how far a position of the layer reads at most, at every size."""
    pairs = zip(along.plain[name], fields, strict=True)
    return [longest(folded(sets, rf.positions)) for sets, rf in pairs]


def local_extents(along: Along, name: str, fields: Sequence[Any]) -> list[int]:
    """The same without reads that have no end."""
    pairs = zip(along.marked[name], fields, strict=True)
    return [longest(folded(sets[..., :-1], rf.positions)) for sets, rf in pairs]


def never_too_small(along: Along, name: str, fields: Sequence[Any], k: int) -> Iterator[Difference]:
    for size, rf, n in zip(extents(along, name, fields), fields, along.sizes, strict=True):
        if rf.size[k] is not rfield.UNBOUNDED and rf.size[k] < size:
            yield Difference(f"{name}: axis {along.axis}: too small at {n}", size, rf.size[k])


def kind_of(along: Along, name: str, fields: Sequence[Any]) -> str:
    """Global or bounded, or that nothing is claimed."""
    local, plain = local_extents(along, name, fields), extents(along, name, fields)
    if name in along.unclear or local[1] != local[2] or local[2] > along.sizes[2] // 2:
        return "unclear"
    if along.is_endless(name, -1):
        return "global" if grows(plain, along.sizes) else "undecided"
    lost = name in along.vague and not along.is_plain(name)
    steady = plain[2] == plain[1] and along.is_wide(name)
    return "bounded" if steady and not lost else "undecided"


def compare_axis(
    along: Along, name: str, fields: Sequence[Any], k: int, is_global: bool
) -> Iterator[Difference]:
    title, plain = f"{name}: axis {along.axis}", extents(along, name, fields)
    for number in (2, 1, 0):
        n, got = along.sizes[number], fields[number].size[k]
        if is_global and not along.is_endless(name, number):
            continue  # the axis is too short here
        if not is_global and number < 2 and (plain[2] >= n or along.is_short(name, number)):
            continue  # a window may be all there is
        if (got is rfield.UNBOUNDED) != is_global:
            small = " when small" if number < 2 else ""
            expected = f"{'UNBOUNDED' if is_global else 'bounded'}: {plain} of {along.sizes}"
            yield Difference(f"{title}: global{small} at {n}", expected, got)
            return
    local, is_plain = local_extents(along, name, fields)[2], along.is_plain(name)
    if name in along.vague or (is_global and not is_plain):
        return
    what, got = ("local", fields[2].local) if is_global else ("bounded", fields[2])
    if got.size[k] < local or (is_plain and got.size[k] > local):
        loose = "too large" if got.size[k] > local else "too small"
        yield Difference(f"{title}: {what} size {loose}", local, got.size[k])


def compare_readers(alongs: Sequence[Along], name: str, rf: Any) -> Iterator[Difference]:
    readers = set[str]().union(*(along.readers for along in alongs))
    expected = sorted(readers.intersection(layer.name for layer in alongs[0].behind(name)))
    if sorted(rf.global_reads) != expected:
        yield Difference(f"{name}: global_reads", expected, sorted(rf.global_reads))


def compare_clipped(
    made: Growing, fields: Sequence[Any], names: Sequence[str], seed: int
) -> Iterator[Difference]:
    """The box of this tensor, by brute force, for the last layer and another one."""
    rng = Random(seed)
    which = rng.choice([0, 1])
    program, shapes = made.programs[which], shapes_of(made.programs[which])
    source, shape = program.inputs[0]
    reads: list[dict[str, Sets]] = []
    for axis in range(2, len(shape)):
        known = {source: places(shape, axis)}
        for layer in program.layers:
            known[layer.name] = apply(layer.op, [known[name] for name in layer.operands])
        reads.append(known)
    for name in sorted({names[-1], rng.choice(names)}):
        rf = fields[which][name]
        if not rf.positions:
            continue
        every = list(product(*(range(shapes[name][axis]) for axis in rf.positions)))
        every = every if len(every) <= MOST_POSITIONS else rng.sample(every, MOST_POSITIONS)
        region = rf.region(np.array(every), clip=True)
        for at, start, stop in zip(every, region.start.tolist(), region.stop.tolist(), strict=True):
            expected = box([known[name] for known in reads], rf.positions, at)
            if plain_box(start, stop) != expected:
                title = f"{name}: clip at {at} of {shape}"
                yield Difference(title, expected, plain_box(start, stop))
                break


def box(reads: Sequence[Sets], positions: Sequence[int], at: Sequence[int]) -> Box:
    """First and last place along every axis of the source; empty where nothing is read."""
    where: list[Any] = [slice(None)] * (reads[0].ndim - 1)
    for axis, i in zip(positions, at, strict=True):
        where[axis] = i
    rows = [
        np.flatnonzero(sets[tuple(where)].reshape(-1, sets.shape[-1]).any(axis=0)) for sets in reads
    ]
    return tuple((int(row[0]), int(row[-1])) for row in rows) if all(map(len, rows)) else ()


# Running ------------------------------------------------------------------------------------------


def found(made: Growing, seed: int, tally: Counter[str] | None = None) -> list[Difference]:
    """All differences; a crash counts as one."""
    try:
        return list(growing_differences(made, seed, tally))
    except Exception as error:  # noqa: BLE001  # a crash of any kind is what this looks for
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(last.filename)}:{last.lineno}"  # noqa: PTH119
        return [Difference(f"crash in {where}", "an answer", f"{type(error).__name__}: {error}")]


def family(difference: Difference) -> str:
    title = difference.what
    if title.startswith("crash"):
        return title
    return title.split(": ")[-1].split(" at ")[0]


def report(seed: int, wanted: str) -> str:
    """One failing network, shrunk."""

    def fails(candidate: Growing) -> bool:
        return any(family(d) == wanted for d in found(candidate, seed))

    small = shrunk(network(seed), fails)
    shown = [str(d) for d in found(small, seed) if family(d) == wanted]
    return f"--only {seed}\n{small}\n  {(shown or ['passes when repeated'])[0]}\n"


def main(arguments: list[str] | None = None) -> int:
    """Run, print the tally, print one small reproducer for each family of differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0, help="number of the first network")
    parser.add_argument("--show", type=int, default=2, help="reproducers per family")
    parser.add_argument("--only", type=int, help="one network, by its number")
    options = parser.parse_args(arguments)
    write = sys.stdout.write
    if options.only is not None:
        write(f"{network(options.only)}\n")
        for difference in found(network(options.only), options.only):
            write(f"  {difference}\n")
        return 0
    failing: dict[str, list[int]] = {}
    tally: Counter[str] = Counter()
    began = time.perf_counter()
    for seed in range(options.seed, options.seed + options.count):
        for what in dict.fromkeys(family(d) for d in found(network(seed), seed, tally)):
            failing.setdefault(what, []).append(seed)
            write(f"--only {seed}  {what}\n")
            sys.stdout.flush()
    bad = len({seed for seeds in failing.values() for seed in seeds})
    write(f"networks {options.count} compared  {bad} differ  (seeds from {options.seed})\n")
    write("axes     " + "  ".join(f"{what} {n}" for what, n in sorted(tally.items())) + "\n")
    write(f"time     {time.perf_counter() - began:.0f} s\n")
    for what, seeds in sorted(failing.items()):
        write(f"\n{what}: {len(seeds)} networks, seeds {seeds[:8]}\n")
        for seed in seeds[: options.show]:
            write(report(seed, what))
    return 1 if failing else 0


if __name__ == "__main__":
    raise SystemExit(main())
