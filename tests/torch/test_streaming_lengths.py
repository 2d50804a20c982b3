"""Plans of models whose padding, crops and resizes depend on the length of the stream.

Whatever plan says that it is exact is run on streams of many lengths, cut at random, beside the
model on the whole stream; a plan that does not hold for a length must say so.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

import rfield  # noqa: E402
from rfield.errors import NotStreamableError  # noqa: E402

from .streams import whole  # noqa: E402
from .test_streaming import cut, ragged  # noqa: E402

pytestmark = pytest.mark.torch


class Step(nn.Module):
    """A layer, and what is done to its input, of which the length is known."""

    def __init__(self, layer: nn.Module, before: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layer, self.before = layer, before

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(self.before(x))


class Beside(nn.Module):
    """A wide convolution beside a narrow branch, whose field lies inside."""

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.wide, self.branch = nn.Conv1d(1, 1, 15, padding=7), branch

    def forward(self, x: Tensor) -> Tensor:
        return self.wide(x) + self.branch(x)[..., : x.shape[-1]]


def same(kernel: int, stride: int, lower: bool) -> nn.Module:
    """SAME padding as TensorFlow (or ``SAME_LOWER`` of ONNX) has it, worked out in ``forward``."""

    def pad(x: Tensor) -> Tensor:
        length = x.shape[-1]
        total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        first = -(-total // 2) if lower else total // 2
        return functional.pad(x, (first, total - first)) if total else x

    return Step(nn.Conv1d(1, 1, kernel, stride), pad)


def to_multiple(multiple: int, left: bool, crop: bool) -> nn.Module:
    """Padding or a crop, on the left or on the right, to a multiple of something."""

    def change(x: Tensor) -> Tensor:
        over = x.shape[-1] % multiple
        if crop:
            return x[..., over:] if left else x[..., : x.shape[-1] - over]
        missing = -x.shape[-1] % multiple
        return functional.pad(x, (missing, 0) if left else (0, missing))

    return Step(nn.Conv1d(1, 1, 3, padding=1), change)


def resized(factor: int) -> nn.Module:
    """A resize to the length without its rest."""

    def change(x: Tensor) -> Tensor:
        return functional.interpolate(x, size=max(1, x.shape[-1] // factor * factor))

    return Step(nn.Conv1d(1, 1, 3, padding=1), change)


def layer(rng: random.Random) -> nn.Module:
    kernel, stride = rng.randint(1, 5), rng.choice((1, 2, 2, 3))
    left, crop, multiple = rng.random() < 0.5, rng.random() < 0.5, rng.choice((2, 3, 4, 8))
    return rng.choice((
        lambda: same(kernel, stride, left),
        lambda: same(kernel, stride, left),
        lambda: to_multiple(multiple, left, crop),
        lambda: to_multiple(multiple, False, crop),
        lambda: resized(rng.choice((1, 2))),
        lambda: Beside(to_multiple(multiple, True, False)),
        lambda: nn.Conv1d(1, 1, kernel, stride, kernel // 2),
        lambda: nn.Conv1d(1, 1, kernel, 1, kernel - 1),
        lambda: nn.MaxPool1d(2),
        lambda: nn.ConvTranspose1d(1, 1, 2, 2),
    ))()  # fmt: skip


def network(rng: random.Random) -> nn.Module:
    return whole(nn.Sequential(*(layer(rng) for _ in range(rng.randint(1, 3)))))


def check(model: nn.Module, plan: rfield.StreamPlan, length: int, seed: int) -> None:
    """The parts put together are the whole, bit for bit."""
    x = torch.randint(-3, 4, (1, 1, length), generator=torch.Generator().manual_seed(seed)).double()
    expected = model(x)
    parts = list(rfield.run_streaming(model, cut(x, 2, ragged(seed)), plan))
    assert torch.equal(torch.cat(parts, 2), expected)


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_that_is_exact_is_right_for_every_length(seed: int):
    rng = random.Random(seed)
    model, read_at = network(rng), rng.randint(60, 72)
    try:
        plan = rfield.stream_plan(model, input_shape=(1, 1, read_at))
    except NotStreamableError as error:
        assert "paths with different strides" in str(error) or "windows over time" in str(error)  # noqa: PT017  # no other reason is right
        return
    for length in [rng.randint(90, 200) for _ in range(4)] if plan.exact else []:
        check(model, plan, length, seed)
    length = rng.randint(90, 130)
    known = rfield.stream_plan(model, input_shape=(1, 1, read_at), length=length)
    for more in (0, 1, 5) if known.exact else ():
        check(model, known, length + more * known.grid, seed)


MODELS = {
    "same, stride 2": (lambda: same(3, 2, False), False, True),
    "same, stride 2, kernel 4: the left side is always 1": (lambda: same(4, 2, False), True, True),
    "the same, lower": (lambda: same(4, 2, True), False, True),
    "same, stride 1": (lambda: same(5, 1, False), True, True),
    "padding up to a multiple, on the right": (
        lambda: to_multiple(4, False, False), True, True,
    ),
    "on the left: no stride has that step": (lambda: to_multiple(4, True, False), False, True),
    "a crop on the left": (lambda: to_multiple(3, True, True), False, True),
    "a crop on the right": (lambda: to_multiple(3, False, True), True, True),
    "a branch that a wider one hides": (
        lambda: Beside(to_multiple(8, True, False)), False, True,
    ),
    "padded on the left, then halved": (
        lambda: nn.Sequential(to_multiple(2, True, False), nn.MaxPool1d(2)), False, True,
    ),
    "a resize to the same length": (lambda: resized(1), True, True),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_which_plans_are_exact(name: str):
    make, without, with_length = MODELS[name]
    model = whole(make())
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    known = rfield.stream_plan(model, input_shape=(1, 1, 64), length=100)
    assert (plan.exact, known.exact) == (without, with_length)
    for length in range(60, 80) if without else ():
        check(model, plan, length, length)
    for length in range(100, 100 + 9 * known.grid, known.grid) if with_length else ():
        check(model, known, length, length)


def test_what_stands_in_the_way_names_the_layer_and_what_to_do():
    model = whole(nn.Sequential(same(3, 2, False), same(1, 1, False)))
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    assert plan.obstacles == (
        "what 0.layer reads depends on the length of the stream: say how long it is, "
        "stream_plan(…, length=)",
    )
    halved = whole(Step(nn.Conv1d(1, 1, 3, padding=1), lambda x: x[..., x.shape[-1] // 2 :]))
    known = rfield.stream_plan(halved, input_shape=(1, 1, 64), length=100)
    assert known.obstacles == (
        "what slice reads depends on the length of the stream, and does not repeat after every "
        "sample or a few times as many",
    )


class Forked(nn.Module):
    """Another way at lengths that are multiples of five."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(1, 1, 3, padding=1)
        self.second = nn.Conv1d(1, 1, 3, padding=1)

    def forward(self, x):
        y = self.first(x)
        return self.second(y) if x.shape[-1] % 5 == 0 else y


def test_a_way_that_depends_on_the_length_is_refused_or_right():
    model = Forked().double()
    plan = rfield.stream_plan(model, input_shape=(1, 1, 48))
    ran = 0
    for length in range(1, 60):
        x = torch.randn(1, 1, length).double()
        try:
            parts = list(rfield.run_streaming(model, x.split(5, -1), plan))
        except rfield.NotStreamableError:
            continue
        ran += 1
        assert torch.allclose(torch.cat(parts, -1), model(x), atol=1e-12)
    assert ran


CHOSEN = {
    "longer than 70": lambda size: size > 70,
    "shorter than 40": lambda size: size < 40,
    "an even length": lambda size: size % 2 == 0,
}


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize("change", ["weights", "number", "activation"])
def test_the_length_chooses_among_layers_that_read_alike(name, change):
    """Other weights, numbers or functions at the same places: no plan holds for all lengths."""
    large = CHOSEN[name]

    class Chooses(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv1d(1, 1, 3, padding=1)
            self.second = nn.Conv1d(1, 1, 3, padding=1)

        def forward(self, x):
            if change == "weights":
                return self.first(x) if large(x.shape[-1]) else self.second(x)
            if change == "number":
                return self.first(x) * (2 if large(x.shape[-1]) else 3)
            return self.first(x).relu() if large(x.shape[-1]) else self.first(x).abs()

    plan = rfield.stream_plan(Chooses(), input_shape=(1, 1, 64))
    layer = {"weights": "first", "number": "mul", "activation": "relu"}[change]
    layer = layer if large(64) else {"first": "second", "relu": "abs"}.get(layer, layer)
    assert plan.obstacles == (
        f"what {layer} reads depends on the length of the stream: say how long it is, "
        "stream_plan(…, length=)",
    )


def test_a_stream_whose_first_output_needs_no_sample():
    """Kernel 1 behind padding: output 0 reads padding alone; nothing is run on no samples."""
    model = nn.Conv1d(1, 1, 1, stride=2, padding=1)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 61))
    for length in range(1, 6):
        x = torch.randn(1, 1, length)
        parts = list(rfield.run_streaming(model, x.split(1, -1), plan))
        assert torch.equal(torch.cat(parts, -1), model(x))


@pytest.mark.parametrize("least", [19, 33, 100, 400])
def test_a_model_that_wants_more_samples_than_its_field(least):
    """No window is shorter than what the model takes."""

    class Wants(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv1d(1, 1, 5, padding=2)

        def forward(self, x):
            if x.shape[-1] < least:
                raise ValueError("too short")
            return self.layer(x)

    model = whole(Wants())
    plan = rfield.stream_plan(model, input_shape=(1, 1, 500))
    x = torch.randint(0, 9, (1, 1, 977)).double()
    parts = list(rfield.run_streaming(model, x.split(50, -1), plan))
    assert len(parts) > 5
    assert torch.equal(torch.cat(parts, -1), model(x))


def test_equal_plans_of_two_models_have_windows_of_their_own():
    """They differ in what their code takes, which no number of a plan tells."""

    class Wants(nn.Module):
        def __init__(self, least):
            super().__init__()
            self.least, self.layer = least, nn.Conv1d(1, 1, 5, padding=2)

        def forward(self, x):
            if x.shape[-1] < self.least:
                raise ValueError("too short")
            return self.layer(x)

    models = [whole(Wants(least)) for least in (19, 400)]
    plans = [rfield.stream_plan(model, input_shape=(1, 1, 500)) for model in models]
    x = torch.randint(0, 9, (1, 1, 977)).double()
    for model, plan in zip(models, plans, strict=True):
        parts = list(rfield.run_streaming(model, x.split(50, -1), plan))
        assert torch.equal(torch.cat(parts, -1), model(x))
