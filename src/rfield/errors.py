"""Every error that rfield raises on purpose, and the one place where its wording is built.

A message gives the facts first (which layer, which values) and then what to do. The texts are part
of the interface: tests compare them whole. This module knows nothing but strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class RFieldError(Exception):
    """Base of all errors raised by rfield on purpose; its text is meant for the user."""


class InvalidModelError(RFieldError, ValueError):
    """The model or graph description contradicts itself (a kernel of 0, shapes that do not fit)."""


class UnknownNameError(RFieldError, KeyError):
    """A layer, network, input or option name that does not exist."""

    def __str__(self) -> str:
        """The message itself; a plain ``KeyError`` would show it quoted."""
        return str(self.args[0])


class UnknownOptionError(UnknownNameError, TypeError):
    """An option that nobody understands, which a plain function would answer with a TypeError."""


class UnsupportedOpError(RFieldError, NotImplementedError):
    """Ops for which there is no rule; reading them as anything would be a guess."""


class UnresolvedSizeError(RFieldError, ValueError):
    """An answer needs a size that is free or was not given."""


class TooLargeError(RFieldError, MemoryError):
    """An exact answer would need more cells than rfield is willing to allocate."""


class NotANumberError(RFieldError, ArithmeticError):
    """A gradient is NaN or infinite, so there is nothing to average."""


class NotTileableError(RFieldError, ValueError):
    """No plan of tiles gives what the whole input gives; the layers are named."""


class UnreadableModelError(RFieldError, ValueError):
    """The source cannot be read as a model at all."""


class NotStreamableError(RFieldError, ValueError):
    """Parts of a stream cannot give what the whole of it gives; the layers are named."""


class RecordError(RFieldError, ValueError):
    """A file that is no record of fields, or a record that this release does not read."""


class StoreError(RFieldError, OSError):
    """The store of a survey cannot be read or written, or is none."""


class SurveyError(RFieldError, RuntimeError):
    """Models cannot be measured: no scheduler answers, or its workers run other code."""


class UnexpectedFieldsError(RFieldError, AssertionError):
    """The fields of a model are not those that were recorded; the text says which."""


def unknown_name(what: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """``name`` is not a ``what``; the nearest of the ``known`` names are offered.

    >>> print(unknown_name("layer", "conv7", ["conv1", "conv2", "pool"]))
    unknown layer 'conv7'. Did you mean 'conv2' or 'conv1'?
    """
    known = list(known)
    near = _nearest(name, known) if isinstance(name, str) else []
    shown = repr(name) if isinstance(name, str) else f"of type {type(name).__name__}"
    if near:
        hint = f"Did you mean {join_or(near)}?"
    elif not known:
        hint = f"There is no {what} to choose from."
    elif len(known) <= 12:
        hint = f"Known: {', '.join(known)}."
    else:
        hint = f"There are {len(known)}, from {known[0]!r} to {known[-1]!r}."
    kind = UnknownOptionError if what == "option" else UnknownNameError
    return kind(f"unknown {what} {shown}. {hint}")


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    """Up to three names about as near as the nearest: further ones only blur the hint."""
    from difflib import SequenceMatcher, get_close_matches  # only after a mistake

    near = get_close_matches(name, known, n=3, cutoff=0.5)
    best = max((SequenceMatcher(None, name, found).ratio() for found in near), default=0.0)
    return [found for found in near if SequenceMatcher(None, name, found).ratio() > best - 0.1]


def bad_shapes(
    layer: str, shapes: Sequence[Sequence[int | None]], problem: str
) -> InvalidModelError:
    """The operand shapes of ``layer`` do not fit together."""
    return unfit_shapes(f"{layer}: {problem}", shapes)


def unfit_shapes(problem: str, shapes: Sequence[Sequence[int | None]]) -> InvalidModelError:
    """Operand shapes do not fit together; whoever knows the layer puts its name in front.

    >>> print(unfit_shapes("the sizes differ", [(1, 3, None), (1, 4, 5)]))
    the sizes differ (operands: (1, 3, ?), (1, 4, 5))
    """
    shown = ", ".join(show_shape(shape) for shape in shapes)
    return InvalidModelError(f"{problem} (operands: {shown})")


def too_large(what: str, cells: int, instead: str) -> TooLargeError:
    """``what`` would need ``cells`` cells; ``instead`` says what can be asked for."""
    return TooLargeError(f"{what} needs {cells:,} cells, more than fit. {instead}")


def over_limit(layer: str, what: str, count: int, limit: int, instead: str) -> TooLargeError:
    """An answer would take more work than rfield does for one: it is refused before it is done.

    >>> print(over_limit("c9", "a table of names", 20_000, 10_000, "Ask for single layers"))
    c9: a table of names would hold 20,000, above the limit of 10,000. Ask for single layers
    """
    return TooLargeError(
        f"{layer}: {what} would hold {count:,}, above the limit of {limit:,}. {instead}"
    )


def show_shape(shape: Sequence[int | None]) -> str:
    """A shape as people write it, ``?`` for a free axis.

    >>> show_shape((1, 3, None, None))
    '(1, 3, ?, ?)'
    """
    inner = ", ".join("?" if size is None else str(size) for size in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def join_or(names: Sequence[str]) -> str:
    """Quoted names joined for a question.

    >>> print(join_or(["a", "b", "c"]))
    'a', 'b' or 'c'
    """
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]
