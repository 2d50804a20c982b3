"""Models whose past has no end, or which attend to a window of it, as people write them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.torch.streams import Causal


class Recurrent(nn.Module):
    """A recurrent layer with a residual around it, between convolutions."""

    def __init__(self, kind: str = "LSTM", layers: int = 1) -> None:
        super().__init__()
        self.before, self.after = Causal(1, 3, 4, stride=2), Causal(3, 1, 3)
        self.run = getattr(nn, kind)(3, 3, layers, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x).transpose(1, 2)
        return self.after((x + self.run(x)[0]).transpose(1, 2))


class Cumulative(nn.Module):
    """The cumulative layer norm of Conv-TasNet (Luo, Mesgarani 2019), up to its variance."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = Causal(1, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        count = torch.arange(1, x.shape[2] + 1, dtype=x.dtype) * x.shape[1]
        mean = x.sum(1).cumsum(1) / count
        return x - mean.unsqueeze(1)


class Windowed(nn.Module):
    """Attention to the last samples, with the mask written out."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.width = width
        self.make = nn.Conv1d(2, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.make(x).transpose(1, 2).chunk(3, -1)
        at = torch.arange(x.shape[2])
        past = at[:, None] - at[None]
        scores = (query @ key.transpose(1, 2) / 4).masked_fill(
            (past < 0) | (past >= self.width), -torch.inf
        )
        return x + (scores.softmax(-1) @ value).transpose(1, 2)


class Fused(nn.Module):
    """The same with heads, by the fused function."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.width = width
        self.make, self.mix = nn.Linear(4, 12), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        heads = [part.unflatten(-1, (2, 2)).transpose(1, 2) for part in self.make(x).chunk(3, -1)]
        count = x.shape[1]
        mask = torch.ones(count, count, dtype=torch.bool).tril().triu(1 - self.width)
        y = functional.scaled_dot_product_attention(*heads, attn_mask=mask)
        return x + self.mix(y.transpose(1, 2).flatten(2))


class Tabled(nn.Module):
    """A table of positions is added, and what is far from the beginning is as good as any."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", torch.arange(400.0).reshape(1, 1, 400))
        self.conv = nn.Conv1d(1, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        table = self.table
        assert isinstance(table, Tensor)
        return self.conv(x + table[:, :, : x.shape[2]])


class Delayed(nn.Module):
    """A stream beside itself as it was some samples ago, behind as many of ``made``."""

    def __init__(self, made: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.before, self.after = nn.Conv1d(1, 1, 3), nn.Conv1d(1, 1, 2)
        self.made = made

    def forward(self, x: Tensor) -> Tensor:
        x = self.before(x)
        first = self.made(x)
        return self.after(x - torch.cat([first.to(x), x[..., : -first.shape[-1]]], -1))


class Separator(nn.Module):
    """Encoder, masks by a recurrent network with a running norm, decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.decode = nn.Conv1d(1, 4, 8, 4), nn.ConvTranspose1d(4, 1, 8, 4)
        self.run, self.mask = nn.GRU(4, 4, batch_first=True), nn.Conv1d(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        spectrum = self.encode(x)
        peak = spectrum.abs().amax(1, keepdim=True).cummax(2)[0]
        states = self.run((spectrum / (1 + peak)).transpose(1, 2))[0].transpose(1, 2)
        return self.decode(spectrum * self.mask(states).sigmoid())
