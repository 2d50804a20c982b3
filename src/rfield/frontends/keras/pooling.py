"""Pooling."""

from __future__ import annotations

from ...core import ops
from ...core.ops import Op
from ...core.padding import adaptive
from .rulebook import Arguments, rule


@rule("MaxPooling1D", "MaxPooling2D", "MaxPooling3D",
      "AveragePooling1D", "AveragePooling2D", "AveragePooling3D")  # fmt: skip
def pool(arg: Arguments) -> Op:
    """Windows, valid or same."""
    axes, _ = arg.space()
    layer = arg.layer
    kind = "max_pool" if type(layer).__name__.startswith("Max") else "avg_pool"
    return ops.pool(
        arg.shape(0), kernel=_each(layer.pool_size, len(axes)),
        stride=_each(layer.strides, len(axes)), padding=layer.padding, axes=axes, kind=kind,
    )  # fmt: skip


@rule("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D",
      "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D")  # fmt: skip
def global_pool(arg: Arguments) -> Op:
    """The whole of every spatial axis."""
    axes, _ = arg.space()
    return ops.reduce(arg.shape(0), axes, keepdims=arg.layer.keepdims, kind="global_pool")


@rule("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D",
      "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D")  # fmt: skip
def adaptive_pool(arg: Arguments) -> Op:
    """As many windows as outputs are wanted."""
    axes, _ = arg.space()
    shape, wanted = arg.shape(0), _each(arg.layer.output_size, len(axes))
    relations = {
        axis: (adaptive(shape[axis], outputs), outputs)
        for axis, outputs in zip(axes, wanted, strict=True)
    }
    return ops.along(shape, relations, kind="adaptive_pool", depends_on_size=True)


def _each(value: object, count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)  # type: ignore[arg-type]
