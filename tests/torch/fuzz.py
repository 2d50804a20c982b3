"""Ways to damage a ``.pt2`` archive: its bytes, its members, the steps of its program.

``python -m tests.effects.fuzz --kinds pt2`` reads the files that come of it under watch.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.keras.damage import unzipped, zipped

NUMBERS = [
    0, 1, -1, 2, 3, 7, 64, 65537, 1 << 20, 2**31 - 1, 2**31, 2**40, 2**60, 2**62, 2**63 - 1,
    -(2**63), 2**64, 10**30, 0.5, float("inf"), float("nan"), None, True, "x", [], {},
]  # fmt: skip
TARGETS = [
    "torch.ops.load_library", "torch.ops.import_module", "torch.ops.aten.from_file.default",
    "torch.ops.aten.save.default", "torch.ops.aten.add.__call__", "torch.ops.aten.set_.default",
    "builtins.exec", "os.system", "torch.load", "_operator.attrgetter", "_operator.getitem",
    "_operator.mul", "torch.sym_max", "torch.ops.higher_order.cond", "torch.ops.aten.item.default",
    "torch.ops.aten.eye.default", "torch.ops.aten.full.default", "torch.ops.aten.arange.default",
    "torch.ops.aten.repeat.default", "torch.ops.aten.tril_indices.default",
    "torch.ops.aten.randperm.default", "torch.ops.aten.one_hot.default", "", "torch.ops", "\x1b[2J",
]  # fmt: skip
PICKLE = b"cos\nsystem\n(S'touch rfield_was_here'\ntR."


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One damaged archive."""
    kinds: list[Callable[[bytes, random.Random], bytes]] = [flipped, cut, members_changed]
    return rng.choice([*kinds, text_flipped, *[rewritten] * 8])(data, rng)


def flipped(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, half of them in the directory at the end."""
    changed = bytearray(data)
    start = rng.choice([0, max(0, len(changed) - 900)])
    for _ in range(rng.choice([1, 2, 8, 64])):
        changed[rng.randrange(start, len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    """The end, or a piece, is missing."""
    start = rng.randrange(len(data))
    return rng.choice([data[:start], data[:start] + data[start + rng.randrange(1, 400) :], b""])


def members_changed(data: bytes, rng: random.Random) -> bytes:
    """A member removed, emptied, doubled, renamed, or a pickle in its place."""
    members = unzipped(data)
    place = rng.randrange(len(members))
    name, content = members[place]
    match rng.randrange(6):
        case 0:
            del members[place]
        case 1:
            members[place] = (name, rng.choice([b"", PICKLE, b"{}", b"null", b"[" * 200_000]))
        case 2:
            members.append((name, rng.choice([content, PICKLE, b"{}"])))
        case 3:
            members[place] = (rng.choice(["../../up", "/up", "x\0y", name.upper()]), content)
        case 4:
            members[place] = (name, content * 50)
        case _:
            members.reverse()
    return zipped(members, rng.choice([0, 8]))


def text_flipped(data: bytes, rng: random.Random) -> bytes:
    """A few bytes of a JSON text changed; the archive itself is whole."""

    def change(text: bytes) -> bytes:
        changed = bytearray(text)
        for _ in range(rng.choice([1, 1, 2, 4])):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed)

    return _with_texts(data, rng, change)


def rewritten(data: bytes, rng: random.Random) -> bytes:
    """A well-formed program with one to four changes."""

    def change(text: bytes) -> bytes:
        program = json.loads(text)
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            rng.choice(REWRITES)(program, rng)
        return json.dumps(program).encode()

    return _with_texts(data, rng, change)


def _with_texts(data: bytes, rng: random.Random, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with its program, or now and then another text, changed."""
    members = unzipped(data)
    texts = [n for n, (name, content) in enumerate(members) if name.endswith(".json") and content]
    models = [n for n in texts if "/models/" in members[n][0]]
    place = rng.choice(models if models and rng.random() < 0.9 else texts)
    members[place] = (members[place][0], change(members[place][1]))
    return zipped(members)


def _nodes(program: Any) -> list[Any]:
    try:
        found = program["graph_module"]["graph"]["nodes"]
        return found if isinstance(found, list) else []
    except (KeyError, TypeError):
        return []


def _entries(here: Any) -> Iterator[tuple[Any, Any]]:
    """Each place of a JSON value: what holds it, and its key."""
    pairs = here.items() if isinstance(here, dict) else enumerate(here)
    for key, value in list(pairs):
        yield here, key
        if isinstance(value, (dict, list)):
            yield from _entries(value)


def _any_entry(program: Any, rng: random.Random) -> None:
    places = list(_entries(program))
    if not places:
        return
    holder, key = rng.choice(places)
    if rng.random() < 0.3:
        del holder[key]
    else:
        other, name = rng.choice(places)
        given = other[name] if name in other or isinstance(other, list) else None
        text = json.dumps(given) if rng.random() < 0.5 else json.dumps(rng.choice(NUMBERS))
        holder[key] = json.loads(text)


def _number(program: Any, rng: random.Random) -> None:
    """A size, stride, argument or type code is something else."""
    places = [
        (holder, key) for holder, key in _entries(program)
        if type(holder[key]) in (int, float)
    ]  # fmt: skip
    if places:
        holder, key = rng.choice(places)
        holder[key] = rng.choice(NUMBERS)


def _arguments(program: Any, rng: random.Random) -> None:
    """An argument of a step is another one, or gone, or comes twice."""
    node = rng.choice(_nodes(program) or [{}])
    given = node.get("inputs")
    if not isinstance(given, list) or not given:
        return
    place = rng.randrange(len(given))
    match rng.randrange(4):
        case 0:
            del given[place]
        case 1:
            given.append(json.loads(json.dumps(given[place])))
        case 2:
            others = [n["inputs"] for n in _nodes(program) if n.get("inputs")]
            if others:
                given[place] = json.loads(json.dumps(rng.choice(rng.choice(others))))
        case _:
            value = rng.choice(NUMBERS[:17])
            kind = rng.choice(["as_int", "as_ints"])
            given[place]["arg"] = {kind: [value] * rng.randrange(5) if kind == "as_ints" else value}


def _target(program: Any, rng: random.Random) -> None:
    from rfield.frontends.torch.programs.admitted import COMPOSITES, COMPUTED
    from rfield.frontends.torch.rulebook import RULES

    names = [*sorted(COMPOSITES), *sorted(COMPUTED), *RULES]
    node = rng.choice(_nodes(program) or [{}])
    space, _, op = rng.choice(names).partition("::")
    op, _, overload = op.partition(".")
    known = f"torch.ops.{space}.{op}.{overload or rng.choice(['default', 'Tensor', 'int'])}"
    others = [n.get("target") for n in _nodes(program)]
    node["target"] = rng.choice([known, known, rng.choice(TARGETS), rng.choice(others or [""])])


def _steps(program: Any, rng: random.Random) -> None:
    """A step removed, doubled, or in another place."""
    nodes = _nodes(program)
    if not nodes:
        return
    place = rng.randrange(len(nodes))
    match rng.randrange(3):
        case 0:
            del nodes[place]
        case 1:
            nodes.insert(rng.randrange(len(nodes)), json.loads(json.dumps(nodes[place])))
        case _:
            nodes.insert(rng.randrange(len(nodes)), nodes.pop(place))


REWRITES: list[Callable[[Any, random.Random], None]] = [
    _any_entry, _any_entry, _number, _number, _arguments, _arguments, _target, _target, _steps,
]  # fmt: skip
