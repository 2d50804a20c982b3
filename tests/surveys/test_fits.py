"""Accuracy against the field: the article's points, and fits whose answers are known."""

from __future__ import annotations

import math

import pytest

from rfield.cli import main
from rfield.networks import published
from rfield.surveys import accuracy, fits
from rfield.surveys.accuracy import Point, Result, article_points


def point(size: int, top1: float, family: str = "net", **changed) -> Point:
    told = {"spec": f"{family}:{size}", "family": family, "top1": top1, "tag": "in1k",
            "size": size, "share": size / 224, "image": 224, "macs": 10**9, "parameters": 10**7,
            "sigma": 10.0, "global_layers": 0, **changed}  # fmt: skip
    return Point(**told)


def test_the_points_are_those_of_the_table():
    sizes = {row.network: row.size for row in published()}
    points = article_points()
    assert len(points) == 10
    assert {p.model: p.size for p in points} == {
        name: size for name, size in sizes.items() if name != "resnet_v1_200"
    }


def test_the_fit_of_the_article():
    """By ``scipy.stats.linregress`` of the ten accuracies in per cent over ``ln r``."""
    a, b, r2 = fits.log_fit([p.size for p in article_points()],
                            [100 * p.top1 for p in article_points()])  # fmt: skip
    assert (round(a, 4), round(b, 4), round(r2, 5)) == (35.4092, 5.8372, 0.68802)


def test_the_command_draws_and_prints_it(tmp_path, capsys):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    target = tmp_path / "figure.svg"
    assert main(["article", "--figure", str(target)]) == 0
    assert "top-1 = 35.41 + 5.84 ln r, R² = 0.688: +4.05 points a doubling" in (
        capsys.readouterr().out
    )
    drawn = target.read_text()
    assert drawn.startswith("<?xml")
    first = drawn
    assert main(["article", "--figure", str(target)]) == 0
    assert target.read_text() == first


def test_a_slope_that_is_known():
    pytest.importorskip("statsmodels", reason="statsmodels is not installed")
    points = [point(2**k, 70 + 1.5 * k + (-1) ** k * 0.1) for k in range(4, 14)]
    (fit,) = fits.of_families(points)
    assert (fit.count, fit.families) == (10, 1)
    assert fit.low < 1.5 < fit.high
    assert math.isclose(fit.slope, 1.5, abs_tol=0.02)
    assert fit.high - fit.low < 0.1


def test_what_a_covariate_explains_is_not_the_sizes():
    """Accuracy follows the multiply-adds alone; sizes only go with these."""
    pytest.importorskip("statsmodels", reason="statsmodels is not installed")
    points = []
    for number in range(120):
        macs = 2 ** (26 + number % 12)
        size = 2 ** (6 + number % 12 // 2 + number % 3)
        noise = ((number * 37) % 11 - 5) / 100
        points.append(point(size, 60 + math.log2(macs) / 2 + noise, f"f{number % 15}",
                            macs=macs, parameters=2 ** (20 + number * 7 % 5)))  # fmt: skip
    found = {(fit.models, fit.quantity, fit.others): fit for fit in fits.fits(points)}
    alone = found["convolutional", "r", ""]
    held = found["convolutional", "r", "MACs, parameters"]
    assert alone.low > 0.3
    assert held.low < 0 < held.high
    assert abs(held.slope) < 0.02


def test_intervals_of_ten_points_are_those_of_t():
    pytest.importorskip("statsmodels", reason="statsmodels is not installed")
    article = fits.fits([])[0]
    # by hand: slope per doubling 5.8372 ln 2, t(8, 0.975) = 2.306 times its standard error
    assert (round(article.slope, 2), round(article.low, 2), round(article.high, 2)) == (
        4.05, 1.82, 6.27,
    )  # fmt: skip
    assert [fit.models for fit in fits.fits([])] == ["the article's ten"]


@pytest.mark.parametrize(
    ("tag", "more"),
    [("a1_in1k", False), ("tv2_in1k", False), ("fb_in22k_ft_in1k", True), ("ns_jft_in1k", True),
     ("fb_swsl_ig1b_ft_in1k", True), ("laion2b_ft_in12k_in1k", True), ("fb_dist_in1k", False)],
)  # fmt: skip
def test_which_weights_saw_more(tag, more):
    assert Result("net", tag, 224, 80.0).saw_more is more


def test_the_best_result_at_the_size_of_the_survey(monkeypatch):
    table = [
        Result("net", "a_in1k", 224, 78.0), Result("net", "b_in1k", 224, 79.5),
        Result("net", "c_in22k_ft_in1k", 224, 83.0), Result("net", "b_in1k", 288, 81.0),
    ]  # fmt: skip
    monkeypatch.setattr(accuracy, "results", lambda: table)
    row = {"spec": "timm:net", "name": "net", "source": "timm", "at": "native", "state": "read",
           "input": [224, 224], "size": [400, 427], "share": [1.8, 1.9], "macs": 1, "parameters": 2,
           "sigma": None, "global_layers": 0, "family": "net"}  # fmt: skip
    others = [{**row, "at": "288"}, {**row, "source": "torchvision"}, {**row, "state": "refused"}]
    (found,) = accuracy.points([row, *others])
    assert (found.top1, found.tag, found.size, found.sigma) == (79.5, "b_in1k", 427, None)
    assert (found.strict, point(427, 79.5, global_layers=3).strict) == (427, 224)


def test_there_are_as_many_results_as_the_source_has():
    assert len(accuracy.results()) == 1556
