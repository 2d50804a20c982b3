"""The public questions about sizes, grids and depth: which input, where anchors go, what fits.

Like ``api``: every function takes a source or a graph. What changes the input size reads the model
again, so a source that was given by example inputs alone cannot be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..analysis.geometry import centers as _centers
from ..analysis.geometry import fits as _fits
from ..analysis.geometry import paths as _paths
from ..analysis.geometry.premises import premises, resting
from ..analysis.resizing import shifts as _shifts
from ..analysis.resizing import sizes as _sizes
from ..loading import graph_for as _read
from ..present.progress import shown

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..analysis.geometry.centers import Centers
    from ..analysis.geometry.fits import Fits
    from ..analysis.geometry.paths import PathFields
    from ..analysis.resizing.shifts import ShiftEquivariance
    from ..analysis.resizing.sizes import SizeCheck, Sizes
    from ..loading import LoadOptions


def output_size(
    source_or_graph: Any,
    input_size: int | Sequence[int],
    output: str | None = None,
    *,
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> tuple[int, ...]:
    """The size of the output (default: the main one) for an input size, along its own axes.

    Args:
        source_or_graph: as for ``load``, with any input shape that the model takes.
        input_size: positions along every spatial axis of the input, or one number for each.
        output: a layer.
        wrt: the input whose size changes; needed only where inputs have different sizes.
        load_options: those of ``load``.

    Raises:
        InvalidModelError: the model does not take this size; the layer that stops it, and the
            nearest sizes that it takes, are named.
        UnresolvedSizeError: the source cannot be read at another size.

    >>> import rfield
    >>> rfield.output_size("article:vgg_16", 224), rfield.output_size("article:vgg_16", (224, 320))
    ((7, 7), (7, 10))
    """
    graph = _read(source_or_graph, load_options, output_size)
    return _sizes.output_size(graph, input_size, output, wrt=wrt)


def input_size(
    source_or_graph: Any,
    output_size: int | Sequence[int],
    output: str | None = None,
    *,
    wrt: str | None = None,
    progress: bool | Callable[[int, int | None], None] = False,
    **load_options: Unpack[LoadOptions],
) -> Sizes:
    """All input sizes that give an output of ``output_size``, ``.smallest`` and ``.sets``.

    Empty where there is none; ``.against`` then names the nearest output sizes. Arguments and
    errors are those of ``output_size``. ``progress``: True for a bar on standard error after a
    second, or a function of (sizes read, None).

    >>> import rfield
    >>> found = rfield.input_size("article:vgg_16", 7)
    >>> found.smallest, found.sets[0].early[-1]
    ((224, 224), 255)
    """
    graph = _read(source_or_graph, load_options, input_size)
    with shown(progress, "sizes read") as report:
        found = _sizes.input_size(graph, output_size, output, wrt=wrt, progress=report)
    return resting(graph, found)


def valid_sizes(
    source_or_graph: Any,
    criterion: str | Sequence[str] = "accepted",
    *,
    wrt: str | None = None,
    progress: bool | Callable[[int, int | None], None] = False,
    **load_options: Unpack[LoadOptions],
) -> Sizes:
    """The input sizes that meet a criterion: a ``SizeSet`` per axis, and what is against others.

    ``"accepted"``: the model takes the size. ``"complete"``: no position, of the input or of a
    layer, falls off the end of a strided window. ``"even"``: every window uses as much padding
    before as after (Alsallakh et al., *Mind the Pad*, ICLR 2021). ``"aligned"``: branches that are
    joined look at the same place. ``"all"``: all of them; or several, as a sequence.
    ``"same"``: the output has the input's size over its stride (a map of the image without loss).

    The model is read again at the sizes of one step, the lcm of its strides; ``basis`` says at
    which, and whether the sizes were seen to repeat. Along each axis the sizes are those for which
    some sizes of the other axes are taken too: equal ones, or those the model was read at.
    ``progress``: as for ``input_size``.

    Raises:
        UnknownNameError: there is no such criterion.
        UnresolvedSizeError: the source cannot be read at another size.

    >>> import rfield
    >>> print(rfield.valid_sizes("article:mobilenet_v1", "even", input_shape=224))
    y, x: n ≡ 1 mod 32, from 1
    >>> 513 in rfield.valid_sizes("article:mobilenet_v1", "even", input_shape=224)
    True
    """
    graph = _read(source_or_graph, load_options, valid_sizes)
    with shown(progress, "sizes read") as report:
        found = _sizes.valid_sizes(graph, criterion, wrt=wrt, progress=report)
    return resting(graph, found)


def check_size(
    source_or_graph: Any,
    size: int | Sequence[int],
    output: str | None = None,
    *,
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> SizeCheck:
    """What happens at one input size: refused or not, what comes out, and every finding by layer.

    True if the model takes the size and nothing speaks against it; arguments as ``output_size``.

    >>> import rfield
    >>> print(rfield.check_size("article:vgg_16", (224, 225)))
    224x225 -> 7x7
      vgg_16/pool1 drops the last position along x
    """
    graph = _read(source_or_graph, load_options, check_size)
    return resting(graph, _sizes.check_size(graph, size, output, wrt=wrt))


def shift_equivariance(
    source_or_graph: Any,
    output: str | None = None,
    *,
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> ShiftEquivariance:
    """The step by which the input may move so that the output moves with it, per axis.

    It is the lcm of what strides, phases and windows need, away from the borders; ``None``, with
    the layer in ``why``, where no step will do. ``assumes`` names layers that read a whole axis:
    the answer takes it that where things lie on it does not matter to them. Constants that differ
    by position (a position embedding) cannot be seen.

    >>> import rfield
    >>> print(rfield.shift_equivariance("article:vgg_16", "vgg_16/pool4"))
    y: by 16 vgg_16/pool4 moves by 1
    x: by 16 vgg_16/pool4 moves by 1
    """
    graph = _read(source_or_graph, load_options, shift_equivariance)
    return resting(graph, _shifts.shift_equivariance(graph, output, wrt=wrt))


def path_fields(
    source_or_graph: Any,
    *,
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> PathFields:
    """The smallest and the largest path's field of each layer that widens it.

    ``.unproductive(size)``: layers whose input exceeds the image on every path (Richter et al.,
    *Should You Go Deeper?*, 2021). ``.feasible``: the image sizes between which all layers are
    productive and one output of the last layer can span the image.

    >>> import rfield
    >>> found = rfield.path_fields("article:vgg_16", input_shape=224)
    >>> found.feasible[0], found.unproductive(100)[0]
    ((196, 212), 'vgg_16/conv5/conv5_2')
    """
    graph = _read(source_or_graph, load_options, path_fields)
    found = _paths.path_fields(graph, wrt=wrt)
    found.rest_on((*premises(graph), *_paths.other_layers(graph, found)))
    return found


def fits(
    source_or_graph: Any,
    object_size: int | Sequence[int],
    *,
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> Fits:
    """Which layers see an object of ``object_size`` pixels whole, and with how much context.

    ``.layers`` has all of them, ``.levels`` the last of each stride, ``.first`` the first that sees
    the object wherever it is. Whole-axis reads are left out, and flagged.

    >>> import rfield
    >>> found = rfield.fits("article:vgg_16", 40, input_shape=224)
    >>> found.first.layer, found["vgg_16/pool4"].context
    ('vgg_16/conv4/conv4_1', (22, 22))
    """
    graph = _read(source_or_graph, load_options, fits)
    return resting(graph, _fits.fits(graph, object_size, wrt=wrt))


def centers(
    source_or_graph: Any,
    output: str | None = None,
    *,
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> Centers:
    """The grid of centres of a layer, for anchors: exact ``offset`` and ``stride``, and ``points``.

    Index coordinates: the first pixel's centre is 0. ``to_half_step`` and ``to_multiples`` say how
    far the two usual conventions are off.

    >>> import rfield
    >>> grid = rfield.centers("article:vgg_16", input_shape=224)
    >>> print(grid)
    vgg_16/pool5: y: 31/2 + 32·i, x: 31/2 + 32·i
    >>> grid.points.shape, grid.along("x")[:3].tolist()
    ((7, 7, 2), [15.5, 47.5, 79.5])
    """
    graph = _read(source_or_graph, load_options, centers)
    return resting(graph, _centers.centers(graph, output, wrt=wrt))
