"""Reading a ``.pb`` file, as ratios: ``python -m benchmarks.tensorflow_read``.

The graph is that of Inception-ResNet-v2 (about 2,200 nodes, frozen, weights left out). In process:
reading it and computing every layer's field, against parsing the same bytes with protobuf and
sorting the same nodes with ``graphlib``. Whole process: ``rfield summary FILE`` against
``python -c "import numpy"`` and, where it is installed, ``python -c "import tensorflow"``. CPU
times; each is the median of runs in which the sides take turns. All modules are compiled before, as
pip leaves them.
"""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from graphlib import TopologicalSorter
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import rfield
from rfield.frontends.tensorflow import messages
from tests.tensorflow.graphs import inception_resnet_v2

ROUNDS = 15


def parse_and_sort(data: bytes) -> int:
    """What a program cannot do without: the messages, and an order of the nodes."""
    graph = messages.GraphDef.FromString(data)
    sorter = TopologicalSorter(
        {node.name: [name.partition(":")[0] for name in node.input] for node in graph.node}
    )
    return len(list(sorter.static_order()))


def read_and_measure(path: Path) -> int:
    """The graph, and the field of every layer."""
    fields = rfield.receptive_fields(rfield.load(path))
    return len([fields[layer].size for layer in fields])


def cpu(run: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    gc.collect()
    start = time.process_time()
    run()
    return time.process_time() - start


def process(command: list[str]) -> float:
    """CPU seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir(), "pyc"))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, and print the ratios."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.pb"
        data = inception_resnet_v2().bytes()
        path.write_bytes(data)
        nodes, layers = parse_and_sort(data), read_and_measure(path)
        print(f"{nodes} nodes, {len(data):,} bytes, {layers} layers")
        pairs = [
            (cpu(lambda: parse_and_sort(data)), cpu(lambda: read_and_measure(path)))
            for _ in range(ROUNDS)
        ]
        parse, read = (median(side) for side in zip(*pairs, strict=True))
        print(f"parse + sort        {1000 * parse:7.1f} ms")
        print(f"read + all fields   {1000 * read:7.1f} ms   ratio {read / parse:.2f}  (<= 5)")
        python = [sys.executable, "-c"]
        commands = {
            "import numpy": [*python, "import numpy"],
            "rfield summary": [sys.executable, "-m", "rfield", "summary", str(path)],
        }
        if find_spec("tensorflow") is not None:
            commands["import tensorflow"] = [*python, "import tensorflow"]
        for command in commands.values():
            process(command)  # compiles
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(5):
            for name, command in commands.items():
                times[name].append(process(command))
        base = median(times["import numpy"])
        own = median(times["rfield summary"])
        print(f"import numpy        {1000 * base:7.1f} ms")
        print(f"rfield summary FILE {1000 * own:7.1f} ms   ratio {own / base:.2f}  (<= 4)")
        if "import tensorflow" in times:
            other = median(times["import tensorflow"])
            print(
                f"import tensorflow   {1000 * other:7.1f} ms   ratio {own / other:.3f}  (<= 0.125)"
            )


if __name__ == "__main__":
    main()
