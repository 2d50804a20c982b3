"""Make a failing program small: fewer layers, plainer attributes, smaller inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from tests.oracle import program as p
from tests.oracle.tensor_meaning import shapes_of

Fails = Callable[[p.Program], bool]


def shrink(program: p.Program, fails: Fails) -> p.Program:
    """A small program for which ``fails`` still holds; ``fails`` is asked about valid ones only."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in candidates(program):
            if is_valid(candidate) and fails(candidate):
                program, smaller = candidate, True
                break
    return program


def is_valid(program: p.Program) -> bool:
    """Whether every layer makes sense at the shapes it gets."""
    try:
        shapes = shapes_of(program)
    except (AssertionError, IndexError, ValueError, ZeroDivisionError, TypeError):
        return False
    for layer in program.layers:
        one = shapes[layer.operands[0]]
        if min(shapes[layer.name], default=1) < 1 or not _fits(layer.op, one):
            return False
    return True


def _fits(op: p.Op, shape: p.Ints) -> bool:
    if isinstance(op, p.Slice):
        picked = range(op.start, op.stop, op.step)
        return len(picked) > 0 and max(picked) < shape[op.axis] and min(picked) >= 0
    if isinstance(op, p.Gather):
        return max(op.indices) < shape[op.axis]
    if isinstance(op, p.Window) and op.kind == "conv":
        return shape[1] % op.groups == 0 and op.channels % op.groups == 0
    if isinstance(op, p.Reshape):
        total, wanted = 1, 1
        for n in shape:
            total *= n
        for n in op.shape:
            wanted *= n
        return total == wanted
    if isinstance(op, p.DepthToSpace):
        cell = 1
        for b in op.block:
            cell *= b
        return shape[1] % cell == 0
    if isinstance(op, p.SpaceToDepth):
        return all(n % b == 0 for n, b in zip(shape[2:], op.block, strict=True))
    return True


def candidates(program: p.Program) -> Iterator[p.Program]:
    """Programs one step smaller."""
    if len(program.outputs) > 1:
        for name in program.outputs:
            yield pruned(replace(program, outputs=(name,)))
    for layer in program.layers[::-1]:
        if layer.name not in program.outputs:
            yield pruned(replace(program, outputs=(layer.name,)))
    for layer in program.layers:
        for operand in layer.operands:
            yield bypassed(program, layer.name, operand)
    for number, layer in enumerate(program.layers):
        for op in simpler(layer.op):
            layers = list(program.layers)
            layers[number] = replace(layer, op=op)
            yield replace(program, layers=tuple(layers))
    for number, (name, shape) in enumerate(program.inputs):
        for axis, n in enumerate(shape):
            if n > 1:
                for less in {1, n // 2, n - 1}:
                    inputs = list(program.inputs)
                    inputs[number] = (name, (*shape[:axis], less, *shape[axis + 1 :]))
                    yield replace(program, inputs=tuple(inputs))


def bypassed(program: p.Program, name: str, operand: str) -> p.Program:
    """The program with one layer replaced by one of its operands."""
    layers = [
        replace(la, operands=tuple(operand if o == name else o for o in la.operands))
        for la in program.layers
        if la.name != name
    ]
    outputs = tuple(operand if o == name else o for o in program.outputs)
    known = {la.name for la in layers}
    kept = tuple(o for o in outputs if o in known)
    if not kept:
        return replace(program, layers=(p.Layer("none", p.Reshape((-1,), ()), (operand,)),))
    return pruned(replace(program, layers=tuple(layers), outputs=kept))


def pruned(program: p.Program) -> p.Program:
    """Only what the outputs depend on."""
    behind = set(program.outputs)
    kept: list[p.Layer] = []
    for layer in reversed(program.layers):
        if layer.name in behind:
            behind.update(layer.operands)
            kept.append(layer)
    inputs = tuple(entry for entry in program.inputs if entry[0] in behind)
    return p.Program(inputs, tuple(reversed(kept)), program.outputs)


def simpler(op: p.Op) -> Iterator[p.Op]:
    """The op with one attribute made plainer."""
    for entry in fields(op):
        value = getattr(op, entry.name)
        for plainer in simpler_values(entry.name, value):
            if plainer != value:
                yield replace(op, **{entry.name: plainer})


def simpler_values(name: str, value: Any) -> Iterator[Any]:
    """Plainer values of an attribute."""
    if name in ("kernel", "stride", "dilation", "block"):
        for j, n in enumerate(value):
            for less in {1, n - 1} if n > 1 else ():
                yield (*value[:j], less, *value[j + 1 :])
    elif name == "pads" and value != "valid":
        if isinstance(value, str):
            yield "valid"
            return
        for j, (before, after) in enumerate(value):
            for pair in ((0, 0), (before, 0), (0, after)):
                yield (*value[:j], pair, *value[j + 1 :])
    elif name in ("ceil", "backward") and value:
        yield False
    elif name == "extra":
        yield (0,) * len(value)
    elif name == "groups":
        yield 1
    elif name == "axes" and len(value) > 1:
        yield value[:1]
        yield value[1:]
