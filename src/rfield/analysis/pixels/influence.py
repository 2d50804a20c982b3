"""Influence: how an output's contribution is spread over its support.

Analytic influence needs no weights: walk from the output to the input, at every join into each
branch with equal chance, at every op to each of its taps with equal chance; the influence of an
input position is the chance to end there. For a plain chain of convolutions this is the number of
paths, normalised. Luo et al., *Understanding the Effective Receptive Field in Deep Convolutional
Neural Networks*, NeurIPS 2016, show that it tends to a Gaussian whose width grows as the square
root of the depth.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...core.graph import Graph
from ...core.limits import DENSE_LIMIT
from ...errors import InvalidModelError, unknown_name
from ..answer import Answer
from ..engines.footprint import Footprint
from ..engines.scatter import Weights
from ..geometry.field import ReceptiveField
from ..geometry.fields import receptive_field
from ..results import Fidelity
from .gaussian import Gaussian, fit
from .support import Question, dense

SHARES = (0.5, 0.9, 0.95, 0.99)
AREA_SHARES = (0.2, 0.3, 0.5, 0.99)


@dataclass(frozen=True, eq=False, repr=False)
class Influence(Answer):
    """A distribution over input positions: ``weight[k]`` belongs to position ``offset + k``.

    ``weight`` sums to 1 over what reaches the input (walks that end in padding are left out).
    ``size`` is the theoretical receptive field and ``input_size`` the whole input, for comparison.
    ``images``: over how many a measured influence is the mean, with ``error`` its standard errors;
    None: analytic.
    """

    schema: ClassVar[str] = "rfield.influence/1"

    layer: str
    wrt: str
    axes: tuple[str, ...]
    index: tuple[int, ...]
    offset: tuple[int, ...]
    weight: NDArray[np.float64] = field(repr=False)
    size: tuple[int, ...]
    fidelity: Fidelity
    error: NDArray[np.float64] | None = field(default=None, repr=False)
    note: str = "analytic: every tap of an op and every branch of a join weighted equally"
    input_size: tuple[int, ...] = ()
    images: int | None = None

    @cached_property
    def mean(self) -> tuple[float, ...]:
        """Centre of mass per axis, in input positions."""
        return tuple(
            float((self.profile(k) * self._positions(k)).sum()) for k in range(len(self.axes))
        )

    @cached_property
    def std(self) -> tuple[float, ...]:
        """Standard deviation per axis, in input positions."""
        return tuple(
            float(np.sqrt((self.profile(k) * (self._positions(k) - self.mean[k]) ** 2).sum()))
            for k in range(len(self.axes))
        )

    def profile(self, axis: int | str) -> NDArray[np.float64]:
        """The distribution along one axis, summed over the others."""
        if isinstance(axis, str) and axis not in self.axes:
            raise unknown_name("axis", axis, self.axes)
        k = self.axes.index(axis) if isinstance(axis, str) else axis
        return self.weight.sum(axis=tuple(a for a in range(self.weight.ndim) if a != k))

    def positions(self, axis: int | str) -> NDArray[np.float64]:
        """The input positions along one axis to which ``profile`` belongs."""
        return self._positions(self.axes.index(axis) if isinstance(axis, str) else axis)

    def gaussian(self, axis: int | str) -> Gaussian:
        """The Gaussian that fits the profile along one axis best, and how well it does."""
        return fit(self.positions(axis), self.profile(axis))

    def box(self, share: float) -> tuple[int, ...]:
        """Sides of the smallest box around the centre of mass that holds ``share`` of the mass.

        The box keeps the proportions of the support's bounding box.
        """
        return tuple(stop - start for start, stop in self.spans(share))

    def spans(self, share: float) -> tuple[tuple[int, int], ...]:
        """Where ``box(share)`` lies: half-open ``(start, stop)`` per axis, in input positions."""
        if not 0 < share <= 1:
            raise InvalidModelError(f"share = {share!r}; expected a number in (0, 1]")
        sums = self.weight
        for axis in range(sums.ndim):
            sums = np.cumsum(sums, axis=axis)
        sums = np.pad(sums, [(1, 0)] * sums.ndim)
        low, high = 0, max(self.weight.shape)
        while low < high:
            middle = (low + high) // 2
            if self._mass(sums, self._window(middle)) >= share * (1 - 1e-12):
                high = middle
            else:
                low = middle + 1
        return tuple(
            (start + offset, stop + offset)
            for (start, stop), offset in zip(self._window(low), self.offset, strict=True)
        )

    def area_ratio(self, share: float, *, of_input: bool = False) -> float:
        """Area of ``box(share)`` over that of the theoretical receptive field, or of the input.

        The second is the high-contribution area ratio of Ding et al., *Scaling Up Your Kernels to
        31x31*, CVPR 2022, for a box that lies around the centre of mass.
        """
        return prod(self.box(share)) / prod(self.input_size if of_input else self.size)

    def plot(self, ax: Any = None, *, image: Any = None, logarithmic: bool = False) -> Any:
        """A picture, with the field and the boxes that hold 50, 90 and 99 %; needs matplotlib.

        Args:
            ax: axes of matplotlib to draw the map in (of one axis the profile); None: a figure with
                maps and profiles.
            image: what the model saw, a picture or an array, to lie underneath.
            logarithmic: the map in ``ax`` in steps of ten.

        Returns:
            A ``matplotlib.figure.Figure``, or ``ax``.
        """
        return self._draw(ax=ax, image=image, logarithmic=logarithmic)

    def save(self, path: str | os.PathLike[str], *, image: Any = None, title: str = "") -> None:
        """Write the figure of ``plot`` into a file: .png, .svg or .pdf.

        Raises:
            InvalidModelError: another ending.
            RFieldError: matplotlib is not installed.
        """
        self._draw(path=path, image=image, title=title)

    @property
    def ratio(self) -> tuple[float, ...]:
        """Effective over theoretical size per axis: four standard deviations over ``size``."""
        return tuple(4 * s / n for s, n in zip(self.std, self.size, strict=True))

    def _positions(self, k: int) -> NDArray[np.float64]:
        return np.arange(self.weight.shape[k], dtype=np.float64) + self.offset[k]

    def _window(self, reach: int) -> list[tuple[int, int]]:
        """The box of half-width ``reach`` (in steps of the longest side) around the centre."""
        longest = max(self.weight.shape)
        found: list[tuple[int, int]] = []
        for k, length in enumerate(self.weight.shape):
            centre = self.mean[k] - self.offset[k]
            half = reach * length / longest
            start, stop = int(np.ceil(centre - half - 0.5)), int(np.floor(centre + half + 0.5)) + 1
            found.append((max(0, start), min(length, max(stop, start + 1))))
        return found

    @staticmethod
    def _mass(sums: NDArray[np.float64], window: Sequence[tuple[int, int]]) -> float:
        total = 0.0
        for corner in range(1 << len(window)):
            ends = tuple(w[1 - (corner >> k & 1)] for k, w in enumerate(window))
            total += (-1) ** corner.bit_count() * float(sums[ends])
        return total

    def _facts(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "wrt": self.wrt,
            "axes": list(self.axes),
            "index": list(self.index),
            "fidelity": self.fidelity,
            "offset": tuple(map(int, self.offset)),
            "input_size": self.input_size,
            "mean": list(self.mean),
            "std": list(self.std),
            "size": list(self.size),
            "ratio": list(self.ratio),
            "boxes": {f"{share:g}": list(self.box(share)) for share in SHARES},
            "area_ratios": {f"{share:g}": self.area_ratio(share) for share in AREA_SHARES},
            "input_area_ratios": {
                f"{share:g}": self.area_ratio(share, of_input=True) for share in AREA_SHARES
            },
            "images": self.images,
            "gaussian": [
                {"mean": found.mean, "std": found.std, "r2": found.r2}
                for found in map(self.gaussian, range(len(self.axes)))
            ],
            "profiles": {axis: self.profile(k) for k, axis in enumerate(self.axes)},
            "note": self.note,
        }

    def _identity(self) -> object:
        arrays = (self.weight, self.error)
        numbers = [None if array is None else (array.shape, array.tobytes()) for array in arrays]
        asked = (self.layer, self.wrt, self.axes, self.index, self.offset, self.size)
        return asked, self.input_size, self.fidelity, self.images, self.note, numbers

    def _told(self) -> str:
        spread = " x ".join(f"{s:.2f}" for s in self.std)
        return f"{self.layer} at {self.index} wrt {self.wrt}: std {spread} of size {self.size}"


def influence(
    graph: Graph, index: Any, output: str | None = None, *, wrt: str | None = None
) -> Influence:
    """The analytic influence on the output at ``index`` (weight-free, on this input's size)."""
    return influence_of(receptive_field(graph, output, wrt=wrt), index)


def influence_of(rf: ReceptiveField, index: Any, limit: int = DENSE_LIMIT) -> Influence:
    """``influence`` of a layer whose field is known; ``limit``: of the weights held at once."""
    ask = Question(rf, clip=True)
    rows, many = rf.rows(index, inside=True)
    if many:
        raise InvalidModelError(f"{rf.layer}: influence is asked for one index at a time")
    foot = ask.pull(rows, Weights(limit))
    if foot is None:
        raise InvalidModelError(
            f"{rf.layer} at {tuple(rows[0].tolist())} reads nothing of {rf.wrt}"
        )
    weight = dense(foot, 0, rf.source_axes, Weights())
    input_size = tuple(rf.graph.nodes[rf.source].shape[axis] for axis in rf.source_axes)
    return Influence(
        rf.layer, rf.wrt, rf.axes, tuple(rows[0].tolist()),
        tuple(foot.windows[a][0] for a in rf.source_axes), weight / weight.sum(),
        _box_size(rf, rows[0].tolist(), foot, input_size), rf.fidelity, input_size=input_size,
    )  # fmt: skip


def _box_size(
    rf: ReceptiveField, index: list[int], foot: Footprint, input_size: tuple[int, ...]
) -> tuple[int, ...]:
    """The sides of the field's box; of one with whole-axis reads, of its part in this input.

    No part is larger than the input: where what is reached spans it, no box is worked out.
    """
    reached = foot.box(0) if rf.global_reads else None
    sides = zip(rf.source_axes, input_size, strict=True)
    if reached and all(reached[axis] == (0, size) for axis, size in sides):
        return input_size
    return tuple(int(n) for n in rf.region(index, clip=bool(rf.global_reads)).size)
