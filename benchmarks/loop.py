"""``run_tiled`` against the loop that one writes by hand: ``python -m benchmarks.loop``.

A U-Net of depth 3 in PyTorch on 1,024 x 1,024, in tiles of 256: the loop has the same slices, the
same calls of the network and the same writes, and nothing else. Wanted: at most 1.02. And planning
against reading the model (wanted: at most 3 times as long, or 2 s). CPU times, medians of turns.
"""

from __future__ import annotations

import torch

import rfield
from benchmarks.tiles import cpu, turns
from tests.torch.tiling_nets import UNet

SIZE, TILE = 1024, 256


def main() -> None:
    """Print the figures."""
    torch.set_num_threads(1)
    model = UNet(3).eval()
    plan = rfield.tile_plan(model, (SIZE, SIZE), tile=TILE, input_shape=(1, 1, 128, 128))
    image = torch.rand(1, 1, SIZE, SIZE)
    places = [(tile.read, tile.pad, tile.valid, tile.write) for tile in plan]
    assert not any(side for _, pads, _, _ in places for both in pads for side in both)

    def by_hand() -> None:
        out = torch.empty(plan.output_shape)
        for (y, x), _, (a, b), (c, d) in places:
            out[:, :, c, d] = model(image[:, :, y, x])[:, :, a, b]

    with torch.no_grad():
        ours, theirs = turns(lambda: rfield.run_tiled(model, image, plan), by_hand, rounds=31)
    print(f"run_tiled / the loop by hand             {ours / theirs:.3f}  (wanted: at most 1.02)")

    def streamed() -> rfield.StreamPlan:
        net = torch.nn.Sequential(*(torch.nn.Conv1d(8, 8, 3, dilation=2**k) for k in range(8)))
        return rfield.stream_plan(net, input_shape=(1, 8, 1024))

    load = cpu(lambda: rfield.load(model, (1, 1, 128, 128)))
    for name, run in (
        ("tile_plan", lambda: rfield.tile_plan(
            model, (SIZE, SIZE), tile=TILE, input_shape=(1, 1, 128, 128))),
        ("valid_sizes", lambda: rfield.valid_sizes(model, input_shape=(1, 1, 128, 128))),
        ("input_size", lambda: rfield.input_size(model, 128, input_shape=(1, 1, 128, 128))),
        ("stream_plan", streamed),
    ):  # fmt: skip
        took = cpu(run)
        print(f"{name:16} {took:6.2f} s, {took / load:5.1f} × load (wanted: at most 3 ×, or 2 s)")


if __name__ == "__main__":
    main()
