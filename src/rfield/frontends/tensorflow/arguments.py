"""Names of outputs, for references inside functions (``name:argument:k``).

Only ops with more than one output argument are listed; of all others the number alone counts.
Source: the op registrations of TensorFlow (a contract test compares them).
"""

from __future__ import annotations

_NORM = ("y", "batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2")
_SWITCH = ("output_false", "output_true")
_MERGE = ("output", "value_index")

OUTPUT_NAMES: dict[str, tuple[str, ...]] = {
    "FusedBatchNorm": _NORM,
    "FusedBatchNormV2": _NORM,
    "FusedBatchNormV3": (*_NORM, "reserve_space_3"),
    "Switch": _SWITCH,
    "RefSwitch": _SWITCH,
    "Merge": _MERGE,
    "RefMerge": _MERGE,
    "TopK": ("values", "indices"),
    "TopKV2": ("values", "indices"),
    "MaxPoolWithArgmax": ("output", "argmax"),
    "Unique": ("y", "idx"),
    "UniqueV2": ("y", "idx"),
    "LogMatrixDeterminant": ("sign", "log_abs_determinant"),
    "TensorArrayV3": ("handle", "flow"),
    "TensorListPopBack": ("output_handle", "tensor"),
    "BroadcastGradientArgs": ("r0", "r1"),
    "SoftmaxCrossEntropyWithLogits": ("loss", "backprop"),
    "SparseSoftmaxCrossEntropyWithLogits": ("loss", "backprop"),
}
