"""Exported programs and ``.pt2`` files give what the live model gives; bad files are refused."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from rfield.errors import InvalidModelError, UnreadableModelError  # noqa: E402
from tests.torch.cases import Function, S, interleave  # noqa: E402
from tests.torch.versions import since  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Net(nn.Module):
    """Modules called twice, a table of indices, a view that is written to, a recurrent layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular")
        self.act = nn.ReLU()
        self.inner = nn.Sequential(nn.BatchNorm2d(2), nn.ReLU())
        self.register_buffer("order", torch.tensor([6, 5, 4, 3, 2, 1, 0]))

    def forward(self, x):
        y = self.act(self.inner(self.act(self.conv(x))))
        y = y[..., self.order]
        y[:, :, 1:] += x[:, :, :-1]
        return {"out": F.interpolate(y, scale_factor=2, mode="bilinear")}


def fields(graph):
    return {name: field.as_dict() for name, field in rfield.receptive_fields(graph).items()}


@since(2, 13, "small buffers are not in the file")
@pytest.mark.parametrize("model", [Net(), Function(interleave)])
def test_three_ways_to_the_same_fields(model, tmp_path):
    model = model.eval()
    program = torch.export.export(model, (torch.zeros(*S),))
    path = tmp_path / "model.pt2"
    torch.export.save(program, path)
    live = rfield.load(model, S)
    exported, stored = rfield.load(program), rfield.load(path)
    assert exported.inputs == stored.inputs == live.inputs == ("x",)
    if isinstance(model, Net):
        assert stored.layers == exported.layers
        modules = ("conv", "act", "inner.0", "inner.1", "inner", "act#2")
        assert stored.layers == (*modules, "upsample_bilinear2d")
        assert live.layers == (*modules, "out")  # the key under which it returns it
        own = fields(live)
        own["upsample_bilinear2d"] = {**own.pop("out"), "layer": "upsample_bilinear2d"}
        assert fields(exported) == own
        assert fields(stored) == fields(exported)
    last = [rfield.receptive_field(graph) for graph in (live, exported, stored)]
    assert len({str(field).replace(field.layer, "") for field in last}) == 1


@since(2, 13, "torch.export wants other bounds")
def test_a_program_with_free_sizes(tmp_path):
    free = torch.export.Dim("height", min=8, max=64)
    model = Function(lambda x, m: F.max_pool2d(m(x), 2), nn.Conv2d(2, 3, 3))
    program = torch.export.export(
        model, (torch.zeros(1, 2, 16, 16),), dynamic_shapes={"x": {2: free}}
    )
    path = tmp_path / "model.pt2"
    torch.export.save(program, path)
    for source in (program, path):
        assert rfield.receptive_field(source).size == (4, 4)


@pytest.mark.parametrize(
    "free", [None, {"input": {2: torch.export.Dim("height", min=8, max=4096)}}]
)
def test_the_size_of_a_program_is_that_of_its_example(free):
    program = torch.export.export(
        nn.Conv2d(2, 3, 3), (torch.zeros(1, 2, 16, 16),), dynamic_shapes=free
    )
    assert rfield.load(program).shape(rfield.load(program).main) == (1, 3, 14, 14)
    with pytest.raises(InvalidModelError) as caught:
        rfield.load(program, (1, 2, 32, 32))
    assert str(caught.value) == (
        "input 'input' was exported with shape (1, 2, 16, 16), not (1, 2, 32, 32).\n"
        "  A program is read at the sizes of its example, dynamic ones too; export it again "
        "with the other size."
    )


def test_damaged_and_foreign_files(tmp_path):
    path = tmp_path / "model.pt2"
    path.write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(UnreadableModelError) as caught:
        rfield.load(path)
    assert str(caught.value) == f"{path}: not a .pt2 file (not a zip archive, or cut off)"
    torch.save({"weight": torch.zeros(1)}, path)
    with pytest.raises(UnreadableModelError) as caught:
        rfield.load(path)
    assert str(caught.value) == (
        f"{path}: no exported program in it. torch.export.save writes one; an archive made by "
        "torch.save or by AOTInductor holds no graph."
    )
    with pytest.raises(UnreadableModelError, match="there is no such file"):
        rfield.load(tmp_path / "missing.pt2")


@pytest.mark.parametrize("size", [6, 7])
def test_shifts_of_frequencies_in_an_exported_program(size):
    """Against NumPy's own shifts of a row of numbers."""
    for name in ("fftshift", "ifftshift"):
        program = torch.export.export(
            Function(lambda x, name=name: getattr(torch.fft, name)(x, dim=-1)),
            (torch.zeros(1, 1, size),),
        )
        rf = rfield.receptive_field(rfield.load(program))
        found = [int(rf.region((i,), clip=True).start[0]) for i in range(size)]
        assert found == getattr(np.fft, name)(np.arange(size)).tolist()
