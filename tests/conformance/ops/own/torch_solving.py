"""PyTorch's linear systems, losses and quantised ops; calls that it cannot run for their shapes.

Literals are worked out by hand on a board of three rows and four columns.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it

from ..case import grid
from .torch_arrays import ALL, BOARD, A

SQUARE = torch.tensor([[3.0, 1, 1], [1, 4, 1], [1, 1, 5]])
CLASSES = torch.tensor([2, 0, 3])
COLUMN = {(1, 2): grid(range(3), (2,))}


def at(*index: int) -> set[tuple[int, ...]]:
    """One element."""
    return {index}


def lu(x: Any) -> Any:
    """The packed factors of a matrix, and the order of its rows."""
    return A.linalg_lu_factor_ex(SQUARE.to(x))[:2]


def fused(x: Any, observes: int, rows: bool = False) -> Any:
    """Rounding that may look at what it rounds."""
    count = 3 if rows else 1
    numbers = [torch.full((count,), value).to(x) for value in (0.0, 9.0, 0.05)]
    on = torch.tensor([observes])
    zero = torch.zeros(count, dtype=torch.int32)
    return A._fused_moving_avg_obs_fq_helper(
        x, on, torch.tensor([1]), *numbers, zero, 0.01, 0, 255, 0 if rows else -1, rows
    )[0]


SOLVING: dict[str, tuple[Any, ...]] = {
    "inner": (lambda x: torch.inner(x, torch.ones(2, 4).to(x)), BOARD,
        {(1, 0): grid((1,), range(4))}),
    "_linalg_solve_ex": (lambda x: A._linalg_solve_ex(SQUARE.to(x), x)[0], BOARD, COLUMN),
    "_linalg_solve_ex, of a vector": (
        lambda x: A._linalg_solve_ex(SQUARE.to(x), x[:, 1])[0], BOARD, {(2,): grid(range(3), (1,))},
    ),
    "_linalg_solve_ex, the matrix": (
        lambda x: A._linalg_solve_ex(x[:, :3] + 3 * torch.eye(3).to(x), x)[0], BOARD,
        {(1, 2): grid(range(3), range(3)), (1, 3): ALL},
    ),
    "cholesky_solve": (lambda x: A.cholesky_solve(x, SQUARE.to(x) + 1), BOARD, COLUMN),
    "linalg_lu_solve": (lambda x: A.linalg_lu_solve(*lu(x), x), BOARD, COLUMN),
    "linalg_solve_triangular, lower": (
        lambda x: A.linalg_solve_triangular(SQUARE.to(x), x, upper=False), BOARD,
        {(1, 2): grid((0, 1), (2,)), (0, 3): at(0, 3)},
    ),
    "linalg_solve_triangular, upper": (
        lambda x: A.linalg_solve_triangular(SQUARE.to(x), x, upper=True), BOARD,
        {(1, 2): grid((1, 2), (2,)), (0, 3): grid(range(3), (3,))},
    ),
    "linalg_solve_triangular, from the right": (
        lambda x: A.linalg_solve_triangular(SQUARE.to(x), x[:, :3], upper=True, left=False), BOARD,
        {(1, 1): grid((1,), (0, 1)), (2, 0): at(2, 0)},
    ),
    "triangular_solve": (
        lambda x: A.triangular_solve(x, SQUARE.to(x), upper=True, transpose=True)[0], BOARD,
        {(1, 2): grid((0, 1), (2,)), (0, 3): at(0, 3)},
    ),
    "diag_embed": (lambda x: A.diag_embed(x, 1), BOARD, {(1, 0, 1): at(1, 0), (1, 2, 3): at(1, 2)}),
    "mse_loss": (lambda x: A.mse_loss(x, torch.zeros(BOARD).to(x), 0), BOARD, {(1, 2): at(1, 2)}),
    "mse_loss, mean": (lambda x: A.mse_loss(x, torch.zeros(BOARD).to(x)), BOARD, {(): ALL}),
    "huber_loss": (lambda x: A.huber_loss(x, x.flip(0) * 3, 0), BOARD, {(0, 2): {(0, 2), (2, 2)}}),
    "smooth_l1_loss": (lambda x: A.smooth_l1_loss(x, torch.zeros(BOARD).to(x), 2), BOARD,
        {(): ALL}),
    "soft_margin_loss": (lambda x: A.soft_margin_loss(x, torch.ones(BOARD).to(x), 0), BOARD,
        {(1, 2): at(1, 2)}),
    "binary_cross_entropy_with_logits": (
        lambda x: A.binary_cross_entropy_with_logits(x, torch.zeros(BOARD).to(x), reduction=0),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "nll_loss_forward": (
        lambda x: A.nll_loss_forward(x, CLASSES, None, 0, -100)[0], BOARD,
        {(0,): at(0, 2), (1,): at(1, 0), (2,): at(2, 3)},
    ),
    "nll_loss2d_forward": (
        lambda x: A.nll_loss2d_forward(
            x[None, ..., None], torch.tensor([[[1], [2], [0], [0]]]), None, 0, -100)[0],
        BOARD, {(0, 1, 0): at(2, 1)},
    ),
}  # fmt: skip

UNSEEN: dict[str, tuple[Any, ...]] = {
    "binary_cross_entropy": (
        lambda x: A.binary_cross_entropy(x.sigmoid(), torch.zeros(BOARD).to(x), None, 0), BOARD,
        {(1, 2): at(1, 2)},
    ),
    "multi_margin_loss": (lambda x: A.multi_margin_loss(x, CLASSES, reduction=0), BOARD,
        {(1,): grid((1,), range(4))}),
    "multilabel_margin_loss_forward": (
        lambda x: A.multilabel_margin_loss_forward(x, torch.tensor([[0, 2, -1, 1]] * 3), 0)[0],
        BOARD, {(1,): grid((1,), range(4))},
    ),
    "_fused_moving_avg_obs_fq_helper": (lambda x: fused(x, 0), BOARD, {(1, 2): at(1, 2)}),
    "affine_grid_generator": (
        lambda x: A.affine_grid_generator(x[None, :2, :3], [1, 1, 2, 2], False), BOARD,
        {(0, 1, 0, 1): grid((0, 1), range(3))},
    ),
}  # fmt: skip
"""Of which gradients tell too little."""

UNRUN: dict[str, tuple[Any, ...]] = {
    "linalg_lstsq": (lambda x: A.linalg_lstsq(torch.ones(3, 2).to(x) + SQUARE[:, :2].to(x), x)[0],
        BOARD, COLUMN),
    "_fused_moving_avg_obs_fq_helper, observing": (lambda x: fused(x, 1), BOARD, {(1, 2): ALL}),
    "_fused_moving_avg_obs_fq_helper, observing rows": (
        lambda x: fused(x, 1, rows=True), BOARD, {(1, 2): grid((1,), range(4))},
    ),
}  # fmt: skip
"""In double precision, or with NaN, torch does not run them."""

BOUNDED: dict[str, tuple[Any, ...]] = {
    "nll_loss_forward, ignoring": (
        lambda x: A.nll_loss_forward(x, CLASSES, None, 2, 0)[0], BOARD, {(): {(0, 2), (2, 3)}},
    ),
    "linalg_solve_triangular, the matrix": (
        lambda x: A.linalg_solve_triangular(x[:, :3], x[:, 3:], upper=False), BOARD,
        {(2, 0): grid(range(3), range(4))},
    ),
    "linalg_lu_factor_ex": (lambda x: A.linalg_lu_factor_ex(x[:, :3])[0], BOARD,
        {(2, 2): grid(range(3), range(3))}),
    "_ctc_loss": (
        lambda x: A._ctc_loss(
            F.log_softmax(x, 1)[:, None], torch.tensor([[1, 2]]), [3], [2])[0],
        BOARD, {(0,): ALL},
    ),
}  # fmt: skip


def _quantised(x: Any) -> Any:
    return torch.quantize_per_tensor(x, 0.1, 0, torch.quint8)


def _pair(name: str) -> Any:
    return lambda x: getattr(torch.ops.quantized, name)(
        _quantised(x), _quantised(x.flip(0)), 0.1, 0
    ).dequantize()


def _alone(name: str, *arguments: Any) -> Any:
    return lambda x: getattr(torch.ops.quantized, name)(_quantised(x), *arguments).dequantize()


def _normed(name: str, space: int) -> Any:
    def run(x: Any) -> Any:
        image = _quantised(x.reshape(1, 3, 4, *[1] * (space - 1)))
        ones = torch.ones(3)
        function = getattr(torch.ops.quantized, name)
        return function(image, ones, ones, ones, ones, 1e-5, 0.1, 0).dequantize()

    return run


def _packed(name: str, space: int) -> Any:
    quantized: Any = torch.ops.quantized
    weight = torch.quantize_per_tensor(torch.ones(1, 1, *[3] * space), 0.1, 0, torch.qint8)
    prepack = getattr(quantized, f"conv{space}d_prepack")
    ones = [1] * space
    packed = prepack(weight, torch.zeros(1), ones, ones, ones, 1)

    def run(x: Any) -> Any:
        image = _quantised(x.reshape(1, 1, *[1] * (space - 2), *((3, 4) if space > 1 else (12,))))
        return getattr(quantized, name)(image, packed, 0.1, 0).dequantize()

    return run


def _mixed(name: str, *arguments: Any, dynamic: bool = False) -> Any:
    quantized: Any = torch.ops.quantized
    weight = torch.quantize_per_tensor(torch.ones(2, 4), 0.1, 0, torch.qint8)
    packed = quantized.linear_prepack(weight, torch.zeros(2))

    def run(x: Any) -> Any:
        given = x.float() if dynamic else _quantised(x)
        made = getattr(quantized, name)(given, packed, *arguments)
        return made if dynamic else made.dequantize()

    return run


ROW = {(1, 0): grid((1,), range(4))}
WINDOW = {(0, 0, 1, 2): grid(range(3), (1, 2, 3)), (0, 0, 0, 0): grid((0, 1), (0, 1))}
QUANTISED: dict[str, tuple[Any, ...]] = {
    "conv1d": (_packed("conv1d", 1), BOARD, {(0, 0, 4): {(0, 3), (1, 0), (1, 1)}}),
    "conv1d_relu": (_packed("conv1d_relu", 1), BOARD, {(0, 0, 4): {(0, 3), (1, 0), (1, 1)}}),
    "conv2d": (_packed("conv2d", 2), BOARD, WINDOW),
    "conv2d_relu": (_packed("conv2d_relu", 2), BOARD, WINDOW),
    "conv3d": (_packed("conv3d", 3), BOARD, {(0, 0, 0, 1, 2): grid(range(3), (1, 2, 3))}),
    "conv3d_relu": (_packed("conv3d_relu", 3), BOARD, {(0, 0, 0, 1, 2): grid(range(3), (1, 2, 3))}),
    "linear": (_mixed("linear", 0.1, 0), BOARD, ROW),
    "linear_relu": (_mixed("linear_relu", 0.1, 0), BOARD, ROW),
    "linear_dynamic": (_mixed("linear_dynamic", dynamic=True), BOARD, {(1, 0): ALL}),
    "linear_relu_dynamic": (_mixed("linear_relu_dynamic", dynamic=True), BOARD, {(1, 0): ALL}),
    **{name: (_pair(name), BOARD, {(0, 2): {(0, 2), (2, 2)}, (1, 3): at(1, 3)})
       for name in ("add", "add_relu", "mul", "mul_relu")},
    "cat": (lambda x: torch.ops.quantized.cat([_quantised(x), _quantised(x)], 0, 0.1, 0)
            .dequantize(), BOARD, {(4, 2): at(1, 2)}),
    "cat_relu": (lambda x: torch.ops.quantized.cat_relu([_quantised(x)] * 2, 1, 0.1, 0)
                 .dequantize(), BOARD, {(2, 5): at(2, 1)}),
    "add_scalar": (_alone("add_scalar", 1.0), BOARD, {(1, 2): at(1, 2)}),
    "mul_scalar": (_alone("mul_scalar", 2.0), BOARD, {(1, 2): at(1, 2)}),
    "hardswish": (_alone("hardswish", 0.1, 0), BOARD, {(1, 2): at(1, 2)}),
    "elu": (_alone("elu", 0.1, 0), BOARD, {(1, 2): at(1, 2)}),
    "celu": (_alone("celu", 0.1, 0), BOARD, {(1, 2): at(1, 2)}),
    "sigmoid": (_alone("sigmoid", 0.1, 0), BOARD, {(1, 2): at(1, 2)}),
    "relu6": (_alone("relu6"), BOARD, {(1, 2): at(1, 2)}),
    "leaky_relu": (_alone("leaky_relu", 0.1, False, 0.1, 0), BOARD, {(1, 2): at(1, 2)}),
    "batch_norm1d": (_normed("batch_norm1d", 1), BOARD, {(0, 1, 2): at(1, 2)}),
    "batch_norm2d": (_normed("batch_norm2d", 2), BOARD, {(0, 1, 2, 0): at(1, 2)}),
    "batch_norm3d": (_normed("batch_norm3d", 3), BOARD, {(0, 1, 2, 0, 0): at(1, 2)}),
    "batch_norm2d_relu": (_normed("batch_norm2d_relu", 2), BOARD, {(0, 1, 2, 0): at(1, 2)}),
    "batch_norm3d_relu": (_normed("batch_norm3d_relu", 3), BOARD, {(0, 1, 2, 0, 0): at(1, 2)}),
}  # fmt: skip
"""Of whole networks in integers: nothing of this has a gradient."""
