"""NumPy-shaped ops over the relations: each convention is written here, once, for all."""

from .contraction import einsum, matmul
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
    "einsum",
    "gather_nd",
    "getitem",
    "matmul",
    "read",
    "reverse_sequence",
    "roll",
    "segments",
    "take",
]
