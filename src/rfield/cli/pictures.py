"""``explore``: a page to look at a model with."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .options import Commands
from .steps import DONE, read_options


def add(commands: Commands) -> None:
    """The commands of this module."""
    made = commands.add(
        "explore", _explore, "a page on which you see what every unit reads", commands.reading
    )
    made.add_argument("other", metavar="MODEL2", nargs="?", help="another one, side by side")
    made.add_argument(
        "-o", "--output-file", metavar="FILE", type=Path, default=Path("rfield.html"),
        help="the page to write, rfield.html by default; a .json file gets its data alone",
    )  # fmt: skip
    made.add_argument("--image", metavar="FILE", type=Path, help="a picture to lay under the input")
    made.add_argument("--open", action="store_true", help="show it in the browser")


def _explore(arguments: argparse.Namespace) -> int:
    from ..questions.pages import explore

    page = explore(
        arguments.model, arguments.other, image=arguments.image, **read_options(arguments)
    )
    target = page.save(arguments.output_file)
    sys.stdout.write(f"{target}: {page.told}\n")
    if arguments.open:
        import webbrowser

        webbrowser.open(target.resolve().as_uri())
    return DONE
