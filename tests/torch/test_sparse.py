"""Sparse tables: what they do not hold is zero."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from rfield.errors import RFieldError  # noqa: E402
from tests.machine.perturbed import verdicts  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

TABLE = torch.tensor([[1.0, 0, 0], [2, 3, 0], [0, 0, 4]], dtype=torch.float64)
EDGES = torch.tensor([[0, 1, 2], [1, 2, 0]])


class Sparse(torch.nn.Module):
    def __init__(self, function, layout):
        super().__init__()
        self.function = function
        self.register_buffer("table", TABLE.to_sparse(layout=layout))
        self.register_buffer("edges", EDGES)
        self.weight = torch.nn.Parameter(torch.rand(3, dtype=torch.float64) + 0.5)

    def forward(self, x):
        return self.function(self, x)


def graph_of_weights(m, x):
    """Who hears whom is a table, how much is learnt."""
    return torch.sparse.mm(torch.sparse_coo_tensor(m.edges, m.weight, (3, 3)), x)


PRODUCTS = {
    "sparse.mm": lambda m, x: torch.sparse.mm(m.table, x),
    "@": lambda m, x: m.table @ x,
    "added": lambda m, x: torch.sparse.addmm(x, m.table, x),
    "written out": lambda m, x: m.table.to_dense() @ x,
}


@pytest.mark.parametrize("layout", [torch.sparse_coo, torch.sparse_csr])
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_reads_what_the_table_holds(name, layout):
    model = Sparse(PRODUCTS[name], layout)
    before = model.table.to_dense().clone()
    graph = rfield.load(model, (3, 2), axes=(0, 1), dtype=torch.float64)
    run = lambda x: model(torch.tensor(x)).detach().numpy()  # noqa: E731
    assert verdicts(graph, run, [(3, 2)], ["x"]) == ["exact"]
    assert model.table.layout is layout
    assert torch.equal(model.table.to_dense(), before)


def test_learnt_edges_of_a_graph():
    model = Sparse(graph_of_weights, torch.sparse_coo)
    graph = rfield.load(model, (3, 2), axes=(0, 1), dtype=torch.float64)
    run = lambda x: model(torch.tensor(x)).detach().numpy()  # noqa: E731
    assert verdicts(graph, run, [(3, 2)], ["x"]) == ["exact"]


def test_a_table_that_multiplies_element_by_element():
    model = Sparse(lambda m, x: (m.table * x).to_dense(), torch.sparse_coo)
    graph = rfield.load(model, (3, 3), axes=(0, 1), dtype=torch.float64)
    counts = [[rfield.support(graph, (i, j)).count for j in range(3)] for i in range(3)]
    exact = rfield.receptive_field(graph).fidelity is rfield.Fidelity.EXACT
    assert counts == (TABLE != 0).int().tolist() or not exact


def test_what_the_input_makes_sparse_is_refused():
    with pytest.raises(RFieldError, match="_to_sparse"):
        rfield.load(Sparse(lambda m, x: x.to_sparse() @ x, torch.sparse_coo), (3, 3))
