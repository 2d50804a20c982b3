"""``verify``: the claim of the two engines against a model that runs.

What is claimed comes from ``claims``: the support at chosen positions of chosen layers. Each is
held against the model by ``evidence``: noise outside the support, and marks on single input
positions. Here is who asks what in which order, and the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...errors import InvalidModelError, RFieldError
from ..answer import Answer
from ..geometry.fields import Fields, choose_source
from ..results import Fidelity
from .claims import Claim, chosen_layers, chosen_positions
from .claims import elements as marked_elements
from .evidence import Arrays, Check, CounterExample, Running, Tally, largest_gap
from .support import support

Progress = Callable[[int, int], None]


class NotDeterministicError(RFieldError, ValueError):
    """The model gives different outputs for the same input, so nothing can be verified."""


@dataclass(frozen=True, repr=False)
class Verification(Answer):
    """What was tried, what held, and every counter-example. True if there is none.

    ``layers`` and ``positions``: how many were looked at. ``sound``: (layer, position) pairs whose
    output did not change under noise outside the support. ``compared``: pairs of an output position
    and a marked input position, ``read`` of them read as claimed. ``faces``: sides of regions shown
    to be reached. ``undecided``: differences that rounding or a kernel of the runtime may have made
    or hidden. ``skipped``: layers that the running model does not have under that name.
    """

    schema: ClassVar[str] = "rfield.verify/1"

    wrt: str
    layers: tuple[str, ...]
    positions: int
    sound: int
    compared: int
    read: int
    faces: int
    runs: int
    precision: str
    counterexamples: tuple[CounterExample, ...]
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    undecided: int = 0

    def __bool__(self) -> bool:
        return not self.counterexamples

    def _facts(self) -> dict[str, Any]:
        return {
            "holds": bool(self),
            "wrt": self.wrt,
            "layers": list(self.layers),
            "positions": self.positions,
            "sound": self.sound,
            "compared": self.compared,
            "read": self.read,
            "faces": self.faces,
            "undecided": self.undecided,
            "runs": self.runs,
            "precision": self.precision,
            "counterexamples": [
                {
                    "layer": c.layer, "index": list(c.index), "problem": c.problem,
                    "element": None if c.element is None else list(c.element), "claimed": c.claimed,
                }
                for c in self.counterexamples
            ],
            "skipped": list(self.skipped),
            "notes": list(self.notes),
        }  # fmt: skip

    def _told(self) -> str:
        tried = (
            f"{len(self.layers)} layers at {self.positions} positions in {self.runs} runs "
            f"({self.precision})"
        )
        if self:
            doubts = f"; {self.undecided:,} undecided" if self.undecided else ""
            return (
                f"verified: {tried}; {self.sound} unchanged by noise outside, {self.faces} faces "
                f"and {self.read:,} elements read as claimed{doubts}"
            )
        shown = "\n".join(f"  {example}" for example in self.counterexamples[:20])
        more = len(self.counterexamples) - 20
        tail = f"\n  and {more} more" if more > 0 else ""
        return f"not verified: {len(self.counterexamples)} counter-examples; {tried}\n{shown}{tail}"


def verify(
    graph: Graph,
    running: Running,
    *,
    layers: Sequence[str] = (),
    wrt: str | None = None,
    positions: int = 12,
    samples: int = 2,
    most_probes: int = 400,
    seed: int = 0,
    progress: Progress | None = None,
) -> Verification:
    """Hold the support and the region of ``layers`` at ``positions`` places against the model.

    ``layers`` empty: the outputs, and layers spread over the network. ``samples``: marked elements
    per position besides the faces; ``most_probes`` bounds the marks in all; if there
    would be more, that many are drawn from them.
    """
    draw = np.random.default_rng(seed)
    value = graph.index(layers[-1]) if layers else graph.main
    source = choose_source(graph, value, wrt)
    fields = Fields(graph, source, wrt)
    base = running.inputs(seed)
    name = graph.nodes[source].name
    if name not in base:
        raise InvalidModelError(f"the running model has no input {name!r}")
    wanted = tuple(layers) or chosen_layers(graph, source)
    held = _steady(running, base, [name for layer in wanted for name in graph.names_of(layer)])
    found = {layer: next((n for n in graph.names_of(layer) if n in held), "") for layer in wanted}
    steady = {name: held[name] for name in found.values() if name}
    if not steady:
        raise InvalidModelError(
            f"nothing can be compared: the running model has no layer {' or '.join(wanted)}"
        )
    tally = Tally(runs=2)
    premised = graph.soft_masks == "cut" and any(node.soft for node in graph.nodes)
    check = Check(running, base, name, fields.source_axes, steady, draw, tally, premised)
    claims: list[Claim] = []
    for layer, real in steady.items():
        claim = _claim(graph, fields, layer, positions, draw, real, check)
        if claim is not None:
            claims.append(claim)
    names = [claim.layer for claim in claims]
    elements = list(dict.fromkeys(marked_elements(claims, fields.source_axes, draw, samples)))
    if len(elements) > most_probes:
        kept: list[int] = sorted(draw.choice(len(elements), most_probes, replace=False).tolist())
        elements = [elements[k] for k in kept]
    total = len(elements) + sum(len(claim.rows) for claim in claims)
    done = 0
    for claim in claims:
        for row in range(len(claim.rows)):
            check.noise(claim, row)
            done += 1
            if progress is not None:
                progress(done, total)
    for element in elements:
        check.mark(claims, names, element)
        done += 1
        if progress is not None:
            progress(done, total)
    return Verification(
        fields.wrt, tuple(names), sum(len(claim.rows) for claim in claims), tally.sound,
        tally.compared, tally.read, tally.faces(claims), tally.runs, running.precision,
        tuple(tally.bad), tuple(layer for layer in wanted if not found[layer]),
        tuple(tally.notes), tally.undecided,
    )  # fmt: skip


def _steady(running: Running, base: Arrays, layers: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The arrays of the layers, found equal in two runs."""
    one, other = running.run(base, layers), running.run(base, layers)
    for layer, array in one.items():
        if array.dtype.kind not in "fiub":
            raise InvalidModelError(f"{layer} holds {array.dtype}, which cannot be compared")
        if not np.array_equal(array, other[layer], equal_nan=True):
            raise NotDeterministicError(
                f"{layer} differs between two runs on the same input, by up to "
                f"{largest_gap(array, other[layer]):.3g}.\n"
                "  Only a deterministic model can be verified: no dropout, noise or sampling."
            )
    return one


def _claim(
    graph: Graph,
    fields: Fields,
    layer: str,
    positions: int,
    draw: np.random.Generator,
    real: NDArray[Any],
    check: Check,
) -> Claim | None:
    """What is claimed of a layer; what contradicts itself is a counter-example already."""
    rf = fields._field(layer, graph.index(layer))  # pyright: ignore[reportPrivateUsage]
    shape = graph.nodes[rf.value].shape
    if real.shape != shape:
        check.tally.bad.append(
            CounterExample(layer, (), f"its shape is {real.shape}", None, f"shape {shape}")
        )
        return None
    if all(state is None for state in rf.states) or 0 in shape:
        check.independent(layer)
        return None
    if not np.isfinite(real).any():
        check.tally.notes.append(f"{layer} is NaN or infinite throughout, which shows nothing")
        return None
    sizes = tuple(shape[axis] for axis in rf.positions)
    rows = chosen_positions(sizes, max(rf.period), positions, draw)
    supports = support(graph, rows, layer, wrt=fields.wrt, clip=True)
    assert isinstance(supports, tuple)
    box = rf.region(rows, clip=True)
    for row, found in enumerate(supports):
        start, stop = tuple(box.start[row].tolist()), tuple(box.stop[row].tolist())
        own = (found.box.start, found.box.stop)
        inside = all(map(int.__le__, start, own[0])) and all(map(int.__ge__, stop, own[1]))
        exact = rf.fidelity is Fidelity.EXACT
        if 0 not in found.shape and not (own == (start, stop) if exact else inside):
            check.tally.bad.append(
                CounterExample(
                    layer, tuple(rows[row].tolist()), f"its support spans {found.box}", None,
                    f"region {start} to {stop}",
                )
            )  # fmt: skip
    return Claim(layer, rf, rows, supports, sizes)
