"""Numbers made of the size of the input: tiles that would have others are refused."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

WEIGHT = torch.randint(-3, 4, (1, 1, 3, 3)).double()
SCALES = torch.arange(1.0, 9.0).double()


def colors(x, volume):
    """What stands in a volume where three numbers for each pixel say."""
    places = torch.stack([x, x / 4, -x], -1)
    return F.grid_sample(volume, places / 9, align_corners=True)[:, :, 0]


def beside(x, made):
    """The input, written into the second of two channels."""
    both = made((1, 2, *x.shape[2:]))
    both[:, 1:] = x
    return both


class Calls(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function
        self.scales = nn.Parameter(SCALES)

    def forward(self, x):
        return self.function(x, x.shape[-1], self.scales)


OF_THE_SIZE = {
    "one element": lambda x, n, p: x + torch.full((1,), float(n)),
    "a scalar": lambda x, n, p: x * torch.tensor(n),
    "its root": lambda x, n, p: x * torch.tensor(float(n)).sqrt(),
    "made by the input": lambda x, n, p: x * x.new_tensor(n),
    "a sum": lambda x, n, p: x * torch.ones(n).sum(),
    "a step": lambda x, n, p: x + torch.linspace(0, 1, n)[1],
    "a weight": lambda x, n, p: F.conv2d(x, WEIGHT / n, padding=1),
    "a bias": lambda x, n, p: F.conv2d(x, WEIGHT, torch.full((1,), n).double(), padding=1),
    "a parameter": lambda x, n, p: x * (p * n)[0],
    "one of many parameters": lambda x, n, p: x * p[n % 11 % 8],
    "a mean of some": lambda x, n, p: x * p[: n // 10].mean(),
    "a look-up": lambda x, n, p: x * F.embedding(torch.tensor([n % 11 % 8]), p[:, None])[0, 0],
    "what is padded": lambda x, n, p: F.conv2d(F.pad(x, (1, 1, 1, 1), value=n), WEIGHT),
    "the other choice": lambda x, n, p: torch.where(x > 0, x, 1.0 * n),
    "a bound": lambda x, n, p: x.clamp(max=torch.tensor(n / 100)),
    "statistics": lambda x, n, p: F.batch_norm(x, torch.full((1,), n / 1.0).double(), p[:1]),
    "an epsilon": lambda x, n, p: F.batch_norm(x, p[:1] * 0, p[:1], eps=1 / n),
    "a matrix": lambda x, n, p: F.linear(x[..., None], torch.eye(1).double() * n)[..., 0],
    "a contraction": lambda x, n, p: torch.einsum("bchw,cd->bdhw", x, p[:1, None] * n),
    "a slope": lambda x, n, p: F.prelu(x, torch.full((1,), 1 / n).double()),
    "one or none": lambda x, n, p: x + (torch.zeros_like if n > 40 else torch.ones_like)(x),
    "what is filled": lambda x, n, p: torch.cat([x, torch.full_like(x, n)], 1),
    "what is left": lambda x, n, p: torch.cat([x, x * 0 + n], 1),
    "what is written to": lambda x, n, p: beside(x, x.new_zeros if n > 40 else x.new_ones),
    "a sum of nothing": lambda x, n, p: x + (x * 0 + 1).sum(),
    "a count of nothing": lambda x, n, p: x + (x * 0 + 1).cumsum(-1),
    "a sorted table": lambda x, n, p: torch.bucketize(x, torch.linspace(-9, 9, n).double()) * x,
    "a volume": lambda x, n, p: colors(x, torch.full((1, 2, 3, 3, 3), 1.0 * n).double()),
}


@pytest.mark.parametrize("name", OF_THE_SIZE)
def test_tiles_would_have_other_numbers(name) -> None:
    model = Calls(OF_THE_SIZE[name]).double()
    with pytest.raises(rfield.errors.NotTileableError, match="numbers that are made for the size"):
        rfield.tile_plan(model, (60, 72), tile=(32, 30), input_shape=(1, 1, 60, 72))


THE_SAME = {
    "a weight": lambda x, n, p: F.conv2d(x, WEIGHT / 2, padding=1),
    "a parameter": lambda x, n, p: x * (p * 2)[0],
    "a look-up": lambda x, n, p: x * F.embedding(torch.tensor([3]), p[:, None])[0, 0],
    "what is padded": lambda x, n, p: F.conv2d(F.pad(x, (1, 1, 1, 1), value=3), WEIGHT),
    "a row that is added to": lambda x, n, p: x.index_add(
        2, torch.tensor([0, 2]), torch.ones(1, 1, 2, n).double()
    ),
    "a place that is added to": lambda x, n, p: x.index_put(
        (torch.tensor(0), torch.tensor(0), torch.tensor(5)), p[3], accumulate=True
    ),
    "a row of scatters": lambda x, n, p: x.scatter_add(
        2, torch.zeros(1, 1, 1, n, dtype=torch.long), torch.ones(1, 1, 1, n).double()
    ),
    "no times itself": lambda x, n, p: x + x * 0,
    "no times itself, then more": lambda x, n, p: x + (0 * x).exp() * 2,
    "nothing times itself": lambda x, n, p: x - torch.zeros_like(x) * x,
    "its power of nothing": lambda x, n, p: torch.where(x**0 > 0, x, -x),
    "waves from none on": lambda x, n, p: torch.cat([torch.cos(x * k) for k in range(3)], 1),
    "what is filled": lambda x, n, p: torch.cat([x, torch.full_like(x, 3), x * 2], 1),
    "what is written to": lambda x, n, p: beside(x, x.new_zeros),
    "a sorted table": lambda x, n, p: torch.bucketize(x, torch.linspace(-9, 9, 7).double()) * x,
    "a sorted parameter": lambda x, n, p: torch.searchsorted(p, x, right=True) * x,
    "a set": lambda x, n, p: torch.isin(x, p.view(2, 4)) * x,
    "a volume": lambda x, n, p: colors(x, p.expand(1, 2, 3, 2, 8)),
}


@pytest.mark.parametrize("name", THE_SAME)
def test_numbers_that_stay_are_no_obstacle(name) -> None:
    model = Calls(THE_SAME[name]).double()
    x = torch.randint(-9, 9, (1, 1, 60, 72)).double()
    plan = rfield.tile_plan(model, (60, 72), tile=(32, 30), input_shape=(1, 1, 60, 72))
    assert len(plan) > 1
    with torch.no_grad():
        assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


PLACES = {
    "filled": lambda x, n, p: x.clone().index_fill_(2, torch.tensor([0]), 0.0),
    "scattered": lambda x, n, p: x.scatter(2, torch.zeros(1, 2, 1, dtype=torch.long), 5.0),
    "added": lambda x, n, p: x.index_add(2, torch.tensor([0, 2]), torch.ones(1, 2, 2).double()),
}


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("state", ["overlap", "carry"])
@pytest.mark.parametrize("sizes", [(9,), (1,), (3, 1, 7, 2, 16)])
def test_writes_to_fixed_places_of_a_stream(name, state, sizes) -> None:
    model = Calls(PLACES[name]).double()
    plan = rfield.stream_plan(model, input_shape=(1, 2, 64))
    x = torch.randint(-9, 9, (1, 2, 96)).double()
    chunks = []
    rest = x
    while rest.shape[2]:
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(rest[..., :size])
        rest = rest[..., size:]
    with torch.no_grad():
        made = torch.cat(list(rfield.run_streaming(model, chunks, plan, state=state)), 2)
        assert torch.equal(made, model(x))


class Chooses(nn.Module):
    """One of two kernels of the same shape, by the width of its input."""

    def __init__(self, kind):
        super().__init__()
        kernels = torch.randint(1, 9, (2, 1, 1, 3, 3)).double()
        for name, kernel in zip(("wide", "narrow"), kernels, strict=True):
            if kind is nn.Parameter:
                setattr(self, name, kind(kernel, requires_grad=False))
            else:
                self.register_buffer(name, kernel)

    def forward(self, x):
        return F.conv2d(x, self.wide if x.shape[-1] > 40 else self.narrow, padding=1)


@pytest.mark.parametrize("kind", [nn.Parameter, "a buffer"])
def test_another_weight_of_the_same_shape(kind) -> None:
    with pytest.raises(rfield.errors.NotTileableError, match="numbers that are made for the size"):
        rfield.tile_plan(Chooses(kind), (60, 72), tile=(32, 30), input_shape=(1, 1, 60, 72))
    plan = rfield.tile_plan(Chooses(kind), (60, 72), tile=(60, 52), input_shape=(1, 1, 60, 72))
    assert plan.exact


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (lambda x: F.max_pool2d(x, 2, 2, 1), "Expected 3D or 4D"),  # torch's own
        (lambda x: F.pad(x, (1, 1, 1, 1), mode="replicate"), "replicate padding of an empty axis"),
    ],
)
def test_layers_that_take_no_elements(layer, words) -> None:
    model = Calls(lambda x, n, p: layer(x[:, :, 4:] * p[0]))
    with pytest.raises(rfield.InvalidModelError, match=words):
        rfield.load(model, (1, 1, 4, 9))


MAXIMA = {
    "max_pool2d": lambda x: F.max_pool2d(x, 2, return_indices=True)[1],
    "adaptive": lambda x: F.adaptive_max_pool2d(
        x, (x.shape[2] // 2, x.shape[3] // 2), return_indices=True
    )[1],
    "rows": lambda x: F.max_pool1d(x[0], 2, return_indices=True)[1][None],
}


@pytest.mark.parametrize("name", MAXIMA)
def test_places_in_a_tile_are_not_those_in_the_image(name) -> None:
    model = Calls(lambda x, n, p: MAXIMA[name](x * p[0]))
    with pytest.raises(rfield.errors.NotTileableError, match="numbers that are made for the size"):
        rfield.tile_plan(model, (60, 72), tile=(32, 40), input_shape=(1, 1, 60, 72))


def test_places_along_an_axis_that_is_not_cut() -> None:
    model = Calls(lambda x, n, p: F.max_pool1d((x * p[0])[0], 2, return_indices=True)[1][None])
    plan = rfield.tile_plan(model, (60, 72), tile=(20, 72), input_shape=(1, 1, 60, 72))
    x = torch.rand(1, 1, 60, 72)
    assert torch.equal(rfield.run_tiled(model, x, plan), model(x))


def test_places_in_a_stream() -> None:
    model = Calls(lambda x, n, p: F.max_pool1d(x * p[0], 2, return_indices=True)[1])
    assert rfield.stream_plan(model, input_shape=(1, 1, 64)).obstacles == (
        "what max_pool2d_with_indices#2 reads depends on the length of the stream: say how long "
        "it is, stream_plan(…, length=)",
    )


@pytest.mark.parametrize("op", [torch.cummax, torch.cummin])
def test_where_a_running_extreme_lies_is_carried(op) -> None:
    model = Calls(lambda x, n, p: op(x, 2)[1] + op(x, 2)[0])
    plan = rfield.stream_plan(model, input_shape=(1, 2, 64))
    x = torch.randint(0, 5, (1, 2, 61)).double()
    parts = list(rfield.run_streaming(model, x.split(7, 2), plan, state="carry"))
    assert torch.equal(torch.cat(parts, 2), model(x))
