"""Exported programs: ``torch.export.ExportedProgram``, step by step through the same rules.

A program is already a list of ops; nothing is run. Each step is handed to the machinery that a live
model's ops go through, with meta tensors for inputs and weights.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import torch

from ....core.graph import Draft, Graph
from ....errors import InvalidModelError, UnreadableModelError, show_shape, unknown_name
from ...registry import Request
from ..capture import input_axes
from ..constants import SMALL
from ..control import run_operator
from ..kinds import READS_NOTHING
from ..modes import Dispatch
from ..names import Names
from ..rulebook import Signature, find_rule
from ..tracer import Tracer


@dataclass(slots=True)
class Ref:
    """The value of an earlier step, by name."""

    name: str


@dataclass(slots=True)
class Step:
    """One op: what it calls, with what, and the names of its results.

    ``outputs`` is one name, or a list of names for a tuple. ``stack`` holds the modules it was
    written in, outermost first: a key that is new for each call, and the path. ``stated``: what the
    results of an unknown op look like, as its file says.
    """

    target: Any
    args: list[Any]
    kwargs: dict[str, Any]
    outputs: str | list[str | None]
    stack: list[tuple[str, str]] = field(default_factory=list)
    source: str = ""
    stated: dict[str, torch.Tensor] = field(default_factory=dict)


@dataclass(slots=True)
class Program:
    """What is to be read: inputs, weights (by shape), small constants, steps, results."""

    inputs: dict[str, torch.Tensor]
    weights: dict[str, torch.Tensor]
    constants: dict[str, torch.Tensor]
    steps: Iterable[Step]
    results: list[str]
    origin: str


def read_exported(program: Any, request: Request) -> Graph:
    """The graph of an ``ExportedProgram``."""
    return run(_from_exported(program), request)


class Interpreter(Dispatch):
    """Goes through the steps of a program that the user holds."""

    laid_out = True  # a program says what is a copy

    def __init__(self, tracer: Tracer) -> None:
        super().__init__(tracer, real=False)

    def read(self, step: Step, values: dict[str, Any]) -> Any:
        """Hand one step to the rules and keep its results in ``values``."""
        args = [_value(item, values) for item in step.args]
        kwargs = {key: _value(item, values) for key, item in step.kwargs.items()}
        result = self.call(step, args, kwargs)
        _store(step.outputs, result, values)
        return result

    def call(self, step: Step, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """The results of one step."""
        target = step.target
        if isinstance(target, torch._ops.OpOverload):
            signature = Signature.of(target)
            if signature.packet in READS_NOTHING:
                return None
            if find_rule(signature.name) is None and self.splits(target, signature):
                with self:
                    return target(*args, **kwargs)
            return self.__torch_dispatch__(target, (), args, kwargs)
        if isinstance(target, torch._ops.HigherOrderOperator):
            return run_operator(self, target, args, kwargs)
        return target(*args, **kwargs)

    def splits(self, target: torch._ops.OpOverload, signature: Signature) -> bool:
        """Whether torch itself writes the op as other ops."""
        return torch._C._dispatch_has_kernel_for_dispatch_key(
            target.name(), "CompositeImplicitAutograd"
        )


def run(
    program: Program, request: Request, kind: Callable[[Tracer], Interpreter] = Interpreter
) -> Graph:
    """Hand every step to the rules."""
    if request.options:
        name = next(iter(request.options))
        raise unknown_name("option", name, ())
    with closing(Tracer(Draft(), soft_masks=request.soft_masks)) as tracer:
        return _graph(program, request, tracer, kind(tracer))


def _graph(program: Program, request: Request, tracer: Tracer, interpreter: Interpreter) -> Graph:
    """The graph of a program, of which ``tracer`` is told."""
    draft = tracer.draft
    names = tracer.names = Names(torch.nn.Module(), tracer.index_of)
    values: dict[str, Any] = dict(program.weights)
    _check_shapes(program, request)
    for name, tensor in program.inputs.items():
        index = draft.input(name, tuple(tensor.shape), input_axes(name, tensor, request.axes))
        tracer.hold(tensor, index)
        names.taken[name] = 1
        values[name] = tensor
    values |= program.constants
    for tensor in program.constants.values():
        tracer.hold(tensor, None, known=tensor.device.type != "meta")
    calls = _Calls(names)
    with torch.no_grad():
        for step in program.steps:
            calls.enter(step.stack)
            result = interpreter.read(step, values)
            calls.leave(step.stack, result, tracer)
    if tracer.unknown and request.unknown == "error":
        raise tracer.unknown.error()
    missing = next((name for name in program.results if name not in values), None)
    if missing is not None:
        raise UnreadableModelError(
            f"the program returns {missing!r}, which none of its steps makes"
        )
    outputs = [values[name] for name in program.results]
    indices = [tracer.index_of(value) for value in outputs if isinstance(value, torch.Tensor)]
    found = list(dict.fromkeys(index for index in indices if index is not None))
    if not found:
        raise InvalidModelError("the program returns no tensor that depends on its input")
    graph = draft.finish(found, names.layers or None, origin=program.origin)
    graph.main_output = 0
    return graph


def _value(item: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(item, Ref):
        return values[item.name]
    if isinstance(item, (list, tuple)):
        return type(item)(_value(part, values) for part in item)
    return item


def _store(names: str | list[str | None], result: Any, values: dict[str, Any]) -> None:
    if isinstance(names, str):
        values[names] = result
        return
    pairs = zip(names, result or (), strict=False)
    values.update({name: part for name, part in pairs if name is not None})


def _check_shapes(program: Program, request: Request) -> None:
    given = request.input_shape
    if given is None:
        return
    shapes = given if isinstance(given, Mapping) else {next(iter(program.inputs)): given}
    for name, shape in shapes.items():
        if name not in program.inputs:
            raise unknown_name("input", name, program.inputs)
        own = tuple(program.inputs[name].shape)
        if tuple(shape) != own:
            raise InvalidModelError(
                f"input {name!r} was exported with shape {show_shape(own)}, "
                f"not {show_shape(shape)}.\n"
                "  A program is read at the sizes of its example, dynamic ones too; "
                "export it again with the other size."
            )


class _Calls:
    """Layer names from the module stacks of the steps; a module called again gets ``#2``."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.seen: dict[str, str] = {}
        self.counts: dict[str, int] = {}

    def enter(self, stack: list[tuple[str, str]]) -> None:
        """Let the next node be named after the innermost module."""
        path = ""
        for key, own in stack:
            if key not in self.seen:
                count = self.counts[own] = self.counts.get(own, 0) + 1
                self.seen[key] = own if count == 1 or not own else f"{own}#{count}"
            path = self.seen[key]
        self.names.stack = [(self.names.model, path)]

    def leave(self, stack: list[tuple[str, str]], result: Any, tracer: Tracer) -> None:
        """The last step inside a module makes its output."""
        while isinstance(result, (list, tuple)) and result:
            result = result[0]
        index = tracer.index_of(result) if isinstance(result, torch.Tensor) else None
        for key, own in stack:
            if own and index is not None:
                name = self.seen[key]
                self.names.layers.pop(name, None)  # outer modules come after their parts
        for key, own in reversed(stack):
            if own and index is not None:
                self.names.layers[self.seen[key]] = index


def _from_exported(program: Any) -> Program:
    signature = program.graph_signature
    kinds = {spec.arg.name: spec for spec in signature.input_specs if hasattr(spec.arg, "name")}
    found = Program({}, {}, {}, [], [], "ExportedProgram")
    steps: list[Step] = []
    for node in program.graph.nodes:
        if node.op == "placeholder":
            _placeholder(node, kinds.get(node.name), program, found)
        elif node.op == "call_function":
            steps.append(_step(node))
        elif node.op == "get_attr":
            steps.append(Step(getattr, [program.graph_module, node.target], {}, node.name))
    found.steps = steps
    returned = {
        spec.arg.name
        for spec in signature.output_specs
        if spec.kind.name == "USER_OUTPUT" and hasattr(spec.arg, "name")
    }
    last = next(node for node in reversed(program.graph.nodes) if node.op == "output")
    found.results = [n.name for n in last.all_input_nodes if n.name in returned]
    return found


def _placeholder(node: Any, spec: Any, program: Any, found: Program) -> None:
    value = node.meta.get("val")
    if not isinstance(value, torch.Tensor):
        found.weights[node.name] = value  # type: ignore[assignment]  # a number or None
        return
    sizes = [_plain(size) for size in value.shape]
    stand_in = torch.empty(sizes, dtype=value.dtype, device="meta")
    kind = spec.kind.name if spec is not None else "USER_INPUT"
    if kind == "USER_INPUT":
        found.inputs[node.name] = stand_in
        return
    target = "" if spec is None else spec.target
    held = program.constants.get(target)
    if kind in ("CONSTANT_TENSOR", "BUFFER") and held is None:
        held = program.state_dict.get(target)
    small = isinstance(held, torch.Tensor) and held.numel() <= SMALL
    if small and kind != "PARAMETER" and held.device.type != "meta":
        found.constants[node.name] = held.detach()
    else:
        found.weights[node.name] = as_weight(stand_in, kind == "PARAMETER")


def as_weight(stand_in: torch.Tensor, counts: bool) -> torch.Tensor:
    """What stands for a weight; a parameter, where it is one."""
    return torch.nn.Parameter(stand_in, requires_grad=False) if counts else stand_in


def _plain(size: Any) -> int:
    hint = getattr(getattr(size, "node", None), "hint", None)
    return int(size if hint is None else hint)


def _step(node: Any) -> Step:
    from torch.fx.node import map_arg

    replaced: Any = map_arg  # its stubs want nodes back
    args = replaced(node.args, lambda n: Ref(n.name))
    kwargs = replaced(node.kwargs, lambda n: Ref(n.name))
    stack = [
        (key, str(value[0])) for key, value in (node.meta.get("nn_module_stack") or {}).items()
    ]
    return Step(node.target, list(args), dict(kwargs), node.name, stack, _line(node))


def _line(node: Any) -> str:
    found = re.findall(r'File "([^"]+)", line (\d+)', node.meta.get("stack_trace") or "")
    return f"{found[-1][0].rpartition('/')[2]}:{found[-1][1]}" if found else ""
