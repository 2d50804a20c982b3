"""The command line as a user calls it: output, errors as full text, exit statuses."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

import rfield
from rfield.cli import main

ROOT = Path(__file__).parents[2]
MODELS = "tests.present.models"


@pytest.fixture(autouse=True)
def in_the_checkout(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def run(*arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    """A real process, its output piped."""
    assert rfield.__file__ is not None
    path = os.pathsep.join([str(Path(rfield.__file__).parents[1]), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "rfield", *arguments],
        env={**os.environ, "PYTHONPATH": path, "TERM": "xterm-256color", **options},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def output(capsys, *arguments: str, status: int = 0) -> str:
    assert main(arguments) == status
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def complaint(capsys, *arguments: str) -> str:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def usage_error(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    command = f"rfield {arguments[0]}"
    said, help_ = captured.err.removeprefix(f"{command}: ").split("\n  rfield ")
    assert help_ == f"{arguments[0]} --help says what there is\n"
    return said


def test_the_first_command_of_the_readme_prints_the_published_rows():
    done = run("article")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    table = {line.split()[0]: line.split()[2:5] for line in done.stdout.splitlines()[4:15]}
    assert table["alexnet_v2"] == ["195", "32", "64"]
    assert table["resnet_v1_50"] == ["483", "32", "239"]
    assert table["inception_resnet_v2"] == ["3039", "32", "1482"]
    assert len(table) == 11


def test_article_at_another_resolution_and_free(capsys):
    at_321 = json.loads(output(capsys, "article", "--resolution", "321", "--format", "json"))
    paddings = {row["network"]: row["padding"] for row in at_321["rows"]}
    assert paddings["mobilenet_v1"] == [157, 157]
    assert paddings["vgg_16"] == [90, 90]
    free = output(capsys, "article", "--resolution", "free", "--format", "csv")
    rows = {row["network"]: row for row in csv.DictReader(StringIO(free))}
    assert rows["mobilenet_v1"]["padding_y"] == ""
    assert rows["mobilenet_v1"]["padding_at_299_y"] == "147"
    assert rows["inception_v3"]["padding_y"] == "618"


def test_article_end_points_are_those_of_all_variants(capsys):
    text = output(capsys, "article", "--end-points", "--format", "csv")
    rows = list(csv.DictReader(StringIO(text)))
    assert len({row["network"] for row in rows}) == 19
    assert {"resnet_v1_50/block3", "Mixed_6e", "vgg_16/conv3/conv3_2", "PreAuxLogits"} <= {
        row["end_point"] for row in rows
    }


def test_summary(capsys):
    text = output(capsys, "summary", f"{MODELS}:gated")
    assert text.startswith(f" {MODELS}:gated · fields in image (y, x: 32x48)\n")
    assert " up       resize    1x8x32x48     3x5*  " in text
    assert (
        "image " not in output(capsys, "summary", f"{MODELS}:gated").split("─")[-1].split("\n")[1]
    )


def test_summary_of_some_layers(capsys):
    def layers(*options: str) -> list[str]:
        text = output(capsys, "summary", f"{MODELS}:gated", "--format", "csv", *options)
        return [row["layer"] for row in csv.DictReader(StringIO(text))]

    assert layers("--layer", "se.*") == ["se.pool", "se.fc", "se.mul"]
    assert layers("--depth", "1") == ["stem", "up"]
    assert layers("--ops")[0] == "image"
    assert layers("--wrt", "se.mul") == ["se.mul", "up"]


def test_summary_by_size(capsys):
    text = output(
        capsys, "summary", "article:mobilenet_v1", "--input-shape", "1x?x?x3",
        "--size", "224,299,321", "--layer", "Conv2d_13_pointwise", "--format", "json",
    )  # fmt: skip
    (row,) = json.loads(text)["rows"]
    assert row["padding"] == [None, None]
    assert [row[f"padding_at_{n}"] for n in (224, 299, 321)] == [[126] * 2, [147] * 2, [157] * 2]


def test_field(capsys):
    text = output(capsys, "field", f"{MODELS}:plain_chain", "--at", "0,1", "--clip")
    assert " output (0, 1) reads, clipped  y: 0..5, x: 0..9\n" in text
    text = output(capsys, "field", f"{MODELS}:gated", "--output", "up", "--wrt", "stem")
    assert " stride S            1/2\n" in text


def test_align_exits_with_its_verdict(capsys):
    assert "not aligned: 2 of 2 joins" in output(capsys, "align", f"{MODELS}:misaligned", status=1)
    assert " aligned: " in output(capsys, "align", f"{MODELS}:plain_chain")
    assert " aligned: " in output(capsys, "align", "article:resnet_v1_50")


def test_chain(capsys):
    text = output(capsys, "chain", "7/2p3 3/2p1 3p1d2", "--input", "224")
    assert " conv3  conv       3       1        1         2      54        27 " in text
    assert output(capsys, "chain", "7/2p3", "3/2p1", "3p1d2", "--input", "224") == text


def test_output_files_take_their_form_from_the_suffix(capsys, tmp_path):
    for name, begin in [("t.txt", " 3\n"), ("t.md", "**3**"), ("t.csv", "layer,"), ("t.json", "{")]:
        assert output(capsys, "chain", "3", "-o", str(tmp_path / name)) == ""
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)
    output(capsys, "chain", "3", "-o", str(tmp_path / "t.csv"), "--format", "json")
    assert json.loads((tmp_path / "t.csv").read_text())["schema"] == "rfield.chain/1"


ERRORS = [
    (
        ["chain", "7/2p3 3/2q1"],
        "chain: unexpected 'q'\n  7/2p3 3/2q1\n           ^\n  A layer is "
        "[NAME=][t|m|a|u|ub]SIZE[/STRIDE][pPADDING][dDILATION][oEXTRA][c][*N]",
    ),
    (
        ["chain", "7 7", "--input", "10"],
        "chain: conv2: a window of 7 does not fit into 4 with padding 0 and 0\n  7 7\n    ^",
    ),
    (
        ["summary", "article:resnet_v1_5"],
        "unknown network 'resnet_v1_5'. "
        "Did you mean 'resnet_v1_50', 'resnet_v1_152' or 'resnet_v2_50'?",
    ),
    (
        ["summary", f"{MODELS}:gated", "--layer", "se.poool"],
        "unknown layer 'se.poool'. Did you mean 'se.pool'?",
    ),
    (
        ["field", f"{MODELS}:gated", "--output", "upp"],
        "unknown layer 'upp'. Did you mean 'up'?",
    ),
    (
        ["field", f"{MODELS}:gated", "--clip"],
        "--clip needs an output position: --at 3,4",
    ),
    (
        ["field", f"{MODELS}:plain_chain", "--at", "3"],
        "pool: an index of 1 numbers; its positions are (16, 16)",
    ),
    (
        ["field", f"{MODELS}:plain_chain", "--at", "16,0", "--clip"],
        "pool: index (16, 0) outside positions (16, 16)",
    ),
    (
        ["summary", f"{MODELS}:not_there"],
        f"unknown name in {MODELS} 'not_there'. "
        "Known: annotations, Graph, GraphBuilder, plain_chain, gated, misaligned, cross, hostile, "
        "free, broken.",
    ),
    (
        ["field", f"{MODELS}:free", "--at", "0,0"],
        "same: the padding of same along y depends on the input size",
    ),
    (
        ["summary", f"{MODELS}:broken"],
        "ArithmeticError: a mistake of the user's\n  The option --debug shows where.",
    ),
    (
        ["chain", "3", "-o", "no/such/folder/x.csv"],
        "no/such/folder/x.csv: No such file or directory",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), ERRORS)
def test_an_error_is_one_block_on_stderr(capsys, arguments, message):
    assert complaint(capsys, *arguments) == f"rfield: {message}\n"


USAGE = [
    *(
        (
            f"chain 3 --input-size={size}",
            f"argument --input-size: '{size}' is not of the form 224 or 224x300: whole numbers, 1 "
            "or more",
        )
        for size in ("0", "-3", "7.5", "8x0", "1e3")
    ),
    ("chain 3 --input 1x", "argument --input: '1x' is not of the form 224 or 224x300"),
    (
        "summary m --input-shape 1xq",
        "argument --input-shape: '1xq' is not a shape such as 1x3x224x224 or 1x3x?x?",
    ),
    ("field m --at -1,-1", "argument --at: '-1,-1' is not of the form 3,4 or center"),
    ("summary m --input-size 1,,2", "argument --input-size: '1,,2' is not of the form 224,299,321"),
    ("summary m --depth 0", "argument --depth: '0' is not a whole number from 1"),
    (
        "summary m --input_shape 1x3",
        "unknown option '--input_shape'. Did you mean '--input-shape'?",
    ),
    ("field m --layer conv1", "unknown option '--layer'. Did you mean '--output'?"),
    ("summary m --output conv1", "unknown option '--output'. Did you mean '--layer'?"),
    ("cost m --shape 1x3", "unknown option '--shape'. Did you mean '--input-shape'?"),
    ("summary m --format tabel", "unknown format 'tabel'. Did you mean 'table'?"),
    ("summary m more", "unrecognized arguments: more"),
    ("field m --at 3;4", "argument --at: '3;4' is not of the form 3,4 or center"),
    ("article --input-size big", "argument --input-size: 'big' is not of the form 224 or free"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_usage_errors_say_what_was_expected(capsys, arguments, message):
    assert usage_error(capsys, *arguments.split()) == message


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *((name, "--layer") for name in ("summary", "fits --object 9")),
        *((name, "--output") for name in ("field", "explain", "cost", "support", "influence")),
        *((name, "--output") for name in ("tiles", "stream", "sizes", "centers")),
        *((name, "--wrt") for name in ("summary", "field", "explain", "support", "influence")),
        *((name, "--wrt") for name in ("tiles", "stream", "fits --object 9", "centers", "paths")),
    ],
)
def test_a_misspelt_layer_is_answered_with_the_nearest(command, option, capsys):
    name, *rest = command.split()
    model = ["article:alexnet_v2", *(["--input-shape", "231"] if name == "cost" else [])]
    told = complaint(capsys, name, *model, *rest, option, "alexnet_v2/convv5")
    assert told.startswith(
        "rfield: unknown layer 'alexnet_v2/convv5'. Did you mean 'alexnet_v2/conv5'"
    )


def test_a_misspelt_command_is_answered_with_the_nearest(capsys):
    with pytest.raises(SystemExit):
        main(["sumary", "m"])
    assert capsys.readouterr().err == (
        "rfield: unknown command 'sumary'. Did you mean 'summary'?\n"
        "  rfield --help says what there is\n"
    )


def test_a_number_of_5000_digits_is_a_usage_error(capsys):
    assert "is not of the form 224 or 224x300" in usage_error(
        capsys, "chain", "3", "--input", "9" * 5000
    )


def test_control_characters_in_errors_are_escaped(capsys):
    assert complaint(capsys, "summary", "no\x1b[31m") == (
        "rfield: 'no\\x1b[31m' is neither a file nor a model spec such as "
        "'torchvision:resnet50', 'article:inception_v3', 'package.module:name' or 'my_net.py:Net'\n"
    )


def test_debug_shows_the_traceback():
    for arguments in (["--debug", "chain", "q"], ["chain", "q", "--debug"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert "Traceback" in done.stderr
        assert "expected a number for the kernel, found 'q'" in done.stderr
    quiet = run("chain", "q")
    assert quiet.returncode == 2
    assert "Traceback" not in quiet.stderr


def test_version_and_help(capsys):
    for option in ("--version", "--help"):
        with pytest.raises(SystemExit) as caught:
            main([option])
        assert caught.value.code == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"rfield {rfield.__version__}\n")
    for word in ("summary", "field", "align", "article", "chain", "torchvision:resnet50"):
        assert word in printed


def test_who_stops_reading_gets_no_complaint():
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    process = subprocess.Popen(
        [sys.executable, "-m", "rfield", "article", "--end-points", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline() == b"{\n"
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), errors) == (0, b"")


def test_an_ascii_pipe_gets_ascii():
    done = run("summary", f"{MODELS}:hostile", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "\\x1b[31mred\\n" in done.stdout


def test_help_and_version_load_neither_numpy_nor_rich():
    program = (
        "import sys, rfield.cli\n"
        "try: rfield.cli.main(['--version'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'rich', 'torch'} & sys.modules.keys()))"
    )
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
