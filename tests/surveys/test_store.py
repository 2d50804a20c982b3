"""The store: transactions, one writer, and files that are no store are not touched."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import rfield
from rfield.surveys import store
from tests.surveys.zoo import spec


def reply(name: str, state: str = "read", code: str = "c1", error: str | None = None):
    row = {"spec": name, "at": "native", "state": state, "code": code, "origin": "zoo 1",
           "error": error}  # fmt: skip
    return {"row": row, "growth": [["conv1", [3, 3]]]}


def missing(rows, wanted, code="c1", *, sizes=False, again=False):
    current = dict.fromkeys(wanted, (code, "zoo 1"))
    keys = [(name, "native") for name in wanted]
    return [name for name, _ in store.missing(rows, keys, current, sizes=sizes, again=again)]


def test_what_is_put_is_there(tmp_path):
    path = tmp_path / "s.db"
    with store.writing(path) as rows:
        rows.put(reply("b"))
        rows.put(reply("a", "refused", error="no rule"))
        rows.put(reply("a", "read"))
    with store.reading(path) as rows:
        assert [row["spec"] for row in rows.rows()] == ["a", "b"]
        assert (len(rows), rows.rows()[0]["state"]) == (2, "read")
        assert rows.growth()["b", "native"] == [["conv1", [3, 3]]]
    assert [entry.name for entry in tmp_path.iterdir()] == ["s.db"]


def test_what_is_missing(tmp_path):
    with store.writing(tmp_path / "s.db") as rows:
        rows.put(reply("read"))
        rows.put(reply("refused", "refused"))
        rows.put(reply("sized"), sizes=True)
        every = ["read", "refused", "sized", "new"]
        assert missing(rows, every) == ["new"]
        assert missing(rows, every, again=True) == ["refused", "new"]
        assert missing(rows, every, sizes=True) == ["read", "refused", "new"]
        assert missing(rows, every, code="c2") == every


def test_a_file_that_changes_is_measured_again(tmp_path):
    model, path = tmp_path / "net.py", tmp_path / "s.db"
    text = "from tests.surveys.zoo import network\ndef net(): return network({})\n"
    model.write_text(text.format("3"))
    first = rfield.survey(f"{model}:net", path, workers=1)
    assert first.rows[0]["size"] == [3, 3]
    model.write_text(text.format("3, 3, 3"))
    again = rfield.survey(f"{model}:net", path, workers=1)
    assert (again.effort.measured, again.rows[0]["size"]) == (1, [7, 7])
    assert rfield.survey(f"{model}:net", path, workers=1).effort.measured == 0


def test_one_writer(tmp_path):
    path = tmp_path / "s.db"
    with store.writing(path) as rows:
        rows.put(reply("a"))
        with pytest.raises(rfield.StoreError) as told:
            rfield.survey(spec("small"), path)
        assert str(told.value) == f"{path}: another survey is writing into this store"
        with store.reading(path) as read:  # who reads is not in the way
            assert len(read) == 1
    assert rfield.survey(store=path).rows[0]["spec"] == "a"


def foreign(path):
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE models (spec TEXT)")


def newer(path):
    with store.writing(path):
        pass
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA user_version = 7")


BAD = {
    "text": (
        lambda path: path.write_text("spec,size\n" * 99),
        "{}: this is no store of a survey; it is not touched",
    ),
    "foreign": (foreign, "{}: this is no store of a survey; it is not touched"),
    "newer": (
        newer,
        "{}: a store of schema 7; this release knows 1.\n"
        "  Use the release of rfield that wrote it, or another file",
    ),
    "folder": (
        lambda path: path.mkdir(),
        "{}: the store cannot be opened: it is a folder",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_is_no_store(kind, tmp_path):
    path = tmp_path / "s.db"
    make, told = BAD[kind]
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    for ask in (lambda: rfield.survey(spec("small"), path), lambda: rfield.survey(store=path)):
        with pytest.raises(rfield.StoreError) as caught:
            ask()
        assert str(caught.value) == told.format(path)
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_there_is_no_store(tmp_path):
    path = tmp_path / "s.db"
    with pytest.raises(rfield.StoreError) as told:
        rfield.survey(store=path)
    assert str(told.value) == f"{path}: there is no such store. rfield survey makes one"
    with pytest.raises(rfield.StoreError) as told:
        rfield.survey(spec("small"), tmp_path / "none" / "s.db")
    path = tmp_path / "none" / "s.db"
    assert str(told.value) == f"{path}: the store cannot be opened: unable to open database file"


def test_a_full_disk_loses_nothing(tmp_path):
    path = tmp_path / "s.db"
    with store.writing(path) as rows:
        rows.put(reply("a"))
        rows._connection.execute("PRAGMA max_page_count = 8")
        long = reply("b", error="x" * 100_000)
        with pytest.raises(rfield.StoreError) as told:
            rows.put(long)
    assert str(told.value) == (
        f"{path}: the row of b cannot be written: database or disk is full.\n"
        "  The 1 rows before it are kept; the same command goes on from there"
    )
    with store.reading(path) as rows:
        assert [row["spec"] for row in rows.rows()] == ["a"]
