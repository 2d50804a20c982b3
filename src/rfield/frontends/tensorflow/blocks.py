"""SpaceToBatchND and BatchToSpaceND: TensorFlow's way to write a dilated convolution.

Between the two, the pixels of one image lie in several batch entries, by their place in a block.
What slides there with stride 1 slides over the image in steps of a block, so the pair around a
convolution is read as what it means: a padding, a dilated convolution and a crop, exact at all
sizes.
Anything else between them is written out as the reshapes and permutations that the ops are.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ...core import layout
from ...core.arrays.expression import Reading, read
from ...core.ops import Op
from ...errors import InvalidModelError
from ..machine.values import Dependent
from .rulebook import Call, rule
from .values import Blocked


@rule("SpaceToBatchND")
def space_to_batch(call: Call) -> Any:
    """Pad, then sort the pixels by their place in a block.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/SpaceToBatchND
    """
    return _to_blocks(call, call.integers(1), call.constant(2))


@rule("SpaceToBatch")
def old_space_to_batch(call: Call) -> Any:
    """The same over two axes, with one size for both.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/SpaceToBatch
    """
    size = call.number("block_size")
    return _to_blocks(call, (size, size), call.constant(1))


@rule("BatchToSpaceND")
def batch_to_space(call: Call) -> Any:
    """Put the pixels back in their places, then crop.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/BatchToSpaceND
    """
    return _from_blocks(call, call.integers(1), call.constant(2))


@rule("BatchToSpace")
def old_batch_to_space(call: Call) -> Any:
    """The same over two axes, with one size for both.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/BatchToSpace
    """
    size = call.number("block_size")
    return _from_blocks(call, (size, size), call.constant(1))


def _pairs(pairs: Any, count: int) -> list[tuple[int, int]]:
    if np.shape(pairs) != (count, 2):
        raise InvalidModelError(
            f"paddings or crops of shape {np.shape(pairs)}; expected ({count}, 2)"
        )
    return [(int(before), int(after)) for before, after in pairs]


def _to_blocks(call: Call, block: tuple[int, ...], paddings: Any) -> Any:
    shape = call.shape(0)
    pairs = _pairs(paddings, len(block))
    if len(shape) < len(block) + 1 or any(size < 1 for size in block):
        raise InvalidModelError(f"blocks of {block} on {len(shape)} axes")
    op = layout.pad(shape, dict(enumerate(pairs, 1)))
    for axis, size in enumerate(block, 1):
        if op.shape[axis] % size:
            raise InvalidModelError(
                f"{op.shape[axis]} positions do not divide into blocks of {size}"
            )
    axes = tuple(range(1, len(block) + 1))
    if not isinstance(call[0], Dependent):
        return _sorted(op.shape, block, axes)
    if not any(map(any, pairs)):
        return Blocked(call[0], block, axes)
    return Blocked(read(op, call[0]), block, axes)


def _from_blocks(call: Call, block: tuple[int, ...], crops: Any) -> Any:
    value = call[0]
    pairs = _pairs(crops, len(block))
    cut = {axis: (-before, -after) for axis, (before, after) in enumerate(pairs, 1)}
    if type(value) is Blocked and value.block == block and value.axes == tuple(cut):
        shape = value.value.shape
        return read(layout.pad(shape, cut), value.value)
    shape = call.shape(0)
    count = prod(block)
    if len(shape) < len(block) + 1 or not count or shape[0] % count:
        raise InvalidModelError(f"a batch of {shape[:1]} does not divide into blocks of {block}")
    batch = shape[0] // count
    spatial, rest = shape[1 : len(block) + 1], shape[len(block) + 1 :]
    first = layout.reshape(shape, (*block, batch, *spatial, *rest))
    n = len(block)
    order = [n]
    for k in range(n):
        order += [n + 1 + k, k]
    order += range(2 * n + 1, 2 * n + 1 + len(rest))
    second = layout.permute(first.shape, order)
    whole = [size * cell for size, cell in zip(spatial, block, strict=True)]
    third = layout.reshape(second.shape, (batch, *whole, *rest))
    return [first, second, third, layout.pad(third.shape, cut)]


def _sorted(shape: tuple[int, ...], block: tuple[int, ...], axes: tuple[int, ...]) -> list[Op]:
    """The reshapes and permutations of SpaceToBatchND, after its padding."""
    steps = dict(zip(axes, block, strict=True))
    split: list[int] = []
    cells: list[int] = []
    kept: list[int] = []
    for axis, size in enumerate(shape):
        kept.append(len(split))
        if axis in steps:
            split += [size // steps[axis], steps[axis]]
            cells.append(len(split) - 1)
        else:
            split.append(size)
    first = layout.reshape(shape, split)
    second = layout.permute(first.shape, [*cells, *kept])
    result = [size // steps.get(axis, 1) for axis, size in enumerate(shape)]
    result[0] *= prod(block)
    return [first, second, layout.reshape(second.shape, result)]


def written_out(value: Blocked) -> Reading:
    """The tensor that the op gives, for ops that cannot be read in the space of the image."""
    return read(_sorted(value.value.shape, value.block, value.axes), value.value)


def reshaped(call: Call, value: Blocked, axis: int, *, grow: bool) -> Blocked | None:
    """ExpandDims and Squeeze of blocks, in the space of the image; None where it cannot be."""
    shape = list(value.value.shape)
    if axis == 0 or (not grow and (axis in value.axes or shape[axis] != 1)):
        return None
    if grow:
        shape.insert(axis, 1)
    else:
        del shape[axis]
    step = 1 if grow else -1
    axes = tuple(a + step if a >= axis else a for a in value.axes)
    op = layout.reshape(value.value.shape, shape)
    return replace(value, value=read(op, value.value), axes=axes)
