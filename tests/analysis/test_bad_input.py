"""What a person reads who asks an impossible question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rfield


def small(sizes: tuple[int | None, int | None] = (20, 17)) -> Any:
    b = rfield.GraphBuilder()
    y = b.conv("block1/conv1", b.input("image", (1, 4, *sizes)), kernel=3, stride=2, padding="same")
    return b.build(outputs=[b.pointwise("relu", y)])


QUESTIONS: list[tuple[Callable[[Any], Any], str]] = [
    (
        lambda g: rfield.receptive_field(g, "block1/conv"),
        "unknown layer 'block1/conv'. Did you mean 'block1/conv1'?",
    ),
    (
        lambda g: rfield.receptive_field(g, wrt="imgae"),
        "unknown layer 'imgae'. Did you mean 'image'?",
    ),
    (
        lambda g: rfield.receptive_fields(g)["rleu"],
        "unknown layer 'rleu'. Did you mean 'relu'?",
    ),
    (
        lambda g: rfield.receptive_field(g).region((1.5, 2)),
        "relu: index = (1.5, 2); expected integers",
    ),
    (
        lambda g: rfield.receptive_field(g).region((10, 0), clip=True),
        "relu: index (10, 0) outside positions (10, 9)",
    ),
    (
        lambda g: rfield.load("article:inception_v5"),
        "unknown network 'inception_v5'. "
        "Did you mean 'inception_v4', 'inception_v3' or 'inception_v2'?",
    ),
    (lambda g: rfield.load("nothing.onnx"), "nothing.onnx: there is no such file"),
    (
        lambda g: rfield.load("article:vgg_16", unknown="maybe"),
        "unknown = 'maybe'; expected 'error' or 'whole'",
    ),
    (
        lambda g: rfield.receptive_field(g, outptu="x"),
        "unknown option 'outptu'. Did you mean 'output' or 'outputs'?",
    ),
    (lambda g: rfield.receptive_fields(g, off="x"), "unknown option 'off'. Did you mean 'of'?"),
    (
        lambda g: rfield.load("article:vgg_16", imput_shape=224),
        "unknown option 'imput_shape'. Did you mean 'input_shape'?",
    ),
    (
        lambda g: rfield.load("article:vgg_16", values={}),
        "unknown option 'values'. There is no option to choose from.",
    ),
    (
        lambda g: rfield.receptive_field(g, input_shape=(1, 4, 9, 9)),
        "input_shape: a Graph is read already, so this changes nothing.\n"
        "  Give it where the graph is made: rfield.load(model, ...) or GraphBuilder",
    ),
    (
        lambda g: rfield.load(None),
        "cannot read an object of type NoneType as a model.\n"
        "  Pass a live model, a path, or a spec such as 'torchvision:resnet50'.",
    ),
    (
        lambda g: rfield.load(rfield.Graph),
        "cannot read the class rfield.core.graph.Graph as a model. "
        "Pass an instance, not the class.",
    ),
    (
        lambda g: rfield.load("article:vgg_16", (224, 224)),
        "vgg_16: input shape = (224, 224); expected one size, or (batch, height, width, 3)",
    ),
    (
        lambda g: rfield.load("article:vgg_16", (1, 3, 224, 224)),
        "vgg_16: input shape = (1, 3, 224, 224); expected one size, or (batch, height, width, 3)",
    ),
    (
        lambda g: rfield.load("article:vgg_16", {"imgae": 224}),
        "unknown input 'imgae'. Did you mean 'image'?",
    ),
]


def test_an_unknown_option_is_a_type_error_too() -> None:
    with pytest.raises(TypeError):
        rfield.load("article:vgg_16", imput_shape=224)


@pytest.mark.parametrize("shape", [224, (1, 224, 224, 3), {"image": (1, 224, 224, 3)}])
def test_the_shape_of_an_article_network(shape: Any) -> None:
    graph = rfield.load("article:vgg_16", shape)
    assert graph.shape(0) == (1, 224, 224, 3)
    assert rfield.load("article:vgg_16", (1, None, 224, 3)).shape(0) == (1, None, 224, 3)


@pytest.mark.parametrize(("ask", "text"), QUESTIONS, ids=[text[:40] for _, text in QUESTIONS])
def test_an_impossible_question(ask: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(rfield.RFieldError) as told:
        ask(small())
    assert str(told.value) == text


FREE: list[tuple[Callable[[Any], Any], str]] = [
    (
        lambda rf: rf.region((0, 0), clip=True),
        "relu: clip=True needs the input's sizes; image has free axes. "
        "Give one, for example\n  rfield.load(model, input_shape=(1, 4, 224, 224))",
    ),
    (
        lambda rf: rf.region((0, 0)),
        "relu: the padding of relu along y depends on the input size",
    ),
    (
        lambda rf: rf.outputs_seeing((0, 0)),
        "relu: outputs_seeing needs the input's sizes; image has free axes. "
        "Give one, for example\n  rfield.load(model, input_shape=(1, 4, 224, 224))",
    ),
]


@pytest.mark.parametrize(("ask", "text"), FREE, ids=[text[:40] for _, text in FREE])
def test_a_size_that_is_needed_and_free(ask: Callable[[Any], Any], text: str) -> None:
    field = rfield.receptive_field(small((None, None)))
    assert field.size == (3, 3)
    with pytest.raises(rfield.RFieldError) as told:
        ask(field)
    assert str(told.value) == text


def planned() -> Any:
    return rfield.tile_plan(small((32, 32)), 64, tile=32)


WRONG = [
    (lambda: rfield.design(size="a"), "size = 'a'; expected a whole number"),
    (lambda: rfield.design(size=31, stride=None), "stride = None; expected a whole number"),
    (
        lambda: rfield.receptive_field(small((8, 8)), ["relu"]),
        "unknown layer of type list. Known: block1/conv1, relu, image.",
    ),
    (
        lambda: rfield.support(small((8, 8)), (1, 1), {"a": 1}),
        "unknown layer of type dict. Known: block1/conv1, relu, image.",
    ),
    (
        lambda: rfield.receptive_field("article:vgg_16", input_shape=iter((1, 3, 64, 64))),
        "input_shape is a tuple_iterator; expected sizes: (1, 3, 224, 224)",
    ),
    (
        lambda: rfield.receptive_field("article:vgg_16", input_shape={1, 3}),
        "input_shape is a set; expected sizes: (1, 3, 224, 224)",
    ),
    (
        lambda: rfield.run_tiled(abs, planned(), np.zeros((1, 4, 64, 64))),
        "run_tiled of builtin_function_or_method, TilePlan, ndarray; "
        "expected run_tiled(function, image, plan), the plan last",
    ),
    (
        lambda: rfield.run_streaming(abs, [np.zeros((1, 1, 4))], planned()),
        "run_streaming of builtin_function_or_method, list, TilePlan; "
        "expected run_streaming(function, chunks, plan)",
    ),
]


@pytest.mark.parametrize(("ask", "text"), WRONG, ids=[text[:40] for _, text in WRONG])
def test_arguments_of_another_kind(ask: Callable[[], Any], text: str) -> None:
    with pytest.raises(rfield.RFieldError) as told:
        ask()
    assert str(told.value) == text
