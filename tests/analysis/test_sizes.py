"""Input sizes: facts of the literature, and a plain count of windows."""

from __future__ import annotations

import json
import random
from itertools import islice
from typing import Any

import pytest

import rfield
from rfield.analysis.resizing.sizeset import SizeSet
from tests.analysis.literature import valid_unet

# One layer of a chain: kernel, stride, and padding "same" or (before, after).
Layer = tuple[int, int, Any]


def chain(layers: list[Layer], size: int | None) -> rfield.Graph:
    b = rfield.GraphBuilder()
    y = b.input("signal", (1, 1, size))
    for number, (kernel, stride, padding) in enumerate(layers):
        given = padding if isinstance(padding, str) else [padding]
        y = b.conv(f"conv{number}", y, kernel=kernel, stride=stride, padding=given)
    return b.build([y])


def counted(layers: list[Layer], size: int) -> tuple[int | None, bool, bool]:
    """Output size (None: refused), whether nothing is dropped, and whether padding is even."""
    complete = even = True
    for kernel, stride, padding in layers:
        if padding == "same":
            total = max(0, (-(-size // stride) - 1) * stride + kernel - size)
            before, after = total // 2, total - total // 2
        else:
            before, after = padding
        cells = ["pad"] * before + ["real"] * size + ["pad"] * after
        windows = [cells[i : i + kernel] for i in range(0, len(cells) - kernel + 1, stride)]
        if not windows:
            return None, False, False
        read = cells[: stride * (len(windows) - 1) + kernel]
        rest = cells[len(read) :]
        gap = max(0, stride - kernel)  # cells between two windows, which no window would read
        complete &= "real" not in rest[gap:]
        lead, trail = before, read[before + 1 :].count("pad") if "real" in read else 0
        even &= lead == trail
        size = len(windows)
    return size, complete, even


def test_the_count_itself():
    """224 and 225 into a 3x3 with stride 2, by hand."""
    assert counted([(3, 2, (1, 1))], 224) == (112, True, False)
    assert counted([(3, 2, (1, 1))], 225) == (113, True, True)
    assert counted([(3, 2, "same")], 224) == (112, True, False)
    assert counted([(3, 2, (0, 0))], 224) == (111, False, True)
    assert counted([(2, 2, (0, 0))], 225) == (112, False, True)
    assert counted([(1, 2, (0, 0))], 224) == (112, True, True)
    assert counted([(5, 1, (0, 0))], 4) == (None, False, False)


def random_chain(seed: int) -> list[Layer]:
    draw = random.Random(seed)
    layers: list[Layer] = []
    for _ in range(draw.randint(1, 4)):
        kernel, stride = draw.randint(1, 5), draw.choice([1, 1, 2, 2, 3])
        most = max(0, kernel - 1)
        before = draw.randint(0, most // 2)
        padding = draw.choice(["same", (0, 0), (before, before), (before, min(before + 1, most))])
        layers.append((kernel, stride, padding))
    return layers


@pytest.mark.parametrize("seed", range(60))
def test_sizes_of_a_chain_are_those_that_can_be_counted(seed):
    layers = random_chain(seed)
    graph = chain(layers, 60)
    found = {name: rfield.valid_sizes(graph, name) for name in ("accepted", "complete", "even")}
    for size in range(1, 200):
        output, complete, even = counted(layers, size)
        assert (size in found["accepted"]) == (output is not None), size
        assert (size in found["complete"]) == complete, size
        assert (size in found["even"]) == even, size
        if output is not None:
            assert rfield.output_size(graph, size) == (output,)


@pytest.mark.parametrize("seed", range(20))
def test_the_input_sizes_of_an_output_are_all_of_them(seed):
    layers = random_chain(1000 + seed)
    graph = chain(layers, None)
    for target in (1, 2, 3, 7):
        found = rfield.input_size(graph, target)
        listed = [n for n in range(1, 600) if counted(layers, n)[0] == target]
        assert list(found.sets[0].early) == listed
        assert found.smallest == (min(listed, default=None),)


def test_the_original_unet():
    graph = valid_unet(572)
    assert rfield.output_size(graph, 572) == (388, 388)
    legal = rfield.valid_sizes(graph)
    assert str(legal) == "y, x: n ≡ 12 mod 16, from 188"
    assert 572 in legal
    assert 570 not in legal
    assert (572, 188) in legal
    assert rfield.input_size(graph, 388).smallest == (572, 572)
    none = rfield.input_size(graph, 389)
    assert not none
    assert none.against[0] == ("no input size gives 389; nearest: 388 from 572, 404 from 588",)


def test_deeplab_sizes_are_those_that_pad_evenly():
    """321 and 513 (Chen et al. 2017): one more than a multiple of the stride."""
    for name, stride in (("article:mobilenet_v1", 32), ("article:resnet_v1_50", 32)):
        even = rfield.valid_sizes(name, "even", input_shape=224)
        assert str(even) == f"y, x: n ≡ 1 mod {stride}, from 1"
        assert {321, 513, 225} <= set(islice(even.sets[0], 20))
        assert not {224, 256, 320, 512} & set(islice(even.sets[0], 20))


def test_an_output_stride_of_16():
    """Four strides, then dilation in their place: n ≡ 1 mod 16, and 33 positions of 513."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 224, 224))
    for number in range(4):
        x = b.conv(f"conv{number}", x, kernel=3, stride=2, padding="same")
    graph = b.build([b.conv("atrous", x, kernel=3, dilation=2, padding="same")])
    even = rfield.valid_sizes(graph, "even")
    assert str(even) == "y, x: n ≡ 1 mod 16, from 1"
    assert {321, 513} <= set(islice(even.sets[0], 40))
    assert rfield.output_size(graph, 513) == (33, 33)
    assert rfield.check_size(graph, 513).centers[0] == (0, 512)


def test_why_513_and_not_512():
    graph = rfield.load("article:mobilenet_v1", 224)
    good, bad = rfield.check_size(graph, 513), rfield.check_size(graph, 512)
    assert good
    assert not bad
    assert (good.output, good.centers) == ((17, 17), ((0, 512), (0, 512)))
    assert (bad.output, bad.centers) == ((16, 16), ((31, 511), (31, 511)))
    assert str(bad).splitlines()[:2] == [
        "512x512 -> 16x16",
        "  Conv2d_0 pads 0 before and 1 after along y",
    ]


def test_inception_v3_drops_nothing_at_299():
    complete = rfield.valid_sizes("article:inception_v3", "complete", input_shape=299)
    assert str(complete) == "y, x: n ≡ 11 mod 32, from 75"
    assert 299 in complete
    assert 300 not in complete


def test_vgg_drops_nothing_at_multiples_of_32():
    graph = rfield.load("article:vgg_16", 224)
    assert str(rfield.valid_sizes(graph, "complete")) == "y, x: multiples of 32, from 32"
    assert str(rfield.valid_sizes(graph, "all")) == "y, x: multiples of 32, from 32"
    found = rfield.check_size(graph, (224, 225))
    assert [(name, f.layer, f.axis) for name, f in found.findings] == [
        ("complete", "vgg_16/pool1", "x")
    ]


def same_residual(size: int | None, stages: int = 5) -> rfield.Graph:
    """Residual blocks with SAME padding: a 3x3 with stride 2 beside a 1x1 with stride 2."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, size, size))
    for stage in range(stages):
        body = b.conv(f"body{stage}", x, kernel=3, stride=2, padding="same")
        x = b.add(f"add{stage}", body, b.conv(f"short{stage}", x, kernel=1, stride=2))
    return b.build([x])


def test_same_padded_branches_are_aligned_at_odd_sizes_only():
    """A 3x3 with stride 2 and SAME is centred on 0 at odd sizes, on 1 at even ones."""
    aligned = rfield.valid_sizes(same_residual(224), "aligned")
    assert str(aligned) == "y, x: n ≡ 1 mod 32, from 1"
    assert {321, 513} <= set(islice(aligned.sets[0], 20))
    assert "add0 joins branches that are not aligned along y" in aligned.against[0][0]
    for size in (224, 225, 320, 321, 512, 513):
        assert rfield.alignment(same_residual(size)).aligned == (size in aligned)
    once = rfield.valid_sizes(same_residual(None, stages=1), "aligned")
    assert str(once) == "y, x: n ≡ 1 mod 2, from 1"


def test_padding_that_no_window_uses_does_not_count():
    """An explicit pad of 1 and 1 before a valid 3x3 with stride 2 is used like the conv's own."""
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 16, 16))
    y = b.conv("conv", b.pad("pad", x, padding=1), kernel=3, stride=2)
    assert str(rfield.valid_sizes(b.build([y]), "even")) == "y, x: n ≡ 1 mod 2, from 1"


def test_a_step_that_is_no_stride():
    """Twice as many positions, then every third: a rate of 3/2 repeats every 3 sizes."""
    b = rfield.GraphBuilder()
    y = b.resize("up", b.input("signal", (1, 1, 89)), scale=2, mode="linear")
    y = b.max_pool("third", b.conv("conv", y, kernel=2, dilation=2), kernel=1, stride=3)
    graph = b.build([y])
    legal = rfield.valid_sizes(graph)
    assert str(legal) == "t: every size from 2"
    assert legal.basis[0].startswith("sizes repeat every 3:")
    # 2n - 2 positions after the convolution, of which every third is kept
    for target in (1, 2, 3, 4):
        expected = [n for n in range(2, 30) if -(-(2 * n - 2) // 3) == target]
        assert list(rfield.input_size(graph, target).sets[0].early) == expected


def test_an_output_of_one_position_still_has_its_axis():
    """Loaded at a size that leaves one position; the axis shows at larger ones."""
    layers = [(2, 3, (1, 1)), (5, 3, (2, 2)), (2, 2, (1, 1)), (1, 3, (0, 0))]
    for size in (20, 49, 300):
        graph = chain(layers, size)
        for target in (1, 2, 3):
            listed = [n for n in range(1, 400) if counted(layers, n)[0] == target]
            assert list(rfield.input_size(graph, target).sets[0].early) == listed
            assert rfield.output_size(graph, listed[0]) == (target,)


def test_a_slice_is_no_floor():
    """What a slice leaves out on purpose is not dropped; what its last step misses is."""
    b = rfield.GraphBuilder()
    y = b.slice("half", b.input("signal", (1, 1, 64)), axis=2, start=0, stop=32, step=2)
    assert rfield.check_size(b.build([y]), 64)


def test_what_another_branch_reads_is_not_dropped():
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 15))
    pooled = b.max_pool("pool", x, kernel=2)
    assert not rfield.check_size(b.build([pooled]), 15)
    wide = b.conv("wide", x, kernel=3, stride=2, padding=[(0, 0)])
    assert rfield.check_size(b.build([pooled, wide]), 15).holds("complete")


def test_axes_may_differ():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 16, 24))
    y = b.max_pool("pool", x, kernel=(4, 3), stride=(4, 3))
    graph = b.build([y])
    assert str(rfield.valid_sizes(graph, "complete")) == (
        "y: multiples of 4, from 4; x: multiples of 3, from 3"
    )
    assert rfield.input_size(graph, (2, 5)).smallest == (8, 15)


def test_a_model_of_one_size_says_how_far_was_looked():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 16, 16))
    y = b.conv("conv", x, kernel=4, stride=4)
    graph = b.build([b.reshape("tokens", y, (1, 16))])
    legal = rfield.valid_sizes(graph)
    assert str(legal) == "y, x: 16–19 of 12 to 20"
    assert 16 in legal
    with pytest.raises(rfield.RFieldError) as told:
        assert 64 in legal
    assert str(told.value) == (
        "only the sizes 12 to 20 were read, so nothing is known of 64.\n"
        "  Ask for it alone: rfield.check_size(model, 64)"
    )


def test_an_output_that_keeps_its_size_has_input_sizes_without_end():
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 64))
    y = b.resize("fixed", b.conv("conv", x, kernel=3), size=8)
    graph = b.build([y])
    assert str(rfield.input_size(graph, 8)) == "t: every size from 3"
    assert str(rfield.input_size(graph, 9)) == "t: none"


def test_two_inputs_of_one_size_change_together():
    b = rfield.GraphBuilder()
    left, right = b.input("left", (1, 1, 32)), b.input("right", (1, 1, 32))
    y = b.add("sum", b.max_pool("a", left, kernel=2), b.max_pool("b", right, kernel=2))
    graph = b.build([y])
    assert rfield.output_size(graph, 10) == (5,)
    assert str(rfield.valid_sizes(graph, "complete")) == "t: multiples of 2, from 2"
    assert rfield.output_size(graph, 33, wrt="left") == (16,)


def test_results_are_plain_data():
    graph = same_residual(224)
    for found in (
        rfield.valid_sizes(graph, ("even", "aligned")),
        rfield.input_size(graph, 7),
        rfield.check_size(graph, 224),
        rfield.check_size(valid_unet(572), 20),
    ):
        assert json.loads(json.dumps(found.as_dict()))["schema"].startswith("rfield.s")


def members(found: SizeSet, most: int) -> list[int]:
    return [n for n in range(1, most) if n in found]


@pytest.mark.parametrize("seed", range(50))
def test_a_size_set_is_the_set_it_was_made_from(seed):
    draw = random.Random(seed)
    step = draw.choice([1, 2, 3, 4, 6, 8, 12])
    residues = draw.sample(range(step), draw.randint(1, step))
    firsts = [r + step * draw.randint(0, 5) or step for r in residues]
    found = SizeSet.of(step, firsts)
    expected = sorted({n for f in firsts for n in range(f, 400, step)})
    assert members(found, 400) == expected
    assert list(islice(found, 20)) == expected[:20]
    for size in (1, 5, 17, 60):
        assert found.above(size) == next((n for n in expected if n >= size), None)
        assert found.below(size) == max((n for n in expected if n <= size), default=None)
    assert found.smallest == expected[0]


def test_sizes_that_repeat_too_late_are_not_listed():
    graph = chain([(2, 2, (0, 0))] * 13, 8192)
    with pytest.raises(rfield.RFieldError) as told:
        rfield.valid_sizes(graph)
    assert str(told.value) == (
        "conv12: all sizes of one step would hold 8,192, above the limit of 4,096. "
        "Ask for single sizes: rfield.check_size(model, size)"
    )
    assert rfield.output_size(graph, 8192) == (1,)


def test_what_output_size_says_input_size_takes() -> None:
    """Axes change places: 24 x 20 gives 10 x 24, which comes of 24 x 19 or 24 x 20."""
    b = rfield.GraphBuilder()
    y = b.conv("conv", b.input("x", (1, 1, 24, 20)), kernel=3, stride=(1, 2), padding=1)
    graph = b.build([b.permute("turned", y, order=(0, 1, 3, 2))])
    assert rfield.output_size(graph, (24, 20)) == (10, 24)
    assert [s.early for s in rfield.input_size(graph, (10, 24)).sets] == [(24,), (19, 20)]


def test_a_refused_size_far_from_those_that_were_read_says_why() -> None:
    b = rfield.GraphBuilder()
    y = b.conv("half", b.input("x", (1, 1, 24)), kernel=3, stride=2, padding=1)
    graph = b.build([b.add("sum", y, b.input("z", (1, 1, 12)))])
    with pytest.raises(rfield.InvalidModelError, match="does not take an input of 48"):
        rfield.output_size(graph, 48, wrt="x")
