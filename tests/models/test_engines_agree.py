"""A habit: on every model of the tests, the forward engine's box is that of the backward engine.

``tests/oracle`` does the same on random graphs, where both are also compared with sets found by
brute force; ``tests/torch/test_models.py`` with what a running model really reads.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import rfield
from rfield import networks
from rfield.analysis.pixels.support import support
from tests.models import engines
from tests.models.engines import disagreements
from tests.present import models as drawn

SMALL = {"inception": 139, "resnet": 97}


@pytest.mark.parametrize("name", networks.names())
def test_networks_of_the_article(name: str):
    size = next((size for key, size in SMALL.items() if key in name), 224)
    compared, found = disagreements(rfield.load(f"article:{name}", size))
    assert found == []
    assert compared > 30


@pytest.mark.parametrize("name", ["cross", "gated", "misaligned", "plain_chain"])
def test_graphs_written_down(name: str):
    compared, found = disagreements(getattr(drawn, name)())
    assert found == []
    assert compared > 10


def test_a_disagreement_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        engines.rfield, "support",
        lambda graph, rows, *rest, **more: support(graph, rows[::-1], *rest, **more),
    )  # fmt: skip
    compared, found = disagreements(drawn.cross())
    assert compared + len(found) > 20
    assert len(found) > compared
    assert "sum[0, 0]: (0, 0)..(2, 2), support ((6, 6), (8, 8))" in found


@pytest.mark.torch
@pytest.mark.parametrize("number", range(7))
def test_networks_in_torch(number: int):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    from tests.models.networks import OWN

    entry = OWN[number]
    assert entry.build is not None
    compared, found = disagreements(rfield.load(entry.build().eval(), entry.shape))
    assert found == []
    assert compared > 30


@pytest.mark.onnx
@pytest.mark.parametrize("number", range(9))
def test_networks_of_the_onnx_package(number: int):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    light = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    path = sorted(light.glob("*.onnx"))[number]
    compared, found = disagreements(rfield.load(path))
    assert found == []
    assert compared > 30


@pytest.mark.onnx
def test_small_onnx_models_of_many_kinds():
    pytest.importorskip("onnx", reason="onnx is not installed")
    from tests.onnx.samples import samples

    tried = 0
    for number, model in enumerate(samples()):
        graph = rfield.load(model)
        if graph.has_free_axes:
            continue
        compared, found = disagreements(graph)
        assert found == [], number
        tried += compared > 0
    assert tried > 20


def zoo() -> list[str]:
    from importlib.util import find_spec

    if not find_spec("torch"):
        return []
    from tests.models.networks import TIMM, TORCHVISION

    return [entry.name for entry in (*TORCHVISION, *TIMM) if not entry.options]


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("spec", zoo())
def test_networks_of_the_zoos(spec: str):
    pytest.importorskip(spec.partition(":")[0], reason="the zoo is not installed")
    compared, found = disagreements(rfield.load(spec))
    assert found == []
    assert compared > 20
