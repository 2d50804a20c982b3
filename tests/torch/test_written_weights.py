"""Parameters that a model writes to before it uses them: masks by ``.data`` and by views."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Masked(nn.Conv2d):
    """A convolution of 7 x 7 of which ``make`` leaves 24 taps, those before the middle one."""

    def __init__(self, make, inner=1):
        super().__init__(inner, 1, 7, padding=3)
        mask = (torch.arange(49) < 24).float().view(7, 7).expand_as(self.weight)
        self.register_buffer("mask", mask.clone())
        self.make = make

    def forward(self, x):
        return F.conv2d(x, self.make(self), self.bias, padding=3)


def by_data(layer):
    layer.weight.data *= layer.mask
    return layer.weight


def by_method(layer):
    layer.weight.data.mul_(layer.mask)
    return layer.weight


def by_assignment(layer):
    layer.weight.data = layer.weight.data * layer.mask
    return layer.weight


def by_copy(layer):
    layer.weight.data.copy_(layer.weight.data * layer.mask)
    return layer.weight.data


def without_gradient(layer):
    with torch.no_grad():
        layer.weight.mul_(layer.mask)
    return layer.weight


def rows_of_data(layer):
    layer.weight.data[:, :, 4:] = 0
    return layer.weight


def rows_without_gradient(layer):
    with torch.no_grad():
        layer.weight[:, :, 4:] = 0
    return layer.weight


def both_ends(layer):
    flat = layer.weight.detach().view(1, -1)
    flat[:, :14] = 0
    flat.t()[-7:].zero_()
    return layer.weight


def of_a_copy(layer):
    made = layer.weight.detach().clone()
    made.flatten(2)[..., 30:] = 0
    return made


def turned(layer):
    made = (layer.weight * layer.mask).clone()
    made.flatten(2)[..., 40:].cos_()  # of zero it is one
    return made


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (by_data, 24), (by_method, 24), (by_assignment, 24), (by_copy, 24), (without_gradient, 24),
        (rows_of_data, 28), (rows_without_gradient, 28), (both_ends, 28), (of_a_copy, 30),
        (lambda layer: layer.weight, 49), (turned, 33),
    ],
)  # fmt: skip
def test_taps_that_are_written_over_read_nothing(make, count):
    model = Masked(make)
    before = model.weight.detach().clone()
    found = rfield.support(rfield.load(model, (1, 1, 9, 9)), (4, 4))
    assert (found.count, found.fidelity.name) == (count, "EXACT")
    assert torch.equal(model.weight, before)


def assembled(write):
    """A kernel of zeros into which some of the weights are put."""

    def make(layer):
        kernel = torch.zeros_like(layer.weight)
        write(kernel, layer.weight)
        return kernel

    return make


def changed(write):
    def make(layer):
        kernel = layer.weight.clone()
        write(kernel)
        return kernel

    return make


def both_at_once(kernel, weight):
    left, right = kernel[..., 0], kernel.unbind(-1)[6]  # both before either is written to
    left.copy_(weight[..., 1])
    right.add_(weight[..., 2])


def seen_before(layer):
    kernel = layer.weight.clone()
    rows, windows = kernel.unbind(2), kernel.unfold(3, 7, 1)
    kernel[:, :, 1:3] = 0
    return torch.cat([torch.stack(rows[:4], 2), windows[:, :, 4:, 0]], 2)


@pytest.mark.parametrize(
    ("make", "count"),
    [
        (assembled(lambda k, w: k[..., ::2].copy_(w[..., ::2])), 28),
        (assembled(lambda k, w: k[:, :, 3].add_(w[:, :, 0])), 7),
        (assembled(lambda k, w: k[0, 0].diagonal().copy_(w[0, 0, 0])), 7),
        (assembled(lambda k, w: k.as_strided((5,), (8,), 1).copy_(w[0, 0, 0, :5])), 5),
        (assembled(both_at_once), 14),
        (changed(lambda k: [row.mul_(0) for row in k.unbind(2)[::2]]), 21),
        (changed(lambda k: k.split([3, 4], 3)[1].zero_()), 21),
        (changed(lambda k: k[0, 0].fill_diagonal_(0)), 42),
        (changed(lambda k: k.index_fill_(3, torch.tensor([0, 6]), 0)), 35),
        (seen_before, 35),
    ],
)  # fmt: skip
@torch.no_grad()
def test_a_write_is_seen_by_all_that_share_the_storage(make, count):
    kernel = make(Masked(None))  # as torch does it
    assert int((kernel != 0).sum()) == count
    model = Masked(make)
    found = rfield.support(rfield.load(model, (1, 1, 9, 9)), (4, 4))
    assert (found.count, found.fidelity.name) == (count, "EXACT")


def bent(layer):
    made = (layer.weight * layer.mask).clone()
    made.flatten(2)[..., 40:].erfc_()  # of zero it is one, too
    return made


def drawn(layer):
    made = (layer.weight * layer.mask).clone()
    made[:, :, 6].normal_()
    return made


@pytest.mark.parametrize("make", [bent, drawn])
def test_a_write_that_is_not_followed_makes_a_bound(make):
    found = rfield.support(rfield.load(Masked(make), (1, 1, 9, 9)), (4, 4))
    assert (found.count, found.fidelity.name) == (49, "UPPER_BOUND")


def test_a_stack_of_them_is_causal_and_verified():
    layers = [Masked(by_data), nn.ReLU(), Masked(by_method)]
    model = nn.Sequential(*layers).eval()
    assert rfield.stream_plan(model, input_shape=(1, 1, 9, 9), axis="y").causal
    assert rfield.receptive_field(model, input_shape=(1, 1, 16, 16)).size == (7, 13)
    assert rfield.verify(model, (1, 1, 7, 7))


def test_a_new_tensor_is_a_mask_that_is_known():
    class Cross(nn.Module):
        def forward(self, x):
            kernel = x.new_tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
            return F.conv2d(F.pad(x, (1,) * 4, mode="reflect"), kernel[None, None])

    graph = rfield.load(Cross(), (1, 1, 6, 6))
    inner, corner = rfield.support(graph, (3, 3)), rfield.support(graph, (0, 0))
    assert (inner.count, inner.fidelity.name) == (5, "EXACT")
    assert (corner.count, corner.fidelity.name) == (3, "EXACT")


@pytest.mark.parametrize("make", [lambda layer: layer.weight * layer.mask, both_ends])
def test_moved_to_where_the_input_is(make):
    model = Masked(lambda layer: make(layer).to(layer.mask.device, torch.float64))
    with torch.no_grad():
        model.bias = None
        program = torch.export.export(model, (torch.zeros(1, 1, 9, 9).double(),), strict=False)
    found = rfield.support(rfield.load(program), (4, 4))
    assert (found.count, found.fidelity.name) == (28 if make is both_ends else 24, "EXACT")


class Rectified(torch.nn.Module):
    """A product with a weight of which the negative numbers are cut."""

    def __init__(self, cut):
        super().__init__()
        self.cut = cut
        self.table = torch.nn.Parameter(torch.randn(8, 8))

    def forward(self, x):
        return x @ self.cut(self.table - 5)


@pytest.mark.parametrize("cut", [torch.relu_, lambda w: w.clamp_(0), torch.relu])
def test_what_is_cut_from_negative_weights_hides_nothing(cut):
    found = rfield.support(Rectified(cut).eval(), 3, input_shape=(1, 4, 8), axes=(2,))
    assert found.fidelity is rfield.Fidelity.EXACT
    assert (found.box.start, found.box.stop) == ((0,), (8,))
