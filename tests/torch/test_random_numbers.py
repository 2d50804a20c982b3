"""What a model draws at random is other in each run: no tile and no chunk gives what it gave."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from rfield.errors import NotStreamableError, NotTileableError  # noqa: E402

pytestmark = pytest.mark.torch
F = torch.nn.functional
Tensor = torch.Tensor

DRAWN: dict[str, Callable[[Tensor], Tensor]] = {
    "dropout": lambda y: F.dropout(y, 0.5, training=True),
    "whole channels": lambda y: (
        F.dropout1d(y, 0.5, training=True) if y.dim() == 3 else F.dropout2d(y, 0.5, training=True)
    ),
    "noise": lambda y: y + torch.rand_like(y),
    "one number for each channel": lambda y: y * torch.randn(*y.shape[:2], *[1] * (y.dim() - 2)),
    "a mask of them": lambda y: y * (torch.rand(1, 4, *[1] * (y.dim() - 2)) > 0.5),
    "written": lambda y: y * y.new_empty(1, 4, *[1] * (y.dim() - 2)).bernoulli_(0.5),
    "a kernel": lambda y: (F.conv1d if y.dim() == 3 else F.conv2d)(
        y, torch.randn(2, 4, *[3] * (y.dim() - 2))
    ),
    "by the data": lambda y: torch.bernoulli(y.sigmoid()),
    "slopes": lambda y: F.rrelu(y, training=True),
}
STILL: dict[str, Callable[[Tensor], Tensor]] = {
    "in use": lambda y: F.rrelu(F.dropout(y, 0.5, training=False), training=False),
    "of no chance": lambda y: F.dropout(y, 0.0, training=True),
    "aside": lambda y: (y, y + torch.rand_like(y))[0],
}


class Drawing(torch.nn.Module):
    def __init__(self, rank: int, draw: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv = (torch.nn.Conv1d if rank == 1 else torch.nn.Conv2d)(1, 4, 3)
        self.draw = draw

    def forward(self, x: Tensor) -> Tensor:
        return self.draw(self.conv(x))


@pytest.mark.parametrize("name", DRAWN)
def test_no_tiles_and_no_streams_of_what_is_drawn(name: str) -> None:
    model = Drawing(2, DRAWN[name])
    image, sound = torch.ones(1, 1, 64, 64), torch.ones(1, 1, 64)
    assert not torch.equal(model(image), model(image))
    with pytest.raises(
        NotTileableError, match="draws random numbers, others in each run or for each size"
    ):
        rfield.tile_plan(model, (64, 64), tile=32, input_shape=(1, 1, 64, 64))
    streaming = Drawing(1, DRAWN[name])
    plan = rfield.stream_plan(streaming, input_shape=(1, 1, 64))
    assert not plan.exact
    assert "random numbers, others in each run or for each size, are drawn by" in plan.obstacles[-1]
    for state in ("overlap", "carry"):
        with pytest.raises(NotStreamableError, match="random numbers"):
            list(rfield.run_streaming(streaming, [sound], plan, state=state))


@pytest.mark.parametrize("name", STILL)
def test_what_draws_nothing_has_tiles_and_streams(name: str) -> None:
    model, streaming = Drawing(2, STILL[name]), Drawing(1, STILL[name])
    plan = rfield.tile_plan(model, (64, 64), tile=32, input_shape=(1, 1, 64, 64))
    assert plan.exact
    assert len(list(plan)) > 1
    assert rfield.stream_plan(streaming, input_shape=(1, 1, 64)).exact


def test_numbers_drawn_while_a_model_is_read_are_no_mask() -> None:
    """Which elements are zero is other in the next run."""
    model = Drawing(1, lambda y: y * (torch.rand(y.shape[-1]) > 0.5))
    graph = rfield.load(model, (1, 1, 40))
    for place in range(38):
        assert rfield.support(graph, (place,)).mask.sum() == 3


GENERATORS: dict[str, Callable[[Tensor], Tensor]] = {
    "a number of Python's": lambda y: y * random.random(),
    "a number of NumPy's": lambda y: y * float(np.random.rand()),
    "a branch that is hardly ever taken": lambda y: 2 * y if random.random() < 1e-9 else y,
    "an order": lambda y: y[:, random.sample(range(4), 4)],
    "two that are alike": lambda y: y if (random.random() < 0.5) == (random.random() < 0.5) else -y,
    "a number that is far off": lambda y: y if abs(np.random.randn()) < 9 else -y,
    "for a log": lambda y: (y, str(random.random()))[0],
}


@pytest.mark.parametrize("name", GENERATORS)
def test_generators_of_which_torch_knows_nothing(name: str) -> None:
    model, streaming = Drawing(2, GENERATORS[name]), Drawing(1, GENERATORS[name])
    states = random.getstate(), np.random.get_state()[1].tolist()
    with pytest.raises(NotTileableError, match=r"(Python|NumPy)'s random numbers"):
        rfield.tile_plan(model, (64, 64), tile=32, input_shape=(1, 1, 64, 64))
    with pytest.raises(NotStreamableError, match=r"(Python|NumPy)'s random numbers"):
        rfield.stream_plan(streaming, input_shape=(1, 1, 64))
    assert states == (random.getstate(), np.random.get_state()[1].tolist())


UNUSED: dict[str, Callable[[Tensor], Tensor]] = {
    "layers to drop in training": lambda y: 2 * y if random.uniform(0, 1) is None else y,
    "the same of NumPy": lambda y: (y, np.random.uniform(0, 1))[0],
}


@pytest.mark.parametrize("name", UNUSED)
def test_what_is_drawn_and_makes_no_difference(name: str) -> None:
    model, image = Drawing(2, UNUSED[name]), torch.randn(1, 1, 64, 64)
    plan = rfield.tile_plan(model, (64, 64), tile=32, input_shape=(1, 1, 64, 64))
    assert plan.exact
    with torch.no_grad():
        torch.testing.assert_close(rfield.run_tiled(model, image, plan), model(image))


def test_a_generator_of_the_model_that_is_drawn_from() -> None:
    class Own(Drawing):
        chance = random.Random(0)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x) if self.chance.random() < 0.9 else self.conv(2 * x)

    with pytest.raises(NotTileableError, match="random numbers of its own"):
        rfield.tile_plan(Own(2, abs), (64, 64), tile=32, input_shape=(1, 1, 64, 64))
