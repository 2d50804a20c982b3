"""Interior: outputs that read no padding, against literals and against paddings of other values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rfield


def one(build, size=(1, 1, 20), **options):
    """The last value of a network that ``build`` makes of an image."""
    b = rfield.GraphBuilder()
    return rfield.receptive_field(b.build([build(b, b.input("x", size, **options))]))


def padded_twice(b, x):
    x = b.conv("a", x, kernel=3, padding=1)
    return b.conv("b", x, kernel=3, padding=1)


def u_net(b, x):
    skip = b.conv("down", x, kernel=3, padding=1)
    y = b.conv("middle", b.max_pool("pool", skip, kernel=2, stride=2), kernel=3, padding=1)
    return b.add("add", skip, b.resize("up", y, scale=2))


@pytest.mark.parametrize(
    ("build", "clean"),
    [
        (lambda b, x: b.conv("a", x, kernel=3), slice(0, 18)),
        (padded_twice, slice(2, 18)),
        (lambda b, x: b.conv("a", x, kernel=3, padding=[(2, 0)]), slice(2, 20)),
        (lambda b, x: b.conv("a", x, kernel=3, padding=4, dilation=4), slice(4, 16)),
        # 20 + 2 positions, every second: 0 reads -1..1, 9 reads 17..19
        (lambda b, x: b.conv("a", x, kernel=3, stride=2, padding=1), slice(1, 10)),
        # the last of 10 maxima pairs 18 and 19, so the pad behind is never read
        (lambda b, x: b.max_pool("a", x, kernel=2, stride=2), slice(0, 10)),
        (lambda b, x: b.flip("f", b.conv("a", x, kernel=3, padding=[(2, 0)]), axes=[2]),
         slice(0, 18)),
        # a crop takes away what read padding
        (lambda b, x: b.crop("c", padded_twice(b, x), crop=[(3, 1)]), slice(0, 15)),
        # pooled 1..8 of 0..9 are clean after the first, 2..7 after the second: twice that
        (u_net, slice(4, 16)),
        (lambda b, x: b.conv("a", x, kernel=41, padding=20), slice(0, 0)),
    ],
)  # fmt: skip
def test_which_outputs_read_no_padding(build, clean: slice) -> None:
    assert one(build).interior() == (clean,)


def test_another_size_and_a_free_one() -> None:
    assert one(padded_twice).interior(100) == (slice(2, 98),)
    free = one(padded_twice, (1, 1, None))
    assert free.interior(50) == (slice(2, 48),)
    with pytest.raises(rfield.RFieldError) as told:
        free.interior()
    assert str(told.value) == ("b: interior needs the input's sizes, and x has free axes: size=…")
    image = one(lambda b, x: b.conv("a", x, kernel=(3, 5), padding=(1, 2)), (1, 1, 20, 30))
    assert image.interior((9, 11)) == (slice(1, 8), slice(2, 9))


def test_whole_reads_meet_all_padding() -> None:
    def gated(b, x):
        y = b.conv("a", x, kernel=3, padding=1)
        return b.multiply("gated", y, b.reduce("mean", y, axes=[2], keepdims=True))

    field = one(gated)
    assert field.interior() == (slice(0, 0),)
    assert field.local.interior() == (slice(1, 19),)

    def pooled(b, x):
        return b.multiply("gated", x, b.reduce("mean", x, axes=[2], keepdims=True))

    assert one(pooled).interior() == (slice(0, 20),)


def test_of_a_split_axis_only_whole_rows_are_clean() -> None:
    """Rows of four; the first and the last hold an output that read padding."""

    def windows(b, x):
        y = b.conv("a", x, kernel=3, padding=1)
        y = b.reshape("split", y, (1, 1, 5, 4))
        return b.reshape("joined", y, (1, 1, 20))

    assert one(windows).interior() == (slice(4, 16),)


torch = pytest.importorskip("torch", reason="PyTorch is not installed")


class Padded(torch.nn.Module):
    """Every padding of a network by a value that is not known."""

    def __init__(self, seed: int, value: float) -> None:
        super().__init__()
        draw = np.random.default_rng(seed)
        self.value = value
        self.steps = [
            (str(draw.choice(["conv", "up", "down", "crop", "pad"])), int(draw.integers(1, 4)))
            for _ in range(4)
        ]

    def forward(self, x):
        functional = torch.nn.functional
        for kind, k in self.steps:
            if kind == "up":
                x = functional.interpolate(x, scale_factor=2.0)
            elif kind == "crop":
                x = x[:, :, k:]
            else:
                before, after = (k, 1) if kind == "pad" else (k // 2 + 1, k // 2)
                x = functional.pad(x, (before, after), value=self.value)
                weight = torch.ones(1, 1, k + 1, dtype=x.dtype)
                x = functional.conv1d(x, weight, stride=2 if kind == "down" else 1)
        return x


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(20))
def test_other_values_of_the_padding_change_the_rest_only(seed: int) -> None:
    field = rfield.receptive_field(Padded(seed, 0.0), input_shape=(1, 1, 37))
    (clean,) = field.interior()
    x = torch.rand(1, 1, 37, dtype=torch.float64)
    same = (Padded(seed, 0.0)(x) == Padded(seed, 1e3)(x))[0, 0].numpy()
    assert same.sum() == clean.stop - clean.start
    assert same[clean].all()


functional = torch.nn.functional


class Said(torch.nn.Module):
    """A network that a function tells, with two convolutions of 3 that pad by zeros."""

    def __init__(self, told) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.told = told
        self.a = torch.nn.Conv2d(1, 4, 3, padding=1)
        self.b = torch.nn.Conv2d(4, 1, 3, padding=1)
        self.valid = torch.nn.Conv2d(1, 1, 5)
        self.double().eval()

    def forward(self, x):
        return self.told(self, x)


def over_channels(net, x):
    return net.b(functional.local_response_norm(net.a(x), 5))


def zeros_between(net, x):
    wide = x.new_zeros(1, 1, 2 * x.shape[2], 2 * x.shape[3])
    wide[..., ::2, ::2] = x
    return net.a(wide)


def by_the_share_inside(net, x):
    ones = torch.ones(1, 1, 5, 5, dtype=x.dtype)
    return x / functional.conv2d(torch.ones_like(x), ones, padding=2)


def written_back(net, x):
    y = x.clone()
    y[..., 2:-2, 2:-2] = x[..., 2:-2, 2:-2] + net.valid(x)
    return y


def a_ramp(net, x):
    return net.a(x) * torch.arange(x.shape[2], dtype=x.dtype)[:, None]


def every_fourth(net, x):
    return net.a(x) * (torch.arange(x.shape[2]) % 4 + 1).to(x.dtype)[:, None]


def without_the_first(net, x):
    return net.a(torch.where(torch.arange(x.shape[2])[:, None] < 3, torch.zeros_like(x), x))


def without_the_last(net, x):
    late = torch.arange(x.shape[2])[:, None] >= x.shape[2] - 3
    return net.a(torch.where(late, torch.zeros_like(x), x))


def strips(net, x):
    made = functional.conv2d(x, net.valid.weight, padding=2)
    return torch.cat([x[:, :, :20], made[:, :, 20:]], 2)


def shifted_windows(net, x):
    """Windows of 4 x 4, shifted by 2; what wraps around is masked."""

    def cut(t):
        t = t.view(-1, t.shape[1] // 4, 4, t.shape[2] // 4, 4, 1)
        return t.permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, 1)

    def part(n):
        return (torch.arange(n) >= n - 4).long() + (torch.arange(n) >= n - 2)

    height, width = x.shape[2:]
    tokens = cut(torch.roll(x, (-2, -2), (2, 3))[0][..., None])
    parts = cut((part(height)[:, None] * 3 + part(width))[None, ..., None])
    scores = tokens @ tokens.transpose(1, 2)
    scores = scores.masked_fill(parts != parts.transpose(1, 2), float("-inf"))
    made = (scores.softmax(-1) @ tokens).view(1, height // 4, width // 4, 4, 4)
    return torch.roll(made.permute(0, 1, 3, 2, 4).reshape(1, 1, height, width), (2, 2), (2, 3))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("told", "rows"),
    [
        (over_channels, slice(2, 46)),
        (zeros_between, slice(1, 95)),  # 0 reads one of the zeros between, which the pad is as well
        (by_the_share_inside, slice(2, 46)),
        (written_back, slice(2, 46)),
        (shifted_windows, slice(2, 46)),
        (a_ramp, slice(0, 0)),
        (without_the_first, slice(4, 47)),
        (without_the_last, slice(1, 44)),
        (strips, slice(20, 46)),
        (lambda net, x: net.a(functional.pad(x, (60,) * 4)), slice(61, 107)),
        (lambda net, x: functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False), slice(1, 47)),
    ],
)
def test_a_crop_is_there_what_it_is_in_a_larger_image(told, rows: slice) -> None:
    net = Said(told)
    field = rfield.receptive_field(net, input_shape=(1, 1, 48, 48))
    assert field.fidelity is rfield.Fidelity.EXACT
    assert field.interior()[0] == rows
    x = torch.randn(1, 1, 144, 144, dtype=torch.float64)
    with torch.no_grad():
        large, crop = net(x), net(x[..., 48:96, 48:96])
    start = 96 if told is zeros_between else 48
    there = large[:, :, start : start + crop.shape[2], start : start + crop.shape[3]]
    columns = field.interior()[1]
    same = ((there - crop).abs() < 1e-12)[..., columns].all(dim=(0, 1, 3)).numpy()
    assert same[rows].all()
    assert rows.start in (0, 1, 20) or not same[rows.start - 1]
    assert not rows.stop or not same[rows.stop : rows.stop + 1].any()


@pytest.mark.torch
@pytest.mark.parametrize("size", [47, 48, 49, 50, 56])
def test_numbers_that_repeat_are_others_one_position_further(size: int) -> None:
    """Where a crop of 48 is compared they are the same; in one that begins beside it, no row is."""
    net = Said(every_fourth)
    assert rfield.receptive_field(net, input_shape=(1, 1, size, size)).interior()[0] == slice(0, 0)
    x = torch.rand(1, 1, 144, 144, dtype=torch.float64) + 1
    with torch.no_grad():
        large, crop = net(x), net(x[..., 49:97, 48:96])
    assert not ((large[..., 49:97, 48:96] - crop).abs() < 1e-12).all(dim=(0, 1, 3)).any()


@pytest.mark.torch
@pytest.mark.parametrize(
    ("told", "rows"),
    [
        (by_the_share_inside, slice(2, 46)),
        (written_back, slice(2, 46)),
        (a_ramp, slice(0, 0)),
        (strips, slice(20, 46)),
    ],
)
def test_a_model_of_one_size_claims_no_more(told, rows: slice) -> None:
    graph = rfield.load(Said(told), input_shape=(1, 1, 48, 48))
    field = rfield.receptive_field(replace(graph, reread=None))
    assert field.interior()[0] == rows


@pytest.mark.torch
def test_numbers_of_which_the_shape_alone_is_kept_leave_nothing_to_claim() -> None:
    graph = rfield.load(Said(by_the_share_inside), input_shape=(1, 1, 1100, 1100))
    field = rfield.receptive_field(replace(graph, reread=None))
    assert field.interior() == (slice(0, 0), slice(0, 0))
