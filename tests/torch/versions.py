"""Which release of PyTorch a test needs: the oldest that rfield supports lacks some things."""

from __future__ import annotations

import pytest
import torch

VERSION = tuple(int(part) for part in torch.__version__.split(".")[:2])


def since(major: int, minor: int, why: str) -> pytest.MarkDecorator:
    """Skipped on older releases."""
    reason = f"PyTorch {torch.__version__}: {why}"
    return pytest.mark.skipif((major, minor) > VERSION, reason=reason)
