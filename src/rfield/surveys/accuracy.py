"""Accuracies on ImageNet that are published, beside the fields of the models that reach them.

The files in ``data`` say where each number is from. Nothing here is computed from weights.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple

from .measuring import NATIVE

MORE_DATA = frozenset(
    {
        *("in12k", "in21k", "in22k", "laion", "laion2b", "openai", "clip", "webli", "datacomp"),
        *("datacompdr", "dfn", "yfcc100m", "ig1b", "swsl", "ssl", "ssld", "swag", "seer", "wsl"),
        *("jft", "ns", "m30m", "m38m", "lion", "lvd142m", "lvd1689m", "merged2b", "metaclip"),
    }
)
"""Words in the tag of weights that say: other images than those of ImageNet-1k were seen."""


class ArticlePoint(NamedTuple):
    """A point of the article's figure: ``size`` in pixels, ``top1`` a share."""

    model: str
    size: int
    top1: float
    family: str
    gflops: float


@dataclass(frozen=True, slots=True)
class Result:
    """A published top-1 accuracy, in per cent."""

    model: str
    tag: str
    image: int
    top1: float

    @property
    def saw_more(self) -> bool:
        """Whether the weights saw other images than those of ImageNet-1k."""
        return not MORE_DATA.isdisjoint(re.split(r"[_.]", self.tag))


@dataclass(frozen=True, slots=True)
class Point:
    """One architecture: what is known of its field, and its best published accuracy."""

    spec: str
    family: str
    top1: float
    tag: str
    size: int
    share: float
    image: int
    macs: int
    parameters: int
    sigma: float | None
    global_layers: int

    @property
    def is_global(self) -> bool:
        """Whether a layer up to the last map reads a whole axis."""
        return self.global_layers > 0

    @property
    def strict(self) -> int:
        """The size with whole-axis reads, which see the image and no more."""
        return self.image if self.is_global else self.size


def article_points() -> list[ArticlePoint]:
    """The ten points of the article's figure.

    >>> article_points()[0]
    ArticlePoint(model='alexnet_v2', size=195, top1=0.572, family='alexnet', gflops=1.38)
    """
    return [
        ArticlePoint(row["model"], int(row["size"]), float(row["top1"]), row["family"],
                     float(row["gflops"]))
        for row in _table("article_figure.csv")
    ]  # fmt: skip


def results() -> list[Result]:
    """The published results of timm's models.

    >>> results()[0].model, results()[0].tag, results()[0].saw_more
    ('eva02_large_patch14_448', 'mim_m38m_ft_in22k_in1k', True)
    """
    found: list[Result] = []
    for row in _table("timm_imagenet_top1.csv"):
        model, _, tag = row["model"].partition(".")
        found.append(Result(model, tag, int(row["img_size"]), float(row["top1"])))
    return found


def points(rows: Sequence[Mapping[str, Any]]) -> list[Point]:
    """Of each timm architecture in a survey its best result at the size that was surveyed.

    Only weights that saw no other images than those of ImageNet-1k are compared; timm's toys for
    its own tests (``test_resnet``) are left out.
    """
    best: dict[tuple[str, int], Result] = {}
    for result in results():
        key = result.model, result.image
        if not result.saw_more and (key not in best or best[key].top1 < result.top1):
            best[key] = result
    return [*_matched(rows, best)]


def _matched(
    rows: Sequence[Mapping[str, Any]], best: Mapping[tuple[str, int], Result]
) -> Iterator[Point]:
    for row in rows:
        is_one = row["source"] == "timm" and row["at"] == NATIVE and row["state"] == "read"
        if (
            not is_one
            or row["name"].startswith("test_")
            or not row.get("size")
            or len(row["input"]) != 2
        ):
            continue
        result = best.get((row["name"], row["input"][-1]))
        if result is None or not all(row["size"]):
            continue
        sigma = row.get("sigma")
        yield Point(
            row["spec"], row["family"], result.top1, result.tag, max(row["size"]),
            max(row["share"]), max(row["input"]), row["macs"], row["parameters"],
            None if sigma is None else max(sigma), row["global_layers"],
        )  # fmt: skip


def _table(name: str) -> list[dict[str, str]]:
    text = files("rfield.surveys").joinpath("data", name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
