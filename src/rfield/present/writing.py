"""Which form goes where: colours on a terminal, plain text into a pipe, one string per form."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from errno import EACCES
from pathlib import Path
from stat import S_IMODE
from textwrap import fill
from typing import TextIO

from .html import html
from .latex import latex
from .markdown import markdown
from .records import to_csv, to_json
from .report import Report
from .text import PROSE, encodes, plain, visible


def _svg(report: Report) -> str:
    from .terminal import to_svg

    return to_svg(report)


FORMS: dict[str, Callable[[Report], str]] = {
    "table": plain,
    "markdown": markdown,
    "csv": to_csv,
    "json": to_json,
    "latex": latex,
    "html": html,
    "svg": _svg,
}
"""Every form that is one string. A new form is one more entry."""
NARROWEST = 20
"""Columns below which nothing can be laid out."""


def as_text(report: Report, form: str) -> str:
    """The report in one form; ``"table"`` without colours."""
    return FORMS[form](report)


def printed(report: Report) -> str:
    """What ``print`` shows: no wider than the terminal, where it goes to one."""
    return plain(report, width=columns_of(sys.stdout))


def to_stream(report: Report, form: str, stream: TextIO) -> None:
    """Write to ``stream``: a table in its width, and with colours where it shows them."""
    if form == "table" and shows_colours(stream):
        from .terminal import write

        write(report, stream, columns_of(stream))
        return
    if form == "table":
        text = plain(report, width=columns_of(stream), ascii_only=not encodes(stream))
    else:
        text = as_text(report, form)
    stream.write(_encodable(text, stream))


@contextmanager
def in_place_of(target: Path) -> Generator[Path, None, None]:
    """A file to write, which takes the place of ``target`` once it is whole.

    What fails or is interrupted leaves the old file. A link stays one, and a file keeps its
    permissions. What is no regular file (a pipe, a terminal) is written as it is.
    """
    place = Path(os.path.realpath(target))
    if place.exists() and not place.is_file():
        yield target
        return
    if place.exists() and not os.access(place, os.W_OK):
        raise PermissionError(EACCES, os.strerror(EACCES), str(target))
    draft = place.with_name(f".{os.getpid()}.{place.name[-200:]}")
    try:
        yield draft
        if place.exists():
            draft.chmod(S_IMODE(place.stat().st_mode))
        draft.replace(place)
    except OSError as error:
        error.filename = str(target)
        raise
    finally:
        draft.unlink(missing_ok=True)


def shows_colours(stream: TextIO) -> bool:
    """Whether ``stream`` shows colours: a terminal that is not dumb, or FORCE_COLOR is set.

    Not where NO_COLOR is set.
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def columns_of(stream: TextIO | None) -> int | None:
    """How wide a table may be: COLUMNS, or the width of a terminal; elsewhere there is no end."""
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isascii() and wanted.isdigit() and int(wanted):
        return max(int(wanted), NARROWEST)
    if stream is None or not stream.isatty():  # pythonw has none
        return None
    try:
        found = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        found = 0
    return max(found, NARROWEST) if found else PROSE


def safe_lines(text: str, stream: TextIO) -> str:
    """``text`` with its line breaks, everything else that does not print escaped."""
    return _encodable("\n".join(map(visible, text.split("\n"))), stream)


def error_block(text: str, stream: TextIO) -> str:
    """An error for people: as ``safe_lines``, in lines of a terminal's width where it is one."""
    text = safe_lines(text, stream)
    if not stream.isatty():
        return text  # whoever searches a log wants whole lines
    width = columns_of(stream) or PROSE
    lines = (_folded(line, width) for line in text.split("\n"))
    return "\n".join(lines)


def _folded(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())] + "  "
    return fill(
        line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False,
        replace_whitespace=False,
    )  # fmt: skip


def _encodable(text: str, stream: TextIO) -> str:
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
