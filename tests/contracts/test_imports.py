"""Imports run one way, frameworks stay in their folders, and no file grows over 400 lines.

``wrong_imports`` is a pure function over ``{module: source}``, so the tests below can hand it
made-up modules and show that it does find what it is there to find.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rfield

FRAMEWORK_FOLDERS = {
    *(".frontends.torch", ".frontends.onnx", ".frontends.tensorflow", ".frontends.keras"),
    ".frontends.jax",
}
ANALYSIS_ROOMS = {
    *(".analysis", ".analysis.engines", ".analysis.geometry", ".analysis.pixels"),
    *(".analysis.pieces", ".analysis.pieces.comparing", ".analysis.pieces.tiles"),
    *(".analysis.pieces.streams", ".analysis.resizing"),
}
BELOW_CLI = (FRAMEWORK_FOLDERS | ANALYSIS_ROOMS) | {
    *(".errors", ".core", ".analysis", ".present", ".frontends", ".networks"),
}
MATHEMATICS = {".errors", ".core", ".analysis", "numpy"}
COMPARING = MATHEMATICS | {
    *(".analysis.engines", ".analysis.geometry", ".analysis.pixels", ".analysis.pieces"),
}
FRONTEND = {".errors", ".core", ".frontends", "numpy"}

# What each room may import besides itself and the standard library: rooms begin with a dot,
# packages do not. A module belongs to the longest name here that fits it; `__init__` is the public
# package itself.
MAY_IMPORT: dict[str, set[str]] = {
    "version": set(),  # a string
    "errors": set(),
    "core": {".errors", "numpy"},
    "analysis": {".errors", ".core", "numpy"},
    "analysis.engines": MATHEMATICS,
    "analysis.geometry": MATHEMATICS | {".analysis.engines", ".analysis.interior"},
    # a question of a field that is answered by comparing two runs, which knows no fields
    "analysis.interior": MATHEMATICS | {".analysis.engines", ".analysis.pieces.comparing"},
    "analysis.pixels": MATHEMATICS | {".analysis.engines", ".analysis.geometry"},
    "analysis.resizing": MATHEMATICS | {".analysis.engines", ".analysis.geometry"},
    "analysis.pieces": {".errors", "numpy"},
    "analysis.pieces.comparing": COMPARING,
    "analysis.pieces.tiles": COMPARING | {".analysis.pieces.comparing"},
    "analysis.pieces.streams": COMPARING | {".analysis.pieces.comparing"},
    "present": ANALYSIS_ROOMS
    | {".version", ".errors", ".core", "numpy", "rich", "pandas", "matplotlib"},
    "frontends": FRAMEWORK_FOLDERS | {".errors", ".core", "numpy"},
    "frontends.torch": FRONTEND | {"torch", "torchvision", "timm"},
    "frontends.onnx": FRONTEND | {"onnx", "google", "onnxruntime"},
    "frontends.tensorflow": FRONTEND | {"tensorflow", "keras", "google"},
    "frontends.keras": FRONTEND | {"keras"},
    "frontends.jax": FRONTEND | {"jax", "flax", "equinox"},
    "networks": {".errors", ".core", ".frontends", "numpy"},
    "loading": BELOW_CLI
    | {"typing_extensions"},  # finds out what a source is; the only way from a name to a network
    "questions": BELOW_CLI  # the public questions, a room for each kind
    | {".version", ".loading", "numpy", "PIL", "typing_extensions"},
    "surveys": BELOW_CLI  # many models: beside the command line
    | {".version", ".loading", ".questions", "numpy", "rich", "distributed", "pyarrow"}
    | {"jinja2", "matplotlib", "statsmodels"},
    "cli": BELOW_CLI
    | {".version", ".loading", ".questions", ".surveys", ".__init__", "rich", "argcomplete"},
    "__main__": {".cli"},
    "testing": BELOW_CLI | {".loading", ".questions", ".__init__", "numpy", "hypothesis"},
    "__init__": BELOW_CLI | {".version", ".loading", ".questions", ".surveys", ".cli", ".testing"},
}
LINES = 400


def wrong_imports(sources: dict[str, str]) -> list[str]:
    """Every import against ``MAY_IMPORT``; a package is written with its file, ``a.b.__init__``."""
    return [
        f"{module}:{line}: imports {target}, which {room_of(module)} may not"
        for module, source in sorted(sources.items())
        for line, target in imports(module, source, frozenset(sources))
        if not allowed(module, target)
    ]


def allowed(module: str, target: str) -> bool:
    here = room_of(module)
    if here not in MAY_IMPORT:
        return False
    package = target.partition(".")[0]
    if package == "rfield":
        there = room_of(target)
        return there == here or f".{there}" in MAY_IMPORT[here]
    return package in sys.stdlib_module_names or package in MAY_IMPORT[here]


def room_of(module: str) -> str:
    """``rfield.core.ops`` is in ``core``, ``rfield.frontends.jax.rules`` in ``frontends.jax``."""
    _, *parts = module.split(".")
    names = (".".join(parts[:count]) for count in (3, 2))
    return next((name for name in names if name in MAY_IMPORT), parts[0] if parts else "__init__")


def imports(module: str, source: str, modules: frozenset[str]) -> Iterator[tuple[int, str]]:
    """``(line, absolute module)`` of each import, those inside functions and branches too."""
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=stem, names=names, level=level):
                above = package[: len(package) - level + 1] if level else []
                origin = ".".join([*above, *([stem] if stem else [])])
                for alias in names:
                    inside = f"{origin}.{alias.name}"
                    is_module = {inside, f"{inside}.__init__"} & modules
                    is_room = inside.removeprefix("rfield.") in MAY_IMPORT
                    yield node.lineno, inside if is_module or is_room else origin
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                level = len(name) - len(name.lstrip("."))
                above = package[: len(package) - level + 1] if level else []
                yield node.lineno, ".".join([*above, name.lstrip(".")])


def circles(sources: dict[str, str]) -> list[list[str]]:
    """Modules that import each other, on whatever way, those for type checking too."""
    modules = frozenset(sources)
    ahead = {
        module: {
            found
            for _, target in imports(module, source, modules)
            for found in (target, f"{target}.__init__")
            if found in modules and module not in (found, "rfield.__init__")
        }
        for module, source in sources.items()
    }
    reach = {module: reached(module, ahead) for module in modules}
    rings = {
        frozenset(other for other in reach[module] if module in reach[other])
        for module in modules
        if module in reach[module]
    }
    return sorted(sorted(ring) for ring in rings)


def reached(module: str, ahead: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [module]
    while todo:
        new = ahead[todo.pop()] - found
        found |= new
        todo += new
    return found


def too_long(sources: dict[str, str]) -> list[str]:
    counted = ((module, source.count("\n")) for module, source in sorted(sources.items()))
    return [f"{module}: {lines} lines" for module, lines in counted if lines > LINES]


@pytest.fixture(scope="module")
def tree() -> dict[str, str]:
    assert rfield.__file__ is not None
    root = Path(rfield.__file__).parent
    return {
        ".".join(path.relative_to(root.parent).with_suffix("").parts): path.read_text("utf-8")
        for path in root.rglob("*.py")
    }


def test_the_tree_is_read(tree: dict[str, str]):
    assert {"rfield.__init__", "rfield.errors", "rfield.core.__init__", "rfield.core.ops"} <= set(
        tree
    )
    found = imports("rfield.core.ops", tree["rfield.core.ops"], frozenset(tree))
    assert "rfield.errors" in {target for _, target in found}


def test_imports_run_one_way(tree: dict[str, str]):
    assert wrong_imports(tree) == []


def test_no_circles(tree: dict[str, str]):
    assert circles(tree) == []


@pytest.mark.parametrize("how", ["{}", "if TYPE_CHECKING:\n    {}", "def f():\n    {}"])
def test_a_circle_is_found(how: str):
    made = {
        "rfield.core.one": "from .two import f",
        "rfield.core.two": "from . import three",
        "rfield.core.three": how.format("from .one import g"),
        "rfield.core.four": "from .one import g",
    }
    assert circles(made) == [["rfield.core.one", "rfield.core.three", "rfield.core.two"]]


def test_no_file_is_over_400_lines(tree: dict[str, str]):
    assert too_long(tree) == []


@pytest.mark.parametrize(
    ("module", "source", "target"),
    [
        ("rfield.core.ops", "from ..analysis import field", "rfield.analysis.field"),
        ("rfield.core.ops", "from rfield.analysis.field import sweep", "rfield.analysis.field"),
        ("rfield.core.ops", "from .. import present", "rfield.present"),
        ("rfield.core.ops", "import rfield.cli", "rfield.cli"),
        ("rfield.core.ops", "from rfield import GraphBuilder", "rfield"),
        ("rfield.core.ops", "from ..version import __version__", "rfield.version"),
        ("rfield.core.__init__", "from ..frontends import declared", "rfield.frontends"),
        ("rfield.core.ops", "import scipy.sparse", "scipy.sparse"),
        ("rfield.core.ops", "import rich", "rich"),
        ("rfield.errors", "from .core import graph", "rfield.core.graph"),
        ("rfield.errors", "import numpy as np", "numpy"),
        (
            "rfield.analysis.field",
            "from ..frontends.declared import x",
            "rfield.frontends.declared",
        ),
        ("rfield.analysis.field", "from ..present.text import table", "rfield.present.text"),
        ("rfield.analysis.field", "from ..networks import vgg", "rfield.networks"),
        ("rfield.present.html.page", "from ...networks import vgg", "rfield.networks"),
        ("rfield.present.text", "from ..loading import load", "rfield.loading"),
        ("rfield.frontends.registry", "from ..networks import vgg", "rfield.networks"),
        ("rfield.frontends.reader", "from ..analysis import field", "rfield.analysis.field"),
        (
            "rfield.frontends.onnx.reader",
            "from ..torch import rules",
            "rfield.frontends.torch.rules",
        ),
        ("rfield.networks.vgg", "from ..analysis import field", "rfield.analysis.field"),
        ("rfield.loading", "from .cli import main", "rfield.cli"),
        ("rfield.frontends.registry", "import torch", "torch"),
        ("rfield.frontends.onnx.reader", "import torch.nn", "torch.nn"),
        ("rfield.frontends.torch.reader", "from jax import numpy", "jax"),
        ("rfield.cli", "import tensorflow as tf", "tensorflow"),
        ("rfield.testing", "import flax", "flax"),
        ("rfield.__init__", "import onnx", "onnx"),
        ("rfield.loading", "import keras", "keras"),
        ("rfield.core.ops", "def f():\n    import torch", "torch"),
        ("rfield.core.ops", "if TYPE_CHECKING:\n    from ..cli import main", "rfield.cli"),
        ("rfield.core.ops", "x = importlib.import_module('torch.fx')", "torch.fx"),
        (
            "rfield.core.ops",
            "x = import_module('..analysis.field', __name__)",
            "rfield.analysis.field",
        ),
        ("rfield.newroom", "from .errors import RFieldError", "rfield.errors"),
    ],
)
def test_a_wrong_arrow_is_found(module: str, source: str, target: str):
    line = source.count("\n") + 1
    others = dict.fromkeys(
        ("rfield.analysis.field", "rfield.core.graph", "rfield.frontends.torch.rules"), ""
    )
    assert wrong_imports({**others, module: source}) == [
        f"{module}:{line}: imports {target}, which {room_of(module)} may not"
    ]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("rfield.core.ops", "from ..errors import RFieldError\nfrom .graph import Graph"),
        (
            "rfield.core.ops",
            "import numpy as np\nimport math\nfrom collections.abc import Iterable",
        ),
        ("rfield.analysis.field", "from ..core import graph\nfrom .results import Row"),
        ("rfield.present.html.page", "from ...analysis import results\nfrom ..text import table"),
        ("rfield.present.records", "def f():\n    from ..version import __version__"),
        ("rfield.frontends.registry", "def read(m):\n    from .torch import reader"),
        ("rfield.frontends.torch.reader", "import torch.fx\nfrom ..reader import Reader"),
        ("rfield.frontends.jax.reader", "import flax\nfrom jax import numpy"),
        ("rfield.networks.vgg", "from ..frontends.declared import GraphBuilder"),
        (
            "rfield.loading",
            "def load(s):\n    from .networks import build\n    from . import frontends",
        ),
        ("rfield.cli", "from . import __version__, loading\nfrom .present import text"),
        ("rfield.__init__", "from .cli import main\nfrom . import networks"),
    ],
)
def test_a_right_arrow_is_let_pass(module: str, source: str):
    assert wrong_imports({module: source}) == []


def test_a_long_file_is_found():
    sources = {"rfield.core.long": "x = 1\n" * 401, "rfield.core.full": "x = 1\n" * 400}
    assert too_long(sources) == ["rfield.core.long: 401 lines"]
