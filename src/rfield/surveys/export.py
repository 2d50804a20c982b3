"""Rows for other programs: CSV, a list of flat JSON objects, Parquet.

JSON keeps everything exactly: a fraction is the string ``"1/2"``, an unbounded size
``"unbounded"``. CSV and Parquet hold numbers: a fraction becomes a decimal, unbounded infinity.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from fractions import Fraction
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

from ..errors import SurveyError
from .columns import PER_AXIS, Row, flat

FORMS = ("csv", "json", "parquet")
_EXACT = {*PER_AXIS, "worst_offset"}


def to_json(rows: Sequence[Row]) -> str:
    """A list with one flat object a row, all with the same names."""
    return json.dumps(list(flat(rows)), indent=1, allow_nan=False) + "\n"


def to_csv(rows: Sequence[Row]) -> str:
    """One line a row under one header."""
    plain = numbers(rows)
    out = StringIO()
    writer = csv.DictWriter(out, list(plain[0]) if plain else ["spec"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain)
    return out.getvalue()


def to_parquet(rows: Sequence[Row], path: Path) -> None:
    """A Parquet file with the columns of the CSV.

    Raises:
        SurveyError: pyarrow is not installed.
    """
    try:
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise SurveyError(
            "Parquet needs pyarrow, which is not installed.\n"
            '  Install it: pip install pyarrow   (or: pip install "rfield[survey]")'
        ) from None
    parquet.write_table(arrow.Table.from_pylist(numbers(rows)), path)


def numbers(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Flat rows of numbers and texts; a column of numbers holds nothing else."""
    found = [dict(row) for row in flat(rows)]
    names = list(found[0]) if found else []
    for name in names:
        stem = name.rpartition("_")[0]
        if name in _EXACT or stem in _EXACT:
            values = [_number(row[name]) for row in found]
            if any(isinstance(value, float) for value in values):
                values = [None if value is None else float(value) for value in values]
            for row, value in zip(found, values, strict=True):
                row[name] = value
    return found


def _number(value: object) -> Any:  # noqa: ANN401  # an integer, a decimal or nothing
    if value == "unbounded":
        return float("inf")
    if isinstance(value, str):
        exact = Fraction(value)
        return int(exact) if exact.denominator == 1 else float(exact)
    return value
