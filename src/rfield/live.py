"""The questions that run the model: ``verify`` and ``measured_influence``.

Everything else in rfield needs structure only. These two need a model with numbers: a live one, or
the name of one that can be built (``"timm:convnext_tiny"``, with random weights; an ONNX file).
Who runs a model is decided here: PyTorch its modules, JAX its functions and the modules of its
libraries, ONNX Runtime a file; a Keras model its backend.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .analysis.geometry.premises import resting
from .analysis.pixels import measured as _measured
from .analysis.pixels import verification as _verification
from .core.graph import Graph
from .errors import UnreadableModelError
from .frontends import code
from .frontends.registry import PREFIXES, resolve, target_of_object
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
        progress: called with (runs done, runs in all).
        load_options: those of ``load``.

    Returns:
        What was tried, what held, and the counter-examples; true if there are none.

    Raises:
        NotDeterministicError: two runs on the same input differ.
    """
    if _is_onnx(model):
        home, shape = "onnx.running:RunningModel", input_shape
    else:
        model, shape, home = built(model, "Running", load_options.pop("arguments", None))
        shape = shape if input_shape is None else input_shape
    if graph is None:
        graph = load(model, shape, **load_options)
    kind: Any = resolve(home)
    running = kind(model, graph, **_chosen(load_options, home))
    layers = (output,) if isinstance(output, str) else tuple(output or ())
    found = _verification.verify(
        graph, running, layers=layers, wrt=wrt, positions=positions, samples=samples,
        most_probes=most_probes, seed=seed, progress=progress,
    )  # fmt: skip
    return resting(graph, found)


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
        model: a PyTorch module; a JAX function or module; or a spec (built with random weights,
            which ``.note`` says).
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
    module, shape, home = built(model, "Gradients", load_options.pop("arguments", None))
    if input_shape is None:
        input_shape = shape if inputs is None else _shape_of(inputs) or shape
    graph = load(module, input_shape, **load_options)
    kind: Any = resolve(home)
    given = _chosen(load_options, home)
    gradients = kind(module, graph, inputs, count=count, seed=seed, **given)
    found = _measured.measured_influence(
        graph, gradients, output, index=index, reduce=reduce, wrt=wrt, progress=progress
    )
    if isinstance(model, str) and model.partition(":")[0] in PREFIXES:
        from dataclasses import replace

        found = replace(found, note=f"{found.note}; random weights")
    return resting(graph, found)


def _is_onnx(model: Any) -> bool:
    """Whether a model is ONNX: a file by its suffix, or a ``ModelProto``."""
    if isinstance(model, (str, os.PathLike)):
        return Path(model).suffix.lower() == ".onnx"
    kind: Any = getattr(sys.modules.get("onnx"), "ModelProto", None)
    return kind is not None and isinstance(model, kind)


_HOMES = {
    "torch": {"Running": "torch:RunningModule", "Gradients": "torch:ModuleGradients"},
    "jax": {"Running": "jax:RunningModel", "Gradients": "jax:ModelGradients"},
}
"""By framework: what runs a model, and what takes its gradients."""

_OPTIONS = {
    "torch:RunningModule": ("training",), "onnx.running:RunningModel": ("training", "values"),
    "jax:RunningModel": ("training", "dtype"), "jax:ModelGradients": ("dtype",),
}  # fmt: skip
"""The options of ``load`` that matter when the model runs."""


def _chosen(options: Mapping[str, Any], home: str) -> dict[str, Any]:
    return {name: options[name] for name in _OPTIONS.get(home, ()) if name in options}


def built(
    model: Any, what: str, arguments: Mapping[str, Any] | None = None
) -> tuple[Any, Any, str]:
    """A model that runs, the input shape of its own where it was given by name, and its runner.

    ``what``: ``"Running"`` or ``"Gradients"``. ``arguments``: of what is called to get it.
    """
    shape = None
    if isinstance(model, str):
        model, shape = _named(model, arguments or {})
    framework = (target_of_object(model) or "").partition(":")[0]
    if framework == "keras":
        framework = sys.modules["keras"].backend.backend()
    if not framework and callable(model) and not isinstance(model, type):
        framework = "jax"
    if framework not in _HOMES:
        raise UnreadableModelError(
            f"a {type(model).__qualname__} cannot be run here; expected a torch.nn.Module, a JAX "
            "function or module, or a spec such as 'timm:resnet50'"
        )
    return model, shape, _HOMES[framework][what]


def _named(spec: str, arguments: Mapping[str, Any]) -> tuple[Any, Any]:
    """The model of a spec; whatever is called to get it draws the same numbers each time."""
    if spec.partition(":")[0] in ("timm", "torchvision"):
        return cast("Any", resolve("torch:build_live"))(spec)
    if not code.is_code(spec):
        raise UnreadableModelError(
            f"{spec!r} cannot be run; expected 'timm:NAME', 'torchvision:NAME', "
            "'package.module:name' or 'file.py:name'"
        )
    found = code.named(spec)
    if target_of_object(found) is not None or code.takes_an_input(found, arguments):
        return found, None
    seeded: Any = resolve("torch:seeded") if "torch" in sys.modules else nullcontext
    with seeded():
        return code.made(spec, found, arguments), None


def _shape_of(inputs: Iterable[Any] | Mapping[str, Any]) -> tuple[int, ...] | None:
    """The shape of one image of a batch or list; None for an iterable that is read only once."""
    shape = getattr(inputs, "shape", None)
    if shape is None and isinstance(inputs, (list, tuple)) and inputs:
        shape = getattr(inputs[0], "shape", None)
        if shape is not None and len(shape) == 3:
            return (1, *shape)
    return None if shape is None else (1, *tuple(shape)[1:])
