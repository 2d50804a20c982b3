"""Ops that a capture treats in its own way, whatever their rules say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

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


def _signal(bound: Mapping[str, Any]) -> torch.Tensor:
    """What ``istft`` returns: torch itself first looks whether the windows cover every sample."""
    spectra, n_fft = next(iter(bound.values())), bound["n_fft"]
    step, half = bound["hop_length"] or n_fft // 4, n_fft // 2 if bound["center"] else 0
    reach = (spectra.shape[-1] - 1) * step + n_fft - 2 * half
    length = reach if bound["length"] is None else bound["length"]
    kind = spectra.dtype if bound["return_complex"] else spectra.dtype.to_real()
    return spectra.new_empty((*spectra.shape[:-2], length), dtype=kind, device="meta")


SHAPED: dict[str, Callable[[Mapping[str, Any]], torch.Tensor]] = {"aten::istft": _signal}
"""Ops that torch does not run without numbers, although the shapes tell that of the result."""
