"""Whether a model is a function: what its later calls read is what its first one read.

A module may keep something from call to call: a flag for a first call, a count, the end of the part
before. One reading shows the first call only. Where that changed something, the model is called
again without being put back, on inputs of its own: each call must be made of the same ops, over its
own inputs alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...core.graph import Draft, Node
from ...errors import InvalidModelError

AGAIN = ("#2", "#3")
"""Ends of the names of later inputs: a flag shows at the second call, every other at the third."""


def first_of(
    draft: Draft, calls: Sequence[Callable[[], Any]], values: Callable[[Any], Sequence[int]]
) -> Any:
    """What the first of some calls returns, each on its share of the inputs.

    ``values``: those that are in what was returned.

    Raises:
        InvalidModelError: a later one does otherwise.
    """
    share = len(draft.entries) // len(calls)
    inputs = [each.node for each in draft.entries]
    first: Any = None
    was: Sequence[int] = ()
    for number, call in enumerate(calls):
        start, found = len(draft.nodes), call()
        returned = values(found)
        if not number:
            first, was = found, returned
            continue
        own = inputs[number * share :][:share]
        pairs = dict(zip(inputs, own, strict=False))
        if not _alike(draft, pairs, was, returned, start):
            raise InvalidModelError(f"call {number + 1} is not made of the ops of the first one")
    return first


def _alike(
    draft: Draft, pairs: dict[int, int], was: Sequence[int], returned: Sequence[int], start: int
) -> bool:
    """Whether a call is made as the first; ``pairs``: its inputs, by those of the first.

    ``start``: values before are those of other calls.
    """
    if len(was) != len(returned):
        return False
    stack = list(zip(was, returned, strict=True))
    while stack:
        mine, theirs = stack.pop()
        if mine in pairs:
            if pairs[mine] != theirs:
                return False
            continue
        if theirs < start:  # kept from another call
            return False
        pairs[mine] = theirs
        a, b = draft.nodes[mine], draft.nodes[theirs]
        if len(a.operands) != len(b.operands) or _reads(a) != _reads(b):
            return False
        stack += zip(a.operands, b.operands, strict=True)
    return True


def _reads(node: Node) -> tuple[object, ...]:
    """What a node does; a factor may be known to be positive in one call and not in another."""
    op = replace(node.op, algebra="scale" if node.op.algebra == "multiply" else node.op.algebra)
    return op, node.links, node.tables, node.weights
