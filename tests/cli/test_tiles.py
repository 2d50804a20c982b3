"""``rfield tiles`` as a user calls it."""

from __future__ import annotations

import json

from rfield.cli import main


def test_the_plan_is_printed(capsys):
    assert main(["tiles", "article:vgg_16", "--image", "4000x3000", "--tile", "512"]) == 0
    text = capsys.readouterr().out
    assert "exact: the tiles together equal the whole image" in text
    assert "512 × 504, one every 320 × 288" in text


def test_json_has_the_whole_plan(capsys):
    command = ["tiles", "article:vgg_16", "--image", "4000", "--max-pixels", "1000000"]
    assert main([*command, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["exact"] is True
    assert found["grid"] == [32, 32]
    assert found["tile"][0] * found["tile"][1] <= 1_000_000


def test_what_cannot_be_tiled_is_an_error(capsys):
    status = main(["tiles", "article:vgg_16", "--image", "4000x3000", "--tile", "64"])
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.startswith("rfield: a tile of 64 along y is all halo")
