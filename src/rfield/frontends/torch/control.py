"""Operators of operators: branches and loops as torch's compiler knows them, and flex attention.

Their parts are functions, which are read like the rest of the model. Where a predicate depends on
the input, both branches are read, and a loop may read everything that goes into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from threading import get_ident
from typing import Any

import torch
from torch.utils import _pytree as trees

from ...core import ops
from ...errors import UnreadableModelError
from ..machine.limits import TURNS
from .constants import Watched
from .tracer import tensors_of


@contextmanager
def uncompiled() -> Iterator[None]:
    """What this thread compiles meanwhile runs as it is written, these operators among it."""
    compile_, thread = torch.compile, get_ident()

    def plain(model: Any = None, **options: Any) -> Any:
        if get_ident() != thread:
            return compile_(model, **options)
        return _same if model is None else model

    torch.compile = plain  # type: ignore[assignment]  # for as long as a model is read
    try:
        yield
    finally:
        torch.compile = compile_


def _same(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def run_operator(
    dispatch: Watched, operator: Any, args: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """The results of a higher-order operator.

    Raises:
        UnreadableModelError: it is none of those that are read.
    """
    kind = operator.name()
    with dispatch, dispatch.functions or nullcontext():
        if kind == "cond":
            return _branch(dispatch, *args, **kwargs)
        if kind == "while_loop":
            return _loop(dispatch, *args)
        if kind == "flex_attention":
            return import_module(type(operator).__module__).math_attention(*args, **kwargs)
    where = f" in layer {dispatch.layer!r}" if dispatch.layer else ""
    raise UnreadableModelError(
        f"the model uses {kind!r}{where}, control flow that is not read. Write it as ops of torch, "
        "or read the part of the model before it."
    )


def _branch(dispatch: Watched, pred: Any, yes: Any, no: Any, operands: Sequence[Any]) -> Any:
    """One of two functions, or element by element either."""
    known = _known(dispatch, pred)
    if known is not None:
        return (yes if known else no)(*operands)
    first, tree = trees.tree_flatten(yes(*operands))
    second, _ = trees.tree_flatten(no(*operands))
    made = [
        torch.where(pred, a, b) if isinstance(a, torch.Tensor) else a
        for a, b in zip(first, second, strict=True)
    ]
    return trees.tree_unflatten(made, tree)


def _loop(
    dispatch: Watched, again: Any, body: Any, carried: Sequence[Any], beside: Sequence[Any] = ()
) -> Any:
    """Written out while the number of turns is known."""
    values = tuple(carried)
    for _ in range(TURNS):
        known = _known(dispatch, again(*values, *beside))
        if known is None:
            break
        if not known:
            return values
        values = tuple(body(*values, *beside))
    read = tensors_of([values, beside])
    shapes = [tuple(tensor.shape) for tensor in read]
    return tuple(
        _anything(dispatch, read, shapes, value) if isinstance(value, torch.Tensor) else value
        for value in values
    )


def _anything(
    dispatch: Watched, read: list[torch.Tensor], shapes: list[tuple[int, ...]], value: torch.Tensor
) -> torch.Tensor:
    tracer = dispatch.tracer
    with torch._C._DisableTorchDispatch():
        made = torch.empty_like(value, device="meta")
    operands = [tracer.resolve(tensor) for tensor in read]
    op = ops.opaque(shapes, tuple(value.shape), kind="while_loop")
    tracer.hold(made, tracer.emit(op, operands, "while_loop"))
    return made


def _known(dispatch: Watched, pred: Any) -> bool | None:
    """A predicate that does not depend on the input."""
    if not isinstance(pred, torch.Tensor):
        return bool(pred)
    if not dispatch.real and (dispatch.tracer.constant(pred) is None):
        return None
    return bool(pred.item())
