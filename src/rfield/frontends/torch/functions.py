"""The calls that are taken whole, as the user wrote them.

Torch would split these into many ops (an LSTM into its time steps, a circular pad into copies), or
spend more on their meta kernels than reading the model may cost. Also here: the questions to a
tensor that a meta tensor would answer differently from a real one.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from torch.nn.parameter import is_lazy

from .failures import here, needs_values
from .modes import Functions
from .rulebook import Signature, find_rule
from .values import is_weight

_PYTHON: dict[str, tuple[str, dict[str, Any]]] = {
    "batch_norm": (
        "input running_mean running_var weight bias training momentum eps",
        {"training": False},
    ),
    "layer_norm": ("input normalized_shape weight bias eps", {}),
    "group_norm": ("input num_groups weight bias eps", {}),
    "instance_norm": (
        "input running_mean running_var weight bias use_input_stats momentum eps",
        {"use_input_stats": True},
    ),
    "pad": ("input pad mode value", {"mode": "constant"}),
}
"""Functions of ``torch.nn.functional`` written in Python: argument names and defaults."""

_BUILTIN = {
    "conv1d": "default", "conv2d": "default", "conv3d": "default",
    "conv_transpose1d": "default", "conv_transpose2d": "input", "conv_transpose3d": "input",
    "matmul": "default", "inner": "default", "cdist": "default", "bilinear": "default",
    "batch_norm": "default", "layer_norm": "default",
    "group_norm": "default", "instance_norm": "default",
    "lstm": "input", "gru": "input", "rnn_tanh": "input", "rnn_relu": "input",
    "quantile": "default", "nanquantile": "default", "take_along_dim": "default",
    "pixel_shuffle": "default", "pixel_unshuffle": "default", "channel_shuffle": "default",
}  # fmt: skip
"""Functions of ``torch`` with the overload whose argument names they take."""

_TABLE: dict[Any, Any] = {}


def table() -> dict[Any, Any]:
    """Function -> the signature to read it with, or a handler."""
    if not _TABLE:
        _fill(_TABLE)
    return _TABLE


def _fill(entries: dict[Any, Any]) -> None:
    aten: Any = torch.ops.aten
    for name, overload in _BUILTIN.items():
        signature = Signature.of(getattr(getattr(aten, name), overload))
        for home in (torch, F, torch.Tensor, getattr(torch, "_VF", None)):
            function = getattr(home, name, None)
            if function is not None and name not in _PYTHON:
                entries[function] = signature
        if name in _PYTHON:
            entries[getattr(torch, name)] = signature
    for name in ("lstm", "gru", "rnn_tanh", "rnn_relu"):
        entries[getattr(torch._VF, name)] = _recurrent  # type: ignore[attr-defined]
        entries[getattr(torch, name)] = _recurrent
    entries[F.linear] = Signature.of(aten.linear.default)
    entries[F.scaled_dot_product_attention] = Signature.of(
        aten.scaled_dot_product_attention.default
    )
    entries[torch.linalg.multi_dot] = _MULTI_DOT
    entries[torch.chain_matmul] = _chain_matmul
    entries[torch.Tensor.__matmul__] = entries[torch.matmul]
    entries[torch.einsum] = _einsum
    for home in (torch, torch.Tensor):
        entries[home.stft] = _named("aten::stft", _STFT, {"center": True})
        entries[home.istft] = _named("aten::istft", _ISTFT, {"center": True})
    for name, (names, defaults) in _PYTHON.items():
        entries[getattr(F, name)] = _named(f"aten::{name}", names, defaults)
    entries[torch.Tensor.device.__get__] = _device  # type: ignore[attr-defined]
    entries[torch.Tensor.is_meta.__get__] = _is_meta  # type: ignore[attr-defined]
    entries[torch.Tensor.data.__get__] = _data  # type: ignore[attr-defined]
    entries[torch.Tensor.data.__set__] = _set_data  # type: ignore[attr-defined]
    entries[torch.Tensor.new_tensor] = _new_tensor
    for name in ("__getitem__", "__setitem__"):
        entries[getattr(torch.Tensor, name)] = _indexed
    for name in ("numpy", "tolist", "__array__"):
        entries[getattr(torch.Tensor, name)] = _numbers
    for name in ("__dlpack__", "data_ptr", "untyped_storage"):
        entries[getattr(torch.Tensor, name)] = _memory


_STFT = (
    "input n_fft hop_length win_length window center pad_mode normalized onesided return_complex"
)

_ISTFT = "input n_fft hop_length win_length window center normalized onesided length return_complex"


def _named(name: str, names: str, defaults: dict[str, Any]) -> Signature:
    signature = Signature(name, (), ())
    signature.names = tuple(names.split())
    signature.defaults = defaults
    signature.rule = find_rule(name)
    return signature


@cache
def _signature(name: str, overload: str) -> Signature:
    return Signature.of(getattr(getattr(torch.ops.aten, name), overload))


def _recurrent(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Plain and packed sequences share a name and differ in the second argument."""
    packed = len(args) > 3 and isinstance(args[3], (list, tuple))
    signature = _signature(func.__name__, "data" if packed else "input")
    return mode.intercept(signature, func, args, kwargs)


def _einsum(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Its operands come as arguments or as one list."""
    if not isinstance(args[0], str):
        return func(*args, **kwargs)
    operands = list(args[1]) if isinstance(args[1], (list, tuple)) else list(args[1:])
    return mode.intercept(_EINSUM, torch.functional.einsum, (args[0], operands), kwargs)


_EINSUM = Signature.of(torch.ops.aten.einsum.default)


def _chain_matmul(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Its operands come one by one."""
    return mode.intercept(_MULTI_DOT, torch.linalg.multi_dot, (list(args),), kwargs)


_MULTI_DOT = Signature.of(torch.ops.aten.linalg_multi_dot.default)


def _device(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """The device of the model, so that what forward makes is made for real."""
    found = func(*args, **kwargs)
    return mode.device if found.type == "meta" else found


def _is_meta(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> bool:
    return False


def _data(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """``x.data`` is another tensor over the same storage, made behind the dispatcher's back."""
    if is_lazy(args[0]):  # it has no shape yet, and is asked for its type only
        return mode.aside(func, *args)
    twin = func(*args, **kwargs)
    value = mode.dispatch.tracer.value(args[0])
    if is_weight(args[0]):
        value = mode.dispatch.record_of(args[0])
        value.weight, value.weights = args[0], mode.dispatch.tracer.weights(args[0], value)
    if value is not None and twin is not args[0]:
        twin._rfield = value
    return twin


def _set_data(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> None:
    """``x.data = y``: from now on ``x`` holds what ``y`` holds, in memory of its own kind."""
    target, source = args
    value = mode.dispatch.record_of(source)
    if source.device != target.device:
        source = mode.aside(torch.empty, source.shape, dtype=source.dtype, device=target.device)
        value.cell.known = False
    mode.aside(func, target, source)
    target._rfield = value


def _new_tensor(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> torch.Tensor:
    """``x.new_tensor([0, 1])``: as a meta tensor, as ``x`` is one, it would lose its numbers."""
    kind = {"dtype": kwargs.get("dtype") or args[0].dtype, "device": mode.device}
    return torch.tensor(*args[1:], **{**kwargs, **kind})


def _indexed(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """``x[:, [0, 2]]``: torch would make a meta tensor of the list, which loses its numbers."""
    index = args[1]
    if isinstance(index, list) or (
        isinstance(index, tuple) and any(isinstance(part, list) for part in index)
    ):
        parts = index if isinstance(index, tuple) else (index,)
        index = tuple(torch.tensor(p) if isinstance(p, list) and _numeric(p) else p for p in parts)
    return func(args[0], index, *args[2:])


def _numeric(items: Any) -> bool:
    return bool(items) and all(isinstance(item, (int, bool)) for item in items)


def _numbers(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Numbers of a tensor that has none; with real data they count as constants from here on."""
    dispatch = mode.dispatch
    tensor = args[0]
    depends = dispatch.tracer.index_of(tensor) is not None
    if dispatch.real and depends:
        dispatch.tracer.taken[dispatch.layer or "the model"] = None
    lost = depends or not dispatch.has_numbers(tensor) or tensor.device.type == "meta"
    if not dispatch.real and lost:
        name = func.__name__.strip("_")
        raise needs_values(f"'Tensor.{name}'", dispatch.layer, here())
    return func(*args, **kwargs)


def _memory(mode: Functions, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Where a tensor's numbers lie: whoever asks may read them there."""
    dispatch = mode.dispatch
    if dispatch.real and dispatch.tracer.index_of(args[0]) is not None:
        dispatch.tracer.taken[dispatch.layer or "the model"] = None
    return func(*args, **kwargs)
