"""Accuracy against the field: linear fits with their intervals, for one question after another.

Every fit is an ordinary least-squares fit of top-1 accuracy (in points, that is per cent) against
the binary logarithm of a size, so that its slope is the points that a doubling goes with. It says
what goes together in models that people published, and not what causes what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import isfinite, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SurveyError
from ..present.report import Column, Report, Show, tabulate
from .accuracy import ArticlePoint, Point, article_points

Floats = NDArray[np.float64]
Quantity = Callable[[Any], float]

FEWEST = 4
"""A family of fewer models says nothing of what goes on within families."""


@dataclass(frozen=True, slots=True)
class Fit:
    """``top1 = intercept + slope * log2(size) + …``: the slope with its interval of 95 %.

    ``others``: the quantities that are held constant. ``r2``: the share of the variance explained,
    by the size alone where nothing is held constant.
    """

    models: str
    quantity: str
    others: str
    count: int
    families: int
    slope: float
    low: float
    high: float
    intercept: float
    r2: float


def log_fit(sizes: Sequence[float], values: Sequence[float]) -> tuple[float, float, float]:
    """``values = a + b * ln(sizes)``: a, b and R².

    >>> tuple(round(number, 6) for number in log_fit([1, np.e, np.e**2], [1, 3, 5]))
    (1.0, 2.0, 1.0)
    """
    x: Floats = np.log(np.asarray(sizes, dtype=np.float64))
    y: Floats = np.asarray(values, dtype=np.float64)
    b, a = np.polyfit(x, y, 1)
    left = float(((y - a - b * x) ** 2).sum())
    return float(a), float(b), 1 - left / float(((y - y.mean()) ** 2).sum())


def fits(points: Sequence[Point]) -> list[Fit]:
    """All fits, from the article's ten points to models with all else held constant."""
    convolutional = [p for p in points if not p.is_global]
    whole = [p for p in points if p.is_global]
    found = [_article(article_points())]
    alone = [name for name in QUANTITIES if name != "strict r"]  # of these r itself
    found += [_fit("convolutional", convolutional, name) for name in alone]
    found += [
        _fit("convolutional", convolutional, "r", others)
        for others in (("MACs", "parameters"), ("family",), ("MACs", "parameters", "family"))
    ]
    found.append(_fit("convolutional", convolutional, "σ", ("MACs", "parameters", "family")))
    for others in ((), ("MACs", "parameters"), ("MACs", "parameters", "family")):
        found.append(_fit("with global layers", whole, "r", others))
    for others in ((), ("MACs", "parameters"), ("MACs", "parameters", "family")):
        found.append(_fit("all", points, "r", ("global", *others)))
        found.append(_fit("all", points, "strict r", others))
    return [fit for fit in found if fit is not None]


def of_families(points: Sequence[Point]) -> list[Fit]:
    """The fit within each family of convolutional models that has enough of them."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        if not point.is_global:
            groups.setdefault(point.family, []).append(point)
    fitted = (_fit(name, group, "r") for name, group in groups.items() if len(group) >= FEWEST)
    return sorted((fit for fit in fitted if fit is not None), key=lambda fit: -fit.count)


QUANTITIES: dict[str, Quantity] = {
    "r": lambda point: point.size,
    "σ": lambda point: point.sigma or 0.0,
    "r / input": lambda point: point.share,
    "strict r": lambda point: point.strict,
    "MACs": lambda point: point.macs,
    "parameters": lambda point: point.parameters,
}
"""What top-1 is fitted against: always its binary logarithm."""


def _article(points: Sequence[ArticlePoint]) -> Fit | None:
    x = np.array([log2(point.size) for point in points])
    y = np.array([100 * point.top1 for point in points])
    return _regressed("the article's ten", "r", (), x, y, [], [point.family for point in points])


def _fit(
    models: str, points: Sequence[Point], quantity: str, others: Sequence[str] = ()
) -> Fit | None:
    used = [point for point in points if QUANTITIES[quantity](point) > 0]
    columns: list[Floats] = []
    for other in others:
        if other == "family":
            columns += _indicators([point.family for point in used])
        elif other == "global":
            columns.append(np.array([float(point.is_global) for point in used]))
        else:
            columns.append(np.array([log2(QUANTITIES[other](point)) for point in used]))
    x = np.array([log2(QUANTITIES[quantity](point)) for point in used])
    y = np.array([point.top1 for point in used])
    return _regressed(models, quantity, others, x, y, columns, [p.family for p in used])


def _regressed(
    models: str, quantity: str, others: Sequence[str], x: Floats, y: Floats,
    columns: Sequence[Floats], families: Sequence[str],
) -> Fit | None:  # fmt: skip
    """None where there are too few models, or all have the same size."""
    count, groups = len(x), len(set(families))
    if count < len(columns) + 3 or len(set(x.tolist())) < 3:
        return None
    api = _statsmodels()
    design = np.column_stack([np.ones(count), x, *columns])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    model = api.OLS(y, design)
    # Models of a family are no independent witnesses; of a few families nothing else can be said.
    codes = np.unique(families, return_inverse=True)[1]
    clustered = {"cov_type": "cluster", "cov_kwds": {"groups": codes}, "use_t": True}
    fitted = model.fit(**(clustered if groups >= _MANY else {}))
    low, high = fitted.conf_int()[1]
    found = Fit(
        models, quantity, ", ".join(others), count, groups, float(fitted.params[1]), float(low),
        float(high), float(fitted.params[0]), float(fitted.rsquared),
    )  # fmt: skip
    return found if isfinite(found.low) else None


_MANY = 10
"""Families from which on intervals allow for likeness within them (cluster-robust)."""


def _indicators(families: Sequence[str]) -> list[Floats]:
    """A column for each family but the first: what is left is what differs within families."""
    names = sorted(set(families))[1:]
    return [np.array([float(family == name) for family in families]) for name in names]


def _statsmodels() -> Any:  # noqa: ANN401  # an optional package
    try:
        return import_module("statsmodels.api")
    except ImportError:
        raise SurveyError(
            "fits with intervals need statsmodels, which is not installed.\n"
            '  Install it: pip install statsmodels   (or: pip install "rfield[survey]")'
        ) from None


def fits_report(points: Sequence[Point]) -> Report:
    """The fits as tables."""
    every, families = fits(points), of_families(points)
    return Report(
        schema="rfield.accuracy/1",
        title=f"ImageNet top-1 against the field: {len(points):,} models",
        parts=(tabulate(_SHOWN, every), tabulate(_FAMILIES, families)),
        notes=(
            "slope: points of top-1 that go with a doubling, with its interval of 95 %",
            "strict r: the size of the image where a layer reads a whole axis, else r",
            "r without whole-axis reads; σ of the analytic influence on the model's own input",
            f"intervals: cluster-robust by family from {_MANY} families on, else of plain t",
            "one point an architecture: its best weights that saw ImageNet-1k only",
        ),
        records=tuple(_record(fit) for fit in (*every, *families)),
    )


def _record(fit: Fit) -> dict[str, object]:
    return {name: getattr(fit, name) for name in fit.__slots__}


def _slope(fit: Fit) -> str:
    return f"{fit.slope:+.2f}"


def _interval(fit: Fit) -> str:
    return f"{fit.low:+.2f} … {fit.high:+.2f}"


_NUMBERS: list[Show[Fit]] = [
    Show(Column("models"), lambda fit: str(fit.count)),
    Show(Column("families", tone="quiet"), lambda fit: str(fit.families)),
    Show(Column("slope", tone="key"), _slope),
    Show(Column("95 %"), _interval),
    Show(Column("R²"), lambda fit: f"{fit.r2:.2f}"),
]
_SHOWN: list[Show[Fit]] = [
    Show(Column("which", "left"), lambda fit: fit.models),
    Show(Column("against", "left"), lambda fit: fit.quantity),
    Show(Column("held constant", "left"), lambda fit: fit.others),
    *_NUMBERS,
]
_FAMILIES: list[Show[Fit]] = [
    Show(Column("within the family", "left"), lambda fit: fit.models),
    *_NUMBERS[:1], *_NUMBERS[2:],
]  # fmt: skip
