"""The entries that only TensorFlow has; TensorFlow itself says what they read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

import rfield
from rfield.frontends.tensorflow.rulebook import RULES
from tests.tensorflow.cases import CASES
from tests.tensorflow.graphs import GraphWriter
from tests.tensorflow.probe import boxes, claimed

from . import Compared, Own
from . import tensorflow_ops as named
from .tensorflow_names import entry
from .tensorflow_ops import InGraph
from .tensorflow_written import entries as written

__all__ = ["GraphWriter", "InGraph", "entries"]

POINTWISE = {"unary", "binary", "passing"}


def compared(shape: tuple[int, ...], function: Callable[[Any], Any]) -> list[str]:
    """The boxes that rfield claims against those measured."""
    spec = tf.TensorSpec((None, *shape[1:]), tf.float64, name="x")
    traced = tf.function(function).get_concrete_function(spec)
    says = claimed(rfield.load(traced, shape))
    right = boxes(lambda images: traced(tf.constant(images)), shape)
    return [] if says == right else [f"reads {says}, right {right}"]


def entries() -> Iterator[Own | Compared]:
    """Every pointwise name, and every case of ``tests.tensorflow.cases``."""
    for name, rule in RULES.items():
        if rule.function.__name__ in POINTWISE:
            made = entry(name)
            if made is not None:
                yield made
    for table, bound in ((named.EXACT, False), (named.INDICES, False), (named.BOUNDED, True)):
        for title, (function, shape, reads) in table.items():
            yield Own(title, function, shape, reads, bound=bound, blind=True)
    for table, bound in ((named.IN_GRAPHS, False), (named.IN_GRAPHS_BOUNDED, True)):
        for title, (function, shape, reads) in table.items():
            yield Own(title, InGraph(function), shape, reads, bound=bound, blind=True)
    yield from written()
    for name, (shape, function) in CASES.items():
        yield Compared(name, lambda shape=shape, function=function: compared(shape, function))
