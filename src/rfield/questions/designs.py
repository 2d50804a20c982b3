"""The public inverse question: which chain of layers gives a field of a given size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from ..analysis.geometry.design import Layout, layouts
from ..analysis.geometry.fields import receptive_field
from ..analysis.pixels.support import support
from ..errors import InvalidModelError
from ..frontends.declared.chain import chain

if TYPE_CHECKING:
    from ..present.chains import DesignedChain, Designs


def design(
    size: int,
    kernel: int | Sequence[int] = 3,
    *,
    max_dilation: int | None = None,
    stride: int = 1,
    causal: bool = False,
    no_gaps: bool = False,
    cost: Literal["least"] | None = None,
) -> Designs:
    """A few chains of convolutions whose field has at least ``size`` positions, the best first.

    Best are the fewest layers, then the least cost, then the smallest field, then the widest spread
    of the influence. The first chain may have holes in what one output reads, unless ``no_gaps``;
    the others have none. Every chain is built, and its numbers are those of the chain. All of its
    layers have one kernel; those with a stride come first and have no dilation; padding keeps the
    length, or its part by the stride.

    Args:
        size: positions along one axis.
        kernel: the kernel, or several to choose from.
        max_dilation: the largest dilation; default: any.
        stride: the effective stride of the chain.
        causal: all padding before, so that no output reads anything after its own place.
        no_gaps: no chain with holes.
        cost: ``"least"``: the least cost (multiply-adds) comes before the fewest layers.

    Raises:
        InvalidModelError: an argument is out of range, or no chain can do it.

    >>> import rfield
    >>> rfield.design(1024, kernel=2, no_gaps=True)[0].dilations      # WaveNet's
    (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    >>> rfield.design(17, kernel=3, no_gaps=True)[0].chain            # hybrid dilated convolution
    '3p1 3p2d2 3p5d5'
    """
    from ..present.chains import Designs

    if cost not in (None, "least"):
        raise InvalidModelError(f"cost = {cost!r}; expected 'least' or None")
    kernels = [kernel] if isinstance(kernel, int) else list(kernel)
    found = layouts(
        size, kernels, max_dilation=max_dilation, stride=stride, no_gaps=no_gaps,
        least_cost=cost == "least",
    )  # fmt: skip
    return Designs(size, tuple(_built(layout, causal=causal) for layout in found))


def _built(layout: Layout, *, causal: bool) -> DesignedChain:
    """The chain itself, and what the engine says of it."""
    from ..present.chains import DesignedChain

    text = _written(layout, causal=causal)
    free = receptive_field(chain(text))
    (size,), (step,), (before,) = free.sizes[0], free.stride, free.padding
    assert step is not None  # a chain of convolutions has one path
    assert before is not None
    inside = chain(_written(layout, causal=causal, padded=False), (size,))
    (one,) = [support(inside, (0,))]
    return DesignedChain(
        chain=text, layers=layout.layers, kernel=layout.kernel, strides=layout.strides,
        dilations=layout.dilations, size=size, stride=step, padding=before,
        ahead=size - 1 - before, reads=one.count, cost=layout.cost,
    )  # fmt: skip


def _written(layout: Layout, *, causal: bool, padded: bool = True) -> str:
    """The layout in the chain language, with padding that keeps the length."""
    tokens: list[str] = []
    for step, dilation in zip(layout.strides, layout.dilations, strict=True):
        around = (layout.kernel - 1) * dilation
        before = around if causal else around // 2
        after = around - before
        pad = f"p{before}" if before == after else f"p{before},{after}"
        tokens.append(
            str(layout.kernel)
            + (f"/{step}" if step > 1 else "")
            + (pad if padded else "")
            + (f"d{dilation}" if dilation > 1 else "")
        )
    groups = ((token, len([*same])) for token, same in groupby(tokens))
    return " ".join(token if many == 1 else f"{token}*{many}" for token, many in groups)
