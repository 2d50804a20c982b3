"""``tiles`` and ``stream``: plans for running a model on parts of its input."""

from __future__ import annotations

import argparse
from typing import Any

from .options import Commands, count, dimensions
from .steps import BAD_NEWS, DONE, load_graph, read_options, write_report


def add(commands: Commands) -> None:
    """The commands of this module."""
    made = commands.add(
        "tiles", _tiles, "how to run a large image in tiles that stitch exactly",
        commands.reading, commands.writing,
    )  # fmt: skip
    made.add_argument("--output", metavar="LAYER", help="default: the last output")
    made.add_argument("--wrt", metavar="INPUT", help="needed only where there are several inputs")
    made.add_argument("--image", metavar="SIZE", type=dimensions, required=True, help="40000x30000")
    size = made.add_mutually_exclusive_group(required=True)
    size.add_argument("--tile", metavar="SIZE", type=dimensions, help="at most 1024 or 1024x512")
    size.add_argument("--max-pixels", metavar="N", type=count, help="of a tile's input")
    size.add_argument("--max-bytes", metavar="N", type=count, help="of the live tensors, float32")
    made.add_argument(
        "--fit", action="store_true", help="pad the image to the next size the model accepts"
    )
    made.add_argument(
        "--approximate", action="store_true",
        help="plan the local part where layers read a whole axis",
    )  # fmt: skip

    made = commands.add(
        "stream", _stream, "look-ahead, latency, and what every layer keeps from chunk to chunk",
        commands.reading, commands.asking, commands.writing,
    )  # fmt: skip
    made.add_argument("--axis", metavar="AXIS", type=axis, help="time: t, y, x or a tensor axis")
    made.add_argument(
        "--sample-rate", metavar="HZ", type=rate, help="samples per second, for times"
    )
    made.add_argument("--chunk", metavar="SAMPLES", type=count, help="the size of all chunks")
    made.add_argument("--length", metavar="SAMPLES", type=count, help="of the whole stream")


def _tiles(arguments: argparse.Namespace) -> int:
    from ..present.tiles import tiles_report
    from ..questions.pieces import tile_plan

    tile: tuple[int, ...] | None = arguments.tile
    chosen: Any = tile[0] if tile and len(tile) == 1 else tile
    image: tuple[int, ...] = arguments.image
    plan = tile_plan(
        arguments.model, image[0] if len(image) == 1 else image, tile=chosen,
        max_pixels=arguments.max_pixels, max_bytes=arguments.max_bytes, output=arguments.output,
        wrt=arguments.wrt, padding="fit" if arguments.fit else 0,
        approximate=arguments.approximate, **read_options(arguments),
    )  # fmt: skip
    write_report(tiles_report(plan, title=arguments.model), arguments)
    return DONE if plan.exact else BAD_NEWS


def _stream(arguments: argparse.Namespace) -> int:
    from ..analysis.pieces.streaming import stream_plan
    from ..present.stream import stream_report

    plan = stream_plan(
        load_graph(arguments), arguments.output, axis=arguments.axis, wrt=arguments.wrt,
        sample_rate=arguments.sample_rate, chunk=arguments.chunk, length=arguments.length,
    )  # fmt: skip
    write_report(stream_report(plan, title=arguments.model), arguments)
    return DONE if plan.exact else BAD_NEWS


def axis(text: str) -> str | int:
    """The name of an axis, or its number."""
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 4 else text


def rate(text: str) -> float:
    """A positive number."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a rate such as 16000")
    return found
