"""Relative positions by rows of another length: a query stays where it is, whatever is skewed."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def pad_and_slice(a, t):
    return F.pad(a, (1, 0)).view(-1, 2 * t, t)[:, 1:].reshape(-1, t, 2 * t - 1)[..., :t]


def zeros_in_front(a, t):
    padded = torch.cat([torch.zeros(a.shape[0], t, 1), a], -1).view(-1, 2 * t, t)
    return padded[:, 1:].view_as(a)[..., : (2 * t - 1) // 2 + 1]


def one_row_more(a, t):
    a = torch.cat([a, a[..., :1]], -1)  # 2t positions, as in XLNet
    return a.reshape(-1, 2 * t, t)[:, 1:].reshape(-1, t, 2 * t - 1)[..., :t]


def flat_with_a_tail(a, t):
    flat = F.pad(F.pad(a, (0, 1)).flatten(1), (0, t - 1))
    return flat.view(-1, t + 1, 2 * t - 1)[:, :t, t - 1 :]


def strided(a, t):
    a = F.pad(a, (1, 0)).contiguous()
    return a.flatten(1)[:, t : t + t * (2 * t - 1)].view(-1, t, 2 * t - 1)[..., :t]


SHIFTS = [pad_and_slice, zeros_in_front, one_row_more, flat_with_a_tail, strided]


class Attention(nn.Module):
    """Attention with relative positions, then a layer that reads 7 neighbours."""

    def __init__(self, shift, length, *, masked=False):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(4, 4) for _ in range(3))
        self.places = nn.Parameter(torch.randn(4, 2 * length - 1))
        self.conv = nn.Conv1d(4, 4, 7, padding=3)
        self.shift, self.masked = shift, masked

    def forward(self, x):
        t = x.shape[1]
        scores = self.q(x) @ self.k(x).transpose(1, 2) + self.shift(self.q(x) @ self.places, t)
        if self.masked:
            scores = scores.masked_fill(torch.ones(t, t).triu(1).bool(), float("-inf"))
        x = x + scores.softmax(-1) @ self.v(x)
        return self.conv(x.transpose(1, 2))


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("length", [12, 25, 60])
def test_the_query_keeps_its_place(shift, length):
    rf = rfield.receptive_field(Attention(shift, length), input_shape=(1, length, 4), axes=(1,))
    assert (rf.local.size, rf.local.stride, rf.local.padding) == ((7,), (1,), (3,))
    assert (rf.size, rf.fidelity) == ((rfield.UNBOUNDED,), rfield.Fidelity.EXACT)


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_mask_still_cuts_after_the_shift(shift):
    model = Attention(shift, 20, masked=True)
    found = rfield.support(model, (9,), input_shape=(1, 20, 4), axes=(1,))
    assert (found.offset, found.count) == ((0,), 13)  # up to 9, and 3 more by the convolution


@pytest.mark.parametrize("shift", SHIFTS)
def test_exported_programs_agree(shift):
    program = torch.export.export(Attention(shift, 15), (torch.randn(1, 15, 4),))
    rf = rfield.receptive_field(rfield.load(program, axes=(1,)))
    assert (rf.local.size, rf.local.stride, rf.local.padding) == ((7,), (1,), (3,))
    assert rf.fidelity is rfield.Fidelity.EXACT


@pytest.mark.parametrize("name", ["view_as", "reshape_as", "expand_as"])
def test_a_tensor_that_lends_its_shape_is_not_read(name):
    class Like(nn.Module):
        def forward(self, x, y):
            return getattr(x, name)(y)

    x = torch.randn(1, 3, 1 if name == "expand_as" else 8)
    graph = rfield.load(torch.export.export(Like(), (x, torch.randn(1, 3, 8))))
    fields = [rfield.receptive_field(graph, wrt=name) for name in graph.inputs]
    assert [rf.size for rf in fields] == [(1,), (0,)]
    assert fields[0].fidelity is rfield.Fidelity.EXACT


def test_in_two_dimensions_each_axis_keeps_its_place():
    """Relative positions of rows and of columns, as in networks with attention over an image."""

    class Image(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.conv = nn.Conv2d(2, 4, 1), nn.Conv2d(2, 4, 3, padding=1)
            self.rows, self.columns = torch.randn(4, 11), torch.randn(4, 15)

        def one(self, q, places):
            b, h, w = q.shape[:3]
            found = flat_with_a_tail((q @ places).reshape(b * h, w, -1), w)
            return found.view(b, h, 1, w, w).expand(-1, -1, h, -1, -1)

        def forward(self, x):
            q = self.q(x).permute(0, 2, 3, 1)
            along_x = self.one(q, self.columns).permute(0, 1, 3, 2, 4)
            along_y = self.one(q.transpose(1, 2), self.rows).permute(0, 3, 1, 4, 2)
            scores = (along_x + along_y).flatten(3).softmax(-1)
            return self.conv(x + (scores @ x.flatten(2).transpose(1, 2)[:, None]).movedim(-1, 1))

    rf = rfield.receptive_field(Image(), input_shape=(1, 2, 6, 8))
    assert (rf.local.size, rf.local.stride, rf.local.padding) == ((3, 3), (1, 1), (1, 1))


def test_what_is_shifted_wrongly_does_not_keep_its_place():
    """Rows cut to another length without the shift: the query moves, and there is no stride."""

    def skewed(a, t):
        return a.flatten(1)[:, : t * t].view(-1, t, t)

    rf = rfield.receptive_field(Attention(skewed, 20), input_shape=(1, 20, 4), axes=(1,))
    assert rf.local.stride == (None,)
