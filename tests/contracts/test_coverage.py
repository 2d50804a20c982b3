"""The page of ops says what the rule tables hold, for every framework that is installed here."""

from __future__ import annotations

from pathlib import Path

import pytest

from rfield.frontends.coverage import FRONT_ENDS, families_of, main, page_of, sections

PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"


@pytest.mark.parametrize(
    "folder", [pytest.param(name, marks=getattr(pytest.mark, name)) for name in FRONT_ENDS]
)
def test_the_page_is_up_to_date(folder):
    assert sections(PAGE.read_text("utf-8"))[FRONT_ENDS[folder]] == families_of(folder)


def test_the_page_says_nothing_else():
    page = PAGE.read_text("utf-8")
    assert page_of(sections(page)) == page
    assert list(sections(page)) == list(FRONT_ENDS.values())


@pytest.mark.onnx
def test_an_op_that_is_missing_on_the_page_is_put_there(tmp_path):
    page = PAGE.read_text("utf-8")
    copy = tmp_path / "coverage.md"
    copy.write_text(page.replace("`Einsum`", ""), "utf-8")
    assert sections(copy.read_text("utf-8"))["ONNX"] != families_of("onnx")
    assert main([str(copy)]) == 0
    assert "Einsum" in sections(copy.read_text("utf-8"))["ONNX"]["contraction"]
