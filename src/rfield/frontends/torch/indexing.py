"""Indexing: known indices are read exactly, indices made from the data may point anywhere."""

from __future__ import annotations

from typing import Any

import torch

from ...core import arrays
from ...core.arrays.scattering import Combined
from ..machine.meanings import combined
from .rulebook import Arguments, Reading, rule


def _index(arg: Arguments, index: torch.Tensor | None) -> Any:
    """The contents of an index where they are known, else the index as data."""
    if index is None:
        return slice(None)
    found = arg.constant(index)
    return index if found is None else found.detach().numpy()


@rule("aten::index_select")
def index_select(arg: Arguments) -> Reading:
    """Rows by a list of indices.

    https://docs.pytorch.org/docs/stable/generated/torch.index_select.html
    """
    return arrays.take(arg.self, _index(arg, arg.index), arg.dim)


@rule("aten::gather")
def gather(arg: Arguments) -> Reading:
    """Each output names its own index along one axis.

    https://docs.pytorch.org/docs/stable/generated/torch.gather.html
    """
    return arrays.gather_elements(arg.self, _index(arg, arg.index), arg.dim)


@rule("aten::index.Tensor", "aten::_unsafe_index.Tensor")
def index(arg: Arguments) -> Reading:
    """``x[…]`` with tensors as indices, NumPy's advanced indexing.

    https://numpy.org/doc/stable/user/basics.indexing.html
    """
    given = [_index(arg, tensor) for tensor in arg.indices]
    if any(isinstance(entry, torch.Tensor) and entry.dtype is torch.bool for entry in given):
        return _anywhere(arg)
    return arrays.getitem(arg.self, tuple(given))


@rule("aten::_unsafe_masked_index")
def masked_index(arg: Arguments) -> Reading:
    """``x[…]`` where a mask is set, a number elsewhere."""
    return arrays.where(arg.mask, index(arg), arg.fill)


def _anywhere(arg: Arguments) -> Reading:
    return arrays.anywhere(arg.operands, tuple(arg.result.shape), kind="index")


@rule("aten::embedding", shaped=True)
def embedding(arg: Arguments) -> Reading:
    """A row of the table for each index.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
    """
    return arrays.take(arg.weight, _index(arg, arg.indices), 0)


@rule("aten::embedding_bag", "aten::_embedding_bag", "aten::_embedding_bag_forward_only")
def embedding_bag(arg: Arguments) -> tuple[Reading, ...]:
    """Rows are summed over bags.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html
    """
    shapes = (tuple(out.shape) for out in arg.result)
    return tuple(arrays.anywhere(arg.operands, shape, kind="embedding_bag") for shape in shapes)


@rule("aten::one_hot")
def one_hot(arg: Arguments) -> Reading:
    """Each index becomes a row.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html
    """
    return arrays.one_hot(arg.self, arg.result.shape[-1])


@rule("aten::take")
def take(arg: Arguments) -> Reading:
    """Elements of the flattened tensor.

    https://docs.pytorch.org/docs/stable/generated/torch.take.html
    """
    return arrays.take(arg.self, _index(arg, arg.index))


@rule("aten::take_along_dim")
def take_along_dim(arg: Arguments) -> Reading:
    """Each output names its own index along one axis; the others broadcast.

    https://docs.pytorch.org/docs/stable/generated/torch.take_along_dim.html
    """
    return arrays.take_along_axis(arg.self, _index(arg, arg.indices), arg.dim)


@rule("aten::masked_select", "aten::nonzero")
def anywhere(arg: Arguments) -> Reading:
    """Elements chosen by the data.

    https://docs.pytorch.org/docs/stable/generated/torch.masked_select.html
    """
    return _anywhere(arg)


def _combined(arg: Arguments, otherwise: str) -> Combined:
    """How what is written meets what stands there, of which nothing may be left."""
    written = not arg.get("include_self", True) and arg.depends(arg.self)
    return False if written else combined(arg.get("reduce") or otherwise)


@rule("aten::scatter", "aten::scatter_add", "aten::scatter_reduce")
def scatter(arg: Arguments) -> Reading:
    """Each element of the source goes where its index says.

    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_.html
    """
    adds = _combined(arg, "add" if arg.short == "scatter_add" else "none")
    source = arg.get("src", arg.get("value"))
    return arrays.scatter_elements(
        arg.self, _index(arg, arg.index), source, arg.dim, accumulate=adds
    )


@rule("aten::index_add", complete=True)
def index_add(arg: Arguments) -> Reading:
    """Slices are added where a list of indices says; times zero, none are.

    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_add_.html
    """
    if arg.get("alpha", 1) == 0:
        return arrays.broadcast_to(arg.self, tuple(arg.self.shape))
    return index_write(arg)


@rule("aten::index_copy", "aten::index_reduce", "aten::index_fill")
def index_write(arg: Arguments) -> Reading:
    """Slices are written where a list of indices says.

    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_copy_.html
    """
    adds = _combined(arg, "add" if arg.short == "index_add" else "none")
    ahead = (slice(None),) * (arg.dim % max(1, arg.self.dim()))
    source = arg.get("source", arg.get("value"))
    return arrays.put(arg.self, (*ahead, _index(arg, arg.index)), source, accumulate=adds)


@rule("aten::index_put", "aten::_index_put_impl", "aten::_unsafe_index_put")
def index_put(arg: Arguments) -> Reading:
    """``x[where] = y``.

    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html
    """
    given = [_index(arg, tensor) for tensor in arg.indices]
    masks = [e for e in given if isinstance(e, torch.Tensor) and e.dtype is torch.bool]
    shape = tuple(arg.self.shape)
    if len(masks) == len(given) == 1 and tuple(masks[0].shape) == shape and arg.values.dim() == 0:
        return arrays.where(masks[0], arg.values, arg.self)
    if masks:
        return arrays.anywhere(arg.operands, shape, kind="index_put", keeps=0)
    adds = bool(arg.get("accumulate"))
    return arrays.put(arg.self, tuple(given), arg.values, accumulate=adds)


@rule("aten::masked_scatter")
def masked_scatter(arg: Arguments) -> Reading:
    """The mask says which element of the source comes where.

    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.masked_scatter_.html
    """
    return arrays.anywhere(arg.operands, tuple(arg.self.shape), kind="masked_scatter", keeps=0)


@rule("aten::slice_scatter")
def slice_scatter(arg: Arguments) -> Reading:
    """``x[start:stop:step] = y`` as a new tensor.

    https://docs.pytorch.org/docs/stable/generated/torch.slice_scatter.html
    """
    ahead = (slice(None),) * (arg.dim % arg.self.dim())
    return arrays.put(arg.self, (*ahead, slice(arg.start, arg.end, arg.step)), arg.src)


@rule("aten::select_scatter")
def select_scatter(arg: Arguments) -> Reading:
    """``x[index] = y`` as a new tensor.

    https://docs.pytorch.org/docs/stable/generated/torch.select_scatter.html
    """
    ahead = (slice(None),) * (arg.dim % arg.self.dim())
    return arrays.put(arg.self, (*ahead, arg.index), arg.src)
