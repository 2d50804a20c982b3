"""The questions that run the model: ``verify`` and ``measured_influence``.

Everything else in rfield needs structure only. These two need a model with numbers: a live one, or
the name of one that can be built (``"timm:convnext_tiny"``, with random weights; an ONNX file).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .analysis.pixels import measured as _measured
from .analysis.pixels import verification as _verification
from .core.graph import Graph
from .errors import UnreadableModelError
from .frontends.registry import resolve
from .loading import load

if TYPE_CHECKING:
    from .analysis.pixels.influence import Influence
    from .analysis.pixels.verification import Verification


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
    progress: Callable[[int, int], None] | None = None,
    **load_options: Any,
) -> Verification:
    """Hold what rfield claims of ``model`` against the model itself, running.

    Soundness: everything outside the support is replaced by noise, and the output must not change
    by one bit. Tightness: single input positions become NaN, and exactly the outputs that are
    claimed to read them must change: on each side of each region, at sampled elements, in holes and
    next to the region. Finite numbers decide where NaN contradicts the claim. A copy of the model
    runs, in float64 where it can; parameters that are 0 throughout are given numbers in the copy,
    so that they hide nothing.

    Args:
        model: a PyTorch module; a spec such as ``"timm:resnet50"`` (built with random weights); an
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
        progress: called with (runs done, runs in all).
        load_options: those of ``load``.

    Returns:
        What was tried, what held, and the counter-examples; true if there are none.

    Raises:
        NotDeterministicError: two runs on the same input differ.
    """
    if _is_onnx(model):
        if graph is None:
            graph = load(model, input_shape, **load_options)
        kind: Any = resolve("onnx.running:RunningModel")
        running = kind(model, graph, **_chosen(load_options, "training", "values"))
    else:
        module, shape = built(model)
        shape = shape if input_shape is None else input_shape
        if graph is None:
            graph = load(module, shape, **load_options)
        kind = resolve("torch:RunningModule")
        running = kind(module, graph, **_chosen(load_options, "training"))
    layers = (output,) if isinstance(output, str) else tuple(output or ())
    return _verification.verify(
        graph, running, layers=layers, wrt=wrt, positions=positions, samples=samples,
        most_probes=most_probes, seed=seed, progress=progress,
    )  # fmt: skip


def measured_influence(
    model: Any,
    inputs: Iterable[Any] | None = None,
    output: str | None = None,
    *,
    index: Any = "center",
    reduce: str = "abs",
    wrt: str | None = None,
    count: int = 16,
    seed: int = 0,
    input_shape: Any = None,
    progress: Callable[[int, int | None], None] | None = None,
    **load_options: Any,
) -> Influence:
    """How much each input position really influences an output: gradients, averaged over images.

    The effective receptive field of Luo et al. 2016: the gradient of the sum over channels of the
    output at ``index``, reduced per input position, averaged over the images, as a distribution
    with standard errors. The model comes back as it was.

    Args:
        model: a PyTorch module, or a spec (built with random weights, which ``.note`` says).
        inputs: a batch, or an iterable of images or batches, which is read one image at a time;
            None: ``count`` images of seeded noise.
        output: the layer; default the last output.
        index: an output position, ``"center"`` the middle one.
        reduce: ``"abs"``, ``"square"`` or ``"positive"``: what is summed over channels.
        wrt: the input; needed only where there are several.
        count: how many images of noise.
        seed: of the noise.
        input_shape: as for ``load``; default: that of the images.
        progress: called with (images done, images in all or None).
        load_options: those of ``load``.

    Raises:
        NotANumberError: a gradient is not finite; the layer where that begins is named.
    """
    module, shape = built(model)
    if input_shape is None:
        input_shape = shape if inputs is None else _shape_of(inputs) or shape
    graph = load(module, input_shape, **load_options)
    kind: Any = resolve("torch:ModuleGradients")
    gradients = kind(module, graph, inputs, count=count, seed=seed)
    found = _measured.measured_influence(
        graph, gradients, output, index=index, reduce=reduce, wrt=wrt, progress=progress
    )
    if isinstance(model, str):
        from dataclasses import replace

        return replace(found, note=f"{found.note}; random weights")
    return found


def _is_onnx(model: Any) -> bool:
    """Whether a model is ONNX: a file by its suffix, or a ``ModelProto``."""
    if isinstance(model, (str, os.PathLike)):
        return Path(model).suffix.lower() == ".onnx"
    kind: Any = getattr(sys.modules.get("onnx"), "ModelProto", None)
    return kind is not None and isinstance(model, kind)


def _chosen(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if name in options}


def built(model: Any) -> tuple[Any, Any]:
    """A module that runs, and the input shape that is its own where it was given by name."""
    if isinstance(model, str):
        build: Any = resolve("torch:build_live")
        return build(model)
    kinds = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(model).__mro__}
    if "torch.nn.modules.module.Module" not in kinds:
        raise UnreadableModelError(
            f"a {type(model).__qualname__} cannot be run here; "
            "expected a torch.nn.Module or a spec such as 'timm:resnet50'"
        )
    return model, None


def _shape_of(inputs: Iterable[Any] | Mapping[str, Any]) -> tuple[int, ...] | None:
    """The shape of one image of a batch or list; None for an iterable that is read only once."""
    shape = getattr(inputs, "shape", None)
    if shape is None and isinstance(inputs, (list, tuple)) and inputs:
        shape = getattr(inputs[0], "shape", None)
        if shape is not None and len(shape) == 3:
            return (1, *shape)
    return None if shape is None else (1, *tuple(shape)[1:])
