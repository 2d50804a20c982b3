"""Spectra and windows."""

from __future__ import annotations

from ...core.arguments import normalize_axis
from ...core.link import Link, Read
from ...core.ops import Op
from ...core.relation import IDENTITY, WHOLE, window
from ...errors import InvalidModelError
from .rulebook import Call, Reading, rule
from .tensors import Value


@rule("DFT")
def dft(call: Call) -> Reading:
    """Every frequency reads the whole axis; the last axis holds real and imaginary part."""
    shape = call.shape(0)
    axis = call.int("axis", 1) if call.opset < 20 else -2
    if call.opset >= 20 and call.has(2):
        axis = call.integers(2, "the axis")[0]
    axis = normalize_axis(axis, len(shape))
    length = call.integers(1, "the length")[0] if call.has(1) else shape[axis]
    if call.int("onesided", 0):
        length = length // 2 + 1
    parts = 2 if not (call.int("inverse", 0) and call.int("onesided", 0)) else 1
    reads = [Read(k, IDENTITY) for k in range(len(shape))]
    reads[axis], reads[-1] = Read(None, WHOLE), Read(None, WHOLE)
    result = [*shape[:-1], parts]
    result[axis] = length
    return Reading(Op("dft", tuple(result), (Link(reads),)), [call.value(0)])


@rule("STFT")
def stft(call: Call) -> Reading:
    """Frames of the signal, each transformed on its own."""
    shape = call.shape(0)
    step = call.integers(1, "the step")[0]
    length = call.integers(3, "the frame length")[0] if call.has(3) else call.shape(2)[0]
    if len(shape) not in (2, 3) or step < 1 or not 0 < length <= shape[1]:
        raise InvalidModelError(f"frames of {length} every {step} in a signal of {shape}")
    count = (shape[1] - length) // step + 1
    bins = length // 2 + 1 if call.int("onesided", 1) else length
    reads = [Read(0, IDENTITY), Read(1, window(length, step, 0)), Read(None, WHOLE)]
    op = Op("stft", (shape[0], count, bins, 2), (Link(reads[: len(shape)]),))
    return Reading(op, [call.value(0)])


@rule("HannWindow", "HammingWindow", "BlackmanWindow")
def window_function(call: Call) -> Value:
    """A constant of the given length."""
    return Value((call.integers(0, "the size")[0],))


@rule("MelWeightMatrix")
def mel_weights(call: Call) -> Value:
    """A constant matrix: spectrum bins by mel bins."""
    bins, length = call.integers(0, "the number of bins")[0], call.integers(1, "the length")[0]
    return Value((length // 2 + 1, bins))
