"""The entries that only PyTorch has: its pointwise names, and what its modules alone can do."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import torch
from torch import nn

from rfield.frontends.torch.rulebook import RULES
from tests.torch.cases import BOUNDED, CASES, UNMEASURED, Function

from . import Own
from .torch_names import entry

POINTWISE = {"pointwise", "arithmetic", "same"}


class Exported:
    """A model that is read as an exported program, in which composite ops stay whole."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def program(self, shape: tuple[int, ...]) -> torch.export.ExportedProgram:
        """The exported program."""
        return torch.export.export(self.model, (torch.rand(shape),))


def entries() -> Iterator[Own]:
    """Every entry, live and exported."""
    for name, rule in RULES.items():
        if rule.family == "pointwise" and rule.function.__name__ in POINTWISE:
            made = entry(name)
            if made is not None:
                yield made
                model = Exported(Function(made.model))
                yield replace(made, name=f"{made.name}, exported", model=model)
    for name, (function, shape, *modules) in CASES.items():
        bound = name in BOUNDED and name != "tril"  # a mask is known, element by element
        blind = name in UNMEASURED
        own = deepcopy(modules)  # the list makes their weights positive and doubles them
        yield Own(name, Function(function, *own), shape, bound=bound, blind=blind)
