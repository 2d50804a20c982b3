"""Read every model of torchvision and timm that builds here: what could not be read, time, memory.

    python -m benchmarks.torch_zoo [--zoo torchvision|timm|all] [--match GLOB] [--results FILE]
    python -m benchmarks.torch_zoo --results NEW --against OLD

Resumable: results are appended to a JSON-lines file, and models that are in it are not read again.
Seconds are CPU time of one thread. Each row has a digest of every layer's field (size, stride,
padding, fidelity) and of the support of three layers' centers; with --against the digests of two
files, of two versions of rfield, are compared, and nothing is read.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import resource
import statistics
import sys
import time
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rfield import Graph, ReceptiveField

Row = dict[str, Any]
NAMED = 8
"""So many models are named that only one of two results has."""


def names(zoo: str) -> list[str]:
    """All specs of a zoo."""
    found: list[str] = []
    if zoo in ("torchvision", "all"):
        import torchvision

        found += [
            f"torchvision:{name}"
            for name in torchvision.models.list_models()
            if not name.startswith("quantized")
        ]
    if zoo in ("timm", "all"):
        import timm

        found += [f"timm:{name}" for name in timm.list_models()]
    return found


def digests(graph: Graph, fields: Mapping[str, ReceptiveField]) -> dict[str, str]:
    """What is said of the model, in a few letters: of all fields, and of three supports."""
    import rfield

    told = "\n".join(
        f"{name} {field.size} {field.stride} {field.padding} {field.fidelity}"
        for name, field in fields.items()
    )
    maps = [name for name, field in fields.items() if len(field.output_shape) > 0]
    chosen = [maps[len(maps) * share // 4] for share in (1, 2)] + maps[-1:] if maps else []
    seen = hashlib.sha256()
    for name in chosen:
        try:
            support = rfield.support(graph, "center", name)
        except rfield.RFieldError as error:  # too many elements, or two inputs: that is the answer
            seen.update(f"{name} {type(error).__name__}".encode())
            continue
        for one in support if isinstance(support, tuple) else (support,):
            seen.update(f"{name} {one.fidelity} {one.mask.shape}".encode())
            seen.update(one.mask.tobytes())
    return {
        "fields_digest": hashlib.sha256(told.encode()).hexdigest()[:12],
        "support_digest": seen.hexdigest()[:12],
    }


def read_one(spec: str) -> Row:
    """Build, read and analyse one model."""
    import rfield
    from rfield.errors import RFieldError
    from rfield.frontends.registry import Request
    from rfield.frontends.torch import zoo
    from rfield.frontends.torch.sizes.rereading import read_module

    row: Row = {"spec": spec}
    try:
        build = zoo.build_timm if spec.startswith("timm:") else zoo.build_torchvision
        model, shape = build(spec.partition(":")[2])
    except Exception as error:  # noqa: BLE001 - a zoo may fail to build its own model
        return {**row, "state": "not built", "why": f"{type(error).__name__}: {error}"[:300]}
    gc.collect()
    try:
        start = time.process_time()
        graph = read_module(model, Request(input_shape=shape))
        row |= {"state": "read", "values": len(graph.nodes), "layers": len(graph.layers)}
        row["read_s"] = round(time.process_time() - start, 3)
        start = time.process_time()
        fields = rfield.receptive_fields(graph)
        for field in fields.values():
            _ = field.size, field.stride, field.padding, field.global_reads
        row["fields_s"] = round(time.process_time() - start, 3)
        start = time.process_time()
        rfield.summary(graph)
        row["summary_s"] = round(time.process_time() - start, 3)
        row["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        row |= digests(graph, fields)
    except RFieldError as error:
        row |= {"state": "failed", "why": f"{type(error).__name__}: {error}"[:600]}
    except Exception as error:  # noqa: BLE001 - a bug of rfield's is a result of this script
        row |= {"state": "crashed", "why": f"{type(error).__name__}: {error}"[:600]}
    return row


def rows_of(file: Path) -> dict[str, Row]:
    """The rows that a file holds already, by spec."""
    lines = file.read_text().splitlines() if file.exists() else []
    return {row["spec"]: row for row in map(json.loads, lines)}


def main() -> int:
    """Read, report, tally; or compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--zoo", default="all", choices=("torchvision", "timm", "all"))
    parser.add_argument("--match", default="*", help="glob over the specs")
    parser.add_argument("--results", type=Path, default=Path("torch_zoo.jsonl"))
    parser.add_argument("--against", type=Path, help="compare with the results of another version")
    parser.add_argument("--part", default="0/1", help="k/n: every n-th model, from the k-th")
    args = parser.parse_args()
    done = rows_of(args.results)
    if args.against:
        return compare(done, rows_of(args.against))
    import torch

    torch.set_num_threads(1)
    part, parts = map(int, args.part.split("/"))
    wanted = [spec for spec in names(args.zoo) if fnmatch(spec, args.match)][part::parts]
    with args.results.open("a") as out:
        for number, spec in enumerate(wanted, 1):
            if spec not in done:
                done[spec] = read_one(spec)
                out.write(json.dumps(done[spec]) + "\n")
                out.flush()
            bar = "#" * (40 * number // len(wanted))
            sys.stderr.write(f"\r[{bar:<40}] {number}/{len(wanted)} {spec[:40]:<40}")
    sys.stderr.write("\n")
    return tally([done[spec] for spec in wanted])


def compare(new: Mapping[str, Row], old: Mapping[str, Row]) -> int:
    """Print whose fields or supports differ between two versions."""
    both = [spec for spec in new if spec in old and "fields_digest" in new[spec].keys() & old[spec]]
    differ = 0
    for kind in ("fields", "support"):
        found = [s for s in both if new[s][f"{kind}_digest"] != old[s][f"{kind}_digest"]]
        print(f"{kind}: {len(both) - len(found)} of {len(both)} models as before")
        for spec in found:
            print(f"    {spec}")
        differ += len(found)
    for what, one, other in (("only new", new, old), ("only old", old, new)):
        missing = [s for s in one if "fields_digest" in one[s] and s not in both]
        if missing:
            first = ", ".join(missing[:NAMED])
            print(f"{what}: {len(missing)} (of {len(other)} rows there): {first} …")
    return 1 if differ else 0


def tally(rows: list[Row]) -> int:
    """Print how many were read, the failures with their reasons, total time and peak memory."""
    states = Counter(row["state"] for row in rows)
    for row in rows:
        if row["state"] != "read":
            print(f"{row['state']:9} {row['spec']}\n    {row['why']}")
    built = len(rows) - states["not built"]
    share = 100 * states["read"] / built if built else 0.0
    print(", ".join(f"{count} {state}" for state, count in states.most_common()))
    print(f"{states['read']} of {built} models that build were read ({share:.1f} %)")
    read = [row for row in rows if row["state"] == "read"]
    reading = sum(row["read_s"] for row in read)
    fields = sum(row["fields_s"] for row in read)
    peak = max((row["peak_mb"] for row in read), default=0)
    print(f"reading {reading:.0f} s + fields {fields:.0f} s = {reading + fields:.0f} s (<= 300)")
    print(f"peak memory of the process, with the models in it: {peak} MB (<= 1500)")
    print("slowest, reading + fields (<= 3 s):")
    for row in sorted(read, key=lambda row: -row["read_s"] - row["fields_s"])[:10]:
        print(
            f"    {row['read_s'] + row['fields_s']:6.2f} s {row['values']:6} values {row['spec']}"
        )
    shares = {
        row["spec"]: row["summary_s"] / (row["fields_s"] or 0.001)
        for row in read
        if row["summary_s"] > 0.1
    }
    over = {spec: share for spec, share in shares.items() if share > 2}
    print(
        f"summary / fields, where it takes over 0.1 s: median "
        f"{statistics.median(shares.values() or [0]):.2f}, {len(over)} of {len(shares)} over 2"
    )
    for spec, share in sorted(over.items(), key=lambda item: -item[1])[:10]:
        print(f"    {share:6.2f} {spec}")
    return 0 if states["read"] == built else 1


if __name__ == "__main__":
    raise SystemExit(main())
