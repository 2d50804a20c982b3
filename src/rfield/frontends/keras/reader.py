"""Reads the calls of a Keras model into a graph: models inside are opened, code is run on symbols.

Layers with a rule are read by it. A layer that is code is called with Keras's own symbols in the
place of tensors, which records the layers and ops that it calls; those are read in turn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import prod
from typing import Any

import keras
import numpy as np

from ...core import ops
from ...core.graph import Weights
from ...errors import InvalidModelError, TooLargeError
from ..machine import limits
from ..machine.failures import placed
from ..machine.names import printable
from ..machine.reading import ModelReader
from ..machine.unnamed import answered
from ..machine.unsupported import Unsupported
from ..machine.values import Constant, Dependent, Outputs, answers, dependents
from ..registry import Request
from . import backends
from .calls import calls, calls_behind, is_layer_graph, layer_graph, tensors
from .chosen import settings
from .rulebook import RULES, Call, Held, find_rule, operands_among, rule_name
from .symbols import UnrecordedError, on_symbols, states_training, trains_by_default

FAILURES = (
    ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError
)  # fmt: skip

MOST_DEEP = 200

MOST_OPENED = 30_000
"""Calls and nested models. A few models that each call the one inside twice make millions."""

LONGEST = 6_000
"""Positions of a sequence of any size in code, which may make a mask of all pairs at once."""


class Reader(ModelReader):
    """Reads one model.

    ``free``: there are sizes of inputs that stand for any.
    """

    def __init__(self, request: Request, *, free: bool = False) -> None:
        super().__init__(training=request.training, soft_masks=request.soft_masks)
        self.request = request
        self.free = free
        self.zeros = bool(request.options.get("zeros", False))
        self.pads = False
        self.emitter.tells_weights = True
        self.unsupported = Unsupported(RULES, "keras", "layer")
        self.dtypes: dict[int, str] = {}
        self.buffers: set[int] = set()
        self.opened = 0

    def inside(self, layer: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Read a layer or model inside the layer that is being read; what it returns."""
        outside = self.name
        found = self.layer(
            layer, args, kwargs, f"{outside}/{printable(layer.name)}", self.training, ()
        )
        self.name = outside
        return found

    def see_to_sizes(self, call: Call) -> None:
        """Refuse a sequence of which somebody is about to make a square, if its size is free."""
        for value in dependents(call.operands) if self.free else ():
            if len(value.shape) < 4 and max(value.shape, default=0) > LONGEST:
                raise TooLargeError(
                    f"{LONGEST:,} positions are the most of code or a mask while sizes are free; "
                    "give input_shape"
                )

    def written_out(self, call: Call) -> Any:
        """Read the code of a layer on symbols; what it returns."""
        self.see_to_sizes(call)
        recorded = on_symbols(call, self.dtypes)
        self.buffers |= recorded.buffers
        values = dict(zip(map(id, recorded.inputs), recorded.values, strict=True))
        prefix = f"{call.name}/" if call.name else ""
        for node in calls_behind(tensors(recorded.result), recorded.inputs):
            self._see_to_changes(node, recorded.changed)
            training = node.arguments.kwargs.get("training")
            training = call.training if training is None else bool(training)
            self._node(node, values, prefix, training, node.arguments.kwargs)
        recorded.forget()
        return self._filled(recorded.result, values)

    def _see_to_changes(self, node: Any, changed: Collection[int]) -> None:
        """Refuse to read a variable that was written to where nobody saw what was written."""
        given = keras.tree.flatten([node.arguments.args, dict(node.arguments.kwargs)])
        for value in given:
            if isinstance(value, keras.Variable) and id(value) in changed:
                raise InvalidModelError(
                    f"{node.operation.name} reads the variable {value.path!r}, which a layer "
                    "that was called before writes to; let that layer return what it wrote"
                )

    # -- models and layers

    def model(
        self, model: Any, operands: Sequence[Any], prefix: str, training: bool, *,
        stated: bool = False,
    ) -> Any:  # fmt: skip
        """Read a functional or Sequential model; what it returns.

        ``stated``: the mode is that of a call, which goes before the modes of the calls inside.
        """
        functional = layer_graph(model)
        self.opened += 1
        self.depth += 1
        if self.depth > MOST_DEEP:
            raise InvalidModelError(f"models nested more than {MOST_DEEP} deep")
        if functional is None:
            (value,) = operands
            for layer in model.layers:
                value = self.layer(
                    layer, (value,), {}, prefix + printable(layer.name), training, ()
                )
            self.depth -= 1
            return value
        entries = tensors(functional.inputs)
        if len(entries) != len(operands):
            raise InvalidModelError(f"{len(operands)} tensors for {len(entries)} inputs")
        values = dict(zip(map(id, entries), operands, strict=True))
        for node in calls(functional):
            kwargs, mode = dict(node.arguments.kwargs), training
            if stated or training or not states_training(node):  # as Keras does
                kwargs.pop("training", None)
            else:
                mode = bool(kwargs["training"])
            self._node(node, values, prefix, mode, kwargs)
        self.depth -= 1
        made = [values[id(tensor)] for tensor in tensors(functional.outputs)]
        return made[0] if len(made) == 1 else Outputs(made)

    def code(self, model: Any, inputs: Sequence[Any]) -> Any:
        """Read a model that is code; what it returns."""
        given = inputs[0] if len(inputs) == 1 else list(inputs)
        training = self.training or trains_by_default(model)
        call = Call("", model, (given,), {}, self, training)
        return operands_among(self.written_out(call))

    def _node(
        self, node: Any, values: dict[int, Any], prefix: str, training: bool,
        kwargs: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """Read one recorded call; ``values``: those of symbols by their identity."""
        self.opened += 1
        if self.depth > 1 and self.opened > MOST_OPENED:
            raise InvalidModelError(
                f"models inside models call more than {MOST_OPENED:,} layers, most of them again "
                "and again"
            )
        name = prefix + printable(node.operation.name)
        found = self.layer(
            node.operation,
            self._filled(node.arguments.args, values),
            self._filled(dict(kwargs), values),
            name, training, [tuple(tensor.shape) for tensor in node.outputs],
        )  # fmt: skip
        listed = answers(Outputs(operands_among([found])), len(node.outputs), name)
        for tensor, value in zip(node.outputs, listed, strict=False):
            values[id(tensor)] = value
            if isinstance(value, Dependent):
                self.dtypes.setdefault(value.index, tensor.dtype)

    def layer(
        self, layer: Any, args: Sequence[Any], kwargs: Mapping[str, Any], name: str,
        training: bool, declared: Sequence[Sequence[int | None]],
    ) -> Any:  # fmt: skip
        """Read one call of a layer, op or model; what it returns."""
        self.name = name = self.names.fresh(name)
        if is_layer_graph(layer):
            own = kwargs.get("training")
            given = operands_among(args) or operands_among(kwargs)
            inner = training if own is None else bool(own)
            return self.model(layer, given, f"{name}/", inner, stated=own is not None)
        before, outside = len(self.draft.nodes), self.draft.layer
        self.draft.layer = name
        call = Call(name, layer, args, kwargs, self, training)
        try:
            value = self._value(call, declared)
        except FAILURES as error:
            raise placed(error, name, type(layer).__name__) from None
        self.draft.layer = outside
        for found in dependents([value])[:1]:
            if found.index < before:
                self.names.alias(name, found.index)
            elif self.draft.nodes[found.index].name == name:
                self.names.layer(name, found.index)
            else:  # code, whose last op has a name of its own
                self.names.alias(self._numbered(name), found.index)
        return value

    def _numbered(self, name: str) -> str:
        """The name of code; when it is called again, the number of the call is added."""
        made, count = name, 1
        while made in self.names.layers:
            count += 1
            made = f"{name}#{count}"
        return made

    def _value(self, call: Call, declared: Sequence[Sequence[int | None]]) -> Any:
        found = find_rule(call.layer)
        self.pads |= _makes_masks(call.layer)
        self.draft.weights = self._weights(call)
        self.emitter.settings = settings(call, found.family if found else "")
        if found is not None:
            return self.emitter.settle(
                answered(found, call, call.operands), call.operands, call.name
            )
        given = dependents(call.operands)
        if not given:
            shapes = [Constant([size or 1 for size in shape]) for shape in declared]
            return Outputs(shapes) if len(shapes) != 1 else shapes[0]
        if backends.is_code(call.layer):
            try:
                return self.written_out(call)
            except UnrecordedError:
                traced = backends.traced(call, self.request, self.dtypes)
            if traced is not None:
                self.draft.weights = None
                return self._splice(traced, given, call.name)
        return self._opaque(call, given, declared)

    def _weights(self, call: Call) -> Weights:
        """All variables of a layer; of an op the parameters that it is given."""
        given = [v.held for v in call.operands if isinstance(v, Held) and not v.made]
        held = [*getattr(call.layer, "weights", ()), *given]
        return tuple((self.emitter.number(v), prod(v.shape)) for v in held)

    def _opaque(
        self, call: Call, given: Sequence[Dependent], declared: Sequence[Sequence[int | None]]
    ) -> Any:
        shapes = [value.shape for value in given]
        made: list[Any] = []
        for number, shape in enumerate(declared or (shapes[0],)):
            result = _size(shape, shapes[0])
            self.unsupported.meet(rule_name(call.layer), call.name, result)
            op = ops.opaque(shapes, result, kind=type(call.layer).__name__)
            name = f"{call.name}:{number}" if number else call.name
            made.append(self.emitter.settle(op, given, name))
        return Outputs(made) if len(made) > 1 else made[0]

    def _splice(self, traced: Any, operands: Sequence[Dependent], name: str) -> Any:
        """The nodes of a graph that a backend made, in place of a call."""
        places = {entry.node: v for entry, v in zip(traced.inputs_, operands, strict=True)}
        last = traced.outputs_[0]
        for index, node in enumerate(traced.nodes):
            if index not in places:
                label = name if index == last else f"{name}/{node.name}"
                made = [places[o] for o in node.operands]
                self.emitter.settings = node.tables
                places[index] = self.emitter.settle(backends.op_of(node), made, label)
        found = [places[index] for index in traced.outputs_]
        return Outputs(found) if len(found) > 1 else found[0]

    def _filled(self, value: Any, values: Mapping[int, Any]) -> Any:
        """Arguments with symbols replaced by their values, and tensors of weights by constants."""
        if isinstance(value, keras.KerasTensor):
            return values[id(value)]
        if isinstance(value, (list, tuple)):
            filled = [self._filled(entry, values) for entry in value]
            return filled if isinstance(value, list) else tuple(filled)
        if isinstance(value, dict):
            return {key: self._filled(entry, values) for key, entry in value.items()}
        if isinstance(value, keras.Variable):
            plain = self.zeros or id(value) in self.buffers
            if not plain:
                return Held(value)
            held = Held(value, contents=lambda: contents(value), made=True)
            held.kept = id(value) in self.buffers
            return held
        if isinstance(value, np.ndarray) or keras.ops.is_tensor(value):
            held = Held(value, contents=lambda: contents(value), made=True)
            held.key = None  # made anew for each reading: its numbers say what it is
            return held
        return value


def contents(held: Any) -> np.ndarray[Any, Any] | None:
    """The numbers of a variable or tensor, None where it has none yet or too many."""
    if held.shape is None or int(np.prod(held.shape, dtype=np.int64)) > limits.MASK:
        return None
    if getattr(held, "_value", held) is None:
        return None
    return np.asarray(keras.ops.convert_to_numpy(held))


def _size(declared: Sequence[int | None], operand: Sequence[int]) -> tuple[int, ...]:
    """A declared shape; free sizes are those of the operand."""
    return tuple(
        size if size is not None else operand[axis] if axis < len(operand) else 1
        for axis, size in enumerate(declared)
    )


def _makes_masks(layer: Any) -> bool:
    """Whether a class of the user says which places are padding."""
    own = (kind for kind in type(layer).__mro__ if not kind.__module__.startswith("keras."))
    return any("compute_mask" in vars(kind) for kind in own)
