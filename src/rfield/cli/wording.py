"""Advice that is written for Python, in the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Callable

_SHAPE = r"\(([\w?, ]+?),?\)"
_NAMED = re.compile(rf"'([^']+)': {_SHAPE}")
_CALL = re.compile(r"rfield\.load\(([^\n]*?)\)(?=\s{2,}|\.?$|\.?\n)", re.MULTILINE)
_OPTIONS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(rf"\binput_shape={_SHAPE}"), lambda m: f"--input-shape {_shape(m[1])}"),
    (re.compile(r"\binput_shape=(\d+)\b"), r"--input-shape \1"),
    (re.compile(r"\barguments=\{([^}]*)\}"), lambda m: _arguments(m[1])),
    (re.compile(rf"\baxes={_SHAPE}"), lambda m: f"--axes {m[1].replace(' ', '')}"),
    (re.compile(r"^input_shape is missing"), "--input-shape is missing"),
    (re.compile(r"\bapproximate=True"), "--approximate"),
    (re.compile(r"\bclip=True"), "--clip"),
    (re.compile(r"\bpadding=['\"]fit['\"]"), "--padding fit"),
    (re.compile(r"\bdepth='?(\w+)'?"), r"--depth \1"),
    (re.compile(r"\bunknown='whole'"), "--unknown whole"),
    (re.compile(r"\bzeros=True"), "--zeros"),
    (re.compile(r"\bsoft_masks='(cut|keep)'"), r"--soft-masks \1"),
    (re.compile(r"\brfield\.check_size\(model, size\)"), "--input-size SIZE"),
    (re.compile(r"\brfield\.expect\(.*, update=True\)"), "--update"),
    (re.compile(r"\bstream_plan\(…, length=\)"), "--length SAMPLES"),
    (re.compile(r"\b(output|wrt)=(\.\.\.|layer|(?=[.)\s]|$))"), lambda m: f"--{m[1]} LAYER"),
    (re.compile(r"\b(tile|image|length|axis)=(?=[.),\s]|$)"), lambda m: f"--{m[1]}"),
    (re.compile(r"\bmax_(pixels|bytes)=(?=[.),\s]|$)"), lambda m: f"--max-{m[1]}"),
)


def in_options(text: str) -> str:
    """A message with options in place of keyword arguments, as far as there are such.

    >>> in_options("Give one:   rfield.load(model, input_shape=(1, 3, None, 224))")
    'Give one:   --input-shape 1x3x?x224'
    """
    text = _CALL.sub(_call, text)
    for pattern, option in _OPTIONS:
        text = pattern.sub(option, text)
    return text


def _call(match: re.Match[str]) -> str:
    """``rfield.load(model, ...)``: the options alone, or the call where there are none for it."""
    _, _, rest = match[1].partition(", ")
    found = _NAMED.findall(rest)
    if found and "=" not in rest.partition("{")[0].replace("input_shape=", ""):
        return " ".join(f"--input-shape {name}={_shape(shape)}" for name, shape in found)
    return rest if rest.startswith("input_shape=") else f"in Python, {match[0]}"


def _shape(text: str) -> str:
    return text.replace("None", "?").replace(", ", "x")


def _arguments(text: str) -> str:
    names = re.findall(r"'([^']+)'", text)
    return " ".join(f"--argument {name}=…" for name in names)
