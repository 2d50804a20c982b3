"""The public questions: load what is given, then ask. Every function takes a source or a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .analysis import alignment as _alignment
from .analysis import cost as _cost
from .analysis import fields as _fields
from .loading import load

if TYPE_CHECKING:
    from .analysis.alignment import Alignment
    from .analysis.cost import Cost
    from .analysis.field import ReceptiveField


def receptive_field(
    source_or_graph: Any, output: str | None = None, *, wrt: str | None = None, **load_options: Any
) -> ReceptiveField:
    """The receptive field of a layer (default: the last output) in an input or any earlier layer.

    ``source_or_graph`` and ``load_options`` are those of ``load``. ``wrt`` is needed only where the
    output depends on several inputs.

    >>> import rfield
    >>> b = rfield.GraphBuilder()
    >>> x = b.input("image", (1, 3, 224, 224))
    >>> y = b.conv("conv1", x, kernel=7, stride=2, padding=3)
    >>> y = b.max_pool("pool1", y, kernel=3, stride=2, padding=1)
    >>> rf = rfield.receptive_field(b.build(outputs=[y]))
    >>> rf.size, rf.padding
    ((11, 11), (5, 5))
    >>> rf.region((0, 0), clip=True)
    y: 0..5, x: 0..5
    """
    return _fields.receptive_field(load(source_or_graph, **load_options), output, wrt=wrt)


def receptive_fields(
    source_or_graph: Any, *, wrt: str | None = None, of: str | None = None, **load_options: Any
) -> Mapping[str, ReceptiveField]:
    """The fields of all layers, from one sweep: a mapping from layer name to ``ReceptiveField``.

    ``wrt``: with respect to that input or layer (default: the input). ``of``: that one layer
    with respect to every value before it.
    """
    return _fields.receptive_fields(load(source_or_graph, **load_options), wrt=wrt, of=of)


def alignment(source_or_graph: Any, **load_options: Any) -> Alignment:
    """Whether the branches at every join share stride and centre; the misaligned joins."""
    return _alignment.alignment(load(source_or_graph, **load_options))


def cost(source_or_graph: Any, output: str | None = None, **load_options: Any) -> Cost:
    """Multiply-adds, FLOPs and parameters of everything ``output`` depends on."""
    return _cost.cost(load(source_or_graph, **load_options), output)
