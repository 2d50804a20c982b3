"""What hangs on an object, as the garbage collector sees it: an oracle for what a reading left.

It shares nothing with ``rfield``: the interpreter itself says what an object refers to. Identities
are compared, so an equal object in the place of another is a difference; of arrays, tensors and
generators the contents are compared too.
"""

from __future__ import annotations

import gc
import random
import types
from collections import OrderedDict
from functools import _lru_cache_wrapper
from typing import Any
from weakref import ref

import numpy as np
import torch
from torch.nn.modules import module as hooks

Picture = dict[int, tuple[Any, ...]]

_SKIPPED = (
    types.ModuleType,
    ref,
    _lru_cache_wrapper,
    types.BuiltinFunctionType,
    torch._C.Generator,
)


def picture(*roots: Any) -> tuple[Picture, list[Any]]:
    """For each object, what it is and refers to; and the objects, to keep their identities."""
    shared = [value for name, value in vars(hooks).items() if name.startswith("_global")]
    found: Picture = {}
    kept: list[Any] = []
    waiting: list[Any] = [*roots, *shared]
    while waiting:
        item = waiting.pop()
        if id(item) in found:
            continue
        kept.append(item)
        below = _below(item)
        kept.append(below)
        order = sorted(map(id, below)) if isinstance(item, (set, frozenset)) else map(id, below)
        found[id(item)] = (id(type(item)), _content(item), tuple(order))
        waiting += below
    return found, kept


def process() -> tuple[Any, ...]:
    """The states of the process that a model may change."""
    return (
        torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist(),
        torch.is_grad_enabled(), torch.get_default_dtype(), torch.empty(0).device,
        torch._GLOBAL_DEVICE_CONTEXT.__dict__.get("device_context"),
        hooks._global_is_full_backward_hook,
    )  # fmt: skip


def _below(item: Any) -> list[Any]:
    if isinstance(item, type):
        mine = item.__module__ == "tests.torch.restless"
        return [v for k, v in sorted(vars(item).items()) if not k.startswith("__")] if mine else []
    if isinstance(item, _SKIPPED):
        return []
    own = getattr(item, "__dict__", None)  # from now on it is one object
    if isinstance(item, types.FunctionType):
        mine = item.__module__ == "tests.torch.restless"
        variables = [v for k, v in item.__globals__.items() if k.isupper()] if mine else []
        return [own, *(item.__closure__ or ()), *(item.__defaults__ or ()), *variables]
    if isinstance(item, torch.Tensor):
        hooked = (item._backward_hooks, item._post_accumulate_grad_hooks)
        return [own, item.grad if item.is_leaf else None, *hooked]
    below = gc.get_referents(item)
    return [*below, type(item)] if own is not None else below


def _content(item: Any) -> Any:
    if isinstance(item, torch.Tensor):
        lazy = isinstance(item, torch.nn.parameter.UninitializedTensorMixin)
        numbers = None if lazy else item.detach().clone().numpy().tobytes()
        place = None if lazy else (item.shape, item.stride(), item.data_ptr())
        return numbers, place, item.requires_grad, item.dtype
    if isinstance(item, np.ndarray):
        return item.tobytes()
    if isinstance(item, bytearray):
        return bytes(item)
    if isinstance(item, torch.Generator):
        return item.get_state().tolist()
    if isinstance(item, random.Random):
        return item.getstate()
    if isinstance(item, np.random.Generator):
        return repr(item.bit_generator.state)
    if isinstance(item, np.random.RandomState):
        return repr(item.get_state())
    if isinstance(item, type):
        mine = item.__module__ == "tests.torch.restless"
        return tuple(sorted(k for k in vars(item) if not k.startswith("__"))) if mine else ()
    return tuple(map(id, item)) if isinstance(item, OrderedDict) else None
