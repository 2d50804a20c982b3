"""What can go wrong while an ONNX model is read, in words: the node, the values, and what to do.

Names come from the file, and a file can hold anything: whatever is shown goes through ``shown``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InvalidModelError, UnreadableModelError
from ..machine.names import shown


def damaged(origin: str, problem: str) -> UnreadableModelError:
    """The file is not an ONNX model."""
    return UnreadableModelError(f"{shown(origin)}: not a readable ONNX model: {problem}")


def missing_tensor(node: str, tensor: str) -> InvalidModelError:
    """A node reads a value that nothing produces."""
    return InvalidModelError(f"{shown(node)}: reads {shown(tensor)!r}, which nothing produces")


def cycle(names: Sequence[str]) -> InvalidModelError:
    """Nodes that wait for each other."""
    listed = ", ".join(shown(name) for name in names[:4]) + (", …" if len(names) > 4 else "")
    return InvalidModelError(f"the graph has a cycle; it passes through {listed}")
