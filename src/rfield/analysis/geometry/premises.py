"""What an answer rests on that the model does not show: which axes are positions, what masks hide.

By default all axes after batch and channel are positions. That windows slide along them speaks for
it. Where no window does (a linear layer, attention: sequences come as (batch, time, features) too),
or where one slides along another axis (an image without its batch axis), the answer may be about
the wrong axis, and says which one it took. A mask of finite numbers (-100, -1e9) hides what minus
infinity would, but for what no floating-point number shows; whether that counts is for the user to
say.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

from ...core.graph import Graph, Input
from ...core.link import Link
from ...core.relation import Sliding
from ...errors import NotStreamableError, NotTileableError, show_shape
from ..answer import Answer
from ..engines.forward import sweep
from ..engines.terms import carriers
from ..results import axis_names
from .free_sizes import free_sizes

Found = TypeVar("Found", bound="Answer | tuple[Answer, ...]")

SHOWN = 3
"""So many layers are named."""

WINDOWS = frozenset({"conv", "max_pool", "avg_pool"})
SEQUENCE = 3
"""Inputs of so many axes or fewer may be anything; those with more are images or volumes, whose
channels come second unless a front end takes them to be last."""


def premises(graph: Graph) -> tuple[str, ...]:
    """A sentence for each thing that was not said and decides what the answers are."""
    if graph.premises is None:
        told = (*guessed_axes(graph), *soft_masks(graph), *taken_numbers(graph), *restless(graph))
        graph.premises = (*graph.assumed, *free_sizes(graph), *told)
    return graph.premises


def resting(graph: Graph, found: Found) -> Found:
    """An answer, or several, with what they rest on."""
    for answer in found if isinstance(found, tuple) else (found,):
        answer.rest_on(premises(graph))
    return found


@contextmanager
def telling_why(graph: Graph) -> Generator[None, None, None]:
    """Whoever is refused a plan is told of what was a guess: axes, and masks of finite numbers."""
    try:
        yield
    except (NotTileableError, NotStreamableError) as error:
        told = (*soft_masks(graph), *guessed_axes(graph))
        if not told:
            raise
        raise type(error)("\n  ".join((str(error), *told))) from error


def soft_masks(graph: Graph) -> tuple[str, ...]:
    """What is done with masks of finite numbers, where there are some."""
    found = {k: node.soft for k, node in enumerate(graph.nodes) if node.soft}
    if not found:
        return ()
    numbers = ", ".join(f"{number:g}" for number in sorted(set(found.values()), reverse=True))
    layers = list(dict.fromkeys(map(graph.layer_of, found)))
    where = ", ".join(layers[:SHOWN]) + (f" and {len(layers) - SHOWN} more" * (len(layers) > SHOWN))
    what = f"masks of {numbers} ({where})"
    if graph.soft_masks == "cut":
        return (f"{what} are taken for minus infinity, as soft_masks='cut' says",)
    return (
        f"{what} are no minus infinity: what they hide counts as read, a bound; "
        "soft_masks='cut' cuts it",
    )


def taken_numbers(graph: Graph) -> tuple[str, ...]:
    """That a model's own code looked at numbers, where it did: what came of them is a constant."""
    if not graph.taken:
        return ()
    more = f" and {len(graph.taken) - SHOWN} more" * (len(graph.taken) > SHOWN)
    return (
        f"numbers are taken out of tensors in {', '.join(graph.taken[:SHOWN])}{more}: answers are "
        "for the numbers of this input, and what these depend on is not counted",
    )


def restless(graph: Graph) -> tuple[str, ...]:
    """That calls of the model are not alike, where they are not."""
    if not graph.restless:
        return ()
    kept = ", ".join(graph.restless[:SHOWN]) + " …" * (len(graph.restless) > SHOWN)
    return (
        f"the model keeps {kept} from call to call, and a later call does otherwise: answers are "
        "for its first call",
    )


def guessed_axes(graph: Graph) -> tuple[str, ...]:
    """A sentence for each input whose positions were a guess, with how to choose others."""
    if not graph.guessed:
        return ()
    told = (_guessed(graph, entry) for entry in graph.inputs_)
    return tuple(text for text in told if text)


def _guessed(graph: Graph, entry: Input) -> str:
    shape = graph.shape(entry.node)
    usual = len(shape) > SEQUENCE and entry.axes == tuple(range(2, len(shape)))
    if usual or not entry.axes:
        return ""
    names = axis_names(len(entry.axes))
    taken = ", ".join(f"{n} is axis {a}" for n, a in zip(names, entry.axes, strict=True))
    text = f"{taken} of {entry.name} {show_shape(shape)}"
    slid = [
        axis
        for axis in range(len(shape))
        if _slides(graph, entry.node, axis, alone=axis in entry.axes)
    ]
    others = [axis for axis in slid if axis not in entry.axes]
    if others:
        both = tuple(slid)
        return (
            f"{text}, but windows slide along axis {' and '.join(map(str, others))}: with a batch "
            f"axis in front, or with axes={both}, those are positions too"
        )
    if all(axis in slid for axis in entry.axes):
        return ""
    other = tuple(axis for axis in range(1, len(shape)) if axis not in entry.axes) or entry.axes
    if len(shape) > SEQUENCE and entry.axes == tuple(range(1, len(shape) - 1)):
        other = tuple(range(2, len(shape)))  # channels may come second
    return f"{text}, a guess: no window slides along it; choose with axes={other}"


def _slides(graph: Graph, source: int, axis: int, *, alone: bool) -> bool:
    """Whether windows slide along an axis of an input.

    ``alone``: windows side by side will do. Elsewhere they may be groups of channels.
    """
    if all(node.kind not in WINDOWS for node in graph.nodes):
        return False
    states = sweep(graph, source, (axis,)).states[0]
    for index in range(source + 1, len(graph.nodes)):
        node = graph.nodes[index]
        for operand, link in zip(node.operands, node.links, strict=True):
            if node.kind not in WINDOWS or not isinstance(link, Link):
                continue
            for carrier in carriers([states[operand]], len(link.reads)):
                relation = link.reads[carrier].relation
                if isinstance(relation, Sliding) and _is_window(relation, alone=alone):
                    return True
    return False


def _is_window(relation: Sliding, *, alone: bool) -> bool:
    """Whether more than one position is read at a time, by windows that overlap or alone."""
    if alone and abs(relation.advance) != relation.period:
        return True
    span = max((taps.last - taps.first + 1 for taps in relation.taps if taps), default=1)
    return span > 1 and (alone or (relation.period == 1 and span > abs(relation.advance)))
