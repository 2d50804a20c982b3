"""The criterion ``same``: sizes whose output has the input's size over its stride."""

from __future__ import annotations

import pytest

import rfield


def strided(b, x):
    return b.conv("down", x, kernel=3, stride=4, padding=1)


def u_net(b, x):
    y = b.conv("down", x, kernel=3, stride=2, padding=1)
    return b.resize("up", y, scale=2)


@pytest.mark.parametrize(
    ("build", "same"),
    [
        # (n - 1) // 4 + 1 outputs, four positions each
        (strided, "t: multiples of 4, from 4"),
        # 2 * ((n - 1) // 2 + 1)
        (u_net, "t: multiples of 2, from 2"),
        (lambda b, x: b.conv("same", x, kernel=3, padding=1), "t: every size from 1"),
        (lambda b, x: b.conv("valid", x, kernel=3), "t: none"),
        (lambda b, x: b.resize("up", x, scale=3), "t: every size from 1"),
        # one window of four, which is no axis that moves any more
        (
            lambda b, x: b.reduce("mean", b.reshape("by", x, (1, 1, -1, 4)), axes=[3]),
            "t: multiples of 4, from 4",
        ),
    ],
)
def test_sizes_that_come_out_the_same(build, same: str) -> None:
    b = rfield.GraphBuilder()
    graph = b.build([build(b, b.input("x", (1, 1, 32)))])
    assert str(rfield.valid_sizes(graph, "same")) == same


def test_what_speaks_against_a_size() -> None:
    b = rfield.GraphBuilder()
    graph = b.build([u_net(b, b.input("x", (1, 1, 32)))])
    found = rfield.valid_sizes(graph, "same")
    assert found.against == (("33: up gives 34 outputs of stride 1 along t",),)
    checks = [rfield.check_size(graph, size) for size in (32, 33)]
    assert [check.holds("same") for check in checks] == [True, False]
    assert [bool(check) for check in checks] == [False, True]  # 32 pads unevenly, which is amiss
    with pytest.raises(rfield.RFieldError) as told:
        rfield.valid_sizes(graph, "sane")
    assert str(told.value) == "unknown criterion 'sane'. Did you mean 'same'?"
