"""What a survey is given: stores that are none, lists, filters."""

from __future__ import annotations

from pathlib import Path

import pytest

import rfield
from rfield.cli import main
from rfield.surveys import store
from rfield.surveys.zoos import specs_in


def test_a_folder_is_no_store(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(rfield.StoreError) as told, store.writing(Path()):
        pass
    assert str(told.value) == ".: the store cannot be opened: it is a folder"


def test_a_list_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xef\xbb\xbfodd.py:small\r\n")
    assert specs_in(path) == ["odd.py:small"]


def test_a_filter_needs_models(tmp_path: Path, capsys) -> None:
    assert main(["survey", "--filter", "zzz*", "--store", str(tmp_path / "s.db")]) != 0
    assert "needs models: SPEC, --list or --zoo" in capsys.readouterr().err


def test_a_refused_store_leaves_no_file_behind(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_text("no store\n" * 200)
    with pytest.raises(rfield.StoreError), store.writing(path):
        pass
    assert [found.name for found in tmp_path.iterdir()] == ["s.db"]


def test_a_function_in_a_file_gives_a_model_and_its_shape(tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "def small():\n"
        "    return nn.Conv2d(3, 4, 7, stride=2, padding=3), (1, 3, 64, 48)\n"
    )
    spec = f"{tmp_path / 'nets.py'}:small"
    (row,) = rfield.survey([spec], tmp_path / "s.db", workers=1).flat()
    assert (row["state"], row["input_y"], row["input_x"], row["size_y"]) == ("read", 64, 48, 7)
    assert rfield.load(spec, (1, 3, 32, 32)).shape(0) == (1, 3, 32, 32)
