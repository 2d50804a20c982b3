"""Sizes that are taken with others along the other axis, and refused all at once."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.torch.cases import Function  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def normed(*strides):
    """A norm of one position has nothing to norm."""
    return nn.Sequential(
        *(nn.Sequential(nn.Conv2d(1, 1, 3, stride, 1), nn.InstanceNorm2d(1)) for stride in strides)
    )


def in_twos(x):
    """Any two positions in a row, so one of the axes has an even size."""
    return x.flatten(2).reshape(1, -1, 2).mean(2)


MODELS = {
    "below": (normed(2, 2, 2, 2), "y, x: every size from 1; not at once: below 17 x 17"),
    "by_axis": (normed((2, 1), 2), "y, x: every size from 1; not at once: below 5 x 3"),
    "odd": (
        Function(in_twos),
        "y, x: every size from 1; not at once: n ≡ 1 mod 2 along all axes",
    ),
    "none": (nn.Conv2d(1, 1, 3, 2, 1), "y, x: every size from 1"),
}


@pytest.mark.parametrize("shape", [(1, 1, 64, 64), (1, 1, 48, 80)])
@pytest.mark.parametrize("name", MODELS)
def test_sizes_of_both_axes_are_those_that_the_running_model_takes(name, shape):
    model, told = MODELS[name]
    found = rfield.valid_sizes(model, input_shape=shape)
    assert str(found) == told

    def takes(size):
        try:
            model(torch.randn(1, 1, *size))
        except (RuntimeError, ValueError):
            return False
        return True

    tried = [(a, b) for a in range(1, 20, 2) for b in range(1, 34, 3)]
    assert [size in found for size in tried] == [takes(size) for size in tried]


def test_what_is_not_known_is_not_told():
    def looked_up(x):
        return x + x.flatten(2)[..., 40:41, None]

    found = rfield.valid_sizes(Function(looked_up), input_shape=(1, 1, 64, 64))
    assert str(found) == "y, x: every size from 1; not at once: some below 21 x 21"
    with pytest.raises(rfield.UnresolvedSizeError) as error:
        (2, 20) in found  # noqa: B015
    assert str(error.value) == (
        "each of (2, 20) is taken beside other sizes, of both nothing is known.\n"
        "  Ask for them alone: rfield.check_size(model, (2, 20))"
    )


def test_sizes_that_give_an_output():
    found = rfield.input_size(normed(2, 2, 2, 2), 1, input_shape=(1, 1, 64, 64))
    assert (16, 16) not in found
    assert str(found) == "y, x: 1–16 only; not at once: below 17 x 17"


@pytest.mark.parametrize("size", [64, 60])
def test_axes_of_other_strides_in_a_square_image(size):
    """Text is read so: rows are halved more often than columns."""
    model = nn.Sequential(nn.Conv2d(1, 1, 2, 2), nn.Conv2d(1, 1, 3, (2, 1), (0, 1)))
    graph = rfield.load(model, input_shape=(1, 1, size, size))
    assert str(rfield.valid_sizes(graph)) == "y: every size from 6; x: every size from 2"
    assert str(rfield.valid_sizes(graph, "complete")) == (
        "y: n ≡ 2 mod 4, from 6; x: multiples of 2, from 2"
    )


@pytest.mark.parametrize(
    ("function", "taken", "refused"),
    [
        (lambda x: x + x.transpose(2, 3), (48, 48), (48, 50)),
        (lambda x: x.flatten(2).unflatten(2, (-1, 16)), (4, 12), (4, 6)),
        (lambda x: x if x.shape[2] <= x.shape[3] else x[:, 7], (20, 50), (50, 20)),
    ],
    ids=["squares", "an area", "no portraits"],
)
def test_sizes_that_want_each_other_are_not_said_to_be_taken(function, taken, refused):
    model = Function(function)
    model(torch.zeros(1, 1, *taken))
    with pytest.raises((RuntimeError, IndexError)):
        model(torch.zeros(1, 1, *refused))
    found = rfield.valid_sizes(model, input_shape=(1, 1, 64, 64))
    assert "not at once: " in str(found)
    assert found.apart.others
    assert (64, 64) in found
    with pytest.raises(rfield.UnresolvedSizeError, match="Ask for them alone"):
        _ = refused in found
    assert not rfield.check_size(model, taken, input_shape=(1, 1, 64, 64)).refused
    assert rfield.check_size(model, refused, input_shape=(1, 1, 64, 64)).refused
