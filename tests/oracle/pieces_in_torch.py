"""Random modules of PyTorch as subjects: whole weights in double precision, so sums are exact."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from tests.oracle.pieces_of_one import Array, Subject
from tests.torch.tiling_nets import integers, random_net

SIDE = 48
DIVISIBLE = 24.0**4
"""Means of up to eight numbers, four times, leave whole numbers."""


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

    def accepts(sizes: Sequence[int], *, empties: bool = False) -> bool:
        made.clear()
        try:
            with torch.no_grad():
                model(torch.zeros(1, 1, *sizes, dtype=torch.float64))
        except (RuntimeError, ValueError):
            return False
        return empties or all(made)

    def note(_module: nn.Module, _given: object, result: torch.Tensor) -> None:
        made.append(bool(result.numel()))

    made: list[bool] = []
    for module in model.modules():
        module.register_forward_hook(note)
    return Subject(
        model, shape, None, None, run, accepts, lambda n: accepts(n, empties=True),
        {"input_shape": shape},
    )  # fmt: skip
