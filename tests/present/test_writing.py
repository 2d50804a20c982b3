"""Where a report goes decides how it looks."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import pytest

from rfield.present.report import Column, Report, Table
from rfield.present.summary import summary
from rfield.present.terminal import to_svg
from rfield.present.text import plain
from rfield.present.writing import as_text, columns_of, safe_lines, shows_colours, to_stream
from tests.present.models import gated, hostile

REPORT = Report(
    "test", "title", (Table((Column("layer", "left", name=True), Column("r")), (("[red]x", "3"),)),)
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Pipe(io.StringIO):
    """A stream with an encoding of its own."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self.named = encoding

    @property
    def encoding(self) -> str:
        return self.named


def without_codes(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture(autouse=True)
def a_wide_colour_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_terminal_gets_the_same_text_in_colour():
    stream = Terminal()
    report = summary(gated(), title="gated").report
    to_stream(report, "table", stream)
    assert "\x1b[1m" in stream.getvalue()
    lines = [line.rstrip() for line in without_codes(stream.getvalue()).splitlines()]
    assert lines == plain(report).splitlines()


def test_names_are_never_markup_or_codes_on_a_terminal():
    stream = Terminal()
    to_stream(summary(hostile()).report, "table", stream)
    text = without_codes(stream.getvalue())
    assert "[bold]a|b`c*" in text
    assert "\\x1b[31mred\\n" in text
    assert "\x1b" not in text


def test_a_narrow_terminal_shortens_names(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    table = Table(
        (Column("layer", "left", name=True), Column("r")), (("a/long/name/of/a/layer" * 3, "3"),)
    )
    to_stream(Report("test", "", (table,)), "table", stream)
    lines = without_codes(stream.getvalue()).splitlines()
    assert max(map(len, lines)) <= 40
    assert "…" in lines[-2]


@pytest.fixture
def no_width(monkeypatch):
    monkeypatch.delenv("COLUMNS")


@pytest.mark.usefixtures("no_width")
def test_a_pipe_gets_plain_text():
    stream = Pipe("utf-8")
    to_stream(REPORT, "table", stream)
    assert stream.getvalue() == plain(REPORT)
    assert "\x1b" not in stream.getvalue()


@pytest.mark.usefixtures("no_width")
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_pipe_without_rules_gets_ascii(encoding):
    stream = Pipe(encoding)
    to_stream(REPORT, "table", stream)
    assert stream.getvalue() == plain(REPORT, ascii_only=True)
    assert "----" in stream.getvalue()
    named = Report("test", "", (Table((Column("layer"),), (("層",),)),))
    stream = Pipe(encoding)
    to_stream(named, "table", stream)
    assert "\\u5c64" in stream.getvalue()


def test_a_terminal_can_be_told_not_to_colour(monkeypatch):
    assert shows_colours(Terminal())
    assert not shows_colours(Pipe("utf-8"))
    monkeypatch.setenv("TERM", "dumb")
    assert not shows_colours(Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert shows_colours(Pipe("utf-8"))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not shows_colours(Terminal())
    assert not shows_colours(Pipe("utf-8"))
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "0")
    assert not shows_colours(Pipe("utf-8"))


@pytest.mark.parametrize("habit", ["NO_COLOR", "FORCE_COLOR", "TERM"])
@pytest.mark.parametrize("columns", [60, 72])
def test_a_table_is_no_wider_than_was_asked_for(habit, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv(habit, "dumb")
    report = summary(hostile()).report
    for stream in (Terminal(), Pipe("utf-8")):
        to_stream(report, "table", stream)
        lines = without_codes(stream.getvalue()).splitlines()
        assert max(map(len, lines)) <= columns
        assert ("\x1b[" in stream.getvalue()) is (habit == "FORCE_COLOR")


@pytest.mark.parametrize("columns", ["", "0", "-5", "wide", "²"])
def test_a_width_that_is_none_is_not_minded(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    stream = Pipe("utf-8")
    to_stream(REPORT, "table", stream)
    assert stream.getvalue() == plain(REPORT)
    assert columns_of(Terminal()) == 80  # nothing can be learned of it


def test_a_terminal_of_next_to_nothing(monkeypatch):
    monkeypatch.setenv("COLUMNS", "1")
    stream = Terminal()
    to_stream(summary(gated()).report, "table", stream)
    assert "stem" in without_codes(stream.getvalue())


@pytest.mark.parametrize("form", ["markdown", "csv", "json", "svg"])
def test_other_forms_are_the_same_on_a_terminal(form):
    stream = Terminal()
    to_stream(summary(gated()).report, form, stream)
    assert stream.getvalue() == as_text(summary(gated()).report, form)


def test_error_lines_keep_their_breaks_and_nothing_else():
    assert safe_lines("a\x1b[1m\nb", Pipe("utf-8")) == "a\\x1b[1m\nb"


def test_a_picture_loads_nothing_and_is_well_formed():
    svg = to_svg(summary(hostile()).report)
    root = ET.fromstring(svg)
    text = "".join(root.itertext()).replace("\xa0", " ")
    assert "[bold]a|b`c*" in text
    assert "@font-face" not in svg
    assert not re.search(r"url\(['\"]?http|<image|<script|href", svg)
