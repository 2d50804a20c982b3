"""Read many ``.onnx`` files: per file its layers, unknown ops, time, and a probe.

``python -m tests.onnx.files FOLDER... [--probe] [--shape FILE:NAME=1x3x64x64]``. Files found inside
packages are good material; they are never part of this repository.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx

import rfield
from tests.onnx.probe import probe, random_feeds, session

SMALL = 96
"""Free sizes are set to this many positions where a file is run."""


def onnx_files(places: list[str]) -> Iterator[Path]:
    """All ``.onnx`` files below some folders."""
    for place in places:
        path = Path(place)
        yield from [path] if path.is_file() else sorted(path.rglob("*.onnx"))


def runnable(path: Path, options: dict[str, Any]) -> Any:
    """The graph with every free size set, for running."""
    graph = rfield.load(path, **options)
    if not graph.has_free_axes:
        return graph
    shapes = {}
    for entry in graph.inputs_:
        shape = graph.shape(entry.node)
        shapes[entry.name] = tuple(SMALL if size is None else size for size in shape)
    return rfield.load(path, shapes, **{k: v for k, v in options.items() if k != "input_shape"})


def local_layers(graph: Any, name: str) -> list[str]:
    """The deepest layer with a bounded field, and one half way."""
    fields = rfield.receptive_fields(graph, wrt=name)
    found = [
        layer
        for layer in fields
        if all(isinstance(s, int) and s > 0 for s in fields[layer].size)
        and graph.nodes[fields[layer].value].kind != "input"
        and fields[layer].positions
    ]
    return [found[-1], found[len(found) // 2]] if found else [*graph.layers][-1:]


def report(path: Path, options: dict[str, Any], *, run: bool) -> str:
    """One line (and one for each probe) about a file."""
    start = time.perf_counter()
    try:
        graph = rfield.load(path, **options)
        unknown = ""
    except rfield.RFieldError as error:
        text = str(error).splitlines()
        return f"{path.name:42} {type(error).__name__}: {' | '.join(text[:3])}"
    loaded = time.perf_counter() - start
    for entry in graph.inputs_:
        if entry.axes:
            try:
                rfield.receptive_fields(graph, wrt=entry.name)
            except Exception as error:  # noqa: BLE001  # a finding, whatever it is
                unknown += f"FIELDS: {type(error).__name__} {error} "
    took = time.perf_counter() - start
    lines = [
        f"{path.name:42} {path.stat().st_size / 1e6:7.1f} MB {len(graph.layers):5} layers "
        f"{unknown or 'no unknown ops'}  read {loaded:.3f} s, all fields {took - loaded:.3f} s"
    ]
    return "\n".join([*lines, *(_probes(path, options) if run else [])])


def _probes(path: Path, options: dict[str, Any]) -> list[str]:
    try:
        return list(_each_probe(path, options))
    except Exception as error:  # noqa: BLE001  # a file that does not run, or a finding
        return [f"    not probed: {type(error).__name__} {str(error)[:200]}"]


def _each_probe(path: Path, options: dict[str, Any]) -> Iterator[str]:
    model = onnx.load(path)
    graph = runnable(path, options)
    shapes = {entry.name: graph.nodes[entry.node].shape for entry in graph.inputs_}
    feeds = random_feeds(session(model), shapes)
    for name, value in options.get("values", {}).items():
        feeds[name] = value
    for entry in graph.inputs_:
        if not entry.axes:
            continue
        for layer in local_layers(graph, entry.name):
            try:
                yield f"    {probe(model, graph, layer, entry.name, feeds)}"
            except Exception as error:  # noqa: BLE001, PERF203  # the runtime's own errors
                yield f"    {layer}: not run: {type(error).__name__} {str(error)[:150]}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="+")
    parser.add_argument("--probe", action="store_true")
    parser.add_argument("--shape", action="append", default=[])
    parser.add_argument("--value", action="append", default=[])
    chosen = parser.parse_args()
    given: dict[str, dict[str, Any]] = {}
    for text in chosen.shape:
        file, _, rest = text.partition(":")
        name, _, sizes = rest.partition("=")
        shape = tuple(None if s == "?" else int(s) for s in sizes.split("x"))
        given.setdefault(file, {}).setdefault("input_shape", {})[name] = shape
    for text in chosen.value:
        file, _, rest = text.partition(":")
        name, _, number = rest.partition("=")
        import numpy as np

        given.setdefault(file, {}).setdefault("values", {})[name] = np.array(int(number))
    for path in onnx_files(chosen.places):
        sys.stdout.write(report(path, given.get(path.name, {}), run=chosen.probe) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
