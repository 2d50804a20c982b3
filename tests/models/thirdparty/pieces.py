"""Models of other packages in tiles and as streams, held against the whole: one row each.

    python -m tests.models.thirdparty.pieces [--package NAME ...] [--match GLOB]

Built as for ``tests.models.thirdparty``, in double precision. ``equal``: an image (or a stream) in
parts is what it is as a whole, up to the order of additions. Tiles are of an image that is as much
longer along its first axis as several of them need; streams go in uneven chunks, through windows
(``overlap``) and with the state of every op (``carry``). ``refused`` says why not. The exit status
is 1 if anything differs or crashed.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from typing import Any

for _offline in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "WANDB_DISABLED"):
    os.environ[_offline] = "1"

import torch  # noqa: E402  # after the environment is set
from torch import Tensor, nn  # noqa: E402

import rfield  # noqa: E402

from . import others, sounds  # noqa: E402, F401  # add their models
from .catalogue import MODELS  # noqa: E402
from .measuring import Entry, OutOfTimeError, main_output, told, within  # noqa: E402

SECONDS = 120
LARGEST = 700_000
"""Positions of an image at most."""
CLOSE = 1e-9
"""As much of the largest output may another order of additions make."""
STATES = ("equal", "one tile", "refused", "differs", "crashed")

Row = tuple[str, str]
"""How it ended, and why."""


class Main(nn.Module):
    """A model that returns its first tensor only."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        found = main_output(self.model(x))
        assert found is not None
        return found


def tiled(model: nn.Module, entry: Entry, options: dict[str, Any]) -> Row:
    """Tiles along the first axis of a longer and longer image, until there are several."""
    axes = entry.axes or tuple(range(2, len(entry.shape)))
    own = [entry.shape[axis] for axis in axes]
    last: Row = ("one tile", "an image is too large before it has two tiles")
    for times in (3, 6, 12, 24, 48, 96):
        image = [own[0] * times, *own[1:]]
        if torch.Size(image).numel() > LARGEST:
            break
        wide = [own[0] * times * 3 // 4, *own[1:]]
        try:
            plan = rfield.tile_plan(model, image, tile=wide, input_shape=entry.shape, **options)
        except rfield.NotTileableError as error:
            last = ("refused", told(error))
            if "all halo" in str(error) or "read more than a tile" in str(error):
                continue
            return last
        if len(plan) > 1:
            shape = [*entry.shape]
            for axis, size in zip(axes, image, strict=True):
                shape[axis] = size
            x = torch.randn(shape, dtype=torch.float64)
            return _held(rfield.run_tiled(model, x, plan), model(x), f"{len(plan)} tiles")
    return last


def streamed(model: nn.Module, entry: Entry, options: dict[str, Any], state: Any) -> Row:
    """A stream of three times the model's length in chunks that are no multiple of anything."""
    axes = entry.axes or tuple(range(2, len(entry.shape)))
    try:
        plan = rfield.stream_plan(model, axis=axes[-1], input_shape=entry.shape, **options)
        size = entry.shape[axes[-1]] * 3
        shape = [*entry.shape]
        shape[axes[-1]] = size - size % plan.grid
        x = torch.randn(shape, dtype=torch.float64)
        chunks = x.split(max(7, size // 9 + 1), dim=axes[-1])
        parts = list(rfield.run_streaming(model, chunks, plan, state=state))
    except rfield.RFieldError as error:
        return "refused", told(error)
    return _held(torch.cat(parts, plan.output_axis), model(x), f"{len(parts)} parts")


def _held(found: Tensor, whole: Tensor, count: str) -> Row:
    if found.shape != whole.shape:
        return "differs", f"{tuple(found.shape)} for {tuple(whole.shape)}"
    apart, scale = float((found - whole).abs().max()), float(whole.abs().max())
    text = f"{count}, {apart:.1e} of {scale:.1e}"
    return ("equal" if apart <= CLOSE * scale else "differs"), text


def rows(entry: Entry) -> Iterator[tuple[str, Row]]:
    """What was tried with a model, and how that ended."""
    options: dict[str, Any] = dict(entry.options)
    if entry.axes is not None:
        options["axes"] = entry.axes
    torch.manual_seed(0)
    model = Main(entry.make()).double().eval().requires_grad_(requires_grad=False)
    model(torch.randn(entry.shape, dtype=torch.float64))
    one_axis = len(entry.axes or entry.shape[2:]) == 1
    asked: dict[str, Callable[[], Row]] = {"tiles": lambda: tiled(model, entry, options)}
    if one_axis:
        asked = {
            state: lambda state=state: streamed(model, entry, options, state)
            for state in ("overlap", "carry")
        }
    yield from ((what, _ended(ask)) for what, ask in asked.items())


def _ended(ask: Callable[[], Row]) -> Row:
    try:
        with within(SECONDS):
            return ask()
    except OutOfTimeError:
        return "refused", f"takes more than {SECONDS} s"
    except Exception as error:  # noqa: BLE001  # whatever it is, it is told
        return "refused" if isinstance(error, rfield.RFieldError) else "crashed", told(error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rows and the tally."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.models.thirdparty.pieces", description=__doc__
    )
    parser.add_argument("--package", action="append", help="only this one; repeated")
    parser.add_argument("--match", default="*", help="only models whose name matches")
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    tally: Counter[tuple[str, str]] = Counter()
    streams: set[str] = set()
    for entry in MODELS:
        name = f"{entry.package}: {entry.name}"
        wanted = not chosen.package or entry.package in chosen.package
        if not wanted or not fnmatch(entry.name, chosen.match):
            continue
        try:
            for what, (state, why) in rows(entry):
                tally[what, state] += 1
                if what != "tiles" and state == "equal":
                    streams.add(name)
                _say(f"{name:52} {what:8} {state:9} {why}")
        except (Exception, OutOfTimeError) as error:  # noqa: BLE001  # it is not there, or fails
            _say(f"{name:52} {'':8} {'not run':9} {told(error)}")
    _say(f"\n{'':10}" + "".join(f"{state:>10}" for state in STATES))
    for what in ("tiles", "overlap", "carry"):
        _say(f"{what:10}" + "".join(f"{tally[what, state] or '':>10}" for state in STATES))
    _say(f"{tally['tiles', 'equal']} models tile, {len(streams)} stream")
    return int(any(state in ("differs", "crashed") for _, state in tally))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
