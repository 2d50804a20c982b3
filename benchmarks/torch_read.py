"""Reading a live model and computing every layer's field, against one forward pass of the model.

    python -m benchmarks.torch_read [--repeat 5] [--models NAME ...]

One thread, eval mode, nominal input, CPU times. The sides take turns: each ratio is the median over
the turns. Memory is what reading adds to the peak of the process, measured in a process of its own
with --memory. 4096²/nominal compares reading at the two input sizes. Where the peer of
``benchmarks.peer`` is installed, its time against the same forward is printed too, and both sides'
field of the last feature layer against its known value.
"""

from __future__ import annotations

import argparse
import gc
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import peer

MODELS = (
    "vgg16", "resnet50", "inception_v3", "densenet121", "mobilenet_v2", "efficientnet_b0",
    "convnext_tiny", "swin_t", "timm:inception_resnet_v2",
)  # fmt: skip


def build(name: str) -> tuple[Any, tuple[int, ...]]:
    """The model with weights, and its nominal input."""
    import warnings

    warnings.simplefilter("ignore")
    if name.startswith("timm:"):
        import timm

        model = timm.create_model(name[5:])
        return model.eval(), (1, *model.pretrained_cfg["input_size"])
    import torchvision

    size = 299 if name == "inception_v3" else 224
    return torchvision.models.get_model(name, weights=None).eval(), (1, 3, size, size)


def seconds(action: Callable[[], object]) -> float:
    """CPU seconds of one call (there is one thread)."""
    gc.collect()
    start = time.process_time()
    action()
    return time.process_time() - start


def turns(actions: Sequence[Callable[[], object]], repeat: int) -> list[list[float]]:
    """The seconds of each action, which take turns, after one turn to warm up."""
    for action in actions:
        action()
    rounds = [[seconds(action) for action in actions] for _ in range(repeat)]
    return [list(column) for column in zip(*rounds, strict=True)]


def ratio(times: Sequence[float], base: Sequence[float]) -> float:
    """Median of the ratios turn by turn."""
    return statistics.median(one / other for one, other in zip(times, base, strict=True))


def read_all(model: object, shape: tuple[int, ...]) -> int:
    """Load, and every layer's field."""
    import rfield

    fields = rfield.receptive_fields(model, input_shape=shape)
    return sum(1 for name in fields if fields[name].size)


@dataclass(frozen=True)
class Row:
    """The figures of one model: seconds of a forward and of reading, and ratios."""

    forward: float
    read: float
    ratio: float
    growth: float | None  # None where the model refuses 4096²
    verdict: str
    peer_ratio: float | None  # None where the peer is missing or fails
    peer_verdict: str


def own_verdict(name: str, model: object, shape: tuple[int, ...]) -> str:
    """What rfield says of the last feature layer, in the peer's words."""
    import rfield

    known = peer.KNOWN.get(name)
    if known is None:
        return "?"
    size = rfield.receptive_fields(model, input_shape=shape)[known[0]].size[0]
    return peer.judge(math.inf if size is rfield.UNBOUNDED else float(size), known[1])


def measure(name: str, repeat: int, with_peer: bool) -> Row:
    """All figures of one model but its memory."""
    import torch

    from rfield.errors import RFieldError

    model, shape = build(name)
    x = torch.rand(*shape)

    def forward() -> None:
        with torch.no_grad():
            model(x)

    actions: list[Callable[[], object]] = [forward, lambda: read_all(model, shape)]
    peer_verdict = ""
    if with_peer:
        try:
            peer_verdict = peer.verdict(name, peer.crawl(model, shape))
        except Exception as error:  # noqa: BLE001 - whatever the peer raises is its result
            peer_verdict = f"error ({type(error).__name__})"
        else:
            actions.append(lambda: peer.crawl(model, shape))
    times = turns(actions, repeat)
    try:
        large = turns(
            [lambda: read_all(model, shape), lambda: read_all(model, (1, 3, 4096, 4096))],
            max(1, repeat // 2),
        )
    except RFieldError:
        large = None
    return Row(
        forward=statistics.median(times[0]),
        read=statistics.median(times[1]),
        ratio=ratio(times[1], times[0]),
        growth=ratio(large[1], large[0]) if large else None,
        verdict=own_verdict(name, model, shape),
        peer_ratio=ratio(times[2], times[0]) if len(times) > 2 else None,
        peer_verdict=peer_verdict,
    )


def memory(name: str) -> None:
    """Print the largest number of MB that reading holds at once, beyond what was held before."""
    import tracemalloc

    model, shape = build(name)
    read_all(build("resnet18")[0], (1, 3, 64, 64))  # imports and caches
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tracemalloc.start()
    read_all(model, shape)
    python = tracemalloc.get_traced_memory()[1] / 1e6
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(max(python, grown))


def main() -> None:
    """Print the table."""
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--memory", metavar="NAME", help="print the extra memory of one model")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.memory:
        memory(args.memory)
        return
    absent = peer.missing()
    head = (
        f"{'model':25} {'forward':>9} {'read+fields':>11} {'ratio':>6} {'4096²/nominal':>13} "
        f"{'MB':>5}  {'field':13}"
    )
    if absent is None:
        head += f"  {'peer':>6}  peer's field"
        print(f"peer: {peer.title()}, time of one call / one forward")
    print(head)
    rows: list[Row] = []
    for name in args.models:
        row = measure(name, args.repeat, absent is None)
        rows.append(row)
        out = subprocess.run(
            [sys.executable, "-m", "benchmarks.torch_read", "--memory", name],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        megabytes = out.stdout.strip().splitlines()[-1] if out.returncode == 0 else "?"
        growth = "-" if row.growth is None else f"{row.growth:.2f}"
        line = (
            f"{name:25} {row.forward * 1e3:7.1f}ms {row.read * 1e3:9.1f}ms {row.ratio:6.2f} "
            f"{growth:>13} {megabytes[:5]:>5}  {row.verdict:13}"
        )
        if absent is None:
            told = "-" if row.peer_ratio is None else f"{row.peer_ratio:.2f}"
            line += f"  {told:>6}  {row.peer_verdict}"
        print(line.rstrip(), flush=True)
    print(f"median ratio {statistics.median(row.ratio for row in rows):.2f} (wanted: at most 0.50)")
    told = [row.peer_ratio for row in rows if row.peer_ratio is not None]
    if told:
        print(f"median ratio of the peer {statistics.median(told):.2f}")
    if absent is not None:
        print(absent)


if __name__ == "__main__":
    main()
