"""Pictures of influence. The only module that imports matplotlib, and only when one is drawn."""

from __future__ import annotations

from importlib import import_module
from os import PathLike
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
COLOR, CURVE, FIELD = "#d62728", "#1f77b4", "0.5"


def check_target(target: Path) -> None:
    """Refuse a picture that cannot be written, before anything is computed."""
    if target.suffix.lower() not in SUFFIXES:
        raise InvalidModelError(f"{target}: a picture is .png, .svg or .pdf")
    figure_kind()


def drawn(  # noqa: ANN201  # a figure or axes of matplotlib
    found: Influence,
    *,
    ax: Any = None,  # noqa: ANN401
    image: Any = None,  # noqa: ANN401
    logarithmic: bool = False,
    path: str | PathLike[str] | None = None,
    title: str = "",
):
    """What ``Influence.plot`` and ``Influence.save`` ask for."""
    if path is not None:
        save_influence(found, Path(path), title=title, image=image)
        return None
    if ax is None:
        return influence_figure(found, title=title, image=image)
    if len(found.axes) == 2:
        _map(ax.figure, ax, found, logarithmic=logarithmic, image=image)
    else:
        _profile(ax, found, 0)
    return ax


def save_influence(
    found: Influence,
    target: Path,
    *,
    title: str = "",
    image: Any = None,  # noqa: ANN401
) -> None:
    """Draw the influence, linear and logarithmic, with boxes and profiles, into a file."""
    check_target(target)
    save_figure(influence_figure(found, title=title, image=image), target)


def save_figure(figure: Any, target: Path) -> None:  # noqa: ANN401
    """Write a figure, the same file for the same figure."""
    # No date and no random names inside, so that the same answer is the same file.
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    fixed = import_module("matplotlib").rc_context({"svg.hashsalt": "rfield"})
    with fixed, in_place_of(target) as draft:
        figure.savefig(draft, dpi=150, metadata=metadata.get(target.suffix.lower()))


def influence_figure(  # noqa: ANN201  # matplotlib's
    found: Influence,
    *,
    title: str = "",
    image: Any = None,  # noqa: ANN401
):
    """A ``matplotlib.figure.Figure``: maps (for two axes) above the profile along each axis."""
    count = len(found.axes)
    maps = count == 2
    columns = max(2, count)
    figure = figure_kind()(figsize=(4.5 * columns, 8 if maps else 4), layout="constrained")
    called = f"{title} · " if title else ""
    figure.suptitle(
        safe_text(
            f"{called}{found.layer} at {values.index(found.index)} in {found.wrt}\n{found.note}"
        ),
        fontsize="medium",
    )
    grid = figure.add_gridspec(2 if maps else 1, columns)
    if maps:
        for column, logarithmic in enumerate((False, True)):
            plot = figure.add_subplot(grid[0, column])
            _map(figure, plot, found, logarithmic=logarithmic, image=image)
    for k in range(count):
        _profile(figure.add_subplot(grid[-1, k]), found, k)
    return figure


def _map(  # noqa: ANN202
    figure: Any,  # noqa: ANN401
    plot: Any,  # noqa: ANN401
    found: Influence,
    *,
    logarithmic: bool,
    image: Any = None,  # noqa: ANN401
):
    weight: Any = found.weight
    top = float(weight.max())
    norm = None
    if logarithmic:
        weight = np.ma.masked_less_equal(weight, 0)
        least = max(float(weight.min()), top * 10.0**-DECADES)
        norm = import_module("matplotlib.colors").LogNorm(min(least, top / 10), top)
    (y, x), (height, width) = found.offset, found.weight.shape
    extent = (x - 0.5, x + width - 0.5, y + height - 0.5, y - 0.5)
    look: dict[str, Any] = {"cmap": "viridis"}
    if image is not None:
        _lay_under(plot, found, image)
        share = np.clip(np.ma.filled(weight, 0) / top, 0, 1)
        look = {"cmap": "inferno", "alpha": 0.85 * np.sqrt(share) if not logarithmic else 0.6}
    shown = plot.imshow(weight, extent=extent, norm=norm, interpolation="nearest", **look)
    bar = figure.colorbar(shown, ax=plot, shrink=0.8, label="share per input position")
    bar.solids.set_alpha(1)
    if not logarithmic:
        bar.formatter.set_powerlimits((-2, 2))
    kind = import_module("matplotlib.patches").Rectangle
    for share, line in SHARES:
        (top_, bottom), (left, right) = found.spans(share)
        plot.add_patch(
            kind(
                (left - 0.5, top_ - 0.5),
                right - left,
                bottom - top_,
                fill=False,
                edgecolor=COLOR,
                linestyle=line,
                label=f"{100 * share:.0f} %",
            )
        )
    field = values.axes(found.size, str)
    plot.add_patch(
        kind(
            (x - 0.5, y - 0.5),
            width,
            height,
            fill=False,
            edgecolor=FIELD,
            linewidth=1.5,
            label=f"field {field}",
        )
    )
    if image is None:
        edge = 0.04 * max(width, height)
        plot.set_xlim(extent[0] - edge, extent[1] + edge)
        plot.set_ylim(extent[2] + edge, extent[3] - edge)
    else:
        plot.set_xlim(-0.5, found.input_size[1] - 0.5)
        plot.set_ylim(found.input_size[0] - 0.5, -0.5)
    _scale(plot)
    plot.set_title("influence, logarithmic" if logarithmic else "influence")
    plot.set_xlabel(safe_text(found.axes[1]))
    plot.set_ylabel(safe_text(found.axes[0]))
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13), "ncols": len(SHARES) + 1}
    plot.legend(fontsize="small", frameon=False, columnspacing=1, **below)  # beside the map


def _lay_under(plot: Any, found: Influence, image: Any) -> None:  # noqa: ANN401
    """What the model saw, across the whole input: a picture, or an array of either layout."""
    seen = np.asarray(image.detach().cpu() if hasattr(image, "detach") else image)
    seen = seen[0] if seen.ndim == 4 else seen
    if seen.ndim == 3 and seen.shape[0] in (1, 3, 4) and seen.shape[-1] not in (1, 3, 4):
        seen = seen.transpose(1, 2, 0)
    if seen.ndim not in (2, 3) or len(found.input_size) != 2:
        raise InvalidModelError(f"an image of shape {seen.shape}; expected a picture")
    if seen.dtype.kind == "f":
        low, high = float(seen.min()), float(seen.max())
        seen = (seen - low) / (high - low or 1)
    height, width = found.input_size
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    plot.imshow(seen, extent=extent, cmap="gray", interpolation="bilinear")


def _scale(plot: Any) -> None:  # noqa: ANN401
    """A bar of 1, 2 or 5 times a power of ten, about a quarter of the width."""
    left, right = plot.get_xlim()
    wanted = (right - left) / 4
    power = 10.0 ** np.floor(np.log10(wanted))
    length = max(n * power for n in (1, 2, 5) if n * power <= wanted)
    bottom, top = plot.get_ylim()
    at = bottom + 0.05 * (top - bottom)
    start = left + 0.05 * (right - left)
    white = import_module("matplotlib.patheffects").withStroke(linewidth=3, foreground="black")
    bar = plot.plot([start, start + length], [at, at], color="white", lw=3)[0]
    bar.set_path_effects([white])
    label = plot.annotate(
        f"{length:g} px", ((2 * start + length) / 2, at), (0, 4), textcoords="offset points",
        ha="center", color="white", fontsize="small",
    )  # fmt: skip
    label.set_path_effects([white])


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
    plot.set_title(
        safe_text(f"along {found.axes[k]}: std {found.std[k]:.1f} of size {found.size[k]}")
    )
    plot.set_xlabel(safe_text(f"{found.axes[k]}, input position"))
    plot.set_ylim(0, 1.3 * max(float(found.profile(k).max()), fit.height))
    plot.legend(fontsize="small", loc="upper right")


def safe_text(text: str) -> str:
    """``text`` with nothing in it that matplotlib takes for mathematics."""
    return "\n".join(map(visible, text.split("\n"))).replace("$", r"\$")


def figure_kind() -> Any:  # noqa: ANN401  # matplotlib is optional
    """The class of figures, which needs no window."""
    try:
        return import_module("matplotlib.figure").Figure
    except ImportError:
        raise RFieldError(
            "a picture needs matplotlib, which is not installed.\n"
            '  Install it: pip install matplotlib   (or: pip install "rfield[plot]")'
        ) from None
