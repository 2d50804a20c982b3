"""Ops that PyTorch alone spells so: reductions, running ops, orders, products, transforms.

Each is the op's own name, which a live model decomposes and an exported program keeps. Literals are
worked out by hand on a board of three rows and four columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..case import grid

BOARD = (3, 4)
ALL = grid(range(3), range(4))
ROW = grid((1,), range(4))
COLUMN = grid(range(3), (2,))
A: Any = torch.ops.aten

Function = Callable[[Any], Any]
Entry = tuple[Function, tuple[int, ...], dict[Any, Any]]


def complex_(x: Any) -> Any:
    """Complex numbers of which neither part is zero."""
    return torch.complex(x, x * 2)


TO_ONE: dict[str, Function] = {
    "max": A.max,
    "min": A.min,
    "median": A.median,
    "norm": lambda x: A.norm.Scalar(x, 2),
    "frobenius_norm": lambda x: A.frobenius_norm.dim(x, [0, 1]),
    "std": A.std,
    "quantile": lambda x: torch.quantile(x, 0.5),
    "logsumexp": lambda x: A.logsumexp(x, [0, 1]),
    "special_logsumexp": lambda x: A.special_logsumexp(x, [0, 1]),
    "dist": lambda x: A.dist(x, torch.zeros(BOARD).to(x)),
    "dot": lambda x: A.dot(x.flatten(), torch.ones(12).to(x)),
    "vdot": lambda x: A.vdot(torch.ones(12).to(x), x.flatten()),
    "aminmax": lambda x: A.aminmax(x)[1],
    "var_mean": lambda x: A.var_mean(x)[0],
}
"""From all elements one number."""

TO_ONE_UNSEEN: dict[str, Function] = {
    "nuclear_norm": A.nuclear_norm,
    "argmin": A.argmin,
    "argmax": A.argmax,
    "all": lambda x: A.all(x > 1),
    "any": lambda x: A.any(x > 1),
    "count_nonzero": lambda x: A.count_nonzero(x > 1),
    "nanmedian": A.nanmedian,
    "nanmean": A.nanmean,
    "nansum": A.nansum,
    "nanquantile": lambda x: torch.nanquantile(x, 0.5),
}
"""The same of ops that NaN does not go through."""

ROWS: dict[str, Function] = {
    "max.dim": lambda x: A.max.dim(x, 1)[0],
    "min.dim": lambda x: A.min.dim(x, -1)[0],
    "median.dim": lambda x: A.median.dim(x, 1)[0],
    "var_mean of an axis": lambda x: A.var_mean.correction(x, [1])[1],
    "std_mean of an axis": lambda x: A.std_mean.correction(x, [-1])[0],
    "aminmax of an axis": lambda x: A.aminmax(x, dim=1)[0],
    "kthvalue": lambda x: A.kthvalue(x, 4, 1)[0],
    "quantile of an axis": lambda x: torch.quantile(x, 0.25, 1),
    "norm of an axis": lambda x: A.norm.ScalarOpt_dim(x, 2, [1]),
    "std of an axis": lambda x: A.std.correction(x, [-1]),
    "logsumexp of an axis": lambda x: A.logsumexp(x, [-1]),
    "mv": lambda x: A.mv(x, torch.ones(4).to(x)),
    "addmv": lambda x: A.addmv(torch.ones(3).to(x), x, torch.ones(4).to(x)),
    "cosine_similarity": lambda x: A.cosine_similarity(x, torch.ones(BOARD).to(x)),
    "pairwise_distance": lambda x: A.pairwise_distance(x, torch.ones(BOARD).to(x)),
    "pairwise_distance of columns": lambda x: A.pairwise_distance(
        x, torch.ones(4).to(x), keepdim=True
    )[:, 0],
    "_linalg_slogdet of rows": lambda x: A._linalg_slogdet(x.reshape(3, 2, 2))[1],
    "_linalg_det of columns": lambda x: A._linalg_det(x.reshape(3, 2, 2))[0],
}
"""From each row one number."""

ROWS_UNSEEN: dict[str, Function] = {
    "argmax of an axis": lambda x: A.argmax(x, 1),
    "all of an axis": lambda x: A.all.dim(x > 1, 1),
    "any of an axis": lambda x: A.any.dims(x > 1, [-1]),
    "mode": lambda x: A.mode(x, 1)[0],
    "nanmedian.dim": lambda x: A.nanmedian.dim(x, 1)[0],
    "nanmean of an axis": lambda x: A.nanmean(x, [1]),
    "nansum of an axis": lambda x: A.nansum(x, [-1]),
    "nanquantile of an axis": lambda x: torch.nanquantile(x, 0.25, 1),
    "count_nonzero of an axis": lambda x: A.count_nonzero(x > 1, dim=1),
}

MIXED: dict[str, Function] = {
    "softmax": lambda x: A.softmax.int(x, 1),
    "log_softmax": lambda x: A.log_softmax.int(x, -1),
    "_log_softmax": lambda x: A._log_softmax(x, 1, False),
    "renorm of rows": lambda x: A.renorm(x, 2, 0, 0.5),
    "rms_norm": lambda x: A.rms_norm(x, [4]),
    "_fused_rms_norm": lambda x: A._fused_rms_norm(x, [4], None, None)[0],
    "native_layer_norm": lambda x: A.native_layer_norm(x, [4], None, None, 1e-5)[0],
    "fft_fft": lambda x: A.fft_fft(x).abs(),
    "fft_ifft": lambda x: A.fft_ifft(x, None, -1).abs(),
    "fft_rfft": lambda x: A.fft_rfft(x, None, 1).abs(),
    "fft_ihfft": lambda x: A.fft_ihfft(x).abs(),
    "fft_irfft": lambda x: A.fft_irfft(complex_(x)),
    "fft_hfft": lambda x: A.fft_hfft(complex_(x), 6, -1),
    "_fft_c2r": lambda x: A._fft_c2r(complex_(x), [1], 0, 6),
    "fft_fft2 of one axis": lambda x: A.fft_fft2(x, None, [1]).abs(),
}
"""Every element of a row from all of the row."""

MIXED_UNSEEN: dict[str, Function] = {
    "argsort backwards": lambda x: A.argsort(x, -1, True),
    "argsort": lambda x: A.argsort(x, 1),
}

ALL_MIXED: dict[str, Function] = {
    "fft_fft2": lambda x: A.fft_fft2(x).abs(),
    "fft_ifft2": lambda x: A.fft_ifft2(x).abs(),
    "fft_rfft2": lambda x: A.fft_rfft2(x).abs(),
    "fft_irfft2": lambda x: A.fft_irfft2(complex_(x)),
    "fft_fftn": lambda x: A.fft_fftn(x).abs(),
    "fft_ifftn": lambda x: A.fft_ifftn(x).abs(),
    "fft_rfftn": lambda x: A.fft_rfftn(x).abs(),
    "fft_irfftn": lambda x: A.fft_irfftn(complex_(x)),
    "native_layer_norm of both axes": lambda x: A.native_layer_norm(x, [3, 4], None, None, 0.0)[0],
}

SECOND = grid((1,), range(3), range(3))


def well(x: Any) -> Any:
    """Matrices far from singular: the elements given stand beside a large diagonal."""
    return x + 40 * torch.eye(3).to(x)


SQUARES: dict[str, Function] = {
    "inverse": lambda x: A.inverse(well(x)),
    "linalg_inv": lambda x: A.linalg_inv(well(x)),
    "linalg_inv_ex": lambda x: A.linalg_inv_ex(well(x))[0],
    "linalg_svd": lambda x: A.linalg_svd(well(x))[0],
    "_linalg_svd": lambda x: A._linalg_svd(well(x))[2],
    "linalg_eigh": lambda x: A.linalg_eigh(well(x))[1],
    "_linalg_eigh": lambda x: A._linalg_eigh(well(x))[1],
    "linalg_matrix_exp": lambda x: A.linalg_matrix_exp(x / 20),
    "matrix_exp": lambda x: A.matrix_exp(x / 20),
    "linalg_pinv": lambda x: A.linalg_pinv(well(x)),
}
FACTORS: dict[str, Function] = {
    "linalg_qr": lambda x: A.linalg_qr(well(x))[0],
    "linalg_lu": lambda x: A.linalg_lu(well(x))[1],
}
CORNER = {(1, 0, 0), (1, 1, 0), (1, 1, 1)}

MORE: dict[str, Entry] = {
    "linalg_cholesky_ex": (
        lambda x: A.linalg_cholesky_ex(well(x))[0], (2, 3, 3),
        {(1, 2, 1): {*CORNER, (1, 2, 0), (1, 2, 1)}, (1, 0, 1): set()},
    ),
    "linalg_cholesky_ex of the upper triangle": (
        lambda x: A.linalg_cholesky_ex(well(x), upper=True)[0], (2, 3, 3),
        {(1, 0, 2): {(1, 0, 0), (1, 0, 2)}, (1, 1, 0): set()},
    ),
    "trace": (A.trace, BOARD, {(): {(0, 0), (1, 1), (2, 2)}}),
    "renorm of columns": (lambda x: A.renorm(x, 2, 1, 0.5), BOARD, {(1, 2): COLUMN}),
    "cumprod": (lambda x: A.cumprod(x, 1), BOARD, {(1, 2): grid((1,), range(3))}),
    "cummin": (lambda x: A.cummin(x, 0)[0], BOARD, {(1, 2): grid(range(2), (2,))}),
    "logcumsumexp": (lambda x: A.logcumsumexp(x, -1), BOARD, {(1, 2): grid((1,), range(3))}),
    "_logcumsumexp": (lambda x: A._logcumsumexp(x, 0), BOARD, {(1, 2): grid(range(2), (2,))}),
    "diff twice": (lambda x: A.diff(x, 2, 1), BOARD, {(1, 1): grid((1,), range(1, 4))}),
    "diff with ends": (
        lambda x: A.diff(x, 1, 0, torch.ones(1, 4).to(x), torch.ones(2, 4).to(x)),
        BOARD, {(0, 2): {(0, 2)}, (1, 2): {(0, 2), (1, 2)}, (3, 2): {(2, 2)}},
    ),
    "fft of fewer": (lambda x: A.fft_fft(x, 3).abs(), BOARD, {(1, 2): grid((1,), range(3))}),
    "fft of more": (lambda x: A.fft_fft(x, 5, 0).abs(), BOARD, {(4, 2): COLUMN}),
    "fft_irfft of fewer": (
        lambda x: A.fft_irfft(complex_(x), 4), BOARD, {(1, 3): grid((1,), range(3))},
    ),
    "fft_fftshift": (A.fft_fftshift, BOARD, {(0, 0): {(2, 2)}, (1, 3): {(0, 1)}}),
    "fft_fftshift of rows": (lambda x: A.fft_fftshift(x, [0]), BOARD, {(0, 1): {(2, 1)}}),
    "fft_ifftshift": (A.fft_ifftshift, BOARD, {(0, 0): {(1, 2)}, (2, 1): {(0, 3)}}),
    "dist of two": (lambda x: A.dist(x[0], x[2]), BOARD, {(): grid((0, 2), range(4))}),
    "cosine_similarity of columns": (
        lambda x: A.cosine_similarity(x, x.flip(0), 0), BOARD, {2: COLUMN},
    ),
    "outer": (lambda x: A.outer(x[0], x[1]), BOARD, {(1, 3): {(0, 1), (1, 3)}}),
    "ger": (lambda x: A.ger(x[0], x[1]), BOARD, {(1, 3): {(0, 1), (1, 3)}}),
    "addr": (
        lambda x: A.addr(x, torch.ones(3).to(x), x[0]), BOARD, {(1, 2): {(1, 2), (0, 2)}},
    ),
    "kron": (lambda x: A.kron(x, torch.ones(2, 3).to(x)), BOARD, {(3, 7): {(1, 2)}}),
    "kron of two": (
        lambda x: A.kron(x[:2, :2], x[1:, 1:]), BOARD, {(3, 4): {(1, 1), (2, 2)}},
    ),
    "cross": (
        lambda x: A.cross(x, x.flip(1)), (3, 2), {(0, 1): {(1, 1), (2, 1), (1, 0), (2, 0)}},
    ),
    "linalg_cross": (
        lambda x: A.linalg_cross(x, x.flip(0)), (2, 3),
        {(0, 1): {(0, 0), (0, 2), (1, 0), (1, 2)}},
    ),
    "mm": (lambda x: A.mm(x, torch.ones(4, 2).to(x)), BOARD, {(1, 0): ROW}),
    "_sparse_addmm": (
        lambda x: torch.sparse.mm(torch.tensor([[1.0, 0, 2], [0, 1, 0]]).to_sparse().to(x), x),
        BOARD, {(0, 1): {(0, 1), (2, 1)}, (1, 3): {(1, 3)}},
    ),
    "_addmm_activation": (
        lambda x: A._addmm_activation(x[0, :2], x, torch.ones(4, 2).to(x)),
        BOARD, {(1, 1): {*ROW, (0, 1)}},
    ),
    "baddbmm": (
        lambda x: A.baddbmm(torch.ones(2, 3, 5).to(x), x, torch.ones(2, 4, 5).to(x)),
        (2, 3, 4), {(1, 2, 4): grid((1,), (2,), range(4))},
    ),
    "baddbmm, the added": (
        lambda x: A.baddbmm(x, torch.ones(2, 3, 5).to(x), torch.ones(2, 5, 4).to(x)),
        (2, 3, 4), {(1, 2, 3): {(1, 2, 3)}},
    ),
    "addbmm": (
        lambda x: A.addbmm(torch.ones(3, 5).to(x), x, torch.ones(2, 4, 5).to(x)),
        (2, 3, 4), {(2, 4): grid(range(2), (2,), range(4))},
    ),
    "addbmm, the added": (
        lambda x: A.addbmm(x, torch.ones(2, 3, 5).to(x), torch.ones(2, 5, 4).to(x)),
        BOARD, {(1, 2): {(1, 2)}},
    ),
    "chain_matmul": (
        lambda x: torch.chain_matmul(x, torch.ones(4, 2).to(x), torch.ones(2, 5).to(x)),
        BOARD, {(1, 4): ROW},
    ),
    "linalg_multi_dot": (
        lambda x: torch.linalg.multi_dot([x[0], torch.ones(4, 2).to(x), torch.ones(2, 5).to(x)]),
        BOARD, {(4,): grid((0,), range(4))},
    ),
    "linalg_multi_dot, the last": (
        lambda x: torch.linalg.multi_dot([torch.ones(2, 5).to(x), torch.ones(5, 3).to(x), x]),
        BOARD, {(1, 2): COLUMN},
    ),
    "_cdist_forward": (
        lambda x: A._cdist_forward(x, torch.ones(2, 4).to(x), 2.0, None), BOARD, {(1, 0): ROW},
    ),
    "_euclidean_dist": (
        lambda x: A._euclidean_dist(torch.ones(2, 4).to(x), x), BOARD, {(0, 1): ROW},
    ),
    "einsum": (lambda x: A.einsum("ij,ik->jk", [x, x]), BOARD, {(0, 2): grid(range(3), (0, 2))}),
    "polygamma": (lambda x: A.polygamma(1, x), BOARD, {(1, 2): {(1, 2)}}),
}  # fmt: skip

UNSEEN: dict[str, Entry] = {
    "searchsorted in rows of data": (lambda x: A.searchsorted(x, x[:, :2]), BOARD, {(1, 0): ROW}),
    "searchsorted in data": (
        lambda x: A.searchsorted(x[0], x),
        BOARD,
        {(1, 2): {(1, 2), *grid((0,), range(4))}},
    ),
    "isin of a number in data": (lambda x: A.isin.Scalar_Tensor(0.5, x[1]), BOARD, {(): ROW}),
    "isin a number": (lambda x: A.isin.Tensor_Scalar(x, 0.5), BOARD, {(1, 2): {(1, 2)}}),
    "searchsorted of a number": (lambda x: A.searchsorted.Scalar(x[1], 0.5), BOARD, {(): ROW}),
    "bucketize of a number in data": (lambda x: A.bucketize.Scalar(0.5, x[1]), BOARD, {(): ROW}),
    "bilinear of data": (
        lambda x: A.bilinear(x, torch.ones(3, 2).to(x), torch.ones(5, 4, 2).to(x)),
        BOARD,
        {(1, 4): ROW},
    ),
    "_trilinear": (
        lambda x: A._trilinear(x, torch.ones(2, 4).to(x), x, [1], [0], [1], [2]),
        BOARD,
        {(1, 0): ROW},
    ),
    "_masked_softmax": (
        lambda x: A._masked_softmax(x, torch.ones(BOARD).triu(1).bool(), 1, 2),
        BOARD,
        {(1, 0): grid((1,), range(2)), (0, 0): {(0, 0)}, (2, 3): set()},
    ),
    "quantiles": (
        lambda x: torch.quantile(x, torch.tensor([0.25, 0.75]).to(x), 0),
        BOARD,
        {(1, 2): COLUMN},
    ),
    "bucketize": (
        lambda x: A.bucketize.Tensor(x, torch.tensor([0.2, 0.7, 1.1]).to(x)),
        BOARD,
        {(1, 2): {(1, 2)}},
    ),
    "isin": (lambda x: A.isin(x, torch.ones(2, 2).to(x)), BOARD, {(1, 2): {(1, 2)}}),
    "special_zeta": (
        lambda x: A.special_zeta(x + 2, torch.full((3, 4), 2.0).to(x)),
        BOARD,
        {(1, 2): {(1, 2)}},
    ),
    "searchsorted": (
        lambda x: A.searchsorted(torch.tensor([0.2, 0.7, 1.1]).to(x), x),
        BOARD,
        {(1, 2): {(1, 2)}},
    ),
    "cholesky": (
        lambda x: A.cholesky(well(x)),
        (2, 3, 3),
        {(1, 1, 1): CORNER, (1, 2, 0): {(1, 0, 0), (1, 2, 0)}},
    ),
    "msort": (A.msort, BOARD, {(1, 2): COLUMN}),
}

BOUNDED: dict[str, Entry] = {
    "linalg_cholesky_ex, whether there is a factor": (
        lambda x: A.linalg_cholesky_ex(well(x))[1].float(),
        (2, 3, 3),
        {(1,): SECOND},
    ),
    "histc": (lambda x: A.histc(x, 4, 0, 2), BOARD, {1: ALL}),
}
"""Of what is chosen by the data only a bound is known."""
