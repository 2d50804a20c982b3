"""Fields and what follows from them: all layers, alignment, the reasons, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..analysis import cost as _cost
from ..analysis.geometry import alignment as _alignment
from ..analysis.geometry import explain as _explain
from ..analysis.geometry import fields as _fields
from ..analysis.geometry.premises import resting
from ..loading import graph_for as _read

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..analysis.cost import Cost
    from ..analysis.geometry.alignment import Alignment
    from ..analysis.geometry.explain import Explanation
    from ..analysis.geometry.field import ReceptiveField
    from ..loading import LoadOptions, ReadOptions, Shape
    from ..present.summary import Summary


def receptive_field(
    source_or_graph: Any,
    output: str | None = None,
    *,
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> ReceptiveField:
    """The receptive field of a layer (default: the main output) in an input or any earlier layer.

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
        _read(source_or_graph, load_options, receptive_field), output, wrt=wrt
    )


def receptive_fields(
    source_or_graph: Any,
    *,
    wrt: str | None = None,
    of: str | None = None,
    **load_options: Unpack[LoadOptions],
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
        _read(source_or_graph, load_options, receptive_fields), wrt=wrt, of=of
    )


def summary(
    source_or_graph: Any,
    input_shape: Shape | Mapping[str, Shape] | int | None = None,
    *,
    wrt: str | None = None,
    ops: bool = False,
    sizes: Iterable[int] = (),
    columns: Iterable[str] = (),
    depth: int | Literal["auto", "all"] = "auto",
    **load_options: Unpack[ReadOptions],
) -> Summary:
    """One row per layer: size, stride, padding, local field, centre, share of the input.

    Iterate over it for rows; ``str()`` is the table; ``to_csv``, ``to_json``, ``to_markdown``,
    ``to_pandas``. ``ops``: a row for every op; ``sizes``: input sizes at which to give P as well;
    ``columns``: more of them, of ``kernel``, ``step``, ``dilation``, ``params`` and ``macs``;
    ``depth``: how deep the layers of the table lie, ``"all"``, or ``"auto"``: such that it has few
    rows, of a model without modules those along which the field grows.

    >>> import rfield
    >>> [row.size for row in rfield.summary("article:vgg_16")][-1]
    (212, 212)
    """
    from ..present.summary import summary as present

    return present(
        _read(source_or_graph, {"input_shape": input_shape, **load_options}, summary),
        wrt=wrt, ops=ops, sizes=sizes, columns=columns, depth=depth,
    )  # fmt: skip


def alignment(
    source_or_graph: Any,
    **load_options: Unpack[LoadOptions],
) -> Alignment:
    """Whether the branches at every join share stride and centre; the misaligned joins.

    >>> import rfield
    >>> b = rfield.GraphBuilder()
    >>> x = b.input("image", (1, 3, 32, 32))
    >>> y = b.add("sum", b.conv("c", x, kernel=3), b.crop("cut", x, crop=[(0, 2), (1, 1)]))
    >>> [join.layer for join in rfield.alignment(b.build(outputs=[y])).joins]
    ['sum']
    """
    graph = _read(source_or_graph, load_options, alignment)
    return resting(graph, _alignment.alignment(graph))


def explain(
    source_or_graph: Any,
    output: str | None = None,
    *,
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> Explanation:
    """Why the field is this large, global or misaligned: paths, whole-axis reads, remedies.

    >>> import rfield
    >>> found = rfield.explain("article:resnet_v1_50")
    >>> last = found.side("y", "last")
    >>> str(last.total), str(found.side("y", "first").total)
    ('243', '239')
    """
    graph = _read(source_or_graph, load_options, explain)
    return resting(graph, _explain.explain(graph, output, wrt=wrt))


def cost(
    source_or_graph: Any,
    output: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> Cost:
    """Multiply-adds, FLOPs and parameters of everything ``output`` depends on.

    >>> import rfield
    >>> round(rfield.cost("article:vgg_16", input_shape=224).flops / 1e9, 2)
    30.71
    """
    return _cost.cost(_read(source_or_graph, load_options, cost), output)
