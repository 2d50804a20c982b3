"""Rows for other programs: without specs nothing is run, and every form says the same."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest

from rfield.cli import main
from rfield.surveys import export, store
from rfield.surveys.columns import COLUMNS

ROW = {
    "spec": "a", "at": "native", "state": "read", "code": "c", "origin": "", "axes": ["y", "x"],
    "size": [7, 9], "strict": ["unbounded", 9], "stride": ["1/2", 2], "padding": [None, 3],
    "worst_offset": "5/2", "stage_sizes": "3 7x9",
}  # fmt: skip
SIGNAL = {**ROW, "spec": "s", "axes": ["t"], "size": [5], "strict": [5], "stride": [1],
          "padding": [2], "worst_offset": 0}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    with store.writing(tmp_path / "s.db") as rows:
        for row in (ROW, SIGNAL):
            rows.put({"row": row, "growth": []})
    return tmp_path / "s.db"


def test_json_is_a_list_of_flat_objects(path, capsys):
    assert main(["survey", "--store", str(path), "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["spec"] for row in rows] == ["a", "s"]
    assert list(rows[0]) == list(rows[1])
    assert not any(isinstance(value, (list, dict)) for row in rows for value in row.values())
    exact = {name: rows[0][name] for name in ("strict_y", "stride_y", "padding_y", "worst_offset")}
    assert exact == {
        "strict_y": "unbounded", "stride_y": "1/2", "padding_y": None, "worst_offset": "5/2"
    }  # fmt: skip
    assert (rows[0]["size_t"], rows[1]["size_t"], rows[1]["size_y"]) == (None, 5, None)


def test_csv_has_numbers(path, capsys):
    assert main(["survey", "--store", str(path), "--format", "csv"]) == 0
    a, s = csv.DictReader(StringIO(capsys.readouterr().out))
    assert (a["strict_y"], a["stride_y"], a["padding_y"], a["worst_offset"]) == (
        "inf", "0.5", "", "2.5",
    )  # fmt: skip
    assert (a["size_y"], a["stage_sizes"], s["size_t"]) == ("7", "3 7x9", "5")


def test_parquet_has_the_columns_of_the_csv(path, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    assert main(["survey", "--store", str(path), "-o", str(tmp_path / "rows.parquet")]) == 0
    found = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    assert found == export.numbers([ROW, SIGNAL])
    assert found[0]["strict_y"] == float("inf")


def test_the_form_follows_the_file(path, tmp_path):
    target = tmp_path / "rows.json"
    assert main(["survey", "--store", str(path), "-o", str(target)]) == 0
    assert len(json.loads(target.read_text())) == 2


def test_an_export_runs_nothing(path, monkeypatch, capsys):
    monkeypatch.setattr("subprocess.Popen", None)
    assert main(["survey", "--store", str(path)]) == 0
    assert "models          2: 2 read" in capsys.readouterr().out


def test_the_page_names_every_column():
    page = (Path(__file__).parents[2] / "docs" / "survey.md").read_text("utf-8")
    for name, meaning, per_axis, _ in COLUMNS:
        assert f"| `{name}`{' ·' if per_axis else ''} | {meaning} |\n" in page
