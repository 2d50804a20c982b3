"""Damaged ONNX files: each gives an answer or one readable error, in bounded time and memory.

``python -m tests.onnx.fuzz --count 5000 --seed 0`` mutates small models (bytes flipped, removed,
doubled; fields, attributes, shapes and names rewritten), reads each one in this process, and asks
for all fields. Any exception but ``RFieldError`` is a finding, and so is a case that takes longer
than ``SECONDS`` of CPU time or more memory than ``MEGABYTES``. Exit status 1 if there is any.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import onnx
from google.protobuf.message import DecodeError

import rfield
from tests.onnx.samples import samples

SECONDS = 10
MEGABYTES = 1500

HUGE = [0, 1, -1, 2, 3, 7, 2**31 - 1, 2**31, 2**60, 2**63 - 1, -(2**63), 1 << 20, 65537]


class Slow(Exception):  # noqa: N818
    """A case took too long."""


def flip(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    """The end, or a piece, is missing."""
    start = rng.randrange(len(data))
    return data[:start] if rng.random() < 0.5 else data[:start] + data[start + rng.randrange(99) :]


def double(data: bytes, rng: random.Random) -> bytes:
    """A piece comes twice, elsewhere."""
    start, place = rng.randrange(len(data)), rng.randrange(len(data))
    return data[:place] + data[start : start + rng.randrange(1, 400)] + data[place:]


def garbage(data: bytes, rng: random.Random) -> bytes:
    """Nothing of the file is left."""
    return rng.randbytes(rng.randrange(1, max(2, len(data))))


def rewritten(data: bytes, rng: random.Random) -> bytes:
    """Well-formed protobuf with one to four fields changed."""
    model = onnx.ModelProto()
    model.ParseFromString(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        rng.choice(REWRITES)(model, rng)
    return model.SerializeToString()


def _node(model: Any, rng: random.Random) -> Any:
    return rng.choice(model.graph.node) if len(model.graph.node) else onnx.NodeProto()


def _attribute(model: Any, rng: random.Random) -> None:
    node = _node(model, rng)
    if not len(node.attribute):
        return
    attribute = rng.choice(node.attribute)
    what = rng.randrange(5)
    if what == 0:
        attribute.i = rng.choice(HUGE)
    elif what == 1 and len(attribute.ints):
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(HUGE)
    elif what == 2:
        del attribute.ints[:]
        attribute.ints.extend(rng.choice(HUGE) for _ in range(rng.randrange(6)))
    elif what == 3:
        attribute.s = rng.choice([b"", b"SAME_UPPER", b"\xff\xfe", b"reflect", b"ii->i"])
    else:
        attribute.type = rng.randrange(16)


def _tensor(model: Any, rng: random.Random) -> None:
    if not len(model.graph.initializer):
        return
    tensor = rng.choice(model.graph.initializer)
    what = rng.randrange(5)
    if what == 0 and len(tensor.dims):
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(HUGE)
    elif what == 1:
        tensor.data_type = rng.randrange(30)
    elif what == 2:
        tensor.raw_data = rng.randbytes(rng.randrange(40))
    elif what == 3:
        tensor.data_location = onnx.TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "../../../../../../etc/passwd"
    else:
        tensor.dims.append(rng.choice(HUGE))


def _numbers(model: Any, rng: random.Random) -> None:
    """The contents of an integer tensor: shapes, positions, sizes."""
    small = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.INT64]
    if small:
        tensor = rng.choice(small)
        size = max(1, len(tensor.raw_data) // 8)
        tensor.raw_data = b"".join(
            rng.choice(HUGE).to_bytes(8, "little", signed=True) for _ in range(size)
        )


def _wiring(model: Any, rng: random.Random) -> None:
    node = _node(model, rng)
    names = [n for other in model.graph.node for n in (*other.input, *other.output)] or ["x"]
    if len(node.input):
        node.input[rng.randrange(len(node.input))] = rng.choice([*names, "", "nothing"])
    if rng.random() < 0.3:
        node.input.append(rng.choice(names))
    if rng.random() < 0.2 and len(node.input):
        del node.input[-1]


def _outputs(model: Any, rng: random.Random) -> None:
    node = _node(model, rng)
    if len(node.output) and rng.random() < 0.5:
        node.output[0] = rng.choice(["", "\x1b[31m\n<b>", "x", "y" * 9999])
    else:
        node.output.append("extra")


def _op(model: Any, rng: random.Random) -> None:
    node = _node(model, rng)
    node.op_type = rng.choice(list(rfield_ops()))
    node.domain, _, node.op_type = node.op_type.rpartition("::")


def rfield_ops() -> list[str]:
    """Every op that has a rule."""
    from rfield.frontends.onnx import RULES

    return [*RULES, "If", "Loop", "Scan", "Unheard"]


def _shape(model: Any, rng: random.Random) -> None:
    if not len(model.graph.input):
        return
    dims = rng.choice(model.graph.input).type.tensor_type.shape.dim
    if len(dims) and rng.random() < 0.7:
        dims[rng.randrange(len(dims))].dim_value = rng.choice(HUGE)
    elif len(dims) and rng.random() < 0.5:
        dims[rng.randrange(len(dims))].dim_param = rng.choice(["n", "?", "\x00\x1b["])
    else:
        dims.add().dim_value = rng.choice(HUGE)


def _removed(model: Any, rng: random.Random) -> None:
    part = rng.choice([model.graph.node, model.graph.initializer, model.graph.output])
    if len(part):
        del part[rng.randrange(len(part))]


def _opset(model: Any, rng: random.Random) -> None:
    if len(model.opset_import):
        model.opset_import[0].version = rng.choice([1, 5, 7, 8, 9, 10, 11, 13, 17, 22, 2**40, -1])


def _copied(model: Any, rng: random.Random) -> None:
    """A node comes again under other output names."""
    node = onnx.NodeProto()
    node.CopyFrom(_node(model, rng))
    for k in range(len(node.output)):
        node.output[k] += "'"
    model.graph.node.append(node)


def _name(model: Any, rng: random.Random) -> None:
    _node(model, rng).name = rng.choice(["", "\x1b[2J", "a/b" * 2000, "<script>", "x"])


REWRITES: list[Callable[[Any, random.Random], None]] = [
    _attribute, _attribute, _attribute, _tensor, _tensor, _numbers, _numbers, _wiring, _wiring,
    _outputs, _op, _op, _shape, _removed, _opset, _copied, _name,
]  # fmt: skip
MUTATIONS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flip": flip, "cut": cut, "double": double, "garbage": garbage,
    "rewrite": rewritten, "rewrite more": rewritten, "rewrite again": rewritten,
}  # fmt: skip


def outcome(path: Path) -> str:
    """Read a file and ask for everything: ``answer``, or the class of the error."""
    try:
        graph = rfield.load(path)
    except rfield.RFieldError as error:
        text = str(error)
        if not text or any(not c.isprintable() and c != "\n" for c in text):
            raise AssertionError(f"an error that cannot be printed: {text!r}") from error
        return type(error).__name__
    try:
        for entry in graph.inputs_:
            if entry.axes:
                fields = rfield.receptive_fields(graph, wrt=entry.name)
                for layer in list(fields)[-2:]:
                    str(fields[layer])
    except rfield.RFieldError as error:
        return f"fields: {type(error).__name__}"
    return "answer"


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise Slow


def fuzz(count: int, seed: int, keep: Path | None = None) -> tuple[Counter[str], list[str]]:
    """``count`` mutated files: the tally of outcomes, and the findings."""
    rng = random.Random(seed)
    material = [model.SerializeToString() for model in samples()]
    tally: Counter[str] = Counter()
    findings: list[str] = []
    signal.signal(signal.SIGPROF, _alarm)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.onnx"
        for number in range(count):
            name = rng.choice(list(MUTATIONS))
            try:
                data = MUTATIONS[name](rng.choice(material), rng)
            except (DecodeError, ValueError, TypeError):
                continue
            path.write_bytes(data)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            start = time.process_time()
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                tally[outcome(path)] += 1
            except (Exception, Slow) as error:  # noqa: BLE001  # whatever it is, it is a finding
                signal.setitimer(signal.ITIMER_PROF, 0)
                place = traceback.extract_tb(error.__traceback__)[-1]
                what = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
                tally[f"FINDING {what}"] += 1
                findings.append(f"case {number} ({name}): {what}: {str(error)[:200]}")
                if keep is not None:
                    (keep / f"case{number}.onnx").write_bytes(data)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
            if grown > MEGABYTES:
                tally["FINDING memory"] += 1
                took = time.process_time() - start
                findings.append(f"case {number} ({name}): {grown} MB more, {took:.1f} s")
                if keep is not None:
                    (keep / f"case{number}.onnx").write_bytes(data)
    return tally, findings


def main() -> int:
    """Print the tally."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the files of findings")
    chosen = parser.parse_args()
    limit = 6 << 30
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    start = time.perf_counter()
    tally, findings = fuzz(chosen.count, chosen.seed, chosen.keep)
    for finding in findings:
        sys.stdout.write(finding + "\n")
    for what, times in tally.most_common():
        sys.stdout.write(f"{times:7}  {what}\n")
    took = time.perf_counter() - start
    sys.stdout.write(f"{sum(tally.values())} cases, {len(findings)} findings, {took:.0f} s\n")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
