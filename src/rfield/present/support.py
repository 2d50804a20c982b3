"""The exact set of input positions behind one output: its numbers, and a picture of its mask."""

from __future__ import annotations

from math import prod

from ..analysis.pixels.support import Support
from ..analysis.results import Fidelity
from . import values
from .report import Facts, Part, Picture, Report

PER_AXIS = frozenset({"start", "stop"})
PICTURED = 64
"""A mask of at most so many rows and columns is drawn."""


def support_report(found: Support, *, clip: bool = True, title: str = "") -> Report:
    """The bounding box, how much of it is read, and where it is small the mask itself."""
    cells = prod(found.shape)
    read = found.count
    at = values.index(found.index)
    pairs = [
        ("axes", ", ".join(found.axes)),
        (f"output {at} reads" + clip * ", clipped", str(found.box)),
        ("box", values.shape(found.shape) + f" = {cells:,}" * (len(found.shape) > 1)),
        ("positions read", f"{read:,}"),
        ("holes", f"{found.holes:,}"),
        ("density", f"{found.density:.4g}"),
        ("fidelity", found.fidelity.value),
    ]
    drawn = cells > 0 and len(found.shape) <= 2 and max(found.shape) <= PICTURED
    parts: list[Part] = [Facts(tuple(pairs))]
    if drawn:
        parts.append(Picture(_lines(found)))
    record = {
        "layer": found.layer,
        "wrt": found.wrt,
        "at": found.index,
        "clip": clip,
        "start": tuple(map(int, found.box.start)),
        "stop": tuple(map(int, found.box.stop)),
        "count": read,
        "holes": found.holes,
        "density": found.density,
        "fidelity": found.fidelity,
    }
    called = f"{title} · " if title else ""
    return Report(
        schema=found.schema,
        title=f"{called}{found.layer}, positions that it reads in {found.wrt}",
        parts=tuple(parts),
        notes=tuple(_notes(found, clip=clip, drawn=drawn)),
        facts={"model": title} | found.as_dict(),
        records=(record,),
        axes=found.axes,
        per_axis=PER_AXIS,
    )


def _lines(found: Support) -> tuple[str, ...]:
    rows = found.mask if found.mask.ndim == 2 else found.mask[None]
    return tuple("".join("#" if read else "." for read in row) for row in rows.tolist())


def _notes(found: Support, *, clip: bool, drawn: bool) -> list[str]:
    notes = [
        "reads: first..last, both included"
        + ("" if clip else "; below 0 and past the end is padding"),
        "holes: positions of the box that are not read; density: share of the box that is read",
    ]
    if drawn:
        rows = f"{found.axes[0]} downwards, {found.axes[-1]} to the right; " * (
            len(found.axes) == 2
        )
        notes.append(f"picture: the box, {rows}# is read, . is a hole")
    if found.fidelity is not Fidelity.EXACT:
        notes.append("upper bound: an op on the way is data-dependent or unknown")
    return notes
