"""Threads and processes: reading and asking at once is as good as one after the other."""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.objects import picture  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

THREADS = 8


def stack(kernel: int, depth: int = 4) -> nn.Module:
    """A stack of ``depth`` convolutions: it sees ``1 + depth * (kernel - 1)``."""
    parts: list[nn.Module] = []
    for _ in range(depth):
        parts += [nn.Conv1d(1, 1, kernel), nn.BatchNorm1d(1), nn.Dropout(0.1)]
    return nn.Sequential(*parts).train()


def at_once(*calls):
    """The results of calls that all begin at the same moment, each in its thread."""
    gate = threading.Barrier(len(calls))

    def begin(call):
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(begin, call) for call in calls]]


def field_of(model):
    """The field of a model that is read here and now."""
    return rfield.receptive_field(model, input_shape=(1, 1, 64))


def size_of(model):
    """Its size."""
    return field_of(model).size


def test_one_model_is_read_by_eight_threads():
    model = stack(3)
    before, kept = picture(model)
    for _ in range(5):
        assert at_once(*[lambda: size_of(model)] * THREADS) == [(9,)] * THREADS
    assert picture(model)[0] == before
    assert kept
    assert model.training


def test_eight_models_are_read_by_eight_threads():
    models = [stack(k) for k in range(1, 1 + THREADS)]
    calls = [lambda m=m: rfield.load(m, (1, 1, 64)) for m in models]
    graphs = at_once(*calls)
    for k, graph in enumerate(graphs, 1):
        assert rfield.receptive_field(graph).size == (1 + 4 * (k - 1),)
        names = [f"{part}" for part in range(12)]
        assert graph.layers == tuple(names)


class Elsewhere(nn.Module):
    """Is entered before a layer of the other thread, and left inside it."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.go_on = threading.Event(), threading.Event()

    def forward(self, x):
        self.entered.set()
        self.go_on.wait()
        return x


class Layer(nn.Module):
    """Waits for the other thread, then does its work."""

    def forward(self, x, other, thread):
        other.go_on.set()
        thread.join()
        return x.relu()


class Beside(nn.Module):
    """Runs a module in another thread while it runs itself."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = Layer()

    def forward(self, x):
        other = Elsewhere()
        thread = threading.Thread(target=other, args=(torch.ones(1),))
        thread.start()
        other.entered.wait()
        return self.layer(x, other, thread)


def test_a_module_that_runs_in_another_thread_does_not_mix_in():
    graph = rfield.load(Beside(), (1, 1, 9))
    assert [node.name for node in graph.nodes] == ["x", "layer/relu"]
    assert graph.layers == ("layer",)


def test_one_graph_is_asked_by_eight_threads():
    def questions():
        graph = rfield.load(stack(3), (1, 1, 64))
        return [
            lambda: rfield.receptive_field(graph).size,
            lambda: rfield.support(graph, (5,)).count,
            lambda: len(list(rfield.summary(graph))),
            lambda: rfield.alignment(graph).aligned,
            lambda: rfield.receptive_fields(graph)["6"].size,
            lambda: rfield.influence(graph, (5,)).weight.shape,
            lambda: rfield.receptive_field(graph).outputs_seeing((20,)).start,
            lambda: rfield.stream_plan(graph).size,
        ]

    for _ in range(10):
        assert at_once(*questions()) == [(9,), 9, 12, True, (7,), (9,), (12,), 9]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_read_what_they_are_given(method):
    graph = rfield.load(stack(3), (1, 1, 64))
    here = rfield.receptive_field(graph)
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as pool:
        assert list(pool.map(size_of, [stack(k) for k in (1, 2, 3)])) == [(1,), (5,), (9,)]
        assert pool.submit(field_of, stack(3)).result().as_dict() == here.as_dict()
        assert pool.submit(rfield.receptive_field, graph).result().as_dict() == here.as_dict()


class Waiting(nn.Module):
    """Lets its test go on while it is being read."""

    def __init__(self, reached: threading.Event, go_on: threading.Event) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3)
        self.events = [reached, go_on]

    def forward(self, x):
        self.events[0].set()
        self.events[1].wait(0.2)
        return self.conv(x)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_process_forked_while_a_model_is_read_finds_it_whole():
    reached, go_on = threading.Event(), threading.Event()
    model = Waiting(reached, go_on).train()
    thread = threading.Thread(target=lambda: rfield.load(model, (1, 1, 9)))
    thread.start()
    reached.wait()
    child = os.fork()
    if not child:
        fine = model.training and not torch.nn.modules.module._global_forward_hooks
        go_on.set()
        os._exit(0 if fine and size_of(model) == (3,) else 1)
    go_on.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
