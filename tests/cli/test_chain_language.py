"""The chain mini-language: what it means, and every mistake pointed at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfield
from rfield import GraphBuilder, RFieldError
from rfield.analysis.geometry.fields import receptive_field
from rfield.cli.networks import SYNTAX
from rfield.frontends.declared.chain import MOST_LAYERS, Step, chain, parse

SYNTAX_LINE = "  A layer is [NAME=][t|m|a|u|ub]SIZE[/STRIDE][pPADDING][dDILATION][oEXTRA][c][*N]"


def error_of(text: str, sizes: tuple[int, ...] | None = None) -> str:
    with pytest.raises(RFieldError) as caught:
        chain(text, sizes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("3", Step("conv1", "conv", (3,))),
        ("7/2p3", Step("conv1", "conv", (7,), (2,), ((3, 3),))),
        ("3d2p1", Step("conv1", "conv", (3,), dilation=(2,), padding=((1, 1),))),
        ("3p0,1", Step("conv1", "conv", (3,), padding=((0, 1),))),
        ("3x1/2x1p1,2x0d1x3", Step("conv1", "conv", (3, 1), (2, 1), ((1, 2), (0, 0)), (1, 3))),
        ("3/2psame", Step("conv1", "conv", (3,), (2,), "same")),
        ("3/2psame_lowerd2", Step("conv1", "conv", (3,), (2,), "same_lower", (2,))),
        ("3pvalid", Step("conv1", "conv", (3,), padding="valid")),
        ("t4/2p1o1", Step("tconv1", "conv_transpose", (4,), (2,), ((1, 1),), extra=(1,))),
        ("m3", Step("pool1", "max_pool", (3,), (3,))),
        ("a3x2/1", Step("pool1", "avg_pool", (3, 2), (1,))),
        ("m3/2c", Step("pool1", "max_pool", (3,), (2,), ceil_mode=True)),
        ("u2", Step("up1", "nearest", (2,))),
        ("ub2x4", Step("up1", "bilinear", (2, 4))),
        ("stem=3", Step("stem", "conv", (3,))),
    ],
)
def test_one_layer(text: str, step: Step):
    assert parse(text) == (step,)


def test_names_and_repetitions():
    assert [step.name for step in parse("3 m2 3*2 a2 block=3*3 u2 t2/2 conv9=1 3")] == [
        *("conv1", "pool1", "conv2", "conv3", "pool2", "block_1", "block_2", "block_3"),
        *("up1", "tconv1", "conv9", "conv4"),
    ]
    assert [step.name for step in parse("conv1=3 3")] == ["conv1", "conv2"]


def test_a_chain_is_what_the_builder_makes():
    b = GraphBuilder()
    x = b.input("input", (1, 1, 40, 50))
    y = b.conv("conv1", x, kernel=(7, 5), stride=2, padding=[(3, 3), (2, 1)])
    y = b.max_pool("pool1", y, kernel=3, stride=2, padding=1, ceil_mode=True)
    y = b.conv("conv2", y, kernel=3, padding="same", dilation=2)
    y = b.conv_transpose("tconv1", y, kernel=4, stride=2, padding=1, output_padding=1)
    y = b.avg_pool("pool2", y, kernel=2)
    y = b.resize("up1", y, scale=2, mode="nearest")
    y = b.resize("up2", y, scale=(2, 1), mode="bilinear")
    by_hand = rfield.receptive_field(b.build([y]))
    graph = chain("7x5/2p3x2,1 m3/2p1c 3psamed2 t4/2p1o1 a2 u2 ub2x1", (40, 50))
    written = rfield.receptive_field(graph)
    assert written.as_dict() == by_hand.as_dict()
    assert graph.layers == ("conv1", "pool1", "conv2", "tconv1", "pool2", "up1", "up2")
    assert [n.shape for n in graph.nodes] == [n.shape for n in by_hand.graph.nodes]


def test_axes_follow_from_what_is_written():
    assert receptive_field(chain("3 3")).axes == ("t",)
    assert receptive_field(chain("3 3x1")).size == (5, 3)
    assert receptive_field(chain("3 1x3x5", (9,))).size == (3, 5, 7)
    assert receptive_field(chain("3", (9, 8))).axes == ("y", "x")


TYPOS = [
    ("7/2p3 3/2q1 3p1d2", "unexpected 'q'", "         ^"),
    ("7,2", "unexpected ','", " ^"),
    ("p1 3", "expected a number for the kernel, found 'p'", "^"),
    ("3 t", "expected a number for the kernel, found the end of the layer", "   ^"),
    ("ubx", "expected a number for the factor, found 'x'", "  ^"),
    ("3/ 2", "expected a number for the stride, found the end of the layer", "  ^"),
    ("3p-1", "expected a number for the padding, found '-'", "  ^"),
    ("3psome", "expected a number for the padding, found 's'", "  ^"),
    ("3p1,", "expected a number for the padding, found the end of the layer", "    ^"),
    ("3x", "expected a number for the kernel, found the end of the layer", "  ^"),
    ("3d1.5", "unexpected '.'", "   ^"),
    ("3 0/2", "the kernel is 0; expected at least 1", "  ^"),
    ("3/00", "the stride is 0; expected at least 1", "  ^^"),
    ("3d0", "the dilation is 0; expected at least 1", "  ^"),
    ("u0", "the factor is 0; expected at least 1", " ^"),
    ("3*0", "the repetition is 0; expected at least 1", "  ^"),
    ("3*2d2", "nothing may follow the repetition", "   ^^"),
    ("3p1p1", "the padding is given twice", "   ^^"),
    ("3 u2/2", "up-sampling has no stride", "    ^^"),
    ("ub2p1", "up-sampling has no padding", "   ^^"),
    ("3o1", "a convolution has no output padding", " ^^"),
    ("3c", "a convolution has no ceil mode", " ^"),
    ("t3c", "a transposed convolution has no ceil mode", "  ^"),
    ("m3o1", "pooling has no output padding", "  ^^"),
    ("=3", "there is no name before '='", "^"),
    ("3x3/2x2x2", "2 axes and 3 axes in one layer", "   ^^^^^^"),
    ("3 1234567890123456", "the kernel has 16 digits", "  ^^^^^^^^^^^^^^^^"),
    ("層=3 3q", "unexpected 'q'", "\u3000    ^"),
    ("\x1b=3 3q", "unexpected 'q'", "     ^"),
]


@pytest.mark.parametrize(("text", "problem", "carets"), TYPOS)
def test_a_typo_is_pointed_at(text: str, problem: str, carets: str):
    shown = text.replace("\x1b", " ")
    assert error_of(text) == f"chain: {problem}\n  {shown}\n  {carets}\n{SYNTAX_LINE}"


def test_an_empty_chain():
    for text in ("", "  \t"):
        assert error_of(text) == f"chain: there is no layer in it\n{SYNTAX_LINE}"


@pytest.mark.parametrize(
    ("text", "sizes", "message"),
    [
        ("x=3 x=5", None, "chain: the name 'x' is taken already\n  x=3 x=5\n      ^"),
        ("input=3", None, "chain: the name 'input' is taken already\n  input=3\n  ^^^^^"),
        ("3x3 3x3x3", None, "chain: conv2 has 3 axes, conv1 has 2\n  3x3 3x3x3\n      ^^^^^"),
        (
            "7/2p3 7",
            (8,),
            "chain: conv2: a window of 7 does not fit into 4 with padding 0 and 0\n"
            "  7/2p3 7\n        ^",
        ),
        ("3x1", (5, 5, 5), "chain: the input has 3 sizes and the layers have 2 axes"),
        ("3*20000", None, "chain: more than 10,000 layers\n  3*20000\n  ^^^^^^^"),
    ],
)
def test_what_is_well_written_but_cannot_be(text, sizes, message):
    assert error_of(text, sizes) == message


def test_a_long_chain_is_shown_around_the_mistake():
    text = "3 " * 60 + "3k " + "3 " * 60
    _, shown, carets, _ = error_of(text).split("\n")
    assert len(shown) < 80
    assert shown.startswith("  …")
    assert shown.endswith("…")
    assert shown[carets.index("^")] == "k"


def test_nothing_grows_with_a_number():
    far = receptive_field(chain("1000000p500000/1000 3d1000000000", (10**14,)))
    assert far.size == (1_000_000 + 2 * 10**9 * 1000,)
    assert far.padding == (500_000,)
    assert receptive_field(chain("1000000000/1000000000", (10**12,))).stride == (10**9,)
    assert len(parse(f"1*{MOST_LAYERS}")) == MOST_LAYERS


@given(st.text(alphabet="0123456789/pdxtmaubco*=,. same_lowervalid", max_size=30))
def test_any_text_is_a_chain_or_an_error_that_points(text: str):
    message = ""
    try:
        steps = parse(text)
    except RFieldError as error:
        steps, message = (), str(error)
    assert len({step.name for step in steps}) == len(steps)
    assert steps or (message.startswith("chain: ") and ("^" in message or "no layer" in message))


def test_the_help_names_every_letter():
    for word in ("/STRIDE", "pPADDING", "dDILATION", "oEXTRA", "*N", "psame", "ub", "ceil"):
        assert word in SYNTAX
    for example in ('"7/2p3 m3/2p1 3p1*4"', '"conv1=7/2psame"', '"3x1p1x0 1x3p0x1"'):
        assert example in SYNTAX
        chain(example.strip('"'), (64,))
