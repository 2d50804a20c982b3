"""Branches, loops and attention that torch would compile: read as written, whatever decides."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402
from torch._higher_order_ops.while_loop import while_loop  # noqa: E402

import rfield  # noqa: E402
from rfield.errors import UnreadableModelError  # noqa: E402
from tests.torch.versions import since  # noqa: E402

flex = pytest.importorskip("torch.nn.attention.flex_attention", reason="PyTorch is older")
create_block_mask, flex_attention = flex.create_block_mask, flex.flex_attention

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore"),
    since(2, 13, "operators that hold programs do not run under a mode"),
]


class Called(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def later(x):
    return x.roll(-1, 1).clone()


def earlier(x):
    return x.roll(1, 1)


def read(function, row):
    """What row ``row`` of eight reads."""
    graph = rfield.load(Called(function), (1, 8, 4), axes=(1,))
    found = rfield.support(graph, (row,))
    places = {found.offset[0] + k for k, marked in enumerate(found.mask) if marked}
    return places, found.fidelity.name


def by_a_row(x):
    return torch.cond(x[:, 6].sum() > 0, earlier, later, (x,))


def by_a_constant(x):
    return torch.cond(torch.tensor(True), earlier, later, (x,))


def three_turns(x):
    def body(turn, y):
        return turn + 1, y.roll(1, 1).clone() + y

    return while_loop(lambda turn, y: turn < 3, body, (torch.tensor(0), x))[1]


def until_it_is_large(x):
    def body(turn, y):
        return turn + 1, y * 2

    return while_loop(lambda turn, y: y.sum() < 30, body, (torch.tensor(0), x))[1]


@pytest.mark.parametrize(
    ("function", "places", "fidelity"),
    [
        (by_a_row, {2, 4, 6}, "EXACT"), (by_a_constant, {2}, "EXACT"),
        (three_turns, {0, 1, 2, 3}, "EXACT"), (until_it_is_large, set(range(8)), "UPPER_BOUND"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("exported", [False, True])
def test_what_decides_is_read_and_known_turns_are_taken(function, places, fidelity, exported):
    assert read(function, 3) == (places, fidelity)
    if exported:  # after reading the live model, so that nothing of that is left in torch
        program = torch.export.export(Called(function).eval(), (torch.rand(1, 8, 4),))
        found = rfield.support(rfield.load(program, axes=(1,)), (3,))
        assert (found.count, found.fidelity.name) == (len(places), fidelity)


def attended(mask):
    def run(x):
        y = x[:, None]
        blocks = create_block_mask(mask, None, None, 8, 8, device="cpu")
        return flex_attention(y, y, y, block_mask=blocks)[:, 0]

    return run


def scored(x):
    def causal(score, batch, head, query, key):
        return torch.where(query >= key, score, -float("inf"))

    y = x[:, None]
    return flex_attention(y, y, y, score_mod=causal)[:, 0]


@pytest.mark.parametrize(
    ("function", "places"),
    [
        (attended(lambda b, h, query, key: query >= key), {0, 1, 2, 3, 4}),
        (attended(lambda b, h, query, key: (query >= key) & (query - key < 3)), {2, 3, 4}),
        (attended(lambda b, h, query, key: (query - key).abs() <= 1), {3, 4, 5}),
        (attended(lambda b, h, query, key: query // 4 == key // 4), {4, 5, 6, 7}),
        (attended(lambda b, h, query, key: (key == 0) | (query == key)), {0, 4}),
        (scored, {0, 1, 2, 3, 4}),
    ],
)
def test_the_mask_of_flex_attention_cuts(function, places):
    assert read(function, 4) == (places, "EXACT")


def test_reading_leaves_the_compiler_alone():
    compiled = torch.compile
    read(by_a_row, 0)
    assert torch.compile is compiled
    x = torch.rand(1, 8, 4)
    with torch.no_grad():
        assert torch.equal(Called(by_a_row)(x), earlier(x))


def test_an_operator_that_is_not_read_says_so():
    from torch._higher_order_ops.scan import scan

    def running(x):
        return scan(lambda sums, row: (sums + row, sums + row), x[:, 0] * 0, x.transpose(0, 1))[1]

    with pytest.raises(UnreadableModelError) as caught:
        read(running, 0)
    assert str(caught.value) == (
        "the model uses 'scan', control flow that is not read. Write it as ops of torch, or read "
        "the part of the model before it."
    )
