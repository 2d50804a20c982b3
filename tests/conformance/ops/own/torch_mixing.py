"""Convolutions, norms, indices, cells and what depends on data, as PyTorch names them inside."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it

from ..case import grid
from .torch_arrays import ALL, BOARD, A, Entry, complex_
from .torch_layers import IMAGE, SPACE, VOLUME, at, both, window

MIXING: dict[str, Entry] = {
    "_convolution": (
        lambda x: A._convolution(
            x, torch.ones(3, 2, 3, 2).to(x), None, [2, 1], [1, 0], [1, 2], False, [0, 0], 1,
            False, False, False, False,
        ),
        IMAGE, {(0, 2, 1, 0): both((1, 2, 3), (0, 2))},
    ),
    "_convolution, transposed": (
        lambda x: A._convolution(
            x, torch.ones(2, 3, 3, 2).to(x), None, [2, 1], [1, 0], [1, 1], True, [1, 0], 1,
            False, False, False, False,
        ),
        IMAGE, {(0, 2, 1, 0): both((0, 1), (0,)), (0, 0, 2, 3): both((1,), (2, 3))},
    ),
    "conv_transpose3d": (
        lambda x: A.conv_transpose3d.input(x, torch.ones(1, 2, 1, 3, 2).to(x), None, [1, 2, 1]),
        VOLUME, {(0, 1, 2, 4, 1): window((0,), (2,), (1, 2), (0, 1))},
    ),
    "conv_tbc": (
        lambda x: A.conv_tbc(x, torch.ones(3, 2, 4).to(x), torch.ones(4).to(x), 1), (5, 3, 2),
        {(0, 1, 3): grid((0, 1), (1,), range(2)), (2, 0, 1): grid((1, 2, 3), (0,), range(2))},
    ),
    "prelu of channels": (
        lambda x: A.prelu(x, torch.tensor([0.5, 0.25]).to(x)), IMAGE,
            {(0, 1, 2, 3): at(0, 1, 2, 3)},
    ),
    "prelu, the slope": (
        lambda x: A.prelu(torch.ones(2, 4, 3).to(x) * -1, x[1]), BOARD,
        {(1, 3, 2): at(1, 3)},
    ),
    "native_channel_shuffle": (
        lambda x: A.native_channel_shuffle(x, 2), (1, 6, 2, 2), {(0, 1, 1, 0): at(0, 3, 1, 0)},
    ),
    "native_group_norm": (
        lambda x: A.native_group_norm(x, None, None, 1, 4, 6, 2, 1e-5)[0], (1, 4, 6),
        {(0, 1, 3): grid((0,), range(2), range(6))},
    ),
    "native_batch_norm": (
        lambda x: A.native_batch_norm(x, None, None, torch.ones(2).to(x), torch.ones(2).to(x),
                                      False, 0.1, 1e-5)[0],
        (3, 2, 4), {(1, 1, 2): at(1, 1, 2)},
    ),
    "_native_batch_norm_legit": (
        lambda x: A._native_batch_norm_legit(x, None, None, torch.ones(2).to(x),
                                             torch.ones(2).to(x), False, 0.1, 1e-5)[0],
        (3, 2, 4), {(1, 1, 2): at(1, 1, 2)},
    ),
    "_native_batch_norm_legit.no_stats": (
        lambda x: A._native_batch_norm_legit.no_stats(x, None, None, True, 0.1, 1e-5)[0],
        (3, 2, 4), {(1, 1, 2): grid(range(3), (1,), range(4))},
    ),
    "_native_batch_norm_legit_functional": (
        lambda x: A._native_batch_norm_legit_functional(
            x, None, None, torch.ones(2).to(x), torch.ones(2).to(x), True, 0.1, 1e-5)[0],
        (3, 2, 4), {(1, 1, 2): grid(range(3), (1,), range(4))},
    ),
    "_native_batch_norm_legit_no_training": (
        lambda x: A._native_batch_norm_legit_no_training(
            x, None, None, torch.ones(2).to(x), torch.ones(2).to(x), 0.1, 1e-5)[0],
        (3, 2, 4), {(1, 1, 2): at(1, 1, 2)},
    ),
    "_weight_norm_interface": (
        lambda x: A._weight_norm_interface(x, torch.ones(3, 1).to(x), 0)[0], BOARD,
        {(1, 2): grid((1,), range(4))},
    ),
    "native_dropout": (lambda x: A.native_dropout(x, 0.5, False)[0], BOARD, {(1, 2): at(1, 2)}),
    "_scaled_dot_product_attention_math": (
        lambda x: A._scaled_dot_product_attention_math(x, x, x)[0],
        (1, 1, 4, 3), {(0, 0, 1, 2): window((0,), range(4), range(3))},
    ),
    "embedding of a table": (
        lambda x: A.embedding(x, torch.tensor([[2, 0]])), BOARD, {(0, 1, 3): at(0, 3)},
    ),
    "take": (lambda x: A.take(x, torch.tensor([[5, -1]])), BOARD,
        {(0, 0): at(1, 1), (0, 1): at(2, 3)}),
    "take_along_dim": (
        lambda x: torch.take_along_dim(x, torch.tensor([[2, 0]]), 1), BOARD, {(1, 0): at(1, 2)},
    ),
    "index_add": (
        lambda x: A.index_add(x, 1, torch.tensor([0, 2]), x[:, 2:]), BOARD,
        {(1, 2): {(1, 2), (1, 3)}, (1, 1): at(1, 1)},
    ),
    "index_fill": (
        lambda x: A.index_fill(x, 0, torch.tensor([1]), 0.5), BOARD,
            {(0, 2): at(0, 2), (1, 2): set()},
    ),
    "index_reduce": (
        lambda x: A.index_reduce(x, 0, torch.tensor([2]), x[:1], "prod"), BOARD,
        {(2, 1): {(2, 1), (0, 1)}, (1, 1): at(1, 1)},
    ),
    "scatter_add": (
        lambda x: A.scatter_add(x, 1, torch.tensor([[2, 2]]), x[:, 2:]), BOARD,
        {(0, 2): {(0, 2), (0, 3)}, (1, 2): at(1, 2)},
    ),
    "scatter_reduce": (
        lambda x: A.scatter_reduce(x, 0, torch.tensor([[2, 0, 1, 2]]), x, "amax"), BOARD,
        {(2, 0): {(2, 0), (0, 0)}, (1, 1): at(1, 1)},
    ),
    "_unsafe_index_put": (
        lambda x: A._unsafe_index_put(x, [None, torch.tensor([3])], x[:, :1]), BOARD,
        {(1, 3): at(1, 0), (1, 2): at(1, 2)},
    ),
    "_unsafe_index": (
        lambda x: A._unsafe_index(x, [torch.tensor([[2], [0]]), torch.tensor([1, 3])]), BOARD,
        {(1, 1): at(0, 3)},
    ),
    "_unsafe_masked_index": (
        lambda x: A._unsafe_masked_index(
            x, torch.tensor([[True], [False]]), [torch.tensor([[2], [0]]), torch.tensor([1, 3])],
                0.0
        ),
        BOARD, {(0, 1): at(2, 3), (1, 1): set()},
    ),
    "lstm_cell": (
        lambda x: A.lstm_cell(
            x, [torch.ones(3, 2).to(x), torch.ones(3, 2).to(x)], torch.ones(8, 4).to(x),
            torch.ones(8, 2).to(x),
        )[0],
        BOARD, {(1, 1): grid((1,), range(4))},
    ),
    "lstm_cell, the cell": (
        lambda x: A.lstm_cell(
            torch.ones(3, 2).to(x), [torch.ones(3, 4).to(x), x], torch.ones(16, 2).to(x),
            torch.ones(16, 4).to(x),
        )[1],
        BOARD, {(1, 2): at(1, 2)},
    ),
    "gru_cell, the state": (
        lambda x: A.gru_cell(torch.ones(3, 2).to(x), x, torch.ones(12, 2).to(x),
            torch.ones(12, 4).to(x)),
        BOARD, {(1, 2): grid((1,), range(4))},
    ),
    "rnn_relu_cell": (
        lambda x: A.rnn_relu_cell(x, torch.ones(3, 2).to(x), torch.ones(2, 4).to(x),
            torch.ones(2, 2).to(x)),
        BOARD, {(1, 0): grid((1,), range(4))},
    ),
    "rnn_tanh_cell": (
        lambda x: A.rnn_tanh_cell(x, torch.ones(3, 2).to(x), torch.ones(2, 4).to(x),
            torch.ones(2, 2).to(x)),
        BOARD, {(1, 0): grid((1,), range(4))},
    ),
    "frexp": (lambda x: A.frexp(x)[0], BOARD, {(1, 2): at(1, 2)}),
    "real": (lambda x: A.real(complex_(x)), BOARD, {(1, 2): at(1, 2)}),
    "imag": (lambda x: A.imag(complex_(x)), BOARD, {(1, 2): at(1, 2)}),
    "fill": (lambda x: A.fill.Tensor(x, x[1, 2]), BOARD, {(0, 0): at(1, 2)}),
    "zero": (lambda x: A.zero(x) + x, BOARD, {(1, 2): at(1, 2)}),
}  # fmt: skip

CHANCE: dict[str, Entry] = {
    "uniform": (lambda x: A.uniform(x) + x, BOARD, {(1, 2): at(1, 2)}),
    "random": (lambda x: A.random(x) + x, BOARD, {(1, 2): at(1, 2)}),
    "exponential": (lambda x: A.exponential(x) + x, BOARD, {(1, 2): at(1, 2)}),
}
"""Overwritten by chance; what is added afterwards is read."""

UNSEEN: dict[str, Entry] = {
    "max_unpool3d": (
        lambda x: F.max_unpool3d(*F.max_pool3d(x, (1, 2, 2), return_indices=True), (1, 2, 2)),
        (1, 1, 2, 4, 2), {(0, 0, 1, 2, 0): window((0,), (1,), (2, 3), range(2))},
    ),
    "_scaled_dot_product_attention_math, the weights": (
        lambda x: A._scaled_dot_product_attention_math(x, x + 1, x, is_causal=True)[1],
        (1, 1, 4, 3), {(0, 0, 2, 1): window((0,), range(3), range(3)), (0, 0, 1, 3): set()},
    ),
    "_scaled_dot_product_flash_attention_for_cpu": (
        lambda x: A._scaled_dot_product_flash_attention_for_cpu(x, x, x, 0.0, True)[0],
        (1, 1, 4, 3), {(0, 0, 1, 2): window((0,), range(2), range(3))},
    ),
    "one_hot": (lambda x: A.one_hot(x.clamp(0, 4).long(), 5), BOARD, {(1, 2, 4): at(1, 2)}),
    "embedding of data": (
        lambda x: A.embedding(torch.ones(5, 2).to(x), x.clamp(0, 4).long()), BOARD,
            {(1, 2, 1): at(1, 2)},
    ),
    "grid_sampler_3d of a table": (
        lambda x: A.grid_sampler_3d(
            torch.arange(27.0).view(1, 1, 3, 3, 3).to(x), x.permute(0, 2, 3, 4, 1)[..., [0, 0, 0]],
            0, 0, True,
        ),
        VOLUME, {(0, 0, 1, 2, 3): at(0, 0, 1, 2, 3)},
    ),
    "dequantized by channels": (
        lambda x: torch.quantize_per_channel(
            x.float(), torch.tensor([0.5, 0.25, 0.5]).float(), torch.zeros(3).long(), 0, torch.qint8
        ).dequantize(),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams": (
        lambda x: A._fake_quantize_per_tensor_affine_cachemask_tensor_qparams(
            x.float(), torch.tensor([0.25]).float(), torch.zeros(1).int(), torch.ones(1).long(), 0,
                9
        )[0],
        BOARD, {(1, 2): at(1, 2)},
    ),
    "dequantized": (
        lambda x: torch.quantize_per_tensor(x.float(), 0.25, 0, torch.qint8).dequantize(), BOARD,
        {(1, 2): at(1, 2)},
    ),
    "fake_quantize_per_channel_affine": (
        lambda x: torch.fake_quantize_per_channel_affine(
            x.float(), torch.tensor([0.5, 0.25, 0.5], dtype=torch.float32),
                torch.zeros(3, dtype=torch.int32), 0, 0, 9
        ),
        BOARD, {(1, 2): at(1, 2)},
    ),
    "fake_quantize_per_channel_affine_cachemask": (
        lambda x: A.fake_quantize_per_channel_affine_cachemask(
            x.float(), torch.tensor([0.5, 0.25, 0.5], dtype=torch.float32),
                torch.zeros(3, dtype=torch.int32), 0, 0, 9
        )[0],
        BOARD, {(1, 2): at(1, 2)},
    ),
}  # fmt: skip

BOUNDED: dict[str, Entry] = {
    "embedding_bag": (
        lambda x: A.embedding_bag(x, torch.tensor([2, 0]), torch.tensor([0, 1]))[0], BOARD,
        {(1, 3): grid(range(3), range(4))},
    ),
    "masked_scatter": (
        lambda x: A.masked_scatter(x, x > 1, x), BOARD, {(1, 2): ALL},
    ),
    "take_along_dim of data": (
        lambda x: torch.take_along_dim(x, x.clamp(0, 2).long(), 1), BOARD,
            {(1, 2): grid((1,), range(4))},
    ),
    "take of data": (lambda x: A.take(x, x.clamp(0, 9).long()), BOARD, {(1, 2): ALL}),
    "max_unpool2d of windows that overlap": (
        lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, 1, return_indices=True), 2, 1),
        (1, 1, 3, 4), {(0, 0, 1, 2): window((0,), range(3), range(4))},
    ),
    "fractional_max_pool3d": (
        lambda x: F.fractional_max_pool3d(x, 2, output_size=(2, 2, 3)), (1, 1, 4, 5, 6),
        {(0, 0, 1, 1, 1): window((0,), (2, 3), (3, 4), (2, 3))},
    ),
    "grid_sampler_3d of data": (
        lambda x: A.grid_sampler_3d(x, torch.cat([x, x, x], 1).permute(0, 2, 3, 4, 1), 0, 0, True),
        VOLUME, {(0, 0, 1, 2, 3): window((0,), range(3), range(4), range(5))},
    ),
    "grid_sampler of data": (
        lambda x: A.grid_sampler(x, x.permute(0, 2, 3, 1), 0, 0, True), IMAGE,
            {(0, 1, 2, 3): {(0, 0, 2, 3), *window((1,), range(5), range(6))}},
    ),
}  # fmt: skip

VISION: dict[str, Entry] = {
    "deform_conv2d": (
        lambda x: torch.ops.torchvision.deform_conv2d(
            x, torch.ones(1, 2, 2, 2).to(x), torch.zeros(1, 8, 4, 5).to(x),
                torch.ones(1, 4, 4, 5).to(x),
            torch.zeros(1).to(x), 1, 1, 0, 0, 1, 1, 1, 1, True,
        ),
        IMAGE, {(0, 0, 1, 2): SPACE},
    ),
    "roi_align": (
        lambda x: torch.ops.torchvision.roi_align(
            x, torch.tensor([[0.0, 0, 0, 4, 4]]).to(x), 1.0, 2, 2, 1, False
        ),
        IMAGE, {(0, 1, 1, 1): SPACE},
    ),
    "ps_roi_align": (
        lambda x: torch.ops.torchvision.ps_roi_align(
            x, torch.tensor([[0.0, 0, 0, 4, 4]]).to(x), 1.0, 2, 1, 1
        )[0],
        IMAGE, {(0, 0, 1, 0): SPACE},
    ),
    "roi_pool": (
        lambda x: torch.ops.torchvision.roi_pool(
            x, torch.tensor([[0.0, 0, 0, 4, 4]]).to(x), 1.0, 2, 2
        )[0],
        IMAGE, {(0, 1, 1, 1): SPACE},
    ),
    "ps_roi_pool": (
        lambda x: torch.ops.torchvision.ps_roi_pool(
            x, torch.tensor([[0.0, 0, 0, 4, 4]]).to(x), 1.0, 2, 1
        )[0],
        IMAGE, {(0, 0, 1, 0): SPACE},
    ),
}  # fmt: skip
"""The ops of torchvision; boxes and offsets may lie anywhere."""

WITH_VALUES: dict[str, Entry] = {
    "bincount": (lambda x: A.bincount((4 * x.clamp(0, 2)).long().flatten(), None, 9)[:9], BOARD,
        {1: ALL}),
    "histogram": (lambda x: A.histogram.bin_ct(x, 4)[0], BOARD, {1: ALL}),
    "masked_select": (lambda x: A.masked_select(x, x > 0.5)[:1], BOARD, {0: ALL}),
    "nonzero": (lambda x: A.nonzero(x > 0.5)[:1, 1], BOARD, {0: ALL}),
    "nms": (
        lambda x: torch.ops.torchvision.nms(
            torch.cat([x[:, :2], x[:, :2] + 3], 1), x[:, 3], 1.0)[:1],
        BOARD, {0: grid(range(3), (0, 1, 3))},
    ),
}  # fmt: skip
"""The shape of the result depends on the data."""
