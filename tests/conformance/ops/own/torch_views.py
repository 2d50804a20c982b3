"""Views, their copies, and what only an exported program or another machine names."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..case import grid
from .torch_arrays import ALL, BOARD, A, Entry

ROW = grid((1,), range(4))


def at(*place: int) -> set[tuple[int, ...]]:
    """One element."""
    return {place}


def weights(*shape: int) -> Any:
    """A weight of ones."""
    return torch.ones(shape)


VIEWS: dict[str, Entry] = {
    "reshape": (lambda x: A.reshape(x, [2, 6]), BOARD, {(1, 2): at(2, 0)}),
    "_reshape_copy": (lambda x: A._reshape_copy(x, [2, 6]), BOARD, {(1, 2): at(2, 0)}),
    "_reshape_alias": (lambda x: A._reshape_alias(x, [2, 6], [6, 1]), BOARD, {(1, 2): at(2, 0)}),
    "view_copy": (lambda x: A.view_copy(x, [6, 2]), BOARD, {(4, 1): at(2, 1)}),
    "view_as": (lambda x: A.view_as(x, x.reshape(4, 3)), BOARD, {(2, 1): at(1, 3)}),
    "reshape_as": (lambda x: A.reshape_as(x.t(), x), BOARD, {(1, 0): at(1, 1), (2, 3): at(2, 3)}),
    "flatten": (A.flatten, BOARD, {7: at(1, 3)}),
    "unflatten": (lambda x: A.unflatten.int(x, -1, [2, 2]), BOARD,
                  {(1, 1, 0): grid((1,), (2, 3))}),
    "squeeze_copy": (A.squeeze_copy, (1, 3, 1), {2: at(0, 2, 0)}),
    "unsqueeze_copy": (lambda x: A.unsqueeze_copy(x, -1), BOARD, {(1, 2, 0): at(1, 2)}),
    "t": (A.t, BOARD, {(3, 1): at(1, 3)}),
    "t_copy": (A.t_copy, BOARD, {(3, 1): at(1, 3)}),
    "t of one axis": (lambda x: A.t(x[1]), BOARD, {3: at(1, 3)}),
    "numpy_T": (A.numpy_T, (2, 3, 4), {(3, 0, 1): at(1, 0, 3)}),
    "mT": (A.mT, (2, 3, 4), {(1, 3, 0): at(1, 0, 3)}),
    "adjoint": (A.adjoint, (2, 3, 4), {(1, 3, 0): at(1, 0, 3)}),
    "permute_copy": (lambda x: A.permute_copy(x, [2, 0, 1]), (2, 3, 4), {(3, 1, 0): at(1, 0, 3)}),
    "transpose_copy": (lambda x: A.transpose_copy.int(x, 0, -1), (2, 3, 4),
        {(3, 2, 1): at(1, 2, 3)}),
    "transpose_": (lambda x: (x * 1).transpose_(0, 1), BOARD, {(3, 1): at(1, 3)}),
    "swapaxes": (lambda x: A.swapaxes(x, 0, -1), BOARD, {(3, 1): at(1, 3)}),
    "swapdims": (lambda x: A.swapdims(x, -2, 1), BOARD, {(3, 1): at(1, 3)}),
    "movedim.int": (lambda x: A.movedim.int(x, 0, -1), (2, 3, 4), {(2, 3, 1): at(1, 2, 3)}),
    "movedim": (lambda x: A.movedim.intlist(x, [0, 1], [2, 0]), (2, 3, 4),
        {(2, 3, 1): at(1, 2, 3)}),
    "moveaxis.int": (lambda x: A.moveaxis.int(x, -1, 0), (2, 3, 4), {(3, 1, 2): at(1, 2, 3)}),
    "moveaxis": (lambda x: A.moveaxis.intlist(x, [0], [1]), (2, 3, 4), {(2, 1, 3): at(1, 2, 3)}),
    "select_copy": (lambda x: A.select_copy.int(x, 0, -1), BOARD, {3: at(2, 3)}),
    "slice_copy": (lambda x: A.slice_copy.Tensor(x, 1, -3, None, 2), BOARD, {(1, 1): at(1, 3)}),
    "narrow": (lambda x: A.narrow(x, 1, 1, 2), BOARD, {(1, 1): at(1, 2)}),
    "narrow from the end": (lambda x: A.narrow(x, -1, -2, 2), BOARD, {(1, 1): at(1, 3)}),
    "narrow_copy": (lambda x: A.narrow_copy(x, 0, -2, 1), BOARD, {(0, 3): at(1, 3)}),
    "chunk": (lambda x: A.chunk(x, 3, 1)[1], BOARD, {(1, 0): at(1, 2)}),
    "unsafe_chunk": (lambda x: A.unsafe_chunk(x, 2, -1)[1], BOARD, {(1, 0): at(1, 2)}),
    "split.sizes": (lambda x: A.split.sizes(x, [1, 3], 1)[1], BOARD, {(1, 0): at(1, 1)}),
    "split_with_sizes": (lambda x: A.split_with_sizes(x, [1, 2], 0)[1], BOARD, {(1, 3): at(2, 3)}),
    "unsafe_split_with_sizes": (
        lambda x: A.unsafe_split_with_sizes(x, [1, 2])[1], BOARD, {(1, 3): at(2, 3)},
    ),
    "split_copy": (lambda x: A.split_copy.Tensor(x, 3, -1)[1], BOARD, {(1, 0): at(1, 3)}),
    "split_with_sizes_copy": (
        lambda x: A.split_with_sizes_copy(x, [3, 1], 1)[1], BOARD, {(1, 0): at(1, 3)},
    ),
    "tensor_split": (
        lambda x: A.tensor_split.indices(x, [1, -1], 1)[1], BOARD, {(1, 1): at(1, 2)},
    ),
    "tensor_split in sections": (
        lambda x: A.tensor_split.sections(x, 3, 1)[1], BOARD, {(1, 0): at(1, 2)},
    ),
    "unbind_copy": (lambda x: A.unbind_copy.int(x, -1)[2], BOARD, {1: at(1, 2)}),
    "concat": (lambda x: A.concat([x, x[:1]], 0), BOARD, {(3, 2): at(0, 2)}),
    "concatenate": (lambda x: A.concatenate([x, x[:, :1]], -1), BOARD, {(1, 4): at(1, 0)}),
    "concat of nothing": (
        lambda x: A.concat([torch.ones(0).to(x), x[:0], x], 0), BOARD, {(1, 2): at(1, 2)},
    ),
    "broadcast_to": (lambda x: A.broadcast_to(x[:1], [2, 3, 4]), BOARD, {(1, 2, 3): at(0, 3)}),
    "expand_copy": (lambda x: A.expand_copy(x[:, :1], [3, 5]), BOARD, {(2, 3): at(2, 0)}),
    "expand_as": (lambda x: A.expand_as(x[:, 1:2], x), BOARD, {(2, 3): at(2, 1)}),
    "type_as": (lambda x: A.type_as(x, x.flip(0)), BOARD, {(2, 3): at(2, 3)}),
    "tile": (lambda x: A.tile(x, [2]), BOARD, {(1, 6): at(1, 2)}),
    "tile of more axes": (lambda x: A.tile(x, [2, 1, 3]), BOARD, {(1, 2, 9): at(2, 1)}),
    "repeat_interleave": (
        lambda x: A.repeat_interleave.self_int(x, 3, -1), BOARD, {(1, 8): at(1, 2)},
    ),
    "repeat_interleave of all": (
        lambda x: A.repeat_interleave.self_int(x, 2), BOARD, {9: at(1, 0)},
    ),
    "diagonal_copy": (lambda x: A.diagonal_copy(x, 1), BOARD, {1: at(1, 2)}),
    "diagonal below": (lambda x: A.diagonal_copy(x, -1, 1, 0), BOARD, {1: at(1, 2)}),
    "as_strided_copy": (
        lambda x: A.as_strided_copy(x, [2, 2], [4, 2], 5), BOARD,
            {(0, 1): at(1, 3), (1, 0): at(2, 1)},
    ),
    "view_as_real_copy": (
        lambda x: A.view_as_real_copy(torch.complex(x, x)), BOARD, {(1, 2, 0): at(1, 2)},
    ),
    "view_as_complex_copy": (
        lambda x: A.view_as_complex_copy(x.reshape(3, 2, 2)).abs(), BOARD,
        {(1, 1): grid((1,), (2, 3))},
    ),
    "normal": (lambda x: A.normal.Tensor_float(x, 2.0), BOARD, {(1, 2): at(1, 2)}),
    "normal in place": (lambda x: (x * 1).normal_() + x, BOARD, {(1, 2): at(1, 2)}),
}  # fmt: skip

UNSEEN: dict[str, Entry] = {
    "index_put by a mask of data": (
        lambda x: A._index_put_impl(x * 1, [x > 1], x[0, 0]), BOARD, {(1, 2): {(0, 0), (1, 2)}},
    ),
    "normal, its spread": (lambda x: A.normal.float_Tensor(0.0, x.abs()), BOARD,
        {(1, 2): at(1, 2)}),
    "normal of both": (
        lambda x: A.normal.Tensor_Tensor(x, x.flip(1).abs()), BOARD, {(1, 2): grid((1,), (1, 2))},
    ),
}  # fmt: skip

BOUNDED: dict[str, Entry] = {
    "_embedding_bag": (
        lambda x: A._embedding_bag(x, torch.tensor([2, 0]), torch.tensor([0, 1]))[0], BOARD,
        {(1, 3): ALL},
    ),
    "_embedding_bag_forward_only": (
        lambda x: A._embedding_bag_forward_only(x, torch.tensor([2, 0]), torch.tensor([0, 1]))[0],
        BOARD, {(1, 3): ALL},
    ),
}  # fmt: skip

HEADS = (1, 1, 4, 3)
CAUSAL = {(0, 0, 1, 2): grid((0,), (0,), range(2), range(3))}

ELSEWHERE: dict[str, Entry] = {
    "_scaled_dot_product_efficient_attention": (
        lambda x: A._scaled_dot_product_efficient_attention(x, x, x, None, False, 0.0, True)[0],
        HEADS, CAUSAL,
    ),
    "_scaled_dot_product_flash_attention": (
        lambda x: A._scaled_dot_product_flash_attention(x, x, x, 0.0, True)[0], HEADS, CAUSAL,
    ),
    "_scaled_dot_product_cudnn_attention": (
        lambda x: A._scaled_dot_product_cudnn_attention(x, x, x, None, False, 0.0, True)[0],
        HEADS, CAUSAL,
    ),
    "_scaled_dot_product_fused_attention_overrideable": (
        lambda x: A._scaled_dot_product_fused_attention_overrideable(x, x, x, None, 0.0, True)[0],
        HEADS, CAUSAL,
    ),
    "_conv_depthwise2d": (
        lambda x: A._conv_depthwise2d(x, weights(2, 1, 3, 2), [3, 2], None, [2, 1], [1, 0], [1, 2]),
        (1, 2, 5, 6), {(0, 1, 1, 0): grid((0,), (1,), (1, 2, 3), (0, 2))},
    ),
    "conv_depthwise3d": (
        lambda x: A.conv_depthwise3d(
            x, weights(1, 1, 1, 3, 2), [1, 3, 2], None, [1, 2, 1], [0, 1, 0], [1, 1, 2]
        ),
        (1, 1, 3, 4, 5), {(0, 0, 2, 1, 0): grid((0,), (0,), (2,), (1, 2, 3), (0, 2))},
    ),
    "convolution_overrideable": (
        lambda x: A.convolution_overrideable(
            x, weights(3, 2, 3, 2), None, [2, 1], [1, 0], [1, 2], False, [0, 0], 1
        ),
        (1, 2, 5, 6), {(0, 1, 1, 0): grid((0,), range(2), (1, 2, 3), (0, 2))},
    ),
    "mkldnn_max_pool2d": (
        lambda x: A.mkldnn_max_pool2d(x, [2, 3], [], [0, 1]),
        (1, 2, 5, 6), {(0, 1, 1, 0): grid((0,), (1,), (2, 3), (0, 1))},
    ),
    "quantized_max_pool2d": (
        lambda x: A.quantized_max_pool2d(x, [2, 3], [], [0, 1]),
        (1, 2, 5, 6), {(0, 1, 1, 0): grid((0,), (1,), (2, 3), (0, 1))},
    ),
    "cudnn_batch_norm": (
        lambda x: A.cudnn_batch_norm(x, weights(2), None, weights(2), weights(2), True, 0.1,
            0.0)[0],
        (3, 2, 4), {(1, 1, 2): grid(range(3), (1,), range(4))},
    ),
    "miopen_batch_norm": (
        lambda x: A.miopen_batch_norm(x, weights(2), None, weights(2), weights(2), False, 0.1,
            0.0)[0],
        (3, 2, 4), {(1, 1, 2): at(1, 1, 2)},
    ),
    "_batch_norm_no_update": (
        lambda x: A._batch_norm_no_update(x, None, None, weights(2), weights(2), 0.1, 0.0)[0],
        (3, 2, 4), {(1, 1, 2): at(1, 1, 2)},
    ),
    "_batch_norm_with_update": (
        lambda x: A._batch_norm_with_update(x, None, None, weights(2), weights(2), 0.1, 0.0)[0],
        (3, 2, 4), {(1, 1, 2): grid(range(3), (1,), range(4))},
    ),
    "_scaled_dot_product_cudnn_attention, the sums": (
        lambda x: A._scaled_dot_product_cudnn_attention(x, x, x, None, True, 0.0, True)[1],
        HEADS, {(0, 0, 1, 0): grid((0,), (0,), range(2), range(3))},
    ),
    "_thnn_fused_lstm_cell": (
        lambda x: A._thnn_fused_lstm_cell(x, weights(3, 8), weights(3, 2))[0],
        (3, 8), {(1, 1): grid((1,), (1, 3, 5, 7))},
    ),
    "_thnn_fused_lstm_cell, its cell": (
        lambda x: A._thnn_fused_lstm_cell(weights(3, 16), weights(3, 16), x)[1], BOARD,
        {(1, 2): at(1, 2)},
    ),
}  # fmt: skip
"""Ops that run on other machines alone (CUDA, MIOpen, a compiler's back end)."""

STEPS = (5, 1, 3)


def pack(x: Any) -> Any:
    """Two items, of which the one has four of five steps, the other two."""
    return nn.utils.rnn.pack_padded_sequence(x, torch.tensor([4, 2]), batch_first=True).data


def packed(x: Any, layer: Any) -> Any:
    """A sequence of which the item has three of five steps."""
    made = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([3]))
    return layer(made)[0].data


RECURRENT: dict[str, tuple[Any, ...]] = {
    "lstm.input": (lambda x, m: m(x)[0], STEPS, {(2, 0, 1): grid(range(3), (0,), range(3))},
        nn.LSTM(3, 4)),
    "lstm.input, projected": (
        lambda x, m: m(x)[1][1], STEPS, {(0, 0, 3): grid(range(5), (0,), range(3))},
        nn.LSTM(3, 4, proj_size=2),
    ),
    "lstm.input, both ways": (
        lambda x, m: m(x)[1][0], STEPS,
        {(1, 0, 1): grid(range(5), (0,), range(3)), (0, 0, 1): grid(range(5), (0,), range(3))},
        nn.LSTM(3, 4, bidirectional=True),
    ),
    "gru.input": (lambda x, m: m(x)[0], STEPS, {(2, 0, 1): grid(range(3), (0,), range(3))},
        nn.GRU(3, 4)),
    "rnn_tanh.input": (lambda x, m: m(x)[0], STEPS, {(2, 0, 1): grid(range(3), (0,), range(3))},
        nn.RNN(3, 4)),
    "rnn_relu.input": (
        lambda x, m: m(x)[0], STEPS, {(2, 0, 1): grid(range(3), (0,), range(3))},
        nn.RNN(3, 4, nonlinearity="relu"),
    ),
}  # fmt: skip

PACKED: dict[str, tuple[Any, ...]] = {
    name: (packed, STEPS, {(2, 1): grid(range(3), (0,), range(3))}, layer)
    for name, layer in (
        ("lstm.data", nn.LSTM(3, 4)), ("gru.data", nn.GRU(3, 4)), ("rnn_tanh.data", nn.RNN(3, 4)),
        ("rnn_relu.data", nn.RNN(3, 4, nonlinearity="relu")),
    )
} | {
    "_pad_packed_sequence": (
        lambda x, m: nn.utils.rnn.pad_packed_sequence(m(nn.utils.rnn.pack_padded_sequence(
            x, torch.tensor([3])))[0])[0],
        STEPS, {(1, 0, 2): grid(range(2), (0,), range(3))}, nn.GRU(3, 4),
    ),
}  # fmt: skip

WITH_LENGTHS: dict[str, Entry] = {
    "_pack_padded_sequence": (
        pack,
        (2, 5, 3),
        {(3, 1): {(1, 1, 1)}, (4, 1): {(0, 2, 1)}, (5, 2): {(0, 3, 2)}},
    ),
}
"""Torch has no shapes for them; the lengths tell."""
