"""Which report shows which answer; and any answer in any form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, cast

from ..analysis.answer import Answer
from . import records, writing
from .report import Facts, Report

REPORTS = {
    "Alignment": "align:align_report",
    "Centers": "design:centers_report",
    "Cost": "cost:cost_report",
    "Explanation": "explain:explain_report",
    "Fits": "design:fits_report",
    "Influence": "influence:influence_report",
    "PathFields": "design:paths_report",
    "ReceptiveField": "field:field_report",
    "ShiftEquivariance": "sizes:shifts_report",
    "SizeCheck": "sizes:check_report",
    "Sizes": "sizes:answer_report",
    "StreamPlan": "stream:stream_report",
    "Support": "support:support_report",
    "TilePlan": "tiles:tiles_report",
    "Verification": "verify:verify_report",
}
"""``module:function`` here, by the class of the answer."""


def report_of(answer: Answer) -> Report:
    """The report that shows an answer, and what that rests on."""
    return _own(answer).resting_on(answer.premises)


def _own(answer: Answer) -> Report:
    own = getattr(answer, "report", None)
    if isinstance(own, Report):
        return own
    if type(answer).__name__ not in REPORTS:
        return _plain(answer)
    module, _, function = REPORTS[type(answer).__name__].partition(":")
    home = import_module(f".{module}", __package__)
    return cast("Callable[[Answer], Report]", getattr(home, function))(answer)


def _plain(answer: Answer) -> Report:
    """The facts of a short answer, one a line."""
    facts = answer.as_dict()
    del facts["schema"]
    pairs = tuple((name.replace("_", " "), _shown(value)) for name, value in facts.items())
    title = type(answer).__name__.lower()
    parts = (Facts(pairs),)
    return Report(
        answer.schema, title, parts, facts=facts | {"schema": answer.schema}, records=(facts,)
    )


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(item) for item in cast("Sequence[object]", value))
    if isinstance(value, Mapping):
        return f"{len(cast('Mapping[object, object]', value))} entries"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def written(answer: Answer, form: str) -> Any:  # noqa: ANN401  # text, or a DataFrame
    """An answer in one form: a name of ``writing.FORMS``, ``"pandas"`` or ``"polars"``."""
    report = report_of(answer)
    if form in ("pandas", "polars"):
        return records.to_frame(report, form)
    return writing.as_text(report, form)
