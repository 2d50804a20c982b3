"""Which axes of an output grow with the image, whatever its field says of them."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812

import rfield  # noqa: E402
from tests.torch.cases import Function  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def laid_back(x):
    """Masked positions of a checkerboard, pooled and laid back: that reads all, as a bound."""
    rows, columns = torch.arange(x.shape[2]), torch.arange(x.shape[3])
    y, places = F.max_pool2d(x * ((rows[:, None] + columns) % 3 == 0), 2, return_indices=True)
    return F.max_unpool2d(y, places, 2, output_size=x.shape[2:])


def turned_blocks(x):
    """Blocks of 4 x 4, each transposed: of one column rows and columns are not told apart."""
    y = F.max_pool2d(x, 3, 2, 1)
    height, width = y.shape[2:]
    y = F.pad(y, (0, -width % 4, 0, -height % 4))
    rows, columns = y.shape[2] // 4, y.shape[3] // 4
    y = y.reshape(*x.shape[:2], rows, 4, columns, 4).permute(0, 1, 2, 5, 4, 3)
    return y.reshape(*x.shape[:2], 4 * rows, 4 * columns)[..., :height, :width]


MODELS = {
    "laid_back": laid_back,
    "turned_blocks": turned_blocks,
    "spectrum": lambda x: torch.fft.fft2(x).real,
    "both_ways": lambda x: x.cumsum(3).flip(3).cumsum(3),
    "parts": lambda x: x.unflatten(2, (4, -1)).amax(2),
    "thumbnail": lambda x: x.mean((2, 3), keepdim=True).expand(-1, -1, x.shape[2] // 2, 5),
    "mean": lambda x: x.mean((2, 3)),
}
GROWING = {"thumbnail": (2,), "mean": ()}
"""Axes that grow, where not both do."""


@pytest.mark.parametrize("size", [(36, 3), (8, 1), (4, 9), (24, 24), (48, 72), (96, 40)])
@pytest.mark.parametrize("name", MODELS)
def test_the_size_of_the_output_is_that_of_the_running_model(name, size):
    model = Function(MODELS[name])
    try:
        real = model(torch.randn(1, 1, *size)).shape
    except RuntimeError:
        return
    wanted = tuple(real[axis] for axis in GROWING.get(name, (2, 3)))
    assert rfield.output_size(model, size, input_shape=(1, 1, 48, 72)) == wanted


def test_a_size_can_be_asked_for_of_what_reads_all():
    model = Function(lambda x: torch.fft.fft2(F.avg_pool2d(x, 2)).real)
    found = rfield.input_size(model, 12, input_shape=(1, 1, 48, 48))
    assert str(found) == "y, x: 24, 25 only"
    same = rfield.valid_sizes(model, "same", input_shape=(1, 1, 48, 48))
    assert str(same) == "y, x: multiples of 2, from 2"


def in_pairs(x):
    """It takes even sizes only, and gives as many."""
    return x[..., torch.arange(x.shape[3]) ^ 1]


def band(x):
    places = torch.arange(x.shape[3])
    return x @ ((places[:, None] - places).abs() <= 1).to(x)


@pytest.mark.parametrize(
    ("function", "same"),
    [
        (lambda x: x.flip(3), "y, x: every size from 1"),
        (in_pairs, "y: every size from 1; x: multiples of 2, from 2"),
        (band, "y, x: every size from 1"),
    ],
    ids=["flipped", "in_pairs", "band"],
)
def test_an_output_of_as_many_positions(function, same):
    assert str(rfield.valid_sizes(Function(function), "same", input_shape=(1, 1, 48, 72))) == same
