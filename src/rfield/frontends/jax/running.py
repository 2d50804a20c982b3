"""A JAX model that runs on NumPy arrays and gives back its layers: ``verify`` asks questions of it.

What was read is what runs: the equations of the jaxpr, with the weights of the model (random ones
where it has none yet), in float64 whatever the model computes in, and the values of layers are
caught where the reader named them. Layers inside of loops have no single value and are not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from ...core.graph import Graph
from ...errors import InvalidModelError, UnknownNameError
from ..registry import Request
from .control import CALLS, called
from .model import Model, Program
from .reader import Place, is_literal

_CHOOSING = frozenset({
    "argmax", "argmin", "branches", "eq", "gather", "ge", "gt", "is_finite", "le", "lt", "ne",
    "select_and_gather_add", "select_and_scatter_add", "sort", "top_k", "while",
})  # fmt: skip
_REFUSALS = (NotImplementedError, TypeError, ValueError)


class RunningModel:
    """The equations of a model with numbers; ``graph`` says which layers and sizes are asked for.

    ``double``: compute in float64 where every primitive can. ``filled``: weights that are zero
    throughout get numbers, so that they hide nothing.
    """

    def __init__(
        self, model: Any, graph: Graph, *, training: bool = False, double: bool = True,
        filled: bool = True, **options: Any,
    ) -> None:  # fmt: skip
        if graph.has_free_axes:
            raise InvalidModelError(
                "the model is run, so every size of its inputs must be known: give input_shape"
            )
        self.graph = graph
        self.shapes = {entry.name: graph.nodes[entry.node].shape for entry in graph.inputs_}
        request = Request(self.shapes, None, training, "whole", options)
        self.program: Program = Model(model, request).program(self.shapes)
        leaves = jax.tree_util.tree_leaves(self.program.source.numbers())
        self.weights = [*leaves, *self.program.closed.consts]
        if filled:
            self.weights = _without_zeros(self.weights)
        self.kinds = [kind.dtype for kind in self.program.inputs]
        self._compiled: dict[frozenset[Place], Callable[..., Any]] = {}
        self.precision, self.double = "float64", double
        if double:
            try:
                self.run(self.inputs(0), graph.outputs)
            except _REFUSALS:
                self.double = False
        if not self.double:
            self.precision = "float32"

    def inputs(self, seed: int) -> dict[str, NDArray[Any]]:
        """Random arrays, one per input."""
        draw = np.random.default_rng(seed)
        found: dict[str, NDArray[Any]] = {}
        for kind, (name, shape) in zip(self.kinds, self.shapes.items(), strict=True):
            if np.issubdtype(kind, np.integer):
                found[name] = draw.integers(0, 4, shape).astype(kind)
            else:
                real = np.float64 if self.double else np.float32
                found[name] = draw.standard_normal(shape).astype(real)
        return found

    def carries(self, layer: str) -> bool:
        """XLA hands a NaN on, but not through comparisons and what they choose."""
        behind = self.graph.behind(self.graph.index(layer))
        return _CHOOSING.isdisjoint(self.graph.nodes[value].kind for value in behind)

    def place(self, layer: str) -> Place | None:
        """The equation that computes a layer, and which of its results; None inside of a loop."""
        own, value = self.program.graph, self.graph.index(layer)
        if value in self.graph.outputs_ and len(own.outputs_) == len(self.graph.outputs_):
            value = own.outputs_[self.graph.outputs_.index(value)]
        else:
            try:
                value = own.index(layer)
            except UnknownNameError:
                return None
        return self.program.reader.places.get(own.nodes[value].name)

    def run(
        self, inputs: Mapping[str, NDArray[Any]], layers: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        """The arrays of those ``layers`` that are not inside of a loop."""
        asked = {layer: self.place(layer) for layer in layers}
        wanted = {layer: place for layer, place in asked.items() if place is not None}
        found = self._all(frozenset(wanted.values()), inputs)
        return {layer: found[place] for layer, place in wanted.items() if place in found}

    def _all(
        self, wanted: frozenset[Place], inputs: Mapping[str, NDArray[Any]]
    ) -> dict[Place, NDArray[Any]]:
        """The values at these places, and maybe at more."""
        key = next((known for known in self._compiled if wanted <= known), None)
        with jax.enable_x64(self.double):
            if key is None:
                key = wanted
                self._compiled[key] = jax.jit(
                    lambda weights, given: self.evaluate(weights, given, wanted)
                )
            order = sorted(key)
            arrays = self._compiled[key](self.weights, [inputs[name] for name in self.shapes])
            return {
                place: np.asarray(array)
                for place, array in zip(order, arrays, strict=True) if array is not None
            }  # fmt: skip

    def evaluate(
        self, weights: Sequence[Any], inputs: Sequence[Any], wanted: frozenset[Place]
    ) -> list[Any]:
        """The values at the wanted places in their order; None for those inside of loops."""
        jaxpr, count = self.program.closed.jaxpr, len(self.program.closed.consts)
        leaves, constants = weights[: len(weights) - count], weights[len(weights) - count :]
        found = Evaluation(wanted, double=self.double)
        found.run(jaxpr, constants, [*leaves, *inputs], ())
        return [found.values.get(place) for place in sorted(wanted)]


class Evaluation:
    """One run of a jaxpr: ``values`` are those at the ``wanted`` places."""

    def __init__(self, wanted: frozenset[Place], *, double: bool) -> None:
        self.wanted = wanted
        self.double = double
        self.values: dict[Place, Any] = {}

    def run(
        self, jaxpr: Any, constants: Sequence[Any], values: Sequence[Any], path: tuple[int, ...]
    ) -> list[Any]:
        """The results of a jaxpr for these arguments."""
        given = [self._lifted(value) for value in (*constants, *values)]
        env = dict(zip([*jaxpr.constvars, *jaxpr.invars], given, strict=True))

        def read(variable: Any) -> Any:
            return self._lifted(variable.val) if is_literal(variable) else env[variable]

        for number, equation in enumerate(jaxpr.eqns):
            at = (*path, number)
            results = self._equation(equation, [read(v) for v in equation.invars], at)
            for k, (variable, value) in enumerate(zip(equation.outvars, results, strict=True)):
                env[variable] = self._lifted(value)
                if (at, k) in self.wanted:
                    self.values[at, k] = env[variable]
        return [read(variable) for variable in jaxpr.outvars]

    def _equation(self, equation: Any, values: list[Any], at: tuple[int, ...]) -> list[Any]:
        name, params = equation.primitive.name, equation.params
        inside = any(place[: len(at)] == at and place != at for place, _ in self.wanted)
        if name in CALLS and (self.double or inside):
            return self._body(called(params), values, at)
        if self.double and name in _LOOPS:
            return _LOOPS[name](self, params, values)
        if self.double and name == "reduce_precision":
            return values
        if self.double and name == "bitcast_convert_type":
            values = [v.astype(x.aval.dtype) for v, x in zip(values, equation.invars, strict=True)]
        elif self.double:
            params = {key: self._doubled(value) for key, value in params.items()}
        params = equation.primitive.get_bind_params(params)
        found = equation.primitive.bind(*values, **params)
        return list(found) if equation.primitive.multiple_results else [found]

    def _body(self, jaxpr: Any, values: Sequence[Any], at: tuple[int, ...] = (-1,)) -> list[Any]:
        """A jaxpr inside; that of a loop holds no wanted place."""
        inner = getattr(jaxpr, "jaxpr", jaxpr)
        return self.run(inner, getattr(jaxpr, "consts", ()), values, at)

    def _lifted(self, value: Any) -> Any:
        if not self.double:
            return value
        if jnp.issubdtype(value.dtype, jnp.complexfloating):
            return value if value.dtype == np.complex128 else jnp.asarray(value, np.complex128)
        if jnp.issubdtype(value.dtype, jnp.floating) and value.dtype != np.float64:
            return jnp.asarray(value, np.float64)
        return value

    def _doubled(self, parameter: Any) -> Any:
        """A parameter of an equation, a type or a function of numbers, in double precision."""
        if hasattr(getattr(parameter, "jaxpr", parameter), "eqns"):
            inner = getattr(parameter, "jaxpr", parameter)
            given = [
                jax.ShapeDtypeStruct(v.aval.shape, self._doubled(v.aval.dtype))
                for v in inner.invars
            ]
            made = jax.make_jaxpr(lambda *values: self._body(parameter, values))(*given)
            return made.jaxpr if inner is parameter else made
        if isinstance(parameter, np.dtype):
            if jnp.issubdtype(parameter, jnp.floating):
                return np.dtype(np.float64)
            if jnp.issubdtype(parameter, jnp.complexfloating):
                return np.dtype(np.complex128)
        return parameter

    # -- loops, whose bodies are typed

    def scan(self, params: Mapping[str, Any], values: list[Any]) -> list[Any]:
        """``lax.scan`` of the same body."""
        fixed, carried = params["num_consts"], params["num_carry"]
        constants = values[:fixed]

        def turn(state: Any, over: Any) -> Any:
            results = self._body(params["jaxpr"], [*constants, *state, *over])
            return results[:carried], results[carried:]

        state, collected = lax.scan(
            turn, values[fixed : fixed + carried], values[fixed + carried :],
            length=params["length"], reverse=params["reverse"],
        )  # fmt: skip
        return [*state, *collected]

    def loop(self, params: Mapping[str, Any], values: list[Any]) -> list[Any]:
        """``lax.while_loop`` of the same condition and body."""
        first, second = params["cond_nconsts"], params["body_nconsts"]
        read, written = values[:first], values[first : first + second]
        return lax.while_loop(
            lambda state: self._body(params["cond_jaxpr"], [*read, *state])[0],
            lambda state: self._body(params["body_jaxpr"], [*written, *state]),
            values[first + second :],
        )

    def branch(self, params: Mapping[str, Any], values: list[Any]) -> list[Any]:
        """``lax.switch`` of the same branches."""
        runs = [lambda *given, body=body: self._body(body, given) for body in params["branches"]]
        return lax.switch(values[0].astype(np.int32), runs, *values[1:])


_LOOPS: dict[str, Callable[[Evaluation, Mapping[str, Any], list[Any]], list[Any]]] = {
    "scan": Evaluation.scan, "while": Evaluation.loop, "cond": Evaluation.branch,
}  # fmt: skip


def _without_zeros(weights: Sequence[Any]) -> list[Any]:
    """Weights that are zero throughout would hide what reads what."""
    draw = np.random.default_rng(0)
    return [
        jnp.asarray(draw.uniform(0.1, 0.5, leaf.shape), leaf.dtype)
        if isinstance(leaf, jax.Array) and leaf.size and jnp.issubdtype(leaf.dtype, jnp.floating)
        and not leaf.any() else leaf
        for leaf in weights
    ]  # fmt: skip
