"""A report for programs: JSON with a schema version, CSV and a DataFrame of plain columns.

JSON keeps everything exactly: a fraction is the string ``"1/2"``, an unbounded size
``"unbounded"``, an unknown value ``null`` (the reason stands beside it). CSV and DataFrame have one
column per field and axis and hold numbers: a fraction becomes a decimal, unbounded becomes
``inf``, unknown is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from fractions import Fraction
from importlib import import_module
from io import StringIO
from typing import Any, cast

from ..analysis.plain import plain
from ..errors import RFieldError
from ..version import __version__
from .report import Record, Report
from .text import visible
from .values import is_unbounded


def to_json(report: Report) -> str:
    """Schema, facts, then the rows; ASCII only, so that no name can disturb what reads it."""
    import json

    facts = {key: value for key, value in report.facts.items() if key != "schema"}
    document = {"schema": report.schema, "rfield": __version__, **facts}
    document["axes"] = report.axes or facts.get("axes", ())
    document["rows"] = list(report.records)
    document["notes"] = report.notes
    return json.dumps(plain(document), indent=2, allow_nan=False) + "\n"


def to_csv(report: Report) -> str:
    """One line per row under one header; names are escaped as in text, so a line is a row."""
    import csv

    rows = [flatten(record, report) for record in report.records]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_csv_cell(row.get(column)) for column in columns] for row in rows)
    return out.getvalue()


def to_frame(report: Report, library: str) -> Any:  # noqa: ANN401  # an optional library's type
    """The CSV's columns as a ``DataFrame`` of ``"pandas"`` or ``"polars"``."""
    try:
        home = import_module(library)
    except ImportError:
        raise RFieldError(
            f"to_{library}() needs {library}, which is not installed.\n"
            f"  Install it: pip install {library}"
        ) from None
    rows = [flatten(record, report) for record in report.records]
    names = dict.fromkeys(name for row in rows for name in row)
    return home.DataFrame({name: _of_one_type([row.get(name) for row in rows]) for name in names})


def _of_one_type(values: list[object]) -> list[object]:
    """A column as a DataFrame holds it: numbers, where one is a decimal all; else text."""
    known = [value for value in values if value is not None]
    for kinds, to in (((bool,), bool), ((int,), int), ((int, float), float)):
        if all(isinstance(value, kinds) for value in known):
            return [None if value is None else to(cast("Any", value)) for value in values]
    return [None if value is None else str(value) for value in values]


def flatten(record: Record, report: Report) -> dict[str, object]:
    """One plain value per column: ``size`` over axes y and x becomes ``size_y`` and ``size_x``."""
    flat: dict[str, object] = {}
    for key, value in record.items():
        if key in report.per_axis and isinstance(value, (tuple, list)):
            for axis, item in zip(report.axes, cast("Sequence[object]", value), strict=True):
                flat[f"{key}_{axis}"] = _plain(item)
        else:
            flat[key] = _plain(value)
    return flat


def _plain(value: object) -> object:
    if is_unbounded(value):
        return float("inf")
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        items = [_plain(item) for item in cast("Sequence[object]", value)]
        if all(isinstance(item, (int, float)) or item is None for item in items):
            return "x".join("?" if item is None else str(item) for item in items)
        return " ".join(str(item) for item in items)
    return value


def _csv_cell(value: object) -> object:
    return visible(value) if isinstance(value, str) else value
