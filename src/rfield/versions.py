"""The public questions about versions of a model: what differs, and whether it stayed as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .loading import graph_for as _read

if TYPE_CHECKING:
    from .present.compare import Comparison


def compare(a: Any, b: Any, *, wrt: str | None = None, **load_options: Any) -> Comparison:
    """The layers of two models whose field, globality, fidelity or cost differs.

    Layers are matched by name, and where names differ by what they compute in which order: layers
    that were only renamed do not differ. The result is a sequence of differences, false if there
    are none; ``str()`` is the table. Costs are compared where no input size is free.

    Args:
        a: a source for ``load``, or a graph.
        b: the other; graphs, where the two are to be read in different ways.
        wrt: measure in this input or layer of both; default: in every input.
        load_options: those of ``load``, for both.

    >>> import rfield
    >>> def net(dilation):
    ...     b = rfield.GraphBuilder()
    ...     x = b.conv("c1", b.input("signal", (1, 1, 99)), kernel=3)
    ...     return b.build([b.conv("c2", x, kernel=3, dilation=dilation)])
    >>> found = rfield.compare(net(1), net(2))
    >>> [(c.layer, c.part, c.a, c.b) for c in found if c.part == "size"]
    [('c2', 'size', (5,), (7,))]
    >>> bool(rfield.compare(net(2), net(2)))
    False
    """
    from .present.compare import compare as _compare
    from .present.described import describe

    first, second = (describe(_read(model, load_options, "wrt"), wrt=wrt) for model in (a, b))
    return _compare(first, second)
