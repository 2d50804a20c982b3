"""Every rule against ONNX Runtime, and the suite against a rule that is wrong on purpose."""

from __future__ import annotations

import pytest

import rfield
from rfield.core import ops

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
pytestmark = pytest.mark.onnx

from rfield.frontends.onnx import RULES, Call  # noqa: E402
from tests.onnx.cases import FAMILIES, simple  # noqa: E402
from tests.onnx.probe import mismatches  # noqa: E402
from tests.onnx.samples import samples  # noqa: E402
from tests.onnx.small import weights  # noqa: E402


@pytest.mark.parametrize("family", FAMILIES)
def test_rfield_and_the_runtime_agree(family: str):
    from onnxruntime.capi import onnxruntime_pybind11_state as runtime

    refusals = (
        runtime.Fail, runtime.InvalidArgument, runtime.NotImplemented, runtime.RuntimeException
    )  # fmt: skip
    problems: list[str] = []
    run = 0
    for title, model, feeds, options in FAMILIES[family]():
        try:
            found = mismatches(model, feeds, **options)
        except refusals:
            continue
        run += 1
        if found:
            problems.append(f"{title}: {len(found)} positions, first {found[0]}")
    assert problems == []
    assert run >= 10


def test_a_wrong_rule_is_found():
    right = RULES.get("Conv")
    assert right is not None

    def wrong(call: Call) -> ops.Op:
        op = ops.conv(call.shape(0), kernel=[3], padding=[(1, 1)])
        return ops.Op(op.kind, op.shape, ops.pool(call.shape(0), kernel=[1]).links)

    try:
        RULES.rule("Conv", replace=True)(wrong)
        _, model, feeds, _ = simple("", "Conv", (1, 1, 6), weights(1, 1, 3), pads=[1, 1])
        assert any("TOO SMALL" in line for line in mismatches(model, feeds))
    finally:
        RULES.rule("Conv", replace=True)(right.function)


def test_the_samples_of_the_fuzzer_are_read():
    for model in samples():
        assert rfield.load(model).outputs
