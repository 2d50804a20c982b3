"""The inverse question: classic answers, exhaustive search for small sizes, what is refused."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement

import pytest

import rfield
from rfield.analysis.geometry.design import Layout
from rfield.errors import InvalidModelError


def sums(kernel: int, steps: tuple[int, ...]) -> set[int]:
    """The positions that one output reads, one layer after the other."""
    read = {0}
    for step in steps:
        read = {position + tap * step for position in read for tap in range(kernel)}
    return read


def exhaustive(
    size: int, kernel: int, most: int, strided: tuple[int, ...], *, gaps: bool
) -> tuple[int, int, int] | None:
    """Layers, size and spread of the best chain of up to 6 layers that there is."""
    steps: list[int] = []
    stride = 1
    for factor in strided:
        steps.append(stride)
        stride *= factor
    for count in range(7 - len(strided)):
        found: list[tuple[int, int]] = []
        for dilations in combinations_with_replacement(range(1, most + 1), count):
            all_steps = (*steps, *(stride * d for d in dilations))
            reach = 1 + (kernel - 1) * sum(all_steps)
            if reach >= size and (gaps or len(sums(kernel, all_steps)) == reach):
                found.append((reach, -sum(step * step for step in all_steps)))
        if found:
            least, spread = min(found)
            return len(strided) + count, least, -spread
    return None


def spread(found: rfield.DesignedChain) -> int:
    step, total = 1, 0
    for stride, dilation in zip(found.strides, found.dilations, strict=True):
        total += (step * dilation) ** 2
        step *= stride
    return total


@pytest.mark.parametrize("kernel", [2, 3, 4])
@pytest.mark.parametrize("most", [1, 3, 7])
@pytest.mark.parametrize("strided", [(), (2,), (2, 2)])
@pytest.mark.parametrize("no_gaps", [True, False])
def test_nothing_better_is_found_by_trying_everything(kernel, most, strided, no_gaps):
    if kernel == 4 and strided == (2, 2):
        strided = (4,)  # fewer layers with a stride: the larger step is within the kernel
    stride = {(): 1, (2,): 2, (2, 2): 4, (4,): 4}[strided]
    for size in (2, 3, 7, 12, 17, 24):
        wanted = exhaustive(size, kernel, most, strided, gaps=not no_gaps)
        if wanted is None:
            continue
        best = rfield.design(size, kernel, max_dilation=most, stride=stride, no_gaps=no_gaps)[0]
        assert (best.layers, best.size, spread(best)) == wanted
        assert not no_gaps or best.reads == best.size


def test_steps_are_dilations_times_the_strides_before():
    layout = Layout(3, (2, 2, 1), (1, 1, 4))
    assert layout.steps == (1, 2, 16)
    assert (layout.size, layout.spread, layout.cost) == (39, 261, Fraction(3))


def test_the_doubling_of_wavenet():
    (found,) = rfield.design(1024, kernel=2, causal=True, no_gaps=True)
    assert found.dilations == (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
    assert found.chain.startswith("2p1,0 2p2,0d2 2p4,0d4 ")
    assert (found.size, found.padding, found.ahead, found.reads) == (1024, 1023, 0, 1024)


def test_hybrid_dilated_convolution():
    first, second = rfield.design(17, kernel=3, no_gaps=True)
    assert (first.dilations, second.dilations) == ((1, 2, 5), (1, 3, 4))
    assert (first.size, first.reads, first.ahead) == (17, 17, 8)
    holes = rfield.design(17, kernel=3)[0]
    assert (holes.dilations, holes.reads) == ((8,), 3)
    assert rfield.design(27, kernel=3, no_gaps=True)[0].dilations == (1, 3, 9)


def test_a_stride_comes_first_and_is_what_was_asked_for():
    found = rfield.design(512, kernel=3, stride=8, no_gaps=True)[0]
    assert found.strides == (2, 2, 2, 1, 1, 1, 1)
    assert found.dilations[:3] == (1, 1, 1)
    assert (found.stride, found.reads - found.size) == (8, 0)
    # 3 · (1/2 + 1/4 + 1/8) for the layers with a stride, 3/8 for each of the others
    assert found.cost == Fraction(21, 8) + 4 * Fraction(3, 8)


def test_least_cost_is_another_answer_than_fewest_layers():
    few = rfield.design(64, kernel=[2, 9], no_gaps=True, max_dilation=1)[0]
    cheap = rfield.design(64, kernel=[2, 9], no_gaps=True, max_dilation=1, cost="least")[0]
    assert (few.kernel, few.layers, few.cost) == (9, 8, 72)
    assert (cheap.kernel, cheap.layers, cheap.cost) == (9, 8, 72)
    few = rfield.design(9, kernel=[2, 9])[0]
    cheap = rfield.design(9, kernel=[2, 9], cost="least", no_gaps=True)[0]
    assert (few.kernel, few.layers) == (2, 1)
    assert (cheap.kernel, cheap.layers, cheap.cost) == (2, 4, 8)


def test_the_values_in_the_page():
    best = rfield.design(512, kernel=[3, 5], stride=8, no_gaps=True, cost="least")[0]
    assert best.chain == "5/4p2 5/2p2 5p2 5p4d2 5p26d13"
    assert (best.size, best.reads) == (533, 533)


def test_every_chain_is_what_the_engine_reads_of_its_text():
    from rfield.frontends.declared.chain import chain

    for found in rfield.design(100, kernel=[3, 4], stride=2, causal=True):
        rf = rfield.receptive_field(chain(found.chain, (256,)))
        assert (rf.size, rf.stride, rf.padding) == ((found.size,), (2,), (found.size - 1,))
        assert rf.output_shape == (1, 1, 128)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"size": 1}, "size = 1; expected 2 to 1,000,000"),
        ({"size": 9, "kernel": 1}, "kernel = 1; expected 2 to 1,000,000"),
        ({"size": 9, "kernel": ()}, "kernel: expected a number, or several to choose from"),
        ({"size": 9, "max_dilation": 0}, "max_dilation = 0; expected 1 to 1,000,000"),
        ({"size": 9, "stride": 0}, "stride = 0; expected 1 to 1,000,000"),
        ({"size": 9, "cost": "low"}, "cost = 'low'; expected 'least' or None"),
        (
            {"size": 100, "stride": 7, "kernel": (2, 3)},
            "stride 7 is no product of strides of at most 3, and a stride larger than the kernel "
            "leaves positions unread.\n  Take a larger kernel, or a stride with smaller factors",
        ),
        (
            {"size": 20_000, "max_dilation": 1},
            "a field of 20,000 takes more than 500 layers.\n"
            "  Take a larger kernel, dilation or stride",
        ),
    ],
)
def test_what_cannot_be_designed_says_why(arguments, told):
    with pytest.raises(InvalidModelError) as caught:
        rfield.design(**arguments)
    assert str(caught.value) == told
