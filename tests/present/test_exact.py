"""The reports of support, influence, explain and verify: as text, and the values behind it."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

import rfield
from rfield.analysis.pixels.support import support
from rfield.analysis.pixels.verification import CounterExample, Verification
from rfield.present.explain import explain_report
from rfield.present.influence import influence_report
from rfield.present.markdown import markdown
from rfield.present.records import to_csv, to_json
from rfield.present.report import Report
from rfield.present.support import support_report
from rfield.present.text import plain
from rfield.present.verify import verify_report
from tests.present.models import cross, gated, misaligned, plain_chain

CROSS = """\
 cross · sum, positions that it reads in image

 axes                          y, x
 output (3, 3) reads, clipped  y: 2..4, x: 2..4
 box                           3x3 = 9
 positions read                5
 holes                         4
 density                       0.5556
 fidelity                      exact

 .#.
 ###
 .#.

 reads: first..last, both included
 holes: positions of the box that are not read; density: share of the box that
   is read
 picture: the box, y downwards, x to the right; # is read, . is a hole
"""

INFLUENCE = """\
 cross · sum at (3, 3), influence of image

 axes          y, x
 size r        3
 mean          3.00
 std           0.58
 4 std / size  0.77
 Gaussian std  0.60
 Gaussian R²   1.0000
 fidelity      exact

 share  box  of the field
──────────────────────────
  50 %    3         100 %
  90 %    3         100 %
  95 %    3         100 %
  99 %    3         100 %
──────────────────────────

 analytic: every tap of an op and every branch of a join weighted equally
 mean, std in input pixels; the first pixel's center is 0, not 0.5
 box: the smallest around the mean that holds the share; of the field: of its
   area
"""

EXPLAINED = """\
 gate · se.mul, why its field in image is what it is

 axes        y, x
 size r      ∞
 local size  3x5
 fidelity    exact

 first side along y: 1 over 2 layers; output (0, 0) lies at 0 and reads from -1

 adds  layer  op
───────────────────
    1  stem   conv
───────────────────

 last side along y: 1 over 2 layers; output (0, 0) lies at 0 and reads to 1

 adds  layer  op
───────────────────
    1  stem   conv
───────────────────

 first side along x: 2 over 2 layers; output (0, 0) lies at 0 and reads from -2

 adds  layer  op
───────────────────
    2  stem   conv
───────────────────

 last side along x: 2 over 2 layers; output (0, 0) lies at 0 and reads to 2

 adds  layer  op
───────────────────
    2  stem   conv
───────────────────

 global: 1 × a whole axis is read

 layer    op      axes
───────────────────────
 se.pool  reduce  y, x
───────────────────────

 adds: input pixels by which the layer moves that side outwards; first and last:
   the sides
"""

DIFFERS = """\
 net · verification in image

 not verified: 2 counter-examples

 layers                                  2
 output positions                        24
 runs of the model                       31 in float64
 unchanged by noise outside the support  22 of 23 that see less than all
 marked input positions compared         100, 40 of them read
 sides of regions reached                90
 not in the running model                aux

 layer  output  problem                                      at input  claimed
────────────────────────────────────────────────────────────────────────────────────────────
 conv1  (0, 1)  it reads more than claimed                   (2, 2)    y: 0..1, x: 0..1 (4)
 conv1  (0, 1)  noise outside the support changes it by 0.5            y: 0..1, x: 0..1 (4)
────────────────────────────────────────────────────────────────────────────────────────────

 one input position is made NaN: exactly the outputs claimed to read it must
   change
"""


def row(report: Report) -> dict[str, object]:
    (found,) = json.loads(to_json(report))["rows"]
    return found


def test_a_support_is_drawn_with_its_holes():
    report = support_report(support(cross(), (3, 3)), title="cross")
    assert plain(report) == CROSS
    assert json.loads(to_json(report))["mask"] == [".#.", "###", ".#."]
    record = row(report)
    assert (record["start"], record["stop"]) == ([2, 2], [5, 5])
    assert (record["count"], record["holes"], record["clip"]) == (5, 4, True)
    assert "\n```\n.#.\n###\n.#.\n```\n" in markdown(report)
    header, values = to_csv(report).splitlines()
    found = dict(zip(header.split(","), values.split(","), strict=True))
    assert (found["start_y"], found["stop_x"], found["count"]) == ("2", "5", "5")


def test_padding_is_part_of_the_theory_only():
    found = support(plain_chain(), (0, 1), clip=False)
    text = plain(support_report(found, clip=False))
    assert " output (0, 1) reads  y: -5..5, x: -1..9\n" in text
    assert " positions read       121\n" in text
    assert " reads: first..last, both included; below 0 and past the end is padding\n" in text


def line_of(count: int) -> rfield.Graph:
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 2 * count))
    return b.build([b.conv("wide", x, kernel=count // 2 + 1, dilation=2)])


def test_a_mask_of_one_axis_is_one_line():
    report = support_report(support(line_of(8), (2,)))
    assert "\n #.#.#.#.#\n" in plain(report)
    assert json.loads(to_json(report))["mask"] == "#.#.#.#.#"
    assert " picture: the box, # is read, . is a hole\n" in plain(report)


def test_a_large_mask_is_not_drawn_but_written_for_programs():
    report = support_report(support(line_of(80), (2,)))
    assert "picture" not in plain(report)
    assert json.loads(to_json(report))["mask"] == "#." * 40 + "#"


def test_three_axes_are_not_drawn():
    b = rfield.GraphBuilder()
    x = b.input("volume", (1, 1, 6, 6, 6))
    report = support_report(support(b.build([b.conv("c", x, kernel=2)]), (0, 0, 0)))
    assert "picture" not in plain(report)
    assert " box                              2x2x2 = 8\n" in plain(report)
    assert json.loads(to_json(report))["mask"] == [["##", "##"], ["##", "##"]]


def test_an_output_that_reads_only_padding():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 4, 4))
    found = support(b.build([b.conv("c", x, kernel=1, padding=2)]), (0, 0))
    report = support_report(found)
    assert " output (0, 0) reads, clipped  y: nothing, x: nothing\n" in plain(report)
    assert row(report)["count"] == 0
    assert json.loads(to_json(report))["mask"] is None


def test_influence():
    found = rfield.influence(cross(), (3, 3))
    report = influence_report(found, title="cross")
    assert plain(report) == INFLUENCE
    document = json.loads(to_json(report))
    assert document["schema"] == "rfield.influence/1"
    # Half of the walks take each arm: 1/6 per tap, and the middle is a tap of both arms.
    np.testing.assert_allclose(document["profiles"]["y"], [1 / 6, 4 / 6, 1 / 6])
    assert document["offset"] == [2, 2]
    assert row(report)["std"] == pytest.approx([3**-0.5, 3**-0.5])
    assert row(report)["box_50"] == [3, 3]


def test_an_explanation_of_a_global_field():
    report = explain_report(rfield.explain(gated(), "se.mul"), title="gate")
    assert plain(report) == EXPLAINED
    document = json.loads(to_json(report))
    assert document["size"] == ["unbounded", "unbounded"]
    assert document["local_size"] == [3, 5]
    assert document["whole_reads"] == [{"layer": "se.pool", "op": "reduce", "axes": ["y", "x"]}]
    assert {"axis": "x", "side": "first", "layer": "stem", "op": "conv", "adds": 2} in (
        document["rows"]
    )


def test_of_many_whole_axis_reads_the_first_are_listed():
    b = rfield.GraphBuilder()
    y = b.input("image", (1, 3, 16, 16))
    for number in range(15):
        y = b.multiply(f"mul{number}", y, b.global_pool(f"pool{number}", y))
    text = plain(explain_report(rfield.explain(b.build([b.global_pool("last", y)]))))
    assert " global: 16 × a whole axis is read\n" in text
    assert " pool11  reduce  y, x\n 4 more\n" in text
    assert "pool12" not in text
    assert "adds:" not in text


def test_an_explanation_of_misaligned_joins():
    report = explain_report(rfield.explain(misaligned()))
    text = plain(report)
    assert " misaligned: sum, along x\n" in text
    assert " shifted        stride 1, center 0, -1\n" in text
    assert " to align them  pad shifted by (0, 0) x (-1, 1), or change the padding of" in text
    assert " misaligned: mix, along y, x\n" in text
    assert " not by padding  the branches have different strides: " in text
    joins = json.loads(to_json(report))["joins"]
    assert [join["offset"] for join in joins] == [[0, -1], [None, None]]


def test_the_largest_steps_and_the_rest_add_up_to_the_published_padding():
    report = explain_report(rfield.explain("article:resnet_v1_50"))
    assert "first side along y, x: 239 over 70 layers" in plain(report)
    rows = json.loads(to_json(report))["rows"]
    assert sum(r["adds"] for r in rows if (r["axis"], r["side"]) == ("y", "first")) == 239
    table = plain(report).split("first side")[1].split("last side")[0].splitlines()
    assert sum(int(line.split()[0]) for line in table if line[:5].strip().isdigit()) == 239


def verification(*bad: CounterExample) -> Verification:
    return Verification(
        "image", ("conv1", "conv2"), 24, 24 - len(bad), 100, 40, 90, 31, "float64", bad,
        ("aux",) if bad else (),
    )  # fmt: skip


def test_a_verification_that_holds():
    report = verify_report(verification(), title="net")
    assert " verified: nothing differs between the claim and the running model\n" in plain(report)
    assert json.loads(to_json(report))["holds"] is True
    assert json.loads(to_json(report))["rows"] == []


def test_counter_examples_are_listed():
    example = CounterExample(
        "conv1", (0, 1), "it reads more than claimed", (2, 2), "y: 0..1, x: 0..1 (4)"
    )
    other = CounterExample(
        "conv1", (0, 1), "noise outside the support changes it by 0.5", None, example.claimed
    )
    report = verify_report(verification(example, other), title="net")
    assert plain(report) == DIFFERS
    document = json.loads(to_json(report))
    assert (document["holds"], document["sound"]) == (False, 22)
    assert [found["element"] for found in document["rows"]] == [[2, 2], None]
    assert to_csv(report).splitlines()[1].startswith("conv1,0x1,it reads more than claimed,2x2,")


@pytest.mark.parametrize(
    "made",
    [
        lambda graph: support_report(support(graph, (0, 0))),
        lambda graph: influence_report(rfield.influence(graph, (0, 0))),
        lambda graph: explain_report(rfield.explain(graph)),
    ],
)
def test_names_cannot_colour_a_terminal(made: Callable[[rfield.Graph], Report]):
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 16, 16))
    report = made(b.build([b.conv("\x1b[31mred\n", x, kernel=3)]))
    for form in (plain, markdown, to_json, to_csv):
        assert "\x1b" not in form(report)
