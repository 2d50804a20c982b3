"""A stream through layers with real buffers, position by position: the oracle for stream plans.

Nothing is computed but where positions are: a layer appends what arrives, gives every output whose
window is complete, and drops what no later output reads. It shares no code with ``rfield``.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Layer:
    """A window of ``kernel`` over its input, or with ``up`` one that is transposed.

    ``before``: left padding. ``arrived``: real positions so far; padding stands before them.
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    up: bool = False
    arrived: int = 0
    given: int = 0

    def reads(self, output: int) -> tuple[int, int]:
        """First and last input position of one output, found by trying every tap."""
        if self.up:
            taps = [
                (output + self.before - k * self.dilation) // self.stride
                for k in range(self.kernel)
                if (output + self.before - k * self.dilation) % self.stride == 0
            ]
        else:
            taps = [
                output * self.stride - self.before + k * self.dilation for k in range(self.kernel)
            ]
        return min(taps), max(taps)

    def push(self, positions: int) -> int:
        """Let so many positions arrive; how many outputs that completes."""
        self.arrived += positions
        before = self.given
        while self.reads(self.given)[1] < self.arrived:
            self.given += 1
        return self.given - before

    @property
    def held(self) -> int:
        """Positions, padding included, that a later output still reads."""
        ahead = range(self.given, self.given + 2 * self.stride + 2)
        return max(0, self.arrived - min(self.reads(o)[0] for o in ahead))


@dataclass
class Chain:
    """Layers one after another."""

    layers: list[Layer] = field(default_factory=list)
    arrived: int = 0

    def push(self, positions: int) -> int:
        """Let so many samples arrive; how many outputs that completes."""
        self.arrived += positions
        for layer in self.layers:
            positions = layer.push(positions)
        return positions

    def samples_until(self, outputs: int) -> int:
        """Samples that arrive one by one until there are so many outputs."""
        count = 0
        while count < outputs:
            count += self.push(1)
        return self.arrived
