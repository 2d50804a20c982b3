"""The arguments of a recorded call: places for what another size puts there.

A ``Slot`` is for a value, ``Of`` for a number, and ``Made`` for a constant that is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .asked import Of

PLAIN = (
    type(None), bool, int, float, str, torch.Size, torch.dtype, torch.device, torch.layout,
    torch.memory_format, type(...),
)  # fmt: skip


class LostError(Exception):
    """Something that cannot be made again."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of an argument that depends on the input."""

    number: int


@dataclass(frozen=True, slots=True)
class Made:
    """The place of a constant that a call makes: it is made again.

    ``numbers``: those that it takes; ``names``: where it takes any, those of the model's tensors.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    number: int
    numbers: tuple[int, ...] = ()
    names: tuple[tuple[int, str], ...] = ()


def leaves(result: Any) -> tuple[list[torch.Tensor], tuple[Any, ...]]:
    """The tensors of what came back, and all else; lists and tuples flattened."""
    if isinstance(result, torch.Tensor):
        return [result], ()
    if isinstance(result, PLAIN):
        return [], (result,)
    if not isinstance(result, (list, tuple)):
        raise LostError
    tensors: list[torch.Tensor] = []
    told: list[Any] = [len(result)]
    for item in result:
        more, plain = leaves(item)
        tensors += more
        told += plain
    return tensors, tuple(told)


class Filling:
    """The arguments of one call: values in its slots, numbers in their places, constants made."""

    def __init__(self, values: Sequence[torch.Tensor], numbers: Sequence[Any]) -> None:
        self._values = values
        self._numbers = numbers
        self._made: dict[int, list[torch.Tensor]] = {}

    def __call__(self, template: Any) -> Any:
        """One argument."""
        kind = type(template)
        if kind is Slot:
            return self._values[template.number]
        if kind is Of:
            return self._numbers[template.step]
        if kind is Made:
            return self._constant(template)
        if kind in (tuple, list):
            return kind(map(self, template))
        if kind is slice:
            return slice(*map(self, (template.start, template.stop, template.step)))
        return template

    def _constant(self, made: Made) -> torch.Tensor:
        """A constant, made once however often it is taken."""
        key = id(made.arguments)  # the same for all that one call made
        if key not in self._made:
            keywords = {name: self(part) for name, part in made.keywords.items()}
            self._made[key] = leaves(made.function(*map(self, made.arguments), **keywords))[0]
        return self._made[key][made.number]
