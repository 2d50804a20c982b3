"""The parts of complex numbers: who asks for one does not read what the other was made of."""

from __future__ import annotations

import numpy as np
import pytest

import rfield
from tests.machine.perturbed import claimed, verdicts

pytestmark = pytest.mark.filterwarnings("ignore")

SHAPES = [(2, 3), (2, 3)]
NAMES = ["x", "y"]
AXES = dict.fromkeys(NAMES, (0, 1))


def read(graph):
    """The inputs that the first output depends on."""
    return {name for name in NAMES if graph.main in graph.dependents(graph.entry(name).node)}


def put(z, part, y):
    """Write to one part of a complex number."""
    getattr(z, part).add_(y)
    return z


TORCH = {
    "real": (lambda t, x, y: t.complex(x, y).real * 1, {"x"}),
    "imag": (lambda t, x, y: t.complex(x, y).imag * 1, {"y"}),
    "side by side": (lambda t, x, y: t.view_as_real(t.complex(x, y))[..., 1] * 1, {"y"}),
    "of a pair": (lambda t, x, y: t.view_as_complex(t.stack([x, y], -1)).real * 1, {"x"}),
    "moved": (lambda t, x, y: t.complex(x, y).T[1:].imag * 1, {"y"}),
    "joined": (lambda t, x, y: t.cat([t.complex(x, y), t.complex(x, x)]).real * 1, {"x"}),
    "conjugate": (lambda t, x, y: t.complex(x, y).conj().imag.resolve_neg() * 1, {"y"}),
    "sums": (lambda t, x, y: (t.complex(x, y) + t.complex(y, y)).imag * 1, {"y"}),
    "times i": (lambda t, x, y: (x + 1j * y).real * 1, {"x"}),
    "plus i times": (lambda t, x, y: (x + 1j * y).imag * 1, {"y"}),
    "turned": (lambda t, x, y: (t.complex(x, y) * 1j).imag * 1, {"x"}),
    "turned back": (lambda t, x, y: (t.complex(x, y) / 2j).imag * 1, {"x"}),
    "turned by a table": (
        lambda t, x, y: (t.tensor([1j, 2j, -1j]) * t.complex(x, y)).real * 1,
        {"y"},
    ),
    "a real number turned": (lambda t, x, y: (x * t.tensor([1j, 2j, -1j])).real * 1 + y, {"y"}),
    "a real number by a table": (lambda t, x, y: (x / t.tensor([2j, 1j, 1j])).real * 1 + y, {"y"}),
    "negative, of real weights": (
        lambda t, x, y: (-t.complex(x, y) * 3 * t.tensor([1.0, 2, 3])).real * 1,
        {"x"},
    ),
    "product": (lambda t, x, y: (t.complex(x, x) * t.complex(y, y)).imag * 1, {"x", "y"}),
    "no part": (lambda t, x, y: x.to(t.complex128).imag + y, {"y"}),
    "both": (lambda t, x, y: t.complex(x, y).abs(), {"x", "y"}),
    "both, summed": (lambda t, x, y: t.view_as_real(t.complex(x, y)).sum(-1), {"x", "y"}),
    "written": (lambda t, x, y: put(t.complex(x, x * 2), "real", y).imag * 1, {"x"}),
    "written and read": (lambda t, x, y: put(t.complex(x, x * 2), "real", y).real * 1, {"x", "y"}),
    "transformed": (lambda t, x, y: t.fft.fft(t.complex(x, y), dim=0).real * 1, {"x", "y"}),
}


@pytest.mark.torch
@pytest.mark.parametrize("name", TORCH)
def test_pytorch(name):
    torch = pytest.importorskip("torch")
    function, inputs = TORCH[name]

    class Parted(torch.nn.Module):
        def forward(self, x, y):
            return function(torch, x, y)

    graph = rfield.load(Parted(), dict(zip(NAMES, SHAPES, strict=True)), axes=AXES, dtype="float64")
    used = sorted(read(graph))
    assert inputs <= set(used)
    if name == "transformed":  # of two numbers it is a sum and a difference, without a zero
        return
    other = {each: np.ones((2, 3)) for each in NAMES}

    def run(*given):
        held = {**other, **dict(zip(used, given, strict=True))}
        return Parted()(*(torch.tensor(held[each]) for each in NAMES)).numpy()

    assert verdicts(graph, run, SHAPES[: len(used)], used) == ["exact"] * len(used)
    shape = graph.nodes[graph.main].shape
    assert {each for each in used if claimed(graph, (2, 3), each, shape)[0].any()} == inputs


@pytest.mark.torch
def test_rotary_embedding_by_complex_numbers():
    """The first position is turned by no angle; what of other sums cannot be told is a bound."""
    torch = pytest.importorskip("torch")
    table = torch.polar(torch.ones(3, 2), torch.outer(torch.arange(3.0), torch.tensor([1, 0.1])))

    class Rotary(torch.nn.Module):
        def forward(self, x):
            pairs = torch.view_as_complex(x.unflatten(1, (2, 2)))
            return torch.view_as_real(pairs * table).flatten(1)

    graph = rfield.load(Rotary(), {"x": (3, 4)}, axes=(0, 1), dtype="float64")

    def run(x):
        return Rotary()(torch.tensor(x)).numpy()

    assert verdicts(graph, run, [(3, 4)], ["x"]) == ["exact"]
    assert claimed(graph, (3, 4), "x", (3, 4))[0][:6].sum(1).tolist() == [1, 1, 1, 1, 2, 2]

    class Summed(torch.nn.Module):
        def forward(self, x):
            return torch.view_as_complex(x.unflatten(1, (2, 2))).cumsum(0).real

    rf = rfield.receptive_field(Summed(), input_shape=(3, 4), axes=(0, 1))
    assert rf.fidelity.name == "UPPER_BOUND"


@pytest.mark.jax
def test_jax():
    jax = pytest.importorskip("jax")
    made = jax.lax.complex
    for function, inputs in (
        (lambda x, y: made(x, y).real, {"x"}),
        (lambda x, y: jax.numpy.imag(made(x, y).T), {"y"}),
        (lambda x, y: jax.numpy.conj(made(x, y)).imag, {"y"}),
        (lambda x, y: abs(made(x, y)), {"x", "y"}),
        (lambda x, y: (made(x, y) * 1j).real, {"y"}),
        (lambda x, y: (x * 1j).real + y, {"y"}),
    ):
        graph = rfield.load(function, dict(zip(NAMES, SHAPES, strict=True)), axes=AXES)
        assert read(graph) == inputs


@pytest.mark.tensorflow
def test_tensorflow():
    tf = pytest.importorskip("tensorflow")
    specs = [tf.TensorSpec(s, tf.float32, n) for s, n in zip(SHAPES, NAMES, strict=True)]
    for function, inputs in (
        (lambda x, y: tf.math.real(tf.complex(x, y)), {"x"}),
        (lambda x, y: tf.math.imag(tf.transpose(tf.complex(x, y))), {"y"}),
        (lambda x, y: tf.abs(tf.complex(x, y)), {"x", "y"}),
        (lambda x, y: tf.math.imag(tf.cast(x, tf.complex64)) + y, {"y"}),
    ):
        graph = rfield.load(tf.function(function, specs).get_concrete_function(), axes=AXES)
        assert read(graph) == inputs


@pytest.mark.torch
@pytest.mark.parametrize("part", ["real", "imag"])
def test_real_numbers_turned_by_a_table(part):
    """Twiddles: where one has no such part, nothing is read."""
    torch = pytest.importorskip("torch")
    table = torch.tensor([1, 1j, -2j], dtype=torch.complex128)

    class Turned(torch.nn.Module):
        def forward(self, x):
            return getattr((x * table).conj().flip(1), part) * 1.0

    run = lambda x: Turned()(torch.from_numpy(x)).resolve_neg().numpy()  # noqa: E731
    graph = rfield.load(Turned(), (2, 3), axes=(0, 1))
    assert verdicts(graph, run, [(2, 3)], ["x"]) == ["exact"]
