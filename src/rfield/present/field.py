"""One receptive field in full: every number with its meaning, and the region of one output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..analysis.geometry.field import ReceptiveField
from ..analysis.results import Fidelity, Region
from ..errors import RFieldError
from . import values
from .report import Facts, Report
from .rows import center_of_first, local_size

PER_AXIS = frozenset(
    {"size", "local", "stride", "padding", "period", "center", "start", "stop"}
    | {"local_start", "local_stop"}
)


def field_report(
    field: ReceptiveField,
    at: Sequence[int] | str | None = None,
    *,
    clip: bool = False,
    title: str = "",
) -> Report:
    """The numbers of ``field``; with ``at`` also the region that this output position reads.

    ``clip``: the region of the tensor (what is really read) instead of the theory's.
    """
    if at is not None:
        at = tuple(field.rows(at, inside=clip)[0][0].tolist())
    region = None if at is None else field.region(at, clip=clip)
    middle = center_of_first(field)
    pairs = [*_numbers(field), ("center of output 0", values.position(middle))]
    record = {
        "layer": field.layer,
        "wrt": field.wrt,
        "size": field.size,
        "local": local_size(field),
        "sizes": field.sizes,
        "stride": field.local.stride,
        "padding": field.local.padding,
        "period": field.period,
        "center": middle,
        "global_reads": field.global_reads,
        "fidelity": field.fidelity,
        "why": {axis: why for axis in field.axes if (why := field.local.why(axis))},
    }
    if region is not None and at is not None:
        pairs += _region(at, region, "reads" + clip * ", clipped")
        if field.global_reads and not clip:
            local = field.local.region(tuple(at))
            pairs += _region(at, local, "reads locally")
            record |= {"local_start": local.start, "local_stop": local.stop}
        record |= {"at": tuple(at), "clip": clip, "start": region.start, "stop": region.stop}
    called = f"{title} · " if title else ""
    output, source = (
        f"{name} ({values.shape(shape)})"
        for name, shape in (
            (field.layer, field.output_shape),
            (field.wrt, field.graph.shape(field.source)),
        )
    )
    return Report(
        schema=field.schema,
        title=f"{called}{output}, field in {source}",
        parts=(Facts(tuple(pairs)),),
        notes=tuple(_notes(field, region is not None, clip)),
        facts={"model": title} | field.as_dict(),
        records=(record,),
        axes=field.axes,
        per_axis=PER_AXIS,
    )


def _numbers(field: ReceptiveField) -> Iterator[tuple[str, str]]:
    yield "axes", ", ".join(field.axes)
    unbounded = any(map(values.is_unbounded, field.size))
    yield "size r", values.axes(field.size, str)
    if unbounded:
        yield "local size", values.axes(local_size(field), str)
        yield "whole axis read by", ", ".join(field.global_reads)
    local = local_size(field)
    yield "stride S", values.numbers(field.local.stride, local)
    yield "padding P", values.numbers(field.local.padding, local)
    if halo := _halo(field):
        yield "halo", halo
    if any(period != 1 for period in field.period):
        yield "period", values.axes(field.period, str)
    if any(len(sizes) > 1 for sizes in field.sizes):
        yield "sizes by phase", values.axes(field.sizes, _list)
    yield "fidelity", field.fidelity.value


def _halo(field: ReceptiveField) -> str:
    """Context on either side of a block of outputs; nothing where there is none."""
    try:
        halo = field.halo
    except RFieldError:
        return ""
    if any(map(values.is_unbounded, (*halo.before, *halo.after))):
        return ""
    sides = zip(halo.before, halo.after, strict=True)
    return values.axes([f"{a} before, {b} after" for a, b in sides], str, "; ")


def _list(sizes: Sequence[int]) -> str:
    shown = ", ".join(map(str, sizes[:8]))
    return f"{{{shown}{' …' if len(sizes) > 8 else ''}}}"


def _region(at: Sequence[int], region: Region, reads: str) -> Iterator[tuple[str, str]]:
    shown = str(region).replace("-inf..inf", "everything")
    yield f"output ({', '.join(map(str, at))}) {reads}", shown


def _notes(field: ReceptiveField, has_region: bool, clip: bool) -> Iterator[str]:
    yield from field.premises
    yield values.UNITS
    yield values.CENTER
    if has_region:
        yield "reads: first..last, both included" + (
            "" if clip else "; below 0 and past the end is padding"
        )
    if any(map(values.is_unbounded, field.size)):
        yield values.GLOBAL_FIELD
    if field.fidelity is not Fidelity.EXACT:
        yield "upper bound: an op on the way is data-dependent or unknown"
    for axis in field.axes:
        if why := field.local.why(axis):
            yield f"{axis}: {why}"
