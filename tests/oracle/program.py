"""Random networks as plain data: what the oracle interprets and what rfield is given.

Nothing here is shared with rfield. A program is a list of layers; each names its op (one of the
dataclasses below) and its operands. Axes are tensor axes; all tensors are (batch, channel, space…)
until an op that moves axes says otherwise. Per-axis attributes follow the spatial axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Window:
    """Convolution and pooling. ``pads``: pairs, or "same", "same_lower", "valid"."""

    kind: str  # conv, max_pool, avg_pool
    kernel: Ints
    stride: Ints
    pads: Pairs | str
    dilation: Ints
    ceil: bool = False
    channels: int = 1
    groups: int = 1


@dataclass(frozen=True)
class Transposed:
    kernel: Ints
    stride: Ints
    pads: Pairs | str
    dilation: Ints
    extra: Ints
    channels: int = 1


@dataclass(frozen=True)
class Resize:
    """To ``size``, or by ``scale`` (output ``floor(n * scale)``)."""

    size: Ints | None
    scale: tuple[Fraction, ...] | None
    mode: str
    coordinates: str
    rounding: str = "floor"


@dataclass(frozen=True)
class Adaptive:
    size: Ints


@dataclass(frozen=True)
class Pad:
    pads: Pairs
    mode: str


@dataclass(frozen=True)
class Crop:
    cuts: Pairs


@dataclass(frozen=True)
class Slice:
    axis: int
    start: int
    stop: int
    step: int


@dataclass(frozen=True)
class Flip:
    axes: Ints


@dataclass(frozen=True)
class Roll:
    shifts: tuple[tuple[int, int], ...]  # (axis, steps)


@dataclass(frozen=True)
class Gather:
    axis: int
    indices: Ints


@dataclass(frozen=True)
class Tile:
    axis: int
    times: int


@dataclass(frozen=True)
class Repeat:
    axis: int
    times: int


@dataclass(frozen=True)
class Select:
    axis: int
    index: int


@dataclass(frozen=True)
class Overwrite:
    """The second operand is written to every ``step``-th index from ``start`` on."""

    axis: int
    start: int
    step: int


@dataclass(frozen=True)
class Pointwise:
    kind: str  # pointwise (one operand), add, multiply


@dataclass(frozen=True)
class Concat:
    axis: int


@dataclass(frozen=True)
class Reduce:
    axes: Ints
    keepdims: bool


@dataclass(frozen=True)
class Dense:
    channels: int
    axis: int


@dataclass(frozen=True)
class Softmax:
    axis: int


@dataclass(frozen=True)
class Cumsum:
    axis: int
    backward: bool


@dataclass(frozen=True)
class Matmul:
    pass


@dataclass(frozen=True)
class Reshape:
    shape: Ints
    axes: Ints  # which axes are spatial afterwards


@dataclass(frozen=True)
class Permute:
    order: Ints


@dataclass(frozen=True)
class DepthToSpace:
    block: Ints
    channels_first: bool


@dataclass(frozen=True)
class SpaceToDepth:
    block: Ints
    channels_first: bool


@dataclass(frozen=True)
class Frames:
    """Windows of ``size`` every ``step``: ``axis`` becomes two, the window and the place in it."""

    axis: int
    size: int
    step: int
    dilation: int = 1
    before: int = 0
    after: int = 0


@dataclass(frozen=True)
class OverlapAdd:
    """The inverse of ``Frames``, summed: axes ``axis`` and the next become one of ``size``."""

    axis: int
    step: int
    size: int
    dilation: int = 1
    before: int = 0


Op = (
    Window | Transposed | Resize | Adaptive | Pad | Crop | Slice | Flip | Roll | Gather | Pointwise
    | Concat | Reduce | Dense | Softmax | Cumsum | Matmul | Reshape | Permute | DepthToSpace
    | SpaceToDepth | Tile | Repeat | Select | Overwrite | Frames | OverlapAdd
)  # fmt: skip

COUPLED = (Reshape, Permute, DepthToSpace, SpaceToDepth, Frames, OverlapAdd)
"""Ops that do not read their operand axis by axis."""


@dataclass(frozen=True)
class Layer:
    name: str
    op: Op
    operands: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """``inputs``: (name, shape), all with the same spatial axes; ``outputs``: layer names."""

    inputs: tuple[tuple[str, Ints], ...]
    layers: tuple[Layer, ...]
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{name} = input{shape}" for name, shape in self.inputs]
        lines += [f"{la.name} = {la.op}  <- {', '.join(la.operands)}" for la in self.layers]
        return "\n".join([*lines, f"outputs: {', '.join(self.outputs)}"])

    def layer(self, name: str) -> Layer:
        """The layer of that name."""
        return next(layer for layer in self.layers if layer.name == name)
