"""``rfield tiles`` as a user calls it."""

from __future__ import annotations

import csv
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


def test_programs_get_every_tile(capsys):
    command = ["tiles", "article:vgg_16", "--output", "vgg_16/conv1/conv1_2", "--image", "200"]
    command += ["--tile", "64x200", "--padding", "2"]
    assert main([*command, "--format", "csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["tile"] for row in rows[:3]] == ["0x0", "0x1", "1x0"]
    assert [row["read_start_y"] for row in rows[::2]] == ["0", "58", "118", "138"]
    ends = [(row["pad_before_y"], row["pad_after_y"]) for row in rows[::6]]
    assert ends == [("2", "0"), ("0", "2")]
    assert rows[-1]["write_stop_x"] == "204"
    assert main([*command, "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 8


def test_what_cannot_be_tiled_is_an_error(capsys):
    status = main(["tiles", "article:vgg_16", "--image", "4000x3000", "--tile", "64"])
    captured = capsys.readouterr()
    assert status == 2
    assert captured.out == ""
    assert captured.err.startswith("rfield: a tile of 64 along y is all halo")


def test_a_chosen_halo_is_bad_news_with_what_it_leaves_out(capsys):
    command = ["tiles", "article:vgg_16", "--output", "vgg_16/conv1/conv1_2", "--image", "200"]
    assert main([*command, "--tile", "64", "--halo", "1"]) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert (
        "approximate: the halo (1, 1), (1, 1) was chosen, exact tiles need (2, 2), (2, 2)" in text
    )
    # along an axis 1, 2, 3, 2 and 1 of 9 paths; 1 - (7 / 9)**2
    assert "influence from outside the halo 40 % at most " in text
    assert main([*command, "--tile", "64", "--share", "0.6", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["halo"], found["needed"]) == ([[1, 1], [1, 1]], [[2, 2], [2, 2]])
    assert main([*command, "--tile", "64", "--halo", "2"]) == 0
