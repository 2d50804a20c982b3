"""Sizes of models that read otherwise at some: branches, spectra, empty parts, resizes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402

F = nn.functional


class Branching(nn.Module):
    def __init__(self, chooses):
        super().__init__()
        self.narrow, self.wide = nn.Conv1d(1, 1, 3, padding=1), nn.Conv1d(1, 1, 9, padding=4)
        self.chooses = chooses

    def forward(self, x):
        return self.wide(x) if self.chooses(x.shape[-1]) else self.narrow(x)


def test_a_branch_at_small_sizes_is_a_premise_of_free_sizes():
    free = rfield.receptive_field(Branching(lambda n: n < 20), input_shape=(1, 1, None))
    assert free.size == (3,)
    assert free.premises == (
        "free sizes are taken to be 20 or more: at 19 the model runs other layers (narrow/conv1d, "
        "wide/conv1d); for small sizes give input_shape",
    )
    fixed = rfield.receptive_field(Branching(lambda n: n < 20), input_shape=(1, 1, 19))
    assert (fixed.size, fixed.premises) == ((9,), ())


@pytest.mark.parametrize("divisor", [8, 11, 13])
def test_a_branch_by_the_remainder_leaves_no_size_free(divisor):
    with pytest.raises(rfield.errors.UnresolvedSizeError, match="other ops at other input sizes"):
        rfield.load(Branching(lambda n: n % divisor), (1, 1, None))


class Before(nn.Module):
    """One layer, and what is done before it at small sizes alone."""

    def __init__(self, prepared, small):
        super().__init__()
        self.layer = nn.Conv1d(1, 1, 3, stride=2)
        self.prepared, self.small = prepared, small

    def forward(self, x):
        return self.layer(self.prepared(x) if self.small(x.shape[-1]) else x)


@pytest.mark.parametrize(
    "prepared",
    [
        lambda x: x[..., ::2],
        lambda x: F.pad(x, (4, 4)),
        lambda x: F.interpolate(x, scale_factor=2),
        lambda x: x.roll(3, -1),
        lambda x: x.cumsum(-1),
        lambda x: x.softmax(-1),
    ],
)
def test_another_field_at_small_sizes_is_a_premise_of_free_sizes(prepared):
    free = rfield.receptive_field(Before(prepared, lambda n: n < 40), input_shape=(1, 1, None))
    assert (free.size, free.padding) == ((3,), (0,))
    assert free.premises == (
        "free sizes are taken to be 40 or more: at 39 the field of layer/conv1d is another; for "
        "small sizes give input_shape",
    )


def test_padding_at_multiples_of_eleven_is_not_known_of_a_free_size():
    model = Before(lambda x: F.pad(x, (4, 4)), lambda n: n % 11 == 0)
    free = rfield.receptive_field(model, input_shape=(1, 1, None))
    assert (free.size, free.padding) == ((3,), (None,))


def test_a_window_that_grows_with_a_free_size_is_that_of_one_size():
    """Thirds of an image: the number is that of the size that stood for any."""
    free = rfield.receptive_field(nn.AdaptiveAvgPool1d(3), input_shape=(1, 1, None), axes=2)
    assert (free.size, free.stride) == ((6720,), (None,))
    assert free.premises == (
        "the field of squeeze grows with the input: its size is that at 20,160; for another give "
        "input_shape",
    )


class Halving(nn.Module):
    """As often as more than eight are left, or as the logarithm of the size says."""

    def __init__(self, *, counted):
        super().__init__()
        self.strided = nn.Conv1d(1, 1, 3, stride=2, padding=1)
        self.counted = counted

    def forward(self, x):
        times = x.shape[-1].bit_length() - 3
        while times > 0 if self.counted else x.shape[-1] > 8:
            x, times = self.strided(x), times - 1
        return x


@pytest.mark.parametrize("read_at", [30, 64, 150])
@pytest.mark.parametrize("counted", [False, True])
def test_a_depth_that_follows_the_size(read_at, counted):
    model = Halving(counted=counted).eval()
    given = {n: model(torch.zeros(1, 1, n)).shape[-1] for n in range(1, 300)}
    for target in {given[read_at], 5, 7}:
        found = rfield.input_size(model, target, input_shape=(1, 1, read_at)).sets[0]
        known = [n for n in given if found.tells(n)]
        assert read_at in known
        assert [n for n in known if n in found] == [n for n in known if given[n] == target]


class Joined(nn.Module):
    """Of two, three or four positions the map has one, which lies where each of them does."""

    def forward(self, x):
        y = F.max_pool1d(F.max_pool1d(x, 3, 1, 1), 4, 3, 1)
        return x + F.interpolate(y, size=x.shape[-1])


def test_small_sizes_that_meet_a_criterion_alone():
    graph = rfield.load(Joined(), (1, 1, 64))
    found = rfield.valid_sizes(graph, "aligned")
    assert str(found) == "t: 2–4 only"
    held = [n for n in range(1, 80) if rfield.check_size(graph, n).holds("aligned")]
    assert held == [2, 3, 4]


class Spectrum(nn.Module):
    """Frames of 16 samples that lie in the signal."""

    def forward(self, x):
        made = torch.stft(x[:, 0], 16, 4, window=torch.ones(16), center=False, return_complex=True)
        return made.abs()


def test_a_signal_shorter_than_a_frame_is_refused_as_the_model_refuses_it():
    sizes = rfield.valid_sizes(Spectrum(), input_shape=(1, 1, 64))
    assert sizes.smallest == (16,)
    assert [n for n in range(1, 40) if n in sizes] == list(range(16, 40))
    found = rfield.check_size(Spectrum(), 8, input_shape=(1, 1, 64))
    assert not found
    assert "expected 0 < n_fft" in found.refused


class CostVolume(nn.Module):
    """Two views, one moved over the other by 0 to 3 positions; narrow images leave some empty."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 4, 3, padding=1)

    def forward(self, x):
        left, right, costs = self.a(x), self.a(-x), []
        for d in range(4):
            cost = torch.zeros_like(left[:, :1])
            both = left[..., d:] * right[..., : right.shape[-1] - d]
            cost[..., d:] = both.sum(1, keepdim=True)
            costs.append(cost)
        return torch.cat(costs, 1)


def test_a_part_that_is_empty_leaves_the_output_as_it_is():
    model = CostVolume().eval()
    sizes = rfield.valid_sizes(model, input_shape=(1, 1, 48, 48))
    for width in (1, 2, 3, 4, 5):
        assert model(torch.zeros(1, 1, 10, width)).shape == (1, 4, 10, width)
        assert rfield.check_size(model, (10, width), input_shape=(1, 1, 48, 48)).holds("accepted")
        assert (10, width) in sizes
    assert sizes.smallest == (1, 1)


class Shifted(nn.Module):
    """Features at every second position, one view moved over the other, in an axis of their own."""

    def __init__(self):
        super().__init__()
        self.f = nn.Conv2d(1, 4, 3, stride=2, padding=1)

    def forward(self, left, right):
        a, b = self.f(left), self.f(right)
        moved = (F.pad(b, (d, 0))[..., : b.shape[-1]] for d in range(4))
        return torch.stack([(a * part).sum(1) for part in moved], 1)


def test_a_cost_volume_of_half_the_size_is_the_same():
    model = Shifted().eval()
    graph = rfield.load(model, {"left": (1, 1, 64, 64), "right": (1, 1, 64, 64)})
    for n in (1, 2, 3, 4, 5, 8, 9, 30):
        view = torch.zeros(1, 1, n, n)
        assert rfield.output_size(graph, n) == model(view, view).shape[2:]
    same = rfield.valid_sizes(graph, "same")
    assert [n for n in range(3, 40) if n in same] == list(range(4, 40, 2))


def test_what_is_made_of_nothing_alone_is_no_answer():
    """A mean of no positions is no number, and an output of none is no output."""

    class Rest(nn.Module):
        def forward(self, x):
            return x * x[:, :, 3:].mean(2, keepdim=True)

    class Cut(nn.Module):
        def forward(self, x):
            return x[:, :, 3:]

    for module in (Rest(), Cut()):
        assert rfield.valid_sizes(module, input_shape=(1, 1, 48)).smallest == (4,)


class PaddedUp(nn.Module):
    """Up-sampled maps are padded to their skips: by nothing where a size is even."""

    def __init__(self, **up):
        super().__init__()
        self.up_by = up
        self.a, self.b, self.c = (nn.Conv2d(n, 4, 3, padding=1) for n in (1, 4, 4))
        self.d, self.e = nn.Conv2d(8, 4, 3, padding=1), nn.Conv2d(8, 2, 3, padding=1)

    def up(self, x, skip):
        x = F.interpolate(x, scale_factor=2, **self.up_by)
        high, wide = skip.size(2) - x.size(2), skip.size(3) - x.size(3)
        x = F.pad(x, [wide // 2, wide - wide // 2, high // 2, high - high // 2])
        return torch.cat([skip, x], 1)

    def forward(self, x):
        first = self.a(x).relu()
        second = self.b(F.max_pool2d(first, 2)).relu()
        third = self.c(F.max_pool2d(second, 2)).relu()
        return self.e(self.up(self.d(self.up(third, second)).relu(), first))


@pytest.mark.parametrize("read_at", [48, 49, 50, 51])
@pytest.mark.parametrize(
    "up", [{"mode": "nearest"}, {"mode": "bilinear"}, {"mode": "bilinear", "align_corners": True}]
)
def test_sizes_do_not_rest_on_the_size_that_was_read(up, read_at):
    model = PaddedUp(**up).eval()
    sizes = rfield.valid_sizes(model, input_shape=(1, 1, read_at, read_at))
    assert str(sizes) == "y, x: every size from 4"
    assert all(model(torch.zeros(1, 1, n, n)).shape == (1, 2, n, n) for n in (4, 5, 6, 7, 64, 67))
    with pytest.raises(RuntimeError):
        model(torch.zeros(1, 1, 3, 3))


@pytest.mark.parametrize("read_at", [96, 110, 572])
def test_sizes_of_resizes_between_corners_are_those_of_the_strides(read_at):
    """Their patterns do not fit at every size (48 to 96 has one of 95), their sizes do."""

    class Deep(PaddedUp):
        def forward(self, x):
            skips = []
            x = self.a(x)
            for _ in range(4):
                skips.append(x)
                x = self.b(F.max_pool2d(x, 2))
            for skip in reversed(skips):
                x = self.d(self.up(x, skip))
            return x

    model = Deep(mode="bilinear", align_corners=True).eval()
    sizes = rfield.valid_sizes(model, input_shape=(1, 1, read_at, read_at))
    assert str(sizes) == "y, x: every size from 16"
    assert model(torch.zeros(1, 1, 16, 31)).shape == (1, 4, 16, 31)
    with pytest.raises(RuntimeError):
        model(torch.zeros(1, 1, 15, 31))


def shifted_channels(x):
    o = torch.zeros_like(x)
    o[:, 0, :, 1:], o[:, 1, :, :-1], o[:, 2:] = x[:, 0, :, :-1], x[:, 1, :, 1:], x[:, 2:]
    return o


def shifted(x):
    return torch.cat([torch.zeros_like(x[..., :1]), x[..., :-1]], 3)


@pytest.mark.parametrize("shift", [shifted, shifted_channels])
@pytest.mark.parametrize("criterion", ["accepted", "same"])
def test_a_shift_takes_a_single_position(shift, criterion) -> None:
    class Shifted(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 2, 3, padding=1)

        def forward(self, x):
            return self.conv(shift(x))

    model = Shifted()
    assert model(torch.zeros(1, 4, 1, 1)).shape == (1, 2, 1, 1)
    sizes = rfield.valid_sizes(model, criterion, input_shape=(1, 4, 16, 16))
    assert str(sizes) == "y, x: every size from 1"
    assert rfield.output_size(model, 1, input_shape=(1, 4, 16, 16)) == (1, 1)


class Asking(nn.Module):
    """A layer whose code takes only some sizes."""

    def __init__(self, takes):
        super().__init__()
        self.layer, self.takes = nn.Conv2d(1, 1, 3, padding=1), takes

    def forward(self, x):
        assert self.takes(*x.shape[2:])
        return self.layer(x)


class Halves(nn.Module):
    """Both halves of the rows, added up."""

    def forward(self, x):
        first, last = x.chunk(2, 2)
        return first + last


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (
            Asking(lambda h, w: h % 8 == 0 and w % 4 == 0),
            "y: multiples of 8, from 8; x: multiples of 4, from 4",
        ),
        (
            nn.Sequential(nn.MaxPool2d(2), Asking(lambda h, w: h % 6 == 2)),
            "y: n ≡ 4, 5 mod 12, from 4; x: every size from 2",
        ),
        (Asking(lambda h, w: h % 40 == 0), "y: 40 of 39 to 41; x: every size from 1"),
        (
            nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), Halves()),
            "y: multiples of 2, from 4; and 2, 3; x: every size from 1",
        ),
    ],
)
def test_multiples_that_the_code_asks_for(model, expected):
    height = next(h for h in (52, 64, 40) if takes(model, h))
    assert str(rfield.valid_sizes(model, input_shape=(1, 1, height, 64))) == expected
    found = rfield.valid_sizes(model, input_shape=(1, 1, height, 64)).sets[0]
    told = (h for h in range(1, 90) if found.tells(h))
    assert all(takes(model, h) == (h in found) for h in told)


def takes(model, height):
    """Whether the model runs on an image of so many rows."""
    try:
        model(torch.zeros(1, 1, height, 64))
    except (AssertionError, RuntimeError, ValueError):
        return False
    return True


def test_what_is_nearest_to_an_output_that_only_refused_sizes_would_give():
    class Parity(nn.Module):
        def forward(self, x):
            if x.shape[-1] % 2 != (x.shape[-1] < 30):
                raise ValueError
            return F.relu(x)

    found = rfield.input_size(Parity(), 31, input_shape=(1, 1, 64))
    assert not found
    assert "nearest: 30 from 30, 32 from 32" in found.against[0][0]
    assert 64 in rfield.input_size(Parity(), 64, input_shape=(1, 1, 64))
