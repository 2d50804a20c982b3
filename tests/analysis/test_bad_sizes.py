"""What may not be asked about sizes, as full error texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rfield
from tests.analysis.literature import valid_unet

UNET = valid_unet(572)


def different_inputs() -> rfield.Graph:
    b = rfield.GraphBuilder()
    left, right = b.input("left", (1, 1, 32)), b.input("right", (1, 1, 16))
    return b.build([b.add("sum", b.max_pool("a", left, kernel=2), right)])


def unreadable() -> rfield.Graph:
    graph = valid_unet(572)
    graph.reread = None
    return graph


def flat() -> rfield.Graph:
    b = rfield.GraphBuilder()
    return b.build([b.pointwise("relu", b.input("x", (1, 5), axes=()))])


BAD: list[tuple[Callable[[], Any], str]] = [
    (
        lambda: rfield.output_size(UNET, 0),
        "input_size = 0; expected positive integers",
    ),
    (
        lambda: rfield.output_size(UNET, (572, -1)),
        "input_size = (572, -1); expected positive integers",
    ),
    (
        lambda: rfield.output_size(UNET, 572.5),
        "input_size = 572.5; expected positive integers",
    ),
    (
        lambda: rfield.check_size(UNET, (1, 2, 3)),
        "size = (1, 2, 3); expected one number, or one for each of y, x",
    ),
    (
        lambda: rfield.output_size(UNET, 570),
        "the model does not take an input of 570x570: join3: sizes differ on an axis other than 1 "
        "(operands: (1, 1, 55, 55), (1, 1, 54, 54))\n"
        "  along y: nearest 556 and 572; smallest 188\n"
        "  along x: nearest 556 and 572; smallest 188",
    ),
    (
        lambda: rfield.output_size(UNET, 20),
        "the model does not take an input of 20x20: down2a: a window of 3 does not fit into 2 "
        "with padding 0 and 0\n"
        "  along y: nearest 188; smallest 188\n"
        "  along x: nearest 188; smallest 188",
    ),
    (
        lambda: rfield.valid_sizes(UNET, "evne"),
        "unknown criterion 'evne'. Did you mean 'even'?",
    ),
    (
        lambda: rfield.valid_sizes(different_inputs()),
        "the inputs have different sizes: 'left' (32,), 'right' (16,). Choose one with wrt=.",
    ),
    (
        lambda: rfield.valid_sizes(UNET, wrt="imgae"),
        "unknown input 'imgae'. Did you mean 'image'?",
    ),
    (
        lambda: rfield.output_size(UNET, 572, "heat"),
        "unknown layer 'heat'. Did you mean 'head'?",
    ),
    (
        lambda: rfield.valid_sizes(unreadable()),
        "this model cannot be read again at other input sizes.\n"
        "  A module can, with a shape instead of example inputs:\n"
        "  rfield.load(model, input_shape=(1, 3, None, None))\n"
        "  An exported program is read at the sizes of its example only.",
    ),
    (
        lambda: rfield.valid_sizes(flat()),
        "the model has no input with an axis whose size could change",
    ),
]


@pytest.mark.parametrize(("ask", "text"), BAD, ids=[text[:40] for _, text in BAD])
def test_what_may_not_be_asked(ask, text):
    with pytest.raises(rfield.RFieldError) as told:
        ask()
    assert str(told.value) == text
