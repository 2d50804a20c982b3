"""Windows over a stream: of attention, whose mask grows with its square, and laid in rows."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.cases import Function  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def window(frames):
    """Each frame attends to itself and to those before it in a window."""

    def mask(length):
        i = torch.arange(length)
        return (i[:, None] >= i) & (i[:, None] - i < frames)

    return mask


def chunks(frames, left):
    """Each frame attends to its chunk and to some before it."""

    def mask(length):
        number = torch.arange(length) // frames
        apart = number[:, None] - number
        return (apart >= 0) & (apart <= left)

    return mask


def spans(frames, left):
    """The same by the first and the last frame of each, which are no further than the end."""

    def mask(length):
        i = torch.arange(length)
        first = ((i // frames - left) * frames).clamp(min=0)
        last = ((i // frames + 1) * frames).clamp(max=length)
        return (i >= first[:, None]) & (i < last[:, None])

    return mask


class Attention(nn.Module):
    """Frames attend to others through a mask that is made for their number."""

    def __init__(self, mask, layers=1):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 12) for _ in range(layers))
        self.mask = mask

    def forward(self, x):
        x = x.transpose(1, 2)
        for layer in self.layers:
            q, k, v = layer(x).chunk(3, -1)
            mask = self.mask(x.shape[1])
            x = x + F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return x.transpose(1, 2)


class Filled(Attention):
    """The same with the scores written out and filled."""

    def forward(self, x):
        q, k, v = self.layers[0](x.transpose(1, 2)).chunk(3, -1)
        other = ~self.mask(x.shape[2])
        scores = (q @ k.transpose(1, 2)).masked_fill(other, -torch.inf).softmax(-1)
        return (scores.masked_fill(other, 0.0) @ v).transpose(1, 2)


MODELS = {
    "window of 64": (lambda: Attention(window(64)), 63),
    "window of 128": (lambda: Attention(window(128)), 127),
    "three of 64": (lambda: Attention(window(64), layers=3), 189),
    "filled, of 100": (lambda: Filled(window(100)), 99),
    "chunks of 16": (lambda: Attention(chunks(16, 4)), 64),
    "chunks of 12": (lambda: Filled(chunks(12, 1)), 12),
    "spans of 8": (lambda: Filled(spans(8, 2)), 16),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("state", ["overlap", "carry"])
def test_a_window_of_frames_streams(name, state):
    make, past = MODELS[name]
    torch.manual_seed(0)
    model = make().double().eval()
    plan = rfield.stream_plan(model, input_shape=(1, 4, 256))
    assert (plan.exact, plan.past) == (True, past)
    x = torch.randn(1, 4, 500).double()
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(64, 2), plan, state=state))
        assert float((torch.cat(parts, 2) - model(x)).abs().max()) < 1e-13


def test_a_plan_is_not_exact_where_masks_are_too_large_to_be_compared():
    """What will be refused is said before, and for what it is: lengths are those of four fields."""
    model = Attention(window(64), layers=12).double().eval()
    plan = rfield.stream_plan(model, input_shape=(1, 4, 256))
    text = "reads numbers that are too many to be known for 3032 samples, which are compared"
    assert not plan.exact
    assert plan.obstacles[0] == f"scaled_dot_product_attention/softmax/step1 (where) {text}"
    for state in ("overlap", "carry"):
        with pytest.raises(rfield.NotStreamableError, match=text):
            list(rfield.run_streaming(model, [torch.zeros(1, 4, 300).double()], plan, state=state))


@pytest.mark.parametrize("length", [700, 2100])
def test_a_window_is_known_however_long_the_stream_is_that_was_read(length):
    """Twice and four times as long its mask is not; at 2,100 it is not known there itself."""
    torch.manual_seed(0)
    model = Filled(window(5)).double().eval()
    plan = rfield.stream_plan(model, input_shape=(1, 4, length))
    assert (plan.exact, plan.obstacles, plan.past) == (True, (), 4)
    x = torch.randn(1, 4, 300).double()
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(64, 2), plan))
        assert float((torch.cat(parts, 2) - model(x)).abs().max()) < 1e-13


@pytest.mark.parametrize("state", ["overlap", "carry"])
def test_a_stream_that_turns_out_too_long_for_its_mask_to_be_compared(state):
    model = Filled(window(5)).double().eval()
    plan = rfield.stream_plan(model, input_shape=(1, 4, 72))
    x = torch.zeros(1, 4, 3000).double()
    with torch.no_grad(), pytest.raises(rfield.NotStreamableError) as raised:
        list(rfield.run_streaming(model, x.split(1000, 2), plan, state=state))
    assert str(raised.value).partition(": ")[2] == (
        "masked_fill (pointwise) reads numbers that are too many to be known for 3000 samples, "
        "which are compared.\n"
        "  What was given so far is likely right and not proven; a shorter stream has fewer"
    )


WINDOWS = {
    "8 every 4": (lambda x: x.unfold(2, 8, 4).mean(-1), 4),
    "8 every 2": (lambda x: x.unfold(2, 8, 2).mean(-1), 6),
    "9 every 3": (lambda x: x.unfold(2, 9, 3).mean(-1), 6),
    "8 every sample": (lambda x: x.unfold(2, 8, 1).mean(-1), 7),
    "spectra of 16 every 4": (
        lambda x: torch.stft(
            x[:, 0], 16, 4, window=torch.ones(16), center=False, return_complex=True
        ).abs(), 12,
    ),
    "a convolution of 8 every 4": (torch.nn.Conv1d(1, 1, 8, stride=4), 4),
    "rows of 4 of a convolution of 3": (
        nn.Sequential(nn.Conv1d(1, 1, 3, padding=1), nn.Unflatten(2, (-1, 4))), 5,
    ),  # the row that lacks one sample: three positions of it, and the two samples they end with
}  # fmt: skip


@pytest.mark.parametrize("name", WINDOWS)
def test_windows_that_overlap_keep_what_they_share(name: str):
    function, kept = WINDOWS[name]
    plan = rfield.stream_plan(Function(function), input_shape=(1, 1, 72))
    assert plan.state_elements == kept
