"""Archives of exported programs with steps that no exporter writes. They do no harm when run."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


class Plain(torch.nn.Module):
    """One step that a test replaces, one that stays."""

    def forward(self, x):
        return torch.relu(x + 1)


PROGRAM = ("models/model.json", "serialized_exported_program.json")
"""Where the program lies; older releases write the second."""


def saved(path: Path, model: torch.nn.Module | None = None) -> Path:
    """A program as torch saves it."""
    program = torch.export.export((model or Plain()).eval(), (torch.zeros(1, 3, 8, 8),))
    torch.export.save(program, path)
    return path


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The archive with its program changed in place."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    model = next(name for name in members if name.endswith(PROGRAM))
    program = json.loads(members[model])
    change(program["graph_module"]["graph"])
    members[model] = json.dumps(program).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def calling(target: str, *arguments: Any) -> Callable[[dict[str, Any]], None]:
    """The first step calls something else, with these serialised arguments before its own."""

    def change(graph: dict[str, Any]) -> None:
        node = graph["nodes"][0]
        node["target"] = target
        if arguments:
            node["inputs"] = [{"name": "", "arg": a, "kind": 1} for a in arguments]

    return change


def before(*steps: tuple[str, list[Any], str]) -> Callable[[dict[str, Any]], None]:
    """Steps put in front of the program: what each calls, its arguments, the name of its result."""

    def change(graph: dict[str, Any]) -> None:
        meta = graph["tensor_values"]["x"]
        for number, (target, arguments, name) in enumerate(steps):
            graph["tensor_values"][name] = meta
            graph["nodes"].insert(
                number,
                {
                    "target": target,
                    "inputs": [{"name": "", "arg": a, "kind": 1} for a in arguments],
                    "outputs": [{"as_tensor": {"name": name}}],
                    "metadata": {},
                    "is_hop_single_tensor_return": None,
                },
            )

    return change
