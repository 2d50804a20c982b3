"""Streams and tiles through spectra and back: ISTFT, and frames that are folded over each other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import rfield
from tests.torch.versions import since

pytestmark = pytest.mark.torch

SIZE, HOP = 64, 16


class Masked(nn.Module):
    """A denoiser: spectrogram, mask, back."""

    whole = False

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(SIZE))
        self.mask = nn.Conv1d(SIZE // 2 + 1, SIZE // 2 + 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        framing = {"hop_length": HOP, "window": self.window}
        bins = torch.stft(x[:, 0], SIZE, return_complex=True, **framing)
        bins, length = bins * self.mask(bins.abs()).sigmoid(), x.shape[-1] if self.whole else None
        return torch.istft(bins, SIZE, length=length, **framing)[:, None]


class Enhanced(Masked):
    """The same, as long as the sound that is given."""

    whole = True


class Vocoder(nn.Module):
    """Features to magnitude and phase to sound."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(SIZE))
        self.spectrum = nn.Conv1d(4, SIZE + 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        size, phase = self.spectrum(x).chunk(2, 1)
        bins = torch.polar(size.clamp(max=3).exp(), phase)
        return torch.istft(bins, SIZE, HOP, window=self.window)


class Folded(nn.Module):
    """The same by hand: frames are folded over each other, over the envelope of the window."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(SIZE))
        self.frames = nn.Conv1d(4, SIZE, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        count, edge = x.shape[-1], (SIZE - HOP) // 2
        folding = (1, (count - 1) * HOP + SIZE), (1, SIZE)
        fold = nn.functional.fold
        sound = fold(self.frames(x) * self.window[None, :, None], *folding, stride=(1, HOP))
        windows = self.window.square().expand(1, count, -1).transpose(1, 2)
        envelope = fold(windows, *folding, stride=(1, HOP))
        return (sound / envelope)[:, 0, 0, edge:-edge]


MODELS = {"masked": (Masked, (1, 1, 640), 16), "vocoder": (Vocoder, (1, 4, 40), 1)}
MODELS["enhanced"] = (Enhanced, (1, 1, 640), 16)
MODELS["of any length"] = (Enhanced, (1, 1, 645), 16)
MODELS["folded"] = (Folded, (1, 4, 40), 1)


def close(found: Tensor, whole: Tensor) -> bool:
    return found.shape == whole.shape and torch.allclose(found, whole, rtol=0, atol=1e-11)


@since(2, 6, "istft cannot be exported")
@pytest.mark.parametrize("state", ["overlap", "carry"])
@pytest.mark.parametrize("name", MODELS)
def test_sound_in_chunks(name: str, state: str) -> None:
    make, shape, step = MODELS[name]
    torch.manual_seed(0)
    model = make().double().eval()
    length = shape[2] * 3 + 5 * step
    plan = rfield.stream_plan(model, input_shape=shape, length=length)
    x = torch.randn(*shape[:2], length, dtype=torch.float64)
    chunks = x.split(7 * step + step // 2, 2)
    if (name, state) == ("folded", "carry"):  # the envelope belongs to one length
        with pytest.raises(rfield.NotStreamableError) as told:
            list(rfield.run_streaming(model, chunks, plan, state="carry"))
        assert str(told.value) == (
            "col2im_1 (col2im) reads numbers that are made for the length of the stream"
        )
        return
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, chunks, plan, state=state))
        assert len(parts) > 4
        assert close(torch.cat(parts, plan.output_axis), model(x))


@pytest.mark.parametrize("name", MODELS)
def test_sound_in_tiles(name: str) -> None:
    make, shape, _ = MODELS[name]
    torch.manual_seed(0)
    model = make().double().eval()
    x = torch.randn(*shape[:2], 10 * shape[2], dtype=torch.float64)
    plan = rfield.tile_plan(model, 10 * shape[2], tile=3 * shape[2], input_shape=shape)
    assert len(plan) > 2
    with torch.no_grad():
        assert close(rfield.run_tiled(model, x, plan), model(x))
