"""Other shapes and other orders of axes; the elements stay what they are."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ...errors import InvalidModelError, show_shape
from .. import layout
from ..arguments import normalize_axis
from .expression import Axes, Operand, Reading, axes_of, read, shape_of


def reshape(x: Operand, sizes: Sequence[int], *, zero_copies: bool = False) -> Reading:
    """The same elements in row-major order; one size may be -1.

    ``zero_copies``: a size of 0 stands for the operand's size on that axis (ONNX without
    ``allowzero``). https://numpy.org/doc/stable/reference/generated/numpy.reshape.html

    >>> from .expression import Known
    >>> reshape(Known((1, 8, 6)), (0, -1), zero_copies=True).shape
    (1, 48)
    """
    shape, wanted = shape_of(x), list(sizes)
    if zero_copies:
        for axis, size in enumerate(wanted):
            if size == 0:
                if axis >= len(shape):
                    raise InvalidModelError(f"cannot reshape {show_shape(shape)} into {wanted}")
                wanted[axis] = shape[axis]
    if tuple(wanted) == shape:
        return read([], x)
    return read(layout.reshape(shape, wanted), x)


def flatten(x: Operand, start: int = 0, stop: int = -1) -> Reading:
    """The axes ``start`` to ``stop`` (both included) become one.

    https://docs.pytorch.org/docs/stable/generated/torch.flatten.html

    >>> from .expression import Known
    >>> flatten(Known((2, 3, 4)), 1).shape
    (2, 12)
    """
    shape = shape_of(x)
    if not shape:
        return reshape(x, (1,))
    first, last = normalize_axis(start, len(shape)), normalize_axis(stop, len(shape))
    return reshape(x, (*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :]))


def squeeze(x: Operand, axes: Axes = None, *, strict: bool = True) -> Reading:
    """Without axes of size 1: the given ones, or all.

    ``strict``: a given axis of another size is an error, as in NumPy and ONNX; PyTorch keeps it.
    https://numpy.org/doc/stable/reference/generated/numpy.squeeze.html

    >>> from .expression import Known
    >>> squeeze(Known((1, 3, 1))).shape, squeeze(Known((1, 3, 1)), -1).shape
    ((3,), (1, 3))
    """
    shape = shape_of(x)
    gone = axes_of(axes, len(shape))
    if axes is not None and strict:
        for axis in gone:
            if shape[axis] != 1:
                raise InvalidModelError(f"squeezes axis {axis} of {show_shape(shape)}")
    kept = [size for axis, size in enumerate(shape) if size != 1 or axis not in gone]
    return reshape(x, kept)


def unsqueeze(x: Operand, axes: int | Sequence[int]) -> Reading:
    """New axes of size 1; ``axes`` count in the result.

    https://numpy.org/doc/stable/reference/generated/numpy.expand_dims.html

    >>> from .expression import Known
    >>> unsqueeze(Known((3, 4)), (0, -1)).shape
    (1, 3, 4, 1)
    """
    shape = shape_of(x)
    named = [axes] if isinstance(axes, int) else list(axes)
    rank = len(shape) + len(named)
    added = {normalize_axis(axis, rank) for axis in named}
    if len(added) < len(named):
        raise InvalidModelError(f"axes = {named}; expected distinct axes")
    rest = iter(shape)
    return reshape(x, [1 if axis in added else next(rest) for axis in range(rank)])


def permute(x: Operand, order: Sequence[int] | None = None) -> Reading:
    """Axis ``k`` of the result is axis ``order[k]``; without an order all are reversed.

    https://numpy.org/doc/stable/reference/generated/numpy.transpose.html

    >>> from .expression import Known
    >>> permute(Known((1, 3, 8)), (0, 2, 1)).shape, permute(Known((1, 3, 8))).shape
    ((1, 8, 3), (8, 3, 1))
    """
    shape = shape_of(x)
    rank = len(shape)
    order = range(rank - 1, -1, -1) if order is None else order
    if [axis % max(1, rank) for axis in order] == list(range(rank)):
        return read([], x)
    return read(layout.permute(shape, order), x)


def swapaxes(x: Operand, first: int, second: int) -> Reading:
    """Two axes change places.

    https://numpy.org/doc/stable/reference/generated/numpy.swapaxes.html

    >>> from .expression import Known
    >>> swapaxes(Known((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    rank = len(shape_of(x))
    if not rank:  # PyTorch lets a number be transposed
        return read([], x)
    order = list(range(rank))
    a, b = normalize_axis(first, rank), normalize_axis(second, rank)
    order[a], order[b] = b, a
    return permute(x, order)


def matrix_transpose(x: Operand) -> Reading:
    """The last two axes change places; a vector stays.

    https://numpy.org/doc/stable/reference/generated/numpy.matrix_transpose.html

    >>> from .expression import Known
    >>> matrix_transpose(Known((2, 3, 4))).shape
    (2, 4, 3)
    """
    return swapaxes(x, -1, -2) if len(shape_of(x)) > 1 else read([], x)


def moveaxis(x: Operand, source: int | Sequence[int], target: int | Sequence[int]) -> Reading:
    """Axes go to named places, the others keep their order.

    https://numpy.org/doc/stable/reference/generated/numpy.moveaxis.html

    >>> from .expression import Known
    >>> moveaxis(Known((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    rank = len(shape_of(x))
    moved = axes_of(source, rank)
    places = axes_of(target, rank)
    if len(moved) != len(places):
        raise InvalidModelError(f"moves axes {source} to {target}; expected as many places as axes")
    rest = iter(axis for axis in range(rank) if axis not in moved)
    return permute(x, [moved[places.index(k)] if k in places else next(rest) for k in range(rank)])


def broadcast_to(x: Operand, sizes: Sequence[int]) -> Reading:
    """Axes of size 1 are repeated, new ones come first; -1 keeps a size (``torch.expand``).

    https://numpy.org/doc/stable/reference/generated/numpy.broadcast_to.html

    >>> from .expression import Known
    >>> broadcast_to(Known((3, 1)), (2, -1, 4)).shape
    (2, 3, 4)
    """
    shape = shape_of(x)
    first = len(sizes) - len(shape)
    wanted = tuple(
        shape[axis - first] if size == -1 and axis >= first else size
        for axis, size in enumerate(sizes)
    )
    return read([], x) if wanted == shape else read(layout.expand(shape, wanted), x)
