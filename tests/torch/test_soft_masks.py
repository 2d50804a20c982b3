"""Masks of finite numbers: a bound by default, cut on demand; measured with minus infinity."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from rfield.errors import InvalidModelError, NotTileableError  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

T = 8
QUERY, KEY = torch.arange(T)[:, None], torch.arange(T)[None]
CAUSAL, BANDED = KEY <= QUERY, (KEY <= QUERY) & (KEY > QUERY - 3)


class Attention(nn.Module):
    """One head over eight positions; ``how`` the scores are masked, with which ``number``."""

    def __init__(self, how, kept, number, bias=False):
        super().__init__()
        self.qkv, self.how, self.kept, self.number = nn.Linear(4, 12), how, kept, number
        self.bias = nn.Parameter(torch.rand(T, T)) if bias else None

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, -1)
        return self.how(q @ k.transpose(-1, -2), self.kept, self.number, self).softmax(-1) @ v


def mask(kept, number):
    return torch.zeros(T, T).masked_fill(~kept, number)


HOW = {
    "added": lambda a, kept, number, m: a + mask(kept, number).to(a),
    "taken away": lambda a, kept, number, m: a - mask(kept, -number).to(a),
    "filled": lambda a, kept, number, m: a.masked_fill(~kept, number),
    "chosen": lambda a, kept, number, m: torch.where(kept, a, number),
    "times, plus": lambda a, kept, number, m: a * kept.to(a) + number * (~kept).to(a),
    "with a learned bias": lambda a, kept, number, m: a + (m.bias + mask(kept, number).to(a)),
}


def rows(model, **options):
    """What each output reads, and how sure that is."""
    graph = rfield.load(model, (1, T, 4), axes=(1,), **options)
    found = rfield.support(graph, np.arange(T)[:, None])
    read = [{s.offset[0] + int(k) for k in np.flatnonzero(s.mask)} for s in found]
    return read, {s.fidelity.value for s in found}


def places(kept):
    return [set(map(int, torch.nonzero(row).flatten())) for row in kept]


@pytest.mark.parametrize("number", [-100.0, -1e4, -1e9, torch.finfo(torch.float16).min])
@pytest.mark.parametrize("how", HOW)
def test_finite_masks_cut_on_demand_only(how, number):
    model = Attention(HOW[how], CAUSAL, number, bias="bias" in how)
    assert rows(model) == ([set(range(T))] * T, {"upper bound"})
    assert rows(model, soft_masks="cut") == (places(CAUSAL), {"exact"})


@pytest.mark.parametrize("kept", [CAUSAL, BANDED, KEY // 3 == QUERY // 3])
def test_what_is_cut_is_what_minus_infinity_cuts_measured(kept):
    model = Attention(HOW["filled"], kept, -1e9).double()
    model.number = -torch.inf
    x = torch.rand(1, T, 4, dtype=torch.float64)
    measured = [set() for _ in range(T)]
    for place in range(T):
        changed = x.clone()
        changed[0, place] += 1
        for row in torch.nonzero((model(changed) != model(x)).any(-1)[0]).flatten():
            measured[int(row)].add(place)
    model.number = -1e9
    assert rows(model.float(), soft_masks="cut")[0] == measured


def test_a_ramp_is_no_mask():
    ramp = -40.0 * (QUERY - KEY).abs()
    model = Attention(lambda a, kept, number, m: a + ramp, CAUSAL, 0.0)
    assert rows(model, soft_masks="cut") == ([set(range(T))] * T, {"exact"})


class Shifted(nn.Module):
    """A block of Swin: windows of 4 x 4, shifted by 2, with a learned bias by position."""

    def __init__(self, number, added):
        super().__init__()
        self.qkv, self.number = nn.Linear(3, 9), number
        self.bias = nn.Parameter(torch.rand(16, 16)) if added else None

    def forward(self, x):
        x = x.permute(0, 2, 3, 1)
        b, h, w, c = x.shape

        def windows(t):
            t = t.view(t.shape[0], h // 4, 4, w // 4, 4, t.shape[-1])
            return t.permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, t.shape[-1])

        region = torch.zeros(1, h, w, 1)
        parts = (slice(0, -4), slice(-4, -2), slice(-2, None))
        for i, rows_ in enumerate(parts):
            for j, columns in enumerate(parts):
                region[:, rows_, columns] = 3 * i + j
        flat = windows(region)[..., 0]
        apart = flat[:, None] != flat[:, :, None]
        mask = torch.zeros(apart.shape).masked_fill(apart, self.number).to(x.dtype)
        mask = mask if self.bias is None else mask + self.bias
        q, k, v = self.qkv(windows(torch.roll(x, (-2, -2), (1, 2)))).chunk(3, -1)
        y = (q @ k.transpose(1, 2) + mask).softmax(-1) @ v
        y = y.view(b, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c)
        return torch.roll(y, (2, 2), (1, 2)).permute(0, 3, 1, 2)


@pytest.mark.parametrize("added", [False, True])
def test_shifted_windows_at_every_position(added):
    torch.manual_seed(0)
    model = Shifted(-torch.inf, added).double()
    x = torch.rand(1, 3, 12, 8, dtype=torch.float64)
    measured = torch.zeros(12, 8, 12, 8, dtype=torch.bool)
    with torch.no_grad():
        for y in range(12):
            for column in range(8):
                changed = x.clone()
                changed[..., y, column] += 1
                measured[:, :, y, column] = (model(changed) != model(x)).any(1)[0]
    model.number = -100.0
    graph = rfield.load(model.float(), (1, 3, 12, 8), soft_masks="cut")
    at = np.stack(np.meshgrid(range(12), range(8), indexing="ij"), -1).reshape(-1, 2)
    for index, found in zip(at, rfield.support(graph, at), strict=True):
        claimed = np.zeros((12, 8), bool)
        claimed[tuple(slice(o, o + n) for o, n in zip(found.offset, found.shape, strict=True))] = (
            found.mask
        )
        assert found.fidelity is rfield.Fidelity.EXACT
        assert (claimed == measured[tuple(index)].numpy()).all(), index
    assert rfield.receptive_field(graph).size == (4, 4)


KEPT = (
    "masks of -100 (add) are no minus infinity: what they hide counts as read, a bound; "
    "soft_masks='cut' cuts it"
)
CUT = "masks of -100 (add) are taken for minus infinity, as soft_masks='cut' says"


def test_every_answer_names_the_choice():
    model = Shifted(-100.0, added=False)
    for choice, told in (("keep", KEPT), ("cut", CUT)):
        graph = rfield.load(model, (1, 3, 12, 8), soft_masks=choice)
        answers = [
            rfield.receptive_field(graph), rfield.summary(graph), rfield.explain(graph),
            rfield.support(graph, (0, 0)), rfield.influence(graph, (0, 0)),
            rfield.alignment(graph), rfield.fits(graph, 4),
        ]  # fmt: skip
        for answer in answers:
            assert answer.premises == (told,)
            flat = " ".join(str(answer).split())
            assert told in flat
            assert told in answer.to_json().replace("\\u2019", "'")


def test_who_is_refused_a_plan_is_told():
    with pytest.raises(NotTileableError) as caught:
        rfield.tile_plan(
            Shifted(-100.0, added=False), (32, 32), tile=16, input_shape=(1, 3, 16, 16)
        )
    assert str(caught.value) == (
        "no tile of permute#4 equals the whole:\n"
        "  add (add) reads positions that depend on values\n"
        f"  {KEPT}"
    )


def test_the_choice_is_one_of_two():
    with pytest.raises(InvalidModelError) as caught:
        rfield.load(nn.Conv1d(1, 1, 3), (1, 1, 8), soft_masks="yes")
    assert str(caught.value) == "soft_masks = 'yes'; expected 'keep' or 'cut'"


def test_a_causal_model_streams_where_its_mask_is_taken_for_one():
    class Causal(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = nn.Linear(4, 12)

        def forward(self, x):
            q, k, v = self.qkv(x).chunk(3, -1)
            n = x.shape[1]
            later = torch.ones(n, n).triu(1).bool()
            return (q @ k.transpose(-1, -2)).masked_fill(later, -1e9).softmax(-1) @ v

    options = {"input_shape": (1, 16, 4), "axes": (1,)}
    kept = rfield.stream_plan(Causal(), **options)
    cut = rfield.stream_plan(Causal(), soft_masks="cut", **options)
    assert (kept.exact, cut.exact, cut.look_ahead) == (False, True, 0)
