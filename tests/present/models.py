"""Small models whose numbers can be worked out by hand."""

from __future__ import annotations

from rfield import Graph, GraphBuilder


def plain_chain(size: int | None = 64) -> Graph:
    """Two layers whose field is larger than the input of 8 from the second on."""
    b = GraphBuilder()
    x = b.input("image", (1, 3, size, size))
    y = b.conv("stem", x, kernel=7, stride=2, padding=3, channels=8)
    y = b.max_pool("pool", y, kernel=3, stride=2, padding=1)
    return b.build([y])


def gated() -> Graph:
    """A local path (3 rows, 5 columns) and a gate that reads everything, then up-sampled."""
    b = GraphBuilder()
    x = b.input("image", (1, 3, 32, 48))
    stem = b.conv("stem", x, kernel=(3, 5), stride=2, padding=(1, 2), channels=8)
    gate = b.global_pool("se.pool", stem)
    gate = b.conv("se.fc", gate, kernel=1)
    y = b.multiply("se.mul", stem, gate)
    y = b.resize("up", y, scale=2)
    return b.build([y])


def misaligned() -> Graph:
    """A join of a padded and a shifted branch, and one of branches with different strides."""
    b = GraphBuilder()
    x = b.input("image", (1, 1, 16, 16))
    a = b.conv("same", x, kernel=3, padding=1)
    c = b.pad("shifted", b.conv("cut", x, kernel=3), padding=[(1, 1), (2, 0)])
    joined = b.add("sum", a, c)
    d = b.crop("corner", joined, crop=[(0, 8), (0, 8)])
    e = b.conv("strided", x, kernel=2, stride=2)
    return b.build([b.add("mix", d, e)])


def cross() -> Graph:
    """A column of three beside a row of three: five pixels of nine."""
    b = GraphBuilder()
    x = b.input("image", (1, 1, 8, 8))
    column = b.conv("column", x, kernel=(3, 1), padding=(1, 0))
    return b.build([b.add("sum", column, b.conv("row", x, kernel=(1, 3), padding=(0, 1)))])


def hostile() -> Graph:
    """Layer names that would colour a terminal, end a table cell or be read as markup."""
    b = GraphBuilder()
    x = b.input("image", (1, 1, 16, 16))
    y = b.conv("\x1b[31mred\n", x, kernel=3)
    y = b.conv("[bold]a|b`c*", y, kernel=3)
    return b.build([y])


def free() -> Graph:
    """SAME padding with a stride over sizes that are not known."""
    b = GraphBuilder()
    x = b.input("image", (1, 1, None, None))
    return b.build([b.conv("same", x, kernel=3, stride=2, padding="same")])


def broken() -> Graph:
    """A user's function with a mistake of its own."""
    raise ArithmeticError("a mistake of the user's")
