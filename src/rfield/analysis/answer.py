"""What all answers have in common: how they are shown, compared and written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

LONGEST = 300
"""Characters of a ``repr``."""


class Answer:
    """The answer to a question, a value: equal where every number is, and fit to be pickled.

    ``str()`` is what it says in a few lines, ``repr()`` the same in one, without the
    premises. The other forms are those
    of the command line; ``rfield`` hands them in, for nothing here knows how tables are made.
    """

    schema: ClassVar[str]
    """The name and version under which programs can rely on what ``as_dict`` and JSON hold."""
    written: ClassVar[Callable[[Answer, str], Any] | None] = None
    drawn: ClassVar[Callable[..., Any] | None] = None

    @property
    def premises(self) -> tuple[str, ...]:
        """What it rests on that the model does not show, a sentence for each: guessed axes."""
        return self.__dict__.get("_premises", ())

    def rest_on(self, premises: tuple[str, ...]) -> None:
        """Take note of that."""
        object.__setattr__(self, "_premises", premises)

    def _told(self) -> str:
        """What ``str()`` says, but for the premises."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join((self._told(), *self.premises))

    def _facts(self) -> dict[str, Any]:
        """All that it holds, by name."""
        raise NotImplementedError

    def _identity(self) -> object:
        """What makes it equal to another."""
        return self._facts()

    def as_dict(self) -> dict[str, Any]:
        """What it holds in JSON's own types, under the name of its schema: ``docs/schemas.md``."""
        from .plain import plain  # not before it is needed: `import rfield` is to cost nothing

        facts = cast("dict[str, Any]", plain(self._facts()))
        premises = {"premises": list(self.premises)} if self.premises else {}
        return {"schema": self.schema, **facts, **premises}

    def __repr__(self) -> str:
        text = "; ".join(line.strip() for line in self._told().splitlines())
        text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        return f"{type(self).__name__}({text})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Answer) or type(other) is not type(self):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def to_json(self) -> str:
        """``as_dict()`` as JSON, and beside it the rows of the table and the notes under it."""
        return self._in("json")

    def to_csv(self) -> str:
        """One line per row, one column per value and axis; numbers only."""
        return self._in("csv")

    def to_markdown(self) -> str:
        """The table in GitHub-flavoured Markdown."""
        return self._in("markdown")

    def to_latex(self) -> str:
        """The table in LaTeX, with the rules of the package ``booktabs``."""
        return self._in("latex")

    def to_html(self) -> str:
        """The table in HTML; it loads nothing from outside."""
        return self._in("html")

    def to_pandas(self) -> Any:  # a DataFrame; pandas is optional
        """A ``pandas.DataFrame`` with the columns of ``to_csv``.

        Raises:
            RFieldError: pandas is not installed.
        """
        return self._in("pandas")

    def to_polars(self) -> Any:  # a DataFrame; polars is optional
        """A ``polars.DataFrame`` with the columns of ``to_csv``.

        Raises:
            RFieldError: polars is not installed.
        """
        return self._in("polars")

    def _repr_html_(self) -> str:
        return self._in("html")

    def _draw(self, **how: Any) -> Any:  # a figure or axes of matplotlib; None for a file
        drawn = Answer.drawn
        if drawn is None:
            raise NotImplementedError("import rfield first")
        return drawn(self, **how)

    def _in(self, form: str) -> Any:  # text, or a DataFrame
        written = Answer.written
        if written is None:
            raise NotImplementedError("import rfield first")
        return written(self, form)
