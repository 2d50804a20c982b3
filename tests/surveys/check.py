"""Hold rows of a survey against ``rfield.summary``, and against what running models depend on.

    python -m tests.surveys.check survey.db [--rows 40] [--models 10] [--seed 0]

Random rows are read again, and the numbers of the last map compared with those of the summary. Of
random convolutional models the last map is measured: one pixel of the input is NaN, and what
becomes NaN has to be the outputs that read it by the row's r, S and P, no less and no more.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import rfield
from rfield.frontends.registry import resolve
from rfield.surveys.measuring import read
from rfield.surveys.running import exported

LARGEST = 640
"""The largest field that is measured: the image has to be larger."""
Row = Mapping[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each row that is looked at; 1 if any differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.surveys.check")
    parser.add_argument("store", type=Path)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    rows = [row for row in exported(chosen.store).rows if row["state"] == "read" and row.get("map")]
    draw = random.Random(chosen.seed)
    wrong = 0
    for row in draw.sample(rows, min(chosen.rows, len(rows))):
        wrong += _say(row, against_summary(row))
    plain = [row for row in rows if can_be_measured(row)]
    looked_at = 0
    for row in draw.sample(plain, len(plain)):
        if looked_at == chosen.models:
            break
        told = against_the_running_model(row, draw)
        if told is not None:
            looked_at += 1
            wrong += _say(row, told)
    return 1 if wrong else 0


def _say(row: Row, problem: str) -> bool:
    sys.stdout.write(f"{row['spec']:44} {row['size']} {problem or 'agrees'}\n")
    sys.stdout.flush()
    return bool(problem)


def against_summary(row: Row) -> str:
    """What differs between a row and the summary of the same model; empty if nothing does."""
    graph = read(row["spec"], row["at"])
    try:
        found = rfield.summary(graph, wrt=row["wrt"], depth="all")
    except rfield.TooLargeError as error:  # of a column that the row leaves empty
        told = str(error).partition(" needs ")[0]
        return "" if told in (row["error"] or "") else str(error)
    last = found[row["map"]] if row["map"] in graph.layers else None
    if last is None:
        last = rfield.summary(graph, wrt=row["wrt"], depth="all", ops=True)[row["map"]]
    numbers = {
        "size": list(last.local),
        "strict": ["unbounded" if n is rfield.UNBOUNDED else n for n in last.size],
        "stride": [None if s is None else _exact(s) for s in last.stride],
        "padding": [None if p is None else _exact(p) for p in last.padding],
        "map_shape": "x".join(map(str, last.shape)),
        "global_layers": len(last.global_reads),
        "fidelity": last.fidelity,
        "first_beyond": found.first_exceeding,
        "parameters": rfield.cost(graph).parameters,
        "misaligned": len(rfield.alignment(graph).joins),
        "unproductive": len(rfield.path_fields(graph, wrt=row["wrt"]).unproductive()),
    }
    return "; ".join(
        f"{name}: {row[name]} in the row, {value} now"
        for name, value in numbers.items()
        if row[name] != value
    )


def _exact(number: Fraction | int) -> int | str:
    whole = Fraction(number)
    return int(whole) if whole.denominator == 1 else str(whole)


def can_be_measured(row: Row) -> bool:
    """A convolutional model of a zoo of PyTorch with a plain field that is not too large."""
    zoo = row["source"] in ("timm", "torchvision") and row["global_layers"] == 0
    plain = zoo and len(row["axes"]) == 2 and row["fidelity"] == "exact" and row["period"] == [1, 1]
    known = plain and None not in (*row["padding"], *row["stride"])
    return known and max(row["size"]) <= LARGEST


def against_the_running_model(row: Row, draw: random.Random) -> str | None:
    """Where the outputs that read a pixel differ from those that become NaN with it.

    None where the last map is the output of no module, and cannot be looked at.
    """
    import torch

    from tests.torch.oracle import measured

    torch.manual_seed(0)
    model, _ = resolve("torch:build_live")(row["spec"])  # type: ignore[call-arg, misc]
    if row["map"] not in dict(model.named_modules()):
        return None
    step = int(max(row["stride"]))
    # as many steps larger as the field is, so that padding falls as it does at the model's size
    image = [n + step * (-(-r // step) + 1) for n, r in zip(row["input"], row["size"], strict=True)]
    probes = [tuple(draw.randrange(n) for n in image) for _ in range(3)]
    layer = row["map"]
    last = int(row["map_shape"].split("x")[-1])
    channels = 0 if abs(last * step - row["input"][-1]) < 2 * step else -1  # or channels last
    for probe in probes:
        nan = measured(model.eval(), (1, 3, *image), [probe])[layer][0][0].any(axis=channels)
        sides = [
            reading(length, pixel, r, int(s), p)
            for length, pixel, r, s, p in zip(
                nan.shape, probe, row["size"], row["stride"], row["padding"], strict=True
            )
        ]
        if not np.array_equal(nan, np.outer(*sides)):
            return f"differs at the pixel {probe} of {image}"
    return ""


def reading(outputs: int, pixel: int, size: int, stride: int, padding: int) -> np.ndarray:
    """Which outputs along one axis read a pixel, by r, S and P alone."""
    first = stride * np.arange(outputs) - padding
    return (first <= pixel) & (pixel < first + size)


if __name__ == "__main__":
    raise SystemExit(main())
