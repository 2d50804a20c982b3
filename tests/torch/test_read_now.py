"""Ops on lists, assertions, losses in forward, transforms made of the data: what each row reads."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

ALL = set(range(8))


class Called(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def read(function, row):
    graph = rfield.load(Called(function), (1, 8, 4), axes=(1,))
    found = rfield.support(graph, (row,))
    places = {found.offset[0] + k for k, marked in enumerate(found.mask) if marked}
    return places, found.fidelity.name


def in_place(x):
    parts = [x.clone(), x.roll(1, 1)]
    torch._foreach_mul_(parts, 2.0)
    torch._foreach_add_(parts, [x.roll(2, 1), x])
    return parts[0] * parts[1]


LISTS = {
    "add": (lambda x: sum(torch._foreach_add([x, x.roll(1, 1)], 1.0)), {2, 3}),
    "mul of two": (lambda x: torch._foreach_mul([x[:, :4]], [x[:, 4:]])[0], {3, 7}),
    "maximum": (lambda x: torch._foreach_maximum([x], [x.roll(3, 1)])[0], {0, 3}),
    "lerp": (lambda x: torch._foreach_lerp([x], [x.flip(1)], 0.3)[0], {3, 4}),
    "norm": (lambda x: torch.stack(torch._foreach_norm(list(x[0])))[None, :, None], {3}),
    "in place": (in_place, {1, 2, 3}),
}


@pytest.mark.parametrize("name", LISTS)
def test_an_op_on_a_list_is_that_op_on_each(name):
    function, places = LISTS[name]
    assert read(function, 3) == (places, "EXACT")


def test_assertions_read_nothing():
    def checked(x):
        torch._assert_async(torch.isfinite(x).all())
        torch._check(x.shape[1] == 8)
        return x.roll(1, 1)

    assert read(checked, 3) == ({2}, "EXACT")
    assert rfield.verify(Called(checked).eval(), (1, 8, 4), axes=(1,))  # which refuses NaN


class WithLoss(nn.Module):
    """As many models: with labels it returns the loss, then the scores."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 5, 3, padding=1)

    def forward(self, x, labels=None):
        scores = self.conv(x)
        if labels is None:
            return {"scores": scores}
        return {"loss": F.cross_entropy(scores, labels), "scores": scores}


def test_a_loss_reads_everything_and_the_scores_do_not():
    labels = torch.zeros(1, 8, dtype=torch.long)
    graph = rfield.load(WithLoss(), example_inputs=(torch.zeros(1, 4, 8), labels))
    assert graph.outputs[1] == rfield.load(WithLoss(), (1, 4, 8)).outputs[0]
    scores = rfield.receptive_field(graph, "scores", wrt="x")
    assert (scores.size, scores.fidelity.name) == ((3,), "EXACT")
    assert rfield.support(graph, (), "loss", wrt="x").count == 8


@pytest.mark.parametrize("ignored", [-100, 2])
def test_known_labels_pick_and_those_that_are_ignored_read_nothing(ignored):
    labels = torch.arange(8)[None] % 3

    def loss(x):
        return F.nll_loss(x.transpose(1, 2), labels, ignore_index=ignored, reduction="none")[
            ..., None
        ]

    assert [len(read(loss, row)[0]) for row in range(3)] == [1, 1, int(ignored < 0)]


class Warped(nn.Module):
    """A spatial transformer: where it samples is made of the whole image."""

    def __init__(self):
        super().__init__()
        self.where = nn.Linear(36, 6)

    def forward(self, x):
        matrix = self.where(x.flatten(1)).view(-1, 2, 3)
        grid = F.affine_grid(matrix, x.shape, align_corners=False)
        return F.grid_sample(x, grid, align_corners=False)


def test_a_spatial_transformer_is_global_and_a_bound():
    field = rfield.receptive_field(Warped(), input_shape=(1, 1, 6, 6))
    assert (field.size, field.fidelity.name) == ((rfield.UNBOUNDED,) * 2, "UPPER_BOUND")
    assert rfield.verify(Warped().eval(), (1, 1, 6, 6))


@pytest.mark.parametrize(
    ("function", "places"),
    [
        (lambda x: torch.inner(x, torch.ones(5, 4)), {3}),
        (lambda x: torch.diag_embed(x[..., 0]), {3}),
        (lambda x: torch.linalg.solve(nn.Parameter(torch.eye(8) + 0.1), x), ALL),
        (lambda x: torch.linalg.solve_triangular(torch.ones(8, 8), x, upper=False), {0, 1, 2, 3}),
        (lambda x: torch.linalg.solve_triangular(torch.ones(8, 8), x, upper=True), ALL - {0, 1, 2}),
    ],
)
def test_linear_algebra(function, places):
    assert read(function, 3) == (places, "EXACT")
