"""``article``, ``chain``, ``design``: networks that need no model."""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import Commands, add_input_size, count, dimensions, file, resolution, sizes, writing
from .steps import write_report

SYNTAX = """\
a chain is layers separated by blanks, each written
  [NAME=][KIND]SIZE[/STRIDE][pPADDING][dDILATION][oEXTRA][c][*N]

  KIND      nothing: convolution   m: max pooling           a: average pooling
            t: transposed conv     u: nearest up-sampling   ub: bilinear up-sampling
  SIZE      the kernel; for u and ub the factor
  /STRIDE   default 1; for m and a the kernel
  pPADDING  default 0; p1 both sides, p0,1 before and after, psame, psame_lower, pvalid
  dDILATION default 1
  oEXTRA    output padding of t
  c         ceil mode of m and a
  *N        the layer N times

  Every number may be given per axis: 3x1/2x1p1x0. One number counts for all axes.

examples: "7/2p3 m3/2p1 3p1*4"   "conv1=7/2psame"   "3p1d2 t4/2p1 ub2"   "3x1p1x0 1x3p0x1\""""


def add(commands: Commands) -> None:
    """The commands of this module."""
    commands.add(
        "article",
        _article,
        "the networks of the receptive-field article, computed",
        writing,
        _article_takes,
        epilog="The article: Araujo, Norris, Sim, Distill 2019, doi:10.23915/distill.00021",
    )
    commands.add(
        "chain", _chain, "layers written on the command line", writing, _chain_takes, epilog=SYNTAX
    )
    commands.add(
        "design",
        _design,
        "chains of layers that have a field of a given size",
        writing,
        _design_takes,
        epilog="A chain that is printed can be given to rfield chain.",
    )


def _article_takes(made: argparse.ArgumentParser) -> None:
    add_input_size(
        made, resolution, "height and width of the input: 224 (default), 299, 321 …, or free",
        "--resolution", default=224,
    )  # fmt: skip
    made.add_argument(
        "--end-points", action="store_true", help="all end points of all variants, not the last"
    )
    made.add_argument(
        "--figure", metavar="FILE", type=file, nargs="?", const=Path("article.svg"),
        help="draw accuracy against size, with the fit: .svg (article.svg), .png or .pdf",
    )  # fmt: skip


def _chain_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("chain", metavar="CHAIN", nargs="+", help='for example "7/2p3 3/2p1 3p1d2"')
    add_input_size(made, dimensions, "224 or 224x300", "--input")


def _design_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("--size", metavar="N", type=count, required=True, help="positions at least")
    made.add_argument(
        "--kernel", metavar="K", type=sizes, default=(3,), help="3 (default); to choose from: 3,5,7"
    )
    made.add_argument("--max-dilation", metavar="D", type=count, help="default: any")
    made.add_argument("--stride", metavar="S", type=count, default=1, help="of the whole chain")
    made.add_argument("--causal", action="store_true", help="no output reads what comes after it")
    made.add_argument("--no-gaps", action="store_true", help="only chains without holes")
    made.add_argument("--cost", choices=("least",), help="least cost before fewest layers")


def _article(arguments: argparse.Namespace) -> int:
    from .. import networks
    from ..present.article import article_report, article_rows

    if arguments.figure is not None:
        from ..surveys.figures import article_report, save_article

        target: Path = arguments.figure
        return write_report(article_report(save_article(target), str(target)), arguments)
    size: int | None = arguments.input_size
    every: bool = arguments.end_points
    chosen = (
        [(name, networks.end_points(name)) for name in networks.names()]
        if every
        else [(row.network, (row.end_point,)) for row in networks.published()]
    )
    rows = [
        row
        for name, end_points in chosen
        for row in article_rows(name, networks.build(name, size), end_points, size)
    ]
    return write_report(article_report(rows, size, ("y", "x"), every=every), arguments)


def _chain(arguments: argparse.Namespace) -> int:
    from ..analysis.geometry.fields import receptive_fields
    from ..frontends.declared.chain import chain, parse
    from ..present.chain import chain_report, chain_rows

    text = " ".join(arguments.chain)
    graph = chain(text, arguments.input_size)
    rows = chain_rows(graph, parse(text))
    axes = receptive_fields(graph)[rows[-1].layer].axes
    return write_report(chain_report(rows, axes, title=text), arguments)


def _design(arguments: argparse.Namespace) -> int:
    from ..questions.designs import design

    found = design(
        arguments.size, arguments.kernel, max_dilation=arguments.max_dilation,
        stride=arguments.stride, causal=arguments.causal, no_gaps=arguments.no_gaps,
        cost=arguments.cost,
    )  # fmt: skip
    return write_report(found.report, arguments)
