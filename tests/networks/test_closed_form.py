"""The article's closed forms, written out again for the networks whose field follows one path.

With kernels k, strides s and paddings p along the path, and S the product of the strides before a
layer, r = 1 + Σ (k − 1)·S and P = Σ p·S. Nothing of rfield takes part: the tables are written in
another notation and SAME is counted from its definition. In a ResNet the path through the 3×3
convolutions is the longest, and the shortcuts are centred on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import rfield
from rfield import networks

# kernel/stride, then the padding: v VALID, s SAME, a number for both sides alike.
PATHS = {
    "alexnet_v2": "11/4v 3/2v 5/1s 3/2v 3/1s 3/1s 3/1s 3/2v",
    "vgg_a": "3/1s 2/2v 3/1s 2/2v" + 3 * " 3/1s 3/1s 2/2v",
    "vgg_16": 2 * "3/1s 3/1s 2/2v " + 3 * "3/1s 3/1s 3/1s 2/2v ",
    "mobilenet_v1": "3/2s 3/1s 3/2s 3/1s 3/2s 3/1s 3/2s" + 5 * " 3/1s" + " 3/2s 3/1s",
} | {
    f"resnet_v{version}_{layers}": "7/2p3 3/2s "
    + "".join((n - 1) * "3/1p1 " + "3/2p1 " for n in units)
    + 3 * "3/1p1 "
    for version in (1, 2)
    for layers, units in {50: (3, 4, 6), 101: (3, 4, 23), 152: (3, 8, 36), 200: (3, 24, 36)}.items()
}


def _steps(path: str) -> Iterator[tuple[int, int, str, int]]:
    for step in path.split():
        found = re.fullmatch(r"(\d+)/(\d+)([vsp])(\d*)", step)
        assert found
        kernel, stride, rule, number = found.groups()
        yield int(kernel), int(stride), rule, int(number or 0)


def closed_form(path: str, size: int | None) -> tuple[int, int, int | None]:
    """r, S and P; P is None where ``size`` is and a SAME layer has a stride."""
    reach, stride, padding = 1, 1, 0
    known = True
    for kernel, step, rule, number in _steps(path):
        before = after = number
        if rule == "s" and step == 1:
            before, after = (kernel - 1) // 2, kernel // 2
        elif rule == "s" and size is None:
            known = False
        elif rule == "s" and size is not None:
            outputs = (size + step - 1) // step
            missing = max(0, (outputs - 1) * step + kernel - size)
            before, after = missing // 2, missing - missing // 2
        reach += (kernel - 1) * stride
        padding += before * stride
        stride *= step
        if size is not None:
            size = (size + before + after - kernel) // step + 1
    return reach, stride, padding if known else None


@pytest.mark.parametrize("size", [224, 225, 299, 321, None])
@pytest.mark.parametrize("name", PATHS)
def test_network_along_one_path(name: str, size: int | None):
    field = rfield.receptive_field(networks.build(name, size))
    expected = tuple((value, value) for value in closed_form(PATHS[name], size))
    assert (field.size, field.stride, field.padding) == expected


def test_the_closed_form_itself():
    # By hand: VGG-16 up to its first pooling, and the first layer of Inception v2.
    assert closed_form("3/1s 3/1s 2/2v", 224) == (6, 2, 2)
    assert closed_form("7/2s", 224) == (7, 2, 2)
    assert closed_form("7/2s", 321) == (7, 2, 3)
    assert closed_form("7/2s", None) == (7, 2, None)
