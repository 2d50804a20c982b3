"""Tiling of what people write in ``forward``: exact, or refused with the reason."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from rfield.analysis.pieces.tiles.check import compare  # noqa: E402
from tests.torch.tiling_nets import integers, noise  # noqa: E402

pytestmark = pytest.mark.torch
nn, functional = torch.nn, torch.nn.functional


class Calls(nn.Module):
    """``call(conv, x)`` as a module."""

    def __init__(self, call, conv) -> None:
        super().__init__()
        self.call, self.conv = call, conv

    def forward(self, x):
        return self.call(self.conv, x)


def write_a_column(conv, x):
    y = conv(x).clone()
    y[..., 3] = 7.0
    return conv(y)


def write_near_both_ends(conv, x):
    y = conv(x).clone()
    y[..., 3:5] = 7.0
    y[..., -3] = 5.0
    y[:, :, 2] = 1.0
    return conv(y)


def lay_between(number):
    """A column of the number, laid between two parts."""

    def call(conv, x):
        y = conv(x)
        column = number(conv, y).expand(1, 1, y.shape[2], 1)
        return conv(torch.cat([y[..., :3], column, y[..., 4:]], 3))

    return call


def interleave(conv, x):
    y = conv(x).relu_()
    y[:, :, :3].zero_()
    return y.add_(1)


def phases(made, conv, x):
    """Every phase of 2 x 2 written to its place, one of them convolved."""
    made[..., ::2, ::2] = conv(x)[..., ::2, ::2]
    made[..., ::2, 1::2] = x[..., ::2, 1::2]
    made[..., 1::2, 1::2] = -x[..., 1::2, 1::2]
    return made


def hourglass(conv, x):
    """Two levels down, and up to the size of each on the way."""
    once = functional.max_pool2d(conv(x), 2)
    twice = functional.max_pool2d(conv(once), 2)
    back = conv(once + functional.interpolate(twice, size=once.shape[2:]))
    return conv(x) + functional.interpolate(back, size=x.shape[2:])


EXACT = {
    "down and up to each size": hourglass,
    "phases written side by side": lambda conv, x: conv(phases(torch.ones_like(x), conv, x)),
    "strided slices": lambda conv, x: (
        conv(x)[:, :, : x.shape[2] // 2 * 2 : 2] + conv(x)[:, :, 1::2]
    ),
    "odd rows": lambda conv, x: conv(x)[:, :, 1::2],
    "negative padding": lambda conv, x: conv(functional.pad(conv(x), (-1, -3, -2, 2))),
    "flipped there and back": lambda conv, x: conv(conv(x).flip(3)).flip(3),
    "unfold": lambda conv, x: conv(x).unfold(2, 4, 2).sum(-1),
    "rows beside rows": lambda conv, x: torch.stack([x, conv(x)], 3).flatten(2, 3),
    "columns beside columns": lambda conv, x: torch.stack([x, conv(x)], -1).flatten(3),
    "scale 1.5": lambda conv, x: functional.interpolate(conv(x), scale_factor=1.5),
    "scale 0.5": lambda conv, x: functional.interpolate(
        conv(x), scale_factor=0.5, mode="bilinear", antialias=True
    ),
    "bicubic": lambda conv, x: functional.interpolate(conv(x), scale_factor=2, mode="bicubic"),
    "in place": interleave,
    "average without padding": lambda conv, x: functional.avg_pool2d(
        conv(x), 4, 4, padding=2, count_include_pad=False
    ),
    "axes swapped": lambda conv, x: conv(x).transpose(2, 3),
    "differences": lambda conv, x: conv(x).diff(dim=3),
    "where": lambda conv, x: torch.where(x > 0, conv(x), -x),
    "a sum that begins at zero": lambda conv, x: torch.zeros_like(x) + conv(x),
    "a channel of ones": lambda conv, x: conv(torch.cat([x, torch.ones_like(x)], 1)[:, :1]),
    "zeros in front": lambda conv, x: conv(torch.cat([x.new_zeros(1, 1, 2, x.shape[3]), x], 2)),
    "a row of ones near the edge": lambda conv, x: (
        conv(x) + torch.zeros_like(x).index_fill_(2, torch.tensor([5]), 1)
    ),
    "an envelope": lambda conv, x: (
        conv(x)
        / torch.arange(1, x.shape[3] + 1).clamp(max=4).minimum(torch.arange(x.shape[3], 0, -1))
    ),
    "channels apart": lambda conv, x: functional.conv_transpose2d(
        conv(x).repeat(1, 2, 1, 1), torch.eye(2).to(x)[:, :, None, None], stride=2
    ),
    "pooled and back to its size": lambda conv, x: functional.interpolate(
        functional.max_pool2d(conv(x), 2), size=x.shape[2:]
    ),
    "every second and back to its size": lambda conv, x: functional.interpolate(
        conv(x)[..., ::2, ::2], size=x.shape[2:]
    ),
    "repeated rows": lambda conv, x: conv(x).repeat_interleave(2, 2),
    "a column is written": write_a_column,
    "columns near both ends": write_near_both_ends,
    "a weight between": lay_between(lambda conv, y: conv.weight[:, :, 1:2, 1:2]),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize(("image", "tile"), [((60, 72), (32, 30)), ((57, 66), (29, 33))])
def test_exact(name, image, tile):
    model = integers(Calls(EXACT[name], nn.Conv2d(1, 1, 3, padding=1)))
    x = noise(1, 1, *image)
    plan = rfield.tile_plan(model, image, tile=tile, input_shape=tuple(x.shape))
    assert len(plan) > 1
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


REFUSED = {
    "a number of the size between": (
        lay_between(lambda conv, y: torch.full_like(y[:, :, :1, :1], float(y.shape[3]))),
        "made for the size",
    ),
    "odd, pooled and back": (
        lambda conv, x: functional.interpolate(
            functional.max_pool2d(conv(x)[:, :, 1:], 2),
            size=(x.shape[2] - 1, x.shape[3]),
            mode="bilinear",
        ),
        "the model takes none of these below the whole 60",
    ),
    "phases written into a ramp": (
        lambda conv, x: phases(
            torch.arange(x.shape[3]).expand_as(x).to(x.dtype, copy=True), conv, x
        ),
        "reads numbers that are made",
    ),
    "rolled": (lambda conv, x: conv(x).roll(1, 2), "wraps around the ends"),
    "flipped once": (lambda conv, x: conv(x).flip(2), "y runs backwards in it"),
    "added to its mirror": (lambda conv, x: conv(x) + x.flip(3), "moves in steps"),
    "end to end with itself": (
        lambda conv, x: torch.cat([x, conv(x)], 2),
        "does not end where the whole does",
    ),
    "times its size": (lambda conv, x: conv(x) * x.shape[2], "reads numbers that are made"),
    "divided by its pixels": (
        lambda conv, x: conv(x) / (x.shape[2] * x.shape[3]),
        "reads numbers that are made",
    ),
    "zeros written to": (
        lambda conv, x: (
            conv(x) + torch.zeros_like(x).index_fill_(2, torch.tensor([x.shape[2] - 20]), 1)
        ),
        "reads numbers that are made",
    ),
    "times a ramp": (
        lambda conv, x: conv(x) * torch.arange(1, x.shape[3] + 1),
        "reads numbers that are made",
    ),
    "times a ramp from zero": (
        lambda conv, x: conv(x) * torch.arange(x.shape[3]),
        "reads numbers that are made",
    ),
    "the most or the least": (
        lambda conv, x: conv(x) + (x.amax(1, True) if x.shape[2] > 40 else x.amin(1, True)),
        "is not computed as for the whole",
    ),
    "divided by its size": (
        lambda conv, x: nn.functional.avg_pool2d(conv(x), 2, divisor_override=x.shape[2]),
        "reads numbers that are made",
    ),
    "minus its maximum": (lambda conv, x: x - conv(x).amax((2, 3), True), "reads a whole axis"),
    "added up": (lambda conv, x: conv(x).cumsum(2), "no axis of it goes along with y"),
    "sorted": (lambda conv, x: conv(x).sort(2).values, "no axis of it goes along with y"),
    "softmax": (lambda conv, x: conv(x).softmax(3), "no axis of it goes along with x"),
    "spectrum": (lambda conv, x: torch.fft.fft2(conv(x)).abs(), "no axis of it goes along"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    call, reason = REFUSED[name]
    model = Calls(call, nn.Conv2d(1, 1, 3, padding=1))
    with pytest.raises(rfield.errors.NotTileableError, match=reason):
        rfield.tile_plan(model, (60, 72), tile=(32, 30), input_shape=(1, 1, 60, 72))


@pytest.mark.parametrize("kind", [torch.bool, torch.uint8])
def test_results_without_numbers_below_zero_are_checked(kind):
    class Mask(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, x):
            return (self.conv(x) > 0).to(kind)

    model = Mask()
    plan = rfield.tile_plan(model, (40, 52), tile=24, input_shape=(1, 1, 40, 52))
    assert rfield.verify_tiling(model, plan)
    ones = torch.ones(1, 1, 40, 52, dtype=kind).numpy()
    assert compare(ones, 0 * ones, plan).difference == 1
    assert compare(0 * ones, ones, plan).difference == 1
