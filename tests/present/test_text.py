"""The layout of text: what lines up, what is escaped, what is shortened."""

from __future__ import annotations

from rfield.present.report import Column, Facts, Remark, Report, Show, Table, tabulate
from rfield.present.text import display_width, lay_out, plain, shorten, visible

TABLE = Table(
    (
        Column("layer", "left", name=True),
        Column("size r", tone="key"),
        Column("", "left", gap=1, tone="accent"),
        Column("P"),
    ),
    (("stem", "3", "", "1"), ("blocks.0.se", "1031", "+ global", "512")),
)
REPORT = Report(
    "test", "a model", (TABLE, Facts((("axes", "y, x"), ("period", "2")))), notes=("P − first",)
)

EXPECTED = """\
 a model

 layer        size r             P
───────────────────────────────────
 stem              3             1
 blocks.0.se    1031 + global  512
───────────────────────────────────

 axes    y, x
 period  2

 P − first
"""


def test_the_text_of_a_report():
    assert plain(REPORT) == EXPECTED


def test_numbers_end_at_the_same_place_and_rules_span_the_table():
    lines = plain(REPORT).splitlines()
    header, rule, first, second = lines[2:6]
    assert len({len(line) for line in (header, first, second)}) == 1
    assert (
        header.index("size r") + len("size r") == first.index("3") + 1 == second.index("1031") + 4
    )
    assert len(rule) == len(header) + 1


def test_plain_text_has_no_escape_codes_and_no_trailing_blanks():
    text = plain(Report("test", "\x1b[1mtitle\x1b[0m", (Remark("done\x07"),)))
    assert text == " \\x1b[1mtitle\\x1b[0m\n\n done\\x07\n"
    assert all(line == line.rstrip() for line in plain(REPORT).splitlines())


def test_an_ascii_stream_gets_ascii():
    text = plain(REPORT, ascii_only=True)
    assert text.isascii()
    assert "P - first" in text
    assert "----" in text


def test_names_are_shortened_in_the_middle_only_where_the_width_is_given():
    name = "resnet_v1_50/block1/unit_1/bottleneck_v1/conv1"
    report = Report(
        "test", "", (Table((Column("layer", "left", name=True), Column("r")), ((name, "483"),)),)
    )
    row = "".join(span.text for span in list(lay_out(report, width=40))[3])
    assert row == " resnet_v1_50/blo…tleneck_v1/conv1  483"
    assert len(row) == 39
    assert name in plain(report)


def test_no_name_is_shortened_below_what_can_be_read():
    report = Report("test", "", (Table((Column("layer", "left", name=True),), (("a" * 60,),)),))
    row = "".join(span.text for span in list(lay_out(report, width=5))[3])
    assert row == " " + "a" * 7 + "…" + "a" * 8


def test_wide_characters_take_two_cells():
    assert display_width("層1") == 3
    assert display_width("e\u0301") == 1
    assert shorten("層層層層", 5) == "層…層"
    report = Report(
        "test", "", (Table((Column("layer", "left"), Column("r")), (("層", "3"), ("ab", "4"))),)
    )
    lines = plain(report).splitlines()
    assert lines[3] == " 層     3"
    assert lines[4] == " ab     4"


def test_everything_that_does_not_print_is_escaped():
    assert visible("a\x1b]0;x\x07b\n\u202e\u2028\x85") == "a\\x1b]0;x\\x07b\\n\\u202e\\u2028\\x85"
    assert visible("conv ∞ 層 [red]") == "conv ∞ 層 [red]"


def test_columns_that_are_empty_in_every_row_are_left_out():
    shows = [Show(Column("a"), str), Show(Column("b"), lambda _: "")]
    assert [c.title for c in tabulate(shows, [1, 2]).columns] == ["a"]
    assert [c.title for c in tabulate(shows, []).columns] == ["a", "b"]
