"""What a program from a file may call. A name that is not listed here is an unknown op.

A file is foreign: it can name any function that torch has, ask for any size, and be built to do
harm. So its steps are looked up, never resolved: an op has a rule or stands in one of the lists
below, by its whole name, and only then is torch's function fetched. It is called with meta tensors,
which hold no numbers. Numbers are computed for the few ops on index tables in ``COMPUTED``, and
only where the result is small; that is found out first, with meta tensors.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import prod
from typing import Any

import torch

from ....errors import UnreadableModelError
from ..kinds import READS_NOTHING
from ..rulebook import find_rule

_NAME = re.compile(r"torch\.ops\.([A-Za-z_]\w*)\.([A-Za-z_]\w*)\.(\w+)")

_LARGEST = 1 << 62

_COMPOSITES = """
arctan arctan2 atleast_1d atleast_2d atleast_3d broadcast_tensors chalf column_stack
cross_entropy_loss diag dsplit dstack fliplr flipud gradient hsplit hstack isclose isreal
l1_loss linalg_diagonal linalg_matmul linalg_norm linalg_matrix_norm linalg_vecdot meshgrid
nll_loss nll_loss_nd ravel row_stack special_digamma special_erf special_erfc special_erfinv
special_exp2 special_expm1 special_log1p special_log_softmax special_logit special_round
special_sinc special_softmax sum_to_size tensordot trapezoid vsplit vstack
"""
COMPOSITES = frozenset(f"aten::{name}" for name in _COMPOSITES.split())
"""Ops without a rule of their own that torch itself writes as ops that have one. No file, device,
storage or random state is touched by any of them."""

_SIZED: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "aten::zeros": lambda b: prod(b["size"]), "aten::ones": lambda b: prod(b["size"]),
    "aten::full": lambda b: prod(b["size"]), "aten::empty": lambda b: prod(b["size"]),
    "aten::scalar_tensor": lambda b: 1,
    "aten::arange": lambda b: int((b["end"] - b.get("start", 0)) / (b.get("step") or 1)) + 2,
    "aten::linspace": lambda b: b["steps"],
    "aten::eye": lambda b: b["n"] * (b.get("m") or b["n"]),
    "aten::tril_indices": lambda b: 2 * b["row"] * b["col"],
    "aten::triu_indices": lambda b: 2 * b["row"] * b["col"],
    "aten::hann_window": lambda b: b["window_length"],
    "aten::hamming_window": lambda b: b["window_length"],
    "aten::blackman_window": lambda b: b["window_length"],
    "aten::bartlett_window": lambda b: b["window_length"],
}  # fmt: skip
"""Ops that make a tensor from nothing, and how many elements it has."""

RANDOM = frozenset({"aten::rand", "aten::randn", "aten::randint", "aten::randperm"})
"""These give tensors of unknown numbers; the state of the random numbers is not touched."""

_COMPUTED = """
_to_copy _unsafe_view abs add alias all amax amin any argmax argmin bitwise_and bitwise_not
bitwise_or bitwise_xor broadcast_to cat ceil clamp clamp_max clamp_min clone contiguous cumsum
detach div eq expand expand_as flatten flip floor floor_divide full_like ge gt index
index_select le lift_fresh lift_fresh_copy logical_and logical_not logical_or logical_xor lt
masked_fill maximum mean minimum mul ne neg new_full new_ones new_zeros ones_like permute pow
remainder repeat reshape roll round rsub select slice split squeeze stack sub sum t tile to
transpose tril triu unbind unsqueeze view where zeros_like
"""
COMPUTED = frozenset(f"aten::{name}" for name in _COMPUTED.split())
"""Arithmetic and moves that make index tables and masks."""

_NUMBERS: dict[str, Callable[..., Any]] = {
    f"_operator.{name}": getattr(operator, name)
    for name in (
        "add", "sub", "mul", "floordiv", "truediv", "mod", "neg", "pos", "eq", "ne", "lt", "le",
        "gt", "ge", "and_", "or_", "not_", "getitem",
    )
}  # fmt: skip
_NUMBERS |= {
    "math.floor": int, "math.ceil": lambda a: -int(-a // 1), "math.trunc": int,
    "torch.sym_max": max, "torch.sym_min": min, "torch.sym_not": operator.not_,
    "torch.sym_int": int, "torch.sym_float": float, "torch.sym_ite": lambda c, a, b: a if c else b,
}  # fmt: skip
_SIZES: dict[str, Callable[..., Any]] = {
    "aten::sym_size": lambda tensor, dim: tensor.shape[dim],
    "aten::sym_numel": lambda tensor: tensor.numel(),
    "aten::sym_stride": lambda tensor, dim: tensor.stride(dim),
    "aten::sym_storage_offset": lambda tensor: tensor.storage_offset(),
}


class UnknownTarget:
    """A function that a file names and that is not called. ``name`` is what it says."""

    def __init__(self, name: str) -> None:
        shown = name if name.isprintable() else ascii(name)[1:-1]
        self.name = shown if len(shown) <= 120 else f"{shown[:119]}…"


def target_of(name: str) -> Any:
    """What a step of a file calls: an overload of torch, arithmetic of sizes, or unknown."""
    if name in _NUMBERS:
        return _bounded(_NUMBERS[name])
    match = _NAME.fullmatch(name)
    if match is None:
        return UnknownTarget(name)
    space, op, overload = match.groups()
    packet = f"{space}::{op}"
    if packet in READS_NOTHING:
        return _nothing
    if packet in _SIZES:
        return _SIZES[packet]
    if overload == "out" or overload.endswith("_out"):  # no exporter writes into given tensors
        return UnknownTarget(f"{space}.{op}.{overload}")
    ruled = find_rule(packet if overload == "default" else f"{packet}.{overload}") is not None
    if not (ruled or packet in COMPOSITES or packet in _SIZED or packet in RANDOM or (
        packet in COMPUTED
    )):  # fmt: skip
        return UnknownTarget(f"{space}.{op}.{overload}")
    found = getattr(getattr(torch.ops, space), op, None)
    if found is None or overload not in found.overloads():
        return UnknownTarget(f"{space}.{op}.{overload}")
    return getattr(found, overload)


def is_computed(packet: str) -> bool:
    """Whether the numbers of small constants may be computed with an op or its in-place form."""
    return packet.removesuffix("_") in COMPUTED


def is_small(packet: str, bound: Mapping[str, Any], most: int) -> bool:
    """Whether a tensor made from nothing has at most ``most`` elements and certain numbers."""
    count = _SIZED.get(packet)
    if count is None:
        return False
    try:
        return 0 <= count(bound) <= most
    except (ArithmeticError, KeyError, TypeError, ValueError):
        return False


def check_parts(packet: str, bound: Mapping[str, Any], named: int) -> None:
    """A list of results is as long as the step says, so that no file asks for endless ones."""
    name = packet.partition("::")[2].removeprefix("unsafe_").removesuffix("_copy")
    tensor, axis = bound.get("self"), bound.get("dim") or 0
    if name not in _SPLITS or not isinstance(tensor, torch.Tensor) or not tensor.dim():
        return
    size = tensor.shape[axis]
    given = next((bound[key] for key in _PARTS if isinstance(bound.get(key), int)), None)
    if name == "unbind":
        parts = size
    elif given is None:  # a list of sizes, as long as it is
        return
    elif name == "split":
        parts = -(-size // max(1, given))
    else:
        parts = min(given, size) if name == "chunk" else given
    if parts > max(named, 1):
        raise UnreadableModelError(f"{packet} gives {parts:,} tensors; the program names {named}")


def check_kinds(
    target: torch._ops.OpOverload, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    """What stands for a type, a layout or a memory format is one.

    Torch takes their numbers too, and looks a number that none of them has up beyond its table.
    """
    for place, name, kind in _kinds(target):
        value = args[place] if place < len(args) else kwargs.get(name)
        if value is not None and not isinstance(value, kind):
            said = f"{name} is {value!r}, not a torch.{kind.__name__}"
            raise UnreadableModelError(f"{target.name()}: {said}")


@cache
def _kinds(target: torch._ops.OpOverload) -> tuple[tuple[int, str, type], ...]:
    """Where an op takes such a thing: place, name and class."""
    found: list[tuple[int, str, type]] = []
    for place, argument in enumerate(target._schema.arguments):
        stated = str(argument.real_type).removeprefix("Optional[").removesuffix("]")
        if stated in _NUMBERED:
            found.append((place, argument.name, _NUMBERED[stated]))
    return tuple(found)


_NUMBERED: dict[str, type] = {
    "ScalarType": torch.dtype, "Layout": torch.layout, "MemoryFormat": torch.memory_format,
}  # fmt: skip
_SPLITS = frozenset({"unbind", "split", "chunk", "tensor_split", "hsplit", "vsplit", "dsplit"})
_PARTS = ("split_size", "chunks", "sections")


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Numbers of any length cost memory and time; sizes have 64 bits."""

    def call(*args: Any) -> Any:
        result = function(*args)
        if isinstance(result, int) and abs(result) > _LARGEST:
            raise UnreadableModelError("the program computes a size of more than 62 bits")
        return result

    return call
