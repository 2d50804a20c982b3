"""The short form of ``python -m tests.oracle.growing``, and that it can fail."""

from __future__ import annotations

from collections import Counter

import pytest

import rfield
from rfield.analysis.engines import passing
from rfield.analysis.engines.terms import Term
from rfield.core.kept import Kept
from tests.oracle import program as p
from tests.oracle.growing import found
from tests.oracle.growing_meaning import Along
from tests.oracle.growing_motifs import network
from tests.oracle.growing_networks import Growing


@pytest.mark.parametrize("first", range(0, 32, 8))
def test_fields_are_global_where_they_grow(first: int) -> None:
    tally: Counter[str] = Counter()
    for seed in range(first, first + 8):
        differing = [str(difference) for difference in found(network(seed), seed, tally)]
        assert not differing, f"--only {seed}\n{network(seed)}\n" + "\n".join(differing)
    assert min(tally["global"], tally["bounded"]) > tally["unclear"]


def windows(*, over_grid: bool) -> Growing:
    """A softmax inside windows of 4 of an image, or over all windows."""
    programs = []
    for n in (8, 16, 24):
        order = (0, 3, 5, 2, 4, 1) if over_grid else (0, 2, 4, 3, 5, 1)
        many = (n // 4) ** 2
        tokens = (1, 16, many, 1) if over_grid else (1, many, 16, 1)
        layers = (
            p.Layer("cut", p.Reshape((1, 1, n // 4, 4, n // 4, 4), (2, 3, 4, 5)), ("x",)),
            p.Layer("turned", p.Permute(order), ("cut",)),
            p.Layer("tokens", p.Reshape(tokens, (2, 3)), ("turned",)),
            p.Layer("mixed", p.Softmax(2), ("tokens",)),
        )
        programs.append(p.Program((("x", (1, 1, n, n)),), layers, ("mixed",)))
    return Growing(tuple(programs))


@pytest.mark.parametrize("over_grid", [False, True])
def test_windows_are_bounded_and_grids_are_not(over_grid: bool) -> None:
    made = windows(over_grid=over_grid)
    assert not found(made, 0)
    for axis in (2, 3):
        along = Along(made, axis)
        assert along.is_endless("mixed", -1) == over_grid
        assert along.readers == ({"mixed"} if over_grid else set())
        assert not along.unclear


def test_a_whole_axis_that_is_taken_for_bounded_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Term, "moves", lambda _term, _axis: False)
    monkeypatch.setattr(passing, "STEPS", Kept[passing.Step]())  # none from before
    assert any("global" in difference.what for difference in found(windows(over_grid=True), 0))


def test_a_window_that_is_taken_for_a_whole_axis_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fields = rfield.ReceptiveField
    monkeypatch.setattr(fields, "size", property(lambda rf: (rfield.UNBOUNDED,) * len(rf.axes)))
    expected = [d for d in found(windows(over_grid=False), 0) if "global" in d.what]
    assert expected
