"""What a claim says of a running model, against what changes and NaN at single positions do there.

A model of another package runs in double precision with random weights. At some input positions
the input is changed by a little, by much and by very much, and made NaN; at some layers and output
positions what is claimed to be read is held against what moved. A change that arrives outside the
claim makes it wrong; an element that is claimed to be read, exactly, and that neither a change nor
NaN reaches makes it too large. Where only NaN arrives (``0 * NaN`` is NaN) nothing is decided.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

import rfield
from rfield.analysis.engines import passing
from rfield.analysis.pixels.support import support_of

CHANGES = (0.5, 30.0, 3e6)
"""How much is added to an input position, times normal noise."""

SECONDS = 90
"""As long may one model take to be read, or to be asked."""


@dataclass(frozen=True)
class Entry:
    """One model: what builds it, and for which input it is read.

    ``positions``, ``layers``, ``outputs``: at how many of each it is looked at.
    """

    package: str
    name: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    axes: tuple[int, ...] | None = None
    positions: int = 10
    layers: int = 4
    outputs: int = 8
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Finding:
    """What came out: ``state`` is one of ``STATES``; ``reason`` says why, ``pairs`` how often.

    ``fields``, ``summary``: CPU seconds of every layer's field with its numbers, and of the table.
    """

    entry: Entry
    state: str
    reason: str = ""
    pairs: int = 0
    undecided: int = 0
    size: str = ""
    fields: float = 0.0
    summary: float = 0.0


STATES = ("exact", "bound", "too large", "wrong", "refused", "crashed", "not run")


class First(nn.Module):
    """A model whose main output is reached by a function of what it returns."""

    def __init__(self, model: nn.Module, call: Callable[[nn.Module, torch.Tensor], Any]) -> None:
        super().__init__()
        self.model, self.call = model, call

    def forward(self, x: torch.Tensor) -> Any:
        return self.call(self.model, x)


class OutOfTimeError(BaseException):
    """No ``except Exception`` of a model swallows it."""


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Whatever takes more seconds of the CPU ends."""

    def end(*_: object) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def examine(entry: Entry) -> Finding:
    """Build, read, run and compare one model."""
    try:
        with within(SECONDS), torch.no_grad():
            torch.manual_seed(0)
            model = entry.make().double().eval()
            lively(model)
            x = torch.randn(entry.shape, dtype=torch.float64)
            before = main_output(model(x))
            assert before is not None
            assert torch.equal(before, main_output(model(x))), "two runs differ"
    except (Exception, OutOfTimeError) as error:  # noqa: BLE001  # models raise anything
        return Finding(entry, "not run", told(error))
    options = dict(entry.options)
    if entry.axes is not None:
        options["axes"] = entry.axes
    try:
        with within(SECONDS):
            graph = rfield.load(model, entry.shape, **options)
            fields = rfield.receptive_fields(graph)
            whole = rfield.receptive_field(graph)
    except rfield.RFieldError as error:
        return Finding(entry, "refused", told(error))
    except (Exception, OutOfTimeError) as error:  # noqa: BLE001  # whatever it is, it is told
        return Finding(entry, "crashed", told(error))
    try:
        with within(4 * SECONDS), torch.no_grad():
            found = compare(entry, model, x, graph, {"": whole, **chosen(entry, model, fields)})
    except rfield.RFieldError as error:
        return Finding(entry, "refused", told(error))
    except (Exception, OutOfTimeError) as error:  # noqa: BLE001  # whatever it is, it is told
        return Finding(entry, "crashed", told(error))
    found.size = "x".join(map(str, whole.size))
    found.fields, found.summary = costs(graph)
    return found


def costs(graph: rfield.Graph) -> tuple[float, float]:
    """CPU seconds of every layer's field with its numbers, and of ``summary``, both swept anew."""

    def numbers() -> object:
        fields = rfield.receptive_fields(graph).values()
        return [(one.size, one.stride, one.padding, one.global_reads) for one in fields]

    def least(ask: Callable[[], object]) -> float:
        spent: list[float] = []
        for _ in range(2):
            graph.sweeps.clear()
            passing.STEPS.clear()
            start = time.process_time()
            ask()
            spent.append(time.process_time() - start)
        return min(spent)

    return least(numbers), least(lambda: rfield.summary(graph))


def told(error: BaseException) -> str:
    """The first lines of an error, as one."""
    text = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def main_output(value: Any) -> torch.Tensor | None:
    """The first tensor of whatever a model returns."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, Mapping):
        value = list(value.values())
    elif hasattr(value, "__dict__") and not isinstance(value, (list, tuple)):
        value = list(vars(value).values())
    if isinstance(value, (list, tuple)):
        return next((t for t in map(main_output, value) if t is not None), None)
    return None


def lively(model: nn.Module) -> None:
    """Weights that are zero or tiny at the start would hide what they multiply."""
    generator = torch.Generator().manual_seed(1)
    for weight in model.parameters():
        if weight.is_complex():  # ``double`` leaves them as they are
            weight.data = weight.data.to(torch.complex128)
        if not weight.is_floating_point() or not weight.numel():
            continue
        spread = weight.std() if weight.numel() > 1 else weight.abs()
        if spread < 1e-3:
            weight.add_(torch.randn(weight.shape, generator=generator, dtype=weight.dtype) * 0.3)
        elif weight.ndim > 1 and spread < 0.08:
            weight.mul_(0.15 / spread)
    for name, buffer in model.named_buffers():
        if buffer.ndim > 1 and buffer.is_floating_point() and not buffer.any():
            buffer.add_(torch.randn(buffer.shape, generator=generator, dtype=buffer.dtype) * 0.3)
        if name.endswith("running_mean"):
            buffer.add_(torch.randn(buffer.shape, generator=generator, dtype=buffer.dtype) * 0.1)


def chosen(
    entry: Entry, model: nn.Module, fields: Mapping[str, rfield.ReceptiveField]
) -> dict[str, rfield.ReceptiveField]:
    """Some of the layers that are modules, spread by chance."""
    modules = dict(model.named_modules())
    names = [name for name in fields if name and name in modules]
    picked = random.Random(0).sample(names, min(entry.layers, len(names)))
    return {name: fields[name] for name in picked}


class Watch:
    """What the modules give in each run, where they run once."""

    def __init__(self, model: nn.Module, names: Sequence[str]) -> None:
        self.model = model
        self.seen: dict[str, list[torch.Tensor | None]] = {}
        for name, module in model.named_modules():
            if name in names and name:
                module.register_forward_hook(self._noting(name))

    def _noting(self, name: str) -> Callable[..., None]:
        def note(_: nn.Module, __: Any, result: Any) -> None:
            found = main_output(result)
            self.seen.setdefault(name, []).append(None if found is None else found.clone())

        return note

    def run(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """The results by layer; the whole model's as the empty name."""
        self.seen = {}
        whole = main_output(self.model(x))
        once = {name: many[0] for name, many in self.seen.items() if len(many) == 1}
        found = {"": whole, **once}
        return {name: t for name, t in found.items() if t is not None and t.is_floating_point()}


def compare(
    entry: Entry,
    model: nn.Module,
    x: torch.Tensor,
    graph: Any,
    fields: Mapping[str, rfield.ReceptiveField],
) -> Finding:
    """Hold the claims of some layers against what changes of the input do."""
    watch = Watch(model, list(fields))
    base = watch.run(x)
    chance = random.Random(1)
    axes = fields[""].source_axes
    places = [tuple(chance.randrange(entry.shape[a]) for a in axes) for _ in range(entry.positions)]
    moved = {place: effects(watch, base, x, axes, place) for place in dict.fromkeys(places)}
    found = Finding(entry, "exact")
    for name, claim in fields.items():
        shape = graph.nodes[claim.value].shape
        if name in base and tuple(base[name].shape) == tuple(shape):
            judge(found, name, claim, shape, {p: e[name] for p, e in moved.items() if name in e})
            if found.state == "wrong":
                break
    return found


@dataclass
class Effect:
    """Which elements moved clearly, moved at all, and became NaN."""

    clear: torch.Tensor
    any: torch.Tensor
    nan: torch.Tensor


def effects(
    watch: Watch, base: Mapping[str, torch.Tensor], x: torch.Tensor, axes: Sequence[int],
    place: Sequence[int],
) -> dict[str, Effect]:  # fmt: skip
    """What a change at one input position does to each layer."""
    at: list[Any] = [slice(None)] * x.ndim
    for axis, index in zip(axes, place, strict=True):
        at[axis] = index
    found: dict[str, Effect] = {}
    for amount in (*CHANGES, float("nan")):
        changed = x.clone()
        changed[tuple(at)] += amount * torch.randn(x[tuple(at)].shape, dtype=x.dtype)
        try:
            after = watch.run(changed)
        except (ValueError, RuntimeError):  # a model that refuses NaN
            continue
        for name, old in base.items():
            new = after.get(name)
            if new is None or new.shape != old.shape:
                continue
            odd = torch.isnan(new) != torch.isnan(old)
            difference = (new - old).abs().nan_to_num(0.0)
            scale = 1e-9 * (old.abs() + old.abs().nan_to_num(0.0).mean()).nan_to_num(0.0)
            if name not in found:
                found[name] = Effect(*(torch.zeros_like(odd) for _ in range(3)))
            if np.isfinite(amount):
                found[name].clear |= difference > scale
                found[name].any |= (difference > 0) | odd
            else:
                found[name].nan |= odd
    return found


def judge(
    found: Finding,
    name: str,
    claim: rfield.ReceptiveField,
    shape: Sequence[int],
    moved: Mapping[tuple[int, ...], Effect],
) -> None:
    """Count one layer into the finding."""
    chance, positions = random.Random(2), claim.positions
    rest = tuple(axis for axis in range(len(shape)) if axis not in positions)

    def folded(marks: torch.Tensor) -> Any:
        return (marks.any(dim=rest) if rest else marks).numpy()

    seen = {p: tuple(map(folded, (e.clear, e.any, e.nan))) for p, e in moved.items()}
    outs = {tuple(chance.randrange(shape[a]) for a in positions) for _ in range(8)}
    for clear, _, _ in seen.values():
        touched = np.argwhere(clear)
        if len(touched):
            outs |= {tuple(map(int, touched[0])), tuple(map(int, touched[-1]))}
    listed = sorted(outs)[: found.entry.outputs * 3]
    for out in listed:
        support = support_of(claim, out)
        exact = support.fidelity is rfield.Fidelity.EXACT
        if not exact and found.state == "exact":
            found.state = "bound"
        region = claim.region(out, clip=True)
        for place, (clear, some, nan) in seen.items():
            inside = tuple(p - first for p, first in zip(place, support.offset, strict=True))
            reads = all(0 <= k < n for k, n in zip(inside, support.shape, strict=True))
            reads = reads and bool(support.mask[inside])
            limits = zip(region.start, place, region.stop, strict=True)
            boxed = all(low <= p < high for low, p, high in limits)
            found.pairs += 1
            if clear[out] and not (reads and boxed):
                found.state = "wrong"
                found.reason = f"{name or 'output'} {out} reads {place}; claimed {support.box}"
                return
            if reads and exact and not some[out]:
                if nan[out]:
                    found.undecided += 1
                elif found.state != "wrong":
                    found.state = "too large"
                    found.reason = f"{name or 'output'} {out} at {place}; claimed {support.box}"
