"""The site of a survey: a table of all models, a page for each, families, figures, the data.

Everything is written into one folder and loads nothing from outside it. Names are data: whatever
they hold, they are text in the pages (the templates escape all).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import InvalidModelError, SurveyError, unknown_name
from ...version import __version__
from .. import export, store
from ..accuracy import Point, points
from ..figures import LABELS, save_accuracy
from .cards import COLUMNS, Card, families

STATIC = ("style.css", "table.js")
MARK = ".rfield-atlas"
"""A file that says: this folder was written by an atlas and may be written again."""


class Written(NamedTuple):
    """What a site holds: its first page, how many models and figures."""

    index: Path
    models: int
    figures: int


def write(
    source: Path,
    target: Path,
    *,
    explore: str | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Written:
    """Write the site of the store ``source`` into the folder ``target``.

    ``explore``: for models whose specs match, the page of the explorer as well; they are read for
    that. Figures are drawn where accuracies are known and matplotlib is installed.

    Raises:
        StoreError: there is no such store, or it is none.
        InvalidModelError: the store is empty, or ``target`` holds something else.
        SurveyError: Jinja2 is not installed.
        UnknownNameError: no model matches ``explore``.
    """
    with store.reading(source) as rows:
        found, growth = rows.rows(), rows.growth()
    if not found:
        raise InvalidModelError(f"{source}: there is no model in this store yet")
    _check_folder(target)
    known = points(found)
    site = _Site(found, growth, known, target)
    chosen = _chosen([card.spec for card in site.cards if card.is_read], explore)
    for folder in ("models", "data", "figures", "explorers"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    (target / MARK).write_text(f"{__version__}\n", "utf-8")
    for done, spec in enumerate(chosen, 1):
        site.explorer(spec)
        if progress is not None:
            progress(done, len(chosen), spec)
    site.write_data()
    figures = site.write_figures()
    site.write_pages(figures)
    return Written(target / "index.html", len(found), len(figures))


class _Site:
    """The pages of one store."""

    def __init__(
        self,
        rows: Sequence[Mapping[str, Any]],
        growth: Mapping[tuple[str, str], list[Any]],
        known: Sequence[Point],
        target: Path,
    ) -> None:
        self.rows = rows
        self.target = target
        self.points = known
        best = {point.spec: point for point in known}
        taken: set[str] = set()
        self.cards = [
            Card.of(row, growth.get((row["spec"], row["at"]), []), best.get(row["spec"]), taken)
            for row in rows
        ]

    @cached_property
    def templates(self) -> Any:  # noqa: ANN401  # Jinja2's
        """The templates, in which every value is escaped."""
        jinja = _jinja()
        return jinja.Environment(
            loader=jinja.PackageLoader("rfield.surveys", "atlas/pages"), autoescape=True,
            undefined=jinja.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip

    def explorer(self, spec: str) -> None:
        """The explorer page of a model."""
        from ...questions.pages import explore
        from ..measuring import read

        card = next(card for card in self.cards if card.spec == spec)
        explore(read(spec, card.at)).save(self.target / "explorers" / f"{card.slug}.html")
        card.has_explorer = True

    def write_data(self) -> None:
        """The rows, for download."""
        folder = self.target / "data"
        (folder / "survey.csv").write_text(export.to_csv(self.rows), "utf-8", "backslashreplace")
        (folder / "survey.json").write_text(export.to_json(self.rows), "utf-8", "backslashreplace")

    def write_figures(self) -> list[tuple[str, str]]:
        """Accuracy against each quantity; the file and what it is drawn against."""
        if len(self.points) < 3 or not _is_there("matplotlib"):
            return []
        drawn: list[tuple[str, str]] = []
        for quantity, label in LABELS.items():
            name = {"r": "size", "σ": "sigma", "r / input": "share"}[quantity]
            for suffix in (".svg", ".pdf"):
                save_accuracy(self.points, quantity, self.target / "figures" / f"{name}{suffix}")
            drawn.append((name, label))
        return drawn

    def write_pages(self, figures: Sequence[tuple[str, str]]) -> None:
        """All pages."""
        shared = {
            "version": __version__, "count": len(self.cards), "columns": COLUMNS,
            "has_figures": bool(figures),
        }  # fmt: skip
        sources = sorted({card.source for card in self.cards})
        self._write("index.html", "index.html", cards=self.cards, sources=sources, **shared)
        groups = families(self.cards)
        self._write("families.html", "families.html", families=groups, **shared)
        if figures:
            self._write("accuracy.html", "accuracy.html", figures=figures, known=len(self.points),
                        **shared)  # fmt: skip
        for card in self.cards:
            self._write("model.html", f"models/{card.slug}.html", card=card, **shared)
        home = files("rfield.surveys.atlas").joinpath("pages")
        for name in STATIC:
            (self.target / name).write_text(home.joinpath(name).read_text("utf-8"), "utf-8")

    def _write(self, template: str, path: str, **values: object) -> None:
        root = "../" * path.count("/")
        text = self.templates.get_template(template).render(root=root, **values)
        (self.target / path).write_text(text, "utf-8", "backslashreplace")


def _check_folder(target: Path) -> None:
    """A folder that is new, empty or an atlas; nothing else is overwritten."""
    if target.exists() and not target.is_dir():
        raise InvalidModelError(f"{target}: a file; an atlas is written into a folder")
    if target.exists() and any(target.iterdir()) and not (target / MARK).exists():
        raise InvalidModelError(
            f"{target}: the folder holds something else than an atlas. Name a new folder"
        )
    above = next(parent for parent in (target, *target.absolute().parents) if parent.exists())
    if not os.access(above, os.W_OK):
        raise InvalidModelError(f"{target}: the folder {above} cannot be written")


def _chosen(specs: Iterable[str], glob: str | None) -> list[str]:
    every = list(dict.fromkeys(specs))
    found = [spec for spec in every if glob is not None and fnmatchcase(spec, glob)]
    if glob is not None and not found:
        raise unknown_name("filter", glob, every)
    return found


def _is_there(package: str) -> bool:
    try:
        import_module(package)
    except ImportError:
        return False
    return True


def _jinja() -> Any:  # noqa: ANN401  # an optional package
    try:
        return import_module("jinja2")
    except ImportError:
        raise SurveyError(
            "the atlas needs Jinja2, which is not installed.\n"
            '  Install it: pip install jinja2   (or: pip install "rfield[survey]")'
        ) from None
