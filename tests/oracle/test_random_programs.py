"""The short form of ``python -m tests.oracle.check``, part of every test run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle import program as p
from tests.oracle.check import LONG, new
from tests.oracle.generator import case, chain, dag

CHAINS, DAGS, BLOCKS, SMALL, LONG_AXES, AT_ONCE = 80, 60, 60, 200, 40, 20


@pytest.mark.parametrize("first", range(0, CHAINS, AT_ONCE))
def test_chains(first: int) -> None:
    agree("chain", first)


@pytest.mark.parametrize("first", range(0, DAGS, AT_ONCE))
def test_dags(first: int) -> None:
    agree("dag", first)


@pytest.mark.parametrize("first", range(0, BLOCKS, AT_ONCE))
def test_pieces_of_networks(first: int) -> None:
    agree("block", first)


@pytest.mark.parametrize("first", range(0, LONG_AXES, AT_ONCE))
def test_wide_windows_on_long_axes(first: int) -> None:
    agree("long", first)


@pytest.mark.parametrize("first", range(0, SMALL, AT_ONCE))
def test_both_engines_on_small_graphs_of_all_ops(first: int) -> None:
    agree("small", first, ["engines"])


def test_small_graphs_in_full() -> None:
    agree("small", 200_030)


def test_small_graphs_have_all_ops() -> None:
    used = {type(layer.op) for seed in range(400) for layer in case("small", seed).layers}
    assert used == set(get_args(p.Op))


@pytest.mark.parametrize("seed", [69_306, 6_955])
def test_whole_axis_reads_of_tiled_axes(seed: int) -> None:
    """Two positions that look at the same pixels are bounded; not beside a read of all of them."""
    program = case("small", seed)
    assert any(isinstance(layer.op, p.Tile) for layer in program.layers)
    assert not [str(difference) for difference in new(program, seed, ["engines", "fields"])]


def agree(kind: str, first: int, parts: Sequence[str] = LONG) -> None:
    """No difference on a block of seeds."""
    for seed in range(first, first + AT_ONCE):
        program = case(kind, seed)
        differing = [str(difference) for difference in new(program, seed, parts)]
        assert not differing, f"--only {kind}:{seed}\n{program}\n" + "\n".join(differing)


@settings(max_examples=20)
@given(rng=st.randoms(use_true_random=False), joins=st.booleans())
def test_programs_that_hypothesis_chooses(rng: st.SearchStrategy, joins: bool) -> None:
    program = dag(rng) if joins else chain(rng)  # type: ignore[arg-type]
    differing = [str(difference) for difference in new(program, 0)]
    assert not differing, f"{program}\n" + "\n".join(differing)
