"""``support``, ``influence`` and ``verify``: exact pixels, and the running model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidModelError
from .options import Commands, asking, count, file, place, reading, seed, writing
from .steps import BAD_NEWS, DONE, load_graph, read_options, refuse, write_report

if TYPE_CHECKING:
    from ..analysis.pixels.influence import Influence

MEASURED = ("images", "count", "seed", "reduce")
"""Options of ``influence`` that say how it is measured."""


def add(commands: Commands) -> None:
    """The commands of this module."""
    commands.add(
        "support",
        _support,
        "exactly which pixels are read",
        reading,
        asking,
        writing,
        _support_takes,
    )
    commands.add(
        "influence",
        _influence,
        "how much of the field matters: by paths, or by gradients",
        reading,
        asking,
        writing,
        _influence_takes,
    )
    commands.add(
        "verify",
        _verify,
        "hold the numbers against the running model",
        reading,
        writing,
        _verify_takes,
        epilog="MODEL is timm:NAME, torchvision:NAME or package.module:callable (PyTorch), "
        "or a .onnx file\n(run by ONNX Runtime).",
    )


def _support_takes(made: argparse.ArgumentParser) -> None:
    _place(made)
    made.add_argument("--no-clip", action="store_true", help="theory: padding is more input")


def _influence_takes(made: argparse.ArgumentParser) -> None:
    _place(made)
    made.add_argument("--plot", metavar="FILE", type=file, help="a picture: .png, .svg or .pdf")
    made.add_argument(
        "--measured", action="store_true",
        help="run the model (PyTorch) and average its gradients, instead of counting paths",
    )  # fmt: skip
    made.add_argument(
        "--images",
        metavar="PATH",
        type=Path,
        help="measured: over the pictures of this folder, or a batch in .npy",
    )
    made.add_argument(
        "--count", metavar="N", type=count, help="measured: over N images of noise, 16 by default"
    )
    made.add_argument("--seed", metavar="N", type=seed, help="measured: of the noise, 0 by default")
    made.add_argument(
        "--reduce", choices=("abs", "square", "positive"),
        help="measured: what is summed over channels, abs by default",
    )  # fmt: skip


def _verify_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--layer", metavar="LAYER", action="append",
        help="a layer to look at, may be repeated; default: the outputs and some layers",
    )  # fmt: skip
    made.add_argument("--wrt", metavar="INPUT", help="needed only where there are several inputs")
    made.add_argument(
        "--positions", metavar="N", type=count, default=12, help="per layer, 12 by default"
    )


def _place(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--at", metavar="INDEX", type=place, default="center",
        help="an output position: 3,4 or center (default)",
    )  # fmt: skip


def _support(arguments: argparse.Namespace) -> int:
    from ..analysis.pixels.support import support
    from ..present.support import support_report

    clip = not arguments.no_clip
    at: str | tuple[int, ...] = arguments.at
    found = support(load_graph(arguments), at, arguments.output, wrt=arguments.wrt, clip=clip)
    return write_report(support_report(found, clip=clip, title=arguments.model), arguments)


def _influence(arguments: argparse.Namespace) -> int:
    from ..analysis.pixels.influence import influence
    from ..present.influence import influence_report

    if arguments.plot is not None:
        from ..present.plot import check_target

        check_target(arguments.plot)
    if not arguments.measured:
        refuse(arguments, MEASURED, "needs --measured")
    if arguments.measured:
        found = _measured(arguments)
        arguments.premises = found.premises
    else:
        graph = load_graph(arguments)
        found = influence(graph, arguments.at, arguments.output, wrt=arguments.wrt)
    if arguments.plot is not None:
        from ..present.plot import save_influence

        save_influence(found, arguments.plot, title=arguments.model)
    return write_report(influence_report(found, title=arguments.model), arguments)


def _measured(arguments: argparse.Namespace) -> Influence:
    from ..questions.pixels import measured_influence

    if arguments.training:
        raise InvalidModelError("--training: influence is measured on the model as it is used")
    given = {name: getattr(arguments, name) for name in MEASURED}
    chosen = {name: value for name, value in given.items() if value is not None}
    file = chosen.pop("images", None)
    return measured_influence(
        arguments.model, file, arguments.output,
        index=arguments.at, wrt=arguments.wrt, progress=sys.stderr.isatty(), **chosen,
        **read_options(arguments),
    )  # fmt: skip


def _verify(arguments: argparse.Namespace) -> int:
    from ..present.verify import verify_report
    from ..questions.pixels import verify

    found = verify(
        arguments.model, output=arguments.layer, wrt=arguments.wrt,
        positions=arguments.positions, progress=sys.stderr.isatty(), **read_options(arguments),
    )  # fmt: skip
    arguments.premises = found.premises
    write_report(verify_report(found, title=arguments.model), arguments)
    return DONE if found else BAD_NEWS
