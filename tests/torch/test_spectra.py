"""Short-time Fourier transforms and their inverse inside models, and overlapping frames."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.versions import since  # noqa: E402

from .test_masks import check  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Of(nn.Module):
    """A model that is one function of its input and of a window."""

    def __init__(self, function, window=None):
        super().__init__()
        self.function = function
        self.register_buffer("w", torch.hann_window(64) if window is None else window)

    def forward(self, x):
        return self.function(x, self.w.to(x.dtype))


def spectra(x, w, **more):
    return torch.stft(x, 64, 16, window=w, return_complex=True, **more)


def masked(x, w):
    z = spectra(x, w)
    return torch.istft(z * z.abs().sigmoid(), 64, 16, window=w, length=x.shape[-1])


FORMS = {
    "length": lambda x, w: torch.istft(spectra(x, w), 64, 16, window=w, length=x.shape[-1]),
    "without a length": lambda x, w: torch.istft(spectra(x, w), 64, 16, window=w),
    "methods": lambda x, w: x.stft(64, 16, window=w, return_complex=True).istft(64, 16, window=w),
    "keywords": lambda x, w: torch.istft(
        input=spectra(x, w), n_fft=64, hop_length=16, win_length=64, window=w, center=True
    ),
    "a mask": masked,
    "polar": lambda x, w: torch.istft(
        torch.polar(spectra(x, w).abs(), spectra(x, w).angle()), 64, 16, window=w
    ),
    "parts": lambda x, w: torch.istft(
        torch.complex(spectra(x, w).real, spectra(x, w).imag), 64, 16, window=w
    ),
    "two sides": lambda x, w: (
        torch.istft(
            spectra(x, w, onesided=False), 64, 16, window=w, onesided=False, return_complex=True
        ).real
    ),
    "longer": lambda x, w: torch.istft(spectra(x, w), 64, 16, window=w, length=x.shape[-1] + 20),
    "shorter": lambda x, w: torch.istft(spectra(x, w), 64, 16, window=w, length=300),
}


@since(2, 13, "istft cannot be exported")
@pytest.mark.parametrize("name", FORMS)
def test_both_ways_of_reading_agree(name):
    """A Hann window is zero at its first place: 63 samples per frame, 111 by way of four frames."""
    model = Of(FORMS[name])
    live = rfield.receptive_field(model, input_shape=(1, 640), axes=(1,))
    exported = torch.export.export(model, (torch.randn(1, 640),))
    for rf in (live, rfield.receptive_field(rfield.load(exported, axes=(1,)))):
        assert (rf.size, rf.stride, rf.period, rf.padding) == ((111,), (1,), (16,), (47,))
        assert rf.fidelity is rfield.Fidelity.EXACT
        assert rf.output_shape == tuple(model(torch.randn(1, 640)).shape)


def test_frames_that_are_not_centred_and_a_window_without_zeros():
    ones = torch.ones(64)

    def plain(x, w):
        z = spectra(x, w, center=False)
        return torch.istft(z, 64, 16, window=w, center=False, length=600)

    rf = rfield.receptive_field(Of(plain, ones), input_shape=(1, 640), axes=(1,))
    assert (rf.size, rf.padding, rf.output_shape) == ((112,), (48,), (1, 600))
    default = Of(lambda x, w: torch.istft(torch.stft(x, 64, return_complex=True), 64), ones)
    assert rfield.receptive_field(default, input_shape=(1, 640), axes=(1,)).size == (112,)


def short(x, w):
    z = torch.stft(x, 32, 8, 24, window=w, return_complex=True)
    return torch.istft(z * z.abs().sigmoid(), 32, 8, 24, window=w)


def holes(x, w):
    z = torch.stft(x, 32, 12, window=w, return_complex=True)
    ham = torch.hamming_window(32, dtype=x.dtype)
    return torch.istft(z * z.abs().sigmoid(), 32, 12, window=ham, length=x.shape[-1])


@pytest.mark.parametrize(
    ("function", "window"),
    [
        (short, torch.hann_window(24)),
        (short, torch.ones(24)),
        (holes, (torch.arange(32) % 4 != 0).float()),
    ],
)
def test_every_position_as_measured(function, window):
    places = [(place,) for place in (0, 3, 40, 41, 47, 70, 90)]
    check(Of(function, window), (1, 96), places, (1,))


class OverlapAdd(nn.Module):
    """Frames summed and divided by what the windows sum to."""

    def __init__(self, step=16, *, window=None, crop=24):
        super().__init__()
        self.frames = nn.Conv1d(4, 64, 3, padding=1)
        self.step, self.crop = step, crop
        self.register_buffer("w", torch.hann_window(64) if window is None else window)

    def sum(self, y):
        n = (y.shape[-1] - 1) * self.step + 64
        return F.fold(y, (1, n), (1, 64), stride=(1, self.step))[:, 0, 0]

    def forward(self, x):
        y = self.frames(x) * self.w[None, :, None]
        weights = self.w.square().expand(1, y.shape[-1], -1).transpose(1, 2)
        inside = slice(self.crop, -self.crop)
        return self.sum(y)[:, inside] / self.sum(weights)[0, inside]


def streamed(model, shape, chunks):
    """The planned stream beside the whole, in double precision."""
    model = model.double().eval()
    plan = rfield.stream_plan(model, input_shape=(*shape[:-1], 40), axes=(len(shape) - 1,))
    x = torch.randn(shape, dtype=torch.float64)
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(chunks, -1), plan))
        return torch.cat(parts, -1), model(x)


@pytest.mark.parametrize(
    "model",
    [
        OverlapAdd(),
        OverlapAdd(24),
        OverlapAdd(32, window=torch.hamming_window(64), crop=5),
        OverlapAdd(48, window=torch.ones(64), crop=1),
        OverlapAdd(64, window=torch.ones(64), crop=3),
    ],
)
@pytest.mark.parametrize("chunks", [9, 30])
def test_an_envelope_is_the_same_in_every_part(model, chunks):
    parts, whole = streamed(model, (1, 4, 101), chunks)
    assert parts.shape == whole.shape
    assert float((parts - whole).abs().max()) < 1e-10


@pytest.mark.parametrize("name", ["length", "without a length", "a mask"])
def test_a_spectral_filter_streams(name):
    model = Of(FORMS[name]).double()
    plan = rfield.stream_plan(model, input_shape=(1, 640), axes=(1,))
    assert (plan.past, plan.look_ahead, plan.hop) == (47, 48, 1)
    x = torch.randn(1, 1001, dtype=torch.float64)
    parts = torch.cat(list(rfield.run_streaming(model, x.split(100, 1), plan)), 1)
    assert float((parts - model(x)).abs().max()) < 1e-12


def test_numbers_that_go_on_with_the_position_are_not_the_same_in_a_part():
    class Ramp(nn.Module):
        def forward(self, x):
            return x + torch.arange(x.shape[-1], device=x.device)

    with pytest.raises(rfield.errors.NotStreamableError) as caught:
        streamed(Ramp(), (1, 1, 101), 9)
    assert "reads numbers that are made for the size of its input" in str(caught.value)
