"""Nodes that make values rather than read them, and nodes that belong to training or to files."""

from __future__ import annotations

from typing import Any

from .rulebook import Arguments, rule
from .values import Fixed, Mark, Outputs

RESOURCE = 20
VARIABLES = ("VarHandleOp", "VariableV2", "Variable", "TemporaryVariable", "AutoReloadVariable")

ASIDE = (
    "Assert", "Assign", "AssignAdd", "AssignSub", "AssignVariableOp", "AssignAddVariableOp",
    "AssignSubVariableOp", "ControlTrigger", "DestroyResourceOp", "NoOp", "PrintV2",
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

RANDOM = (
    "RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal",
    "StatelessRandomUniform", "StatelessRandomUniformV2", "StatelessRandomNormal",
    "StatelessRandomNormalV2", "StatelessTruncatedNormal", "StatelessTruncatedNormalV2",
    "ParameterizedTruncatedNormal", "Empty", "StatelessRandomUniformInt",
    "StatelessRandomUniformIntV2", "StatelessRandomUniformFullInt",
    "StatelessRandomUniformFullIntV2",
)  # fmt: skip


@rule(*VARIABLES)
def variable(arg: Arguments) -> Fixed:
    """Its shape is written beside it; its numbers are in other files, which are never opened."""
    shape = arg.attribute_shape("shape")
    if shape is None or None in shape:
        return Fixed(None, origin=f"variable {arg.name!r}")
    return Fixed(shape)  # type: ignore[arg-type]  # no None is left here


@rule("Const")
def constant(arg: Arguments) -> Fixed:
    """A tensor in the file; its numbers are looked at only where they are few and needed."""
    return Fixed(None, item=arg.item)


@rule("Placeholder", "PlaceholderV2")
def placeholder(arg: Arguments) -> Fixed:
    """Not among the inputs: a weight that is fed, or a captured variable of unknown shape."""
    shape = arg.attribute_shape("shape")
    if shape is not None and None not in shape and arg.dtype("dtype") != RESOURCE:
        return Fixed(shape)  # type: ignore[arg-type]  # no None is left here
    return Fixed(None, origin=f"placeholder {arg.name!r}")


@rule("ReadVariableOp")
def read_variable(arg: Arguments) -> Any:
    """The variable itself; TensorFlow may have written its shape beside the reading."""
    value = arg.operand(0)
    if type(value) is Fixed and value.shape is None:
        shapes = arg.output_shapes()
        if shapes and shapes[0] is not None and None not in shapes[0]:
            return Fixed(shapes[0])  # type: ignore[arg-type]  # no None is left here
    return value


@rule(*ASIDE)
def aside(arg: Arguments) -> Mark:
    """Nothing that the network computes reads this."""
    return Mark.ASIDE


@rule(*RANDOM)
def random(arg: Arguments) -> Fixed:
    """Numbers that no input changes; the shape is the first operand."""
    return Fixed(arg.integers(0))


@rule("BroadcastGradientArgs")
def gradient_axes(arg: Arguments) -> Outputs:
    """Part of a gradient."""
    return Outputs([Mark.ASIDE, Mark.ASIDE])


@rule("VarIsInitializedOp", "IsVariableInitialized")
def is_initialized(arg: Arguments) -> Fixed:
    """A flag."""
    return Fixed(())
