"""Free input sizes: a number is None exactly where concrete networks disagree about it.

    python -m tests.oracle.free_sizes --count 300 --seed 0

Programs of windows, transposed convolutions, whole-number resizes, crops and joins, built with one
or all spatial axes free, and again at many concrete sizes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import rfield
from tests.oracle import program as p
from tests.oracle.compare import Difference
from tests.oracle.generator import Sketch, dilation, per_axis, some_pairs, stride, window_pads
from tests.oracle.shrink import shrink
from tests.oracle.translate import lay

SIZES = range(200, 240)


def conv(rng: Random, shape: p.Ints) -> p.Op:
    count = len(shape) - 2
    return p.Window(
        rng.choice(["conv", "max_pool"]), per_axis(rng, count, 1, 5), stride(rng, count),
        window_pads(rng, count), dilation(rng, count), channels=shape[1],
    )  # fmt: skip


def grown(rng: Random, shape: p.Ints) -> p.Op:
    count = len(shape) - 2
    if rng.random() < 0.4:
        scale = (Fraction(rng.choice([2, 2, 3])),) * count
        mode = rng.choice(["nearest", "linear"])
        return p.Resize(None, scale, mode, "half_pixel")
    steps = per_axis(rng, count, 1, 3)
    pads: p.Pairs | str = rng.choice(["same", "valid", some_pairs(rng, count, 2)])
    return p.Transposed(
        per_axis(rng, count, 1, 4), steps, pads, (1,) * count, (0,) * count, shape[1]
    )


def cut(rng: Random, shape: p.Ints) -> p.Op:
    count = len(shape) - 2
    pairs = some_pairs(rng, count, 2)
    return (
        p.Crop(pairs) if rng.random() < 0.4 else p.Pad(pairs, rng.choice(["constant", "reflect"]))
    )


def free_program(seed: int) -> p.Program:
    """A chain, or branches joined where their sizes are equal."""
    rng = Random(f"free {seed}")
    kinds = [(conv, 6), (grown, 1), (cut, 1)]
    sketch = Sketch(rng, kinds, most=10**9)
    count = rng.choice([1, 1, 2])
    last = sketch.input((1, 1, *(210,) * count))
    values = [last]
    for _ in range(rng.randint(1, 6)):
        if rng.random() < 0.45 and len(values) > 1:
            one = rng.choice(values)
            same = [v for v in values if sketch.shapes[v] == sketch.shapes[one] and v != one]
            if same:
                op = rng.choice([p.Pointwise("add"), p.Concat(1)])
                made = sketch.add(op, one, rng.choice(same))
            else:
                made = None
            last = made or last
        else:
            last = sketch.step(rng.choice(values[-2:]))
            if rng.random() < 0.3 and isinstance(sketch.layers[-1].op, p.Window):
                twin = replace(sketch.layers[-1].op, kernel=per_axis(rng, count, 1, 5))
                made = sketch.add(twin, *sketch.layers[-1].operands)
                values += [made] if made else []
        if last not in values and sketch.shapes[last][1] == 1:
            values.append(last)
    return sketch.done(last) if sketch.layers else free_program(seed + 1_000_003)


def at_size(program: p.Program, sizes: p.Ints) -> Any:
    """The graph with these spatial sizes; None where a layer refuses them."""
    inputs = tuple((name, (*shape[:2], *sizes)) for name, shape in program.inputs)
    try:
        return lay(program, inputs)
    except rfield.RFieldError:
        return None


def free_differences(program: p.Program) -> Iterator[Difference]:
    """One comparison for each layer, axis and number."""
    count = len(program.inputs[0][1]) - 2
    inputs = tuple((name, (*shape[:2], *(None,) * count)) for name, shape in program.inputs)
    try:
        free = lay(program, inputs)
    except rfield.RFieldError as error:
        sizes = [n for n in SIZES if at_size(program, (n,) * count) is not None]
        if sizes == list(SIZES):
            yield Difference("free axes refused", "a graph", error)
        return
    graphs = [g for n in SIZES if (g := at_size(program, (n,) * count)) is not None]
    if len(graphs) < len(SIZES):
        return
    yield from same_joins(free, graphs)
    for layer in program.layers:
        got = rfield.receptive_field(free, layer.name)
        known = [rfield.receptive_field(graph, layer.name) for graph in graphs]
        for k in range(count):
            for what in ("size", "stride", "padding", "sizes", "period"):
                values = {getattr(rf, what)[k] for rf in known}
                expected = values.pop() if len(values) == 1 else None
                found = getattr(got, what)[k]
                if what in ("size", "sizes") and expected is None:
                    expected = "not None" if found is None else found
                if found != expected:
                    yield Difference(f"{layer.name}: {what}[{k}]", expected, found)
                    return


def same_joins(free: Any, graphs: list[Any]) -> Iterator[Difference]:
    """A join is listed if any size has it, and says so where not all have it."""
    found = [{join.layer for join in rfield.alignment(graph).joins} for graph in graphs]
    some, every = set[str]().union(*found), found[0].intersection(*found)
    got = {join.layer: "some" in join.note for join in rfield.alignment(free).joins}
    expected = {layer: layer not in every for layer in some}
    if got != expected:
        yield Difference("joins: alignment", expected, got)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=5)
    options = parser.parse_args(arguments)
    bad: dict[str, list[int]] = {}
    for seed in range(options.seed, options.seed + options.count):
        for what in dict.fromkeys(name for name, _ in kinds_of(free_program(seed))):
            bad.setdefault(what, []).append(seed)
    sys.stdout.write(f"{options.count} free programs, {sum(map(len, bad.values()))} differ\n")
    for what, seeds in bad.items():
        sys.stdout.write(f"\n{what}: {len(seeds)}: {seeds[:10]}\n")
        for seed in seeds[: options.show]:

            def fails(candidate: p.Program, what: str = what) -> bool:
                return any(name == what for name, _ in kinds_of(candidate))

            small = shrink(free_program(seed), fails)
            sys.stdout.write(f"{small}\n")
            for _, text in kinds_of(small):
                sys.stdout.write(f"   {text}\n")
    return 1 if bad else 0


def kinds_of(program: p.Program) -> list[tuple[str, str]]:
    """(kind, text) of every difference; a crash counts as one."""
    try:
        return [(d.what.split(": ")[-1], str(d)) for d in free_differences(program)]
    except Exception as error:  # noqa: BLE001  # a crash of any kind is what this looks for
        return [(f"crash {type(error).__name__}", str(error))]


if __name__ == "__main__":
    raise SystemExit(main())
