"""Where the rows of a survey are kept: one SQLite file, one row a model and size, one writer.

Each row is a transaction: whatever ends the program, a model is in the store whole or not at all.
The numbers of a row are kept as JSON, exactly; the columns beside it are those that are searched.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import StoreError

APPLICATION = 0x72666C64
"""What SQLite's header calls the application of a file; ``rfld``."""
SCHEMA = 1
_BESIDE = "-writer"
"""What the name of the file ends in that a writer holds."""
_TABLES = """
CREATE TABLE models (
    spec TEXT NOT NULL,
    at TEXT NOT NULL,
    state TEXT NOT NULL,
    code TEXT NOT NULL,
    origin TEXT NOT NULL,
    sizes INTEGER NOT NULL,
    row TEXT NOT NULL,
    growth TEXT NOT NULL,
    PRIMARY KEY (spec, at)
)
"""


class Store:
    """The rows in a file. ``writer``: whoever holds it alone may write."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def put(self, reply: Mapping[str, Any], *, sizes: bool = False) -> None:
        """Keep a row and how the field grows, in the place of an older row of the same model.

        Raises:
            StoreError: it cannot be written; the rows before it are there.
        """
        row = reply["row"]
        values = (
            row["spec"], row["at"], row["state"], row["code"], row["origin"], int(sizes),
            json.dumps(row), json.dumps(reply["growth"]),
        )  # fmt: skip
        try:
            self._connection.execute(
                "INSERT OR REPLACE INTO models VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values
            )
        except sqlite3.Error as error:
            raise StoreError(
                f"{self.path}: the row of {row['spec']} cannot be written: {error}.\n"
                f"  The {len(self):,} rows before it are kept; the same command goes on from there"
            ) from None

    def known(self) -> dict[tuple[str, str], tuple[str, str, str, bool]]:
        """By spec and size: state, code, origin, and whether even and aligned sizes are there."""
        found = self._ask("SELECT spec, at, state, code, origin, sizes FROM models")
        return {(spec, at): (s, c, o, bool(z)) for spec, at, s, c, o, z in found}

    def rows(self) -> list[dict[str, Any]]:
        """All rows, by spec and size."""
        found = self._ask("SELECT row FROM models ORDER BY spec, at")
        return [json.loads(text) for (text,) in found]

    def growth(self) -> dict[tuple[str, str], list[Any]]:
        """By spec and size the layers at which the field grows, with its sizes there."""
        found = self._ask("SELECT spec, at, growth FROM models")
        return {(spec, at): json.loads(text) for spec, at, text in found}

    def __len__(self) -> int:
        """The number of rows."""
        return self._ask("SELECT count(*) FROM models")[0][0]

    def _ask(self, question: str) -> Sequence[Any]:
        try:
            return self._connection.execute(question).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: the store cannot be read: {error}") from None


@contextmanager
def reading(path: Path) -> Generator[Store, None, None]:
    """The store in a file that is there; nothing in it can be changed.

    Raises:
        StoreError: there is no such file, it is no store, or one of a newer release.
    """
    if not path.exists():
        raise StoreError(f"{path}: there is no such store. rfield survey makes one")
    # Not opened as read-only: a transaction that was cut off is rolled back by who reads first.
    with _opened(path, "rw") as connection:
        _check(path, connection)
        connection.execute("PRAGMA query_only = ON")
        yield Store(path, connection)


@contextmanager
def writing(path: Path) -> Generator[Store, None, None]:
    """The store in a file, made where there is none, for one writer at a time.

    Raises:
        StoreError: the file cannot be written, is no store or one of a newer release, or another
            survey is writing it.
    """
    is_new = not path.exists() or not path.stat().st_size
    with _alone(path), _opened(path, "rwc") as connection:
        if not is_new:
            _check(path, connection)
        try:
            connection.execute("BEGIN IMMEDIATE")
            if is_new:
                connection.execute(_TABLES)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"{path}: the store cannot be written: {error}") from None
        yield Store(path, connection)


@contextmanager
def _alone(path: Path) -> Generator[None, None, None]:
    """No other survey writes meanwhile; the system takes the lock away with the process."""
    is_held = False
    try:
        with _opened(path, "rwc", _BESIDE) as lock:
            try:
                lock.execute("PRAGMA busy_timeout = 0")
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if "locked" in str(error):
                    raise StoreError(f"{path}: another survey is writing into this store") from None
                raise StoreError(f"{path}: the store cannot be written: {error}") from None
            is_held = True
            yield
    finally:
        if is_held:  # another writer's is left alone
            with suppress(OSError):
                path.with_name(f"{path.name}{_BESIDE}").unlink()


@contextmanager
def _opened(path: Path, mode: str, beside: str = "") -> Generator[sqlite3.Connection, None, None]:
    if path.is_dir():
        raise StoreError(f"{path}: the store cannot be opened: it is a folder")
    place = path.with_name(f"{path.name}{beside}")
    address = f"{place.resolve().as_uri()}?mode={mode}"
    try:
        connection = sqlite3.connect(address, uri=True, timeout=5, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: the store cannot be opened: {error}") from None
    try:
        yield connection
    finally:
        connection.close()


def _check(path: Path, connection: sqlite3.Connection) -> None:
    try:
        found = connection.execute("PRAGMA application_id").fetchone()[0]
        schema = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error:
        found = schema = 0
    if found != APPLICATION:
        raise StoreError(f"{path}: this is no store of a survey; it is not touched")
    if schema > SCHEMA:
        raise StoreError(
            f"{path}: a store of schema {schema}; this release knows {SCHEMA}.\n"
            "  Use the release of rfield that wrote it, or another file"
        )


def missing(
    store: Store,
    wanted: Iterable[tuple[str, str]],
    current: Mapping[str, tuple[str, str]],
    *,
    sizes: bool,
    again: bool,
) -> list[tuple[str, str]]:
    """Of the models that are wanted those that are not there, or made by other code.

    ``current``: by spec the code and the origin that a row made now would have. ``again``: also
    those that were not read.
    """  # fmt: skip
    known = store.known()

    def is_missing(key: tuple[str, str]) -> bool:
        if key not in known:
            return True
        state, code, origin, has_sizes = known[key]
        stale = (code, origin) != current[key[0]] or (sizes and not has_sizes)
        return stale or (again and state != "read")

    return [key for key in dict.fromkeys(wanted) if is_missing(key)]
