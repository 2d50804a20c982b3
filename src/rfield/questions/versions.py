"""The public questions about versions of a model: what differs, and whether it stayed as it was."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..errors import RecordError, UnexpectedFieldsError
from ..loading import graph_for as _read

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..loading import LoadOptions
    from ..present.compare import Comparison


def compare(
    a: Any,
    b: Any,
    *,
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> Comparison:
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
    from ..present.compare import compare as _compare
    from ..present.described import describe

    first, second = (
        describe(_read(model, load_options, compare), wrt=wrt, title=title_of(model))
        for model in (a, b)
    )
    return _compare(first, second)


def expect(
    source_or_graph: Any,
    path: str | os.PathLike[str],
    *,
    update: bool = False,
    layers: str = "",
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> None:
    """Hold a model against the fields that were recorded of it, as an assertion in a test.

    The record (schema ``rfield.fields/1``) has the names of layers, and of each in every input
    size, stride, padding, center, whole-axis reads and fidelity: nothing of a front end and no
    cost. A layer that was only renamed does not differ.

    Args:
        source_or_graph: a source for ``load``, or a graph.
        path: the file.
        update: record the model as it is now, in place of what was recorded.
        layers: record only layers whose names match this pattern (``"layer?"``); what is recorded
            then decides which are compared.
        wrt: record the fields in this input or layer; default: in every input.
        load_options: those of ``load``.

    Raises:
        UnexpectedFieldsError: an ``AssertionError``; its text is the table of what differs.
        RecordError: there is no such file, or it is no record that this release reads.

    >>> import rfield, tempfile
    >>> record = tempfile.mkdtemp() + "/fields.json"
    >>> rfield.expect("article:vgg_16", record, update=True)
    >>> rfield.expect("article:vgg_16", record)
    """
    from ..present.contract import against, write
    from ..present.described import describe

    target = _file(path)
    graph = _read(source_or_graph, load_options, expect)
    model = describe(graph, wrt=wrt, title=title_of(source_or_graph))
    if update:
        write(target, model, layers)
        return
    found = against(target, model, layers)
    if found:
        hint = f"If this is meant, record it:\n   rfield.expect(model, {str(path)!r}, update=True)"
        raise UnexpectedFieldsError(f"{found}\n {hint}")


def _file(path: Any) -> Path:
    """Where a record is, or is to be written.

    Raises:
        RecordError: that is no place for a file.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise RecordError(f"path = {path!r}; expected the name of a file, as in 'fields.json'")
    target = Path(cast("str | os.PathLike[str]", path))
    if target.is_dir():
        raise RecordError(
            f"{target}: this is a folder; name a file, as in {target / 'fields.json'}"
        )
    if not target.parent.is_dir():
        raise RecordError(f"{target}: there is no folder {target.parent}")
    return target


def title_of(source: Any) -> str | None:
    """What a model is called: as it was named, else where its graph came from."""
    return str(source) if isinstance(source, (str, os.PathLike)) else None
