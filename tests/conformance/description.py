"""A network written down once, to be built in every framework: a plain list of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]
Each = int | Sequence[int]
PaddingLike = str | int | Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer; ``reads`` are the names of its operands, ``before`` the channels of the first.

    ``padding`` is ``"same"`` as TensorFlow means it, ``"valid"``, or pairs per axis.
    """

    name: str
    op: str
    reads: tuple[str, ...]
    before: int
    channels: int
    kernel: Sizes = ()
    stride: Sizes = ()
    dilation: Sizes = ()
    padding: str | Pairs = "valid"
    scale: Sizes = ()
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """The local field of the last layer, published or worked out by hand; one number per axis."""

    size: Each
    stride: Each
    padding: Each
    whole: bool = False


class Network:
    """Layers are added in order; each method returns the name of its layer."""

    def __init__(self, sizes: Sequence[int], channels: int = 3) -> None:
        self.sizes = tuple(sizes)
        self.channels: dict[str, int] = {"image": channels}
        self.layers: list[Layer] = []

    @property
    def rank(self) -> int:
        """How many spatial axes there are."""
        return len(self.sizes)

    def _add(self, op: str, name: str, reads: Sequence[str], channels: int, **more: object) -> str:
        before = self.channels[reads[0]]
        self.layers.append(Layer(name, op, tuple(reads), before, channels, **more))  # type: ignore[arg-type]  # fields by name
        self.channels[name] = channels
        return name

    def _each(self, given: Each) -> Sizes:
        return (given,) * self.rank if isinstance(given, int) else tuple(given)

    def _window(
        self, kernel: Each, stride: Each, padding: PaddingLike, dilation: Each = 1
    ) -> Mapping[str, object]:
        if isinstance(padding, int):
            padding = ((padding, padding),) * self.rank
        return {
            "kernel": self._each(kernel), "stride": self._each(stride),
            "dilation": self._each(dilation),
            "padding": padding if isinstance(padding, str) else tuple(padding),
        }  # fmt: skip

    def conv(
        self, name: str, x: str, channels: int, kernel: Each, stride: Each = 1,
        padding: PaddingLike = "valid", dilation: Each = 1,
    ) -> str:  # fmt: skip
        """Convolution over all channels."""
        window = self._window(kernel, stride, padding, dilation)
        return self._add("conv", name, [x], channels, **window)

    def depthwise(
        self, name: str, x: str, kernel: Each, stride: Each = 1, padding: PaddingLike = "valid"
    ) -> str:
        """Convolution of each channel alone."""
        window = self._window(kernel, stride, padding)
        return self._add("depthwise", name, [x], self.channels[x], **window)

    def transposed(
        self, name: str, x: str, channels: int, kernel: Each, stride: Each, padding: str = "valid"
    ) -> str:
        """Transposed convolution; "same" makes the result ``stride`` times as large."""
        window = self._window(kernel, stride, padding)
        return self._add("transposed", name, [x], channels, **window)

    def max_pool(
        self, name: str, x: str, kernel: Each, stride: Each, padding: PaddingLike = "valid"
    ) -> str:
        """Max pooling."""
        window = self._window(kernel, stride, padding)
        return self._add("max_pool", name, [x], self.channels[x], **window)

    def avg_pool(
        self, name: str, x: str, kernel: Each, stride: Each, padding: PaddingLike = "valid"
    ) -> str:
        """Average pooling."""
        window = self._window(kernel, stride, padding)
        return self._add("avg_pool", name, [x], self.channels[x], **window)

    def crop(self, name: str, x: str, cut: int) -> str:
        """The same number of positions cut from every side."""
        pairs = ((cut, cut),) * self.rank
        return self._add("crop", name, [x], self.channels[x], padding=pairs)

    def upsample(self, name: str, x: str, scale: Each, mode: str = "nearest") -> str:
        """Nearest or bilinear, pixels having their centres at one half."""
        return self._add(
            "upsample", name, [x], self.channels[x], scale=self._each(scale), mode=mode
        )

    def relu(self, name: str, x: str) -> str:
        """Pointwise."""
        return self._add("relu", name, [x], self.channels[x])

    def sigmoid(self, name: str, x: str) -> str:
        """Pointwise."""
        return self._add("sigmoid", name, [x], self.channels[x])

    def norm(self, name: str, x: str) -> str:
        """Batch norm with fixed statistics."""
        return self._add("norm", name, [x], self.channels[x])

    def global_pool(self, name: str, x: str) -> str:
        """The mean over all positions; the axes stay, with size 1."""
        return self._add("global_pool", name, [x], self.channels[x])

    def attention(self, name: str, x: str) -> str:
        """Every position attends to all positions (1-D)."""
        return self._add("attention", name, [x], self.channels[x])

    def add(self, name: str, *xs: str) -> str:
        """Position by position."""
        return self._add("add", name, xs, self.channels[xs[0]])

    def multiply(self, name: str, *xs: str) -> str:
        """Position by position; a size of 1 is broadcast."""
        return self._add("multiply", name, xs, self.channels[xs[0]])

    def concat(self, name: str, *xs: str) -> str:
        """Along the channels."""
        return self._add("concat", name, xs, sum(self.channels[x] for x in xs))


def same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """TensorFlow's SAME: as many positions as steps fit, the odd one of the padding at the end."""
    steps = -(-size // stride)
    total = max(0, (steps - 1) * stride + dilation * (kernel - 1) + 1 - size)
    return total // 2, total - total // 2
