"""Read every model of torchvision and timm that builds here, and tell which could not be read.

    python -m benchmarks.torch_zoo [--zoo torchvision|timm|all] [--match GLOB] [--results FILE]

Resumable: results are appended to a JSON-lines file, and models that are in it are not read again.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import Any


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


def read_one(spec: str, fields: bool) -> dict[str, Any]:
    """Build, read and (with ``fields``) analyse one model."""
    from rfield.errors import RFieldError
    from rfield.frontends.registry import Request
    from rfield.frontends.torch import zoo
    from rfield.frontends.torch.capture import read_module

    row: dict[str, Any] = {"spec": spec}
    start = time.perf_counter()
    try:
        build = zoo.build_timm if spec.startswith("timm:") else zoo.build_torchvision
        model, shape = build(spec.partition(":")[2])
    except Exception as error:  # noqa: BLE001 - a zoo may fail to build its own model
        return {**row, "state": "not built", "why": f"{type(error).__name__}: {error}"[:300]}
    row["build_s"] = round(time.perf_counter() - start, 3)
    start = time.perf_counter()
    try:
        graph = read_module(model, Request(input_shape=shape))
        row |= {"state": "read", "values": len(graph.nodes), "layers": len(graph.layers)}
        row["read_s"] = round(time.perf_counter() - start, 3)
        if fields:
            import rfield

            start = time.perf_counter()
            try:
                rfield.receptive_fields(graph)
                row["fields_s"] = round(time.perf_counter() - start, 3)
            except RFieldError as error:
                row["fields"] = f"{type(error).__name__}: {error}"[:300]
    except RFieldError as error:
        row |= {"state": "failed", "why": f"{type(error).__name__}: {error}"[:600]}
    except Exception as error:  # noqa: BLE001 - a bug of rfield's is a result of this script
        row |= {"state": "crashed", "why": f"{type(error).__name__}: {error}"[:600]}
    row["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return row


def main() -> int:
    """Read, report, tally."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--zoo", default="all", choices=("torchvision", "timm", "all"))
    parser.add_argument("--match", default="*", help="glob over the specs")
    parser.add_argument("--results", type=Path, default=Path("torch_zoo.jsonl"))
    parser.add_argument("--fields", action="store_true", help="also compute every layer's field")
    parser.add_argument("--part", default="0/1", help="k/n: every n-th model, from the k-th")
    args = parser.parse_args()
    done: dict[str, dict[str, Any]] = {}
    if args.results.exists():
        for line in args.results.read_text().splitlines():
            row = json.loads(line)
            done[row["spec"]] = row
    part, parts = map(int, args.part.split("/"))
    wanted = [spec for spec in names(args.zoo) if fnmatch(spec, args.match)][part::parts]
    with args.results.open("a") as out:
        for number, spec in enumerate(wanted, 1):
            if spec not in done:
                done[spec] = read_one(spec, args.fields)
                out.write(json.dumps(done[spec]) + "\n")
                out.flush()
            bar = "#" * (40 * number // len(wanted))
            sys.stderr.write(f"\r[{bar:<40}] {number}/{len(wanted)} {spec[:40]:<40}")
    sys.stderr.write("\n")
    return tally([done[spec] for spec in wanted])


def tally(rows: list[dict[str, Any]]) -> int:
    """Print how many were read, the failures with their reasons, total time and peak memory."""
    states = Counter(row["state"] for row in rows)
    for row in rows:
        if row["state"] != "read":
            print(f"{row['state']:9} {row['spec']}\n    {row['why']}")
        elif "fields" in row:
            print(f"no fields {row['spec']}\n    {row['fields']}")
    built = len(rows) - states["not built"]
    share = 100 * states["read"] / built if built else 0.0
    print(", ".join(f"{count} {state}" for state, count in states.most_common()))
    print(f"{states['read']} of {built} models that build were read ({share:.1f} %)")
    total = sum(row.get("read_s", 0) for row in rows)
    fields = sum(row.get("fields_s", 0) for row in rows)
    print(f"reading {total:.0f} s, fields {fields:.0f} s, "
          f"peak memory {max((row.get('peak_mb', 0) for row in rows), default=0)} MB")  # fmt: skip
    return 0 if states["read"] == built else 1


if __name__ == "__main__":
    raise SystemExit(main())
