"""Buffers that a model writes to hold what was written, in every form of the model."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402, N812 - torch's own name for it

import rfield  # noqa: E402
from tests.torch.versions import since  # noqa: E402

pytestmark = pytest.mark.torch
SHAPE = (1, 1, 8)
WHOLE = set(range(8))


class Model(torch.nn.Module):
    """A buffer, a parameter and a plain tensor beside a function of them and the input."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.register_buffer("cache", torch.zeros(SHAPE))
        self.weight = torch.nn.Parameter(torch.zeros(SHAPE), requires_grad=False)
        self.norm = torch.nn.BatchNorm1d(1).train()
        self.function = function

    def forward(self, x: Any) -> Any:
        return self.function(self, x)


def wrote(write: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The buffer, doubled, after a write."""

    def read(model: Any, x: Any) -> Any:
        write(model, x)
        return model.cache * 2

    return read


def rebound(model: Any, x: Any) -> Any:
    model.cache = x.roll(1, 2)
    return model.cache * 2


def functional_norm(_model: Any, x: Any) -> Any:
    mean = torch.zeros(1)
    F.batch_norm(x, mean, torch.ones(1), training=True)
    return x + mean


def instance_norm(_model: Any, x: Any) -> Any:
    mean = torch.zeros(1)
    F.instance_norm(x, mean, torch.ones(1), use_input_stats=True)
    return x + mean


CASES: dict[str, tuple[Callable[[Any, Any], Any], dict[int, set[int]]]] = {
    "copy_": (wrote(lambda m, x: m.cache.copy_(x.roll(1, 2))), {3: {2}}),
    "another tensor": (rebound, {3: {2}}),
    "a parameter": (lambda m, x: m.weight.copy_(x.roll(1, 2)) + 1, {3: {2}}),
    "add_": (wrote(lambda m, x: m.cache.mul_(0.9).add_(x.roll(1, 2))), {3: {2}}),
    "a slice": (wrote(lambda m, x: m.cache[:, :, 2:5].copy_(x[:, :, :3])), {3: {1}, 1: set()}),
    "an index": (
        wrote(lambda m, x: m.cache.index_copy_(2, torch.tensor([1, 3]), x[:, :, :2])),
        {3: {1}, 2: set()},
    ),
    "through a view": (wrote(lambda m, x: m.cache.view(8).copy_(x[0, 0].roll(1))), {3: {2}}),
    "through a part": (wrote(lambda m, x: m.cache.chunk(2, 2)[0].copy_(x[:, :, 4:])), {3: {7}}),
    "out": (wrote(lambda m, x: torch.add(x.roll(1, 2), 1, out=m.cache)), {3: {2}}),
    "over and over": (wrote(lambda m, x: m.cache.copy_(x).fill_(1.0).add_(x.roll(2, 2))), {3: {1}}),
    "the statistics of a function": (functional_norm, {3: WHOLE}),
    "those of each channel": (instance_norm, {3: WHOLE}),
    "those beside the result": (
        lambda m, x: x + torch.native_batch_norm(x, None, None, None, None, True, 0.1, 0.0)[1],
        {3: WHOLE},
    ),
    "those of a group": (
        lambda m, x: x + torch.native_group_norm(x, None, None, 1, 1, 8, 1, 0.0)[1][0, 0],
        {3: WHOLE},
    ),
}  # fmt: skip


def read(source: Any, at: int, **options: Any) -> tuple[set[int], str]:
    found = rfield.support(rfield.load(source, **options), (at,))
    return set((np.flatnonzero(found.mask) + found.offset[0]).tolist()), found.fidelity.name


@since(2, 13, "exports refuse or leave out some of the writes")
@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")
def test_what_was_written_is_read(name: str) -> None:
    function, reads = CASES[name]
    model = Model(function)
    program = torch.export.export(copy.deepcopy(model), (torch.rand(SHAPE),))
    for at, right in reads.items():
        assert read(model, at, input_shape=SHAPE) == (right, "EXACT")
        assert read(program, at) == (right, "EXACT")
        assert read(program.run_decompositions(), at) == (right, "EXACT")
        assert really(model, at) == right


def really(model: Any, at: int) -> set[int]:
    """The inputs that change an output."""
    image = torch.linspace(0.5, 1.5, 8).reshape(SHAPE)
    with torch.no_grad():
        before = copy.deepcopy(model)(image).flatten()[at]
        found: set[int] = set()
        for place in range(8):
            changed = image.clone()
            changed[0, 0, place] += 10
            if abs(copy.deepcopy(model)(changed).flatten()[at] - before) > 1e-5:
                found.add(place)
    return found


def test_a_module_in_training_writes_to_its_buffers() -> None:
    model = Model(lambda m, x: (m.norm(x), x + m.norm.running_mean)[1])
    assert read(model, 3, input_shape=SHAPE, training=True) == (WHOLE, "EXACT")
    assert read(model, 3, input_shape=SHAPE) == ({3}, "EXACT")
    assert not model.norm.running_mean.any()


def test_what_an_op_without_a_rule_writes_to_may_hold_anything() -> None:
    def quantized(_model: Any, x: Any) -> Any:
        low, high, scale = torch.zeros(1), torch.zeros(1), torch.ones(1)
        on, zero = torch.ones(1, dtype=torch.long), torch.zeros(1, dtype=torch.int)
        torch.fused_moving_avg_obs_fake_quant(
            x, on, torch.zeros(1, dtype=torch.long), low, high, scale, zero, 0.01, 0, 255, -1
        )
        return x + low

    model = Model(quantized)
    assert read(model, 3, input_shape=SHAPE, unknown="whole") == (WHOLE, "UPPER_BOUND")


def paired(_model: Any, x: Any) -> Any:
    y = x * 2
    y[:, [0, 1, 2], [3, 5, 7]] = 1.0
    return y


def kept(_model: Any, x: Any) -> Any:
    y = x * 2
    y[:, [0, 1, 2], [3, 5, 7]] = x[:, [0, 1, 2], [3, 5, 7]]
    return y


def stepped(_model: Any, x: Any) -> Any:
    y = (x * 2).flatten(1)
    y[:, 3::5] = 1.0
    return y.view(x.shape)


@pytest.mark.parametrize("write", [paired, kept, stepped])
def test_holes_at_even_steps_of_channels_and_time_keep_the_positions_in_time(write: Any) -> None:
    rf = rfield.receptive_field(Model(write), input_shape=(2, 3, 12))
    assert (rf.axes, rf.sizes, rf.fidelity.name) == (("t",), ((1,),), "EXACT")
    assert [rf.region((t,)).start[0] for t in (0, 5, 11)] == [0, 5, 11]
