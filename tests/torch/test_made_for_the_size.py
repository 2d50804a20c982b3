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
