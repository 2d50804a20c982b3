"""Reading a live model and computing every layer's field, against one forward pass of the model.

    python -m benchmarks.torch_read [--repeat 5] [--models NAME ...]

One thread, eval mode, nominal input; ratios of medians in one run. Memory is what reading adds to
the peak of the process, measured in a process of its own with --memory. The last table compares
inputs of 4096² and 224².
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

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


def median(action: Callable[[], object], repeat: int) -> float:
    """Median CPU seconds (there is one thread) after one run to warm up."""
    action()
    gc.collect()
    times: list[float] = []
    for _ in range(repeat):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return statistics.median(times)


def read_all(model: object, shape: tuple[int, ...]) -> int:
    """Load, and every layer's field."""
    import rfield

    fields = rfield.receptive_fields(model, input_shape=shape)
    return sum(1 for name in fields if fields[name].size)


def measure(name: str, repeat: int) -> tuple[float, float, float]:
    """Forward, read + fields, and that at 4096² (0 where the model refuses the size)."""
    import torch

    from rfield.errors import RFieldError

    model, shape = build(name)
    x = torch.rand(*shape)
    with torch.no_grad():
        forward = median(lambda: model(x), repeat)
    read = median(lambda: read_all(model, shape), repeat)
    try:
        large = median(lambda: read_all(model, (1, 3, 4096, 4096)), max(1, repeat // 2))
    except RFieldError:
        large = 0.0
    return forward, read, large


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

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--memory", metavar="NAME", help="print the extra memory of one model")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.memory:
        memory(args.memory)
        return
    ratios: list[float] = []
    print(
        f"{'model':26} {'forward':>9} {'read+fields':>12} {'ratio':>6} "
        f"{'4096²/nominal':>14} {'MB':>6}"
    )
    for name in args.models:
        forward, read, large = measure(name, args.repeat)
        ratios.append(read / forward)
        out = subprocess.run(
            [sys.executable, "-m", "benchmarks.torch_read", "--memory", name],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        megabytes = out.stdout.strip().splitlines()[-1] if out.returncode == 0 else "?"
        growth = f"{large / read:.2f}" if large else "-"
        print(f"{name:26} {forward * 1e3:7.1f}ms {read * 1e3:10.1f}ms {read / forward:6.2f} "
              f"{growth:>14} {megabytes[:5]:>6}", flush=True)  # fmt: skip
    print(f"median ratio {statistics.median(ratios):.2f} (wanted: at most 0.50)")


if __name__ == "__main__":
    main()
