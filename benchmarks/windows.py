"""``run_tiled`` beside MONAI's sliding window, on one image: ``python -m benchmarks.windows``.

A U-Net of depth 3 in double precision on 768 x 768, in tiles of 256: exact tiles, and windows of
the same size that overlap by half (constant and Gaussian weights), as MONAI's users have them. CPU
times, medians of turns, and the largest difference from the network on the whole image. MONAI is
optional.
"""

from __future__ import annotations

from typing import Any

import torch

import rfield
from benchmarks.tiles import turns
from tests.torch.tiling_nets import UNet

SIZE, TILE = 768, 256


def main() -> None:
    """Print the figures."""
    from monai.inferers import sliding_window_inference  # type: ignore[import-not-found]  # optional

    inference: Any = sliding_window_inference
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = UNet(3).double().eval()
    plan = rfield.tile_plan(model, (SIZE, SIZE), tile=TILE, input_shape=(1, 1, 128, 128))
    image = torch.rand(1, 1, SIZE, SIZE).double()

    def windows(mode: str) -> torch.Tensor:
        return inference(image, (TILE, TILE), 1, model, overlap=0.5, mode=mode)

    ways = {
        "the whole at once": lambda: model(image),
        "run_tiled": lambda: rfield.run_tiled(model, image, plan),
        "MONAI, overlap 0.5": lambda: windows("constant"),
        "MONAI, overlap 0.5, Gaussian": lambda: windows("gaussian"),
    }
    with torch.no_grad():
        whole = model(image)
        times = turns(*ways.values())
        for (name, run), took in zip(ways.items(), times, strict=True):
            error = float((run() - whole).abs().max() / whole.abs().max())
            print(f"{name:30} {took:6.2f} s   largest error {error:.1e} of the largest output")
    print(f"{plan}; halo {plan.halo[0]}")


if __name__ == "__main__":
    main()
