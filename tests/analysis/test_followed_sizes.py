"""Sizes of a long step, most of which follow from a few: by counting, and read one by one."""

from __future__ import annotations

from typing import Any

import pytest

import rfield
from rfield.analysis.resizing import reading, repeating
from rfield.analysis.resizing import sizes as asked
from rfield.analysis.resizing.followed import Followed
from rfield.analysis.resizing.twins import Twins


def codec(b: rfield.GraphBuilder, x: Any) -> Any:
    """Strides 3, 5 and 7, so that sizes repeat after 105; each pads one side more."""
    for name, kernel, stride in (("a", 4, 3), ("b", 7, 5), ("c", 8, 7)):
        x = b.conv(name, x, kernel=kernel, stride=stride, padding=[(1, 0)])
    return x


@pytest.fixture(autouse=True)
def few_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small sizes that are held against what follows, as of a large network."""
    monkeypatch.setattr(repeating, "MOST_TRIED", 4)


def network(size: int) -> rfield.Graph:
    b = rfield.GraphBuilder()
    return b.build(outputs=[codec(b, b.input("x", (1, 1, size)))])


def counted(size: int) -> int:
    """The size of the output, by the formula of the article's convolutions; 0 for none."""
    for kernel, stride in ((4, 3), (7, 5), (8, 7)):
        size = max(0, (size + 1 - kernel) // stride + 1)
    return size


def test_what_follows_is_what_is_counted() -> None:
    graph = network(500)
    found = rfield.valid_sizes(graph)
    assert [n in found.sets[0] for n in range(1, 400)] == [counted(n) > 0 for n in range(1, 400)]
    for target in (1, 2, 9):
        given = rfield.input_size(graph, target).sets[0]
        assert list(given) == [n for n in range(1, 2000) if counted(n) == target]
    assert found.basis == (
        "sizes repeat every 105: 17 of 105 read from 500 on, from which the others follow op "
        "by op, 3 again 105 further, 6 from 1 to 16,355 held against that",
    )


def test_criteria_are_those_of_sizes_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, criteria = network(500), ("complete", "even", "aligned", "same")
    found = [str(rfield.valid_sizes(graph, name)) for name in criteria]
    asked._scanned.cache_clear()
    monkeypatch.setattr(Followed, "graph", lambda self, shapes: None)
    assert [str(rfield.valid_sizes(graph, name)) for name in criteria] == found
    assert "read one by one" in rfield.valid_sizes(graph).basis[0]


def test_a_size_that_is_otherwise_overturns_what_followed() -> None:
    """At one size, which is tried out, the model has another layer."""
    b = rfield.GraphBuilder()
    graph = b.build(outputs=[codec(b, b.input("x", (1, 1, 500)))])
    reread = graph.reread
    assert reread is not None
    odd: list[int] = []
    read: list[int] = []

    def other(shapes: Any) -> rfield.Graph:
        read.append(shapes["x"][2])
        if read[-1] in odd:
            raise rfield.InvalidModelError(f"{read[-1]} is odd")
        return reread(shapes)

    graph.reread = other
    asked._scanned.cache_clear()
    scan = asked._scan(*asked._scanned(graph, None, None))[0]
    followed = [n for n, reading in scan.accepted.items() if reading.followed]
    odd.append(next(n for n in followed if n in read))
    asked._scanned.cache_clear()
    found = rfield.valid_sizes(graph)
    assert odd[0] not in found.sets[0]
    assert odd[0] + 1 in found.sets[0]


def test_whoever_asks_is_told_how_many_sizes_were_read() -> None:
    told: list[tuple[int, int | None]] = []
    rfield.valid_sizes(network(501), progress=lambda *at: told.append(at))
    assert told == [(n, None) for n in range(1, len(told) + 1)]
    assert len(told) < 100


def test_all_classes_that_begin_at_one_size() -> None:
    """Below 301 the model takes none, for another reason than that nothing is left."""
    b = rfield.GraphBuilder()
    x = b.conv("patches", b.input("x", (1, 1, 2000)), kernel=101, stride=101)
    graph = b.build([x])
    reread, read = graph.reread, []
    assert reread is not None

    def other(shapes: Any) -> rfield.Graph:
        read.append(shapes["x"][2])
        if read[-1] < 301:
            raise rfield.InvalidModelError(f"{read[-1]} is too small")
        return reread(shapes)

    graph.reread = other
    assert str(rfield.valid_sizes(graph)) == "t: every size from 301"
    assert len(read) < 200


def halved(b: rfield.GraphBuilder, size: int) -> rfield.Graph:
    """Five strides of 2: sizes repeat after 32."""
    x = b.input("x", (1, 1, size))
    for k in range(5):
        x = b.conv(f"c{k}", x, kernel=3, stride=2, padding=1)
    return b.build([x])


@pytest.mark.parametrize("criterion", ["accepted", "complete", "even", "same"])
def test_a_step_of_32_is_read_at_few_sizes(criterion: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    few = rfield.valid_sizes(
        halved(rfield.GraphBuilder(), 224), criterion, progress=lambda n, _: told.append(n)
    )
    assert len(told) < 30
    monkeypatch.setattr(Followed, "graph", lambda self, shapes: None)
    assert few.sets == rfield.valid_sizes(halved(rfield.GraphBuilder(), 224), criterion).sets


def plane(size: tuple[int, int], columns: int) -> rfield.Graph:
    """Five strides of 2 along both axes; of what is left some columns are joined, and one row."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, *size))
    for k in range(5):
        x = b.max_pool(f"p{k}", x, kernel=2, stride=2)
    return b.build([b.conv("last", x, kernel=(1, columns))])


@pytest.mark.parametrize(
    ("columns", "sizes", "most"),
    [(1, "y, x: every size from 32", 90), (3, "y: every size from 32; x: every size from 96", 290)],
)
def test_small_sizes_are_not_read_where_others_show_what_stops_them(
    columns: int, sizes: str, most: int
) -> None:
    """With equal axes all are refused below 96 of three columns; rows are not to blame for that."""
    graph, told = plane((224, 224), columns), list[int]()
    graph.reread = lambda shapes: plane((shapes["x"][2], shapes["x"][3]), columns)
    assert str(rfield.valid_sizes(graph, progress=lambda n, _: told.append(n))) == sizes
    assert len(told) < most
    given = rfield.input_size(graph, (2, 3)).sets
    assert list(given[0]) == [*range(64, 96)]
    assert list(given[1]) == [*range(32 * (columns + 2), 32 * (columns + 3))]


def test_sizes_with_which_classes_begin_are_not_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every size from 1 is taken, as some tell: the other small ones are left alone."""

    def halving(size: tuple[int, int]) -> rfield.Graph:
        b = rfield.GraphBuilder()
        x = b.input("x", (1, 1, *size))
        for k in range(5):
            x = b.conv(f"c{k}", x, kernel=3, stride=2, padding=1)
        return b.build([x])

    monkeypatch.setattr(Followed, "graph", lambda self, shapes: None)
    graph, read = halving((224, 224)), list[tuple[int, ...]]()
    graph.reread = lambda shapes: halving(read.append(tuple(shapes["x"][2:])) or read[-1])
    assert str(rfield.valid_sizes(graph)) == "y, x: every size from 1"
    assert len([n for n in range(1, 33) if (n, n) in read]) < 24


def test_what_does_not_grow_evenly_is_not_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 231, one of the sizes that are read again, there is a layer more."""
    swept: list[rfield.Graph] = []
    sweep = reading.sweep
    monkeypatch.setattr(reading, "sweep", lambda g, *at: swept.append(g) or sweep(g, *at))

    def pooled(size: int) -> rfield.Graph:
        b = rfield.GraphBuilder()
        x = b.conv("c", b.input("x", (1, 1, size)), kernel=8, stride=8)
        return b.build([b.conv("more", x, kernel=1) if size == 231 else x])

    graph = pooled(224)
    graph.reread = lambda shapes: pooled(shapes["x"][2])
    assert "not seen to repeat" in rfield.valid_sizes(graph).basis[0]
    assert len({g.nodes[0].shape for g in swept}) <= 3


def test_the_end_of_a_table_is_found_beside_what_follows() -> None:
    graph = halved(rfield.GraphBuilder(), 224)
    reread = graph.reread
    assert reread is not None

    def short(shapes: Any) -> rfield.Graph:
        if shapes["x"][2] > 700:
            raise rfield.InvalidModelError("the table has 700 positions")
        return reread(shapes)

    graph.reread = short
    found = rfield.valid_sizes(graph).sets[0]
    assert (found.is_finite, found.early[-1]) == (True, 700)


def in_windows(size: int, *, sized: bool = False) -> rfield.Graph:
    """Patches of 4 in windows of 7, padded where they do not fill them; more layers from 100 on.

    ``sized``: the last layer gives as many positions as the input has.
    """
    b = rfield.GraphBuilder()
    x = b.conv("patches", b.input("x", (1, 1, size)), kernel=4, stride=4)
    for k in range(1 + size // 100):
        x = b.conv(f"c{k}", x, kernel=3, padding=1)
    if size // 4 % 7:
        x = b.pad("fill", x, padding=[(0, -(size // 4) % 7)])
    x = b.max_pool("windows", x, kernel=7, stride=7)
    return b.build([b.resize("last", x, size=size) if sized else x])


def asked_in_windows(criterion: str, *, sized: bool = False) -> tuple[rfield.Sizes, list[int]]:
    """What is answered, and at which sizes the model was read."""
    graph, read = in_windows(90, sized=sized), []

    def again(shapes: Any) -> rfield.Graph:
        read.append(shapes["x"][2])
        return in_windows(read[-1], sized=sized)

    graph.reread = again
    asked._scanned.cache_clear()
    return rfield.valid_sizes(graph, criterion), read


@pytest.mark.parametrize("criterion", ["accepted", "complete", "even", "same"])
def test_sizes_that_do_not_repeat_have_twins(
    criterion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, read = asked_in_windows(criterion)
    monkeypatch.setattr(Twins, "graph", lambda self, shapes: None)
    every, each = asked_in_windows(criterion)
    assert few.sets == every.sets
    assert few.against == every.against
    assert (len(read), len(each)) == (23, 57)
    assert few.basis == (
        "sizes were not seen to repeat: 21 of 62 to 118 read, the others are as these behind "
        "what reads the input",
    )
    assert every.basis == ("sizes were not seen to repeat: 62 to 118 read one by one",)


def test_sizes_beside_the_first_are_not_read_where_one_step_further_it_is_another() -> None:
    """From 100 on the windows are padded before the first patch."""

    def padded(size: int) -> rfield.Graph:
        b = rfield.GraphBuilder()
        x = b.conv("patches", b.input("x", (1, 1, size)), kernel=4, stride=4)
        before = int(size >= 100)
        return b.build([b.max_pool("windows", x, kernel=7, stride=7, padding=[(before, 0)])])

    graph, read = padded(90), list[int]()

    def again(shapes: Any) -> rfield.Graph:
        read.append(shapes["x"][2])
        return padded(read[-1])

    graph.reread = again
    assert not rfield.valid_sizes(graph).sets[0].tells(200)
    assert read[:2] == [90, 118]
    assert {91, 93}.isdisjoint(read)


def test_nothing_drops_in_windows_of_whole_patches() -> None:
    found, _ = asked_in_windows("complete")
    assert list(found.sets[0]) == list(range(64, 119, 4))


def test_a_model_that_knows_the_size_of_its_input_has_no_twins() -> None:
    found, read = asked_in_windows("same", sized=True)
    assert "read one by one" in found.basis[0]
    assert set(range(62, 119)) <= set(read)
    assert list(found.sets[0]) == [84, 112]  # of whole windows


def test_a_twin_that_is_refused_overturns_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    _, read = asked_in_windows("accepted")
    tried = read[-1]
    build = in_windows

    def refusing(size: int, *, sized: bool = False) -> rfield.Graph:
        if size == tried:
            raise rfield.InvalidModelError(f"{size} is odd")
        return build(size, sized=sized)

    monkeypatch.setitem(globals(), "in_windows", refusing)
    found, again = asked_in_windows("accepted")
    assert list(found.sets[0]) == [n for n in range(62, 119) if n != tried]
    assert set(range(62, 119)) <= set(again)


def test_between_two_sizes_only_windows_of_a_stride_have_twins() -> None:
    """A cut of the first 60 says nothing of how many there are at a size between."""

    def cut(size: int) -> rfield.Graph:
        b = rfield.GraphBuilder()
        return b.build([b.slice("cut", b.input("x", (1, 1, size)), axis=2, start=0, stop=60)])

    def patches(size: int) -> rfield.Graph:
        b = rfield.GraphBuilder()
        x = b.conv("patches", b.input("x", (1, 1, size)), kernel=4, stride=4)
        return b.build([b.conv("last", x, kernel=3)])

    for build, told in ((cut, (False, False, False)), (patches, (True, False, False))):
        twins = Twins()
        for size in (61, 64, 72):
            assert twins.add(build(size))
        found = [twins.graph({"x": (1, 1, size)}) for size in (68, 76, 62)]
        assert tuple(graph is not None for graph in found) == (False, False, False)
        assert twins.add(build(70))
        found = [twins.graph({"x": (1, 1, size)}) for size in (68, 76, 62)]
        assert tuple(graph is not None for graph in found) == told
