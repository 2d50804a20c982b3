"""``StreamPlan``: what it takes to run a model on a stream, along one axis that is time.

The words are those of codecs: outputs come in *frames* (the shortest run of samples after which
the pattern repeats), the *look-ahead* is what a frame needs beyond its own samples, and the
*latency* is both together (ITU-T G.729: frames of 10 ms, 5 ms of look-ahead, 15 ms of delay).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import inf, isfinite
from typing import Any, ClassVar

from ....core.arguments import one
from ....core.graph import Graph
from ....errors import (
    InvalidModelError,
    unknown_name,
)
from ...answer import Answer
from ...cost import ITEM_BYTES
from ...results import UNBOUNDED, Fidelity, Size
from .steady import Parts
from .timed import JoinDelay, LayerState
from .timing import Pattern

CARRIED = 'state="carry", of a torch.nn.Module'
UNITS = {"samples": None, "s": Fraction(1), "ms": Fraction(1000), "us": Fraction(10**6)}


@dataclass(frozen=True, eq=False, repr=False)
class StreamPlan(Answer):
    """How ``layer`` can be computed while ``wrt`` is still arriving along ``axis``.

    All lengths are in samples (positions of ``wrt`` along the axis). A frame is ``frame`` samples
    of input and ``frame_outputs`` outputs, ``hop`` samples each; frame ``q`` begins at sample
    ``frame * q``. ``input_axis`` and ``output_axis`` are the tensor axes that are time.

    ``length``: that of the stream, where it was given; the plan then holds for lengths that leave
    the same remainder modulo ``grid``. ``obstacles`` says why chunks cannot give exactly what the
    whole stream gives; the numbers then leave out the whole-axis reads (of ``global_reads``).
    ``memory``: the layers whose past has no
    end; ``past`` is then ``UNBOUNDED``. ``placed``: why windows cannot give what the whole stream
    gives although the past has an end: numbers by position, which only go on.

    ``anchor``: which samples are a frame's own, of which ``past`` and ``look_ahead`` are counted:
    ``"auto"``, those at its index, as the model's own padding has it; ``"first"``, ``"center"`` or
    ``"last"``: the first that it reads, those in the middle, or the last.
    """

    schema: ClassVar[str] = "rfield.stream/1"

    graph: Graph = field(repr=False)
    value: int = field(repr=False)
    source: int = field(repr=False)
    layer: str
    wrt: str
    axis: str
    input_axis: int
    output_axis: int
    clock: Pattern = field(repr=False)
    steps: frozenset[int] = field(repr=False)
    grid: int
    short: Parts = field(repr=False)
    sample_rate: float | None
    chunk: int | None
    length: int | None
    fidelity: Fidelity
    obstacles: tuple[str, ...]
    global_reads: tuple[str, ...]
    memory: tuple[str, ...]
    layers: tuple[LayerState, ...] = field(repr=False)
    joins: tuple[JoinDelay, ...] = field(repr=False)
    anchor: str = "auto"
    placed: tuple[str, ...] = ()

    @property
    def states(self) -> tuple[str, ...]:
        """The ways of running that can be exact, as ``run_streaming`` names them.

        ``"carry"``: for a ``torch.nn.Module`` that can be taken apart, which shows when it runs.
        """
        if not self.exact:
            return ()
        return ("carry",) if self.windowless else ("overlap", "carry")

    @property
    def windowless(self) -> tuple[str, ...]:
        """Why windows that overlap cannot give what the whole stream gives."""
        if not self.memory:
            return self.placed
        return (
            f"the past has no end in {', '.join(self.memory)}: such layers need their own state, "
            'kept from chunk to chunk. state="carry" keeps it for a torch.nn.Module;\n  layers of '
            "other frameworks give it themselves.",
        )

    @property
    def exact(self) -> bool:
        """Whether chunks can give exactly what the whole stream gives."""
        return not self.obstacles

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of the layer's tensor, as it was read."""
        return self.graph.shape(self.value)

    @property
    def frame(self) -> int:
        """Samples after which the pattern repeats."""
        return self.clock.advance

    @property
    def frame_outputs(self) -> int:
        """Outputs per frame."""
        return self.clock.period

    @property
    def hop(self) -> Fraction:
        """Samples per output: 320, or 1/2 after up-sampling."""
        return self.clock.hop

    @cached_property
    def size(self) -> Size:
        """The receptive field r along the axis; the largest over the phases."""
        if self.memory or self.global_reads:
            return UNBOUNDED
        return self._span

    @cached_property
    def _span(self) -> int:
        return max(0, int((self.clock.last - self.clock.first).max()) + 1)

    @property
    def past(self) -> Size:
        """Samples before its own frame that an output can read."""
        return UNBOUNDED if self.memory else max(0, self._own - self.clock.reads[0])

    @property
    def _own(self) -> int:
        """How far after sample ``frame * q`` the samples of frame ``q`` begin."""
        first, last = self.clock.reads[0], self.clock.reads[1] - self.frame + 1
        return {"auto": 0, "first": first, "center": (first + last) // 2, "last": last}[self.anchor]

    @property
    def look_ahead(self) -> int:
        """Samples after its own frame that an output can read."""
        return max(0, self.clock.reads[1] - self.frame + 1 - self._own)

    @property
    def causal(self) -> bool:
        """Whether no output needs anything after its own frame."""
        return not self.look_ahead

    @property
    def latency(self) -> int:
        """Algorithmic latency: from the first sample of a frame until its outputs can be computed.

        Frame and look-ahead together; with ``chunk`` a chunk and look-ahead.
        """
        return (self.chunk or self.frame) + self.look_ahead

    @property
    def warm_up(self) -> Size:
        """Samples after which the start of the stream is forgotten: r − 1, not r."""
        return UNBOUNDED if self.memory else max(0, self._span - 1)

    @property
    def first_output_after(self) -> int:
        """Samples that must have arrived before output 0 can be computed."""
        return max(0, self.clock.ready_at(0))

    @cached_property
    def first_valid_output(self) -> int | None:
        """The first output from which on no field begins before the stream; None with memory."""
        if self.memory:
            return None
        blocks = [max(0, -(int(first) // self.frame)) for first in self.clock.needed]
        return min(self.frame_outputs * q + phase for phase, q in enumerate(blocks))

    @property
    def first_valid_after(self) -> int | None:
        """Samples that must have arrived before the first valid output can be computed."""
        first = self.first_valid_output
        return None if first is None else max(0, self.clock.ready_at(first))

    @property
    def state_elements(self) -> Size:
        """How many numbers all layers keep from chunk to chunk, and joins hold back."""
        kept = [layer.elements for layer in self.layers]
        if None in kept:
            return UNBOUNDED
        return sum(filter(None, kept)) + sum(join.elements for join in self.joins)

    @property
    def state_bytes(self) -> Size:
        """The same in bytes, in single precision."""
        elements = self.state_elements
        return elements if elements is UNBOUNDED else ITEM_BYTES * elements

    def outputs_after(self, samples: int) -> int:
        """How many outputs can be computed for good once ``samples`` have arrived."""
        return max(0, self.clock.computable(one("samples", samples, least=0)))

    def chunk_outputs(self, chunk: int) -> int:
        """Outputs per chunk of so many samples; every layer's work is then the same each time.

        Raises:
            InvalidModelError: such chunks break the grid; the nearest legal ones are named.
        """
        return outputs_of(one("chunk", chunk), self.grid, self.hop)

    def seconds(self, samples: float | Fraction) -> float:
        """So many samples in seconds."""
        if self.sample_rate is None:
            raise InvalidModelError("seconds need the sample rate: stream_plan(…, sample_rate=)")
        return float(samples) / self.sample_rate

    def lengths(self, unit: str | float = "samples") -> dict[str, float | Fraction | Size | None]:
        """Every length of the plan in one unit.

        ``unit``: ``"samples"``; ``"s"``, ``"ms"``, ``"us"`` with the sample rate; or how many
        samples one unit has (160 for frames of a spectrogram with that hop).
        """
        return {name: self._convert(value, unit) for name, value in self._lengths().items()}

    def _lengths(self) -> dict[str, Fraction | Size | None]:
        return {
            "hop": self.hop, "frame": self.frame, "grid": self.grid, "size": self.size,
            "past": self.past, "look_ahead": self.look_ahead, "latency": self.latency,
            "warm_up": self.warm_up, "first_output_after": self.first_output_after,
            "first_valid_after": self.first_valid_after,
        }  # fmt: skip

    def _convert(
        self, value: Fraction | Size | None, unit: str | float
    ) -> float | Fraction | Size | None:
        if unit == "samples" or value is None or value is UNBOUNDED:
            return value
        if isinstance(unit, str):
            if unit not in UNITS:
                raise unknown_name("unit", unit, UNITS)
            return self.seconds(value) * float(UNITS[unit] or 1)
        return float(value) / rate_of("unit", unit)

    def _facts(self) -> dict[str, Any]:
        return {
            "layer": self.layer, "wrt": self.wrt, "axis": self.axis,
            "input_axis": self.input_axis, "output_axis": self.output_axis,
            "sample_rate": self.sample_rate, "chunk": self.chunk, "exact": self.exact,
            "anchor": self.anchor,
            "states": self.states,
            "obstacles": self.obstacles, "placed": self.placed, "global_reads": self.global_reads,
            "memory": self.memory, "causal": self.causal,
            "frame_outputs": self.frame_outputs, "first_valid_output": self.first_valid_output,
            **self._lengths(), "fidelity": self.fidelity,
            "state_elements": self.state_elements, "state_bytes": self.state_bytes,
            "layers": [_state_dict(state) for state in self.layers],
            "joins": [
                {"layer": join.layer, "hop": join.hop, "delays": dict(join.delays),
                 "elements": join.elements}
                for join in self.joins
            ],
        }  # fmt: skip

    def _told(self) -> str:
        text = (
            f"{self.layer} wrt {self.wrt} along {self.axis}: past {self.past} "
            f"look-ahead {self.look_ahead} latency {self.latency} hop {self.hop}"
        )
        text += "" if self.anchor == "auto" else f" (counted from the {self.anchor} sample read)"
        if not self.exact:
            return f"{text} (not exact: {'; '.join(self.obstacles)})"
        if self.placed:
            return f"{text} (only with {CARRIED}: {'; '.join(self.placed)})"
        return text


def _state_dict(state: LayerState) -> dict[str, Any]:
    window = state.window
    return {
        "layer": state.layer, "op": state.op, "hop": state.hop, "shape": state.shape,
        "reads": window and window.reads, "gives": window and window.gives,
        "step": window and window.step, "state": window and window.state,
        "held": state.held, "look_ahead": window and window.ahead,
        "keeps": state.keeps, "elements": state.elements,
    }  # fmt: skip


def rate_of(name: str, value: Any) -> float:
    """A positive, finite number.

    Raises:
        InvalidModelError: it is none.
    """
    try:
        rate = float(value)
    except (TypeError, ValueError):
        rate = inf
    if isinstance(value, bool) or not isfinite(rate) or rate <= 0:
        raise InvalidModelError(f"{name} = {value!r}; expected a positive number")
    return rate


def outputs_of(chunk: int, grid: int, hop: Fraction) -> int:
    """Outputs per chunk.

    Raises:
        InvalidModelError: such chunks break the grid.
    """
    if chunk % grid:
        below, above = chunk // grid * grid, -(-chunk // grid) * grid
        near = f"{below} or {above}" if below else f"{above}"
        raise InvalidModelError(
            f"chunk = {chunk}: chunks are multiples of {grid} samples. The nearest: {near}"
        )
    return int(chunk / hop)
