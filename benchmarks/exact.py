"""Exact supports against running the model: time and memory.

    OMP_NUM_THREADS=1 python -m benchmarks.exact [--repeat 3]

Three questions; both sides of each run in this process, on one thread, and take turns. Times are
CPU times, medians over the turns. Memory is the peak above what was held before: of the process,
and of what Python and NumPy allocate (``tracemalloc``); the larger counts.

1. One position of ResNet-50's last map at 736²: ``support`` against what is done without it, one
   forward and one backward of the real model, whose input gradient shows what was read. Wanted: at
   most 1/50 of the time, 1/20 of the memory.
2. The supports of 1,000 positions of one layer, masks included, against one. Wanted: at most 100
   times.
3. Inception-ResNet-v2 with its whole field of 3039² inside the input: ``support`` against one
   forward of the real model at 1024². Wanted: at most 1/4 of the time, and 500 MB.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import rfield
from benchmarks.torch_read import build, turns
from rfield.analysis.pixels.support import Support

if TYPE_CHECKING:
    Module = Any  # PyTorch need not be installed where types are checked

Mask = NDArray[np.bool_]
POSITIONS = 1000


def main() -> None:
    """Print the figures, each with what is wanted."""
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    torch.set_num_threads(1)
    torch.manual_seed(0)
    resnet(repeat)
    inception(repeat)


def resnet(repeat: int) -> None:
    """Questions 1 and 2."""
    model, _ = build("resnet50")
    graph = rfield.load(model, (1, 3, 736, 736))
    at = (11, 11)
    found = rfield.support(graph, at, "layer4")
    assert isinstance(found, Support)
    probed = probe(model, 736, at)
    # A gradient can be zero by chance, so that it shows a part of what is read; never more.
    assert not (probed & ~whole(found, 736)).any()
    print(f"ResNet-50 at 736², layer4 at {at}: {found.box}, {found.count:,} read")
    ours, theirs = turns(
        [lambda: rfield.support(graph, at, "layer4").mask, lambda: probe(model, 736, at)], repeat
    )
    say("support", ours)
    say("forward and backward", theirs)
    verdict("time", ratio(ours, theirs), 1 / 50)
    small = peak(lambda: rfield.support(graph, at, "layer4").mask)
    large = peak(lambda: probe(model, 736, at))
    print(f"  memory of support {small:.1f} MB, of forward and backward {large:.0f} MB")
    verdict("memory", small / large, 1 / 20)
    draw = np.random.default_rng(0)
    cells = draw.choice(46 * 46, POSITIONS, replace=False)
    rows = np.stack([cells // 46, cells % 46], axis=1)
    one, many = turns(
        [lambda: masks(graph, rows[:1], "layer3"), lambda: masks(graph, rows, "layer3")], repeat
    )
    print(f"ResNet-50 at 736², layer3: {POSITIONS:,} positions against one")
    say("one", one)
    say(f"{POSITIONS:,}", many)
    verdict("time", ratio(many, one), 100)


def inception(repeat: int) -> None:
    """Question 3."""
    import torch

    model, _ = build("timm:inception_resnet_v2")
    graph = rfield.load(model, (1, 3, 3200, 3200))
    layer = "conv2d_7b"
    field = rfield.receptive_field(graph, layer)
    at = (49, 49)
    assert field.output_shape[2:] == (98, 98), field.output_shape
    found = rfield.support(graph, at, layer)
    assert isinstance(found, Support)
    assert found.shape == (3039, 3039), found
    image = torch.zeros(1, 3, 1024, 1024)

    def forward() -> object:
        with torch.inference_mode():
            return model.forward_features(image)

    print(f"Inception-ResNet-v2, {layer} at {at}: {found.box}, {found.count:,} read")
    ours, theirs = turns([lambda: rfield.support(graph, at, layer).mask, forward], repeat)
    say("support", ours)
    say("forward at 1024²", theirs)
    verdict("time", ratio(ours, theirs), 1 / 4)
    verdict("memory in MB", peak(lambda: rfield.support(graph, at, layer).mask), 500)


def probe(model: Module, size: int, at: tuple[int, ...]) -> Mask:
    """Where the gradient of one position of the last map is not zero."""
    import torch

    x = torch.randn(1, 3, size, size).requires_grad_()
    y = model.maxpool(model.relu(model.bn1(model.conv1(x))))
    for stage in (model.layer1, model.layer2, model.layer3, model.layer4):
        y = stage(y)
    (gradient,) = torch.autograd.grad(y[(0, slice(None), *at)].sum(), x)
    return (gradient[0] != 0).any(dim=0).numpy()


def whole(found: Support, size: int) -> Mask:
    """The mask over the whole input."""
    marks = np.zeros((size, size), bool)
    marks[tuple(slice(o, o + n) for o, n in zip(found.offset, found.shape, strict=True))] = (
        found.mask
    )
    return marks


def masks(graph: rfield.Graph, rows: NDArray[np.int64], layer: str) -> int:
    """How many positions the supports of ``rows`` hold: every mask is written out."""
    found: Any = rfield.support(graph, rows, layer)
    return sum(int(one.mask.sum()) for one in found)


def peak(call: Callable[[], object]) -> float:
    """MB held at most during ``call``, beyond what was held before."""
    gc.collect()
    tracemalloc.start()
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5", encoding="ascii")  # Linux: the peak of the process begins anew
    before = kilobytes("VmRSS:")
    call()
    grown = (kilobytes("VmHWM:") - before) / 1024
    python = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return max(grown, python)


def kilobytes(name: str) -> int:
    """What the system says of this process; elsewhere than on Linux only the peak of its life."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def ratio(times: list[float], base: list[float]) -> float:
    """The median of the ratios, turn by turn."""
    return statistics.median(a / b for a, b in zip(times, base, strict=True))


def say(what: str, seconds: list[float]) -> None:
    """One time."""
    print(f"  {what:22} {1e3 * statistics.median(seconds):10.1f} ms")


def verdict(what: str, found: float, most: float) -> None:
    """One figure, and whether it is what is wanted."""
    shown, wanted = (
        (f"1/{1 / found:.0f}" if found else "0", f"1/{1 / most:.0f}")
        if most < 1
        else (f"{found:.1f}", f"{most:g}")
    )
    print(f"  {what} {shown} (wanted: at most {wanted}) {'holds' if found <= most else 'MISSED'}")


if __name__ == "__main__":
    main()
