"""``summary``, ``field``, ``align``, ``explain``, ``cost``: the numbers of a model, and why."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Literal

from ..errors import InvalidModelError, unknown_name
from .options import Commands, add_input_size, asking, count, place, reading, sizes, writing
from .steps import BAD_NEWS, DONE, load_graph, write_report


def add(commands: Commands) -> None:
    """The commands of this module."""
    commands.add(
        "summary", _summary, "one row per layer of a model", reading, writing, _summary_takes
    )
    commands.add(
        "field",
        _field,
        "the field of one layer in full",
        reading,
        asking,
        writing,
        _field_takes,
        also="receptive_field",
    )
    commands.add(
        "align",
        _align,
        "do joined branches look at the same place?",
        reading,
        writing,
        also="alignment",
    )
    commands.add(
        "explain",
        _explain,
        "why a field is this large, global or misaligned",
        reading,
        asking,
        writing,
    )
    commands.add(
        "cost", _cost, "multiply-adds and parameters of every layer", reading, writing, _cost_takes
    )


def _summary_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("--layer", metavar="GLOB", help="only layers whose name matches: 'layer4.*'")
    made.add_argument(
        "--depth", metavar="N", type=depth, default="auto",
        help="names of at most N parts, or all; default: 30 rows at most",
    )  # fmt: skip
    made.add_argument("--ops", action="store_true", help="a row for every op, not only for layers")
    made.add_argument(
        "--columns", metavar="NAMES", type=names, default=(),
        help="more columns: kernel,step,dilation,params,macs",
    )  # fmt: skip
    made.add_argument("--wrt", metavar="LAYER", help="measure in this input or layer")
    add_input_size(
        made, sizes, "also the padding at these input sizes: 224,299,321", "--size", default=()
    )


def _field_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("--at", metavar="INDEX", type=place, help="an output position: 3,4 or center")
    made.add_argument(
        "--clip", action="store_true", help="what this input really gives: padding reads nothing"
    )


def _cost_takes(made: argparse.ArgumentParser) -> None:
    made.add_argument("--output", metavar="LAYER", help="what it depends on; default: all outputs")
    made.add_argument(
        "--depth", metavar="N", type=depth, default="auto",
        help="modules with names of at most N parts, or all; default: 30 rows at most",
    )  # fmt: skip


def _summary(arguments: argparse.Namespace) -> int:
    from ..present.summary import summary

    graph = load_graph(arguments)
    chosen = arguments.layer is not None or arguments.ops  # whoever asks for rows sees them
    deep: int | Literal["auto", "all"] = arguments.depth
    found = summary(
        graph, wrt=arguments.wrt, layers=name_filter(arguments.layer, deep), ops=arguments.ops,
        sizes=arguments.input_size, columns=arguments.columns, title=arguments.model,
        depth="all" if chosen and deep == "auto" else deep,
    )  # fmt: skip
    if not found and arguments.layer:
        raise unknown_name("layer", arguments.layer, graph.layers)
    return write_report(found.report, arguments)


def _field(arguments: argparse.Namespace) -> int:
    from ..analysis.geometry.fields import receptive_field
    from ..present.field import field_report

    if arguments.clip and arguments.at is None:
        raise InvalidModelError("--clip needs an output position: --at 3,4")
    field = receptive_field(load_graph(arguments), arguments.output, wrt=arguments.wrt)
    report = field_report(field, arguments.at, clip=arguments.clip, title=arguments.model)
    return write_report(report, arguments)


def _align(arguments: argparse.Namespace) -> int:
    from ..analysis.geometry.alignment import alignment
    from ..present.align import align_report

    found = alignment(load_graph(arguments))
    write_report(align_report(found, title=arguments.model), arguments)
    return DONE if found.aligned else BAD_NEWS


def _explain(arguments: argparse.Namespace) -> int:
    from ..analysis.geometry.explain import explain
    from ..present.explain import explain_report

    found = explain(load_graph(arguments), arguments.output, wrt=arguments.wrt)
    return write_report(explain_report(found, title=arguments.model), arguments)


def _cost(arguments: argparse.Namespace) -> int:
    from ..analysis.cost import cost
    from ..present.cost import cost_report

    found = cost(load_graph(arguments), arguments.output)
    deep: int | Literal["auto", "all"] = arguments.depth
    return write_report(cost_report(found, depth=deep, title=arguments.model), arguments)


def depth(text: str) -> int | Literal["auto", "all"]:
    """How deep names may lie: a number, or all."""
    return "all" if text == "all" else "auto" if text == "auto" else count(text)


def names(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(part.strip() for part in text.split(","))


def name_filter(
    glob: str | None, deep: int | Literal["auto", "all"] = "all"
) -> Callable[[str], bool]:
    """Whether a layer is kept, by its name and by how deep it lies."""
    from fnmatch import fnmatchcase

    from ..present.rows import parts_of

    def kept(name: str) -> bool:
        return (glob is None or fnmatchcase(name, glob)) and (
            not isinstance(deep, int) or parts_of(name) <= deep
        )

    return kept
