"""A stream plan: its lengths, what every layer keeps, and which branches must wait."""

from __future__ import annotations

from fractions import Fraction

from ..analysis.pieces.streams.plan import CARRIED, StreamPlan
from ..analysis.pieces.streams.timed import JoinDelay, LayerState
from ..analysis.results import Size
from . import values
from .report import Column, Facts, Part, Remark, Report, Show, tabulate


def stream_report(plan: StreamPlan, *, title: str = "") -> Report:
    """The lengths, a table of the states, and one of the delays where branches must wait."""
    parts: list[Part] = [Facts(tuple(_facts(plan)))]
    parts += [Remark(f"not exact: {text}", good=False) for text in plan.obstacles]
    parts += [Remark(f"only with {CARRIED}: {text}", good=False) for text in plan.placed]
    if plan.memory:
        parts.append(Remark(f"the past has no end in {', '.join(plan.memory)}", good=False))
    if plan.layers:
        parts.append(tabulate(_states(plan), plan.layers))
    held = [(join, k) for join in plan.joins for k in range(len(join.delays))]
    if held:
        parts.append(tabulate(_delays(plan), held))
    given = plan.as_dict()
    called = f"{title} · " if title else ""
    return Report(
        schema=plan.schema,
        title=f"{called}{plan.layer} while {plan.wrt} arrives along {plan.axis}",
        parts=tuple(parts),
        notes=(
            *_NOTES,
            *_anchored(plan),
            *(_STATES if plan.layers else ()),
            *(_DELAYS if held else ()),
        ),
        facts={"model": title} | given,
        records=tuple(given["layers"]),
    )


def _anchored(plan: StreamPlan) -> tuple[str, ...]:
    """From where past and look-ahead are counted, where that was chosen."""
    if plan.anchor == "auto":
        return ()
    return (f"an output's own frame: at the {plan.anchor} sample that it reads",)


def _facts(plan: StreamPlan) -> list[tuple[str, str]]:
    pairs = [
        ("causal", "yes" if plan.causal else "no"),
        ("hop", _length(plan, plan.hop)),
        ("size r", _length(plan, plan.size)),
        ("past", _length(plan, plan.past)),
        ("look-ahead", _length(plan, plan.look_ahead)),
        ("latency", _length(plan, plan.latency)),
        ("warm-up", _length(plan, plan.warm_up)),
        ("first output after", _length(plan, plan.first_output_after)),
    ]
    if plan.first_valid_output is not None and plan.first_valid_after is not None:
        after = _length(plan, plan.first_valid_after)
        pairs.append(("first valid output", f"{plan.first_valid_output}, after {after}"))
    pairs.append(("state", _kept(plan)))
    pairs.append(("chunks", f"multiples of {_length(plan, plan.grid)}"))
    if plan.chunk is not None:
        outputs = plan.chunk_outputs(plan.chunk)
        pairs.append(("chunk", f"{_length(plan, plan.chunk)}, {outputs} outputs each"))
    return [*pairs, ("fidelity", plan.fidelity.value)]


def _kept(plan: StreamPlan) -> str:
    """``39 numbers (156 bytes)``."""
    count, size = plan.state_elements, plan.state_bytes
    if values.is_unbounded(count):
        return "grows with the past"
    return f"{count:,} number{'s' * (count != 1)} ({size:,} bytes in single precision)"


def _length(plan: StreamPlan, samples: Fraction | Size) -> str:
    """``320 samples = 20 ms``."""
    if values.is_unbounded(samples):
        return "no end"
    assert isinstance(samples, int | Fraction)
    text = f"{samples} sample" + ("s" * (samples != 1))
    return text if plan.sample_rate is None else f"{text} = {_time(plan, samples)}"


def _time(plan: StreamPlan, samples: float | Fraction) -> str:
    """A time in milliseconds, from ten seconds on in seconds."""
    seconds = plan.seconds(samples)
    return f"{seconds:.4g} s" if seconds >= 10 else f"{1000 * seconds:.4g} ms"


def _states(plan: StreamPlan) -> list[Show[LayerState]]:
    def own(state: LayerState, part: str) -> str:
        return "–" if state.window is None else str(getattr(state.window, part))

    def time(state: LayerState) -> str:
        if plan.sample_rate is None or state.window is None:
            return ""
        return _time(plan, state.held * state.hop)

    return [
        Show(Column("layer", "left", name=True), lambda s: s.layer),
        Show(Column("op", "left", tone="quiet", spare=1), lambda s: s.op),
        Show(Column("hop"), lambda s: str(s.hop)),
        Show(Column("reads"), lambda s: own(s, "reads")),
        Show(Column("step"), lambda s: own(s, "step")),
        Show(Column("gives"), lambda s: own(s, "gives")),
        Show(Column("ahead"), lambda s: own(s, "ahead")),
        Show(Column("state"), lambda s: own(s, "state")),
        Show(Column("held", tone="key"), lambda s: "–" if s.window is None else str(s.held)),
        Show(Column("", gap=1), time),
        Show(Column("shape", "left", tone="quiet", spare=2), _shapes),
    ]


def _shapes(state: LayerState) -> str:
    """All that is kept; of a layer whose state grows nothing can be said."""
    if state.elements is None:
        return "grows"
    return ", ".join(map(values.shape, state.keeps))


def _delays(plan: StreamPlan) -> list[Show[tuple[JoinDelay, int]]]:
    def time(row: tuple[JoinDelay, int]) -> str:
        join, k = row
        held = join.delays[k][1] * join.hop
        return "" if plan.sample_rate is None else _time(plan, held)

    return [
        Show(Column("join", "left", name=True), lambda row: "" if row[1] else row[0].layer),
        Show(Column("hop"), lambda row: "" if row[1] else str(row[0].hop)),
        Show(Column("branch", "left", name=True), lambda row: row[0].delays[row[1]][0]),
        Show(Column("delay", tone="key"), lambda row: str(row[0].delays[row[1]][1])),
        Show(Column("", gap=1), time),
    ]


_NOTES = (
    "past, look-ahead: before and after an output's own frame; latency: frame (or chunk) and "
    "look-ahead",
    "warm-up: r − 1 samples, after which the start of the stream is forgotten",
)
_STATES = (
    "reads, step, ahead, state, held: positions of the layer's own input, one every hop samples",
    "a window of reads gives so many outputs, and moves by step; ahead: beyond the step",
    "state: reads − step, at the start the layer's left padding; held: with what waits for the "
    "rest of its window between chunks",
)
_DELAYS = ("delay: positions by which a branch is held back, so that all meet at the same place",)
