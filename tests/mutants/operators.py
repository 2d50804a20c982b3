"""Small mistakes, made one at a time in a syntax tree: what the mutants are.

Left alone: annotations, defaults, decorators, assertions (``strict=True`` is one), the texts of
errors and other f-strings, and where exactly a limit lies (a comparison with a NAME_IN_CAPITALS
keeps its ``<`` or ``<=``).
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Change = Callable[[], Callable[[], None]]
"""Makes the mistake in the tree and returns what mends it."""

EDGE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift, ast.Pow: ast.Mult,
}  # fmt: skip
NAMES = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum",
    "any": "all", "all": "any",
}  # fmt: skip
SHOWN = 90
"""A mutant shows the largest expression around its mistake that is no longer than this."""


@dataclass(frozen=True)
class Mutant:
    """One mistake. ``key`` names it by file, function and text, so that moved lines keep it."""

    file: Path
    key: str
    function: tuple[str, int]
    lines: range
    tree: ast.Module
    change: Change


def mutants_of(file: Path, name: str) -> list[Mutant]:
    """Every mutant of the functions of one file, which the keys call ``name``."""
    tree = ast.parse(file.read_text("utf-8"))
    found: list[Mutant] = []
    seen: Counter[str] = Counter()
    for owner, function in functions(tree):
        parents: dict[ast.AST, ast.AST] = {}
        for node in visited(function, parents):
            for change in changes(node, parents[node]):
                shown = around(node, parents)
                field, place = where(shown, parents[shown])
                before = text_of(shown)
                mend = change()
                there = getattr(parents[shown], field)
                after = text_of(there if place is None else there[place])
                mend()
                key = f"{name} {owner}: {before} -> {after}"
                seen[key] += 1
                key += f" (no. {seen[key]})" if seen[key] > 1 else ""
                lines = range(statement(node, parents).lineno, last_line(node) + 1)
                first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
                found.append(Mutant(file, key, (function.name, first), lines, tree, change))
    return found


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods; what is defined inside one belongs to it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield f"{node.name}.{inner.name}", inner


def visited(function: ast.FunctionDef, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a body that may be changed."""
    waiting: list[tuple[ast.AST, ast.AST]] = [(node, function) for node in reversed(function.body)]
    while waiting:
        node, parent = waiting.pop()
        if isinstance(node, ast.Assert | ast.Raise | ast.JoinedStr | ast.arguments):
            continue
        if isinstance(node, ast.keyword) and node.arg == "strict":
            continue
        parents[node] = parent
        yield node
        kept = [
            child
            for field, value in ast.iter_fields(node)
            if field not in ("annotation", "decorator_list", "returns")
            for child in (value if isinstance(value, list) else [value])
            if isinstance(child, ast.AST)
        ]
        waiting += [(child, node) for child in reversed(kept)]


def around(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.AST:
    """What is shown of a mutant: a piece of code around the mistake that can be recognized."""
    shown = node
    while (parent := parents.get(shown)) is not None:
        whole = ast.unparse(parent)
        if isinstance(parent, ast.FunctionDef) or len(whole) > SHOWN or "\n" in whole:
            break
        shown = parent
    return shown


def text_of(node: ast.AST) -> str:
    """The code of a node in one line, without the body that hangs on it."""
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}:"
    return " ".join(ast.unparse(node).split())


def statement(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> ast.stmt:
    """The statement that a node is part of."""
    while not isinstance(node, ast.stmt):
        node = parents[node]
    return node


def last_line(node: ast.AST) -> int:
    """The last line of what is changed, without the body that hangs on it."""
    if isinstance(node, ast.If | ast.IfExp):
        node = node.test
    elif isinstance(node, ast.comprehension):
        node = node.ifs[-1]
    return getattr(node, "end_lineno", None) or 0


def changes(node: ast.AST, parent: ast.AST) -> Iterator[Change]:
    """All mistakes that can be made at one node."""
    for kind, mistakes in MISTAKES.items():
        if isinstance(node, kind):
            yield from mistakes(node, parent)


def comparisons(node: ast.Compare, _: ast.AST) -> Iterator[Change]:
    """Another border, or the opposite; in a chain another border at each place."""
    names = [name.id for name in ast.walk(node) if isinstance(name, ast.Name)]
    limit = any(name.isupper() for name in names)
    for place, op in enumerate(node.ops):
        for table in (EDGE, OPPOSITE)[limit : 1 + (len(node.ops) == 1)]:
            if type(op) in table:
                other = [*node.ops[:place], table[type(op)](), *node.ops[place + 1 :]]
                yield put(node, "ops", other)


def arithmetic(node: ast.BinOp | ast.AugAssign, _: ast.AST) -> Iterator[Change]:
    """Another operation."""
    if type(node.op) in ARITHMETIC:
        yield put(node, "op", ARITHMETIC[type(node.op)]())


def connectives(node: ast.BoolOp, _: ast.AST) -> Iterator[Change]:
    """``or`` for ``and``."""
    yield put(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())


def signs(node: ast.UnaryOp, parent: ast.AST) -> Iterator[Change]:
    """Without ``not``, without the minus."""
    if isinstance(node.op, ast.Not | ast.USub):
        yield replace(parent, node, node.operand)


def constants(node: ast.Constant, _: ast.AST) -> Iterator[Change]:
    """One more, one less, or the other truth."""
    if isinstance(node.value, bool):
        yield put(node, "value", not node.value)
    elif isinstance(node.value, int):
        yield put(node, "value", node.value + 1)
        yield put(node, "value", node.value - 1)


def calls(node: ast.Call, _: ast.AST) -> Iterator[Change]:
    """``max`` for ``min``, as a function or a method."""
    for kind, field in ((ast.Name, "id"), (ast.Attribute, "attr")):
        if isinstance(node.func, kind) and getattr(node.func, field) in NAMES:
            yield put(node.func, field, NAMES[getattr(node.func, field)])


def branches(node: ast.If | ast.IfExp, _: ast.AST) -> Iterator[Change]:
    """Never, always."""
    yield put(node, "test", ast.Constant(False))
    yield put(node, "test", ast.Constant(True))


def filters(node: ast.comprehension, _: ast.AST) -> Iterator[Change]:
    """One condition less."""
    for place in range(len(node.ifs)):
        yield put(node, "ifs", node.ifs[:place] + node.ifs[place + 1 :])


def steps(node: ast.stmt, parent: ast.AST) -> Iterator[Change]:
    """A statement that is not there: a jump, an addition, a call for its effect."""
    if not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call):
        yield replace(parent, node, ast.Pass())


MISTAKES: dict[Any, Callable[[Any, ast.AST], Iterator[Change]]] = {
    ast.Compare: comparisons,
    ast.BinOp | ast.AugAssign: arithmetic,
    ast.BoolOp: connectives,
    ast.UnaryOp: signs,
    ast.Constant: constants,
    ast.Call: calls,
    ast.If | ast.IfExp: branches,
    ast.comprehension: filters,
    ast.Continue | ast.Break | ast.AugAssign | ast.Expr: steps,
}


def where(node: ast.AST, parent: ast.AST) -> tuple[str, int | None]:
    """The field of its parent in which a node is, and its place if that is a list."""
    for field, value in ast.iter_fields(parent):
        if value is node:
            return field, None
        if isinstance(value, list):
            for place, one in enumerate(value):
                if one is node:
                    return field, place
    raise ValueError("the node is not part of its parent")


def put(node: ast.AST, field: str, value: object) -> Change:
    """Another value in one field of a node."""

    def change() -> Callable[[], None]:
        old = getattr(node, field)
        setattr(node, field, value)
        return lambda: setattr(node, field, old)

    return change


def replace(parent: ast.AST, node: ast.AST, other: ast.AST) -> Change:
    """Another node in the place of one."""
    field, place = where(node, parent)
    if place is None:
        return put(parent, field, other)
    old = getattr(parent, field)
    return put(parent, field, [*old[:place], other, *old[place + 1 :]])
