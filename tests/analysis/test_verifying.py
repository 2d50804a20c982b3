"""What ``verify`` says of models that run in NumPy: honest ones, and each way of being another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import rfield
from rfield.analysis.pixels import verification
from rfield.analysis.pixels.support import Question
from rfield.analysis.pixels.verification import verify
from rfield.core import ops
from rfield.core.graph import Draft
from rfield.core.relation import window
from rfield.errors import InvalidModelError, TooLargeError
from tests.analysis.linear import Layer, Net

Array = NDArray[Any]
Arrays = dict[str, Array]


@dataclass
class Running:
    """A network of ``linear``, of which ``change`` may change the layers; ``seen``: its runs."""

    net: Net
    sizes: tuple[int, ...]
    change: Callable[[Arrays], None] = lambda found: None
    dtype: str = "float64"
    carried: bool = True
    precision: str = "float64"
    seen: list[Array] = field(default_factory=list)

    def inputs(self, seed: int) -> Arrays:
        draw = np.random.default_rng(seed)
        x = draw.standard_normal((1, 1, *self.sizes))
        return {"x": (x * 9 if self.dtype == "int64" else x).astype(self.dtype)}

    def run(self, inputs: Any, layers: Sequence[str]) -> Arrays:
        self.seen.append(inputs["x"])
        found = self.net.run(inputs["x"])
        self.change(found)
        return {name: found[name] for name in layers if name in found}

    def carries(self, layer: str) -> bool:
        return self.carried


def three(*sizes: int) -> tuple[Net, rfield.Graph]:
    """One layer that reads i - 1, i and i + 1."""
    net = Net([Layer("conv", ("x",), "conv", 3, pads=(1, 1))])
    return net, net.graph(*sizes)


def test_an_honest_model_and_everything_that_was_counted() -> None:
    """Nine positions: 25 reads in all, 18 sides, and noise outside each of the nine."""
    net, graph = three(9)
    running = Running(net, (9,))
    steps: list[tuple[int, int]] = []
    found = verify(graph, running, positions=9, progress=lambda *at: steps.append(at))
    assert found
    marked = {
        int(np.flatnonzero(np.isnan(x.ravel()))[0]) for x in running.seen if np.isnan(x).any()
    }
    assert marked == set(range(9))
    assert (found.positions, found.sound, found.faces, found.compared, found.read) == (
        9, 9, 18, 81, 25,
    )  # fmt: skip
    assert found.runs == len(running.seen) == 2 + 9 + 2 * 9
    assert steps == [(k, 18) for k in range(1, 19)]
    assert (found.undecided, found.skipped, found.notes, found.counterexamples) == (0, (), (), ())
    assert (found.wrt, found.layers, found.precision) == ("x", ("conv",), "float64")
    assert str(found) == (
        "verified: 1 layers at 9 positions in 29 runs (float64); 9 unchanged by noise outside, "
        "18 faces and 25 elements read as claimed"
    )


def test_noise_is_all_outside_and_only_outside() -> None:
    net, graph = three(9)
    running = Running(net, (9,))
    verify(graph, running, positions=9, seed=4)
    base = running.seen[0]
    noisy = [np.flatnonzero(x != base) for x in running.seen[2:] if not np.isnan(x).any()]
    noisy = [places for places in noisy if len(places) > 1]  # one alone is a mark
    kept = [sorted(set(range(9)) - set(places.tolist())) for places in noisy]
    assert sorted(kept) == sorted([i for i in (k - 1, k, k + 1) if 0 <= i < 9] for k in range(9))


def test_noise_in_two_axes_keeps_a_box() -> None:
    """The middle of 5 x 7: rows 1 to 3, columns 2 to 4 stay."""
    net, graph = three(5, 7)
    running = Running(net, (5, 7))
    found = verify(graph, running, positions=9)
    assert (found.positions, found.sound, found.faces) == (9, 9, 36)
    kept = [
        tuple(map(tuple, np.argwhere(x == running.seen[0])[:, 2:].tolist())) for x in running.seen
    ]
    middle = tuple((i, j) for i in (1, 2, 3) for j in (2, 3, 4))
    assert middle in kept


def reads_more(found: Arrays) -> None:
    """Position 2 also reads element 6."""
    found["conv"][..., 2] += 0.5 * found["x"][..., 6]


def reads_less(found: Arrays) -> None:
    """Position 2 is what it would be if element 3 were 1."""
    weight = Layer("conv", ("x",), "conv", 3, pads=(1, 1)).matrix(9)
    assert weight is not None
    others = np.where(np.arange(9) == 3, 0, weight[2])
    found["conv"][..., 2] = np.where(others != 0, found["x"] * others, 0).sum(-1)


def test_a_model_that_reads_more() -> None:
    net, graph = three(9)
    found = verify(graph, Running(net, (9,), reads_more), positions=9, samples=9)
    assert not found
    assert {
        (c.layer, c.index, c.problem.split(" by ")[0], c.element) for c in found.counterexamples
    } == {
        ("conv", (2,), "noise outside the support changes it", None),
        ("conv", (2,), "it reads more than claimed", (6,)),
    }
    assert (found.sound, found.faces, found.read) == (8, 18, 25)
    first, second = found.counterexamples
    assert first.problem.startswith("noise outside the support changes it by ")
    assert str(second) == (
        "conv (2,): it reads more than claimed at input position (6,); "
        "claimed t: 1..3 (3 positions)"
    )
    assert str(first).endswith("; claimed t: 1..3 (3 positions)")
    assert " at input position" not in str(first)


def test_a_model_that_reads_less() -> None:
    """A side of the support that is not reached; noise tells nothing of it."""
    net, graph = three(9)
    found = verify(graph, Running(net, (9,), reads_less), positions=9)
    assert [str(c) for c in found.counterexamples] == [
        "conv (2,): claimed, but not read at input position (3,); claimed t: 1..3 (3 positions)"
    ]
    assert (found.sound, found.faces, found.read, found.compared) == (9, 17, 24, 81)
    assert found.as_dict()["counterexamples"] == [
        {
            "layer": "conv", "index": [2], "problem": "claimed, but not read", "element": [3],
            "claimed": "t: 1..3 (3 positions)",
        }
    ]  # fmt: skip
    assert str(found) == (
        "not verified: 1 counter-examples; 1 layers at 9 positions in "
        f"{found.runs} runs (float64)\n  {found.counterexamples[0]}"
    )


@pytest.mark.parametrize(("carried", "dtype"), [(False, "float64"), (True, "int64")])
def test_what_may_be_hidden_is_undecided(carried: bool, dtype: str) -> None:
    """A NaN that may be swallowed, or integers, do not show that nothing is read."""
    net, graph = three(9)
    running = Running(net, (9,), reads_less, dtype, carried, dtype)
    found = verify(graph, running, positions=9)
    assert found
    assert (found.undecided, found.read, found.faces, found.compared) == (1, 24, 17, 81)
    assert str(found).endswith("; 1 undecided")


def test_what_a_nan_does_not_show_finite_numbers_do() -> None:
    net, graph = three(9)
    running = Running(net, (9,))
    steady = running.run(running.inputs(0), ["conv"])["conv"][..., 2]

    def change(found: Arrays) -> None:
        here = found["conv"][..., 2]
        found["conv"][..., 2] = np.where(np.isnan(here), steady, here)

    found = verify(graph, Running(net, (9,), change), positions=9)
    assert found
    assert (found.read, found.faces, found.undecided, found.compared) == (25, 18, 0, 81)


def test_a_nan_that_spreads_to_neighbours_is_no_counter_example() -> None:
    """``0 * NaN``: a kernel that mixes neighbours shows a NaN where nothing is read."""
    net, graph = three(9)

    def change(found: Arrays) -> None:
        if np.isnan(found["x"]).any():
            found["conv"][...] = np.nan

    found = verify(graph, Running(net, (9,), change), positions=9)
    assert found
    assert (found.read, found.faces, found.undecided, found.compared) == (25, 18, 81 - 25, 81)


def test_what_is_lost_in_rounding_is_undecided() -> None:
    """Position 2 moves by one unit in the last place when element 6 changes, however much."""
    net, graph = three(9)
    steady = Running(net, (9,)).inputs(0)["x"][..., 6]

    def change(found: Arrays) -> None:
        here = found["conv"][..., 2]
        same = found["x"][..., 6] == steady
        found["conv"][..., 2] = np.where(same, here, np.nextafter(here, np.inf))

    found = verify(graph, Running(net, (9,), change), positions=9)
    assert (found.undecided, found.sound, found.read) == (2, 8, 25)  # by noise, and by a mark
    assert found


def test_a_layer_that_depends_on_another_input_only() -> None:
    b = rfield.GraphBuilder()
    x, other = b.input("x", (1, 1, 9)), b.input("other", (1, 1, 9))
    graph = b.build([b.conv("conv", x, kernel=1), b.conv("aside", other, kernel=1)])
    net = Net([Layer("conv", ("x",), "conv", 1)])
    constant = np.ones((1, 1, 9))

    def still(found: Arrays) -> None:
        found["aside"] = np.where(np.arange(9) == 3, np.nan, constant)

    def moved(found: Arrays) -> None:
        found["aside"] = constant * found["x"].max()

    found = verify(graph, Running(net, (9,), still), layers=["aside", "conv"], wrt="x")
    assert (found.layers, found.notes) == (("conv",), ("aside does not depend on x",))
    assert found
    bad = verify(graph, Running(net, (9,), moved), layers=["aside", "conv"], wrt="x")
    (told,) = bad.counterexamples
    assert (told.layer, told.index, told.element, told.claimed) == ("aside", (), None, "nothing")
    assert told.problem.startswith("noise changes it by ")


def other_shape(found: Arrays) -> None:
    found["conv"] = found["conv"][..., :-1]


def nothing_but_nan(found: Arrays) -> None:
    found["conv"] = found["conv"] * np.nan


def missing(found: Arrays) -> None:
    del found["conv"]


def test_layers_that_show_nothing() -> None:
    net, graph = three(9)
    shape = verify(graph, Running(net, (9,), other_shape))
    assert [str(c) for c in shape.counterexamples] == [
        "conv (): its shape is (1, 1, 8); claimed shape (1, 1, 9)"
    ]
    nan = verify(graph, Running(net, (9,), nothing_but_nan))
    assert (nan.notes, nan.layers, nan.runs) == (
        ("conv is NaN or infinite throughout, which shows nothing",), (), 2,
    )  # fmt: skip
    with pytest.raises(InvalidModelError, match="the running model has no layer conv"):
        verify(graph, Running(net, (9,), missing))


def test_models_that_cannot_be_verified() -> None:
    net, graph = three(9)
    count = iter(range(100))

    def restless(found: Arrays) -> None:
        found["conv"][..., 0] = next(count)

    def text(found: Arrays) -> None:
        found["conv"] = np.array(["a"])

    for change, message in (
        (
            restless,
            "conv differs between two runs on the same input, by up to 1.\n"
            "  Only a deterministic model can be verified: no dropout, noise or sampling.",
        ),
        (text, "conv holds <U1, which cannot be compared"),
    ):
        with pytest.raises(rfield.RFieldError) as told:
            verify(graph, Running(net, (9,), change))
        assert str(told.value) == message
    running = Running(net, (9,))
    b = rfield.GraphBuilder()
    other = b.build([b.conv("conv", b.input("image", (1, 1, 9)), kernel=3)])
    with pytest.raises(rfield.RFieldError) as told:
        verify(other, running)
    assert str(told.value) == "the running model has no input 'image'"


def test_no_more_marks_than_allowed() -> None:
    net, graph = three(30)
    running = Running(net, (30,))
    found = verify(graph, running, positions=30, most_probes=7)
    marked = [x for x in running.seen if np.isnan(x).any()]
    assert len(marked) == len({x.tobytes() for x in marked}) == 7
    assert found.runs == 2 + 30 + 2 * 7
    assert found.compared == 7 * 30


def test_an_output_that_is_nan_here_and_there_still_tells() -> None:
    """Position 4 is NaN: nothing is counted there."""
    net, graph = three(9)

    def change(found: Arrays) -> None:
        found["conv"][..., 4] = np.nan

    found = verify(graph, Running(net, (9,), change), positions=9)
    assert found
    assert (found.sound, found.faces, found.compared, found.read) == (8, 16, 72, 22)


def test_an_output_that_reads_everything_needs_no_noise() -> None:
    net = Net([Layer("conv", ("x",), "conv", 5)])
    running = Running(net, (5,))
    found = verify(net.graph(5), running, samples=40)
    assert (found.positions, found.sound, found.read, found.runs) == (1, 0, 5, 2 + 2 * 5)


@pytest.mark.parametrize(
    ("kernel", "pads", "exact", "bad"),
    [
        (3, (1, 1), True, 0), (3, (1, 1), False, 0), (1, (0, 0), True, 9), (1, (0, 0), False, 0),
        (5, (2, 2), False, 9), (3, (2, 0), False, 7), (3, (0, 2), False, 7), (3, (2, 0), True, 9),
    ],
)  # fmt: skip
def test_engines_that_contradict_each_other(
    kernel: int, pads: tuple[int, int], exact: bool, bad: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sets of another layer held against the boxes of one that reads i - 1 to i + 1.

    Of an upper bound they must lie inside, else be the same; where they are cut they may be.
    """
    net, _ = three(9)
    draft = Draft()
    x = draft.input("x", (1, 1, 9), (2,))
    reads = {2: (window(kernel=3, stride=1, before=1), 9)}
    graph = draft.finish(
        [draft.add("conv", ops.along((1, 1, 9), reads, kind="c", exact=exact), [x])]
    )
    other = Net([Layer("conv", ("x",), "conv", kernel, pads=pads)]).graph(9)

    def swapped(graph: rfield.Graph, rows: Any, layer: str, **options: Any) -> Any:
        return rfield.support(other, rows, layer, **options)

    monkeypatch.setattr(verification, "support", swapped)
    found = verify(graph, Running(net, (9,)), positions=9)
    told = [c for c in found.counterexamples if c.problem.startswith("its support spans")]
    assert len(told) == bad
    if bad:
        first = told[0]
        assert first.claimed.startswith("region (")
        assert first.element is None


def test_a_batch_that_does_not_fit_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than one row at once: every row is answered, in order."""
    _, graph = three(9)
    real = Question.pull

    def small(self: Question, rows: Any, domain: Any) -> Any:
        if len(rows) > 1:
            raise TooLargeError("too many rows")
        return real(self, rows, domain)

    rows = np.arange(7)[:, None]
    expected = rfield.support(graph, rows)
    monkeypatch.setattr(Question, "pull", small)
    found = rfield.support(graph, rows)
    assert isinstance(found, tuple)
    assert isinstance(expected, tuple)
    assert [(f.index, f.offset, f.count) for f in found] == [
        (f.index, f.offset, f.count) for f in expected
    ]
    assert [f.offset for f in found] == [(max(0, k - 1),) for k in range(7)]


def test_a_share_that_is_met_exactly() -> None:
    """Four equal taps: two of them hold one half, not less."""
    b = rfield.GraphBuilder()
    found = rfield.influence(b.build([b.conv("c", b.input("x", (1, 1, 5)), kernel=4)]), (0,))
    assert [found.box(share) for share in (0.25, 0.5, 0.51, 1.0)] == [(2,), (2,), (4,), (4,)]


def test_outputs_that_read_only_padding() -> None:
    """The first two of seven read nothing; noise anywhere leaves them as they are."""
    net = Net([Layer("conv", ("x",), "conv", 1, pads=(2, 0))])
    found = verify(net.graph(5), Running(net, (5,)), positions=7)
    assert found
    assert (found.positions, found.sound, found.faces, found.read) == (7, 7, 10, 5)
    assert (found.compared, found.runs) == (35, 2 + 7 + 2 * 5)
