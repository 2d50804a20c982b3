"""Models for surveys, some of which misbehave: named as ``zoo.py:name`` and made in a worker."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import rfield

HERE = Path(__file__)


def spec(name: str) -> str:
    """What a survey calls a model of this file."""
    return f"{HERE}:{name}"


def network(*kernels: int) -> rfield.Graph:
    """A chain of convolutions, each padded to keep the size."""
    b = rfield.GraphBuilder()
    y = b.input("image", (1, 3, 32, 32))
    for number, kernel in enumerate(kernels):
        y = b.conv(f"conv{number}", y, kernel=kernel, padding=kernel // 2)
    return b.build([y])


def small() -> rfield.Graph:
    """r = 5."""
    return network(3, 3)


def large() -> rfield.Graph:
    """r = 41, beyond the input of 32."""
    return network(21, 21)


def flat() -> rfield.Graph:
    """No map: one output for the whole image."""
    b = rfield.GraphBuilder()
    return b.build([b.global_pool("pool", b.input("image", (1, 3, 32, 32)))])


def noisy() -> rfield.Graph:
    """Prints where replies go."""
    print('{"row": "not a reply"}')  # noqa: T201  # that is the point
    return small()


def raises() -> rfield.Graph:
    """An error of the model's own code."""
    raise ZeroDivisionError("no such width")


def crashes() -> rfield.Graph:
    """What an access outside of memory does."""
    sys.stderr.write("about to fall\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGSEGV)
    return small()


def leaves() -> rfield.Graph:
    """Ends the process and says nothing."""
    os._exit(3)


def hangs() -> rfield.Graph:
    """Never done."""
    while True:
        time.sleep(60)


def eats() -> rfield.Graph:
    """Takes memory without end, slowly enough for the test's machine."""
    held = []
    while True:
        held.append(b"x" * (32 * 2**20))
        time.sleep(0.02)


def speaks() -> rfield.Graph:
    """Writes where last words are looked for."""
    sys.stderr.write("not my last words\n")
    sys.stderr.flush()
    return small()


def forks() -> rfield.Graph:
    """Its child comes back too."""
    os.fork()
    return small()


def breaks_json() -> rfield.Graph:
    """Spoils what its worker replies with."""
    json.dumps = lambda *_, **__: "broken"  # type: ignore[assignment]  # that is the point
    return small()


def moves() -> rfield.Graph:
    """Leaves the folder for good."""
    os.chdir("/")
    return small()


def asks() -> rfield.Graph:
    """Waits for an answer."""
    input("Continue? ")
    return small()


def slow() -> rfield.Graph:
    """Takes a while, so that a survey can be ended meanwhile."""
    time.sleep(0.25)
    return small()


def __getattr__(name: str) -> object:
    """``slow7`` is one more ``slow``."""
    if name.startswith("slow") and name[4:].isdecimal():
        return slow
    raise AttributeError(name)
