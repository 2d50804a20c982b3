"""ONNX: ``.onnx`` files and ``ModelProto``. Needs the ``onnx`` package and nothing else.

``rule`` teaches rfield an op of your own::

    @rfield.frontends.onnx.rule("my.domain::Sharpen")
    def sharpen(call):
        return ops.conv(call.shape(0), kernel=(3, 3), padding=1)
"""

from . import (
    attention,
    contraction,
    control,
    convolution,
    gathering,
    layout,
    normalization,
    pointwise,
    pooling,
    quantization,
    recurrent,
    resize,
    sequences,
    signal,
)
from .reader import read_model, read_path
from .rulebook import RULES, Call, rule

__all__ = ["RULES", "Call", "read_model", "read_path", "rule"]
_FAMILIES = (
    attention, contraction, control, convolution, gathering, layout, normalization, pointwise,
    pooling, quantization, recurrent, resize, sequences, signal,
)  # fmt: skip
