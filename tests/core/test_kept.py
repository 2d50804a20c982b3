"""What is kept: told to whoever asks the same, and to nobody else; up to so much memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rfield.core import kept as kept_module
from rfield.core import layout, ops
from rfield.core.kept import Kept
from rfield.core.known import LOW, Known, narrowed
from rfield.core.known import once as once_module
from rfield.core.link import Link, Read, Reshaped, everything
from rfield.core.relation import IDENTITY, At, shift


def test_the_first_answer_stays() -> None:
    kept = Kept[str]()
    assert kept.keep((1, "a"), "first") == "first"
    assert kept.keep((1, "a"), "second") == "first"
    assert kept.get((1, "a")) == "first"
    assert kept.get((1, "b")) is None


def test_what_was_not_asked_for_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "KEPT_BYTES", 64)
    kept = Kept[int]()
    for k in range(16):
        kept.keep(k, 100 + k, 4)
    assert kept.get(0) == 100
    kept.keep(16, 116, 4)
    assert [k for k in range(17) if kept.get(k) is None] == [1]
    kept.keep("large", 0, 5)
    assert kept.get("large") is None
    assert kept.get(16) == 116
    kept.clear()
    assert [kept.get(k) for k in range(17)] == [None] * 17


def test_so_many_answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_module, "KEPT_OPS", 3)
    kept = Kept[int]()
    for k in range(5):
        kept.keep(k, k)
    assert [kept.get(k) for k in range(5)] == [None, None, 2, 3, 4]


def test_links_are_the_same_by_what_they_read() -> None:
    moved = [Read(0, IDENTITY), Read(1, shift(2, "cut"))]
    assert Link(moved) == Link(moved)
    assert hash(Link(moved)) == hash(Link(moved))
    assert Link(moved) != Link([Read(0, IDENTITY), Read(1, shift(3, "cut"))])
    assert Link(moved) != Link([Read(0, IDENTITY), Read(None, At(0))])
    plain = [Read(0, IDENTITY)]
    assert Link(plain) != Link(plain, is_part=True)
    assert Link(plain) != Link(plain, rank=2)
    assert Link(plain) != Link(plain, endless=Link(moved))
    assert Link(plain, endless=Link(moved)) == Link(plain, endless=Link(moved))
    assert Reshaped((6,), (2, 3)) == Reshaped((6,), (2, 3)) != Reshaped((6,), (3, 2))
    assert len({Reshaped((6,), (2, 3)), Reshaped((6,), (2, 3)), everything(1), everything(1)}) == 2


def test_an_op_is_narrowed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    once_module._NARROWED.clear()
    asked: list[str] = []
    narrow = once_module._narrowed

    def counted(op: ops.Op, *rest: object) -> object:
        asked.append(op.kind)
        return narrow(op, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(once_module, "_narrowed", counted)

    def low(column: int, *, shown: bool = True, least: float = -np.inf) -> Known:
        codes = np.zeros((1, 4), np.uint8)
        codes[0, column] = LOW
        return Known(codes, shown, least)

    def told(known: Known, order: tuple[int, ...] = (1, 0)) -> list[int]:
        made = narrowed(layout.permute((3, 4), order), [known], [(3, 4)])[1]
        assert made is not None
        return np.flatnonzero(made.codes == LOW).tolist()

    assert told(low(1)) == told(low(1)) == [1]
    assert told(low(2)) == [2]
    assert len(asked) == 2
    assert told(low(2), (0, 1)) == told(low(2, shown=False)) == told(low(2, least=-1e9)) == [2]
    assert len(asked) == 5
    other = replace(layout.permute((3, 4), (1, 0)), exact=False)
    assert narrowed(other, [low(2)], [(3, 4)])[0].exact is False
    assert len(asked) == 6
    monkeypatch.setattr(once_module, "LARGE", 3)
    assert told(low(1)) == [1]
    assert len(asked) == 7
