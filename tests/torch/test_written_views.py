"""Writes through views that are no slices: diagonals, memory laid out anew, axes turned."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from rfield.errors import InvalidModelError  # noqa: E402
from tests.machine.perturbed import verdicts  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Written(torch.nn.Module):
    """A copy of the input after a write to it."""

    def __init__(self, write):
        super().__init__()
        self.write = write

    def forward(self, x, y=None):
        held = x.clone()
        self.write(held, x if y is None else y)
        return held


WRITES = {
    "a diagonal copied": (lambda z, y: z.diagonal().copy_(y), (3, 4), (3,)),
    "a diagonal of a tall one, added": (lambda z, y: z.diagonal().add_(y), (4, 3), (3,)),
    "one below, multiplied": (lambda z, y: z.diagonal(-1).mul_(y), (4, 3), (3,)),
    "one above, cleared": (lambda z, y: z.diagonal(1).zero_(), (4, 4), None),
    "filled": (lambda z, y: z.fill_diagonal_(0), (3, 4), None),
    "filled around": (lambda z, y: z.fill_diagonal_(0, True), (7, 3), None),
    "filled with a sum": (lambda z, y: z.diagonal().fill_(y.sum()), (3, 4), (2,)),
    "of each board": (lambda z, y: z.diagonal(dim1=1, dim2=2).copy_(y), (2, 3, 3), (2, 3)),
    "of one board": (lambda z, y: z.select(0, 1).diagonal().copy_(y), (2, 3, 3), (3,)),
    "a part of a diagonal": (lambda z, y: z.diagonal()[1:].copy_(y), (4, 4), (3,)),
    "a diagonal of a part": (lambda z, y: z[1:].diagonal().copy_(y), (4, 4), (3,)),
    "a diagonal of the transposed": (lambda z, y: z.T.diagonal(1).copy_(y), (3, 4), (2,)),
    "a row of the transposed": (lambda z, y: z.T.__setitem__(1, y), (3, 4), (3,)),
    "rows of the transposed": (lambda z, y: z.T.__setitem__(slice(1, 3), y), (3, 4), (2, 3)),
    "axes moved": (lambda z, y: z.permute(2, 0, 1)[1:].add_(y), (2, 3, 4), (3, 2, 3)),
    "memory": (lambda z, y: z.as_strided((3,), (4,)).copy_(y), (3, 3), (3,)),
    "a diagonal in memory": (lambda z, y: z.as_strided((3,), (5,)).copy_(y), (3, 4), (3,)),
    "a board in memory": (lambda z, y: z.as_strided((2, 2), (4, 1), 1).copy_(y), (3, 4), (2, 2)),
    "windows": (lambda z, y: z.unfold(0, 2, 2).copy_(y), (5,), (2, 2)),
    "every fifth": (lambda z, y: z.view(-1)[::5].copy_(y), (3, 4), (3,)),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_reaches_what_it_is_written_to(name):
    write, shape, other = WRITES[name]
    model = Written(write)
    shapes = [shape] if other is None else [shape, other]
    names = ["x", "y"][: len(shapes)]
    graph = rfield.load(
        model,
        dict(zip(names, shapes, strict=True)),
        axes={each: tuple(range(len(given))) for each, given in zip(names, shapes, strict=True)},
        dtype=torch.float64,
    )
    run = lambda *given: model(*map(torch.tensor, given)).numpy()  # noqa: E731
    assert set(verdicts(graph, run, shapes, names)) == {"exact"}


READS = {
    "windows over each other": (lambda x: x.as_strided((3, 2), (1, 1)), (4,)),
    "a diagonal": (lambda x: x.as_strided((3,), (5,)), (3, 4)),
    "the transposed": (lambda x: x.T.as_strided((3, 2), (4, 2), 1), (3, 4)),
    "a part": (lambda x: x[1:].as_strided((2, 2), (4, 3)), (3, 4)),
    "repeated": (lambda x: x.as_strided((2, 3), (0, 1)), (4,)),
}


@pytest.mark.parametrize("name", READS)
def test_memory_laid_out_anew(name):
    read, shape = READS[name]
    graph = rfield.load(reading(read), shape, axes=tuple(range(len(shape))), dtype=torch.float64)
    assert verdicts(graph, lambda x: read(torch.tensor(x)).numpy(), [shape], ["x"]) == ["exact"]


def reading(read):
    class Read(torch.nn.Module):
        def forward(self, x):
            return read(x)

    return Read()


MAYBE = {
    "turned, in order": lambda x: x.transpose(0, 1).relu().contiguous(),
    "turned, flat": lambda x: (x.transpose(0, 1) * 2).reshape(-1),
    "in order": lambda x: x.flip(1).contiguous(),
    "as another type": lambda x: x.to(torch.float32),
    "as one like it": lambda x: x.to(x.dtype, copy=True),
    "of that type": lambda x: x.to(torch.float64).flatten(),
}


@pytest.mark.parametrize("exported", [False, True])
@pytest.mark.parametrize("name", MAYBE)
def test_what_may_be_a_view_is_written_to(name, exported):
    def written(x):
        held = x * 2
        MAYBE[name](held)[..., 0].mul_(0)
        turned = held.transpose(0, 1).relu()
        turned.contiguous()[0].mul_(0)  # is itself only where it lies in order
        return turned + 0

    model: object = reading(written)
    if exported:
        given = (torch.zeros(2, 3, dtype=torch.float64),)
        model = torch.export.export(reading(written), given, strict=False)
    options = {} if exported else {"dtype": torch.float64}
    graph = rfield.load(model, (2, 3), axes=(0, 1), **options)
    assert verdicts(graph, lambda x: written(torch.tensor(x)).numpy(), [(2, 3)], ["x"]) == ["exact"]


class Padded(torch.nn.Module):
    """As much as a buffer says, where rows are columns, and the first of it is cleared."""

    def __init__(self):
        super().__init__()
        self.register_buffer("two", torch.tensor(2))

    def forward(self, x):
        longer = torch.nn.functional.pad(x.transpose(1, 2).relu(), (0, 0, self.two, self.two))
        longer[:, :3] = 0
        return longer.transpose(1, 2)


def test_an_amount_of_padding_is_a_number_however_memory_lies():
    graph = rfield.load(Padded().eval(), (1, 2, 6))
    found = [rfield.support(graph, k) for k in range(10)]
    assert [each.count for each in found] == [0, 0, 0, 1, 1, 1, 1, 1, 0, 0]
    assert [each.offset for each in found[3:8]] == [(1,), (2,), (3,), (4,), (5,)]


def test_a_view_in_turned_memory_is_no_failure():
    """Rectified columns lie as the columns did, so that they are rows again when turned back."""
    field = rfield.receptive_field(
        reading(lambda x: x.transpose(1, 2).relu().transpose(1, 2).view(1, 12)),
        input_shape=(1, 2, 6),
    )
    assert field.fidelity is rfield.Fidelity.EXACT


def test_memory_outside_of_a_part_is_refused():
    with pytest.raises(InvalidModelError, match="outside of its tensor"):
        rfield.load(reading(lambda x: x[1:].as_strided((2,), (1,), 0)), (3, 4), axes=(0, 1))


def test_a_diagonal_that_is_too_long_to_be_written_out_is_a_bound():
    model = Written(lambda z, y: z.diagonal(dim1=-2, dim2=-1).zero_())
    field = rfield.receptive_field(model, input_shape={"x": (1, 1, 300, 300)})
    assert field.fidelity is rfield.Fidelity.UPPER_BOUND
