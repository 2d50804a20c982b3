"""The table of a chain: left what was written, right what follows."""

from __future__ import annotations

import json
from fractions import Fraction

from rfield.analysis.geometry.fields import receptive_fields
from rfield.frontends.declared.chain import chain, parse
from rfield.present.chain import chain_report, chain_rows
from rfield.present.records import to_json
from rfield.present.report import Report
from rfield.present.text import plain

DESIGN = """\
 7/2p3 3/2p1 3p1d2

 layer  op    kernel  stride  padding  dilation  output    size r  stride S  padding P  center
───────────────────────────────────────────────────────────────────────────────────────────────
 input                                              224         1         1          0       0
 conv1  conv       7       2        3         1     112         7         2          3       0
 conv2  conv       3       2        1         1      56        11         4          5       0
 conv3  conv       3       1        1         2      54        27         4          9       4
───────────────────────────────────────────────────────────────────────────────────────────────

 r, S, P in input pixels; P = −(first index that output 0 reads)
 center: midpoint of the field of output 0; the first pixel is 0, not 0.5
"""

SAME = """\
 7/2psame u2 3x1p1x0

 layer  op       kernel  stride  padding  dilation    size r  stride S  padding P  center
──────────────────────────────────────────────────────────────────────────────────────────
 input                                                     1         1          0       0
 conv1  conv          7       2     same         1         7         2          ?       ?
 up1    nearest      ×2                                    7         1          ?       ?
 conv2  conv        3x1       1      1x0         1       9x7         1          ?       ?
──────────────────────────────────────────────────────────────────────────────────────────

 r, S, P in input pixels; P = −(first index that output 0 reads)
 center: midpoint of the field of output 0; the first pixel is 0, not 0.5
 ?: the padding of conv1 along y depends on the input size (and 2 more layers)
"""


def report(text: str, *sizes: int) -> Report:
    graph = chain(text, sizes or None)
    rows = chain_rows(graph, parse(text))
    return chain_report(rows, receptive_fields(graph)[rows[-1].layer].axes, title=text)


def test_the_chain_of_the_design():
    found = report("7/2p3 3/2p1 3p1d2", 224)
    assert plain(found) == DESIGN
    last = found.records[-1]
    # r = 1 + 6*1 + 2*2 + 4*4, S = 2*2, P = 3 + 1*2 + 1*4, center = (r - 1)/2 - P
    assert (last["size"], last["stride"], last["padding"], last["center"]) == (
        (27,),
        (4,),
        (9,),
        (4,),
    )
    assert [record["output"] for record in found.records] == [(224,), (112,), (56,), (54,)]


def test_a_free_input_has_no_outputs_and_no_same_padding():
    found = report("7/2psame u2 3x1p1x0")
    assert plain(found) == SAME
    assert found.records[-1]["size"] == (9, 7)
    assert found.records[1]["padding"] == (None, None)


def test_fractions_and_pairs():
    text = plain(report("u3 3p0,1", 5))
    lines = text.splitlines()
    assert lines[5].split() == ["up1", "nearest", "×3", "15", "1", "1/3", "0", "0"]
    assert lines[6].split()[:6] == ["conv1", "conv", "3", "1", "0,1", "1"]


def test_json_of_a_chain():
    document = json.loads(to_json(report("t4/2p1o1 m3/2c", 8)))
    assert document["schema"] == "rfield.chain/1"
    assert document["chain"] == "t4/2p1o1 m3/2c"
    up, pool = document["rows"][1:]
    assert (up["layer"], up["op"], up["stride"]) == ("tconv1", "conv_transpose", ["1/2"])
    assert (pool["layer"], pool["layer_stride"], pool["stride"]) == ("pool1", "2", [1])
    assert up["output"] == [17]


def test_rows_hold_exact_values():
    graph = chain("ub2", (8,))
    row = chain_rows(graph, parse("ub2"))[-1]
    assert row.stride == (Fraction(1, 2),)
    assert row.kernel == "×2"
