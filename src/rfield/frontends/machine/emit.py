"""How an answer enters the graph: the same for every framework.

Constants are dropped from the operands, a weight that depends on an input is read whole, an op that
reads nothing dependent is a constant, chains are named step by step. Errors say where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.algebra import Contraction
from ...core.arrays.expression import Reading
from ...core.graph import Draft
from ...core.known import Known, narrowed
from ...core.link import AnyLink, everything
from ...core.ops import Op
from ...errors import InvalidModelError, RFieldError, TooLargeError, UnsupportedOpError
from .values import Constant, Dependent, Items, Outputs, known

_CHANGES_PLACES = frozenset({"pad", "slice", "gather", "resize", "select", "roll"})
"""Kinds whose reading, not only whose shape, changes when an operand computed from a size does."""

_MASKED = frozenset({"multiply", "add", "maximum", "where"})
"""Arithmetic by which a constant may cut elements of the other operand."""

_FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Emitter:
    """Puts answers into ``draft``.

    ``fresh``: makes a name that no value has. ``resolve``: turns what a front end calls a tensor
    into a ``Dependent`` or a ``Constant``, where rules see tensors of the framework itself.
    """

    __slots__ = ("draft", "fresh", "resolve", "source")

    def __init__(
        self,
        draft: Draft,
        fresh: Callable[[str], str],
        resolve: Callable[[Any], Any] | None = None,
    ) -> None:
        self.draft = draft
        self.fresh = fresh
        self.resolve = resolve
        self.source = ""

    def settle(self, answer: Any, operands: Sequence[Any], name: str) -> Any:
        """The value of an answer; its ops enter the draft, the last one as ``name``."""
        if isinstance(answer, Op):
            return self._chain([answer], operands, name)
        if isinstance(answer, list):
            return self._chain(answer, operands, name)
        if isinstance(answer, Reading):
            return self._chain(answer.steps, self._inner(answer, name), name)
        if isinstance(answer, Outputs):
            return Outputs(
                self.settle(entry, operands, f"{name}:{k}" if k else name)
                for k, entry in enumerate(answer)
            )
        return self._value(answer)

    def _inner(self, reading: Reading, name: str) -> list[Any]:
        """The operands of a reading; one that stands there twice enters the graph once."""
        made: dict[int, Any] = {}
        for value in reading.operands:
            if isinstance(value, Reading) and id(value) not in made:
                made[id(value)] = self.settle(value, (), f"{name}/{_kind(value)}")
        return [made.get(id(value), value) for value in reading.operands]

    def _chain(self, steps: Sequence[Op], operands: Sequence[Any], name: str) -> Any:
        steps = [op for op in steps if op.kind != "identity"]
        if not steps:
            return self._value(operands[0])
        values = operands
        for number, op in enumerate(steps[:-1], 1):
            values = [self._add(op, values, f"{name}/step{number}")]
        return self._add(steps[-1], values, name)

    def _value(self, operand: Any) -> Any:
        if isinstance(operand, np.ndarray):
            return known(operand)
        ours = operand is None or isinstance(operand, (Dependent, Constant, Items))
        return operand if ours or self.resolve is None else self.resolve(operand)

    def _add(self, op: Op, operands: Sequence[Any], name: str) -> Dependent | Constant:
        """One op with the operands that depend on an input."""
        if any(size < 0 for size in op.shape):
            raise InvalidModelError(f"its output would have the shape {op.shape}")
        values = [self._value(operand) for operand in operands]
        op, codes = self._narrowed(op, values)
        loose = any(k < len(values) and isinstance(values[k], Dependent) for k in op.loose)
        links, exact = op.links, op.exact or (bool(op.loose) and not loose)
        kept: list[int] = []
        chosen: list[AnyLink] = []
        tables: list[object] = []
        sized = False
        for place, value in enumerate(values):
            if isinstance(value, Dependent):
                if place < len(links):
                    link = links[place]
                    if link is None:
                        continue
                else:  # a weight that depends on an input
                    link, exact = everything(len(value.shape)), False
                kept.append(value.index)
                chosen.append(link)
            elif isinstance(value, Constant):
                sized = sized or value.sized
                tables.append(value.shape if value.has_shape else ())
            elif value is not None:
                raise InvalidModelError("a list of tensors stands where a tensor is expected")
        if not kept:
            return Constant(op.shape, sized=sized, made=True)
        moving = op.depends_on_size or (sized and op.kind in _CHANGES_PLACES)
        join = op.join and len(kept) > 1
        if len(chosen) != len(links) or (join, exact, moving) != (
            op.join, op.exact, op.depends_on_size,
        ):  # fmt: skip
            op = Op(op.kind, op.shape, tuple(chosen), join, exact, op.work, moving)
        if self.resolve is None:  # a front end with tensors of its own notes its own tables
            self.draft.tables = tuple(tables)
        index = self.draft.add(self.fresh(name), op, kept, source=self.source, known=codes)
        return Dependent(index, op.shape)

    def _narrowed(self, op: Op, values: Sequence[Any]) -> tuple[Op, Known | None]:
        """The op without reads of elements that masks, or operands so far, say to be known."""
        found = self.draft.known
        masked = op.algebra in _MASKED or isinstance(op.algebra, Contraction)
        if not found and not (masked and len(op.links) > 1):
            return op, None
        held = [found.get(v.index) if isinstance(v, Dependent) else None for v in values]
        if not any(held) and not (masked and any(isinstance(v, Constant) for v in values)):
            return op, None
        given = values[: len(op.links)]
        plain = all(isinstance(v, (Dependent, Constant)) for v in given)
        if not plain or len(given) < len(op.links):
            return op, None
        known = [
            v.known(as_factor=op.algebra == "multiply") if isinstance(v, Constant) else k
            for v, k in zip(given, held, strict=False)
        ]
        first = given[0]
        condition = first.array if isinstance(first, Constant) and op.algebra == "where" else None
        return narrowed(op, known, [v.shape for v in given], condition)


def _kind(reading: Reading) -> str:
    return reading.steps[-1].kind if reading.steps else "value"


def placed(error: Exception, name: str, op: str) -> RFieldError:
    """The error of a rule, with the name of the layer in front; foreign ones become ours."""
    if isinstance(error, UnsupportedOpError) or getattr(error, "placed", False):
        assert isinstance(error, RFieldError)
        return error
    if isinstance(error, RFieldError):
        text = str(error)
        made = type(error)(text if text.startswith(name) else f"{name} ({op}): {text}")
    elif isinstance(error, (MemoryError, RecursionError)):
        made = TooLargeError(f"{name} ({op}): too large or nested too deeply to be read")
    elif isinstance(error, _FAILURES):
        made = InvalidModelError(
            f"{name} ({op}): its operands and attributes do not fit "
            f"({type(error).__name__}: {error})"
        )
    else:
        raise error
    made.placed = True  # type: ignore[attr-defined]  # so that it is not placed twice
    return made
