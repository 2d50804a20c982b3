"""What all models share that change themselves while they run: see the package."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

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
