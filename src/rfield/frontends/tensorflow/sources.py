"""Nodes that make values rather than read them, and nodes that belong to training or to files."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..machine.values import Constant, Outputs
from .rulebook import Call, rule
from .values import FLOATS, WHOLE, Mark, Variable, decode, full_shape

RESOURCE = 20
HELD = "_shape_of_variable"
"""Attribute of a captured variable: its shape, which TensorFlow does not write down."""

NUMBERS = "_numbers_of_capture"
"""Attribute of a captured tensor, or of a variable that is not trained: its contents."""

LARGE = "_large_capture"
"""Attribute of a captured tensor that has too many numbers to be looked into."""

FIXED = "_not_trained"
"""Attribute of a variable of a file: a mask, statistics, or a weight that is frozen."""

CAPTURED = "_captured"
"""Attribute of what is captured: which object it is, as another tracing may capture another one
under its name."""

VARIABLES = ("VarHandleOp", "VariableV2", "Variable", "TemporaryVariable", "AutoReloadVariable")

ASIDE = (
    "Assert", "ControlTrigger", "DestroyResourceOp", "NoOp", "PrintV2",
    "Save", "SaveV2", "SaveSlices", "ShardedFilename", "MergeV2Checkpoints", "WriteFile",
    "AudioSummary", "AudioSummaryV2", "HistogramSummary", "ImageSummary", "MergeSummary",
    "ScalarSummary", "TensorSummary", "TensorSummaryV2", "WriteSummary", "WriteScalarSummary",
    "WriteHistogramSummary", "WriteImageSummary", "SymbolicGradient",
    "AvgPool3DGrad", "AvgPoolGrad", "BiasAddGrad", "Conv2DBackpropFilter",
    "Conv3DBackpropFilter", "Conv3DBackpropFilterV2", "DepthwiseConv2dNativeBackpropFilter",
    "EluGrad", "FusedBatchNormGrad", "FusedBatchNormGradV2", "FusedBatchNormGradV3", "InvGrad",
    "LRNGrad", "LeakyReluGrad", "MaxPool3DGrad", "MaxPoolGrad", "MaxPoolGradV2", "MirrorPadGrad",
    "ReciprocalGrad", "Relu6Grad", "ReluGrad", "ResizeBicubicGrad", "ResizeBilinearGrad",
    "ResizeNearestNeighborGrad", "RsqrtGrad", "SeluGrad", "SigmoidGrad", "SoftplusGrad",
    "SoftsignGrad", "SqrtGrad", "StridedSliceGrad", "TanhGrad", "ApplyAdadelta", "ApplyAdagrad",
    "ApplyAdam", "ApplyFtrl", "ApplyGradientDescent", "ApplyMomentum", "ApplyRMSProp",
    "ApplyCenteredRMSProp", "ResourceApplyAdadelta", "ResourceApplyAdagrad",
    "ResourceApplyAdagradV2", "ResourceApplyAdam", "ResourceApplyAdaMax",
    "ResourceApplyAdamWithAmsgrad", "ResourceApplyCenteredRMSProp", "ResourceApplyFtrl",
    "ResourceApplyGradientDescent", "ResourceApplyKerasMomentum", "ResourceApplyMomentum",
    "ResourceApplyRMSProp",
)  # fmt: skip

ASSIGNING = frozenset({
    "Assign", "AssignVariableOp", "AssignAdd", "AssignAddVariableOp", "AssignSub",
    "AssignSubVariableOp", "ResourceStridedSliceAssign", "StridedSliceAssign",
    *(
        f"{kind}{what}" for kind in ("ResourceScatter", "Scatter")
        for what in ("Add", "Div", "Max", "Min", "Mul", "Sub", "Update")
    ),
    *(
        f"{kind}{what}" for kind in ("ResourceScatterNd", "ScatterNd")
        for what in ("Add", "Max", "Min", "Sub", "Update")
    ),
})  # fmt: skip
"""Ops that write to a variable, their first operand; read only where what they wrote is."""

RANDOM = (
    "RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal",
    "StatelessRandomUniform", "StatelessRandomUniformV2", "StatelessRandomNormal",
    "StatelessRandomNormalV2", "StatelessTruncatedNormal", "StatelessTruncatedNormalV2",
    "ParameterizedTruncatedNormal", "Empty", "StatelessRandomUniformInt",
    "StatelessRandomUniformIntV2", "StatelessRandomUniformFullInt",
    "StatelessRandomUniformFullIntV2",
)  # fmt: skip


@rule(*VARIABLES)
def variable(call: Call) -> Constant:
    """Its shape is written beside it; its numbers are in other files, which are never opened.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/VarHandleOp
    """
    shape, kind = call.attribute_shape("shape"), call.dtype("dtype")
    made = Variable(shape, f"variable {call.name!r}", counts=kind in FLOATS)
    made.fixed = FIXED in call.attributes and bool(shape)
    made.unseen = bool(shape) and kind in WHOLE  # nobody trains whole numbers
    return made


@rule("Placeholder", "PlaceholderV2")
def placeholder(call: Call) -> Constant:
    """Not among the inputs: a weight that is fed, or a captured variable or tensor.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/Placeholder
    """
    held, numbers = call.dtype("dtype") == RESOURCE, None
    shape = call.attribute_shape(HELD if held else "shape")
    if NUMBERS in call.attributes:
        tensor = call.attributes[NUMBERS].tensor
        sizes = full_shape(tensor)
        numbers = partial(decode, tensor, sizes)
        if not held:
            return Constant(sizes, numbers, made=True)
    made = Variable(shape, f"placeholder {call.name!r}", counts=held, numbers=numbers)
    made.unseen = LARGE in call.attributes
    if CAPTURED in call.attributes:
        made.key = CAPTURED, call.number(CAPTURED)
    return made


@rule("ReadVariableOp")
def read_variable(call: Call) -> Any:
    """The variable itself; TensorFlow may have written its shape beside the reading.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/ReadVariableOp
    """
    value = call[0]
    if isinstance(value, Constant) and not value.has_shape:
        shapes = call.output_shapes()
        if shapes and shapes[0] is not None:
            return Variable(shapes[0], value.origin, counts=True)
    return value


@rule(*ASIDE)
def aside(call: Call) -> Mark:
    """Gradients, updates, summaries: nothing that the network computes reads this.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/NoOp
    """
    return Mark.ASIDE


@rule(*RANDOM)
def random(call: Call) -> Constant:
    """Random numbers: no input changes them; the shape is the first operand.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/RandomUniform
    """
    made = Constant(call.integers(0), made=True)
    made.drawn = call.op != "Empty"
    return made


@rule("BroadcastGradientArgs")
def gradient_axes(call: Call) -> Outputs:
    """Part of a gradient.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/BroadcastGradientArgs
    """
    return Outputs([Mark.ASIDE, Mark.ASIDE])


@rule("VarIsInitializedOp", "IsVariableInitialized")
def is_initialized(call: Call) -> Constant:
    """A flag.

    https://www.tensorflow.org/api_docs/python/tf/raw_ops/VarIsInitializedOp
    """
    return Constant(())
