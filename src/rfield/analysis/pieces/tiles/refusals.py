"""Why an output has no tiles, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ....core.graph import Graph
from ....errors import NotTileableError, show_shape
from ..comparing.agreement import Loss
from ..comparing.cuts import IRREGULAR, WHOLE_AXIS
from ..comparing.grid import Rates, last_along


def no_map(
    layer: str, whole: Graph, between: Sequence[int], value: int, rates: Sequence[Rates], k: int,
    name: str, cut: bool,
) -> NotTileableError:  # fmt: skip
    """No axis of the output goes along with axis ``k`` of the input, or several do.

    ``between``: the values that lead to it; ``rates``: of all; ``name``: of the axis.
    ``cut``: other axes have one, so that there are tiles with all of this axis.
    """
    along = [rate[1] for rate in rates[value] if rate and rate[0] == k]
    if len(along) == 1 and along[0] < 0:
        return NotTileableError(
            f"{layer}: {name} runs backwards in it, as after one flip; tiles "
            "are laid side by side forwards"
        )
    first = f"{layer} {show_shape(whole.nodes[value].shape)}"
    so = f"so its tiles have all of {name}" if cut else "so it has no tiles"
    if count := len(along):
        return NotTileableError(
            f"{first}: {count} axes of it go along with {name}, {so}.\n"
            "  Choose a layer that is a map: output=..."
        )
    text = f"{first}: no axis of it goes along with {name}, {so}"
    stop, listed = last_along(whole, between, rates, k) or (layer, False)
    if listed:  # it may be a map all the same
        return NotTileableError(f"{text}: {stop} {IRREGULAR}.")
    return NotTileableError(f"{text}.\n  Choose a layer that is a map: output=...")


def no_tiles(
    layer: str, losses: Sequence[Loss], global_reads: Callable[[], Sequence[str]]
) -> NotTileableError:
    """No tile equals the whole: which layers, and why; ``global_reads``: of a whole axis."""
    first = f"no tile of {layer} equals the whole"
    if rest := [str(loss) for loss in losses if loss.why != WHOLE_AXIS]:
        return NotTileableError(f"{first}:\n  " + "\n  ".join(rest[:5]))
    if not (names := global_reads()):
        return NotTileableError(f"{first}: what an output reads is not the same in every tile")
    shown = ", ".join(names[:3]) + " …" * (len(names) > 3)
    count = "1 layer reads" if len(names) == 1 else f"{len(names)} layers read"
    return NotTileableError(f"{first}: {count} a whole axis ({shown}).")
