"""What the documentation site holds beside the pages of this folder; ``mkdocs.yml`` names it.

The reference is made from the docstrings and the parser, the first page from the README, and the
explorers of the gallery when the site is built, so that none of them can be out of date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import rfield
from rfield.cli import build_parser

sys.path.insert(0, str(Path(__file__).parent))
import networks  # beside this file

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
ELSEWHERE = re.compile(r"\[([^\]]+)\]\((?:\.\./)?(?:tests|src|benchmarks|\.ci)/[^)]*\)")


GALLERY: dict[str, Callable[[], rfield.Graph]] = {
    **{
        name: lambda name=name, size=size: rfield.load(f"article:{name}", input_shape=size)
        for name, size in {"resnet_v1_50": 224, "vgg_16": 224, "inception_v3": 299}.items()
    },
    **{
        one.__name__: one
        for one in (
            networks.efficientnet_b0, networks.convnext_t, networks.swin_t, networks.unet,
            networks.deeplab, networks.wavenet, networks.encodec,
        )
    },
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
    for name, command in parser.commands().items():
        if command.prog.split()[-1] != name:
            continue  # the name that its question has in Python
        yield f"## rfield {name}\n\n```\n{command.format_help()}```\n"


def _gallery() -> Iterator[str]:
    """The explorers that the site holds."""
    yield "# Gallery\n\nMove over a layer's map to see what the unit under the mouse reads.\n"
    for name in GALLERY:
        yield f"- [{name.replace('_', ' ')}](explorers/{name}.html)"
