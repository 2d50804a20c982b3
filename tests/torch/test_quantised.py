"""Models in integers, or on the way to them; and sequences that are packed."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.ao.quantization as q  # noqa: E402
from torch import nn  # noqa: E402
from torch.ao.quantization import quantize_fx  # noqa: E402
from torch.nn.utils import rnn  # noqa: E402

import rfield  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

SHAPE = (1, 1, 9, 9)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        parts = nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU()
        self.first, self.last = nn.Sequential(*parts), nn.Conv2d(2, 1, 3)

    def forward(self, x):
        return self.last(self.first(x))


def while_training():
    model = Net().train()
    model.first.qconfig = q.get_default_qat_qconfig("x86")
    return q.prepare_qat(q.fuse_modules_qat(model, [["first.0", "first.1", "first.2"]])).eval()


def rounded_by_modules():
    made = nn.Sequential(q.MinMaxObserver(), q.FakeQuantize(), Net(), q.HistogramObserver())
    return made.eval()


@pytest.mark.parametrize("make", [while_training, rounded_by_modules])
def test_fake_quantisation_reads_all_while_it_observes(make):
    model = make()
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    field = rfield.receptive_field(model, input_shape=SHAPE)
    assert (field.size, field.local.size) == ((rfield.UNBOUNDED,) * 2, (5, 5))
    model.apply(q.disable_observer)
    field = rfield.receptive_field(model, input_shape=SHAPE)
    assert (field.size, field.fidelity.name) == ((5, 5), "EXACT")
    after = model.state_dict()
    assert all(
        torch.equal(after[name], tensor) for name, tensor in state.items()
        if "observer" not in name
    )  # fmt: skip


def test_fake_quantisation_keeps_the_zeros_of_a_masked_weight():
    class Masked(nn.Conv1d):
        def forward(self, x):
            weight = self.weight * torch.tensor([1.0, 0, 1])
            rounded = torch.fake_quantize_per_tensor_affine(weight, 0.1, 0, -128, 127)
            return nn.functional.conv1d(x, rounded, padding=1)

    found = rfield.support(rfield.load(Masked(1, 1, 3), (1, 1, 9)), (4,))
    assert (found.mask.tolist(), found.fidelity.name) == ([True, False, True], "EXACT")


def test_a_network_in_integers():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Conv2d(2, 1, 3)).eval()
    example = (torch.randn(SHAPE),)
    watched = quantize_fx.prepare_fx(model, q.get_default_qconfig_mapping("x86"), example)
    watched(torch.randn(4, 1, 9, 9))
    assert rfield.receptive_field(watched, input_shape=SHAPE).size == (5, 5)
    field = rfield.receptive_field(quantize_fx.convert_fx(watched), input_shape=SHAPE)
    assert (field.size, field.fidelity.name) == ((5, 5), "EXACT")


def test_a_scale_found_while_running_reads_everything():
    linear = nn.Sequential(nn.Linear(4, 3))
    model = q.quantize_dynamic(linear, {nn.Linear}, torch.qint8).eval()
    field = rfield.receptive_field(model, input_shape=(1, 8, 4), axes=(1,))
    assert (field.size, field.local.size) == ((rfield.UNBOUNDED,), (1,))


class Packed(nn.Module):
    """Two items, of six and of three steps."""

    def __init__(self, both):
        super().__init__()
        self.layer = nn.GRU(4, 3, batch_first=True, bidirectional=both)

    def forward(self, x):
        packed = rnn.pack_padded_sequence(x, [3, 6], batch_first=True, enforce_sorted=False)
        return rnn.pad_packed_sequence(self.layer(packed)[0], batch_first=True, total_length=8)[0]


@pytest.mark.parametrize(
    ("both", "first", "second"),
    [(False, [3, 3, 0, 0], [3, 6, 0, 0]), (True, [3, 3, 0, 0], [6, 6, 0, 0])],
)
def test_packed_sequences_end_where_they_end(both, first, second):
    """Of the item alone: how many steps the outputs 2, 5, 6 and 7 read."""
    for item, counts in ((0, first), (1, second)):
        model = nn.Sequential(Packed(both), Picked(item))
        graph = rfield.load(model, (2, 8, 4), axes=(1,))
        rank = len(rfield.receptive_field(graph).positions)
        place = (slice(None),) * (rank - 1)  # a half of the features may run backwards
        found = [rfield.support(graph, (step, *place)).count for step in (2, 5, 6, 7)]
        assert found == (counts if item else [counts[0], 0, 0, 0])


class Picked(nn.Module):
    def __init__(self, item):
        super().__init__()
        self.item = item

    def forward(self, x):
        return x[self.item : self.item + 1]


def test_a_last_state_reads_its_own_steps():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.LSTM(4, 3)

        def forward(self, x):
            return self.layer(rnn.pack_padded_sequence(x, torch.tensor([5])))[1][0]

    model = Last()
    graph = rfield.load(model, (8, 1, 4), axes=(0,))
    found = rfield.support(graph, (0,))
    assert (found.count, found.box.start, found.box.stop) == (5, (0,), (5,))
