"""Masks in torch models: weights, attention, constant kernels, against finite changes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402
from torch.nn.utils import parametrize, prune  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Masked(nn.Conv2d):
    """PixelCNN's layer: what comes before in reading order, with or without the centre."""

    def __init__(self, kernel=3, *, centre=True, how="multiply"):
        super().__init__(1, 1, kernel, padding=kernel // 2)
        mask = torch.ones(kernel, kernel)
        mask[kernel // 2, kernel // 2 + centre :] = 0
        mask[kernel // 2 + 1 :] = 0
        self.how = how
        self.register_buffer("mask", mask)

    def forward(self, x):
        if self.how == "multiply":
            weight = self.weight * self.mask
        elif self.how == "where":
            weight = torch.where(self.mask.bool(), self.weight, 0.0)
        elif self.how == "masked_fill":
            weight = self.weight.masked_fill(self.mask == 0, 0)
        else:
            weight = (self.weight.view(1, 1, -1) * self.mask.view(-1)).view_as(self.weight)
        return F.conv2d(x, weight, self.bias, padding=self.padding)


def dependence(model, shape, place, axes):
    """The positions whose change changes the output at ``place``, in double precision."""
    model = model.double().eval()
    found = set()
    for seed in (0, 1):
        x = torch.rand(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            out = model(x)
            pick = [slice(None)] * out.dim()
            for axis, index in zip(axes, place, strict=True):
                pick[axis] = index
            before = out[tuple(pick)].clone()
            for position in np.ndindex(*(shape[axis] for axis in axes)):
                changed = x.clone()
                at = [slice(None)] * x.dim()
                for axis, index in zip(axes, position, strict=True):
                    at[axis] = index
                changed[tuple(at)] *= 1.5
                if not torch.equal(model(changed)[tuple(pick)], before):
                    found.add(position)
    return found


def claimed(model, shape, place, axes):
    found = rfield.support(model.eval(), place, input_shape=shape, axes=axes)
    cells = np.argwhere(found.mask) + np.array(found.offset)
    return {tuple(int(n) for n in cell) for cell in cells}, found.fidelity


def check(model, shape, places, axes):
    for place in places:
        read, fidelity = claimed(model, shape, place, axes)
        assert read == dependence(model, shape, place, axes), place
        assert fidelity is rfield.Fidelity.EXACT


@pytest.mark.parametrize("how", ["multiply", "where", "masked_fill", "flat"])
def test_a_masked_kernel_reads_what_its_mask_leaves(how):
    model = Masked(centre=False, how=how)
    assert len(claimed(model, (1, 1, 9, 9), (4, 4), (2, 3))[0]) == 4
    check(model, (1, 1, 7, 6), [(3, 3), (0, 0), (0, 5), (6, 2)], (2, 3))


def test_a_stack_of_masked_kernels():
    """Four layers of PixelCNN: 54 pixels, not 121; and nothing below."""
    model = nn.Sequential(Masked(5, centre=False), nn.Tanh(), *[Masked(3) for _ in range(3)])
    assert len(claimed(model, (1, 1, 21, 21), (12, 10), (2, 3))[0]) == 54
    check(model, (1, 1, 9, 9), [(4, 4), (1, 8), (8, 0)], (2, 3))
    assert rfield.stream_plan(model.float(), axis="y", input_shape=(1, 1, 21, 21)).causal


class Made(nn.Module):
    """Masked linear layers: output ``i`` reads the inputs before ``i``."""

    def __init__(self, count=6, hidden=15):
        super().__init__()
        degrees = [torch.arange(count), torch.arange(hidden) % (count - 1), torch.arange(count)]
        self.layers = nn.ModuleList([nn.Linear(count, hidden), nn.Linear(hidden, count)])
        self.register_buffer("first", (degrees[1][:, None] >= degrees[0]).float())
        self.register_buffer("last", (degrees[2][:, None] > degrees[1]).float())

    def forward(self, x):
        x = F.linear(x, self.layers[0].weight * self.first, self.layers[0].bias).tanh()
        return F.linear(x, self.layers[1].weight * self.last, self.layers[1].bias)


def test_masked_linear_layers_are_autoregressive():
    for place in range(1, 6):
        read, fidelity = claimed(Made(), (1, 6), (place,), (1,))
        assert read == {(k,) for k in range(place)} == dependence(Made(), (1, 6), (place,), (1,))
        assert fidelity is rfield.Fidelity.EXACT


class Fixed(nn.Module):
    """A constant kernel on every channel by itself."""

    def __init__(self, kernel, channels=1):
        super().__init__()
        self.channels = channels
        self.register_buffer("kernel", torch.tensor(kernel).expand(channels, 1, -1, -1).clone())

    def forward(self, x):
        return F.conv2d(x, self.kernel.to(x.dtype), groups=self.channels)


KERNELS = {
    "sobel": ([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], 6),
    "laplace": ([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], 5),
    "corners": ([[1.0, 0, 1], [0, 0, 0], [1, 0, 1]], 4),
    "hexagon": ([[0.0, 1, 1], [1, 1, 1], [1, 1, 0]], 7),
}


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_constant_kernel_reads_its_taps(name, channels):
    kernel, count = KERNELS[name]
    model = Fixed(kernel, channels)
    shape = (1, channels, 6, 7)
    assert len(claimed(model, shape, (2, 2), (2, 3))[0]) == count
    check(model, shape, [(0, 0), (3, 4)], (2, 3))


def test_kernels_that_differ_between_channels():
    model = Fixed(KERNELS["sobel"][0], 2)
    model.kernel[1, 0] = model.kernel[1, 0].T.clone()
    check(model, (1, 2, 6, 6), [(2, 2), (0, 3)], (2, 3))


def test_pruned_weights():
    """By torch's own pruning with a mask of its own, and by zeros that somebody wrote."""
    model = nn.Conv1d(2, 2, 5)
    mask = torch.ones(2, 2, 5)
    mask[..., 1:4] = 0
    prune.custom_from_mask(model, "weight", mask)
    check(model, (1, 2, 12), [(0,), (5,)], (2,))
    plain = nn.Conv1d(2, 2, 5)
    with torch.no_grad():
        plain.weight[..., 1:4] = 0
        plain.weight[0, 0, 0] = 0
    whole = rfield.support(plain, (3,), input_shape=(1, 2, 12))
    pruned = rfield.support(plain, (3,), input_shape=(1, 2, 12), zeros=True)
    assert (whole.count, pruned.count) == (5, 2)


def test_a_parametrisation_that_masks():
    class Triangle(nn.Module):
        def forward(self, weight):
            return weight.tril(-1)

    model = nn.Linear(8, 8)
    parametrize.register_parametrization(model, "weight", Triangle())
    check(model, (1, 8), [(3,), (7,)], (1,))


def test_a_buffer_of_zeros_is_no_mask():
    class Gate(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.zeros(1))
            self.c = nn.Conv1d(1, 1, 3)

        def forward(self, x):
            return self.c(x) * self.scale + x[..., 1:-1]

    assert rfield.receptive_field(Gate(), input_shape=(1, 1, 9)).size == (3,)


T = 14
QUERY, KEY = torch.arange(T)[:, None], torch.arange(T)[None]
MASKS = {
    "causal": KEY <= QUERY,
    "sliding window": (KEY <= QUERY) & (KEY > QUERY - 4),
    "banded": (KEY <= QUERY + 2) & (KEY >= QUERY - 3),
    "chunked": KEY // 7 == QUERY // 7,
    "block causal": KEY // 2 <= QUERY // 2,
    "without the last keys": (KEY < 10).expand(T, T),
}


class Attention(nn.Module):
    """Attention with a boolean or an additive mask, written in the usual ways."""

    def __init__(self, mask, how):
        super().__init__()
        self.how = how
        self.q, self.k, self.v = (nn.Linear(4, 4) for _ in range(3))
        self.multi = nn.MultiheadAttention(4, 2, batch_first=True)
        self.register_buffer("mask", mask)
        low = torch.finfo(torch.float64).min if "lowest" in how else float("-inf")
        self.register_buffer("low", torch.zeros(T, T, dtype=torch.float64).masked_fill(~mask, low))

    def forward(self, x):
        if self.how == "multihead":
            return self.multi(x, x, x, attn_mask=~self.mask, need_weights=False)[0]
        if self.how == "multihead with weights":
            return self.multi(x, x, x, attn_mask=~self.mask)[0]
        q, k, v = self.q(x), self.k(x), self.v(x)
        if self.how == "sdpa":
            return F.scaled_dot_product_attention(q, k, v, attn_mask=self.mask)
        if self.how == "sdpa, additive":
            return F.scaled_dot_product_attention(q, k, v, attn_mask=self.low.to(x.dtype))
        scores = q @ k.transpose(1, 2) / 2
        if self.how.startswith("added"):
            scores = scores + self.low.to(x.dtype)
        elif self.how == "masked_fill":
            scores = scores.masked_fill(~self.mask, float("-inf"))
        elif self.how == "where":
            scores = torch.where(self.mask, scores, -torch.inf)
        return scores.softmax(-1) @ v


HOW = [
    "multihead", "multihead with weights", "sdpa", "sdpa, additive", "added", "added, lowest",
    "masked_fill", "where",
]  # fmt: skip


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("how", HOW)
def test_attention_reads_the_pairs_that_its_mask_leaves(name, how):
    model = Attention(MASKS[name], how)
    for place in (0, 6, 13):
        read, fidelity = claimed(model.double(), (1, T, 4), (place,), (1,))
        keys = {*torch.nonzero(MASKS[name][place]).flatten().tolist(), place}  # and the query
        assert read == {(k,) for k in keys}
        assert fidelity is rfield.Fidelity.EXACT
    check(model, (1, T, 4), [(5,), (9,)], (1,))


def test_two_layers_of_a_transformer_with_a_sliding_window():
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.layers = nn.TransformerEncoder(layer, 2)

        def forward(self, x):
            i = torch.arange(x.shape[1])
            far = i[:, None] - i[None]
            return self.layers(x, mask=(far > 3) | (far < 0))

    rf = rfield.receptive_field(Encoder(), input_shape=(1, 40, 8), axes=(1,))
    assert (rf.size, rf.stride, rf.padding) == ((7,), (1,), (6,))
    assert rf.fidelity is rfield.Fidelity.EXACT
    plan = rfield.stream_plan(Encoder(), input_shape=(1, 40, 8), axes=(1,))
    assert (plan.causal, plan.size) == (True, 7)


LATE = torch.arange(7) < 4


@pytest.mark.parametrize(
    "fill",
    [
        lambda m: m.masked_fill(~LATE[:, None], 0.0),
        lambda m: torch.where(LATE[:, None], m, 0.0),
        lambda m: torch.where(LATE[:, None], m, torch.zeros_like(m)),
        lambda m: m * LATE[:, None],
    ],
)
@pytest.mark.parametrize("number", [0.0, 0.01])
def test_rows_filled_with_zeros_read_nothing(fill, number):
    """A product with a row of zeros is zero; with a number added to it, it is not."""

    class Rows(nn.Module):
        def forward(self, x):
            scores = fill(x @ x.transpose(1, 2))
            return (scores + number if number else scores) @ x

    for place, dead in ((2, set()), (5, set() if not number else {(k,) for k in range(7)})):
        read, fidelity = claimed(Rows(), (1, 7, 3), (place,), (1,))
        assert read == (dead if place == 5 else {(k,) for k in range(7)})
        assert fidelity is rfield.Fidelity.EXACT
    check(Rows(), (1, 7, 3), [(2,), (5,)], (1,))
