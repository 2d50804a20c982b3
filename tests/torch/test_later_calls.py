"""Models whose later calls are not as the first: no parts of them are said to be as the whole."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

import rfield  # noqa: E402

pytestmark = pytest.mark.torch

SHAPE = (1, 1, 24, 24)
NONE_KEPT = torch.zeros(1, 1, 24, 2)


class Kept(nn.Module):
    """A function of the module itself and the image."""

    def __init__(self, function, **kept):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)
        self.function = function
        self.register_buffer("calls", torch.zeros(1))
        for name, value in kept.items():
            setattr(self, name, value)

    def forward(self, x):
        return self.function(self, x)


def warm_up(m, x):
    y = m.conv(x) if m.warm else m.conv(F.avg_pool2d(x, 3, 1, 1))
    m.warm = True
    return y


def every_other(m, x):
    m.n += 1
    return m.conv(x) * 2 if m.n % 2 else m.conv(x)


def third(m, x):
    m.n += 1
    return m.conv(x).relu() if m.n == 3 else m.conv(x)


def end_of_the_last(m, x):
    y = torch.cat([m.end, x], 3)
    m.end = x[..., -2:]
    return m.conv(y)[..., 2:]


def last(m, x):
    y = m.conv(x)
    m.kept.append(y)
    return y + m.kept[0]


def scale(m, x):
    m.calls += 1
    return m.conv(x) * (m.calls < 2)


def swapped(m, x):
    m.order.reverse()
    return m.order[0](m.order[1](m.conv(x)))


def fading(m, x):
    m.conv.weight.data *= 0.5
    return m.conv(x)


OTHERWISE = {
    "warm_up": (warm_up, {"warm": False}, "warm"),
    "every_other": (every_other, {"n": 0}, "n"),
    "third": (third, {"n": 0}, "n"),
    "end_of_the_last": (end_of_the_last, {"end": NONE_KEPT}, "end"),
    "last": (last, {"kept": []}, "kept"),
    "scale": (scale, {}, "calls"),
    "fading": (fading, {}, "conv.weight"),
    "swapped": (swapped, {"order": [torch.relu, torch.tanh]}, "order"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_model_whose_later_calls_are_others_has_no_parts(name):
    function, kept, said = OTHERWISE[name]
    model = Kept(function, **{key: list(v) if type(v) is list else v for key, v in kept.items()})
    expected = (
        f"Kept keeps {said} from call to call, and a later call does otherwise: parts are as the "
        "whole only where every call is.\n"
        "  Call it before until it no longer changes, or pass on as an argument what it keeps"
    )
    with pytest.raises(rfield.NotTileableError) as refused:
        rfield.tile_plan(model, (48, 48), tile=24, input_shape=SHAPE)
    assert str(refused.value) == expected
    with pytest.raises(rfield.NotStreamableError) as refused:
        rfield.stream_plan(model, axis="x", input_shape=SHAPE)
    assert str(refused.value) == expected
    told = rfield.receptive_field(model, input_shape=SHAPE).premises
    assert (
        f"the model keeps {said} from call to call, and a later call does otherwise: answers are "
        "for its first call" in told
    )


def count(m, x):
    m.n += 1
    m.calls += 1
    return m.conv(x)


def made_at_first(m, x):
    if m.weight is None:
        m.weight = torch.ones(1, 1, 5, 5) / 25
    return m.conv(F.conv2d(x, m.weight, padding=2))


def by_size(m, x):
    if x.shape not in m.masks:
        m.masks[x.shape] = (torch.arange(x.shape[3]) % 4 < 2).to(x)
    return m.conv(x * m.masks[x.shape])


def popped(m, x):
    m.kept.append(m.conv(x))
    return F.relu(m.kept[-1]) + m.kept.pop()


def noted(m, x):
    m.kept.append(m.conv(x))
    return m.kept[-1]


def masked(m, x):
    m.conv.weight.data *= torch.tensor([[1.0, 1, 1], [1, 1, 0], [0, 0, 0]])
    return m.conv(x)


def cut_out(m, x):
    m.conv.weight.data[:, :, 1, 1:] = 0
    m.conv.weight.data[:, :, 2:].fill_(0)
    return m.conv(x)


def kept_small(m, x):
    m.conv.weight.data.clamp_(-1, 1)
    return m.conv(x)


ALIKE = {
    "masked": (masked, {}),
    "cut_out": (cut_out, {}),
    "kept_small": (kept_small, {}),
    "count": (count, {"n": 0}),
    "made_at_first": (made_at_first, {"weight": None}),
    "by_size": (by_size, {"masks": {}}),
    "popped": (popped, {"kept": []}),
    "noted": (noted, {"kept": []}),
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ALIKE)
def test_what_a_call_changes_and_none_reads_is_no_matter(name, training):
    function, kept = ALIKE[name]
    model = Kept(function, **kept)
    given = {"input_shape": SHAPE, "training": training}
    assert rfield.tile_plan(model, (48, 48), tile=24, **given).exact
    assert not rfield.receptive_field(model, **given).premises


def test_a_model_that_was_called_before_is_taken_as_it_is_then():
    model = Kept(warm_up, warm=False)
    model(torch.zeros(SHAPE))
    assert rfield.tile_plan(model, (48, 48), tile=24, input_shape=SHAPE).halo == ((1, 1), (1, 1))


def test_free_sizes():
    model = Kept(warm_up, warm=False)
    field = rfield.receptive_field(model, input_shape=(1, 1, None, None))
    assert any(text.startswith("the model keeps warm from call to call") for text in field.premises)
