"""What the explorer shows under the mouse is what rfield answers, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import rfield
from tests.browser.models import MODELS, one_of_two, two_ranks
from tests.browser.page import chromium, shown

PLACES = 10
"""Units, and as many positions of the input, that are looked at in each model."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def says(page: Any) -> str:
    return str(page.locator(".says").inner_text())


def layer_of(page: Any, name: str) -> None:
    page.evaluate(
        "name => { const [panel] = rfield.panels; panel.choose(panel.model.layers.findIndex("
        "layer => layer.name === name)); }",
        name,
    )


def move(page: Any, which: str, index: tuple[int, ...]) -> None:
    """Put the mouse on a unit of the map, or on a position of the input."""
    page.mouse.move(1, 1)
    x, y = page.evaluate(
        """([which, index]) => {
             const [panel] = rfield.panels;
             if (index.length > 2) panel.slices[which] = index.slice(0, -2);
             const box = panel.frames[which].box({ start: index, stop: index.map((n) => n + 1) });
             return [box[0] + box[2] / 2, box[1] + box[3] / 2];
           }""",
        [which, list(index)],
    )
    page.locator(f"canvas.{which}").first.hover(position={"x": x, "y": y}, force=True)


def until(page: Any, holds: str) -> None:
    """Wait, without the frames of a page: one in the background has none."""
    for _ in range(100):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never: {holds}; {page.evaluate('location.hash')}")


def shown_box(region: rfield.Region) -> str:
    return ", ".join(
        f"{axis} {a}..{b - 1}" if b - a > 1 else f"{axis} {a}"
        for axis, a, b in zip(region.axes, region.start, region.stop, strict=True)
    )


@pytest.mark.parametrize("name", sorted(MODELS))
def test_under_the_mouse_is_what_rfield_answers(browser: Any, tmp_path: Path, name: str) -> None:
    graph = MODELS[name]()
    wrt = graph.inputs[0]
    file = rfield.explore(graph).save(tmp_path / "page.html")
    random = Random(name)
    fields = rfield.receptive_fields(graph, wrt=wrt)
    reached = {to for _, to in graph.edges}
    layers = [n for n in fields if n in reached and fields[n].positions and "right" not in n]
    sizes = [graph.nodes[0].shape[axis] for axis in graph.inputs_[0].axes]
    with shown(browser, file) as page:
        for _ in range(PLACES):
            layer = random.choice(layers)
            rf = fields[layer]
            units = [graph.nodes[rf.value].shape[axis] for axis in rf.positions]
            layer_of(page, layer)
            unit = tuple(random.randrange(size) for size in units)
            move(page, "map", unit)
            region = rf.region(unit, clip=True)
            support = rfield.support(graph, unit, layer, wrt=wrt)
            assert isinstance(support, rfield.Support)
            expected = f"{layer} ({', '.join(map(str, unit))}) reads {shown_box(region)}: "
            expected += " × ".join(str(n) for n in support.shape)
            if support.holes:
                expected += f", {support.count} of its {support.mask.size} positions"
            assert says(page).startswith(expected), (layer, unit)

            pixel = tuple(random.randrange(size) for size in sizes)
            move(page, "input", pixel)
            seen = rf.outputs_seeing(pixel)
            told = says(page)
            assert told.startswith(f"{wrt} ({', '.join(map(str, pixel))}) is read by ")
            if all(a < b for a, b in zip(seen.start, seen.stop, strict=True)):
                box = ", ".join(
                    f"{a}..{b - 1}" if b - a > 1 else str(a)
                    for a, b in zip(seen.start, seen.stop, strict=True)
                )
                assert told.endswith(f"of {layer}: {box}"), (layer, pixel)
            else:
                assert "is read by 0 of " in told, (layer, pixel)


def test_the_drawing_has_the_colour_of_the_field_where_it_is(browser: Any, tmp_path: Path) -> None:
    file = rfield.explore(MODELS["uneven"]()).save(tmp_path / "page.html")
    with shown(browser, file, "#layer=conv&unit=15,8") as page:
        at = """place => {
          const [panel] = rfield.panels;
          const [x, y, wide, tall] = panel.frames.input.box(
            { start: place, stop: place.map((n) => n + 1) });
          const ratio = window.devicePixelRatio;
          return [...panel.input.getContext("2d").getImageData(
            (x + wide / 2) * ratio, (y + tall / 2) * ratio, 1, 1).data];
        }"""
        colors = {
            tuple(place): page.evaluate(at, list(place))
            for place in [(15, 26), (13, 26), (18, 26), (15, 22), (15, 30)]
        }
    inside = colors.pop((15, 26))
    outside = {tuple(color) for color in colors.values()}
    assert len(outside) == 1
    assert tuple(inside) not in outside


def test_names_are_shown_and_never_markup(browser: Any, tmp_path: Path) -> None:
    file = rfield.explore(MODELS["hostile"]()).save(tmp_path / "page.html")
    with shown(browser, file) as page:
        names = [row.inner_text() for row in page.locator(".tree .name").all()]
        assert page.locator("img").count() == 0
        caption = page.locator("figcaption").first.inner_text()
    assert any("<" in name or "img src" in name for name in names)
    assert caption == "<b>image</b> (y, x): 18 × 18"


def test_the_keyboard_does_what_the_mouse_does(browser: Any, tmp_path: Path) -> None:
    file = rfield.explore(MODELS["unet"]()).save(tmp_path / "page.html")
    with shown(browser, file, "#layer=head&unit=5,6") as page:
        page.locator("canvas.map").focus()
        before = says(page)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowRight")
        assert says(page).startswith("head (6, 7) reads ")
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowLeft")
        assert says(page).startswith(before)
        assert "; with the pinned unit y " in says(page)
        page.locator('.tree [role="treeitem"][tabindex="0"]').first.focus()
        page.keyboard.press("ArrowUp")
        assert page.evaluate(
            "rfield.panels[0].model.layers[rfield.panels[0].state.layer].name"
        ) != ("head")


def test_the_address_opens_the_same_view(browser: Any, tmp_path: Path) -> None:
    file = rfield.explore(MODELS["volume"]()).save(tmp_path / "page.html")
    with shown(browser, file, "#layer=conv&unit=2,5,7&tab=4") as page:
        told = says(page)
        assert told.startswith("conv (2, 5, 7) reads z 1..3, y 4..6, x 6..8: 3 × 3 × 3")
        page.keyboard.press("Tab")
        page.wait_for_timeout(1000)  # the address follows
        state = page.evaluate("location.hash")
        rows = page.locator("tbody tr").count()
    assert rows == 2
    with shown(browser, file, state) as page:
        assert says(page) == told


@pytest.mark.parametrize(
    "state", ["tab=1.5", "input=0.5", "unit=1.5,2.5", "pixel=1e9,0", "%E0%A4%A"]
)
def test_an_address_with_nonsense_opens_the_page(browser: Any, tmp_path: Path, state: str) -> None:
    file = rfield.explore(MODELS["two_inputs"]()).save(tmp_path / "page.html")
    with shown(browser, file, f"#layer=left.conv&{state}") as page:
        assert says(page) == "left.conv (12, 12) reads y 10..14, x 10..14: 5 × 5"
        page.locator('[role="tab"]').nth(1).click()
        assert "⊞" in page.locator(".below").inner_text()


def test_a_pin_stays_only_where_the_units_do(browser: Any, tmp_path: Path) -> None:
    graph = two_ranks()
    file = rfield.explore(graph).save(tmp_path / "page.html")
    with shown(browser, file, "#layer=sum&unit=2,3&pin=sum@1,3") as page:
        assert "; with the pinned unit " in says(page)
        page.locator("select").select_option(label="row")
        assert says(page) == "sum (2) reads t 2: 1; past 0, look-ahead 0 from sample 2"
        page.keyboard.press("Tab")
        until(page, "location.hash.includes('input=1')")
        assert page.evaluate("location.hash") == "#layer=sum&unit=2&input=1"
    file = rfield.explore(MODELS["two_inputs"]()).save(tmp_path / "page.html")
    with shown(browser, file, "#layer=sum&unit=9,9&pin=sum@8,8") as page:
        page.locator("select").select_option(label="right")
        assert page.evaluate("rfield.panels[0].state.pin.unit") == [8, 8]


def test_the_address_follows_without_frames_and_seldom(browser: Any, tmp_path: Path) -> None:
    """A tab in the background has no frames; Safari takes 100 addresses in 30 seconds."""
    file = rfield.explore(MODELS["unet"]()).save(tmp_path / "page.html")
    with shown(browser, file) as page:
        page.evaluate(
            "() => { window.requestAnimationFrame = () => 0; window.written = 0;"
            "const own = history.replaceState.bind(history);"
            "history.replaceState = (...given) => { window.written += 1; own(...given); }; }"
        )
        page.locator("canvas").first.focus()
        for _ in range(30):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        pixel = page.evaluate("rfield.panels[0].state.pixel.join()")
        until(page, f"decodeURIComponent(location.hash).includes('pixel={pixel}')")
        assert page.evaluate("window.written") <= 15


def test_only_inputs_that_are_read_are_offered(browser: Any, tmp_path: Path) -> None:
    file = rfield.explore(one_of_two()).save(tmp_path / "page.html")
    with shown(browser, file) as page:
        assert says(page) == "conv (3, 3) reads y 3..5, x 3..5: 3 × 3"
        assert not page.locator("select").is_visible()


def test_what_the_answers_rest_on_is_said(browser: Any, tmp_path: Path) -> None:
    graph = MODELS["signal"]()
    graph.premises = ("t is axis 1 of sound, a guess",)
    file = rfield.explore(graph).save(tmp_path / "page.html")
    with shown(browser, file) as page:
        assert page.locator("section > .note").inner_text() == "t is axis 1 of sound, a guess"


@pytest.mark.parametrize("width", [240, 375])
def test_a_narrow_window_is_not_scrolled_sideways(browser: Any, tmp_path: Path, width: int) -> None:
    pages = [
        rfield.explore(MODELS["unet"](), MODELS["signal"]()),
        rfield.explore(chain="7/2p3 m3/2p1", input_shape=48),
    ]
    for number, made in enumerate(pages):
        file = made.save(tmp_path / f"{number}.html")
        with shown(browser, file) as page:
            page.set_viewport_size({"width": width, "height": 700})
            for tab in page.locator('[role="tab"]').all():
                tab.click()
                assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_two_models_are_looked_at_in_step(browser: Any, tmp_path: Path) -> None:
    file = rfield.explore(MODELS["unet"](), MODELS["unet"]()).save(tmp_path / "page.html")
    with shown(browser, file) as page:
        layer_of(page, "deep.conv")
        move(page, "map", (3, 4))
        both = [one.inner_text() for one in page.locator(".says").all()]
    assert len(both) == 2
    assert both[0] == both[1]
    assert both[0].startswith("deep.conv (3, 4) reads ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tab_can_be_read(browser: Any, tmp_path: Path, scheme: str) -> None:
    file = rfield.explore(MODELS["squeezed"]()).save(tmp_path / "page.html")
    with shown(browser, file, scheme=scheme) as page:
        for number, words in enumerate(["input: 20", "⊞", "first side", "halo", "stride"]):
            page.locator('[role="tab"]').nth(number).click()
            assert words in page.locator(".below").text_content()
        style = "getComputedStyle(document.body)"
        paper, ink = page.evaluate(f"[{style}.backgroundColor, {style}.color]")
        light = np.mean([int(n) for n in re.findall(r"\d+", paper)[:3]])
        dark = np.mean([int(n) for n in re.findall(r"\d+", ink)[:3]])
        assert abs(light - dark) > 180
        assert (light > dark) == (scheme == "light")


def test_a_chain_follows_its_numbers(browser: Any, tmp_path: Path) -> None:
    file = rfield.explore(chain="7/2p3 m3/2p1 3p2d2", input_shape=48).save(tmp_path / "page.html")
    with shown(browser, file) as page:
        said = page.locator(".says").first
        page.locator('.chain rect[data-at="3"]').hover()
        assert "= 27, S = 4, P = 13, centre of output i: 4·i + 0." in said.inner_text()
        assert "Output 3 reads -1..25." in said.inner_text()
        page.locator('fieldset:has-text("conv2") input').nth(4).fill("1")
        assert "= 19, S = 4, P = 13, centre of output i: 4·i − 4." in said.inner_text()
        page.locator('fieldset:has-text("input") input').fill("3")
        page.locator('fieldset:has-text("conv1") input').nth(0).fill("11")
        told = said.inner_text()
        assert told.endswith("Does not fit: the window of conv1 is larger than its row.")
