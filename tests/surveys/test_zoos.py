"""Zoos by name, lists of specs, filters, and packages that offer a zoo of their own."""

from __future__ import annotations

from importlib import metadata
from importlib.metadata import EntryPoint

import pytest

import rfield
from rfield.cli import main
from rfield.frontends import registry
from rfield.surveys import zoos
from tests.surveys.zoo import network, spec

OWN = {"tiny": lambda: network(3), "wide": lambda: (network(21), None)}


@pytest.fixture
def offered(monkeypatch):
    points = [
        EntryPoint("own", f"{__name__}:OWN", registry.ENTRY_POINTS),
        EntryPoint("broken", "no_such_package:zoo", registry.ENTRY_POINTS),
    ]
    monkeypatch.setattr(metadata, "entry_points", lambda group: points)


def test_a_package_offers_a_zoo(offered):
    assert zoos.specs_of("own") == ["own:tiny", "own:wide"]
    graph = rfield.load("own:tiny")
    assert rfield.receptive_field(graph).size == (3, 3)
    assert rfield.receptive_field("own:wide").size == (21, 21)
    assert zoos.known_zoos()[-2:] == ["own", "broken"]


def test_a_model_that_an_offered_zoo_has_not(offered):
    with pytest.raises(rfield.UnknownNameError) as told:
        rfield.load("own:tinny")
    assert str(told.value) == "unknown model of the zoo own 'tinny'. Did you mean 'tiny'?"


def test_an_offered_zoo_that_cannot_be_had(offered):
    with pytest.raises(rfield.UnreadableModelError) as told:
        zoos.specs_of("broken")
    assert str(told.value) == (
        "the zoo broken cannot be had: ModuleNotFoundError: No module named 'no_such_package'\n"
        "  It is offered by no_such_package:zoo"
    )


def test_an_unknown_zoo(tmp_path):
    with pytest.raises(rfield.UnknownNameError) as told:
        rfield.survey(store=tmp_path / "s.db", zoo=["article", "tim"])
    assert str(told.value) == "unknown zoo 'tim'. Did you mean 'timm'?"
    assert not (tmp_path / "s.db").exists()


def test_a_filter_that_nothing_matches(tmp_path):
    with pytest.raises(rfield.UnknownNameError) as told:
        rfield.survey(store=tmp_path / "s.db", zoo="article", filter="article:resnet_v3*")
    assert str(told.value).startswith("unknown filter 'article:resnet_v3*'. Did you mean ")
    assert not (tmp_path / "s.db").exists()


def test_a_list_of_models(tmp_path, capsys):
    listed = tmp_path / "models.txt"
    listed.write_text(f"# mine\n\n{spec('small')}  # r = 5\n{spec('large')}\n{spec('small')}\n")
    assert zoos.specs_in(listed) == [spec("small"), spec("large"), spec("small")]
    store = ["--store", str(tmp_path / "s.db"), "--workers", "1"]
    assert main(["survey", "--list", str(listed), *store, "--filter", "*:small"]) == 0
    assert "models          1: 1 read" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--list", "none.txt"],
            "none.txt: a list of models cannot be read: No such file or directory",
        ),
        (["--list", "."], ".: a list of models cannot be read: Is a directory"),
        (
            ["article:vgg_16", "--size", "big"],
            "size = 'big'; expected 'native' or a number such as 224",
        ),
        (["--format", "parquet"], "parquet is written to a file: -o FILE"),
        (["--store", "none.db"], "none.db: there is no such store. rfield survey makes one"),
    ],
)
def test_bad_arguments(arguments, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["survey", *arguments]) == 2
    assert capsys.readouterr().err == f"rfield: {told}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "family"),
    [("article:resnet_v1_50", "resnet"), ("nets/unet-2.onnx", "unet"), ("a.py:Net2", "net")],
)
def test_families_of_names(name, family):
    assert zoos.family(name) == family


@pytest.mark.torch
def test_families_of_a_zoo():
    pytest.importorskip("torchvision", reason="torchvision is not installed")
    assert zoos.family("torchvision:wide_resnet50_2") == "resnet"
    specs = zoos.specs_of("torchvision")
    assert "torchvision:resnet18" in specs
    assert not any("quantized" in name for name in specs)
