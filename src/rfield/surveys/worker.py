"""What runs in a worker process: one request a line, one reply a line, until the input ends.

A model may print, crash, hang or take all memory: it does so here. Whoever asks is ``process``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from ..errors import RFieldError
from ..present.records import jsonable
from .measuring import measure
from .zoos import specs_of

LOOK = 1.0
"""Seconds after which a worker looks whether its parent still lives."""


def main() -> None:
    """Answer until nobody asks any more."""
    replies = _own_output()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    serve(sys.stdin, replies)


def serve(requests: Iterable[str], replies: TextIO) -> None:
    """A reply to each request, both JSON in one line."""
    for line in requests:
        replies.write(json.dumps(answer(json.loads(line))) + "\n")
        replies.flush()


def answer(request: Mapping[str, Any]) -> dict[str, object]:
    """The reply to one request: the specs of a zoo, or the row of a model."""
    if "zoo" in request:
        try:
            return {"specs": specs_of(request["zoo"])}
        except RFieldError as error:
            return {"error": str(error)}
    row, growth = measure(request["spec"], request["at"], sizes=request["sizes"])
    return {
        "row": {name: jsonable(value) for name, value in row.items()},
        "growth": [[layer, list(size)] for layer, size in growth],
    }


def _own_output() -> TextIO:
    """Where replies go; what a model prints goes to the standard error."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return replies


def _end_with(parent: int) -> None:
    """End when the parent has ended, also in the middle of a model that never does."""
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)
