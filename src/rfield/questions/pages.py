"""The public picture of a model: the explorer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidModelError
from ..frontends.registry import resolve
from ..loading import graph_for as _read
from ..version import __version__
from .running import is_onnx
from .versions import title_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..core.graph import Graph
    from ..loading import LoadOptions
    from ..present.explorer.page import Explorer
    from ..present.summary import Summary


CHAIN_SIZE = 64
"""Positions of the input of a chain, where none were asked for."""


def explore(
    source_or_graph: Any = None,
    other: Any = None,
    *,
    chain: str | None = None,
    image: str | Path | None = None,
    **load_options: Unpack[LoadOptions],
) -> Explorer:
    """A page on which one sees what every unit of every layer reads: exact, and one file.

    Args:
        source_or_graph: a source for ``load``, or a graph.
        other: another model, to be shown beside the first one; it is read with the same options.
        chain: instead of a model, layers in the chain language: ``"7/2p3 m3/2p1 3p1"``. The page
            then draws them as rows of boxes, and their numbers can be changed on it.
            ``input_shape``: the size of the input.
        image: the file of a picture (PNG, JPEG, GIF, WebP) that is laid under the input.
        load_options: those of ``load``.

    Raises:
        UnresolvedSizeError: an input size is free.
        InvalidModelError: the image is no picture; the chain has other layers than convolutions
            and pooling; both a model and a chain are given, or none.

    >>> import rfield
    >>> page = rfield.explore("article:vgg_16", input_shape=224)
    >>> page
    Explorer(article:vgg_16)
    >>> page.as_dict()["models"][0]["schema"]
    'rfield.explorer/1'
    """
    from ..present.explorer.data import page_data
    from ..present.explorer.page import Explorer

    picture = None if image is None else Path(image).read_bytes()
    if chain is not None:
        if source_or_graph is not None or other is not None:
            raise InvalidModelError("explore a model or a chain, not both")
        graph, steps = _chain(chain, load_options.get("input_shape"))
        return Explorer((page_data(graph, chain, __version__),), picture, steps)
    if source_or_graph is None:
        raise InvalidModelError("explore what? Give a model or a chain")
    sources = [source_or_graph] if other is None else [source_or_graph, other]
    graphs = [_read(source, load_options, explore) for source in sources]
    models = tuple(
        page_data(graph, title_of(source), __version__)
        for graph, source in zip(graphs, sources, strict=True)
    )
    return Explorer(models, picture, None, _table(graphs[0], title_of(source_or_graph)))


def _table(graph: Graph, title: str | None) -> Summary | None:
    """The fields in the first input that has positions."""
    from ..present.summary import summary

    seen = next((entry.name for entry in graph.inputs_ if entry.axes), None)
    return None if seen is None else summary(graph, wrt=seen, title=title)


def _chain(text: str, size: Any) -> tuple[Graph, dict[str, Any]]:
    """The graph of a chain over one axis, and its steps as numbers."""
    from ..frontends.declared.chain import chain, parse

    sizes = (
        (CHAIN_SIZE,) if size is None else tuple(size) if isinstance(size, Sequence) else (size,)
    )
    if len(sizes) != 1:
        raise InvalidModelError(f"a chain is drawn along one axis; {len(sizes)} sizes were given")
    graph = chain(text, sizes)
    steps: list[dict[str, Any]] = []
    for step in parse(text):
        if step.kind not in ("conv", "max_pool", "avg_pool") or isinstance(step.padding, str):
            raise InvalidModelError(
                f"{step.name}: only convolutions and pooling whose padding is a number are drawn "
                "as a chain"
            )
        before, after = step.padding[0]
        steps.append(
            {
                "name": step.name, "op": step.kind, "kernel": step.kernel[0],
                "stride": step.stride[0], "before": before, "after": after,
                "dilation": step.dilation[0],
            }
        )  # fmt: skip
    return graph, {"input": sizes[0], "steps": steps}


def annotate(
    source: str | Path,
    target: str | Path,
    *,
    wrt: str | None = None,
    **options: Unpack[LoadOptions],
) -> Path:
    """Write the fields into a copy of an ONNX file, as text beside each node.

    Viewers such as Netron show it: ``rfield.size``, ``.stride``, ``.padding``, ``.fidelity`` and,
    where a whole axis is read, ``.global``. The target is replaced once it is whole; weights in
    files beside the source stay there, so the target belongs beside them.

    Raises:
        InvalidModelError: the source is no ``.onnx`` file, or the installed onnx is too old.
    """
    from ..present.explorer.exports import node_texts
    from ..present.writing import in_place_of

    if not is_onnx(source) or not isinstance(source, (str, Path)):
        raise InvalidModelError(f"{source}: only .onnx files can be annotated")
    texts = node_texts(_read(source, options, annotate), wrt)
    annotated: Any = resolve("onnx.annotated:annotated")
    with in_place_of(Path(target)) as draft:
        draft.write_bytes(annotated(Path(source), texts))
    return Path(target)
