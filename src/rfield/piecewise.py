"""Running a model piece by piece: on the tiles of an image, so that the pieces equal the whole."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .analysis.pieces import stitching as _stitching
from .analysis.pieces import tile_check as _tile_check
from .frontends.registry import resolve
from .live import built
from .loading import load

if TYPE_CHECKING:
    from .analysis.pieces.tile_check import TilingCheck
    from .analysis.pieces.tiling import TilePlan


def run_tiled(
    function: Callable[..., Any],
    image: Any,
    plan: TilePlan,
    *,
    axes: Sequence[int] | None = None,
    output_axes: Sequence[int] | None = None,
    out: Any = None,
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
        out: where the result goes, for one that is larger than memory; default a new array of the
            kind that the function returns.
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
    with _shown(progress, "tiles") as report:
        return _stitching.run_tiled(
            function, image, plan, axes=axes, output_axes=output_axes, out=out, progress=report
        )


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
    module, _, home = built(model, "Running")
    kind: Any = resolve(home)
    graph = load(module, dict(plan.input_shapes))
    running = kind(module, graph)
    inputs: dict[str, Any] = running.inputs(seed)
    spans = [slice(0, axis.size) for axis in plan.tiles]

    def function(*parts: Any) -> Any:
        given = {**inputs, **dict(zip(plan.inputs, parts, strict=True))}
        return running.run(given, (plan.layer,))[plan.layer]

    images: list[Any] = []
    for name in plan.inputs:
        cut = [slice(None)] * inputs[name].ndim
        for axis, span in zip(plan.input_axes, spans, strict=True):
            cut[axis] = span
        images.append(inputs[name][tuple(cut)])
    with _shown(progress, "tiles") as report:
        return _tile_check.check_tiling(function, tuple(images), plan, report)


@contextmanager
def _shown(
    progress: bool | Callable[[int, int], None], what: str
) -> Generator[Callable[[int, int], None] | None, None, None]:
    """The function that reports progress, with a bar while it is asked for."""
    if progress is True:
        from .present.progress import bar

        with bar(what) as report:
            yield report
    else:
        yield progress or None
