"""The public questions: load what is given, then ask. Every function takes a source or a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .analysis import alignment as _alignment
from .analysis import cost as _cost
from .analysis import fields as _fields
from .analysis import influence as _influence
from .analysis import support as _support
from .loading import load

if TYPE_CHECKING:
    from .analysis.alignment import Alignment
    from .analysis.cost import Cost
    from .analysis.field import ReceptiveField
    from .analysis.influence import Influence
    from .analysis.support import Support
    from .present.summary import Summary


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


def summary(
    source_or_graph: Any,
    *,
    wrt: str | None = None,
    ops: bool = False,
    sizes: Iterable[int] = (),
    **load_options: Any,
) -> Summary:
    """One row per layer: size, stride, padding, local field, centre, share of the input.

    Iterate over it for rows; ``str()`` is the table; ``to_csv``, ``to_json``, ``to_markdown``,
    ``to_pandas``. ``ops``: a row for every op; ``sizes``: input sizes at which to give P as well.
    """
    from .present.summary import summary as present

    return present(load(source_or_graph, **load_options), wrt=wrt, ops=ops, sizes=sizes)


def alignment(source_or_graph: Any, **load_options: Any) -> Alignment:
    """Whether the branches at every join share stride and centre; the misaligned joins."""
    return _alignment.alignment(load(source_or_graph, **load_options))


def cost(source_or_graph: Any, output: str | None = None, **load_options: Any) -> Cost:
    """Multiply-adds, FLOPs and parameters of everything ``output`` depends on."""
    return _cost.cost(load(source_or_graph, **load_options), output)


def support(
    source_or_graph: Any,
    index: Any,
    output: str | None = None,
    *,
    wrt: str | None = None,
    clip: bool = True,
    **load_options: Any,
) -> Support | tuple[Support, ...]:
    """The exact set of input positions that the output at ``index`` reads, holes included.

    ``index``: one output position, a tuple with slices for a box of outputs, or an array of shape
    ``(n, d)`` for one ``Support`` each.

    >>> import rfield
    >>> b = rfield.GraphBuilder()
    >>> x = b.input("signal", (1, 1, 32))
    >>> y = b.conv("dilated", x, kernel=3, dilation=2)
    >>> s = rfield.support(b.build(outputs=[y]), (4,))
    >>> s.offset, s.mask.tolist()
    ((4,), [True, False, True, False, True])
    """
    graph = load(source_or_graph, **load_options)
    return _support.support(graph, index, output, wrt=wrt, clip=clip)


def influence(
    source_or_graph: Any,
    index: Any,
    output: str | None = None,
    *,
    wrt: str | None = None,
    **load_options: Any,
) -> Influence:
    """How the output at ``index`` is influenced by each input position, without weights.

    The chance to end at an input position when walking back from the output, every branch of a join
    and every tap of an op equally likely: ``.offset``, ``.weight`` (sums to 1), ``.mean``, ``.std``.
    """
    return _influence.influence(load(source_or_graph, **load_options), index, output, wrt=wrt)
