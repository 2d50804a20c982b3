"""Array ops that only move elements, against the same NumPy function on numbered elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rfield.core import arrays
from rfield.errors import InvalidModelError
from tests.core.arrays_graph import elements, graph_of, is_exact, numbered, reads

SHAPE = (3, 5)
MOVES: dict[str, tuple[Callable[[Any], Any], Callable[[np.ndarray], np.ndarray]]] = {
    "roll": (lambda x: arrays.roll(x, 2, 1), lambda a: np.roll(a, 2, 1)),
    "roll an axis named twice": (
        lambda x: arrays.roll(x, (1, 2), (1, -1)),
        lambda a: np.roll(a, (1, 2), (1, -1)),
    ),
    "roll without axes": (lambda x: arrays.roll(x, 7), lambda a: np.roll(a, 7)),
    "roll one shift, two axes": (
        lambda x: arrays.roll(x, 1, (0, 1)),
        lambda a: np.roll(a, 1, (0, 1)),
    ),
    "flip all": (arrays.flip, np.flip),
    "flip one": (lambda x: arrays.flip(x, -1), lambda a: np.flip(a, -1)),
    "rot90": (arrays.rot90, np.rot90),
    "rot180": (lambda x: arrays.rot90(x, 2), lambda a: np.rot90(a, 2)),
    "rot90 back": (lambda x: arrays.rot90(x, -1), lambda a: np.rot90(a, -1)),
    "rot90 the other way": (
        lambda x: arrays.rot90(x, 1, (1, 0)),
        lambda a: np.rot90(a, 1, (1, 0)),
    ),
    "fftshift": (arrays.fftshift, np.fft.fftshift),
    "ifftshift": (lambda x: arrays.ifftshift(x, 1), lambda a: np.fft.ifftshift(a, 1)),
    "tile": (lambda x: arrays.tile(x, (2, 3)), lambda a: np.tile(a, (2, 3))),
    "tile to more axes": (lambda x: arrays.tile(x, (2, 1, 2)), lambda a: np.tile(a, (2, 1, 2))),
    "tile by one number": (lambda x: arrays.tile(x, 2), lambda a: np.tile(a, 2)),
    "repeat": (lambda x: arrays.repeat(x, 3, 1), lambda a: np.repeat(a, 3, 1)),
    "repeat flat": (lambda x: arrays.repeat(x, 2), lambda a: np.repeat(a, 2)),
    "repeat each so often": (
        lambda x: arrays.repeat(x, [0, 2, 1, 0, 3], 1),
        lambda a: np.repeat(a, [0, 2, 1, 0, 3], 1),
    ),
    "transpose": (arrays.permute, np.transpose),
    "moveaxis": (
        lambda x: arrays.moveaxis(arrays.unsqueeze(x, 1), (0, 2), (2, 0)),
        lambda a: np.moveaxis(np.expand_dims(a, 1), (0, 2), (2, 0)),
    ),
    "reshape": (lambda x: arrays.reshape(x, (5, -1)), lambda a: a.reshape(5, -1)),
    "squeeze": (
        lambda x: arrays.squeeze(arrays.unsqueeze(x, (0, -1)), -1),
        lambda a: a[None],
    ),
    "broadcast": (
        lambda x: arrays.broadcast_to(x, (2, -1, 5)),
        lambda a: np.broadcast_to(a, (2, 3, 5)),
    ),
    "split": (lambda x: arrays.split(x, (1, -1), 1)[1], lambda a: np.split(a, [1], 1)[1]),
    "unstack": (lambda x: arrays.unstack(x, -1)[3], lambda a: a[:, 3]),
    "concat": (
        lambda x: arrays.concat([x, arrays.flip(x)], 1),
        lambda a: np.concatenate([a, np.flip(a)], 1),
    ),
    "stack": (
        lambda x: arrays.stack([x, arrays.flip(x)], -1),
        lambda a: np.stack([a, np.flip(a)], -1),
    ),
    "diagonal": (arrays.diagonal, np.diagonal),
    "diagonal above": (lambda x: arrays.diagonal(x, 2), lambda a: np.diagonal(a, 2)),
    "diagonal below, turned": (
        lambda x: arrays.diagonal(x, -1, 1, 0),
        lambda a: np.diagonal(a, -1, 1, 0),
    ),
    "tril": (lambda x: arrays.tril(x, 1), lambda a: np.tril(a, 1)),
    "triu": (lambda x: arrays.triu(x, -1), lambda a: np.triu(a, -1)),
    "band": (lambda x: arrays.band(x, 1, 2), lambda a: np.triu(np.tril(a, 2), -1)),
    "band, all above": (lambda x: arrays.band(x, 0, -1), np.triu),
}
PADS = ((0, 0), (2, 3))
MODES = {
    "zeros": "constant", "constant": "constant", "reflect": "reflect", "symmetric": "symmetric",
    "replicate": "edge", "edge": "edge", "circular": "wrap", "wrap": "wrap",
}  # fmt: skip


@pytest.mark.parametrize("name", MOVES)
def test_a_move_is_numpys(name: str) -> None:
    ours, theirs = MOVES[name]
    elements(ours, SHAPE, theirs(numbered(SHAPE)))


@pytest.mark.parametrize("name", ["tril", "triu", "band", "band, all above"])
@pytest.mark.parametrize("axis", [0, 1])
def test_elements_that_are_cut_are_read_by_nobody(name: str, axis: int) -> None:
    ours, theirs = MOVES[name]
    graph = graph_of(lambda x: arrays.reduce(ours(x), axis), SHAPE)
    kept = np.moveaxis(theirs(numbered(SHAPE)), axis, 1)
    for line, row in enumerate(kept):
        wanted = {np.unravel_index(n - 1, SHAPE) for n in row if n}
        assert reads(graph, (line,)) == wanted
    assert is_exact(graph)


@pytest.mark.parametrize("offset", [0, 2, -1])
def test_diag_embed_reads_one_element_for_each_row_and_column(offset: int) -> None:
    for axis in (0, 1):
        graph = graph_of(lambda x, k=axis: arrays.reduce(arrays.diag_embed(x, offset), k), (3,))
        for line, row in enumerate(np.moveaxis(np.diag([1, 2, 3], offset), axis, 1)):
            assert reads(graph, (line,)) == {(n - 1,) for n in row if n}
        assert is_exact(graph)


def test_the_check_sees_a_wrong_move() -> None:
    with pytest.raises(AssertionError):
        elements(lambda x: arrays.roll(x, 2, 1), SHAPE, np.roll(numbered(SHAPE), -2, 1))


@pytest.mark.parametrize("mode", MODES)
def test_padding_is_numpys(mode: str) -> None:
    wanted = np.pad(numbered(SHAPE), PADS, mode=MODES[mode])  # type: ignore[call-overload]  # a known mode
    elements(lambda x: arrays.pad(x, {1: (2, 3)}, mode=mode), SHAPE, wanted)


def test_padding_over_a_short_axis_is_mirrored_again() -> None:
    wanted = np.pad(numbered((3,)), (7, 4), mode="reflect")
    elements(lambda x: arrays.pad(x, [(7, 4)], mode="reflect"), (3,), wanted)


def test_negative_widths_crop_before_the_border_is_repeated() -> None:
    wanted = np.pad(numbered((6,))[2:], (0, 3), mode="reflect")
    elements(lambda x: arrays.pad(x, [(-2, 3)], mode="reflect"), (6,), wanted)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda x: arrays.pad(x, 1, mode="mean"),
            "mode = 'mean'; expected one of constant, zeros, zero, reflect, symmetric, replicate, "
            "edge, circular, wrap",
        ),
        (
            lambda x: arrays.pad(x, {1: (5, 0)}, mode="reflect", once=True),
            "reflect padding of 5 and 0 does not fit an axis of 5",
        ),
        (
            lambda x: arrays.pad(x, {0: (-2, -2)}),
            "constant padding of -2 and -2 does not fit an axis of 3",
        ),
        (lambda x: arrays.roll(x, (1, 2), (0, 1, 1)), "shifts = (1, 2) along axes = (0, 1, 1)"),
        (lambda x: arrays.squeeze(x, 0), "squeezes axis 0 of (3, 5)"),
        (lambda x: arrays.split(x, 2), "2 equal parts of an axis of 3"),
        (lambda x: arrays.split(x, (2, 2)), "splits an axis of 3 into [2, 2]"),
        (lambda x: arrays.tile(x, -1), "repeats = -1; expected integers of at least 0"),
        (lambda x: arrays.repeat(x, [1, 2], 0), "repeats [1, 2] of an axis of 3"),
        (lambda x: arrays.stack([]), "nothing to stack"),
    ],
)
def test_what_does_not_fit_is_an_error(make: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(InvalidModelError) as caught:
        graph_of(make, SHAPE)
    assert str(caught.value) == text


def test_center_crop_leaves_the_odd_element_at_the_end() -> None:
    elements(lambda x: arrays.center_crop(x, {0: 4}), (9,), numbered((9,))[2:6])
    wanted = np.pad(numbered((4,)), (2, 3))
    elements(lambda x: arrays.center_crop(x, {0: 9}, fill=True), (4,), wanted)


def shuffled(a: np.ndarray, r: int, first: bool) -> np.ndarray:
    """Pixel shuffle of (channels, height, width) as the specifications write it."""
    c, h, w = a.shape
    if first:
        split = a.reshape(c // r**2, r, r, h, w).transpose(0, 3, 1, 4, 2)
    else:
        split = a.reshape(r, r, c // r**2, h, w).transpose(2, 3, 0, 4, 1)
    return split.reshape(c // r**2, h * r, w * r)


@pytest.mark.parametrize("first", [True, False])
def test_pixel_shuffle_in_both_layouts(first: bool) -> None:
    shape = (8, 2, 3)

    def ours(x: Any) -> Any:
        return arrays.depth_to_space(
            x, (2, 2), axes=(1, 2), channel_axis=0, channels_first=first
        )  # fmt: skip

    wanted = shuffled(numbered(shape), 2, first)
    elements(ours, shape, wanted)

    def back(x: Any) -> Any:
        return arrays.space_to_depth(
            ours(x), (2, 2), axes=(1, 2), channel_axis=0, channels_first=first
        )  # fmt: skip

    elements(back, shape, numbered(shape))


def test_channel_shuffle() -> None:
    wanted = numbered((6, 2)).reshape(3, 2, 2).swapaxes(0, 1).reshape(6, 2)
    elements(lambda x: arrays.channel_shuffle(x, 3, 0), (6, 2), wanted)


def test_space_to_batch_sorts_the_pixels_by_their_place_in_a_block() -> None:
    shape = (1, 4, 6)
    a = numbered(shape)[0]
    wanted = np.stack([a[i::2, j::3] for i in range(2) for j in range(3)])
    elements(lambda x: arrays.space_to_batch(x, {1: 2, 2: 3}, {}), shape, wanted)

    def there_and_back(x: Any) -> Any:
        sorted_ = arrays.space_to_batch(x, {1: 2, 2: 3}, {2: (1, 2)})
        return arrays.batch_to_space(sorted_, {1: 2, 2: 3}, {2: (1, 2)})

    elements(there_and_back, shape, numbered(shape))


def test_kron_reads_one_element_of_each() -> None:
    graph = graph_of(arrays.kron, (2, 3), (4,))
    for j in range(12):
        assert reads(graph, (1, j), "x") == {(1, j // 4)}
        assert reads(graph, (1, j), "y") == {(j % 4,)}
    assert is_exact(graph)


def test_frames_and_their_sum() -> None:
    wanted = np.lib.stride_tricks.sliding_window_view(numbered((10,)), 4)[::3]
    elements(lambda x: arrays.frames(x, 4, 3), (10,), wanted)
    elements(lambda x: arrays.unfold(x, 4, 3, 0), (10,), wanted)
    graph = graph_of(lambda x: arrays.overlap_add(x, 2), (3, 4))
    assert graph.nodes[-1].shape == (8,)
    assert reads(graph, (3,)) == {(0, 3), (1, 1)}
    assert reads(graph, (7,)) == {(2, 3)}


def test_im2col_and_back() -> None:
    shape = (1, 2, 4, 5)
    a = np.pad(numbered(shape), ((0, 0), (0, 0), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(a, (3, 2), (2, 3))[:, :, ::2]
    wanted = windows.transpose(0, 1, 4, 5, 2, 3).reshape(1, 12, -1)
    options = {"strides": (2, 1), "padding": [(1, 1), (0, 0)]}
    elements(lambda x: arrays.im2col(x, (3, 2), **options), shape, wanted)  # type: ignore[arg-type]  # as above

    def there_and_back(x: Any) -> Any:
        columns = arrays.im2col(x, (3, 2), **options)  # type: ignore[arg-type]  # as above
        return arrays.col2im(columns, (4, 5), (3, 2), **options)  # type: ignore[arg-type]  # as above

    elements(there_and_back, shape, numbered(shape))
