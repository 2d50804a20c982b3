"""What every test may rely on: search profiles, and frameworks that may be absent."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# Two workers share a small machine; threads of the frameworks would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
for habit in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):  # how this machine likes its tables
    os.environ.pop(habit, None)

FRAMEWORKS = ("torch", "onnx", "tensorflow", "keras", "jax")

# No deadlines: two workers share a small machine, and a slow example is not a wrong one.
settings.register_profile("quick", deadline=None, max_examples=100)
settings.register_profile("ci", settings.get_profile("quick"), derandomize=True, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "quick"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked with a framework that is not installed, and say which one."""
    for framework in FRAMEWORKS:
        if item.get_closest_marker(framework) and find_spec(framework) is None:
            pytest.skip(f"{framework} is not installed")


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Doctests belong to the package: what tests share is not collected for them, only imported."""
    shared = collection_path.suffix == ".py" and not collection_path.name.startswith("test_")
    return True if shared else None
