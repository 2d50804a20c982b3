"""How long Keras would look for an order in which the layers of a file can be called.

It goes through the layers until all calls are made, and tries each that waits once per turn. Files
that Keras has written need few turns; one in which every layer comes before its operands needs as
many as it has layers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

MOST_TRIES = 20_000
"""A second or two. The largest of ``keras.applications`` needs none."""


def tries_in_vain(layers: list[Any]) -> int:
    """Calls that Keras would try too early; no more than a few above ``MOST_TRIES`` are counted."""
    waiting: dict[str, list[list[tuple[str, int]]]] = {}
    for layer in layers:
        calls = layer.get("inbound_nodes") if isinstance(layer, dict) else None
        name = layer.get("name") if isinstance(layer, dict) else None
        if not isinstance(calls, list) or not isinstance(name, str):
            return 0  # Keras will say what is wrong
        waiting[name] = [list(_operands(call)) for call in calls]
    made: Counter[str] = Counter()
    tries, before = 0, -1
    while waiting and tries <= MOST_TRIES and made.total() > before:
        before = made.total()
        for name, calls in list(waiting.items()):
            for call in calls[made[name] :]:
                late = [source for source, number in call if made[source] <= number]
                if late:
                    tries += 1 + made[late[0]] // 20  # the error that it catches lists the others
                    break
                made[name] += 1
            made[name] += not calls  # an input
            if made[name] >= len(calls):
                del waiting[name]
    return tries


def _operands(here: Any) -> Iterator[tuple[str, int]]:
    """The tensors that a call reads: a layer, and which of its calls."""
    if isinstance(here, dict):
        here = list(here.values())
    if isinstance(here, list):
        if len(here) >= 3 and isinstance(here[0], str) and isinstance(here[1], int):
            yield here[0], here[1]
        for entry in here:
            yield from _operands(entry)
