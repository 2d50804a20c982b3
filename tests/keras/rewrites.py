"""The layers of a ``.keras`` file rewritten: JSON that is well formed and means something else."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import keras

from tests.keras import traps
from tests.keras.damage import config_of, with_config

NUMBERS = [0, 1, -1, 2, 3, 7, 254, 65537, 2**31 - 1, 2**31, 2**60, 2**63 - 1, 2**63, -(2**63),
           10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), -float("inf")]  # fmt: skip
NAMES = ["", " ", "\x1b[31mred\n", "<b>&amp;", "\0", "a/b", "../../up", "\ud800", "é" * 300,
         "x" * 20_000, "{", "%s", "\u202eright", "relu", "same", "channels_first"]  # fmt: skip
LAYERS = sorted(name for name in dir(keras.layers) if name[0].isupper())
OPERATIONS = ["Arange", "Concatenate", "Eye", "Flip", "Full", "Linspace", "Ones", "Repeat", "Roll",
              "Split", "Stack", "Tile", "Transpose", "Unstack", "Zeros", "Trap"]  # fmt: skip
MODULES = ["os", "posix", "builtins", "subprocess", traps.MODULE, f"{traps.MODULE}.inner", "keras",
           "keras.layers", "keras.utils", "keras.saving", "keras.config", "keras.src.utils",
           "keras_hub", "my_package", "", "..", "keras..layers", None, 5]  # fmt: skip

Place = tuple[Any, Any]
"""A dict or a list, and a key or an index in it."""


class Deep:
    """A list in a list in a list …, too deep for Python to write as JSON."""

    def __init__(self, levels: int) -> None:
        self.levels = levels

    def __deepcopy__(self, _memo: object) -> Deep:
        return self


def text_of(config: Any) -> bytes:
    """JSON text."""
    text = json.dumps(config, default=lambda deep: f"@deep {deep.levels}@")
    for levels in (50, 900, 3_000, 100_000):
        text = text.replace(f'"@deep {levels}@"', "[" * levels + "]" * levels)
    return text.encode()


def places(config: Any) -> list[Place]:
    """Every value of the JSON."""
    found: list[Place] = []
    waiting = [config]
    while waiting:
        here = waiting.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here))
        for key in keys:
            found.append((here, key))
            if isinstance(here[key], (dict, list)):
                waiting.append(here[key])
    return found


def layers(config: Any) -> list[dict[str, Any]]:
    """Every layer of every model."""
    return [
        value for here, key in places(config)
        if isinstance(value := here[key], dict) and isinstance(value.get("config"), dict)
        and isinstance(value.get("module"), str) and "initializers" not in value["module"]
    ]  # fmt: skip


def _chosen(config: Any, rng: random.Random, wanted: Callable[[Any, Any], bool]) -> Place | None:
    found = [place for place in places(config) if wanted(*place)]
    return rng.choice(found) if found else None


def value(config: Any, rng: random.Random) -> None:
    """Any value becomes another, or one of another type."""
    here, key = rng.choice(places(config))
    here[key] = rng.choice([
        None, True, False, *NUMBERS, *NAMES, [], {}, [[]], [None], {"a": 1}, [1, 2], [2**60] * 300,
        [0] * 5_000, Deep(50), Deep(900), Deep(3_000), Deep(100_000),
    ])  # fmt: skip


def number(config: Any, rng: random.Random) -> None:
    """A number becomes another."""
    place = _chosen(config, rng, lambda here, key: type(here[key]) in (int, float))
    if place is not None:
        place[0][place[1]] = rng.choice(NUMBERS)


def attribute(config: Any, rng: random.Random) -> None:
    """A setting of a layer takes the value of another setting, or a number."""
    layer = rng.choice(layers(config))["config"]
    if layer:
        key = rng.choice(list(layer))
        layer[key] = rng.choice([*layer.values(), *NUMBERS, *NAMES, [rng.choice(NUMBERS)] * 2])


def shape(config: Any, rng: random.Random) -> None:
    """The shape of an input, or one that is remembered, has other sizes or another rank."""
    place = _chosen(config, rng, lambda here, key: isinstance(key, str) and "shape" in key)
    if place is not None:
        axes = rng.choice([0, 1, 2, 3, 4, 5, 70, 300, 3_000])
        sizes = [rng.choice([*NUMBERS, None, None, 8, 8, 8]) for _ in range(axes)]
        place[0][place[1]] = rng.choice([[None, *[2**60] * 3], sizes, [None] * axes])


def kind(config: Any, rng: random.Random) -> None:
    """A layer becomes another, or an op, or nothing known."""
    layer = rng.choice(layers(config))
    if rng.random() < 0.6:
        layer["class_name"], layer["module"] = rng.choice(LAYERS), "keras.layers"
    elif rng.random() < 0.5:
        layer["class_name"], layer["module"] = rng.choice(OPERATIONS), "keras.src.ops.numpy"
        if rng.random() < 0.5:
            layer["config"] = {"name": layer["config"].get("name")}
    else:
        layer["class_name"] = rng.choice([
            *NAMES, "function", "__lambda__", "__tensor__", "__keras_tensor__", "__typespec__",
            "__slice__", "Lambda", "Functional", "Sequential", "Model", None, 3, [], {},
        ])  # fmt: skip


def origin(config: Any, rng: random.Random) -> None:
    """A layer or function comes from another module, or under another registered name."""
    layer = rng.choice(layers(config))
    layer[rng.choice(["module", "registered_name"])] = rng.choice([*MODULES, "os.system", "a>b"])
    if rng.random() < 0.5:
        layer["class_name"] = rng.choice(["system", "Trap", "trap", "function", "get_file"])


def hostile(config: Any, rng: random.Random) -> None:
    """Any value, or a layer, becomes an object whose making would run something."""
    made = copy.deepcopy(rng.choice(traps.objects()))
    if rng.random() < 0.5:
        here, key = rng.choice(places(config))
        here[key] = made
        return
    layer = rng.choice(layers(config))
    made.setdefault("config", {})
    if isinstance(made["config"], dict):
        made["config"]["name"] = layer["config"].get("name")
    layer.update(made)


def wiring(config: Any, rng: random.Random) -> None:
    """A call reads another tensor: of a layer that is missing, that comes later, or itself."""
    place = _chosen(config, rng, lambda _, key: key == "keras_history")
    if place is None:
        return
    names = [layer.get("name") for layer in layers(config)]
    history = place[0][place[1]]
    if not isinstance(history, list) or len(history) != 3:
        return
    match rng.randrange(5):
        case 0:
            history[0] = rng.choice([*names, "missing", None, 3])
        case 1:
            history[1] = rng.choice([1, -1, 2**31, None])
        case 2:
            history[2] = rng.choice([1, -1, 2**31, "0"])
        case 3:
            place[0][place[1]] = rng.choice([None, [], history[:1], history * 2])
        case _:
            place[0].clear()


def ends(config: Any, rng: random.Random) -> None:
    """The model begins or ends elsewhere."""
    place = _chosen(config, rng, lambda _, key: key in ("input_layers", "output_layers"))
    if place is None:
        return
    name = rng.choice(layers(config)).get("name")
    place[0][place[1]] = rng.choice([
        [], [[]], None, {}, [[name, 0, 0]], [name, 0, 0], [[name, 1, 0]], [[name, 0, 9]],
        [[name, 0, 0]] * 2, {"a": [name, 0, 0]}, [["missing", 0, 0]], "image",
    ])  # fmt: skip


def removed(config: Any, rng: random.Random) -> None:
    """A key or an entry is missing."""
    here, key = rng.choice(places(config))
    del here[key]


def doubled(config: Any, rng: random.Random) -> None:
    """An entry comes twice: a layer of the same name, an input, a call, a size."""
    place = _chosen(config, rng, lambda here, _: isinstance(here, list))
    if place is not None:
        place[0].insert(rng.randrange(len(place[0]) + 1), copy.deepcopy(place[0][place[1]]))


def swapped(config: Any, rng: random.Random) -> None:
    """Two values change places."""
    (here, key), (there, other) = rng.choice(places(config)), rng.choice(places(config))
    here[key], there[other] = copy.deepcopy(there[other]), copy.deepcopy(here[key])


def name(config: Any, rng: random.Random) -> None:
    """A layer has a name that is long, empty, taken, or made of signs, and is called by it."""
    before = rng.choice(layers(config)).get("name")
    after = rng.choice([*NAMES, *[layer.get("name") for layer in layers(config)]])
    for here, key in places(config):
        if here[key] == before:
            here[key] = after


def key_renamed(config: Any, rng: random.Random) -> None:
    """A key is written differently."""
    here, key = rng.choice(places(config))
    if isinstance(here, dict):
        here[rng.choice([*NAMES, key.upper(), "config", "name"])] = here.pop(key)


def old(config: Any, _rng: random.Random) -> None:
    """As Keras 2 wrote it: no modules, calls as lists."""
    for layer in layers(config):
        layer.pop("module", None)
        layer.pop("registered_name", None)
        if isinstance(layer.get("inbound_nodes"), list):
            layer["inbound_nodes"] = [
                [[*tensor, {}] for tensor in _tensors(call)] for call in layer["inbound_nodes"]
            ]


def _tensors(call: Any) -> Iterator[list[Any]]:
    for here, key in places(call if isinstance(call, (dict, list)) else []):
        if key == "keras_history" and isinstance(here[key], list):
            yield here[key]


REWRITES: list[Callable[[Any, random.Random], None]] = [
    value, value, number, number, attribute, attribute, shape, kind, kind, origin, hostile, hostile,
    wiring, wiring, ends, removed, removed, doubled, swapped, name, key_renamed, old,
]  # fmt: skip


def rewritten(data: bytes, rng: random.Random) -> bytes:
    """One to four rewrites of the layers."""
    config = config_of(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        with suppress(LookupError, TypeError):  # what is to be changed may be gone by now
            rng.choice(REWRITES)(config, rng)
    return with_config(data, text_of(config))


def built(data: bytes, rng: random.Random) -> bytes:
    """A model written by hand that is small as a file and large when it is built."""
    makers = [
        lambda: in_each_other(rng.choice([5, 30, 100, 180])),
        lambda: twice_each(rng.choice([3, 12, 40])),
        lambda: in_a_row(rng.choice([10, 300])),
        lambda: parts(rng.choice([2, 1 << 20, 2**31, 2**60])),
        lambda: eager(rng.choice([3, 2**31, 2**60])),
    ]
    return with_config(data, text_of(rng.choice(makers)()))


def functional(name: str, size: Any, layers: list[dict[str, Any]], last: str) -> dict[str, Any]:
    """A functional model of layers, from ``x`` to the last one named."""
    entry = {"module": "keras.layers", "class_name": "InputLayer", "registered_name": None,
             "config": {"batch_shape": size, "dtype": "float32", "name": "x"}, "name": "x",
             "inbound_nodes": []}  # fmt: skip
    return {"module": "keras.src.models.functional", "class_name": "Functional",
            "registered_name": "Functional",
            "config": {"name": name, "trainable": True, "layers": [entry, *layers],
                       "input_layers": [["x", 0, 0]], "output_layers": [[last, 0, 0]]}}  # fmt: skip


def called(layer: dict[str, Any], *sources: tuple[str, int]) -> dict[str, Any]:
    """A layer with its calls, one for each source: a layer, and which of its calls."""
    calls = [
        {"args": [{"class_name": "__keras_tensor__",
                   "config": {"shape": [None, 8, 8, 2], "dtype": "float32",
                              "keras_history": [source, call, 0]}}], "kwargs": {}}
        for source, call in sources
    ]  # fmt: skip
    return {**layer, "name": layer["config"]["name"], "inbound_nodes": calls}


def plain(name: str, kind: str = "ReLU", **config: Any) -> dict[str, Any]:
    """A layer of Keras."""
    return {"module": "keras.layers", "class_name": kind, "registered_name": None,
            "config": {"name": name, **config}}  # fmt: skip


def operation(name: str, kind: str, **config: Any) -> dict[str, Any]:
    """An op of Keras."""
    return {**plain(name, kind, **config), "module": "keras.src.ops.numpy"}


def in_each_other(levels: int) -> Any:
    """A model in a model in a model …"""
    model = functional("m", [None, 8, 8, 2], [called(plain("relu"), ("x", 0))], "relu")
    for level in range(levels):
        model["config"]["name"] = f"inner{level}"
        model = functional("m", [None, 8, 8, 2], [called(model, ("x", 0))], f"inner{level}")
    return model


def twice_each(levels: int) -> Any:
    """Each model calls the one inside twice: 2 to the power of the levels calls in the end."""
    model = functional("m", [None, 8, 8, 2], [called(plain("relu"), ("x", 0))], "relu")
    for level in range(levels):
        inner = f"inner{level}"
        model["config"]["name"] = inner
        model = functional("m", [None, 8, 8, 2], [called(model, ("x", 0), (inner, 0))], inner)
        model["config"]["output_layers"] = [[inner, 2, 0]]
    return model


def in_a_row(count: int) -> Any:
    """A long chain, the last layers first."""
    chain = [called(plain("l0"), ("x", 0))]
    chain += [called(plain(f"l{k}"), (f"l{k - 1}", 0)) for k in range(1, count)]
    return functional("m", [None, 8, 8, 2], chain[::-1], f"l{count - 1}")


def parts(count: int) -> Any:
    """A tensor in very many parts."""
    split = operation("split", "Split", indices_or_sections=count, axis=1)
    return functional("m", [1, count, 2], [called(split, ("x", 0))], "split")


def eager(count: int) -> Any:
    """An op that is called with numbers, so Keras would compute it while it reads the file."""
    full = operation("full", "Tile", repeats=[count])
    call = {**called(full), "inbound_nodes": [{"args": [[1.0, 2.0]], "kwargs": {}}]}
    return functional("m", [None, 8], [call, called(plain("relu"), ("x", 0))], "relu")
