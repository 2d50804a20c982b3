"""Numbers by position in a stream: windows meet the first of them again, a state goes on."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.cases import Function  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

MADE = "(multiply) reads numbers that are made for the size of its input"


def places(x):
    return torch.arange(x.shape[2])


GOING_ON = {
    "ramp": lambda x: x * places(x),
    "encoded": lambda x: x * (places(x) * 0.1).sin(),
    "from_a_place": lambda x: x * (places(x) - 10).clamp(0),
}


@pytest.mark.parametrize("name", GOING_ON)
@pytest.mark.parametrize("before", [nn.Identity(), nn.Conv1d(1, 1, 4, 2, 1)], ids=["x", "strided"])
def test_the_plan_says_that_a_state_must_be_carried(name, before):
    model = nn.Sequential(before, Function(GOING_ON[name])).double().eval()
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    assert (plan.exact, plan.states, plan.placed) == (True, ("carry",), (f"1 {MADE}",))
    assert f'(only with state="carry", of a torch.nn.Module: 1 {MADE})' in str(plan)
    x = torch.randn(1, 1, 122, dtype=torch.float64)
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(9, 2), plan, state="carry"))
        assert torch.allclose(torch.cat(parts, 2), model(x), rtol=0, atol=1e-12)
        with pytest.raises(rfield.NotStreamableError) as refused:
            list(rfield.run_streaming(model, x.split(9, 2), plan))
    assert str(refused.value) == (
        "1: parts of a stream do not give what the whole gives\n"
        f'  1 {MADE}\n  state="carry" goes on with them.'
    )


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x * torch.linspace(0, 1, x.shape[2]),
        lambda x: x * torch.hann_window(x.shape[2], dtype=x.dtype),
        lambda x: x * (x.shape[2] - places(x)),
    ],
    ids=["fade", "window", "to_the_end"],
)
def test_numbers_of_the_length_have_no_stream(function):
    plan = rfield.stream_plan(Function(function), input_shape=(1, 1, 64))
    assert (plan.exact, plan.states, plan.obstacles) == (False, (), (f"mul {MADE}",))


@pytest.mark.parametrize(
    ("function", "states"),
    [
        (lambda x: x * (places(x) % 4), ("overlap", "carry")),
        (lambda x: x.cumsum(2), ("carry",)),
        (lambda x: x - x.mean(2, keepdim=True), ()),
        (nn.Conv1d(1, 1, 3), ("overlap", "carry")),
    ],
    ids=["repeating", "sum", "mean", "window"],
)
def test_ways_of_running(function, states):
    model = function if isinstance(function, nn.Module) else Function(function)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    assert (plan.states, plan.placed) == (states, ())
    assert plan.as_dict()["states"] == list(states)


def written(x, by):
    """Positions added to those before them, all but the first few; or after, all but the last."""
    y = x.clone()
    if by > 0:
        y[..., by:] += x[..., :-by]
    else:
        y[..., :by] += x[..., -by:]
    return y


class Remembering(nn.Module):
    def __init__(self):
        super().__init__()
        self.run = nn.GRU(1, 1, batch_first=True)

    def forward(self, x):
        return self.run(x.transpose(1, 2))[0].transpose(1, 2)


RUNNING = {
    "sum": Function(lambda x: x.cumsum(2)),
    "largest": Function(lambda x: x.cummax(2).values),
    "recurrent": Remembering(),
}
AFTER = {
    "masked": lambda x: x * (places(x) % 4 != 0),
    "weighted": lambda x: x * (places(x) % 3),
    "behind": lambda x: written(x, 3),
    "ahead": lambda x: written(x, -3),
    "last_ones": lambda x: torch.cat([x[..., :-2], x[..., -2:].exp()], 2),
}


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("before", RUNNING)
def test_behind_what_runs_on_positions_are_as_before_it(before, after):
    """Masks, and parts of the stream that are written over, behind a past without an end."""
    model = nn.Sequential(RUNNING[before], Function(AFTER[after])).double().eval()
    plan = rfield.stream_plan(model, input_shape=(1, 1, 48))
    assert (plan.obstacles, plan.states) == ((), ("carry",))
    x = torch.randn(1, 1, 61, dtype=torch.float64)
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(7, 2), plan, state="carry"))
        assert torch.allclose(torch.cat(parts, 2), model(x), rtol=0, atol=1e-12)


def test_an_end_that_is_laid_in_front_is_told_of_what_runs_on_too():
    model = nn.Sequential(RUNNING["sum"], Function(lambda x: torch.cat([x[..., -2:].exp(), x], 2)))
    plan = rfield.stream_plan(model, input_shape=(1, 1, 48))
    assert plan.obstacles == ("one end of the stream is laid at the other by 1",)


class Placed(nn.Module):
    """A trained number for each sample, as positions of a transformer have."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1)
        self.places = nn.Parameter(torch.randn(1, 1, 512))

    def forward(self, x):
        return self.conv(x + self.places[..., : x.shape[-1]])


def test_a_weight_for_each_sample_goes_on_with_the_stream_alone():
    model = Placed()
    plan = rfield.stream_plan(model, input_shape=(1, 1, 72))
    assert plan.states == ("carry",)
    x = torch.randn(1, 1, 130)
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(9, 2), plan, state="carry"))
        torch.testing.assert_close(torch.cat(parts, 2), model(x))
    with pytest.raises(rfield.NotStreamableError, match='state="carry" goes on with them'):
        list(rfield.run_streaming(model, x.split(9, 2), plan, state="overlap"))
