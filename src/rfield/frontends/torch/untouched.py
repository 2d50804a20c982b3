"""The model comes back as it was: everything that a forward pass can change is put back.

Modes, attributes, parameters, buffers and submodules of every module, the random number generators
of torch, Python and NumPy, and torch's grad mode and default dtype.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


@contextmanager
def untouched(model: nn.Module, *, training: bool, values: bool = False) -> Iterator[None]:
    """Run the body with the model in eval (or train) mode; leave no trace.

    ``values``: the body computes with the model's own tensors, so buffers are copied and put back.
    """
    saved = [(module, dict(vars(module)), _containers(module)) for module in model.modules()]
    state, python = torch.get_rng_state(), random.getstate()
    numpy: Any = sys.modules.get("numpy")
    drawn = numpy.random.get_state() if numpy is not None else None
    buffers = [(b, b.detach().clone()) for b in model.buffers()] if values else []
    scripted: list[tuple[nn.Module, bool]] = []
    grad, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    try:
        for module, attributes, _ in saved:
            if isinstance(module, torch.jit.ScriptModule):
                scripted.append((module, module.training))
                module.training = training
            elif attributes.get("training") is not training:
                module.__dict__["training"] = training
        yield
    finally:
        for module, mode in scripted:
            module.training = mode
        for module, attributes, containers in saved:
            _restore(module.__dict__, attributes)
            for container, content in containers:
                _refill(container, content)
        with torch.no_grad():
            for buffer, content in buffers:
                buffer.copy_(content)
        torch.set_rng_state(state)
        random.setstate(python)
        if numpy is not None:
            numpy.random.set_state(drawn)
        if torch.get_default_dtype() is not dtype:
            torch.set_default_dtype(dtype)
        if torch.is_grad_enabled() is not grad:
            torch.set_grad_enabled(grad)


def _containers(module: nn.Module) -> list[tuple[Any, Any]]:
    """The plain dicts, lists and sets of the module, each with a copy."""
    return [
        (held, held.copy()) for held in vars(module).values() if type(held) in (dict, list, set)
    ]


def _restore(attributes: dict[str, Any], before: dict[str, Any]) -> None:
    if attributes.keys() == before.keys():
        for name, value in before.items():
            if attributes[name] is not value:
                attributes[name] = value
    else:
        attributes.clear()
        attributes.update(before)


def _refill(container: Any, content: Any) -> None:
    if isinstance(container, list):
        if len(container) != len(content) or any(
            a is not b for a, b in zip(container, content, strict=True)
        ):
            container[:] = content
    elif isinstance(container, dict):
        if container.keys() != content.keys() or any(
            container[k] is not content[k] for k in content
        ):
            container.clear()
            container.update(content)
    elif len(container) != len(content) or container - content:
        container.clear()
        container.update(content)
