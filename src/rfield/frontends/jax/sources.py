"""What JAX users call a model, as one function of its weights and inputs.

Flax (Linen and NNX), Equinox, Haiku, Keras on the JAX backend, and plain functions. Weights are
abstract: nothing is drawn, copied or computed, and the model stays as it is.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ...core.graph import FreeShape
from ...errors import UnreadableModelError
from ..registry import Request


@dataclass(slots=True)
class Source:
    """``function(weights, *inputs)``; ``paths`` are the modules that hold the weights, in order.

    ``numbers``: makes the weights themselves, random ones where the model has none.
    ``parameters``: where in the weights the parameters are, if there are others (statistics).
    ``channels_first``: how inputs are laid out where no convolution tells. ``otherwise``: the
    function where ``function`` refuses the inputs; ``assumed``: what is taken for granted where
    both take them.
    """

    function: Callable[..., Any]
    weights: Any = ()
    numbers: Callable[[], Any] = tuple
    paths: list[str] = field(default_factory=list[str])
    channels_first: bool = False
    origin: str = ""
    otherwise: Callable[..., Any] | None = None
    assumed: str = ""
    parameters: str | int | None = None

    def are_parameters(self) -> list[bool]:
        """Whether each weight is one."""
        import jax

        found: list[bool] = []
        for path, leaf in jax.tree_util.tree_flatten_with_path(self.weights)[0]:
            first = getattr(path[0], "key", getattr(path[0], "idx", None)) if path else None
            inside = self.parameters in (None, first)
            found.append(inside and jax.numpy.issubdtype(leaf.dtype, jax.numpy.inexact))
        return found


def source_of(model: Any, request: Request, inputs: Sequence[Any]) -> Source:
    """The kind of model that it is, by its type."""
    for module, name, made in _KINDS:
        kind: Any = sys.modules.get(module)
        kind = getattr(kind, name, None) if kind is not None else None
        if isinstance(kind, type) and isinstance(model, kind):
            return made(model, request, inputs)
    given = _switches(model, request.training)
    origin = getattr(_function(model), "__name__", type(model).__name__)
    return Source(lambda _weights, *xs: model(*xs, **given), origin=origin)


def _linen(module: Any, request: Request, inputs: Sequence[Any]) -> Source:
    import jax

    given = _switches(type(module).__call__, request.training)
    keys = {name: jax.random.key(0) for name in ("params", "dropout")}

    def init(*xs: Any) -> Any:
        return module.init(keys, *xs, **given)

    if module.scope is not None:
        module, held = module.unbind()
        weights, numbers = _abstract(held), lambda: held
    else:
        weights, numbers = jax.eval_shape(init, *inputs), lambda: init(*_zeros(inputs))
    changing = [name for name in weights if name != "params"] if request.training else False

    def apply(variables: Any, *xs: Any) -> Any:
        found = module.apply(
            variables, *xs, **given, mutable=changing, rngs={"dropout": keys["dropout"]}
        )
        return found[0] if changing is not False else found

    return Source(apply, weights, numbers, origin=type(module).__name__, parameters="params")


def _nnx(module: Any, request: Request, _inputs: Sequence[Any]) -> Source:
    from flax import nnx

    definition, *state = nnx.split(module, nnx.Param, ...)

    def apply(variables: Any, *xs: Any) -> Any:
        again = nnx.merge(definition, *variables)
        (again.train if request.training else again.eval)()
        return again(*xs)

    return Source(
        apply, _abstract(state), lambda: state, [path for s in state for path, _ in _paths(s)],
        origin=type(module).__name__, parameters=0,
    )  # fmt: skip


_BATCH = (
    "axis 0 of the input is taken for its batch, over which the module is mapped (jax.vmap); "
    "with an axes= that holds 0 the module is called as it is"
)


def _equinox(module: Any, request: Request, _inputs: Sequence[Any]) -> Source:
    import equinox
    import jax

    if not request.training:
        module = equinox.nn.inference_mode(module)
    arrays, rest = equinox.partition(module, equinox.is_array)
    parameter = inspect.signature(type(module).__call__).parameters.get("key")
    wanted = parameter is not None and parameter.default is parameter.empty
    given = {"key": jax.random.key(0)} if wanted else {}

    def apply(weights: Any, *xs: Any) -> Any:
        return equinox.combine(weights, rest)(*xs, **given)

    def mapped(weights: Any, *xs: Any) -> Any:
        return jax.vmap(lambda *ys: apply(weights, *ys))(*xs)

    found = Source(
        mapped, _abstract(arrays), lambda: arrays, [path for path, _ in _paths(arrays)],
        channels_first=True, origin=type(module).__name__, otherwise=apply, assumed=_BATCH,
    )  # fmt: skip
    axes = request.axes
    listed = [*axes.values()] if isinstance(axes, Mapping) else [] if axes is None else [axes]
    if any(0 in each for each in listed):  # no batch axis, which no position lies along
        return replace(found, function=apply, otherwise=None, assumed="")
    return found


def _haiku(transformed: Any, _request: Request, inputs: Sequence[Any]) -> Source:
    import jax

    key = jax.random.key(0)
    stateful = type(transformed).__name__ == "TransformedWithState"
    weights = jax.eval_shape(transformed.init, key, *inputs)
    takes_key = "rng" in inspect.signature(transformed.apply).parameters

    def apply(variables: Any, *xs: Any) -> Any:
        first = variables if stateful else (variables,)
        found = transformed.apply(*first, *([key] if takes_key else []), *xs)
        return found[0] if stateful else found

    return Source(
        apply, weights, lambda: transformed.init(key, *_zeros(inputs)), origin="haiku",
        parameters=0 if stateful else None,
    )  # fmt: skip


def _keras(model: Any, request: Request, _inputs: Sequence[Any]) -> Source:
    variables = [model.trainable_variables, model.non_trainable_variables]
    state = [[variable.value for variable in each] for each in variables]
    known = "training" in inspect.signature(model.call).parameters
    given = {"training": request.training} if known else {}

    def apply(weights: Any, *xs: Any) -> Any:
        return model.stateless_call(*weights, xs[0] if len(xs) == 1 else list(xs), **given)[0]

    return Source(apply, _abstract(state), lambda: state, origin=model.name)


_KINDS: tuple[tuple[str, str, Callable[..., Source]], ...] = (
    ("flax.linen", "Module", _linen),
    ("flax.nnx", "Module", _nnx),
    ("equinox", "Module", _equinox),
    ("haiku", "Transformed", _haiku),
    ("haiku", "TransformedWithState", _haiku),
    ("keras", "Model", _keras),
)


def _function(model: Any) -> Any:
    """The Python function that a model calls, for its name and what it closes over."""
    found = inspect.unwrap(model)
    return _function(found.func) if isinstance(found, partial) else found


def _parameters(model: Any) -> Mapping[str, inspect.Parameter]:
    plain = inspect.isroutine(model) or isinstance(model, partial) or hasattr(model, "__wrapped__")
    try:
        found = inspect.signature(model if plain else type(model).__call__).parameters
    except (TypeError, ValueError):
        return {}
    return {name: each for name, each in found.items() if name != "self"}


def _switches(model: Any, training: bool) -> dict[str, bool]:
    """Arguments that say whether it is training, under the names that are usual."""
    values = {
        "train": training, "training": training, "is_training": training,
        "deterministic": not training, "use_running_average": not training,
    }  # fmt: skip
    return {name: value for name, value in values.items() if name in _parameters(model)}


def argument_names(model: Any) -> list[str]:
    """The names of its positional arguments."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, each in _parameters(model).items() if each.kind in kinds]


def _abstract(weights: Any) -> Any:
    """The shapes of weights in the place of the weights."""
    import jax

    return jax.tree_util.tree_map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) if hasattr(leaf, "dtype")
        else leaf, weights,
    )  # fmt: skip


def _zeros(inputs: Sequence[Any]) -> list[Any]:
    import jax.numpy as jnp

    return [jnp.zeros(each.shape, each.dtype) for each in inputs]


def _paths(weights: Any) -> list[tuple[str, str]]:
    """For each weight the attribute path of the module that holds it, and its name in there."""
    import jax

    found: list[tuple[str, str]] = []
    for path, _leaf in jax.tree_util.tree_flatten_with_path(weights)[0]:
        parts = [
            str(getattr(key, "name", getattr(key, "key", getattr(key, "idx", "")))) for key in path
        ]
        while parts and parts[-1] in ("value", "raw_value"):
            parts.pop()
        found.append((".".join(parts[:-1]), "".join(parts[-1:])))
    return found


def closed_over(model: Any) -> dict[int, str]:
    """The weights that a function names, by identity: the modules that hold them.

    A module that is closed over itself is called as its variable is; in a dictionary of arrays the
    key stands for a module.
    """
    import jax

    held: list[tuple[str, Any]] = []
    bound = inspect.unwrap(model)
    if isinstance(bound, partial):
        held = [("", value) for value in (*bound.args, *bound.keywords.values())]
    function = _function(model)
    if inspect.ismethod(function):
        held, function = [*held, ("", function.__self__)], function.__func__
    if inspect.isfunction(function):
        variables = inspect.getclosurevars(function)
        held += [*variables.nonlocals.items(), *variables.globals.items()]
    found: dict[int, str] = {}
    for name, tree in held:
        leaves = jax.tree_util.tree_leaves(tree)
        plain = isinstance(tree, (Mapping, Sequence))
        own = "" if plain or (leaves and leaves[0] is tree) else name
        for leaf, (path, key) in zip(leaves, _paths(tree), strict=True):
            found[id(leaf)] = path or own or (key if plain else "")
    return found


def shapes_of(request: Request, names: Sequence[str]) -> dict[str, FreeShape]:
    """The inputs that were asked for, by name, in the order of the arguments."""
    given = request.input_shape
    if given is None:
        raise UnreadableModelError(
            "a JAX model has no input shape of its own.\n"
            "  Give one:   rfield.load(model, (1, 224, 224, 3))"
        )
    if isinstance(given, Mapping):
        known = {str(name): tuple(shape) for name, shape in given.items()}
        order = [name for name in names if name in known]
        rest = [name for name in known if name not in order]
        return {name: known[name] for name in [*order, *rest]}
    return {names[0] if names else "x": tuple(given)}
