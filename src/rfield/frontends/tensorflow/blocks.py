"""SpaceToBatchND and BatchToSpaceND: TensorFlow's way to write a dilated convolution.

Between the two, the pixels of one image lie in several batch entries, by their place in a block.
What slides there with stride 1 slides over the image in steps of a block, so the pair around a
convolution is read as what it means: a padding, a dilated convolution and a crop, exact at all
sizes.
Anything else between them is written out as the reshapes and permutations that the ops are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...core import arrays
from ...core.arrays import Reading
from ...errors import InvalidModelError
from ..machine.values import Dependent
from .rulebook import Call, rule
from .values import Blocked, NotInBlocksError


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


def _pairs(pairs: Any, count: int) -> dict[int, tuple[int, int]]:
    """Paddings or crops by their axes: those after the batch."""
    if np.shape(pairs) != (count, 2):
        raise InvalidModelError(
            f"paddings or crops of shape {np.shape(pairs)}; expected ({count}, 2)"
        )
    return {axis: (int(before), int(after)) for axis, (before, after) in enumerate(pairs, 1)}


def _blocks(call: Call, block: tuple[int, ...], rank: int) -> dict[int, int]:
    """The sizes of blocks by their axes: those after the batch."""
    if rank < len(block) + 1 or any(size < 1 for size in block):
        raise InvalidModelError(f"blocks of {block} on {rank} axes")
    return dict(enumerate(block, 1))


def _to_blocks(call: Call, block: tuple[int, ...], paddings: Any) -> Any:
    pads, steps = _pairs(paddings, len(block)), _blocks(call, block, len(call.shape(0)))
    sorted_ = arrays.space_to_batch(call[0], steps, pads)
    if not isinstance(call[0], Dependent):
        return sorted_
    return Blocked(arrays.pad(call[0], pads), block, tuple(steps))


def _from_blocks(call: Call, block: tuple[int, ...], crops: Any) -> Any:
    value, cut = call[0], _pairs(crops, len(block))
    if type(value) is Blocked and value.block == block and value.axes == tuple(cut):
        return arrays.crop(value.value, cut)
    return arrays.batch_to_space(value, _blocks(call, block, len(call.shape(0))), cut)


def written_out(value: Blocked) -> Reading:
    """The tensor that the op gives, for ops that cannot be read in the space of the image."""
    return arrays.space_to_batch(value.value, dict(zip(value.axes, value.block, strict=True)), {})


def grown(value: Blocked, axis: int) -> Blocked:
    """ExpandDims of blocks, in the space of the image."""
    rank = len(value.value.shape) + 1
    return _with_axes(value, arrays.unsqueeze(value.value, axis), axis % rank, 1)


def shrunk(value: Blocked, axes: Sequence[int]) -> Blocked:
    """Squeeze of blocks along one axis, in the space of the image."""
    if len(axes) != 1 or axes[0] % len(value.value.shape) in value.axes:
        raise NotInBlocksError
    gone = axes[0] % len(value.value.shape)
    return _with_axes(value, arrays.squeeze(value.value, gone), gone, -1)


def _with_axes(value: Blocked, made: Reading, axis: int, step: int) -> Blocked:
    """Blocks whose axes from ``axis`` on count one more or less; the batch stays the first."""
    if axis == 0:
        raise NotInBlocksError
    axes = tuple(a + step if a >= axis else a for a in value.axes)
    return replace(value, value=made, axes=axes)
