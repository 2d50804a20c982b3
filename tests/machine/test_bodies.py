"""Calls, branches, loops and scans, read through a machine with nothing around it."""

from __future__ import annotations

import pytest

from rfield.core import layout, ops
from rfield.core.graph import Draft
from rfield.core.link import reads_of
from rfield.core.relation import window
from rfield.errors import InvalidModelError, TooLargeError
from rfield.frontends.machine import limits
from rfield.frontends.machine.bodies import branch, call, loop
from rfield.frontends.machine.emit import Emitter
from rfield.frontends.machine.scans import Along, scan
from rfield.frontends.machine.values import Constant, Dependent, Items, known


class Bare:
    """The least that reads bodies."""

    training = False

    def __init__(self, *shapes):
        self.draft = Draft()
        self.layers = {}
        self.count = 0
        self.depth = 0
        self.emitter = Emitter(self.draft, self.fresh)
        self.inputs = [
            Dependent(self.draft.input(f"x{k}", shape, range(len(shape))), shape)
            for k, shape in enumerate(shapes)
        ]

    def fresh(self, name):
        made, number = name, 1
        while made in self.draft.names:
            made, number = f"{name}#{number}", number + 1
        return made

    def step(self, answer, operands=()):
        self.count += 1
        made = self.emitter.settle(answer, operands, "op")
        if isinstance(made, Dependent):
            self.layers[self.draft.nodes[made.index].name] = made.index
        return made

    def inputs_behind(self, value):
        return ["x0"]

    def conv(self, x, width=3):
        slid = (window(width, 1, width // 2), x.shape[-1])
        return self.step(ops.along(x.shape, {-1: slid}, kind="conv"), [x])

    def plus(self, *values):
        if all(isinstance(v, Constant) and v.array is not None for v in values):
            self.count += 1
            return known(sum(v.array for v in values))
        return self.step(ops.pointwise(*(v.shape for v in values), kind="add"), values)

    def reads(self, value, *index):
        """What one place of the result reads of each input, element by element, and if exactly."""
        nodes, exact = self.draft.nodes, True
        reading = {value.index: {index}}
        for place in range(value.index, -1, -1):
            node = nodes[place]
            exact = exact and (place not in reading or node.exact)
            for operand, link in zip(node.operands, node.links, strict=True):
                for at in reading.get(place, ()):
                    found = reads_of(link, at, nodes[operand].shape)
                    reading.setdefault(operand, set()).update(found)
        return [sorted(reading.get(x.index, ())) for x in self.inputs], exact


def line(*indices):
    return [(i,) for i in indices]


def test_a_loop_with_a_known_end_is_written_out():
    m = Bare((9,))
    made = loop(
        m,
        [known(0), m.inputs[0]],
        lambda v: [m.plus(v[0], known(1)), m.conv(v[1])],
        lambda v: [known(v[0].array < 3)],
    )
    assert made[0].array == 3
    assert m.reads(made[1], 4) == ([line(1, 2, 3, 4, 5, 6, 7)], True)


def test_a_loop_that_data_ends_is_bounded():
    m = Bare((9,), (5,))
    before = len(m.draft.nodes)
    made = loop(
        m,
        [m.inputs[0], m.inputs[1]],
        lambda v: [m.conv(v[0]), v[1]],
        lambda v: [m.step(ops.reduce((5,), [0]), [v[1]])],
        unchanged=[1],
    )
    assert made[1] is m.inputs[1]
    assert len(m.draft.nodes) == before + 1  # what was tried is forgotten
    assert m.reads(made[0], 4) == ([line(*range(9)), line(*range(5))], False)


def test_what_a_loop_was_tried_with_is_forgotten():
    """The bound has the number of what the body made: that was at most 0, the bound is not."""
    m = Bare((9,))

    def beside_zero(kind, x):
        return m.step(ops.pointwise((9,), (), kind=kind, algebra="compare"), [x, known(0.0)])

    made = loop(
        m,
        [m.inputs[0]],
        lambda v: [beside_zero("minimum", v[0])],
        lambda v: [m.step(ops.reduce((9,), [0]), [v[0]])],
    )
    assert m.reads(beside_zero("maximum", made[0]), 4) == ([line(*range(9))], False)


def test_a_loop_of_too_many_turns_is_bounded():
    m = Bare((9,))
    made = loop(m, [m.inputs[0]], lambda v: [m.conv(v[0])], turns=limits.TURNS + 1)
    assert m.reads(made[0], 4) == ([line(*range(9))], False)
    assert list(m.layers) == ["op"]


def test_a_shape_that_changes_from_turn_to_turn_has_no_bound():
    m = Bare((9,))
    with pytest.raises(InvalidModelError) as caught:
        loop(
            m,
            [m.inputs[0]],
            lambda v: [m.step(layout.slice_(v[0].shape, 0, 1, v[0].shape[0]), [v[0]])],
            lambda v: [v[0]],
        )
    assert str(caught.value) == (
        "the shape of what it carries changes from turn to turn, "
        "and how many turns there are is not known"
    )


def test_lists_that_a_loop_writes_to():
    m = Bare((9,))

    def body(v):
        items = list(v[1])
        items[1] = m.conv(v[0])
        return [v[0], Items(items)]

    _, made = loop(m, [m.inputs[0], Items([known([0.0] * 9), None])], body, lambda v: [v[0]])
    assert m.reads(made[0], 4) == ([line(*range(9))], False)
    assert made[1].shape == (9,)


def test_branches():
    m = Bare((9,), (1,))
    x, flag = m.inputs
    runs = [lambda v: [m.conv(v[0])], lambda v: [m.conv(v[0], 5)]]
    assert m.reads(branch(m, known(False), runs, [x])[0], 4) == ([line(3, 4, 5), []], True)
    assert m.reads(branch(m, known(True), runs, [x])[0], 4) == ([line(2, 3, 4, 5, 6), []], True)
    # whichever is taken, the condition has decided it
    assert m.reads(branch(m, flag, runs, [x])[0], 4) == ([line(2, 3, 4, 5, 6), line(0)], False)
    one_of_two = branch(m, flag, [lambda v: [known([1.0])], lambda v: [known([2.0])]])[0]
    assert m.reads(one_of_two, 0) == ([[], line(0)], False)
    assert branch(m, flag, [lambda v: [x], lambda v: [x]])[0] is x
    several = [*runs, lambda v: [m.conv(v[0], 1)]]
    assert m.reads(branch(m, known(7), several, [x])[0], 4) == ([line(4), []], True)


def test_branches_of_different_shapes():
    m = Bare((9,), (1,))
    cut = layout.slice_((9,), 0, 0, 4)
    with pytest.raises(InvalidModelError) as caught:
        branch(m, m.inputs[1], [list, lambda v: [m.step(cut, v)]], [m.inputs[0]])
    assert str(caught.value) == (
        "its branches give different shapes, and which one is taken depends on the data of 'x0' "
        "(operands: (9,), (4,))"
    )


def test_a_body_that_calls_itself():
    m = Bare((9,))

    def again(values):
        return call(m, again, values)

    with pytest.raises(TooLargeError) as caught:
        again(m.inputs)
    assert str(caught.value) == (
        "calls nested more than 60 deep; a function that calls itself has no end"
    )
    assert m.depth == 0


def cell(m):
    def body(v):
        state = m.plus(*v)
        return [state, state]

    return body


def test_a_scan_that_carries_reads_the_past_only():
    m = Bare((6, 3))
    last, every = scan(m, cell(m), [known([0.0] * 3)], m.inputs, length=6)
    assert every.shape == (6, 3)
    assert m.reads(every, 2, 1) == ([[(0, 1), (1, 1), (2, 1)]], True)
    assert m.reads(last, 1) == ([[(t, 1) for t in range(6)]], True)
    assert len(m.draft.nodes) == 3


def test_a_scan_backward_along_the_last_axis():
    m = Bare((3, 6))
    at = [Along(1, backward=True)]
    _, every = scan(m, cell(m), [known([0.0] * 3)], m.inputs, length=6, inputs=at, outputs=at)
    assert m.reads(every, 1, 3) == ([[(1, 3), (1, 4), (1, 5)]], True)
    forward = [Along(1)]
    _, every = scan(m, cell(m), [known([0.0] * 3)], m.inputs, length=6, inputs=at, outputs=forward)
    assert every.shape == (3, 6)
    assert m.reads(every, 1, 2) == ([[(1, 3), (1, 4), (1, 5)]], True)


def test_a_scan_that_carries_only_its_last_element():
    m = Bare((6,))
    last, every = scan(
        m, lambda v: [v[1], m.plus(v[0], v[1])], [known(0.0)], m.inputs, length=6
    )  # fmt: skip
    assert m.reads(every, 3) == ([line(2, 3)], True)
    assert m.reads(every, 0) == ([line(0)], True)
    assert m.reads(last) == ([line(5)], True)


def test_a_scan_that_only_maps():
    m = Bare((6, 3))
    total = ops.reduce((3,), [0])
    (every,) = scan(m, lambda v: [m.step(total, [v[0]])], [], m.inputs, length=6)
    assert m.reads(every, 2) == ([[(2, 0), (2, 1), (2, 2)]], True)


def test_a_scan_over_weights_is_written_out():
    m = Bare((9,))
    (made,) = scan(
        m, lambda v: [m.conv(m.plus(*v))], [m.inputs[0]], [Constant((3, 9))], length=3
    )  # fmt: skip
    assert m.reads(made, 4) == ([line(1, 2, 3, 4, 5, 6, 7)], True)


def test_a_scan_whose_state_slides_is_written_out_where_it_is_short():
    def body(m):
        def turn(v):
            state = m.conv(m.plus(*v))
            return [state, state]

        return turn

    m = Bare((4, 9))
    _, every = scan(m, body(m), [known([0.0] * 9)], m.inputs, length=4)
    expected = [(0, i) for i in (2, 3, 4, 5, 6)] + [(1, i) for i in (3, 4, 5)]
    assert m.reads(every, 1, 4) == ([expected], True)
    m = Bare((limits.TURNS + 1, 9))
    _, every = scan(m, body(m), [known([0.0] * 9)], m.inputs, length=limits.TURNS + 1)
    assert m.reads(every, 1, 4) == ([[(t, i) for t in (0, 1) for i in range(9)]], False)


def test_a_scan_beside_something_captured():
    m = Bare((6, 1), (1,))
    start, beside = known([0.0]), m.inputs[1]
    last, every = scan(
        m, lambda v: [m.plus(*v, beside), v[0]], [start], m.inputs[:1], length=6, captured=[beside]
    )
    assert m.reads(last, 0) == ([[(t, 0) for t in range(6)], line(0)], True)
    # the results are those before each turn
    assert m.reads(every, 2, 0) == ([[(0, 0), (1, 0)], line(0)], True)


def test_a_scan_of_no_turns():
    m = Bare((0, 3))
    start = known([0.0] * 3)
    last, every = scan(m, cell(m), [start], m.inputs, length=0)
    assert last is start
    assert every.shape == (0, 3)
