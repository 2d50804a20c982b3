"""What runs in a worker process: one request a line, one reply a line, until the input ends.

A model may print, crash, hang or take all memory: it does so here. Whoever asks is ``process``.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

from ..analysis.plain import plain
from ..errors import RFieldError
from .measuring import measure
from .zoos import specs_of

LOOK = 1.0
"""Seconds after which a worker looks whether its parent still lives."""


def main() -> None:
    """Answer until nobody asks any more."""
    requests, replies = _own_input(), _own_output()
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    serve(requests, replies)


def serve(requests: Iterable[str], replies: TextIO) -> None:
    """A reply to each request with its number, both JSON in one line.

    A model may fork, and its child come back here: it does not answer. The folder that a model
    changes to is left again.
    """
    own, folder = os.getpid(), Path.cwd()
    for line in requests:
        request = json.loads(line)
        reply = {**answer(request), "number": request["number"]}
        if os.getpid() != own:
            os._exit(0)
        os.chdir(folder)
        replies.write(json.dumps(reply) + "\n")
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
        "row": {name: plain(value) for name, value in row.items()},
        "growth": [[layer, list(size)] for layer, size in growth],
    }


def _own_input() -> TextIO:
    """Where requests come from; a model that reads finds nothing."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return requests


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
