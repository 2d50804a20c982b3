"""Every question on everyday models: seconds of CPU beside reading the model and running it.

    OMP_NUM_THREADS=1 python -m benchmarks.questions [--models NAME ...] [--questions NAME ...]

Each question runs in a process of its own, forked once the model is read. A cell holds seconds, and
how many forward passes these are; ``OVER`` stands where they are more than three times ``load`` and
more than one second. The questions are those of ``benchmarks.extremes``.
"""

from __future__ import annotations

import argparse
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import rfield

from .extremes import QUESTIONS, asked, sizes_of

if TYPE_CHECKING:
    from torch import Tensor, nn

LIMIT = 120
"""CPU seconds after which a question is ended."""


def codec() -> nn.Module:
    """A neural audio codec in small: four strided levels down and up, residual units in each."""
    from torch import nn

    class Residual(nn.Module):
        def __init__(self, width: int, dilation: int) -> None:
            super().__init__()
            self.inner = nn.Sequential(
                nn.ELU(), nn.Conv1d(width, width, 7, padding=3 * dilation, dilation=dilation),
                nn.ELU(), nn.Conv1d(width, width, 1),
            )  # fmt: skip

        def forward(self, x: Tensor) -> Tensor:
            return x + self.inner(x)

    def units(width: int) -> list[nn.Module]:
        return [Residual(width, dilation) for dilation in (1, 3, 9)]

    parts: list[nn.Module] = [nn.Conv1d(1, 16, 7, padding=3)]
    for width, stride in zip((16, 32, 64, 128), (2, 4, 5, 8), strict=True):
        down = nn.Conv1d(width, 2 * width, 2 * stride, stride, padding=(stride + 1) // 2)
        parts += [*units(width), nn.ELU(), down]
    for width, stride in zip((128, 64, 32, 16), (8, 5, 4, 2), strict=True):
        up = nn.ConvTranspose1d(
            2 * width, width, 2 * stride, stride, padding=(stride + 1) // 2,
            output_padding=stride % 2,
        )  # fmt: skip
        parts += [nn.ELU(), up, *units(width)]
    return nn.Sequential(*parts, nn.ELU(), nn.Conv1d(16, 1, 7, padding=3), nn.Tanh())


def vision(name: str, size: int = 224) -> Callable[[], tuple[Any, tuple[int, ...]]]:
    """A model of torchvision with its input."""

    def build() -> tuple[Any, tuple[int, ...]]:
        import torchvision

        given = {"weights_backbone": None} if "deeplab" in name else {}
        return torchvision.models.get_model(name, weights=None, **given), (1, 3, size, size)

    return build


MODELS: dict[str, Callable[[], tuple[Any, tuple[int, ...]]]] = {
    "resnet50": vision("resnet50"),
    "efficientnet_b0": vision("efficientnet_b0"),
    "swin_t": vision("swin_t"),
    "deeplabv3_resnet50": vision("deeplabv3_resnet50", 520),
    "codec": lambda: (codec(), (1, 1, 16_000)),
}


def last_map(graph: rfield.Graph) -> str:
    """The last layer that has all the axes of the input."""
    rank = len(graph.nodes[graph.inputs_[0].node].shape)
    found = [name for name, n in graph.layer_index.items() if len(graph.nodes[n].shape) == rank]
    return max(found, key=graph.index)


def tiles(graph: rfield.Graph) -> str:
    """Tiles of four times what the model was read at, over an image of sixteen times that."""
    sizes = sizes_of(graph)
    return str(rfield.tile_plan(graph, [16 * n for n in sizes], tile=4 * max(sizes)))


ASKED = {
    **QUESTIONS,
    "input_size": lambda graph: str(rfield.input_size(graph, 7, last_map(graph))),
    "tile_plan": tiles,
    "measured_influence": None,
    "explore": lambda graph: str(rfield.explore(graph)),
}


def seconds(action: Callable[[], object], times: int = 3) -> float:
    """The median of the CPU seconds of some calls, after one that warms up."""
    action()
    found: list[float] = []
    for _ in range(times):
        start = time.process_time()
        action()
        found.append(time.process_time() - start)
    return sorted(found)[times // 2]


def main() -> int:
    """Ask, and print the tables; 1 if anything was over its aim."""
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--questions", nargs="+", choices=ASKED, default=list(ASKED))
    parser.add_argument("--where", action="store_true", help="where a question was at its end")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in rfield.__all__:
        getattr(rfield, name)  # every module is loaded before the first fork
    over = 0
    for name in options.models:
        over += measured(name, options)
    print(f"{over} over their aim")
    return 1 if over else 0


def measured(name: str, options: argparse.Namespace) -> int:
    """The table of one model; how many questions were over their aim."""
    import torch

    model, shape = MODELS[name]()
    model.eval()
    x = torch.rand(*shape)

    def forward() -> None:
        with torch.no_grad():
            model(x)

    graph = rfield.load(model, input_shape=shape)
    load = seconds(lambda: rfield.load(model, input_shape=shape))
    once = seconds(forward)
    aim = max(3 * load, 1.0)
    print(f"{name}: forward {once:.3f} s, load {load:.3f} s; aim {aim:.2f} s")
    asks: dict[str, Any] = {
        **ASKED,
        "measured_influence": lambda graph: rfield.measured_influence(
            model, x, input_shape=shape, count=1
        ),
    }
    over = 0
    for question in options.questions:
        limits = Namespace(limit=LIMIT, memory=16, where=options.where)
        verdict = asked(graph, asks[question], limits)
        spent = float(verdict.split()[0])
        late = spent > aim
        over += late
        mark = "OVER" if late else ""
        print(f"  {question:20} {spent / once:7.2f} × {verdict} {mark}".rstrip(), flush=True)
    return over


if __name__ == "__main__":
    sys.exit(main())
