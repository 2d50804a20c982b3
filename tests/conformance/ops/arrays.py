"""Moving, choosing, accumulating and contracting: ops of arrays, axis 0 a batch of one."""

from __future__ import annotations

from typing import Any

from .case import Case, grid

LINE, BOARD = (12,), (3, 4)


def line(name: str, op: str, reads: dict[Any, Any], **args: Any) -> Case:
    """An entry over one axis of twelve."""
    return Case(name, op, LINE, args, reads)


def board(name: str, op: str, reads: dict[Any, Any], **args: Any) -> Case:
    """An entry over three rows of four."""
    return Case(name, op, BOARD, args, reads)


def bound(name: str, op: str, reads: dict[Any, Any], **args: Any) -> Case:
    """An entry whose indices are data: all that may be read."""
    return Case(name, op, BOARD, args, reads, bound=True)


ALL = grid(range(3), range(4))
MOVES = (
    line("roll", "roll", {5: {2}, 0: {9}}, shifts=(3,), axes=(1,)),
    line("roll back along a negative axis", "roll", {5: {8}, 11: {2}}, shifts=(-3,), axes=(-1,)),
    line("roll twice along one axis", "roll", {5: {2}, 0: {9}}, shifts=(1, 2), axes=(1, 1)),
    line("roll along one axis by its two names", "roll", {5: {2}}, shifts=(1, 2), axes=(1, -1)),
    line("roll further than the axis is long", "roll", {5: {2}}, shifts=(15,), axes=(1,)),
    line("roll without an axis", "roll", {5: {2}, 0: {9}}, shifts=(3,), axes=None),
    board(
        "roll of all elements", "roll", {(0, 0): {(2, 3)}, (1, 0): {(0, 3)}}, shifts=(1,), axes=None
    ),
    board("roll along both axes", "roll", {(0, 0): {(2, 1)}}, shifts=(1, -1), axes=(1, 2)),
    line("flip", "flip", {0: {11}, 4: {7}}, axes=(1,)),
    board("flip both, one negative", "flip", {(0, 0): {(2, 3)}, (1, 2): {(1, 1)}}, axes=(1, -1)),
    board("transpose", "transpose", {(0, 2): {(2, 0)}, (3, 1): {(1, 3)}}, order=(0, 2, 1)),
    board("reshape to one axis", "reshape", {5: {(1, 1)}, 11: {(2, 3)}}, shape=(1, 12)),
    board(
        "reshape with a size left open",
        "reshape",
        {(2, 1): {(1, 1)}, (5, 0): {(2, 2)}},
        shape=(1, -1, 2),
    ),
    line("slice with a step", "slice", {0: {1}, 3: {10}}, axis=1, start=1, stop=12, step=3),
    line("slice from the end", "slice", {0: {8}, 2: {10}}, axis=1, start=-4, stop=-1, step=1),
    board("concatenate with itself", "concat", {(0, 3): {(0, 3)}, (1, 6): {(1, 2)}}, axis=-1),
    board("stack with its double", "stack", {(1, 0, 2): {(1, 2)}, (1, 1, 2): {(1, 2)}}, axis=2),
    line("the second of three parts", "split", {0: {4}, 3: {7}}, axis=1, parts=3, part=1),
    board("tile", "tile", {(3, 5): {(0, 1)}, (1, 7): {(1, 3)}}, repeats=(1, 2, 2)),
    board("a new axis", "expand_dims", {(2, 0, 1): {(2, 1)}}, axis=2),
    Case("an axis of one dropped", "squeeze", (3, 1), {"axis": 2}, {2: {(2, 0)}}),
    Case("broadcast", "broadcast", (3, 1), {"shape": (1, 3, 4)}, {(2, 3): {(2, 0)}}),
)
CHOICES = (
    line("take", "take", {0: {7}, 1: {0}, 2: {7}}, axis=1, indices=(7, 0, 7)),
    line("take along a negative axis", "take", {0: {3}, 1: {11}}, axis=-1, indices=(3, 11)),
    board("take rows", "take", {(0, 1): {(2, 1)}, (1, 3): {(0, 3)}}, axis=1, indices=(2, 0)),
    bound(
        "take along an axis by data", "take_along_by_data", {(0, 2): grid(range(3), (2,))}, axis=1
    ),
    bound("take by data", "take_by_data", {(1, 2): {(0, 2), (1, 2), (2, 2), (1, 0)}}, axis=1),
    board("lower triangle", "tril", {(0, 0): {(0, 0)}, (0, 1): set(), (2, 2): {(2, 2)}}, k=0),
    board("lower triangle above the diagonal", "tril", {(0, 1): {(0, 1)}, (0, 2): set()}, k=1),
    board("upper triangle", "triu", {(1, 0): set(), (1, 1): {(1, 1)}, (0, 3): {(0, 3)}}, k=0),
    board("upper triangle below the diagonal", "triu", {(1, 0): {(1, 0)}, (2, 0): set()}, k=-1),
    board(
        "band",
        "band",
        {(0, 1): {(0, 1)}, (0, 2): set(), (2, 0): set(), (2, 1): {(2, 1)}},
        lower=1,
        upper=1,
    ),
    board(
        "times a triangular constant",
        "times_mask",
        {(0, 1): set(), (1, 1): {(1, 1)}, (2, 0): {(2, 0)}},
    ),
    board("where a constant says so", "where", {(0, 1): set(), (0, 0): {(0, 0)}}),
)
SUMS = (
    *(
        Case(
            f"cumulative sum{title}",
            "cumsum",
            (8,),
            {"axis": 1, "exclusive": exclusive, "reverse": reverse},
            reads,
        )
        for title, exclusive, reverse, reads in (
            ("", False, False, {0: {0}, 4: {0, 1, 2, 3, 4}}),
            (", exclusive", True, False, {0: set(), 4: {0, 1, 2, 3}}),
            (", reversed", False, True, {4: {4, 5, 6, 7}, 7: {7}}),
            (", exclusive and reversed", True, True, {4: {5, 6, 7}, 7: set()}),
        )
    ),
    board(
        "cumulative sum along a negative axis",
        "cumsum",
        {(1, 2): grid((1,), (0, 1, 2))},
        axis=-1,
        exclusive=False,
        reverse=False,
    ),
    *(
        board(f"{kind} of rows", kind, {1: grid(range(3), (1,))}, axes=(1,), keepdims=False)
        for kind in ("sum", "mean", "max", "min", "prod")
    ),
    board(
        "sum along a negative axis, kept",
        "sum",
        {(2, 0): grid((2,), range(4))},
        axes=(-1,),
        keepdims=True,
    ),
    board("softmax", "softmax", {(1, 2): grid((1,), range(4))}, axis=-1),
    board("softmax over rows", "softmax", {(1, 2): grid(range(3), (2,))}, axis=1),
    board("layer norm", "layer_norm", {(1, 2): grid((1,), range(4))}),
    board("sort", "sort", {(1, 2): grid((1,), range(4))}, axis=-1),
)
CONTRACTIONS = (
    board("matmul by a constant", "matmul_constant", {(2, 1): grid((2,), range(4))}),
    board("a constant times the rows", "constant_matmul", {(1, 3): grid(range(3), (3,))}),
    board("matmul by its transpose", "gram", {(0, 2): grid((0, 2), range(4))}),
    board("einsum", "einsum", {(0, 2): grid((0, 2), range(4))}, equation="btc,bsc->bts"),
    Case(
        "einsum without an arrow",
        "einsum",
        BOARD,
        {"equation": "btc,bsc"},
        {(0, 2): grid((0, 2), range(4))},
        batchless=True,
    ),
    Case(
        "einsum without an arrow, letters sorted",
        "einsum",
        BOARD,
        {"equation": "btd,btc"},
        {(0, 2): grid(range(3), (0, 2))},
        batchless=True,
    ),
    board("einsum with dots", "einsum", {(1, 2): {(1, 2)}}, equation="...c,...c->...c"),
    board("einsum of one with a sum", "einsum", {2: grid((2,), range(4))}, equation="btc->bt"),
    Case(
        "Cholesky factor",
        "cholesky",
        (4, 4),
        {},
        {
            (3, 1): {(0, 0), (1, 0), (1, 1), (3, 0), (3, 1)},
            (2, 2): {(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)},
            (3, 0): {(0, 0), (3, 0)},
            (1, 2): set(),
        },
    ),
    board("attention", "attention", {(0, 1): ALL, (2, 0): ALL}),
    board("causal attention", "causal_attention", {(1, 0): grid((0, 1), range(4)), (2, 0): ALL}),
    board("dense", "dense", {(1, 0): grid((1,), range(4))}),
    *(board(name, name, {(1, 2): {(1, 2)}}) for name in ("relu", "sigmoid", "tanh", "exp", "abs")),
)
LOOPS = (  # each turn moves the first element to the end
    Case("a loop of 300 turns", "loop", (8,), {"turns": 300}, {0: {4}, 3: {7}, 6: {2}}),
)
CASES = (*MOVES, *CHOICES, *SUMS, *CONTRACTIONS, *LOOPS)
