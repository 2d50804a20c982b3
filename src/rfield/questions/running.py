"""Who runs a model, and how one is built that was given by name.

PyTorch runs its modules, JAX its functions and the modules of its libraries, ONNX Runtime a file; a
Keras model its backend.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

from ..errors import UnreadableModelError
from ..frontends import code
from ..frontends.registry import resolve, target_of_object


def is_onnx(model: Any) -> bool:
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
    "torch:RunningModule": ("training", "dtype", "example_inputs", "example_kwargs"),
    "onnx.running:RunningModel": ("training", "values"),
    "jax:RunningModel": ("training", "dtype"), "jax:ModelGradients": ("dtype",),
}  # fmt: skip
"""The options of ``load`` that matter when the model runs."""


def chosen(options: Mapping[str, Any], home: str) -> dict[str, Any]:
    """The options that whoever runs the model wants as well."""
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
    if target_of_object(found) is not None or (not arguments and code.takes_an_input(found)):
        return found, None
    seeded: Any = resolve("torch:seeded") if "torch" in sys.modules else nullcontext
    with seeded():
        return code.made(spec, found, arguments), None
