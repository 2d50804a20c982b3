"""Random networks at three sizes: what a growing input makes longer, and what stays as it is.

The same layers are laid on inputs of three sizes. Kernels, strides, channels, windows and the
blocks of pixel shuffles stay, the number of positions, windows and tokens grows. A reshape splits
an axis into many runs of a fixed length (a window), so that the first part is the one that grows;
the grid of MaxViT, a fixed number of runs, is *marked*: its first part stands for the whole axis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import gcd, prod
from random import Random
from typing import Any

from tests.oracle import program as p
from tests.oracle.tensor_meaning import shape_of

MOST_CELLS = 1_500_000
MOST_RANK = 9
WINDOWS = (2, 2, 3, 4, 6)
Make = Callable[..., p.Op]


@dataclass(frozen=True)
class Growing:
    """One network at three sizes; ``grids``: (layer, axis) of whole-axis reads of a fixed size."""

    programs: tuple[p.Program, ...]
    grids: frozenset[tuple[str, int]] = frozenset()

    @property
    def source(self) -> str:
        return self.programs[0].inputs[0][0]

    def __str__(self) -> str:
        marked = f"\ngrids: {sorted(self.grids)}" if self.grids else ""
        sizes = [shape for program in self.programs for _, shape in program.inputs]
        return f"{self.programs[-1]}{marked}\nsizes: {sizes}"


class UnfitError(Exception):
    """The next layer would be too large, or does not suit all three sizes."""


@dataclass
class Plan:
    """Three programs in the making."""

    rng: Random
    shapes: dict[str, list[p.Ints]] = field(default_factory=dict)
    layers: list[list[p.Layer]] = field(default_factory=lambda: [[], [], []])
    grids: set[tuple[str, int]] = field(default_factory=set)
    longest: int = 0

    def put(self, make: Make, *operands: str, grid: int | None = None) -> str:
        """One layer; ``make`` gets the operand shapes of each size in turn."""
        name = f"l{len(self.layers[0])}"
        columns = list(zip(*(self.shapes[operand] for operand in operands), strict=True))
        try:
            ops = [make(*column) for column in columns]
            shapes = [shape_of(op, list(col)) for op, col in zip(ops, columns, strict=True)]
        except (AssertionError, LookupError, ValueError, ZeroDivisionError) as error:
            raise UnfitError(name) from error
        if any(
            isinstance(op, p.Window) and op.groups > 1 and self.grows(operands[0], 1) for op in ops
        ):
            raise UnfitError(name)  # a group would grow
        too_large = prod(shapes[-1]) * self.longest > MOST_CELLS or len(shapes[-1]) > MOST_RANK
        if too_large or min(map(min, shapes)) < 1:
            raise UnfitError(name)
        for layers, op in zip(self.layers, ops, strict=True):
            layers.append(p.Layer(name, op, operands))
        self.shapes[name] = shapes
        if grid is not None:
            self.grids.add((name, grid))
        return name

    def rank(self, name: str) -> int:
        return len(self.shapes[name][0])

    def common(self, name: str, axis: int) -> int:
        """What the sizes of an axis have in common."""
        return gcd(*(shape[axis] for shape in self.shapes[name]))

    def grows(self, name: str, axis: int) -> bool:
        return len({shape[axis] for shape in self.shapes[name]}) > 1


def reshape(plan: Plan, name: str, make: Callable[[p.Ints], Sequence[int]]) -> str:
    def op(shape: p.Ints) -> p.Op:
        result = tuple(make(shape))
        if prod(result) != prod(shape):
            raise ValueError(result)
        return p.Reshape(result, tuple(range(2, len(result))))

    return plan.put(op, name)


def like(plan: Plan, name: str, other: str) -> str:
    """Reshaped to the shapes of ``other``."""
    wanted = dict(zip(plan.shapes[name], plan.shapes[other], strict=True))
    return reshape(plan, name, lambda shape: wanted[shape])


def permute(plan: Plan, name: str, order: Sequence[int]) -> str:
    return plan.put(lambda _: p.Permute(tuple(order)), name)


def same(plan: Plan, op: p.Op, *names: str) -> str:
    return plan.put(lambda *_: op, *names)


def along_growing(plan: Plan, name: str, op: p.Op) -> p.Op:
    """The op with nothing odd along axes of a fixed size, of which a border may be all there is."""
    grows = [plan.grows(name, axis) for axis in range(2, plan.rank(name))]

    def chosen(values: Sequence[Any], plain: Any) -> tuple[Any, ...]:
        return tuple(v if g else plain for v, g in zip(values, grows, strict=True))

    if isinstance(op, p.Roll):
        return p.Roll(tuple((axis, n) for axis, n in op.shifts if grows[axis - 2]))
    if isinstance(op, p.Pad):
        return p.Pad(chosen(op.pads, (0, 0)), op.mode)
    if isinstance(op, p.Crop):
        return p.Crop(chosen(op.cuts, (0, 0)))
    if not isinstance(op, (p.Window, p.Transposed)) or all(grows):
        return op
    if isinstance(op, p.Window):
        kernel = tuple(k if g else k | 1 for k, g in zip(op.kernel, grows, strict=True))
        pads: p.Pairs | str = "same"
        if op.pads not in ("same", "same_lower"):
            middle = ((k // 2, k // 2) for k in kernel)
            given = op.pads if isinstance(op.pads, tuple) else ((0, 0),) * len(grows)
            pads = tuple(a if g else m for a, m, g in zip(given, middle, grows, strict=True))
        ones = chosen(op.stride, 1), chosen(op.dilation, 1)
        return replace(op, kernel=kernel, pads=pads, stride=ones[0], dilation=ones[1])
    if isinstance(op.pads, str):
        raise UnfitError(name)
    return p.Transposed(
        chosen(op.kernel, 1), chosen(op.stride, 1), chosen(op.pads, (0, 0)),
        chosen(op.dilation, 1), chosen(op.extra, 0), op.channels,
    )  # fmt: skip


def divisor(plan: Plan, name: str, axis: int, choice: Sequence[int] = WINDOWS) -> int:
    """A window of fixed size that divides an axis at every size."""
    common = plan.common(name, axis)
    fitting = [d for d in choice if common % d == 0]
    return plan.rng.choice(fitting) if fitting else 1


def few(plan: Plan, name: str) -> int:
    """Into how many groups the channels can be split."""
    even = not plan.grows(name, 1) and plan.common(name, 1) % 2 == 0
    return plan.rng.choice([1, 2]) if even else 1


def undo(plan: Plan, mark: int) -> None:
    """Forget the layers from ``mark`` on."""
    for layer in plan.layers[0][mark:]:
        del plan.shapes[layer.name]
        plan.grids = {entry for entry in plan.grids if entry[0] != layer.name}
    for layers in plan.layers:
        del layers[mark:]
