"""One entry per name of a TensorFlow op that reads each element from its own place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry

from . import Own

SHAPE = (2, 3)
ITSELF: dict[Any, Any] = {(1, 2): {(1, 2)}, (0, 1): {(0, 1)}}
KINDS = (tf.float32, tf.int32, tf.bool, tf.complex64)
TYPES = {tf.float32.as_datatype_enum: tf.float32, tf.bool.as_datatype_enum: tf.bool,
         tf.int32.as_datatype_enum: tf.int32}  # fmt: skip


def call(name: str, definition: Any, kind: tf.DType) -> Callable[[Any], Any]:
    """The op on the input, and on a constant in the place of every other operand."""
    op = getattr(tf.raw_ops, name)

    def run(x: Any) -> Any:
        given: dict[str, Any] = {}
        for number, argument in enumerate(definition.input_arg):
            type_ = TYPES.get(argument.type, kind)
            # Zero would hide what is read, and so would two bounds or two branches that are equal.
            beside = 1.0 if type_.is_integer else 0.5 + number / 4
            value = x if number == 0 else tf.fill(SHAPE, beside)
            value = tf.complex(value, value) if type_.is_complex else tf.cast(value, type_)
            given[argument.name] = [value] if argument.number_attr else value
            if argument.type_list_attr:
                given[argument.name] = []
        for attribute in definition.attr:
            if attribute.name == "shape" and not attribute.HasField("default_value"):
                given["shape"] = SHAPE
        found = op(**given)
        return found[0] if isinstance(found, list) else found

    return run


def entry(name: str) -> Own | None:
    """The op with the first type of number that it takes."""
    definition = op_def_registry.get(name)
    if definition is None or not hasattr(tf.raw_ops, name) or not definition.input_arg:
        return None
    for kind in KINDS:
        made = call(name, definition, kind)
        try:
            tf.function(made, autograph=False)(tf.fill(SHAPE, 0.5))
            found = made(tf.fill(SHAPE, 0.5))  # some run in a graph only, some eagerly only
        except (tf.errors.OpError, ValueError, TypeError, NotImplementedError, RuntimeError):
            continue
        if isinstance(found, tf.Tensor) and found.dtype != tf.string and found.shape == SHAPE:
            return Own(f"{name} of {kind.name}", made, SHAPE, ITSELF, blind=True)
    return None
