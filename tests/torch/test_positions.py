"""Which axes are positions, where nobody said so: a guess is told, with how to choose."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Transposed(nn.Module):
    """Time comes first, features last; windows slide along time."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(8, 8, 3, padding=1)

    def forward(self, x):
        return self.conv(x.transpose(1, 2)).transpose(1, 2)


ATTENTION = nn.TransformerEncoderLayer(8, 2, batch_first=True)
IMAGE = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3))
GUESS = ", a guess: no window slides along it; choose with axes="
SLIDES = ", but windows slide along axis "
BATCH = ": with a batch axis in front, or with axes="


@pytest.mark.parametrize(
    ("model", "shape", "told"),
    [
        (nn.Linear(8, 4), (1, 10, 8), f"t is axis 2 of input (1, 10, 8){GUESS}(1,)"),
        (ATTENTION, (1, 10, 8), f"t is axis 2 of src (1, 10, 8){GUESS}(1,)"),
        (nn.Embedding(9, 4), (1, 10), f"t is axis 1 of input (1, 10){GUESS}(1,)"),
        (IMAGE, (3, 32, 32),
         f"t is axis 2 of input (3, 32, 32){SLIDES}1{BATCH}(1, 2), those are positions too"),
        (nn.MaxPool2d(3, 2), (3, 32, 32),
         f"t is axis 2 of input (3, 32, 32){SLIDES}1{BATCH}(1, 2), those are positions too"),
        (Transposed(), (1, 20, 8),
         f"t is axis 2 of x (1, 20, 8){SLIDES}1{BATCH}(1,), those are positions too"),
    ],
)  # fmt: skip
def test_a_guess_is_told(model, shape, told):
    dtype = {"dtype": torch.long} if isinstance(model, nn.Embedding) else {}
    found = rfield.summary(model, input_shape=shape, **dtype)
    assert found.premises == (told,)
    assert told[:30] in str(found)


def test_a_refusal_tells_the_guess():
    """Time is the second axis here, and the third one was taken."""
    model = nn.LSTM(8, 4, batch_first=True)
    told = f"t is axis 2 of input (1, 10, 8){GUESS}(1,)"
    with pytest.raises(rfield.NotStreamableError) as refused:
        rfield.stream_plan(model, input_shape=(1, 10, 8))
    assert str(refused.value).endswith(f"\n  {told}")
    with pytest.raises(rfield.NotTileableError) as refused:
        rfield.tile_plan(model, 8, tile=4, input_shape=(1, 10, 8))
    assert str(refused.value).endswith(f"\n  {told}")


@pytest.mark.parametrize(
    ("model", "shape", "axes"),
    [
        (nn.Conv1d(8, 8, 3), (1, 8, 20), None),
        (nn.Conv1d(8, 8, 2, stride=2), (1, 8, 20), None),
        (nn.Conv1d(8, 8, 3, groups=4), (1, 8, 20), None),
        (nn.Sequential(nn.Conv1d(8, 8, 1, groups=4), nn.AvgPool1d(2)), (1, 8, 20), None),
        (IMAGE, (1, 3, 32, 32), None),
        (nn.Linear(8, 4), (1, 10, 8), (1,)),
        (Transposed(), (1, 20, 8), (1,)),
        (IMAGE, (3, 32, 32), (1, 2)),
    ],
)
def test_what_the_model_shows_or_the_user_says_is_no_guess(model, shape, axes):
    assert rfield.summary(model, input_shape=shape, axes=axes).premises == ()


def test_a_model_that_code_made_is_not_said_to_have_random_weights(tmp_path, monkeypatch):
    (tmp_path / "made_by_code.py").write_text(
        "from torch import nn\n\n\ndef build():\n    return nn.Conv1d(1, 1, 3)\n", "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    found = rfield.measured_influence("made_by_code.py:build", input_shape=(1, 1, 20), count=2)
    assert (
        found.note
        == "measured: |gradient|, summed over channels, mean of 2 images of noise (seed 0)"
    )
