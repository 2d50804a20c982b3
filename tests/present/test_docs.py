"""What the pages show is what the program prints: examples run, outputs are compared."""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET
from fractions import Fraction
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

import rfield
from rfield.analysis.pixels.support import support
from rfield.cli import main
from rfield.frontends.declared.chain import chain
from tests.analysis.literature import ssd300

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [block for named, block in found if named == language]


def shown_runs() -> list[tuple[str, str]]:
    """``(command, output)`` of every block that begins with ``$ rfield …``."""
    return [
        (block.split("\n")[0][len("$ rfield ") :], block.split("\n", 1)[1])
        for page in PAGES
        for block in blocks(page, "")
        if block.startswith("$ rfield ")
    ]


@pytest.mark.parametrize(("command", "shown"), shown_runs())
def test_a_shown_run_is_what_is_printed(capsys, command, shown):
    status = main(shlex.split(command, comments=True))
    captured = capsys.readouterr()
    assert captured.out + captured.err == shown
    bad_news = command.endswith("# exit status 1")
    assert status == (2 if captured.err else 1 if bad_news else 0)


def test_there_are_runs_to_compare():
    assert len(shown_runs()) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what a page writes is gone afterwards
    code = "\n".join(blocks(page, "python"))
    for needed in ("torch", "jax", "flax"):
        if f"import {needed}" in code or f"from {needed}" in code:
            pytest.importorskip(needed, reason="the page is about it")
    exec(compile(code, page.name, "exec"), {"__name__": page.stem})  # noqa: S102  # our own pages
    assert "Error" not in capsys.readouterr().err


def test_the_values_in_the_readme():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, 224, 224))
    y = b.conv("conv1", x, kernel=7, stride=2, padding=3, channels=64)
    y = b.max_pool("pool1", y, kernel=3, stride=2, padding=1)
    rf = rfield.receptive_field(b.build(outputs=[y]))
    assert (rf.size, rf.stride, rf.padding) == ((11, 11), (4, 4), (5, 5))
    assert isinstance(rf.stride[0], Fraction)
    assert rf.center((0, 0)) == (0.0, 0.0)
    assert str(rf.region((0, 0))) == "y: -5..5, x: -5..5"
    assert str(rf.region((0, 0), clip=True)) == "y: 0..5, x: 0..5"


def test_the_values_in_the_page_on_input_size():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 3, None, None))
    y = b.conv("conv1", x, kernel=3, stride=2, padding="same")
    rf = rfield.receptive_field(b.build(outputs=[y]))
    assert (rf.size, rf.stride, rf.padding) == ((3, 3), (2, 2), (None, None))
    assert rf.why("y") == "the padding of conv1 along y depends on the input size"


def test_the_values_in_the_page_on_support():
    b = rfield.GraphBuilder()
    y = b.input("image", (1, 1, 64, 64))
    for name in ("conv1", "conv2", "conv3"):
        y = b.conv(name, y, kernel=3, dilation=2, padding=2)
    found = support(b.build([y]), (32, 32))
    assert str(found.box) == "y: 26..38, x: 26..38"
    assert (found.count, found.holes, found.shape) == (49, 120, (13, 13))
    assert found.mask[::2, ::2].all()


def test_the_values_in_the_page_on_streaming():
    b = rfield.GraphBuilder()
    y = b.input("signal", (1, 1, 16000))
    for number, (kernel, stride) in enumerate([(10, 5), *[(3, 2)] * 4, (2, 2), (2, 2)]):
        y = b.conv(f"conv{number}", y, kernel=kernel, stride=stride, channels=512)
    plan = rfield.stream_plan(b.build(outputs=[y]), sample_rate=16000, chunk=1600)
    assert (plan.size, plan.hop, plan.lengths("ms")["size"]) == (400, 320, 25.0)
    assert (plan.look_ahead, plan.first_output_after, plan.outputs_after(16000)) == (80, 400, 49)
    assert (plan.latency, rfield.stream_plan(plan.graph).latency) == (1680, 400)
    state = plan.layers[0]
    assert state.window is not None
    assert (plan.chunk_outputs(1600), state.layer, state.window.state) == (5, "conv0", 5)
    assert (state.held, state.shape) == (5, (1, 1, 5))
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 8, 1000))
    y = b.conv("conv", x, kernel=5, padding=2, channels=8)
    plan = rfield.stream_plan(b.build(outputs=[b.add("residual", x, y)]))
    assert plan.joins[0].delays == (("signal", 2), ("conv", 0))


def test_the_values_in_the_page_on_input_sizes():
    code = blocks(ROOT / "docs" / "choosing-sizes.md", "python")
    names: dict[str, Any] = {}
    exec(compile(code[0], "choosing-sizes.md", "exec"), names)  # noqa: S102  # our own pages
    unet = names["unet"]
    assert rfield.output_size(unet, 60) == (52, 52)
    assert rfield.output_size(unet, (60, 100)) == (52, 92)
    assert names["found"].smallest == (60, 60)
    legal = names["legal"]
    assert str(legal) == "y, x: multiples of 2, from 10"
    assert (61 in legal, legal.around(61)) == (False, ((60, 62), (60, 62)))
    assert (legal.sets[0].step, legal.sets[0].residues) == (2, (0,))
    with pytest.raises(rfield.RFieldError) as told:
        rfield.output_size(unet, 61)
    assert f"{told.value}\n" in blocks(ROOT / "docs" / "choosing-sizes.md", "")
    moving = rfield.shift_equivariance(unet)
    assert (moving.step, moving.moves) == ((2, 2), (2, 2))


def test_the_values_in_the_page_on_anchors():
    grid = rfield.centers("article:vgg_16", input_shape=224)
    assert (grid.stride, grid.offset) == ((32, 32), (Fraction(31, 2),) * 2)
    assert (grid.points.shape, grid.to_half_step) == ((7, 7, 2), (0, 0))
    assert grid.along("x").tolist()[::6] == [15.5, 207.5]
    found = rfield.fits("article:vgg_16", (40, 60), input_shape=224)
    assert found.first is not None
    assert found.first.layer == "vgg_16/conv4/conv4_2"
    assert found["vgg_16/pool4"].context == (22, 12)
    page = (ROOT / "docs" / "anchors.md").read_text("utf-8")
    levels = re.findall(r"^\| ((?:conv|fc)\w+) (\|.*\|)$", page, re.MULTILINE)
    assert len(levels) == 6
    for name, row in levels:
        outputs, step, stride, offset, prior, last, last_prior = numbers(row)
        grid = rfield.centers(ssd300(), name)
        assert (grid.shape[0], grid.stride[0], grid.offset[0]) == (outputs, stride, offset)
        assert (prior, last) == (step / 2 - 0.5, grid.along("y")[-1])
        assert last_prior == prior + (outputs - 1) * step


def numbers(row: str) -> list[float]:
    return [float(cell.strip(" %")) for cell in row.strip("|").split("|")]


def test_the_tables_in_the_page_on_influence():
    page = (ROOT / "docs" / "influence.md").read_text("utf-8")
    networks = re.findall(r"^\| `(article:\w+)` (\|.*\|)$", page, re.MULTILINE)
    assert len(networks) == 3
    for name, row in networks:
        graph = rfield.load(name, (1, 512, 512, 3))
        field = rfield.receptive_field(graph)
        middle = tuple((n or 0) // 2 for n in field.output_shape[1:3])
        found = rfield.influence(graph, middle)
        assert numbers(row) == [
            found.size[0], round(found.std[0], 1), round(found.ratio[0], 2),
            found.box(0.95)[0], round(found.gaussian("y").r2, 3),
        ]  # fmt: skip
    depths = [numbers(row) for row in re.findall(r"^\| \d+ \|.*\|$", page, re.MULTILINE)]
    assert [row[0] for row in depths] == [4, 16, 64, 256]
    for count, *shown in depths:
        b = rfield.GraphBuilder()
        y = b.input("image", (1, 1, 2 * int(count) + 1, 2 * int(count) + 1))
        for number in range(int(count)):
            y = b.conv(f"conv{number}", y, kernel=3)
        found = rfield.influence(b.build([y]), (0, 0))
        assert shown == [
            2 * count + 1, round(found.std[0], 4), round(sqrt(2 * count / 3), 4),
            round(found.ratio[0], 2), found.box(0.95)[0],
            float(f"{100 * found.area_ratio(0.95):.2g}"), round(found.gaussian("x").r2, 6),
        ]  # fmt: skip


def test_the_values_in_the_page_on_versions():
    names: dict[str, Any] = {}
    code = blocks(ROOT / "docs" / "versions.md", "python")
    exec(compile(code[0], "versions.md", "exec"), names)  # noqa: S102  # our own pages
    found = names["found"]
    assert found.layers == ("conv2",)
    assert (found[1].part, found[1].a, found[1].b) == ("size", (5, 5), (7, 7))
    exec(compile(code[1], "versions.md", "exec"), names)  # noqa: S102  # our own pages
    record = names["record"]
    with pytest.raises(AssertionError) as told:
        rfield.expect(names["network"](2), record)
    text = f"UnexpectedFieldsError: {told.value}\n".replace(str(record), "fields.json")
    assert text in blocks(ROOT / "docs" / "versions.md", "")


def test_the_chains_in_the_page_on_chains():
    page = (ROOT / "docs" / "chain.md").read_text("utf-8")
    chains = re.findall(r"^\| `([^`]+)` \| ", page.split("## Examples")[1], re.MULTILINE)
    assert len(chains) == 7
    for text in chains:
        assert chain(text, (64,)).layers


def test_the_picture_shows_the_computed_table(capsys):
    """To draw it again: ``rfield article -o docs/images/article.svg``."""
    picture = ET.parse(ROOT / "docs" / "images" / "article.svg").getroot()
    shown = "".join(picture.itertext()).replace("\xa0", " ")
    main(["article"])
    for line in capsys.readouterr().out.splitlines():
        assert re.sub(r"\s+", "", line) in re.sub(r"\s+", "", shown)


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(((?!http)[^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_no_page_promises_an_option_that_does_not_exist(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    for command in (
        *("summary", "field", "align", "article", "chain"),
        *("support", "influence", "explain", "verify", "tiles", "stream"),
        *("sizes", "fits", "centers", "paths"),
        *("diff", "expect", "design", "cost", "explore", "annotate", "survey", "atlas"),
    ):
        with pytest.raises(SystemExit):
            main([command, "--help"])
    known = capsys.readouterr().out
    for page in PAGES:
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", page.read_text("utf-8")):
            assert option in known, f"{page.name}: {option}"
