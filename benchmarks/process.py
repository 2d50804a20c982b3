"""Whole processes: ``python -m benchmarks.process`` (needs onnx and onnxruntime).

CPU time of a command from its start to its end, against ``python -c "import numpy"`` in the same
turn; medians of turns. The file of ResNet-50 is that of ``tests.conformance`` (few channels, as
weights are not read), the ``.pb`` that of Inception-ResNet-v2. Peers on the same ONNX file: ONNX's
shape inference, and an ONNX Runtime session. All modules are compiled before, as pip leaves them.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from math import prod
from pathlib import Path
from statistics import median

_INFER = "import onnx, sys; onnx.shape_inference.infer_shapes(onnx.load(sys.argv[1]))"
_SESSION = (
    "import onnxruntime as ort, sys; options = ort.SessionOptions(); "
    "options.intra_op_num_threads = 1; ort.InferenceSession(sys.argv[1], options)"
)


def commands(onnx_file: Path, pb_file: Path) -> dict[str, tuple[list[str], float | None]]:
    """Name -> the command, and how many imports of NumPy it may cost."""
    python, rfield = [sys.executable, "-c"], [sys.executable, "-m", "rfield"]
    return {
        "import numpy": ([*python, "import numpy"], None),
        "rfield summary FILE.onnx": ([*rfield, "summary", str(onnx_file)], 2.5),
        "rfield summary FILE.pb": ([*rfield, "summary", str(pb_file)], 2.5),
        "rfield article": ([*rfield, "article"], 1.3),
        "rfield chain": ([*rfield, "chain", "7/2p3 3/2p1 3p1d2"], 1.2),
        "rfield --help": ([*rfield, "--help"], 0.5),
        "onnx shape inference": ([*python, _INFER, str(onnx_file)], None),
        "onnxruntime session": ([*python, _SESSION, str(onnx_file)], None),
    }


def cpu(command: Sequence[str]) -> float:
    """CPU seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {
        **os.environ, "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir(), "pyc")),
        "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "80",
    }  # fmt: skip
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write(folder: Path) -> tuple[Path, Path]:
    """The two files."""
    import onnx

    from tests.conformance import in_onnx
    from tests.conformance.networks import NETWORKS
    from tests.tensorflow.graphs import inception_resnet_v2

    onnx_file, pb_file = folder / "resnet50.onnx", folder / "graph.pb"
    network = NETWORKS["resnet_50"][0]()
    model = in_onnx.build(network, network.sizes)
    for weight in model.graph.initializer:
        if weight.data_type == onnx.TensorProto.FLOAT and not weight.float_data:
            weight.raw_data = bytes(4 * prod(weight.dims))  # a session wants numbers
    onnx.save(model, onnx_file)
    pb_file.write_bytes(inception_resnet_v2().bytes())
    return onnx_file, pb_file


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=11)
    turns = parser.parse_args().turns
    with tempfile.TemporaryDirectory() as name:
        wanted = commands(*write(Path(name)))
        for command, _ in wanted.values():
            cpu(command)  # compiles
        times = [
            {name: cpu(command) for name, (command, _) in wanted.items()} for _ in range(turns)
        ]
    print(f"{'command':26} {'CPU':>8} {'x numpy':>8} {'aim':>5}")
    for name, (_, aim) in wanted.items():
        ratio = median(turn[name] / turn["import numpy"] for turn in times)
        own = median(turn[name] for turn in times)
        verdict = "" if aim is None else f"{aim:5.1f}  {'holds' if ratio <= aim else 'MISSED'}"
        print(f"{name:26} {own * 1e3:6.0f}ms {ratio:8.2f} {verdict}".rstrip())


if __name__ == "__main__":
    main()
