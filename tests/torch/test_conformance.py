"""Every rule against the running model, element by element, and against literals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from rfield.core import ops  # noqa: E402
from rfield.frontends.torch.rulebook import RULES  # noqa: E402
from tests.torch import oracle  # noqa: E402
from tests.torch.cases import BOUNDED, CASES, UNMEASURED, Function  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def read(name):
    function, shape, *modules = CASES[name]
    torch.manual_seed(0)
    model = Function(function, *modules).eval()
    graph = rfield.load(model, shape)
    axes = graph.inputs_[0].axes
    probes = list(itertools.product(*(range(shape[axis]) for axis in axes)))
    return model, graph, shape, probes


@pytest.mark.parametrize("name", sorted(set(CASES) - BOUNDED - UNMEASURED))
def test_the_graph_reads_exactly_what_the_model_reads(name):
    model, graph, shape, probes = read(name)
    equal, bounded, problems = oracle.compare(model, graph, shape, probes)
    assert problems == []
    assert equal >= 1
    assert bounded == 0
    assert all(oracle.exactness(graph))


@pytest.mark.parametrize("name", sorted(BOUNDED))
def test_a_bound_covers_what_the_model_reads_and_is_flagged(name):
    model, graph, shape, probes = read(name)
    _, _, problems = oracle.compare(model, graph, shape, probes)
    assert problems == []
    assert not all(oracle.exactness(graph))


def jacobian(model, shape):
    """``[output element, input element]`` of a linear op: whether the derivative is not zero."""
    x = torch.rand(*shape, dtype=torch.float64)
    found = torch.autograd.functional.jacobian(model.double(), x)
    return (found.reshape(-1, x.numel()) != 0).numpy()


def claimed_jacobian(graph, shape):
    """The same as the graph claims it; probes are single elements of the one input."""
    graph.inputs_[0].axes = tuple(range(len(shape)))
    probes = list(itertools.product(*map(range, shape)))
    held = oracle.claimed(graph, probes)[graph.outputs_[0]]
    return held.reshape(len(probes), -1).T


RESIZES = {
    "nearest x2": {"scale_factor": 2, "mode": "nearest"},
    "nearest size": {"size": (5, 11), "mode": "nearest"},
    "nearest given scale": {"scale_factor": 1.5, "mode": "nearest"},
    "nearest down": {"scale_factor": 0.6, "mode": "nearest"},
    "nearest-exact": {"size": (5, 11), "mode": "nearest-exact"},
    "bilinear x2": {"scale_factor": 2, "mode": "bilinear"},
    "bilinear corners": {"size": (15, 13), "mode": "bilinear", "align_corners": True},
    "bilinear size": {"size": (5, 11), "mode": "bilinear"},
    "bilinear given scale": {"scale_factor": 1.5, "mode": "bilinear"},
    "bilinear recomputed": {
        "scale_factor": 1.3,
        "mode": "bilinear",
        "recompute_scale_factor": True,
    },
    "bilinear down": {"scale_factor": 0.5, "mode": "bilinear"},
    "bilinear antialias": {"size": (3, 4), "mode": "bilinear", "antialias": True},
    "bicubic x2": {"scale_factor": 2, "mode": "bicubic"},
    "bicubic corners": {"size": (15, 9), "mode": "bicubic", "align_corners": True},
    "bicubic antialias": {"size": (3, 4), "mode": "bicubic", "antialias": True},
    "area": {"size": (3, 4), "mode": "area"},
}


@pytest.mark.parametrize("name", RESIZES)
def test_a_resize_reads_the_pixels_that_have_a_weight(name):
    shape = (1, 1, 8, 7)
    model = Function(lambda x: F.interpolate(x, **RESIZES[name]))
    graph = rfield.load(model, shape)
    assert (claimed_jacobian(graph, shape) == jacobian(model, shape)).all()


def test_resizes_of_one_and_three_axes():
    for shape, mode in (
        ((1, 1, 9), "linear"),
        ((1, 1, 3, 4, 5), "trilinear"),
        ((1, 1, 9), "nearest"),
    ):
        model = Function(lambda x, mode=mode: F.interpolate(x, scale_factor=2, mode=mode))
        graph = rfield.load(model, shape)
        assert (claimed_jacobian(graph, shape) == jacobian(model, shape)).all(), mode


def test_causal_attention_reads_the_past():
    shape = (1, 1, 5, 4)
    model = Function(lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True))
    graph = rfield.load(model, shape)
    held = oracle.claimed(graph, [(j, 0) for j in range(5)])[graph.outputs_[0]]
    reads = held.any(axis=(1, 2, 4)).T  # [position, probe]
    assert (reads == np.tril(np.ones((5, 5), bool))).all()


@pytest.mark.parametrize("function", [lambda x: x.sort(3)[0], lambda x: x.topk(3, 3)[0]])
def test_an_order_depends_on_the_whole_axis(function):
    graph = rfield.load(Function(function), (1, 2, 8, 7))
    held = oracle.claimed(graph, [(2, 5)])[graph.outputs_[0]]
    assert held[0, 0, :, 2].all()
    assert not held[0, 0, :, [0, 1, 3, 4, 5, 6, 7]].any()


LITERALS = [
    (nn.Conv1d(1, 1, 3, stride=2, padding=1), (1, 1, 12), 2, [3, 4, 5]),
    (nn.Conv1d(1, 1, 3, dilation=4), (1, 1, 12), 1, [1, 5, 9]),
    (nn.Conv1d(1, 1, 4, padding="same"), (1, 1, 12), 3, [2, 3, 4, 5]),
    (nn.ConvTranspose1d(1, 1, 3, stride=2), (1, 1, 6), 4, [1, 2]),
    (nn.ConvTranspose1d(1, 1, 3, stride=2), (1, 1, 6), 5, [2]),
    (nn.MaxPool1d(3, 2, ceil_mode=True), (1, 1, 8), 3, [6, 7]),
    (nn.Upsample(scale_factor=2, mode="linear"), (1, 1, 6), 5, [2, 3]),
    (nn.Upsample(scale_factor=2, mode="nearest"), (1, 1, 6), 5, [2]),
    (nn.CircularPad1d(2), (1, 1, 6), 0, [4]),
    (nn.ReflectionPad1d(2), (1, 1, 6), 0, [2]),
    (nn.ReplicationPad1d(2), (1, 1, 6), 0, [0]),
    (nn.AdaptiveAvgPool1d(3), (1, 1, 7), 1, [2, 3, 4]),
    (Function(lambda x: x.roll(2, 2)), (1, 1, 6), 1, [5]),
    (Function(lambda x: x.flip(2)), (1, 1, 6), 1, [4]),
    (Function(lambda x: x.cumsum(2)), (1, 1, 6), 2, [0, 1, 2]),
    (Function(lambda x: x[:, :, torch.tensor([5, 1])]), (1, 1, 6), 1, [1]),
]


@pytest.mark.parametrize(("model", "shape", "index", "expected"), LITERALS)
def test_literals(model, shape, index, expected):
    graph = rfield.load(model, shape)
    probes = [(j,) for j in range(shape[2])]
    held = oracle.claimed(graph, probes)[graph.outputs_[0]]
    assert [j for j in range(shape[2]) if held[j, 0, 0, index]] == expected


@pytest.mark.parametrize("size", [4, 5, 6, 7, 9])
def test_windows_of_im2col_are_bounded_inside_and_global_over_all(size):
    """Also where a window reaches as far as the windows themselves."""
    whole = (rfield.UNBOUNDED, rfield.UNBOUNDED)
    inside = Function(lambda x: torch.softmax(F.unfold(x, 3), 1))
    assert rfield.receptive_field(inside, input_shape=(1, 1, size, size)).size == (3, 3)
    over = rfield.receptive_field(
        Function(lambda x: torch.softmax(F.unfold(x, 3), 2)), input_shape=(1, 1, size, size)
    )
    assert (over.size, over.local.size) == (whole, (0, 0))


def test_the_suite_fails_on_a_wrong_rule():
    good = RULES._rules["aten::roll"]
    try:
        RULES.rule("aten::roll", shaped=True, replace=True)(
            lambda arg: ops.pointwise(tuple(arg.self.shape))
        )
        model, graph, shape, probes = read("roll")
        assert oracle.compare(model, graph, shape, probes)[2] != []
    finally:
        RULES._rules["aten::roll"] = good


def test_rules_are_listed_with_their_family():
    families = {entry.family for _, entry in RULES.items()}
    assert {"convolution", "pooling", "resize", "layout", "recurrent"} <= families
