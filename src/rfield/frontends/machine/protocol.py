"""What a rule sees, and what it may answer.

A rule takes a ``Call`` (one op with its operands) and answers what the op reads:

- an ``Op``: its links belong to the operands in their order; operands beyond the links are weights,
  and one that depends on an input after all is taken to be read whole, as an upper bound (those
  for whose contents the rule asked are in its answer, and left out);
- a list of ``Op``: one after the other, on the first operand;
- a ``Reading``, which is what ``core.arrays`` gives: ops with their operands named;
- a value (``Dependent``, ``Constant``, ``Items``): the result is that value itself;
- ``Outputs``: one of these per output, None for one that nothing can be said of.

A framework's own ``Call`` adds how its attributes are written. No rule knows a tracer or a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ...core.arguments import Shape, normalize_axis
from ...core.arrays.expression import Reading
from ...core.ops import Op
from ...errors import InvalidModelError, UnresolvedSizeError
from .values import Array, Constant, Dependent, Items, Outputs, Tensor

Answer = Op | list[Op] | Reading | Tensor | Items | None
"""What a rule gives for one output."""

__all__ = [
    "Answer", "Array", "Call", "Constant", "Dependent", "Items", "Machine", "Outputs", "Reading",
    "Tensor",
]  # fmt: skip


class Machine(Protocol):
    """What a rule may ask of whoever reads the model."""

    training: bool

    def step(self, answer: Any, operands: Sequence[Any] = ()) -> Any:
        """Put an answer into the graph on the way to the result; the value that it makes."""
        ...

    def inputs_behind(self, value: Any) -> list[str]:
        """Names of the graph's inputs that a value depends on."""
        ...


class Call:
    """One op: its ``name`` for the user, its ``op`` in the rule table, its operands in order.

    An operand is None where an optional one is left out. ``asked``: places of operands of which a
    rule asked the contents, so that its answer is made of them: sizes, places, axes. All others
    that it does not name are numbers beside what it reads.
    """

    __slots__ = ("asked", "machine", "name", "op", "operands")

    def __init__(self, name: str, op: str, operands: Sequence[Any], machine: Machine) -> None:
        self.name = name
        self.op = op
        self.operands = operands
        self.machine = machine
        self.asked: set[int] = set()

    def __len__(self) -> int:
        return len(self.operands)

    @property
    def kind(self) -> str:
        """The name under which the op is shown."""
        return self.op.rpartition("::")[2].lower()

    def has(self, place: int) -> bool:
        """Whether an optional operand is given."""
        return place < len(self.operands) and self.operands[place] is not None

    def optional(self, place: int) -> Any:
        """An operand that may be left out."""
        return self.operands[place] if self.has(place) else None

    def __getitem__(self, place: int) -> Any:
        """A tensor operand that must be there; negative places count from the end."""
        count = len(self.operands)
        found = self.operands[place] if -count <= place < count else None
        if found is None:
            raise InvalidModelError(f"operand {place} is missing; it has {count}")
        if isinstance(found, Items):
            raise InvalidModelError(f"operand {place} is a list of tensors; expected a tensor")
        return found

    def shape(self, place: int = 0) -> Shape:
        """The shape of an operand."""
        return self[place].shape

    @property
    def given(self) -> list[Any]:
        """All operands that are not left out."""
        return [value for value in self.operands if value is not None]

    def depends(self, place: int) -> bool:
        """Whether an operand depends on an input of the model."""
        return isinstance(self.optional(place), Dependent)

    def known(self, place: int) -> Array | None:
        """The contents of an operand, or None where it depends on an input or is too large.

        For what stays a number beside the answer.
        """
        value = self.optional(place)
        return value.array if isinstance(value, Constant) else None

    def places(self, place: int) -> Array | None:
        """The same of places and sizes, of which the answer is made."""
        found = self.known(place)
        if found is not None:
            self.asked.add(place)
        return found

    def zeros(self, place: int) -> Array | None:
        """Where a mask of the model makes a constant operand zero, in its shape; else None."""
        value = self.optional(place)
        return value.zeros if isinstance(value, Constant) else None

    def either(self, place: int) -> Any:
        """The contents of an operand where they are known, else the operand as data."""
        found = self.places(place)
        return self[place] if found is None else found

    def constant(self, place: int, what: str = "") -> Array:
        """The contents of an operand without which the op cannot be read.

        Raises:
            UnresolvedSizeError: they depend on an input, or are not in the file.
        """
        value = self[place]
        found = value.array if isinstance(value, Constant) else None
        if found is None:
            raise self.unknown_contents(value, what or f"operand {place}")
        self.asked.add(place % len(self.operands))
        return found

    def unknown_contents(self, value: Tensor, what: str) -> Exception:
        """The error for contents that a rule cannot do without."""
        if isinstance(value, Constant):
            return UnresolvedSizeError(f"{what} of {self.op} is not known; expected a constant")
        behind = ", ".join(map(repr, self.machine.inputs_behind(value)))
        return UnresolvedSizeError(
            f"{what} of {self.op} depends on the data of {behind}; expected a constant"
        )

    def integers(self, place: int, what: str = "") -> tuple[int, ...]:
        """A constant operand as plain integers."""
        array = self.constant(place, what)
        if array.dtype.kind not in "iub":
            raise InvalidModelError(f"{what or f'operand {place}'} is {array.dtype}, not integers")
        return tuple(int(number) for number in array.reshape(-1).tolist())

    def integer(self, place: int, what: str = "") -> int:
        """A constant operand that holds one integer."""
        found = self.integers(place, what)
        if len(found) != 1:
            what = what or f"operand {place}"
            raise InvalidModelError(f"{what} has {len(found)} elements; expected 1")
        return found[0]

    def axes(self, place: int, rank: int) -> tuple[int, ...]:
        """A constant operand as axes of a tensor of ``rank``, each at least 0."""
        return tuple(normalize_axis(axis, rank) for axis in self.integers(place, "the axes"))

    def step(self, answer: Any, *operands: Any) -> Any:
        """Put an answer into the graph on the way to the result; the value that it makes."""
        return self.machine.step(answer, operands or self.operands)
