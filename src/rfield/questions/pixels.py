"""Exact pixels and how much they count, by the graph alone or by the running model.

Two questions run it: ``verify`` and ``measured_influence`` need a model with numbers, a live one or
the name of one that can be built (``"timm:convnext_tiny"``, with random weights; an ONNX file).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from ..analysis.geometry.premises import resting
from ..analysis.pixels import influence as _influence
from ..analysis.pixels import measured as _measured
from ..analysis.pixels import support as _support
from ..analysis.pixels import verification as _verification
from ..core.graph import Graph
from ..frontends.registry import PREFIXES, resolve
from ..loading import check_options, load
from ..loading import graph_for as _read
from ..present.progress import shown
from . import images
from .running import built, chosen, is_onnx

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from ..analysis.pixels.influence import Influence
    from ..analysis.pixels.support import Support
    from ..analysis.pixels.verification import Verification
    from ..loading import LoadOptions, RunOptions


@overload
def support(
    source_or_graph: Any,
    index: int | str | tuple[int | slice, ...] = "center",
    output: str | None = None,
    *,
    wrt: str | None = None,
    clip: bool = True,
    **load_options: Unpack[LoadOptions],
) -> Support: ...
@overload
def support(
    source_or_graph: Any,
    index: NDArray[np.integer[Any]],
    output: str | None = None,
    *,
    wrt: str | None = None,
    clip: bool = True,
    **load_options: Unpack[LoadOptions],
) -> tuple[Support, ...]: ...
def support(
    source_or_graph: Any,
    index: Any = "center",
    output: str | None = None,
    *,
    wrt: str | None = None,
    clip: bool = True,
    **load_options: Unpack[LoadOptions],
) -> Support | tuple[Support, ...]:
    """The exact set of input positions that the output at ``index`` reads, holes included.

    ``index``: one output position, ``"center"`` the middle one, a tuple with slices for a box of
    outputs, or an array of shape ``(n, d)`` for one ``Support`` each.

    >>> import rfield
    >>> b = rfield.GraphBuilder()
    >>> x = b.input("signal", (1, 1, 32))
    >>> y = b.conv("dilated", x, kernel=3, dilation=2)
    >>> s = rfield.support(b.build(outputs=[y]), (4,))
    >>> s.offset, s.mask.tolist()
    ((4,), [True, False, True, False, True])
    """
    graph = _read(source_or_graph, load_options, support)
    return resting(graph, _support.support(graph, index, output, wrt=wrt, clip=clip))


def influence(
    source_or_graph: Any,
    index: Any = "center",
    output: str | None = None,
    *,
    wrt: str | None = None,
    **load_options: Unpack[LoadOptions],
) -> Influence:
    """How the output at ``index`` is influenced by each input position, without weights.

    ``index``: one output position, ``"center"`` the middle one.

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
    graph = _read(source_or_graph, load_options, influence)
    return resting(graph, _influence.influence(graph, index, output, wrt=wrt))


def verify(
    model: Any,
    input_shape: Any = None,
    *,
    output: str | Sequence[str] | None = None,
    wrt: str | None = None,
    positions: int = 12,
    samples: int = 2,
    most_probes: int = 400,
    seed: int = 0,
    graph: Graph | None = None,
    progress: bool | Callable[[int, int], None] = False,
    **load_options: Unpack[RunOptions],
) -> Verification:
    """Hold what rfield claims of ``model`` against the model itself, running.

    Soundness: everything outside the support is replaced by noise, and the output must not change
    by one bit. Tightness: single input positions become NaN, and exactly the outputs that are
    claimed to read them must change: on each side of each region, at sampled elements, in holes and
    next to the region. Finite numbers decide where NaN contradicts the claim. A copy of the model
    runs, in float64 where it can; parameters that are 0 throughout are given numbers in the copy,
    so that they hide nothing.

    Args:
        model: a PyTorch module; a JAX function or module, a Keras model on the backend PyTorch or
            JAX; a spec such as ``"timm:resnet50"`` (built with random weights); an
            ``onnx.ModelProto`` or the path of a ``.onnx`` file (run by ONNX Runtime).
        input_shape: as for ``load``.
        output: the layer or layers to look at; default: the outputs, and layers spread over the
            network.
        wrt: the input; needed only where there are several.
        positions: output positions per layer: corners, sides, centre, phases, then random ones.
        samples: marked elements per position besides the sides.
        most_probes: how many marked elements in all, at most; each is one run.
        seed: of the random positions and numbers.
        graph: what is claimed, if it is not what ``load`` reads from the model.
        progress: True for a bar on standard error, or a function of (runs done, runs in all).
        load_options: those of ``load``.

    Returns:
        What was tried, what held, and the counter-examples; true if there are none.

    Raises:
        NotDeterministicError: two runs on the same input differ.
    """
    check_options(load_options, verify)
    if is_onnx(model):
        home, shape = "onnx.running:RunningModel", input_shape
    else:
        model, shape, home = built(model, "Running", load_options.pop("arguments", None))
        shape = shape if input_shape is None else input_shape
    if graph is None:
        graph = load(model, shape, **load_options)
    kind: Any = resolve(home)
    running = kind(model, graph, **chosen(load_options, home))
    layers = (output,) if isinstance(output, str) else tuple(output or ())
    with shown(progress, "runs") as report:
        found = _verification.verify(
            graph, running, layers=layers, wrt=wrt, positions=positions, samples=samples,
            most_probes=most_probes, seed=seed, progress=report,
        )  # fmt: skip
    return resting(graph, found)


def measured_influence(
    model: Any,
    inputs: Iterable[Any] | str | os.PathLike[str] | None = None,
    output: str | None = None,
    *,
    index: Any = "center",
    transform: Callable[[Any], Any] | None = None,
    reduce: str = "abs",
    wrt: str | None = None,
    count: int = 16,
    seed: int = 0,
    input_shape: Any = None,
    progress: bool | Callable[[int, int | None], None] = False,
    **load_options: Unpack[RunOptions],
) -> Influence:
    """How much each input position really influences an output: gradients, averaged over images.

    The effective receptive field of Luo et al. 2016: the gradient of the sum over channels of the
    output at ``index``, reduced per input position, averaged over the images, as a distribution
    with standard errors. The model comes back as it was.

    Args:
        model: a PyTorch module; a JAX function or module; or a spec (built with random weights,
            which ``.note`` says).
        inputs: a batch, an image or a picture; or several of them (a list, a generator, a data set,
            a ``DataLoader``, with or without labels), read one at a time; or the path of a folder
            of pictures, of one picture, or of a batch in ``.npy``. Pictures are
            made as large as the input, with numbers from 0 to 1. None: ``count`` images of seeded
            noise.
        output: the layer; default the main output.
        index: an output position, ``"center"`` the middle one.
        transform: called with every picture or item before, such as one of torchvision's: what the
            model was trained on.
        reduce: ``"abs"``, ``"square"`` or ``"positive"``: what is summed over channels.
        wrt: the input; needed only where there are several.
        count: how many images of noise.
        seed: of the noise.
        input_shape: as for ``load``; default: that of the images.
        progress: True for a bar on standard error, or a function of (images done, images in all or
            None).
        load_options: those of ``load``.

    Raises:
        NotANumberError: a gradient is not finite; the layer where that begins is named.
    """
    check_options(load_options, measured_influence)
    found_images = None if inputs is None else images.Images(inputs, transform)
    module, shape, home = built(model, "Gradients", load_options.pop("arguments", None))
    with images.shape_of(found_images, input_shape) as given_shape:
        graph = load(module, given_shape or shape, **load_options)
    kind: Any = resolve(home)
    given = chosen(load_options, home)
    batches = found_images and found_images.of(images.layout_of(graph, wrt))
    gradients = kind(module, graph, batches, count=count, seed=seed, **given)
    with shown(progress, "gradients") as report:
        found = _measured.measured_influence(
            graph, gradients, output, index=index, reduce=reduce, wrt=wrt, progress=report
        )
    if isinstance(model, str) and model.partition(":")[0] in PREFIXES:
        from dataclasses import replace

        found = replace(found, note=f"{found.note}; random weights")
    return resting(graph, found)
