"""Every question on graphs of extreme shape: seconds of CPU and memory, ``--limit`` for each.

    python -m benchmarks.extremes [--graphs NAME ...] [--questions NAME ...] [--limit 20] [--where]

Each question runs in a process of its own, forked once the graph is built, and is ended at the
limit. A cell holds seconds and the megabytes that the question added; ``refused`` after them means
that rfield said why not; ``OVER`` is a failure. ``--where`` prints where a question was at its end,
and what was refused.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

import rfield

Ask = Callable[[rfield.Graph], object]


def chain() -> rfield.Graph:
    """100,000 convolutions, one after the other."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 4096))
    for k in range(100_000):
        x = b.conv(f"c{k}", x, kernel=3, padding=1)
    return b.build(outputs=[x])


def gated() -> rfield.Graph:
    """A chain of 21,000 values behind an up-sampling, every fifth one gated by a global mean."""
    b = rfield.GraphBuilder()
    x = b.conv_transpose("up", b.input("signal", (1, 1, 2048)), kernel=3, stride=2, padding=1)
    for k in range(3_000):
        y = x
        for n in range(5):
            y = b.conv(f"c{k}.{n}", y, kernel=3, padding=1)
        x = b.multiply(f"m{k}", y, b.global_pool(f"g{k}", y))
    return b.build(outputs=[x])


def free() -> rfield.Graph:
    """A chain of 100,000 convolutions over an input of any size."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, None))
    for k in range(100_000):
        x = b.conv(f"c{k}", x, kernel=3, padding=1)
    return b.build(outputs=[x])


def u_net() -> rfield.Graph:
    """Ten levels down and up again, with skips; two convolutions at each."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 2048, 2048))
    skips: list[Any] = []
    for k in range(10):
        x = b.conv(f"down{k}.a", x, kernel=3, padding=1)
        x = b.conv(f"down{k}.b", x, kernel=3, padding=1)
        skips.append(x)
        x = b.max_pool(f"pool{k}", x, kernel=2, stride=2)
    for k in reversed(range(10)):
        x = b.conv_transpose(f"up{k}", x, kernel=2, stride=2)
        x = b.concat(f"skip{k}", x, skips[k])
        x = b.conv(f"up{k}.a", x, kernel=3, padding=1, channels=1)
        x = b.conv(f"up{k}.b", x, kernel=3, padding=1)
    return b.build(outputs=[x])


def dense() -> rfield.Graph:
    """2,000 layers, each of which reads all before it."""
    b = rfield.GraphBuilder()
    values = [b.input("signal", (1, 1, 256))]
    for k in range(1000):
        x = b.add(f"sum{k}", *values)
        values.append(b.conv(f"c{k}", x, kernel=3, padding=1))
        values.append(x)
    return b.build(outputs=[values[-1]])


def join() -> rfield.Graph:
    """A sum of 100,000 branches."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 256))
    branches = [b.conv(f"c{k}", x, kernel=2 * (k % 9) + 1, padding=k % 9) for k in range(100_000)]
    return b.build(outputs=[b.add("sum", *branches)])


def diamonds() -> rfield.Graph:
    """2**1000 paths: every one of 1,000 blocks has two ways through it."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 512))
    for k in range(1000):
        y = b.conv(f"a{k}", x, kernel=3, padding=1)
        x = b.add(f"sum{k}", y, b.conv(f"b{k}", x, kernel=3, padding=2, dilation=2))
    return b.build(outputs=[x])


def coprime() -> rfield.Graph:
    """Up-sampling by the first seven primes, one after the other: a period of 510,510."""
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 16))
    for factor in (2, 3, 5, 7, 11, 13, 17):
        x = b.conv_transpose(f"up{factor}", x, kernel=2 * factor, stride=factor)
        x = b.conv(f"c{factor}", x, kernel=3, padding=1)
    return b.build(outputs=[x])


def eight_axes() -> rfield.Graph:
    """A network over eight spatial axes."""
    b = rfield.GraphBuilder()
    x = b.input("cells", (1, 1, *[8] * 8))
    for k in range(3):
        x = b.conv(f"c{k}", x, kernel=3, padding=1)
    x = b.max_pool("pool", x, kernel=2, stride=2)
    return b.build(outputs=[b.conv("last", x, kernel=3, padding=1)])


GRAPHS: dict[str, Callable[[], rfield.Graph]] = {
    "chain": chain,
    "gated": gated,
    "free": free,
    "u-net": u_net,
    "dense": dense,
    "join": join,
    "diamonds": diamonds,
    "coprime": coprime,
    "eight": eight_axes,
}


def middle(graph: rfield.Graph) -> tuple[int, ...]:
    """The middle position of the last output."""
    return tuple(n // 2 for n in graph.nodes[graph.outputs_[-1]].shape[2:])


def sizes_of(graph: rfield.Graph) -> list[int]:
    """The sizes that the input was read at."""
    entry = graph.inputs_[0]
    return [graph.nodes[entry.node].shape[axis] for axis in entry.axes]


def fields(wrt: str | None = None, of: str | None = None) -> Ask:
    """Three numbers of every layer's field."""

    def ask(graph: rfield.Graph) -> object:
        for field in rfield.receptive_fields(graph, wrt=wrt, of=of).values():
            _ = field.size, field.stride, field.padding
        return None

    return ask


def one_field(graph: rfield.Graph) -> object:
    """All that one field can say in numbers."""
    field = rfield.receptive_field(graph)
    region = field.region(middle(graph), clip=not graph.has_free_axes)
    return str(field), field.sizes, region, field.halo, field.as_dict()


def outputs_seeing(graph: rfield.Graph) -> object:
    """The projective field of the middle of the input."""
    return rfield.receptive_field(graph).outputs_seeing(tuple(n // 2 for n in sizes_of(graph)))


QUESTIONS: dict[str, Ask] = {
    "receptive_field": one_field,
    "receptive_fields": fields(),
    "fields wrt": lambda graph: fields(wrt=graph.layers[len(graph.layers) // 2])(graph),
    "fields of": lambda graph: fields(of=graph.outputs[-1])(graph),
    "summary": lambda graph: str(rfield.summary(graph)),
    "alignment": lambda graph: str(rfield.alignment(graph)),
    "explain": lambda graph: str(rfield.explain(graph)),
    "cost": lambda graph: str(rfield.cost(graph)),
    "centers": lambda graph: str(rfield.centers(graph)),
    "path_fields": lambda graph: str(rfield.path_fields(graph)),
    "fits": lambda graph: str(rfield.fits(graph, 7)),
    "support": lambda graph: str(rfield.support(graph, middle(graph))),
    "influence": lambda graph: str(rfield.influence(graph, middle(graph))),
    "outputs_seeing": outputs_seeing,
    "output_size": lambda graph: rfield.output_size(graph, sizes_of(graph)),
    "input_size": lambda graph: str(rfield.input_size(graph, middle(graph)[0])),
    "check_size": lambda graph: str(rfield.check_size(graph, sizes_of(graph))),
    "valid_sizes": lambda graph: str(rfield.valid_sizes(graph, "all")),
    "shift_equivariance": lambda graph: str(rfield.shift_equivariance(graph)),
    "stream_plan": lambda graph: str(rfield.stream_plan(graph, axis=2)),
    "tile_plan": lambda graph: str(
        rfield.tile_plan(graph, [32 * n for n in sizes_of(graph)], tile=8 * max(sizes_of(graph)))
    ),
}


def main() -> int:
    """Ask, and print the table; 1 if anything was over the limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--graphs", nargs="+", choices=GRAPHS, default=list(GRAPHS))
    parser.add_argument("--questions", nargs="+", choices=QUESTIONS, default=list(QUESTIONS))
    parser.add_argument("--limit", type=int, default=20, help="seconds of CPU")
    parser.add_argument("--memory", type=int, default=4, help="gigabytes")
    parser.add_argument("--where", action="store_true")
    options = parser.parse_args()
    over = 0
    for name in rfield.__all__:
        getattr(rfield, name)  # every module is loaded before the first fork
    for name in options.graphs:
        start = time.process_time()
        graph = GRAPHS[name]()
        print(f"{name}: {len(graph.nodes):,} values, built in {time.process_time() - start:.1f} s")
        for question in options.questions:
            verdict = asked(graph, QUESTIONS[question], options)
            over += "OVER" in verdict
            print(f"  {question:20} {verdict}", flush=True)
        del graph
    print(f"{over} over {options.limit} s")
    return 1 if over else 0


def asked(graph: rfield.Graph, ask: Ask, options: argparse.Namespace) -> str:
    """Seconds, megabytes, and how one question ended."""
    out, into = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(out)
        with os.fdopen(into, "w", encoding="utf-8") as told:
            told.write(answered(graph, ask, options))
        os._exit(0)
    os.close(into)
    with os.fdopen(out, encoding="utf-8") as told:
        verdict = told.read()
    os.waitpid(child, 0)
    return verdict or f"OVER {options.limit} s, ended from outside"


class OverLimitError(Exception):
    """The process was stopped at its limit of CPU seconds."""


def answered(graph: rfield.Graph, ask: Ask, options: argparse.Namespace) -> str:
    """One question in this process, under its limits."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise OverLimitError

    signal.signal(signal.SIGXCPU, stop)
    spent = int(time.process_time())
    resource.setrlimit(resource.RLIMIT_CPU, (spent + options.limit, spent + options.limit + 30))
    resource.setrlimit(resource.RLIMIT_AS, (options.memory << 30, options.memory << 30))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    end = ""
    try:
        ask(graph)
    except OverLimitError:
        end = f"OVER {options.limit} s"
        if options.where:
            end += "\n" + "".join(traceback.format_exc(limit=-6))
    except rfield.RFieldError as error:
        end = f"refused {type(error).__name__}" + (f": {error}" if options.where else "")
    except (MemoryError, Exception) as error:  # noqa: BLE001  # a crash is a row of the table
        end = f"OVER: {type(error).__name__}: {error}"
        if options.where:
            end += "\n" + "".join(traceback.format_exc(limit=-6))
    seconds = time.process_time() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    return f"{seconds:7.2f} s {grown:6,} MB  {end}"


if __name__ == "__main__":
    sys.exit(main())
