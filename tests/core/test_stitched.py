"""Padding and circular shifts that are written with slices and concatenation."""

from __future__ import annotations

import numpy as np
import pytest

import rfield
from rfield.core import layout, ops, windows
from rfield.core.graph import Draft, Graph
from rfield.core.indices import IndexSet
from rfield.core.known import Known
from rfield.core.relation import Table

N = 8


def cut(draft: Draft, x: int, start: int, stop: int, step: int = 1) -> int:
    op = layout.slice_(draft.shape(x), 2, start, stop, step)
    return draft.add(f"v{len(draft.nodes)}", op, [x])


def joined(draft: Draft, *parts: int) -> int:
    op = layout.concat(*(draft.shape(p) for p in parts), axis=2)
    return draft.add(f"v{len(draft.nodes)}", op, parts)


def convolved(draft: Draft, x: int, kernel: int = 3) -> int:
    op = windows.conv(draft.shape(x), kernel=kernel)
    return draft.add(f"v{len(draft.nodes)}", op, [x])


def repeated(draft: Draft, x: int, times: int) -> int:
    op = layout.tile(draft.shape(x), {2: times})
    return draft.add(f"v{len(draft.nodes)}", op, [x])


def first_frames(draft: Draft, x: int) -> int:
    return joined(draft, repeated(draft, cut(draft, x, 0, 1), 2), x)


def both_ends(draft: Draft, x: int) -> int:
    n = draft.shape(x)[2]
    ends = [repeated(draft, cut(draft, x, k, k + 1), 3) for k in (0, n - 1)]
    return joined(draft, ends[0], x, ends[1])


def wrapped(draft: Draft, x: int) -> int:
    n = draft.shape(x)[2]
    return joined(draft, cut(draft, x, n - 2, n), x, cut(draft, x, 0, 1))


def rolled(draft: Draft, x: int) -> int:
    n = draft.shape(x)[2]
    return joined(draft, cut(draft, x, n - 3, n), cut(draft, x, 0, n - 3))


def mirrored(draft: Draft, x: int) -> int:
    return joined(draft, cut(draft, x, 2, 0, -1), x)


WAYS = {
    first_frames: (np.pad, {"pad_width": (2, 0), "mode": "edge"}, (5,), (2,)),
    both_ends: (np.pad, {"pad_width": (3, 3), "mode": "edge"}, (5,), (3,)),
    wrapped: (np.pad, {"pad_width": (2, 1), "mode": "wrap"}, (5,), (2,)),
    rolled: (np.roll, {"shift": 3}, (5,), (3,)),
    mirrored: (np.pad, {"pad_width": (2, 0), "mode": "reflect"}, (5,), (2,)),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_read_as_what_it_is(way):
    """The elements are NumPy's; size, stride and padding those of the padded convolution."""
    function, arguments, size, padding = WAYS[way]
    draft = Draft()
    x = way(draft, draft.input("x", (1, 1, N), (2,)))
    places = function(np.arange(N), **arguments)
    graph = draft.finish([convolved(draft, x, 5)])
    rf = rfield.receptive_field(graph)
    assert (rf.size, rf.stride, rf.padding) == (size, (1,), padding)
    for i in range(len(places) - 4):
        found = rfield.support(graph, (i,))
        read = {found.offset[0] + int(k) for k in np.flatnonzero(found.mask)}
        assert read == set(places[i : i + 5].tolist()), i


@pytest.mark.parametrize("length", [8, 16, 64])
def test_many_layers_of_it_have_one_field_at_every_length(length):
    """Twenty layers of kernel 3: 41 positions, also where the tensor is shorter."""
    draft = Draft()
    x = draft.input("x", (1, 1, length), (2,))
    for _ in range(20):
        x = convolved(draft, first_frames(draft, x))
    rf = rfield.receptive_field(draft.finish([x]))
    assert (rf.size, rf.stride, rf.padding) == ((41,), (1,), (40,))


def plain(draft: Draft, *parts: int) -> Graph:
    return draft.finish([joined(draft, *parts)])


def test_what_is_no_border_stays_a_concatenation():
    draft = Draft()
    x = draft.input("x", (1, 1, N), (2,))
    for graph in (
        plain(draft, x, x),
        plain(draft, cut(draft, x, 1, 3), x),
        plain(draft, convolved(draft, x, 1), x),
        plain(draft, x, draft.input("y", (1, 1, N), (2,))),
    ):
        assert graph.nodes[graph.outputs_[0]].kind == "concat"


def test_values_that_a_mask_cut_are_not_followed():
    draft = Draft()
    x = draft.input("x", (1, 1, N), (2,))
    first = cut(draft, x, 0, 1)
    draft.nodes[first].known = Known(np.ones((1, 1, 1), np.uint8), shown=False)
    graph = plain(draft, first, x)
    assert graph.nodes[graph.outputs_[0]].kind == "concat"


def test_a_border_nearly_as_wide_as_the_tensor_is_one():
    """Three of four elements before and one behind, as ``np.pad(…, mode="wrap")`` lays them."""
    draft = Draft()
    x = draft.input("x", (1, 1, 4), (2,))
    y = joined(draft, cut(draft, x, 1, 4), x, cut(draft, x, 0, 1))
    rf = rfield.receptive_field(draft.finish([convolved(draft, y, 5)]))
    assert (rf.size, rf.stride, rf.padding) == ((5,), (1,), (3,))


def test_what_is_cut_from_a_reshaped_tensor_is_followed_to_it():
    draft = Draft()
    x = draft.input("x", (1, 2, 4), (2,))
    y = draft.add("flat", layout.reshape((1, 2, 4), (1, 1, 8)), [x])
    z = joined(draft, cut(draft, y, 0, 1), y)
    assert draft.nodes[z].operands == (y,)
    assert draft.nodes[z].kind == "pad"


def test_an_element_that_is_spread_out_is_a_border():
    draft = Draft()
    x = draft.input("x", (1, 1, N), (2,))
    spread = layout.expand((1, 1, 1), (1, 1, 2))
    y = joined(draft, draft.add("spread", spread, [cut(draft, x, 0, 1)]), x)
    assert draft.nodes[y].operands == (x,)
    rf = rfield.receptive_field(draft.finish([convolved(draft, y, 5)]))
    assert (rf.size, rf.stride, rf.padding) == ((5,), (1,), (2,))


def test_the_parts_are_no_layers_to_ask_about():
    draft = Draft()
    x = draft.input("x", (1, 1, N), (2,))
    graph = draft.finish([wrapped(draft, x)])
    assert rfield.receptive_field(graph).size == (1,)
    with pytest.raises(rfield.InvalidModelError) as error:
        rfield.receptive_field(graph, wrt="v1")
    assert str(error.value) == (
        "v3 pads or rolls x with v1, and is read as that.\n  Ask with respect to x."
    )


def test_a_network_that_is_written_down_keeps_its_parts():
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, N))
    end = b.slice("end", x, axis=2, start=-2, stop=N)
    graph = b.build(outputs=[b.concat("wrapped", end, x, axis=2)])
    assert rfield.receptive_field(graph, wrt="end").region((1,), clip=True).start == (1,)


def test_pieces_that_are_taken_by_a_table_are_a_shift_too() -> None:
    """The last three, chosen by their numbers, in front of the others."""
    draft = Draft()
    x = draft.input("x", (1, 1, N), (2,))
    last = Table(tuple(IndexSet.of([k]) for k in (5, 6, 7)))
    chosen = draft.add(
        "chosen", ops.along((1, 1, N), {2: (last, 3)}, kind="gather", algebra="move"), [x]
    )
    y = joined(draft, chosen, cut(draft, x, 0, 5))
    assert rfield.receptive_field(draft.finish([convolved(draft, y)])).size == (3,)


def test_a_join_of_nothing_is_no_padding() -> None:
    draft = Draft()
    nothing = cut(draft, draft.input("x", (1, 1, N), (2,)), 3, 3)
    last = joined(draft, repeated(draft, nothing, 2), nothing)
    assert draft.shape(last) == (1, 1, 0)
    assert draft.nodes[last].kind == "concat"
