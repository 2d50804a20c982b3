"""What the questions about pixels are made of: the fit, the elements that are tried, bad input."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

import rfield
from rfield.analysis.geometry.fields import receptive_field
from rfield.analysis.pixels import verification
from rfield.analysis.pixels.claims import Claim, chosen_layers, chosen_positions
from rfield.analysis.pixels.claims import _faces as faces
from rfield.analysis.pixels.claims import _neighbours as neighbours
from rfield.analysis.pixels.claims import _samples as samples
from rfield.analysis.pixels.evidence import CounterExample, largest_gap
from rfield.analysis.pixels.evidence import _moved as moved
from rfield.analysis.pixels.gaussian import fit
from tests.analysis.test_verifying import Arrays, Running, reads_less, reads_more, three


@pytest.mark.parametrize(
    ("height", "mean", "std"), [(1.0, 20.0, 3.0), (0.02, 7.5, 1.25), (5.0, 30.0, 0.8)]
)
def test_a_gaussian_is_found_again(height: float, mean: float, std: float) -> None:
    x = np.arange(41.0)
    found = fit(x, height * np.exp(-((x - mean) ** 2) / (2 * std**2)))
    assert (found.height, found.mean, found.std) == pytest.approx((height, mean, std), rel=1e-6)
    assert found.r2 == pytest.approx(1)
    assert found(np.array([mean, mean + std])) == pytest.approx([height, height * np.exp(-0.5)])


def test_what_is_no_gaussian_is_fitted_best_of_all() -> None:
    """No Gaussian close by has a smaller error; r2 is the share of the variance, by its formula."""
    x, profile = np.arange(7.0), np.array([0.0, 1, 4, 3, 5, 1, 0])
    found = fit(x, profile)

    def error(height: float, mean: float, std: float) -> float:
        return float(((profile - height * np.exp(-((x - mean) ** 2) / (2 * std**2))) ** 2).sum())

    least = error(found.height, found.mean, found.std)
    for step in np.array([*np.eye(3), *-np.eye(3)]) * 0.01:
        assert error(found.height + step[0], found.mean + step[1], found.std + step[2]) > least
    variance = 24.0  # of 0 1 4 3 5 1 0 around their mean of 2
    assert found.r2 == pytest.approx(1 - least / variance)


def test_nothing_and_a_constant_are_no_gaussians() -> None:
    assert fit(np.arange(5.0), np.zeros(5)).r2 == 0
    assert fit(np.arange(5.0), np.full(5, 2.0)).r2 == 0


def grid() -> rfield.Support:
    """Rows 2, 4, 6 of one column."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 9, 4))
    graph = b.build([b.conv("conv", x, kernel=(3, 1), dilation=(2, 1))])
    return rfield.support(graph, (2, 1))


def test_elements_inside_and_in_the_holes_are_tried() -> None:
    tried = list(samples(grid(), np.random.default_rng(0), 20))
    assert len(tried) == 40
    assert set(tried[:20]) == {(2, 1), (4, 1), (6, 1)}
    assert set(tried[20:]) == {(3, 1), (5, 1)}


def test_elements_just_outside_are_tried() -> None:
    draw = np.random.default_rng(0)
    tried = [tuple(neighbours(grid(), (9, 4), draw)) for _ in range(20)]
    assert all([e[0] for e in one[:2]] == [1, 7] and 2 <= one[2][0] <= 6 for one in tried)
    assert all([e[1] for e in one] == [1, 1, 0, 2] for one in tried)
    assert [len(list(neighbours(grid(), size, draw))) for size in ((7, 4), (7, 2), (8, 3))] == [
        3, 2, 4,
    ]  # fmt: skip


def test_positions_that_are_tried() -> None:
    found = chosen_positions((5, 4), 3, 0, np.random.default_rng(0))
    assert [tuple(row) for row in found.tolist()] == [
        (0, 0), (0, 3), (4, 0), (4, 3), (0, 2), (4, 2), (2, 0), (2, 3), (2, 2), (3, 3),
    ]  # fmt: skip
    every = chosen_positions((2, 2), 1, 50, np.random.default_rng(0))
    assert sorted(map(tuple, every.tolist())) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert len(chosen_positions((9, 9), 1, 30, np.random.default_rng(0))) == 30
    assert chosen_positions((), 1, 5, np.random.default_rng(0)).shape == (1, 0)


def test_the_middle_has_a_name() -> None:
    b = rfield.GraphBuilder()
    graph = b.build([b.conv("conv", b.input("x", (1, 1, 9, 8)), kernel=3, stride=2)])
    field = receptive_field(graph)  # outputs 4 x 3
    assert field.region("center").slices == (slice(4, 7), slice(2, 5))
    assert field.center("center") == (5.0, 3.0)
    assert field.outputs_seeing("center").slices == (slice(1, 3), slice(1, 3))
    assert rfield.support(graph).index == rfield.influence(graph).index == (2, 1)
    with pytest.raises(rfield.RFieldError) as told:
        field.region("corner")
    assert str(told.value) == "index = 'corner'; expected 'center' or a position"
    free = b.build([b.conv("other", b.input("y", (1, 1, None, None)), kernel=3)])
    with pytest.raises(rfield.RFieldError) as told:
        receptive_field(free, wrt="y").region("center")
    assert str(told.value) == (
        "other: index='center' needs the input's sizes; y has free axes. Give one, for example\n"
        "  rfield.load(model, input_shape={'x': (1, 1, 9, 8), 'y': (1, 1, 224, 224)})"
    )


def test_the_share_of_an_area() -> None:
    """All of a 3 x 3 mean of 6 x 5 pixels lies in its 9 of them."""
    b = rfield.GraphBuilder()
    graph = b.build([b.conv("conv", b.input("x", (1, 1, 6, 5)), kernel=3)])
    found = rfield.influence(graph, (1, 1))
    assert (found.box(1.0), found.spans(1.0)) == ((3, 3), ((1, 4), (1, 4)))
    assert found.area_ratio(1.0) == 1
    assert found.area_ratio(1.0, of_input=True) == 9 / 30
    assert (found.mean, found.std) == ((2.0, 2.0), pytest.approx(((2 / 3) ** 0.5,) * 2))


@pytest.mark.parametrize(
    ("now", "steady", "expected"),
    [
        ([1.0, 2.0], [1.0, 2.0], False),
        ([1.0, 2.5], [1.0, 2.0], True),
        ([2.0, 1.0], [1.0, 2.0], True),
        ([np.nan, 2.5], [np.nan, 2.0], True),
        ([5.0, 2.0], [np.inf, 2.0], False),
        ([1.0, np.inf], [1.0, 2.0], False),
        ([3.0, np.nan], [1.0, 2.0], False),
        ([np.nan, np.nan], [np.nan, np.inf], False),
        ([1.0, 2.0 * (1 + 1e-16)], [1.0, 2.0], False),
    ],
)
def test_numbers_that_moved(now: list[float], steady: list[float], expected: bool) -> None:
    assert moved(np.array(now), np.array(steady)) == expected


def test_whole_numbers_move_by_one() -> None:
    assert moved(np.array([10**9, 1]), np.array([10**9 - 1, 1]))
    assert not moved(np.array([3, 1]), np.array([3, 1]))


@pytest.mark.parametrize("seed", range(6))
def test_every_side_of_every_support_is_marked_once(seed: int) -> None:
    """One element of the support on each side; none where one chosen before shows that side."""
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, 12, 9)), kernel=(3, 2), dilation=(2, 3))
    graph = b.build([y])
    rows = np.array([[0, 0], [5, 3], [7, 5]])
    supports = rfield.support(graph, rows)
    assert isinstance(supports, tuple)
    claim = Claim("conv", receptive_field(graph), rows, supports, (8, 6))
    found = list(faces([claim], (2, 3), np.random.default_rng(seed)))
    for row, (i, j) in enumerate(rows.tolist()):
        own = [e for e in found if claim.reads(row, e)]
        assert {e[0] for e in own} >= {i, i + 4}
        assert {e[1] for e in own} >= {j, j + 3}
    read = {(i + 2 * p, j + 3 * q) for i, j in rows.tolist() for p in range(3) for q in range(2)}
    assert set(found) <= read
    assert len(found) == len(set(found)) <= 12


def test_the_box_of_a_long_field() -> None:
    """Two rows of fifteen equal taps: all of them, and the middle third of them."""
    b = rfield.GraphBuilder()
    graph = b.build([b.conv("conv", b.input("x", (1, 1, 2, 15)), kernel=(2, 15))])
    found = rfield.influence(graph, (0, 0))
    assert (found.box(1.0), found.spans(1.0)) == ((2, 15), ((0, 2), (0, 15)))
    assert found.box(0.3) == (2, 5)


def test_whole_reads_without_an_end_name_three_layers() -> None:
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 6))
    parts = [b.reduce(f"mean{k}", x, axes=[2], keepdims=True) for k in range(4)]
    graph = b.build([b.add("sum", x, *parts)])
    with pytest.raises(rfield.RFieldError) as told:
        rfield.support(graph, (1,), clip=False)
    assert str(told.value) == (
        "sum reads a whole axis (mean0, mean1, mean2); without clip its field has no end"
    )


def test_a_bound_that_a_support_leaves_on_one_side_contradicts_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The field of a 3 x 3 window, called a bound; its support has one column more at the end."""
    net, graph = three(7, 7)
    graph.nodes[-1].change(exact=False)
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 7, 7))
    wide = b.build([b.conv("conv", x, kernel=(3, 4), padding=[(1, 1), (1, 2)])])
    true = verification.support
    monkeypatch.setattr(
        verification, "support", lambda _, rows, layer, **more: true(wide, rows, layer, **more)
    )
    found = verification.verify(graph, Running(net, (7, 7)), positions=1)
    texts = {(c.index, c.claimed) for c in found.counterexamples if c.index == (3, 3)}
    assert texts == {((3, 3), "region (2, 2) to (5, 5)")}


@pytest.mark.parametrize(("count", "tail"), [(20, ""), (21, "\n  and 1 more")])
def test_twenty_counter_examples_are_shown(count: int, tail: str) -> None:
    bad = tuple(
        CounterExample("conv", (k,), "reads too much", (k,), "[0, 2)") for k in range(count)
    )
    net, graph = three(9)
    found = verification.verify(graph, Running(net, (9,)), positions=1)
    text = str(replace(found, counterexamples=bad))
    assert text.startswith(f"not verified: {count} counter-examples; ")
    assert text.endswith(
        f"  conv (19,): reads too much at input position (19,); claimed [0, 2){tail}"
    )


@pytest.mark.parametrize("seed", range(3))
def test_no_side_is_marked_twice(seed: int) -> None:
    """A column of nine: its ends show all four sides, and nothing between them is marked."""
    b = rfield.GraphBuilder()
    graph = b.build([b.conv("conv", b.input("x", (1, 1, 9, 1)), kernel=(9, 1))])
    found = rfield.support(graph, (0, 0))
    claim = Claim("conv", receptive_field(graph), np.array([[0, 0]]), (found,), (1, 1))
    assert list(faces([claim], (2, 3), np.random.default_rng(seed))) == [(0, 0), (8, 0)]


def test_what_only_a_nan_shows_is_not_read() -> None:
    """Position 2 does not read element 3, claimed; a NaN anywhere makes all outputs NaN."""
    net, graph = three(9)

    def change(found: Arrays) -> None:
        reads_less(found)
        if np.isnan(found["x"]).any():
            found["conv"][...] = np.nan

    found = verification.verify(graph, Running(net, (9,), change), positions=9)
    assert [(c.index, c.problem, c.element) for c in found.counterexamples] == [
        ((2,), "claimed, but not read", (3,))
    ]
    assert (found.read, found.undecided, found.compared) == (24, 81 - 25, 81)


def test_single_precision_shows_as_well_what_is_read_without_a_claim() -> None:
    net, graph = three(9)
    running = Running(net, (9,), reads_more, precision="float32")
    found = verification.verify(graph, running, positions=9, samples=9)
    assert {(c.index, c.problem) for c in found.counterexamples if c.element == (6,)} == {
        ((2,), "it reads more than claimed")
    }


@pytest.mark.parametrize("premised", [False, True])
def test_what_outdoes_a_finite_mask_counts_only_without_the_premise(premised: bool) -> None:
    """Position 2 reads element 6 where that is more than 50, as behind a mask of -50."""
    net, graph = three(9)
    graph = replace(graph, soft_masks="cut" if premised else "keep")
    graph.nodes[-1].soft = -50.0

    def change(found: Arrays) -> None:
        beyond = np.maximum(found["x"][..., 6] - 50, 0)
        found["conv"][..., 2] += np.where(np.isnan(beyond), np.nan, beyond)

    found = verification.verify(graph, Running(net, (9,), change), positions=9, samples=9)
    assert [(c.index, c.element) for c in found.counterexamples] == [((2,), (6,))] * (not premised)
    assert found.undecided == premised


def test_a_mask_of_one_row_is_written_down() -> None:
    b = rfield.GraphBuilder()
    graph = b.build([b.conv("conv", b.input("x", (1, 1, 1, 9)), kernel=(1, 2), dilation=2)])
    assert rfield.support(graph, (0, 1)).as_dict()["mask"] == ["#.#"]


def test_a_step_that_fits_worse_is_not_taken() -> None:
    """The first steps lead astray; the best curve of a coarse grid is not better."""
    x, profile = np.arange(7.0), np.array([2.0, 5, 4, 0, 0, 0, 2])
    height, mean, std = np.meshgrid(
        np.linspace(4, 7, 31), np.linspace(0, 3, 31), np.linspace(0.3, 3, 28), indexing="ij"
    )
    away = x - mean[..., None]
    curves = height[..., None] * np.exp(-(away**2) / (2 * std[..., None] ** 2))
    least = float(((profile - curves) ** 2).sum(-1).min())
    variance = float(profile.var() * 7)
    assert 1 - least / variance <= fit(x, profile).r2 <= 1 - 0.9 * least / variance


def test_the_outputs_that_depend_on_the_input_are_looked_at() -> None:
    b = rfield.GraphBuilder()
    x, y = b.input("x", (1, 1, 9)), b.input("y", (1, 1, 9))
    one, other = b.conv("one", x, kernel=3), b.conv("other", y, kernel=3)
    graph = b.build(outputs=[one, other])
    assert chosen_layers(graph, graph.index("y")) == ("other",)


def test_nothing_but_nan_has_no_gap_and_gives_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(largest_gap(np.array([np.nan]), np.array([1.0])))
    assert largest_gap(np.array([np.nan, 2.0]), np.array([1.0, 0.5])) == 1.5


def test_what_a_thousandfold_shows_is_no_rounding() -> None:
    """Position 2 reads element 6 by a billionth of a millionth, and lets no NaN through."""
    net, graph = three(9)

    def change(found: Arrays) -> None:
        found["conv"][..., 2] += np.nan_to_num(found["x"][..., 6]) * 1e-15

    found = verification.verify(graph, Running(net, (9,), change), positions=9, samples=9)
    problems = [c.problem for c in found.counterexamples if c.index == (2,)]
    assert any(problem.startswith("noise outside the support") for problem in problems)


def test_an_output_that_is_partly_nan_is_looked_at() -> None:
    net, _ = three(9)
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, 9)), kernel=3, padding=1, channels=2)
    graph = b.build(outputs=[y])

    def change(found: Arrays) -> None:
        found["conv"] = np.concatenate([found["conv"], np.full((1, 1, 9), np.nan)], axis=1)

    found = verification.verify(graph, Running(net, (9,), change), positions=9, samples=9)
    assert found.sound == 9
