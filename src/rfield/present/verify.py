"""What ``verify`` tried on the running model, what held, and every counter-example."""

from __future__ import annotations

from ..analysis.pixels.verification import CounterExample, Verification
from . import values
from .report import Column, Facts, Part, Remark, Report, Show, tabulate


def verify_report(found: Verification, *, title: str = "") -> Report:
    """The verdict, the evidence in numbers, and a row for each counter-example."""
    bad = found.counterexamples
    if bad:
        verdict = Remark(f"not verified: {len(bad)} counter-example{'s' * (len(bad) > 1)}", False)
    else:
        verdict = Remark("verified: nothing differs between the claim and the running model")
    moved = sum(example.problem.startswith("noise") for example in bad)
    pairs = [
        ("layers", str(len(found.layers))),
        ("output positions", f"{found.positions:,}"),
        ("runs of the model", f"{found.runs:,} in {found.precision}"),
        (
            "unchanged by noise outside the support",
            f"{found.sound:,} of {found.sound + moved:,} that see less than all",
        ),
        ("marked input positions compared", f"{found.compared:,}, {found.read:,} of them read"),
        ("sides of regions reached", f"{found.faces:,}"),
    ]
    if found.undecided:
        pairs.append(("undecided", f"{found.undecided:,}"))
    if found.skipped:
        pairs.append(("not in the running model", ", ".join(found.skipped)))
    parts: list[Part] = [verdict, Facts(tuple(pairs))]
    if bad:
        parts.append(tabulate(_SHOWS, bad))
    given = found.as_dict()
    return Report(
        schema=found.schema,
        title=f"{title} · verification in {found.wrt}" if title else f"in {found.wrt}",
        parts=tuple(parts),
        notes=(
            *found.notes,
            "one input position is made NaN: exactly the outputs claimed to read it must change",
            *(
                ("undecided: the runtime may have made or hidden the difference",)
                * bool(found.undecided)
            ),
        ),
        facts={"model": title} | given,
        records=tuple(given["counterexamples"]),
    )


_SHOWS: list[Show[CounterExample]] = [
    Show(Column("layer", "left", name=True), lambda row: row.layer),
    Show(Column("output", "left"), lambda row: values.index(row.index)),
    Show(Column("problem", "left", tone="accent"), lambda row: row.problem),
    Show(
        Column("at input", "left"),
        lambda row: "" if row.element is None else values.index(row.element),
    ),
    Show(Column("claimed", "left"), lambda row: row.claimed),
]
