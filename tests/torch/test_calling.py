"""How a model is called: refusals that it swallows, its inputs, and the mode it is called in."""

from __future__ import annotations

import dataclasses
import typing

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from rfield.errors import UnreadableModelError  # noqa: E402
from tests.torch.cases import Function  # noqa: E402
from tests.torch.versions import since  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def by_item(x):
    return float(x.sum())


def by_branch(x):
    return bool(x.max() > 0)


def by_numbers(x):
    return x.detach().numpy().sum()


def by_list(x):
    return x.tolist()


def by_indices(x):
    return x.nonzero()


def by_another_error(x):
    try:
        return x.sum().item()
    except Exception as error:
        raise ValueError("no number") from error


LOOKS = (by_item, by_branch, by_numbers, by_list, by_indices, by_another_error)


def swallowing(look):
    """A model that takes the narrow branch where a look at its input fails."""

    def forward(x, narrow, wide):
        try:
            look(x)
        except Exception:  # noqa: BLE001 - what models do
            return narrow(x)
        return wide(x)

    return Function(forward, nn.Conv1d(1, 1, 3), nn.Conv1d(1, 1, 5))


@pytest.mark.parametrize("look", LOOKS)
def test_a_refusal_that_the_model_swallows_is_still_one(look):
    with pytest.raises(UnreadableModelError):
        rfield.load(swallowing(look), (1, 1, 9))
    graph = rfield.load(swallowing(look), example_inputs=(torch.ones(1, 1, 9),), values=True)
    assert rfield.receptive_field(graph).size == (5,)


def test_a_swallowed_refusal_says_what_any_says():
    with pytest.raises(UnreadableModelError) as caught:
        rfield.load(swallowing(by_item), (1, 1, 9))
    first, *rest = str(caught.value).splitlines()
    assert first.startswith("'local_scalar_dense' looks at the values of a tensor, in the model's ")
    assert first.rpartition(", ")[2].startswith("test_calling.py:")
    assert rest == [
        "  The model was read without numbers, so there is nothing to look at. Either",
        "  - pass real data:        rfield.load(model, example_inputs=(x,), values=True)",
        "  - read a part of it:     rfield.load(model.backbone, input_shape)",
    ]


def test_an_error_of_the_models_own_may_be_handled_by_it():
    def forward(x, wide):
        try:
            return x.view(7)
        except RuntimeError:
            return wide(x)

    model = Function(forward, nn.Conv1d(1, 1, 5))
    assert rfield.receptive_field(model, input_shape=(1, 1, 9)).size == (5,)


class Two(nn.Module):
    """One input is read wider than the other."""

    def forward(self, a, b):
        return F.avg_pool2d(a, 3, 1, 1) + b


@pytest.mark.parametrize("values", [False, True])
def test_a_tensor_given_twice_is_two_inputs(values):
    t = torch.rand(1, 1, 9, 9)
    graph = rfield.load(Two(), example_inputs=(t, t), values=values)
    assert [rfield.receptive_field(graph, wrt=name).size for name in graph.inputs] == [
        (3, 3), (1, 1),
    ]  # fmt: skip


def test_a_tensor_in_two_places_of_a_container_is_two_inputs():
    class Pyramid(nn.Module):
        def forward(self, maps, extra):
            return F.avg_pool2d(maps[0], 3, 1, 1) + F.avg_pool2d(maps[1], 5, 1, 2) + extra["it"]

    t = torch.rand(1, 1, 9, 9)
    graph = rfield.load(Pyramid(), example_inputs=([t, t], {"it": t}))
    sizes = {name: rfield.receptive_field(graph, wrt=name).size for name in graph.inputs}
    assert sizes == {"maps.0": (3, 3), "maps.1": (5, 5), "extra.it": (1, 1)}


def test_inputs_with_numbers_are_not_written_into():
    x = torch.full((1, 1, 6), -1.0)
    rfield.load(nn.ReLU(inplace=True), example_inputs=(x,), values=True)
    assert x.tolist() == [[[-1.0] * 6]]


class Viewing(nn.Module):
    """Views of a parameter, and a division by a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.arange(24.0).sin().view(1, 4, 2, 3))
        self.register_buffer("scale", torch.ones(4, 1))

    def forward(self, x):
        y = F.conv1d(x, self.weight.squeeze(0)) * self.scale[None]
        return F.normalize(y, dim=1)


@pytest.mark.parametrize("made_inside", [False, True])
def test_inference_mode_around_everything(made_inside):
    x = torch.rand(1, 2, 101, generator=torch.Generator().manual_seed(0))  # norms are not small
    model = Viewing().eval()
    whole = model(x).detach()
    with torch.inference_mode():
        if made_inside:
            model = Viewing().eval()
        assert rfield.receptive_field(model, input_shape=(1, 2, 40)).size == (3,)
        assert rfield.receptive_field(model, example_inputs=(x,), values=True).size == (3,)
        plan = rfield.stream_plan(model, input_shape=(1, 2, 40))
        parts = list(rfield.run_streaming(model, x.split(10, 2), plan))
        tiles = rfield.tile_plan(model, (101,), tile=32, input_shape=(1, 2, 40))
        tiled = rfield.run_tiled(model, x, tiles)
        assert rfield.verify_tiling(model, tiles)
        assert rfield.verify(model, input_shape=(1, 2, 40))
        assert torch.is_inference_mode_enabled()
    assert torch.allclose(torch.cat(parts, 2), whole, atol=1e-6)
    assert torch.allclose(tiled, whole, atol=1e-6)


def test_gradients_are_measured_under_inference_mode():
    model = Viewing().eval()
    with torch.inference_mode():
        images = torch.rand(2, 2, 40)
        found = rfield.measured_influence(model, images, input_shape=(1, 2, 40))
    assert found.weight.shape == (3,)


@since(2, 13, "lazy buffers cannot be made twice")
def test_lazy_modules_are_read_and_stay_lazy():
    model = nn.Sequential(nn.LazyConv1d(2, 3), nn.LazyBatchNorm1d(), nn.LazyConv1d(300, 5))
    assert rfield.receptive_field(model, input_shape=(1, 400, 12)).size == (7,)
    assert isinstance(model[0], nn.LazyConv1d)
    assert isinstance(model[2].weight, nn.UninitializedParameter)
    assert model(torch.rand(1, 1, 12)).shape == (1, 300, 6)


def test_what_is_put_under_a_tensor_is_what_it_holds():
    class Holding(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("held", torch.zeros(1))
            self.conv = nn.Conv1d(1, 1, 3)

        def forward(self, x):
            self.held.data = self.conv(x)
            return self.conv(self.held)

    model = Holding()
    assert rfield.receptive_field(model, input_shape=(1, 1, 9)).size == (5,)
    assert model.held.tolist() == [0.0]


class Several(nn.Module):
    """Returns its main output first, as a dict, a tuple or an object with attributes."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.wide, self.narrow = nn.Conv1d(1, 1, 99, padding=49), nn.Conv1d(1, 1, 3, padding=1)

    def forward(self, x):
        hidden = self.narrow(x)
        return self.kind(self.wide(hidden).sigmoid() / 2, hidden * 2)


class Pair(typing.NamedTuple):
    heat: object
    hidden: object


@dataclasses.dataclass
class Held:
    heat: object
    hidden: object


KINDS = {
    "dict": lambda heat, hidden: {"heat": heat, "hidden": hidden},
    "named tuple": Pair,
    "dataclass": Held,
    "tuple": lambda heat, hidden: (heat, hidden),
    "nested": lambda heat, hidden: {"outs": {"heat": heat}, "hidden": [hidden]},
}


@pytest.mark.parametrize("name", KINDS)
def test_the_first_of_several_outputs_is_meant(name):
    graph = rfield.load(Several(KINDS[name]), (1, 1, 400))
    assert rfield.receptive_field(graph).size == (101,)
    if name != "tuple":
        key = "outs.heat" if name == "nested" else "heat"
        rf = rfield.receptive_field(graph, key)
        assert (rf.layer, rf.size) == (key, (101,))
        assert rfield.receptive_field(graph, "hidden").size == (3,)


VIEWS = {
    "chunk": lambda y: y.chunk(2, 1)[1],
    "split": lambda y: y.split(1, 1)[1],
    "split with sizes": lambda y: y.split([1, 1], 1)[1],
    "unbind": lambda y: y.unbind(1)[1][:, None],
    "tensor_split": lambda y: y.tensor_split(2, 1)[1],
    "a variable of a loop": lambda y: [row for row in y.transpose(0, 1)][1][None],  # noqa: C416
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_write_into_one_of_several_views(name):
    """Half of the channels also read the wide convolution."""

    def forward(x, narrow, wide):
        y = narrow(x)
        VIEWS[name](y).add_(wide(x)[:, 1:])
        return y

    model = Function(forward, nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 7, padding=3))
    assert rfield.receptive_field(model.eval(), input_shape=(1, 2, 16, 16)).size == (7, 7)


def test_new_axes_at_the_end_are_no_identity():
    """An embedding beside the mask of its tokens: every question of it."""

    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.c = nn.Embedding(10, 4), nn.Conv1d(4, 4, 3, padding=1)

        def forward(self, ids):
            return self.c((self.a(ids) * (ids != 0)[..., None]).transpose(1, 2))

    graph = rfield.load(Tokens(), (1, 12), axes=(1,), dtype=torch.long)
    assert rfield.support(graph, (3,)).count == 3
    assert rfield.influence(graph, (3,)).weight.sum() == pytest.approx(1)
    seen = rfield.receptive_field(graph).outputs_seeing((3,))
    assert (int(seen.start[0]), int(seen.stop[0])) == (2, 5)


def test_distances_to_a_codebook_read_their_own_row():
    book = torch.zeros(7, 4)
    model = Function(lambda x: torch.cdist(x, book))
    rf = rfield.receptive_field(model, input_shape=(1, 48, 4), axes=(1,))
    assert (rf.size, rf.stride) == ((1,), (1,))


def test_an_amount_of_padding_in_a_buffer():
    amount = torch.tensor(2)
    model = Function(lambda x, c: c(F.pad(x, (amount, 0))), nn.Conv1d(1, 1, 3))
    rf = rfield.receptive_field(model, input_shape=(1, 1, 64))
    assert (rf.size, rf.padding, repr(rf.padding)) == ((3,), (2,), "(2,)")
