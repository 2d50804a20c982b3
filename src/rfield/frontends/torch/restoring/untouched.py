"""The model comes back as it was: everything that a forward pass can change is put back.

What hangs on the model is ``reachable``'s; here are the states of the process: hooks on all
modules, random number generators, weights kept by ``parametrize.cached()``, torch's grad mode,
default dtype and device. While a model is watched, it and they are changed, so one thread at a time
does that, and no process is forked meanwhile.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.nn.utils import parametrize

from ...machine.drawing import put_back
from ..constants import SMALL
from ..values import is_weight
from .reachable import Reachable

ALONE = threading.RLock()
"""Held while a model is watched or copied."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=ALONE.acquire, after_in_parent=ALONE.release, after_in_child=ALONE.release
    )


@contextmanager
def untouched(
    model: nn.Module,
    *,
    training: bool,
    values: bool = False,
    modules: Iterable[nn.Module] | None = None,
) -> Iterator[list[str]]:
    """Run the body with the model in eval (or train) mode; leave no trace.

    ``values``: the body computes with the model's own tensors, so all are copied and put back;
    otherwise those that a capture computes with. ``modules``: those of the model, where they are
    known. The body runs outside of inference mode: its tensors count no writes and cannot be
    differentiated. Afterwards the list that it is given holds the names of what it changed.
    """
    changed: list[str] = []
    with ALONE, put_back() as drawn, torch.inference_mode(False):
        held = [value for name, value in vars(hooks).items() if name.startswith("_global_")]
        before = Reachable([model, held], copied=_any if values else _may_be_computed_with)
        generators = _Generators()
        full = hooks._global_is_full_backward_hook
        made, parametrize._cache = parametrize._cache, {}
        grad, dtype, device = torch.is_grad_enabled(), torch.get_default_dtype(), _device()
        scripted: list[tuple[nn.Module, bool]] = []
        try:
            for module in model.modules() if modules is None else modules:
                if isinstance(module, torch.jit.ScriptModule):
                    if hasattr(module, "training"):  # a frozen one has no mode any more
                        scripted.append((module, module.training))
                        module.training = training
                elif module.__dict__.get("training") is not training:
                    module.__dict__["training"] = training
            yield changed
        finally:
            for module, mode in scripted:
                module.training = mode
            changed += before.put_back()
            generators.put_back()
            parametrize._cache = made
            hooks._global_is_full_backward_hook = full
            if torch.get_default_dtype() is not dtype:
                torch.set_default_dtype(dtype)
            if _device() is not device:
                torch.set_default_device(None if device is None else device.device)
            if torch.is_grad_enabled() is not grad:
                torch.set_grad_enabled(grad)
    changed += drawn


class _Generators:
    """The random number generators of torch."""

    def __init__(self) -> None:
        self.torch = torch.get_rng_state()
        self.cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None

    def put_back(self) -> None:
        """As they were."""
        torch.set_rng_state(self.torch)
        if self.cuda is not None:
            torch.cuda.set_rng_state_all(self.cuda)


def _any(tensor: torch.Tensor) -> bool:
    return True


def _may_be_computed_with(tensor: torch.Tensor) -> bool:
    """Whether a capture takes a tensor of the model for a constant; see ``Dispatch.is_known``."""
    return not is_weight(tensor) and tensor.numel() <= SMALL


def _device() -> Any:
    """What ``torch.set_default_device`` has set in this thread."""
    return getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
