"""Mutated graph files: ``python -m tests.tensorflow.fuzz --count 5000 --seed 0``.

Bytes flipped, files cut, fields rewritten. Each must give a graph or one ``RFieldError`` in bounded
time, and the same whether it is read as a small file or as a large one; anything else is printed
with the seed that makes it again. The tally comes last.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import rfield
from rfield.frontends.tensorflow import files, messages
from tests.tensorflow.graphs import GraphWriter, function_attribute, small_cnn

SLOW = 10.0


def sources() -> list[bytes]:
    """Graphs with all that a file may hold: blocks, functions, branches, loops, lists."""
    g = GraphWriter()
    x = g.placeholder(shape=(None, None, None, 3))
    block, crops = g.const("block", np.array([2, 2])), g.const("crops", np.zeros((2, 2), np.int32))
    y = g.node("SpaceToBatchND", "to", x, block, crops)
    y = g.conv("c", y, (3, 3, 3, 4), padding="SAME")
    y = g.node("BatchToSpaceND", "from", y, block, crops)
    shape = g.node("Shape", "shape", y)
    size = g.node("StridedSlice", "size", shape, g.const("b", np.array([1])),
                  g.const("e", np.array([3])), g.const("s", np.array([1])))  # fmt: skip
    double = g.node("Mul", "double", size, g.const("two", np.int32(2)))
    y = g.node("ResizeBilinear", "resize", y, double, half_pixel_centers=True)
    y = g.node("Pad", "pad", y, g.const("pads", np.array([[0, 0], [1, 2], [0, 3], [0, 0]])))
    g.node("Split", "split", g.const("axis", np.int32(3)), y, num_split=2)
    y = g.node("ConcatV2", "cat", "split:1", "split", g.const("last", np.int32(3)), N=2)
    body = g.function("f", ["h"], out="r:activations:0")
    body.node("Relu", "r", "h")
    other = g.function("o", ["h"], out="r:y:0")
    other.node("Square", "r", "h")
    y = g.node("PartitionedCall", "call", y, f=function_attribute("f"))
    y = g.node("If", "if", g.const("true", np.int32(1)), y, then_branch=function_attribute("f"),
               else_branch=function_attribute("o"))  # fmt: skip
    axes = g.const("axes", np.array([1, 2]))
    y = g.node("Mean", "mean", y, axes, keep_dims=True)
    g.node("MatMul", "fc", g.node("Squeeze", "sq", y, squeeze_dims=[1, 2]), g.weight("w", (4, 10)))

    loop = GraphWriter()
    x = loop.placeholder(shape=(1, 8, 8, 2))
    zero = loop.const("zero", np.int32(0))
    i = loop.node("Enter", "enter_i", zero, frame_name="loop")
    h = loop.node("Enter", "enter_h", x, frame_name="loop")
    w = loop.node("Enter", "enter_w", loop.weight("w", (3, 3, 2, 2)), frame_name="loop",
                  is_constant=True)  # fmt: skip
    i = loop.node("Merge", "merge_i", i, "next_i")
    h = loop.node("Merge", "merge_h", h, "next_h")
    less = loop.node("Less", "less", i, loop.const("three", np.int32(3)))
    cond = loop.node("LoopCond", "cond", less)
    loop.node("Switch", "switch_i", i, cond)
    loop.node("Switch", "switch_h", h, cond)
    loop.node("NextIteration", "next_i",
              loop.node("AddV2", "plus", "switch_i:1", loop.const("one", np.int32(1))))  # fmt: skip
    h = loop.node("Conv2D", "conv", "switch_h:1", w, strides=[1] * 4, padding="SAME")
    loop.node("NextIteration", "next_h", h)
    loop.node("Exit", "exit", "switch_h")
    return [
        small_cnn().bytes(), small_cnn((None, None, None, 3), frozen=False).bytes(), g.bytes(),
        loop.bytes(), small_cnn(frozen=False).saved_model({"x": "image:0"}, {"y": "sum:0"}),
    ]  # fmt: skip


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One to four changes of bytes, or of fields of the message."""
    kind = rng.random()
    if kind < 0.35:
        changed = bytearray(data)
        for _ in range(rng.randint(1, 4)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        return bytes(changed)
    if kind < 0.45:
        return data[: rng.randrange(len(data))]
    if kind < 0.5:
        start = rng.randrange(len(data))
        return data[:start] + data[start + rng.randint(1, 40) :]
    if data[:1] == b"\x08":
        model = messages.SavedModel.FromString(data)
        graph = messages.GraphDef.FromString(model.meta_graphs[0].graph_def)
        _rewrite(graph, rng)
        model.meta_graphs[0].graph_def = graph.SerializeToString()
        return model.SerializeToString()
    graph = messages.GraphDef.FromString(data)
    for _ in range(rng.randint(1, 4)):
        _rewrite(graph, rng)
    return graph.SerializeToString()


def _rewrite(graph: Any, rng: random.Random) -> None:  # noqa: PLR0912  # one case per field
    """Change one field of one node."""
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    nodes = rng.choice([body for body in bodies if body])
    node, other = rng.choice(nodes), rng.choice(nodes)
    numbers = (0, 1, -1, 2, 3, 7, 2**31, -(2**31), 2**60, 2**63 - 1)
    match rng.randrange(9):
        case 0:
            node.op = other.op
        case 1:
            node.name = other.name
        case 2 if node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice(
                [other.name, f"{other.name}:1", "", "^", "missing", f"{other.name}:999999999999"]
            )
        case 3 if node.input:
            del node.input[rng.randrange(len(node.input))]
        case 4:
            node.input.append(other.name)
        case 5 if node.attr:
            del node.attr[rng.choice(sorted(node.attr))]
        case _ if node.attr:
            attribute = node.attr[rng.choice(sorted(node.attr))]
            which = attribute.WhichOneof("value")
            number = rng.choice(numbers)
            if which == "list" and attribute.list.i:
                attribute.list.i[rng.randrange(len(attribute.list.i))] = number
            elif which == "shape" and attribute.shape.dim:
                rng.choice(attribute.shape.dim).size = number
            elif which == "tensor":
                _rewrite_tensor(attribute.tensor, rng, number)
            elif which == "s":
                attribute.s = rng.choice([b"", b"NCHW", b"SAME", b"EXPLICIT", b"\xff\0"])
            elif which in ("i", "b"):
                attribute.i = number
            elif which == "type":
                attribute.type = rng.choice([0, 1, 3, 7, 10, 20, 101, 999])
            else:
                attribute.func.name = rng.choice(["f", "o", "gone"])


def _rewrite_tensor(tensor: Any, rng: random.Random, number: int) -> None:
    match rng.randrange(4):
        case 0:
            tensor.tensor_shape.dim.add(size=number)
        case 1 if tensor.tensor_shape.dim:
            rng.choice(tensor.tensor_shape.dim).size = number
        case 2:
            tensor.dtype = rng.choice([0, 1, 3, 7, 9, 10, 14, 19, 20])
        case _:
            content = bytearray(tensor.tensor_content)
            if content:
                content[rng.randrange(len(content))] = rng.randrange(256)
            tensor.tensor_content = bytes(content)


def attempt(path: Path, unknown: str) -> tuple[str, str]:
    """What comes of reading a file: the kind of answer, and the last fields."""
    try:
        fields = rfield.receptive_fields(rfield.load(path, unknown=unknown))
        return "read", " ".join(str(fields[layer].size) for layer in list(fields)[-3:])
    except rfield.RFieldError as error:
        return type(error).__name__, "refused"


def say(text: str) -> None:
    """One line."""
    sys.stdout.write(f"{text}\n")


def main() -> int:
    """Run, and print the tally; status 1 if anything but an answer or an ``RFieldError`` came."""
    parser = argparse.ArgumentParser(prog="python -m tests.tensorflow.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tally: Counter[str] = Counter()
    slowest, bad = 0.0, 0
    originals = sources()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.pb"
        for original in originals:  # all of them can be read before anything is changed
            path.write_bytes(original)
            rfield.receptive_field(rfield.load(path))
        for number in range(options.count):
            rng = random.Random(options.seed * 1_000_003 + number)
            path.write_bytes(mutate(rng.choice(originals), rng))
            unknown = rng.choice(["error", "whole"])
            start = time.process_time()
            try:
                kind, answer = attempt(path, unknown)
                tally[kind] += 1
                files.LARGE, usual = 1, files.LARGE
                other = attempt(path, unknown)
                files.LARGE = usual
                if other[1] != answer:  # which of two faults is found first may differ
                    bad += 1
                    say(f"  number {number}: {kind} {answer}, as a large file {other}")
            except Exception as error:  # noqa: BLE001  # that is what is looked for
                bad += 1
                tally[f"BAD {type(error).__name__}"] += 1
                say(f"  number {number}: {type(error).__name__}: {str(error)[:200]}")
            took = (time.process_time() - start) / 2
            if took > SLOW:
                bad += 1
                say(f"  number {number}: {took:.1f} s")
            slowest = max(slowest, took)
    for name, count in tally.most_common():
        say(f"{count:6}  {name}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    say(f"{options.count:6}  files; slowest {slowest:.2f} s; peak memory {peak} MB; bad: {bad}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
