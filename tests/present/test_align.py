"""The verdict on alignment, and the table behind a bad one."""

from __future__ import annotations

import csv
import json
from io import StringIO

import rfield
from rfield.analysis.geometry.alignment import alignment
from rfield.present.align import align_report
from rfield.present.records import to_csv, to_json
from rfield.present.text import plain
from tests.present.models import gated, misaligned, plain_chain

MISALIGNED = """\
 model · alignment

 not aligned: 2 of 2 joins

 join  branch   stride S   center          offset  along
─────────────────────────────────────────────────────────
 sum   same            1        0           0, -1  x
       shifted         1    0, -1
 mix   corner          1  0, -1/2  strides differ  y, x
       strided         2      1/2
─────────────────────────────────────────────────────────

 stride, center, offset in input pixels; center of output 0 as a 0-based index:
   the first pixel is 0, not 0.5
 offset: of the branch furthest from the first one, at the phase where it is
   largest
"""  # the table as it is printed


def test_the_table_of_misaligned_joins():
    report = align_report(alignment(misaligned()), title="model")
    assert plain(report) == MISALIGNED
    assert [record["join"] for record in report.records] == ["sum", "sum", "mix", "mix"]
    assert report.records[0]["offset"] == (0, -1)
    assert report.records[2]["offset"] == (None, None)


def test_programs_read_the_verdict():
    document = json.loads(to_json(align_report(alignment(misaligned()))))
    assert document["schema"] == "rfield.align/1"
    assert (document["aligned"], document["joins_checked"]) == (False, 2)
    assert document["rows"][3]["center"] == ["1/2", "1/2"]
    rows = list(csv.DictReader(StringIO(to_csv(align_report(alignment(misaligned()))))))
    assert (rows[0]["offset_x"], rows[1]["center_x"], rows[2]["stride_y"]) == ("-1", "-1", "1")


def test_good_news_is_one_line():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 8, 8))
    graph = b.build([b.add("sum", x, b.conv("conv", x, kernel=3, padding=1))])
    assert plain(align_report(alignment(graph), title="residual")) == (
        " residual · alignment\n\n aligned: all branches of 1 join share stride and center\n"
    )
    report = align_report(alignment(graph))
    assert to_csv(report) == "\n"
    assert json.loads(to_json(report))["aligned"] is True


def test_a_chain_has_nothing_to_align():
    assert plain(align_report(alignment(plain_chain()))) == (
        " alignment\n\n aligned: no two branches are joined\n"
    )
    assert " aligned: " in plain(align_report(alignment(gated())))
