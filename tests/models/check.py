"""Hold what rfield claims of whole models against the models, running: one row for each.

    python -m tests.models.check [--kind torch|onnx] [--match GLOB] [--file MODEL.onnx ...]

Networks of torchvision and timm with random weights, networks written here, the nine that come with
the onnx package, and networks exported to ONNX. Each is looked at in three layers that have at
least twelve positions, at twelve positions of each: corners, sides, the centre, random ones. The
exit status is 1 if anything differs, or if a network was looked at in less than that.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

import rfield

LAYERS, POSITIONS = 3, 12
SLIGHT = 0.1
"""Weights that all are one number below this are a layer scale."""
HEAD = (
    f"{'model':42} {'input':16} {'type':8} {'layers':>6} {'at':>4} {'runs':>4} {'noise':>5} "
    f"{'compared':>8} {'read':>6} {'sides':>5} {'?':>4} {'differ':>6} {'s':>5}"
)
EXPLAINED = """\
layers, at: layers looked at, and output positions in all of them · runs: of the model
noise: positions whose output noise outside the support left as it was, to the last bit (those that
see the whole input have none) · compared: pairs of an output position and a marked input position
read: pairs where the model reads it, as claimed · sides: sides of regions shown to be reached
?: undecided, by rounding or a kernel that mixes neighbours · differ: counter-examples"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.models.check", description=__doc__)
    parser.add_argument("--kind", choices=("torch", "onnx"), help="only these")
    parser.add_argument("--match", default="*", help="only names that match: 'timm:*'")
    parser.add_argument("--file", type=Path, action="append", default=[], help="an .onnx file, too")
    parser.add_argument("--probes", type=int, default=40, help="marked input positions per model")
    chosen = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    say(HEAD)
    tried = failed = 0
    for name, model, shape in models(chosen.kind, chosen.match, chosen.file):
        tried += 1
        failed += not check(name, model, shape, chosen.probes)
    say(EXPLAINED)
    say(f"{tried - failed} of {tried} models agree with what is claimed of them")
    return 1 if failed else 0


def models(kind: str | None, match: str, files: Sequence[Path]) -> Iterator[tuple[str, Any, Any]]:
    """Name, model and input shape; each is built when its turn comes."""
    if kind != "onnx" and find_spec("torch"):
        yield from _torch(match)
    if kind != "torch" and find_spec("onnxruntime"):
        yield from _onnx(match, files)


def check(name: str, model: Any, shape: Any, probes: int) -> bool:
    """Verify one model and print its row; whether nothing differs and enough was looked at."""
    start = time.process_time()
    try:
        graph = rfield.load(model, shape)
        layers = spread(graph)
        found = rfield.verify(
            model, shape, output=layers, positions=POSITIONS, samples=1, most_probes=probes
        )
    except rfield.RFieldError as error:
        say(f"{name:42} {type(error).__name__}: {error}")
        return False
    sizes = "x".join(map(str, graph.nodes[graph.inputs_[0].node].shape))
    say(
        f"{name:42} {sizes:16} {found.precision:8} {len(found.layers):6} {found.positions:4} "
        f"{found.runs:4} {found.sound:5} {found.compared:8} {found.read:6} {found.faces:5} "
        f"{found.undecided:4} {len(found.counterexamples):6} {time.process_time() - start:5.0f}"
    )
    for example in found.counterexamples[:5]:
        say(f"    {example}")
    for layer in found.skipped:
        say(f"    not in the running model: {layer}")
    enough = len(found.layers) > 0 and found.positions >= POSITIONS * len(found.layers)
    if not enough:
        say("    too little was looked at")
    return bool(found) and enough


def spread(graph: rfield.Graph) -> list[str]:
    """Layers at a third, at two thirds and at the end of those with enough positions."""
    fields = rfield.receptive_fields(graph)
    named: list[str] = []
    for name in graph.layers:
        node = graph.nodes[graph.index(name)]
        if name in fields and node.operands:
            sizes = [node.shape[axis] for axis in fields[name].positions]
            if prod(sizes) >= POSITIONS:
                named.append(name)
    count = min(LAYERS, len(named))
    return [named[(k + 1) * len(named) // count - 1] for k in range(count)]


def _torch(match: str) -> Iterator[tuple[str, Any, Any]]:
    import torch

    from tests.models.networks import OWN, TIMM, TORCHVISION

    torch.set_num_threads(1)
    zoos = [entry for entry in (*TORCHVISION, *TIMM) if find_spec(entry.name.partition(":")[0])]
    for entry in (*OWN, *zoos):
        if fnmatch(entry.name, match):
            torch.manual_seed(0)
            model = entry.build() if entry.build else from_zoo(entry.name, entry.options)
            unscale(model)
            yield entry.name, model.eval(), entry.shape


def unscale(model: Any) -> None:
    """Layer scales as after training: at first, 1e-6 of a block is lost beside its skip."""
    for weight in model.parameters():
        own = weight.detach().flatten()
        if len(own) > 1 and 0 < abs(own[0]) < SLIGHT and bool((own == own[0]).all()):
            weight.data.fill_(1)


def from_zoo(spec: str, options: dict[str, Any]) -> Any:
    """A network of a zoo with random weights; of a detector, the backbone with its pyramid."""
    zoo, _, name = spec.partition(":")
    if zoo == "timm":
        import timm

        return timm.create_model(name, pretrained=False, **options)
    from rfield.questions.running import built

    return built(spec, "Running")[0]


def _onnx(match: str, files: Sequence[Path]) -> Iterator[tuple[str, Any, Any]]:
    import onnx

    light = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    for path in (*sorted(light.glob("*.onnx")), *files):
        if fnmatch(path.name, match):
            yield path.name, path, None
    if find_spec("torch") and find_spec("onnxscript"):
        yield from _exported(match)


def _exported(match: str) -> Iterator[tuple[str, Any, Any]]:
    """Networks written here and one of a zoo, through PyTorch's exporter."""
    import torch

    from tests.models.networks import OWN, Entry

    zoo = (
        [Entry("torchvision:mobilenet_v3_small", (1, 3, 96, 96))]
        if find_spec("torchvision")
        else []
    )
    for entry in (*OWN, *zoo):
        name = f"exported {entry.name}"
        if not fnmatch(name, match):
            continue
        torch.manual_seed(0)
        model = (entry.build() if entry.build else from_zoo(entry.name, {})).eval()
        example = (torch.zeros(entry.shape),)
        program = torch.onnx.export(model, example, dynamo=True, verbose=False)
        yield name, program.model_proto, None


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
