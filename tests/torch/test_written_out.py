"""Recurrences that a model writes out in its own code: what is said of them, and how soon."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

STATE = (
    "Run the loop on each part with the state that the part before has left, or write it as a "
    "layer that keeps one (nn.GRU, cumsum)"
)


class Cells(nn.Module):
    """A cell for each frame, of what a convolution of 3 gives if it is to look ahead."""

    def __init__(self, *, ahead=False, backwards=False):
        super().__init__()
        self.cell, self.backwards = nn.GRUCell(4, 4), backwards
        self.conv = nn.Conv1d(4, 4, 3, padding=1) if ahead else nn.Identity()

    def forward(self, x):
        state, found = x.new_zeros(x.shape[0], 4), []
        for frame in reversed(self.conv(x).unbind(2)) if self.backwards else self.conv(x).unbind(2):
            state = self.cell(frame, state)
            found.append(state)
        return torch.stack(found[::-1] if self.backwards else found, 2)


class Scan(nn.Module):
    """A selective scan, step by step, as Mamba's reference has it."""

    def __init__(self):
        super().__init__()
        self.mix, self.decay = nn.Linear(4, 8), nn.Parameter(torch.rand(4))

    def forward(self, x):
        gates, given = self.mix(x.transpose(1, 2)).chunk(2, -1)
        kept = torch.exp(-torch.sigmoid(gates) * self.decay)
        state, found = torch.zeros(x.shape[0], 4), []
        for t in range(x.shape[2]):
            state = kept[:, t] * state + given[:, t]
            found.append(state)
        return torch.stack(found, 2)


class Differences(nn.Module):
    """No recurrence, written as one."""

    def forward(self, x):
        found = [x[:, :, 0]] + [x[:, :, t] - x[:, :, t - 1] for t in range(1, x.shape[2])]
        return torch.stack(found, 2)


PAST = "An output reads all samples before its own and"

MODELS = {
    "cells": (Cells, "cell", f"{PAST} none after it, so it is causal. {STATE}"),
    "cells ahead": (lambda: Cells(ahead=True), "cell",
                    f"{PAST} up to 1 samples after it. {STATE}"),
    "cells backwards": (lambda: Cells(backwards=True), "cell",
                        "It is not causal: outputs read all samples after their own"),
    "scan": (Scan, "multiply, add", f"{PAST} none after it, so it is causal. {STATE}"),
    "differences": (Differences, "subtract", "An output reads 1 samples before its own and 0 after "
                    "it: a convolution or a window does that without a loop"),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_loop_over_time_is_told_for_what_it_is(name):
    make, layers, advice = MODELS[name]
    graph, read = rfield.load(make(), (1, 4, 24)), []
    reread = graph.reread

    def counted(shapes):
        read.append(shapes["x"][2])
        return reread(shapes)

    graph.reread = counted
    with pytest.raises(rfield.NotStreamableError) as caught:
        rfield.stream_plan(graph)
    first, second, *_ = str(caught.value).split("\n  ")
    assert first.endswith(
        "the model goes through time in a loop of its own, with more steps for more samples "
        f"({layers}); what a step keeps for the next is not known"
    )
    assert second == advice
    assert read == [25]


def test_frames_that_are_not_picked_one_by_one_are_no_loop():
    model = nn.Sequential(nn.Conv1d(4, 4, 3, padding=1), nn.ReLU(), nn.Conv1d(4, 4, 3, padding=1))
    assert rfield.stream_plan(model, input_shape=(1, 4, 24)).exact
