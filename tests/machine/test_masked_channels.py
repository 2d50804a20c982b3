"""Kernels whose masks differ from channel to channel, where channels are positions (gMLP, mixers).

What is read is held against finite changes in double precision, along all axes.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import rfield
from tests.machine.perturbed import verdicts

pytestmark = pytest.mark.filterwarnings("ignore")

CAUSAL = np.tri(4)[:, :, None]
BLOCKS = np.kron(np.eye(2), np.ones((2, 2)))[:, :, None]
COLOURS = np.ones((4, 4, 3))
COLOURS[:, :, 1:2] = CAUSAL
COLOURS[:, :, 2] = 0
"""What comes before, and of the middle the channels before: PixelCNN."""
OWN = np.ones((4, 2, 3))
OWN[1, 0] = OWN[2, 1, 0] = 0
LAST = np.array([1.0, 1, 1, 0])[:, None, None]

KERNELS = {
    "causal": (CAUSAL, 1, 1),
    "blocks": (BLOCKS, 3, 1),
    "colours": (COLOURS, 3, 1),
    "groups": (OWN, 3, 2),
    "of each channel": (LAST * [0, 1, 1], 3, 4),
    "no channel": (LAST, 1, 1),
    "all alike": (np.array([1.0, 0, 1]), 3, 1),
}


def weights(name):
    mask, size, groups = KERNELS[name]
    shape = (4, 4 // groups, size)
    return np.random.default_rng(0).uniform(0.5, 1.5, shape), np.broadcast_to(mask, shape), groups


@pytest.mark.torch
@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("transposed", [False, True])
def test_pytorch(name, transposed):
    torch = pytest.importorskip("torch")
    given, mask, groups = weights(name)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.from_numpy(given))
            self.register_buffer("mask", torch.tensor(mask))

        def forward(self, x):
            ops = torch.nn.functional
            function = ops.conv_transpose1d if transposed else ops.conv1d
            pads = self.weight.shape[-1] // 2
            return function(x, self.weight * self.mask, padding=pads, groups=groups)

    model, shape = Net(), (1, 4, 4)
    graph = rfield.load(model, shape, axes=(0, 1, 2))
    run = lambda x: model(torch.from_numpy(x)).detach().numpy()  # noqa: E731
    differ = transposed and name != "all alike"  # there the channels may stand in either order
    assert verdicts(graph, run, [shape], ["x"]) == ["bound" if differ else "exact"]


@pytest.mark.jax
@pytest.mark.parametrize("name", ["causal", "colours", "groups"])
def test_jax(name):
    jax = pytest.importorskip("jax")
    given, mask, groups = weights(name)

    def model(weight, x):
        sides = [(weight.shape[-1] // 2,) * 2]
        return jax.lax.conv_general_dilated(
            x, weight * mask.astype(weight.dtype), (1,), sides, feature_group_count=groups
        )

    def run(x):
        with jax.enable_x64(True):
            return np.asarray(model(jax.numpy.asarray(given), jax.numpy.asarray(x)))

    shape = (1, 4, 4)
    graph = rfield.load(partial(model, jax.numpy.asarray(given)), shape, axes=(0, 1, 2))
    assert verdicts(graph, run, [shape], ["x"]) == ["exact"]
