"""``package.module:name`` of JAX models on the command line: every kind, read and run."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("jax", reason="needs JAX")
pytest.importorskip("flax", reason="the models are written with it")
pytest.importorskip("equinox", reason="the models are written with it")
pytest.importorskip("haiku", reason="the models are written with it")

from rfield.cli import main

pytestmark = pytest.mark.jax
NAMES = (
    "Small", "applied", "bound", "compiled", "equinox", "factory", "function", "haiku",
    "instance", "linen",
)  # fmt: skip


def run(capsys, *arguments):
    status = main([*arguments, "--input-shape", "1x9x11x3", "--format", "json"])
    found = capsys.readouterr()
    assert (status, found.err) == (0, "")
    return json.loads(found.out)


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_is_read(name, capsys):
    axes = ["--axes", "1,2"] if name == "equinox" else []
    document = run(capsys, "summary", f"tests.jax.specs:{name}", *axes)
    (row,) = [row for row in document["rows"] if row["layer"] == "body"]
    assert (row["size"], row["padding"]) == ([3, 5], [1, 2])


@pytest.mark.parametrize("name", ["Small", "linen", "function", "haiku"])
def test_a_spec_is_run(name, capsys):
    document = run(capsys, "verify", f"tests.jax.specs:{name}", "--positions", "3")
    assert document["holds"] is True


def test_influence_is_measured_of_a_spec(capsys):
    document = run(capsys, "influence", "tests.jax.specs:instance", "--measured", "--count", "2")
    assert document["note"].endswith("of 2 images of noise (seed 0)")
