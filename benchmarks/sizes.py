"""Questions of sizes and plans on backbones: ``python -m benchmarks.sizes [NAME ...]``.

CPU seconds of ``load``, and of each question over what is wanted: at most three times ``load``, or
2 s. Each runs in a process of its own, forked from one that loaded every module and read the
model; one thread, each asked once. A refusal is an answer: many backbones take one size only.
"""

from __future__ import annotations

import argparse
import os
import pickle
import time
from collections.abc import Callable
from functools import partial

import rfield
from benchmarks.extremes import sizes_of

MODELS = (
    "torchvision:swin_t", "torchvision:maxvit_t", "torchvision:efficientnet_b0",
    "timm:volo_d1_224", "timm:levit_128s", "timm:coatnet_0_224", "timm:gcvit_xxtiny",
    "timm:efficientformerv2_s0", "timm:mvitv2_tiny", "timm:mobilevitv2_050",
    "timm:edgenext_xx_small", "timm:tiny_vit_5m_224", "timm:hrnet_w18",
)  # fmt: skip


def last_map(graph: rfield.Graph) -> str:
    """The last layer of the input's rank that has more than a few positions."""
    shape = graph.nodes[graph.inputs_[0].node].shape
    found = (
        name
        for name, value in graph.layer_index.items()
        if len(graph.nodes[value].shape) == len(shape) and graph.nodes[value].shape[-1] > 3
    )
    return max(found, key=graph.index)


QUESTIONS: dict[str, Callable[[rfield.Graph], object]] = {
    "valid_sizes": rfield.valid_sizes,
    "input_size": lambda graph: rfield.input_size(graph, 7, last_map(graph)),
    "tile_plan": lambda graph: rfield.tile_plan(
        graph, [16 * n for n in sizes_of(graph)], last_map(graph), tile=4 * max(sizes_of(graph))
    ),
}


def forked(action: Callable[[], object]) -> float:
    """The CPU seconds of a call in a process of its own; a refusal counts as an answer."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        start = time.process_time()
        try:
            str(action())
        except rfield.RFieldError as refusal:
            str(refusal)
        finally:
            os.write(writer, pickle.dumps(time.process_time() - start))
            os._exit(0)
    os.waitpid(child, 0)
    taken = float(pickle.loads(os.read(reader, 1 << 10)))  # noqa: S301  # of our own child
    os.close(reader)
    os.close(writer)
    return taken


def main() -> None:
    """Print the figures."""
    import torch

    from rfield.frontends.torch.running.live import build_live

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="*", default=MODELS)
    torch.set_num_threads(1)
    for name in rfield.__all__:
        getattr(rfield, name)  # every module is loaded before the first fork
    for spec in parser.parse_args().models:
        model, shape = build_live(spec)
        read = partial(rfield.load, model, input_shape=shape)
        graph = read()
        load = sorted(forked(read) for _ in range(3))[1]
        wanted = max(2.0, 3 * load)
        cells: list[str] = []
        for name, ask in QUESTIONS.items():
            taken = forked(partial(ask, graph))
            cells.append(f"{name} {taken:6.2f} s {taken / wanted:5.2f}")
        print(f"{spec:30} load {load:5.2f} s   {'   '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
