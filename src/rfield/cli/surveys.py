"""``survey``, ``atlas``: many models at once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidModelError
from .options import FORMATS, Commands, count, destination, file
from .steps import DONE, SUFFIXES, refuse, write_report

if TYPE_CHECKING:
    from ..surveys.running import Survey

MEASURING = (
    "size", "workers", "dask", "time_limit", "memory_limit", "even_sizes", "retry"
)  # fmt: skip
"""Options that say how models are measured."""

MANY_HELP = """\
SPEC is a model as other commands take it: timm:resnet50, a file, my_net.py:Net.
A survey that was ended goes on from there: only models that are missing in the store, or were
measured by other code, are measured. Without SPEC and --zoo nothing is run; what the store holds is
written."""


def add(commands: Commands) -> None:
    """The commands of this module."""
    commands.add(
        "survey",
        _survey,
        "the fields of many models, one row each, into one store",
        _survey_takes,
        epilog=MANY_HELP,
    )
    commands.add(
        "atlas",
        _atlas,
        "a survey as a site that stands alone, and what accuracy goes with",
        _atlas_takes,
        epilog="The site loads nothing from outside: open index.html, or publish the folder.",
    )


def _survey_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("specs", metavar="SPEC", nargs="*", help="models")
    made.add_argument(
        "--zoo", metavar="NAMES", type=names, default=(),
        help="all models of these: article,torchvision,timm,keras,smp,monai,transformers",
    )  # fmt: skip
    made.add_argument(
        "--list", metavar="FILE", type=Path, action="append", default=[], dest="lists",
        help="models from a text file, one a line",
    )  # fmt: skip
    made.add_argument("--filter", metavar="GLOB", help="only specs that match: 'timm:resnet*'")
    made.add_argument("--store", metavar="FILE", type=Path, default=Path("survey.db"))
    made.add_argument(
        "--size", metavar="SIZES", type=names, default=("native",),
        help="of the input: native (default), 224, or several: native,224,384",
    )  # fmt: skip
    who = made.add_mutually_exclusive_group()
    who.add_argument("--workers", metavar="N", type=count, help="processes; default: one a core")
    who.add_argument("--dask", metavar="ADDRESS", help="by a Dask cluster: its scheduler, or local")
    made.add_argument(
        "--time-limit", metavar="SECONDS", type=count, default=300, help="for one model: 300"
    )
    made.add_argument(
        "--memory-limit", metavar="MB", type=count, default=4096, help="for all workers: 4096"
    )
    made.add_argument(
        "--even-sizes", action="store_true",
        help="also which input sizes are even and aligned: takes about 50 times as long",
    )  # fmt: skip
    made.add_argument("--retry", action="store_true", help="measure again what was not read")
    made.add_argument(
        "--format", choices=("table", "csv", "json", "parquet"),
        help="of the rows; default: by the suffix of FILE, or a table of what was done",
    )  # fmt: skip
    made.add_argument("-o", "--output-file", metavar="FILE", type=destination, help="write to FILE")


def _atlas_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("store", metavar="STORE", type=Path, help="what rfield survey wrote")
    made.add_argument(
        "-o", "--output-folder", metavar="FOLDER", type=file,
        help="where the site is written: atlas",
    )  # fmt: skip
    made.add_argument(
        "--explore", metavar="GLOB", help="also the explorer of models that match: 'article:*'"
    )
    made.add_argument(
        "--fits", action="store_true",
        help="no site: accuracy against the field, fitted, with intervals",
    )  # fmt: skip
    made.add_argument("--format", choices=FORMATS, help="of the fits; default: table")


def _survey(arguments: argparse.Namespace) -> int:
    from ..surveys.progress import told
    from ..surveys.running import survey
    from ..surveys.zoos import specs_in

    form = _form(arguments)
    specs = [*arguments.specs, *(spec for path in arguments.lists for spec in specs_in(path))]
    if arguments.lists and not specs:
        raise InvalidModelError(f"{arguments.lists[0]}: there is no model in this list")
    if not specs and not arguments.zoo:
        refuse(arguments, [*MEASURING, "filter"], "needs models: SPEC, --list or --zoo")
    with told(sys.stderr) as progress:
        found = survey(
            specs, arguments.store, zoo=arguments.zoo, filter=arguments.filter,
            size=arguments.size, workers=arguments.workers, dask=arguments.dask,
            time_limit=arguments.time_limit, memory_limit=arguments.memory_limit,
            even_sizes=arguments.even_sizes, retry=arguments.retry, progress=progress,
        )  # fmt: skip
    return _write(found, form, arguments)


def _form(arguments: argparse.Namespace) -> str:
    """The form that was asked for, checked before anything is run."""
    target: Path | None = arguments.output_file
    form: str | None = arguments.format
    if form is None and target is not None:
        form = {**SUFFIXES, ".parquet": "parquet"}.get(target.suffix.lower())
    form = form or "table"
    if form == "parquet" and target is None:
        raise InvalidModelError("parquet is written to a file: -o FILE")
    return form


def _write(found: Survey, form: str, arguments: argparse.Namespace) -> int:
    from ..present.writing import in_place_of
    from ..surveys import export

    if form not in export.FORMS:
        return write_report(found.report, arguments)
    target: Path | None = arguments.output_file
    if target is None:
        text = export.to_csv(found.rows) if form == "csv" else export.to_json(found.rows)
        arguments.results.write(text)
        return DONE
    with in_place_of(target) as draft:
        if form == "parquet":
            export.to_parquet(found.rows, draft)
        else:
            text = export.to_csv(found.rows) if form == "csv" else export.to_json(found.rows)
            draft.write_text(text, encoding="utf-8")
    return DONE


def _atlas(arguments: argparse.Namespace) -> int:
    from ..surveys.progress import told

    if arguments.fits:
        from ..surveys.accuracy import points
        from ..surveys.fits import fits_report
        from ..surveys.running import exported

        refuse(arguments, ["output_folder", "explore"], "is about the site: not beside --fits")
        arguments.output_file = None
        found = points(exported(arguments.store).rows)
        return write_report(fits_report(found), arguments)
    from ..surveys.atlas.site import write

    refuse(arguments, ["format"], "is the form of the fits: needs --fits")
    folder = arguments.output_folder or Path("atlas")
    with told(sys.stderr) as progress:
        site = write(arguments.store, folder, explore=arguments.explore, progress=progress)
    arguments.results.write(f"{site.index}: {site.models:,} models, {site.figures} figures\n")
    return DONE


def names(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
