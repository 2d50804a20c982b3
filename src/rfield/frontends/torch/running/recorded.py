"""A module as a list of calls that can be run again at other lengths of its input.

``torch.export`` writes the ops down for one length; the sizes in their arguments are numbers then.
Written down for two lengths, the axes that differ are those along which time goes on, and the
numbers that differ follow the length.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import nn

from ....errors import InvalidModelError, NotStreamableError
from ..programs.exported import Ref
from ..restoring.untouched import untouched

SIZES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("view", "_unsafe_view", "expand"), ("size",)), "reshape": ("shape",),
    **dict.fromkeys(("zeros", "ones", "full", "empty", "rand", "randn"), ("size",)),
    **dict.fromkeys(("new_zeros", "new_ones", "new_full", "new_empty"), ("size",)),
    "arange": ("end",), "slice": ("end",), "narrow": ("length",), "unflatten": ("sizes",),
    "col2im": ("output_size",), "istft": ("length",),
    **dict.fromkeys(("split", "split_with_sizes"), ("split_size", "split_sizes")),
}  # fmt: skip
"""Arguments that are sizes: they may follow the length. Other numbers beside a stream may not."""

VIEWS = frozenset({"view", "_unsafe_view"})
"""Reshapes of tensors whose elements lie in order, which those of a part may not do."""

PATH = "is not computed by the same ops at every length"
NUMBERS = "reads numbers that are made for the length of the stream"


@dataclass(frozen=True, slots=True)
class Sized:
    """A size that follows the length: ``at`` at the recorded one, ``per`` more per sample."""

    at: int
    per: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One op: what it calls, with a ``Ref`` for what other calls made and ``Sized`` numbers.

    ``shape``: of its result; ``along``: the axes of it that follow the length, and how fast.
    """

    name: str
    target: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    layer: str
    shape: tuple[int, ...]
    along: Mapping[int, Fraction]
    reads: tuple[str, ...]
    dtype: torch.dtype | None

    @property
    def packet(self) -> str:
        """The op's name: ``conv1d``."""
        return getattr(self.target, "__name__", str(self.target)).partition(".")[0]


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """All calls in order; ``tensors``: weights, buffers and constants by name.

    ``source``: the stream, as if a call had made it. ``step``: by how much the other length, at
    which it was recorded too, is larger.
    """

    source: Call
    calls: Mapping[str, Call]
    tensors: Mapping[str, torch.Tensor]
    results: tuple[str, ...]
    step: int

    @property
    def moving(self) -> set[str]:
        """The stream, and the calls whose results depend on it."""
        found = {self.source.name}
        for call in self.calls.values():
            if found.intersection(call.reads):
                found.add(call.name)
        return found


def record(
    model: nn.Module, shape: Sequence[int], dtype: torch.dtype, axis: int, step: int
) -> Recording:
    """The calls of a module that takes one tensor, of this shape.

    ``step``: by how much the other length along ``axis`` is larger.

    Raises:
        NotStreamableError: not the same ops, or not the same numbers, at both lengths.
        InvalidModelError: it cannot be exported, or writes to its buffers.
    """
    longer = [*shape]
    longer[axis] += step
    one, other = (_exported(model, sizes, dtype) for sizes in (shape, longer))
    nodes = [_calls(program) for program in (one, other)]
    specs = [program.graph_signature.input_specs for program in (one, other)]
    if any(len(here) != len(there) for here, there in (nodes, specs)):
        raise NotStreamableError(f"{_name(model)} {PATH}")
    placeholders, tensors = _tensors(one, other)
    if len(placeholders) != 1:
        raise InvalidModelError(f"it takes {len(placeholders)} tensors; a stream is one")
    calls: dict[str, Call] = {}
    moving = {*placeholders}
    for here, there in zip(*nodes, strict=True):
        if here.target != there.target:
            raise NotStreamableError(f"{_layer(here)} ({here.name}) {PATH}")
        if not moving.isdisjoint(n.name for n in here.all_input_nodes):
            moving.add(here.name)
        calls[here.name] = _call(here, there, step, still=here.name not in moving)
    stream = Call(
        placeholders[0], None, (), {}, "", tuple(shape), {axis: Fraction(1)}, (), dtype
    )  # fmt: skip
    return Recording(stream, calls, tensors, tuple(_results(one)), step)


def calls_at(
    recording: Recording, model: nn.Module, more: int
) -> tuple[list[Call], dict[str, torch.Tensor]]:
    """The calls at one length alone, ``more`` samples longer, and the constants that it makes."""
    source = recording.source
    shape = [n + more * (axis in source.along) for axis, n in enumerate(source.shape)]
    program = _exported(model, shape, source.dtype or torch.float32)
    found: list[Call] = []
    for node in _calls(program):
        call = recording.calls.get(node.name)
        front = call is not None and any(isinstance(arg, Sized) for arg in call.args)
        found.append(_call(node, node, 1, still=True, front=front))
    return found, _tensors(program, program)[1]


def _exported(model: nn.Module, shape: Sequence[int], dtype: torch.dtype) -> Any:
    with warnings.catch_warnings(), untouched(model, training=False), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            program = torch.export.export(model, (torch.zeros(*shape, dtype=dtype),), strict=False)
            program = program.run_decompositions({})
        except Exception as error:  # the user's own code and the exporter may raise anything
            said = str(error).strip().partition("\n")[0] or type(error).__name__
            raise InvalidModelError(
                f"{_name(model)} cannot be exported, which carrying state needs: {said}"
            ) from error
    # a write into the input is of no matter: each chunk is computed once
    kinds = {spec.kind.name for spec in program.graph_signature.output_specs}
    if kinds - {"USER_OUTPUT", "USER_INPUT_MUTATION"}:
        raise InvalidModelError(f"{_name(model)} writes to its buffers, a state of its own")
    return program


def _name(model: nn.Module) -> str:
    return type(model).__name__


def _tensors(one: Any, other: Any) -> tuple[list[str], dict[str, torch.Tensor]]:
    """The inputs, and everything else by the name that the calls have for it."""
    inputs: list[str] = []
    found: dict[str, torch.Tensor] = {}
    specs = [program.graph_signature.input_specs for program in (one, other)]
    for here, there in zip(*specs, strict=True):
        name = here.arg.name
        if here.kind.name == "USER_INPUT":
            inputs.append(name)
            continue
        found[name] = _held(one, here.target)
        if here.kind.name == "CONSTANT_TENSOR":
            again = _held(other, there.target)
            if found[name].shape != again.shape or not torch.equal(found[name], again):
                raise NotStreamableError(f"{here.target} {NUMBERS}")
    return inputs, found


def _held(program: Any, target: str) -> torch.Tensor:
    held = program.state_dict.get(target)
    return program.constants[target] if held is None else held


def _calls(program: Any) -> list[Any]:
    nodes = [n for n in program.graph.nodes if n.op not in ("placeholder", "output")]
    odd = next((n for n in nodes if n.op != "call_function"), None)
    if odd is not None:
        raise InvalidModelError(f"{odd.name} is control flow, which is not read")
    return nodes


def _results(program: Any) -> list[str]:
    last = next(node for node in reversed(program.graph.nodes) if node.op == "output")
    specs = zip(last.args[0], program.graph_signature.output_specs, strict=True)
    return [getattr(entry, "name", "") for entry, spec in specs if spec.kind.name == "USER_OUTPUT"]


def _layer(node: Any) -> str:
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return stack[-1][0] if stack and stack[-1][0] else node.name


def _call(here: Any, there: Any, step: int, *, still: bool, front: bool = False) -> Call:
    """Both as one. ``still``: it depends on no input, so any number of it may follow the length.

    ``front``: places of a slice count from the front, whether or not they differ.
    """
    from torch.fx.node import map_arg

    as_ref: Any = map_arg  # its stubs want nodes back
    mine, theirs = (
        [as_ref(part, lambda n: Ref(n.name)) for part in (node.args, node.kwargs)]
        for node in (here, there)
    )
    sizes = SIZES.get(_packet(here), ())
    schema = getattr(here.target, "_schema", None)
    names = [arg.name for arg in schema.arguments] if schema else []

    def merged(name: str, one: Any, other: Any) -> Any:
        if name in _ENDS and (
            front or one != other
        ):  # x[:, :, -z.size(2):] begins after as many as z lacks
            one, other = _from_the_front(here, one), _from_the_front(there, other)
        try:
            return _merged(one, other, step if still or name in sizes else 0)
        except ValueError:
            raise NotStreamableError(f"{_layer(here)} ({_packet(here)}) {NUMBERS}") from None

    places = [names[k] if k < len(names) else "" for k in range(len(mine[0]))]
    shape, longer = (tuple(getattr(n.meta.get("val"), "shape", ())) for n in (here, there))
    along = {
        k: Fraction(int(b) - int(a), step)
        for k, (a, b) in enumerate(zip(shape, longer, strict=True))
        if a != b
    }
    return Call(
        here.name, torch.ops.aten.reshape.default if _packet(here) in VIEWS else here.target,
        tuple(map(merged, places, mine[0], theirs[0])),
        {name: merged(name, value, theirs[1][name]) for name, value in mine[1].items()},
        _layer(here), tuple(int(n) for n in shape), along,
        tuple(n.name for n in here.all_input_nodes),
        getattr(here.meta.get("val"), "dtype", None),
    )  # fmt: skip


_ENDS = frozenset({"start", "end"})


def _from_the_front(node: Any, place: Any) -> Any:
    """A place of a slice that counts from the end."""
    if _packet(node) not in ("slice", "narrow") or not isinstance(place, int) or place >= 0:
        return place
    axis = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", 0)
    return place + int(node.args[0].meta["val"].shape[axis])


def _packet(node: Any) -> str:
    return getattr(node.target, "__name__", str(node.target)).partition(".")[0]


def _merged(one: Any, other: Any, step: int) -> Any:
    """The argument of both lengths; ValueError where it may not follow the length."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        if len(one) != len(other):
            raise ValueError
        return type(one)(_merged(a, b, step) for a, b in zip(one, other, strict=True))
    if isinstance(one, Ref) and isinstance(other, Ref) and one.name == other.name:
        return one
    if type(one) is type(other) and (one == other or one != one):  # noqa: PLR0124  # NaN
        return one
    if step and isinstance(one, int) and isinstance(other, int):
        return Sized(one, Fraction(other - one, step))
    raise ValueError


def arguments(call: Call, values: Callable[[str], Any], more: Fraction) -> tuple[Any, Any]:
    """The arguments for a length that is ``more`` samples longer than the recorded one."""

    def put(item: Any) -> Any:
        if isinstance(item, Ref):
            return values(item.name)
        if isinstance(item, Sized):
            size = item.at + item.per * more
            if size.denominator != 1:
                raise NotStreamableError(f"{call.layer} ({call.packet}) {NUMBERS}")
            return int(size)
        if isinstance(item, (list, tuple)):
            return type(item)(put(part) for part in item)
        return item

    return put(call.args), {name: put(item) for name, item in call.kwargs.items()}
