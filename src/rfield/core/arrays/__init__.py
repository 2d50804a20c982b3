"""NumPy-shaped ops over the relations: each convention is written here, once, for all."""

from .contraction import einsum, matmul
from .dilation import dilate, pad, spread
from .expression import Known, Operand, Reading, read
from .indexing import gather_nd, getitem, reverse_sequence, segments, take
from .running import band, cumulate, diagonal, roll

__all__ = [
    "Known",
    "Operand",
    "Reading",
    "band",
    "cumulate",
    "diagonal",
    "dilate",
    "einsum",
    "gather_nd",
    "getitem",
    "matmul",
    "pad",
    "read",
    "reverse_sequence",
    "roll",
    "segments",
    "spread",
    "take",
]
