"""Streams whose first or last positions go a way of their own: caches, first frames, tails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import rfield
from tests.torch.tiling_nets import integers

pytestmark = pytest.mark.torch


class Before(nn.Module):
    """A convolution behind something that is done to its input."""

    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.change = change
        self.conv = nn.Conv1d(2, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.change(x))


class Causal(nn.Module):
    """A convolution over frames that repeats the first of them, as decoders of video do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(2, 2, 3, padding=(0, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(torch.cat([x[:, :, :1], x[:, :, :1], x], 2))


class Decoder(nn.Module):
    """T frames become 1 + 4 (T - 1): the first is not up-sampled in time."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = Causal(), Causal()

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        one, rest = x[:, :, :1], x[:, :, 1:]
        rest = nn.functional.interpolate(rest, scale_factor=(4, 1, 1)) if rest.shape[2] else rest
        return self.last(torch.cat([one, rest], 2))


class Encoder(nn.Module):
    """The way back: the first frame alone, then the mean of every four."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = Causal(), Causal()

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.last(
            torch.cat([x[:, :, :1], nn.functional.avg_pool3d(x[:, :, 1:], (4, 1, 1)) * 4], 2)
        )


def streamed(model: nn.Module, x: Tensor, shape: tuple[int, ...], axis: str | None = None) -> None:
    """Chunks of all kinds give what the whole gives, to the last bit."""
    model = integers(model)
    plan = rfield.stream_plan(model, axis=axis, input_shape=shape)
    assert plan.exact
    with torch.no_grad():
        for chunk in (1, 3, 50):
            parts = list(rfield.run_streaming(model, x.split(chunk, plan.input_axis), plan))
            assert torch.equal(torch.cat(parts, plan.output_axis), model(x))


ENDS: dict[str, Callable[[Tensor], Tensor]] = {
    "zeros": lambda x: torch.cat([x.new_zeros(1, 2, 2), x], 2),
    "numbers": lambda x: torch.cat([torch.full_like(x[:, :, :2], 5), x], 2),
    "first": lambda x: torch.cat([x[:, :, :3] * 2, x], 2),
    "last": lambda x: torch.cat([x, x[:, :, -3:] * 2], 2),
    "both": lambda x: torch.cat([x[:, :, :2] * 3, x, x[:, :, -3:] * 2], 2),
    "changed": lambda x: torch.cat([x[:, :, :2] * 3, x[:, :, 2:-1], x[:, :, -1:] * 2], 2),
    "cut": lambda x: torch.cat([x[:, :, -3:] * 2, x], 2)[:, :, 3:],
}


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("length", [7, 40, 61])
def test_ends_of_their_own(name: str, length: int) -> None:
    x = torch.randint(-3, 4, (1, 2, length)).double()
    streamed(Before(ENDS[name]), x, (1, 2, 40))


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("length", [40, 61])
def test_ends_of_their_own_in_one_layer_after_the_other(name: str, length: int) -> None:
    """What one layer lays at an end is known zeros, or not, where the next lays its own."""
    x = torch.randint(-3, 4, (1, 2, length)).double()
    streamed(nn.Sequential(*(Before(ENDS[name]) for _ in range(3))), x, (1, 2, 40))


def skipped(x: Tensor, back: int) -> Tensor:
    """Beside what a few more samples are needed for: as many of the newest."""
    newest = x[..., back:] - x[..., :-back]
    return newest + x[:, :, -newest.size(2) :]


def written(x: Tensor) -> Tensor:
    """The first samples are doubled in their places."""
    y = x.clone()
    y[:, :, :2] *= 2
    return y


PIECES: dict[str, Callable[[Tensor], Tensor]] = {
    **{name: change for name, change in ENDS.items() if name != "cut"},
    "as many of the newest": lambda x: skipped(x, 3),
    "and again": lambda x: skipped(skipped(x, 3), 4),
    "narrowed": lambda x: x.narrow(2, x.size(2) - (x.size(2) - 5), x.size(2) - 5),
    "first selected": lambda x: torch.cat(
        [x[:, :, 0].unsqueeze(2), x[:, :, 1:].repeat_interleave(2, 2)], 2
    ),
    "first repeated": lambda x: torch.cat([x[:, :, :1].repeat(1, 1, 4), x], 2),
    "first convolved": lambda x: torch.cat([nn.functional.avg_pool1d(x[:, :, :4], 2) * 2, x], 2),
    "less the one before": lambda x: torch.diff(x, dim=2, prepend=x[:, :, :1]),
    "delayed": lambda x: torch.cat([x[:, :, :3], x[:, :, :-3]], 2),
    "first written": written,
    "first doubled": lambda x: torch.cat([x[:, :, :1] * 2, x[:, :, 1:]], 2),
    **{f"{n} of the last cut off": lambda x, n=n: x[:, :, :-n] for n in (16, 30)},
    "padding cut off": lambda x: nn.functional.pad(x, (24, 24))[:, :, :-48] + x,
    "half of the rest": lambda x: nn.functional.avg_pool1d(x[:, :, 1:], 2)[:, :, :-9] * 2,
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces_of_a_stream_are_carried(name: str) -> None:
    """They are taken where the whole of it is, and no chunk is taken for the first one."""
    model = integers(Before(PIECES[name]))
    plan = rfield.stream_plan(model, input_shape=(1, 2, 40))
    assert plan.exact
    x = torch.randint(-3, 4, (1, 2, 61)).double()
    with torch.no_grad():
        chunks = x.split([1, 2, 3, 4, 5, 46], 2)
        for state in ("carry", "overlap"):
            parts = list(rfield.run_streaming(model, chunks, plan, state=state))
            assert torch.equal(torch.cat(parts, 2), model(x))


@pytest.mark.parametrize(
    ("change", "layer"),
    [
        (lambda x: torch.cat([x[:, :, -3:] * 2, x], 2), "cat"),
        (lambda x: torch.cat([x, x[:, :, :3] * 2], 2), "cat"),
        (lambda x: torch.cat([x.mean(2, keepdim=True), x], 2), "cat"),
    ],
)
def test_one_end_at_the_other_is_refused_when_planned(
    change: Callable[[Tensor], Tensor], layer: str
) -> None:
    plan = rfield.stream_plan(Before(change), input_shape=(1, 2, 40))
    assert plan.obstacles == (f"one end of the stream is laid at the other by {layer}",)


@pytest.mark.parametrize("frames", [1, 2, 9, 22])
def test_the_first_frame_of_video(frames: int) -> None:
    streamed(Decoder(), torch.randint(-3, 4, (1, 2, frames, 3, 3)).double(), (1, 2, 9, 3, 3), "t")
    long = torch.randint(-3, 4, (1, 2, 4 * frames + 1, 3, 3)).double()
    streamed(Encoder(), long, (1, 2, 17, 3, 3), "t")


def test_numbers_of_a_decoder_of_video() -> None:
    plan = rfield.stream_plan(Decoder(), axis="t", input_shape=(1, 2, 9, 3, 3), anchor="last")
    assert (plan.axis, plan.frame, plan.frame_outputs, plan.look_ahead) == ("t", 1, 4, 0)
    assert [plan.outputs_after(frames) for frames in (1, 2, 3)] == [1, 5, 9]


def test_the_one_causal_axis_is_time() -> None:
    video = rfield.stream_plan(nn.Sequential(Causal(), Causal()), input_shape=(1, 2, 9, 3, 3))
    assert (video.axis, video.input_axis, video.causal, video.past) == ("t", 2, True, 4)
    sound = nn.Sequential(nn.ZeroPad2d((4, 0, 1, 1)), nn.Conv2d(1, 1, (3, 5)))
    found = rfield.stream_plan(sound, input_shape=(1, 1, 16, 40))
    assert (found.axis, found.causal, found.past) == ("x", True, 4)


def test_caches_that_are_inputs() -> None:
    class Cached(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv1d(2, 2, 3), nn.Conv1d(2, 2, 5)

        def forward(self, x: Tensor, one: Tensor, two: Tensor) -> tuple[Tensor, ...]:
            x = torch.cat([one, x], 2)
            y = torch.cat([two, self.a(x)], 2)
            return self.b(y), x[:, :, -2:], y[:, :, -4:]

    model = integers(Cached())
    shapes = {"x": (1, 2, 40), "one": (1, 2, 2), "two": (1, 2, 4)}
    graph = rfield.load(model, shapes)
    plan = rfield.stream_plan(graph, graph.outputs[0], wrt="x")
    assert (plan.causal, plan.past) == (True, 6)
    x, *caches = (torch.randint(-3, 4, shape).double() for shape in shapes.values())
    with torch.no_grad():
        parts = rfield.run_streaming(lambda part: model(part, *caches)[0], x.split(7, 2), plan)
        assert torch.equal(torch.cat(list(parts), 2), model(x, *caches)[0])


class Anticausal(nn.Module):
    """A causal convolution over time turned round: it reads four samples of the future."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 5, stride)

    def forward(self, x):
        return self.conv(nn.functional.pad(x.flip(2), (4, 0))).flip(2)


def test_time_that_is_turned_round_and_back() -> None:
    plan = rfield.stream_plan(Anticausal(1), input_shape=(1, 1, 64))
    assert (plan.exact, plan.past, plan.look_ahead) == (True, 0, 4)
    streamed(Anticausal(1), torch.randint(-3, 4, (1, 1, 97)).double(), (1, 1, 64))


def test_time_that_is_turned_round_on_a_grid() -> None:
    """Every second sample from the end: which these are depends on the length."""
    plan = rfield.stream_plan(Anticausal(2), input_shape=(1, 1, 64))
    assert plan.obstacles == (
        "what conv reads depends on the length of the stream: say how long it is, "
        "stream_plan(…, length=)",
    )
    model = integers(Anticausal(2))
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64), length=97)
    x = torch.randint(-3, 4, (1, 1, 97)).double()
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(9, 2), plan))
        assert torch.equal(torch.cat(parts, 2), model(x))


def test_axes_are_numbers() -> None:
    with pytest.raises(rfield.InvalidModelError) as raised:
        rfield.load(Causal(), (1, 2, 9, 3, 3), axes=("t", "y", "x"))
    assert str(raised.value) == (
        "axes = ('t', 'y', 'x'); expected numbers of the 5 axes of input 'x'"
    )


class Late(nn.Module):
    """Five samples late, so the first outputs need no sample; faded in over the whole length."""

    def forward(self, x):
        return nn.functional.pad(x, (5, -5)) * torch.linspace(0, 1, x.shape[2])


def test_outputs_that_are_there_before_the_stream_end_the_search_for_windows() -> None:
    plan = rfield.stream_plan(Late(), input_shape=(1, 1, 64))
    assert (plan.exact, plan.states) == (False, ())
    with pytest.raises(rfield.NotStreamableError) as raised:
        list(rfield.run_streaming(Late(), [torch.zeros(1, 1, 30)], plan))
    assert str(raised.value) == (
        "mul: parts of a stream do not give what the whole gives\n"
        "  mul (multiply) reads numbers that are made for the size of its input"
    )
