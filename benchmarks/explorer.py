"""The explorer's page: how large, how long to make, how fast in a browser.

    python -m benchmarks.explorer

needs torchvision, playwright and a Chromium. ``made``: CPU seconds for the page of a model that is
read already; ``× load``: the same beside reading it; ``paint``: until the first drawing is there;
``hover``: milliseconds for a move of the mouse over the map, and over the input (the 95th
percentile of 200). Aims: 400 kB for ResNet-50, paint within 1 s, hover within 16 ms.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import rfield

MODELS = {
    "torchvision:resnet50": (1, 3, 224, 224),
    "torchvision:vgg16": (1, 3, 224, 224),
    "torchvision:inception_v3": (1, 3, 299, 299),
    "torchvision:efficientnet_b0": (1, 3, 224, 224),
    "torchvision:convnext_tiny": (1, 3, 224, 224),
    "torchvision:swin_t": (1, 3, 224, 224),
    "torchvision:vit_b_16": (1, 3, 224, 224),
    "torchvision:deeplabv3_resnet50": (1, 3, 512, 512),
    "torchvision:densenet121": (1, 3, 224, 224),
    "torchvision:r3d_18": (1, 3, 16, 112, 112),
}
HOVER = """which => {
  const [panel] = rfield.panels;
  const times = [];
  const [frame, canvas] = [panel.frames[which], panel[which]];
  for (let i = 0; i < 200; i += 1) {
    const at = { offsetX: frame.width * Math.random(), offsetY: frame.height * Math.random() };
    const event = new PointerEvent("pointermove");
    Object.defineProperties(event, {
      offsetX: { value: at.offsetX }, offsetY: { value: at.offsetY } });
    const before = performance.now();
    canvas.dispatchEvent(event);
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[190];
}"""


def main() -> None:
    """Measure every model, and print the table."""
    print(f"{'model':32} {'layers':>6} {'kB':>5} {'made s':>7} {'× load':>7} {'paint s':>8} "
          f"{'hover ms: map':>14} {'input':>6}")  # fmt: skip
    with TemporaryDirectory() as folder, _browser() as browser:
        for name, shape in MODELS.items():
            start = time.process_time()
            graph = rfield.load(name, shape)
            read = time.process_time() - start
            rfield.explore(graph)  # once before, for what is imported
            start = time.process_time()
            page = rfield.explore(graph)
            made = time.process_time() - start
            file = page.save(Path(folder) / "page.html")
            paint, over_map, over_input = _shown(browser, file)
            size = file.stat().st_size / 1000
            print(f"{name:32} {len(graph.layers):6} {size:5.0f} {made:7.2f} {made / read:7.2f} "
                  f"{paint:8.2f} {over_map:14.1f} {over_input:6.1f}")  # fmt: skip


def _browser() -> Any:  # noqa: ANN401  # playwright need not be installed
    from contextlib import contextmanager

    from playwright.sync_api import sync_playwright

    @contextmanager
    def started() -> Any:  # noqa: ANN401  # as above
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            yield browser
            browser.close()

    return started()


def _shown(browser: Any, file: Path) -> tuple[float, float, float]:  # noqa: ANN401  # as above
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    start = time.perf_counter()
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready=yes]", state="attached")
    paint = time.perf_counter() - start
    times = [page.evaluate(HOVER, which) for which in ("map", "input")]
    page.close()
    return paint, times[0], times[1]


if __name__ == "__main__":
    main()
