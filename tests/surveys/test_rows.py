"""What a row says: the article's table, a model beyond its input, models that misbehave."""

from __future__ import annotations

import math

import pytest

import rfield
from rfield.networks import names, published
from rfield.surveys.columns import COLUMNS, MEASURED
from tests.surveys.zoo import spec


@pytest.fixture(scope="module")
def article(tmp_path_factory):
    folder = tmp_path_factory.mktemp("article")
    return rfield.survey(store=folder / "s.db", zoo="article", workers=2)


def test_the_rows_of_the_article_are_its_table(article):
    found = {row["name"]: row for row in article.flat()}
    assert len(found) == len(names()) == 19
    for told in published():
        row = found[told.network]
        assert row["map"] == told.end_point
        assert (row["size_y"], row["size_x"]) == (told.size, told.size)
        assert (row["stride_y"], row["padding_y"]) == (told.stride, told.padding)
        assert row["error"] is None


def test_stages_of_resnet_50(article):
    row = next(row for row in article.flat() if row["name"] == "resnet_v1_50")
    # r, S and P of the ends of its blocks, by the article's recurrence
    assert row["stages"] == 5
    assert row["stage_sizes"] == "7 27 83 259 483"
    assert row["stage_strides"] == "2 4 8 16 32"
    assert row["stage_paddings"] == "3 11 39 127 239"
    assert row["stage_layers"].split()[-1] == "resnet_v1_50/block4"


def test_every_column_is_named(article):
    known = {column.name for column in COLUMNS}
    stems = {name if name in known else name.rpartition("_")[0] for name in article.flat()[0]}
    assert stems <= known
    assert len(known) == len(COLUMNS)


def test_a_model_that_exceeds_its_input(tmp_path):
    (row,) = rfield.survey(spec("large"), tmp_path / "s.db", workers=1).flat()
    assert (row["state"], row["size_y"], row["share_x"]) == ("read", 41, 41 / 32)
    assert row["first_beyond"] == "conv1"
    assert (row["parameters"], row["macs"]) == (2 * 9 * 441, 2 * 9 * 441 * 32 * 32)
    assert (row["halo_before_y"], row["halo_after_y"]) == (20, 20)
    assert (row["unproductive"], row["misaligned"], row["worst_offset"]) == (0, 0, 0)


def test_sigma_of_two_kernels_of_three(tmp_path):
    (row,) = rfield.survey(spec("small"), tmp_path / "s.db", workers=1).flat()
    assert math.isclose(row["sigma_y"], math.sqrt(2 * (3**2 - 1) / 12))  # variances add up
    assert math.isclose(row["effective_share_y"], 4 * math.sqrt(4 / 3) / 5)
    assert (row["box99_y"], row["even"], row["aligned"]) == (5, True, True)


def test_no_map(tmp_path):
    (row,) = rfield.survey(spec("flat"), tmp_path / "s.db", workers=1).flat()
    assert row["state"] == "read"
    assert row["error"] == "there is no map: no layer has more than one position"


def test_what_misbehaves_is_a_row_with_its_reason(tmp_path):
    bad = ("raises", "crashes", "leaves", "eats", "noisy", "small")
    found = rfield.survey(map(spec, bad), tmp_path / "s.db", workers=2, memory_limit=1100)
    told = {row["name"].rpartition(":")[2]: (row["state"], row["error"]) for row in found.rows}
    assert told == {
        "raises": ("failed", "ZeroDivisionError: no such width"),
        "crashes": ("crashed", "its process was ended by SIGSEGV: about to fall"),
        "leaves": ("crashed", "its process ended with status 3"),
        "eats": ("memory", "took more than 1,100 MB"),
        "noisy": ("read", None),
        "small": ("read", None),
    }
    assert len(found.unread) == 4


def test_what_hangs_is_a_row_with_its_reason(tmp_path):
    (row,) = rfield.survey(spec("hangs"), tmp_path / "s.db", workers=1, time_limit=2).rows
    assert (row["state"], row["error"]) == ("time", "not done after 2 seconds")


def test_another_size(tmp_path):
    found = rfield.survey("article:vgg_16", tmp_path / "s.db", size=["native", 256], workers=1)
    assert [(row["at"], row["input"], row["size"]) for row in found.rows] == [
        ("256", [256, 256], [212, 212]),
        ("native", [224, 224], [212, 212]),
    ]


def test_even_sizes_are_found_when_asked_for(tmp_path):
    path = tmp_path / "s.db"
    first = rfield.survey("article:alexnet_v2", path, workers=1)
    assert (first.flat()[0].get("even_sizes"), first.effort.measured) == (None, 1)
    again = rfield.survey("article:alexnet_v2", path, workers=1, even_sizes=True)
    assert again.effort.measured == 1
    assert again.flat()[0]["even_sizes"] == str(
        rfield.valid_sizes("article:alexnet_v2", "even", input_shape=224)
    )
    assert rfield.survey("article:alexnet_v2", path, workers=1).effort.measured == 0


def test_a_survey_is_a_value(article):
    assert str(article).startswith("19 models, 19 read, in ")
    assert MEASURED.isdisjoint(article.as_dict()["rows"][0])
    assert article == rfield.survey(store=article.path)
    assert article.to_csv().count("\n") == 20
