"""``import rfield`` loads no framework, and nothing that only some of its rooms need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rfield

assert rfield.__file__ is not None
SOURCE = Path(rfield.__file__).parent.parent
HEAVY = {"torch", "onnx", "tensorflow", "keras", "jax", "flax", "pandas", "matplotlib", "rich"}


def loaded_by(statement: str, *folders: Path) -> set[str]:
    """The heavy packages in ``sys.modules`` of a fresh interpreter after ``statement``."""
    program = f"import sys\n{statement}\nprint(*(set({sorted(HEAVY)}) & sys.modules.keys()))"
    path = os.pathsep.join(map(str, [*folders, SOURCE]))
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_import_loads_nothing_heavy():
    assert loaded_by("import rfield") == set()


def test_using_the_core_loads_nothing_heavy():
    assert loaded_by("from rfield import Graph, GraphBuilder, RFieldError; GraphBuilder()") == set()


def test_a_front_end_is_there_at_its_first_use_alone():
    pytest.importorskip("onnx", reason="ONNX is not installed")
    assert loaded_by("import rfield; rfield.frontends") == set()
    assert "onnx" in loaded_by("import rfield; rfield.frontends.onnx.rule('mine::blur')")
    with pytest.raises(AttributeError, match="no attribute 'pytorch'"):
        rfield.frontends.pytorch  # noqa: B018  # that it is asked for is what is tested


def test_a_framework_that_is_loaded_is_seen(tmp_path: Path):
    (tmp_path / "torch.py").write_text("")
    (tmp_path / "careless.py").write_text("import torch\nimport rfield\n")
    assert loaded_by("import careless", tmp_path) == {"torch"}
