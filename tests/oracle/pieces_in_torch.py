"""Random modules of PyTorch as subjects: whole weights in double precision, so sums are exact."""

from __future__ import annotations

from functools import cache

import torch
from torch import nn

from tests.oracle.pieces_of_one import Array, Subject
from tests.torch.tiling_nets import integers, random_net

SIDE = 48
DIVISIBLE = 24.0**4
"""Means of up to eight numbers, four times, leave whole numbers."""

torch.set_num_threads(1)  # a process for each core; maps are small


def module_of(seed: int) -> Subject:
    """A network in two dimensions, of 32 positions a side."""
    model = integers(random_net(seed))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.data *= DIVISIBLE  # as large as what it is added to
    shape = (1, 1, SIDE, SIDE)

    def run(x: Array) -> Array:
        with torch.no_grad():
            return model(torch.from_numpy((x % 7 - 3) * DIVISIBLE)).numpy()

    @cache
    def least(*sizes: int) -> int:
        """The fewest elements of any layer; -1 where the network does not take these sizes."""
        made.clear()
        try:
            with torch.no_grad():
                model(torch.zeros(1, 1, *sizes, dtype=torch.float64))
        except (RuntimeError, ValueError):
            return -1
        return min(made)

    def note(_module: nn.Module, _given: object, result: torch.Tensor) -> None:
        made.append(result.numel())

    made: list[int] = []
    for module in model.modules():
        module.register_forward_hook(note)
    return Subject(
        model, shape, None, None, run, lambda n: least(*n) > 0, lambda n: least(*n) >= 0,
        {"input_shape": shape},
    )  # fmt: skip
