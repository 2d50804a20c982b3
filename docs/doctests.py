"""Examples in docstrings become blocks of code in the reference; ``mkdocs.yml`` names it."""

from __future__ import annotations

import re

import griffe

EXAMPLE = re.compile(r"^( *)(>>> .*(?:\n(?! *\n|\s*\Z).*)*)", re.MULTILINE)


class Doctests(griffe.Extension):
    """Puts a fence around every example."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Called for everything that is documented."""
        if obj.docstring is not None:
            fence = r"\1```pycon\n\1\2\n\1```"
            obj.docstring.value = EXAMPLE.sub(fence, obj.docstring.value)
