"""What is known of one tensor during a capture, and how writes reach the tensors it shares with.

Every tensor made in a capture carries a ``Value``: the index of the graph node that it holds now,
or None if it depends on no input. A view remembers its parent and the ops that lead there, so that
a write to either changes what the other reads: ``x[:, 1:] += y`` is a write to ``x``.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray

from ...core import layout
from ...core.graph import Weights
from ...core.known import ZERO
from ...core.link import Link, Reshaped
from ...core.ops import Op
from ...core.relation import At, Sliding
from ..machine.complexes import put_together, taken_apart
from ..machine.tables import even
from ..machine.values import Constant
from .moved import Held

Steps = list[Op] | Callable[[], list[Op]]


class Cell:
    """One storage. ``known``: its elements are real numbers that depend on nothing.

    ``uniform``: the one number that it was made with and still holds, or None. ``strides``: how the
    tensor lies in it that is no view, and where it begins. ``flat``: what stands for its elements
    where they are drawn at random (see ``zeros``), all in a row, from the first write of constants
    on; ``kind``: their type. ``sampled``: no write was lost to it. ``shared``: it has views, or is
    ``copied``, from what in another order in memory it would have been a view of.
    """

    __slots__ = (
        "copied", "flat", "kind", "known", "own", "sampled", "shared", "strides", "uniform",
        "version",
    )  # fmt: skip

    def __init__(self, own: bool, known: bool = False) -> None:
        self.version = 0
        self.own = own
        self.known = known
        self.uniform: float | None = None
        self.sampled = True
        self.shared = self.copied = False
        self.strides: tuple[tuple[int, ...], int] | None = None
        self.flat: torch.Tensor | None = None
        self.kind: torch.dtype | None = None


class Value:
    """What a tensor holds: ``index`` is up to date while ``version`` is that of the cell.

    ``sample``: what a constant is for weights drawn at random (see ``zeros``). ``unseen``: it is
    made of tables and no weight, but too large to be computed. ``weights``: the parameters that a
    constant is made of. ``real``: the tensor, where its numbers are known. ``weight``: the
    parameter whose own elements these are (``weight.data``). ``origin``: what made a constant whose
    numbers are not known, for comparing it with that of another capture. ``told``: what is known
    of the result of an op of which masks left nothing that an input changes; ``left``: its numbers.
    ``moved``: of a constant made of a weight's elements, which lie where (``moved.Held``), unless
    it was ``rewritten``.
    """

    __slots__ = (
        "cell", "index", "left", "moved", "origin", "owner", "parent", "real", "rewritten",
        "sample", "shape", "steps", "told", "unseen", "version", "weight", "weights",
    )  # fmt: skip

    def __init__(
        self,
        owner: object,
        index: int | None,
        shape: Sequence[int],
        cell: Cell,
        parent: Value | None = None,
        steps: Steps | None = None,
    ) -> None:
        self.owner = owner
        self.index = index
        self.shape = tuple(shape)
        self.cell = cell
        self.parent = parent
        self.steps = steps
        self.version = cell.version
        self.sample: object = None
        self.unseen = False
        self.told: NDArray[np.uint8] | None = None
        self.left: NDArray[np.float64] | None = None
        self.real: weakref.ref[torch.Tensor] | None = None
        self.weights: Weights = ()
        self.weight: torch.Tensor | None = None
        self.origin: tuple[object, ...] = ()
        self.moved: Held | None = None
        self.rewritten = False

    @property
    def root(self) -> Value:
        """What it is a view of, at last."""
        return self if self.parent is None else self.parent.root

    def left_with(self, held: Constant) -> None:
        """Masks left it this constant."""
        self.told, self.left = held.told, held.array
        if even(held) == 0:  # and so is every view of it
            self.told = np.broadcast_to(np.uint8(ZERO), self.shape)

    def forget(self) -> None:
        """Constants are about to be written to it, of which nobody knows where they stay."""
        self.unseen = self.unseen or self.told is not None or self.left is not None
        self.told = self.left = None
        self.rewritten = True

    def path(self) -> list[Op]:
        """The ops from the parent to this view."""
        if callable(self.steps):
            self.steps = self.steps()
        return self.steps or []


def is_weight(tensor: torch.Tensor) -> bool:
    """Whether a tensor is a parameter; of plain ones the type tells at once."""
    return type(tensor) is not torch.Tensor and isinstance(tensor, torch.nn.Parameter)


def unread(step: Op, shape: Sequence[int]) -> list[Op] | None:
    """The ops that undo a view which holds every element of its parent, or None.

    >>> unread(layout.permute((2, 3, 5), (2, 0, 1)), (2, 3, 5))[0].shape
    (2, 3, 5)
    """
    if step.kind == "view_as_real":
        return [put_together(step.shape)]
    if step.kind == "view_as_complex":
        return [taken_apart(step.shape)]
    link = step.links[0]
    if link is None or link.is_identity:
        return []
    if isinstance(link, Reshaped):
        return [layout.reshape(step.shape, shape)]
    if not isinstance(link, Link) or link.coupled or prod(step.shape) != prod(shape):
        return None
    axes = [read.axis for read in link.reads]
    plain = all(isinstance(read.relation, Sliding) and read.relation.is_identity
                for read in link.reads)  # fmt: skip
    if plain and None not in axes and len(axes) == len(step.shape):
        return [layout.permute(step.shape, [axis for axis in axes if axis is not None])]
    return None


def patch(step: Op, shape: Sequence[int]) -> tuple[list[Op], int, range] | None:
    """For a slice or select: how its elements take their place again, the axis and the positions.

    The ops turn the view's shape into that of the parent, but for the size along the axis.
    """
    link = step.links[0]
    if not isinstance(link, Link) or link.coupled:
        return None
    moved = [
        j
        for j, read in enumerate(link.reads)
        if not (isinstance(read.relation, Sliding) and read.relation.is_identity)
    ]
    if len(moved) != 1:
        return None
    axis = moved[0]
    read = link.reads[axis]
    if isinstance(read.relation, At):
        whole = [*shape[:axis], 1, *shape[axis + 1 :]]
        start = read.relation.index
        return [layout.reshape(step.shape, whole)], axis, range(start, start + 1)
    if isinstance(read.relation, Sliding) and read.relation.period == 1 and read.axis == axis:
        start, step_size = read.relation.taps[0].first, read.relation.advance
        count = step.shape[axis]
        return [], axis, range(start, start + step_size * count, step_size)
    return None
