"""Models that change what they hold: flags, hooks, containers, objects."""

from __future__ import annotations

import types
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import torch

from tests.torch.restless.base import Conv, restless


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
