"""Free sizes: what a model read at sizes that stand for any says of them."""

from __future__ import annotations

import pytest

from rfield.core import layout, ops
from rfield.core.graph import Draft
from rfield.errors import InvalidModelError, UnresolvedSizeError
from rfield.frontends.machine.free import LADDER, read_free, without_sizes


def graph_of(build, sizes):
    draft = Draft()
    shape = sizes["x"]
    build(draft, draft.input("x", shape, range(1, len(shape))), shape)
    return draft.finish([len(draft.nodes) - 1])


def free(build, shape=(None, None)):
    read = lambda sizes: graph_of(build, sizes)  # noqa: E731  # a model is a function of its sizes
    return read_free({"x": shape}, {"x": range(1, len(shape))}, read)


def pooled(draft, x, shape):
    op = layout.reshape(shape, (shape[0], 1, shape[1]))
    draft.add("wide", op, [x])
    draft.add("pool", ops.pool(op.shape, kernel=[2], stride=[2]), [x + 1])


def test_what_differs_is_free():
    graph = free(pooled)
    assert [graph.shape(k) for k in range(3)] == [(None, None), (None, 1, None), (None, 1, None)]
    assert graph.inputs_[0].free == {1}
    assert not any(node.op.depends_on_size for node in graph.nodes)


def test_what_is_counted_from_the_end_depends_on_the_size():
    graph = free(lambda d, x, s: d.add("last", layout.slice_(s, 1, s[1] - 3, s[1]), [x]))
    assert graph.nodes[1].op.depends_on_size
    assert graph.shape(1) == (None, 3)


def test_what_is_computed_from_the_size_depends_on_it():
    def same(draft, x, shape):
        draft.add("pad", layout.pad(shape, {1: (shape[1] % 2, 1)}), [x])

    assert free(same).nodes[1].op.depends_on_size


def test_an_op_that_some_sizes_do_not_need_depends_on_the_size_and_so_does_its_reader():
    def even(draft, x, shape):
        if shape[1] % 2 == 0:
            draft.add("cut", layout.slice_(shape, 1, 0, shape[1] - 1), [x])
        draft.add("end", ops.pointwise(draft.nodes[-1].shape), [len(draft.nodes) - 1])

    assert [node.op.depends_on_size for node in free(even).nodes] == [False, True, True]


def test_a_model_that_takes_no_odd_size():
    def halves(draft, x, shape):
        if shape[1] % 2:
            raise InvalidModelError(f"an odd size {shape[1]}")
        draft.add("half", layout.reshape(shape, (shape[0], 2, shape[1] // 2)), [x])

    assert free(halves).shape(1) == (None, 2, None)


def test_the_next_size_is_tried():
    def small(draft, x, shape):
        if shape[1] > 50_000:
            raise InvalidModelError("too long")
        draft.add("end", ops.pointwise(shape), [x])

    graph = free(small)
    assert graph.nodes[0].shape == (1, LADDER[1])


def test_other_sizes_are_read_again():
    again = free(pooled).reread({"x": (1, 8)})
    assert again.nodes[2].shape == (1, 1, 4)
    assert again.reread({"x": (2, 6)}).nodes[2].shape == (2, 1, 3)


def test_messages_show_no_size_that_was_made_up():
    def crops(draft, x, shape):
        raise InvalidModelError(f"add: sizes {shape[1]} and {shape[1] - 8} of 3 do not broadcast")

    with pytest.raises(InvalidModelError) as caught:
        free(crops)
    assert str(caught.value) == (
        "add: sizes ? and ? of 3 do not broadcast\n"
        "  The model leaves input sizes free, but does not accept every size.\n"
        "  Give input_shape; free are: 'x' (?, ?)"
    )


@pytest.mark.parametrize(("texts", "expected"), [
    (["of 7 and 20,160", "of 7 and 60,480"], "of 7 and ?"),
    (["(1, 20160, 3)", "(1, 60480, 3)"], "(1, ?, 3)"),
    (["20160 of 7", "too large"], "? of 7"),
    (["of 315", "else"], "of ?"),
])  # fmt: skip
def test_numbers_that_differ(texts, expected):
    assert without_sizes(texts, 20_160) == expected


def sliding(draft, x, shape, kernel, pool=False):
    wide = (shape[0], 1, shape[1])
    op = ops.pool(wide, kernel=[kernel]) if pool else ops.conv(wide, kernel=[kernel])
    name = "pool" if pool else f"conv{kernel}"
    draft.add(name, op, [draft.add("wide", layout.reshape(shape, wide), [x])])


def test_where_small_sizes_run_other_layers_the_answer_says_from_where_on():
    graph = free(lambda d, x, s: sliding(d, x, s, 9 if s[1] < 20 else 3))
    assert graph.assumed == (
        "free sizes are taken to be 20 or more: at 19 the model runs other layers (conv3, conv9); "
        "for small sizes give input_shape",
    )


def test_a_window_that_small_sizes_narrow_is_another():
    graph = free(lambda d, x, s: sliding(d, x, s, min(s[1], 41), pool=True))
    assert "41 or more: at 40 the model runs other layers (pool)" in graph.assumed[0]


@pytest.mark.parametrize(
    "build",
    [
        lambda d, x, s: sliding(d, x, s, 3),
        lambda d, x, s: sliding(d, x, s, s[1], pool=True),
    ],
)
def test_the_same_layers_at_all_sizes_rest_on_nothing(build):
    assert free(build).assumed == ()


def test_the_first_small_size_that_is_taken_tells():
    def large(draft, x, shape):
        if shape[1] < 50:
            raise InvalidModelError("too small")
        sliding(draft, x, shape, 9 if shape[1] < 1000 else 3)

    assert "taken to be 1,000 or more: at 999" in free(large).assumed[0]


def test_other_layers_at_odd_sizes_leave_no_size_free():
    with pytest.raises(UnresolvedSizeError, match="give numbers for all sizes"):
        free(lambda d, x, s: sliding(d, x, s, 9 if s[1] % 8 else 3))
