"""``Explorer``: the page of one model, or of two side by side, as one file that loads nothing."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...errors import InvalidModelError, RFieldError
from ..summary import Summary
from ..writing import in_place_of

PICTURES = {
    b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif", b"RIFF": "image/webp",
}  # fmt: skip
"""How the files of pictures begin that every browser shows."""
FRAME = 620
"""Height of the page in a notebook, in pixels."""


@dataclass(frozen=True, eq=False)
class Explorer:
    """A page that shows what every unit of every layer reads, and who reads each input position.

    ``models``: the data of one model or two, as ``docs/explorer.md`` describes it; ``chain``: a
    chain whose steps can be changed on the page. In a notebook the page is the value of the cell
    (where scripts are not trusted, a still picture of the growth in ``table``, if matplotlib is
    installed); ``save`` writes it to a file, ``html`` is its text.
    """

    models: tuple[dict[str, Any], ...] = field(repr=False)
    image: bytes | None = field(default=None, repr=False)
    chain: dict[str, Any] | None = field(default=None, repr=False)
    table: Summary | None = field(default=None, repr=False)

    @property
    def titles(self) -> tuple[str, ...]:
        """What the models are called."""
        return tuple(model["title"] or "model" for model in self.models)

    @cached_property
    def html(self) -> str:
        """The page: one file, with everything inside."""
        page = files(__package__ or "").joinpath("page.html").read_text("utf-8")
        packed = gzip.compress(json.dumps(self._content(), separators=(",", ":")).encode(), mtime=0)
        title = escape(" · ".join(("rfield", *self.titles)))
        return page.replace("<!--TITLE-->", title, 1).replace(
            "<!--DATA-->", b64encode(packed).decode("ascii"), 1
        )

    def _content(self) -> dict[str, Any]:
        more = {"chain": self.chain, "image": self.image and _data_url(self.image)}
        return {"models": list(self.models), **{name: one for name, one in more.items() if one}}

    def save(self, path: str | Path) -> Path:
        """Write the page to a file, or its data to a ``.json`` file.

        A file that is there is kept until the new one is whole.
        """
        target = Path(path)
        text = self.html if target.suffix.lower() != ".json" else json.dumps(self.as_dict())
        with in_place_of(target) as draft:
            draft.write_text(text, encoding="utf-8")
        return target

    def as_dict(self) -> dict[str, Any]:
        """The data of the page, without its picture."""
        return {"schema": "rfield.explore/1", "models": list(self.models)}

    @property
    def premises(self) -> tuple[str, ...]:
        """What the answers rest on that the models do not show, a sentence for each."""
        return tuple(dict.fromkeys(text for model in self.models for text in model["premises"]))

    @property
    def told(self) -> str:
        """What is on the page, in a few words."""
        counted = zip(self.titles, (len(model["layers"]) for model in self.models), strict=True)
        return "; ".join(f"{title}, {n} layer{'s' * (n != 1)}" for title, n in counted)

    def __str__(self) -> str:
        told = f"explorer of {self.told}; .save('page.html') writes it"
        return "\n".join((told, *self.premises))

    def __repr__(self) -> str:
        return f"Explorer({', '.join(self.titles)})"

    def _repr_png_(self) -> bytes | None:
        from io import BytesIO

        from ..growth import draw_growth

        if self.table is None:
            return None
        sizes, titles = self.table.input_sizes, (self.table.title, self.table.wrt)
        try:
            figure = draw_growth(self.table.rows, self.table.axes, sizes, titles, None)
        except RFieldError:  # there is no matplotlib
            return None
        written = BytesIO()
        figure.savefig(written, format="png", dpi=100)
        return written.getvalue()

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts allow-downloads" '
            f'style="width:100%;height:{FRAME}px;border:0" title="{escape(repr(self))}"></iframe>'
        )


def _data_url(picture: bytes) -> str:
    kind = next((kind for start, kind in PICTURES.items() if picture.startswith(start)), None)
    if kind is None:
        raise InvalidModelError("the image is no PNG, JPEG, GIF or WebP file")
    return f"data:{kind};base64,{b64encode(picture).decode('ascii')}"
