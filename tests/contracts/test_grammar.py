"""Every public question is asked in one order: the model, what it is about, the layer."""

from __future__ import annotations

from inspect import Parameter, isfunction, signature

import numpy as np
import pytest

import rfield

QUESTIONS = [name for name in rfield.__all__ if isfunction(getattr(rfield, name))]
FIRST = ("source_or_graph", "source", "model", "a", "function", "size", "specs")
"""What is asked, run, or looked for."""


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_order_of_arguments(name):
    parameters = signature(getattr(rfield, name)).parameters
    places = [n for n, p in parameters.items() if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    assert places[0] in FIRST
    assert len(places) <= 3
    if "output" in places:
        assert places[-1] == "output"
    for keyword in ("wrt", "progress", "clip", "axes"):
        assert keyword not in places


def streaming():
    b = rfield.GraphBuilder()
    y = b.conv("sum", b.input("signal", (1, 1, 64)), kernel=3)
    return rfield.stream_plan(b.build([y]))


def sums(x):
    return x[..., 2:] + x[..., 1:-1] + x[..., :-2]


def test_the_old_order_of_run_streaming_still_works():
    chunks = [np.ones((1, 1, 5)), np.ones((1, 1, 4))]
    told = r"run_streaming\(function, plan, chunks\) is now run_streaming\(function, chunks, plan\)"
    with pytest.warns(DeprecationWarning, match=told):
        parts = list(rfield.run_streaming(sums, streaming(), chunks))
    assert np.concatenate(parts, axis=2).tolist() == [[[3.0] * 7]]
    found = np.concatenate(list(rfield.run_streaming(sums, chunks, streaming())), axis=2)
    assert found.tolist() == [[[3.0] * 7]]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda: rfield.tile_plan("article:vgg_16", 512, max_byte=1),
            "unknown option 'max_byte'. Did you mean 'max_bytes'?",
        ),
        (
            lambda: rfield.summary("article:vgg_16", input_shpae=224),
            "unknown option 'input_shpae'. Did you mean 'input_shape'?",
        ),
        (
            lambda: rfield.verify("timm:resnet18", postions=3),
            "unknown option 'postions'. Did you mean 'positions'?",
        ),
        (
            lambda: rfield.measured_influence("timm:resnet18", reduse="abs"),
            "unknown option 'reduse'. Did you mean 'reduce'?",
        ),
        (
            lambda: rfield.load("article:vgg_16", trainin=True),
            "unknown option 'trainin'. Did you mean 'training'?",
        ),
    ],
)
def test_a_misspelt_option_is_answered_with_the_nearest(ask, message):
    with pytest.raises(rfield.UnknownOptionError) as told:
        ask()
    assert str(told.value) == message


class Tensor:
    """What a tensor shows of itself."""

    ndim, shape = 4, (1, 3, 8, 9)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            Tensor(),
            "input_shape is a Tensor of 1x3x8x9; expected sizes.\n"
            "  Give its shape (x.shape), or the tensor itself as example_inputs=(x,).",
        ),
        ("1x3x8x9", "input_shape = '1x3x8x9'; expected sizes: (1, 3, 224, 224)"),
        (
            224,
            "input_shape=224 is short: batch and channels count, as in "
            "input_shape=(1, 3, 224, 224)",
        ),
    ],
)
def test_an_input_shape_is_sizes(given, told):
    with pytest.raises(rfield.errors.InvalidModelError) as caught:
        rfield.load(lambda x: x, given)
    assert str(caught.value) == told


def test_a_layer_is_named_by_its_name():
    b = rfield.GraphBuilder()
    graph = b.build(outputs=[b.conv("c", b.input("x", (1, 1, 8)), kernel=3)])
    with pytest.raises(rfield.errors.UnknownNameError) as caught:
        rfield.receptive_field(graph, Tensor())
    assert str(caught.value) == "unknown layer of type Tensor. Known: c, x."
