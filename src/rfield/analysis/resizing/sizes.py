"""Input sizes: what comes out, what goes in, and for which sizes all is well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import lcm
from operator import contains
from typing import Any, ClassVar, TypeVar

from ...core.arguments import listed
from ...core.graph import Graph
from ...core.lasting import lasting
from ...errors import InvalidModelError, unknown_name
from ..answer import Answer
from .edges import Finding
from .reading import CRITERIA, SAME, Resizing
from .scan import Scan
from .sizeset import SizeSet
from .together import Apart, apart

Result = TypeVar("Result")
Progress = Callable[[int, int | None], None] | None
"""Whom to tell how many sizes were read, and of how many, if that is known."""


@dataclass(frozen=True, repr=False)
class Sizes(Answer):
    """The input sizes that meet ``criteria``, per axis of ``axes``.

    ``sets``: a ``SizeSet`` per axis. ``target``: the output size that was asked for, if any.
    ``against``: per axis what speaks against other sizes, one example of each layer. ``basis``: how
    the answer is known. ``read_at``: the sizes that the model was read at, which along one axis the
    others keep; None where they are free. ``apart``: what is refused where all axes have such sizes
    at once.
    """

    schema: ClassVar[str] = "rfield.sizes/1"

    criteria: tuple[str, ...]
    axes: tuple[str, ...]
    sets: tuple[SizeSet, ...]
    against: tuple[tuple[str, ...], ...]
    basis: tuple[str, ...]
    read_at: tuple[int | None, ...]
    target: tuple[int, ...] | None = None
    apart: Apart = field(default_factory=Apart)

    @property
    def smallest(self) -> tuple[int | None, ...]:
        """The smallest size per axis, None where there is none."""
        return tuple(found.smallest for found in self.sets)

    def around(self, size: int) -> tuple[tuple[int, ...], ...]:
        """Per axis ``size`` itself, or the nearest sizes on both sides."""
        return tuple(found.around(size) for found in self.sets)

    def __contains__(self, size: Any) -> bool:
        """Whether one size, the same on all axes or one for each, is among them.

        Raises:
            UnresolvedSizeError: that is not known.
        """
        parts = listed(size)
        sizes: tuple[Any, ...] = (size,) * len(self.sets) if parts is None else tuple(parts)
        singly = len(sizes) == len(self.sets) and all(map(contains, self.sets, sizes))
        return singly and not self.apart.refuses(sizes, self.read_at)

    def __bool__(self) -> bool:
        return all(self.sets)

    def _facts(self) -> dict[str, Any]:
        return {
            "criteria": list(self.criteria),
            "axes": list(self.axes),
            "sizes": [found.as_dict() for found in self.sets],
            "smallest": list(self.smallest),
            "against": [list(lines) for lines in self.against],
            "basis": list(self.basis),
            "read_at": list(self.read_at),
            "target": None if self.target is None else list(self.target),
            "apart": self.apart.as_dict(),
        }

    def _told(self) -> str:
        shown = [str(found) for found in self.sets]
        if len(set(shown)) == 1:
            told = f"{', '.join(self.axes)}: {shown[0]}"
        else:
            told = "; ".join(f"{n}: {text}" for n, text in zip(self.axes, shown, strict=True))
        return f"{told}; not at once: {self.apart}" if self.apart else told


@dataclass(frozen=True, repr=False)
class SizeCheck(Answer):
    """What one input size does to a model.

    ``refused``: why the model does not take it, else empty. ``output``: the sizes of the output's
    positions. ``centers``: per axis those of its first and its last position, None where its field
    has no single pattern. ``findings``: each with the criterion that it speaks against.
    ``unlike``: what speaks against ``"same"``, which is not amiss by itself.
    """

    schema: ClassVar[str] = "rfield.size-check/1"

    axes: tuple[str, ...]
    sizes: tuple[int, ...]
    refused: str
    output: tuple[int, ...]
    centers: tuple[tuple[float, float] | None, ...]
    findings: tuple[tuple[str, Finding], ...]
    unlike: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        return not self.refused and not self.findings

    def holds(self, criterion: str) -> bool:
        """Whether the size meets one criterion."""
        known_criteria(criterion)
        against = (
            self.unlike if criterion == SAME else [n for n, _ in self.findings if n == criterion]
        )
        return not self.refused and not against

    def _facts(self) -> dict[str, Any]:
        return {
            "axes": list(self.axes),
            "sizes": list(self.sizes),
            "accepted": not self.refused,
            "refused": self.refused,
            "output": list(self.output),
            "centers": [None if pair is None else list(pair) for pair in self.centers],
            "findings": [
                {"criterion": name, "layer": f.layer, "axis": f.axis, "text": str(f)}
                for name, f in self.findings
            ],
        }

    def _told(self) -> str:
        head = "x".join(map(str, self.sizes))
        if self.refused:
            return f"{head}: refused: {self.refused}"
        came = "x".join(map(str, self.output)) or "no positions"
        lines = [f"{head} -> {came}", *(f"  {finding}" for _, finding in self.findings)]
        return "\n".join(lines)


def check_size(
    graph: Graph, size: object, output: str | None = None, *, wrt: str | None = None
) -> SizeCheck:
    """What happens at one input size."""
    resizing = Resizing(graph, output, wrt)
    sizes = resizing.per_axis("size", size)
    reading = resizing.at(sizes)
    if reading.refused:
        return SizeCheck(resizing.axes, sizes, reading.refused, (), (), ())
    findings = tuple((name, found) for name in CRITERIA for found in reading.against(name))
    return SizeCheck(
        resizing.axes, sizes, "", reading.output_shape, reading.centers, findings,
        reading.against(SAME),
    )  # fmt: skip


def output_size(
    graph: Graph, size: object, output: str | None = None, *, wrt: str | None = None
) -> tuple[int, ...]:
    """The size of the output for an input size, along the axes that it still has."""
    resizing = Resizing(graph, output, wrt)
    sizes = resizing.per_axis("input_size", size)
    reading = resizing.at(sizes)
    if reading.refused:
        raise InvalidModelError(_refusal(graph, sizes, reading.refused, output, wrt))
    return reading.output_shape


def input_size(
    graph: Graph, size: object, output: str | None = None, *, wrt: str | None = None,
    progress: Progress = None,
) -> Sizes:  # fmt: skip
    """All input sizes that give an output of ``size``, each read.

    ``size``: in the order of the output's axes, as ``output_size`` gives it.
    """
    resizing = Resizing(graph, output, wrt)
    targets = resizing.by_input_axis(resizing.per_axis("output_size", size))
    return _settled(graph, output, wrt, lambda scans: _giving(resizing, scans, targets), progress)


def _giving(resizing: Resizing, scans: Sequence[Scan], targets: tuple[int, ...]) -> Sizes:
    for name, scan in zip(resizing.axes, scans, strict=True):
        if not scan.moves:
            layer = resizing.output or resizing.graph.layer_of(resizing.graph.main)
            raise InvalidModelError(
                f"{layer} has no axis of its own along {name}, so no size can be asked for"
            )
    sets = tuple(s.giving(target) for s, target in zip(scans, targets, strict=True))
    near = tuple(
        () if found else (s.nearest_outputs(target),)
        for s, found, target in zip(scans, sets, targets, strict=True)
    )
    basis = tuple(scan.basis() for scan in scans)
    return Sizes(
        ("accepted",), resizing.axes, sets, near, basis, resizing.stated, targets,
        _apart(scans, sets),
    )  # fmt: skip


def valid_sizes(
    graph: Graph, criterion: str | Sequence[str] = "accepted", *, wrt: str | None = None,
    progress: Progress = None,
) -> Sizes:  # fmt: skip
    """The input sizes that meet a criterion, or several at once."""
    criteria = known_criteria(criterion)
    resizing = Resizing(graph, None, wrt)

    def answer(scans: Sequence[Scan]) -> Sizes:
        sets = tuple(scan.meeting(criteria) for scan in scans)
        against = tuple(scan.against(criteria) for scan in scans)
        basis = tuple(scan.basis(criteria) for scan in scans)
        return Sizes(
            criteria, resizing.axes, sets, against, basis, resizing.stated,
            apart=_apart(scans, sets),
        )  # fmt: skip

    return _settled(graph, None, wrt, answer, progress)


def _apart(scans: Sequence[Scan], sets: Sequence[SizeSet]) -> Apart:
    """What the axes do not say alone."""
    own = scans[0].resizing  # which has read most of it
    repeats = all(scan.periodic for scan in scans)
    step = lcm(*(scan.step for scan in scans)) if repeats else 0
    base = max(scan.base for scan in scans)
    return apart(sets, lambda sizes: not own.at(sizes).refused, base, step)


def known_criteria(criterion: str | Sequence[str]) -> tuple[str, ...]:
    """The criteria that are meant; ``"all"`` for every one."""
    if criterion == "all":
        return CRITERIA
    names = (criterion,) if isinstance(criterion, str) else tuple(criterion)
    for name in names:
        if name not in (*CRITERIA, SAME):
            raise unknown_name("criterion", str(name), [*CRITERIA, SAME, "all"])
    return names


def _settled(
    graph: Graph, output: str | None, wrt: str | None,
    answer: Callable[[Sequence[Scan]], Result], progress: Progress = None,
) -> Result:  # fmt: skip
    """An answer from scans; again where a size that had followed turned out to be otherwise."""
    resizing, scans = _scanned(graph, output, wrt)
    resizing.tell = progress
    scans = scans or _scan(resizing, scans)
    while True:
        resizing.overturned = False
        found = answer(scans)
        if not resizing.overturned:
            resizing.tell = None
            return found
        for scan in scans:
            scan.forget()


@lasting(4)
def _scanned(graph: Graph, output: str | None, wrt: str | None) -> tuple[Resizing, list[Scan]]:
    """Kept, with room for scans: several criteria are answered by the same readings."""
    return Resizing(graph, output, wrt), []


def _scan(resizing: Resizing, room: list[Scan]) -> list[Scan]:
    """A scan per axis, which reads sizes already."""
    room += [Scan(resizing, axis) for axis in range(len(resizing.axes))]
    return room


def _refusal(
    graph: Graph, sizes: Sequence[int], refused: str, output: str | None, wrt: str | None
) -> str:
    """What stops a size, and the nearest sizes that go through."""
    shown = "x".join(map(str, sizes))
    near = nearest(graph, sizes, output, wrt=wrt)
    return "\n  ".join([f"the model does not take an input of {shown}: {refused}", *near])


def nearest(
    graph: Graph, sizes: Sequence[int], output: str | None = None, *, wrt: str | None = None
) -> list[str]:
    """A line for each axis along which a size is refused: the nearest that are taken."""
    lines: list[str] = []
    resizing = Resizing(graph, output, wrt)
    sets = _settled(
        graph, output, wrt, lambda scans: [scan.meeting(("accepted",)) for scan in scans]
    )
    for name, legal, size in zip(resizing.axes, sets, sizes, strict=True):
        if legal.tells(size) and size not in legal:
            near = " and ".join(map(str, legal.around(size))) or "none"
            lines.append(f"along {name}: nearest {near}; smallest {legal.smallest}")
    return lines
