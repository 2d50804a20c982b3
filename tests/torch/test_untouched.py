"""A model is left as it was, whatever it does to itself while it is read."""

from __future__ import annotations

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from tests.torch.objects import picture, process  # noqa: E402
from tests.torch.restless import RESTLESS, Failing, build  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

SHAPE = (1, 2, 12)


@pytest.fixture(autouse=True)
def own_process():
    """The tests run the models themselves, too."""
    state = torch.get_rng_state(), torch.is_grad_enabled(), torch.get_default_dtype()
    shared = torch.nn.modules.module
    yield
    for name, value in vars(shared).items():
        if name.startswith("_global") and isinstance(value, dict):
            value.clear()
    shared._global_is_full_backward_hook = None
    torch.set_rng_state(state[0])
    torch.set_grad_enabled(state[1])
    torch.set_default_dtype(state[2])
    torch.set_default_device(None)


def read(model, how):
    """Read a model in one of several ways; whether the reading failed."""
    options = {"input_shape": SHAPE}
    if how == "values":
        options = {"example_inputs": torch.ones(SHAPE), "values": True}
    try:
        rfield.load(model, training=how == "training", **options)
    except rfield.RFieldError:
        return True
    return False


@pytest.mark.parametrize("how", ["shapes", "values", "training", "error"])
@pytest.mark.parametrize("kind", RESTLESS, ids=lambda kind: kind.__name__)
def test_the_model_and_all_that_hangs_on_it(kind, how):
    model, twin = build(kind), build(kind)
    whole = Failing(model) if how == "error" else model
    before, kept = picture(whole)
    around = process()
    failed = read(whole, how)
    after, kept_too = picture(whole)
    assert process() == around
    assert after == before, [type(item) for item in kept if after.get(id(item)) != before[id(item)]]
    assert failed or how != "error"
    assert torch.equal(answer(model), answer(twin))
    del kept, kept_too


def answer(model):
    """What a model says, in a process as it begins."""
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)
    with torch.no_grad():
        return model(torch.rand(SHAPE))


@pytest.mark.parametrize("kind", RESTLESS, ids=lambda kind: kind.__name__)
def test_the_picture_shows_what_a_forward_changes(kind):
    model = build(kind)
    before, kept = picture(model)
    around = process()
    model(torch.rand(SHAPE))
    assert picture(model)[0] != before or process() != around
    assert kept


def test_weights_that_are_kept_while_the_model_runs_stay_its_own():
    """https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrize.cached.html"""
    from torch.nn.utils import parametrize

    layer = torch.nn.Linear(4, 4)
    parametrize.register_parametrization(layer, "weight", torch.nn.Softplus())
    with parametrize.cached():
        rfield.load(layer, (1, 4))
        assert not layer.weight.is_meta
        kept = layer.weight
        assert rfield.receptive_field(layer, input_shape=(1, 4)).layer
        assert layer.weight is kept
