"""The ops of the list written down with ``GraphBuilder``; there is nothing to run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rfield
from rfield.frontends.machine.rules import RuleTable

from .ops.case import Case

CHANNEL = 1
REFUSALS: tuple[type[Exception], ...] = ()
RULES = RuleTable("declared")

Layer = Callable[[rfield.GraphBuilder, Any], Any]


def read(layer: Layer, shape: Any, axes: Any) -> rfield.Graph:
    """A graph of one layer."""
    builder = rfield.GraphBuilder()
    return builder.build(outputs=[layer(builder, builder.input("x", shape, axes=axes))])


def run(_layer: Layer) -> None:
    """A declared network has no numbers."""


def window(method: str) -> Callable[[Case], Any]:
    names = {"ceil": "ceil_mode"}

    def build(case: Case) -> Layer:
        args = {names.get(key, key): value for key, value in case.args.items()}
        if isinstance(args.get("padding"), tuple):
            args["padding"] = list(args["padding"])
        return lambda b, x: getattr(b, method)("y", x, **args)

    return build


def pad(case: Case) -> Layer:
    a = case.args
    return lambda b, x: b.pad("y", x, padding=[a["pads"]], mode=a["mode"])


def roll(case: Case) -> Layer | None:
    a = case.args
    if a["axes"] is None or len(set(a["axes"])) < len(a["axes"]):
        return None
    return lambda b, x: b.roll("y", x, shifts=dict(zip(a["axes"], a["shifts"], strict=True)))


def layer(method: str, *args: Any, **names: str) -> Callable[[Case], Any]:
    """A method of the builder; ``names``: its argument -> that of the entry."""

    def build(case: Case) -> Layer:
        options = {mine: case.args[theirs] for mine, theirs in names.items()}
        return lambda b, x: getattr(b, method)("y", x, *args, **options)

    return build


def permute(case: Case) -> Layer:
    return lambda b, x: b.permute("y", x, case.args["order"])


def reshape(case: Case) -> Layer:
    return lambda b, x: b.reshape("y", x, case.args["shape"])


def cumsum(case: Case) -> Layer | None:
    a = case.args
    if a["exclusive"]:
        return None
    return lambda b, x: b.cumsum("y", x, axis=a["axis"], backward=a["reverse"])


BUILDERS: dict[str, dict[str, Callable[[Case], Any]]] = {
    "conv": {"layer": window("conv")},
    "conv_transpose": {"layer": window("conv_transpose")},
    "max_pool": {"layer": window("max_pool")},
    "avg_pool": {"layer": window("avg_pool")},
    "adaptive_pool": {"layer": window("adaptive_pool")},
    "global_pool": {"layer": layer("global_pool")},
    "pad": {"layer": pad},
    "roll": {"layer": roll},
    "flip": {"layer": layer("flip", axes="axes")},
    "transpose": {"layer": permute},
    "reshape": {"layer": reshape},
    "slice": {"layer": layer("slice", axis="axis", start="start", stop="stop", step="step")},
    "concat": {"layer": lambda c: lambda b, x: b.concat("y", x, x, axis=c.args["axis"])},
    "take": {"layer": layer("gather", axis="axis", indices="indices")},
    "cumsum": {"layer": cumsum},
    **{kind: {"layer": layer("reduce", axes="axes", keepdims="keepdims")}
       for kind in ("sum", "mean", "max", "min", "prod")},
    "softmax": {"layer": layer("softmax", axis="axis")},
    **{kind: {"layer": layer("pointwise")} for kind in ("relu", "sigmoid", "tanh", "exp", "abs")},
}  # fmt: skip
