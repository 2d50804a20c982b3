"""What every test may rely on: search profiles, and frameworks that may be absent."""

from __future__ import annotations

import os
import random
import sys
from importlib.util import find_spec
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from hypothesis import settings

# Two workers share a small machine; threads of the frameworks would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
for habit in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):  # how this machine likes its tables
    os.environ.pop(habit, None)

DRAWS = int(os.environ.get("RFIELD_TEST_SEED", "0"))  # other numbers for every test, to find chance
FRAMEWORKS = ("torch", "onnx", "tensorflow", "keras", "jax")

# No deadlines: two workers share a small machine, and a slow example is not a wrong one.
settings.register_profile("quick", deadline=None, max_examples=100)
settings.register_profile("ci", settings.get_profile("quick"), derandomize=True, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "quick"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked with a framework that is not installed, and say which one.

    What several tests share is drawn by the first of them: from numbers of their file.
    """
    _draw_from(item.path.name)
    for framework in FRAMEWORKS:
        if item.get_closest_marker(framework) and find_spec(framework) is None:
            pytest.skip(f"{framework} is not installed")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Let a test draw the same numbers whatever ran before it in its worker."""
    _draw_from(item.nodeid)


def _draw_from(name: str) -> None:
    seed = (crc32(name.encode()) + DRAWS) % 2**32
    random.seed(seed)
    np.random.seed(seed)
    for framework, reseed in (("torch", "manual_seed"), ("keras.utils", "set_random_seed")):
        if framework in sys.modules:
            getattr(sys.modules[framework], reseed)(seed)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Doctests belong to the package: what tests share is not collected for them, only imported."""
    shared = collection_path.suffix == ".py" and not collection_path.name.startswith("test_")
    return True if shared else None
