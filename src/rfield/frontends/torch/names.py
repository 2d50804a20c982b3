"""Layer names as the user knows them: the path of the module, ``#2`` where it is called again.

Torch calls two hooks around every module; they are global hooks, so no module is changed. Other
threads that run modules meanwhile call them too, and are passed by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from threading import get_ident
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.modules import module as hooks

M = TypeVar("M", bound="Modules")


class Modules:
    """Follows the modules of a model while they run, in this thread.

    ``paths``: their names, by identity; ``stack``: those that run now, with the names of their
    calls.
    """

    def __init__(self, named: Iterable[tuple[str, nn.Module]]) -> None:
        self.paths = {id(module): name for name, module in named}
        self.stack: list[tuple[nn.Module, str]] = []
        self.calls: dict[str, int] = {}
        self.handles: list[Any] = []
        self.thread = get_ident()

    def __enter__(self: M) -> M:
        self.handles = [
            hooks.register_module_forward_pre_hook(self._enter),
            hooks.register_module_forward_hook(self._leave),
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self.handles:
            handle.remove()

    @property
    def layer(self) -> str:
        """The name of the module that runs now; empty in the model's own forward."""
        return self.stack[-1][1] if self.stack else ""

    def _enter(self, module: nn.Module, _args: Any) -> None:
        if get_ident() != self.thread:
            return
        path = self.paths.get(id(module))
        if path is None:  # made on the fly: belongs to whoever made it
            path = self.layer
        elif path:
            count = self.calls[path] = self.calls.get(path, 0) + 1
            path = path if count == 1 else f"{path}#{count}"
        self.stack.append((module, path))

    def _leave(self, module: nn.Module, _args: Any, output: Any) -> None:
        if get_ident() != self.thread:
            return
        while self.stack:
            top, path = self.stack.pop()
            if top is module:
                break
        else:
            return
        if path and id(module) in self.paths:
            self.left(path, output)

    def left(self, path: str, output: Any) -> None:
        """A module returned this."""


class Names(Modules):
    """Where the forward pass is now, and which names are taken."""

    def __init__(self, model: nn.Module, index_of: Callable[[torch.Tensor], int | None]) -> None:
        named = list(model.named_modules())
        self.modules = [module for _, module in named]
        super().__init__(named)
        self.model = model
        self.index_of = index_of
        self.layers: dict[str, int] = {}
        self.taken: dict[str, int] = {}

    @cached_property
    def tensors(self) -> dict[int, str]:
        """The model's own tensors, by identity: where each is held."""
        return {
            id(tensor): f"{self.paths[id(module)]}.{name}"
            for module in self.modules
            for held in (module._parameters, module._buffers)
            for name, tensor in held.items()
            if tensor is not None
        }

    @property
    def kind(self) -> str:
        """The class of the module that runs now."""
        return type(self.stack[-1][0] if self.stack else self.model).__name__

    def fresh(self, op: str) -> str:
        """A name for a node that ``op`` makes here."""
        name = f"{self.stack[-1][1]}/{op}" if self.stack and self.stack[-1][1] else op
        count = self.taken.get(name, 0) + 1
        self.taken[name] = count
        return name if count == 1 else f"{name}#{count}"

    def left(self, path: str, output: Any) -> None:
        """The module computes the first tensor that it returned."""
        tensor = first_tensor(output, self.index_of)
        if tensor is not None:
            self.layers[path] = tensor


def first_tensor(output: Any, index_of: Callable[[torch.Tensor], int | None]) -> int | None:
    """The node of the first tensor in any nest of containers that depends on the input."""
    if isinstance(output, torch.Tensor):
        return index_of(output)
    for item in children(output):
        found = first_tensor(item, index_of)
        if found is not None:
            return found
    return None


def children(output: Any) -> list[Any]:
    """The members of a tuple, list, dict, dataclass or object that a model returned."""
    return [item for _, item in named_children(output)]


def named_children(output: Any) -> list[tuple[str, Any]]:
    """The same with their keys; those of a plain tuple or list have none."""
    if isinstance(output, dict):
        return [(str(key), item) for key, item in output.items()]
    if isinstance(output, tuple) and hasattr(output, "_fields"):
        return list(zip(output._fields, output, strict=True))
    if isinstance(output, (list, tuple, set)):
        return [("", item) for item in output]
    if isinstance(output, (str, bytes, int, float, complex, type(None), nn.Module)):
        return []
    held = getattr(output, "__dict__", None)
    return list(held.items()) if isinstance(held, dict) else []
