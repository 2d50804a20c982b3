"""Real exports of small models, as files: ``python -m tests.effects.exports KIND FOLDER``.

What the fuzzer changes and what the harness reads first. It runs in a process of its own, so that
reading the files is watched in one that has not loaded the exporter.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

KINDS = ("pt2", "onnx", "pb", "keras")


def programs() -> Iterator[bytes]:
    """Saved by ``torch.export.save``."""
    import io

    import torch

    from tests.effects.models import models

    for model, inputs in models():
        made = io.BytesIO()
        torch.export.save(torch.export.export(model, inputs), made)
        yield made.getvalue()


def graphs() -> Iterator[bytes]:
    """Written by ``torch.onnx.export``, and small ones by hand that use most kinds of rules."""
    import io

    import torch

    from tests.effects.models import models
    from tests.onnx.samples import samples

    for model, inputs in models():
        made = io.BytesIO()
        torch.onnx.export(model, inputs, made, dynamo=False)  # type: ignore[arg-type]  # takes files
        yield made.getvalue()
    for sample in samples():
        yield sample.SerializeToString()


def definitions() -> Iterator[bytes]:
    """GraphDefs of Keras models as TensorFlow traces them, and some that are written by hand."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    from tests.keras.samples import models
    from tests.tensorflow.fuzz import sources

    for model in models():
        inputs = [
            tf.TensorSpec(
                [1 if axis == 0 else size or 24 for axis, size in enumerate(x.shape)], x.dtype
            )
            for x in model.inputs
        ]
        traced = tf.function(lambda *x, model=model: model(list(x)))
        frozen = convert_variables_to_constants_v2(traced.get_concrete_function(*inputs))
        yield frozen.graph.as_graph_def().SerializeToString()
    yield from sources()


def archives() -> Iterator[bytes]:
    """Saved by Keras."""
    from tests.keras.samples import models, saved

    for model in models():
        yield saved(model)


def write(kind: str, folder: Path) -> list[Path]:
    """The exports of one kind that rfield reads."""
    from tests.effects.watch import read

    makers = {"pt2": programs, "onnx": graphs, "pb": definitions, "keras": archives}
    written: list[Path] = []
    for number, data in enumerate(makers[kind]()):
        path = folder / f"good{number}.{kind}"
        path.write_bytes(data)
        if read(path) != "answer":
            sys.stdout.write(f"{path.name} is not read: {read(path)}\n")
            path.unlink()
            continue
        written.append(path)
    return written


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    write(sys.argv[1], Path(sys.argv[2]))
