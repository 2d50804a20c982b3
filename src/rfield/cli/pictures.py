"""``explore``, ``annotate``: a page to look at a model with, and fields for other viewers."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InvalidModelError
from .options import Commands, add_input_size, dimensions, file, how, reading
from .steps import DONE, load_graph, read_options, refuse
from .wording import in_options

HOW = (
    "input_shape",
    "input_dtype",
    "argument",
    "zeros",
    "soft_masks",
    "axes",
    "training",
    "unknown",
)
"""How a model is read."""
PAGE = ("other", "output_file", "image", "open", "chain", "input_size")
"""Options that are about the page."""


def add(commands: Commands) -> None:
    """The commands of this module."""
    commands.add(
        "explore", _explore, "a page on which you see what every unit reads", how, _explore_takes
    )
    commands.add(
        "annotate",
        _annotate,
        "an ONNX file with its fields, for Netron and others",
        reading,
        _annotate_takes,
    )


def _explore_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("model", metavar="MODEL", nargs="?", help="a file or a name, see below")
    made.add_argument("other", metavar="MODEL2", nargs="?", help="another one, side by side")
    made.add_argument(
        "-o", "--output-file", metavar="FILE", type=file,
        help="the page to write, rfield.html by default; a .json file gets its data alone",
    )  # fmt: skip
    made.add_argument("--image", metavar="FILE", type=Path, help="a picture to lay under the input")
    made.add_argument("--open", action="store_true", help="show it in the browser")
    made.add_argument(
        "--chain", metavar="CHAIN", help='instead of a model: layers to play with, "7/2p3 m3/2p1"'
    )
    add_input_size(made, dimensions, "of the chain, 64 by default", "--input")
    made.add_argument(
        "--node-data", metavar="FILE", type=file,
        help="instead of the page: field sizes for Google's Model Explorer, in JSON",
    )  # fmt: skip


def _annotate_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("--wrt", metavar="INPUT", help="needed only where there are several inputs")
    made.add_argument(
        "-o", "--output-file", metavar="FILE", type=file, required=True, help="the file to write"
    )


def _explore(arguments: argparse.Namespace) -> int:
    from ..questions.pages import explore

    if arguments.node_data is not None:
        return _node_data(arguments)
    if arguments.chain:
        refuse(arguments, HOW, "says nothing beside --chain")
        options = {"input_shape": arguments.input_size} if arguments.input_size else {}
    else:
        refuse(arguments, ["input_size"], "needs --chain; of a model: --input-shape")
        options = read_options(arguments)
    if arguments.output_file and arguments.output_file.suffix == ".json":
        refuse(arguments, ["image", "open"], "needs a page, not its data alone")
    page = explore(
        arguments.model, arguments.other, chain=arguments.chain, image=arguments.image, **options
    )
    target = page.save(arguments.output_file or Path("rfield.html"))
    arguments.results.write(f"{target}: {page.told}\n")
    for text in page.premises:
        arguments.results.write(f"  {in_options(text)}\n")
    if arguments.open:
        import webbrowser

        webbrowser.open(target.resolve().as_uri())
    return DONE


def _node_data(arguments: argparse.Namespace) -> int:
    import json

    from ..analysis.geometry.premises import premises
    from ..present.explorer.exports import node_data
    from ..present.writing import in_place_of

    refuse(arguments, PAGE, "says nothing beside --node-data")
    if arguments.model is None:
        raise InvalidModelError("--node-data needs a model")
    graph = load_graph(arguments)
    found = node_data(graph)
    with in_place_of(arguments.node_data) as draft:
        draft.write_text(json.dumps(found), encoding="utf-8")
    arguments.results.write(f"{arguments.node_data}: {len(found['results'])} nodes\n")
    for text in premises(graph):
        arguments.results.write(f"  {in_options(text)}\n")
    return DONE


def _annotate(arguments: argparse.Namespace) -> int:
    from ..questions.pages import annotate

    target = annotate(
        arguments.model, arguments.output_file, wrt=arguments.wrt, **read_options(arguments)
    )
    arguments.results.write(f"{target}\n")
    return DONE
