"""One model, one row: everything that a survey tells of it, from one reading of the model."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import cached_property, partial
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..analysis.cost import cost
from ..analysis.geometry.alignment import alignment
from ..analysis.geometry.field import ReceptiveField
from ..analysis.geometry.fields import Fields, choose_source
from ..analysis.geometry.paths import idle_values, unproductive_layers
from ..analysis.pixels.influence import influence_of
from ..analysis.resizing.edges import ends
from ..analysis.resizing.sizes import valid_sizes
from ..core.graph import Graph
from ..errors import RFieldError, UnresolvedSizeError
from ..loading import load
from ..version import __version__
from . import stages
from .zoos import family, prepare

NATIVE = "native"
ARTICLE = 224
"""The input size of the article's table: its networks have none of their own."""
ROOMS = ("core", "analysis", "frontends", "networks", "surveys/measuring.py", "surveys/stages.py")
"""What decides what a row says."""


def measure(spec: str, at: str, *, sizes: bool = False) -> tuple[dict[str, object], list[Any]]:
    """The row of a model at its native size or at another one, and how its field grows.

    ``sizes``: also which input sizes are even and aligned, for which the model is read again at
    each size of one step of its strides.
    """
    _prepare(spec)
    _give_back()
    _forget_peak()
    start = time.process_time()
    row, growth, read_at = _columns(spec, at, sizes)
    end = time.process_time()
    row["read_seconds"] = round((read_at or end) - start, 3)
    row["field_seconds"] = round(end - (read_at or end), 3)
    row["peak_megabytes"] = peak_megabytes()
    return {**identity(spec, at), **row}, growth


def _columns(spec: str, at: str, sizes: bool) -> tuple[dict[str, object], list[Any], float | None]:
    """What was read or the reason, the growth, and when the model was read."""
    try:
        graph = read(spec, at)
        read_at = time.process_time()
        found = _Measured(graph, sizes)
        row = {"state": "read", "family": family(spec), **found.columns()}
        return row, found.growth(), read_at
    except RFieldError as error:
        return {"state": "refused", "error": str(error)}, [], None
    except Exception as error:  # noqa: BLE001  # a model's own code may raise anything
        return {"state": "failed", "error": f"{type(error).__name__}: {error}"}, [], None


def identity(spec: str, at: str) -> dict[str, object]:
    """What a row says of itself before anything is read."""
    source, _, name = spec.partition(":")
    return {
        "spec": spec, "source": source if name else "", "name": name or source, "at": at,
        "rfield": __version__, "code": code(), "origin": origin(spec),
    }  # fmt: skip


def read(spec: str, at: str) -> Graph:
    """The model at its own size, or with another size on all axes of its inputs.

    Raises:
        UnresolvedSizeError: the size is free; one has to be given.
        InvalidModelError: the model does not accept that size.
    """
    if at == NATIVE and spec.startswith("article:"):
        return load(spec, ARTICLE)
    graph = load(spec)
    if at == NATIVE:
        if graph.has_free_axes:
            raise UnresolvedSizeError("the model states no input size. Give one: --size 224")
        return graph
    return _at(graph, int(at))


def _at(graph: Graph, size: int) -> Graph:
    shapes: dict[str, list[int]] = {}
    for entry in graph.inputs_:
        shape = list(graph.nodes[entry.node].shape)
        for axis in entry.axes:
            shape[axis] = size
        shapes[entry.name] = shape
    if graph.reread is None:
        raise UnresolvedSizeError("the model cannot be read again at another input size")
    return graph.reread(shapes)


class _Measured:
    """The columns of one graph."""

    def __init__(self, graph: Graph, sizes: bool) -> None:
        self.graph = graph
        self.sizes = sizes
        self.fields = Fields(graph, _source(graph))
        self.sizes_of = stages.LocalSizes(self.fields)
        self.last = stages.last_map(self.fields, graph.main)
        self.missing: list[str] = []

    def columns(self) -> dict[str, object]:
        """All of them; what cannot be had is missing, and ``error`` says why."""
        graph, fields = self.graph, self.fields
        row: dict[str, object] = {
            "wrt": fields.wrt,
            "axes": fields.axes,
            "input": self._inputs,
            "values": len(graph.nodes),
            "layers": len(graph.layer_index),
        }
        groups: dict[str, Callable[[], Mapping[str, object]]] = {
            "cost": self._cost,
            "first layer beyond the input": self._first_beyond,
            "alignment": self._alignment,
            "padding": self._paddings,
            "unproductive layers": self._unproductive,
        }
        if self.sizes:
            groups |= {"sizes": self._even_and_aligned}
        if self.last is None:
            self.missing.append("there is no map: no layer has more than one position")
        else:
            field = fields.at(self.last)
            groups |= {
                "map": partial(self._map, self.last, field),
                "stages": partial(self._stages, self.last),
                "halo": partial(self._halo, field.local),
                "influence": partial(self._influence, field),
            }
        for name, group in groups.items():
            row |= self._if_known(name, group)
        return {**row, "error": "; ".join(self.missing) or None}

    def _if_known(self, name: str, group: Callable[[], Mapping[str, object]]) -> dict[str, object]:
        try:
            return dict(group())
        except RFieldError as error:
            self.missing.append(f"{name}: {_first_line(error)}")
            return {}

    @cached_property
    def _inputs(self) -> tuple[int, ...]:
        shape = self.graph.nodes[self.fields.source].shape
        return tuple(shape[axis] for axis in self.fields.source_axes)

    def growth(self) -> list[Any]:
        """How the field grows up to the last map: layers with their sizes."""
        if self.last is None:
            return []
        try:
            return stages.growth(self.fields, self.sizes_of, self.last)
        except RFieldError:  # the columns have said why
            return []

    def _cost(self) -> dict[str, object]:
        total = cost(self.graph)
        return {"parameters": total.parameters, "macs": total.macs}

    def _map(self, value: int, field: ReceptiveField) -> dict[str, object]:
        local, size = field.local, stages.largest(field)
        behind = self.graph.behind(value)
        whole = frozenset[int]().union(*self.fields.sweep.globals_) & behind
        kinds = Counter(self.graph.nodes[v].kind for v in whole)
        return {
            "map": stages.shortest_name(self.graph, value),
            "map_shape": "x".join(map(str, self.graph.nodes[value].shape)),
            "size": size,
            "strict": field.size,
            "stride": local.stride,
            "padding": local.padding,
            "period": local.period,
            "fidelity": field.fidelity.value,
            "share": tuple(n / whole for n, whole in zip(size, self._inputs, strict=True)),
            "global_layers": len(field.global_reads),
            "global_kinds": " ".join(f"{kind}:{n}" for kind, n in sorted(kinds.items())),
        }

    def _stages(self, value: int) -> dict[str, object]:
        found = stages.stages(self.fields, value)
        return {
            "stages": len(found),
            "stage_layers": " ".join(stage.layer for stage in found),
            "stage_sizes": _each([stages.largest(stage.field) for stage in found]),
            "stage_strides": _each([stage.field.local.stride for stage in found]),
            "stage_paddings": _each([stage.field.local.padding for stage in found]),
        }

    def _halo(self, local: ReceptiveField) -> dict[str, object]:
        return {"halo_before": local.halo.before, "halo_after": local.halo.after}

    def _influence(self, field: ReceptiveField) -> dict[str, object]:
        found = influence_of(field, "center")
        boxes = {f"box{share}": found.box(share / 100) for share in (50, 90, 99)}
        return {"sigma": found.std, "effective_share": found.ratio, **boxes}

    def _first_beyond(self) -> dict[str, object]:
        index_of = self.graph.index
        beyond = (n for n in self.fields if self._is_beyond(self.sizes_of[index_of(n)], any))
        return {"first_beyond": next(beyond, None)}

    def _alignment(self) -> dict[str, object]:
        found = alignment(self.graph, [self.fields.sweep])
        offsets = [abs(offset) for join in found.joins for offset in join.offset if offset]
        return {
            "aligned": found.aligned,
            "joins": found.checked,
            "misaligned": len(found.joins),
            "unequal_strides": sum(None in join.offset for join in found.joins),
            "worst_offset": max(offsets, default=Fraction(0)),
        }

    def _paddings(self) -> dict[str, object]:
        sweep = self.fields.sweep
        padded = [ends(self.graph, states, name, {})[1]
                  for states, name in zip(sweep.states, self.fields.axes, strict=True)]  # fmt: skip
        uneven = {finding.layer for findings in padded for finding in findings}
        return {"even": not uneven, "uneven_layers": len(uneven)}

    def _unproductive(self) -> dict[str, object]:
        """Paths are walked only where one can exceed the input: none reads more than all do."""
        graph, layers = self.graph, ()
        used = sorted(graph.behind(*graph.outputs_) - set(range(self.fields.source + 1)))
        beyond = any(self._is_beyond(self.sizes_of[index], all) for index in used)
        if beyond or idle_values(graph, used):
            layers = unproductive_layers(graph, wrt=self.fields.wrt)
        return {"unproductive": len(layers), "first_unproductive": next(iter(layers), None)}

    def _is_beyond(self, size: Sequence[int], quantity: Callable[[Iterable[bool]], bool]) -> bool:
        """Whether a size exceeds the input, along ``any`` or ``all`` axes."""
        return quantity(n > whole for n, whole in zip(size, self._inputs, strict=True))

    def _even_and_aligned(self) -> dict[str, object]:
        return {f"{name}_sizes": str(valid_sizes(self.graph, name)) for name in ("even", "aligned")}


def _source(graph: Graph) -> int:
    """The input in which fields are measured: of several the first that the output depends on."""
    behind = graph.behind(graph.main)
    found = [entry.name for entry in graph.inputs_ if entry.axes and entry.node in behind]
    return choose_source(graph, graph.main, found[0] if found else None)


def _each(stages: Sequence[Sequence[object]]) -> str:
    """A word for each stage: one number where the axes agree, else one for each."""
    return " ".join(map(_word, stages))


def _word(numbers: Sequence[object]) -> str:
    shown = ["?" if number is None else str(number) for number in numbers]
    return shown[0] if len(set(shown)) == 1 else "x".join(shown)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


_PREPARED: set[str] = set()


def _prepare(spec: str) -> None:
    """Import what reads a spec; what stays for good is looked at by no collection from then on."""
    prefix = spec.partition(":")[0]
    if prefix not in _PREPARED:
        _PREPARED.add(prefix)
        prepare(spec)
        gc.collect()
        gc.freeze()


def _give_back() -> None:
    """Give memory back to the system; the C library keeps what is freed in between (glibc).

    What a tensor holds may outlive a collection: it is let go by the next one.
    """
    for _ in range(2):
        gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _forget_peak() -> None:
    """Let the peak of memory begin anew, where the system can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", "ascii")


def peak_megabytes() -> int:
    """The peak of this process since ``_forget_peak``, or since it began."""
    try:
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
        peak = next(line for line in lines if line.startswith("VmHWM"))
        return int(peak.split()[1]) // 1024
    except (OSError, StopIteration):
        import resource

        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


_CODE: dict[str, str] = {}


def code() -> str:
    """A digest of the code that decides what a row says: other code, other rows."""
    if "" not in _CODE:
        root = Path(__file__).parents[1]
        found = sha256()
        for room in (*ROOMS, "loading.py"):
            place = root / room
            for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
                found.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
        _CODE[""] = found.hexdigest()[:12]
    return _CODE[""]


def origin(spec: str) -> str:
    """What a model may change with besides the code of rfield: a release, or a file's state."""
    prefix, colon, _ = spec.partition(":")
    home = spec.rpartition(":")[0]
    path = Path(home if home.lower().endswith(".py") else spec)
    if path.is_file():
        state = path.stat()
        return f"{state.st_size} bytes, {state.st_mtime_ns}"
    if not colon or prefix == "article":
        return ""
    try:
        return f"{prefix} {version(_PACKAGES.get(prefix, prefix))}"
    except (PackageNotFoundError, ValueError):
        return ""


_PACKAGES: Mapping[str, str] = {"smp": "segmentation_models_pytorch"}
