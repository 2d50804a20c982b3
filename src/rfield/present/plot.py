"""Pictures of influence. The only module that imports matplotlib, and only when one is drawn."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..analysis.pixels.influence import Influence
from ..errors import InvalidModelError, RFieldError
from . import values
from .text import visible
from .writing import in_place_of

SUFFIXES = (".png", ".svg", ".pdf")
SHARES = ((0.5, "-"), (0.9, "--"), (0.99, ":"))
"""The boxes that are drawn, with their lines."""
DECADES = 6
COLOR, CURVE = "#d62728", "#1f77b4"


def check_target(target: Path) -> None:
    """Refuse a picture that cannot be written, before anything is computed."""
    if target.suffix.lower() not in SUFFIXES:
        raise InvalidModelError(f"{target}: a picture is .png, .svg or .pdf")
    _figure_kind()


def save_influence(found: Influence, target: Path, *, title: str = "") -> None:
    """Draw the influence, linear and logarithmic, with boxes and profiles, into a file."""
    check_target(target)
    figure = influence_figure(found, title=title)
    # No date and no random names inside, so that the same answer is the same file.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    fixed = import_module("matplotlib").rc_context({"svg.hashsalt": "rfield"})
    with fixed, in_place_of(target) as draft:
        figure.savefig(draft, dpi=150, metadata=metadata.get(target.suffix.lower()))


def influence_figure(found: Influence, *, title: str = "") -> Any:  # noqa: ANN401  # matplotlib's
    """A ``matplotlib.figure.Figure``: maps (for two axes) above the profile along each axis."""
    count = len(found.axes)
    maps = count == 2
    columns = max(2, count)
    figure = _figure_kind()(figsize=(4.5 * columns, 8 if maps else 4), layout="constrained")
    called = f"{title} · " if title else ""
    figure.suptitle(
        _text(f"{called}{found.layer} at {values.index(found.index)} in {found.wrt}\n{found.note}"),
        fontsize="medium",
    )
    grid = figure.add_gridspec(2 if maps else 1, columns)
    if maps:
        for column, logarithmic in enumerate((False, True)):
            _map(figure, figure.add_subplot(grid[0, column]), found, logarithmic=logarithmic)
    for k in range(count):
        _profile(figure.add_subplot(grid[-1, k]), found, k)
    return figure


def _map(figure: Any, plot: Any, found: Influence, *, logarithmic: bool) -> None:  # noqa: ANN401
    weight: Any = found.weight
    top = float(weight.max())
    norm = None
    if logarithmic:
        weight = np.ma.masked_less_equal(weight, 0)
        least = max(float(weight.min()), top * 10.0**-DECADES)
        norm = import_module("matplotlib.colors").LogNorm(min(least, top / 10), top)
    (y, x), (height, width) = found.offset, found.weight.shape
    extent = (x - 0.5, x + width - 0.5, y + height - 0.5, y - 0.5)
    shown = plot.imshow(weight, extent=extent, norm=norm, cmap="viridis", interpolation="nearest")
    bar = figure.colorbar(shown, ax=plot, shrink=0.8, label="share per input position")
    if not logarithmic:
        bar.formatter.set_powerlimits((-2, 2))
    for share, line in SHARES:
        (top_, bottom), (left, right) = found.spans(share)
        box = import_module("matplotlib.patches").Rectangle(
            (left - 0.5, top_ - 0.5), right - left, bottom - top_, fill=False,
            edgecolor=COLOR, linestyle=line, label=f"{100 * share:.0f} %",
        )  # fmt: skip
        plot.add_patch(box)
    plot.set_title("influence, logarithmic" if logarithmic else "influence")
    plot.set_xlabel(_text(found.axes[1]))
    plot.set_ylabel(_text(found.axes[0]))
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13), "ncols": len(SHARES)}
    plot.legend(fontsize="small", frameon=False, **below)  # beside the map, not over its corner


def _profile(plot: Any, found: Influence, k: int) -> None:  # noqa: ANN401
    positions = found.positions(k)
    fit = found.gaussian(k)
    plot.step(positions, found.profile(k), where="mid", color=CURVE, lw=0.8, label="summed")
    first, last = float(positions[0]), float(positions[-1])
    fine: NDArray[np.float64] = np.linspace(first, last, max(200, 2 * len(positions)))
    plot.plot(
        fine, fit(fine), color=COLOR, linewidth=1,
        label=f"Gaussian, std {fit.std:.1f}, R² {fit.r2:.3f}",
    )  # fmt: skip
    plot.set_title(_text(f"along {found.axes[k]}: std {found.std[k]:.1f} of size {found.size[k]}"))
    plot.set_xlabel(_text(f"{found.axes[k]}, input position"))
    plot.set_ylim(0, 1.3 * max(float(found.profile(k).max()), fit.height))
    plot.legend(fontsize="small", loc="upper right")


def _text(text: str) -> str:
    """``text`` with nothing in it that matplotlib takes for mathematics."""
    return "\n".join(map(visible, text.split("\n"))).replace("$", r"\$")


def _figure_kind() -> Any:  # noqa: ANN401  # matplotlib is optional
    try:
        return import_module("matplotlib.figure").Figure
    except ImportError:
        raise RFieldError(
            "a picture needs matplotlib, which is not installed.\n"
            '  Install it: pip install matplotlib   (or: pip install "rfield[plot]")'
        ) from None
