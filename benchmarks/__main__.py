"""What the sweep and the import cost, as ratios: ``python -m benchmarks`` (``--quick`` without 1M).

A ratio of two things measured side by side says the same on a slow and on a fast machine. Times are
CPU times (``time.process_time``); each is the median of runs in which both sides take turns. Both
sides always run with the garbage collector in the same state: off, because its passes over a large
graph cost the sort more than the sweep; the ratio with the collector on is given beside. Memory is
what ``tracemalloc`` counts during the first sweep of a fresh graph: every block that Python and
NumPy allocate, beyond the graph.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

import rfield
from rfield.analysis.engines import passing

SIZES = (10_000, 100_000, 1_000_000)
DOWNSAMPLINGS = 8
PAIRS = 5
IMPORTS = 15


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave the largest graph out")
    options = parser.parse_args()
    console = Console(width=max(130, Console().width))
    console.print(f"Python {sys.version.split()[0]}, rfield {rfield.__version__}")
    console.print(import_table())
    console.print(sweep_table(SIZES[:-1] if options.quick else SIZES))


def residual_graph(count: int) -> rfield.Graph:
    """``count`` nodes: 3×3 convolutions, each added to what it reads, and eight of stride 2."""
    side = 2**40  # far more than the field of the deepest layer, and it costs nothing
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, side, side))
    blocks = (count - 1 - DOWNSAMPLINGS) // 2
    for block in range(blocks):
        if block % (blocks // DOWNSAMPLINGS) == blocks // DOWNSAMPLINGS - 1:
            x = b.conv(f"d{block}", x, kernel=3, stride=2, padding=1, channels=3)
        y = b.conv(f"c{block}", x, kernel=3, stride=1, padding=1, channels=3)
        x = b.add(f"a{block}", x, y)
    return b.build(outputs=[x])


def sweep_table(sizes: tuple[int, ...]) -> Table:
    """One row per graph size."""
    table = Table(
        title="One sweep of a residual graph, both axes, against graphlib's topological sort of it",
        title_justify="left",
    )
    for heading in (
        *("nodes", "sweep s", "sort s", "sweep / sort", "collector on", "first sweep / sort"),
        *("every size / sort", "sweep / ten times less", "kept per node", "peak per node"),
    ):
        table.add_column(heading, justify="right")
    rfield.receptive_fields(residual_graph(100))  # loads the modules
    smaller = None
    for size in sizes:
        kept, peak = memory_of_sweep(residual_graph(size))
        graph = residual_graph(size)
        operands = {index: node.operands for index, node in enumerate(graph.nodes)}
        sweep = partial(swept, graph)
        sort = partial(sort_all, operands)
        with collector(on=False):
            first = cpu_seconds(sweep)
            sweep_seconds, sort_seconds, ratio = side_by_side(sweep, sort)
            sizes_seconds = cpu_seconds(partial(read_all, graph))
        with collector(on=True):
            _, _, ratio_collected = side_by_side(sweep, sort)
        table.add_row(
            f"{len(graph.nodes):,}",
            f"{sweep_seconds:.3f}",
            f"{sort_seconds:.3f}",
            f"{ratio:.2f}",
            f"{ratio_collected:.2f}",
            f"{first / sort_seconds:.2f}",
            f"{sizes_seconds / sort_seconds:.1f}",
            "" if smaller is None else f"{sweep_seconds / smaller:.1f}",
            f"{kept / size:,.0f} B",
            f"{peak / size:,.0f} B",
        )
        smaller = sweep_seconds
    return table


def sort_all(operands: Mapping[int, tuple[int, ...]]) -> None:
    """The whole topological order, thrown away."""
    deque(TopologicalSorter(operands).static_order(), maxlen=0)


def swept(graph: rfield.Graph) -> Mapping[str, rfield.ReceptiveField]:
    """One sweep, as if nobody had asked the graph, or one like it, before."""
    graph.sweeps.clear()
    passing.STEPS.clear()
    return rfield.receptive_fields(graph)


def read_all(graph: rfield.Graph) -> None:
    """A sweep, and from it three numbers of every layer."""
    for field in swept(graph).values():
        _ = field.size, field.stride, field.padding


@contextmanager
def collector(*, on: bool) -> Iterator[None]:
    """The garbage collector on or off, and as it was afterwards."""
    was_on = gc.isenabled()
    (gc.enable if on else gc.disable)()
    try:
        yield
    finally:
        (gc.enable if was_on else gc.disable)()


def side_by_side(
    one: Callable[[], object], other: Callable[[], object]
) -> tuple[float, float, float]:
    """Median CPU seconds of each, and the median ratio of the pairs."""
    timed = [(cpu_seconds(one), cpu_seconds(other)) for _ in range(PAIRS)]
    ours, theirs = (median(side) for side in zip(*timed, strict=True))
    return ours, theirs, median(a / b for a, b in timed)


def cpu_seconds(call: Callable[[], object]) -> float:
    """CPU seconds of ``call``; freeing its result is left out."""
    gc.collect()
    start = time.process_time()
    result = call()
    elapsed = time.process_time() - start
    del result
    return elapsed


def memory_of_sweep(graph: rfield.Graph) -> tuple[int, int]:
    """Bytes that the sweep keeps, and the most that it held meanwhile."""
    gc.collect()
    tracemalloc.start()
    fields = rfield.receptive_fields(graph)
    peak = tracemalloc.get_traced_memory()[1]
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del fields
    return kept, peak


def import_table() -> Table:
    """One row per statement, each in interpreters of its own."""
    table = Table(title="What an import costs, against `import numpy`", title_justify="left")
    for heading in ("statement", "ms", "numpy ms", "ratio"):
        table.add_column(heading, justify="left" if heading == "statement" else "right")
    everything = "import rfield; [getattr(rfield, name) for name in rfield.__all__]"
    for statement, label in (
        ("import rfield", "import rfield"),
        (everything, "import rfield, and touch every public name"),
    ):
        for warm in (statement, "import numpy"):  # the first of each compiles and reads from disk
            import_seconds(warm)
        timed = [
            (import_seconds(statement), import_seconds("import numpy")) for _ in range(IMPORTS)
        ]
        ours, theirs = (median(side) * 1000 for side in zip(*timed, strict=True))
        ratio = median(a / b for a, b in timed)
        table.add_row(label, f"{ours:.1f}", f"{theirs:.1f}", f"{ratio:.2f}×")
    return table


def import_seconds(statement: str) -> float:
    """CPU seconds that ``statement`` takes in a fresh interpreter, its start-up left out."""
    assert rfield.__file__ is not None
    path = [str(Path(rfield.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    program = f"import time; t = time.process_time(); {statement}; print(time.process_time() - t)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


if __name__ == "__main__":
    main()
