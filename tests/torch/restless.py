"""Models that change themselves while they run, each in another way.

Every one takes ``(1, 2, 12)`` and gives a tensor. ``RESTLESS`` lists them.
"""

from __future__ import annotations

import random
import threading
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

RESTLESS: list[type[nn.Module]] = []


def restless(kind: type[nn.Module]) -> type[nn.Module]:
    """Put a class on the list."""
    RESTLESS.append(kind)
    return kind


class Conv(nn.Module):
    """What all of them are: a convolution, and something that happens around it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(2, 2, 3, padding=1)
        self.lock = threading.Lock()  # nothing that holds a lock can be copied
        self.prepare()

    def prepare(self) -> None:
        """Set up."""

    def happen(self, x: Any) -> None:
        """Change something."""

    def forward(self, x):
        self.happen(x)
        return self.conv(x)


@restless
class Flag(Conv):
    """An attribute appears, and another output with it."""

    def forward(self, x):
        if getattr(self, "started", False):
            return self.conv(x) * 3
        self.started = True
        return self.conv(x)


@restless
class Count(Conv):
    """A number."""

    def prepare(self):
        self.n = 1

    def forward(self, x):
        self.n += 1
        return self.conv(x) * self.n


@restless
class Deleted(Conv):
    """An attribute goes."""

    def prepare(self):
        self.first = True

    def happen(self, x):
        if hasattr(self, "first"):
            del self.first


@restless
class Hooked(Conv):
    """Forward hooks, before and after, with keywords and always called."""

    def happen(self, x):
        self.conv.register_forward_hook(lambda m, a, out: out * 2)
        self.conv.register_forward_pre_hook(lambda m, a: (a[0] * 2,))
        self.conv.register_forward_hook(
            lambda m, a, k, out: out + 1, with_kwargs=True, always_call=True, prepend=True
        )
        self.register_state_dict_pre_hook(lambda *_: None)
        self.register_load_state_dict_post_hook(lambda *_: None)


@restless
class HookedBackwards(Conv):
    """Backward hooks of modules and of tensors."""

    def happen(self, x):
        self.conv.register_full_backward_hook(lambda m, a, b: None)
        self.conv.register_full_backward_pre_hook(lambda m, a: None)
        self.conv.weight.register_hook(lambda g: g * 2)
        self.conv.bias.register_post_accumulate_grad_hook(lambda p: None)


@restless
class Unhooked(Conv):
    """A hook that takes itself away."""

    def prepare(self):
        def once(module, args, out):
            self.handle.remove()
            return out * 5

        self.handle = self.conv.register_forward_hook(once)


@restless
class HookedEverywhere(Conv):
    """Hooks on all modules there are."""

    def happen(self, x):
        shared = torch.nn.modules.module
        shared.register_module_forward_hook(lambda m, a, out: out)
        shared.register_module_forward_pre_hook(lambda m, a: None)
        shared.register_module_full_backward_hook(lambda m, a, b: None)
        shared.register_module_parameter_registration_hook(lambda m, n, p: None)
        self.changed = True


@restless
class Closure(Conv):
    """A hook that writes into variables it closes over."""

    def prepare(self):
        kept, calls = [], 0

        def keep(module, args, out):
            nonlocal calls
            calls += 1
            kept.append(out)
            return out * calls

        self.conv.register_forward_hook(keep)


@restless
class Containers(Conv):
    """Every kind of container, and containers in containers."""

    def prepare(self):
        self.held = [
            {"a": [1]}, OrderedDict(a=1, b=2), defaultdict(list), Counter("ab"), {1}, deque([1]),
            bytearray(b"a"), ([],), Named(a=1), Listed([1]), frozenset([Key()]),
            types.SimpleNamespace(a=1), partial(print, [1]), types.MappingProxyType({}),
        ]  # fmt: skip

    def happen(self, x):
        h = self.held
        h[0]["a"].append(x)
        h[1].move_to_end("a")
        h[2]["x"].append(x)
        h[3]["a"] += 1
        h[4].add(2)
        h[5].appendleft(2)
        h[6].extend(b"b")
        h[7][0].append(x)
        h[8]["b"] = h[8].more = x
        h[9].append(x)
        h[9].more = x
        next(iter(h[10])).n = 2
        h[11].b = x
        h[12].args[0].append(x)
        h.append(x)


class Named(dict):
    """A dict with attributes."""


class Listed(list):
    """A list with attributes."""


class Key:
    """An object in a frozenset."""


class Slots:
    """An object without a ``__dict__``."""

    __slots__ = ("empty", "n")

    def __init__(self) -> None:
        self.n = 1


class More(Slots):
    """Slots beside those of its base, one of them private."""

    __slots__ = ("__own",)

    def bump(self) -> None:
        """Change all three."""
        self.n += 1
        self.empty = self.__own = 1


@dataclass
class State:
    """Neither a module nor a container."""

    step: int = 0
    seen: list[Any] = field(default_factory=list)


@restless
class Objects(Conv):
    """Slots and data classes, one inside the other."""

    def prepare(self):
        self.slots, self.state = More(), State()
        self.state.seen.append(State())

    def forward(self, x):
        self.slots.bump()
        self.state.step += 1
        self.state.seen[0].seen.append(x)
        return self.conv(x) * self.slots.n * self.state.step


@restless
class OfItsClass(Conv):
    """What all objects of the class share."""

    shared: ClassVar[dict[Any, Any]] = {}
    count: ClassVar[int] = 0

    def happen(self, x):
        type(self).count += 1
        type(self).fresh = True
        self.shared.setdefault(x.shape, x)


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


class Failing(nn.Module):
    """Runs a model, then raises."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.raised: list[Any] = []

    def forward(self, x):
        self.raised.append(self.inner(x))
        raise ValueError("in the middle")


def build(kind: Callable[[], nn.Module]) -> nn.Module:
    """The same model at each call."""
    torch.manual_seed(0)
    return kind()
