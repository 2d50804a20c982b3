"""A summary as a tree of modules: in lines, in HTML that opens, and what is out of sight."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

import rfield
from rfield.cli import main
from tests.present.models import plain_chain

STAGES = """\
 declared · fields in image (t: 64)

 layer   op         output  size r  stride S  padding P  center  sees %
────────────────────────────────────────────────────────────────────────
 stem    conv       1x1x64       3         1          1       0     4.7
 a       pointwise  1x1x64      35         1         17       0      55
   a.0   pointwise  1x1x64       5         1          2       0     7.8
   a.1   pointwise  1x1x64       7         1          3       0      11
"""


def stages(count: int = 16) -> rfield.Graph:
    """A stem and modules ``a``, ``b.0`` (no ``b``) of many layers each; parents come last."""
    b = rfield.GraphBuilder()
    x = b.conv("stem", b.input("image", (1, 1, 64)), kernel=3, padding=1)
    for outer in ("a", "b.0"):
        for block in range(count):
            x = b.conv(f"{outer}.{block}.conv", x, kernel=3, padding=1)
            x = b.pointwise(f"{outer}.{block}", x)
        x = b.pointwise(outer, x)
    return b.build([x])


class Opened(HTMLParser):
    """The rows of a page with how deep they lie, and whether all around them is open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.around: list[bool] = []
        self.rows: list[tuple[str, int, bool]] = []
        self.at_name = self.in_summary = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "details":
            self.around.append("open" in given)
        self.in_summary = self.in_summary or tag == "summary"
        self.at_name = self.at_name or given.get("class") == "rf-row"

    def handle_endtag(self, tag):
        if tag == "details":
            self.around.pop()
        self.in_summary = self.in_summary and tag != "summary"

    def handle_data(self, data):
        if self.at_name and data.strip():
            around = self.around[:-1] if self.in_summary else self.around
            self.rows.append((data.strip(), len(around), all(around)))
            self.at_name = False


def test_a_module_stands_before_what_lies_in_it():
    text = str(rfield.summary(stages(), depth=2))
    assert text.startswith(STAGES)
    names = [line.split()[0] for line in text.splitlines()[4:] if line.startswith(" ")]
    assert names[:19] == ["stem", "a", *(f"a.{k}" for k in range(16)), "b.0"]
    assert " depth 2: 19 of 67 layers; depth=3 shows more, depth='all' everything\n" in text


def test_rows_and_what_programs_read_stay_in_the_order_of_computation():
    found = rfield.summary(stages(1), depth=1)
    order = ["stem", "a.0.conv", "a.0", "a", "b.0.0.conv", "b.0.0", "b.0"]
    assert [row.layer for row in found] == order
    assert [line.split(",")[0] for line in found.to_csv().splitlines()[1:]] == order
    assert [row.layer for row in found.shown] == ["stem", "a"]
    ops = str(rfield.summary(stages(1), ops=True)).splitlines()
    assert [line.split()[0] for line in ops[4:12]] == ["image", *order]


def test_html_opens_what_the_text_leaves_out():
    page = rfield.summary(stages(2), depth=2)._repr_html_()
    assert Opened(page).rows[1:] == [
        ("stem", 0, True), ("a", 0, True), ("a.0", 1, True), ("a.0.conv", 2, False),
        ("a.1", 1, True), ("a.1.conv", 2, False), ("b.0", 0, True), ("b.0.0", 1, False),
        ("b.0.0.conv", 2, False), ("b.0.1", 1, False), ("b.0.1.conv", 2, False),
    ]  # fmt: skip
    assert "<script" not in page
    assert "http" not in page
    assert "depth" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


def test_a_table_without_modules_is_a_table():
    page = rfield.summary(plain_chain(8))._repr_html_()
    assert page.count("<tr") == 3
    assert "<details" not in page


def test_narrow_lines_keep_the_indentation_and_no_two_names_are_the_same(monkeypatch):
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 32, 32))
    for stage in ("encoder_stage_one", "encoder_stage_two"):
        x = b.conv(f"{stage}.projection_convolution_first", x, kernel=3, padding=1)
        x = b.conv(f"{stage}.projection_convolution_second", x, kernel=3, padding=1)
        x = b.pointwise(stage, x)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    lines = str(rfield.summary(b.build([x]))).splitlines()
    assert max(map(len, lines)) <= 80
    assert [line[: len(line) - len(line.lstrip())] for line in lines[4:10]] == [
        " ", "   ", "   ", " ", "   ", "   ",
    ]  # fmt: skip
    assert len({line.split()[0] for line in lines[4:10]}) == 6


def test_the_command_line_says_it_in_options(capsys, monkeypatch):
    assert main(["summary", "article:resnet_v1_50"]) == 0
    text = capsys.readouterr().out
    rows = text.split("─\n")[1].splitlines()
    assert len(rows) <= 30
    assert " depth=" not in text
    assert "--depth all everything\n" in text


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal")
def test_print_in_a_terminal_is_as_wide_as_that():
    import pty

    program = (
        "import rfield; b = rfield.GraphBuilder(); x = b.input('image', (1, 1, 999_999));"
        "x = b.conv('a' * 60, x, kernel=3); print(rfield.summary(b.build([b.conv('b', x)])))"
    )
    mine, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", program.replace("b.conv('b', x)", "b.conv('b', x, kernel=3)")],
        stdout=theirs, check=True, env={**os.environ, "COLUMNS": "80"},
    )  # fmt: skip
    os.close(theirs)
    lines = os.read(mine, 1 << 16).decode().splitlines()
    os.close(mine)
    assert 60 < max(map(len, lines)) <= 80


def flat(blocks: int, skip: bool = True) -> rfield.Graph:
    """Blocks of which no name says that they are blocks; then a head that reads everything."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 64))
    for k in range(blocks):
        y = b.pointwise(f"r{k}_relu", b.conv(f"r{k}_conv", x, kernel=3, padding=1))
        x = b.add(f"r{k}_add", x, y) if skip else y
    return b.build([b.dense("head", b.global_pool("pool", x), channels=4)])


def test_a_model_without_modules_shows_where_its_field_grows():
    found = rfield.summary(flat(12))
    assert [row.layer for row in found.shown] == [*(f"r{k}_add" for k in range(12)), "head"]
    text = str(found)
    assert " 13 of 38 layers, along the growth of the field; depth='all' everything\n" in text
    assert len(rfield.summary(flat(12), depth="all").shown) == 38
    assert [row.layer for row in found][:3] == ["r0_conv", "r0_relu", "r0_add"]


def test_growths_that_are_many_are_shown_in_equal_steps():
    shown = [row.layer for row in rfield.summary(flat(100)).shown]
    assert shown == [*(f"r{k}_add" for k in range(3, 100, 4)), "head"]
    chain = [row.layer for row in rfield.summary(flat(20, skip=False)).shown]
    assert chain == [*(f"r{k}_relu" for k in range(20)), "head"]


def test_what_is_out_of_sight_opens_under_the_row_that_stands_for_it():
    page = rfield.summary(flat(12))._repr_html_()
    assert Opened(page).rows[1:5] == [
        ("r0_add", 0, True), ("r0_conv", 1, False), ("r0_relu", 1, False), ("r1_add", 0, True),
    ]  # fmt: skip
    assert Opened(page).rows[-2:] == [("head", 0, True), ("pool", 1, False)]


def test_pages_draw_how_the_field_grows():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 16))
    for k, kernel in enumerate((2, 3, 5)):
        x = b.conv(f"c{k}", x, kernel=kernel)
    found = rfield.summary(b.build([x]))
    page = found._repr_html_()
    # Sizes 2, 4, 8, and the input of 16 at the top: each doubling is a third of 60 pixels.
    assert re.findall(r' d="(.*?)"', page) == ["M0 60.0V60.0H1V40.0H2V20.0H3", "M0 0.0H3"]
    told = "size r from layer to layer, 2 to 8 (logarithmic); dashed: the input, 16"
    assert page.count(told) == 2
    for text in (str(found), found.to_markdown(), found.to_latex(), found.to_csv()):
        assert "logarithmic" not in text
    assert "<svg" not in rfield.summary(flat(2))._repr_html_()
