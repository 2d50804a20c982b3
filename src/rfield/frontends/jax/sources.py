"""What JAX users call a model, as one function of its weights and inputs.

Flax (Linen and NNX), Equinox, Haiku, Keras on the JAX backend, and plain functions. Weights are
abstract: nothing is drawn, copied or computed, and the model stays as it is.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import UnreadableModelError
from ..registry import Request


@dataclass(slots=True)
class Source:
    """``function(weights, *inputs)``; ``paths`` are the modules that hold the weights, in order.

    ``stacks``: the name stack tells the layers. ``channels_first``: how inputs are laid out where
    no convolution tells. ``names``: of the arguments that are inputs.
    """

    function: Callable[..., Any]
    weights: Any = ()
    paths: list[str] = field(default_factory=list[str])
    stacks: bool = True
    channels_first: bool = False
    names: Sequence[str] = ()
    origin: str = ""
    otherwise: Callable[..., Any] | None = None


def source_of(model: Any, request: Request, inputs: Sequence[Any]) -> Source:
    """The kind of model that it is, by its type."""
    for module, name, made in _KINDS:
        kind: Any = sys.modules.get(module)
        kind = getattr(kind, name, None) if kind is not None else None
        if isinstance(kind, type) and isinstance(model, kind):
            return made(model, request, inputs)
    return _plain(model, request)


def _plain(function: Any, request: Request) -> Source:
    """A function; weights that it closes over are named by the model that holds them."""
    given = _switches(function, request.training)
    name = getattr(function, "__name__", type(function).__name__)
    return Source(lambda _weights, *xs: function(*xs, **given), names=_names(function), origin=name)


def _linen(module: Any, request: Request, inputs: Sequence[Any]) -> Source:
    import jax

    given = _switches(type(module).__call__, request.training)
    keys = {name: jax.random.key(0) for name in ("params", "dropout")}
    if module.scope is not None:
        module, weights = module.unbind()
        weights = _abstract(weights)
    else:
        weights = jax.eval_shape(lambda *xs: module.init(keys, *xs, **given), *inputs)
    changing = [name for name in weights if name != "params"] if request.training else False

    def apply(variables: Any, *xs: Any) -> Any:
        found = module.apply(
            variables, *xs, **given, mutable=changing, rngs={"dropout": keys["dropout"]}
        )
        return found[0] if changing is not False else found

    return Source(apply, weights, names=_names(type(module).__call__), origin=_kind(module))


def _nnx(module: Any, request: Request, inputs: Sequence[Any]) -> Source:
    from flax import nnx

    definition, state = nnx.split(module)

    def apply(variables: Any, *xs: Any) -> Any:
        again = nnx.merge(definition, variables)
        (again.train if request.training else again.eval)()
        return again(*xs)

    paths = _paths(state)
    return Source(
        apply, _abstract(state), paths, stacks=False, names=_names(type(module).__call__),
        origin=_kind(module),
    )  # fmt: skip


def _equinox(module: Any, request: Request, inputs: Sequence[Any]) -> Source:
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

    return Source(
        mapped, _abstract(arrays), _paths(arrays), stacks=False, channels_first=True,
        names=_names(type(module).__call__), origin=_kind(module), otherwise=apply,
    )  # fmt: skip


def _haiku(transformed: Any, request: Request, inputs: Sequence[Any]) -> Source:
    import jax

    key = jax.random.key(0)
    stateful = type(transformed).__name__ == "TransformedWithState"
    weights = jax.eval_shape(transformed.init, key, *inputs)
    takes_key = "rng" in inspect.signature(transformed.apply).parameters

    def apply(variables: Any, *xs: Any) -> Any:
        first = variables if stateful else (variables,)
        found = transformed.apply(*first, *([key] if takes_key else []), *xs)
        return found[0] if stateful else found

    return Source(apply, weights, origin="haiku")


_KINDS: tuple[tuple[str, str, Callable[..., Source]], ...] = (
    ("flax.linen", "Module", _linen),
    ("flax.nnx", "Module", _nnx),
    ("equinox", "Module", _equinox),
    ("haiku", "Transformed", _haiku),
    ("haiku", "TransformedWithState", _haiku),
)


def _kind(module: Any) -> str:
    return type(module).__name__


def _switches(function: Any, training: bool) -> dict[str, bool]:
    """Arguments that say whether it is training, under the names that are usual."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}
    values = {
        "train": training, "training": training, "is_training": training,
        "deterministic": not training, "use_running_average": not training,
    }  # fmt: skip
    return {name: value for name, value in values.items() if name in parameters}


def _names(function: Any) -> list[str]:
    """The names of its positional arguments."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in kinds and p.name != "self"]


def _abstract(weights: Any) -> Any:
    """The shapes of weights in the place of the weights."""
    import jax

    return jax.tree_util.tree_map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) if hasattr(leaf, "dtype")
        else leaf, weights,
    )  # fmt: skip


def _paths(weights: Any) -> list[str]:
    """For each weight the attribute path of the module that holds it: ``layers.0.conv``."""
    import jax

    found: list[str] = []
    for path, _leaf in jax.tree_util.tree_flatten_with_path(weights)[0]:
        parts = [
            str(getattr(key, "name", getattr(key, "key", getattr(key, "idx", "")))) for key in path
        ]
        while parts and parts[-1] in ("value", "raw_value"):
            parts.pop()
        found.append(".".join(parts[:-1]))
    return found


def closed_over(function: Any) -> dict[int, str]:
    """The weights that a function names, by identity: the modules that hold them."""
    import jax

    if not inspect.isfunction(function):
        return {}
    variables = inspect.getclosurevars(function)
    found: dict[int, str] = {}
    for held in [*variables.nonlocals.values(), *variables.globals.values()]:
        leaves = jax.tree_util.tree_leaves(held)
        for leaf, path in zip(leaves, _paths(held), strict=True):
            found[id(leaf)] = path
    return found


def shapes_of(request: Request, names: Sequence[str]) -> dict[str, tuple[int | None, ...]]:
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
