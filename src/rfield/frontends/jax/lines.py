"""Where in the user's code an equation was made, and which function of a library made it."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

_LIBRARIES = ("flax", "equinox", "haiku", "keras")


class Origin(NamedTuple):
    """``line``: ``model.py:118``, empty where no line of the user's is known.

    ``inside``: it is a step inside of a module of a library. ``function``: that of ``jax.nn`` that
    the user, or the module, called.
    """

    line: str = ""
    inside: bool = False
    function: str = ""


def origin_of(equation: Any) -> Origin:
    """From the innermost frame outwards, up to the first that is the user's."""
    inside, function = False, ""
    for frame in getattr(equation.source_info.traceback, "frames", ()):
        home = _home(frame.file_name)
        if home == "jax.nn":
            function = frame.function_name.partition(".")[0]
        elif home == "rfield":
            break
        elif home in _LIBRARIES:
            inside = True
        elif not home:
            line = f"{Path(frame.file_name).name}:{frame.line_num}"
            return Origin(line, inside, function)
    return Origin("", inside, function)


@lru_cache(maxsize=4096)
def _home(file: str) -> str:
    """The library that a file belongs to; empty if it is the user's."""
    path = Path(file)
    if Path(__file__).parent in path.parents:
        return "rfield"
    for name in ("jax", "jaxlib", *_LIBRARIES):
        found = getattr(sys.modules.get(name), "__file__", None)
        if found and Path(found).parent in path.parents:
            return "jax.nn" if path.parts[-3:] == ("_src", "nn", "functions.py") else name
    return "" if path.is_absolute() else "python"
