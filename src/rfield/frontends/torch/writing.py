"""What a tensor holds after one of its views was written to.

Old and new are operands of the machine: values of the graph, constants, or None for one of which
nothing is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core import layout, ops
from ...core.ops import Op
from ..machine.emit import Emitter
from ..machine.values import Dependent
from .values import Value, patch, unread


def put_back(emitter: Emitter, view: Value, parent: Value, old: Any, held: Any) -> Any:
    """What ``parent`` (which held ``old``) holds after ``held`` was written to its view."""
    path = view.path()
    shapes = [parent.shape, *(step.shape for step in path)]
    for number in range(len(path) - 1, -1, -1):
        before = old if number == 0 else _moved(emitter, path[:number], old, "view")
        held = _put_step(emitter, path[number], shapes[number], before, held)
    return held


def _moved(emitter: Emitter, steps: list[Op], held: Any, label: str) -> Any:
    return None if held is None else emitter.settle(steps, [held], label)


def _put_step(emitter: Emitter, step: Op, shape: Sequence[int], old: Any, held: Any) -> Any:
    undo = unread(step, shape)
    if undo is not None:
        return _moved(emitter, undo, held, "write")
    found = patch(step, shape)
    if found is None:
        kept = [part for part in (old, held) if isinstance(part, Dependent)]
        op = ops.opaque([part.shape for part in kept], shape, kind="write")
        return emitter.settle(op, kept, "write") if kept else None
    steps, axis, positions = found
    held = _moved(emitter, steps, held, "write")
    if positions.step != 1:
        over = layout.overwrite(shape, axis, positions)
        return emitter.settle(over, [old, held], "write")
    parts = [_cut(emitter, shape, axis, range(positions.start), old)]
    parts.append(((*shape[:axis], len(positions), *shape[axis + 1 :]), held))
    parts.append(_cut(emitter, shape, axis, range(positions.stop, shape[axis]), old))
    parts = [part for part in parts if part[0][axis]]
    joined = layout.concat(*(part[0] for part in parts), axis=axis)
    return emitter.settle(joined, [part[1] for part in parts], "write")


def _cut(
    emitter: Emitter, shape: Sequence[int], axis: int, span: range, old: Any
) -> tuple[Sequence[int], Any]:
    part = layout.slice_(shape, axis, span.start, span.stop)
    return part.shape, _moved(emitter, [part], old, "kept") if span else None
