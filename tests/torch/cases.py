"""One case for each op: a function, the shape of its input, and the modules that it needs.

Every case is compared with the running model element by element; ``BOUNDED`` names those of which
only a bound can be claimed, ``UNMEASURED`` those through which NaN does not travel as data does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn


class Function(nn.Module):
    """A function of the input and a few modules."""

    def __init__(self, function: Callable[..., Any], *modules: nn.Module) -> None:
        super().__init__()
        self.function = function
        self.parts = nn.ModuleList(modules)

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x, *self.parts)


def interleave(x):
    out = torch.zeros(*x.shape[:3], x.shape[3] * 2)
    out[..., ::2] = x
    out[..., 1::2] = x.flip(2)
    return out


def in_place(x):
    y = x.clone()
    y[:, :, 1:] += y[:, :, :-1] * 2
    z = y.view(1, 2, -1)
    z[:, :, 0] = z[:, :, 5]
    return y


def circular_by_hand(x):
    out = torch.empty(1, 2, 10, 9)
    out[:, :, 1:-1, 1:-1].copy_(x)
    out[:, :, 0].copy_(out[:, :, -2])
    out[:, :, -1].copy_(out[:, :, 1])
    out[:, :, :, 0] = out[:, :, :, -2]
    out[:, :, :, -1] = out[:, :, :, 1]
    return out


def aliased(x):
    y = x * 1
    view = y[:, 1]
    y.mul_(2)
    view.add_(y[:, 0])
    part = y.permute(0, 3, 2, 1)[:, 2:5]
    part.copy_(part.flip(1))
    return y.unsqueeze_(0).squeeze(0)


def kernel_from_input(x, linear):
    return F.conv2d(x, linear(x.mean((2, 3))).view(2, 2, 3, 3))


S = (1, 2, 8, 7)
LINE = (1, 2, 20)
STEPS = (1, 6, 3)
FAN = torch.tensor([2, 0, 5])

CASES: dict[str, tuple[Any, ...]] = {
    "conv": (
        lambda x, m: m(x),
        S,
        nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
    ),
    "conv_same": (lambda x, m: m(x), S, nn.Conv2d(2, 4, 4, padding="same", groups=2)),
    "conv_circ": (lambda x, m: m(x), S, nn.Conv2d(2, 4, 3, padding=2, padding_mode="circular")),
    "conv_refl": (lambda x, m: m(x), S, nn.Conv2d(2, 4, 3, padding=2, padding_mode="reflect")),
    "conv_unb": (lambda x, m: m(x[0]), S, nn.Conv2d(2, 4, 3)),
    "conv1": (lambda x, m: m(x), LINE, nn.Conv1d(2, 3, 3, stride=2)),
    "conv3": (lambda x, m: m(x), (1, 2, 5, 6, 4), nn.Conv3d(2, 3, (2, 3, 1))),
    "convT": (
        lambda x, m: m(x),
        S,
        nn.ConvTranspose2d(
            2,
            4,
            (3, 2),
            stride=(2, 3),
            padding=(1, 0),
            output_padding=(1, 0),
            groups=2,
            dilation=(2, 1),
        ),
    ),
    "maxpool": (lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), S),
    "maxpool_i": (lambda x: F.max_pool2d(x, 3, 2, 1, return_indices=True)[0], S),
    "avgpool": (
        lambda x: F.avg_pool2d(x, (2, 3), (1, 2), (1, 1), ceil_mode=True, count_include_pad=False),
        S,
    ),
    "avg1": (lambda x: F.avg_pool1d(x, 3, 2), LINE),
    "max1": (lambda x: F.max_pool1d(x, 3, 2, 1, 2), LINE),
    "max3": (lambda x: F.max_pool3d(x, 2), (1, 2, 6, 4, 4)),
    "lp": (lambda x: F.lp_pool2d(x, 2, 3, stride=2), S),
    "adapt": (lambda x: F.adaptive_avg_pool2d(x, (3, 1)), S),
    "adaptm": (lambda x: F.adaptive_max_pool2d(x, (3, 5)), S),
    "frac": (lambda x: F.fractional_max_pool2d(x, 2, output_size=(4, 3)), S),
    "unpool": (lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2), (1, 2, 8, 6)),
    "im2col": (lambda x: F.unfold(x, (3, 2), dilation=(1, 2), padding=1, stride=(2, 1)), S),
    "fold": (
        lambda x: F.fold(F.unfold(x, 3, stride=2, padding=1), (8, 7), 3, stride=2, padding=1),
        S,
    ),
    "shuf": (lambda x: F.pixel_shuffle(x, 2), (1, 8, 3, 4)),
    "unshuf": (lambda x: F.pixel_unshuffle(x, 2), (1, 2, 4, 6)),
    "unshufconv": (
        lambda x, m: m(F.pixel_unshuffle(x, 2)),
        (1, 2, 8, 6),
        nn.Conv2d(8, 3, 1, bias=False),
    ),
    "cshuf": (lambda x, m: m(F.channel_shuffle(x, 2)), (1, 4, 4, 6), nn.Conv2d(4, 4, 3, groups=2)),
    "padc": (lambda x: F.pad(x, (1, 2, 3, 0), mode="circular"), S),
    "padr": (lambda x: F.pad(x, (2, 1, 0, 3), mode="reflect"), S),
    "pade": (lambda x: F.pad(x, (2, 1, -1, 3), mode="replicate"), S),
    "pad0": (lambda x: F.pad(x, (2, -1, 0, 3)), S),
    "bn": (lambda x, m: m(x), S, nn.BatchNorm2d(2)),
    "inorm": (lambda x, m: m(x), S, nn.InstanceNorm2d(2)),
    "gn": (lambda x, m: m(x), (1, 6, 4, 4), nn.GroupNorm(3, 6)),
    "gn1": (lambda x, m: m(x), S, nn.GroupNorm(1, 2)),
    "ln": (lambda x, m: m(x), S, nn.LayerNorm(7)),
    "ln2": (lambda x, m: m(x), S, nn.LayerNorm((8, 7))),
    "lnc": (lambda x, m: m(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), S, nn.LayerNorm(2)),
    "rms": (lambda x: F.rms_norm(x, (7,)), S),
    "lrn": (lambda x, m: m(x), (1, 6, 3, 3), nn.LocalResponseNorm(3)),
    "norm": (lambda x: F.normalize(x, dim=2), S),
    "linear": (lambda x, m: m(x), S, nn.Linear(7, 3)),
    "matmul": (lambda x: x @ x.transpose(2, 3), S),
    "einsum": (lambda x: torch.einsum("bchw,bcHw->bhH", x, x), S),
    "einsum2": (lambda x: torch.einsum("...hw,...hw->...w", x, x), S),
    "sdpa": (lambda x: F.scaled_dot_product_attention(x, x, x), S),
    "sdpac": (lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True), S),
    "sdpam": (
        lambda x: F.scaled_dot_product_attention(
            x, x, x, attn_mask=torch.ones(8, 8, dtype=torch.bool).tril()
        ),
        S,
    ),
    "mha": (lambda x, m: m(x, x, x)[0], (1, 5, 8), nn.MultiheadAttention(8, 2, batch_first=True)),
    "tenc": (lambda x, m: m(x), (1, 5, 8), nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)),
    "softmax": (lambda x: x.softmax(2), S),
    "cumsum": (lambda x: x.cumsum(3), S),
    "cummax": (lambda x: x.cummax(2)[0], S),
    "logcumsumexp": (lambda x: x.logcumsumexp(2), S),
    "lstm": (lambda x, m: m(x)[0], STEPS, nn.LSTM(3, 4, 2, batch_first=True)),
    "bilstm": (lambda x, m: m(x)[0], STEPS, nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)),
    "gru": (lambda x, m: m(x)[1], (6, 1, 3), nn.GRU(3, 4)),
    "rnn": (lambda x, m: m(x)[0], (6, 1, 3), nn.RNN(3, 4)),
    "lstmh": (
        lambda x, m: m(x)[1][0],
        STEPS,
        nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True),
    ),
    "lstmcell": (lambda x, m: m(x[:, 0])[0], STEPS, nn.LSTMCell(3, 4)),
    "grucell": (lambda x, m: m(x[:, 0]), STEPS, nn.GRUCell(3, 4)),
    "gather": (lambda x: x.gather(3, torch.tensor([2, 0, 5]).expand(1, 2, 8, 3)), S),
    "isel": (lambda x: x.index_select(2, torch.tensor([1, 1, 7])), S),
    "idx": (lambda x: x[:, :, torch.tensor([0, 3])], S),
    "idx2": (lambda x: x[:, :, torch.tensor([[0, 3]]).T, torch.tensor([1, 2, 6])], S),
    "mask": (lambda x: x[:, :, torch.arange(8) % 2 == 0], S),
    "sort": (lambda x: x.sort(3)[0], S),
    "topk": (lambda x: x.topk(3, 2)[0], S),
    "sum": (lambda x: x.sum((2, 3), keepdim=True) + x, S),
    "max": (lambda x: x.max(2)[0], S),
    "var": (lambda x: torch.var(x, 2), S),
    "stdm": (lambda x: torch.std_mean(x, 3)[0], S),
    "meanall": (lambda x: x - x.mean(), S),
    "resh": (lambda x: x.reshape(1, 4, 4, 7).flatten(1), S),
    "roll": (lambda x: x.roll((2, -1), (2, 3)), S),
    "rollf": (lambda x: x.roll(3), S),
    "flip": (lambda x: x.flip(2, 3), S),
    "rot": (lambda x: torch.rot90(x, 1, (2, 3)), S),
    "rot3": (lambda x: torch.rot90(x, 3, (2, 3)), S),
    "stack": (lambda x: torch.stack([x, x.flip(2)], 2), S),
    "cat": (lambda x: torch.cat([x, x[:, :, :3], torch.zeros(1, 2, 1, 7)], 2), S),
    "split": (lambda x: torch.cat(x.split(3, 2)[::-1], 2), S),
    "chunk": (lambda x: x.chunk(2, 2)[1], S),
    "unbind": (lambda x: x.unbind(3)[2], S),
    "where": (lambda x: torch.where(torch.arange(7) % 2 == 0, x, x.flip(3)), S),
    "mfill": (lambda x: x.masked_fill(torch.arange(7) % 2 == 0, 0.0), S),
    "tril": (lambda x: x.tril(), S),
    "repeat": (lambda x: x.repeat(1, 2, 3, 1), S),
    "ri": (lambda x: x.repeat_interleave(2, 3), S),
    "expand": (lambda x: x[:, :, :1].expand(1, 2, 5, 7), S),
    "glu": (lambda x: F.glu(x, 1), S),
    "diff": (lambda x: x.diff(dim=2), S),
    "unf": (lambda x: x.unfold(2, 3, 2), S),
    "strided": (lambda x: x.contiguous().as_strided((1, 2, 4, 7), (112, 56, 14, 1)), S),
    "diag": (lambda x: torch.diagonal(x, 0, 2, 3), S),
    "fft": (lambda x: torch.fft.rfft(x, dim=2).abs(), S),
    "fft2": (lambda x: torch.fft.fft2(x).real, S),
    "stft": (
        lambda x: torch.stft(x, 8, 4, return_complex=True, window=torch.ones(8)).abs(),
        (1, 40),
    ),
    "interleave": (interleave, S),
    "inplace": (in_place, S),
    "circmanual": (circular_by_hand, S),
    "addv": (aliased, S),
    "step": (lambda x: x[:, :, 1::3, ::2], S),
    "iput": (
        lambda x: x.clone().index_put_(
            (torch.tensor([0, 0]), torch.tensor([1, 0]), torch.tensor([2, 7])), torch.zeros(2, 7)
        ),
        S,
    ),
    "iput2": (lambda x: x.clone().index_copy_(2, torch.tensor([3, 1]), x[:, :, :2]), S),
    "scatter": (
        lambda x: torch.zeros(1, 2, 8, 7).scatter_(2, torch.zeros(1, 2, 8, 7, dtype=torch.long), x),
        S,
    ),
    "sscatter": (lambda x: torch.slice_scatter(x, x[:, :, :3] * 2, 2, 1, 7, 2), S),
    "selscatter": (lambda x: torch.select_scatter(x, x[:, :, 3], 2, 5), S),
    "grid": (
        lambda x: F.grid_sample(
            x,
            F.affine_grid(torch.eye(2, 3)[None], x.shape, align_corners=False),
            align_corners=False,
        ),
        S,
    ),
    "complex": (
        lambda x: torch.view_as_real(
            torch.view_as_complex(x.reshape(1, 2, 8, 7, 1).expand(1, 2, 8, 7, 2).contiguous())
        ),
        S,
    ),
    "cdist": (lambda x: torch.cdist(x, x), S),
    "bilinear": (lambda x, m: m(x, x), S, nn.Bilinear(7, 7, 3)),
    "outer": (lambda x: torch.outer(x[0, 0, 0], x[0, 1, 1]), S),
    "dropout": (lambda x, m: m(x), S, nn.Dropout2d(0.5)),
    "prelu": (lambda x, m: m(x), S, nn.PReLU(2)),
    "movedim": (lambda x: x.movedim(1, 3), S),
    "T": (lambda x: x[0, 0].T, S),
    "clamp": (lambda x: x.clamp(0, 1), S),
    "wn": (lambda x, m: m(x), S, nn.utils.parametrizations.weight_norm(nn.Conv2d(2, 3, 3))),
    "sn": (lambda x, m: m(x), S, nn.utils.parametrizations.spectral_norm(nn.Conv2d(2, 3, 3))),
    "numel": (lambda x: x.reshape(x.shape[0], -1, x.size(3)) * float(x.numel()), S),
    "dyn": (kernel_from_input, S, nn.Linear(2, 36)),
    "nested": (lambda x: torch.zeros_like(x) + x + x.new_ones(7), S),
    "tolist": (lambda x: x[:, :, torch.arange(8, device=x.device).tolist()[::2]], S),
    "item": (lambda x: x[:, :, : int(torch.linspace(0, 4, 3)[1].item())], S),
    "quant": (lambda x: torch.fake_quantize_per_tensor_affine(x, 0.1, 0, -128, 127), S),
    "data": (lambda x: x.data * 2 + x.detach(), S),
}

BOUNDED = frozenset(("frac", "tril", "scatter", "grid", "dyn"))

UNMEASURED = frozenset(["sdpac", "sdpam", "sort", "topk", "fft2", "quant", "unpool"])
