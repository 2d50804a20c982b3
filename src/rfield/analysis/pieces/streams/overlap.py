"""``run_streaming``: a stream through a function that knows only whole arrays, exactly.

Windows that overlap are run and the outputs that are final are handed on. What is final is not
guessed: the run on each window is held against the run on the whole stream by ``agreement``, on
stand-ins of a few fields' length, since neither past nor future make a difference further away.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from weakref import ReferenceType, ref

from ....core.graph import Graph
from ....core.limits import RESIDUES
from ....errors import (
    InvalidModelError,
    NotStreamableError,
    show_shape,
)
from ..arrays import concatenated, copied, owned
from ..comparing.agreement import agreement
from ..comparing.cuts import BY_SIZE, Cut, meets_numbers
from .lengths import FEWER, Lengths, up
from .plan import StreamPlan


def run_streaming(
    fn: Callable[[Any], Any], chunks: Iterable[Any], plan: StreamPlan
) -> Iterator[Any]:
    """Run ``fn`` on a stream, chunk by chunk; together the results are what ``fn(whole)`` gives."""
    flow = Overlap(plan, _Buffer(plan, fn))
    return (part for part in flow.over(chunks) if part is not None)


class Overlap:
    """Windows over the samples that ``held`` keeps; each gives the outputs that are final."""

    def __init__(self, plan: StreamPlan, held: Held) -> None:
        self.plan, self.held, self.windows = plan, held, _LAST.of(plan)
        self.done = 0

    def over(self, chunks: Iterable[Any]) -> Iterator[Any]:
        """What each chunk makes final, and the end of the stream; None where that is nothing."""
        for chunk in chunks:
            yield self.feed(chunk)
        yield self.end()

    def feed(self, chunk: Any) -> Any:
        """The outputs that are final with this chunk; None where there are none."""
        held, windows, done = self.held, self.windows, self.done
        held.add(chunk)
        stop = windows.complete(held.stop)
        if not stop or self.plan.clock.computable(stop) <= done:
            return None
        start = max(held.start, windows.start(done, stop))
        found = windows.found(start, stop - start, ends=False)
        if found is None or not found.first <= done < found.stop:
            return None
        part = held.run(start, stop, found, done)
        self.done = found.stop
        held.drop(windows.start(self.done, held.stop))
        return part

    def end(self, *, cut: bool = False) -> Any:
        """The outputs that the end of the stream makes final.

        ``cut``: the length may be none of the model's, which leaves out what is too much.
        """
        held, windows, done = self.held, self.windows, self.done
        if not held.stop:
            return None
        start = max(held.start, windows.start(done, held.stop))
        if start or done:
            windows.check_length(held.stop, done)
        found = windows.found(start, held.stop - start, ends=True)
        if found is None and start == 0:
            found = Final(0, sys.maxsize, 0, None)  # the stream itself; what it gives is right
        if found is None and cut and windows.are_all(done, held.stop):
            return None
        if found is None or found.first > done:
            raise NotStreamableError(
                f"{self.plan.layer}: the end of the stream, at sample {held.stop}, changes outputs "
                f"before {done}, which were handed on"
            )
        return held.run(start, held.stop, found, done) if found.stop > done else None


class Held(Protocol):
    """The samples that are still needed; ``start`` and ``stop`` count from the stream's start."""

    start: int
    stop: int

    def add(self, chunk: Any) -> None:
        """Append the next chunk."""
        ...

    def drop(self, start: int) -> None:
        """Forget all before ``start``."""
        ...

    def run(self, start: int, stop: int, found: Final, first: int) -> Any:
        """Outputs ``first`` and on of the window ``start .. stop-1``."""
        ...


class Final(NamedTuple):
    """Outputs ``first .. stop-1`` of the stream are those of a window.

    Output ``first`` of the stream is at ``first - shift`` of the window, which has ``length``
    outputs; ``length`` is None where that is not known.
    """

    first: int
    stop: int
    shift: int
    length: int | None


class _Windows:
    """Where windows begin and end, and which of their outputs are those of the whole stream."""

    def __init__(self, plan: StreamPlan) -> None:
        graph = plan.graph
        if plan.obstacles:
            raise NotStreamableError("\n  ".join([f"{plan.layer}: {_WHY}", *plan.obstacles]))
        if plan.windowless:
            why = [*plan.windowless, 'state="carry" goes on with them.'][: 2 - bool(plan.memory)]
            raise NotStreamableError("\n  ".join([f"{plan.layer}: {_WHY}", *why]))
        self.lengths = Lengths(
            graph, plan.source, plan.value, plan.input_axis, plan.clock, plan.steps, plan.short
        )
        if self.lengths.entry is None or graph.reread is None:
            raise NotStreamableError(
                f"{plan.wrt}: windows need an input of a model that can be read at other sizes"
            )
        self.plan, self.entry = plan, self.lengths.entry
        self.grid, self.clock = plan.grid, plan.clock
        self.length, self.far, self.graph = (
            self.lengths.length, self.lengths.far, self.lengths.graph,
        )  # fmt: skip
        self.whole = lru_cache(maxsize=RESIDUES)(self.lengths.graph)  # one for each remainder
        self.losses: list[str] = []
        self._known: dict[tuple[bool, bool, int], Final | None] = {}
        self._alike: dict[int, bool] = {}
        residues = self.lengths.residues()
        differs: dict[int, bool] = {}  # each length is read once for both
        for residue in residues:
            size = 2 * self.far + residue
            if self.graph(size) is not None:
                differs[residue] = self.lengths.differs(size) is not None
        self.legal, self.sized = [*differs], any(differs.values())
        self.stepwise = self.sized or self.legal != residues
        self.margin, self.least = self._margins()

    def start(self, output: int, stop: int) -> int:
        """Where the window must begin at the latest that gives ``output`` and ends at ``stop``."""
        first = (output - self.margin) * self.plan.hop
        return max(0, int(min(first, stop - max(self.least, 1)) // self.grid) * self.grid)

    def complete(self, samples: int) -> int:
        """The last end of a window, up to ``samples``, at which another output is complete."""
        if self.stepwise:
            return samples - (samples - self.length) % self.grid
        return self.clock.ready_at(self.clock.computable(samples) - 1)

    def are_all(self, done: int, stop: int) -> bool:
        """Whether a stream whose length is none of the model's gives no more than what is done.

        What is left over is cut off before it comes here; how long the whole is is looked at there.
        """
        if stop % self.grid in self.legal:
            return False
        return self.clock.computable(self.complete(stop)) <= done

    def check_length(self, samples: int, done: int) -> None:
        """Refuse a stream whose length turns out to be one that gives other outputs throughout.

        Ways that differ may be those of an axis with one position only; what was handed on decides.
        """
        layer = self.lengths.differs(samples)
        begins = None if layer is None else self._compare(inner=False, ends=False, size=samples)
        if layer is not None and (begins is None or begins.first > 0 or begins.stop < done):
            if lost := self.lengths.lost(samples):
                raise NotStreamableError(f"{self.plan.layer}: {lost[0]}.\n  {FEWER}")
            below = samples - (samples - self.length) % self.grid
            raise NotStreamableError(
                f"{self.plan.layer}: what {layer} reads depends on the length of the stream, which "
                f"is {samples}.\n  The plan was made for {self.length} and holds for lengths such "
                f"as {below} and {below + self.grid}"
            )

    def found(self, start: int, size: int, *, ends: bool) -> Final | None:
        """What is final of a window; ``ends``: the stream ends with it. None: nothing, or no run.

        Further than a few fields from both its ends nothing of a window changes but its length, so
        a shorter one stands for it.
        """
        surplus = max(0, (size - 2 * self.far) // self.grid * self.grid)
        if surplus and size not in self._alike:
            self._alike[size] = self.lengths.alike(size, size - surplus)
        if surplus and not self._alike[size]:
            raise NotStreamableError(
                f"{self.plan.layer}: a part of {size} is computed in another way than one of "
                f"{size - surplus}; streams need a model that does the same at every length"
            )
        key = (start > 0, ends, size - surplus)
        if key not in self._known:
            self._known[key] = self._compare(*key)
        known = self._known[key]
        if known is None:
            return None
        shift, more = int(start / self.plan.hop), int(surplus / self.plan.hop)
        length = None if known.length is None else known.length + more
        return Final(known.first + shift, known.stop + shift + more, shift, length)

    def _compare(self, inner: bool, ends: bool, size: int) -> Final | None:
        """The outputs of a window that agree with the whole's, counted from its own beginning."""
        if ends and not inner:
            return self._itself(size)
        rest = self.length if self.sized and not ends else size
        total = 4 * self.far + rest % self.grid
        start = total - size if ends else self.far if inner else 0
        part, whole = self.graph(size), self.whole(total)
        if part is None or whole is None:
            return None
        cuts = self._cuts(whole, part, start)
        if inner and not ends and cuts is not None and meets_numbers(part):
            further = self._cuts(whole, part, start + self.grid)  # do they repeat with the grid?
            time = self.plan.output_axis
            if further is None or further[time][1:3] != cuts[time][1:3]:
                self.losses = [f"{self.plan.layer}: {BY_SIZE}"]
                return None
        if cuts is None:
            return None
        shape = part.nodes[self.lengths.value(part)].shape
        time, step = self.plan.output_axis, start / self.plan.hop
        for axis, (cut, size_) in enumerate(zip(cuts, shape, strict=True)):
            if axis != time and (cut.first, cut.stop) != (0, size_):
                return None
        cut = cuts[time]
        if cut.shift != step or cut.first >= cut.stop or (ends and cut.stop < shape[time]):
            return None
        return Final(cut.first, cut.stop, 0, shape[time])

    def _cuts(self, whole: Graph, part: Graph, start: int) -> Sequence[Cut] | None:
        """What the output of a window from ``start`` on has in common with the whole's."""
        starts = [start if axis == self.plan.input_axis else 0 for axis in self.entry.axes]
        found = agreement(whole, part, {self.entry.name: starts})
        value = self.lengths.value(part)
        cuts = found.cuts[value] if found.places[value] == self.lengths.value(whole) else None
        if cuts is None:
            self.losses = [str(loss) for loss in found.losses]
        return cuts

    def _itself(self, size: int) -> Final | None:
        """A window that is the whole stream gives what it gives, whatever that is."""
        graph = self.graph(size)
        if graph is None:
            return None
        length = graph.nodes[self.lengths.value(graph)].shape[self.plan.output_axis]
        return Final(0, length, 0, length)

    def _margins(self) -> tuple[int, int]:
        """Outputs that a window loses at its beginning, and the shortest window to be kept."""
        if not self.legal:
            raise NotStreamableError(
                f"{self.plan.wrt}: no length but {self.length} is accepted:\n"
                f"  {self.lengths.refused}"
            )
        residues = [self.length % self.grid] if self.sized else self.legal
        few = self.sized or self.grid <= RESIDUES
        per_grid = int(self.grid / self.plan.hop)
        margin, least, most = 0, 0, 2 * self.far
        while least <= most:
            sizes = [base + residue for residue in residues for base in (least, most)]
            tried = [self.found(self.grid, size, ends=True) for size in sizes if size]
            tried.append(self.found(self.grid, most + residues[0], ends=False))
            lost = [f.first - f.shift + per_grid * (not few) for f in tried if f is not None]
            reached = max([margin, *lost])
            enough = up(self.clock.ready_at(reached + self.plan.frame_outputs - 1), self.grid)
            if None not in tried and reached == margin and enough <= least:
                return margin, least
            longer = min(2 * least or self.grid, most) if least < most else most + 1
            least = max(enough, longer if None in tried else least)
            margin = reached
        raise NotStreamableError("\n  ".join([f"{self.plan.layer}: {_WHY}", *self.losses]))


def windows_of(plan: StreamPlan) -> None:
    """Look for the windows of a plan.

    Raises:
        NotStreamableError: there are none.
    """
    _Windows(plan)


class _Last:
    """The windows of the plan that was run last, while it is there: graphs at many lengths."""

    def __init__(self) -> None:
        self.plan: ReferenceType[StreamPlan] | None = None
        self.windows: _Windows | None = None

    def of(self, plan: StreamPlan) -> _Windows:
        """Those of this plan, and not of another model's with the same numbers."""
        if self.windows is None or self.plan is None or self.plan() is not plan:
            self.windows = _Windows(replace(plan))  # of a copy, or the plan would never go
            self.plan = ref(plan, self._gone)
        return self.windows

    def _gone(self, plan: ReferenceType[StreamPlan]) -> None:
        if plan is self.plan:
            self.plan = self.windows = None


_LAST = _Last()


class _Buffer:
    """Samples of arrays of any kind, for a function that knows only whole arrays."""

    def __init__(self, plan: StreamPlan, fn: Callable[[Any], Any]) -> None:
        self.plan, self.fn, self.start, self.stop = plan, fn, 0, 0
        self.parts: list[Any] = []
        self.chunks = 0

    def add(self, chunk: Any) -> None:
        """Append the next chunk."""
        self.chunks += 1
        before = tuple(self.parts[0].shape) if self.parts else None
        check_chunk(chunk, self.chunks, self.plan, before)
        size = chunk.shape[self.plan.input_axis]
        if size or not self.parts:
            self.parts.append(owned(chunk))  # the caller may fill the same array again
            self.stop += size

    def drop(self, start: int) -> None:
        """Forget all before ``start``."""
        if start > self.start:
            kept = self._cut(self._joined(), start - self.start, None, self.plan.input_axis)
            self.parts, self.start = [kept], start

    def run(self, start: int, stop: int, found: Final, first: int) -> Any:
        """Outputs ``first`` and on of the window ``start .. stop-1``."""
        here = f"samples {start} .. {stop - 1}, after chunk {self.chunks}"
        whole = self._joined()
        window = self._cut(whole, start - self.start, stop - self.start, self.plan.input_axis)
        result, axis = self.fn(copied(window)), self.plan.output_axis
        shape = _shape(result, f"the output for {here}", len(self.plan.output_shape))
        if found.length is not None and shape[axis] != found.length:
            raise InvalidModelError(
                f"the output for {here} has shape {show_shape(shape)}; "
                f"expected {found.length} positions along axis {axis}"
            )
        end = None if found.length is None else found.stop - found.shift
        return owned(self._cut(result, first - found.shift, end, axis))  # it may be filled again

    def _joined(self) -> Any:
        if len(self.parts) > 1:
            self.parts = [concatenated(self.parts, self.plan.input_axis)]
        return self.parts[0]

    @staticmethod
    def _cut(array: Any, start: int, stop: int | None, axis: int) -> Any:
        return array[(slice(None),) * axis + (slice(start, stop),)]


def check_chunk(chunk: Any, number: int, plan: StreamPlan, before: Sequence[int] | None) -> None:
    """Refuse a chunk that is no array of the input's rank, or not like those ``before`` it."""
    axis = plan.input_axis
    shape = _shape(chunk, f"chunk {number}", len(plan.graph.nodes[plan.source].shape))
    if before is None or shape[:axis] + shape[axis + 1 :] == (*before[:axis], *before[axis + 1 :]):
        return
    raise InvalidModelError(
        f"chunk {number} has shape {show_shape(shape)}; expected "
        f"{show_shape([*before[:axis], None, *before[axis + 1 :]])}, like those before"
    )


def _shape(array: Any, what: str, rank: int) -> tuple[int, ...]:
    shape = getattr(array, "shape", None)
    if shape is None or len(shape) != rank:
        given = f"is of type {type(array).__name__}"
        given = given if shape is None else f"has shape {show_shape(shape)}"
        raise InvalidModelError(f"{what} {given}; expected an array of {rank} axes")
    return tuple(int(n) for n in shape)


_WHY = "parts of a stream do not give what the whole gives"
