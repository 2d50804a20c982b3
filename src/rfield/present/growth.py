"""How the field grows from layer to layer, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import values
from .plot import CURVE, figure_kind, safe_text
from .rows import SummaryRow
from .text import shortened

MOST_LABELS, LABEL = 24, 24


def draw_growth(
    all_rows: Sequence[SummaryRow],
    axes: Sequence[str],
    input_sizes: Sequence[int | None],
    titles: tuple[str, str],
    ax: Any,  # noqa: ANN401  # matplotlib's
) -> Any:  # noqa: ANN401
    """Sizes along the layers, and the size of the input as a line.

    Layers that read a whole axis as well are marked. ``titles``: of the picture, and what the sizes
    are pixels of.
    """
    figure = None
    if ax is None:
        figure = figure_kind()(figsize=(9, 5), layout="constrained")
        ax = figure.add_subplot()
    rows = [row for row in all_rows if any(row.local)]
    for k, name in enumerate(axes):
        sizes = [row.local[k] for row in rows]
        if k and sizes == [row.local[0] for row in rows]:
            continue
        same = all(len(set(row.local)) == 1 for row in rows)
        label = "size r" if same else f"size r along {name}"
        ax.plot(range(len(rows)), sizes, drawstyle="steps-mid", color=CURVE if not k else None,
                label=label)  # fmt: skip
    _marks(ax, rows)
    known = {size for size in input_sizes if size is not None}
    for number, size in enumerate(sorted(known)):
        ax.axhline(size, color="0.4", ls="--", lw=1, label="" if number else "input size")
    step = max(1, -(-len(rows) // MOST_LABELS))
    ax.set_xticks(range(0, len(rows), step))
    names = shortened([safe_text(row.layer) for row in rows[::step]], LABEL)
    ax.set_xticklabels(names, rotation=60, ha="right", fontsize="small")
    if rows and max(max(row.local) for row in rows) > 20 * min(max(row.local) for row in rows):
        ax.set_yscale("log")
    ax.set_ylabel(safe_text(f"pixels of {titles[1]}"))
    title = f"{titles[0]} · " if titles[0] else ""
    ax.set_title(safe_text(f"{title}how the receptive field grows"), fontsize="medium")
    ax.legend(fontsize="small", frameon=False)
    return ax if figure is None else figure


def _marks(ax: Any, rows: list[SummaryRow]) -> None:  # noqa: ANN401
    whole = [k for k, row in enumerate(rows) if any(map(values.is_unbounded, row.size))]
    if whole:
        sizes = [max(rows[k].local) for k in whole]
        ax.plot(whole, sizes, ".", color="#d62728", label="also reads a whole axis")
