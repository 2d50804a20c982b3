"""A report as LaTeX for papers: tables with the rules of the package ``booktabs``."""

from __future__ import annotations

from collections.abc import Iterator

from .report import Facts, Picture, Report, Table
from .text import visible

_SIGNS = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "−": "$-$", "–": "--", "×": r"$\times$", "∞": r"$\infty$", "≡": r"$\equiv$", "≤": r"$\leq$",
    "…": r"\dots{}", "†": r"\dag{}", "·": r"$\cdot$", "←": r"$\leftarrow$", "→": r"$\rightarrow$",
    "½": r"$\frac12$", "²": r"$^2$", "σ": r"$\sigma$", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}",
}  # fmt: skip


def latex(report: Report) -> str:
    """The tables and facts of a report, one ``tabular`` each; titles and notes are comments."""
    lines = ["% needs \\usepackage{booktabs}"]
    if report.title:
        lines.append(f"% {visible(report.title)}")
    for part in report.in_sight:
        if isinstance(part, Table):
            lines += _tabular(
                "".join("r" if column.align == "right" else "l" for column in part.columns),
                [column.title for column in part.columns],
                part.rows,
            )
        elif isinstance(part, Facts):
            lines += _tabular("ll", None, part.pairs)
        elif isinstance(part, Picture):
            lines += [r"\begin{verbatim}", *map(visible, part.lines), r"\end{verbatim}"]
        else:
            lines.append(f"% {visible(part.text)}")
    lines += [f"% {visible(note)}" for note in report.said]
    return "\n".join(lines) + "\n"


def _tabular(
    columns: str, titles: list[str] | None, rows: tuple[tuple[str, ...], ...]
) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{{columns}}}"
    yield r"\toprule"
    if titles is not None:
        yield _row(titles)
        yield r"\midrule"
    yield from map(_row, rows)
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return " & ".join(map(_escape, cells)) + r" \\"


def _escape(text: str) -> str:
    return "".join(_SIGNS.get(char, char) for char in visible(text))
