"""Questions of large graphs take work that grows with the graph, or are refused with a reason."""

from __future__ import annotations

import pytest

import rfield
from rfield.analysis.engines import backward
from rfield.analysis.geometry import fields
from rfield.analysis.resizing import reading, repeating
from rfield.errors import TooLargeError
from tests.work import at_most


def gated(blocks: int) -> rfield.Graph:
    """Blocks of an up-sampled chain, each gated by its own mean."""
    b = rfield.GraphBuilder()
    x = b.conv_transpose("up", b.input("signal", (1, 1, 32)), kernel=3, stride=2, padding=1)
    for k in range(blocks):
        y = b.conv(f"c{k}", x, kernel=3, padding=1)
        x = b.multiply(f"m{k}", y, b.global_pool(f"g{k}", y))
    return b.build(outputs=[x])


def test_whole_axis_reads_are_found_in_one_walk():
    """Of 1,201 values: a walk for each of them would visit 700,000."""
    graph = gated(400)
    with at_most(1_500_000):
        for field in rfield.receptive_fields(graph).values():
            assert field.size
    reads = rfield.receptive_field(graph, "m2").global_reads
    assert reads == ("g0", "g1", "g2")
    assert rfield.receptive_field(graph, "c1").global_reads == ("g0",)
    assert rfield.receptive_field(graph, "c0").global_reads == ()


def test_branches_have_the_reads_of_their_own():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 8, 8))
    left = b.multiply("left", x, b.global_pool("a", x))
    right = b.multiply("right", x, b.global_pool("b", x))
    graph = b.build(outputs=[b.add("both", left, right), b.conv("apart", right, kernel=3)])
    reads = {name: f.global_reads for name, f in rfield.receptive_fields(graph).items()}
    assert reads == {
        "a": ("a",), "left": ("a",), "b": ("b",), "right": ("b",), "both": ("a", "b"),
        "apart": ("b",),
    }  # fmt: skip


def test_a_table_of_too_many_names_is_refused(monkeypatch):
    monkeypatch.setattr(fields, "MOST_NAMES", 20)
    with pytest.raises(TooLargeError) as error:
        rfield.summary(gated(10))
    assert str(error.value) == (
        "g3: a table of the layers that read a whole axis before each would hold 22, above the "
        "limit of 20. Ask for fewer layers, or for rfield.receptive_fields(model)"
    )


def test_too_many_sweeps_are_refused(monkeypatch):
    monkeypatch.setattr(fields, "MOST_SWEPT", 40)
    graph = gated(10)
    found = rfield.receptive_fields(graph, of="m9")
    assert found["c0"].layer == "m9"
    with pytest.raises(TooLargeError) as error:
        found["c1"]
    assert str(error.value) == (
        "c1: a sweep for each layer up to this one would hold 1,368, above the limit of 40. "
        "Ask for single ones: rfield.receptive_field(model, 'm9', wrt=layer)"
    )


def test_too_many_readings_at_other_sizes_are_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_READ", 100)
    with pytest.raises(TooLargeError) as error:
        rfield.valid_sizes(gated(10))
    assert str(error.value) == (
        "m9: the model at all sizes of one step would hold 7,353, above the limit of 100. "
        "Ask for single sizes: rfield.check_size(model, size)"
    )


def test_layers_alike_are_placed_once():
    """Of 1,200 layers all but the first few see the whole signal, and so all the same."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 16))
    for k in range(1200):
        x = b.conv(f"c{k}", x, kernel=3, padding=1)
    graph = b.build(outputs=[x])
    with at_most(120_000):
        found = rfield.fits(graph, 7)
    rows = [(row.sees.value, row.every and row.every.value, row.context) for row in found.layers]
    assert rows[0] == ("never", "never", (None,))
    assert rows[4:7] == [
        ("always", "never", (2,)), ("always", "always", (3,)), ("always", "always", (4,)),
    ]  # fmt: skip
    assert set(rows[20:]) == {("always", "always", (9,))}


def test_which_numbers_a_free_size_changes_is_found_in_one_walk():
    """Of 600 layers: a walk backwards from each would visit 180,000 values."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, None))
    for k in range(600):
        x = b.conv(f"c{k}", x, kernel=3, padding=1)
    graph = b.build(outputs=[x])
    with at_most(60_000):
        found = [field.size for field in rfield.receptive_fields(graph).values()]
    assert found == [(2 * k + 3,) for k in range(600)]


def test_too_many_ways_are_refused(monkeypatch):
    monkeypatch.setattr(backward, "MOST_WEIGHED", 2)
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 9))
    graph = b.build(outputs=[b.add("sum", b.conv("c", x, kernel=3, padding=1), x)])
    assert rfield.support(graph, (4,)).count == 3
    with pytest.raises(TooLargeError) as error:
        rfield.influence(graph, (4,))
    assert str(error.value) == (
        "sum: a sum over all ways to it would hold 3, above the limit of 2. Ask for a layer nearer "
        "to the input, or for the set alone: rfield.support(…)"
    )


@pytest.mark.parametrize(
    ("limit", "again"),
    [(1 << 19, 8), (100, 2)],
)
def test_a_large_network_is_read_at_fewer_sizes(monkeypatch, limit, again):
    monkeypatch.setattr(repeating, "AGAIN", limit)
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 128))
    for k in range(50):
        x = b.conv(f"c{k}", x, kernel=3)
    found = rfield.valid_sizes(b.build(outputs=[x]))
    assert found.basis == (
        f"sizes repeat every 1: 1 read one by one from 128 on, {again} again 1 further, "
        "26 from 1 to 16,384 held against that",
    )
    assert found.smallest == (101,)


def test_where_few_readings_are_allowed_none_is_spent_on_other_sizes(monkeypatch):
    """Eleven values and as many operands less one, at up to 24 sizes."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 128))
    for k in range(10):
        x = b.conv(f"c{k}", x, kernel=3)
    monkeypatch.setattr(reading, "MOST_READ", 21 * 24)
    found = rfield.valid_sizes(b.build(outputs=[x]))
    assert found.smallest == (21,)
    assert found.basis == (
        "sizes repeat every 1: 1 read one by one from 128 on, 8 again 1 further, none was held "
        "against that: they would be too many",
    )


def test_sizes_of_a_short_step_are_not_also_followed():
    """Of 401 values and as many operands, at 17 sizes: to follow them takes as much again."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 64))
    for k in range(400):
        x = b.conv(f"c{k}", x, kernel=3, padding=1)
    graph = b.build(outputs=[x])
    with at_most(500_000):
        assert rfield.valid_sizes(graph).smallest == (1,)


def test_boxes_of_both_axes_that_do_not_fit_leave_a_bound(monkeypatch):
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 9, 9))
    holes = b.conv_transpose("holes", x, kernel=1, stride=2)
    full = b.conv_transpose("full", x, kernel=3, stride=2, padding=1)
    graph = b.build([b.add("sum", holes, full)])
    exact = rfield.receptive_field(graph)
    assert exact.is_crossed
    assert exact.fidelity is rfield.Fidelity.EXACT

    def refuse(*_args, **_options):
        raise rfield.TooLargeError("an exact set needs more cells than fit")

    monkeypatch.setattr("rfield.analysis.geometry.field.boxes", refuse)
    bound = rfield.receptive_field(graph)
    assert bound.fidelity is rfield.Fidelity.UPPER_BOUND
    assert bound.size == (2, 2)
