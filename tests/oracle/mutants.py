"""Proof that the suite can fail: wrong algebra, one subtle mistake at a time, must be noticed.

    python -m tests.oracle.mutants

Each mutant replaces one function wherever it was imported, then a short random check runs; the
unchanged code must pass it and every mutant must not. Each runs in a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from typing import Any

Mutation = Callable[[Callable[..., Any]], Callable[..., Any]]
CHAINS, DAGS = range(300), range(40)


def compose_drops_the_last_tap(compose: Callable[..., Any]) -> Callable[..., Any]:
    from rfield.core.indices import IndexSet
    from rfield.core.relation import Sliding, minimal

    def mutant(outer: Any, inner: Any) -> Any:
        made = compose(outer, inner)
        taps = tuple(IndexSet.of(list(t)[:-1]) if len(t) > 2 else t for t in made.taps)
        return minimal(Sliding(made.period, made.advance, taps))

    return mutant


def compose_fills_the_holes(compose: Callable[..., Any]) -> Callable[..., Any]:
    from rfield.core.relation import Sliding, minimal

    def mutant(outer: Any, inner: Any) -> Any:
        made = compose(outer, inner)
        return minimal(Sliding(made.period, made.advance, tuple(t.hull() for t in made.taps)))

    return mutant


def compose_turns_the_phases(compose: Callable[..., Any]) -> Callable[..., Any]:
    from rfield.core.relation import Sliding

    def mutant(outer: Any, inner: Any) -> Any:
        made = compose(outer, inner)
        if made.period == 1:
            return made
        return Sliding(made.period, made.advance, made.taps[1:] + made.taps[:1])

    return mutant


def union_drops_the_last_run(union: Callable[..., Any]) -> Callable[..., Any]:
    from rfield.core.indices import IndexSet

    def mutant(sets: Any) -> Any:
        kept = list(sets)
        made = union(kept)
        if len({one for one in kept if one}) < 2 or made.dense:
            return made
        return IndexSet(made.combs[:-1])

    return mutant


def union_takes_the_hull(union: Callable[..., Any]) -> Callable[..., Any]:
    return lambda sets: union(sets).hull()


def same_swaps_before_and_after(same: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *a, lower=False, **k: same(*a, lower=not lower, **k)


def same_ignores_the_stride(same: Callable[..., Any]) -> Callable[..., Any]:
    def mutant(size: int, kernel: int, stride: int, dilation: int = 1, **k: Any) -> Any:
        return same(size, kernel, 1, dilation, **k)

    return mutant


def same_ignores_dilation(same: Callable[..., Any]) -> Callable[..., Any]:
    def mutant(size: int, kernel: int, stride: int, dilation: int = 1, **k: Any) -> Any:
        before, after = same(size, kernel, stride, dilation, **k)
        return (before + 1, after - 1) if dilation > 1 and after else (before, after)

    return mutant


MUTANTS: dict[str, tuple[str, str, Mutation]] = {
    "compose drops the last tap": ("relation", "compose", compose_drops_the_last_tap),
    "compose fills the holes": ("relation", "compose", compose_fills_the_holes),
    "compose turns the phases": ("relation", "compose", compose_turns_the_phases),
    "union drops the last run": ("indices", "union", union_drops_the_last_run),
    "union takes the hull": ("indices", "union", union_takes_the_hull),
    "SAME before and after swapped": ("padding", "same", same_swaps_before_and_after),
    "SAME ignores the stride": ("padding", "same", same_ignores_the_stride),
    "SAME is off by one when dilated": ("padding", "same", same_ignores_dilation),
}


def patch(module: str, name: str, mutation: Mutation) -> None:
    """Replace a core function in every module that holds it."""
    import rfield.analysis.engines.projective
    import rfield.analysis.geometry.fields
    import rfield.core.layout  # noqa: F401

    home = sys.modules[f"rfield.core.{module}"]
    original = getattr(home, name)
    mutant = mutation(original)
    for key, loaded in list(sys.modules.items()):
        if key.startswith("rfield") and getattr(loaded, name, None) is original:
            setattr(loaded, name, mutant)


def noticed(limit: int = 1) -> list[str]:
    """The first programs of the short check that differ."""
    from tests.oracle.check import new
    from tests.oracle.generator import case

    differing: list[str] = []
    for kind, seeds in (("chain", CHAINS), ("dag", DAGS)):
        for seed in seeds:
            differing += [f"{kind}:{seed} {d.what}" for d in new(case(kind, seed), seed)[:1]]
            if len(differing) >= limit:
                return differing
    return differing


def main(arguments: list[str] | None = None) -> int:
    """Without an argument: all mutants, each in its own process; with one: that mutant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("mutant", nargs="?", choices=["none", *MUTANTS])
    options = parser.parse_args(arguments)
    if options.mutant:
        if options.mutant != "none":
            patch(*MUTANTS[options.mutant])
        differing = noticed()
        sys.stdout.write(differing[0] if differing else "")
        return 1 if differing else 0
    good = True
    for name in ("none", *MUTANTS):
        command = [sys.executable, "-m", "tests.oracle.mutants", name]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.stderr:
            sys.stdout.write(run.stderr)
        red = run.returncode == 1 and not run.stderr
        good &= red == (name != "none")
        sys.stdout.write(f"{name:34s} {'red   ' + run.stdout if red else 'green'}\n")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
