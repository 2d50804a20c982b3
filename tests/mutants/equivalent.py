"""Mutants that mean the same program, with the reason. A key that no longer fits fails a test."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}
