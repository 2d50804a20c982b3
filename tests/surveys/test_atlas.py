"""The site: it stands alone, every link leads somewhere, and names are text."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

import rfield
from rfield.cli import main
from rfield.surveys import store
from rfield.surveys.atlas.cards import Card, families
from tests.browser.page import chromium
from tests.surveys.zoo import spec

pytest.importorskip("jinja2", reason="Jinja2 is not installed")

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("atlas") / "s.db"
    rfield.survey([spec("large"), spec("raises"), spec("flat")], path, zoo="article", workers=2)
    with store.writing(path) as rows:
        row = {"spec": EVIL, "source": "", "name": EVIL, "at": "native", "state": "refused",
               "error": EVIL + "\udcff", "code": "c", "origin": ""}  # fmt: skip
        rows.put({"row": row, "growth": []})
    return path


@pytest.fixture(scope="module")
def site(source, tmp_path_factory):
    target = tmp_path_factory.mktemp("site") / "atlas"
    arguments = ["atlas", str(source), "-o", str(target), "--explore", "article:vgg_16"]
    assert main(arguments) == 0
    return target


class Links(HTMLParser):
    """What a page leads to or loads, and the tags it has."""

    def __init__(self):
        super().__init__()
        self.found, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def read(page: Path) -> Links:
    links = Links()
    links.feed(page.read_text("utf-8"))
    return links


def test_every_link_leads_somewhere(site):
    pages = [page for page in site.rglob("*.html") if page.parent.name != "explorers"]
    assert len(pages) == 2 + 23
    for page in pages:
        for target in read(page).found:
            if target != "data:,":
                assert ":" not in target.partition("#")[0]  # nothing from outside
                assert (page.parent / target.partition("#")[0]).exists(), f"{page}: {target}"


def test_names_are_text(site):
    index = site / "index.html"
    assert "&lt;script&gt;alert(1)" in index.read_text("utf-8")
    assert read(index).tags.count("script") == 1
    assert all("/" not in page.name and ".." not in page.name for page in site.rglob("*.html"))


def test_a_page_of_a_model(site):
    text = (site / "models" / "article-resnet_v1_50.html").read_text("utf-8")
    assert '<code>resnet_v1_50/block4</code></th><td class="n">483</td>' in text
    assert "rfield explore article:resnet_v1_50 --open" in text
    assert "block3/unit_4/bottleneck_v1/conv2: 227x227" in text  # where the field exceeds 224
    vgg = (site / "models" / "article-vgg_16.html").read_text("utf-8")
    assert '<a href="../explorers/article-vgg_16.html">' in vgg
    assert (site / "explorers" / "article-vgg_16.html").stat().st_size > 100_000


def test_the_data_can_be_had(site):
    rows = json.loads((site / "data" / "survey.json").read_text("utf-8"))
    assert len(rows) == 23
    assert next(row["size_y"] for row in rows if row["spec"] == "article:vgg_16") == 212


def test_an_atlas_is_written_again(site, source, capsys):
    assert main(["atlas", str(source), "-o", str(site)]) == 0
    assert capsys.readouterr().out == f"{site / 'index.html'}: 23 models, 0 figures\n"


def test_names_that_look_alike_have_their_own_pages():
    row = {"at": "native", "state": "read", "source": "", "family": "a", "input": [8], "size": [3]}
    taken: set[str] = set()
    cards = [Card.of({**row, "spec": name}, [], None, taken) for name in ("a:b", "a/b", "A-b")]
    assert [card.slug for card in cards] == ["a-b", "a-b-2", "A-b-3"]
    assert Card.of({**row, "spec": "a:b", "at": "64"}, [], None, taken).slug == "a-b-64"
    (family,) = families(cards)
    assert (family.sizes, family.global_count) == ((3, 3, 3), 0)


def test_what_an_atlas_refuses(source, tmp_path, capsys):
    empty = tmp_path / "empty.db"
    with store.writing(empty):
        pass
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("years of work")
    cases = [
        (["no.db"], "no.db: there is no such store. rfield survey makes one"),
        ([str(empty)], f"{empty}: there is no model in this store yet"),
        ([str(source), "-o", str(other)],
         f"{other}: the folder holds something else than an atlas. Name a new folder"),
        ([str(source), "-o", str(source)], f"{source}: a file; an atlas is written into a folder"),
        ([str(source), "-o", str(tmp_path / "new"), "--explore", "article:vgg_61"],
         "unknown filter 'article:vgg_61'. Did you mean 'article:vgg_16' or 'article:vgg_a'?"),
    ]  # fmt: skip
    for arguments, told in cases:
        assert main(["atlas", *arguments]) == 2
        assert capsys.readouterr().err == f"rfield: {told}\n"
    assert [entry.name for entry in other.iterdir()] == ["thesis.tex"]
    assert not (tmp_path / "new").exists()


@pytest.mark.browser
def test_the_table_is_sorted_and_filtered(site):
    shown = "rows => rows.map(row => row.cells[0].innerText.trim())"
    with chromium() as browser:
        page = browser.new_context(offline=True).new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto((site / "index.html").as_uri())
        page.click("thead button:text-is('r')")
        first = page.eval_on_selector_all("tbody tr", shown)
        assert first[:2] == ["article:inception_resnet_v2", "article:inception_resnet_v2-same"]
        page.fill("#text", "resnet 50")
        kept = page.eval_on_selector_all("tbody tr:not([hidden])", shown)
        assert kept == ["article:resnet_v1_50", "article:resnet_v2_50"]
        assert page.inner_text("#shown") == "2 of 23"
        page.goto((site / "families.html").as_uri())
        page.click("tbody a:text-is('vgg')")
        assert page.inner_text("#shown") == "2 of 23"
    assert problems == []
