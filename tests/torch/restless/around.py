"""Models that change what is around them: registries, globals, parameters, the process."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from tests.torch.restless.base import Conv, restless

REGISTRY: dict[str, Any] = {}


@restless
class Registry(Conv):
    """A registry of its module, to which the model holds a reference."""

    def prepare(self):
        self.registry = REGISTRY

    def happen(self, x):
        self.registry["last"] = x


GRIDS: dict[Any, Any] = {}
CALLS = 0


@lru_cache(maxsize=4)
def halves(size):
    """Too many to be computed while a model is read."""
    return torch.full((size * 8000,), 0.5)[:size]


def grid(x):
    """Positions, made once for each shape: again too many."""
    global CALLS  # noqa: PLW0603 - what models do
    CALLS += 1
    if x.shape not in GRIDS:
        GRIDS[x.shape] = torch.linspace(-1.0, 1.0, 80000)[: x.shape[-1]]
    return GRIDS[x.shape].to(x.dtype)


@restless
class Global(Conv):
    """Caches and counts in global variables, behind functions."""

    def prepare(self):
        self.names = grid

    def forward(self, x):
        return self.conv(x) + grid(x) * halves(x.shape[-1]).to(x.dtype)


@restless
class Remembering(Conv):
    """A cache around a method."""

    def prepare(self):
        self.calls = 0

    @staticmethod
    @lru_cache(maxsize=4)
    def table(size):
        """Too large to be computed while a model is read."""
        return torch.arange(size * 8000.0)[:size]

    def forward(self, x):
        self.calls += 1
        return self.conv(x) + self.table(x.shape[-1]).to(x.dtype)


@restless
class KeysAndValues(Conv):
    """A cache that grows from call to call."""

    def prepare(self):
        self.past: tuple[Any, ...] = ()

    def forward(self, x):
        self.past = (*self.past, x)
        return self.conv(torch.stack(self.past).sum(0))


@restless
class Normed(Conv):
    """Running statistics, in place."""

    def prepare(self):
        self.norm = nn.BatchNorm1d(2)
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, x):
        self.steps += 1
        return self.norm(self.conv(x)) * self.steps


@restless
class BuffersReplaced(Conv):
    """Buffers are put in place of others, come and go."""

    def prepare(self):
        self.register_buffer("average", torch.ones(1, 2, 1))
        self.register_buffer("gone", None)

    def forward(self, x):
        self.average = self.average * 0.5
        self.register_buffer(f"extra{len(self._buffers)}", torch.ones(1), persistent=False)
        return self.conv(x) * self.average


@restless
class Swapped(Conv):
    """The storage under a parameter is exchanged, behind the back of its version counter."""

    def happen(self, x):
        self.conv.weight.data = torch.zeros(2, 2, 3)
        self.conv.bias.data.mul_(2)


@restless
class Frozen(Conv):
    """Gradients: wanted no longer, and set."""

    def happen(self, x):
        self.conv.weight.requires_grad_(False)
        self.conv.bias.grad = torch.ones(2)
        self.conv.bias.note = "set"


@restless
class Moded(Conv):
    """The mode of its parts."""

    def prepare(self):
        self.drop = nn.Dropout(0.0)

    def happen(self, x):
        self.drop.training = not self.drop.training
        self.conv.requires_grad_(False)


@restless
class Grown(Conv):
    """Modules are added, exchanged and put into lists."""

    def prepare(self):
        self.more = nn.ModuleList()
        self.named = nn.ModuleDict()

    def happen(self, x):
        self.late = nn.Conv1d(2, 2, 1)
        self.more.append(nn.ReLU())
        self.named["relu"] = nn.ReLU()
        self.conv = nn.Sequential(self.conv, nn.Identity())


@restless
class Lazy(Conv):
    """A module that takes its shape, and its class, from the first input."""

    def prepare(self):
        self.conv = nn.Sequential(nn.LazyConv1d(2, 3, padding=1), nn.LazyBatchNorm1d())

    def forward(self, x):
        y = self.conv(x)
        return y if type(self.conv[0]) is nn.Conv1d else y * 2


@restless
class Spectral(Conv):
    """Hooks of the old kind, which put the weight together before each call."""

    def prepare(self):
        nn.utils.spectral_norm(self.conv, n_power_iterations=2)
        nn.utils.weight_norm(nn.Conv1d(2, 2, 1))
        self.pruned = prune.l1_unstructured(nn.Conv1d(2, 2, 1), "weight", 0.5)

    def forward(self, x):
        return self.conv(self.pruned(x))


@restless
class Parametrized(Conv):
    """A parametrization that begins in the first call: another class, and no such parameter."""

    def prepare(self):
        self.normed = parametrizations.weight_norm(nn.Conv1d(2, 2, 1))
        self.spectral = parametrizations.spectral_norm(nn.Conv1d(2, 2, 1))

    def forward(self, x):
        if not parametrize.is_parametrized(self.conv):
            parametrize.register_parametrization(self.conv, "weight", Twice())
        return self.conv(self.spectral(self.normed(x)))


class Twice(nn.Module):
    """Twice the weight."""

    def forward(self, x):
        return x * 2


@restless
class Bound(Conv):
    """A method is replaced, on the object and below it."""

    def happen(self, x):
        forward = self.conv.forward
        self.conv.forward = lambda y: forward(y) * 2
        self.happen = lambda _x: None


@restless
class Draws(Conv):
    """Random numbers, from the process and from generators of its own."""

    def prepare(self):
        self.own = torch.Generator().manual_seed(1)
        self.python = random.Random(1)
        self.numpy = np.random.default_rng(1)
        self.old = np.random.RandomState(1)
        self.array = np.zeros(3)

    def forward(self, x):
        self.array += self.numpy.random() + self.old.rand() + np.random.rand()
        drawn = torch.rand(1, generator=self.own) + self.python.random() + random.random()
        return self.conv(x) + drawn + torch.rand(1) + float(self.array.sum())


@restless
class Process(Conv):
    """States of the process: grad mode, default dtype and device."""

    def prepare(self):
        self.calls = 0

    def happen(self, x):
        self.calls += 1
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("cpu")
