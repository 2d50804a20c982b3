"""Models that change themselves while they run, each in another way.

Every one takes ``(1, 2, 12)`` and gives a tensor. ``RESTLESS`` lists them.
"""

from __future__ import annotations

from tests.torch.restless import around, own
from tests.torch.restless.base import RESTLESS, Failing, build

__all__ = ["RESTLESS", "Failing", "around", "build", "own"]
