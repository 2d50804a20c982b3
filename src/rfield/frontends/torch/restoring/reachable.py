"""Everything that can be reached from a model, noted so that it can be put back.

Python objects form a graph: modules, the containers, objects and functions they hold, the variables
that functions close over, the attributes of the user's classes. ``Reachable`` walks it once and
keeps, for each thing that can change, what it held; ``put_back`` writes only where something else
is held now. A model is not copied for that: many cannot be, and a copy is another object for every
hook and registry that knows the first.

Left alone: what belongs to the interpreter, the standard library or torch's own machinery (threads,
loggers, compilers), and what is behind an object that Python cannot look into.
"""

from __future__ import annotations

import random
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import _lru_cache_wrapper, partial
from itertools import chain
from types import CellType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import torch
from torch import nn

from ...machine.drawing import wind_back
from . import held

Handler = Callable[[Any], None]

_ATOMS = (
    type(None), bool, int, float, complex, str, bytes, range, slice, type, ModuleType, Enum,
    torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size,
)  # fmt: skip
_ENTERED = {"argparse", "collections", "functools", "types"}
"""Modules of the standard library whose objects hold what is the user's."""
_PLAIN = frozenset({type(None), bool, int, float, str})
"""Types of attributes in which nothing can change."""
_UNUSED = frozenset({dict, OrderedDict, set})
"""Each module has a dozen of these for hooks, most of them empty."""
_TENSORS = (torch.Tensor, nn.Parameter)
"""Of these hardly any has attributes of its own."""
_CONTAINERS = (torch.Tensor, dict, list, set, deque, _lru_cache_wrapper)
_OURS = frozenset({"training"})
"""What is changed on purpose while a model is read."""
_CLOSED = (
    "torch._C", "torch._dynamo", "torch._inductor", "torch.autograd", "torch.cuda",
    "torch.distributed", "torch.export", "torch.fx", "torch.multiprocessing",
)  # fmt: skip


class Reachable:
    """What a model and all that hangs on it hold now.

    ``copied``: which tensors may be written to, so that their elements are kept as well.
    """

    def __init__(self, roots: Iterable[Any], *, copied: Callable[[torch.Tensor], bool]) -> None:
        self.copied = copied
        self.seen: dict[int, Any] = {}
        self.kinds: dict[type, Handler | None] = {}
        self.members: dict[type, list[Any]] = {}
        self.empty: list[tuple[Any, type]] = []
        self.unused: list[list[Any]] = []
        self.bare: list[tuple[torch.Tensor, type, dict[str, Any]]] = []
        self.undo: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self.stack: list[Any] = list(roots)
        with torch._C.DisableTorchFunctionSubclass():
            self._walk()

    def put_back(self) -> list[str]:
        """Write what was held wherever something else is held now; what was, by name."""
        written: list[object] = []
        with torch._C.DisableTorchFunctionSubclass():
            for container in chain.from_iterable(filter(any, self.unused)):
                written += [container] if container else []
                container.clear()
            for container, base in self.empty:
                if base.__len__(container):
                    base.clear(container)
                    written.append(container)
            for item, kind, own in self.bare:
                if own or type(item) is not kind or item.__dict__ is not own:
                    held.refill_object(item, kind, own, [], [])
            _write(iter(self.undo), written)
            names = [each for each in self._named(written) if each not in _OURS] if written else []
        self.__dict__.clear()  # it is a circle, and large
        return names

    def _named(self, written: Iterable[object]) -> Iterable[str]:
        """The names by which what was written is held, each once; others by their kind."""
        names: dict[int, str] = {}
        for write, arguments in self.undo:
            if write is held.refill_object or write is held.refill_dict:
                names |= {
                    id(value): key
                    for key, value in zip(*arguments[-2:], strict=True)
                    if isinstance(key, str) and type(value) not in _PLAIN
                }
        told = (
            each if isinstance(each, str) else names.get(id(each), f"a {type(each).__name__}")
            for each in written
        )
        return dict.fromkeys(told)

    def _walk(self) -> None:
        stack, seen, kinds = self.stack, self.seen, self.kinds
        while stack:
            item = stack.pop()
            kind = type(item)
            handler = kinds.get(kind, held.NOTHING)
            if handler is held.NOTHING:
                handler = kinds[kind] = self._handler(kind)
            if handler is not None and id(item) not in seen:
                seen[id(item)] = item
                handler(item)

    def _handler(self, kind: type) -> Handler | None:
        """How objects of a class are noted; None: there is nothing in them that can change."""
        if issubclass(kind, _ATOMS):
            return None
        for base, handler in self._builtin():
            if issubclass(kind, base):
                plain = kind is OrderedDict  # each module has a dozen; no one gives them attributes
                both = not plain and self._has_members(kind)
                second = self._bare if kind in _TENSORS else self._object
                found = _note_both(handler, second) if both else handler
                break
        else:
            found = self._object if _open(kind) and self._has_members(kind) else None
        if found is not None:
            for base in kind.__mro__:
                if not _of_a_library(base.__module__):
                    self._class(base)
        return found

    def _builtin(self) -> tuple[tuple[type, Handler], ...]:
        numpy: Any = sys.modules.get("numpy")
        arrays = () if numpy is None else (
            (numpy.ndarray, self._array),
            (numpy.random.RandomState, self._numpy_state),
            (numpy.random.Generator, self._numpy_generator),
        )  # fmt: skip
        return (
            (torch.Tensor, self._tensor),
            (torch.jit.ScriptModule, self._script),
            (OrderedDict, self._ordered),
            (dict, self._dict),
            (list, self._list),
            (tuple, self.stack.extend),
            (set, self._set),
            (frozenset, self.stack.extend),
            (deque, self._deque),
            (bytearray, self._bytes),
            (FunctionType, self._function),
            (MethodType, self._method),
            (CellType, self._cell),
            (partial, self._partial),
            (_lru_cache_wrapper, self._cache),
            (torch.Generator, self._generator),
            (random.Random, self._random),
            *arrays,
        )

    def _has_members(self, kind: type) -> bool:
        """Whether instances have a ``__dict__`` or slots."""
        self.members[kind] = [
            member
            for base in kind.__mro__
            if "__slots__" in vars(base)
            for member in vars(base).values()
            if isinstance(member, MemberDescriptorType)
        ]
        return bool(self.members[kind]) or kind.__dictoffset__ != 0

    # --- containers

    def _dict(self, item: dict[Any, Any], base: Any = dict) -> None:
        if not base.__len__(item):
            self.empty.append((item, base))
            return
        keys, values = list(base.__iter__(item)), list(base.values(item))
        self.undo.append((held.refill_dict, (item, base, keys, values)))
        self.stack += [each for each in values if type(each) not in _PLAIN]
        self.stack += [each for each in keys if type(each) not in _PLAIN]

    def _ordered(self, item: Any) -> None:
        self._dict(item, OrderedDict)

    def _list(self, item: list[Any]) -> None:
        content = list.copy(item)
        if content:
            self.undo.append((held.refill_list, (item, content)))
            self.stack += content
        else:
            self.empty.append((item, list))

    def _set(self, item: set[Any]) -> None:
        content = set.copy(item)
        self.undo.append((held.refill_set, (item, content)))
        self.stack += content

    def _deque(self, item: deque[Any]) -> None:
        content = list(item)
        self.undo.append((held.refill_deque, (item, content)))
        self.stack += content

    def _bytes(self, item: bytearray) -> None:
        self.undo.append((held.refill_bytes, (item, bytes(item))))

    # --- objects

    def _object(self, item: Any) -> None:
        kind = type(item)
        try:
            own: Any = object.__getattribute__(item, "__dict__")
        except AttributeError:
            own = None
        if type(own) is dict:
            values = list(own.values())
            self.undo.append((held.refill_object, (item, kind, own, list(own), values)))
            unused: list[Any] = []
            for value in values:
                if type(value) in _UNUSED and not value:
                    unused.append(value)
                elif type(value) not in _PLAIN:
                    self.stack.append(value)
            self.unused.append(unused)
        for member in self.members[kind]:
            value = held.slot(member, item)
            self.undo.append((held.refill_slot, (item, member, value)))
            self.stack.append(value)

    def _class(self, kind: type) -> None:
        """The attributes of a class of the user's, such as a cache that all its objects share."""
        if id(kind) in self.seen:
            return
        self.seen[id(kind)] = kind
        content = held.attributes(kind)
        self.undo.append((held.refill_class, (kind, content)))
        for value in content.values():
            inner = getattr(value, "__func__", value)  # a static or class method
            self.stack.append(getattr(inner, "fget", inner))

    def _script(self, item: Any) -> None:
        self._object(item)
        self.stack += [*item.parameters(recurse=False), *item.buffers(recurse=False)]

    def _function(self, item: FunctionType) -> None:
        self.stack += item.__closure__ or ()
        self.stack += item.__defaults__ or ()
        self.stack += (item.__kwdefaults__ or {}).values()
        variables, home = item.__globals__, f"{item.__globals__.get('__name__')}"
        if not _of_a_library(home):
            for name in _names(item.__code__):
                self._variable(variables, name, home)

    def _variable(self, variables: dict[str, Any], name: str, home: str) -> None:
        """A global variable of the user's code: a cache, a count, a function of the same file."""
        value = variables.get(name, held.NOTHING)
        if value is held.NOTHING or isinstance(value, (type, ModuleType)):
            return
        self.undo.append((held.refill_variable, (variables, name, value)))
        if isinstance(value, _CONTAINERS) or getattr(value, "__module__", "") == home:
            self.stack.append(value)

    def _method(self, item: MethodType) -> None:
        self.stack += (item.__self__, item.__func__)

    def _partial(self, item: partial[Any]) -> None:
        self.stack += (item.func, item.args, item.keywords)

    def _cell(self, item: CellType) -> None:
        value = held.variable(item)
        self.undo.append((held.refill_cell, (item, value)))
        self.stack.append(value)

    def _cache(self, item: Any) -> None:
        self.undo.append((held.forget, (item, item.cache_info().misses)))
        self.stack.append(item.__wrapped__)

    # --- numbers

    def _tensor(self, item: torch.Tensor) -> None:
        alias = item.data  # the same elements; it counts no writes, and ``set`` leaves it alone
        plain = type(alias) is torch.Tensor and alias.layout is torch.strided
        if plain and not alias.is_meta and self.copied(item):
            own = held.once(alias)
            self.undo.append((held.refill_tensor, (item, own, own.clone())))
        leaf = item.is_leaf
        grad = item.grad if leaf else None
        hooks = (item._backward_hooks, item._post_accumulate_grad_hooks)
        self.undo.append((held.reset_tensor, (item, alias, leaf, item.requires_grad, grad, hooks)))
        self.stack += [each for each in (grad, *hooks) if each is not None]

    def _bare(self, item: torch.Tensor) -> None:
        own: Any = item.__dict__
        if own:
            self._object(item)
        else:
            self.bare.append((item, type(item), own))

    def _generator(self, item: torch.Generator) -> None:
        self.undo.append((item.set_state, (item.get_state(),)))

    def _random(self, item: random.Random) -> None:
        self._drawn(item.getstate, item.setstate)

    def _numpy_state(self, item: Any) -> None:
        self._drawn(item.get_state, item.set_state)

    def _numpy_generator(self, item: Any) -> None:
        bits = item.bit_generator
        self._drawn(lambda: bits.state, partial(setattr, bits, "state"))

    def _drawn(self, state: Callable[[], Any], write: Callable[[Any], object]) -> None:
        self.undo.append((wind_back, (state, write, state())))

    def _array(self, item: Any) -> None:
        if item.dtype.hasobject:
            self.stack += list(item.flat)
        if item.flags.writeable:
            self.undo.append((held.refill_array, (item, item.copy())))


# --- what may be looked into


def _of_a_library(module: str) -> bool:
    root = module.partition(".")[0]
    return root in ("torch", "numpy", "rfield") or (
        root in sys.stdlib_module_names and root != "__main__"
    )


def _names(code: CodeType) -> set[str]:
    """What a function, and those written inside it, may mean by a global name."""
    inner = [_names(part) for part in code.co_consts if isinstance(part, CodeType)]
    return set(code.co_names).union(*inner)


def _open(kind: type) -> bool:
    module = kind.__module__
    root = module.partition(".")[0]
    if root in sys.stdlib_module_names:
        return root in _ENTERED or root == "__main__"
    return issubclass(kind, nn.Module) or not module.startswith(_CLOSED)


def _note_both(first: Handler, second: Handler) -> Handler:
    def note(item: Any) -> None:
        first(item)
        second(item)

    return note


def _write(
    left: Iterator[tuple[Callable[..., Any], tuple[Any, ...]]], written: list[object]
) -> None:
    try:
        for write, arguments in left:
            found = write(*arguments)
            written += found if isinstance(found, tuple) else ()  # generators say themselves
    except Exception:
        _write(left, written)  # one that fails does not keep the others from it
        raise
