"""How time and memory grow: ``python -m benchmarks.growth [--sizes N ...] [--graphs NAME ...]``.

Graphs of the kinds that people have, repeated until there are so many nodes: one sweep of every
layer's field, CPU time (median of turns, without the garbage collector) and memory per node. Wanted
is that both stay within 1.3 times what they are at the smallest size.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from statistics import median

import rfield
from benchmarks.__main__ import collector, memory_of_sweep, residual_graph, swept
from rfield import GraphBuilder

SIDE = 2**40
"""Positions along an axis: far more than any field, and they cost nothing."""


def dense(count: int) -> rfield.Graph:
    """DenseNet: in blocks of twelve, each layer reads all before it."""
    b = GraphBuilder()
    x, nodes, block = b.input("image", (1, 8, SIDE, SIDE)), 1, 0
    while nodes < count:
        found = [x]
        for k in range(12):
            joined = b.concat(f"j{block}_{k}", *found) if k else x
            found.append(b.conv(f"c{block}_{k}", joined, kernel=3, padding=1, channels=8))
        x = b.conv(f"t{block}", b.concat(f"o{block}", *found), kernel=1, channels=8)
        nodes, block = nodes + 25, block + 1
    return b.build(outputs=[x])


def inception(count: int) -> rfield.Graph:
    """Four branches of other kernels, joined."""
    b = GraphBuilder()
    x, nodes, block = b.input("image", (1, 8, SIDE, SIDE)), 1, 0
    while nodes < count:
        three = b.conv(f"a{block}", x, kernel=1, channels=8)
        five = b.conv(f"b{block}", x, kernel=1, channels=8)
        branches = [
            b.conv(f"p{block}", x, kernel=1, channels=8),
            b.conv(f"q{block}", three, kernel=3, padding=1, channels=8),
            b.conv(f"r{block}", five, kernel=5, padding=2, channels=8),
            b.max_pool(f"s{block}", x, kernel=3, stride=1, padding=1),
        ]
        x = b.conv(f"o{block}", b.concat(f"j{block}", *branches), kernel=1, channels=8)
        nodes, block = nodes + 8, block + 1
    return b.build(outputs=[x])


def hourglasses(count: int) -> rfield.Graph:
    """U-Nets of four levels, one after the other."""
    b = GraphBuilder()
    x, nodes, block = b.input("image", (1, 8, SIDE, SIDE)), 1, 0
    while nodes < count:
        levels = []
        for k in range(4):
            levels.append(x)
            x = b.conv(f"d{block}_{k}", x, kernel=3, padding=1, channels=8)
            x = b.max_pool(f"m{block}_{k}", x, kernel=2, stride=2)
        for k in reversed(range(4)):
            x = b.conv_transpose(f"u{block}_{k}", x, kernel=2, stride=2, channels=8)
            x = b.concat(f"j{block}_{k}", x, levels[k])
            x = b.conv(f"e{block}_{k}", x, kernel=3, padding=1, channels=8)
        nodes, block = nodes + 20, block + 1
    return b.build(outputs=[x])


def wavenet(count: int) -> rfield.Graph:
    """Gated layers of dilations 1 to 512, over and over, with a sum of skips for every ten."""
    b = GraphBuilder()
    x, nodes, block = b.input("sound", (1, 8, SIDE)), 1, 0
    while nodes < count:
        skips = []
        for k in range(10):
            at, d = f"{block}_{k}", 2**k
            gate = [
                b.conv(f"{kind}{at}", x, kernel=2, dilation=d, padding=[(d, 0)], channels=8)
                for kind in "fg"
            ]
            gated = b.multiply(f"m{at}", *gate)
            skips.append(b.conv(f"s{at}", gated, kernel=1, channels=8))
            x = b.add(f"a{at}", x, b.conv(f"r{at}", gated, kernel=1, channels=8))
        x = b.add(f"o{block}", *skips)
        nodes, block = nodes + 61, block + 1
    return b.build(outputs=[x])


def attention(count: int) -> rfield.Graph:
    """Transformer blocks over 196 tokens."""
    b = GraphBuilder()
    x, nodes, block = b.input("tokens", (1, 196, 8), axes=(1,)), 1, 0
    while nodes < count:
        q, k, v = (b.dense(f"{kind}{block}", x, channels=8) for kind in "qkv")
        scores = b.matmul(f"w{block}", q, b.permute(f"t{block}", k, (0, 2, 1)))
        y = b.matmul(f"y{block}", b.softmax(f"p{block}", scores), v)
        x = b.add(f"a{block}", x, y)
        x = b.add(f"b{block}", x, b.dense(f"f{block}", x, channels=8))
        nodes, block = nodes + 10, block + 1
    return b.build(outputs=[x])


GRAPHS: dict[str, Callable[[int], rfield.Graph]] = {
    "residual": residual_graph, "dense": dense, "inception": inception, "u-net": hourglasses,
    "wavenet": wavenet, "attention": attention,
}  # fmt: skip
WANTED = 1.3


def seconds(graph: rfield.Graph, turns: int) -> float:
    """CPU seconds of a sweep that starts from nothing."""
    times = []
    with collector(on=False):
        for _ in range(turns):
            gc.collect()
            start = time.process_time()
            fields = swept(graph)
            times.append(time.process_time() - start)
            del fields
    return median(times)


def row(name: str, sizes: Sequence[int]) -> None:
    """Print what a graph costs at each size."""
    first: tuple[float, float] | None = None
    for size in sizes:
        graph = GRAPHS[name](size)
        count = len(graph.nodes)
        time_each = seconds(graph, 5 if size <= 100_000 else 3) / count
        graph.sweeps.clear()
        _, peak = memory_of_sweep(graph)
        first = first or (time_each, peak / count)
        grown, more = time_each / first[0], peak / count / first[1]
        verdict = "holds" if max(grown, more) <= WANTED else "MISSED"
        print(
            f"{name:10} {count:>9,} {1e6 * time_each:7.2f} us {grown:5.2f} "
            f"{peak / count:7.0f} B {more:5.2f}  {verdict}",
            flush=True,
        )
        del graph


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--graphs", nargs="+", choices=GRAPHS, default=list(GRAPHS))
    options = parser.parse_args()
    rfield.receptive_fields(residual_graph(100))  # imports
    print(f"{'graph':10} {'nodes':>9} {'a node':>10} {'times':>5} {'peak':>9} {'times':>5}")
    for name in options.graphs:
        row(name, options.sizes)


if __name__ == "__main__":
    main()
