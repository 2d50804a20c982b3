"""A model on parts of its input, so that the parts equal the whole: tiles and streams."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from ..analysis.geometry.premises import resting, telling_why
from ..analysis.pieces.streams import carrying as _carrying
from ..analysis.pieces.streams import overlap as _overlap
from ..analysis.pieces.streams import planning as _streaming
from ..analysis.pieces.streams import windowless as _windowless
from ..analysis.pieces.tiles import calibration as _calibration
from ..analysis.pieces.tiles import check as _tile_check
from ..analysis.pieces.tiles import choice as _tile_choice
from ..analysis.pieces.tiles import stitching as _stitching
from ..errors import InvalidModelError, NotStreamableError, unknown_name
from ..frontends.registry import resolve, target_of_object
from ..loading import graph_for as _read
from ..loading import load
from ..present.progress import shown
from .running import built

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..analysis.pieces.streams.plan import StreamPlan
    from ..analysis.pieces.tiles.check import TilingCheck
    from ..analysis.pieces.tiles.plan import TilePlan
    from ..loading import LoadOptions


def tile_plan(
    source_or_graph: Any,
    image: int | Sequence[int],
    output: str | None = None,
    *,
    tile: int | Sequence[int] | None = None,
    max_pixels: int | None = None,
    max_bytes: int | None = None,
    wrt: str | None = None,
    padding: str | int | Sequence[int] | Sequence[tuple[int, int]] = 0,
    padding_mode: str = "reflect",
    approximate: bool = False,
    halo: int | Sequence[int] | Sequence[tuple[int, int]] | None = None,
    share: float | None = None,
    tolerance: float | None = None,
    calibrate: Any = None,
    **load_options: Unpack[LoadOptions],
) -> TilePlan:
    """Tiles of an image whose results, put together, equal the result of the whole image.

    Tiles begin on the network's grid (pooling, strides and up-sampling: off it no halo helps), all
    have the same size, and what a tile gives is found by comparing it with the whole, layer by
    layer. Nothing of the size of the image is kept: a plan is arithmetic.

    Args:
        source_or_graph: the model, readable at other sizes than that of ``input_shape``.
        image: sizes of the image along the spatial axes.
        output: the layer; default the main output. It must be a map of the image.
        tile: sizes of a tile's input at most, one number for all axes that are cut; or
        max_pixels: positions of a tile's input at most: the sizes with the least work are taken; or
        max_bytes: bytes in single precision of the tensors that are alive at once, at most.
        wrt: the input; needed only where there are several. Inputs of the same sizes are tiled
            alike.
        padding: positions added around the image, one number or (before, after) per axis, or
            ``"fit"``: at the end as many as the model needs to accept the image, none where it does
            so as it is; the outputs that lie there are left out.
        padding_mode: what they hold: ``"reflect"``, ``"constant"`` (0), ``"replicate"`` …
        approximate: where some layer reads a whole axis, plan the local part all the same.
        halo: context around what a tile gives, chosen rather than computed: input positions per
            side, one number or (before, after) per axis. Whole-axis reads are left to the tile.
        share: the smallest halo, the same on every side, that holds this share of the influence on
            an output (0.999), as ``influence`` counts it. Where a chosen halo is smaller than
            ``plan.needed``, the plan is not exact, and ``plan.outside`` says what it leaves out.
        tolerance: the smallest halo with which tiles differ from the whole, on the images
            ``calibrate``, by at most this share of the largest output. The model runs, as for
            ``verify_tiling``; ``plan.measured`` is the difference.
        calibrate: an array of the shape that the model reads, larger than a tile, or several.
        load_options: those of ``load``.

    Raises:
        NotTileableError: tiles cannot equal the whole; the layers and the reason are named.

    >>> import rfield
    >>> b = rfield.GraphBuilder()
    >>> x = b.input("image", (1, 3, 64, 64))
    >>> y = b.max_pool("pool", b.conv("conv", x, kernel=5, padding=2), kernel=2, stride=2)
    >>> plan = rfield.tile_plan(b.build(outputs=[y]), (40000, 30000), tile=1024)
    >>> plan.halo, plan.grid, len(plan)
    (((2, 2), (2, 2)), (2, 2), 1200)
    >>> tile = plan[1]
    >>> tile.read[1], tile.valid[1], tile.write[1]
    (slice(1020, 2044, None), slice(1, 511, None), slice(511, 1021, None))
    """
    graph = _read(source_or_graph, load_options, tile_plan)

    def plan(sizes: int | Sequence[int], halo: Any) -> TilePlan:
        with telling_why(graph):
            found = _tile_choice.tile_plan(
                graph, sizes, tile=tile, max_pixels=max_pixels, max_bytes=max_bytes, output=output,
                wrt=wrt, padding=padding, padding_mode=padding_mode, approximate=approximate,
                halo=halo, share=share,
            )  # fmt: skip
        return resting(graph, found)

    if tolerance is None and calibrate is None:
        return plan(image, halo)
    if tolerance is None or calibrate is None or halo is not None or share is not None:
        raise InvalidModelError("give tolerance= and calibrate= together, without halo= and share=")
    return _calibration.calibrated(
        lambda sizes, halo: plan(image if sizes is None else sizes, halo),
        lambda made: _running(source_or_graph, made, 0)[0], calibrate, tolerance,
    )  # fmt: skip


def stream_plan(
    source_or_graph: Any,
    output: str | None = None,
    *,
    axis: str | int | None = None,
    sample_rate: float | None = None,
    chunk: int | None = None,
    length: int | None = None,
    wrt: str | None = None,
    anchor: str = "auto",
    **load_options: Unpack[LoadOptions],
) -> StreamPlan:
    """What it takes to run a model while its input is still arriving along ``axis``.

    Past, look-ahead, latency and hop; the state that every layer keeps from chunk to chunk, the
    delay of every branch, legal chunk sizes. ``run_streaming`` runs it.

    Args:
        source_or_graph: a source for ``load``, or a graph.
        output: the layer; default: the main output.
        axis: the axis that is time: a name (``"t"``, ``"y"``, ``"x"``) or a tensor axis. Needed
            where there are several.
        sample_rate: samples per second, for lengths in seconds.
        chunk: the size of all chunks, where that is fixed.
        length: of the stream. Needed to run a model whose padding depends on it (SAME with a
            stride): without it such a plan is not exact, and ``obstacles`` names the layer. The
            plan then holds for lengths that leave the same remainder modulo ``grid``.
        wrt: the input; needed only where the output depends on several.
        anchor: from where ``past`` and ``look_ahead`` are counted: the samples at an output's own
            index, as the model's padding has it (``"auto"``), or the ``"first"``, ``"center"`` or
            ``"last"`` that it reads. A network without padding gives its outputs from index 0 on,
            whether it is meant to be centred or causal: only its author knows.
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
    graph = _read(source_or_graph, load_options, stream_plan)
    with telling_why(graph):
        found = _streaming.stream_plan(
            graph, output, axis=axis, sample_rate=sample_rate, chunk=chunk, length=length, wrt=wrt,
            anchor=anchor,
        )  # fmt: skip
    carried = target_of_object(source_or_graph) in (None, CARRIED)
    return resting(graph, _windowless.ways_of(found, carried=carried))


def run_tiled(
    function: Callable[..., Any],
    image: Any,
    plan: TilePlan,
    *,
    axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
    out: Any = None,
    batch: int = 1,
    prepare: Callable[[Any], Any] | None = None,
    prefetch: bool = False,
    done: str | os.PathLike[str] | None = None,
    progress: bool | Callable[[int, int], None] = False,
) -> Any:
    """What ``function`` gives for the whole image, computed tile by tile.

    Args:
        function: called with the part of the image that a tile reads (of each image, where the
            network has several inputs); returns an array.
        image: anything that can be sliced: NumPy, PyTorch, a memory map, zarr, dask; a tuple for
            several inputs.
        plan: from ``tile_plan``.
        axes: the axes of ``image`` that are planned, default those of the network's input.
        output_axes: the same of what ``function`` returns, default those of the layer.
        out: where the result goes, for one that is larger than memory: a memory map, zarr, any
            array that can be written to; default a new one of the kind that the function returns.
        batch: how many tiles are run at once, joined along the first axis. The function must treat
            what lies along that axis apart, as networks do whose batch norms are not training.
        prepare: what is done with each part before ``function``: to a tensor, to a device, to a
            type.
        prefetch: read (and prepare) the next tiles in a thread while these are run.
        done: with ``out``, a folder in which tiles that are written are marked; after an
            interruption the same call runs the others only. Marks of another plan, image or
            ``out`` are refused: some of the marked tiles are held against both.
        progress: True for a bar on standard error, or a function of (tiles done, tiles in all).

    Raises:
        InvalidModelError: the image or what the function returns has not the planned shape.

    >>> import numpy as np
    >>> import rfield
    >>> b = rfield.GraphBuilder()
    >>> y = b.max_pool("pool", b.input("image", (1, 1, 8, 8)), kernel=2)
    >>> plan = rfield.tile_plan(b.build(outputs=[y]), (12, 16), tile=8)
    >>> def pool(x): return x.reshape(1, 1, x.shape[2] // 2, 2, -1, 2).max(axis=(3, 5))
    >>> x = np.arange(12 * 16).reshape(1, 1, 12, 16)
    >>> np.array_equal(rfield.run_tiled(pool, x, plan), pool(x))
    True
    """
    with shown(progress, "tiles") as report:
        return _stitching.run_tiled(
            function, image, plan, axes=axes, output_axes=output_axes, out=out, batch=batch,
            prepare=prepare, prefetch=prefetch, done=done, progress=report,
        )  # fmt: skip


def verify_tiling(
    model: Any,
    plan: TilePlan,
    *,
    seed: int = 0,
    progress: bool | Callable[[int, int], None] = False,
) -> TilingCheck:
    """Run the tiles of a plan and the whole image through the model, and compare.

    A copy of the model runs, in double precision and with plain kernels, on noise of the image's
    size. Where additions come in the same order, tiled equals whole to the last bit; the check says
    how many outputs do.

    Args:
        model: as for ``verify``: a PyTorch module, a JAX function or module, or a spec such as
            ``"torchvision:fcn_resnet50"``.
        plan: from ``tile_plan``; the image must be one that the model can run on whole.
        seed: of the noise.
        progress: True for a bar on standard error, or a function of (tiles done, tiles in all).
    """
    run, inputs = _running(model, plan, seed)
    images: list[Any] = []
    for name in plan.inputs:
        cut = [slice(None)] * inputs[name].ndim
        for axis, tiles in zip(plan.input_axes, plan.tiles, strict=True):
            cut[axis] = slice(0, tiles.size)
        images.append(inputs[name][tuple(cut)])
    with shown(progress, "tiles") as report:
        return _tile_check.check_tiling(run, tuple(images), plan, report)


def _running(model: Any, plan: TilePlan, seed: int) -> tuple[Callable[..., Any], dict[str, Any]]:
    """The model as a function of its tiled inputs, and noise for all of them."""
    module, _, home = built(model, "Running")
    kind: Any = resolve(home)
    graph = load(module, dict(plan.input_shapes))
    running = kind(module, graph)
    inputs: dict[str, Any] = running.inputs(seed)
    names = graph.names_of(plan.layer)

    def run(*parts: Any) -> Any:
        given = {n: x.astype(inputs[n].dtype) for n, x in zip(plan.inputs, parts, strict=True)}
        found = running.run({**inputs, **given}, tuple(names))
        if not (known := [name for name in names if name in found]):
            raise InvalidModelError(f"the running model does not give {plan.layer} by itself")
        return found[known[0]]

    return run, inputs


def run_streaming(
    function: Callable[[Any], Any],
    chunks: Iterable[Any],
    plan: StreamPlan,
    *,
    state: Literal["overlap", "carry"] = "overlap",
) -> Iterator[Any]:
    """Run ``function`` on a stream, chunk by chunk; together the results are those of the whole.

    Each window is the new samples with the context that they need, so ``function`` may be any that
    does what the plan's model does. A result is handed on as soon as no later sample can
    change it.

    With ``state="carry"`` nothing is computed twice: the model, a ``torch.nn.Module``, is taken
    apart (``torch.export``), and each of its ops keeps what it needs of its own input: the context
    of a window, the state of a recurrent layer, a running sum. What that is, ``plan.layers`` says.
    The cost of a sample does not depend on the past. Ops that would have to keep all of the past
    (causal attention without a window) or read the future without end are refused by name.

    Args:
        function: array in, array out; both of any library with slices and a concatenation.
        chunks: arrays that follow each other along ``plan.input_axis``, of any lengths; they are
            asked for one by one, and no more than the context is kept.
        plan: from ``stream_plan``.
        state: ``"overlap"``, windows of the whole function, or ``"carry"``.

    Yields:
        Arrays that follow each other along ``plan.output_axis``; none is empty.

    Raises:
        NotStreamableError: chunks cannot give what the whole gives; the layers are named.
        InvalidModelError: a chunk does not fit to those before it, or what ``function`` gives has
            not the planned shape; the chunk is named.

    >>> import numpy as np, rfield
    >>> b = rfield.GraphBuilder()
    >>> y = b.conv("sum", b.input("signal", (1, 1, 64)), kernel=3, padding=[(2, 0)])
    >>> plan = rfield.stream_plan(b.build(outputs=[y]))
    >>> def sums(x):
    ...     x = np.pad(x, ((0, 0), (0, 0), (2, 0)))
    ...     return x[..., 2:] + x[..., 1:-1] + x[..., :-2]
    >>> chunks = np.split(np.arange(6)[None, None], [1, 4], axis=2)
    >>> [part[0, 0].tolist() for part in rfield.run_streaming(sums, chunks, plan)]
    [[0], [1, 3, 6], [9, 12]]
    """
    if not hasattr(plan, "clock") and hasattr(chunks, "clock"):
        caller = sys._getframe(1)  # warn() would write into the caller's module
        warnings.warn_explicit(
            "run_streaming(function, plan, chunks) is now run_streaming(function, chunks, plan)",
            DeprecationWarning, caller.f_code.co_filename, caller.f_lineno,
        )  # fmt: skip
        chunks, plan = cast("Iterable[Any]", plan), cast("StreamPlan", chunks)
    if not callable(function) or not hasattr(plan, "clock"):
        names = ", ".join(type(given).__name__ for given in (function, chunks, plan))
        raise InvalidModelError(
            f"run_streaming of {names}; expected run_streaming(function, chunks, plan)"
        )
    if state not in STATES:
        raise unknown_name("state", state, STATES)
    if state == "overlap":
        return _overlap.run_streaming(function, chunks, plan)
    return _carrying.run_carrying(_taken_apart(function, plan), chunks, plan)


STATES = ("overlap", "carry")
CARRIED = "torch:read_module"
"""What reads models that can be taken apart."""


def _taken_apart(model: Any, plan: StreamPlan) -> Callable[[Any], _carrying.Apart]:
    """The model taken apart, for parts of the stream that look like a given one."""
    if target_of_object(model) != CARRIED:
        raise InvalidModelError(
            f'state="carry" takes a torch.nn.Module apart; a {type(model).__name__} is none'
        )
    graph = plan.graph
    if plan.value not in graph.outputs_ or len(graph.inputs_) > 1:
        raise NotStreamableError(
            f'{plan.layer}: state="carry" runs a model of one input and gives one of its outputs'
        )
    apart: Any = resolve("torch:Apart")
    place = graph.outputs_.index(plan.value)
    return lambda part: apart(
        model, part, plan.input_axis, _carrying.recorded_length(plan), plan.grid, place
    )
