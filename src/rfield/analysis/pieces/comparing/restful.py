"""Parts are run by one call after the other, so the calls of a model have to be alike."""

from __future__ import annotations

from ....core.graph import Graph
from ....errors import RFieldError


def check_restful(graph: Graph, error: type[RFieldError]) -> None:
    """Refuse a model whose calls are not alike: parts are run by one call after the other.

    Raises:
        RFieldError: ``error``, if it is one.
    """
    if graph.restless:
        kept = ", ".join(graph.restless[:5]) + " …" * (len(graph.restless) > 5)
        drawn = all("random numbers" in name for name in graph.restless)
        how = "Draw none in it" if drawn else "Call it before until it no longer changes"
        raise error(
            f"{graph.origin or 'the model'} keeps {kept} from call to call, and a later call does "
            "otherwise: parts are as the whole only where every call is.\n"
            f"  {how}, or pass on as an argument what it keeps"
        )
