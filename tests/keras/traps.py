"""What a hostile file would set off: a folder in which nothing may appear, a module, functions.

``TRAPS`` holds ``work/inner``, where the files that are read lie, and ``modules``, from which
``rfield_trap`` could be imported. Whatever runs or is written by a file leaves something there.
"""

from __future__ import annotations

import atexit
import base64
import marshal
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

TRAPS = Path(tempfile.mkdtemp(prefix="rfield-traps-"))
WORK = TRAPS / "work" / "inner"
SPRUNG = TRAPS / "sprung"
MODULE = "rfield_trap"
_SOURCE = f"""
import pathlib
pathlib.Path({str(SPRUNG)!r}).touch()
class Trap:
    @classmethod
    def from_config(cls, config):
        return cls()
def trap(*anything, **more):
    return anything
"""

atexit.register(shutil.rmtree, TRAPS, ignore_errors=True)
os.environ["RFIELD_TRAP"] = str(SPRUNG)


def lay() -> None:
    """Make the folders and the module, which can be imported from now on."""
    WORK.mkdir(parents=True, exist_ok=True)
    (TRAPS / "modules").mkdir(exist_ok=True)
    (TRAPS / "modules" / f"{MODULE}.py").write_text(_SOURCE)
    if str(TRAPS / "modules") not in sys.path:
        sys.path.append(str(TRAPS / "modules"))


def sprung() -> list[str]:
    """What a file has set off since ``lay``; the traps are laid again."""
    known = {WORK.parent, WORK, TRAPS / "modules", TRAPS / "modules" / f"{MODULE}.py"}
    known |= set(WORK.glob("case.*"))
    found = [f"{place.name} was made" for place in TRAPS.rglob("*") if place not in known]
    if sys.modules.pop(MODULE, None) is not None:
        found.append(f"{MODULE} was imported")
    if found:
        shutil.rmtree(TRAPS)
        lay()
    return found


def code() -> str:
    """A lambda as Keras writes it; it leaves a file when it is called."""
    touch = lambda *x: (  # noqa: E731  # a function with a name is saved as its name
        __import__("pathlib").Path(__import__("os").environ["RFIELD_TRAP"]).touch(), x
    )[1]  # fmt: skip
    return base64.b64encode(marshal.dumps(touch.__code__)).decode() + "\n"


def functions() -> list[dict[str, Any]]:
    """Functions that a file may name, as values in the JSON."""

    def named(module: Any, name: str, registered: Any = None) -> dict[str, Any]:
        return {"module": module, "class_name": "function", "config": name,
                "registered_name": registered or name}  # fmt: skip

    return [
        named("os", "system"), named("posix", "system"), named("subprocess", "run"),
        named("builtins", "exec"), named("builtins", "eval"), named(MODULE, "trap"),
        named(f"{MODULE}.inner", "trap", f"{MODULE}>trap"), named("keras.utils", "get_file"),
        named("keras.config", "enable_unsafe_deserialization"), named("keras.saving", "load_model"),
        named("keras.utils", "save_img"), named("keras.src.utils.python_utils", "func_load"),
        named("keras.src.saving.saving_lib", "load_model"), named("keras.ops", "relu"),
        named("keras.src.utils.file_utils", "makedirs"), named("keras.models", "load_model"),
        {"class_name": "__lambda__",
         "config": {"value": [code(), None, None], "code": code(), "defaults": None,
                    "closure": None}},
    ]  # fmt: skip


def objects() -> list[dict[str, Any]]:
    """Objects that a file may want to have made."""

    def made(home: str, kind: str, **config: Any) -> dict[str, Any]:
        return {"module": home, "class_name": kind, "config": config, "registered_name": None}

    origin = Path(__file__).as_uri()
    return [
        *functions(),
        made("posix", "system", command=f"touch {SPRUNG}"), made(MODULE, "Trap"),
        made("pathlib", "Path"), made(f"{MODULE}.inner", "Trap"), made("keras_hub", "Trap"),
        {**made(MODULE, "Trap"), "registered_name": f"{MODULE}>Trap"},
        {"class_name": "__typespec__", "spec_name": "Trap", "module": MODULE,
         "registered_name": None, "config": []},
        made("keras.layers", "TFSMLayer", filepath=str(TRAPS / "modules")),
        made("keras.layers", "TorchModuleWrapper", module=code(), name="torch"),
        made("keras.layers", "StringLookup", vocabulary=__file__, name="words"),
        *(made("keras.layers", "Lambda", name="lambda", function=function, arguments=arguments)
          for function in functions()
          for arguments in ({}, {"fname": str(SPRUNG), "origin": origin, "path": str(SPRUNG)})),
        {"class_name": "Lambda", "config": {"name": "old", "function": [code(), None, None],
                                            "function_type": "lambda"}},
        {"class_name": "__tensor__", "config": {"value": [[1, 2], [3, 4]], "dtype": "float32"}},
        {"class_name": "__numpy__", "config": {"value": [1, "a", {}], "dtype": "object"}},
        {"class_name": "__bytes__", "config": {"value": "abc"}},
        {"class_name": "__ellipsis__", "config": {}},
        {"class_name": "__slice__", "config": {"start": None, "stop": 2**60, "step": 0}},
    ]  # fmt: skip
