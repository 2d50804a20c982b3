"""Measured influence against gradients worked out by hand, and the model as it was."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402

pytestmark = pytest.mark.torch
nn = torch.nn


def smoothing(values: list[float]) -> nn.Module:
    layer = nn.Conv1d(1, 1, len(values), padding=len(values) // 2, bias=False)
    layer.weight.data = torch.tensor([[values]])
    return nn.Sequential(layer)


@pytest.mark.parametrize(
    ("reduce", "expected"),
    [
        ("abs", [1 / 6, 2 / 6, 3 / 6]),
        ("square", [1 / 14, 4 / 14, 9 / 14]),
        ("positive", [0.25, 0, 0.75]),
    ],
)
def test_the_gradient_of_a_linear_layer_is_its_kernel(reduce, expected):
    found = rfield.measured_influence(
        smoothing([1.0, -2.0, 3.0]), index=(4,), reduce=reduce, count=3, input_shape=(1, 1, 9)
    )
    assert found.offset == (3,)
    np.testing.assert_allclose(found.weight, expected, atol=1e-7)
    assert found.error is not None
    np.testing.assert_allclose(found.error, 0, atol=1e-7)
    assert found.size == (3,)


def test_images_are_averaged_with_their_standard_error():
    """The gradient of x² is 2x: images of 1 and 3 at one place, of 2 and 2 at the other."""

    class Square(nn.Module):
        def forward(self, x):
            return nn.functional.avg_pool1d(x * x, 2)

    images = torch.tensor([[[1.0, 2.0]], [[3.0, 2.0]]])
    found = rfield.measured_influence(Square(), images, index=(0,))
    np.testing.assert_allclose(found.weight, [0.5, 0.5])
    assert found.error is not None
    np.testing.assert_allclose(found.error, [0.25, 0])
    assert found.note == "measured: |gradient|, summed over channels, mean of 2 given images"
    streamed = rfield.measured_influence(
        Square(), (image for image in images), index=(0,), input_shape=(1, 1, 2)
    )
    np.testing.assert_allclose(streamed.weight, found.weight)


def test_noise_is_seeded_and_said_so():
    model = nn.Sequential(nn.Conv2d(3, 4, 5), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 3))
    seen: list[tuple[int, int | None]] = []
    ask = {"input_shape": (1, 3, 16, 16), "count": 2}
    one = rfield.measured_influence(model, progress=lambda k, n: seen.append((k, n)), **ask)
    assert one.note.endswith("mean of 2 images of noise (seed 0)")
    assert seen == [(1, 2), (2, 2)]
    np.testing.assert_array_equal(one.weight, rfield.measured_influence(model, **ask).weight)
    other = rfield.measured_influence(model, seed=1, **ask)
    assert not np.array_equal(one.weight, other.weight)
    assert one.index == (5, 5)
    assert one.weight.shape == (7, 7)


def test_the_model_comes_back_as_it_was():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout()).train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    numbers = torch.get_rng_state()
    rfield.measured_influence(model, input_shape=(1, 3, 8, 8), count=2)
    assert model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), numbers)


def test_a_gradient_that_is_not_a_number_names_the_layer():
    model = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Conv1d(2, 2, 3), nn.Conv1d(2, 2, 3))
    model[1].weight.data[0, 0, 0] = float("nan")
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.measured_influence(model, output="2", input_shape=(1, 1, 16))
    assert str(caught.value) == (
        "the gradient of 2 in input is not finite; first, the values at the output of layer '1'.\n"
        "  Check its weights, or measure on other images."
    )


def test_questions_that_cannot_be_answered():
    model = smoothing([1.0, 1.0, 1.0])
    with pytest.raises(rfield.RFieldError, match=r"reduce = 'sum'; expected 'abs', 'square' or"):
        rfield.measured_influence(model, reduce="sum", input_shape=(1, 1, 9))
    with pytest.raises(
        rfield.RFieldError, match=r"an image of shape \(1, 1, 8\); the model was read"
    ):
        rfield.measured_influence(model, torch.ones(1, 1, 8), input_shape=(1, 1, 9))
    with pytest.raises(rfield.RFieldError, match="has no gradient in input: all are 0"):
        rfield.measured_influence(smoothing([0.0, 0.0, 0.0]), input_shape=(1, 1, 9))


def test_area_ratios_are_those_of_boxes():
    """All of the gradient of a 5x5 mean lies in 5x5: 25 of 100 positions, of the field all."""
    model = nn.Sequential(nn.AvgPool2d(5, stride=1, padding=2))
    found = rfield.measured_influence(model, input_shape=(1, 2, 10, 10), count=2)
    assert found.images == 2
    assert found.input_size == (10, 10)
    assert (found.area_ratio(0.99), found.area_ratio(0.99, of_input=True)) == (1, 0.25)
    assert found.box(0.3) == (3, 3)  # 9 of 25
    assert found.area_ratio(0.3, of_input=True) == 0.09
    assert found.as_dict()["input_area_ratios"]["0.3"] == 0.09


def test_zero_scales_of_a_zoo_are_set_to_one():
    zoo = pytest.importorskip("timm", reason="timm is not installed")
    from rfield.frontends.torch.running.live import build_live

    model, _ = build_live("timm:resnet18")
    assert not zoo.create_model("resnet18").layer1[0].bn2.weight.any()
    assert (model.layer1[0].bn2.weight == 1).all()
