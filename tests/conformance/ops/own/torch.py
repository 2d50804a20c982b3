"""The entries that only PyTorch has: its pointwise names, and what its modules alone can do."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from rfield.frontends.torch.rulebook import RULES
from tests.torch.cases import BOUNDED, CASES, UNMEASURED, Function

from . import Own
from . import torch_arrays as arrays
from . import torch_layers as layers
from . import torch_mixing as mixing
from . import torch_solving as solving
from . import torch_views as views
from .torch_names import entry
from .torchvision_ops import INSTALLED

POINTWISE = {"pointwise", "arithmetic", "same"}
LIVE = frozenset({"tolist", "item", "data"})
"""Cases that torch itself cannot export."""

VALUES = {*mixing.WITH_VALUES}
"""Read while they run on real data: torch has no shape for what they return."""
NOT_EXPORTED = {
    *views.ELSEWHERE, *views.PACKED, *views.WITH_LENGTHS, "dequantized by channels", "_ctc_loss",
    "linalg_lstsq",
}  # fmt: skip
"""Live only: torch cannot export them on this machine."""


class Exported:
    """A model that is read as an exported program: composite ops whole, or all decomposed."""

    def __init__(self, model: nn.Module, *, decomposed: bool = False) -> None:
        self.model = model
        self.decomposed = decomposed

    def program(self, shape: tuple[int, ...]) -> torch.export.ExportedProgram:
        """The exported program."""
        model = deepcopy(self.model).eval().float()
        program = torch.export.export(model, (torch.rand(shape),))
        return program.run_decompositions() if self.decomposed else program


class WithValues(Exported):
    """A model that is read while it runs on real data, which alone say what shape a result has."""


SCATTERED = frozenset({"unpool"})
"""What is decomposed into an assignment to places that the data choose, and a bound."""


def forms(name: str, model: nn.Module) -> dict[str, Exported]:
    """The other ways in which PyTorch hands over a model."""
    if name in LIVE:
        return {}
    found = {"exported": Exported(model)}
    if name not in SCATTERED:
        found["decomposed"] = Exported(model, decomposed=True)
    return found


def entries() -> Iterator[Own]:
    """Every entry, live and exported."""
    for name, rule in RULES.items():
        if rule.family == "pointwise" and rule.function.__name__ in POINTWISE:
            made = entry(name)
            if made is not None:
                yield replace(made, forms={"exported": Exported(Function(made.model))})
    for name, (function, shape, *modules) in CASES.items():
        bound = name in BOUNDED and name != "tril"  # a mask is known, element by element
        blind = name in UNMEASURED
        own = deepcopy(modules)  # the list makes their weights positive and doubles them
        model = Function(function, *own)
        yield Own(name, model, shape, bound=bound, blind=blind, forms=forms(name, model))
    for title, model, shape, reads, options in named():
        whole = title in NOT_EXPORTED | VALUES or "::" in title
        made = {} if whole else {"exported": Exported(model)}
        read = WithValues(model) if title in VALUES else model
        name = title if "::" in title else f"aten::{title}"
        yield Own(name, read, shape, reads, forms=made, **options)


def named() -> Iterator[tuple[str, Any, Any, Any, dict[str, bool]]]:
    """Title, model, shape, literals and how they are compared."""
    for functions, reads, blind in (
        (arrays.TO_ONE, {(): arrays.ALL}, False),
        (arrays.TO_ONE_UNSEEN, {(): arrays.ALL}, True),
        (arrays.ROWS, {1: arrays.ROW}, False),
        (arrays.ROWS_UNSEEN, {1: arrays.ROW}, True),
        (arrays.MIXED, {(1, 2): arrays.ROW}, False),
        (arrays.MIXED_UNSEEN, {(1, 2): arrays.ROW}, True),
        (arrays.ALL_MIXED, {(1, 2): arrays.ALL}, False),
    ):
        for title, function in functions.items():
            yield title, Function(function), arrays.BOARD, reads, {"blind": blind}
    for functions, options in (
        (arrays.SQUARES, {"blind": True}),
        (arrays.FACTORS, {"blind": True, "bound": True}),
    ):
        for title, function in functions.items():
            shape = (2, 3, 3)  # the second of two matrices
            yield title, Function(function), shape, {(1, 2, 1): arrays.SECOND}, options
    for table, options in (
        (arrays.MORE, {}),
        (layers.POOLING, {}),
        (layers.PADDING, {}),
        (layers.RESIZING, {}),
        (mixing.MIXING, {}),
        (layers.FRAMES, {}),
        (mixing.CHANCE, {}),
        (arrays.UNSEEN, {"blind": True}),
        (mixing.UNSEEN, {"blind": True}),
        (arrays.BOUNDED, {"bound": True, "blind": True}),
        (mixing.BOUNDED, {"bound": True, "blind": True}),
        (mixing.VISION, {"bound": True, "blind": True, "unrun": not INSTALLED}),
        (views.VIEWS, {}),
        (views.WITH_LENGTHS, {}),
        (views.UNSEEN, {"blind": True}),
        (views.RECURRENT, {}),
        (views.PACKED, {"blind": True}),
        (views.BOUNDED, {"bound": True, "blind": True}),
        (views.ELSEWHERE, {"unrun": True}),
        (mixing.WITH_VALUES, {"bound": True, "blind": True}),
        (solving.SOLVING, {}),
        (solving.UNSEEN, {"blind": True}),
        (solving.BOUNDED, {"bound": True, "blind": True}),
        (solving.UNRUN, {"unrun": True}),
    ):
        for title, (function, shape, reads, *modules) in table.items():
            model = Function(function, *deepcopy(modules))
            yield title, model, shape, reads, options
    for title, (function, shape, reads) in solving.QUANTISED.items():
        yield f"quantized::{title}", Function(function), shape, reads, {"unrun": True}
