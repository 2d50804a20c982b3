"""Constants that are computed while a model is read, and those that are not."""

from __future__ import annotations

import numpy as np
import pytest

from rfield.frontends.machine import limits
from rfield.frontends.machine.evaluators import EVALUATORS, MOVING
from rfield.frontends.machine.folding import Folding, Moved
from rfield.frontends.machine.values import Constant, Dependent, Outputs, known

A = [[1, 2, 3], [4, 5, 6]]
NUMBERS = [
    ("add", [[1, 2], [10, 20]], {}, [11, 22]),
    ("add", [[1], [2], [3]], {}, [6]),
    ("maximum", [[1, 9]], {}, [1, 9]),
    ("maximum", [[1, 9], [4, 4], [5, 5]], {}, [5, 9]),
    ("quotient", [[7, -7, 7, -7], [2, 2, -2, -2]], {}, [3, -3, -3, 3]),
    ("quotient", [[1.0], [2.0]], {}, [0.5]),
    ("floor_divide", [[-7], [2]], {}, [-4]),
    ("mod", [[-7], [3]], {}, [2]),
    ("fmod", [[-7], [3]], {}, [-1]),
    ("divide_no_nan", [[3.0, 3.0], [2.0, 0.0]], {}, [1.5, 0.0]),
    ("squared_difference", [[5], [3]], {}, [4]),
    ("where", [[1, 1], [2, 2]], {"condition": np.array([True, False])}, [1, 2]),
    ("clip", [[-5, 5, 50]], {"low": 0, "high": 9}, [0, 5, 9]),
    ("clip", [[-5, 5]], {"high": 0}, [-5, 0]),
    ("cast", [[-1.7, 1.7]], {"dtype": np.int64}, [-1, 1]),
    ("reshape", [A], {"shape": (3, -1)}, [[1, 2], [3, 4], [5, 6]]),
    ("transpose", [A], {}, [[1, 4], [2, 5], [3, 6]]),
    ("squeeze", [[A]], {"axes": (0,)}, A),
    ("expand_dims", [[1]], {"axes": (0, 2)}, [[[1]]]),
    ("getitem", [A], {"index": (0, slice(None, None, -2))}, [3, 1]),
    ("concatenate", [A, [[7], [8]]], {"axis": -1}, [[1, 2, 3, 7], [4, 5, 6, 8]]),
    ("stack", [[1], [2]], {"axis": 1}, [[1, 2]]),
    ("take", [A], {"indices": np.array([[-1], [0]]), "axis": 1}, [[[3], [1]], [[6], [4]]]),
    ("take_along_axis", [A], {"indices": np.array([[2], [-3]]), "axis": 1}, [[3], [4]]),
    ("gather_nd", [A], {"indices": np.array([[1, 2], [0, -1]])}, [6, 3]),
    ("scatter_nd", [[1, 2, 3], [9]], {"indices": np.array([[1]])}, [1, 9, 3]),
    ("setitem", [[1, 2, 3], [8, 9]], {"index": (slice(1, 3),)}, [1, 8, 9]),
    ("tile", [[1, 2]], {"repeats": (2,)}, [1, 2, 1, 2]),
    ("repeat", [[1, 2]], {"times": 2, "axis": 0}, [1, 1, 2, 2]),
    ("broadcast_to", [[[1], [2]]], {"shape": (2, 1, 2)}, [[[1, 1], [2, 2]], [[1, 1], [2, 2]]]),
    ("flip", [A], {"axes": (1,)}, [[3, 2, 1], [6, 5, 4]]),
    ("roll", [[1, 2, 3, 4]], {"shifts": (1, 2), "axes": (0, 0)}, [2, 3, 4, 1]),
    ("pad", [[1, 2, 3]], {"widths": [(2, -1)], "number": 7}, [7, 7, 1, 2]),
    ("pad", [[1, 2, 3]], {"widths": [(0, 2)], "mode": "reflect"}, [1, 2, 3, 2, 1]),
    ("triangle", [A], {"k": 1}, [[1, 2, 0], [4, 5, 6]]),
    ("triangle", [A], {"upper": True}, [[1, 2, 3], [0, 5, 6]]),
    ("band", [A], {"lower": -1, "upper": 0}, [[1, 0, 0], [4, 5, 0]]),
    ("band", [A], {"lower": 0, "upper": -1}, [[1, 2, 3], [0, 5, 6]]),
    ("diagonal", [A], {"offset": 1}, [2, 6]),
    ("arange", [], {"start": 5, "stop": 0, "step": -2}, [5, 3, 1]),
    ("arange", [], {"stop": -1}, []),
    ("broadcast_shapes", [[3, 1], [2, 1, 4]], {}, [2, 3, 4]),
    ("linspace", [], {"start": 0, "stop": 1, "count": 3}, [0.0, 0.5, 1.0]),
    ("full", [], {"shape": (2,), "number": 4}, [4, 4]),
    ("eye", [], {"rows": 2, "columns": 3, "k": 1, "dtype": int}, [[0, 1, 0], [0, 0, 1]]),
    ("one_hot", [[0, -1]], {"depth": 3}, [[1, 0, 0], [0, 0, 1]]),
    ("one_hot", [[1]], {"depth": 2, "on": 5, "off": 2, "axis": 0}, [[2], [5]]),
    ("sum", [A], {"axes": (1,)}, [6, 15]),
    ("prod", [A], {}, 720),
    ("max", [A], {"axes": (0, 1), "keepdims": True}, [[6]]),
    ("any", [[False, True]], {}, True),
    ("argmax", [A], {"axis": 1, "keepdims": True}, [[2], [2]]),
    ("cumsum", [[1, 2, 3]], {"axis": 0, "exclusive": True}, [0, 1, 3]),
    ("cumsum", [[1, 2, 3]], {"axis": -1, "reverse": True}, [6, 5, 3]),
    ("cumprod", [[2, 3, 4]], {"axis": 0, "exclusive": True, "reverse": True}, [12, 4, 1]),
    ("sort", [[3, 1, 2]], {}, [1, 2, 3]),
    ("argsort", [[2, 0, 1]], {}, [1, 2, 0]),
    ("nonzero", [[0, 5, 6]], {}, [[1, 2]]),
    ("matmul", [A, [[1], [0], [2]]], {}, [[7], [16]]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "operands", "settings", "expected"), NUMBERS)
def test_an_evaluator_computes(name, operands, settings, expected):
    made = Folding()(name, [known(np.array(array)) for array in operands], settings)
    assert isinstance(made, Constant)
    assert made.array is not None
    assert made.array.tolist() == expected
    assert made.shape == np.shape(expected)
    assert made.made
    assert not made.stored


def test_every_evaluator_with_settings_is_tried():
    written = {name for name, function in EVALUATORS.items() if function.__doc__}
    assert sorted(written - {name for name, *_ in NUMBERS}) == ["split", "unstack"]


def test_several_results():
    fold = Folding()
    parts = fold("split", [known(np.arange(5))], {"sizes": (2, 3)})
    assert isinstance(parts, Outputs)
    assert [p.array.tolist() for p in parts] == [[0, 1], [2, 3, 4]]
    rows = fold("unstack", [known(np.array(A))], {"axis": 1})
    assert isinstance(rows, Outputs)
    assert [r.array.tolist() for r in rows] == [
        [1, 4],
        [2, 5],
        [3, 6],
    ]


def test_what_is_no_number_is_not_computed():
    fold, one = Folding(), known(np.array([1]))
    assert fold("add", [one, Dependent(0, (1,))]) is None
    assert fold("add", [one, Constant((1,))]) is None
    assert fold("add", [one, Constant(None)]) is None


@pytest.mark.parametrize(("name", "operands", "settings"), [
    ("quotient", [[1], [0]], {}),
    ("mod", [[1], [0]], {}),
    ("add", [[1, 2], [1, 2, 3]], {}),
    ("take", [[1, 2]], {"indices": 2}),
    ("take_along_axis", [[1, 2]], {"indices": np.array([-3]), "axis": 0}),
    ("reshape", [[1, 2]], {"shape": (3,)}),
    ("split", [[1, 2]], {"sizes": (2, 1)}),
    ("arange", [], {"stop": 4, "step": 0}),
    ("full", [], {"shape": (-1,), "number": 0}),
])  # fmt: skip
def test_what_numpy_refuses_is_not_computed(name, operands, settings):
    assert Folding()(name, [known(np.array(array)) for array in operands], settings) is None


@pytest.mark.parametrize(("name", "operands", "settings"), [
    ("add", [np.zeros((1 << 12, 1)), np.zeros(1 << 11)], {}),
    ("where", [np.zeros(1), np.zeros(1 << 11)], {"condition": np.zeros((1 << 12, 1))}),
    ("full", [], {"shape": (1 << 40,), "number": 0}),
    ("arange", [], {"stop": 1 << 40}),
    ("linspace", [], {"start": 0, "stop": 1, "count": 1 << 40}),
    ("eye", [], {"rows": 1 << 20, "columns": 1 << 20}),
    ("tile", [np.zeros(2)], {"repeats": (1 << 40,)}),
    ("repeat", [np.zeros(2)], {"times": 1 << 40, "axis": 0}),
    ("broadcast_to", [np.zeros(1)], {"shape": (1 << 20, 1 << 20)}),
    ("pad", [np.zeros(1)], {"widths": [(1 << 40, 0)]}),
    ("take", [np.zeros((1, 1 << 13))], {"indices": np.zeros(1 << 10, int)}),
    ("one_hot", [np.zeros(4)], {"depth": 1 << 40}),
    ("matmul", [np.zeros((1 << 12, 1)), np.zeros((1, 1 << 11))], {}),
])  # fmt: skip
def test_nothing_is_made_larger_than_the_bound(name, operands, settings, monkeypatch):
    monkeypatch.setattr(limits, "COMPUTED", 1 << 22)
    assert Folding()(name, [known(array) for array in operands], settings) is None


def test_all_constants_of_a_model_are_bounded(monkeypatch):
    monkeypatch.setattr(limits, "COMPUTED_IN_ALL", 5)
    fold, three = Folding(), known(np.arange(3))
    made = [fold("negative", [three]) for _ in range(3)]
    assert [m is None for m in made] == [False, False, True]


def test_a_size_never_wraps():
    fold, large = Folding(), known(np.array(1 << 30, np.int32))
    twice = fold("cast", [large], {"dtype": np.int32})
    assert fold("multiply", [twice, twice]).array == 1 << 60
    assert fold("cast", [known(np.array(300))], {"dtype": np.uint8}).array == 44


def test_sizes_are_passed_on():
    fold = Folding()
    assert fold("negative", [known(np.array(3), sized=True)]).sized
    assert fold("reshape", [known(np.arange(3))], {"shape": (3, 1)}, sized=True).sized
    assert not fold("negative", [known(np.array(3))]).sized


class InFile(Constant):
    stored = True


def test_weights_are_moved_but_not_computed_with():
    fold = Folding()
    weight = InFile((100,), np.ones(100, np.float32))
    assert fold("negative", [weight]) is None
    moved = fold("reshape", [weight], {"shape": (10, 10)})
    assert isinstance(moved, Moved)
    assert moved.shape == (10, 10)
    assert not moved.made
    few = fold("negative", [InFile((2,), np.ones(2, np.float32))])
    assert few.made
    assert not few.stored
    changing = fold("reshape", [weight], {"shape": (10, 10)}, sized=True)
    assert not changing.stored


def test_moving_evaluators_give_each_element_from_one_place():
    tried = {name: (operands, settings) for name, operands, settings, _ in NUMBERS}
    for name in MOVING & set(tried):
        operands, settings = tried[name]
        marked = [np.full_like(np.array(array), 7) for array in operands]
        assert (np.asarray(EVALUATORS[name](*marked, **settings)) == 7).all(), name
