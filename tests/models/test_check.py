"""The command that verifies whole models, on two that are small."""

from __future__ import annotations

import pytest

from tests.models import check


@pytest.mark.torch
def test_a_row_for_each_model(capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    assert check.main(["--kind", "torch", "--match", "*a*e*o*d*r", "--probes", "30"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == check.HEAD
    name, sizes, precision, layers, at, _runs, noise = printed[1].split()[:7]
    assert (name, sizes, precision, layers, at) == (
        "autoencoder", "1x3x31x26", "float64", "3", "36",
    )  # fmt: skip
    assert int(noise) > 12
    assert printed[-1] == "1 of 1 models agree with what is claimed of them"


@pytest.mark.torch
def test_a_model_that_differs_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Padding is taken for zeros where the model wraps around."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    import rfield

    def net(mode: str) -> object:
        return torch.nn.Sequential(torch.nn.Conv1d(1, 2, 3, padding=1, padding_mode=mode))

    wrong = rfield.load(net("zeros"), (1, 1, 20))
    verify = rfield.verify
    monkeypatch.setattr(rfield, "verify", lambda *a, **k: verify(*a, graph=wrong, **k))
    assert not check.check("wrapped", net("circular"), (1, 1, 20), 30)
    assert "(0,): it reads more than claimed at input position (19,)" in capsys.readouterr().out
