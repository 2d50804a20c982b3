"""Whole-axis reads at any size: softmax, dense, attention, gates, running sums along one axis."""

from __future__ import annotations

from math import prod

from tests.oracle import program as p
from tests.oracle.growing_networks import Plan, few, like, permute, reshape, same

KINDS = (
    "softmax", "softmax", "dense", "attention", "attention", "gate", "reduce", "running",
)  # fmt: skip


def mix(plan: Plan, name: str, axis: int, *, marked: bool = False) -> str:
    """Everything along one axis; ``marked``: the axis stands for a whole one at any size."""
    rng, grid = plan.rng, axis if marked else None
    kind = rng.choice(KINDS)
    if kind == "attention" and axis == plan.rank(name) - 2:
        return attention(plan, name, marked=marked)
    if kind == "running" and not marked:
        return same(plan, p.Cumsum(axis, rng.random() < 0.5), name)
    if kind == "dense":
        return plan.put(lambda s: p.Dense(s[axis], axis), name, grid=grid)
    if kind in ("gate", "reduce"):
        small = plan.put(lambda _: p.Reduce((axis,), True), name, grid=grid)
        if kind == "reduce" and rng.random() < 0.3:
            return small
        return same(plan, p.Pointwise(rng.choice(["add", "multiply"])), name, small)
    return plan.put(lambda _: p.Softmax(axis), name, grid=grid)


def attention(plan: Plan, name: str, *, marked: bool = False) -> str:
    """Every token (second axis from the end) with every other."""
    rank = plan.rank(name)
    grid = {"left": rank - 1, "right": rank - 2} if marked else {}
    keys = permute(plan, name, (*range(rank - 2), rank - 1, rank - 2))
    scores = same(plan, p.Matmul(), name, keys)
    if plan.rng.random() < 0.6:
        scores = plan.put(lambda _: p.Softmax(rank - 1), scores, grid=grid.get("left"))
    mixed = same(plan, p.Matmul(), scores, name)
    if marked:
        plan.grids |= {(scores, rank - 1), (mixed, rank - 1), (mixed, rank - 2)}
    return mixed


def token_conv(plan: Plan, name: str) -> str:
    """Tokens mixed by a 1x1 convolution whose channels they are."""
    rank = plan.rank(name)
    turned = permute(plan, name, (0, rank - 1, *range(1, rank - 1)))
    ones = (1,) * (rank - 2)
    mixed = plan.put(lambda s: p.Window("conv", ones, ones, "valid", ones, channels=s[1]), turned)
    return permute(plan, mixed, (0, *range(2, rank), 1))


def axial(plan: Plan, name: str) -> str:
    """Along one spatial axis only."""
    rank = plan.rank(name)
    axis = plan.rng.randrange(2, rank)
    order = [0, *(a for a in range(2, rank) if a != axis), axis, 1]
    turned = permute(plan, name, order)
    mixed = mix(plan, turned, rank - 2)
    return permute(plan, mixed, [order.index(a) for a in range(rank)])


def gate(plan: Plan, name: str) -> str:
    """Squeeze and excitation, over all space or along some axes."""
    rank, rng = plan.rank(name), plan.rng
    axes = tuple(a for a in range(2, rank) if rng.random() < 0.7) or (2,)
    small = same(plan, p.Reduce(axes, True), name)
    if rng.random() < 0.5:
        ones = (1,) * (rank - 2)
        channels = plan.shapes[name][0][1]
        small = same(plan, p.Window("conv", ones, ones, "valid", ones, channels=channels), small)
    return same(plan, p.Pointwise("multiply"), name, small) if rng.random() < 0.85 else small


def group_norm(plan: Plan, name: str) -> str:
    """Statistics of groups of channels over all space."""
    groups = few(plan, name)
    split = reshape(plan, name, lambda s: (s[0], groups, s[1] // groups * prod(s[2:])))
    small = same(plan, p.Reduce((2,), True), split)
    return like(plan, same(plan, p.Pointwise("multiply"), split, small), name)


def heads(plan: Plan, name: str) -> str:
    """Attention over all tokens or along one axis, in several heads."""
    if plan.rng.random() < 0.5:
        name = same(plan, p.Concat(1), name, name)
    many = few(plan, name)
    flat = reshape(plan, name, lambda s: (s[0], many, s[1] // many, prod(s[2:])))
    mixed = permute(plan, attention(plan, permute(plan, flat, (0, 1, 3, 2))), (0, 1, 3, 2))
    return like(plan, mixed, name)
