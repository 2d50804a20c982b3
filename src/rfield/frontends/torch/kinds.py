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

READS_NOTHING = frozenset(
    f"aten::{name}"
    for name in (
        "_assert_async", "_assert_scalar", "_assert_tensor_metadata", "sym_constrain_range",
        "sym_constrain_range_for_size", "_functional_assert_async", "_functional_assert_scalar",
        "_functional_sym_constrain_range", "_functional_sym_constrain_range_for_size",
    )
)  # fmt: skip
"""Assertions. They are passed over."""

_UNIFORM = {
    f"aten::{form.format(kind)}": number
    for kind, number in (("zeros", 0.0), ("ones", 1.0), ("full", None))
    for form in ("{}", "{}_like", "new_{}")
}


def uniform(packet: str, bound: Mapping[str, Any]) -> float | None:
    """The one number that the result of an op is everywhere, whatever its size; or None."""
    number = _UNIFORM.get(packet)
    if number is None and packet in _UNIFORM:
        number = bound.get("fill_value")
    return float(number) if isinstance(number, (bool, int, float)) else None


OF_SEVERAL = frozenset({"batch_norm", "instance_norm", "group_norm"})
"""Ops whose functions in ``torch.nn.functional`` refuse statistics of a single position."""

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


def _packed(bound: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """The steps of sequences of known lengths, and how many of these run at each step."""
    given, lengths = bound["input"], bound["lengths"]
    if lengths.is_meta:
        raise NotImplementedError("the lengths of the sequences are not known")
    longest = int(lengths.max()) if lengths.numel() else 0
    if longest > given.shape[1 if bound["batch_first"] else 0]:
        raise ValueError(f"a sequence of {longest} steps in {tuple(given.shape)}")
    steps = torch.arange(longest)
    running = (lengths[None] > steps[:, None]).sum(1)
    return given.new_empty((int(running.sum()), *given.shape[2:]), device="meta"), running


def _rounded(bound: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Numbers, and which of them lie inside the range."""
    made = torch.empty(bound["self"].shape, dtype=bound["self"].dtype, device="meta")
    return made, torch.empty_like(made, dtype=torch.bool)


def _solved(bound: Mapping[str, Any]) -> tuple[torch.Tensor, ...]:
    """Least squares: the solution, and what else depends on the driver."""
    a, b = bound["self"], bound["b"]
    batch = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    sizes = [(*batch, a.shape[-1], b.shape[-1]), (0,), batch, (0,)]
    return tuple(torch.empty(size, dtype=a.dtype, device="meta") for size in sizes)


def _aligned(bound: Mapping[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss of each item, and the sums over alignments that led to it."""
    scores, targets, lengths = bound["log_probs"], bound["targets"], bound["target_lengths"]
    known = isinstance(lengths, torch.Tensor) and not lengths.is_meta
    longest = int(lengths.max()) if known else targets.shape[-1]
    sizes = [(scores.shape[1],), (scores.shape[1], scores.shape[0], 2 * longest + 1)]
    return scores.new_empty(sizes[0], device="meta"), scores.new_empty(sizes[1], device="meta")


SHAPED: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "aten::istft": _signal, "aten::_pack_padded_sequence": _packed,
    "aten::linalg_lstsq": _solved,
    "aten::_ctc_loss": _aligned,
    "aten::quantize_per_channel": lambda bound: _rounded(bound)[0],
    "aten::quantize_per_tensor": lambda bound: _rounded(bound)[0],
    "aten::fake_quantize_per_tensor_affine_cachemask": _rounded,
    "aten::_fake_quantize_per_tensor_affine_cachemask_tensor_qparams": _rounded,
    "aten::fake_quantize_per_channel_affine_cachemask": _rounded,
}  # fmt: skip
"""Ops that torch does not run without numbers, although shapes and lengths tell its result's."""
