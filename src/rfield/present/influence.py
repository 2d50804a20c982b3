"""How the influence on one output is spread: widths, boxes by share, and the Gaussian that fits."""

from __future__ import annotations

from collections.abc import Sequence

from ..analysis.pixels.influence import AREA_SHARES, SHARES, Influence
from ..analysis.results import Fidelity
from . import values
from .report import Column, Facts, Report, Show, tabulate

PER_AXIS = frozenset({"mean", "std", "size", "ratio"}) | {
    f"box_{round(100 * share)}" for share in SHARES
}


def influence_report(found: Influence, *, title: str = "") -> Report:
    """The moments per axis and the smallest boxes that hold a share of the influence."""
    fits = [found.gaussian(k) for k in range(len(found.axes))]
    pairs = [
        ("axes", ", ".join(found.axes)),
        ("size r", values.axes(found.size, str)),
        ("mean", _decimals(found.mean, ", ")),
        ("std", _decimals(found.std)),
        ("4 std / size", _decimals(found.ratio)),
        ("Gaussian std", _decimals([fit.std for fit in fits])),
        ("Gaussian R²", values.axes([fit.r2 for fit in fits], lambda r: f"{r:.4f}", " x ")),
        ("fidelity", found.fidelity.value),
    ]
    shares = SHARES
    if found.images is not None:
        shares = (*AREA_SHARES[:-1], *SHARES[1:])
        pairs.append(("images", f"{found.images:,}"))
    if found.error is not None:
        pairs.append(("standard error", f"{100 * _error_at_peak(found):.2g} % at the peak"))
    boxes = {share: found.box(share) for share in SHARES}
    shown = {share: found.box(share) for share in shares}
    shows: list[Show[float]] = [
        Show(Column("share"), lambda share: f"{100 * share:.0f} %"),
        Show(Column("box", tone="key"), lambda share: values.axes(shown[share], str)),
        Show(Column("of the field"), lambda share: _percent(found.area_ratio(share))),
    ]
    if found.images is not None:
        shows.append(
            Show(
                Column("of the input"),
                lambda share: _percent(found.area_ratio(share, of_input=True)),
            )
        )
    record = {
        "layer": found.layer,
        "wrt": found.wrt,
        "at": found.index,
        "mean": found.mean,
        "std": found.std,
        "size": found.size,
        "ratio": found.ratio,
        **{f"box_{round(100 * share)}": box for share, box in boxes.items()},
        "fidelity": found.fidelity,
    }
    called = f"{title} · " if title else ""
    return Report(
        schema=found.schema,
        title=f"{called}{found.layer} at {values.index(found.index)}, influence of {found.wrt}",
        parts=(Facts(tuple(pairs)), tabulate(shows, shares)),
        notes=tuple(_notes(found)),
        facts={"model": title} | found.as_dict(),
        records=(record,),
        axes=found.axes,
        per_axis=PER_AXIS,
    )  # fmt: skip


def _error_at_peak(found: Influence) -> float:
    """The standard error of the largest weight, as a share of it."""
    assert found.error is not None
    peak = int(found.weight.argmax())
    return float(found.error.flat[peak] / found.weight.flat[peak])


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.3g} %"


def _decimals(numbers: Sequence[float], between: str = " x ") -> str:
    return values.axes(numbers, lambda number: f"{number:.2f}", between)


def _notes(found: Influence) -> list[str]:
    notes = [
        found.note,
        "mean, std in input pixels; the first pixel's center is 0, not 0.5",
        "box: the smallest around the mean that holds the share; of the field: of its area",
    ]
    if found.fidelity is not Fidelity.EXACT:
        notes.append("upper bound: an op on the way is data-dependent or unknown")
    return notes
