"""What a model makes for the size of its input: pieces equal the whole or are refused."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402

pytestmark = pytest.mark.torch


class Net(torch.nn.Module):
    def __init__(self, function, axes):
        super().__init__()
        kind = torch.nn.Conv2d if axes == 2 else torch.nn.Conv1d
        self.conv = kind(2, 2, 3, padding=1).double()
        self.function = function

    def forward(self, x):
        return self.function(self.conv(x))


@pytest.mark.parametrize(
    "function", [torch.tril, torch.triu, lambda x: x.triu(3), lambda x: x.tril(-2)]
)
def test_a_triangle_of_the_image_is_not_that_of_a_tile(function):
    with pytest.raises(rfield.NotTileableError, match="made for the size of its input"):
        rfield.tile_plan(Net(function, 2), (37, 53), tile=24, input_shape=(1, 2, 24, 24))


def test_a_triangle_of_windows_is_the_same_everywhere():
    def function(x):
        windows = x.unflatten(3, (-1, 4)).unflatten(2, (-1, 4)).transpose(3, 4)
        return windows.tril().transpose(3, 4).flatten(4, 5).flatten(2, 3)

    model = Net(function, 2)
    plan = rfield.tile_plan(model, (36, 52), tile=24, input_shape=(1, 2, 24, 24))
    image = torch.randn(1, 2, 36, 52, dtype=torch.float64)
    with torch.no_grad():
        assert (torch.as_tensor(rfield.run_tiled(model, image, plan)) == model(image)).all()


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.tril(2),
        lambda x: (x > 0).cumsum(-1) * x,
        lambda x: (x > -9).to(torch.uint8).cumsum(-1) * x,
        lambda x: (x > 0).to(torch.int8).cumprod(-1) * x,
    ],
)
def test_streams_of_running_counts_and_triangles(function):
    model = Net(function, 1)
    plan = rfield.stream_plan(model, axis=2, input_shape=(1, 2, 64))
    signal = torch.randn(1, 2, 300, dtype=torch.float64)
    parts = list(rfield.run_streaming(model, signal.split(7, -1), plan, state="carry"))
    with torch.no_grad():
        assert torch.allclose(torch.cat(parts, -1), model(signal), atol=1e-12)


def test_a_factor_that_the_length_chooses_is_noticed_at_the_end():
    model = Net(lambda x: x * (2 if x.shape[-1] > 300 else 1), 1)
    plan = rfield.stream_plan(model, axis=2, input_shape=(1, 2, 64))
    for length in (200, 400):
        signal = torch.randn(1, 2, length, dtype=torch.float64)
        parts = rfield.run_streaming(model, signal.split(7, -1), plan, state="carry")
        if length == 400:
            with pytest.raises(rfield.NotStreamableError, match="depends on the length"):
                list(parts)
        else:
            with torch.no_grad():
                assert torch.allclose(torch.cat(list(parts), -1), model(signal), atol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, large: torch.nn.functional.normalize(x, p=1 + large, dim=1),
        lambda x, large: torch.norm(x, p=1 + large, dim=1, keepdim=True),
        lambda x, large: torch.renorm(x, 1 + large, 0, 0.5),
        lambda x, large: x ** (2 + large),
    ],
)
def test_an_order_that_the_size_chooses_is_compared(function):
    model = Net(lambda x: function(x, int(x.shape[3] > 30)), 2)
    with pytest.raises(rfield.NotTileableError):
        rfield.tile_plan(model, (36, 52), tile=24, input_shape=(1, 2, 24, 24))


def _halved(x, large):
    return (x.half() if large else x).double()


def _under_autocast(x, large):
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=large):
        return torch.nn.functional.conv2d(x.float(), torch.ones(2, 2, 1, 1)).double()


CHOSEN = {
    "a complex factor": (lambda x, large: (x * complex(1, large)).imag, "made for the size"),
    "a complex number that is made": (
        lambda x, large: (x * torch.exp(torch.tensor(1j * large))).real, "made for the size",
    ),
    "a complex number that is written out": (
        lambda x, large: torch.view_as_real(
            torch.view_as_complex(torch.stack([x, x], -1))
            * torch.view_as_complex(torch.tensor([1.0, 1.0 + large], dtype=x.dtype))
        )[..., 1],
        "made for the size",
    ),
    "rounded": (_halved, "in another type"),
    "a type of its own": (
        lambda x, large: (100 * x).to(torch.int16 if large else torch.uint8).double(),
        "in another type",
    ),
    "for one op": (
        lambda x, large: x.softmax(1, dtype=torch.float32 if large else x.dtype).to(x.dtype),
        "in another type",
    ),
    "autocast": (_under_autocast, "in another type"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHOSEN)
def test_one_number_or_a_type_that_the_size_chooses(name):
    function, why = CHOSEN[name]
    image = torch.randn(1, 2, 36, 52, dtype=torch.float64)
    model, same = (Net(lambda x, n=n: function(x, x.shape[-1] > n), 2) for n in (40, 0))
    same.load_state_dict(model.state_dict())
    with torch.no_grad():
        assert not torch.equal(model(image)[..., :20], model(image[..., :32])[..., :20])
    with pytest.raises(rfield.NotTileableError, match=why):
        rfield.tile_plan(model, (36, 52), tile=24, input_shape=(1, 2, 24, 24))
    plan = rfield.tile_plan(same, (36, 52), tile=24, input_shape=(1, 2, 24, 24))
    with torch.no_grad():
        difference = rfield.run_tiled(same, image, plan) - same(image)
        assert plan.exact
        assert abs(difference).max() < 1e-6


def test_an_input_that_is_rounded_where_it_is_large():
    class Rounding(Net):
        def forward(self, x):
            return self.conv(_halved(x, x.shape[-1] > 40))

    with pytest.raises(rfield.NotTileableError, match="in another type"):
        rfield.tile_plan(Rounding(None, 2), (36, 52), tile=24, input_shape=(1, 2, 24, 24))
