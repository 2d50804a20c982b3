"""The command line: parse, load, analyse, present. It has no logic of its own.

Everything is imported where it is used, so that ``--help`` and ``--version`` cost nothing. Exit
status: 0 done, 1 the model was read and the answer is bad news, 2 usage or unreadable input.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .errors import InvalidModelError, RFieldError, unknown_name

if TYPE_CHECKING:
    from .core.graph import Graph
    from .present.report import Report

DONE, BAD_NEWS, UNUSABLE = 0, 1, 2

MOST_DIGITS = 15
FORMATS = ("table", "markdown", "csv", "json", "svg")
SUFFIXES = {".md": "markdown", ".csv": "csv", ".json": "json", ".svg": "svg"}

MODEL_HELP = """\
MODEL is a file (.onnx .pt2 .pb .pbtxt .keras, a SavedModel folder) or a name:
  article:resnet_v1_50   torchvision:resnet50   timm:convnext_tiny   package.module:callable"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except RFieldError as error:
        return _complain(str(error), trace=arguments.debug)
    except BrokenPipeError:
        # Who read our output stopped reading (`| head`): not an error, and nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return _complain("interrupted", status=130)
    except Exception as error:  # noqa: BLE001  # a model's own code may raise anything
        return _complain(_unexpected(error), trace=arguments.debug)
    return status


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--debug", action="store_true", help="show the traceback of an error")
    writing = argparse.ArgumentParser(add_help=False)
    writing.add_argument(
        "--format", choices=FORMATS, help="default: by the suffix of FILE, or table"
    )
    writing.add_argument("-o", "--output-file", metavar="FILE", type=Path, help="write to FILE")
    reading = argparse.ArgumentParser(add_help=False)
    reading.add_argument("model", metavar="MODEL", help="a file or a name, see below")
    reading.add_argument(
        "--input-shape", metavar="SHAPE", type=_shape,
        help="shape with batch and channels, 1x3x224x224; ? for a free size: 1x3x?x?",
    )  # fmt: skip
    reading.add_argument("--axes", metavar="AXES", type=_index, help="spatial axes, 1,2 for NHWC")
    reading.add_argument("--training", action="store_true", help="read the model as in training")
    reading.add_argument(
        "--unknown", choices=("error", "whole"), default="error",
        help="whole: an unknown op reads everything, and numbers after it are upper bounds",
    )  # fmt: skip

    asking = argparse.ArgumentParser(add_help=False)
    asking.add_argument("--output", metavar="LAYER", help="default: the last output")
    asking.add_argument("--wrt", metavar="LAYER", help="measure in this input or layer")

    parser = argparse.ArgumentParser(
        prog="rfield",
        description="Which part of the input can influence this output? Exact receptive fields.",
        epilog=MODEL_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
    )
    parser.add_argument("--version", action="version", version=f"rfield {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str,
        run: Callable[[argparse.Namespace], int],
        summary: str,
        *parents: argparse.ArgumentParser,
        epilog: str = MODEL_HELP,
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name, help=summary, description=summary, epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter, parents=list(parents),
        )  # fmt: skip
        made.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
        made.set_defaults(run=run)
        return made

    _add_commands(command, reading, asking, writing)
    return parser


def _add_commands(
    command: Callable[..., argparse.ArgumentParser],
    reading: argparse.ArgumentParser,
    asking: argparse.ArgumentParser,
    writing: argparse.ArgumentParser,
) -> None:
    """Every command with its options; a new question (tiling …) is added here."""
    made = command("summary", _summary, "one row per layer of a model", reading, writing)
    made.add_argument("--layer", metavar="GLOB", help="only layers whose name matches: 'layer4.*'")
    made.add_argument("--depth", metavar="N", type=_count, help="only names of at most N parts")
    made.add_argument("--ops", action="store_true", help="a row for every op, not only for layers")
    made.add_argument("--wrt", metavar="LAYER", help="measure in this input or layer")
    made.add_argument(
        "--size", metavar="SIZES", type=_sizes, default=(),
        help="also the padding at these input sizes: 224,299,321",
    )  # fmt: skip

    made = command("field", _field, "the field of one layer in full", reading, asking, writing)
    made.add_argument("--at", metavar="INDEX", type=_index, help="an output position: 3,4")
    made.add_argument(
        "--clip", action="store_true", help="what this input really gives: padding reads nothing"
    )

    command("align", _align, "do joined branches look at the same place?", reading, writing)

    made = command("support", _support, "exactly which pixels are read", reading, asking, writing)
    made.add_argument("--at", metavar="INDEX", type=_index, required=True, help="position: 3,4")
    made.add_argument("--no-clip", action="store_true", help="theory: padding is more input")

    made = command(
        "influence", _influence, "how much of the field matters, without weights",
        reading, asking, writing,
    )  # fmt: skip
    made.add_argument(
        "--at", metavar="INDEX", type=_place, default="center",
        help="an output position: 3,4 or center (default)",
    )  # fmt: skip
    made.add_argument("--plot", metavar="FILE", type=Path, help="a picture: .png, .svg or .pdf")

    summary = "why a field is this large, global or misaligned"
    command("explain", _explain, summary, reading, asking, writing)

    made = command(
        "verify", _verify, "hold the numbers against the running model", reading, writing,
        epilog="MODEL is timm:NAME, torchvision:NAME or package.module:callable (PyTorch).",
    )  # fmt: skip
    made.add_argument(
        "--layer", metavar="LAYER", action="append",
        help="a layer to look at, may be repeated; default: the outputs and some layers",
    )  # fmt: skip
    made.add_argument("--wrt", metavar="INPUT", help="needed only where there are several inputs")
    made.add_argument(
        "--positions", metavar="N", type=_count, default=12, help="per layer, 12 by default"
    )

    made = command(
        "article", _article, "the networks of the receptive-field article, computed", writing,
        epilog="The article: Araujo, Norris, Sim, Distill 2019, doi:10.23915/distill.00021",
    )  # fmt: skip
    made.add_argument(
        "--resolution", metavar="SIZE", type=_resolution, default=224,
        help="height and width of the input: 224 (default), 299, 321 …, or free",
    )  # fmt: skip
    made.add_argument(
        "--end-points", action="store_true", help="all end points of all variants, not the last"
    )

    from .frontends.declared.chain import SYNTAX

    made = command("chain", _chain, "layers written on the command line", writing, epilog=SYNTAX)
    made.add_argument("chain", metavar="CHAIN", nargs="+", help='for example "7/2p3 3/2p1 3p1d2"')
    made.add_argument(
        "--input", metavar="SIZE", type=_dimensions, help="input size: 224 or 224x300"
    )


def _summary(arguments: argparse.Namespace) -> int:
    from .present.summary import summary

    graph = _load(arguments)
    kept = _name_filter(arguments.layer, arguments.depth)
    found = summary(
        graph, wrt=arguments.wrt, layers=kept, ops=arguments.ops, sizes=arguments.size,
        title=arguments.model,
    )  # fmt: skip
    if not found and arguments.layer:
        raise unknown_name("layer", arguments.layer, graph.layers)
    return _write(found.report, arguments)


def _field(arguments: argparse.Namespace) -> int:
    from .analysis.fields import receptive_field
    from .present.field import field_report

    if arguments.clip and arguments.at is None:
        raise InvalidModelError("--clip needs an output position: --at 3,4")
    field = receptive_field(_load(arguments), arguments.output, wrt=arguments.wrt)
    report = field_report(field, arguments.at, clip=arguments.clip, title=arguments.model)
    return _write(report, arguments)


def _align(arguments: argparse.Namespace) -> int:
    from .analysis.alignment import alignment
    from .present.align import align_report

    found = alignment(_load(arguments))
    _write(align_report(found, title=arguments.model), arguments)
    return DONE if found.aligned else BAD_NEWS


def _support(arguments: argparse.Namespace) -> int:
    from .analysis.support import support
    from .present.support import support_report

    clip = not arguments.no_clip
    at: tuple[int, ...] = arguments.at
    found = support(_load(arguments), at, arguments.output, wrt=arguments.wrt, clip=clip)
    return _write(support_report(found, clip=clip, title=arguments.model), arguments)


def _influence(arguments: argparse.Namespace) -> int:
    from .analysis.fields import receptive_field
    from .analysis.influence import influence
    from .analysis.measured import chosen_index
    from .present.influence import influence_report

    if arguments.plot is not None:
        from .present.plot import check_target

        check_target(arguments.plot)
    graph = _load(arguments)
    output, wrt = arguments.output, arguments.wrt
    at = chosen_index(receptive_field(graph, output, wrt=wrt), arguments.at)
    found = influence(graph, at, output, wrt=wrt)
    if arguments.plot is not None:
        from .present.plot import save_influence

        save_influence(found, arguments.plot, title=arguments.model)
    return _write(influence_report(found, title=arguments.model), arguments)


def _explain(arguments: argparse.Namespace) -> int:
    from .analysis.explain import explain
    from .present.explain import explain_report

    found = explain(_load(arguments), arguments.output, wrt=arguments.wrt)
    return _write(explain_report(found, title=arguments.model), arguments)


def _verify(arguments: argparse.Namespace) -> int:
    from .live import verify
    from .present.verify import verify_report

    found = verify(
        arguments.model, arguments.input_shape, output=arguments.layer, wrt=arguments.wrt,
        positions=arguments.positions, axes=arguments.axes, training=arguments.training,
        unknown=arguments.unknown,
    )  # fmt: skip
    _write(verify_report(found, title=arguments.model), arguments)
    return DONE if found else BAD_NEWS


def _article(arguments: argparse.Namespace) -> int:
    from . import networks
    from .present.article import article_report, article_rows

    size: int | None = arguments.resolution
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
    return _write(article_report(rows, size, ("y", "x"), every=every), arguments)


def _chain(arguments: argparse.Namespace) -> int:
    from .analysis.fields import receptive_fields
    from .frontends.declared.chain import chain, parse
    from .present.chain import chain_report, chain_rows

    text = " ".join(arguments.chain)
    graph = chain(text, arguments.input)
    rows = chain_rows(graph, parse(text))
    axes = receptive_fields(graph)[rows[-1].layer].axes
    return _write(chain_report(rows, axes, title=text), arguments)


def _load(arguments: argparse.Namespace) -> Graph:
    from .loading import load

    return load(
        arguments.model, arguments.input_shape, axes=arguments.axes,
        training=arguments.training, unknown=arguments.unknown,
    )  # fmt: skip


def _name_filter(glob: str | None, depth: int | None) -> Callable[[str], bool]:
    from fnmatch import fnmatchcase

    def kept(name: str) -> bool:
        parts = name.replace("/", ".").split(".")
        return (glob is None or fnmatchcase(name, glob)) and (depth is None or len(parts) <= depth)

    return kept


def _write(report: Report, arguments: argparse.Namespace) -> int:
    """Write the report where and in the form that was asked for."""
    from .present import writing

    target: Path | None = arguments.output_file
    form: str | None = arguments.format
    if target is not None:
        form = form or SUFFIXES.get(target.suffix.lower(), "table")
        target.write_text(writing.as_text(report, form), encoding="utf-8")
    else:
        writing.to_stream(report, form or "table", sys.stdout)
    return DONE


def _unexpected(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}\n  The option --debug shows where."


def _complain(message: str, *, trace: bool = False, status: int = UNUSABLE) -> int:
    from .present.writing import safe_lines

    if trace:
        import traceback

        traceback.print_exc()
    print(safe_lines(f"rfield: {message}", sys.stderr), file=sys.stderr)  # noqa: T201  # stderr
    return status


def _shape(text: str) -> tuple[int | None, ...]:
    parts = text.lower().replace(",", "x").split("x")
    if not all(part == "?" or _is_number(part) for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not a shape such as 1x3x224x224 or 1x3x?x?")
    return tuple(None if part == "?" else int(part) for part in parts)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def _numbers(text: str, separator: str, example: str, least: int) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(separator)]
    if not all(_is_number(part) and int(part) >= least for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form {example}")
    return tuple(int(part) for part in parts)


def _sizes(text: str) -> tuple[int, ...]:
    return _numbers(text, ",", "224,299,321", 1)


def _index(text: str) -> tuple[int, ...]:
    return _numbers(text, ",", "3,4", 0)


def _place(text: str) -> str | tuple[int, ...]:
    return text if text == "center" else _numbers(text, ",", "3,4 or center", 0)


def _dimensions(text: str) -> tuple[int, ...]:
    return _numbers(text, "x", "224 or 224x300", 1)


def _count(text: str) -> int:
    return _numbers(text, ",", "3", 1)[0]


def _resolution(text: str) -> int | None:
    return None if text == "free" else _numbers(text, ",", "224 or free", 1)[0]


if __name__ == "__main__":
    sys.exit(main())
