"""Quantised networks: what is rounded is read as real numbers, weights lie packed in objects.

A ``FakeQuantize`` that still observes takes its scale from all that passes, so it reads everything
beside its own element; one that was told to stop is pointwise. Observers alone change nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from torch import nn

from ...core import arrays, ops
from ...core.ops import Op
from .rulebook import Arguments, Reading, rule


def observe_nothing(modules: Iterable[nn.Module]) -> None:
    """Let observers look at no values; for as long as a model is read."""
    home: Any = sys.modules.get("torch.ao.quantization")
    if home is None:
        return
    for module in modules:
        if isinstance(module, home.FusedMovingAvgObsFakeQuantize):
            continue
        if isinstance(module, home.FakeQuantize):
            fixed = isinstance(module, home.FixedQParamsFakeQuantize)
            module.__dict__["forward"] = partial(_fake, module, fixed)
        elif isinstance(module, home.ObserverBase):
            module.__dict__["forward"] = _same


def _same(x: torch.Tensor) -> torch.Tensor:
    return x


def _fake(module: Any, fixed: bool, x: torch.Tensor) -> torch.Tensor:
    """As one op, the fused one, that says whether it observes."""
    observes = torch.zeros_like(module.observer_enabled) if fixed else module.observer_enabled
    axis = module.ch_axis if module.is_per_channel else -1
    found, _ = torch.ops.aten._fused_moving_avg_obs_fq_helper(
        x, observes.long(), module.fake_quant_enabled.long(), module.scale, module.scale,
        module.scale, module.zero_point, 0.01, 0, 255, axis, module.is_per_channel,
    )  # fmt: skip
    return found


@rule("aten::_fused_moving_avg_obs_fq_helper")
def observed(arg: Arguments) -> tuple[Any, Any]:
    """Rounded; while it observes, by a scale that is made of all elements, or of a channel's.

    https://docs.pytorch.org/docs/stable/generated/torch.ao.quantization.fake_quantize.FusedMovingAvgObsFakeQuantize.html
    """
    x = arg.self
    on, rounds = (_flag(arg, flag) for flag in (arg.observer_on, arg.fake_quant_on))
    alone: Any = ops.pointwise(tuple(x.shape), kind="quantize", algebra="keep")
    if not (on and rounds):
        return alone, alone
    kept = {arg.ch_axis % x.dim()} if arg.per_row_fake_quant else set[int]()
    axes = [axis for axis in range(x.dim()) if axis not in kept]
    made = arrays.pointwise(x, arrays.reduce(x, axes, keepdims=True), kind="quantize")
    return made, made


def _flag(arg: Arguments, flag: torch.Tensor) -> bool:
    """Whether it is set; where nobody knows it may be."""
    known = arg.constant(flag)
    return known is None or bool(known.item())


@rule("aten::fake_quantize_per_tensor_affine", "aten::fake_quantize_per_channel_affine",
      "aten::quantize_per_channel", "aten::quantize_per_tensor", shaped=True)  # fmt: skip
def quantize(arg: Arguments) -> Op:
    """Rounded, element by element; a scale for each channel is a weight.

    https://docs.pytorch.org/docs/stable/generated/torch.fake_quantize_per_channel_affine.html
    """
    return ops.pointwise(tuple(arg.operands[0].shape), kind="quantize", algebra="keep")


@rule("aten::fake_quantize_per_tensor_affine_cachemask",
      "aten::_fake_quantize_per_tensor_affine_cachemask_tensor_qparams",
      "aten::fake_quantize_per_channel_affine_cachemask", shaped=True)  # fmt: skip
def fake_quantize(arg: Arguments) -> tuple[Op, Op]:
    """Rounded numbers, and which of them lie inside the range."""
    op = ops.pointwise(tuple(arg.self.shape), kind="quantize", algebra="keep")
    return op, op


# --- whole layers, of which the weights are packed


@rule(*(f"quantized::conv{n}{end}" for n in ("1d", "2d", "3d") for end in ("", "_relu")),
      shaped=True)  # fmt: skip
def conv(arg: Arguments) -> Op:
    """A convolution, and what follows it position by position.

    https://docs.pytorch.org/docs/stable/generated/torch.ao.nn.quantized.Conv2d.html
    """
    given = arg.operands[0]
    packed: Any = arg.get("packed_weight")
    weight, bias = packed.unpack()
    count = given.dim() - 2
    return ops.conv(
        tuple(given.shape), kernel=weight.shape[-count:], channels=weight.shape[0],
        stride=packed.stride()[-count:], padding=packed.padding()[-count:],
        dilation=packed.dilation()[-count:], groups=packed.groups(), bias=bias is not None,
    )  # fmt: skip


@rule("quantized::linear", "quantized::linear_relu", shaped=True)
def linear(arg: Arguments) -> Reading:
    """The last axis is mixed.

    https://docs.pytorch.org/docs/stable/generated/torch.ao.nn.quantized.Linear.html
    """
    packed: Any = arg.get("W_prepack")
    weight, bias = packed.unpack()
    return arrays.dense(arg.operands[0], weight.shape[0], bias=bias is not None)


@rule("quantized::linear_dynamic", "quantized::linear_relu_dynamic", shaped=True)
def linear_dynamic(arg: Arguments) -> Reading:
    """The scale by which its input is rounded is made of all of that.

    https://docs.pytorch.org/docs/stable/generated/torch.ao.nn.quantized.dynamic.Linear.html
    """
    scale = arrays.reduce(arg.X, [*range(arg.X.dim())], keepdims=True, kind="scale")
    return arrays.pointwise(linear(arg), scale, kind="linear_dynamic")


@rule("quantized::add", "quantized::add_relu", "quantized::mul", "quantized::mul_relu",
      "quantized::add_scalar", "quantized::mul_scalar", "quantized::hardswish", "quantized::elu",
      "quantized::leaky_relu", "quantized::sigmoid", "quantized::relu6", "quantized::celu",
      shaped=True)  # fmt: skip
def pointwise(arg: Arguments) -> Reading:
    """Element by element, then rounded again; scales are numbers.

    https://docs.pytorch.org/docs/stable/generated/torch.ao.nn.quantized.QFunctional.html
    """
    return arrays.pointwise(*arg.operands, kind=arg.short)


@rule("quantized::batch_norm1d", "quantized::batch_norm2d", "quantized::batch_norm3d",
      "quantized::batch_norm2d_relu", "quantized::batch_norm3d_relu", shaped=True)  # fmt: skip
def batch_norm(arg: Arguments) -> Op:
    """As in inference: element by element."""
    return ops.pointwise(tuple(arg.operands[0].shape), kind="batch_norm")


@rule("quantized::cat", "quantized::cat_relu", shaped=True)
def concat(arg: Arguments) -> Reading:
    """Side by side."""
    return arrays.concat(arg.operands, arg.dim)
