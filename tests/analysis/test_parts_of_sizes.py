"""What is said of the ends of an axis and of sizes, by all small windows and by literal texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import rfield
from rfield.analysis.resizing.edges import _dropped as dropped
from rfield.analysis.resizing.edges import _judged as judged
from rfield.analysis.resizing.edges import _mask as mask
from rfield.analysis.resizing.ends import last_taken
from rfield.analysis.resizing.sizeset import SizeSet
from rfield.analysis.resizing.sizeset import _runs as runs
from rfield.core import layout
from rfield.core.graph import Draft
from rfield.core.indices import IndexSet
from rfield.core.relation import window as window_relation


def window(size: int, kernel: int, stride: int, dilation: int, pads: tuple[int, int], own: bool):
    """One window, padded by itself or by a layer before it."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, size))
    if not own:
        x = b.pad("pad", x, padding=[pads])
    options: dict[str, Any] = {"padding": [pads]} if own else {}
    return b.build([b.conv("c", x, kernel=kernel, stride=stride, dilation=dilation, **options)])


CASES = [
    case
    for case in product(
        (5, 6, 7, 9), (1, 2, 3, 4), (1, 2, 3, 4), (1, 2), ((0, 0), (1, 1), (0, 1), (2, 1))
    )
    if case[0] + sum(case[4]) >= (case[1] - 1) * case[3] + 1
]


@pytest.mark.parametrize("chunk", range(12))
@pytest.mark.parametrize("own", [True, False])
def test_what_falls_off_and_what_is_padded(chunk: int, own: bool) -> None:
    """All windows are laid out; one more at either end shows what would have been read."""
    for size, kernel, stride, dilation, pads in CASES[chunk::12]:
        reach = (kernel - 1) * dilation
        outputs = (size + sum(pads) - reach - 1) // stride + 1
        starts = [i * stride - pads[0] for i in range(-20, outputs + 20)]
        read = {s + k * dilation for s in starts[20 : 20 + outputs] for k in range(kernel)}
        endless = {s + k * dilation for s in starts for k in range(kernel)}
        after, before = max(read) + stride, min(read) - stride
        beyond = {
            p for p in endless - read
            if 0 <= p < size and (max(read) < p < after or before < p < min(read))
        }  # fmt: skip
        used = max(0, -min(read)), max(0, max(read) - size + 1)
        found = rfield.check_size(window(size, kernel, stride, dilation, pads, own), size)
        expected: list[str] = []
        if beyond and stride > 1:
            some = "position" if len(beyond) == 1 else f"{len(beyond)} positions"
            expected.append(f"c drops the last {some} along t")
        if used[0] != used[1] and (kernel, stride) != (1, 1):  # else it hands its padding on
            expected.append(f"c pads {used[0]} before and {used[1]} after along t")
        case = (size, kernel, stride, dilation, pads)
        assert (case, [str(f) for _, f in found.findings]) == (case, expected)
        assert bool(found) == (not expected)


def strided(more: Any) -> rfield.SizeCheck:
    """15 positions, the last of which a pooling by 2 leaves out, beside another reader."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 15))
    return rfield.check_size(b.build([b.max_pool("pool", x, kernel=2), more(b, x)]), 15)


READERS = {
    "the mean": (lambda b, x: b.reduce("more", x, axes=[2]), True),
    "the last": (lambda b, x: b.gather("more", x, axis=2, indices=[14, 0, 3]), True),
    "others": (lambda b, x: b.gather("more", x, axis=2, indices=[0, 13, 1]), False),
    "irregular windows": (lambda b, x: b.adaptive_pool("more", x, 4), True),
    "a reshape": (lambda b, x: b.reshape("more", x, (1, 3, 5)), True),
    "every third": (lambda b, x: b.conv("more", x, kernel=1, stride=7), True),
    "every fifth": (lambda b, x: b.slice("more", x, axis=2, start=0, stop=15, step=5), False),
}


@pytest.mark.parametrize("name", READERS)
def test_who_else_reads_what_falls_off(name: str) -> None:
    reader, complete = READERS[name]
    assert strided(reader).holds("complete") == complete


def test_padding_of_both_branches_is_padding() -> None:
    """Two pads before and one after, added to one and two: one position on each side is empty."""

    def graph(one: tuple[int, int], other: tuple[int, int]) -> rfield.Graph:
        b = rfield.GraphBuilder()
        x = b.input("x", (1, 1, 9))
        y = b.add("sum", b.pad("a", x, padding=[one]), b.pad("b", x, padding=[other]))
        return b.build([b.conv("c", y, kernel=3, stride=3)])

    def told(*pads: tuple[int, int]) -> list[str]:
        findings = rfield.check_size(graph(*pads), 9).findings
        return [str(f) for _, f in findings if f.layer == "c"]

    assert told((2, 1), (1, 2)) == []
    assert told((2, 2), (3, 1)) == ["c pads 2 before and 0 after along t"]
    assert told((3, 0), (3, 0)) == ["c pads 3 before and 0 after along t"]
    assert told((0, 3), (3, 0)) == []


def inputs(size: int = 33) -> rfield.Graph:
    b = rfield.GraphBuilder()
    left, right = b.input("left", (1, 1, size)), b.input("right", (1, 1, size))
    a = b.max_pool("a", left, kernel=2)
    return b.build([a, b.max_pool("b", right, kernel=3)])


def test_only_the_inputs_that_change_are_looked_at() -> None:
    graph = inputs()
    assert [str(f) for _, f in rfield.check_size(graph, 35, wrt="left").findings] == [
        "a drops the last position along t"
    ]
    assert [str(f) for _, f in rfield.check_size(graph, 35, wrt="right").findings] == [
        "b drops the last 2 positions along t"
    ]
    assert str(rfield.valid_sizes(graph, "complete", wrt="left")) == "t: multiples of 2, from 2"
    assert str(rfield.valid_sizes(graph, "complete")) == "t: multiples of 6, from 6"


def test_the_output_says_what_it_knows_of_any_input() -> None:
    """The output depends on the second input alone."""
    graph = inputs()
    assert rfield.output_size(graph, 30) == (10,)
    assert rfield.output_size(graph, 30, "a") == (15,)
    assert rfield.input_size(graph, 10).sets[0].early == (30, 31, 32)
    assert rfield.check_size(graph, 30).centers == ((1, 28),)
    assert rfield.check_size(graph, 30, "a").centers == ((0.5, 28.5),)


def test_a_free_axis_is_read_well_above_its_first_sizes() -> None:
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, None)), kernel=5, stride=3)
    found = rfield.valid_sizes(b.build([y]), "complete")
    assert str(found) == "t: n ≡ 2 mod 3, from 5"
    assert found.basis == (
        "sizes repeat every 3: 3 read one by one from 1026 on, 8 again 3 further, "
        "41 from 1 to 16,383 held against that",
    )
    assert found.against == (("1026: conv drops the last position along t",),)


def mixed() -> rfield.Graph:
    """Rows must be even to be added to themselves, columns divisible by 3."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 12, 18))
    y = b.resize("up", b.max_pool("pool", x, kernel=(2, 3)), scale=(2, 3))
    return b.build([b.add("sum", y, x)])


def test_what_a_person_reads_when_a_size_is_refused() -> None:
    graph = mixed()
    assert str(rfield.valid_sizes(graph)) == "y: multiples of 2, from 2; x: multiples of 3, from 3"
    for size, lines in (
        ((12, 20), ["  along x: nearest 18 and 21; smallest 3"]),
        ((1, 18), ["  along y: nearest 2; smallest 2"]),
        ((7, 2), ["  along y: nearest 6 and 8; smallest 2", "  along x: nearest 3; smallest 3"]),
    ):
        with pytest.raises(rfield.RFieldError) as told:
            rfield.output_size(graph, size)
        first, *rest = str(told.value).split("\n")
        assert first.startswith(f"the model does not take an input of {size[0]}x{size[1]}: ")
        assert rest[-len(lines) :] == lines
        assert sum("along" in line for line in rest) == len(lines)
    against = rfield.valid_sizes(graph).against
    assert [len(lines) for lines in against] == [1, 1]
    assert against[0][0].startswith("13 is refused: ")


def test_sizes_that_are_looked_at_one_by_one() -> None:
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, 16)), kernel=4, stride=4)
    graph = b.build([b.reshape("tokens", y, (1, 4))])
    found = rfield.valid_sizes(graph)
    assert found.basis == ("sizes were not seen to repeat: 12 to 20 read one by one",)
    assert found.sets[0].among == (12, 20)
    giving = rfield.input_size(graph, 4)
    assert (giving.sets[0].early, giving.sets[0].among) == ((16, 17, 18, 19), (12, 20))
    none = rfield.input_size(graph, 5)
    assert none.against == (("no input size gives 5; nearest: 4 from 19",),)


@pytest.mark.parametrize(
    ("sizes", "text"),
    [
        (SizeSet.of(4, [4, 6]), "multiples of 2, from 4"),
        (SizeSet.of(6, [7, 8]), "n ≡ 1, 2 mod 6, from 7"),
        (SizeSet.of(8, [1, 2, 3, 5]), "n ≡ 1–3, 5 mod 8, from 1"),
        (SizeSet.of(5, [3]), "n ≡ 3 mod 5, from 3"),
        (SizeSet.of(1, [9]), "every size from 9"),
        (SizeSet.of(2, [5, 12]), "every size from 11; and 5, 7, 9"),
        (SizeSet.only([3, 4, 7, 8, 9, 20]), "3, 4, 7–9, 20 only"),
        (SizeSet.only(range(1, 20, 2)), "1, 3, 5, 7, 9, 11, 13, 15 … only"),
        (SizeSet.only([]), "none"),
        (SizeSet.only([5], (1, 9)), "5 of 1 to 9"),
        (SizeSet.only([], (1, 9)), "none of 1 to 9"),
    ],
)
def test_sizes_as_people_write_them(sizes: SizeSet, text: str) -> None:
    assert str(sizes) == text


def test_examples_of_sizes() -> None:
    sizes = SizeSet.of(4, [5, 11])
    assert sizes.examples() == (5, 9, 11)
    assert sizes.examples(10) == (11, 13, 15)
    assert sizes.examples(12, 2) == (13, 15)
    finite = SizeSet.only([3, 5, 8, 9])
    assert finite.examples(4) == (5, 8, 9)
    assert finite.examples(10) == (5, 8, 9)
    assert finite.examples(10, 2) == (8, 9)
    assert SizeSet.only([]).examples() == ()
    assert (finite.around(6), finite.around(5), finite.around(2), finite.around(30)) == (
        (5, 8), (5,), (3,), (9,),
    )  # fmt: skip
    assert ("5" in finite, bool(finite), bool(SizeSet.only([])), finite.is_finite) == (
        False, True, False, True,
    )  # fmt: skip
    assert sizes.as_dict() == {
        "start": 9, "step": 2, "residues": [1], "early": [5], "among": None,
    }  # fmt: skip
    assert finite.as_dict()["step"] is None


def plus_mean(rows: np.ndarray) -> np.ndarray:
    return (rows + rows.mean(1, keepdims=True)).reshape(-1)


def folded(size: int, kind: str) -> tuple[rfield.Graph, Callable[[np.ndarray], np.ndarray]]:
    """A network that folds the axis and unfolds it, and the same in NumPy on a column of it."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, size))

    def mixed_rows(name: str, value: Any, *shape: int) -> Any:
        y = b.reshape(f"{name}_split", value, (1, 1, *shape))
        mean = b.reduce(f"{name}_mean", y, axes=[1 + len(shape)], keepdims=True)
        return b.add(f"{name}_mix", y, mean)

    if kind == "rows":
        y = mixed_rows("four", x, size // 4, 4)
        return b.build([b.reshape("back", y, (1, 1, size))]), lambda v: plus_mean(v.reshape(-1, 4))
    if kind == "every fourth":
        y = b.reshape("split", x, (1, 1, size // 4, 4))
        y = b.slice("first", y, axis=3, start=0, stop=1)
        return b.build([b.reshape("back", y, (1, 1, size // 4))]), lambda v: v[::4]
    if kind == "every second group":
        y = b.reshape("split", x, (1, 1, size // 2, 2))
        y = b.slice("half", y, axis=2, start=0, stop=size // 2, step=2)
        y = b.reshape("back", y, (1, 1, size // 2))
        return b.build([y]), lambda v: v.reshape(-1, 2)[::2].reshape(-1)
    if kind == "regrouped":
        y = b.reshape("flat", mixed_rows("six", x, size // 6, 6), (1, 1, size))
        y = b.reshape("back", mixed_rows("four", y, size // 4, 4), (1, 1, size))
        return b.build([y]), lambda v: plus_mean(plus_mean(v.reshape(-1, 6)).reshape(-1, 4))
    y = mixed_rows("two", x, size // 6, 2, 3)
    return b.build([b.reshape("back", y, (1, 1, size))]), lambda v: plus_mean(v.reshape(-1, 3))


KINDS = ["rows", "every fourth", "every second group", "regrouped"]


@pytest.mark.parametrize("kind", [*KINDS, "two axes"])
def test_the_least_step_of_what_is_folded(kind: str) -> None:
    """By matrices: which shift of the input gives the outputs shifted."""
    size = 96
    graph, function = folded(size, kind)
    matrix = np.stack([function(column) for column in np.eye(size)], axis=1)
    outputs = len(matrix)

    def fits(step: int, moves: int) -> bool:
        laid = np.zeros_like(matrix)
        laid[:, step:] = matrix[:, :-step]
        return all(np.allclose(laid[i], matrix[i + moves]) for i in range(12, outputs - 24))

    found = rfield.shift_equivariance(graph)
    step = next(s for s in range(1, 25) if s * outputs % size == 0 and fits(s, s * outputs // size))
    if kind == "two axes":  # the outer one is followed; the mean is over the inner one alone
        assert step == 3
        step = 6
    assert (found.step, found.moves) == ((step,), (step * outputs // size,))


def test_positions_that_an_axis_has() -> None:
    found = mask(IndexSet.of([-2, 0, 3, 4, 5, 9]), 5)
    assert found.tolist() == [True, False, False, True, True]


def test_a_layer_without_an_axis_has_no_size_to_ask_for() -> None:
    b = rfield.GraphBuilder()
    x = b.conv("conv", b.input("x", (1, 1, 16)), kernel=3)
    graph = b.build([x, b.global_pool("pool", x)])
    for output, asked in ((None, "pool"), ("pool", "pool")):
        with pytest.raises(rfield.RFieldError) as told:
            rfield.input_size(graph, 4, output)
        assert str(told.value) == (
            f"{asked} has no axis of its own along t, so no size can be asked for"
        )
    assert rfield.input_size(graph, 4, "conv").smallest == (6,)


def test_as_many_examples_as_there_is_room_for() -> None:
    """Seven of them take 26 characters, the eighth would make it 32 of 30."""
    assert runs([*range(10, 80, 10), 8000, 9000]) == "10, 20, 30, 40, 50, 60, 70 …"


def test_what_a_window_before_the_first_would_read() -> None:
    """Two wide, every third, from position 2 on: one before would read −1 and 0."""
    found = dropped(window_relation(kernel=2, stride=3, before=-2), 2, 7, (0, 0))
    assert found is not None
    assert found.tolist() == [True, False, False, False, False, False, False]


def test_padding_and_cropping_of_as_much_is_no_turn() -> None:
    shape = (1, 1, 6)
    (moved,) = layout.pad(shape, {2: (1, -1)}).links
    (rolled,) = layout.roll(shape, {2: 1}).links
    assert judged(moved, 2, 6, shape, (0, 0)).pads == (1, 0)
    assert judged(rolled, 2, 6, shape, (0, 0)).pads == (0, 0)


def test_zeros_in_front_do_not_end_the_axis_that_moves() -> None:
    """A concatenation of which one part is known has one operand: it is padding."""
    shape = (1, 1, 8)
    draft = Draft()
    x = draft.input("x", shape, (2,))
    both = layout.concat((1, 1, 2), shape, axis=2)
    padded = draft.add("padded", replace(both, links=both.links[1:], join=False), [x])
    assert rfield.shift_equivariance(draft.finish([padded])).step == (1,)


def test_where_outputs_look_when_a_size_is_checked() -> None:
    """Kernel 3, stride 2, padding 1 of 9: output 0 looks at 0, output 4 at 8."""
    b = rfield.GraphBuilder()
    x = b.conv("conv", b.input("x", (1, 1, 9)), kernel=3, stride=2, padding=1)
    found = rfield.check_size(b.build(outputs=[x]), 9).as_dict()
    assert found["centers"] == [[0.0, 8.0]]


def test_a_size_that_takes_all_the_room_is_shown() -> None:
    assert runs([10**40, 10**40 + 2]) == f"{10**40} …"


def test_the_last_size_of_a_long_step_is_found() -> None:
    """Sizes 1, 65, 129, … to 300: below the first lie fewer than a step."""

    def read(size: int) -> Any:
        return SimpleNamespace(shapes=[()], refused=size > 300)

    assert last_taken(read, read, iter([1]), 64) == 257
