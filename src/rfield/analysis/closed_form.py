"""The article's explicit sums for a chain of layers, as plain functions of its numbers.

Source: Araujo, Norris, Sim, *Computing Receptive Fields of Convolutional Neural Networks*, Distill
2019. Layers count from 1 (nearest the input) to L; layer ``l`` has kernel ``k``, stride ``s`` and
left padding ``p``. They share nothing with the engines, which must agree with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from ..errors import InvalidModelError


@dataclass(frozen=True, slots=True)
class ChainLayer:
    """One layer of a chain along one axis: kernel, stride, left padding, dilation."""

    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    def __post_init__(self) -> None:
        if min(self.kernel, self.stride, self.dilation) < 1:
            raise InvalidModelError(f"{self!r}: kernel, stride and dilation must be at least 1")

    @property
    def extent(self) -> int:
        """The kernel's span, dilation included."""
        return self.dilation * (self.kernel - 1) + 1


Chain = Sequence[ChainLayer]


@dataclass(frozen=True, slots=True)
class ClosedForm:
    """r₀, S₀, P₀ of a chain, with u₀, v₀ and c₀ as functions of the output position."""

    size: int
    stride: int
    padding: int

    def first(self, output: int) -> int:
        """u₀: the first input index that ``output`` reads."""
        return output * self.stride - self.padding

    def last(self, output: int) -> int:
        """v₀: the last input index that ``output`` reads."""
        return self.first(output) + self.size - 1

    def center(self, output: int) -> Fraction:
        """c₀: the middle of the region."""
        return Fraction(self.first(output) + self.last(output), 2)


def closed_form(chain: Chain) -> ClosedForm:
    """All of them at once.

    >>> closed_form([ChainLayer(7, 2, 3), ChainLayer(3, 2, 1)])
    ClosedForm(size=11, stride=4, padding=5)
    """
    return ClosedForm(receptive_size(chain), effective_stride(chain), effective_padding(chain))


def receptive_size(chain: Chain) -> int:
    """r₀ = Σₗ (kₗ − 1) Πᵢ₍ᵢ<ₗ₎ sᵢ + 1."""
    return 1 + sum((layer.extent - 1) * _strides(chain[:n]) for n, layer in enumerate(chain))


def effective_stride(chain: Chain, layer: int = 0) -> int:
    """S_l = Πᵢ₍ᵢ>ₗ₎ sᵢ: the stride of the chain's output in the output of ``layer``."""
    return _strides(chain[layer:])


def effective_padding(chain: Chain, layer: int = 0) -> int:
    """P_l = Σₘ₍ₘ>ₗ₎ pₘ Πᵢ₍ₗ<ᵢ<ₘ₎ sᵢ: the padding of the chain's output in that of ``layer``."""
    rest = chain[layer:]
    return sum(one.padding * _strides(rest[:n]) for n, one in enumerate(rest))


def first_index(chain: Chain, output: int = 0) -> int:
    """u₀ = u_L Πᵢ sᵢ − Σₗ pₗ Πᵢ₍ᵢ<ₗ₎ sᵢ."""
    return output * _strides(chain) - effective_padding(chain)


def last_index(chain: Chain, output: int = 0) -> int:
    """v₀ = v_L Πᵢ sᵢ − Σₗ (1 + pₗ − kₗ) Πᵢ₍ᵢ<ₗ₎ sᵢ."""
    shrink = sum(
        (1 + one.padding - one.extent) * _strides(chain[:n]) for n, one in enumerate(chain)
    )
    return output * _strides(chain) - shrink


def center(chain: Chain, output: int = 0) -> Fraction:
    """c₀ = (u₀ + v₀) / 2."""
    return Fraction(first_index(chain, output) + last_index(chain, output), 2)


def _strides(chain: Chain) -> int:
    return prod(layer.stride for layer in chain)
