"""Which way out a refused stream is told of: only one that is tried and goes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from rfield.errors import NotStreamableError  # noqa: E402
from tests.torch.versions import since  # noqa: E402


class Recurrent(nn.Module):
    """A codec: its end is padded to whole frames, and its middle remembers."""

    def __init__(self) -> None:
        super().__init__()
        self.e, self.l = nn.Conv1d(1, 4, 4, 2), nn.LSTM(4, 4)
        self.d = nn.ConvTranspose1d(4, 1, 2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = self.e(nn.functional.pad(x, (2, -x.shape[-1] % 2)))
        return self.d(self.l(z.permute(2, 0, 1))[0].permute(1, 2, 0))


@since(2, 6, "exports say less of recurrent layers and interpolation")
def test_of_the_ways_out_the_one_is_told_that_there_is() -> None:
    model = Recurrent().double().eval()
    x = torch.randn(1, 1, 405, dtype=torch.float64)
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64))
    with torch.no_grad(), pytest.raises(NotStreamableError) as caught:
        list(rfield.run_streaming(model, x.split(50, 2), plan, state="carry"))
    assert str(caught.value).endswith("\n  Say how long the stream is: stream_plan(…, length=405)")
    plan = rfield.stream_plan(model, input_shape=(1, 1, 64), length=405)
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(50, 2), plan, state="carry"))
        assert torch.allclose(torch.cat(parts, 2), model(x), rtol=0, atol=1e-12)


class ChunksOfFour(nn.Module):
    """Attention to the own chunk and the one before it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.transpose(1, 2)
        chunk = torch.arange(y.shape[1]) // 4
        back = chunk[:, None] - chunk
        mask = (back >= 0) & (back <= 1)
        return nn.functional.scaled_dot_product_attention(y, y, y, attn_mask=mask).transpose(1, 2)


def test_a_stream_shorter_than_a_window_is_sent_to_windows() -> None:
    model, x = ChunksOfFour(), torch.randn(1, 4, 6)
    plan = rfield.stream_plan(model, input_shape=(1, 4, 64))
    with pytest.raises(NotStreamableError) as caught:
        list(rfield.run_streaming(model, x.split(3, 2), plan, state="carry"))
    assert str(caught.value).endswith('was made for 64. state="overlap" gives all of them.')
    parts = list(rfield.run_streaming(model, x.split(3, 2), plan))
    assert torch.equal(torch.cat(parts, 2), model(x))
