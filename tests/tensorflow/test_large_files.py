"""What large graph files take: memory, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("google.protobuf", reason="graph files are protobuf messages")

import rfield
from tests.tensorflow.graphs import GraphWriter

READ = """
import re, sys
from pathlib import Path
import rfield
graph = rfield.load(sys.argv[1])
peak = re.search("VmHWM: *(.*) kB", Path("/proc/self/status").read_text())[1]
print(len(graph.layers), int(peak) * 1024)
"""
"""Prints the layers and the peak memory; ``ru_maxrss`` is that of the parent, too."""
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak memory of a process is told by Linux"
)


def read_by_itself(path: Path) -> tuple[float, ...]:
    """What ``READ`` prints of a file."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True
    )
    return tuple(map(float, done.stdout.split()))


@needs_proc
@pytest.mark.parametrize("nodes", [300_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_many_nodes_take_bounded_memory(tmp_path, nodes):
    """200 MB and twenty times the file, of which few nodes need half."""
    g = GraphWriter()
    x = g.placeholder()
    for k in range(nodes):
        x = g.node("Relu", f"r{k}", x)
    path = tmp_path / "graph.pb"
    path.write_bytes(g.bytes())
    size = path.stat().st_size
    layers, memory = read_by_itself(path)
    assert layers == nodes
    assert memory < (200e6 if nodes == 1_000_000 else 100e6) + 20 * size


@needs_proc
def test_the_contents_of_large_tensors_are_not_kept(tmp_path):
    """A weight of 59 MB; the small constant behind it is still looked into."""
    g = GraphWriter()
    x = g.conv("a", g.placeholder(shape=(1, 9, 9, 1280)), (3, 3, 1280, 1280))
    weight = g.const("b/weights", np.zeros((3, 3, 1280, 1280), np.float32))
    x = g.node("Conv2D", "b", x, weight, strides=[1, 1, 1, 1], padding="VALID")
    g.node("Pad", "p", x, g.const("pads", np.array([[0, 0], [2, 1], [0, 3], [0, 0]])))
    path = tmp_path / "graph.pb"
    path.write_bytes(g.bytes())
    assert path.stat().st_size > 58e6
    del g, weight
    # the pages of the file itself, and what Python and NumPy take
    assert read_by_itself(path)[1] < path.stat().st_size + 60e6
    rf = rfield.receptive_field(rfield.load(path))
    assert (rf.size, rf.padding) == ((5, 5), (3, 1))
