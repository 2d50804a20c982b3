"""Bodies inside a graph: functions are inlined, branches looked into, loops laid out or bounded.

A loop whose number of turns is known and small is written out turn by turn, which is exact. Any
other loop is bounded by its fixed point: each result may read everything that its body can reach.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...core import layout, ops
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import WHOLE
from ...errors import InvalidModelError, RFieldError, UnsupportedOpError, bad_shapes
from .failures import shown
from .model import FunctionRecord, GraphRecord
from .rulebook import Call
from .tensors import Value, known
from .tracer import Scope, Tracer

TURNS = 256
NODES = 20_000
DEEPEST = 40


def inline(call: Call, function: FunctionRecord, scope: Scope) -> list[Value]:
    """Read the body of a local function in place of its call."""
    tracer = call.tracer
    if tracer.depth >= DEEPEST:
        raise InvalidModelError(f"the function {shown(function.key)!r} calls itself, or too deeply")
    values = {
        name: value
        for name, value in zip(function.inputs, call.inputs, strict=False)
        if value is not None
    }
    missing = {name: Value(()) for name in function.inputs if name not in values}
    body = Scope(
        function.body, {**missing, **values}, function.opsets,
        prefix=f"{scope.prefix}{call.node.label}/",
        attributes={**function.defaults, **call.attributes},
    )  # fmt: skip
    _omitted(body, missing)
    return _deeper(tracer, body)


def _omitted(body: Scope, missing: dict[str, Value]) -> None:
    """Optional inputs that are left out: nodes of the body see them as left out too."""
    if not missing:
        return
    from dataclasses import replace

    nodes = [
        replace(node, inputs=tuple("" if name in missing else name for name in node.inputs))
        if any(name in missing for name in node.inputs)
        else node
        for node in body.graph.nodes
    ]
    body.graph = replace(body.graph, nodes=nodes)


def _deeper(tracer: Tracer, body: Scope) -> list[Value]:
    tracer.depth += 1
    try:
        return tracer.run(body)
    finally:
        tracer.depth -= 1


def _subgraph(call: Call, name: str) -> GraphRecord:
    found = call.node.subgraphs.get(name)
    if found is None:
        raise InvalidModelError(f"attribute {name!r} is missing")
    return found


def read_if(call: Call, scope: Scope) -> list[Value]:
    """The branch that is taken; both where that depends on the data."""
    branches = {name: _subgraph(call, name) for name in ("then_branch", "else_branch")}
    prefix = f"{scope.prefix}{call.node.label}/"
    condition = call.value(0)
    if not condition.depends and condition.array is not None:
        taken = branches["then_branch" if bool(condition.array.reshape(-1)[0]) else "else_branch"]
        return _deeper(call.tracer, scope.inner(taken, {}, scope.prefix))
    found: list[list[Value]] = []
    problems: list[RFieldError] = []
    for name, branch in branches.items():
        try:
            body = scope.inner(branch, {}, f"{prefix}{name}/")
            found.append(_deeper(call.tracer, body))
        except UnsupportedOpError:  # noqa: PERF203  # both branches are tried
            raise
        except RFieldError as error:  # a branch that rejects the input is not taken
            problems.append(error)
    if not found:
        raise problems[0]
    if len(found) == 1:
        return found[0]
    return [
        _either(call, condition, one, other, name)
        for one, other, name in zip(*found, call.outputs, strict=False)
    ]


def _either(call: Call, condition: Value, one: Value, other: Value, name: str) -> Value:
    """A value that is one of two, by the data: it may read both."""
    if one.items is not None or other.items is not None:
        raise InvalidModelError("its branches give sequences, and which is taken depends on data")
    if one.shape != other.shape:
        behind = ", ".join(shown(n) for n in call.tracer.inputs_behind(condition))
        setting = f"values={{{behind!r}: ...}}"
        raise bad_shapes(
            "If", [one.shape, other.shape],
            "its branches give different shapes, and which one is taken depends on the data"
            + (f" of {behind}; give it:  rfield.load(model, {setting})" if behind else ""),
        )  # fmt: skip
    links = (*ops.pointwise(one.shape, other.shape).links, _scalar(condition))
    op = Op("if", one.shape, links, exact=False)
    return call.tracer.step(call, op, [one, other, condition])


def _scalar(condition: Value) -> Link:
    return Link([Read(None, WHOLE)] * len(condition.shape))


def read_loop(call: Call, scope: Scope) -> list[Value]:
    """Turn by turn where the number of turns is known, else bounded."""
    body = _subgraph(call, "body")
    carried: list[Value] = [call.value(k) for k in range(2, len(call.inputs))]
    if len(body.inputs) != len(carried) + 2 or len(body.outputs) < len(carried) + 1:
        raise InvalidModelError("the inputs and outputs of its body do not fit")
    turns = _turns(call)
    start = call.optional(1)
    goes_on = True if start is None else _truth(start)
    limit = TURNS if turns is None else min(turns, TURNS)
    scanned: list[list[Value]] = [[] for _ in body.outputs[len(carried) + 1 :]]
    count = 0
    while goes_on and (turns is None or count < turns):
        if count >= limit or count * len(body.nodes) > NODES:
            return _bounded(call, scope, body, carried)
        names = [entry.name for entry in body.inputs]
        given = [known(count), known(True), *carried]
        inner = scope.inner(
            body, dict(zip(names, given, strict=True)), f"{scope.prefix}{call.node.label}/{count}/"
        )
        results = _deeper(call.tracer, inner)
        carried = results[1 : len(carried) + 1]
        for held, value in zip(scanned, results[len(carried) + 1 :], strict=True):
            held.append(value)
        if (turns is None or count + 1 < turns) and _is_data(results[0]):
            return _bounded(call, scope, body, [call.value(k) for k in range(2, len(call.inputs))])
        goes_on = results[0].array is None or bool(results[0].array.reshape(-1)[0])
        count += 1
    if goes_on is None:
        return _bounded(call, scope, body, carried)
    return [*carried, *(_stacked(call, held, 0) for held in scanned)]


def _is_data(value: Value) -> bool:
    return value.depends or value.array is None


def _truth(value: Value) -> bool | None:
    if value.depends or value.array is None:
        return None
    return bool(value.array.reshape(-1)[0])


def _turns(call: Call) -> int | None:
    count = call.optional(0)
    if count is None:
        return None
    if count.depends or count.array is None:
        return TURNS + 1
    return max(0, int(count.array.reshape(-1)[0]))


def _bounded(call: Call, scope: Scope, body: GraphRecord, carried: Sequence[Value]) -> list[Value]:
    """The fixed point: read the body once for its shapes; results may read all that goes in."""
    names = [entry.name for entry in body.inputs]
    given = [known(0), known(True), *carried]
    prefix = f"{scope.prefix}{call.node.label}/turn/"
    once = _deeper(call.tracer, scope.inner(body, dict(zip(names, given, strict=True)), prefix))
    results: list[Value] = []
    sources = _reached(call, scope, body)
    for place, value in enumerate(once[1:]):
        if place < len(carried):
            if value.shape != carried[place].shape:
                raise InvalidModelError(
                    "the shape of what it carries changes from turn to turn, and how many turns "
                    "there are depends on the data"
                )
            results.append(_everything(call, sources, value.shape))
        else:
            raise InvalidModelError("how many results it collects depends on the data")
    return results


def _reached(call: Call, scope: Scope, body: GraphRecord) -> list[Value]:
    """All values that a body can read from outside: its inputs and what it captures."""
    found = [v for v in call.inputs if v is not None]
    found += [scope.find(name) for name in sorted(body.captured)]
    flat: list[Value] = []
    for value in found:
        flat += value.items if value.items is not None else [value]
    unique = {value.index: value for value in flat if value.index is not None}
    return list(unique.values())


def _everything(call: Call, sources: Sequence[Value], shape: Sequence[int]) -> Value:
    op = ops.opaque([value.shape for value in sources], shape, kind=call.op.lower())
    return call.tracer.step(call, op, sources)


def _stacked(call: Call, held: Sequence[Value], axis: int) -> Value:
    """Results of all turns, one after the other along a new axis."""
    if not held:
        raise InvalidModelError("it takes no turn, so what it collects has no shape")
    wide: list[Value] = []
    for value in held:
        shape = value.shape
        at = axis if axis >= 0 else axis + len(shape) + 1
        wide.append(
            call.tracer.step(call, layout.reshape(shape, (*shape[:at], 1, *shape[at:])), [value])
        )
    at = axis if axis >= 0 else axis + len(held[0].shape) + 1
    op = layout.concat(*(value.shape for value in wide), axis=at)
    return call.tracer.step(call, op, wide)


def read_scan(call: Call, scope: Scope) -> list[Value]:
    """Step by step along the scanned axes, or bounded where there are too many steps."""
    body = _subgraph(call, "body")
    if call.opset < 9:
        raise InvalidModelError("Scan of opset 8 is not read")
    scans = call.int("num_scan_inputs", 0)
    count = len(call.inputs) - scans
    inputs = [call.value(k) for k in range(len(call.inputs))]
    if not 0 < scans <= len(inputs) or len(body.inputs) != len(inputs):
        raise InvalidModelError("the inputs of its body do not fit")
    collected = len(body.outputs) - count
    axes_in = call.ints("scan_input_axes") or [0] * scans
    axes_out = call.ints("scan_output_axes") or [0] * collected
    back_in = call.ints("scan_input_directions") or [0] * scans
    back_out = call.ints("scan_output_directions") or [0] * collected
    if not (len(axes_in) == len(back_in) == scans and len(axes_out) == len(back_out) == collected):
        raise InvalidModelError("its axes or directions do not fit")
    state, scanned = inputs[:count], inputs[count:]
    axes_in = [a % max(1, len(v.shape)) for a, v in zip(axes_in, scanned, strict=True)]
    steps = scanned[0].shape[axes_in[0]]
    if any(v.shape[a] != steps for a, v in zip(axes_in, scanned, strict=True)):
        raise bad_shapes("Scan", [v.shape for v in scanned], "the scanned sizes differ")
    if steps > TURNS or steps * len(body.nodes) > NODES or steps == 0:
        return _scan_bounded(call, scope, body, state, scanned, axes_in, axes_out, steps)
    names = [entry.name for entry in body.inputs]
    held: list[list[Value]] = [[] for _ in range(collected)]
    for turn in range(steps):
        parts = [
            call.tracer.step(
                call, layout.select(v.shape, a, steps - 1 - turn if back else turn), [v]
            )
            for v, a, back in zip(scanned, axes_in, back_in, strict=True)
        ]
        given = dict(zip(names, [*state, *parts], strict=True))
        inner = scope.inner(body, given, f"{scope.prefix}{call.node.label}/{turn}/")
        results = _deeper(call.tracer, inner)
        state = results[:count]
        for k, value in enumerate(results[count:]):
            held[k].insert(0, value) if back_out[k] else held[k].append(value)
    return [*state, *(_stacked(call, h, a) for h, a in zip(held, axes_out, strict=True))]


def _scan_bounded(
    call: Call, scope: Scope, body: GraphRecord, state: Sequence[Value],
    scanned: Sequence[Value], axes_in: Sequence[int], axes_out: Sequence[int], steps: int,
) -> list[Value]:  # fmt: skip
    names = [entry.name for entry in body.inputs]
    parts = [
        call.tracer.step(call, layout.select(v.shape, a, 0), [v])
        if steps else Value((*v.shape[:a], *v.shape[a + 1 :]))
        for v, a in zip(scanned, axes_in, strict=True)
    ]  # fmt: skip
    given = dict(zip(names, [*state, *parts], strict=True))
    prefix = f"{scope.prefix}{call.node.label}/turn/"
    once = _deeper(call.tracer, scope.inner(body, given, prefix))
    sources = _reached(call, scope, body)
    results = [_everything(call, sources, value.shape) for value in once[: len(state)]]
    for value, axis in zip(once[len(state) :], axes_out, strict=True):
        at = axis if axis >= 0 else axis + len(value.shape) + 1
        shape = (*value.shape[:at], steps, *value.shape[at:])
        results.append(_everything(call, sources, shape))
    return results


def read_sequence_map(call: Call, scope: Scope) -> list[Value]:
    """The body for each element of the sequences."""
    body = _subgraph(call, "body")
    first = call.value(0).items
    if first is None:
        raise InvalidModelError("input 0 is no sequence")
    names = [entry.name for entry in body.inputs]
    collected: list[list[Value]] = [[] for _ in body.outputs]
    for turn in range(len(first)):
        given = [v.items[turn] if v.items is not None else v for v in call.given]
        inner = scope.inner(
            body, dict(zip(names, given, strict=True)), f"{scope.prefix}{call.node.label}/{turn}/"
        )
        for held, value in zip(collected, _deeper(call.tracer, inner), strict=True):
            held.append(value)
    return [Value((), items=held) for held in collected]


BODIES: dict[str, Callable[[Call, Scope], list[Value]]] = {
    "If": read_if, "Loop": read_loop, "Scan": read_scan, "SequenceMap": read_sequence_map,
}  # fmt: skip
