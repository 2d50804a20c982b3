"""Streams through running models: what comes in chunks is, bit for bit, what the whole gives."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from rfield.analysis.pieces.streams.overlap import _LAST, RESIDUES  # noqa: E402
from rfield.errors import NotStreamableError  # noqa: E402
from tests.torch import streams  # noqa: E402
from tests.torch.streams import whole  # noqa: E402

pytestmark = pytest.mark.torch
nn, Tensor = torch.nn, torch.Tensor

MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "wavenet": (streams.WaveNet, (1, 129, 200)),
    "tcn": (streams.TCN, (1, 40, 200)),
    "speech encoder": (streams.SpeechEncoder, (400, 719, 720, 1683)),
    "codec": (streams.Codec, (8, 9, 16, 83, 171)),
    "unet": (streams.UNet, (4, 5, 6, 7, 8, 53, 130)),
    "pixel shuffle": (streams.PixelShuffle, (1, 2, 30, 111)),
    "crop, then pad": (streams.CropThenPad, (11, 30, 97)),
    "same": (streams.Same, (6, 66, 126)),
    "multiples of 4": (streams.Multiples, (4, 20, 64)),
    "valid": (
        lambda: nn.Sequential(nn.Conv1d(1, 2, 5), streams.Abs(), nn.Conv1d(2, 1, 3, dilation=3)),
        (11, 12, 60),
    ),
    "mirrored": (
        lambda: nn.Sequential(nn.ReflectionPad1d(5), streams.Causal(1, 1, 1), nn.Conv1d(1, 1, 6)),
        (6, 12, 61),
    ),
    "mirrored, strided": (
        lambda: nn.Sequential(
            nn.Conv1d(1, 1, 3, 2), nn.ReflectionPad1d((2, 7)), nn.Conv1d(1, 1, 8),
            nn.ReplicationPad1d(3), nn.Conv1d(1, 1, 7, 3),
        ),
        (19, 20, 21, 22, 111),
    ),
    "resized": (
        lambda: nn.Sequential(
            nn.Conv1d(1, 1, 3, 2), nn.Upsample(scale_factor=2), nn.AvgPool1d(2, 2, 1),
            nn.MaxPool1d(4, 3, ceil_mode=True),
        ),
        (12, 30, 111),
    ),
    "outputs that read nothing": (
        lambda: nn.Sequential(
            nn.ConvTranspose1d(1, 1, 2, 4), nn.Conv1d(1, 1, 3),
            nn.ConvTranspose1d(1, 1, 1, 3, output_padding=2),
        ),
        (2, 3, 30, 111),
    ),
}  # fmt: skip


def cut(x: Tensor, axis: int, sizes: Iterator[int]) -> Iterator[Tensor]:
    at = 0
    while at < x.shape[axis]:
        size = min(next(sizes), x.shape[axis] - at)
        yield x.narrow(axis, at, size)
        at += size


def ragged(seed: int) -> Iterator[int]:
    rng = random.Random(seed)
    while True:
        yield rng.choice((0, 1, 1, 2, 5, 17, 60))


def always(size: int) -> Iterator[int]:
    while True:
        yield size


def check_streams(
    model: nn.Module,
    shape: tuple[int, ...],
    axis: int,
    sizes: tuple[int, ...],
    read_at: int = 66,
    length: int | None = None,
):
    """Every size in equal chunks, single samples, ragged chunks and one that is too long."""
    plan = rfield.stream_plan(
        model,
        input_shape=(*shape[:axis], read_at, *shape[axis + 1 :]),
        axis=axis,
        length=length,
    )
    for size in sizes:
        x = torch.randint(-3, 4, (*shape[:axis], size, *shape[axis + 1 :])).double()
        expected = model(x)
        assert expected.abs().max() < 2**53, "sums would be rounded"
        few = plan.grid if size <= 60 or plan.grid > 1 else 23
        steps = [always(n) for n in (few, 37, 10**6)]
        steps += [always(1)] if size <= 60 else []
        for step in [*steps, ragged(size)]:
            parts = list(rfield.run_streaming(model, cut(x, axis, step), plan))
            assert all(part.shape[plan.output_axis] for part in parts)
            assert torch.equal(torch.cat(parts, plan.output_axis), expected)


@pytest.mark.parametrize("name", MODELS)
def test_chunks_give_what_the_whole_gives(name: str):
    make, sizes = MODELS[name]
    read_at = {"speech encoder": 1600, "multiples of 4": 64}.get(name, 66)
    length = 132 if name == "same" else None
    check_streams(whole(make()), (1, 1, 0), 2, sizes, read_at, length)


def test_a_spectrogram_streams_along_its_time():
    check_streams(whole(streams.SpectrogramNet()), (1, 1, 40, 0), 3, (3, 20, 41, 97))


def test_a_batch_streams_as_well():
    model = whole(streams.Codec())
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    x = torch.randint(-3, 4, (5, 1, 90)).double()
    parts = list(rfield.run_streaming(model, x.split(7, dim=2), plan))
    assert torch.equal(torch.cat(parts, 2), model(x))


@pytest.mark.parametrize("seed", range(40))
def test_random_networks(seed: int):
    rng = random.Random(seed)
    layers: list[nn.Module] = []
    for _ in range(rng.randint(1, 4)):
        kernel, stride = rng.randint(1, 6), rng.choice((1, 1, 2, 3))
        pad = rng.randint(0, kernel // 2)
        layers.append(
            rng.choice((
                nn.Conv1d(1, 1, kernel, stride, pad),
                nn.Conv1d(1, 1, kernel, 1, pad, dilation=stride),
                nn.ConvTranspose1d(1, 1, kernel, stride, min(pad, 1)),
                nn.MaxPool1d(kernel, stride, pad, ceil_mode=rng.random() < 0.5),
                nn.Upsample(scale_factor=stride),
                nn.ZeroPad1d((rng.randint(-2, 3), rng.randint(-2, 3))),
                nn.ReflectionPad1d((rng.randint(0, 4), rng.randint(0, 4))),
                streams.Causal(1, 1, kernel, 1, min(stride, kernel)),
            ))
        )  # fmt: skip
    model = whole(nn.Sequential(*layers), seed)
    check_streams(model, (1, 1, 0), 2, tuple(n for n in (40, 71, 140) if accepts(model, n)))


def accepts(model: nn.Module, size: int) -> bool:
    try:
        return model(torch.zeros(1, 1, size).double()).numel() > 0
    except RuntimeError:
        return False


FRAMED = {
    "wavenet": streams.WaveNet,
    "tcn": streams.TCN,
    "speech encoder": streams.SpeechEncoder,
    "codec": streams.Codec,
    "unet": streams.UNet,
}


@pytest.mark.parametrize("name", FRAMED)
def test_one_sample_less_of_past_or_look_ahead_breaks_it(name: str):
    """What is beyond both is forgotten without a trace; one sample of it, and outputs differ."""
    model = FRAMED[name]().double().requires_grad_(requires_grad=False)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 2000))
    assert isinstance(plan.past, int)
    frame = 2 * (plan.past // plan.frame + 1)
    begin = frame * plan.frame
    size = begin + plan.frame + plan.look_ahead + 4 * plan.grid
    outputs = slice(frame * plan.frame_outputs, (frame + 1) * plan.frame_outputs)

    def kept(old: int, new: int) -> bool:
        """Whether the frame is the same where all before ``old`` and from ``new`` on is not."""
        x, other = torch.randn(1, 1, size).double(), torch.randn(1, 1, size).double() * 5
        other[..., old:new] = x[..., old:new]
        return torch.equal(model(other)[..., outputs], model(x)[..., outputs])

    old, new = begin - plan.past, begin + plan.frame + plan.look_ahead
    assert all(kept(old, new) for _ in range(20))
    assert not all(kept(old + 1, new) for _ in range(20))
    assert not all(kept(old, new - 1) for _ in range(20))


@pytest.mark.parametrize("name", FRAMED)
def test_an_output_is_there_with_its_last_sample_and_not_before(name: str):
    model = FRAMED[name]().double().requires_grad_(requires_grad=False)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 2000))
    size = plan.warm_up + 3 * plan.grid + plan.look_ahead
    x = torch.randn(1, 1, size).double()
    y = model(x)
    for samples in range(max(1, size - 2 * plan.frame), size, 1 + plan.frame // 20):
        count = plan.outputs_after(samples)
        futures = [torch.randn(1, 1, size - samples).double() * 5 for _ in range(20)]
        other = [model(torch.cat([x[..., :samples], future], 2)) for future in futures]
        assert all(torch.equal(z[..., :count], y[..., :count]) for z in other)
        if count < plan.outputs_after(size):
            assert not all(torch.equal(z[..., count], y[..., count]) for z in other)


@pytest.mark.parametrize("name", FRAMED)
def test_a_window_that_begins_a_step_later_is_wrong(name: str):
    model = FRAMED[name]().double().requires_grad_(requires_grad=False)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 2000))
    windows = _LAST.of(plan)
    size = 6 * windows.far

    def gives(late: int) -> bool:
        x = torch.randn(1, 1, size).double()
        y = model(x)
        output = y.shape[2] // 2
        start = windows.start(output, size) + late
        part = model(x[..., start:])
        at = output - int(start / plan.hop)
        return at >= 0 and torch.allclose(
            part[..., at : at + 1], y[..., output : output + 1], atol=1e-12, rtol=0
        )

    step = plan.grid * (2 if plan.grid > RESIDUES else 1)
    assert all(gives(0) for _ in range(20))
    assert not all(gives(step) for _ in range(20))


@pytest.mark.parametrize("name", ["speech encoder", "codec", "unet"])
def test_off_the_grid_no_context_is_enough(name: str):
    model = FRAMED[name]().double().requires_grad_(requires_grad=False)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 2000))
    x = torch.randn(1, 1, 3000).double()
    y = model(x)
    for start in (1, plan.grid - 1, plan.grid, plan.grid + 1):
        part = model(x[..., start:])
        at = y.shape[2] // 2
        found = [
            k for k in range(part.shape[2])
            if torch.allclose(part[..., k], y[..., at], atol=1e-12, rtol=0)
        ]  # fmt: skip
        assert bool(found) == (start % plan.grid == 0)


def test_the_published_numbers_by_the_models_themselves():
    wavenet = rfield.stream_plan(streams.WaveNet(10), input_shape=(1, 1, 4000))
    assert (wavenet.size, wavenet.causal, wavenet.latency) == (1024, True, 1)
    tcn = rfield.stream_plan(streams.TCN(10), input_shape=(1, 1, 4000))
    assert (tcn.size, tcn.warm_up) == (2047, 2046)
    speech = rfield.stream_plan(
        streams.SpeechEncoder(), input_shape=(1, 1, 16000), sample_rate=16000
    )
    assert (speech.size, speech.hop) == (400, 320)
    assert (speech.seconds(speech.size), speech.seconds(speech.hop)) == (0.025, 0.02)


class Recurrent(nn.Module):
    def __init__(self, bidirectional: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 4, 3, padding=1)
        self.rnn = nn.GRU(4, 4, batch_first=True, bidirectional=bidirectional)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(self.conv(x).transpose(1, 2))[0]


class Attending(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 4, 3, padding=1)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x).transpose(1, 2)
        return y + self.attention(y, y, y, need_weights=False)[0]


@pytest.mark.parametrize(
    ("model", "obstacle"),
    [
        (
            nn.Sequential(nn.Conv1d(1, 4, 3), nn.GroupNorm(2, 4)),
            "all of the time axis is read by 1",
        ),
        (Attending(), "all of the time axis is read by attention"),
        (
            nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular"),
            "the end of the stream is read at its beginning by pad",
        ),
    ],
)
def test_what_cannot_stream_names_its_layers(model: nn.Module, obstacle: str):
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    assert plan.obstacles == (obstacle,)
    with pytest.raises(NotStreamableError, match="parts of a stream do not give"):
        list(rfield.run_streaming(model, [torch.zeros(1, 1, 64)], plan))


def test_a_recurrent_layer_remembers_and_one_in_both_directions_waits_for_the_end():
    plan = rfield.stream_plan(Recurrent(bidirectional=False), input_shape=(1, 1, 64))
    assert (plan.past, plan.look_ahead, plan.memory) == (rfield.UNBOUNDED, 1, ("rnn",))
    assert [(s.layer, s.held) for s in plan.layers] == [("conv", 2), ("rnn", 0)]
    with pytest.raises(NotStreamableError) as error:
        rfield.stream_plan(Recurrent(bidirectional=True), input_shape=(1, 1, 64))
    assert "\n  all of the time axis is read by rnn" in str(error.value)


def test_padding_that_depends_on_the_length_needs_the_length():
    model = whole(streams.Same())
    plan = rfield.stream_plan(model, input_shape=(1, 1, 60))
    obstacle = (
        "what pad reads depends on the length of the stream: say how long it is, "
        "stream_plan(…, length=)"
    )
    assert not plan.exact
    assert plan.obstacles == (obstacle,)
    with pytest.raises(NotStreamableError) as error:
        rfield.run_streaming(model, [], plan)
    assert str(error.value) == (
        f"convs.1: parts of a stream do not give what the whole gives\n  {obstacle}"
    )


def test_a_length_that_pads_otherwise_is_refused_at_the_end():
    model = whole(streams.Same())
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64), length=61)
    with pytest.raises(NotStreamableError) as error:
        list(rfield.run_streaming(model, torch.zeros(1, 1, 64).double().split(16, dim=2), plan))
    assert str(error.value) == (
        "convs.1: what pad#2 reads depends on the length of the stream, which is 64.\n"
        "  The plan was made for 61 and holds for lengths such as 61 and 67"
    )


def test_a_function_may_fill_the_same_result_again():
    model = nn.Conv1d(1, 1, 3, padding=1)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    signal = torch.randn(1, 1, 64)
    kept = torch.empty(1, 1, 64)

    def filled(x):
        result = kept[..., : x.shape[-1]]
        return result.copy_(model(x))

    with torch.no_grad():
        parts = list(rfield.run_streaming(filled, signal.split(7, -1), plan))
        torch.testing.assert_close(torch.cat(parts, -1), model(signal))
