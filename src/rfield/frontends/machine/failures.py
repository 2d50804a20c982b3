"""What goes wrong while a call is read, as an error of ours that says where."""

from __future__ import annotations

from ...errors import InvalidModelError, RFieldError, TooLargeError, UnsupportedOpError

_LONGEST_MESSAGE = 2_000
"""Characters of an error; it may hold numbers of the file, of which there is no end."""

_FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]} …"


def placed(error: Exception, name: str, op: str) -> RFieldError:
    """The error of a rule, with the name of the layer in front; foreign ones become ours."""
    if isinstance(error, UnsupportedOpError) or getattr(error, "placed", False):
        assert isinstance(error, RFieldError)
        return error
    if isinstance(error, RFieldError):
        text = _shortened(str(error))
        named = text.startswith((f"{name}:", f"{name} ("))
        made = type(error)(text if named else f"{name} ({op}): {text}")
    elif isinstance(error, (MemoryError, RecursionError)):
        made = TooLargeError(f"{name} ({op}): too large or nested too deeply to be read")
    elif isinstance(error, _FAILURES):
        made = InvalidModelError(
            f"{name} ({op}): its operands and attributes do not fit "
            f"({type(error).__name__}: {_shortened(str(error))})"
        )
    else:
        raise error
    made.placed = True  # type: ignore[attr-defined]  # so that it is not placed twice
    return made
