"""One field in full."""

from __future__ import annotations

import json

import rfield
from rfield.analysis.geometry.fields import receptive_field
from rfield.present.field import field_report
from rfield.present.records import to_csv, to_json
from rfield.present.text import plain
from tests.present.models import gated, misaligned, plain_chain

GATED = """\
 gated · up (1x8x32x48), field in image (1x3x32x48)

 axes                         y, x
 size r                       ∞
 local size                   3x5
 whole axis read by           se.pool
 stride S                     1
 padding P                    1x2
 period                       2
 fidelity                     exact
 center of output 0           0
 output (3, 4) reads          y: everything, x: everything
 output (3, 4) reads locally  y: 1..3, x: 2..6

 r, S, P in input pixels; P = −(first index that output 0 reads)
 center: midpoint of the field of output 0; the first pixel is 0, not 0.5
 reads: first..last, both included; below 0 and past the end is padding
 local size, stride, padding, center: without the whole-axis reads
"""

CLIPPED = """\
 pool (1x8x16x16), field in image (1x3x64x64)

 axes                          y, x
 size r                        11
 stride S                      4
 padding P                     5
 halo                          5 before, 2 after
 fidelity                      exact
 center of output 0            0
 output (0, 1) reads, clipped  y: 0..5, x: 0..9

 r, S, P in input pixels; P = −(first index that output 0 reads)
 center: midpoint of the field of output 0; the first pixel is 0, not 0.5
 reads: first..last, both included
"""


def test_a_field_that_is_local_and_global():
    report = field_report(receptive_field(gated()), (3, 4), title="gated")
    assert plain(report) == GATED
    record = json.loads(to_json(report))["rows"][0]
    assert record["size"] == ["unbounded", "unbounded"]
    assert record["local"] == [3, 5]
    assert record["padding"] == [1, 2]
    assert record["period"] == [2, 2]


def test_a_clipped_region():
    report = field_report(receptive_field(plain_chain()), (0, 1), clip=True)
    assert plain(report) == CLIPPED
    document = json.loads(to_json(report))
    assert document["schema"] == "rfield.field/1"
    assert document["rows"][0]["start"] == [0, 0]
    assert document["rows"][0]["stop"] == [6, 10]
    header, row = to_csv(report).splitlines()
    values = dict(zip(header.split(","), row.split(","), strict=True))
    assert (values["size_y"], values["stop_x"], values["at"]) == ("11", "10", "0x1")


def test_the_theory_counts_padding():
    text = plain(field_report(receptive_field(plain_chain()), (0, 1)))
    assert " output (0, 1) reads  y: -5..5, x: -1..9\n" in text


def test_what_has_no_number_has_a_reason():
    text = plain(field_report(receptive_field(misaligned())))
    assert " stride S            ?\n" in text
    assert " y: paths with different strides meet\n" in text
    assert " x: paths with different strides meet\n" in text


def test_sizes_by_phase_and_bounds_are_shown():
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 32))
    y = b.conv_transpose("up", x, kernel=3, stride=2)
    graph = b.build([b.conv("conv", y, kernel=2)])
    assert " sizes by phase      {2}\n" not in plain(field_report(receptive_field(graph)))
    up = plain(field_report(receptive_field(graph, "up")))
    assert " sizes by phase      {1, 2}\n" in up
    graph.nodes[1].change(exact=False)
    text = plain(field_report(receptive_field(graph)))
    assert " fidelity            upper bound\n" in text
    assert " upper bound: an op on the way is data-dependent or unknown\n" in text
