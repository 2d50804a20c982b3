"""Programs from files: nothing is called but what ``admitted`` lists, whatever a step names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ....core import ops
from ....errors import RFieldError, UnreadableModelError
from ..constants import SMALL
from ..rulebook import Signature
from ..tracer import tensors_of
from .admitted import COMPOSITES, UnknownTarget, check_kinds, check_parts, is_computed, is_small
from .exported import Interpreter, Step

_UNFIT = (
    ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip
"""What torch raises for arguments that it cannot take."""


class Foreign(Interpreter):
    """Goes through the steps of a program that anybody may have written."""

    def read(self, step: Step, values: dict[str, Any]) -> Any:
        """As for any program; arguments that do not fit are an error of the file."""
        try:
            return super().read(step, values)
        except RFieldError:
            raise
        except _UNFIT as error:
            said = f"{error}".partition("\n")[0][:200]
            raise UnreadableModelError(
                f"the program's step {_name(step.target)!r} has arguments that do not fit "
                f"({type(error).__name__}: {said if said.isprintable() else ascii(said)})"
            ) from None

    def call(self, step: Step, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """The results of one step; an unknown function may read all its operands."""
        if isinstance(step.target, UnknownTarget):
            return self.unknown(step, tensors_of([*args, *kwargs.values()]))
        if isinstance(step.target, torch._ops.OpOverload):
            check_kinds(step.target, args, kwargs)
            signature = Signature.of(step.target)
            named = len(step.outputs) if isinstance(step.outputs, list) else 1
            check_parts(signature.packet, signature.bind(args, kwargs), named)
        return super().call(step, args, kwargs)

    def unknown(self, step: Step, operands: list[torch.Tensor]) -> Any:
        """Note a function that is not called; its results are what the file says of them."""
        names = [step.outputs] if isinstance(step.outputs, str) else step.outputs
        results = [step.stated.get(name) if name is not None else None for name in names]
        made = [None if result is None else torch.empty_like(result) for result in results]
        self.tracer.note_unknown(step.target.name, tensors_of(made))
        shapes = [tuple(tensor.shape) for tensor in operands]
        for result in tensors_of(made):
            op = ops.opaque(shapes, tuple(result.shape), kind="unknown")
            self.tracer.hold(result, self.tracer.emit(op, operands, "unknown"))
        return made[0] if isinstance(step.outputs, str) else made

    def splits(self, target: torch._ops.OpOverload, signature: Signature) -> bool:
        """Only composites that are listed."""
        return signature.packet in COMPOSITES

    def computes(
        self, signature: Signature, func: Callable[..., Any], args: Any, kwargs: Any
    ) -> bool:
        """Only arithmetic of index tables with a small result, whose size meta tensors tell."""
        if not is_computed(signature.packet):
            return False
        made = tensors_of(self.execute(signature, func, args, kwargs))
        return sum(map(torch.numel, made)) <= SMALL

    def makes(self, signature: Signature, bound: dict[str, Any]) -> bool:
        """Only tensors that are small, whatever size the file states."""
        return is_small(signature.packet, bound, SMALL)


def _name(target: Any) -> str:
    if isinstance(target, torch._ops.OpOverload):
        return target.name()
    return target.name if isinstance(target, UnknownTarget) else "arithmetic of sizes"
