"""Advice that is written for Python, in the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Callable

_SHAPE = r"\(([\w?, ]+?),?\)"
_NAMED = rf"'([^']+)': {_SHAPE}"
_CALL = r"(?m)rfield\.load\(([^\n]*?)\)(?=\s{2,}|\.?$|\.?\n)"
# Patterns are compiled when a message is written, not when the module is imported.
_OPTIONS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (rf"\binput_shape={_SHAPE}", lambda m: f"--input-shape {_shape(m[1])}"),
    (r"\binput_shape=(\d+)\b", r"--input-shape \1"),
    (r"\barguments=\{([^}]*)\}", lambda m: _arguments(m[1])),
    (rf"\baxes={_SHAPE}", lambda m: f"--axes {m[1].replace(' ', '')}"),
    (r"^input_shape is missing", "--input-shape is missing"),
    (r"\bapproximate=True", "--approximate"),
    (r"\bclip=True", "--clip"),
    (r"\bhalo=(\d+)", r"--halo \1"),
    (r"\bpadding=['\"]fit['\"]", "--padding fit"),
    (r"(?m)\bpadding=\(\(.*\)\)$", r"in Python, \g<0>"),
    (r"\bdepth='?(\w+)'?", r"--depth \1"),
    (r"\bunknown='whole'", "--unknown whole"),
    (r"\bzeros=True", "--zeros"),
    (r"\bsoft_masks='(cut|keep)'", r"--soft-masks \1"),
    (r"\brfield\.check_size\(model, size\)", "--input-size SIZE"),
    (r"\brfield\.expect\(.*, update=True\)", "--update"),
    (r"\bstream_plan\(…, length=\)", "--length SAMPLES"),
    (r"\b(output|wrt)=(\.\.\.|layer|(?=[.)\s]|$))", lambda m: f"--{m[1]} LAYER"),
    (rf"\btile={_SHAPE}", lambda m: f"--tile {_shape(m[1])}"),
    (r"\b(tile|image|length|axis)=(?=[.),\s]|$)", lambda m: f"--{m[1]}"),
    (r"\bmax_(pixels|bytes)=(?=[.),\s]|$)", lambda m: f"--max-{m[1]}"),
)


def in_options(text: str) -> str:
    """A message with options in place of keyword arguments, as far as there are such.

    >>> in_options("Give one:   rfield.load(model, input_shape=(1, 3, None, 224))")
    'Give one:   --input-shape 1x3x?x224'
    """
    text = re.sub(_CALL, _call, text)
    for pattern, option in _OPTIONS:
        text = re.sub(pattern, option, text)
    return text


def _call(match: re.Match[str]) -> str:
    """``rfield.load(model, ...)``: the options alone, or the call where there are none for it."""
    _, _, rest = match[1].partition(", ")
    found = re.findall(_NAMED, rest)
    if found and "=" not in rest.partition("{")[0].replace("input_shape=", ""):
        return " ".join(f"--input-shape {name}={_shape(shape)}" for name, shape in found)
    return rest if rest.startswith("input_shape=") else f"in Python, {match[0]}"


def _shape(text: str) -> str:
    return text.replace("None", "?").replace(", ", "x")


def _arguments(text: str) -> str:
    names = re.findall(r"'([^']+)'", text)
    return " ".join(f"--argument {name}=…" for name in names)
