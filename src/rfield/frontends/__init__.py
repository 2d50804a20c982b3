"""Front ends: one folder for each source of models; no framework type leaves its folder."""

from importlib import import_module
from types import ModuleType

_FOLDERS = ("declared", "jax", "keras", "onnx", "tensorflow", "torch")


def __getattr__(name: str) -> ModuleType:
    """A front end at its first use, as in ``@rfield.frontends.torch.rule("mylib::blur")``."""
    if name not in _FOLDERS:
        raise AttributeError(f"module 'rfield.frontends' has no attribute {name!r}")
    return import_module(f".{name}", __name__)
