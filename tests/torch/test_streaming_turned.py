"""Streams that are turned round, go through something, and are turned back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

import rfield  # noqa: E402

from .streams import whole  # noqa: E402
from .test_streaming_lengths import check  # noqa: E402

pytestmark = pytest.mark.torch


class Turned(nn.Module):
    """A convolution, and something that happens to its output turned round."""

    def __init__(self, middle: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.middle = nn.Conv1d(1, 1, 3, padding=1), middle

    def forward(self, x: Tensor) -> Tensor:
        return self.middle(self.conv(x).flip(2)).flip(2)


def odd(x: Tensor) -> Tensor:
    return torch.arange(x.shape[2]) % 2


def pairs_turned(x: Tensor) -> Tensor:
    """Padded to pairs, whose order and which themselves are turned round: all of it once more."""
    pairs = functional.pad(x, (0, x.shape[2] % 2)).unflatten(2, (-1, 2))
    return pairs.flip(2).flip(3).flatten(2)


def same_pool(x: Tensor) -> Tensor:
    """A kernel of 3 every 2, padded as SAME: the end has the larger side."""
    return functional.max_pool1d(functional.pad(x, (x.shape[2] % 2, 1)), 3, 2)


AT_ALL_LENGTHS: dict[str, Callable[[Tensor], Tensor]] = {
    "numbers from the end": lambda x: x * odd(x).flip(0),
    "SAME": same_pool,
    "padded in front to a multiple": lambda x: functional.pad(x, (x.shape[2] % 2, 0))[..., ::2],
    "cut in front": lambda x: x[..., 1:],
    "up": lambda x: functional.interpolate(x, scale_factor=2),
}
BY_WHAT_IS_LEFT: dict[str, Callable[[Tensor], Tensor]] = {
    "numbers": lambda x: x * odd(x),
    "pairs": lambda x: pairs_turned(x).flip(2),
    "every second": lambda x: x[..., ::2],
    "padded to a multiple": lambda x: functional.pad(x, (0, x.shape[2] % 2))[..., ::2],
}


@pytest.mark.parametrize("name", AT_ALL_LENGTHS)
def test_what_lies_in_the_stream_as_it_begins(name: str) -> None:
    model = whole(Turned(AT_ALL_LENGTHS[name]))
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    assert plan.exact
    for length in (7, 30, 41, 64):
        check(model, plan, length, length)


@pytest.mark.parametrize("name", BY_WHAT_IS_LEFT)
def test_what_lies_in_the_stream_as_it_ends(name: str) -> None:
    """Counted from the end where it was turned round, so from the beginning of what is turned."""
    model = whole(Turned(BY_WHAT_IS_LEFT[name]))
    assert not rfield.stream_plan(model, input_shape=(1, 1, 64)).exact
    for length in (40, 41):
        plan = rfield.stream_plan(model, input_shape=(1, 1, 64), length=length)
        assert plan.exact
        check(model, plan, length, length)
