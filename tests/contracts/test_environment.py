"""A frozen environment: nothing may be written, nothing is configured, and the answer is the same.

Each program runs in a process of its own, in a folder in which nobody can write, without a home or
with one that cannot be made.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOWHERE = Path("/proc")
"""A folder in which not even root can make a file."""

pytestmark = pytest.mark.skipif(not NOWHERE.is_dir(), reason="there is no /proc here")

FROZEN = {
    "LC_ALL": "C",
    "PYTHONSAFEPATH": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
}
HOMES = {
    "no home": {},
    "a home that cannot be made": {"HOME": "/dev/null/home", "XDG_CACHE_HOME": "/dev/null/cache"},
    "ASCII only": {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}

ASK = """
import rfield
graph = rfield.load("article:alexnet_v2", (1, 224, 224, 3))
print(rfield.receptive_field(graph).size, len(str(rfield.summary(graph)).splitlines()) > 10)
"""

READ = """
import warnings
warnings.simplefilter("ignore")
import torch, rfield
from torch import nn
model = nn.Sequential(nn.LazyConv2d(4, 3), nn.BatchNorm2d(4), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3))
graph = rfield.load(model, (1, 3, 32, 32))
print(rfield.receptive_field(graph).size, bool(rfield.summary(graph).to_json()))
"""


def run(arguments, settings):
    """What a program prints in the frozen environment, as ASCII; it must not fail or complain."""
    done = subprocess.run(
        [sys.executable, *arguments], env={**FROZEN, **settings}, cwd=NOWHERE,
        capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr.decode("ascii", "replace")) == (0, "")
    return done.stdout.decode("utf-8")


@pytest.mark.parametrize("settings", HOMES.values(), ids=HOMES.keys())
def test_the_library(settings):
    assert run(["-c", ASK], settings) == "(195, 195) True\n"


@pytest.mark.parametrize("settings", HOMES.values(), ids=HOMES.keys())
def test_the_program(settings):
    row = run(["-m", "rfield", "field", "article:alexnet_v2"], settings)
    assert "195" in row
    assert row.isascii() or "PYTHONUTF8" not in settings
    table = run(["-m", "rfield", "summary", "article:alexnet_v2", "--format", "csv"], settings)
    assert "alexnet_v2/pool5" in table


@pytest.mark.torch
@pytest.mark.parametrize("settings", HOMES.values(), ids=HOMES.keys())
def test_reading_a_torch_model(settings):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    assert run(["-c", READ], settings) == "(8, 8) True\n"


def test_a_program_that_writes_is_seen():
    done = subprocess.run(
        [sys.executable, "-c", "open('here', 'w')"], env=FROZEN, cwd=NOWHERE,
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
