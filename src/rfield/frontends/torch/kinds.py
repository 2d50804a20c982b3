"""Ops that a capture treats in its own way, whatever their rules say."""

from __future__ import annotations

TAKES_INDICES = frozenset({"aten::index", "aten::index_put", "aten::index_put_"})

RESHAPES_IN_PLACE = frozenset(
    f"aten::{name}_" for name in ("unsqueeze", "squeeze", "transpose", "t", "swapaxes", "swapdims")
)

LOOKS_AT_VALUES = frozenset({"aten::_local_scalar_dense", "aten::is_nonzero", "aten::equal"})

FROM_SHAPE = frozenset(
    f"aten::{name}"
    for name in (
        "zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like",
        "randint_like", "new_zeros", "new_ones", "new_full", "new_empty", "new_empty_strided",
    )
)  # fmt: skip
"""Ops that read the shape of a tensor and nothing else."""

UNIFORM = frozenset(
    f"aten::{name}"
    for name in ("zeros", "ones", "zeros_like", "ones_like", "new_zeros", "new_ones")
)
"""Ops whose result is one number everywhere, at any size."""

SHAPE_OF_OTHER = frozenset(
    f"aten::{name}" for name in ("expand_as", "reshape_as", "type_as", "view_as")
)
"""Ops that ask their second operand for its shape or type alone."""
