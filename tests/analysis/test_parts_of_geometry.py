"""What is said of fields, paths, joins and centres, of networks worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import rfield
from rfield.analysis.geometry import halo
from rfield.analysis.geometry.alignment import Branch, Misalignment
from rfield.core import ops
from rfield.core.graph import Draft


def gated() -> rfield.Graph:
    """A convolution, and a gate that reads all of it."""
    b = rfield.GraphBuilder()
    x = b.conv("stem", b.input("image", (1, 1, 12)), kernel=3, padding=1)
    return b.build([b.multiply("scale", x, b.global_pool("squeeze", x))])


def residual() -> rfield.Graph:
    """Kernel 7, a block of kernel 5 beside nothing, kernel 3."""
    b = rfield.GraphBuilder()
    x = b.conv("a", b.input("x", (1, 1, 32)), kernel=7, padding=3)
    s = b.add("s", x, b.conv("c", x, kernel=5, padding=2))
    return b.build([b.conv("d", s, kernel=3, padding=1)])


def test_a_field_as_plain_data() -> None:
    assert rfield.receptive_field(gated()).as_dict() == {
        "schema": "rfield.field/1", "layer": "scale", "wrt": "image", "axes": ["t"],
        "size": ["unbounded"], "sizes": [[3]], "stride": [1], "padding": [None], "period": [1],
        "local_size": [3], "global_reads": ["squeeze"], "fidelity": "exact",
        "reasons": {"t": "a whole axis is read by squeeze"},
    }  # fmt: skip
    assert rfield.receptive_field(gated(), "stem").as_dict() == {
        "schema": "rfield.field/1", "layer": "stem", "wrt": "image", "axes": ["t"],
        "size": [3], "sizes": [[3]], "stride": [1], "padding": [1], "period": [1],
        "local_size": [3], "global_reads": [], "fidelity": "exact", "reasons": {},
    }  # fmt: skip


def test_the_local_field_of_a_local_field_is_itself() -> None:
    rf = rfield.receptive_field(gated())
    assert (rf.local.size, rf.local.global_reads) == ((3,), ())
    assert rf.local is not rf
    assert rf.local.local is rf.local
    stem = rfield.receptive_field(gated(), "stem")
    assert stem.local is stem


def test_why_there_is_no_number() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 10))
    irregular = b.gather("irregular", x, axis=2, indices=[0, 1, 3, 7])
    assert rfield.receptive_field(b.build([irregular])).why("t") == (
        "the windows are irregular, or the output has no position along this axis"
    )
    half = b.add("join", b.conv("half", x, kernel=2, stride=2), b.crop("part", x, crop=[(0, 5)]))
    assert rfield.receptive_field(b.build([half])).why("t") == ("paths with different strides meet")
    assert rfield.receptive_field(b.build(["half"])).why("t") == ""
    apart = b.build([b.conv("own", b.input("y", (1, 1, 10)), kernel=1), "half"])
    assert rfield.receptive_field(apart, "own", wrt="x").why("t") == (
        "own does not depend on x along t"
    )


def test_an_output_that_reads_nothing_has_no_centre() -> None:
    """Every other output of an up-sampling by 2 with a kernel of 1."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 5))
    rf = rfield.receptive_field(b.build([b.conv_transpose("up", x, kernel=1, stride=2)]))
    assert [rf.center((i,)) for i in (0, 2)] == [(0.0,), (1.0,)]
    assert np.isnan(rf.center((1,))[0])
    assert np.array_equal(rf.center(np.array([[0], [1]])), [[0.0], [np.nan]], equal_nan=True)
    for index in (2, (2,), [2], slice(2, 3), (slice(2, 3),)):
        assert rf.outputs_seeing(index).start == (4,)
        assert rf.outputs_seeing(index).stop == (5,)


def test_many_positions_none_and_one() -> None:
    rf = rfield.receptive_field(residual())
    assert rf.region((4,)).start == (-2,)
    assert rf.region(np.array([[4], [6]])).start.tolist() == [[-2], [0]]
    assert rf.region(np.zeros((0, 1), np.int64)).start.shape == (0, 1)
    with pytest.raises(rfield.RFieldError) as told:
        rf.region([])
    assert str(told.value) == "d: an index of 0 numbers; its positions are (32,)"
    with pytest.raises(rfield.RFieldError) as told:
        rf.region(np.zeros((0, 2)))
    assert str(told.value).startswith("d: index = ")


def test_which_layers_a_mapping_holds() -> None:
    fields = rfield.receptive_fields(residual())
    assert ("a" in fields, "d" in fields, "e" in fields, len(fields)) == (True, True, False, 4)
    back = rfield.receptive_fields(residual(), of="c")
    assert sorted(back) == ["a", "c", "x"]
    with pytest.raises(rfield.RFieldError) as told:
        back["d"]
    assert str(told.value) == "unknown layer that c depends on 'd'. Known: x, a, c."


def test_a_misalignment_in_one_line() -> None:
    left = Branch("left", (Fraction(2), Fraction(1)), (Fraction(1, 2), None))
    right = Branch("right", (Fraction(1), Fraction(1)), (Fraction(0), Fraction(0)))
    join = Misalignment("sum", "x", ("y", "x"), ("y",), (left, right), (None, Fraction(0)))
    assert str(join) == (
        "sum: left (stride 2 x 1, centre 1/2 x ?) and right (stride 1, centre 0); "
        "offset ? x 0 along y, x"
    )


def test_what_reads_a_whole_axis_is_listed_up_to_twelve() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 12))
    for k in range(14):
        x = b.add(f"a{k}", x, b.reduce(f"mean{k}", x, axes=[2], keepdims=True))
    lines = str(rfield.explain(b.build([x]))).splitlines()
    assert lines[3:] == [
        *[f"global: mean{k} (reduce) reads all of t" for k in range(12)],
        "global: and 2 more",
    ]


def test_the_largest_twelve_steps_are_shown_and_the_rest_is_summed_up() -> None:
    """Kernels of 3, 5 and 7 with a padding of 1: 1, 3 and 5 more on the right each."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 200))
    for k in range(15):
        x = b.conv(f"c{k}", x, kernel=3 + 2 * (k % 3), padding=1)
    text = str(rfield.explain(b.build([x])))
    assert text.splitlines()[14:] == [
        "       3  3 more layers",
        "t, last: 45 over 15 layers (output (0,) lies at 0, reads to 45)",
        *[
            f"       {adds}  c{k} (conv)"
            for k, adds in ((0, 1), (1, 3), (2, 5), (3, 1), (4, 3), (5, 5), (7, 3), (8, 5),
                            (10, 3), (11, 5), (13, 3), (14, 5))
        ],
        "       3  3 more layers",
    ]  # fmt: skip


def test_an_explanation_is_called_as_it_was_asked_for() -> None:
    draft = Draft()
    x = draft.input("x", (1, 1, 9), (2,))
    y = draft.add("op", ops.pointwise((1, 1, 9)), [x])
    graph = draft.finish([y], {"block": y})
    assert rfield.explain(graph, "block").layer == "block"
    assert rfield.explain(graph, "block").wrt == "x"


def shifted(fix: int = 0) -> rfield.Graph:
    """Behind a pool of 2, one branch lies two of its positions (four pixels) further on in y."""
    b = rfield.GraphBuilder()
    x = b.max_pool("pool", b.input("image", (1, 1, 64, 64)), kernel=2, stride=2)
    left = b.conv("left", x, kernel=3, padding=1)
    right = b.conv("right", x, kernel=(5, 3), padding=[(fix, 4 - fix), (1, 1)])
    return b.build([b.add("join", left, right)])


def test_only_the_axis_that_differs_is_repaired() -> None:
    (join,) = rfield.explain(shifted()).joins
    assert (join.join.differing, join.join.offset) == (("y",), (4, 0))
    (remedy,) = join.remedies
    assert (remedy.padding, remedy.instead) == (
        ((2, -2), (0, 0)), (("right", ((2, -2), (0, 0))),),
    )  # fmt: skip
    assert str(remedy) == (
        "pad right by (2, -2) x (0, 0), or change the padding of right by (2, -2) x (0, 0)"
    )
    assert rfield.alignment(shifted(2)).aligned


def test_an_object_in_fields_of_three_and_eleven() -> None:
    """Kernel 3 with stride 2, then kernel 5: 3 + 2 * 4 = 11; 7 to spare, 3 on the tighter side."""
    b = rfield.GraphBuilder()
    y = b.conv("a", b.input("x", (1, 1, 32)), kernel=3, stride=2)
    found = rfield.fits(b.build([b.conv("c", y, kernel=5)]), 4)
    assert found.as_dict() == {
        "schema": "rfield.fits/1", "wrt": "x", "axes": ["t"], "object_size": [4], "first": "c",
        "first_local": "c", "first_every": None,
        "layers": [
            {"layer": "a", "size": [3], "stride": [2], "sees": "never", "context": [None],
             "outputs": [2], "reads_all": False, "every": "never"},
            {"layer": "c", "size": [11], "stride": [2], "sees": "always", "context": [3],
             "outputs": [2], "reads_all": False, "every": "at some places"},
        ],
    }  # fmt: skip


def test_the_shortest_and_the_longest_path() -> None:
    found = rfield.path_fields(residual())
    assert [(r.layer, r.before, r.smallest, r.largest) for r in found.layers] == [
        ("a", (1,), (7,), (7,)), ("c", (7,), (11,), (11,)), ("d", (7,), (9,), (13,)),
    ]  # fmt: skip
    assert str(found) == (
        "a: 7 to 7, reads 1\nc: 11 to 11, reads 7\nd: 9 to 13, reads 7\nfeasible t: 7 to 13"
    )


def test_a_wider_layer_reads_the_smallest_of_what_meets() -> None:
    """A concatenation of 3 and 7 is read by a kernel of 3."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 32, 32))
    parts = [b.conv(f"k{k}", x, kernel=k, padding=k // 2) for k in (7, 3)]
    graph = b.build([b.conv("last", b.concat("cat", *parts), kernel=(3, 1), padding=(1, 0))])
    (last,) = (row for row in rfield.path_fields(graph).layers if row.layer == "last")
    assert (last.before, last.smallest, last.largest) == ((3, 3), (5, 3), (9, 7))


def test_a_part_of_a_concatenation_that_stays_in_its_place_has_a_stride() -> None:
    b = rfield.GraphBuilder()
    x, other = b.input("x", (1, 1, 1)), b.input("other", (1, 1, 1))
    stays = b.resize("stays", x, size=1, mode="cubic", coordinates="align_corners")
    beside = b.concat("beside", other, stays)
    graph = b.build([b.concat("join", x, beside)])
    assert str(rfield.alignment(graph)) == (
        "join: x (stride 1, centre 0) and beside (stride 0, centre 0); offset ? along t"
    )


def test_centres_of_one_pattern_and_of_two() -> None:
    b = rfield.GraphBuilder()
    x = b.conv("down", b.input("x", (1, 1, 8)), kernel=3, stride=2, padding=1)
    down = rfield.centers(b.build([x]))
    assert (down.stride, down.offset, down.phases) == ((2,), (0,), ((0,),))
    assert str(down) == "down: t: 0 + 2·i"
    assert (down.to_half_step, down.to_multiples) == ((Fraction(-1, 2),), (Fraction(1, 2),))
    up = rfield.centers(b.build([b.conv_transpose("up", x, kernel=2, stride=2)]))
    half = Fraction(1, 2)
    assert (up.stride, up.offset, up.phases) == ((1,), (-half,), ((half, -half),))
    assert up.as_dict() == {
        "schema": "rfield.centers/1", "layer": "up", "wrt": "x", "axes": ["t"],
        "shape": [8], "stride": [1],
        "offset": ["-1/2"], "to_half_step": ["-1/2"], "to_multiples": [0],
        "phases": [["1/2", "-1/2"]], "why": [""],
    }  # fmt: skip


@pytest.mark.parametrize("most", [halo.MOST_PHASES, 5])
def test_the_halo_of_outputs_in_phases(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernel 3, then a transposed one of 4 with strides 2 and 3: six phases, or each axis alone.

    The two outputs of a row in y read -2 .. 2, the three in x -2 .. 1; the row itself is 0.
    """
    monkeypatch.setattr(halo, "MOST_PHASES", most)
    b = rfield.GraphBuilder()
    x = b.conv("c", b.input("x", (1, 1, 16, 12)), kernel=3, padding=1)
    y = b.conv_transpose("up", x, kernel=4, stride=(2, 3), padding=(1, 0))
    found = rfield.receptive_field(b.build([y])).halo
    assert found.as_dict() == {
        "schema": "rfield.halo/1", "axes": ["y", "x"], "before": [2, 2], "after": [2, 1],
        "any_before": [2, 2], "any_after": [2, 1], "block": [2, 3],
    }  # fmt: skip
    assert str(found) == "y: 2 before, 2 after; x: 2 before, 1 after"


def test_a_field_without_an_end_and_one_without_a_stride_have_no_halo() -> None:
    assert rfield.receptive_field(gated()).halo.as_dict() == {
        "schema": "rfield.halo/1", "axes": ["t"], "before": ["unbounded"],
        "after": ["unbounded"], "any_before": ["unbounded"], "any_after": ["unbounded"],
        "block": [1],
    }  # fmt: skip
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 10))
    turned = rfield.receptive_field(b.build([b.flip("turn", x, axes=(2,))]))
    with pytest.raises(rfield.RFieldError) as told:
        _ = turned.halo
    assert str(told.value) == "turn has no halo along t: its stride along t is -1"
    joined = b.add("join", b.conv("half", x, kernel=2, stride=2), b.crop("cut", x, crop=[(0, 5)]))
    with pytest.raises(rfield.RFieldError) as told:
        _ = rfield.receptive_field(b.build([joined])).halo
    assert str(told.value) == "join has no halo along t: paths with different strides meet"


def test_the_path_through_phases_and_a_flip() -> None:
    """Output 0 reads -1 .. 1 of the doubled, -2 .. 1 of what is turned: 17 down to 14."""
    b = rfield.GraphBuilder()
    x = b.conv("conv", b.flip("turn", b.input("x", (1, 1, 16)), axes=(2,)), kernel=3, padding=1)
    y = b.conv("after", b.resize("up", x, scale=2, mode="nearest"), kernel=3, padding=1)
    assert str(rfield.explain(b.build([y]))) == (
        "after wrt x: size 4\n"
        "t, first: -14 over 4 layers (output (0,) lies at 0, reads from 14)\n"
        "     -15  turn (flip)\n"
        "       1  conv (conv)\n"
        "t, last: 17 over 4 layers (output (0,) lies at 0, reads to 17)\n"
        "      15  turn (flip)\n"
        "       1  conv (conv)\n"
        "     1/2  up (resize)\n"
        "     1/2  after (conv)"
    )


def test_fields_say_what_they_are() -> None:
    graph = residual()
    assert repr(rfield.receptive_fields(graph)) == "<the fields of 4 layers in 'x' (t)>"
    of = rfield.receptive_fields(graph, of="s")
    assert repr(of) == "<the fields of 's' in 4 layers and inputs before it>"
