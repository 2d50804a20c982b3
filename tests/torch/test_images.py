"""Images as people have them: pictures, folders, batches with labels, dictionaries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rfield
from rfield.errors import InvalidModelError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")

pytestmark = pytest.mark.torch

KINDS = [
    "tensor", "list", "labelled", "loader", "data set", "rows", "named", "generator", "array",
]  # fmt: skip


class Squares(torch.nn.Module):
    """The gradient at each pixel is twice its value, so it shows which numbers arrived."""

    def forward(self, x):
        return (x**2).sum((1, 2, 3))


class Rows(torch.utils.data.Dataset):
    """A data set as the documentation writes one: its numbers have no end that it says."""

    def __len__(self):
        return 2

    def __getitem__(self, number):
        return batch()[number % 2], number


def batch():
    return torch.arange(2 * 3 * 4 * 5, dtype=torch.float32).reshape(2, 3, 4, 5)


def given(kind: str):
    x = batch()
    y = torch.zeros(2)
    return {
        "tensor": lambda: x,
        "list": lambda: [x[0], x[1]],
        "labelled": lambda: [(x, y)],
        "loader": lambda: torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), 2),
        "data set": lambda: torch.utils.data.TensorDataset(x, y),
        "rows": Rows,
        "named": lambda: [{"x": x, "label": y}],
        "generator": lambda: iter([x]),
        "array": x.numpy,
    }[kind]()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_numbers_arrive_however_they_are_given(kind):
    shape = {"input_shape": (1, 3, 4, 5)} if kind == "named" else {}
    found = rfield.measured_influence(Squares(), given(kind), index=(), **shape)
    expected = batch().mean(0).sum(0)
    assert found.images == 2
    assert np.allclose(found.weight, expected / expected.sum())


def pictures(folder: Path) -> list[Path]:
    """Two pictures: left half white, and twice as large."""
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[:, :3] = 255
    one = pillow.fromarray(pixels)
    files = [folder / "a.png", folder / "b.png"]
    one.save(files[0])
    one.resize((12, 8), 0).save(files[1])
    (folder / "notes.txt").write_text("no picture")
    return files


def test_pictures_and_folders(tmp_path):
    files = pictures(tmp_path)
    opened = [pillow.open(file) for file in files]
    half = np.zeros((4, 6))
    half[:, :3] = 1 / 12
    names = [str(file) for file in files]
    for source in (tmp_path, str(tmp_path), opened, files, names, opened[0], names[0], files[1]):
        found = rfield.measured_influence(Squares(), source, index=(), input_shape=(1, 3, 4, 6))
        single = source in (opened[0], names[0], files[1])
        assert found.images == (1 if single else 2)
        assert found.weight.round(6)[:, :2].tolist() == half.round(6)[:, :2].tolist()
        assert not found.weight[:, 4:].any()


def test_a_transform_of_ones_own(tmp_path):
    files = pictures(tmp_path)

    def flipped(picture):
        return (
            torch.from_numpy(np.asarray(picture.resize((6, 4)))[:, ::-1].copy())
            .float()
            .permute(2, 0, 1)
        )

    found = rfield.measured_influence(
        Squares(), files, index=(), transform=flipped, input_shape=(1, 3, 4, 6)
    )
    assert not found.weight[:, :2].any()
    seen = rfield.measured_influence(Squares(), files, index=(), transform=flipped)
    assert seen == found  # the shape is that of what the transform gives


def test_one_image_without_its_batch_axis():
    found = rfield.measured_influence(Squares(), batch()[1], index=(), input_shape=(1, 3, 4, 5))
    assert found.images == 1
    assert np.allclose(found.weight, batch()[1].sum(0) / batch()[1].sum())


SAY = "; say what it takes: input_shape=(1, 3, 224, 224)"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            torch.ones(3, 32, 32),
            "0/conv2d: the channel axis of (1, 32, 32) does not fit the weight (4, 3, 3, 3)\n"
            "  input_shape=(1, 32, 32) is short: batch and channels count, as in "
            "input_shape=(1, 3, 224, 224)\n"
            f"  The images were taken for (1, 32, 32){SAY}",
        ),
        (
            [pillow.new("RGB", (6, 4))],
            "input_shape is missing: a Sequential does not say what it takes.\n"
            "  rfield.load(model, input_shape=(1, 3, 224, 224))       one image\n"
            "  rfield.load(model, {'left': (1, 3, 64, 64), 'right': (1, 3, 64, 64)})   by name\n"
            "  rfield.load(model, example_inputs=(x, mask))           anything else\n"
            f"  Pictures are made as large as the model's input{SAY}",
        ),
    ],
    ids=["no batch axis", "a picture"],
)
def test_a_shape_that_the_images_do_not_have(source, message):
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3))
    with pytest.raises(InvalidModelError) as told:
        rfield.measured_influence(model, source)
    assert str(told.value) == message


def test_a_transform_that_gives_no_image():
    with pytest.raises(InvalidModelError) as told:
        rfield.measured_influence(
            Squares(), [batch()[0]], index=(), transform=lambda image: {"pixels": image},
            input_shape=(1, 3, 4, 5),
        )  # fmt: skip
    assert str(told.value) == (
        "transform= gave something of type dict; expected a tensor, an array or a picture"
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (".", "{folder}: no pictures in it (.bmp, .gif, .jpeg, .jpg, .png, .tif, .tiff, .webp)"),
        (
            [{"a": 1, "b": 2}],
            "a batch with a, b; none of them is called 'x' like the input",
        ),
        (
            [3.0],
            "among the images is something of type float; expected a tensor, an array or a picture",
        ),
        (
            [pillow.new("RGB", (6, 4))],
            "a picture does not fit the input x of shape (1, 2, 4, 6); give tensors, or transform=",
        ),
    ],
)
def test_what_cannot_be_an_image_is_an_error(source, message, tmp_path):
    source = tmp_path if source == "." else source
    with pytest.raises(InvalidModelError) as told:
        rfield.measured_influence(Squares(), source, index=(), input_shape=(1, 2, 4, 6))
    assert str(told.value) == message.format(folder=tmp_path)
