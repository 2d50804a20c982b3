"""Carried state where the end of a stream depends on what its length leaves modulo the grid."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812

import rfield  # noqa: E402

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::FutureWarning:copyreg"),  # torch.export's own trees
]
nn, Tensor = torch.nn, torch.Tensor


def up_to(x: Tensor, multiple: int, mode: str = "constant") -> Tensor:
    """The stream padded at its end up to the next multiple."""
    return F.pad(x, (0, -x.shape[-1] % multiple), mode=mode)


class Padded(nn.Module):
    """A change of the stream, in front of layers, of which as many positions are kept."""

    def __init__(self, change: Callable[[Tensor], Tensor], *layers: nn.Module) -> None:
        super().__init__()
        self.change, self.layers = change, nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(self.change(x))[..., : x.shape[-1]]


def conv() -> nn.Module:
    return nn.Conv1d(1, 1, 5, padding=2)


RESTS: dict[str, Callable[[], nn.Module]] = {
    "zeros before two layers": lambda: Padded(lambda x: up_to(x, 4), conv(), conv()),
    "zeros that become ones": lambda: Padded(lambda x: up_to(x, 4).exp(), conv()),
    "the last sample again": lambda: Padded(lambda x: up_to(x, 3, "replicate"), conv()),
    "mirrored": lambda: Padded(lambda x: up_to(x, 2, "reflect"), conv()),
    "mirrored before a stride": lambda: Padded(
        lambda x: up_to(x, 2, "reflect"),
        nn.Conv1d(1, 4, 8, 4, 2),
        nn.ConvTranspose1d(4, 1, 8, 4, 2),
    ),
    "one more where it is odd": lambda: Padded(
        lambda x: torch.cat([x, x[..., -1:]], 2) if x.shape[-1] % 2 else x, conv()
    ),
    "pooled up": lambda: Padded(
        lambda x: F.interpolate(F.avg_pool1d(x, 4, 4, ceil_mode=True), scale_factor=4.0), conv()
    ),
}


@pytest.mark.parametrize("name", RESTS)
def test_the_end_is_that_of_the_whole_or_refused(name: str) -> None:
    torch.manual_seed(0)
    model = RESTS[name]().double().eval().requires_grad_(requires_grad=False)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 120))
    assert plan.exact
    given = set[bool]()
    for length in range(200, 204):
        x = torch.randn(1, 1, length).double()
        chunks, whole = x.split(13, 2), model(x)
        try:
            parts = list(rfield.run_streaming(model, chunks, plan, state="carry"))
        except rfield.NotStreamableError:
            given.add(False)
            parts = list(rfield.run_streaming(model, chunks, plan))
        else:
            given.add(True)
        torch.testing.assert_close(torch.cat(parts, 2), whole, rtol=0, atol=1e-12)
        here = rfield.stream_plan(model, input_shape=(1, 1, 120), length=length)
        parts = list(rfield.run_streaming(model, chunks, here, state="carry"))
        torch.testing.assert_close(torch.cat(parts, 2), whole, rtol=0, atol=1e-12)
    assert given == {True, False}


class Striped(nn.Module):
    """A mask that repeats from the end, which in parts of even length is the other one."""

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool1d(x * (torch.arange(x.shape[2]).flip(0) % 2), 3, 1, 1)


def test_numbers_that_are_counted_from_the_end_are_not_carried() -> None:
    plan = rfield.stream_plan(Striped(), input_shape=(1, 1, 64), length=97)
    x = torch.ones(1, 1, 97)
    with pytest.raises(rfield.NotStreamableError, match="made for the length of the stream"):
        list(rfield.run_streaming(Striped(), x.split(7, 2), plan, state="carry"))
    parts = list(rfield.run_streaming(Striped(), x.split(7, 2), plan))
    assert torch.equal(torch.cat(parts, 2), Striped()(x))
