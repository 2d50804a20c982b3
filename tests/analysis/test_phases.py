"""Rows at which a branch reads nothing, hidden along y by a branch that is wider there.

The numbers are worked out by hand: every second row of ``rows`` reads nothing, and where it reads
it is 9 wide; ``near`` reads 3 rows, 1 wide, at every row.
"""

from __future__ import annotations

import pytest

import rfield
from rfield.analysis.engines.forward import sweep
from rfield.analysis.engines.phases import gap_phases

EXACT = rfield.Fidelity.EXACT


class Rows:
    """A network in the making: ``x``, and ``rows`` beside ``near`` in ``sum``."""

    def __init__(self, *, odd: bool = False) -> None:
        self.builder = b = rfield.GraphBuilder()
        self.x = b.input("x", (1, 1, 16, 16))
        kept = b.conv("kept", self.x, kernel=1, stride=(2, 1))
        rows = self.spread("rows", kept)
        if odd:  # one row earlier
            rows = b.pad("moved", rows, padding=((-1, 1), (0, 0)))
        self.sum = b.add("sum", rows, b.conv("near", self.x, kernel=(3, 1), padding=(1, 0)))

    def spread(self, name: str, value, **options):
        """Every second row from a row of the value, 9 wide; nothing in between."""
        return self.builder.conv_transpose(
            name, value, kernel=(1, 9), stride=(2, 1), padding=(0, 4), output_padding=(1, 0)
        )

    def field(self, value) -> rfield.ReceptiveField:
        """That of the value."""
        field = rfield.receptive_field(self.builder.build(outputs=[value]))
        assert field.fidelity is EXACT
        return field


@pytest.mark.parametrize("odd", [False, True])
def test_the_sizes_of_all_rows_are_found_whichever_comes_first(odd):
    rows = Rows(odd=odd)
    field = rows.field(rows.sum)
    assert field.sizes == ((3,), (1, 9))
    assert field.size == (3, 9)
    assert field.period == (2, 1)


@pytest.mark.parametrize(("step", "sizes", "period"), [(2, (9,), 1), (3, (1, 9), 2)])
def test_rows_that_are_left_out_take_their_sizes_with_them(step, sizes, period):
    rows = Rows()
    field = rows.field(rows.builder.slice("some", rows.sum, axis=2, start=0, stop=16, step=step))
    assert field.sizes[1] == sizes
    assert field.period == (period, 1)


def test_rows_between_those_of_an_upsampling():
    rows = Rows()
    field = rows.field(rows.builder.resize("up", rows.sum, scale=(2, 1), mode="nearest"))
    assert field.sizes == ((3,), (1, 9))
    assert field.period == (4, 1)


def test_whole_columns():
    rows = Rows(odd=True)
    b = rows.builder
    column = b.softmax("column", rows.x, axis=2)
    spread = rows.spread("spread", b.slice("half", column, axis=2, start=0, stop=8))
    field = rows.field(b.add("both", b.pad("moved2", spread, padding=((-1, 1), (0, 0))), column))
    assert field.local.sizes[1] == (1, 9)
    assert [field.region((y, 8)).size[1] for y in range(4)] == [1, 9, 1, 9]


def test_what_reads_everything_has_no_gaps():
    rows = Rows()
    b = rows.builder
    everything = b.reduce("everything", rows.sum, axes=(2, 3), keepdims=True)
    graph = b.build(outputs=[b.add("gated", rows.sum, everything)])
    gaps = gap_phases(graph, sweep(graph, 0, (2, 3)))
    assert {graph.nodes[n].name: found for n, found in gaps.items()} == {
        "rows": (1, 1, 2, 1),
        "sum": (1, 1, 2, 1),
    }


def test_a_table_without_gaps_has_none():
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 6, 4))
    graph = b.build(outputs=[b.gather("mixed", x, axis=2, indices=(5, 0, 3, 3, 1, 2))])
    assert gap_phases(graph, sweep(graph, 0, (2, 3))) == {}
