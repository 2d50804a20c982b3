"""What was known of a model goes with it: its weights, and masks that grow with the image."""

from __future__ import annotations

import gc
import tracemalloc
from weakref import ref

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Chunked(nn.Module):
    """Frames attend to those of their chunk of 20 and of the two before."""

    def forward(self, x):
        number = torch.arange(x.shape[1]) // 20
        apart = number[:, None] - number
        other = ~((apart >= 0) & (apart <= 2))
        scores = (x @ x.transpose(1, 2)).masked_fill(other, -torch.inf).softmax(-1)
        return scores.masked_fill(other, 0.0) @ x


@pytest.fixture
def uncollected():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_a_reading_keeps_no_masks_but_those_of_its_graph():
    """Ten readings one after the other take no more than two at once."""
    graph = rfield.load(Chunked(), (1, 400, 4), axes=(1,))

    def read(times):
        tracemalloc.start()
        for _ in range(times):
            graph.reread({"x": (1, 400, 4)})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    read(1)  # what is kept for those who ask the same again
    one = read(1)
    assert one > 400 * 400 * 8
    assert read(10) < 2 * one


@pytest.mark.usefixtures("uncollected")
def test_a_model_goes_with_the_graph():
    for make in (Chunked, lambda: nn.Sequential(nn.Linear(4, 4), nn.Conv1d(40, 40, 3))):
        model = make()
        seen = ref(model)
        graph = rfield.load(model, (1, 40, 4))
        del model
        assert seen() is not None
        del graph
        assert seen() is None


@pytest.mark.usefixtures("uncollected")
def test_a_program_goes_with_the_graph():
    program = torch.export.export(Chunked(), (torch.zeros(1, 40, 4),))
    gc.collect()
    one, read = rfield.load(program, axes=(1,)), []
    tracemalloc.start()
    for _ in range(4):
        rfield.load(program, axes=(1,))
        read.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert one.nodes
    assert read[-1] - read[0] < 3 * 40 * 40 * 8


def streamed(model):
    plan = rfield.stream_plan(model, input_shape=(1, 4, 32))
    list(rfield.run_streaming(model, torch.rand(1, 4, 64).split(8, 2), plan))


def tiled(model):
    plan = rfield.tile_plan(model, 64, tile=32, input_shape=(1, 4, 32))
    rfield.run_tiled(model, torch.rand(1, 4, 64), plan)


QUESTIONS = {
    "a stream": streamed,
    "tiles": tiled,
    "sizes": lambda model: rfield.valid_sizes(model, input_shape=(1, 4, 32)),
    "free sizes": lambda model: rfield.receptive_field(model, input_shape=(1, 4, None)),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_keeps_a_model(question):
    model = nn.Sequential(nn.Conv1d(4, 4, 3, 2, 1), nn.ReLU(), nn.ConvTranspose1d(4, 4, 2, 2))
    seen = ref(model)
    QUESTIONS[question](model.eval())
    del model
    gc.collect()
    assert seen() is None
