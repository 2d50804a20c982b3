"""``verify`` holds where the claim is right, and finds a wrong rule and a wrong border."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from rfield.core.indices import IndexSet  # noqa: E402
from rfield.core.relation import Sliding  # noqa: E402
from tests.analysis.relinked import with_link  # noqa: E402

pytestmark = pytest.mark.torch
nn = torch.nn
SHAPE = (1, 3, 21, 18)


class Net(nn.Module):
    """Strides, dilation, a residual join, up-sampling and a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.wide = nn.Conv2d(8, 8, 3, padding=2, dilation=2)
        self.act = nn.ReLU(inplace=True)
        self.up = nn.ConvTranspose2d(8, 4, 3, stride=2)
        self.pool = nn.AvgPool2d(2, ceil_mode=True)
        nn.init.zeros_(self.wide.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = self.act(x + self.wide(x))
        return self.pool(self.up(x))


def test_a_right_claim_holds_at_every_position_of_every_layer():
    model = Net()
    found = rfield.verify(model, SHAPE, output=["stem", "wide", "act", "up", "pool"])
    assert found, str(found)
    assert found.counterexamples == ()
    assert found.layers == ("stem", "wide", "act", "up", "pool")
    assert (found.positions, found.precision) == (60, "float64")
    assert found.sound == 60
    assert found.faces == 4 * 60
    assert found.read > 1000


@pytest.mark.parametrize(
    ("layer", "taps", "problem"),
    [
        ("stem", (-1, 0), "it reads more than claimed"),
        ("stem", (-2, -1, 0, 1), "claimed, but not read"),
        ("wide", (-2, 2), "it reads more than claimed"),
        ("wide", (-2, -1, 0, 2), "claimed, but not read"),
    ],
)
def test_a_wrong_rule_is_caught(layer, taps, problem):
    model = Net()
    advance = 2 if layer == "stem" else 1
    wrong = with_link(
        rfield.load(model, SHAPE), layer, 3, Sliding(1, advance, (IndexSet.of(taps),))
    )
    found = rfield.verify(model, SHAPE, graph=wrong, output=layer)
    assert not found
    assert problem in {example.problem for example in found.counterexamples}
    assert str(found).startswith(f"not verified: {len(found.counterexamples)} counter-examples; ")
    assert found.as_dict()["holds"] is False


def test_a_border_that_is_read_is_not_taken_for_padding():
    model = nn.Sequential(nn.Conv1d(1, 2, 3, padding=1, padding_mode="circular"))
    right = rfield.load(model, (1, 1, 12))
    assert rfield.verify(model, graph=right)
    wrong = rfield.load(nn.Sequential(nn.Conv1d(1, 2, 3, padding=1)), (1, 1, 12))
    found = rfield.verify(model, graph=wrong)
    assert {example.index for example in found.counterexamples} == {(0,), (11,)}


def test_the_model_is_not_touched():
    model = Net().train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    numbers = torch.get_rng_state()
    rfield.verify(model, SHAPE, output="act")
    assert model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.dtype is torch.float32 for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), numbers)


class Noisy(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.rand_like(x)


def test_a_model_that_is_not_deterministic_is_an_error():
    with pytest.raises(
        rfield.RFieldError, match=r" differs between two runs on the same input, by up to"
    ):
        rfield.verify(Noisy(), (1, 1, 8))


def test_a_model_without_numbers_is_an_error():
    with torch.device("meta"):
        model = Net()
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.verify(model, SHAPE)
    assert str(caught.value) == (
        "Net is on the meta device: it has no numbers to run with.\n"
        "  Build it without torch.device('meta'), or give it memory: model.to_empty(...)"
    )
