"""Streams that carry the state of every op: what comes in chunks is what the whole gives."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from rfield.errors import InvalidModelError, NotStreamableError  # noqa: E402
from tests.torch import carried, streams  # noqa: E402
from tests.torch.streams import whole  # noqa: E402
from tests.torch.test_streaming import always, cut, ragged  # noqa: E402
from tests.torch.versions import since  # noqa: E402

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore::FutureWarning:copyreg"),  # torch.export's own trees
]
nn, Tensor = torch.nn, torch.Tensor


def both(
    model: nn.Module, shape: tuple[int, ...], axis: int, size: int, steps: object, read_at: int = 66
) -> tuple[Tensor, Tensor]:
    """What chunks give, and what the whole gives, on small whole numbers."""
    sizes = [*shape]
    sizes[axis] = read_at
    axes = (axis,) if axis < 2 else None
    plan = rfield.stream_plan(model, input_shape=tuple(sizes), axis=axis, axes=axes)
    sizes[axis] = size
    x = torch.randint(-3, 4, sizes).to(next(model.parameters()).dtype)
    parts = list(rfield.run_streaming(model, cut(x, axis, steps), plan, state="carry"))  # type: ignore[arg-type]
    return torch.cat(parts, plan.output_axis), model(x)


class Nothing(nn.Module):
    """A sum and channels of which zero is all that is left."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 1, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([x * k for k in range(2)] + [torch.cos(0 * x)], 1)
        return self.conv(x + torch.zeros_like(x) * x)


EXACT: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "wavenet": (lambda: streams.WaveNet(2), (1, 1, 0), 2),
    "tcn": (lambda: streams.TCN(3), (1, 1, 0), 2),
    "codec": (streams.Codec, (3, 1, 0), 2),
    "unet": (streams.UNet, (1, 1, 0), 2),
    "spectrogram": (streams.SpectrogramNet, (1, 1, 40, 0), 3),
    "pixel shuffle": (streams.PixelShuffle, (1, 1, 0), 2),
    "pools": (
        lambda: nn.Sequential(nn.Conv1d(1, 1, 3), nn.AvgPool1d(4, 2, 1), nn.MaxPool1d(3, 3)),
        (1, 1, 0), 2,
    ),
    "positions": (carried.Tabled, (1, 1, 0), 2),
    "delayed": (lambda: carried.Delayed(lambda x: torch.zeros_like(x[..., :3])), (1, 1, 0), 2),
    "delayed by new": (lambda: carried.Delayed(lambda x: x.new_ones(1, 1, 3)), (1, 1, 0), 2),
    "no times itself": (Nothing, (1, 1, 0), 2),
    "delayed by one": (lambda: carried.Delayed(lambda _: torch.zeros(1, 1, 1)), (1, 1, 0), 2),
}  # fmt: skip
"""On whole numbers every order of additions gives the same sums."""


LATER = {"delayed", "delayed by new"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=[since(2, 6, "exports copy such numbers")] if name in LATER else []
        )
        for name in EXACT
    ],
)
def test_chunks_give_what_the_whole_gives_bit_for_bit(name: str):
    make, shape, axis = EXACT[name]
    model = whole(make())
    for steps in (always(5), ragged(1)):
        found, expected = both(model, shape, axis, 75, steps)
        assert torch.equal(found, expected)


CLOSE: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "lstm": (carried.Recurrent, (2, 1, 0), 2),
    "two lstms": (lambda: carried.Recurrent("LSTM", 2), (1, 1, 0), 2),
    "gru": (lambda: carried.Recurrent("GRU"), (1, 1, 0), 2),
    "rnn": (lambda: carried.Recurrent("RNN"), (1, 1, 0), 2),
    "cumulative norm": (carried.Cumulative, (1, 1, 0), 2),
    "window attention": (carried.Windowed, (1, 2, 0), 2),
    "fused window attention": (carried.Fused, (2, 0, 4), 1),
    "separator": (carried.Separator, (1, 1, 0), 2),
}
"""Products and exponentials in another order differ in the last bits."""


@since(2, 6, "exports say less of recurrent layers and interpolation")
@pytest.mark.parametrize("name", CLOSE)
def test_states_are_carried(name: str):
    make, shape, axis = CLOSE[name]
    torch.manual_seed(0)
    model = make().double().eval().requires_grad_(requires_grad=False)
    for steps in (always(4), ragged(2)):
        found, expected = both(model, shape, axis, 70, steps)
        assert found.shape == expected.shape
        assert (found - expected).abs().max() <= 1e-13 * expected.abs().max()


def test_the_plan_names_the_state_of_every_layer():
    plan = rfield.stream_plan(carried.Recurrent("LSTM", 2), input_shape=(2, 1, 64))
    found = [(state.layer, state.keeps, state.elements) for state in plan.layers]
    assert found == [
        ("before.conv", ((2, 1, 2),), 4), ("run", ((2, 1, 3), (2, 1, 3)), 12),
        ("run", ((2, 1, 3), (2, 1, 3)), 12), ("after.conv", ((2, 3, 2),), 12),
    ]  # fmt: skip
    assert (plan.state_elements, plan.state_bytes) == (40, 160)
    plan = rfield.stream_plan(Causally(), input_shape=(1, 2, 32))
    assert (plan.state_elements, plan.state_bytes) == (rfield.UNBOUNDED, rfield.UNBOUNDED)


def test_every_position_is_computed_once_however_long_the_past():
    model = whole(streams.TCN(3))
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    counts: list[int] = []
    plain = torch.ops.aten.abs.default

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if func is plain:
                counts[-1] += args[0].shape[-1]
            return func(*args, **(kwargs or {}))

    def chunks():
        for _ in range(60):
            counts.append(0)
            yield torch.ones(1, 1, 8).double()

    with Watch():
        for _ in rfield.run_streaming(model, chunks(), plan, state="carry"):
            pass
    assert counts[1:] == [3 * 8] * 59


class Everything(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, 2)
        self.conv = nn.Conv1d(2, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


class Causally(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)
        return nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)


class ByLength(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / x.shape[2]


class Branching(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + 1 if x.shape[2] == 32 else x.relu()


class Divided(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x / torch.ones(x.shape[2]).sum()


REFUSED = {
    "as many ones": (
        Divided,
        "div: parts of a stream do not give what the whole gives\n"
        "  div (divide) reads numbers that are made for the size of its input",
    ),
    "all of the past": (
        Causally,
        "scaled_dot_product_attention (scaled_dot_product_attention) cannot carry a state: what it "
        "must keep grows with the stream",
    ),
    "a number of the length": (
        ByLength,
        "div: parts of a stream do not give what the whole gives\n"
        "  what div reads depends on the length of the stream: say how long it is, "
        "stream_plan(…, length=)",
    ),
    "another way": (
        Branching,
        "add: parts of a stream do not give what the whole gives\n"
        "  what add reads depends on the length of the stream: say how long it is, "
        "stream_plan(…, length=)",
    ),
}


@since(2, 6, "some are refused by other names")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_carried_is_refused_by_name(name: str):
    make, text = REFUSED[name]
    plan = rfield.stream_plan(make(), input_shape=(1, 2, 32), axis=2)
    with pytest.raises(NotStreamableError) as error:
        list(rfield.run_streaming(make(), [torch.zeros(1, 2, 9)], plan, state="carry"))
    assert str(error.value) == text


def test_the_future_without_end_is_refused_before_anything_runs():
    model = Everything()
    plan = rfield.stream_plan(model, input_shape=(1, 2, 32))
    with pytest.raises(NotStreamableError) as error:
        rfield.run_streaming(model, [], plan, state="carry")
    assert str(error.value) == (
        "norm: parts of a stream do not give what the whole gives\n"
        "  all of the time axis is read by norm"
    )


def test_only_modules_are_taken_apart():
    plan = rfield.stream_plan(streams.Causal(1, 1, 3), input_shape=(1, 1, 32))
    with pytest.raises(InvalidModelError) as error:
        rfield.run_streaming(abs, [], plan, state="carry")
    assert str(error.value) == (
        'state="carry" takes a torch.nn.Module apart; a builtin_function_or_method is none'
    )


@since(2, 6, "exports say less of recurrent layers and interpolation")
@pytest.mark.parametrize("seed", range(15))
def test_random_networks(seed: int):
    rng = random.Random(seed)
    layers: list[nn.Module] = []
    for _ in range(rng.randint(2, 5)):
        kernel, stride = rng.randint(1, 5), rng.choice((1, 1, 2, 3))
        pad = rng.randint(0, kernel // 2)
        layers.append(
            rng.choice((
                nn.Conv1d(1, 1, kernel, stride, pad),
                nn.ConvTranspose1d(1, 1, kernel, stride, min(pad, 1)),
                nn.MaxPool1d(kernel, stride, pad),
                nn.Upsample(scale_factor=stride),
                nn.ZeroPad1d((rng.randint(-2, 3), rng.randint(-2, 3))),
                nn.ReflectionPad1d((rng.randint(0, 4), rng.randint(0, 4))),
                streams.Causal(1, 1, kernel, 1, stride),
                streams.Abs(),
            ))
        )  # fmt: skip
    model = whole(nn.Sequential(nn.Conv1d(1, 1, 1), *layers), seed)
    found, expected = both(model, (1, 1, 0), 2, 139, ragged(seed))
    assert torch.equal(found, expected)


class Counted(nn.Module):
    """A sum over the number of its terms, which is the same sum of ones."""

    def __init__(self, total):
        super().__init__()
        self.total = total
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.total(x) / self.total(torch.ones_like(x)) * self.scale


KERNEL = torch.ones(1, 1, 5).double()


@pytest.mark.parametrize("size", [1, 9, 50])
@pytest.mark.parametrize(
    "total", [lambda x: x.cumsum(2), lambda x: nn.functional.conv1d(x, KERNEL, padding=2)]
)
def test_a_stream_of_ones(total, size) -> None:
    model, x = Counted(total).double(), torch.randint(-9, 9, (1, 1, 96)).double()
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(size, 2), plan, state="carry"))
        assert torch.equal(torch.cat(parts, 2), model(x))


class Noisy(nn.Module):
    def forward(self, x):
        return x + torch.rand(1, generator=torch.Generator().manual_seed(0))


@since(2, 6, "such a module cannot be exported")
def test_numbers_drawn_at_random_are_refused_by_name() -> None:
    plan = rfield.stream_plan(Noisy(), input_shape=(1, 1, 64))
    with pytest.raises(rfield.NotStreamableError) as raised:
        list(rfield.run_streaming(Noisy(), [torch.zeros(1, 1, 9)], plan, state="carry"))
    assert str(raised.value) == (
        "add: parts of a stream do not give what the whole gives\n"
        "  random numbers, others in each run or for each size, are drawn by add"
    )


class Rotated(nn.Module):
    """Pairs of channels turned by the position: the sine of the first one is 0."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(2, 1, 3)

    def forward(self, x):
        at = torch.arange(x.shape[2])
        return self.conv(x * at.cos() + x.flip(1) * at.sin())


def test_the_first_position_alone_is_not_read() -> None:
    model, x = Rotated().double(), torch.randint(-9, 9, (1, 2, 96)).double()
    plan = rfield.stream_plan(model, input_shape=(1, 2, 64))
    assert plan.exact
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(9, 2), plan, state="carry"))
        assert torch.allclose(torch.cat(parts, 2), model(x), rtol=0, atol=1e-12)


class Filled(nn.Module):
    """Its last frame is filled up with zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.c = nn.Conv1d(2, 2, 4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.c(nn.functional.pad(x, (0, -x.shape[-1] % 4)))


def test_an_end_that_follows_from_the_length_is_not_lost() -> None:
    model = Filled()
    plan = rfield.stream_plan(model, input_shape=(1, 2, 64))
    x = torch.randn(1, 2, 61)
    with pytest.raises(NotStreamableError) as caught:
        list(rfield.run_streaming(model, x.split(9, 2), plan, state="carry"))
    assert str(caught.value) == (
        "c: 15 of the 16 outputs for 61 samples can be given with carried state: how the end is "
        'padded or cut depends on the length of the stream.\n  state="overlap" gives all of them.'
    )
    parts = list(rfield.run_streaming(model, x.split(9, 2), plan))
    assert torch.equal(torch.cat(parts, 2), model(x))
    parts = list(rfield.run_streaming(model, x[..., :60].split(9, 2), plan, state="carry"))
    assert torch.cat(parts, 2).shape == (1, 2, 15)


def test_an_error_without_a_message_is_named() -> None:
    class Strict(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv1d(1, 1, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if x.shape[-1] != 47:
                raise NotImplementedError
            return self.conv(x)

    net, x = Strict().eval(), torch.randn(1, 1, 47)
    plan = rfield.stream_plan(net, input_shape=(1, 1, 47))
    with pytest.raises(InvalidModelError, match=r"cannot be exported.*: NotImplementedError$"):
        list(rfield.run_streaming(net, x.split(8, -1), plan, state="carry"))


class DualPath(nn.Module):
    """Rows of 4: an LSTM both ways inside each row, then one from row to row, which is time."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.LSTM(2, 2, batch_first=True, bidirectional=True)
        self.along = nn.LSTM(4, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, rows = x.shape[0], x.shape[3]
        y = self.inside(x.permute(0, 3, 2, 1).reshape(batch * rows, 4, 2))[0]
        y = y.reshape(batch, rows, 4, 4).transpose(1, 2)
        return self.along(y.reshape(batch * 4, rows, 4))[0].reshape(batch, 4, rows, 2)


@pytest.mark.parametrize("size", [8, 7])
def test_a_recurrence_over_what_is_no_time_begins_anew_at_every_position(size: int) -> None:
    model, x = DualPath().double().eval(), torch.randn(1, 2, 4, 24).double()
    plan = rfield.stream_plan(model, axis=3, axes=(3,), input_shape=(1, 2, 4, 16))
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(size, 3), plan, state="carry"))
        assert torch.allclose(torch.cat(parts, 2), model(x), rtol=0, atol=1e-14)
