"""Spectra and windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core import arrays
from ...core.arguments import normalize_axis
from ...errors import InvalidModelError
from ..machine.limits import COMPUTED
from ..machine.values import Constant
from .rulebook import Call, rule


@rule("DFT")
def dft(call: Call) -> Any:
    """Every frequency reads the whole axis; the last axis holds real and imaginary part.

    https://onnx.ai/onnx/operators/onnx__DFT.html
    """
    shape = call.shape(0)
    axis = call.int("axis", 1) if call.opset < 20 else -2
    if call.opset >= 20 and call.has(2):
        axis = call.integer(2, "the axis")
    axis = normalize_axis(axis, len(shape))
    length = call.integer(1, "the length") if call.has(1) else shape[axis]
    half = call.flag("onesided")
    back = half and call.flag("inverse")
    sizes = {axis: length // 2 + 1 if half and not back else length, -1: 1 if back else 2}
    read = {axis: length // 2 + 1 if back else length}
    return arrays.fft(call[0], (axis, -1), lengths=read, sizes=sizes, kind="dft")


@rule("STFT")
def stft(call: Call) -> Any:
    """Frames of the signal, each transformed on its own.

    https://onnx.ai/onnx/operators/onnx__STFT.html
    """
    shape = call.shape(0)
    step = call.integer(1, "the step")
    length = call.integer(3, "the frame length") if call.has(3) else call.shape(2)[0]
    if len(shape) not in (2, 3) or step < 1 or not 0 < length <= shape[1]:
        raise InvalidModelError(f"frames of {length} every {step} in a signal of {shape}")
    signal = call[0] if len(shape) == 3 else arrays.reshape(call[0], (*shape, 1))
    weights = call[2] if call.has(2) else None
    onesided = call.flag("onesided", True)
    made = arrays.stft(signal, length, step, weights=weights, axis=1, onesided=onesided)
    return arrays.dense(made, 2)  # real and imaginary part


@rule("HannWindow", "HammingWindow", "BlackmanWindow")
def window_function(call: Call) -> Constant:
    """A constant of the given length; that of Blackman is not computed (its ends are about zero).

    https://onnx.ai/onnx/operators/onnx__HannWindow.html
    """
    size = call.integer(0, "the size")
    first = {"HannWindow": 0.5, "HammingWindow": 25 / 46}.get(call.op)
    if first is None or not 1 < size <= COMPUTED:
        return Constant((size,), made=True)
    turn = 2 * np.pi * np.arange(size) / (size if call.flag("periodic", True) else size - 1)
    return Constant((size,), first - (1 - first) * np.cos(turn), made=True)


@rule("MelWeightMatrix")
def mel_weights(call: Call) -> Constant:
    """A constant matrix: spectrum bins by mel bins.

    https://onnx.ai/onnx/operators/onnx__MelWeightMatrix.html
    """
    bins, length = call.integer(0, "the number of bins"), call.integer(1, "the length")
    return Constant((length // 2 + 1, bins), made=True)
