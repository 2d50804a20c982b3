"""What the documentation site holds beside the pages of this folder; ``mkdocs.yml`` names it.

The reference is made from the docstrings and the parser, the first page from the README, and the
explorers of the gallery when the site is built, so that none of them can be out of date.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import rfield
from rfield.cli import build_parser

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
ELSEWHERE = re.compile(r"\[([^\]]+)\]\((?:\.\./)?(?:tests|src|benchmarks|\.ci)/[^)]*\)")


def unet() -> rfield.Graph:
    """A U-Net of three levels."""
    b = rfield.GraphBuilder()
    y = b.input("image", (1, 3, 256, 256))
    skips: list[tuple[int, object]] = []
    for level in range(3):
        for k in (1, 2):
            y = b.conv(f"down{level}.conv{k}", y, kernel=3, padding=1)
        skips.append((level, y))
        y = b.max_pool(f"down{level}.pool", y, kernel=2, stride=2)
    y = b.conv("bottom.conv1", y, kernel=3, padding=1)
    for level, skip in reversed(skips):
        y = b.conv_transpose(f"up{level}.up", y, kernel=2, stride=2)
        y = b.concat(f"up{level}.join", skip, y)
        for k in (1, 2):
            y = b.conv(f"up{level}.conv{k}", y, kernel=3, padding=1)
    return b.build(outputs=[y])


def wavenet() -> rfield.Graph:
    """Two stacks of causal convolutions, dilated by 1, 2 … 256."""
    b = rfield.GraphBuilder()
    y = b.input("sound", (1, 1, 2048))
    for stack in (0, 1):
        for k in range(9):
            rate = 2**k
            name = f"stack{stack}.rate{rate}"
            y = b.conv(name, y, kernel=2, dilation=rate, padding=[(rate, 0)])
    return b.build(outputs=[y])


GALLERY: dict[str, Callable[[], rfield.Graph]] = {
    **{
        name: lambda name=name, size=size: rfield.load(f"article:{name}", input_shape=size)
        for name, size in {
            "alexnet_v2": 224, "vgg_16": 224, "resnet_v1_50": 224, "resnet_v2_101": 224,
            "inception_v2": 224, "inception_v3": 299, "inception_resnet_v2": 299,
            "mobilenet_v1": 224,
        }.items()
    },
    "unet": unet,
    "wavenet": wavenet,
}  # fmt: skip


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    made = {
        **{page: _rooted(ROOT / source) for source, page in PAGES.items()},
        "reference.md": "\n".join(_reference()),
        "commands.md": "\n".join(_commands()),
        "gallery.md": "\n".join(_gallery()),
    }
    for name, make in GALLERY.items():
        made[f"explorers/{name}.html"] = rfield.explore(make()).html
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Links to what lies beside the folder of pages lead to their copies, or nowhere."""
    markdown = markdown.replace("](../CONTRIBUTING.md", "](contributing.md")
    return ELSEWHERE.sub(r"\1", markdown)


def _rooted(page: Path) -> str:
    """A page of the root, as it stands in the site."""
    text = page.read_text("utf-8").replace("](docs/", "](")
    for source, target in PAGES.items():
        text = text.replace(f"]({source}", f"]({target}")
    return text


def _reference() -> Iterator[str]:
    """Every public name, by what it is."""
    yield "# Python\n\nAll names of `rfield`: what each means, in which unit, and how it fails.\n"
    kinds: dict[str, list[str]] = {"Questions": [], "Answers": [], "Errors": []}
    for name in sorted(rfield.__all__):
        found = getattr(rfield, name)
        if isinstance(found, type) and issubclass(found, Exception):
            kinds["Errors"].append(name)
        elif isinstance(found, type):
            kinds["Answers"].append(name)
        elif callable(found):
            kinds["Questions"].append(name)
    for kind, names in kinds.items():
        yield f"## {kind}\n"
        for name in names:
            found = getattr(rfield, name)
            yield f"::: {found.__module__}.{found.__qualname__}\n"


def _commands() -> Iterator[str]:
    """Every command, as it explains itself."""
    yield "# Commands\n"
    parser = build_parser()
    yield f"```\n{parser.format_help()}```\n"
    chosen = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    for name, command in chosen.choices.items():
        if command.prog.split()[-1] != name:
            continue  # the name that its question has in Python
        yield f"## rfield {name}\n\n```\n{command.format_help()}```\n"


def _gallery() -> Iterator[str]:
    """The explorers that the site holds."""
    yield "# Gallery\n\nMove over a layer's map to see what the unit under the mouse reads.\n"
    for name in GALLERY:
        yield f"- [{name.replace('_', ' ')}](explorers/{name}.html)"
