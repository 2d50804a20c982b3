"""What is known of tensors that depend on no input: their numbers, their zeros, what made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...core.graph import Weights
from ...core.known import FIXED, SOFT, ZERO, of_constant
from ...core.numbers import DRAWN, KEPT, is_drawn
from ..machine.emit import Emitter
from ..machine.limits import COMPUTED, MASK
from ..machine.values import Array
from .moved import SMALL, Held
from .names import Names
from .rulebook import Signature
from .storage import in_a_row, laid, lying, places_in
from .values import Value, is_weight
from .zeros import Plain, Sample, dense, drawn, wide, zeros_in, zeros_in_every_channel

Places = Callable[[], "NDArray[np.int64] | None"]
"""Which elements of a weight lie where; None for too many."""


class Knowledge:
    """The constants of one capture; ``Tracer`` adds to it what depends on the input.

    ``twins``: the meta tensors that stand for real ones, beside these, which keep their ids;
    ``views``: the records of views of constants.
    """

    emitter: Emitter
    names: Names | None

    def __init__(self) -> None:
        self.foreign: dict[int, tuple[torch.Tensor, Value]] = {}
        self.count_zeros = False
        self.twins: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}
        self.views: list[Value] = []
        self.draws: dict[int, tuple[torch.Tensor, Sample | None]] = {}

    def value(self, tensor: torch.Tensor) -> Value | None:
        """The record of a tensor, or None for one that was made before the capture."""
        value = getattr(tensor, "_rfield", None)
        if value is not None and value.owner is self:
            return value
        kept = self.foreign.get(id(tensor))
        return kept[1] if kept is not None else None

    def index_of(self, tensor: torch.Tensor) -> int | None:
        """The node that a tensor holds now, or None if it depends on no input."""
        raise NotImplementedError

    def constant(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """The tensor itself if its elements are real numbers that depend on nothing."""
        if tensor.device.type == "meta" or self.index_of(tensor) is not None:
            return None
        value = self.value(tensor)
        return None if value is not None and not value.cell.known else tensor

    # --- zeros

    def is_own(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor was made while the model runs."""
        value = self.value(tensor)
        return value is not None and value.cell.own

    def unseen(self, tensor: torch.Tensor) -> bool:
        """Whether a constant is a table of the model, no weight, that is too large to be known."""
        if self.constant(tensor) is not None and not is_weight(tensor):
            return tensor.numel() > MASK
        value = self.value(tensor)
        if value is None or (not value.cell.own and value.parent is None):
            weight = is_weight(tensor) or (value is not None and value.weight is not None)
            return not weight and tensor.device.type != "meta" and tensor.numel() > MASK
        while value.parent is not None and not value.unseen:
            value = value.parent
        return value.unseen and value.sample is None

    def may_hide(self, tensor: torch.Tensor) -> bool:
        """Whether a constant may have zeros that are lost with what is made of it."""
        if self.index_of(tensor) is not None:
            return False
        if left_of(self.value(tensor)) is not None:
            return True
        sample = self.sample(tensor)
        if isinstance(sample, Plain) or tensor.numel() < 2:
            return False
        known = self.constant(tensor) if sample is None else sample
        return self.unseen(tensor) or (known is not None and zeros_in(known) is not None)

    def told(self, tensor: torch.Tensor) -> tuple[Array | None, float]:
        """What is known of a constant whose numbers are not, and the number of a mask in it."""
        if self.constant(tensor) is not None:
            return None, 0.0
        left = left_of(self.value(tensor))
        if left is not None:
            return left, 0.0
        zeros = self.zeros(tensor)
        told = None if zeros is None else np.where(zeros, np.uint8(ZERO), np.uint8(FIXED))
        drawn = self.kept_sample(tensor, self.value(tensor))
        if not isinstance(drawn, torch.Tensor) or not drawn.is_floating_point():
            return told, 0.0
        if not drawn.numel():
            return told, 0.0
        array = drawn.numpy()
        codes = of_constant(drawn.shape, array, told, counts=False, soft=SOFT).codes
        if not (codes > FIXED).any():
            return None, 0.0
        found = (codes == SOFT).any() and float(f"{array[np.isfinite(array)].min():.1g}")
        return np.broadcast_to(codes, array.shape), float(found)

    def zeros(self, tensor: torch.Tensor) -> Array | None:
        """Where a constant is known to be zero, or None."""
        found = self.pattern(tensor)
        return None if found is None else found.numpy()

    def pattern(self, tensor: Any) -> torch.Tensor | None:
        """The same as a tensor; a number in an expression is zero or not."""
        if not isinstance(tensor, torch.Tensor):
            return torch.ones((), dtype=torch.bool) if tensor == 0 else None
        if self.index_of(tensor) is not None:
            return None
        value = self.value(tensor)
        sample = self.kept_sample(tensor, value)
        if isinstance(sample, Plain):
            return None
        if sample is not None:
            zeros = sample == 0
            part = value is not None and value.cell.flat is not None and value.cell.flat.any()
            return zeros if zeros.any() and (part or not zeros.all()) else None
        own = is_weight(tensor) or (value is not None and value.weight is not None)
        if own or tensor.device.type == "meta":
            counts = self.count_zeros and tensor.device.type != "meta"
            return zeros_in_every_channel(tensor) if counts else None
        if self.constant(tensor) is None:
            return None
        if not self.is_own(tensor):
            return zeros_in(tensor)
        zeros = dense(tensor.detach()) == 0
        return zeros if zeros.any() else None

    def kept_sample(self, tensor: torch.Tensor, value: Value | None) -> Sample | None:
        """The sample in a record, as writes have left it."""
        if value is None or not value.cell.sampled:
            return None
        if value.cell.flat is not None:
            seen = lying(tensor, value.cell.flat, value.cell.kind)
            if seen is None:
                value.unseen, value.sample = True, None
            return seen
        found: Any = value.sample
        return found

    def opened(self, tensor: torch.Tensor, value: Value) -> torch.Tensor | None:
        """What stands for elements that are about to be written to; None where it is not followed.

        A write to it is one to all that shares their storage.
        """
        self.sample(tensor)
        cell, whole = value.cell, value.root.sample
        if cell.flat is None and cell.sampled:
            cell.kind = tensor.dtype
            if cell.known and not tensor.is_meta:
                cell.flat = in_a_row(tensor)
            elif cell.strides is not None and isinstance(whole, Plain) and not whole.large:
                cell.flat = laid(whole.numbers(), *cell.strides)
            elif cell.strides is not None and isinstance(whole, torch.Tensor):
                cell.flat = laid(whole, *cell.strides)
        found = self.kept_sample(tensor, value) if cell.flat is not None else None
        return found if isinstance(found, torch.Tensor) else None

    def sample(self, tensor: torch.Tensor) -> Sample | None:
        """What a constant is for weights drawn at random; None where that is not known."""
        if self.index_of(tensor) is not None:
            return None
        value = self.value(tensor)
        if value is not None and (
            value.sample is not None or value.cell.flat is not None or not value.cell.sampled
        ):
            return self.kept_sample(tensor, value)
        if value is not None and value.weight is not None:
            tensor = value.weight
        if not is_weight(tensor) and not _is_blank(tensor, value):
            known = self.constant(tensor)
            return None if known is None else wide(known)
        if id(tensor) not in self.draws:
            found = drawn(tensor, len(self.draws), self.pattern(tensor))
            self.draws[id(tensor)] = (tensor, found)
        if value is None:
            return self.draws[id(tensor)][1]
        if value.parent is None:
            value.cell.strides = tensor.stride(), tensor.storage_offset()
        value.sample = self.draws[id(tensor)][1]
        return self.kept_sample(tensor, value)

    # --- at another size

    def origin(self, tensor: torch.Tensor, value: Value | None) -> tuple[object, ...]:
        """What a constant is at any size: its contents where they were made, or what made it."""
        shape = tuple(tensor.shape)
        if value is not None:
            array = numbers_of(self.constant(tensor))
            if array is not None:
                return shape, hash(array.tobytes())
            if value.origin:
                return value.origin
        return shape, "" if self.names is None else self.names.tensors.get(id(tensor), "")

    def held_by(self, tensor: torch.Tensor) -> tuple[torch.Tensor, Places] | None:
        """The weight of which a tensor holds the elements several times, unchanged, and where.

        A view of it (``expand``), or a copy of its elements in other places.
        """
        value = self.value(tensor)
        copied = value is not None and value.root.moved is not None
        repeats = tensor.layout is torch.strided and 0 in tensor.stride()
        return self._of_weight(tensor, value) if copied or repeats else None

    def held(self, tensor: torch.Tensor) -> Held | None:
        """The weight of which a constant holds elements, and which lie where; None for others."""
        found = self._of_weight(tensor, self.value(tensor)) if tensor.numel() <= KEPT else None
        places = found[1]() if found is not None and found[0].numel() <= SMALL else None
        return None if found is None or places is None else Held(found[0], places)

    def _of_weight(
        self, tensor: torch.Tensor, value: Value | None
    ) -> tuple[torch.Tensor, Places] | None:
        if value is None:
            return (tensor, partial(places_in, tensor)) if is_weight(tensor) else None
        root = value.root
        if value.cell.version or value.cell.known or root.rewritten:
            return None
        held = next((held for held, one in self.foreign.values() if one is root), None)
        found = None if held is None else (held, partial(places_in, tensor))
        if root.moved is not None:
            found = root.moved.weight, partial(_places_of, root.moved.places, tensor)
        as_it_is = not tensor.is_conj() and not tensor.is_neg()
        return found if found and as_it_is and found[0].dtype == tensor.dtype else None

    def made_by(self, signature: Signature, bound: Mapping[str, Any]) -> tuple[object, ...]:
        """An op on constants as the origin of what it makes; first whether that is random."""
        random = signature.draws(bound)

        def told(item: Any) -> object:
            nonlocal random
            if isinstance(item, torch.Tensor):
                found = self.origin(item, self.value(item))
                random = random or is_drawn(found)
                return found
            if isinstance(item, dict):
                return tuple((key, told(part)) for key, part in item.items())
            return tuple(map(told, item)) if isinstance(item, (list, tuple)) else repr(item)

        made = signature.packet, hash(told(dict(bound)))
        return (DRAWN, *made) if random else made

    def weights(self, tensor: torch.Tensor, value: Value | None) -> Weights:
        """The parameters that a tensor is, or is made of."""
        if is_weight(tensor):
            return ((self.emitter.number(tensor), tensor.numel()),)
        return () if value is None else value.weights


def left_of(value: Value | None) -> Array | None:
    """What is known of a tensor of which masks left nothing that an input changes.

    Of a view of one, where it is the same all over; of what was written to, nothing.
    """
    shape = () if value is None else value.shape
    same = False
    while value is not None and value.told is None:
        value, same = value.parent, True
    if value is None or value.told is None or value.cell.version:
        return None
    if not same:
        return value.told
    code = value.told.min(initial=np.uint8(255))
    return np.broadcast_to(code, shape) if (value.told == code).all() else None


def _is_blank(tensor: torch.Tensor, value: Value | None) -> bool:
    """Whether it is a buffer of a model built without numbers, which has none, like a weight."""
    made = value is not None and (value.cell.own or value.parent is not None)
    return tensor.device.type == "meta" and not made and tensor.numel() <= COMPUTED


def numbers_of(tensor: torch.Tensor | None) -> Array | None:
    """The numbers of a small constant; types that NumPy lacks are widened."""
    if tensor is None or tensor.numel() > MASK or tensor.is_quantized:
        return None
    plain = dense(tensor.detach()).resolve_conj().resolve_neg()
    return (plain.float() if plain.dtype is torch.bfloat16 else plain).numpy()


def _places_of(row: NDArray[np.int64], tensor: torch.Tensor) -> NDArray[np.int64] | None:
    """Those of a view of a storage."""
    found = places_in(tensor)
    return None if found is None else row[found]
