"""Text beside the nodes of an ONNX file, where viewers such as Netron show it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import onnx

from ...errors import InvalidModelError


def annotated(source: Path, texts: Mapping[str, Mapping[str, str]]) -> bytes:
    """The model of a file with ``texts`` as ``metadata_props`` of the nodes that make the values.

    Weights in files beside the model stay there. What an earlier run wrote is replaced.
    https://onnx.ai/onnx/repo-docs/IR.html#optional-metadata
    """
    model = onnx.load(str(source), load_external_data=False)
    if "metadata_props" not in onnx.NodeProto.DESCRIPTOR.fields_by_name:
        raise InvalidModelError(
            f"onnx {onnx.__version__} has no metadata of nodes.\n"
            '  It is there from 1.16 on: pip install -U "rfield[onnx]"'
        )
    for node in model.graph.node:
        told = next((texts[name] for name in node.output if name in texts), {})
        kept = [entry for entry in node.metadata_props if entry.key not in told]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
        for key, value in told.items():
            node.metadata_props.add(key=key, value=value)
    return model.SerializeToString()
