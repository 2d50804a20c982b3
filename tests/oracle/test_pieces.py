"""Pieces of random networks against the numbers: some seeds, and what a judge must see."""

from __future__ import annotations

import numpy as np
import pytest

from rfield.analysis.pieces.tiles.tile import AxisTiles
from tests.oracle import by_hand
from tests.oracle.pieces import main, of

FOUND_ONCE = (
    15, 66, 74, 165, 217, 220, 266, 286, 340, 471, 488, 619, 700, 725, 1321, 1651, 2327, 3429, 3975,
    5396, 5626, 6327, 6421, 7054, 7073, 7608, 8216, 10278, 10458, 10855, 11189, 11322, 11545, 12979,
    14224, 15598, 18261, 18273, 52095, 105460, 305707, 600526, 603567, 607628,
    609869, 613219, 617401, 617977, 703625, 922885, 922933, 8100102,
)  # fmt: skip
"""Networks that were refused although they have tiles or windows, or crashed, or were wrong, or had
no end."""


@pytest.mark.parametrize("seed", FOUND_ONCE)
def test_what_was_refused_once(seed: int) -> None:
    assert [pair for pair in of("declared", seed) if pair[1]] == []


@pytest.mark.parametrize("seed", range(3))
def test_declared_networks(seed: int) -> None:
    pairs = list(of("declared", seed))
    assert len(pairs) > 2
    assert [pair for pair in pairs if pair[1]] == []


@pytest.mark.torch
def test_a_network_in_torch() -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    assert [pair for pair in of("torch", 26) if pair[1]] == []


def test_a_plan_that_is_wrong_is_seen(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Tiles that begin one position further give other numbers."""
    start = AxisTiles.start

    def late(self: AxisTiles, number: int) -> int:
        return min(start(self, number) + (number > 0), self.padded - self.tile)

    monkeypatch.setattr(AxisTiles, "start", late)
    states = {what for seed in range(12) for what, _ in of("declared", seed)}
    assert "tiles: differ" in states or "crashed" in states
    assert main(["--only", "declared:1"]) in (0, 1)
    assert "tiles:" in capsys.readouterr().out


def test_a_run_goes_on_from_its_record(tmp_path, monkeypatch, capsys) -> None:
    command = ["--declared", "3", "--record", str(tmp_path / "run.jsonl"), "--processes", "1"]
    assert main(command) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr("tests.oracle.pieces.of", lambda *_: [("nothing is tried again", "so")])
    assert main(command) == 0
    assert capsys.readouterr().out == first


def _runs(function, size: int, other: int = 0) -> by_hand.Runs:
    x = np.random.default_rng(other).integers(1, 10**6, (1, 1, size)).astype(float)
    return lambda start, stop: function(x[:, :, start:stop])


def _conv(x: np.ndarray) -> np.ndarray:
    x = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    return x[:, :, 2:] + 3 * x[:, :, 1:-1] + 7 * x[:, :, :-2]


def test_tiles_and_windows_by_hand() -> None:
    found = by_hand.tiles(_runs(_conv, 30), 30, 8)
    assert found is not None
    assert (found.first, found.stop) == (1, found.tile - 1)
    assert by_hand.streams(_runs(_conv, 72), 72, 2) == 1
    pooled = lambda x: x.reshape(1, 1, -1, 2).max(3) if x.shape[2] % 2 == 0 else None  # noqa: E731
    assert by_hand.streams(_runs(pooled, 72), 72, 2) == 2


def test_what_reads_everything_has_none() -> None:
    whole = lambda x: x - x.mean()  # noqa: E731
    assert by_hand.tiles(_runs(whole, 30), 30, 8) is None
    assert by_hand.streams(_runs(whole, 72), 72, 2) is None
