"""The layers that can be written down: attributes in, one recorded layer out.

``Layers`` only translates arguments (spatial order, layout, defaults) into the core vocabulary; how
a layer is recorded is the builder's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import floor, prod
from typing import Generic, TypeVar, get_args

from ...core import layout, ops, padding, resampling
from ...core.arguments import (
    Padding,
    PerAxis,
    Shape,
    integer,
    normalize_axis,
    one,
    one_of,
    pairs,
    per_axis,
    several,
)
from ...core.ops import Op
from ...core.relation import Relation
from ...errors import InvalidModelError, unfit_shapes
from .attributes import METHODS, HasLayout, Scale, about, axes_after, channel_of, scales_of, spatial

V = TypeVar("V", bound=HasLayout)


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

    def _own(self, value: object, reader: str = "") -> V:
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
        if self._own(x, name).channel_axis is None:
            return self._pool(name, x, kernel, stride, padding, dilation, False, "conv")
        return self._layer(
            name,
            [x],
            lambda shapes: ops.conv(
                shapes[0], kernel=kernel, stride=stride, padding=padding,
                dilation=dilation, groups=groups, channels=channels, axes=spatial(x),
                channel_axis=channel_of(x), bias=bias,
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
                shapes[0], kernel=kernel, stride=stride, padding=padding,
                output_padding=output_padding, dilation=dilation, groups=groups,
                channels=channels, axes=spatial(x), channel_axis=channel_of(x), bias=bias,
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
                shapes[0], kernel=kernel, stride=stride, padding=padding,
                dilation=dilation, ceil_mode=ceil_mode, axes=spatial(x), kind=kind,
            ),
        )  # fmt: skip

    def adaptive_pool(self, name: str, x: V, size: PerAxis) -> V:
        """Adaptive pooling to ``size`` positions per spatial axis."""

        def make(shapes: list[Shape]) -> Op:
            outputs = per_axis("size", size, len(spatial(x)))
            relations: dict[int, tuple[Relation, int]] = {
                axis: (padding.adaptive(shapes[0][axis], out), out)
                for axis, out in zip(spatial(x), outputs, strict=True)
            }
            return ops.along(
                shapes[0], relations, kind="adaptive_pool", depends_on_size=True, algebra="keep"
            )

        return self._layer(name, [x], make)

    def global_pool(self, name: str, x: V, *, keepdims: bool = True) -> V:
        """Pool over all spatial positions."""
        return self.reduce(name, x, axes=spatial(self._own(x, name)), keepdims=keepdims)

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
        if (scale is None) == (size is None):
            raise InvalidModelError(f"{name}: give either scale or size")
        with about(name):
            method = METHODS[one_of("mode", mode, tuple(METHODS))]
            where = coordinates or ("asymmetric" if mode == "nearest" else "half_pixel")
            one_of("coordinates", where, get_args(resampling.Coordinates))
            one_of("rounding", rounding, get_args(resampling.Rounding))

        def make(shapes: list[Shape]) -> Op:
            relations: dict[int, tuple[Relation, int]] = {}
            count = len(spatial(x))
            sizes = None if size is None else per_axis("size", size, count)
            scales = None if scale is None else scales_of(scale, count)
            for j, axis in enumerate(spatial(x)):
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
            return ops.along(
                shapes[0], relations, kind="resize", depends_on_size=moving, algebra="keep"
            )

        return self._layer(name, [x], make)

    def pad(self, name: str, x: V, *, padding: Padding, mode: str = "constant") -> V:
        """Pad the spatial axes."""

        def make(shapes: list[Shape]) -> Op:
            sides = pairs("padding", padding, len(spatial(x)), negative=True)
            return layout.pad(shapes[0], dict(zip(spatial(x), sides, strict=True)), mode=mode)

        return self._layer(name, [x], make)

    def crop(self, name: str, x: V, *, crop: Padding) -> V:
        """Cut positions off the spatial axes."""

        def make(shapes: list[Shape]) -> Op:
            sides = pairs("crop", crop, len(spatial(x)))
            cuts = {
                a: (-before, -after) for a, (before, after) in zip(spatial(x), sides, strict=True)
            }
            return layout.pad(shapes[0], cuts)

        return self._layer(name, [x], make)

    def slice(self, name: str, x: V, *, axis: int, start: int, stop: int, step: int = 1) -> V:
        """Every ``step``-th element of one axis, ``range(start, stop, step)``.

        Where the step goes forwards, negative ends count from the end of the axis.
        """

        def make(shapes: list[Shape]) -> Op:
            size = shapes[0][normalize_axis(axis, len(shapes[0]))]
            forwards = (integer(step) or 0) > 0
            first, last = (
                end + size if forwards and (integer(end) or 0) < 0 else end for end in (start, stop)
            )
            op = layout.slice_(shapes[0], axis, first, last, step)
            return replace(op, depends_on_size=(first, last) != (start, stop))

        return self._layer(name, [x], make)

    def flip(self, name: str, x: V, *, axes: Sequence[int] | None = None) -> V:
        """Reverse the order along ``axes`` (default: the spatial axes)."""
        return self._layer(
            name,
            [x],
            lambda s: layout.flip(s[0], spatial(x) if axes is None else several("axes", axes)),
        )

    def roll(self, name: str, x: V, *, shifts: Mapping[int, int]) -> V:
        """Rotate: ``{axis: steps}``, output ``i`` reads ``i - steps`` around the circle."""
        with about(name):
            given: object = shifts
            if not isinstance(given, Mapping):
                raise InvalidModelError(f"shifts = {shifts!r}; expected {{axis: steps}}")
            several("shifts", tuple(shifts.values()))
        return self._layer(name, [x], lambda s: layout.roll(s[0], shifts))

    def reshape(
        self, name: str, x: V, shape: Sequence[int], *, axes: Sequence[int] | None = None
    ) -> V:
        """The same elements under another shape; ``axes``: the spatial axes afterwards."""
        with about(name):
            sizes = several("shape", shape)
            spatial = axes_after(self._own(x), sizes, axes)
        return self._layer(name, [x], lambda s: layout.reshape(s[0], sizes), axes=spatial)

    def permute(self, name: str, x: V, order: Sequence[int]) -> V:
        """Output axis ``k`` is operand axis ``order[k]``."""
        with about(name):
            places = [normalize_axis(a, len(self._own(x).shape)) for a in several("order", order)]
        moved = tuple(places.index(axis) for axis in x.axes if axis in places)
        channel = places.index(x.channel_axis) if x.channel_axis in places else None
        return self._layer(name, [x], lambda s: layout.permute(s[0], order), moved, channel)

    def gather(self, name: str, x: V, *, axis: int, indices: Sequence[int]) -> V:
        """Output ``i`` is element ``indices[i]`` of one axis (known indices)."""
        return self._layer(
            name, [x], lambda s: layout.gather(s[0], axis, several("indices", indices))
        )

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
                s[0], per_axis("block", block, len(spatial(x))),
                axes=spatial(x), channel_axis=channel_of(x), channels_first=first,
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
        with about(name):
            if not xs:
                raise InvalidModelError("nothing to concatenate")
            where = channel_of(self._own(xs[0])) if axis is None else axis
        return self._layer(name, xs, lambda s: layout.concat(*s, axis=where))

    def reduce(self, name: str, x: V, *, axes: Sequence[int], keepdims: bool = False) -> V:
        """Sum, mean or max over whole axes."""
        with about(name):
            rank = len(self._own(x).shape)
            gone = [normalize_axis(axis, rank) for axis in several("axes", axes)]

        def make(shapes: list[Shape]) -> Op:
            return ops.reduce(shapes[0], gone, keepdims=keepdims)

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
        channel = self._own(x, name).channel_axis
        along = axis if axis is not None else -1 if channel is None else channel
        return self._layer(
            name,
            [x],
            lambda s: ops.dense(s[0], one("channels", channels), axis=along, bias=bias),
        )

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
            if min(map(len, shapes)) < 2:
                raise unfit_shapes("expected operands of at least 2 axes", shapes)
            rank = max(len(shapes[0]), len(shapes[1]))
            batch = [f"b{k}" for k in range(rank - 2)]
            left = [*batch[rank - len(shapes[0]) :], "i", "k"]
            right = [*batch[rank - len(shapes[1]) :], "k", "j"]
            return ops.contract(shapes, [left, right], [*batch, "i", "j"], kind="matmul")

        return self._layer(name, [x, y], make)
