"""Borders of known zeros in front of products and sums: what depends on what, and what is computed.

Who reads such a border reads nothing, so a product with it is a table for one size; the op itself
is the same everywhere, and tiles are cut by it.
"""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def whole_numbers(model):
    """The model with weights that make sums and products exact to the last bit."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        parameter.data = torch.randint(-2, 3, parameter.shape).double()
    return model.eval()


class Correlation(nn.Module):
    """Products with the map padded and shifted, summed over channels, as FlowNet has them."""

    def __init__(self, border):
        super().__init__()
        self.a, self.o = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 1, 3, padding=1)
        self.border = border

    def forward(self, x):
        a, far = self.a(x), self.border
        b = F.pad(a, (0, far, 0, far))
        height, width = x.shape[-2:]
        shifted = [b[:, :, i:, j:][:, :, :height, :width] for i in (0, far) for j in (0, far)]
        return self.o(torch.cat([(a * each).sum(1, keepdim=True) for each in shifted], 1))


class Normed(nn.Module):
    """Zeros up to a multiple, then a mean over channels."""

    def __init__(self, multiple):
        super().__init__()
        self.a, self.o = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 1, 3, padding=1)
        self.multiple = multiple

    def forward(self, x):
        height, width = x.shape[-2:]
        y = self.a(F.pad(x, (0, -width % self.multiple, 0, -height % self.multiple)))
        return self.o(y - y.mean(1, keepdim=True))[..., :height, :width]


class Windows(nn.Module):
    """Scores in windows of 4 as products of queries and keys, padded to whole windows."""

    def __init__(self, shift=0):
        super().__init__()
        self.a, self.q = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(4, 12)
        self.shift = shift

    def forward(self, x):
        y = self.a(x).permute(0, 2, 3, 1)
        batch, height, width, channels = y.shape
        y = F.pad(y, (0, 0, 0, -width % 4, 0, -height % 4))
        h, w = y.shape[1] // 4, y.shape[2] // 4
        if self.shift:
            y = y.roll((-self.shift, -self.shift), (1, 2))
        z = y.view(batch, h, 4, w, 4, channels).permute(0, 1, 3, 2, 4, 5)
        q, k, v = self.q(z.reshape(-1, 16, channels)).chunk(3, -1)
        scores = q @ k.transpose(1, 2)
        if self.shift:
            scores = scores + self.mask(4 * h, 4 * w)
        z = (scores.relu() if not self.shift else scores.softmax(-1)) @ v
        z = z.view(batch, h, w, 4, 4, channels).permute(0, 1, 3, 2, 4, 5)
        y = z.reshape(batch, 4 * h, 4 * w, channels)
        if self.shift:
            y = y.roll((self.shift, self.shift), (1, 2))
        return y[:, :height, :width].permute(0, 3, 1, 2)

    def mask(self, height, width):
        """Minus infinity between what lies at different ends of the image."""
        image = torch.zeros(height, width, dtype=torch.float64)
        for number, end in enumerate((slice(-4, -self.shift), slice(-self.shift, None)), 1):
            image[end, :] += number
            image[:, end] += 3 * number
        parts = image.view(height // 4, 4, width // 4, 4).permute(0, 2, 1, 3).reshape(-1, 16)
        other = parts[:, None, :] != parts[:, :, None]
        return torch.zeros(other.shape, dtype=torch.float64).masked_fill(other, -torch.inf)


class Mixed(nn.Module):
    """Windows of 4, padded to whole ones and mixed as they are: their last rows are zeros."""

    def __init__(self, mix):
        super().__init__()
        self.a, self.mix = nn.Conv2d(1, 4, 3, padding=1), mix

    def forward(self, x):
        y = self.a(x).permute(0, 2, 3, 1)
        batch, height, width, channels = y.shape
        y = F.pad(y, (0, 0, 0, -width % 4, 0, -height % 4))
        h, w = y.shape[1] // 4, y.shape[2] // 4
        z = y.view(batch, h, 4, w, 4, channels).permute(0, 1, 3, 2, 4, 5)
        z = self.mix(z.reshape(-1, 16, channels))
        z = z.view(batch, h, w, 4, 4, channels).permute(0, 1, 3, 2, 4, 5)
        y = z.reshape(batch, 4 * h, 4 * w, channels)
        return y[:, :height, :width].permute(0, 3, 1, 2)


class Asked(nn.Module):
    """A map padded with zeros, and a question about its elements."""

    def __init__(self, ask):
        super().__init__()
        self.a, self.c = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.ask = ask

    def forward(self, x):
        padded = F.pad(self.a(x), (0, 3, 2, 0))
        return self.ask(padded, self.c(padded))[..., : x.shape[2], : x.shape[3]]


def scores(w):
    return w @ w.transpose(-2, -1)


MIXES = {
    "products of products": lambda w: scores(w).abs() @ w,
    "an einsum": lambda w: torch.einsum("bij,bjc->bic", scores(w).relu(), w),
    "less its largest": lambda w: w - w.amax(1, keepdim=True),
    "less its sum": lambda w: w - w.sum(1, keepdim=True),
    "added up": lambda w: w.cumsum(1),
    "sorted": lambda w: w.sort(1).values,
}
QUESTIONS = {
    "where it is zero": lambda p, c: (p == 0) * c,
    "where it is not": lambda p, c: (p != 0).double() * c,
    "chosen": lambda p, c: torch.where(p > 1, p, c),
    "filled": lambda p, c: c.masked_fill(p == 0, 1),
    "zero in any channel": lambda p, c: (p == 0).any(1, keepdim=True) * c,
    "zero nowhere": lambda p, c: ~(p == 0) * c,
    "both": lambda p, c: ((p == 0) & (c > 0)) * c,
    "less than the other": lambda p, c: (p < c) * p,
    "how many nearby": lambda p, c: c * F.max_pool2d((p > 0).double(), 3, 1, 1),
    "a border of what has one": lambda p, c: F.pad(p.clamp(-9, 9) * c, (2, 2)).amax(1, True)[
        ..., 2:
    ],
    "looked up by the largest": lambda p, c: c.gather(1, p.argmax(1, keepdim=True)),
}
MODELS = {
    **{name: lambda mix=mix: Mixed(mix) for name, mix in MIXES.items()},
    **{name: lambda ask=ask: Asked(ask) for name, ask in QUESTIONS.items()},
    "correlation 1": lambda: Correlation(1),
    "correlation 3": lambda: Correlation(3),
    "norm 4": lambda: Normed(4),
    "norm 8": lambda: Normed(8),
    "windows": Windows,
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("image", "tile"), [((97, 131), (45, 47)), ((96, 130), (48, 42)), ((96, 128), (48, 48))]
)
def test_tiles_through_a_known_border(name, image, tile):
    model = whole_numbers(MODELS[name]())
    plan = rfield.tile_plan(model, image, tile=tile, input_shape=(1, 1, 48, 48))
    assert plan.exact
    assert len(plan) > 4
    x = torch.randint(-4, 5, (1, 1, *image)).double()
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


def test_places_that_data_name_have_no_tiles():
    """What is looked up lies in all of a table; what is written lies at places of the whole."""

    class Marked(nn.Module):
        def forward(self, x, at):
            x = x.clone()
            x[:, :, at.long()] = 0
            return x

    shapes = {"x": (1, 1, 48, 48), "at": (2,)}
    with pytest.raises(rfield.NotTileableError, match="positions that depend on values"):
        rfield.tile_plan(Marked(), (96, 96), tile=48, input_shape=shapes, wrt="x")


def test_a_border_and_the_mask_of_shifted_windows():
    """The mask still cuts what it masks: only what the border says is left out."""
    torch.manual_seed(0)
    model = Windows(2).double().eval()
    plan = rfield.tile_plan(model, (95, 130), tile=(55, 58), input_shape=(1, 1, 48, 48))
    assert plan.exact
    assert len(plan) > 4
    x = torch.rand(1, 1, 95, 130, dtype=torch.float64)
    with torch.no_grad():
        assert float((rfield.run_tiled(model, x, plan) - model(x)).abs().max()) < 1e-12


def test_a_stream_through_a_known_border():
    class Framed(nn.Module):
        """Zeros at both ends, then a mean over channels and overlapping frames."""

        def __init__(self):
            super().__init__()
            self.a = nn.Conv1d(2, 4, 3)

        def forward(self, x):
            y = F.pad(x, (4, 4))
            return self.a(y - y.mean(1, keepdim=True))[..., 3 : 3 + x.shape[2]]

    model = whole_numbers(Framed())
    plan = rfield.stream_plan(model, input_shape=(1, 2, 64))
    assert plan.exact
    x = torch.randint(-4, 5, (1, 2, 200)).double() * 2
    with torch.no_grad():
        parts = rfield.run_streaming(model, x.split(50, 2), plan, state="overlap")
        assert torch.equal(torch.cat(list(parts), 2), model(x))


def test_what_depends_on_what_is_as_before():
    """The border still reads nothing: the last outputs of a product with it have no field."""

    class Product(nn.Module):
        def forward(self, x):
            return x * F.pad(x, (0, 3))[..., 3:]

    graph = rfield.load(Product(), input_shape=(1, 1, 4, 12))
    assert rfield.support(graph, (0, 8)).mask.sum() == 2
    assert rfield.support(graph, (0, 9)).mask.sum() == 0
