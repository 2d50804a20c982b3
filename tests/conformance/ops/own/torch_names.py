"""One entry per name of an op that reads each element from its own place, made from its schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from . import Own

SHAPE = (2, 3)
NUMBERS: dict[str, Any] = {
    "quant_min": 0, "quant_max": 127, "axis": 0, "zero_point": 0, "decimals": 0, "n": 1,
    "dtype": torch.float64, "min": 0.1, "max": 0.9, "p": 0.0, "training": False, "train": False,
    "lower": 0.125, "upper": 0.25, "scale": 0.25, "threshold": 0.1, "value": 0.5,
    "min_val": 0.1, "max_val": 0.9, "generator": None, "out_dtype": None, "memory_format": None,
}  # fmt: skip
"""Arguments without a default, by name; every other number is one half."""
PLAIN = {"int": 1, "SymInt": 1, "bool": False, "float": 0.5, "number": 0.5, "Scalar": 0.5}


def overloads(name: str) -> Iterator[Any]:
    """The overloads of ``aten::name`` that return one tensor and take one first."""
    short = name.removeprefix("aten::")
    packet = getattr(torch.ops.aten, short.partition(".")[0], None)
    if packet is None:
        return
    for overload in packet.overloads():
        if "." in short and short.partition(".")[2] != overload:
            continue
        op = getattr(packet, overload)
        first = op._schema.arguments[:1]
        if first and str(first[0].type) == "Tensor" and not op._schema.is_mutable:
            yield op


def calls(op: Any, kind: torch.dtype) -> Callable[[torch.Tensor], Any]:
    """The op on the input and on constants."""

    def call(x: torch.Tensor) -> Any:
        first = (x.clamp(0, 1) if op.__name__.startswith("bernoulli") else x).to(kind)
        given: list[Any] = [first]
        named: dict[str, Any] = {}
        for argument in op._schema.arguments[1:]:
            if argument.has_default_value() and argument.name not in ("min", "max"):
                continue
            value = value_of(argument, first, op)
            if argument.kwarg_only:
                named[argument.name] = value
            else:
                given.append(value)
        found = op(*given, **named)
        return found[0] if isinstance(found, tuple) else found

    return call


def value_of(argument: Any, first: torch.Tensor, op: Any) -> Any:
    """A small value for an argument without a default."""
    kind = str(argument.type).replace("Optional[", "").rstrip("]")
    if kind == "Tensor":
        if argument.name in ("scale", "scales"):
            return torch.tensor([0.25, 0.25])[: 2 if "channel" in op.__name__ else 1].squeeze()
        if argument.name in ("zero_point", "zero_points"):
            return torch.tensor([0, 0])[: 2 if "channel" in op.__name__ else 1].squeeze()
        if argument.name == "weight":
            return torch.full((1,), 0.5, dtype=first.dtype)
        return torch.full_like(first, 0.75 if first.is_floating_point() else 1)
    if argument.name in NUMBERS:
        return NUMBERS[argument.name]
    return PLAIN.get(kind, 0)


KINDS = (torch.float64, torch.float32, torch.int64, torch.bool, torch.complex128)
ITSELF: dict[Any, Any] = {(1, 2): {(1, 2)}, (0, 1): {(0, 1)}}


def entry(name: str) -> Own | None:
    """The first overload and type of number with which the op can be called."""
    for op in overloads(name):
        for kind in KINDS:
            call = calls(op, kind)
            try:
                found = call(torch.full(SHAPE, 0.5, dtype=torch.float64))
            except (RuntimeError, IndexError, TypeError):
                continue
            if isinstance(found, torch.Tensor) and found.shape == SHAPE:
                return Own(f"{name} of {str(kind)[6:]}", call, SHAPE, ITSELF, blind=True)
    return None
