"""The layers that can be written down: attributes in, one recorded layer out.

``Layers`` only translates arguments (spatial order, layout, defaults) into the core vocabulary; how
a layer is recorded is the builder's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import floor, prod
from typing import Generic, Protocol, TypeVar

from ...core import layout, ops, padding, resampling
from ...core.arguments import Padding, Shape, normalize_axis
from ...core.ops import Op
from ...core.relation import Relation
from ...errors import InvalidModelError


class HasLayout(Protocol):
    """What the layers need to know of a value."""

    @property
    def axes(self) -> tuple[int, ...]:
        """Its spatial axes."""
        ...

    @property
    def channel_axis(self) -> int | None:
        """Its channel axis, if it has one."""
        ...

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Its shape."""
        ...


V = TypeVar("V", bound=HasLayout)
PerAxis = int | Sequence[int]
Scale = int | float | Fraction | Sequence[int | float | Fraction]

_METHODS: dict[str, resampling.Method] = {
    "nearest": "nearest",
    "nearest-exact": "nearest",
    "linear": "linear",
    "bilinear": "linear",
    "trilinear": "linear",
    "cubic": "cubic",
    "bicubic": "cubic",
}


class Layers(Generic[V]):
    """The layer methods of ``GraphBuilder``; every one returns the layer's output value."""

    def _layer(
        self,
        name: str,
        operands: Sequence[V],
        make: Callable[[list[Shape]], Op | list[Op]],
        axes: Sequence[int] | None = None,
        channel_axis: int | None = None,
    ) -> V:
        raise NotImplementedError

    def conv(
        self,
        name: str,
        x: V,
        *,
        kernel: PerAxis,
        stride: PerAxis = 1,
        padding: Padding = 0,
        dilation: PerAxis = 1,
        channels: int | None = None,
        groups: int = 1,
        bias: bool = False,
    ) -> V:
        """Convolution over the spatial axes."""
        if x.channel_axis is None:
            return self._pool(name, x, kernel, stride, padding, dilation, False, "conv")
        return self._layer(
            name,
            [x],
            lambda shapes: ops.conv(
                shapes[0], kernel=_sequence(kernel), stride=stride, padding=padding,
                dilation=dilation, groups=groups, channels=channels, axes=x.axes,
                channel_axis=_channel(x), bias=bias,
            ),
        )  # fmt: skip

    def conv_transpose(
        self,
        name: str,
        x: V,
        *,
        kernel: PerAxis,
        stride: PerAxis = 1,
        padding: Padding = 0,
        output_padding: PerAxis = 0,
        dilation: PerAxis = 1,
        channels: int | None = None,
        groups: int = 1,
        bias: bool = False,
    ) -> V:
        """Transposed convolution over the spatial axes."""
        return self._layer(
            name,
            [x],
            lambda shapes: ops.conv_transpose(
                shapes[0], kernel=_sequence(kernel), stride=stride, padding=padding,
                output_padding=output_padding, dilation=dilation, groups=groups,
                channels=channels, axes=x.axes, channel_axis=_channel(x), bias=bias,
            ),
        )  # fmt: skip

    def max_pool(
        self,
        name: str,
        x: V,
        *,
        kernel: PerAxis,
        stride: PerAxis | None = None,
        padding: Padding = 0,
        dilation: PerAxis = 1,
        ceil_mode: bool = False,
    ) -> V:
        """Max pooling; ``stride`` defaults to the kernel."""
        return self._pool(name, x, kernel, stride, padding, dilation, ceil_mode, "max_pool")

    def avg_pool(
        self,
        name: str,
        x: V,
        *,
        kernel: PerAxis,
        stride: PerAxis | None = None,
        padding: Padding = 0,
        dilation: PerAxis = 1,
        ceil_mode: bool = False,
    ) -> V:
        """Average pooling; ``stride`` defaults to the kernel."""
        return self._pool(name, x, kernel, stride, padding, dilation, ceil_mode, "avg_pool")

    def _pool(
        self, name: str, x: V, kernel: PerAxis, stride: PerAxis | None, padding: Padding,
        dilation: PerAxis, ceil_mode: bool, kind: str,
    ) -> V:  # fmt: skip
        return self._layer(
            name,
            [x],
            lambda shapes: ops.pool(
                shapes[0], kernel=_sequence(kernel), stride=stride, padding=padding,
                dilation=dilation, ceil_mode=ceil_mode, axes=x.axes, kind=kind,
            ),
        )  # fmt: skip

    def adaptive_pool(self, name: str, x: V, size: PerAxis) -> V:
        """Adaptive pooling to ``size`` positions per spatial axis."""

        def make(shapes: list[Shape]) -> Op:
            outputs = ops.per_axis("size", size, len(x.axes))
            relations: dict[int, tuple[Relation, int]] = {
                axis: (padding.adaptive(shapes[0][axis], out), out)
                for axis, out in zip(x.axes, outputs, strict=True)
            }
            return ops.along(shapes[0], relations, kind="adaptive_pool", depends_on_size=True)

        return self._layer(name, [x], make)

    def global_pool(self, name: str, x: V, *, keepdims: bool = True) -> V:
        """Pool over all spatial positions."""
        return self.reduce(name, x, axes=x.axes, keepdims=keepdims)

    def resize(
        self,
        name: str,
        x: V,
        *,
        scale: Scale | None = None,
        size: PerAxis | None = None,
        mode: str = "nearest",
        coordinates: resampling.Coordinates | None = None,
        rounding: resampling.Rounding = "floor",
        antialias: bool = False,
    ) -> V:
        """Resize the spatial axes by ``scale`` or to ``size``.

        ``coordinates`` defaults to ``"asymmetric"`` for nearest (PyTorch, ONNX floor) and to
        ``"half_pixel"`` otherwise.
        """
        if mode not in _METHODS:
            raise InvalidModelError(
                f"{name}: mode = {mode!r}; expected one of {', '.join(_METHODS)}"
            )
        if (scale is None) == (size is None):
            raise InvalidModelError(f"{name}: give either scale or size")
        method = _METHODS[mode]
        where = coordinates or ("asymmetric" if mode == "nearest" else "half_pixel")

        def make(shapes: list[Shape]) -> Op:
            relations: dict[int, tuple[Relation, int]] = {}
            count = len(x.axes)
            sizes = None if size is None else ops.per_axis("size", size, count)
            scales = None if scale is None else _scales(scale, count)
            for j, axis in enumerate(x.axes):
                before = shapes[0][axis]
                after = sizes[j] if sizes else floor(before * scales[j]) if scales else before
                if after < 1:
                    raise InvalidModelError(f"resized to {after} positions from {before}")
                step = 1 / scales[j] if scales else None
                slope, offset = resampling.coordinates(before, after, where, step)
                relation = resampling.resample(
                    slope, offset, method, rounding=rounding, antialias=antialias
                )
                relations[axis] = (relation, after)
            moving = size is not None or where in ("align_corners", "half_pixel_symmetric")
            return ops.along(shapes[0], relations, kind="resize", depends_on_size=moving)

        return self._layer(name, [x], make)

    def pad(self, name: str, x: V, *, padding: Padding, mode: str = "constant") -> V:
        """Pad the spatial axes."""

        def make(shapes: list[Shape]) -> Op:
            ones = [1] * len(x.axes)
            pairs = ops.resolve_padding(padding, ones, ones, ones, ones, negative=True)
            return layout.pad(shapes[0], dict(zip(x.axes, pairs, strict=True)), mode=mode)

        return self._layer(name, [x], make)

    def crop(self, name: str, x: V, *, crop: Padding) -> V:
        """Cut positions off the spatial axes."""

        def make(shapes: list[Shape]) -> Op:
            ones = [1] * len(x.axes)
            pairs = ops.resolve_padding(crop, ones, ones, ones, ones)
            cuts = {a: (-before, -after) for a, (before, after) in zip(x.axes, pairs, strict=True)}
            return layout.pad(shapes[0], cuts)

        return self._layer(name, [x], make)

    def slice(self, name: str, x: V, *, axis: int, start: int, stop: int, step: int = 1) -> V:
        """Every ``step``-th element of one axis, ``range(start, stop, step)``."""
        return self._layer(name, [x], lambda s: layout.slice_(s[0], axis, start, stop, step))

    def flip(self, name: str, x: V, *, axes: Sequence[int] | None = None) -> V:
        """Reverse the order along ``axes`` (default: the spatial axes)."""
        return self._layer(name, [x], lambda s: layout.flip(s[0], x.axes if axes is None else axes))

    def roll(self, name: str, x: V, *, shifts: Mapping[int, int]) -> V:
        """Rotate: ``{axis: steps}``, output ``i`` reads ``i - steps`` around the circle."""
        return self._layer(name, [x], lambda s: layout.roll(s[0], shifts))

    def reshape(
        self, name: str, x: V, shape: Sequence[int], *, axes: Sequence[int] | None = None
    ) -> V:
        """The same elements under another shape; ``axes``: the spatial axes afterwards."""
        return self._layer(
            name, [x], lambda s: layout.reshape(s[0], shape), axes=_after(x, shape, axes)
        )

    def permute(self, name: str, x: V, order: Sequence[int]) -> V:
        """Output axis ``k`` is operand axis ``order[k]``."""
        places = [axis % len(x.shape) for axis in order]
        moved = tuple(places.index(axis) for axis in x.axes if axis in places)
        channel = places.index(x.channel_axis) if x.channel_axis in places else None
        return self._layer(name, [x], lambda s: layout.permute(s[0], order), moved, channel)

    def gather(self, name: str, x: V, *, axis: int, indices: Sequence[int]) -> V:
        """Output ``i`` is element ``indices[i]`` of one axis (known indices)."""
        return self._layer(name, [x], lambda s: layout.gather(s[0], axis, indices))

    def depth_to_space(self, name: str, x: V, *, block: PerAxis, channels_first: bool = True) -> V:
        """Pixel shuffle."""
        return self._shuffle(layout.depth_to_space, name, x, block, channels_first)

    def space_to_depth(self, name: str, x: V, *, block: PerAxis, channels_first: bool = True) -> V:
        """Pixel unshuffle."""
        return self._shuffle(layout.space_to_depth, name, x, block, channels_first)

    def _shuffle(
        self, move: Callable[..., list[Op]], name: str, x: V, block: PerAxis, first: bool
    ) -> V:
        return self._layer(
            name,
            [x],
            lambda s: move(
                s[0], ops.per_axis("block", block, len(x.axes)),
                axes=x.axes, channel_axis=_channel(x), channels_first=first,
            ),
        )  # fmt: skip

    def add(self, name: str, *xs: V) -> V:
        """Sum of the operands."""
        return self._layer(name, xs, lambda s: ops.pointwise(*s, kind="add", join=True))

    def multiply(self, name: str, *xs: V) -> V:
        """Product of the operands."""
        return self._layer(name, xs, lambda s: ops.pointwise(*s, kind="multiply", join=True))

    def pointwise(self, name: str, *xs: V, kind: str = "pointwise") -> V:
        """Element by element: activations, batch norm at inference, dropout …"""
        join = len(xs) > 1
        return self._layer(name, xs, lambda s: ops.pointwise(*s, kind=kind, join=join))

    def concat(self, name: str, *xs: V, axis: int | None = None) -> V:
        """Join end to end along ``axis`` (default: the channel axis)."""
        if not xs:
            raise InvalidModelError(f"{name}: nothing to concatenate")
        where = _channel(xs[0]) if axis is None else axis
        return self._layer(name, xs, lambda s: layout.concat(*s, axis=where))

    def reduce(self, name: str, x: V, *, axes: Sequence[int], keepdims: bool = False) -> V:
        """Sum, mean or max over whole axes."""
        gone = [normalize_axis(axis, len(x.shape)) for axis in axes]

        def make(shapes: list[Shape]) -> Op:
            return ops.reduce(shapes[0], axes, keepdims=keepdims)

        if keepdims:
            return self._layer(name, [x], make)
        kept = [axis for axis in range(len(x.shape)) if axis not in gone]
        spatial = tuple(kept.index(axis) for axis in x.axes if axis in kept)
        channel = kept.index(x.channel_axis) if x.channel_axis in kept else None
        return self._layer(name, [x], make, spatial, channel)

    def dense(
        self, name: str, x: V, channels: int, *, axis: int | None = None, bias: bool = False
    ) -> V:
        """A fully connected layer along ``axis`` (default: the channel axis, else the last)."""
        along = axis if axis is not None else -1 if x.channel_axis is None else x.channel_axis
        return self._layer(name, [x], lambda s: ops.dense(s[0], channels, axis=along, bias=bias))

    def flatten(self, name: str, x: V) -> V:
        """Everything after the batch axis in one axis."""
        return self._layer(
            name, [x], lambda s: layout.reshape(s[0], (s[0][0], prod(s[0][1:]))), (), 1
        )

    def softmax(self, name: str, x: V, *, axis: int = -1) -> V:
        """Softmax (or any other op that reads one whole axis and keeps it)."""
        return self._layer(name, [x], lambda s: ops.mix(s[0], [axis], kind="softmax"))

    def cumsum(self, name: str, x: V, *, axis: int, backward: bool = False) -> V:
        """Running sum: output ``i`` reads everything up to ``i``."""
        return self._layer(name, [x], lambda s: ops.cumulate(s[0], axis, backward=backward))

    def matmul(self, name: str, x: V, y: V) -> V:
        """Matrix product over the last two axes, batch axes broadcast."""

        def make(shapes: list[Shape]) -> Op:
            rank = max(len(shapes[0]), len(shapes[1]))
            batch = [f"b{k}" for k in range(rank - 2)]
            left = [*batch[rank - len(shapes[0]) :], "i", "k"]
            right = [*batch[rank - len(shapes[1]) :], "k", "j"]
            return ops.contract(shapes, [left, right], [*batch, "i", "j"], kind="matmul")

        return self._layer(name, [x, y], make)


def _sequence(value: PerAxis) -> Sequence[int]:
    return (value,) if isinstance(value, int) else value


def _scales(scale: Scale, count: int) -> list[Fraction]:
    values = list(scale) if isinstance(scale, Sequence) else [scale] * count
    if len(values) != count or any(value <= 0 for value in values):
        raise InvalidModelError(f"scale = {scale!r}; expected {count} positive numbers")
    return [Fraction(value).limit_denominator(1 << 16) for value in values]


def _channel(x: HasLayout) -> int:
    if x.channel_axis is None:
        raise InvalidModelError(f"{x!r} has no channel axis")
    return x.channel_axis


def _after(x: HasLayout, shape: Sequence[int], axes: Sequence[int] | None) -> tuple[int, ...]:
    if axes is not None:
        return tuple(normalize_axis(axis, len(shape)) for axis in axes)
    return x.axes if len(shape) == len(x.shape) else ()
