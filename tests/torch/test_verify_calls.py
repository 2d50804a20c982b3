"""``verify`` calls a model as it was read: by name, with integers, itself where it has no copy."""

from __future__ import annotations

import threading

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402
from torch.nn.utils import prune  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Locked(nn.Module):
    """A lock cannot be copied."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1)
        self.lock, self.calls = threading.Lock(), 0

    def forward(self, x):
        with self.lock:
            self.calls += 1
            return self.norm(self.conv(x))


class Refusing(nn.Conv2d):
    def __deepcopy__(self, memo):
        raise RuntimeError("no copies")


class Derived(nn.Module):
    """It keeps a tensor that was computed from a parameter."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.kernel = self.conv.weight * 2

    def forward(self, x):
        return F.conv2d(x, self.kernel, padding=1)


def pruned():
    layer = nn.Conv2d(1, 1, 3, padding=1)
    prune.custom_from_mask(layer, "weight", torch.tensor([[[[1.0, 0, 1], [1, 1, 1], [1, 0, 1]]]]))
    return nn.Sequential(layer)


WHOLE = {
    "locked": Locked, "refusing": lambda: Refusing(1, 1, 3, padding=1), "derived": Derived,
    "pruned": pruned,
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_model_that_has_no_copy_is_verified_and_left_as_it_was(name):
    model = WHOLE[name]().eval()
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    found = rfield.verify(model, (1, 1, 6, 6))
    assert found
    assert found.read > 0
    after = model.state_dict()
    assert all(torch.equal(after[key], tensor) for key, tensor in before.items())
    assert getattr(model, "calls", 0) == 0
    assert not model.training


def test_a_wrong_claim_of_such_a_model_is_caught():
    wider = rfield.load(nn.Conv2d(1, 1, 5, padding=2), (1, 1, 6, 6))
    narrower = rfield.load(nn.Conv2d(1, 1, 1), (1, 1, 6, 6))
    assert not rfield.verify(Refusing(1, 1, 3, padding=1).eval(), (1, 1, 6, 6), graph=wider)
    assert not rfield.verify(Refusing(1, 1, 3, padding=1).eval(), (1, 1, 6, 6), graph=narrower)


class Named(nn.Module):
    """Nothing is taken by position but the first."""

    def __init__(self):
        super().__init__()
        self.one, self.other = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 5, padding=2)

    def forward(self, first, *, second, scale=1.0):
        return self.one(first) + scale * self.other(second)


class OnlyNamed(nn.Conv2d):
    def forward(self, *, image):
        return super().forward(image)


@pytest.mark.parametrize(
    "shape",
    [
        ((1, 1, 6, 6), (1, 1, 6, 6)), {"first": (1, 1, 6, 6), "second": (1, 1, 6, 6)},
        {"second": (1, 1, 6, 6), "first": (1, 1, 6, 6)},
    ],
)  # fmt: skip
def test_arguments_that_are_taken_by_name_alone(shape):
    graph = rfield.load(Named(), shape)
    sizes = [rfield.receptive_field(graph, wrt=name).size for name in ("first", "second")]
    assert sizes == [(3, 3), (5, 5)]
    assert rfield.verify(Named().eval(), shape, wrt="second")
    only = OnlyNamed(1, 1, 3)
    assert rfield.receptive_field(only, input_shape=(1, 1, 6, 6)).size == (3, 3)
    assert rfield.verify(only.eval(), (1, 1, 6, 6))
    assert rfield.measured_influence(only.eval(), input_shape=(1, 1, 6, 6)).weight.shape == (3, 3)


class Tokens(nn.Module):
    """Of the rows of a table, as far as a token is no padding."""

    def __init__(self, masked=False):
        super().__init__()
        self.table, self.conv = nn.Embedding(7, 4), nn.Conv1d(4, 4, 3, padding=1)
        self.masked = masked

    def forward(self, x):
        y = self.table(x)
        return self.conv((y * (x != 0).unsqueeze(-1) if self.masked else y).transpose(1, 2))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(
    "given",
    [
        {}, {"dtype": torch.long}, {"dtype": "int32"},
        {"example_inputs": (torch.zeros(1, 9, dtype=torch.long),)},
    ],
)  # fmt: skip
def test_inputs_of_integers(given, masked):
    shape = None if "example_inputs" in given else (1, 9)
    found = rfield.verify(Tokens(masked).eval(), shape, axes=(1,), **given)
    assert found
    assert (found.precision, found.read > 0) == ("float64", True)


def test_a_wrong_claim_about_integers_is_caught():
    narrow = Tokens()
    narrow.conv = nn.Conv1d(4, 4, 1)
    claim = rfield.load(narrow, (1, 9), axes=(1,))
    assert not rfield.verify(Tokens().eval(), (1, 9), axes=(1,), graph=claim)


@pytest.mark.parametrize(
    "shape",
    [
        np.array([1, 1, 8, 8]), (np.int64(1), np.int32(1), np.uint8(8), 8),
        torch.Size([1, 1, 8, 8]), [torch.tensor(1), 1, 8, 8], {"input": np.array([1, 1, 8, 8])},
    ],
)  # fmt: skip
def test_sizes_are_integers_of_any_kind(shape):
    graph = rfield.load(nn.Conv2d(1, 1, 3), shape)
    assert graph.nodes[0].shape == (1, 1, 8, 8)


class Keyed(nn.Module):
    """What it returns has another name than the layer that made it."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.c, self.key = nn.Conv2d(3, 2, 3), key

    def forward(self, x):
        return {self.key: self.c(x)}


def test_an_output_that_a_layer_makes_is_compared_under_either_name():
    found = rfield.verify(Keyed("a"), (1, 3, 8, 8))
    assert found
    assert (found.layers, found.skipped) == (("c",), ())
    assert found.read > 0


def test_where_nothing_is_compared_nothing_is_verified(monkeypatch):
    monkeypatch.setattr(rfield.frontends.torch.RunningModule, "run", lambda *_: {})
    with pytest.raises(rfield.errors.InvalidModelError) as caught:
        rfield.verify(Keyed("a"), (1, 3, 8, 8))
    assert str(caught.value) == ("nothing can be compared: the running model has no layer a")


class Spectral(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.ones(1, 1, 3, dtype=torch.complex64))

    def forward(self, x):
        return nn.functional.conv1d(x, self.kernel, padding=1)


def test_a_model_that_takes_no_real_numbers_is_refused():
    with pytest.raises(rfield.errors.InvalidModelError, match="run on random real numbers"):
        rfield.verify(Spectral(), input_shape=(1, 1, 32))
