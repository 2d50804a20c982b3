"""What weights cost: a file with 50 MB of them against the same graph without.

``python benchmarks/onnx_weights.py [--megabytes 50]`` prints CPU times of reading each (in a fresh
process), their ratio (at most 1.3) and the peak memory (at most the file plus 50 MB), beside what
``onnx.load`` alone needs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

MEASURE = """
import json, resource, sys, time
import onnx, rfield, rfield.loading, rfield.frontends.onnx
path, what = sys.argv[1:]
if what == "rfield":
    rfield.load(path)
else:
    onnx.load(path)
times = []
for _ in range(7):
    start = time.process_time()
    rfield.load(path) if what == "rfield" else onnx.load(path)
    times.append(time.process_time() - start)
kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": min(times), "megabytes": kilobytes / 1024}))
"""


def write_models(folder: Path, megabytes: int) -> tuple[Path, Path, int]:
    """A chain of convolutions with real weights, and with weights that only have a shape."""
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    channels, layers = 256, 0
    each = channels * channels * 9 * 4
    layers = max(1, megabytes * 1_000_000 // each)
    nodes, weights = [], []
    for k in range(layers):
        nodes.append(helper.make_node("Conv", [f"t{k}", f"w{k}"], [f"c{k}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{k}"], [f"t{k + 1}"]))
        array = np.full((channels, channels, 3, 3), k, np.float32)
        weights.append(numpy_helper.from_array(array, f"w{k}"))
    shape = [1, channels, 64, 64]
    entry = helper.make_tensor_value_info("t0", 1, shape)
    last = helper.make_tensor_value_info(f"t{layers}", 1, shape)
    graph = helper.make_graph(nodes, "chain", [entry], [last], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    full, bare = folder / "full.onnx", folder / "bare.onnx"
    onnx.save(model, full)
    for weight in model.graph.initializer:
        weight.ClearField("raw_data")
    onnx.save(model, bare)
    return full, bare, layers


def measure(path: Path, what: str) -> dict[str, float]:
    """CPU seconds of one reading and the peak memory of its process."""
    command = [sys.executable, "-c", MEASURE, str(path), what]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=50)
    megabytes = parser.parse_args().megabytes
    with tempfile.TemporaryDirectory() as name:
        full, bare, layers = write_models(Path(name), megabytes)
        size = full.stat().st_size / 1e6
        with_weights, without = measure(full, "rfield"), measure(bare, "rfield")
        plain = measure(full, "onnx")
    more = with_weights["megabytes"] - without["megabytes"]
    ratio = with_weights["seconds"] / without["seconds"]
    print(f"{layers} convolutions, {size:.1f} MB of weights")
    print(f"rfield.load without weights {1e3 * without['seconds']:8.2f} ms")
    print(f"rfield.load with weights    {1e3 * with_weights['seconds']:8.2f} ms   x {ratio:.2f}")
    print(f"onnx.load with weights      {1e3 * plain['seconds']:8.2f} ms")
    print(f"memory above the graph without weights {more:.1f} MB (file {size:.1f} MB)")
    print(f"ratio {'holds' if ratio <= 1.3 else 'BROKEN'}: {ratio:.2f} <= 1.3")
    print(f"memory {'holds' if more <= size + 50 else 'BROKEN'}: {more:.0f} <= {size + 50:.0f} MB")


if __name__ == "__main__":
    main()
