"""NumPy-shaped ops over the relations: each convention is written here, once, for all.

An op takes operands (anything with a ``shape``, results of other ops among them) and attributes,
and returns a ``Reading``; ops with several outputs return a tuple of them. What a framework may
give as a constant or as data is an argument that takes both: a list or NumPy array is known and
read exactly, an operand is data and makes an upper bound.
"""

from .attention import attend_along, attention, join_heads, split_heads
from .blocks import batch_to_space, channel_shuffle, depth_to_space, space_to_batch, space_to_depth
from .contraction import (
    bilinear,
    cdist,
    contract,
    cross,
    dense,
    dot,
    einsum,
    inner,
    kron,
    matmul,
    matrix_function,
    outer,
    tensordot,
)
from .elementwise import add, multiply, pointwise, where
from .expression import Operand, Reading, read, shape_of
from .frames import col2im, frames, im2col, overlap_add, patches, unfold
from .gathering import gather_elements, gather_nd, take_along_axis
from .indexing import anywhere, getitem, one_hot, take
from .masks import band, diag_embed, diagonal, set_diagonal, trace, tril, triu
from .moving import (
    concat,
    fftshift,
    flip,
    ifftshift,
    repeat,
    reverse_sequence,
    roll,
    rot90,
    split,
    stack,
    tile,
    unstack,
)
from .norm import batch_norm, local_response_norm, norm
from .padding import center_crop, crop, pad
from .reduction import arg_reduce, cumulate, diff, mix, moments, reduce, softmax, sort, top_k
from .resizing import (
    affine_grid,
    crop_and_resize,
    grid_sample,
    regions_of,
    resize,
    resize_area,
    step_of,
)
from .scan import bidirectional, cell, last_state, recurrent
from .scattering import overwrite, put, scatter_elements, scatter_nd, segments
from .shaping import (
    broadcast_to,
    flatten,
    matrix_transpose,
    moveaxis,
    permute,
    reshape,
    squeeze,
    swapaxes,
    unsqueeze,
)
from .signal import fft, istft, stft
from .windows import (
    adaptive_pool,
    axes_named,
    conv,
    conv_transpose,
    pool,
    random_pool,
    reduce_window,
)

__all__ = [
    "Operand", "Reading", "adaptive_pool", "add", "affine_grid", "anywhere", "arg_reduce",
    "attend_along", "attention", "axes_named", "band", "batch_norm", "batch_to_space",
    "bidirectional", "bilinear", "broadcast_to", "cdist", "cell", "center_crop",
    "channel_shuffle", "col2im", "concat", "contract", "conv", "conv_transpose", "crop",
    "crop_and_resize", "cross", "cumulate", "dense", "depth_to_space", "diag_embed", "diagonal",
    "diff", "dot", "einsum", "fft", "fftshift", "flatten", "flip", "frames", "gather_elements",
    "gather_nd", "getitem", "grid_sample", "ifftshift", "im2col", "inner", "istft",
    "join_heads", "kron", "last_state", "local_response_norm", "matmul", "matrix_function",
    "matrix_transpose", "mix", "moments", "moveaxis", "multiply", "norm", "one_hot", "outer",
    "overlap_add", "overwrite", "pad", "patches", "permute", "pointwise", "pool", "put",
    "random_pool", "read", "recurrent", "reduce", "reduce_window", "regions_of", "repeat",
    "reshape", "resize", "resize_area", "reverse_sequence", "roll", "rot90", "scatter_elements",
    "scatter_nd", "segments", "set_diagonal", "shape_of", "softmax", "sort", "space_to_batch",
    "space_to_depth", "split", "split_heads", "squeeze", "stack", "step_of", "stft", "swapaxes",
    "take", "take_along_axis", "tensordot", "tile", "top_k", "trace", "tril", "triu", "unfold",
    "unsqueeze", "unstack", "where",
]  # fmt: skip
