"""What one thing holds, and how it is written back: only where something else is held now.

What writes returns what was written: names where what is held has some, else the thing itself.
"""

from __future__ import annotations

from collections import deque
from operator import is_
from types import CellType
from typing import Any

import torch

NOTHING: Any = object()
"""In the place of what is not set."""


def attributes(kind: type) -> dict[str, Any]:
    """The attributes of a class that are not Python's own."""
    return {
        name: value
        for name, value in vars(kind).items()
        if not (name.startswith("__") and name.endswith("__")) and name != "_abc_impl"
    }


def slot(member: Any, item: Any) -> Any:
    """What a slot of an object holds, or NOTHING."""
    try:
        return member.__get__(item, type(item))
    except AttributeError:
        return NOTHING


def variable(cell: CellType) -> Any:
    """What a variable that a function closes over holds, or NOTHING."""
    try:
        return cell.cell_contents
    except ValueError:
        return NOTHING


def once(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor without the repetitions of ``expand``, which cannot be written to."""
    strides = tensor.stride()
    if 0 not in strides:
        return tensor
    sizes = [min(n, 1) if step == 0 else n for n, step in zip(tensor.shape, strides, strict=True)]
    return tensor.as_strided(sizes, strides)


def refill_dict(item: Any, base: Any, keys: list[Any], values: list[Any]) -> tuple[object, ...]:
    """``base``: ``dict`` or ``OrderedDict``, whatever the class makes of its methods."""
    same = base.__len__(item) == len(keys) and all(map(is_, base.__iter__(item), keys))
    if same and all(map(is_, base.values(item), values)):
        return ()
    now = dict(zip(base.__iter__(item), base.values(item), strict=True))
    base.clear(item)
    for key, value in zip(keys, values, strict=True):
        base.__setitem__(item, key, value)
        if now.get(key, NOTHING) is value:
            del now[key]
        else:
            now[key] = value
    return tuple(now) if all(isinstance(key, str) for key in now) else (item,)


def refill_list(item: list[Any], content: list[Any]) -> tuple[object, ...]:
    """Also of a class of the user's."""
    now = list.copy(item)
    if len(now) == len(content) and all(map(is_, now, content)):
        return ()
    list.__setitem__(item, slice(None), content)
    return (item,)


def refill_set(item: set[Any], content: set[Any]) -> tuple[object, ...]:
    """Also of a class of the user's."""
    if len(item) == len(content) and content.issuperset(item):
        return ()
    set.clear(item)
    set.update(item, content)
    return (item,)


def refill_deque(item: deque[Any], content: list[Any]) -> tuple[object, ...]:
    """Also of a class of the user's."""
    if len(item) == len(content) and all(map(is_, item, content)):
        return ()
    deque.clear(item)
    deque.extend(item, content)
    return (item,)


def refill_bytes(item: bytearray, content: bytes) -> tuple[object, ...]:
    """The bytes of a bytearray."""
    if item == content:
        return ()
    item[:] = content
    return (item,)


def refill_array(item: Any, content: Any) -> tuple[object, ...]:
    """The elements of a NumPy array, to the bit."""
    if item.tobytes() == content.tobytes():
        return ()
    item[...] = content
    return (item,)


def refill_object(
    item: Any, kind: type, held: dict[str, Any], names: list[str], values: list[Any]
) -> tuple[object, ...]:
    """The class of an object, the dict of its attributes, and these."""
    if type(item) is not kind:
        object.__setattr__(item, "__class__", kind)
    if object.__getattribute__(item, "__dict__") is not held:
        object.__setattr__(item, "__dict__", held)
    return refill_dict(held, dict, names, values)


def refill_slot(item: Any, member: Any, value: Any) -> tuple[object, ...]:
    """One slot."""
    if slot(member, item) is value:
        return ()
    if value is NOTHING:
        member.__delete__(item)
    else:
        member.__set__(item, value)
    return (member.__name__,)


def refill_class(kind: type, content: dict[str, Any]) -> tuple[object, ...]:
    """The attributes of a class."""
    now = attributes(kind)
    new = now.keys() - content.keys()
    for name in new:
        type.__delattr__(kind, name)
    changed = [name for name, value in content.items() if now.get(name, NOTHING) is not value]
    for name in changed:
        type.__setattr__(kind, name, content[name])
    return *new, *changed


def refill_cell(cell: CellType, value: Any) -> tuple[object, ...]:
    """One variable."""
    if variable(cell) is value:
        return ()
    if value is NOTHING:
        del cell.cell_contents
    else:
        cell.cell_contents = value
    return (cell,)


def refill_variable(variables: dict[str, Any], name: str, value: Any) -> tuple[object, ...]:
    """One global variable."""
    if variables.get(name, NOTHING) is value:
        return ()
    variables[name] = value
    return (name,)


def forget(cached: Any, misses: int) -> None:
    """A cache cannot be put back, only emptied, which changes no result."""
    if cached.cache_info().misses != misses:
        cached.cache_clear()


def refill_tensor(
    item: torch.Tensor, alias: torch.Tensor, content: torch.Tensor
) -> tuple[object, ...]:
    """The elements; ``alias`` has them once."""
    if torch.equal(alias, content):
        return ()
    with torch.inference_mode(alias.is_inference()):
        alias.copy_(content)
    return (item,)


def reset_tensor(
    item: torch.Tensor, alias: torch.Tensor, leaf: bool, requires: bool, grad: Any, hooks: Any
) -> None:
    """What a tensor is, beside its elements: ``alias`` has its storage and shape."""
    same = item.size() == alias.size() and item.dtype is alias.dtype  # lazy ones have no ``shape``
    if item.layout is torch.strided:
        same = (
            same
            and torch._C._is_alias_of(item, alias)
            and item.stride() == alias.stride()
            and item.storage_offset() == alias.storage_offset()
        )
    if not same:
        item.data = alias
    if not leaf:
        return
    if item.requires_grad is not requires:
        item.requires_grad_(requires)
    if item.grad is not grad:
        item.grad = grad
    if item._backward_hooks is not hooks[0]:
        item._backward_hooks = hooks[0]
    if item._post_accumulate_grad_hooks is not hooks[1]:
        item._post_accumulate_grad_hooks = hooks[1]
