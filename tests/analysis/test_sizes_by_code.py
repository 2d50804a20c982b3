"""Models whose code looks at a size and goes another way: held against counting, size by size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rfield
from rfield.analysis.resizing.reach import Reach, Verdict, reach, spread

TOP = 300
Build = Callable[[rfield.GraphBuilder, Any, int], Any]
Count = Callable[[int], int]


def half(size: int) -> int:
    """What a kernel of 3 with stride 2 makes of a size."""
    return (size - 3) // 2 + 1


def forty(b: rfield.GraphBuilder, x: Any, size: int) -> Any:
    return b.conv("wide", x, kernel=3, stride=2) if size > 40 else b.conv("fine", x, kernel=3)


def halvings(b: rfield.GraphBuilder, x: Any, size: int) -> Any:
    """While more than 8 are left; as code does, which knows what came out."""
    for k in range(counted_halvings(size)[1]):
        x = b.conv(f"c{k}", x, kernel=3, stride=2, padding=1)
    return x


def counted_halvings(size: int) -> tuple[int, int]:
    times = 0
    while size > 8:
        size, times = (size - 1) // 2 + 1, times + 1
    return size, times


def between(b: rfield.GraphBuilder, x: Any, size: int) -> Any:
    return b.conv("wide", x, kernel=3, stride=2) if 40 < size < 50 else b.conv("f", x, kernel=3)


def kernel(b: rfield.GraphBuilder, x: Any, size: int) -> Any:
    """The same op with another window."""
    return b.max_pool("pool", x, kernel=5 if size < 64 else 3, stride=2)


def first_hundred(b: rfield.GraphBuilder, x: Any, size: int) -> Any:
    return b.conv("c", b.slice("cut", x, axis=2, start=0, stop=min(size, 100)), kernel=3)


def not_the_twenties(b: rfield.GraphBuilder, x: Any, size: int) -> Any:
    if 20 <= size < 30:
        raise rfield.InvalidModelError("not the twenties")
    return b.conv("c", x, kernel=3, stride=2)


def not_eleven(b: rfield.GraphBuilder, x: Any, size: int) -> Any:
    return b.conv("c", x, kernel=3, stride=1 if size % 11 == 0 else 2)


MODELS: dict[str, tuple[Build, Count]] = {
    "forty": (forty, lambda n: half(n) if n > 40 else n - 2),
    "halvings": (halvings, lambda n: counted_halvings(n)[0]),
    "between": (between, lambda n: half(n) if 40 < n < 50 else n - 2),
    "kernel": (kernel, lambda n: (n - 5) // 2 + 1 if n < 64 else half(n)),
    "first hundred": (first_hundred, lambda n: min(n, 100) - 2),
    "twenties": (not_the_twenties, lambda n: 0 if 20 <= n < 30 else half(n)),
    "eleven": (not_eleven, lambda n: half(n) if n % 11 else n - 2),
}  # fmt: skip


def graph_of(name: str, size: int) -> rfield.Graph:
    build, _ = MODELS[name]
    b = rfield.GraphBuilder()
    graph = b.build([build(b, b.input("x", (1, 1, size)), size)])

    def again(shapes: Any) -> rfield.Graph:
        (other,) = (shape[2] for shape in shapes.values())
        return graph_of(name, other)

    graph.reread = again
    return graph


@pytest.mark.parametrize("size", [64, 150, 30])
@pytest.mark.parametrize("name", MODELS)
def test_what_is_said_of_a_size_is_what_is_counted(name: str, size: int) -> None:
    if (name, size) == ("between", 30):
        pytest.skip("a way between two sizes that are tried, beyond the first, is not seen")
    graph, count = graph_of(name, size), MODELS[name][1]
    taken = rfield.valid_sizes(graph).sets[0]
    assert taken.tells(size)
    assert [n in taken for n in range(1, TOP) if taken.tells(n)] == [
        count(n) > 0 for n in range(1, TOP) if taken.tells(n)
    ]
    for target in (3, 7, 15, 20, 31, 60):
        found = rfield.input_size(graph, target).sets[0]
        known = [n for n in range(1, TOP) if found.tells(n)]
        assert [n for n in known if n in found] == [n for n in known if count(n) == target]


@pytest.mark.parametrize(
    ("name", "size", "sizes", "basis"),
    [
        ("forty", 64, "t: every size from 3", "; below 41 it is otherwise, read one by one"),
        ("forty", 30, "t: 3–40 of 1 to 40", "; above 40 it is otherwise"),
        ("twenties", 64, "t: every size from 30; and 3–19",
         "; below 30 it is otherwise, read one by one"),
    ],
)  # fmt: skip
def test_how_far_it_is_known(name: str, size: int, sizes: str, basis: str) -> None:
    found = rfield.valid_sizes(graph_of(name, size))
    assert str(found) == sizes
    assert found.basis[0].endswith(f" held against that{basis}")


def test_of_a_large_network_nothing_is_said_of_small_sizes_that_are_otherwise() -> None:
    def large(size: int) -> rfield.Graph:
        b = rfield.GraphBuilder()
        x = b.input("x", (1, 1, size))
        for k in range(300):
            x = b.conv(f"c{k}", x, kernel=1)
        return b.build([b.conv("last", x, kernel=3, stride=2 if size > 100 else 1)])

    graph = large(160)
    graph.reread = lambda shapes: large(shapes["x"][2])
    found = rfield.valid_sizes(graph)
    assert str(found) == "t: every size from 101; nothing is known below 101"
    assert found.sets[0].around(90) == (101,)
    assert found.as_dict()["sizes"][0]["among"] == [101, None]
    with pytest.raises(rfield.RFieldError) as told:
        assert 90 in found
    assert str(told.value) == (
        "only the sizes from 101 on were read, so nothing is known of 90.\n"
        "  Ask for it alone: rfield.check_size(model, 90)"
    )


def test_paths_of_other_layers_at_the_sizes_that_suit_are_a_premise() -> None:
    """Five times a stride of 2 at 150, which suits 31 to 63; of 31, halved twice, 8 are left."""
    found = rfield.path_fields(graph_of("halvings", 150))
    assert found.feasible == ((31, 63),)
    assert found.premises == (
        "at 31 other layers widen the field: all is told of the model at 150; for another size "
        "give input_shape",
    )
    assert rfield.path_fields(graph_of("twenties", 64)).premises == ()


def test_where_it_begins_and_ends() -> None:
    def judge(size: int) -> Verdict:
        if size < 5:
            return Verdict.NONE
        return Verdict.AS if 23 <= size <= 801 else Verdict.OTHER

    found = reach(judge, 64, 1, [1, 10, 40], [500, 1000], 30)
    assert (found.first, found.last, found.steady) == (23, 801, True)
    assert found.tried == (1, 10, 40, 500, 1000)
    assert [found.holds(n) for n in (22, 23, 801, 802)] == [False, True, True, False]
    assert found.least(64, 10) == 24


def test_a_size_that_is_otherwise_between_others() -> None:
    found = reach(lambda n: Verdict.OTHER if n % 11 == 0 else Verdict.AS, 64, 1, [1], [1001], 30)
    assert not found.steady
    assert reach(lambda _: Verdict.UNKNOWN, 64, 1, [1], [1001], 30) == Reach(tried=(1, 1001))


@pytest.mark.parametrize(
    ("base", "count", "sizes"),
    [(5, 96, [1, 2, 3, 4]), (224, 4, [1, 2, 10, 46]), (1, 4, []), (64, 4, [1, 2, 6, 20])],
)
def test_the_sizes_that_are_tried(base: int, count: int, sizes: list[int]) -> None:
    assert sorted(spread(base, count)) == sizes
