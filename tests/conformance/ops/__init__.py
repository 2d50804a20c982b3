"""The list of ops that every front end must pass."""

from __future__ import annotations

from . import arrays, rearranging, windows
from .case import Case

CASES: tuple[Case, ...] = (*windows.CASES, *arrays.CASES, *rearranging.CASES)
