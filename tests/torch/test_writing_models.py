"""Models that write into what they are given, as one does whose first op works in place."""

import numpy as np
import pytest
import torch
from torch import nn

import rfield
from rfield.errors import InvalidModelError
from tests.torch.tiling_nets import integers


class Scaled(nn.Module):
    """Takes something off its input, in place; where it is large, if ``over`` says how large."""

    def __init__(self, kind=nn.Conv2d, over=None):
        super().__init__()
        self.conv = kind(1, 1, 3, padding=1)
        self.over = over

    def forward(self, x):
        if self.over is None or (not torch.compiler.is_compiling() and x.max() > self.over):
            x = x.sub_(3).mul_(2)
        return self.conv(x)


def planned(model):
    return rfield.tile_plan(integers(model), (40, 56), tile=20, input_shape=(1, 1, 32, 32))


def test_tiles_leave_the_image_as_it_is():
    model = Scaled()
    plan, x = planned(model), torch.arange(2240.0, dtype=torch.float64).reshape(1, 1, 40, 56) % 17
    with torch.no_grad():
        whole, image = model(x.clone()), x.clone()
        for options in ({}, {"batch": 4}, {"prefetch": True}, {"prepare": lambda part: part[:]}):
            assert torch.equal(rfield.run_tiled(model, image, plan, **options), whole)
            assert torch.equal(image, x)

        def of_arrays(part):
            return model(torch.from_numpy(part)).numpy()

        array = x.numpy().copy()
        assert np.array_equal(rfield.run_tiled(of_arrays, array, plan), whole.numpy())
        lazy = plan.to_dask(of_arrays, array)
        assert np.array_equal(lazy.compute(scheduler="sync"), whole.numpy())
        assert np.array_equal(array, x.numpy())
    with torch.inference_mode():
        image = x.clone()
        assert torch.equal(rfield.run_tiled(model, image, plan), whole)
        assert torch.equal(image, x)


def test_a_write_that_comes_later_is_an_error():
    """The first tile is left alone; the model is one of those that scale what is too large."""
    plan = planned(Scaled())
    model = integers(Scaled(over=9))
    x = torch.zeros(1, 1, 40, 56, dtype=torch.float64)
    x[..., 30:] = 10
    with torch.no_grad(), pytest.raises(InvalidModelError) as error:
        rfield.run_tiled(model, x, plan)
    assert str(error.value) == (
        "tile (0, 1): the function wrote into the image, and did not at the first tile.\n"
        "  Give one that writes into a copy: lambda x: model(x.clone())"
    )


@pytest.mark.parametrize("state", ["overlap", "carry"])
@pytest.mark.parametrize("chunk", [1, 7, 60])
def test_streams_leave_the_chunks_as_they_are(state, chunk):
    model = integers(Scaled(nn.Conv1d))
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    x = torch.arange(60, dtype=torch.float64).reshape(1, 1, 60) % 17
    given = x.clone()
    with torch.no_grad():
        parts = rfield.run_streaming(model, given.split(chunk, 2), plan, state=state)
        assert torch.equal(torch.cat(list(parts), 2), model(x.clone()))
    assert torch.equal(given, x)


class Sums(nn.Module):
    def forward(self, x):
        return x.cumsum(2)


class Later(nn.Module):
    def forward(self, x):
        return x[..., 2:]


@pytest.mark.parametrize("state", ["overlap", "carry"])
@pytest.mark.parametrize("make", [Sums, Later, lambda: nn.Conv1d(1, 1, 5, padding=2).double()])
def test_sources_and_takers_may_write_into_their_own(make, state):
    """One buffer for all chunks, and a gain on every result."""
    model = make()
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    if state == "overlap" and plan.memory:
        pytest.skip("a running sum is carried")
    x, buffer = torch.randn(1, 1, 97).double(), torch.empty(1, 1, 13).double()

    def arriving():
        for part in x.split(13, 2):
            yield buffer[..., : part.shape[2]].copy_(part)
            buffer.fill_(9)

    parts = []
    with torch.no_grad():
        for part in rfield.run_streaming(model, arriving(), plan, state=state):
            parts.append(part.clone())
            part.mul_(0.5)
        assert torch.allclose(torch.cat(parts, 2), model(x), rtol=0, atol=1e-12)


def test_chunks_of_another_batch_are_named_where_state_is_carried():
    model = nn.Conv1d(1, 1, 5, padding=2)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    chunks = [torch.zeros(1, 1, 9), torch.zeros(2, 1, 9)]
    with pytest.raises(rfield.RFieldError) as told:
        list(rfield.run_streaming(model, chunks, plan, state="carry"))
    assert str(told.value) == ("chunk 2 has shape (2, 1, 9); expected (1, 1, ?), like those before")
