"""The article's figure, and the same for every model whose accuracy is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import exp, log
from pathlib import Path
from typing import Any

from ..present.plot import check_target, figure_kind, save_figure
from ..present.report import Column, Remark, Report, Show, tabulate
from .accuracy import ArticlePoint, Point, article_points
from .fits import QUANTITIES, log_fit

COLORS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#bcbd22",
    "#17becf", "#1b9e77", "#7570b3",
)  # fmt: skip
OTHERS = "#b0b0b0"
_BESIDE = {
    "vgg_16": (0, 13, "center"), "resnet_v1_50": (0, 8, "center"), "inception_v3": (0, 8, "center"),
    "inception_v4": (0, 10, "center"), "inception_resnet_v2": (-4, -16, "right"),
}  # fmt: skip
"""Where the names stand that would else lie on the curve or on each other."""
LABELS = {
    "r": "receptive field r of the last map, pixels",
    "σ": "σ of the analytic influence on the last map, pixels",
    "r / input": "r / size of the input",
}
"""The figures of the atlas: against what, and how the axis is called."""


def save_article(target: Path) -> tuple[float, float, float]:
    """Draw the article's ten points and their logarithmic fit; a, b and R² of ``a + b ln r``."""
    check_target(target)
    points = article_points()
    fit = log_fit([point.size for point in points], [100 * point.top1 for point in points])
    save_figure(article_figure(points, fit), target)
    return fit


def article_report(fit: tuple[float, float, float], target: str) -> Report:
    """The ten points and the fit, as a table."""
    a, b, r2 = fit
    points = article_points()
    shows: list[Show[ArticlePoint]] = [
        Show(Column("network", "left", name=True), lambda point: point.model),
        Show(Column("size r", tone="key"), lambda point: str(point.size)),
        Show(Column("top-1 %"), lambda point: f"{100 * point.top1:.1f}"),
        Show(Column("fitted"), lambda point: f"{a + b * log(point.size):.1f}"),
        Show(Column("GFLOPs", tone="quiet"), lambda point: f"{point.gflops:.2f}"),
    ]
    told = f"top-1 = {a:.2f} + {b:.2f} ln r, R² = {r2:.3f}: {b * log(2):+.2f} points a doubling"
    return Report(
        schema="rfield.article-figure/1",
        title=f"the article's figure: ImageNet top-1 against the field · {target}",
        parts=(tabulate(shows, points), Remark(told)),
        notes=(
            "sizes, accuracies and FLOPs are the article's, doi:10.23915/distill.00021 (CC-BY 4.0)",
        ),
        facts={"file": target, "a": a, "b": b, "r2": r2},
        records=tuple(point._asdict() for point in points),
    )


def article_figure(points: Sequence[ArticlePoint], fit: tuple[float, float, float]) -> Any:  # noqa: ANN401  # matplotlib's
    """Top-1 against the field of view, the area of a point by its FLOPs."""
    figure = figure_kind()(figsize=(6.4, 4.4), layout="constrained")
    plot = figure.add_subplot()
    families = list(dict.fromkeys(point.family for point in points))
    for color, family in zip(COLORS, families, strict=False):
        own = [point for point in points if point.family == family]
        plot.scatter(
            [point.size for point in own], [100 * point.top1 for point in own],
            s=[12 * point.gflops + 12 for point in own], color=color, alpha=0.75, linewidths=0,
            label=family.replace("_", " "),
        )  # fmt: skip
    for point in points:
        x, y, side = _BESIDE.get(point.model, (6, -11, "left"))
        plot.annotate(
            point.model.replace("_", " "), (point.size, 100 * point.top1), (x, y), ha=side,
            textcoords="offset points", fontsize="x-small", color="0.25",
        )  # fmt: skip
    a, b, r2 = fit
    ends = [point.size for point in points]
    _curve(plot, min(ends), max(ends), a, b)
    plot.set_title(f"top-1 = {a:.1f} + {b:.2f} ln r,  R² = {r2:.2f}", fontsize="medium")
    plot.set_xlabel("receptive field r of the last map, pixels")
    plot.set_ylabel("ImageNet top-1, %")
    plot.set_xlim(0, 1.05 * max(ends))
    told = plot.legend(fontsize="x-small", frameon=False, loc="lower right")
    for handle in told.legend_handles:
        handle.set_sizes([30])
    return figure


def accuracy_figure(points: Sequence[Point], quantity: str) -> Any:  # noqa: ANN401  # matplotlib's
    """Top-1 against one quantity: convolutional models on the left, those with global layers right.

    A point's colour is its family, its area grows with the multiply-adds.
    """
    figure = figure_kind()(figsize=(10, 5.2), layout="constrained")
    sides = figure.subplots(1, 2, sharex=True, sharey=True)
    shown = [point for point in points if QUANTITIES[quantity](point) > 0]
    common = [name for name, _ in Counter(point.family for point in shown).most_common(len(COLORS))]
    colors: dict[str, str] = dict(zip(common, COLORS, strict=False))
    for plot, is_global in zip(sides, (False, True), strict=True):
        own = [point for point in shown if point.is_global is is_global]
        _scatter(plot, own, quantity, colors)
        title = "with layers that read a whole axis" if is_global else "convolutional"
        plot.set_title(f"{title}: {len(own)} models", fontsize="medium")
        plot.set_xscale("log")
        plot.set_xlabel(LABELS[quantity])
        plot.grid(visible=True, color="0.92", linewidth=0.6)
        plot.set_axisbelow(True)
    low, high = sides[0].get_xlim()
    digits = (1, 2, 5) if high < 100 * low else (1, 3)
    ticks = [digit * 10.0**power for power in range(-4, 6) for digit in digits]
    ticks = [tick for tick in ticks if low <= tick <= high]
    for plot in sides:
        plot.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        plot.minorticks_off()
    sides[0].set_ylabel("ImageNet top-1, %")
    handles, labels = _legend(colors)
    figure.legend(handles, labels, loc="outside right center", fontsize="small", frameon=False)
    return figure


def save_accuracy(points: Sequence[Point], quantity: str, target: Path) -> None:
    """Draw one of the figures into a file."""
    check_target(target)
    save_figure(accuracy_figure(points, quantity), target)


def _scatter(plot: Any, points: Sequence[Point], quantity: str, colors: dict[str, str]) -> None:  # noqa: ANN401
    of = QUANTITIES[quantity]
    behind = sorted(points, key=lambda point: (point.family in colors, -point.macs))
    plot.scatter(
        [of(point) for point in behind], [point.top1 for point in behind],
        s=[6 + 3 * (point.macs / 1e9) ** 0.75 for point in behind],
        c=[colors.get(point.family, OTHERS) for point in behind], alpha=0.7, linewidths=0,
    )  # fmt: skip
    if len(points) > 2:
        sizes = [of(point) for point in points]
        a, b, r2 = log_fit(sizes, [point.top1 for point in points])
        _curve(plot, min(sizes), max(sizes), a, b)
        told = f"{b * log(2):+.2f} points a doubling, R² {r2:.2f}"
        plot.text(0.97, 0.03, told, transform=plot.transAxes, ha="right", fontsize="small")


def _curve(plot: Any, low: float, high: float, a: float, b: float) -> None:  # noqa: ANN401
    steps = [exp(log(low) + k / 100 * (log(high) - log(low))) for k in range(101)]
    line = [a + b * log(x) for x in steps]
    plot.plot(steps, line, color="0.2", linewidth=1, linestyle="--", zorder=3)


def _legend(colors: dict[str, str]) -> tuple[list[Any], list[str]]:
    from importlib import import_module

    line = import_module("matplotlib.lines").Line2D
    named = [*colors.items(), ("other families", OTHERS)]
    dots = [line([], [], marker="o", linestyle="", color=color, alpha=0.8) for _, color in named]
    sizes = [
        line([], [], marker="o", linestyle="", color="0.5", markersize=(6 + 3 * g**0.75) ** 0.5)
        for g in (1, 10, 100)
    ]
    labels = [*(name.replace("_", " ") for name, _ in named), "1 GMAC", "10 GMACs", "100 GMACs"]
    return [*dots, *sizes], labels
