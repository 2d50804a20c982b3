"""``sizes``, ``fits``, ``centers``, ``paths``: input sizes, objects, anchors and depth."""

from __future__ import annotations

import argparse
import sys

from .fields import name_filter
from .options import Commands, add_input_size, asking, dimensions, reading, spread, writing
from .steps import BAD_NEWS, DONE, load_graph, refuse, write_report


def add(commands: Commands) -> None:
    """The commands of this module."""
    commands.add("sizes", _sizes, "which input sizes suit a model", reading, writing, _sizes_takes)
    commands.add("fits", _fits, "which layers see an object whole", reading, writing, _fits_takes)
    commands.add(
        "centers",
        _centers,
        "where the outputs of a layer look, for anchors",
        reading,
        asking,
        writing,
    )
    commands.add(
        "paths",
        _paths,
        "shortest and longest paths, and layers without effect",
        reading,
        writing,
        _paths_takes,
        also="path_fields",
    )


def _sizes_takes(made: argparse.ArgumentParser) -> None:
    chosen = made.add_mutually_exclusive_group()
    chosen.add_argument(
        "--criterion", action="append", metavar="NAME",
        help="accepted, complete, even, aligned, all (of these), or same; may be repeated",
    )  # fmt: skip
    add_input_size(chosen, dimensions, "what happens at this one: 512 or 512x513", "--input")
    chosen.add_argument(
        "--output-size", metavar="SIZE", type=dimensions, help="input sizes that give this output"
    )
    chosen.add_argument(
        "--for-output", dest="output_size", type=dimensions, default=argparse.SUPPRESS,
        help=argparse.SUPPRESS,
    )  # fmt: skip
    made.add_argument("--output", metavar="LAYER", help="default: the first of a model's outputs")
    made.add_argument("--wrt", metavar="INPUT", help="needed only where inputs differ in size")


def _fits_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--object", metavar="SIZE", type=dimensions, required=True, help="its size: 40 or 40x60"
    )
    made.add_argument(
        "--layer", metavar="GLOB", help="these layers; default: the last of each stride"
    )
    made.add_argument("--wrt", metavar="LAYER", help="measure in this input or layer")


def _paths_takes(made: argparse.ArgumentParser) -> None:
    add_input_size(made, dimensions, "of the image: 32 or 32x48", "--size")
    made.add_argument("--wrt", metavar="LAYER", help="measure in this input or layer")


def _sizes(arguments: argparse.Namespace) -> int:
    from ..analysis.resizing import shifts, sizes
    from ..analysis.resizing.reading import CRITERIA
    from ..present.progress import shown
    from ..present.sizes import check_report, sizes_report

    graph, wrt = load_graph(arguments), arguments.wrt
    output: str | None = arguments.output
    title: str = arguments.model
    if arguments.criterion:
        refuse(arguments, ["output"], "says nothing beside --criterion, which is about all layers")
    if arguments.input_size is not None:
        checked = sizes.check_size(graph, spread(arguments.input_size), output, wrt=wrt)
        near = sizes.nearest(graph, checked.sizes, output, wrt=wrt) if checked.refused else ()
        write_report(check_report(checked, title=title, near=near), arguments)
        return DONE if checked else BAD_NEWS
    with shown(sys.stderr.isatty(), "sizes read") as report:
        if arguments.output_size is not None:
            named = f"output {'x'.join(map(str, arguments.output_size))}"
            size = spread(arguments.output_size)
            asked = {named: sizes.input_size(graph, size, output, wrt=wrt, progress=report)}
        else:
            names = arguments.criterion or CRITERIA
            asked = {n: sizes.valid_sizes(graph, n, wrt=wrt, progress=report) for n in names}
    if arguments.output_size is not None or arguments.criterion:
        write_report(sizes_report(asked, title=title), arguments)
        return DONE if all(asked.values()) else BAD_NEWS
    moving = shifts.shift_equivariance(graph, output, wrt=wrt)
    return write_report(sizes_report(asked, moving, title=title), arguments)


def _fits(arguments: argparse.Namespace) -> int:
    from ..analysis.geometry.fits import fits
    from ..errors import unknown_name
    from ..present.design import fits_report

    graph = load_graph(arguments)
    found = fits(graph, spread(arguments.object), wrt=arguments.wrt)
    glob: str | None = arguments.layer
    kept = None if glob is None else name_filter(glob)
    if glob is not None and kept is not None and not any(kept(row.layer) for row in found.layers):
        raise unknown_name("layer", glob, graph.layers)
    write_report(fits_report(found, layers=kept, title=arguments.model), arguments)
    return DONE if found.first is not None else BAD_NEWS


def _centers(arguments: argparse.Namespace) -> int:
    from ..analysis.geometry.centers import centers
    from ..present.design import centers_report

    found = centers(load_graph(arguments), arguments.output, wrt=arguments.wrt)
    return write_report(centers_report(found, title=arguments.model), arguments)


def _paths(arguments: argparse.Namespace) -> int:
    from ..analysis.geometry.paths import other_layers, path_fields
    from ..present.design import paths_report

    graph = load_graph(arguments)
    found = path_fields(graph, wrt=arguments.wrt)
    arguments.premises = (*arguments.premises, *other_layers(graph, found))
    size: tuple[int, ...] | None = arguments.input_size
    if size is not None and len(size) == 1:
        size *= len(found.axes)
    return write_report(paths_report(found, size, title=arguments.model), arguments)
