"""The public questions: load what is given, then ask. Every function takes a source or a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from .analysis import cost as _cost
from .analysis.geometry import alignment as _alignment
from .analysis.geometry import explain as _explain
from .analysis.geometry import fields as _fields
from .analysis.geometry.premises import resting as _resting
from .analysis.geometry.premises import telling_of_masks as _telling_of_masks
from .analysis.pieces import streaming as _streaming
from .analysis.pixels import influence as _influence
from .analysis.pixels import support as _support
from .loading import graph_for as _read

if TYPE_CHECKING:
    from .analysis.cost import Cost
    from .analysis.geometry.alignment import Alignment
    from .analysis.geometry.explain import Explanation
    from .analysis.geometry.field import ReceptiveField
    from .analysis.pieces.streaming import StreamPlan
    from .analysis.pixels.influence import Influence
    from .analysis.pixels.support import Support
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
    return _fields.receptive_field(
        _read(source_or_graph, load_options, "output", "wrt"), output, wrt=wrt
    )


def receptive_fields(
    source_or_graph: Any, *, wrt: str | None = None, of: str | None = None, **load_options: Any
) -> Mapping[str, ReceptiveField]:
    """The fields of all layers, from one sweep: a mapping from layer name to ``ReceptiveField``.

    ``wrt``: with respect to that input or layer (default: the input). ``of``: that one layer
    with respect to every value before it.

    >>> import rfield
    >>> fields = rfield.receptive_fields("article:vgg_16", input_shape=224)
    >>> fields["vgg_16/conv1/conv1_2"].size, fields["vgg_16/pool5"].size
    ((5, 5), (212, 212))
    """
    return _fields.receptive_fields(
        _read(source_or_graph, load_options, "wrt", "of"), wrt=wrt, of=of
    )


def summary(
    source_or_graph: Any,
    *,
    wrt: str | None = None,
    ops: bool = False,
    sizes: Iterable[int] = (),
    depth: int | Literal["auto", "all"] = "auto",
    **load_options: Any,
) -> Summary:
    """One row per layer: size, stride, padding, local field, centre, share of the input.

    Iterate over it for rows; ``str()`` is the table; ``to_csv``, ``to_json``, ``to_markdown``,
    ``to_pandas``. ``ops``: a row for every op; ``sizes``: input sizes at which to give P as well;
    ``depth``: how deep the layers of the table lie, by default such that it has few rows.

    >>> import rfield
    >>> [row.size for row in rfield.summary("article:vgg_16")][-1]
    (212, 212)
    """
    from .present.summary import summary as present

    return present(
        _read(source_or_graph, load_options, "wrt", "ops", "sizes", "depth"),
        wrt=wrt, ops=ops, sizes=sizes, depth=depth,
    )  # fmt: skip


def alignment(source_or_graph: Any, **load_options: Any) -> Alignment:
    """Whether the branches at every join share stride and centre; the misaligned joins.

    >>> import rfield
    >>> b = rfield.GraphBuilder()
    >>> x = b.input("image", (1, 3, 32, 32))
    >>> y = b.add("sum", b.conv("c", x, kernel=3), b.crop("cut", x, crop=[(0, 2), (1, 1)]))
    >>> [join.layer for join in rfield.alignment(b.build(outputs=[y])).joins]
    ['sum']
    """
    graph = _read(source_or_graph, load_options)
    return _resting(graph, _alignment.alignment(graph))


def explain(
    source_or_graph: Any, output: str | None = None, *, wrt: str | None = None, **load_options: Any
) -> Explanation:
    """Why the field is this large, global or misaligned: paths, whole-axis reads, remedies.

    >>> import rfield
    >>> found = rfield.explain("article:resnet_v1_50")
    >>> last = found.side("y", "last")
    >>> str(last.total), str(found.side("y", "first").total)
    ('243', '239')
    """
    graph = _read(source_or_graph, load_options, "output", "wrt")
    return _resting(graph, _explain.explain(graph, output, wrt=wrt))


def cost(source_or_graph: Any, output: str | None = None, **load_options: Any) -> Cost:
    """Multiply-adds, FLOPs and parameters of everything ``output`` depends on.

    >>> import rfield
    >>> round(rfield.cost("article:vgg_16", input_shape=224).flops / 1e9, 2)
    30.71
    """
    return _cost.cost(_read(source_or_graph, load_options, "output"), output)


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
    graph = _read(source_or_graph, load_options, "index", "output", "wrt", "clip")
    return _resting(graph, _support.support(graph, index, output, wrt=wrt, clip=clip))


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
    and every tap of an op equally likely: ``.offset``, ``.weight`` (sums to 1), ``.mean`` and
    ``.std``.

    >>> import rfield
    >>> b = rfield.GraphBuilder()
    >>> x = b.input("signal", (1, 1, 32))
    >>> y = b.conv("c2", b.conv("c1", x, kernel=2), kernel=2)
    >>> rfield.influence(b.build(outputs=[y]), (4,)).weight.tolist()
    [0.25, 0.5, 0.25]
    """
    graph = _read(source_or_graph, load_options, "index", "output", "wrt")
    return _resting(graph, _influence.influence(graph, index, output, wrt=wrt))


def stream_plan(
    source_or_graph: Any,
    output: str | None = None,
    *,
    axis: str | int | None = None,
    sample_rate: float | None = None,
    chunk: int | None = None,
    length: int | None = None,
    wrt: str | None = None,
    **load_options: Any,
) -> StreamPlan:
    """What it takes to run a model while its input is still arriving along ``axis``.

    Past, look-ahead, latency and hop; the state that every layer keeps from chunk to chunk, the
    delay of every branch, legal chunk sizes. ``run_streaming`` runs it.

    Args:
        source_or_graph: a source for ``load``, or a graph.
        output: the layer; default: the last output.
        axis: the axis that is time: a name (``"t"``, ``"y"``, ``"x"``) or a tensor axis. Needed
            where there are several.
        sample_rate: samples per second, for lengths in seconds.
        chunk: the size of all chunks, where that is fixed.
        length: of the stream. Needed to run a model whose padding depends on it (SAME with a
            stride): without it such a plan is not exact, and ``obstacles`` names the layer. The
            plan then holds for lengths that leave the same remainder modulo ``grid``.
        wrt: the input; needed only where the output depends on several.
        load_options: those of ``load``.

    Raises:
        InvalidModelError: the axis is none that can be time; the chunks break the grid (the nearest
            legal sizes are named); the sample rate is not positive.
        NotStreamableError: the output has no position in time at all.

    >>> import rfield
    >>> b = rfield.GraphBuilder()
    >>> y = b.input("signal", (1, 1, 16000))
    >>> for k, (kernel, stride) in enumerate([(10, 5), *[(3, 2)] * 4, (2, 2), (2, 2)]):
    ...     y = b.conv(f"conv{k}", y, kernel=kernel, stride=stride)
    >>> plan = rfield.stream_plan(b.build(outputs=[y]), sample_rate=16000)
    >>> plan.size, int(plan.hop), plan.lengths("ms")["latency"]
    (400, 320, 25.0)
    """
    graph = _read(source_or_graph, load_options, "output", "axis", "sample_rate", "chunk", "wrt")
    with _telling_of_masks(graph):
        found = _streaming.stream_plan(
            graph, output, axis=axis, sample_rate=sample_rate, chunk=chunk, length=length, wrt=wrt
        )
    return _resting(graph, found)
