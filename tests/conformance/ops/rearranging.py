"""Ops that rearrange or compare elements, and norms; axis 0 a batch of one."""

from __future__ import annotations

from .arrays import board
from .case import Case, grid

CASES: tuple[Case, ...] = (
    board("diagonal", "diagonal", {2: {(2, 2)}, 0: {(0, 0)}}),
    board("a quarter turn", "rot90", {(0, 0): {(0, 3)}, (3, 2): {(2, 0)}}, k=1),
    board("three quarter turns", "rot90", {(0, 0): {(2, 0)}, (3, 2): {(0, 3)}}, k=3),
    board("an axis moved", "movedim", {(1, 2): {(2, 1)}}),
    board("the second column", "unbind", {2: {(2, 1)}}),
    board("each element twice", "repeat", {(1, 5): {(1, 2)}, (0, 0): {(0, 0)}}),
    board("differences", "diff", {(1, 2): {(1, 2), (1, 3)}}),
    board("the two largest", "top", {(1, 1): grid((1,), range(4))}),
    board("distances of rows", "cdist", {(0, 2): grid((0, 2), range(4))}),
    board("outer product of two rows", "outer", {(1, 3): {(0, 1), (1, 3)}}),
    board("Fourier transform", "fft", {(1, 2): grid((1,), range(4))}),
    board("instance norm", "instance_norm", {(1, 2): grid((1,), range(4))}),
    board("batch norm of fixed statistics", "batch_norm", {(1, 2): {(1, 2)}}),
)
