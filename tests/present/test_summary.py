"""The summary: rows by hand, the table as text, and every other form of it."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from io import StringIO

import pytest

import rfield
from rfield import RFieldError
from rfield.analysis.results import UNBOUNDED
from rfield.present.summary import summary
from tests.present.models import gated, hostile, misaligned, plain_chain

CHAIN = """\
 chain · fields in image (y, x: 8x8)

 layer  op        output   size r  stride S  padding P  center  sees %
────────────────────────────────────────────────────────────────────────
 stem   conv      1x8x4x4       7         2          3       0      88
 pool   max_pool  1x8x2x2      11         4          5       0     100†
────────────────────────────────────────────────────────────────────────

 r, S, P in input pixels; P = −(first index that output 0 reads)
 center: midpoint of the field of output 0; the first pixel is 0, not 0.5
 sees %: size / input size, at most 100
 † the first field larger than the input: pool
"""

GATED = """\
 gated · fields in image (y, x: 32x48)

 layer    op        output     size r   stride S  padding P  center  sees %
────────────────────────────────────────────────────────────────────────────
 stem     conv      1x8x16x24     3x5          2        1x2       0  9.4x10
 se.pool  reduce    1x8x1x1    global*         –          –       –     100
 se.fc    conv      1x8x1x1    global*         –          –       –     100
 se.mul   multiply  1x8x16x24     3x5*         2        1x2       0     100
 up       resize    1x8x32x48     3x5*         1        1x2       0     100
────────────────────────────────────────────────────────────────────────────

 r, S, P in input pixels; P = −(first index that output 0 reads)
 center: midpoint of the field of output 0; the first pixel is 0, not 0.5
 sees %: size / input size, at most 100
 * also reads a whole axis, which r, S, P and center leave out (se.pool)
"""


def test_rows_are_the_numbers_worked_out_by_hand():
    stem, pool = summary(plain_chain(8))
    assert (stem.layer, stem.op, stem.shape) == ("stem", "conv", (1, 8, 4, 4))
    assert (stem.size, stem.stride, stem.padding, stem.center) == ((7, 7), (2, 2), (3, 3), (0, 0))
    assert (pool.size, pool.stride, pool.padding, pool.center) == ((11, 11), (4, 4), (5, 5), (0, 0))
    assert (stem.share, pool.share) == ((0.875, 0.875), (1.0, 1.0))
    assert (stem.exceeds, pool.exceeds) == (False, True)
    assert summary(plain_chain(8)).first_exceeding == "pool"
    assert summary(plain_chain(11)).first_exceeding is None
    assert isinstance(stem.stride[0], Fraction)


def test_the_table_of_a_chain():
    assert str(summary(plain_chain(8), title="chain")) == CHAIN


def test_the_table_shows_strict_and_local():
    found = summary(gated(), title="gated")
    assert str(found) == GATED
    by_name = {row.layer: row for row in found}
    assert by_name["up"].size == (UNBOUNDED, UNBOUNDED)
    assert by_name["up"].local == (3, 5)
    assert by_name["up"].global_reads == ("se.pool",)
    assert by_name["se.fc"].local == (0, 0)
    assert by_name["se.fc"].why == "a whole axis is read by se.pool"
    assert by_name["up"].why == ""


def test_a_summary_is_a_sequence():
    found = summary(plain_chain())
    assert len(found) == 2
    assert found[0] is found.rows[0]
    assert found[0:1] == (found[0],)
    assert [row.layer for row in found] == ["stem", "pool"]
    assert repr(found) == "Summary(declared: 2 layers in image; pool: 11 px)"
    assert rfield.summary(plain_chain()).rows == found.rows


def test_a_free_size_leaves_out_what_depends_on_it():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, None, 16))
    y = b.conv("same", x, kernel=3, stride=2, padding="same")
    graph = b.build([b.conv("next", y, kernel=3, stride=2, padding="same")])
    found = summary(graph, sizes=(8, 9))
    assert found[0].padding == (None, 0)
    assert found[0].padding_at == {8: (0, 0), 9: (1, 0)}
    assert found[1].padding_at == {8: (0, 0), 9: (3, 0)}
    assert found[0].shape == (1, 1, None, 8)
    assert found[0].share == (None, 3 / 16)
    assert found[0].center == (None, 1)
    text = str(found)
    assert "P at 8" in text
    assert " ?x0 " in text
    assert " ?: the padding of same along y depends on the input size (and 1 more layer)\n" in text
    with_axes = json.loads(found.to_json())["rows"][0]
    assert with_axes["padding"] == [None, 0]
    assert with_axes["padding_at_9"] == [1, 0]


def test_a_size_that_the_model_does_not_accept_has_no_padding():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, None, None))
    found = summary(b.build([b.conv("big", x, kernel=9)]), sizes=(8, 9))
    assert found[0].padding_at == {8: (None, None), 9: (0, 0)}


def test_rows_can_be_chosen():
    kept = summary(gated(), layers=lambda name: name.startswith("se."))
    assert [row.layer for row in kept] == ["se.pool", "se.fc", "se.mul"]
    assert next(iter(summary(gated(), ops=True))).layer == "image"
    of_stem = summary(gated(), wrt="stem")
    assert of_stem.rows[-1].stride == (Fraction(1, 2), Fraction(1, 2))
    assert of_stem.rows[-1].local == (1, 1)
    assert " 1/2 " in str(of_stem)


def test_several_inputs_need_a_choice():
    b = rfield.GraphBuilder()
    x, y = b.input("left", (1, 1, 8, 8)), b.input("right", (1, 1, 8, 8))
    graph = b.build([b.add("sum", x, b.conv("conv", y, kernel=3, padding=1))])
    with pytest.raises(RFieldError) as caught:
        summary(graph)
    assert str(caught.value) == ("there are 2 inputs: 'left', 'right'. Choose one with wrt=.")
    assert {row.layer: row.size for row in summary(graph, wrt="right")}["sum"] == (3, 3)


def test_a_model_that_cannot_be_read_again_has_no_padding_by_size():
    graph = plain_chain()
    graph.reread = None
    with pytest.raises(RFieldError) as caught:
        summary(graph, sizes=(8,))
    assert str(caught.value) == (
        "this model cannot be read again at other input sizes; "
        "load it with the input shape that is wanted"
    )


def test_json_is_exact_and_carries_a_schema():
    document = json.loads(summary(gated(), title="gated").to_json())
    assert document["schema"] == "rfield.summary/1"
    assert document["rfield"] == rfield.__version__
    assert document["axes"] == ["y", "x"]
    assert document["model"] == "gated"
    up = document["rows"][-1]
    assert up["size"] == ["unbounded", "unbounded"]
    assert up["local"] == [3, 5]
    assert up["stride"] == [1, 1]
    assert up["shape"] == [1, 8, 32, 48]
    half = json.loads(summary(gated(), wrt="stem").to_json())["rows"][-1]
    assert half["stride"] == ["1/2", "1/2"]


def test_csv_has_a_number_per_column():
    rows = list(csv.DictReader(StringIO(summary(gated()).to_csv())))
    stem, up = rows[0], rows[-1]
    assert (stem["size_y"], stem["size_x"]) == ("3", "5")
    assert (float(up["size_y"]), up["local_x"]) == (float("inf"), "5")
    assert (stem["shape"], stem["share_y"]) == ("1x8x16x24", "0.09375")
    assert rows[1]["padding_y"] == ""
    halves = list(csv.DictReader(StringIO(summary(gated(), wrt="stem").to_csv())))
    assert halves[-1]["stride_y"] == "0.5"


def test_markdown_is_a_table_that_names_cannot_break():
    lines = summary(hostile()).to_markdown().splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert table[0].startswith("| layer | op | output | size r |")
    assert table[1].startswith("| :--- | :--- | :--- | ---: |")
    assert table[2].startswith("| `\\x1b[31mred\\n` | conv |")
    assert table[3].startswith("| ``[bold]a\\|b`c*`` | conv |")
    assert len(table) == 4


def test_no_form_passes_control_characters_on():
    found = summary(hostile())
    for text in (str(found), found.to_csv(), found.to_json(), found.to_markdown()):
        assert "\x1b" not in text
        assert len(text.splitlines()) == text.count("\n")
    assert json.loads(found.to_json())["rows"][0]["layer"] == "\x1b[31mred\n"
    assert len(found.to_csv().splitlines()) == 1 + len(found)


def test_to_pandas_without_pandas_says_what_to_do(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(RFieldError) as caught:
        summary(plain_chain()).to_pandas()
    assert str(caught.value) == (
        "to_pandas() needs pandas, which is not installed.\n  Install it: pip install pandas"
    )


def test_to_pandas_has_the_columns_of_the_csv(monkeypatch):
    class Pandas:
        @staticmethod
        def DataFrame(columns):  # noqa: N802  # pandas' own name
            return columns

    monkeypatch.setitem(__import__("sys").modules, "pandas", Pandas)
    found = summary(gated())
    rows = found.to_pandas()
    assert list(rows) == found.to_csv().splitlines()[0].split(",")
    assert rows["size_y"][-1] == float("inf")
    assert rows["stride_y"][0] == 2


def test_a_bound_is_said_to_be_one():
    graph = plain_chain()
    graph.nodes[1].change(exact=False)
    found = summary(graph)
    assert [row.fidelity for row in found] == ["upper bound", "upper bound"]
    assert " upper bound, not exact: 2 of 2 layers, from stem\n" in str(found)


def test_strides_that_differ_have_no_number_and_a_reason():
    mixed = next(row for row in summary(misaligned()) if row.layer == "mix")
    assert mixed.stride == (None, None)
    assert mixed.padding == (None, None)
    assert mixed.why == "paths with different strides meet"


def test_columns_that_are_asked_for():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 32, 32))
    y = b.conv("a.dilated", x, kernel=3, dilation=2, channels=4)  # 28 x 28
    y = b.conv("a.tall", y, kernel=(3, 1), stride=(2, 1), channels=4)  # 13 x 28
    y = b.conv_transpose("up", y, kernel=4, stride=2, channels=2)  # 28 x 58
    graph = b.build([b.pointwise("act", y)])
    found = rfield.summary(graph, columns=["kernel", "step", "dilation", "params", "macs"])
    assert [row.more for row in found] == [
        {"kernel": (3, 3), "step": (1, 1), "dilation": (2, 2), "params": 108, "macs": 84_672},
        {"kernel": (3, 1), "step": (2, 1), "dilation": (1, 1), "params": 48, "macs": 17_472},
        {
            "kernel": (4, 4), "step": (Fraction(1, 2), Fraction(1, 2)), "dilation": (None, None),
            "params": 128, "macs": 46_592,
        },
        {"kernel": None, "step": None, "dilation": None, "params": 0, "macs": 0},
    ]  # fmt: skip
    assert " all layers: 284 parameters, 148,736 multiply-adds\n" in str(found)
    assert "kernel_y" in found.to_csv().splitlines()[0]
    with pytest.raises(rfield.UnknownNameError) as told:
        rfield.summary(graph, columns=["kernl"])
    assert str(told.value) == "unknown column 'kernl'. Did you mean 'kernel'?"
    assert rfield.summary(graph)[0].more is None


@pytest.mark.torch
def test_an_output_that_no_layer_makes_has_a_row_too():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv1d(1, 1, 3, padding=1)

        def forward(self, x):
            return x + self.conv(x)

    rows = rfield.summary(Net().eval(), input_shape=(1, 1, 9))
    assert [(row.layer, row.size) for row in rows] == [("conv", (3,)), ("add", (3,))]
