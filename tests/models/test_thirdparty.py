"""Models of other packages: the check sees what is wrong, and none that is installed is wrong."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from torch import nn  # noqa: E402

import rfield  # noqa: E402
from tests.models.thirdparty import others  # noqa: E402, F401  # adds its models
from tests.models.thirdparty.__main__ import row, tally  # noqa: E402
from tests.models.thirdparty.catalogue import MODELS  # noqa: E402
from tests.models.thirdparty.measuring import Entry, Finding, examine  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


def conv(kernel):
    return nn.Conv1d(2, 2, kernel, padding=kernel // 2)


def entry(model, shape=(1, 2, 20), name="net"):
    return Entry("ours", name, lambda: model, shape, positions=20, outputs=20)


@pytest.mark.parametrize(
    ("runs", "claimed", "state"),
    [(3, 3, "exact"), (5, 3, "wrong"), (3, 5, "too large")],
)
def test_what_runs_is_held_against_what_is_claimed(monkeypatch, runs, claimed, state):
    read = rfield.load
    monkeypatch.setattr(rfield, "load", lambda model, shape: read(conv(claimed), shape))
    found = examine(entry(conv(runs)))
    assert (found.state, found.pairs > 0) == (state, True)
    assert bool(found.reason) == (state != "exact")


def test_a_bound_holds():
    class Sorted(nn.Module):
        def forward(self, x):
            return x[..., x.mean((0, 1)).argsort()]

    assert examine(entry(Sorted())).state == "bound"


def test_what_is_refused_or_does_not_run_is_told():
    class Deciding(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    class Broken(nn.Module):
        def forward(self, x):
            raise ValueError("a bad shape")

    refused = examine(entry(Deciding()))
    assert (refused.state, refused.reason[:16]) == ("refused", "NeedsValuesError")
    assert examine(entry(Broken())).reason == "ValueError: a bad shape"


def test_the_tally():
    one = entry(None)
    found = [
        Finding(one, "exact", size="3", pairs=7, fields=0.1, summary=0.3),
        Finding(one, "wrong", "t: 0"),
    ]
    assert tally(found).splitlines()[-3:] == [
        f"{'all':32}{1:>10}{'':>10}{'':>10}{1:>10}{'':>10}{'':>10}{'':>10}",
        "2 models of 1 packages read and held against what they do",
        "summary at most 2 times every layer's field, where it takes over 0.1 s: "
        "0 of 1; over: net 3.0",
    ]
    assert row(found[0], 1.0).split() == ["ours:", "net", "exact", "3", "7", "pairs", "1.0", "s"]


def test_enough_models_of_enough_packages_are_listed():
    assert len(MODELS) >= 60
    assert len({one.package for one in MODELS}) >= 10
    assert len({(one.package, one.name) for one in MODELS}) == len(MODELS)


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda one: f"{one.package}: {one.name}")
def test_none_is_wrong(model):
    if find_spec(model.package) is None:
        pytest.skip(f"{model.package} is not installed")
    found = examine(model)
    assert found.state not in ("wrong", "crashed"), found.reason
