"""What a model has to stay: its fields in a file of JSON, written by one release and read by any.

The file has names and numbers only, no op and nothing of a front end; numbers are strings of exact
fractions. A layer takes one line, so that a change reads well in a diff.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar, cast

from ..errors import RecordError, unknown_name
from .compare import Comparison, compare
from .described import Described, DescribedInput, DescribedLayer, FieldNumbers
from .report import Remark, Report
from .writing import in_place_of

SCHEMA = "rfield.fields/1"
LABELS = ("record", "model")

_FRACTION = re.compile(r"-?\d{1,18}(/[1-9]\d{0,17})?")
_FIDELITIES = ("exact", "upper bound")
_Item = TypeVar("_Item")


def against(path: Path, model: Described, only: str = "", hint: str = "") -> Comparison:
    """What differs between the record in ``path`` and ``model``; ``hint`` says what to do then.

    Raises:
        RecordError: there is no such file, it is no record that this release reads, or one of
            other layers than ``only``.
    """
    recorded = read(path)
    if only and only != recorded.only:
        held = f"the layers {recorded.only!r}" if recorded.only else "all layers"
        raise RecordError(f"{path}: {held} are recorded, not {only!r}. {_again(path)}")
    found = compare(recorded, as_recorded(model, recorded.only), labels=LABELS)
    return replace(found, hint=hint if found else "")


def as_recorded(model: Described, only: str = "") -> Described:
    """What a record holds of a model: no ops, no costs, no layers that read nothing."""
    layers = tuple(
        DescribedLayer(layer.name, layer.fields)
        for layer in model.layers
        if layer.fields and (not only or fnmatchcase(layer.name, only))
    )
    return Described(model.title, model.inputs, layers, only=only)


def write(path: Path, model: Described, only: str = "") -> Report:
    """Record ``model``, or those of its layers whose names match ``only``.

    Raises:
        RecordError: ``path`` holds something that is no record; it is not touched.
        UnknownNameError: no layer matches.
    """
    if path.exists():
        read(path)
    kept = as_recorded(model, only)
    if only and not kept.layers:
        raise unknown_name("layer", only, [layer.name for layer in model.layers])
    with in_place_of(path) as draft:
        draft.write_text(to_text(kept), encoding="ascii")
    count = len(kept.layers)
    return Report(
        schema="rfield.expect/1",
        title=f"{model.title} · recorded in {path}",
        parts=(Remark(f"{count} layer{'s' * (count != 1)} recorded"),),
        facts={"model": model.title, "record": str(path), "layers": count},
    )


def to_text(model: Described) -> str:
    """The record of a model."""
    inputs = [
        (name, {"axes": list(entry.axes), "sizes": list(entry.sizes)})
        for name, entry in model.inputs.items()
    ]
    layers = [
        (layer.name, {source: _numbers(found) for source, found in layer.fields.items()})
        for layer in model.layers
    ]
    chosen = f'  "only": {json.dumps(model.only)},\n' if model.only else ""
    parts = f'{chosen}  "inputs": {_lines(inputs)},\n  "layers": {_lines(layers)}\n'
    return f'{{\n  "schema": "{SCHEMA}",\n{parts}}}\n'


def _lines(pairs: list[tuple[str, dict[str, Any]]]) -> str:
    inner = ",\n".join(f"    {json.dumps(name)}: {json.dumps(entry)}" for name, entry in pairs)
    return f"{{\n{inner}\n  }}" if pairs else "{}"


def _numbers(found: FieldNumbers) -> dict[str, Any]:
    exact = {name: getattr(found, name) for name in ("size", "stride", "padding", "center")}
    return {
        **{name: [None if n is None else str(n) for n in many] for name, many in exact.items()},
        "global": list(found.whole),
        "fidelity": found.fidelity,
    }


def read(path: Path) -> Described:
    """The model that was recorded in ``path``."""
    if not path.exists():
        raise RecordError(f"{path}: there is no such file. {_again(path)}")
    try:
        document = _mapping(json.loads(path.read_text(encoding="utf-8")))
        schema = document.get("schema")
    except (ValueError, RecursionError, _WrongFormError):
        raise RecordError(f"{path}: this is not a record of fields ({SCHEMA})") from None
    if schema != SCHEMA:
        if isinstance(schema, str) and schema.startswith("rfield.fields/"):
            raise RecordError(
                f"{path}: a record of schema {schema[:40]}; this release reads {SCHEMA}.\n"
                "  Use the release of rfield that wrote it, or remove the file and record it again"
            )
        raise RecordError(f"{path}: this is not a record of fields ({SCHEMA})")
    try:
        return _described(path.name, document)
    except _WrongFormError as error:
        raise RecordError(
            f"{path}: the record is damaged: {error}.\n"
            "  Restore the file, or remove it and record it again"
        ) from None


def _again(path: Path) -> str:
    return f"Record the model:\n  rfield.expect(model, {str(path)!r}, update=True)"


class _WrongFormError(Exception):
    """A place in the file, and what should be there."""


def _described(title: str, document: Mapping[str, Any]) -> Described:
    inputs: dict[str, DescribedInput] = {}
    for name, entry in _mapping(document.get("inputs"), "inputs").items():
        given = _mapping(entry, name)
        axes = _each(given, "axes", name, _text)
        inputs[name] = DescribedInput(axes, _each(given, "sizes", name, _size, len(axes)))
    layers: list[DescribedLayer] = []
    for name, entry in _mapping(document.get("layers"), "layers").items():
        fields: dict[str, FieldNumbers] = {}
        for source, numbers in _mapping(entry, name).items():
            if source not in inputs:
                raise _WrongFormError(f"{name}: {source!r} is none of its inputs")
            fields[source] = _field(_mapping(numbers, name), name, len(inputs[source].axes))
        layers.append(DescribedLayer(name, fields))
    only = document.get("only", "")
    if not isinstance(only, str):
        raise _WrongFormError("only: expected text")
    return Described(title, inputs, tuple(layers), only=only)


def _field(given: Mapping[str, Any], layer: str, axes: int) -> FieldNumbers:
    sizes = _each(given, "size", layer, _exact, axes)
    if any(size is None or size.denominator != 1 for size in sizes):
        raise _WrongFormError(f"{layer}: size: expected whole numbers")
    fidelity = given.get("fidelity")
    if fidelity not in _FIDELITIES:
        raise _WrongFormError(f"{layer}: fidelity: expected {' or '.join(_FIDELITIES)}")
    return FieldNumbers(
        size=tuple(int(size or 0) for size in sizes),
        stride=_each(given, "stride", layer, _exact, axes),
        padding=_each(given, "padding", layer, _exact, axes),
        center=_each(given, "center", layer, _exact, axes),
        whole=_each(given, "global", layer, _yes_or_no, axes),
        fidelity=fidelity,
    )


def _mapping(value: object, where: str = "") -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _WrongFormError(f"{where}: expected an object")
    return cast("Mapping[str, Any]", value)


def _each(
    given: Mapping[str, Any], key: str, where: str, read_one: Callable[[object], _Item],
    count: int | None = None,
) -> tuple[_Item, ...]:  # fmt: skip
    items = given.get(key)
    if not isinstance(items, list):
        raise _WrongFormError(f"{where}: {key}: expected a list")
    items = cast("list[object]", items)
    if count is not None and len(items) != count:
        raise _WrongFormError(f"{where}: {key}: expected one value for each axis")
    try:
        return tuple(read_one(item) for item in items)
    except ValueError as error:
        raise _WrongFormError(f"{where}: {key}: {error}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected text")
    return value


def _size(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise ValueError("expected a number or null")
    return value


def _exact(value: object) -> Fraction | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _FRACTION.fullmatch(value):
        raise ValueError('expected a fraction such as "3/2", or null')
    return Fraction(value)


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value
