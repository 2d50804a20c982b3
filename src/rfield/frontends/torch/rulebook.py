"""The agreement between rules and the machinery that calls them.

A rule takes ``Arguments`` (an op's arguments by schema name) and returns what the op reads:

- an ``Op``: its links belong to the op's tensor arguments, in the order of the schema; arguments
  beyond the links are weights, and if one of them depends on the input after all, it is taken to be
  read whole, as an upper bound;
- a list of ``Op``: one after the other;
- a ``Reading``: an ``Op`` (or list) with its operands named, which may be readings themselves;
- a tuple of these: one per output tensor, None for an output that depends on nothing;
- ``Written``: such an answer, and what tensors that are given hold afterwards.

``@rule("aten::relu")`` names a packet with all its overloads and its in-place form;
``@rule("aten::max.dim")`` names one overload and goes before the packet. ``shaped=True`` says that
the shape of the returned op is the shape of the result, so that torch need not be asked;
``"floats"``: of floating-point numbers; ``"indices"``: a second result is places, integers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import torch

from ...core.arrays.expression import Reading
from ...core.graph import Draft
from ...errors import InvalidModelError, show_shape
from ..machine.rules import Rule, RuleTable
from ..machine.values import Array
from .kinds import SHAPE_OF_OTHER

__all__ = [
    "RULES", "Arguments", "Reading", "Signature", "Written", "bad_sizes", "find_rule", "rule",
]  # fmt: skip

RULES = RuleTable("torch")
rule = RULES.rule


class Values(Protocol):
    """What a rule may ask about a tensor while the model is read."""

    draft: Draft

    def index_of(self, tensor: torch.Tensor) -> int | None: ...
    def constant(self, tensor: torch.Tensor) -> torch.Tensor | None: ...
    def zeros(self, tensor: torch.Tensor) -> Array | None: ...
    def unseen(self, tensor: torch.Tensor) -> bool: ...


class Written(NamedTuple):
    """What an op reads, and what the arguments that it writes to hold afterwards, by name."""

    answer: Any
    held: Mapping[str, Any]


class Arguments:
    """The arguments of one call by schema name, as attributes.

    ``operands``: all tensor arguments in schema order, lists flattened. ``result``: what torch
    returned (not for ``shaped`` rules). ``short``: the op's name.
    """

    operands: list[torch.Tensor]
    result: Any
    tracer: Values | None

    def __init__(
        self,
        bound: dict[str, Any],
        operands: list[torch.Tensor],
        tracer: Values | None,
        short: str = "",
    ) -> None:
        self.__dict__ = {
            "short": short, **bound, "operands": operands, "tracer": tracer, "result": None,
        }  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the op has no argument {name!r}; it has {', '.join(self.__dict__)}")

    def get(self, name: str, default: Any = None) -> Any:
        """An argument that not every overload has."""
        return self.__dict__.get(name, default)

    def depends(self, tensor: torch.Tensor | None) -> bool:
        """Whether a tensor argument depends on the input of the model."""
        return (
            tensor is not None
            and self.tracer is not None
            and self.tracer.index_of(tensor) is not None
        )

    def unseen(self, tensor: torch.Tensor) -> bool:
        """Whether a constant argument may have zeros that nobody knows."""
        told = None if self.tracer is None or self.depends(tensor) else self.tracer
        return told is not None and told.unseen(tensor)

    @property
    def masked(self) -> bool:
        """Whether elements of any tensor so far are known without the input."""
        return self.tracer is not None and bool(self.tracer.draft.known)

    def constant(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """A tensor argument whose values are known without the input, or None."""
        return None if self.tracer is None else self.tracer.constant(tensor)

    def zeros(self, tensor: torch.Tensor) -> Array | None:
        """Where a constant argument is known to be zero, whatever its other numbers are."""
        return None if self.tracer is None else self.tracer.zeros(tensor)


def dimensions(arg: Arguments) -> int:
    """Along how many axes an op works, as its name says: 2 for ``max_pool2d_with_indices``."""
    found = re.search(r"([123])d", arg.short)
    assert found is not None
    return int(found[1])


def bad_sizes(what: str, shape: Sequence[int], weight: Sequence[int]) -> InvalidModelError:
    """``what`` of an operand does not fit the weight."""
    return InvalidModelError(
        f"{what} of {show_shape(tuple(shape))} does not fit the weight {show_shape(tuple(weight))}"
    )


class Signature:
    """What the schema of one overload says, read once."""

    __slots__ = ("changed", "defaults", "in_place", "name", "names", "outputs", "packet", "random",
                 "rule", "short", "unread", "view_of")  # fmt: skip

    def __init__(self, name: str, arguments: Iterable[Any], returns: Sequence[Any]) -> None:
        arguments = list(arguments)
        self.name = name
        self.packet = name.partition(".")[0]
        self.short = self.packet.partition("::")[2].strip("_")
        self.names = tuple(arg.name for arg in arguments)
        self.defaults = {
            arg.name: arg.default_value for arg in arguments if arg.has_default_value()
        }
        aliases = {
            mark: arg.name
            for arg in arguments
            if arg.alias_info is not None
            for mark in arg.alias_info.before_set
        }
        first = returns[0].alias_info if returns else None
        target = None
        if first is not None:
            marks = first.before_set or aliases  # a list of views (split, unbind) bears no mark
            target = next((aliases[mark] for mark in marks if mark in aliases), None)
        self.in_place = target if first is not None and first.is_write else None
        self.view_of = target if first is not None and not first.is_write else None
        self.outputs = tuple(
            arg.name
            for arg in arguments
            if arg.kwarg_only and arg.alias_info is not None and arg.alias_info.is_write
        )
        self.changed = tuple(
            arg.name
            for arg in arguments
            if arg.alias_info is not None
            and arg.alias_info.is_write
            and arg.name not in (self.in_place, *self.outputs)
        )
        self.unread = ("other",) if self.packet in SHAPE_OF_OTHER else self.outputs
        self.rule = find_rule(name)
        self.random = False

    @staticmethod
    def of(overload: Any) -> Signature:
        """The signature of an ``OpOverload``."""
        schema = overload._schema
        name = schema.name + (f".{schema.overload_name}" if schema.overload_name else "")
        found = Signature(name, schema.arguments, schema.returns)
        found.random = torch.Tag.nondeterministic_seeded in overload.tags
        return found

    def draws(self, bound: Mapping[str, Any]) -> bool:
        """Whether a call draws random numbers: a dropout does so in training alone."""
        if not self.random or any(bound.get(name) is False for name in ("train", "training")):
            return False
        return all(bound.get(name) != 0 for name in ("p", "dropout", "dropout_p"))

    def bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Every argument by name, defaults filled in."""
        bound = dict(zip(self.names, args, strict=False))
        if kwargs:
            bound.update(kwargs)
        if len(bound) < len(self.names):
            for name in self.names:
                if name not in bound:
                    bound[name] = self.defaults.get(name)
        return bound

    def tensors(self, bound: dict[str, Any]) -> list[torch.Tensor]:
        """The tensors whose elements are read, in schema order: not those of ``out=``."""
        found: list[torch.Tensor] = []
        for name in self.names:
            value = bound[name]
            if isinstance(value, torch.Tensor):
                if name not in self.unread:
                    found.append(value)
            elif isinstance(value, (list, tuple)):
                found += [item for item in value if isinstance(item, torch.Tensor)]
        return found


def find_rule(name: str) -> Rule | None:
    """The rule of an overload: its own, its packet's, or that of the out-of-place op."""
    packet = name.partition(".")[0]
    found = RULES.get(name) or RULES.get(packet)
    if found is None and packet.endswith("_") and not packet.endswith("__"):
        found = RULES.get(packet[:-1])
    return found
