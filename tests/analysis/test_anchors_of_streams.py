"""From where past and look-ahead are counted."""

from __future__ import annotations

import pytest

import rfield


def planned(anchor: str, padding: tuple[int, int] = (0, 0), stride: int = 1) -> rfield.StreamPlan:
    """One convolution of 7."""
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1, 70))
    y = b.conv("conv", x, kernel=7, stride=stride, padding=[padding])
    return rfield.stream_plan(b.build([y]), anchor=anchor)


@pytest.mark.parametrize(
    ("anchor", "padding", "stride", "past", "ahead"),
    [
        ("auto", (0, 0), 1, 0, 6),
        ("first", (0, 0), 1, 0, 6),
        ("center", (0, 0), 1, 3, 3),
        ("last", (0, 0), 1, 6, 0),
        ("auto", (6, 0), 1, 6, 0),
        ("auto", (3, 3), 1, 3, 3),
        ("first", (6, 0), 1, 0, 6),
        ("last", (3, 3), 1, 6, 0),
        # a frame of 2 samples, 5 more are read
        ("auto", (0, 0), 2, 0, 5),
        ("center", (0, 0), 2, 2, 3),
        ("last", (0, 0), 2, 5, 0),
    ],
)
def test_past_and_look_ahead(
    anchor: str, padding: tuple[int, int], stride: int, past: int, ahead: int
) -> None:
    plan = planned(anchor, padding, stride)
    assert (plan.past, plan.look_ahead, plan.latency) == (past, ahead, stride + ahead)
    assert plan.causal == (ahead == 0)
    assert plan.as_dict()["anchor"] == anchor
    assert plan.size == 7
    assert plan.first_output_after == 7 - padding[0]


def test_the_answer_says_it() -> None:
    assert str(planned("last")) == (
        "conv wrt x along t: past 6 look-ahead 0 latency 1 hop 1 "
        "(counted from the last sample read)"
    )
    assert str(planned("auto")) == "conv wrt x along t: past 0 look-ahead 6 latency 7 hop 1"
    with pytest.raises(rfield.RFieldError) as told:
        planned("lost")
    assert str(told.value) == "unknown anchor 'lost'. Did you mean 'last'?"
