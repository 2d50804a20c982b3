"""The article's table, as files to look at, with the published numbers beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rfield import networks
from rfield.present.article import ArticleRow, article_report, article_rows
from rfield.present.records import to_json
from rfield.present.text import plain

GOLDEN = Path(__file__).parent / "golden"

# Araujo, Norris, Sim 2019, at 224: network, r, S, P. Copied from the article, not from rfield.
PUBLISHED = {
    "alexnet_v2": (195, 32, 64),
    "vgg_16": (212, 32, 90),
    "mobilenet_v1": (315, 32, 126),
    "resnet_v1_50": (483, 32, 239),
    "inception_v2": (699, 32, 318),
    "resnet_v1_101": (1027, 32, 511),
    "inception_v3": (1311, 32, 618),
    "resnet_v1_152": (1507, 32, 751),
    "resnet_v1_200": (1763, 32, 879),
    "inception_v4": (2071, 32, 998),
    "inception_resnet_v2": (3039, 32, 1482),
}
PUBLISHED_GFLOPS = {
    "alexnet_v2": "1.38",
    "vgg_16": "30.71",
    "inception_v3": "5.69",
    "mobilenet_v1": "1.14",
}
MOVING = {"mobilenet_v1", "inception_v2", *(f"resnet_v1_{n}" for n in (50, 101, 152, 200))}


def last_rows(resolution: int | None) -> list[ArticleRow]:
    return [
        row
        for entry in networks.published()
        for row in article_rows(
            entry.network, networks.build(entry.network, resolution), (entry.end_point,), resolution
        )
    ]


@pytest.mark.parametrize(("resolution", "name"), [(224, "article_224"), (None, "article_free")])
def test_the_table_is_the_one_on_file(resolution: int | None, name: str):
    text = plain(article_report(last_rows(resolution), resolution, ("y", "x")))
    assert text == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


def test_the_table_at_224_is_the_published_one():
    rows = last_rows(224)
    assert [row.network for row in rows] == list(PUBLISHED)
    for row in rows:
        size, stride, padding = PUBLISHED[row.network]
        assert (row.size, row.stride, row.padding) == ((size,) * 2, (stride,) * 2, (padding,) * 2)
    lines = plain(article_report(rows, 224, ("y", "x"))).splitlines()
    shown = {line.split()[0]: line.split()[-1] for line in lines if line.split()[:1] != []}
    assert {name: shown[name] for name in PUBLISHED_GFLOPS} == PUBLISHED_GFLOPS


def test_six_paddings_hold_at_one_size_only():
    rows = last_rows(None)
    assert {row.network for row in rows if row.padding == (None, None)} == MOVING
    assert all((row.padding == (None, None)) == bool(row.why) for row in rows)
    assert all(
        (row.size, row.stride) == ((PUBLISHED[row.network][0],) * 2, (32, 32)) for row in rows
    )
    mobilenet = next(row for row in rows if row.network == "mobilenet_v1")
    assert mobilenet.padding_at == {224: (126, 126), 299: (147, 147), 321: (157, 157)}
    document = json.loads(to_json(article_report(rows, None, ("y", "x"))))
    assert document["schema"] == "rfield.article/1"
    assert document["resolution"] is None
    assert document["rows"][2]["padding"] == [None, None]
    assert document["rows"][2]["padding_at_321"] == [157, 157]
    assert document["rows"][2]["flops"] is None


def test_all_end_points_name_each_network_once():
    rows = [
        row
        for name in ("vgg_a", "alexnet_v2")
        for row in article_rows(name, networks.build(name, 224), networks.end_points(name), 224)
    ]
    text = plain(article_report(rows, 224, ("y", "x"), every=True))
    assert text.count(" vgg_a ") == 1
    assert text.count("vgg_a/") == len(networks.end_points("vgg_a"))
    assert text.startswith(" All end points at 224×224\n")
