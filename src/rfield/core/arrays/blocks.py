"""Positions that become channels or batch entries, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

from ...errors import InvalidModelError
from .. import layout
from ..arguments import normalize_axis
from ..operation import Op
from .expression import Operand, Reading, read, shape_of
from .shaping import permute, reshape, swapaxes


def depth_to_space(
    x: Operand,
    block: Sequence[int],
    *,
    axes: Sequence[int],
    channel_axis: int,
    channels_first: bool,
) -> Reading:
    """Pixel shuffle: channels become positions inside cells of ``block``.

    ``channels_first``: the channel axis is laid out (channel, block…) as in PyTorch and ONNX's CRD,
    else (block…, channel) as in TensorFlow and DCR.
    https://onnx.ai/onnx/operators/onnx__DepthToSpace.html

    >>> from .expression import Known
    >>> depth_to_space(
    ...     Known((1, 8, 3, 3)), (2, 2), axes=(2, 3), channel_axis=1, channels_first=True
    ... ).shape
    (1, 2, 6, 6)
    """
    steps = layout.depth_to_space(
        shape_of(x), block, axes=axes, channel_axis=channel_axis, channels_first=channels_first
    )
    return read(steps, x)


def space_to_depth(
    x: Operand,
    block: Sequence[int],
    *,
    axes: Sequence[int],
    channel_axis: int,
    channels_first: bool,
) -> Reading:
    """Pixel unshuffle, the inverse of ``depth_to_space``.

    https://www.tensorflow.org/api_docs/python/tf/nn/space_to_depth

    >>> from .expression import Known
    >>> space_to_depth(
    ...     Known((1, 6, 6, 2)), (2, 2), axes=(1, 2), channel_axis=3, channels_first=False
    ... ).shape
    (1, 3, 3, 8)
    """
    steps = layout.space_to_depth(
        shape_of(x), block, axes=axes, channel_axis=channel_axis, channels_first=channels_first
    )
    return read(steps, x)


def channel_shuffle(x: Operand, groups: int, axis: int = 1) -> Reading:
    """The channels of all groups take turns: output ``i`` reads ``i % g * (c // g) + i // g``.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html

    >>> from .expression import Known
    >>> channel_shuffle(Known((1, 6, 5)), 3).shape
    (1, 6, 5)
    """
    shape = shape_of(x)
    axis = normalize_axis(axis, len(shape))
    if groups < 1 or shape[axis] % groups:
        raise InvalidModelError(f"{shape[axis]} channels do not divide into {groups} groups")
    split_up = reshape(x, (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :]))
    return reshape(swapaxes(split_up, axis, axis + 1), shape)


def space_to_batch(
    x: Operand, block: Mapping[int, int], pads: Mapping[int, tuple[int, int]]
) -> Reading:
    """Zero padding, then the pixels sorted into the batch by their place in a block.

    https://www.tensorflow.org/api_docs/python/tf/space_to_batch

    >>> from .expression import Known
    >>> space_to_batch(Known((1, 5, 4, 3)), {1: 2, 2: 2}, {1: (0, 1)}).shape
    (4, 3, 2, 3)
    """
    op: Op = layout.pad(shape_of(x), pads)
    split_up: list[int] = []
    cells: list[int] = []
    kept: list[int] = []
    for axis, size in enumerate(op.shape):
        cell = block.get(axis)
        kept.append(len(split_up))
        if cell is None:
            split_up.append(size)
            continue
        if cell < 1 or size % cell:
            raise InvalidModelError(f"{size} positions do not divide into blocks of {cell}")
        cells.append(len(split_up) + 1)
        split_up += [size // cell, cell]
    sizes = [size // block.get(axis, 1) for axis, size in enumerate(op.shape)]
    sizes[0] *= prod(block.values())
    padded = read(op, x) if any(map(any, pads.values())) else x
    return reshape(permute(reshape(padded, split_up), [*cells, *kept]), sizes)


def batch_to_space(
    x: Operand, block: Mapping[int, int], crops: Mapping[int, tuple[int, int]]
) -> Reading:
    """The pixels of a batch back in their places, then cropped: undoes ``space_to_batch``.

    https://www.tensorflow.org/api_docs/python/tf/batch_to_space

    >>> from .expression import Known
    >>> batch_to_space(Known((4, 3, 2, 3)), {1: 2, 2: 2}, {1: (0, 1)}).shape
    (1, 5, 4, 3)
    """
    shape, count = shape_of(x), prod(block.values())
    if not count or not shape or shape[0] % count:
        raise InvalidModelError(f"a batch of {shape[:1]} does not divide into blocks of {block}")
    cells = list(block)
    batch = (shape[0] // count, *shape[1:])
    apart = reshape(x, (*block.values(), *batch))
    order: list[int] = []
    for axis in range(len(batch)):
        order += [len(cells) + axis, *([cells.index(axis)] if axis in block else [])]
    whole = [size * block.get(axis, 1) for axis, size in enumerate(batch)]
    made = reshape(permute(apart, order), whole)
    if not any(map(any, crops.values())):
        return made
    cut = {axis: (-before, -after) for axis, (before, after) in crops.items()}
    return read(layout.pad(made.shape, cut), made)
