"""Stream plans: published numbers, buffers simulated position by position, and bad questions."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import pytest

import rfield
from rfield.errors import NotStreamableError
from tests.analysis.buffers import Chain, Layer

SPEECH = list(zip((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2), strict=True))


def chain(layers: Sequence[Layer], length: int = 4096) -> Any:
    b = rfield.GraphBuilder()
    y = b.input("signal", (1, 1, length))
    for number, layer in enumerate(layers):
        make = b.conv_transpose if layer.up else b.conv
        padding = [(layer.before, 0)]  # a transposed one is trimmed on the left only
        y = make(
            f"layer{number}", y, kernel=layer.kernel, stride=layer.stride, padding=padding,
            dilation=layer.dilation,
        )  # fmt: skip
    return b.build(outputs=[y])


def speech_encoder() -> Any:
    return chain([Layer(k, s) for k, s in SPEECH], 16000)


def causal(kernel: int, dilations: Sequence[int]) -> Any:
    return chain([Layer(kernel, 1, d, (kernel - 1) * d) for d in dilations])


def test_wavenet_sees_1024_samples():
    """Van den Oord et al. 2016: kernel 2, dilations 1, 2, 4 … 512."""
    plan = rfield.stream_plan(causal(2, [2**k for k in range(10)]))
    assert (plan.size, plan.past, plan.look_ahead, plan.causal) == (1024, 1023, 0, True)
    assert (plan.warm_up, plan.latency, plan.hop) == (1023, 1, 1)
    assert (plan.first_output_after, plan.first_valid_output, plan.first_valid_after) == (
        1,
        1023,
        1024,
    )
    assert [state.held for state in plan.layers] == [2**k for k in range(10)]


def test_a_tcn_of_kernel_3_sees_2047():
    """Bai, Kolter, Koltun 2018: 1 + (k - 1)(2^L - 1), one convolution per level."""
    plan = rfield.stream_plan(causal(3, [2**k for k in range(10)]))
    assert (plan.size, plan.warm_up, plan.causal) == (2047, 2046, True)
    assert sum(state.held for state in plan.layers) == 2046


def test_wav2vec_hears_25_ms_every_20_ms():
    """Baevski et al. 2020: 400 samples every 320, at 16 kHz 25 ms every 20 ms."""
    plan = rfield.stream_plan(speech_encoder(), sample_rate=16000)
    assert (plan.size, plan.hop, plan.frame, plan.frame_outputs) == (400, 320, 320, 1)
    times = plan.lengths("ms")
    assert (times["size"], times["hop"], times["latency"], times["look_ahead"]) == (25, 20, 25, 5)
    assert (plan.first_output_after, plan.first_valid_output) == (400, 0)
    assert [plan.outputs_after(n) for n in (0, 399, 400, 719, 720, 16000)] == [0, 0, 1, 1, 2, 49]
    assert [state.window.state for state in plan.layers if state.window] == [5, 1, 1, 1, 1, 0, 0]
    # Each layer's own look-ahead, brought to samples, adds up to that of the network.
    assert sum(s.window.ahead * s.hop for s in plan.layers if s.window) == plan.look_ahead == 80


def test_g729_has_15_ms_of_delay():
    """ITU-T G.729: frames of 10 ms and 5 ms of look-ahead at 8 kHz."""
    plan = rfield.stream_plan(chain([Layer(120, 80)]), sample_rate=8000)
    assert (plan.seconds(plan.frame), plan.seconds(plan.latency)) == (0.010, 0.015)


def test_lengths_in_any_unit():
    plan = rfield.stream_plan(chain([Layer(7, 2, 1, 3)]), sample_rate=100)
    assert plan.lengths()["hop"] == Fraction(2)
    assert (plan.lengths("s")["size"], plan.lengths("us")["size"]) == (0.07, 70000)
    assert plan.lengths(10)["size"] == 0.7
    assert plan.lengths("samples")["first_valid_after"] == plan.first_valid_after == 8


def test_a_symmetric_kernel_looks_ahead():
    plan = rfield.stream_plan(chain([Layer(5, 1, 2, 4)]))
    assert (plan.past, plan.look_ahead, plan.causal, plan.latency) == (4, 4, False, 5)


def test_a_codec_waits_for_a_frame():
    """Encoder and decoder of stride 8 with left padding only: causal, and one frame late."""
    down = [Layer(4, 2, 1, 2), Layer(8, 4, 1, 4)]
    up = [Layer(8, 4, up=True), Layer(4, 2, up=True)]
    plan = rfield.stream_plan(chain([*down, *up]), chunk=16)
    assert (plan.causal, plan.hop, plan.frame, plan.frame_outputs, plan.grid) == (True, 1, 8, 8, 8)
    assert (plan.latency, rfield.stream_plan(chain([*down, *up])).latency) == (16, 8)
    assert [s.held for s in plan.layers] == [2, 4, 1, 1]
    assert plan.chunk_outputs(24) == 24


def drawn(rng: random.Random) -> list[Layer]:
    layers: list[Layer] = []
    for _ in range(rng.randint(1, 4)):
        up = rng.random() < 0.3
        stride = rng.choice((1, 1, 2, 3))
        kernel = stride + rng.randint(0, 4) if up else rng.randint(1, 7)
        dilation = 1 if up else rng.choice((1, 1, 2, 3))
        before = rng.randint(0, min(kernel - 1, 4)) * (not up) * dilation
        layers.append(Layer(kernel, stride, dilation, before, up))
    return layers


@pytest.mark.parametrize("seed", range(60))
def test_what_is_held_is_what_buffers_hold(seed: int):
    layers = drawn(random.Random(seed))
    plan = rfield.stream_plan(chain(layers))
    running = Chain(layers)
    assert running.samples_until(1) == plan.first_output_after or plan.first_output_after == 0
    # On to the middle of the stream, and to the end of a chunk.
    running.push(-(-(running.arrived + 400) // plan.grid) * plan.grid - running.arrived)
    held = {f"layer{k}": layer.held for k, layer in enumerate(layers)}
    for chunk in (plan.grid, 3 * plan.grid):
        assert running.push(chunk) == plan.chunk_outputs(chunk)
        assert {f"layer{k}": layer.held for k, layer in enumerate(layers)} == held
    found = {state.layer: state.held for state in plan.layers}
    assert {name: n for name, n in held.items() if n} == {k: n for k, n in found.items() if n}
    for state in plan.layers:
        assert state.window is not None
        assert state.held >= state.window.state
        assert state.shape == ((1, 1, state.held) if state.held else state.shape)


@pytest.mark.parametrize("seed", range(30))
def test_a_branch_waits_as_long_as_its_buffer_is(seed: int):
    rng = random.Random(seed)
    stem = Layer(3, rng.choice((1, 2, 3)), 1, 1)
    branches = [
        [
            Layer(k, 1, d, rng.randint(0, (k - 1) * d))
            for k, d in ((3, 2), (5, 1))[: rng.randint(0, 2)]
        ]
        for _ in range(3)
    ]
    b = rfield.GraphBuilder()
    y = b.conv(
        "stem", b.input("signal", (1, 1, 600)), kernel=3, stride=stem.stride, padding=[(1, 0)]
    )
    ends = []
    for name, layers in zip("abc", branches, strict=True):
        z = b.pointwise(f"{name}/in", y)
        for k, layer in enumerate(layers):
            pads = [(layer.before, (layer.kernel - 1) * layer.dilation - layer.before)]
            z = b.conv(f"{name}/{k}", z, kernel=layer.kernel, dilation=layer.dilation, padding=pads)
        ends.append(z)
    plan = rfield.stream_plan(b.build(outputs=[b.add("join", *ends)]))
    running = [Chain([Layer(3, stem.stride, 1, 1), *layers]) for layers in branches]
    given, longest = [0, 0, 0], [0, 0, 0]
    for _ in range(200):
        given = [n + chain_.push(1) for n, chain_ in zip(given, running, strict=True)]
        waiting = [n - min(given) for n in given]
        # Counted just before a position that all have is taken away.
        longest = [max(pair) for pair in zip(longest, waiting, strict=True)]
    delays = [0, 0, 0]
    if plan.joins:
        (join,) = plan.joins
        assert (join.layer, join.hop) == ("join", stem.stride)
        delays = [delay for _, delay in join.delays]
    assert delays == longest


def test_a_join_tells_which_branch_waits():
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 8, 200))
    y = b.conv("conv", x, kernel=5, padding=2, channels=8)
    plan = rfield.stream_plan(b.build(outputs=[b.add("residual", x, y)]))
    assert [(j.layer, j.delays) for j in plan.joins] == [("residual", (("signal", 2), ("conv", 0)))]
    causal_ = b.conv("causal", x, kernel=5, padding=[(4, 0)], channels=8)
    assert rfield.stream_plan(b.build(outputs=[b.add("sum", x, causal_)])).joins == ()


def test_a_spectrogram_has_its_time_where_it_is_said_to_be():
    b = rfield.GraphBuilder()
    y = b.conv(
        "conv", b.input("mel", (1, 1, 80, 200)), kernel=(3, 5), stride=(2, 4), padding=(1, 2)
    )
    graph = b.build(outputs=[b.permute("turned", y, (0, 3, 1, 2))])
    plan = rfield.stream_plan(graph, axis="x")
    assert (plan.size, plan.hop, plan.input_axis, plan.output_axis) == (5, 4, 3, 1)
    for same in (3, -1):
        assert rfield.stream_plan(graph, axis=same).as_dict() == plan.as_dict()
    other = rfield.stream_plan(graph, axis="y")
    assert (other.size, other.hop, other.output_axis) == (3, 2, 3)
    frames = rfield.stream_plan(graph, axis="x", sample_rate=100)
    assert frames.seconds(frames.size) == 0.05


def recurrent(backward: bool) -> Any:
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("signal", (1, 1, 60)), kernel=3, padding=1)
    return b.build(outputs=[b.cumsum("sum", y, axis=2, backward=backward)])


def test_a_running_sum_remembers_everything_and_waits_for_nothing():
    plan = rfield.stream_plan(recurrent(backward=False))
    assert (plan.past, plan.size, plan.warm_up) == (rfield.UNBOUNDED,) * 3
    assert (plan.look_ahead, plan.memory, plan.exact) == (1, ("sum",), True)
    assert plan.first_valid_output is plan.first_valid_after is None
    with pytest.raises(NotStreamableError) as error:
        next(rfield.run_streaming(abs, [], plan))
    assert str(error.value) == (
        "sum: parts of a stream do not give what the whole gives\n  the past has no end in sum: "
        'such layers need their own state, kept from chunk to chunk. state="carry" keeps it for '
        "a torch.nn.Module;\n  layers of other frameworks give it themselves."
    )


def gated() -> Any:
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("signal", (1, 4, 60)), kernel=3, padding=1, channels=4)
    return b.build(outputs=[b.multiply("gate", y, b.reduce("mean", y, axes=(2,), keepdims=True))])


def test_a_whole_axis_read_is_an_obstacle_with_its_layers():
    plan = rfield.stream_plan(gated())
    assert not plan.exact
    assert plan.obstacles == ("all of the time axis is read by mean",)
    assert (plan.size, plan.past, plan.look_ahead) == (rfield.UNBOUNDED, 1, 1)
    with pytest.raises(NotStreamableError) as error:
        next(rfield.run_streaming(abs, [], plan))
    assert str(error.value) == (
        "gate: parts of a stream do not give what the whole gives\n"
        "  all of the time axis is read by mean"
    )


def build(make: Callable[[Any, Any], Any], shape: tuple[int, ...] = (1, 4, 60)) -> Any:
    b = rfield.GraphBuilder()
    return b.build(outputs=[make(b, b.input("signal", shape))])


BAD: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: rfield.stream_plan(speech_encoder(), axis="x"),
        "unknown axis of signal 'x'. Known: t.",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder(), axis=1),
        "axis = 1: not a time axis of signal, whose axes are 2 (t); the others are batch or "
        "channels.\n  If it is time, read the model with axes=(1,)",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder(), axis=-3),
        "axis = -3: not a time axis of signal, whose axes are 2 (t); the others are batch or "
        "channels.\n  If it is time, read the model with axes=(0,)",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder(), axis=3),
        "axis = 3; expected a name or one of the 3 axes",
    ),
    (
        lambda: rfield.stream_plan(build(lambda b, x: b.pointwise("p", x), (1, 1, 8, 9))),
        "signal has 2 axes that could be time: 2 (y) and 3 (x). Choose one with axis=",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder(), sample_rate=0),
        "sample_rate = 0; expected a positive number",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder(), sample_rate="fast"),  # type: ignore[arg-type]
        "sample_rate = 'fast'; expected a positive number",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder(), chunk=1000),
        "chunk = 1000: chunks are multiples of 320 samples. The nearest: 960 or 1280",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder()).chunk_outputs(3),
        "chunk = 3: chunks are multiples of 320 samples. The nearest: 320",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder(), chunk=-5),
        "chunk = -5; expected a positive integer",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder()).seconds(3),
        "seconds need the sample rate: stream_plan(…, sample_rate=)",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder(), sample_rate=1).lengths("m"),
        "unknown unit 'm'. Did you mean 'ms'?",
    ),
    (
        lambda: rfield.stream_plan(speech_encoder(), chunks=5),
        "unknown option 'chunks'. Did you mean 'chunk'?",
    ),
    (
        lambda: rfield.stream_plan(build(lambda b, x: b.global_pool("pool", x))),
        "pool: it has no place of its own in time\n  all of the time axis is read by pool",
    ),
    (
        lambda: rfield.stream_plan(build(lambda b, x: b.flip("flip", x, axes=(2,)))),
        "flip: it runs backwards in time\n  time is turned round by flip",
    ),
    (
        lambda: rfield.stream_plan(recurrent(backward=True)),
        "sum: it has no place of its own in time\n  all of the time axis is read by sum",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "text"), BAD)
def test_what_a_person_reads(ask: Callable[[], Any], text: str):
    with pytest.raises(rfield.RFieldError) as error:
        ask()
    assert str(error.value) == text
