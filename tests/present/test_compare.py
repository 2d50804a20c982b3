"""Two models side by side: what differs, and which layer is which."""

from __future__ import annotations

import json
from fractions import Fraction

import rfield
from rfield import Graph, GraphBuilder
from tests.cli.test_cli import MODELS, complaint, in_the_checkout, output

__all__ = ["in_the_checkout"]


def net(dilation: int = 1, names: str = "abcd", *, extra: bool = False) -> Graph:
    """Convolution, activation, (pooling,) convolution, pooling over 99 samples."""
    b = GraphBuilder()
    x = b.conv(names[0], b.input("signal", (1, 1, 99)), kernel=3)
    x = b.pointwise(names[1], x)
    x = b.max_pool("extra", x, kernel=2) if extra else x
    x = b.conv(names[2], x, kernel=3, dilation=dilation)
    return b.build([b.avg_pool(names[3], x, kernel=2)])


def pair(left: int = 33, right: int = 33, kernel: int = 3) -> Graph:
    """Two inputs that are correlated: a convolution each, then a sum."""
    b = GraphBuilder()
    x = b.conv("l", b.input("left", (1, 1, left)), kernel=3)
    y = b.conv("r", b.input("right", (1, 1, right)), kernel=kernel, padding=kernel // 2 - 1)
    return b.build([b.add("sum", x, y)])


def test_a_wider_dilation_moves_what_follows():
    found = rfield.compare(net(1), net(2))
    assert [(c.layer, c.part, c.a, c.b) for c in found] == [
        ("", "macs", 576, 570),  # 97*3 + 95*3 and 97*3 + 93*3
        ("c", "size", (5,), (7,)),
        ("c", "center", (2,), (3,)),
        ("c", "macs", 285, 279),
        ("d", "size", (6,), (8,)),
        ("d", "center", (Fraction(5, 2),), (Fraction(7, 2),)),
    ]
    assert (bool(found), found.layers, found.compared) == (True, ("c", "d"), 4)
    assert repr(found) == "Comparison(declared | declared: of 4 layers 2 differ)"


def test_renamed_layers_do_not_differ():
    found = rfield.compare(net(2), net(2, "pqrs"))
    assert not found
    assert str(found) == " A: declared · B: declared\n\n nothing differs in 4 layers\n"


def test_a_wrapper_in_which_all_layers_lie_is_no_layer():
    def wrapped(*names: str) -> Graph:
        b = GraphBuilder()
        x = b.conv(names[0], b.input("signal", (1, 1, 99)), kernel=3)
        x = b.conv(names[1], x, kernel=5)
        return b.build([b.pointwise(names[2], x) if len(names) > 2 else x])

    plain = wrapped("conv1", "conv2")
    inside = wrapped("module.conv1", "module.conv2", "module")
    assert not rfield.compare(plain, inside)
    assert not rfield.compare(inside, plain)
    assert not rfield.compare(inside, inside)


def test_a_layer_more_is_named_and_the_rest_keeps_its_partner():
    found = rfield.compare(net(1), net(1, "pqrs", extra=True))
    assert [(c.what, c.layer, c.other) for c in found if not c.part] == [
        ("added", "extra", "extra")
    ]
    sizes = {(c.layer, c.other): (c.a, c.b) for c in found if c.part == "size"}
    assert sizes == {("c", "r"): ((5,), (8,)), ("d", "s"): ((6,), (10,))}
    strides = [(c.a, c.b) for c in found if c.part == "stride" and c.layer == "c"]
    assert strides == [((1,), (2,))]
    back = rfield.compare(net(1, "pqrs", extra=True), net(1))
    assert [(c.what, c.layer, c.other) for c in back if not c.part] == [("removed", "extra", "")]


def test_every_input_is_compared():
    found = rfield.compare(pair(), pair(kernel=5))
    assert [(c.layer, c.part, c.wrt, c.a, c.b) for c in found if c.layer] == [
        ("r", "size", "right", (3,), (5,)),
        ("r", "padding", "right", (0,), (1,)),
        ("r", "macs", "", 93, 155),
        ("r", "parameters", "", 3, 5),
        ("sum", "size", "right", (3,), (5,)),
        ("sum", "padding", "right", (0,), (1,)),
    ]
    left = rfield.compare(pair(), pair(kernel=5), wrt="left")
    assert {c.part for c in left} == {"macs", "parameters"}
    other = rfield.compare(pair(), pair(35, 35))
    assert [(c.part, c.wrt) for c in other if not c.layer][:2] == [
        ("input", "left"), ("input", "right"),
    ]  # fmt: skip


def test_a_global_read_counts_beside_the_local_field():
    def gated(*, gate: bool) -> Graph:
        b = GraphBuilder()
        x = b.conv("c", b.input("image", (1, 1, 9, 9)), kernel=3)
        g = b.global_pool("g", x) if gate else b.max_pool("g", x, kernel=1)
        return b.build([b.multiply("m", x, g)])

    found = rfield.compare(gated(gate=False), gated(gate=True))
    last = [(c.part, c.a, c.b) for c in found if c.layer == "m"]
    assert last == [("whole", (False, False), (True, True))]
    assert " m      global     no  yes\n" in str(found)


def test_free_sizes_have_no_cost():
    def grown(kernel: int, size: int | None = None) -> Graph:
        b = GraphBuilder()
        return b.build([b.conv("c", b.input("x", (1, 1, size)), kernel=kernel)])

    assert [c.part for c in rfield.compare(grown(3), grown(5))] == ["size", "center"]
    assert [c.part for c in rfield.compare(grown(3), grown(3, 9))] == ["input"]


DIFF = ("diff", "article:vgg_a", "article:vgg_16", "--input-shape", "1x224x224x3")


def test_the_command_and_its_exit_status(capsys):
    text = output(capsys, *DIFF, status=1)
    assert text.startswith(
        " A: article:vgg_a · B: article:vgg_16\n\n of 18 layers 12 differ, 5 only in B\n\n"
        " all multiply-adds  7,485,456,384 → 15,346,630,656\n"
    )
    assert " vgg_a/pool5             size r     150  212\n → vgg_16/pool5 " in text
    deep = ("diff", "article:resnet_v1_50", "article:resnet_v1_101")
    assert " the first 30 of " in output(capsys, *deep, status=1)
    assert " the first 30 of " not in output(capsys, *deep, "--all", status=1)
    same = output(capsys, "diff", "article:vgg_16", "article:vgg_16")
    assert same == " A: article:vgg_16 · B: article:vgg_16\n\n nothing differs in 18 layers\n"


def test_the_rows_for_programs(capsys):
    models = (f"{MODELS}:plain_chain", f"{MODELS}:gated")
    found = json.loads(output(capsys, "diff", *models, "--format", "json", status=1))
    assert (found["schema"], found["compared"]) == ("rfield.diff/1", 6)
    assert found["rows"][3] == {
        "what": "changed", "layer_a": "stem", "layer_b": "stem", "part": "size", "input": "",
        "a": [7, 7], "b": [3, 5],
    }  # fmt: skip
    assert found["rows"][-1] == {
        "what": "added", "layer_a": "", "layer_b": "up", "part": "", "input": "",
        "a": None, "b": None,
    }  # fmt: skip


def test_the_second_model_is_read_like_the_first(capsys):
    text = complaint(capsys, "diff", "article:vgg_16", "article:vgg_61")
    assert text == "rfield: unknown network 'vgg_61'. Did you mean 'vgg_16'?\n"


def test_a_narrow_terminal_is_enough():
    from rfield.present.text import lay_out

    a, b = (rfield.load(f"article:resnet_v1_{n}", (1, 224, 224, 3)) for n in (50, 101))
    lines = lay_out(rfield.compare(a, b).report, width=80)
    assert max(sum(len(span.text) for span in line) for line in lines) <= 80
