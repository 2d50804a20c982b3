"""An entry against a front end: what rfield claims, and what the framework really reads.

Shares no code with rfield: the framework runs the op, every input element is changed in turn, and
an output reads the element if its value changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, Protocol

import numpy as np

import rfield
from rfield.frontends.machine.rules import RuleTable

from .case import Case, Index
from .own import Compared, Own

CRASHES = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip
"""What rfield must not raise; one entry that crashes must not hide the others."""

Run = Callable[[Any], Any]


class FrontEnd(Protocol):
    """A file ``ops_in_<framework>``: builders by op and spelling, None where it has no variant."""

    CHANNEL: int
    REFUSALS: tuple[type[Exception], ...]
    BUILDERS: dict[str, dict[str, Callable[[Case], Any]]]
    OWN: Callable[[], Iterator[Own | Compared]]

    def read(self, model: Any, shape: Index, axes: Index) -> rfield.Graph: ...
    def run(self, model: Any) -> Run | None: ...


def variants(front: FrontEnd, cases: tuple[Case, ...]) -> Iterator[tuple[Case, str, Any]]:
    """Every entry with every spelling of its op that this front end has."""
    for case in cases:
        for spelling, build in front.BUILDERS.get(case.op, {}).items():
            yield case, spelling, build


def whole(front: FrontEnd, case: Case, at: Index, *, result: bool = False) -> Index:
    """An index of an entry as an index of the front end's tensor."""
    if result and case.batchless:
        return at
    if not case.image:
        return (0, *at)
    return (0, 0, *at) if front.CHANNEL == 1 else (0, *at, 0)


def shape_of(front: FrontEnd, case: Case) -> Index:
    """The shape of the front end's input."""
    if not case.image:
        return (1, *case.shape)
    return (1, 1, *case.shape) if front.CHANNEL == 1 else (1, *case.shape, 1)


def claims(front: FrontEnd, case: Case, model: Any) -> list[str]:
    """Where rfield says something else than the literal."""
    shape = shape_of(front, case)
    first = 2 if case.image and front.CHANNEL == 1 else 1
    axes = tuple(range(first, first + len(case.shape)))
    try:
        graph = front.read(model, shape, axes)
        field = rfield.receptive_field(graph)
    except rfield.RFieldError as error:
        return [] if case.error else [f"refused: {str(error).splitlines()[0]}"]
    except CRASHES as error:
        return [f"crashed: {type(error).__name__} {short_text(error)}"]
    if case.error:
        return ["read, though no such mode exists"]
    problems: list[str] = []
    exact = not case.bound
    for at, expected in case.expected.items():
        place = whole(front, case, at, result=True)
        if len(place) != len(field.output_shape):
            return [f"shape {field.output_shape}, which has no position {place}"]
        try:
            found = rfield.support(graph, tuple(place[axis] for axis in field.positions))
        except rfield.RFieldError as error:
            return [f"refused: {str(error).splitlines()[0]}"]
        says = positions_of(found)
        if says != expected:
            problems.append(f"{at} reads {short(says)}, right {short(expected)}")
        if (found.fidelity is rfield.Fidelity.EXACT) != exact:
            problems.append(f"{at} is {found.fidelity}, right {'EXACT' if exact else 'a bound'}")
    return problems


def measured(front: FrontEnd, case: Case, model: Any) -> list[str]:
    """Where the framework reads something else than the literal."""
    if case.error:
        return []
    try:
        return _measured(front, case, front.run(model))
    except front.REFUSALS as error:
        return [f"cannot be run: {type(error).__name__} {short_text(error)}"]


def _measured(front: FrontEnd, case: Case, run: Run | None) -> list[str]:
    if run is None:
        return []
    places = {at: whole(front, case, at, result=True) for at in case.expected}
    positions = {position: whole(front, case, position) for position in np.ndindex(*case.shape)}
    found = dependence(run, shape_of(front, case), positions, places)
    return [
        f"{at} really reads {short(found[at])}, the list says {short(expected)}"
        for at, expected in case.expected.items()
        if not (found[at] <= expected if case.bound else found[at] == expected)
    ]


def dependence(
    run: Run, shape: Index, positions: dict[Index, Index], places: dict[Index, Any],
    steps: tuple[float, ...] = (10.0, -10.0),
) -> dict[Index, set[Index]]:  # fmt: skip
    """The positions a change of which changes the values at each place."""
    found: dict[Index, set[Index]] = {at: set() for at in places}
    for seed in (1, 2)[: len(steps)]:
        base = np.random.default_rng(seed).uniform(0.5, 1.5, shape)
        plain = np.asarray(run(base))
        for position, index in positions.items():
            for step in steps:
                changed = base.copy()
                changed[index] += step
                after = np.asarray(run(changed))
                for at, place in places.items():
                    if position not in found[at] and differs(after[place], plain[place]):
                        found[at].add(position)
    return found


def differs(after: Any, before: Any) -> bool:
    """Whether values changed; becoming or ceasing to be a number is a change."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(np.asarray(after, complex) - np.asarray(before, complex))
    same = np.asarray((after == before) | (np.isnan(after) & np.isnan(before)))
    return bool((~same & ~(apart <= 1e-4)).any())


def own(front: FrontEnd, entry: Own | Compared) -> tuple[list[str], list[str]]:
    """Where an entry of one front end differs: claimed, measured."""
    if isinstance(entry, Compared):
        try:
            return entry.problems(), []
        except (rfield.RFieldError, *CRASHES) as error:
            return [f"crashed: {type(error).__name__} {short_text(error)}"], []
    says: list[str] = []
    measured: dict[Any, dict[Index, set[Index]]] = {}  # by the axes that have positions
    for form, model in {"": entry.model, **entry.forms}.items():
        before = f"{form}: " if form else ""
        try:
            graph = front.read(model, entry.shape, tuple(range(len(entry.shape))))
            field = rfield.receptive_field(graph)
            if field.positions not in measured:
                measured[field.positions] = really_read(front, entry, field)
        except rfield.RFieldError as error:
            says.append(f"{before}refused: {short_text(error)}")
        except front.REFUSALS as error:
            return says, [f"{before}cannot be run: {type(error).__name__} {short_text(error)}"]
        except CRASHES as error:
            says.append(f"{before}crashed: {type(error).__name__} {short_text(error)}")
        else:
            found = wrong_claims(entry, graph, field, measured[field.positions])
            says += [before + problem for problem in found]
    does = [
        f"{at} really reads {short(real)}, the list says {short(entry.expected[at])}"
        for found in measured.values()
        for at, real in found.items()
        if at in entry.expected
        and not (
            real <= entry.expected[at] if entry.bound or entry.blind else real == entry.expected[at]
        )
    ]
    return says, does


def really_read(front: FrontEnd, entry: Own, field: Any) -> dict[Index, set[Index]]:
    """The dependence of an entry measured where it has literals, else at three places."""
    if entry.unrun:
        return {at: set(reads) for at, reads in entry.expected.items()}
    rank, listed = len(field.output_shape), field.positions
    places = {
        at: tuple(at[axis] if axis in listed else slice(None) for axis in range(rank))
        for at in list(entry.expected) or chosen(field.output_shape)
    }
    positions = {position: position for position in np.ndindex(*entry.shape)}
    steps = (10.0, -10.0) if entry.blind else (np.nan,)
    return dependence(front.run(entry.model), entry.shape, positions, places, steps)


def wrong_claims(
    entry: Own, graph: Any, field: Any, measured: dict[Index, set[Index]]
) -> list[str]:
    """Where rfield says something else than the literals, or without them than was measured."""
    rank = len(field.output_shape)
    if any(len(at) != rank for at in entry.expected):
        return [f"shape {field.output_shape}, which has no position {next(iter(entry.expected))}"]
    says: list[str] = []
    inside = (entry.bound or entry.blind) and not entry.reads
    for at, real in measured.items():
        found = rfield.support(graph, tuple(at[axis] for axis in field.positions))
        claimed, right = positions_of(found), entry.expected.get(at, real)
        if not (claimed >= right if inside else claimed == right):
            says.append(f"{at} reads {short(claimed)}, right {short(right)}")
        if (found.fidelity is rfield.Fidelity.EXACT) == entry.bound:
            says.append(f"{at} is {found.fidelity}, right {'a bound' if entry.bound else 'EXACT'}")
    return says


def chosen(shape: Index) -> list[Index]:
    """The first, the middle and the last index of an output."""
    return [tuple(0 for _ in shape), tuple(n // 2 for n in shape), tuple(n - 1 for n in shape)]


def positions_of(found: Any) -> set[Index]:
    """The input indices of a support."""
    offset = np.array(found.offset, int)
    return {tuple((np.array(p) + offset).tolist()) for p in np.argwhere(found.mask)}


def short_text(error: Exception) -> str:
    """The first line of an error."""
    return str(error).partition("\n")[0][:160]


def short(positions: Set[Index]) -> str:
    """A set of positions on one line."""
    ordered = sorted(positions)
    return ", ".join(map(str, ordered[:6])) + (f" … ({len(ordered)})" if len(ordered) > 6 else "")


@contextmanager
def recording(table: RuleTable) -> Iterator[set[str]]:
    """The names of a table whose rule functions are called inside the ``with``."""
    called: set[str] = set()
    rules = table._rules  # the table has no other door for a test to watch its functions
    before = dict(rules)

    def watched(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            called.add(name)
            return function(*args, **options)

        return call

    for name, rule in before.items():
        rules[name] = replace(rule, function=watched(name, rule.function))
    try:
        yield called
    finally:
        rules.clear()
        rules.update(before)


def missing(table: RuleTable, called: Set[str]) -> tuple[list[str], list[str], int]:
    """Rule functions that nothing called, names that nothing reached, and how many functions."""
    functions = {id(rule.function): rule for _, rule in table.items()}
    used = {id(rule.function) for name, rule in table.items() if name in called}
    rules = [
        f"{rule.family}.{rule.function.__name__}"
        for key, rule in functions.items()
        if key not in used
    ]
    return sorted(rules), sorted(set(table) - called), len(functions)
