"""Reads a jaxpr equation by equation into a draft: constants are folded, the rest goes to rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from math import prod
from typing import Any, ClassVar

import numpy as np

from ...core import ops
from ...core.graph import SoftMasks
from ...core.numbers import Same
from ...errors import RFieldError, TooLargeError, UnreadableModelError
from ..machine import limits
from ..machine.failures import placed
from ..machine.reading import ModelReader
from ..machine.unnamed import answered
from ..machine.unsupported import Unsupported
from ..machine.values import Constant, Dependent, Outputs, answers, dependents, known, parameters_of
from .folding import fold
from .lines import origin_of
from .pointwise import ELEMENTWISE
from .rulebook import RULES, Call, Run

_NAME = re.compile(r"[\w.\-]+")
_MOVES = frozenset({"broadcast_in_dim", "convert_element_type", "reshape", "squeeze", "transpose"})
"""What stands inside a layer that no name stack tells, between its weights."""
_STEPS = frozenset({*ELEMENTWISE, "dot_general", "reduce_max", "reduce_sum", "select_n"})
"""What modules of libraries do between their weights."""
_CLASSES = "eqx.nn."
"""Equinox tells the class of a layer, not which it is."""
_NAMELESS = ("<lambda>", "fn")
_TURNS = frozenset({"cond", "scan", "while"})

Place = tuple[tuple[int, ...], int]
"""A result of an equation: the numbers of the calls around it and its own, and which result."""

FAILURES = (
    RFieldError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip


class Weight(Constant):
    """A parameter, or what is computed from one; ``path`` is the module that holds it.

    ``counts``: it is a parameter itself.
    """

    __slots__ = ("counts", "path")
    stored: ClassVar[bool] = True

    def __init__(
        self, shape: Sequence[int], path: str = "", contents: Any = None, *, counts: bool = False
    ) -> None:
        super().__init__(shape, contents)
        self.path = path
        self.counts = counts

    @property
    def parameters(self) -> tuple[Constant, ...]:
        """Itself, or what it is made of."""
        return (self,) if self.counts else self.made_of


class Unseen(Constant):
    """A table that is too large to be computed: what it hides of an operand is not known."""

    __slots__ = ()


class Reader(ModelReader):
    """Reads one jaxpr.

    ``roots``: the scopes of the model itself, which name no layer. ``modules``: those that hold the
    arrays which the traced function names, by identity. ``free``: the input sizes stand for any.
    """

    def __init__(
        self, training: bool, unknown: str, roots: Collection[str], modules: Mapping[int, str], *,
        free: bool, soft_masks: SoftMasks,
    ) -> None:  # fmt: skip
        super().__init__(training=training, soft_masks=soft_masks)
        self.unknown = unknown
        self.roots = roots
        self.modules = modules
        self.free = free
        self.unsupported = Unsupported(RULES, "jax")
        self.outer: tuple[str, ...] = ()
        self.open: list[tuple[str, str]] = []  # scopes that are being read, with their names
        self.closed: dict[str, int] = {}
        self.at: tuple[int, ...] = ()
        self.places: dict[str, Place] = {}  # which equation computes a value, by its name

    def body(self, jaxpr: Any, constants: Sequence[Any] = ()) -> Run:
        """A jaxpr inside another, to be read with its arguments behind ``constants``."""
        inner, held = getattr(jaxpr, "jaxpr", jaxpr), getattr(jaxpr, "consts", ())
        outer = self.outer

        def run(values: Sequence[Any]) -> list[Any]:
            before, self.outer = (self.outer, self.at), outer
            try:
                return self.read(inner, [self.held(value) for value in held],
                                 [*constants, *values])  # fmt: skip
            finally:
                self.outer, self.at = before

        return run

    def held(self, value: Any) -> Constant:
        """A value that the traced function names.

        An array of NumPy is a table, and so is one of integers or truth values; another one of JAX
        is a weight.
        """
        shape = tuple(value.shape)
        few = prod(shape) <= limits.MASK and getattr(value, "dtype", None) is not None
        kind = getattr(getattr(value, "dtype", None), "kind", "")
        if prod(shape) > limits.MASK and (kind in "biu" or isinstance(value, np.ndarray)):
            return Unseen(shape)
        if few and kind and kind in "biu":
            contents = _contents(value)
            return Constant(shape) if contents is None else known(contents)
        if isinstance(value, np.ndarray):
            return known(value) if few else Constant(shape)
        path = self.modules.get(id(value), "")
        told = few and bool(kind)  # a key of random numbers has none to tell
        made = Weight(shape, path, (lambda: _contents(value)) if told else None, counts=True)
        made.key = Same(value)
        return made

    # -- equations --------------------------------------------------------------------------

    def read(self, jaxpr: Any, constants: Sequence[Any], values: Sequence[Any]) -> list[Any]:
        """The results of a jaxpr for these arguments."""
        found: dict[Any, Any] = dict(
            zip([*jaxpr.constvars, *jaxpr.invars], [*constants, *values], strict=True)
        )
        last = {v: k for k, e in enumerate(jaxpr.eqns) for v in e.invars if not is_literal(v)}
        kept = {v for v in jaxpr.outvars if not is_literal(v)}
        around = self.at
        for place, equation in enumerate(jaxpr.eqns):
            self.at = (*around, place)
            operands = [self.value(found, v) for v in equation.invars]
            results = self.equation(equation, operands)
            for k, value in enumerate(results):
                if isinstance(value, Dependent):
                    self.places[self.draft.nodes[value.index].name] = ((*around, place), k)
            found.update(zip(equation.outvars, results, strict=True))
            for v in equation.invars:
                if not is_literal(v) and last[v] == place and v not in kept:
                    found.pop(v, None)
        return [self.value(found, v) for v in jaxpr.outvars]

    def value(self, found: dict[Any, Any], variable: Any) -> Any:
        """What a variable or a literal stands for."""
        return known(np.asarray(variable.val)) if is_literal(variable) else found[variable]

    def equation(self, equation: Any, operands: list[Any]) -> list[Any]:
        """The results of one equation."""
        self.count += 1
        op = equation.primitive.name
        shapes = [tuple(variable.aval.shape) for variable in equation.outvars]
        before, outer, count = self.name, self.outer, len(self.draft.nodes)
        rule = RULES.get(op)
        calls = rule is not None and rule.family == "control"
        path, origin = _path(operands), origin_of(equation)
        scopes = self.scopes(equation, path)
        if origin.function and not path and origin.function not in scopes:
            scopes = (*scopes, origin.function) if scopes or not origin.inside else scopes
        self.name = "/".join([*scopes, op])
        try:
            if self.count > limits.EXTRA:
                raise TooLargeError(f"more than {limits.EXTRA:,} equations, loops written out")
            self.emitter.source = origin.line or self.emitter.source
            self.emitter.given = () if calls else operands
            self.emitter.settings = () if calls else _settings(equation)
            self.emitter.doubted = not calls and any(isinstance(v, Unseen) for v in operands)
            if any(_is_reference(v) for v in (*equation.invars, *equation.outvars)):
                raise UnreadableModelError(
                    "a reference (jax.new_ref) changes while the function runs, which is not "
                    "read.\n  Let the function take and return the value instead."
                )
            if calls:
                name = str(equation.params.get("name", ""))
                nameless = name in _NAMELESS or (name in self.roots and not scopes)
                name = "" if nameless else name.strip("_<>")
                self.outer = (*scopes, name) if name.isidentifier() else scopes
            elif not any(isinstance(value, Dependent) for value in operands):
                return self._constants(equation, operands, shapes, path)
            if op == "convert_element_type" and _becomes_complex(equation):
                op = "complex"  # of one part
            call = Call(self.name, op, operands, self, equation.params, shapes)
            self.emitter.asked = call.asked
            answer = self._answer(call)
            results = answers(self.emitter.settle(answer, operands, self.name), len(shapes), op)
        except FAILURES as error:
            if self.unsupported and self.unknown == "error":
                raise self.unsupported.error() from None
            raise placed(error, self.name, op) from None
        finally:
            name, self.name, self.outer = self.name, before, outer
            self.emitter.doubted = False
        quiet = not scopes and (op in _MOVES or (origin.inside and op in _STEPS))
        if (not calls or op in _TURNS) and not quiet:
            self._note(scopes, name, results)
            self._place(scopes, count)
        return results

    def _answer(self, call: Call) -> Any:
        rule = RULES.get(call.op)
        if rule is not None:
            return answered(rule, call, call.operands)
        reading = dependents(list(call.operands))
        shape = call.shapes_out[0] if call.shapes_out else ()
        self.unsupported.meet(call.op, call.name, shape, self.emitter.source)
        shapes = [value.shape for value in reading]
        made = [self.step(ops.opaque(shapes, shape, kind=call.kind), reading)
                for shape in call.shapes_out]  # fmt: skip
        return Outputs(made)

    def _constants(
        self, equation: Any, operands: list[Any], shapes: list[Any], path: str
    ) -> list[Any]:
        """The results of an equation that no input changes."""
        arrays = [None if isinstance(v, Weight) else v.array for v in operands]
        large = any(isinstance(value, Unseen) for value in operands)
        if not large and all(array is not None for array in arrays):
            try:
                folded = fold(equation.primitive, equation.params, arrays, shapes)  # type: ignore[arg-type]  # none is None
            except TooLargeError:
                if self.free:
                    raise
                large, folded = True, None
            if folded is not None:
                return [known(array) for array in folded]
        if large:
            return [Unseen(shape, made=True) for shape in shapes]
        made: list[Any] = []
        hidden = any(value.may_hide for value in operands)
        rule = RULES.get(equation.primitive.name)
        if rule is not None and (
            any(self._masks(value) for value in operands) or equation.primitive.name == "pad"
        ):
            call = Call(self.name, equation.primitive.name, operands, self, equation.params, shapes)
            settled = self.emitter.settle(rule.function(call), operands, self.name)
            made = list(settled) if isinstance(settled, Outputs) else [settled]
        kinds = [Weight(shape, path) if path else Constant(shape, made=True) for shape in shapes]
        told = (equation.primitive.name, str(equation.params), *(v.identity for v in operands))
        for constant, one in zip_longest(kinds, made[: len(kinds)]):
            constant.key = hash(told)
            constant.unseen = hidden
            constant.made_of = parameters_of(operands)
            if isinstance(one, Constant):
                constant.told, constant.soft = one.told, one.soft
                constant.unseen = hidden and one.unseen
        return kinds

    def _masks(self, value: Any) -> bool:
        """Whether a constant may tell of zeros in what is made of it."""
        computed = value.made and value.array is not None
        return value.told is not None or computed or value.may_have_zeros

    # -- names ------------------------------------------------------------------------------

    def scopes(self, equation: Any, path: str) -> tuple[str, ...]:
        """The name stack of an equation, that of the calls around it in front.

        ``path``, the module that holds its weight, is added where the stack does not tell it.
        """
        own = [
            part
            for entry in equation.source_info.name_stack.stack
            if type(entry).__name__ == "Scope" and not entry.name.startswith(_CLASSES)
            for part in entry.name.split("/")
            if part != "~" and _NAME.fullmatch(part)
        ]
        if not self.outer and own and own[0] in self.roots:
            own = own[1:]
        found = (*self.outer, *own)
        known = not path or path.rpartition(".")[2] in found
        return found if known else (*found, path)

    def _place(self, scopes: Sequence[str], count: int) -> None:
        """The values from ``count`` on lie in the scope, unless they lie in one further in."""
        if scopes and len(self.open) == len(scopes):
            for node in self.draft.nodes[count:]:
                node.layer = node.layer or self.open[-1][1]

    def _note(self, scopes: Sequence[str], name: str, results: Sequence[Any]) -> None:
        """The last value of a scope is the layer of its name; a scope that comes again, another."""
        value = next((value for value in results if isinstance(value, Dependent)), None)
        if value is None:
            return
        pairs = zip_longest(scopes, [key for key, _ in self.open])
        common = next((k for k, (a, b) in enumerate(pairs) if a != b), len(scopes))
        del self.open[common:]
        for k in range(common, len(scopes)):
            full = "/".join([*[shown for _, shown in self.open[:k]][-1:], scopes[k]])
            self.closed[full] = self.closed.get(full, 0) + 1
            count = self.closed[full]
            self.open.append((scopes[k], full if count == 1 else f"{full}#{count}"))
        for _, shown in self.open:
            self.layers[shown] = value.index
        if not scopes:
            self.layers.setdefault(self.draft.nodes[value.index].name, value.index)


def is_literal(variable: Any) -> bool:
    """Whether a variable of a jaxpr is a number that stands there."""
    return hasattr(variable, "val")


def _becomes_complex(equation: Any) -> bool:
    """Whether a tensor of real numbers becomes one of complex numbers."""
    before, after = (one[0].aval.dtype.kind for one in (equation.invars, equation.outvars))
    return after == "c" != before


def _is_reference(variable: Any) -> bool:
    """Whether a variable of a jaxpr stands for a place and not for a value."""
    return type(variable.aval).__name__ == "AbstractRef"


def _contents(value: Any) -> Any:
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError):
        return None


def _path(operands: Sequence[Any]) -> str:
    """The module whose weight is among the operands, if it is one."""
    found = {value.path for value in operands if isinstance(value, Weight) and value.path}
    return found.pop() if len(found) == 1 else ""


def _settings(equation: Any) -> tuple[object, ...]:
    """What chooses what an equation computes, and is no size."""
    return tuple(
        (name, str(value))
        for name, value in sorted(equation.params.items())
        if name in _SETTINGS or isinstance(value, (bool, str))
    )


_SETTINGS = frozenset(
    ["axes", "axis", "dimension_numbers", "dimensions", "exponent_bits", "fft_type", "index_dtype",
     "mantissa_bits", "new_dtype", "permutation", "y"]
)  # fmt: skip
