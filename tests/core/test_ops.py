"""The vocabulary: what contractions, groups and broadcasts read, what ops cost, what is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import pytest

from rfield.core import layout, ops
from rfield.core.arguments import window_of
from rfield.core.graph import Draft
from rfield.core.link import Link, Read, Reshaped, Span, broadcast, reads_of
from rfield.core.operation import Op
from rfield.core.relation import IDENTITY
from rfield.errors import InvalidModelError

EINSUMS = [
    ("ik", "kj", "ij", (2, 3), (3, 2)),
    ("ik", "ik", "ik", (1, 3), (2, 3)),
    ("ik", "ik", "ik", (2, 3), (1, 3)),
    ("ik", "ik", "ki", (2, 1), (2, 3)),
    ("ik", "kj", "ij", (2, 1), (3, 2)),
    ("ik", "kj", "ij", (1, 3), (1, 2)),
    ("bik", "bkj", "bij", (1, 2, 2), (3, 2, 2)),
    ("bik", "bkj", "bij", (1, 1, 1), (1, 1, 1)),
    ("ik", "i", "k", (2, 3), (1,)),
]


@pytest.mark.parametrize(("left", "right", "result", "one", "other"), EINSUMS)
def test_a_contraction_reads_what_its_labels_say(
    left: str, right: str, result: str, one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    """An element is read where its labels agree with the output's; a single one broadcasts."""
    op = ops.contract([one, other], [left, right], result)
    sizes: dict[str, int] = {}
    for label, size in zip(left + right, one + other, strict=True):
        sizes[label] = max(size, sizes.get(label, 1))
    assert op.shape == tuple(sizes[label] for label in result)
    assert op.exact
    for link, labels, shape in zip(op.links, (left, right), (one, other), strict=True):
        assert isinstance(link, Link)
        for at in product(*map(range, op.shape)):
            place = dict(zip(result, at, strict=True))
            expected = [
                element
                for element in product(*map(range, shape))
                if all(
                    label not in place or size == 1 or index == place[label]
                    for label, index, size in zip(labels, element, shape, strict=True)
                )
            ]
            assert sorted(reads_of(link, at, shape)) == expected


def test_a_single_label_is_read_at_its_only_index_however_long_the_other_is() -> None:
    single, full = ops.contract([(1, 7), (5, 7)], ["ik", "ik"], "ik").links
    assert str(single) == "Link(At(index=0), 1: =)"
    assert str(full) == "Link(0: =, 1: =)"
    kept, _ = ops.contract([(1, 7), (1, 7)], ["ik", "ik"], "ik").links
    assert str(kept) == "Link(0: =, 1: =)"


@pytest.mark.parametrize(
    ("shapes", "labels", "output", "shape", "macs"),
    [
        ([(5, 7), (7, 9)], ["ik", "kj"], "ij", (5, 9), 315),
        ([(5, 1), (7, 9)], ["ik", "kj"], "ij", (5, 9), 315),
        ([(5, 0), (0, 9)], ["ik", "kj"], "ij", (5, 9), 0),
        ([(0, 3), (1, 3)], ["ik", "ik"], "ik", (0, 3), 0),
        ([(1, 3), (0, 3)], ["ik", "ik"], "ik", (0, 3), 0),
    ],
)
def test_sizes_and_cost_of_a_contraction(
    shapes: list[tuple[int, ...]], labels: list[str], output: str, shape: Sequence[int], macs: int
) -> None:
    op = ops.contract(shapes, labels, output, parameters=12)
    assert (op.shape, op.work.macs, op.work.parameters) == (shape, macs, 12)


def test_a_diagonal_is_a_bound() -> None:
    op = ops.contract([(3, 3), (3,)], ["ii", "i"], "i")
    assert not op.exact
    assert [str(link) for link in op.links] == ["Link(Whole(), Whole())", "Link(0: =)"]


@pytest.mark.parametrize(
    ("groups", "inputs", "outputs", "expected"),
    [
        (2, 4, 6, [[0, 1]] * 3 + [[2, 3]] * 3),
        (3, 3, 3, [[0], [1], [2]]),
        (2, 6, 2, [[0, 1, 2], [3, 4, 5]]),
        (2, 2, 4, [[0], [0], [1], [1]]),
        (1, 3, 2, [[0, 1, 2]] * 2),
    ],
)
@pytest.mark.parametrize("make", [ops.conv, ops.conv_transpose], ids=["conv", "conv_transpose"])
def test_the_channels_of_groups(
    make: Callable[..., Op], groups: int, inputs: int, outputs: int, expected: list[list[int]]
) -> None:
    op = make((1, inputs, 5), kernel=1, groups=groups, channels=outputs)
    (link,) = op.links
    assert link is not None
    found = [
        sorted({element[1] for element in reads_of(link, (0, channel, 2), (1, inputs, 5))})
        for channel in range(outputs)
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("op", "macs", "adds", "parameters"),
    [
        (ops.conv((2, 4, 9), kernel=3, channels=6, groups=2, bias=True), 504, 84, 42),
        (ops.conv((2, 4, 9), kernel=3, channels=6, groups=2), 504, 0, 36),
        (ops.conv((1, 4, 9, 9), kernel=(1, 3), stride=(1, 2)), 1728, 0, 48),
        (ops.conv_transpose((2, 4, 9), kernel=3, channels=6, groups=2, bias=True), 648, 132, 42),
        (ops.conv_transpose((2, 4, 9), kernel=3, channels=6, groups=2), 648, 0, 36),
        (ops.pool((1, 2, 8), kernel=3, stride=1), 0, 36, 0),
        (ops.dense((1, 16, 8), 10), 1280, 0, 80),
        (ops.dense((1, 16, 8), 10, bias=True), 1280, 160, 90),
        (ops.dense((3, 4), 5, axis=0), 60, 0, 15),
        (ops.reduce((2, 3, 4), [1]), 0, 24, 0),
    ],
)
def test_what_an_op_costs(op: Op, macs: int, adds: int, parameters: int) -> None:
    assert (op.work.macs, op.work.adds, op.work.parameters) == (macs, adds, parameters)


@pytest.mark.parametrize(
    ("shape", "axes", "keepdims", "expected"),
    [
        ((2, 3, 4), [1], False, "(2, 4) Link(0: =, Whole(), 1: =)"),
        ((2, 3, 4), [-1, 0], False, "(3,) Link(Whole(), 0: =, Whole())"),
        ((2, 3, 4), [1], True, "(2, 1, 4) Link(0: =, 1: Whole(), 2: =)"),
    ],
)
def test_a_reduction_keeps_or_drops_axes(
    shape: tuple[int, ...], axes: list[int], keepdims: bool, expected: str
) -> None:
    op = ops.reduce(shape, axes, keepdims=keepdims)
    assert f"{op.shape} {op.links[0]}" == expected


@pytest.mark.parametrize(
    ("shape", "result", "expected"),
    [
        ((3,), (2, 3), "Link(1: =)"),
        ((1, 3), (1, 3), "Link(0: =, 1: =)"),
        ((1, 3), (2, 3), "Link(At(index=0), 1: =)"),
        ((1,), (2, 1), "Link(1: =)"),
        ((2, 1), (2, 2), "Link(0: =, At(index=0))"),
    ],
)
def test_a_broadcast(shape: tuple[int, ...], result: tuple[int, ...], expected: str) -> None:
    assert str(broadcast(shape, result)) == expected


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (ops.pointwise, "there are no operands"),
        (lambda: layout.concat(axis=0), "nothing to concatenate"),
        (
            lambda: ops.conv_transpose((1, 1, 2), kernel=2, stride=2, padding=2),
            "output of 0 positions from 2",
        ),
        (
            lambda: ops.conv_transpose((1, 1, 2), kernel=1, stride=2, output_padding=2),
            "output_padding = 2; expected less than the stride (2,) or the dilation (1,)",
        ),
        (
            lambda: ops.conv((1, 4, 9), kernel=3, groups=3),
            "groups = 3; expected a divisor of 4 input and 4 output channels",
        ),
        (
            lambda: ops.conv((1, 4, 9), kernel=3, groups=2, channels=3),
            "groups = 2; expected a divisor of 4 input and 3 output channels",
        ),
        (
            lambda: ops.conv((1, 4, 2), kernel=2, dilation=2),
            "a window of 3 does not fit into 2 with padding 0 and 0",
        ),
        (lambda: ops.conv((1, 4), kernel=1), "an operand of rank 2 has no axes to slide over"),
        (
            lambda: ops.pool((1, 4, 5), kernel=1, axes=[2, -1]),
            "axes = (2, -1); expected distinct axes",
        ),
        (lambda: layout.select((2, 3), 1, 3), "index 3 outside an axis of 3"),
        (lambda: layout.select((2, 3), 1, -4), "index -4 outside an axis of 3"),
        (lambda: layout.gather((2, 3), 1, [0, 3]), "index 3 outside an axis of 3"),
        (lambda: layout.gather((2, 3), 1, [-4]), "index -4 outside an axis of 3"),
        (lambda: layout.reshape((2, 3), (4, -1)), "cannot reshape (2, 3) into (4, -1)"),
        (lambda: layout.reshape((2, 3), (0, -1)), "cannot reshape (2, 3) into (0, -1)"),
        (lambda: layout.reshape((2, 3), (-1, -1)), "cannot reshape (2, 3) into (-1, -1)"),
        (lambda: layout.reshape((2, 3), (5,)), "cannot reshape (2, 3) into (5,)"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], text: str) -> None:
    with pytest.raises(InvalidModelError) as told:
        make()
    assert str(told.value) == text


def test_the_least_that_can_be_is_accepted() -> None:
    assert ops.conv_transpose((1, 1, 2), kernel=2, stride=1, padding=1).shape == (1, 1, 1)
    extra = ops.conv_transpose((1, 1, 2), kernel=1, stride=2, output_padding=1)
    assert extra.shape == (1, 1, 4)
    wide = ops.conv_transpose((1, 1, 2), kernel=2, dilation=3, output_padding=2)
    assert wide.shape == (1, 1, 7)
    assert layout.select((2, 3), 1, -3).shape == (2,)
    assert layout.gather((2, 3), 1, [-3, 2]).shape == (2, 2)
    assert layout.reshape((2, 0), (0, 5)).shape == (0, 5)


def test_of_a_reshape_only_axes_that_are_alone_have_a_short_form() -> None:
    assert Reshaped((2, 6, 5), (4, 3, 5)).affine == (None, None, Span(2, 1, 0, 0))


@pytest.mark.parametrize(("part", "window"), [(2, (2, 3, 1)), ("x", (0, 0, 0)), (None, (0, 0, 0))])
def test_what_is_no_place_is_an_empty_window(part: object, window: tuple[int, ...]) -> None:
    assert window_of(part, 5) == window


@pytest.mark.parametrize(
    ("link", "fits"),
    [
        (Link([Read(0, IDENTITY), Read(1, IDENTITY)]), True),
        (Link([Read(0, IDENTITY), Read(2, IDENTITY)]), False),
        (Link([Read(-1, IDENTITY), Read(1, IDENTITY)]), False),
        (Link([Read(0, IDENTITY)]), False),
        (Reshaped((2, 3), (2, 3)), True),
        (Reshaped((3, 2), (2, 3)), False),
        (Reshaped((2, 3), (3, 2)), False),
    ],
)
def test_a_link_has_to_fit(link: Link | Reshaped, fits: bool) -> None:
    draft = Draft()
    x = draft.input("x", (2, 3), (0, 1))
    draft.add("y", Op("odd", (2, 3), (link,)), [x])
    if fits:
        assert draft.finish([1]).outputs == ("y",)
        return
    with pytest.raises(InvalidModelError) as told:
        draft.finish([1])
    assert str(told.value) == "y: its link does not fit x (2, 3)"


def test_a_running_op_keeps_one_number_beside_its_axis() -> None:
    """The sum so far of every other position: the axis that it runs along has one place."""
    assert ops.cumulate((2, 9, 4), 1).keeps == ((2, 1, 4),)
    assert ops.cumulate((2, 9, 4), -1, backward=True).keeps == ((2, 9, 1),)
