"""Models of other packages, read and held against what they do: one row each, then a tally.

    python -m tests.models.thirdparty [--package NAME ...] [--match GLOB]

The packages are no dependencies of rfield; one that is missing is told and left out. Nothing is
downloaded: all weights are random. ``exact``: all that was looked at is read as claimed, and that
was exact. ``bound``: some of it is claimed as an upper bound, and nothing is read beyond. ``too
large``: an element that was claimed as exact is not read. ``wrong``: something is read that was
not claimed. ``undecided``: pairs that only NaN reaches.
The exit status is 1 if anything is wrong or crashed.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatch

for _offline in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "WANDB_DISABLED"):
    os.environ[_offline] = "1"

import torch  # noqa: E402  # after the environment is set

from . import others  # noqa: E402, F401  # adds its models
from .catalogue import MODELS  # noqa: E402
from .measuring import STATES, Finding, examine  # noqa: E402

LONG, MOST = 0.1, 2
"""From which seconds on ``summary`` is held against the fields, and how many times these it may
take."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rows and the tally."""
    parser = argparse.ArgumentParser(prog="python -m tests.models.thirdparty", description=__doc__)
    parser.add_argument("--package", action="append", help="only this one; repeated")
    parser.add_argument("--match", default="*", help="only models whose name matches")
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    found: list[Finding] = []
    for entry in MODELS:
        if chosen.package and entry.package not in chosen.package:
            continue
        if fnmatch(entry.name, chosen.match):
            start = time.perf_counter()
            found.append(examine(entry))
            say(row(found[-1], time.perf_counter() - start))
    say(tally(found))
    return int(any(one.state in ("wrong", "crashed") for one in found))


def row(found: Finding, seconds: float) -> str:
    """One model."""
    name = f"{found.entry.package}: {found.entry.name}"
    doubts = f", {found.undecided} undecided" if found.undecided else ""
    counts = f"{found.pairs:6} pairs{doubts}"
    told = f"  {found.reason}" if found.reason else ""
    return f"{name:48} {found.state:9} {found.size:>20} {counts} {seconds:5.1f} s{told}"


def tally(found: Sequence[Finding]) -> str:
    """How many of each package ended how."""
    packages = list(dict.fromkeys(one.entry.package for one in found))
    lines = ["", f"{'package':32}" + "".join(f"{state:>10}" for state in STATES)]
    for package in [*packages, "all"]:
        mine = Counter(one.state for one in found if package in ("all", one.entry.package))
        lines.append(f"{package:32}" + "".join(f"{mine[state] or '':>10}" for state in STATES))
    read = sum(one.state not in ("refused", "crashed", "not run") for one in found)
    held = {one.entry.package for one in found if one.state in ("exact", "bound", "too large")}
    lines.append(f"{read} models of {len(held)} packages read and held against what they do")
    shares = {one.entry.name: one.summary / one.fields for one in found if one.summary > LONG}
    over = [f"{name} {share:.1f}" for name, share in shares.items() if share > MOST]
    lines.append(
        f"summary at most {MOST} times every layer's field, where it takes over {LONG} s: "
        f"{len(shares) - len(over)} of {len(shares)}; over: {', '.join(over) or 'none'}"
    )
    return "\n".join(lines)


def say(text: str) -> None:
    """Whoever waits sees each row."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
