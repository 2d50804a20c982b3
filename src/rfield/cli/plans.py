"""``tiles`` and ``stream``: plans for running a model on parts of its input."""

from __future__ import annotations

import argparse

from ..errors import InvalidModelError
from .options import (
    Commands,
    add_input_size,
    asking,
    count,
    dimensions,
    numbers,
    reading,
    spread,
    writing,
)
from .steps import BAD_NEWS, DONE, load_graph, read_options, refuse, write_report

SIZES = ("tile", "max_pixels", "max_bytes")
"""Options of ``tiles`` that say how large one is."""


def add(commands: Commands) -> None:
    """The commands of this module."""
    commands.add(
        "tiles",
        _tiles,
        "how to run a large image in tiles that stitch exactly, and their overlap",
        reading,
        writing,
        _tiles_takes,
        also="tile_plan",
    )
    commands.add(
        "stream",
        _stream,
        "look-ahead, latency, and what every layer keeps from chunk to chunk",
        reading,
        asking,
        writing,
        _stream_takes,
        also="stream_plan",
    )


def _tiles_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("--output", metavar="LAYER", help="default: the first of a model's outputs")
    made.add_argument("--wrt", metavar="INPUT", help="needed only where there are several inputs")
    add_input_size(
        made, dimensions, "of the whole image, 40000x30000; without it: what any tile needs",
        "--image",
    )  # fmt: skip
    size = made.add_mutually_exclusive_group()
    size.add_argument("--tile", metavar="SIZE", type=dimensions, help="at most 1024 or 1024x512")
    size.add_argument("--max-pixels", metavar="N", type=count, help="of a tile's input")
    size.add_argument("--max-bytes", metavar="N", type=count, help="of the live tensors, float32")
    made.add_argument(
        "--padding", metavar="N", type=padding, default=0,
        help="positions added around the image; fit: up to the next size the model accepts",
    )  # fmt: skip
    made.add_argument(
        "--fit", dest="padding", action="store_const", const="fit", help=argparse.SUPPRESS
    )
    made.add_argument(
        "--approximate", action="store_true",
        help="plan the local part where layers read a whole axis",
    )  # fmt: skip

    context = made.add_mutually_exclusive_group()
    context.add_argument("--halo", metavar="N", type=halo, help="context per side, chosen: 16")
    context.add_argument(
        "--share", metavar="SHARE", type=rate,
        help="the smallest halo that holds this share of the influence: 0.999",
    )  # fmt: skip


def _stream_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("--axis", metavar="AXIS", type=axis, help="time: t, y, x or a tensor axis")
    made.add_argument(
        "--sample-rate", metavar="HZ", type=rate, help="samples per second, for times"
    )
    made.add_argument("--chunk", metavar="SAMPLES", type=count, help="the size of all chunks")
    made.add_argument("--length", metavar="SAMPLES", type=count, help="of the whole stream")
    made.add_argument(
        "--anchor", metavar="WHERE", default="auto",
        help="what past and look-ahead are counted from: first, center or last sample read",
    )  # fmt: skip


def _tiles(arguments: argparse.Namespace) -> int:
    from ..present.tiles import tiles_report
    from ..questions.pieces import tile_plan

    sized = {name: getattr(arguments, name) for name in SIZES}
    sized = {name: given for name, given in sized.items() if given is not None}
    if arguments.input_size is None:
        refuse(arguments, (*SIZES, "padding", "halo", "share"), "needs --input-size")
        return _needs(arguments)
    if not sized:
        raise InvalidModelError("tiles of which size? Give --tile, --max-pixels or --max-bytes")
    if "tile" in sized:
        sized["tile"] = spread(sized["tile"])
    plan = tile_plan(
        arguments.model, spread(arguments.input_size), arguments.output, wrt=arguments.wrt,
        padding=arguments.padding, approximate=arguments.approximate, halo=arguments.halo,
        share=arguments.share, **sized,
        **read_options(arguments),
    )  # fmt: skip
    arguments.premises = plan.premises
    write_report(tiles_report(plan, title=arguments.model), arguments)
    return DONE if plan.exact else BAD_NEWS


def _needs(arguments: argparse.Namespace) -> int:
    from ..analysis.pieces.tiles.needs import plan_of_any_image
    from ..present.tiles import needs_report

    plan = plan_of_any_image(
        load_graph(arguments), arguments.output, wrt=arguments.wrt,
        approximate=arguments.approximate,
    )  # fmt: skip
    write_report(needs_report(plan, title=arguments.model), arguments)
    return DONE if plan.exact else BAD_NEWS


def _stream(arguments: argparse.Namespace) -> int:
    from ..present.stream import stream_report
    from ..questions.pieces import stream_plan

    plan = stream_plan(
        arguments.model, arguments.output, axis=arguments.axis, wrt=arguments.wrt,
        sample_rate=arguments.sample_rate, chunk=arguments.chunk, length=arguments.length,
        anchor=arguments.anchor,
        **read_options(arguments),
    )  # fmt: skip
    arguments.premises = plan.premises
    write_report(stream_report(plan, title=arguments.model), arguments)
    return DONE if plan.exact else BAD_NEWS


def halo(text: str) -> int:
    """A number of positions, 0 among them."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of positions such as 16")
    return int(text)


def axis(text: str) -> str | int:
    """The name of an axis, or its number."""
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 4 else text


def padding(text: str) -> str | int:
    """A number of positions, or fit."""
    return "fit" if text == "fit" else numbers(text, ",", "3 or fit", 0)[0]


def rate(text: str) -> float:
    """A positive number."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate such as 16000")
    return found
