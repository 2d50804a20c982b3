"""The PyTorch front end: live modules, exported programs and model zoos.

``rule`` registers how an op of your own is read:

    @rfield.frontends.torch.rule("mylib::blur")
    def blur(arg):
        return rfield.core.ops.pool(tuple(arg.image.shape), kernel=(3, 3), stride=1, padding=1)
"""

from __future__ import annotations

from . import (  # noqa: F401 - importing a family registers its rules
    contraction,
    convolution,
    indexing,
    layout,
    losses,
    normalization,
    pointwise,
    pooling,
    quantized,
    recurrent,
    reduction,
    resize,
    strided,
    vision,
)
from .programs.exported import read_exported
from .programs.pt2 import read_pt2
from .rulebook import RULES, Arguments, Reading, rule
from .running.apart import Apart
from .running.gradients import ModuleGradients
from .running.live import build_live, seeded
from .running.module import RunningModule
from .sizes.rereading import read_module
from .zoo import read_timm, read_torchvision

__all__ = [
    "RULES",
    "Apart",
    "Arguments",
    "ModuleGradients",
    "Reading",
    "RunningModule",
    "build_live",
    "read_exported",
    "read_module",
    "read_pt2",
    "read_timm",
    "read_torchvision",
    "rule",
    "seeded",
]
