"""Attention over a window of frames: the mask grows with the square of the stream."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Local(nn.Module):
    """Each frame attends to itself and to those before it in a window."""

    def __init__(self, window):
        super().__init__()
        self.q, self.window = nn.Linear(4, 12), window

    def forward(self, x):
        q, k, v = self.q(x.transpose(1, 2)).chunk(3, -1)
        i = torch.arange(x.shape[2])
        mask = (i[:, None] >= i) & (i[:, None] - i < self.window)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2)


@pytest.mark.parametrize("window", [48, 64])
@pytest.mark.parametrize("state", ["overlap", "carry"])
def test_a_window_of_frames_streams(window, state):
    torch.manual_seed(0)
    model = Local(window).double().eval()
    plan = rfield.stream_plan(model, input_shape=(1, 4, 256))
    assert (plan.exact, plan.past) == (True, window - 1)
    x = torch.randn(1, 4, 500).double()
    with torch.no_grad():
        parts = list(rfield.run_streaming(model, x.split(64, 2), plan, state=state))
        assert float((torch.cat(parts, 2) - model(x)).abs().max()) < 1e-14


def test_a_plan_is_not_exact_where_masks_are_too_large_to_be_compared():
    """What will be refused is said before; lengths are those of four fields and more."""
    plan = rfield.stream_plan(Local(100).double().eval(), input_shape=(1, 4, 256))
    assert not plan.exact
    assert "reads numbers that are known at one of two sizes only" in str(plan)
    with pytest.raises(rfield.NotStreamableError, match="known at one of two sizes only"):
        list(rfield.run_streaming(Local(100).double(), [torch.zeros(1, 4, 300).double()], plan))
