"""Reading a live model and computing every layer's field, against one forward pass of the model.

    python -m benchmarks.torch_read [--repeat 5] [--models NAME ...]

One thread, eval mode, nominal input, CPU times. The sides take turns: each ratio is the median over
the turns. The floor is a forward of the same modules on meta tensors, with empty hooks around each
of them: torch's own way of asking for shapes. Memory is what reading adds to the peak of the
process, measured in a process of its own with --memory. 4096²/nominal compares reading at the two
input sizes. The peers are those of ``benchmarks.peer``, as parts of the same forward.
"""

from __future__ import annotations

import argparse
import copy
import gc
import math
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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


def attributes_over_sweep(model: object, shape: tuple[int, ...], repeat: int) -> float:
    """Every number of every layer's field, over the sweep that they are taken from."""
    import rfield

    ratios: list[float] = []
    for _ in range(repeat):
        graph = rfield.load(model, input_shape=shape)
        start = time.process_time()
        fields = rfield.receptive_fields(graph)
        swept = time.process_time()
        for field in fields.values():
            _ = field.size, field.stride, field.padding, field.global_reads
        ratios.append((time.process_time() - swept) / (swept - start))
    return statistics.median(ratios)


@dataclass(frozen=True)
class Row:
    """The figures of one model: seconds, and ratios to one forward."""

    forward: float
    floor: float
    load: float
    read: float
    ratio: float
    growth: float | None  # None where the model refuses 4096²
    verdict: str
    listed: float | None  # None where torchinfo is missing
    probed: float
    probe_verdict: str
    attributes: float


@contextmanager
def empty_hooks() -> Iterator[None]:
    """Two hooks around every module, which do nothing."""
    from torch.nn.modules import module

    handles = [
        module.register_module_forward_pre_hook(lambda *_: None),
        module.register_module_forward_hook(lambda *_: None),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def own_verdict(name: str, model: object, shape: tuple[int, ...]) -> str:
    """What rfield says of the last feature layer, in the peer's words."""
    import rfield

    known = peer.KNOWN.get(name)
    if known is None:
        return "?"
    size = rfield.receptive_fields(model, input_shape=shape)[known[0]].size[0]
    return peer.judge(math.inf if size is rfield.UNBOUNDED else float(size), known[1])


def measure(name: str, repeat: int, with_torchinfo: bool) -> Row:
    """All figures of one model but its memory."""
    import torch

    import rfield
    from rfield.errors import RFieldError

    model, shape = build(name)
    x, layer = torch.rand(*shape), peer.KNOWN[name][0] if name in peer.KNOWN else ""
    bare, shapes = copy.deepcopy(model).to("meta"), torch.empty(*shape, device="meta")

    def forward() -> None:
        with torch.no_grad():
            model(x)

    def floor() -> None:
        with torch.no_grad(), empty_hooks():
            bare(shapes)

    actions: list[Callable[[], object]] = [
        forward, floor, lambda: rfield.load(model, shape), lambda: read_all(model, shape),
        lambda: peer.probed(model, shape, layer) if layer else None,
    ]  # fmt: skip
    if with_torchinfo:
        actions.append(lambda: peer.listed(model, shape))
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
        floor=statistics.median(times[1]),
        load=statistics.median(times[2]),
        read=statistics.median(times[3]),
        ratio=ratio(times[3], times[0]),
        growth=ratio(large[1], large[0]) if large else None,
        verdict=own_verdict(name, model, shape),
        listed=ratio(times[5], times[0]) if with_torchinfo else None,
        probed=ratio(times[4], times[0]),
        probe_verdict=peer.probe_verdict(name, model, shape),
        attributes=attributes_over_sweep(model, shape, repeat),
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
    print(
        f"{'model':25} {'forward':>8} {'floor':>7} {'load':>7} {'x floor':>7} {'+fields':>8} "
        f"{'x forward':>9} {'x sweep':>7} {'4096²':>6} {'MB':>5}  {'field':13} "
        f"{'torchinfo':>9} {'probe':>6}"
    )
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
        told = "-" if row.listed is None else f"{row.listed:.2f}"
        forward, floor, load, read = (
            1e3 * seconds for seconds in (row.forward, row.floor, row.load, row.read)
        )
        print(
            f"{name:25} {forward:6.1f}ms {floor:5.1f}ms {load:5.1f}ms "
            f"{load / floor:7.2f} {read:6.1f}ms {row.ratio:9.2f} {row.attributes:7.2f} {growth:>6} "
            f"{megabytes[:5]:>5}  {row.verdict:13} {told:>9} {row.probed:6.2f}  "
            f"{row.probe_verdict}",
            flush=True,
        )
    floors = [row.load / row.floor for row in rows]
    ratios = [row.ratio for row in rows]
    print(f"load / floor: median {statistics.median(floors):.2f}, largest {max(floors):.2f} (<= 2)")
    print(
        f"load + fields / forward: median {statistics.median(ratios):.2f} (<= 0.15), "
        f"largest {max(ratios):.2f} (<= 0.5)"
    )
    shares = [row.attributes for row in rows]
    print(
        f"attributes / sweep: median {statistics.median(shares):.2f}, "
        f"largest {max(shares):.2f} (<= 1)"
    )
    if absent is not None:
        print(absent)


if __name__ == "__main__":
    main()
