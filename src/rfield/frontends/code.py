"""A model that is named as code: ``package.module:name``, or ``folder/file.py:name``.

The user names the code, so it may run: it is imported, and what is no model yet is called.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import InvalidModelError, UnreadableModelError, unknown_name
from .registry import reader_of_object

_CODE = re.compile(r"^(?P<home>[A-Za-z_][\w.]*|.*\.py):(?P<name>[A-Za-z_][\w.]*)$", re.IGNORECASE)


def is_code(spec: str) -> bool:
    """Whether a text has the form of a name in a module or in a Python file."""
    return _CODE.match(spec) is not None


def named(spec: str, kinds: Sequence[str] = ()) -> Any:
    """What a spec names: a model, a function or a class. ``kinds``: other words before a colon.

    Raises:
        UnreadableModelError: there is no such file or module, or it cannot be imported.
        UnknownNameError: the module has no such name.
    """
    match = _CODE.match(spec)
    if match is None:
        raise UnreadableModelError(f"{spec!r} is not of the form 'package.module:name'")
    home, name = match["home"], match["name"]
    if home.lower().endswith(".py"):
        folder, module = _module_of(Path(home), name)
        with _searching(folder):
            found: Any = _imported(module, home, kinds)
    else:
        found = _imported(home, home, kinds)
    for part in name.split("."):
        if not hasattr(found, part):
            raise unknown_name(f"name in {home}", name, [n for n in vars(found) if n[0] != "_"])
        found = getattr(found, part)
    return found


def takes_an_input(found: Any) -> bool:
    """Whether it is a function of arrays itself, not one that is called for a model.

    ``partial(module.apply, variables)`` is one too: it takes any number of arrays. What is needed
    by keyword alone is no array.
    """
    applied = isinstance(found, partial)
    if not inspect.isroutine(found) and not hasattr(found, "__wrapped__") and not applied:
        return False
    parameters = _parameters(found) or []
    if applied and any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return True
    needed = [p.kind for p in parameters if p.name in _missing(found, {})]
    return bool(needed) and inspect.Parameter.KEYWORD_ONLY not in needed


def made(spec: str, found: Any, given: Mapping[str, Any]) -> Any:
    """The model that a class or a function gives when it is called; a model as it is.

    Raises:
        InvalidModelError: it needs arguments that were not given.
    """
    if reader_of_object(found) is not None or not callable(found):
        return found
    missing = _missing(found, given)
    known = _accepted(found)
    for name in given:
        if known is not None and name not in known:
            raise unknown_name(f"argument of {spec}", name, known)
    if missing:
        example = ", ".join(f"{name!r}: ..." for name in missing)
        raise InvalidModelError(
            f"{spec} needs arguments: {', '.join(missing)}.\n"
            f"  Give them: arguments={{{example}}}, or name a function that needs none"
        )
    return found(**given)


def told_as_builder(spec: str, found: Any, error: InvalidModelError) -> InvalidModelError:
    """The error of a function of arrays, with what to do if it was meant to build a model."""
    example = ", ".join(f"{name!r}: ..." for name in _missing(found, {}))
    return InvalidModelError(
        f"{error}\n  {spec} takes arguments, so it was read as a function of arrays (JAX).\n"
        f"  If it builds a model, give them: arguments={{{example}}}"
    )


def _parameters(found: Any) -> list[inspect.Parameter] | None:
    """Its parameters; None where they cannot be told."""
    try:
        return list(inspect.signature(found).parameters.values())
    except (TypeError, ValueError):
        return None


def _missing(found: Any, given: Mapping[str, Any]) -> list[str]:
    """The arguments without which it cannot be called."""
    return [
        p.name for p in _parameters(found) or ()
        if p.default is p.empty and p.name not in given
        and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]  # fmt: skip


def _accepted(found: Any) -> list[str] | None:
    """The names of its arguments; None where it takes any, or they cannot be told."""
    parameters = _parameters(found)
    if parameters is None or any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]


def check_named(path: Path) -> None:
    """A Python file without a name in it is answered with the names it has.

    Raises:
        UnreadableModelError: always.
    """
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError) as error:
        raise UnreadableModelError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    kinds = (ast.ClassDef, ast.FunctionDef)
    names = [node.name for node in body if isinstance(node, kinds) and node.name[0] != "_"]
    shown = ", ".join(f"{path}:{name}" for name in names[:6]) or f"{path}:Net"
    raise UnreadableModelError(
        f"{path}: which model in it? Name a class, a function that gives a model, or a model:\n"
        f"  {shown}"
    )


def check_spelling(spec: str) -> None:
    """``my_net`` or ``my_net.Net`` beside a file ``my_net.py`` is answered with the right spec.

    Raises:
        UnreadableModelError: there is such a file in the current folder.
    """
    parts = spec.split(".")
    if not all(part.isidentifier() for part in parts):
        return
    for count in range(len(parts), 0, -1):
        file = Path(*parts[:count]).with_suffix(".py")
        if file.is_file():
            if count == len(parts):
                check_named(file)
            name = ".".join(parts[count:])
            raise UnreadableModelError(
                f"{spec}: a name in a file stands behind a colon:\n  {file}:{name}"
            )


def _module_of(path: Path, name: str) -> tuple[Path, str]:
    """The folder to search and the module's name: a file in a package is imported as part of it."""
    if not path.is_file():
        raise UnreadableModelError(f"{path}: there is no such file (asked for {name} in it)")
    path = path.resolve()
    folder, parts = path.parent, [path.stem]
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return folder, ".".join(parts)


@contextmanager
def _searching(folder: Path) -> Iterator[None]:
    """With a folder first where modules are looked for."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))


def _imported(module: str, shown: str, kinds: Sequence[str]) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if module != missing and not module.startswith(f"{missing}."):
            raise UnreadableModelError(
                f"{shown} imports {missing}, which is not installed"
            ) from None
        if "." in module or not kinds:
            raise UnreadableModelError(f"there is no Python module {missing!r}") from None
        raise unknown_name("kind of model, or module,", module, kinds) from None
    except Exception as error:
        raise UnreadableModelError(
            f"{shown} cannot be imported: {type(error).__name__}: {error}"
        ) from error
