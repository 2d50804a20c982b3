"""What a model does to its worker process harms no model after it."""

from __future__ import annotations

import shutil
from pathlib import Path

from rfield.surveys.process import Child, Limits, Task
from tests.surveys.zoo import HERE, spec


def told(*specs: str) -> list[tuple[str, str, str | None]]:
    child = Child(Limits(seconds=30))
    try:
        rows = [child.measure(Task(each, "native"))["row"] for each in specs]
    finally:
        child.end()
    return [(row["spec"].rpartition(":")[2], row["state"], row["error"]) for row in rows]


def test_the_child_of_a_model_does_not_answer() -> None:
    found = told(spec("forks"), spec("slow"), spec("raises"), spec("small"))
    assert found == [
        ("forks", "read", None),
        ("slow", "read", None),
        ("raises", "failed", "ZeroDivisionError: no such width"),
        ("small", "read", None),
    ]


def test_a_reply_that_is_none() -> None:
    assert told(spec("breaks_json"), spec("small")) == [
        ("breaks_json", "crashed", "its process gave another reply than was asked"),
        ("small", "read", None),
    ]


def test_the_folder_is_left_again(tmp_path: Path, monkeypatch) -> None:
    shutil.copy(HERE, tmp_path / "mine.py")
    monkeypatch.chdir(tmp_path)
    assert told("mine.py:moves", "mine.py:small") == [
        ("moves", "read", None),
        ("small", "read", None),
    ]


def test_a_model_that_reads_finds_nothing() -> None:
    assert told(spec("asks")) == [("asks", "failed", "EOFError: EOF when reading a line")]


def test_last_words_are_of_the_model_itself() -> None:
    assert told(spec("speaks"), spec("leaves")) == [
        ("speaks", "read", None),
        ("leaves", "crashed", "its process ended with status 3"),
    ]
