"""The short form of ``python -m tests.oracle.check``, part of every test run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.check import new
from tests.oracle.generator import case, chain, dag

CHAINS, DAGS, BLOCKS, AT_ONCE = 80, 60, 60, 20


@pytest.mark.parametrize("first", range(0, CHAINS, AT_ONCE))
def test_chains(first: int) -> None:
    agree("chain", first)


@pytest.mark.parametrize("first", range(0, DAGS, AT_ONCE))
def test_dags(first: int) -> None:
    agree("dag", first)


@pytest.mark.parametrize("first", range(0, BLOCKS, AT_ONCE))
def test_pieces_of_networks(first: int) -> None:
    agree("block", first)


def agree(kind: str, first: int) -> None:
    """No difference on a block of seeds."""
    for seed in range(first, first + AT_ONCE):
        program = case(kind, seed)
        differing = [str(difference) for difference in new(program, seed)]
        assert not differing, f"--only {kind}:{seed}\n{program}\n" + "\n".join(differing)


@settings(max_examples=20)
@given(rng=st.randoms(use_true_random=False), joins=st.booleans())
def test_programs_that_hypothesis_chooses(rng: st.SearchStrategy, joins: bool) -> None:
    program = dag(rng) if joins else chain(rng)  # type: ignore[arg-type]
    differing = [str(difference) for difference in new(program, 0)]
    assert not differing, f"{program}\n" + "\n".join(differing)
