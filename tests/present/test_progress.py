"""A bar on standard error: after a second, and only where somebody looks or asked."""

from __future__ import annotations

import sys

import pytest

from rfield.cli import main
from rfield.present import progress


class Bar:
    """What is told to a bar."""

    def __init__(self) -> None:
        self.task_ids, self.told, self.over = [0], list[tuple[int, int | None]](), False

    def update(self, task: int, completed: int, total: int | None) -> None:
        self.told.append((completed, total))

    def stop(self) -> None:
        self.over = True


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Bar]]:
    """All bars that are shown, with what they are of."""
    found: list[tuple[str, Bar]] = []

    def started(what: str) -> Bar:
        found.append((what, Bar()))
        return found[-1][1]

    monkeypatch.setattr(progress, "_started", started)
    return found


def test_what_is_soon_done_has_no_bar(
    monkeypatch: pytest.MonkeyPatch, bars: list[tuple[str, Bar]]
) -> None:
    times = iter([0.0, 0.5, 0.9, 1.0, 7.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    with progress.shown(True, "runs") as report:
        assert report is not None
        for done in (1, 2):
            report(done, 4)
        assert bars == []
        for done in (3, 4):
            report(done, 4)
    ((what, bar),) = bars
    assert (what, bar.told, bar.over) == ("runs", [(3, 4), (4, 4)], True)


@pytest.mark.parametrize("terminal", [True, False])
def test_sizes_have_a_bar_on_a_terminal(
    terminal: bool,
    monkeypatch: pytest.MonkeyPatch,
    bars: list[tuple[str, Bar]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert main(["sizes", "article:vgg_16", "--output-size", "7"]) == 0
    shown = [(what, bool(bar.told), bar.over) for what, bar in bars]
    assert shown == [("sizes read", True, True)] * terminal
    assert capsys.readouterr().err == ""


def test_a_bar_is_written_and_taken_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    with progress.shown(True, "runs") as report:
        assert report is not None
        report(1, 2)
    assert capsys.readouterr().out == ""
