"""The public picture of a model: the explorer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..loading import graph_for as _read

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..loading import LoadOptions
    from ..present.explorer.page import Explorer


def explore(
    source_or_graph: Any,
    other: Any = None,
    *,
    image: str | Path | None = None,
    **load_options: Unpack[LoadOptions],
) -> Explorer:
    """A page on which one sees what every unit of every layer reads: exact, and one file.

    Args:
        source_or_graph: a source for ``load``, or a graph.
        other: another model, to be shown beside the first one; it is read with the same options.
        image: the file of a picture (PNG, JPEG, GIF, WebP) that is laid under the input.
        load_options: those of ``load``.

    Raises:
        UnresolvedSizeError: an input size is free.

    >>> import rfield
    >>> page = rfield.explore("article:vgg_16", input_shape=224)
    >>> page
    Explorer(article:vgg_16)
    >>> page.as_dict()["models"][0]["schema"]
    'rfield.explorer/1'
    """
    from .. import __version__
    from ..present.explorer.data import page_data
    from ..present.explorer.page import Explorer

    sources = [source_or_graph] if other is None else [source_or_graph, other]
    models = tuple(
        page_data(_read(source, load_options, explore), version=__version__) for source in sources
    )
    return Explorer(models, None if image is None else Path(image).read_bytes())
