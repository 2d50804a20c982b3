"""Two models side by side: the layers whose field or cost differs, and those that only one has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, ClassVar, Literal, cast, overload

from ..analysis.answer import Answer
from ..analysis.geometry.matching import Key, matched
from . import values
from .described import Described, DescribedInput, DescribedLayer, FieldNumbers
from .report import Column, Facts, Part, Remark, Report, Show, tabulate
from .text import shorten
from .writing import printed

ROWS = 30
"""As many rows are read at one look."""

What = Literal["changed", "added", "removed"]

_PARTS: tuple[tuple[str, str], ...] = (
    ("size", "size r"),
    ("stride", "stride S"),
    ("padding", "padding P"),
    ("center", "center"),
    ("whole", "global"),
    ("fidelity", "fidelity"),
)
_COSTS: tuple[tuple[str, str], ...] = (
    ("macs", "multiply-adds"),
    ("parameters", "parameters"),
)
_TITLES: dict[str, str] = dict([*_PARTS, *_COSTS])


@dataclass(frozen=True, slots=True)
class Change:
    """One number of one layer that differs, or a layer that only one model has.

    Attributes:
        what: ``"changed"``, ``"added"`` (only B has the layer) or ``"removed"`` (only A).
        layer: its name in A; in B where A has none; empty for the model as a whole.
        other: its name in B; empty where B has none, or for the model as a whole.
        part: what differs: size, stride, padding, center, whole (global reads), fidelity, macs,
            parameters; for the model also input. Empty for a layer that was added or removed.
        wrt: the input in which the field is measured; empty for a cost.
        a: in A, None where there is no such number; per axis where it is a field's.
        b: in B.
    """

    what: What
    layer: str
    other: str
    part: str = ""
    wrt: str = ""
    a: object = None
    b: object = None


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Answer, Sequence[Change]):
    """What differs between A and B, in the order of computation; empty, thus False, if nothing.

    ``str()`` is the table of the first ``rows`` differences (None: of all): a layer that differs
    makes those after it differ. What is written for programs always has all of them. ``labels``:
    what the two are called; ``hint``: what to do, where they differ.
    """

    schema: ClassVar[str] = "rfield.diff/1"

    title_a: str
    title_b: str
    changes: tuple[Change, ...]
    compared: int
    rows: int | None = ROWS
    labels: tuple[str, str] = ("A", "B")
    hint: str = ""

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Change]: ...
    def __getitem__(self, index: int | slice) -> Change | Sequence[Change]:
        """A difference, or several."""
        return self.changes[index]

    def __len__(self) -> int:
        """How many differences there are."""
        return len(self.changes)

    def _told(self) -> str:
        """The table as plain text."""
        return printed(self.report)

    def __repr__(self) -> str:
        titles = f"{shorten(self.title_a, 60)} | {shorten(self.title_b, 60)}"
        return f"Comparison({titles}: {self.verdict})"

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that differ, those of one model alone among them."""
        return tuple(dict.fromkeys(change.layer for change in self.changes if change.layer))

    @property
    def verdict(self) -> str:
        """The answer in one line."""
        if not self.changes:
            return f"nothing differs in {_layers(self.compared)}"
        counts: dict[What, int] = {"changed": 0, "added": 0, "removed": 0}
        told_of = {(change.layer, change.other): change for change in self.changes if change.layer}
        for change in told_of.values():
            counts[change.what] += 1
        verbs: dict[What, str] = {"changed": "differ", **_only(self.labels)}
        told = [f"{n} {verbs[what]}" for what, n in counts.items() if n]
        if not told:
            return "the models differ, no layer does"
        return f"of {_layers(self.compared)} {', '.join(told)}"

    def _facts(self) -> dict[str, Any]:
        changes = [_record(change) for change in self.changes]
        return {"a": self.title_a, "b": self.title_b, "compared": self.compared, "changes": changes}

    @property
    def report(self) -> Report:
        """The report tree that every form is written from."""
        one, other = self.labels
        parts: list[Part] = [Remark(self.verdict, good=not self.changes)]
        whole = [change for change in self.changes if not change.layer]
        if whole:
            pairs = [(_whole_title(change), _sides(change)) for change in whole]
            parts.append(Facts(tuple(pairs)))
        lines = _lines([change for change in self.changes if change.layer])
        shown = lines[: self.rows]
        if shown:
            parts.append(tabulate(_shows(self.labels), shown))
        return Report(
            schema=self.schema,
            title=f"{one}: {self.title_a} · {other}: {self.title_b}",
            parts=tuple(parts),
            notes=(*_notes(shown, len(lines)), *([self.hint] if self.hint else [])),
            facts=self.as_dict(),
            records=tuple(_record(change) for change in self.changes),
        )


def compare(
    a: Described, b: Described, *, rows: int | None = ROWS, labels: tuple[str, str] = ("A", "B")
) -> Comparison:
    """What differs between two models that were described."""
    mine, others = _inside(a.layers), _inside(b.layers)
    changes = [*_whole(a, b)]
    inputs = _partners(a.inputs, b.inputs)
    pairs = matched([_key(layer) for layer in mine], [_key(layer) for layer in others])
    for i, j in pairs:
        if i is None or j is None:
            layer = mine[i] if i is not None else others[j or 0]
            gone = j is None
            changes.append(
                Change("removed" if gone else "added", layer.name, "" if gone else layer.name)
            )
        else:
            changes.extend(_of_layer(mine[i], others[j], inputs, len(a.inputs) > 1))
    return Comparison(a.title, b.title, tuple(changes), len(pairs), rows, labels)


def _inside(layers: Sequence[DescribedLayer]) -> Sequence[DescribedLayer]:
    """Without a layer that all others lie in: that is the model itself, in a wrapper (`module`)."""
    kept: list[DescribedLayer] = list(layers)
    while len(kept) > 1:
        outer = min((layer.name for layer in kept), key=len)
        if sum(layer.name.startswith(f"{outer}.") for layer in kept) + 1 < len(kept):
            break
        kept = [layer for layer in kept if layer.name != outer]
    return kept


def _key(layer: DescribedLayer) -> Key:
    if layer.op is not None:
        return Key(layer.name, layer.op)
    return Key(layer.name, tuple(layer.fields.values()), named_alone=True)


def _partners(a: Mapping[str, object], b: Mapping[str, object]) -> dict[str, str]:
    """Which input of B is which of A: by name, the others in their order."""
    rest = [name for name in b if name not in a]
    rest_a = [name for name in a if name not in b]
    return {name: name for name in a if name in b} | dict(zip(rest_a, rest, strict=False))


def _whole(a: Described, b: Described) -> Iterator[Change]:
    """What differs in the models as a whole: inputs and totals."""
    inputs = _partners(a.inputs, b.inputs)
    for name, entry in a.inputs.items():
        other = b.inputs.get(inputs.get(name, ""))
        if entry != other:
            yield Change("changed", "", "", "input", name, entry, other)
    partners = set(inputs.values())
    for name, entry in b.inputs.items():
        if name not in partners:
            yield Change("changed", "", "", "input", name, None, entry)
    yield from _costs("", "", (a.macs, a.parameters), (b.macs, b.parameters))


def _costs(
    layer: str, other: str, a: Sequence[int | None], b: Sequence[int | None]
) -> Iterator[Change]:
    for (part, _), before, after in zip(_COSTS, a, b, strict=True):
        if before is not None and after is not None and before != after:
            yield Change("changed", layer, other, part, "", before, after)


def _of_layer(
    a: DescribedLayer, b: DescribedLayer, inputs: Mapping[str, str], several: bool
) -> Iterator[Change]:
    for name, other in inputs.items():
        before, after = a.fields.get(name), b.fields.get(other)
        wrt = name if several else ""
        for part, _ in _PARTS:
            x, y = _number(before, part), _number(after, part)
            if x != y:
                yield Change("changed", a.name, b.name, part, wrt, x, y)
    yield from _costs(a.name, b.name, (a.macs, a.parameters), (b.macs, b.parameters))


def _number(numbers: FieldNumbers | None, part: str) -> object:
    return None if numbers is None else getattr(numbers, part)


def _layers(count: int) -> str:
    return f"{count} layer{'s' * (count != 1)}"


def _cell(part: str, value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, DescribedInput):
        return f"{', '.join(value.axes)}: {values.shape(value.sizes)}"
    if isinstance(value, tuple):
        items = cast("tuple[Any, ...]", value)
        if part == "whole":
            return values.axes(items, lambda yes: "yes" if yes else "no")
        return values.position(items) if part == "center" else values.axes(items, values.number)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _sides(change: Change) -> str:
    return f"{_cell(change.part, change.a)} → {_cell(change.part, change.b)}"


def _whole_title(change: Change) -> str:
    return f"input {change.wrt}" if change.part == "input" else f"all {_TITLES[change.part]}"


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of the table: a difference, or ``count`` layers in a row that only one model has.

    ``name`` stands in the first row of a layer; what it is called in B in the second.
    """

    change: Change
    name: str
    count: int = 1

    def label(self, labels: tuple[str, str]) -> str:
        if self.change.what == "changed":
            return _TITLES.get(self.change.part, "")
        several = f"{self.count} layers " if self.count > 1 else ""
        return several + _only(labels)[self.change.what]


def _lines(changes: Sequence[Change]) -> list[_Line]:
    lines: list[_Line] = []
    for (layer, other, what), group in groupby(changes, lambda c: (c.layer, c.other, c.what)):
        found = list(group)
        if what != "changed":
            last = lines[-1] if lines else None
            if last and last.change.what == what:
                lines[-1] = replace(last, count=last.count + 1)
            else:
                lines.append(_Line(found[0], layer))
            continue
        if other != layer and len(found) == 1:
            found.append(Change("changed", layer, other))
        names = [layer, *([f"→ {other}"] if other != layer else [])]
        lines.extend(map(_Line, found, [*names, *[""] * len(found)]))
    return lines


def _only(labels: tuple[str, str]) -> dict[What, str]:
    return {"added": f"only in {labels[1]}", "removed": f"only in {labels[0]}"}


def _shows(labels: tuple[str, str]) -> list[Show[_Line]]:
    return [
        Show(Column("layer", "left", name=True), lambda line: line.name),
        Show(Column("input", "left", name=True), lambda line: line.change.wrt),
        Show(Column("", "left", tone="quiet"), lambda line: line.label(labels)),
        Show(Column(labels[0], tone="key"), lambda line: _side(line.change, line.change.a)),
        Show(Column(labels[1], tone="key"), lambda line: _side(line.change, line.change.b)),
    ]


def _side(change: Change, value: object) -> str:
    return _cell(change.part, value) if change.part else ""


def _notes(shown: Sequence[_Line], total: int) -> Iterator[str]:
    if len(shown) < total:
        yield f"the first {len(shown)} of {total} lines; CSV and JSON have all"
    parts = {line.change.part for line in shown}
    if parts & {"size", "stride", "padding"}:
        yield values.UNITS
    if "center" in parts:
        yield values.CENTER
    if "whole" in parts:
        yield "global: reads a whole axis, which r, S, P and center leave out"


def _record(change: Change) -> dict[str, object]:
    return {
        "what": change.what,
        "layer_a": "" if change.what == "added" else change.layer,
        "layer_b": change.other,
        "part": change.part,
        "input": change.wrt,
        "a": _plain(change.a),
        "b": _plain(change.b),
    }


def _plain(value: object) -> object:
    return value.sizes if isinstance(value, DescribedInput) else value
