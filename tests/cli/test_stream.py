"""``rfield stream``: latency, states and delays, in every form."""

from __future__ import annotations

import csv
import json
from io import StringIO

from tests.cli.test_cli import MODELS, complaint, in_the_checkout, output, usage_error

__all__ = ["in_the_checkout"]

SIGNALS = "tests.present.signals"
CODEC = ("stream", f"{SIGNALS}:codec", "--sample-rate", "24000")


def test_a_codec(capsys):
    text = output(capsys, *CODEC)
    # Frames of 8 samples; the kernel in the middle waits for one more.
    assert " causal              no\n" in text
    assert " look-ahead          8 samples = 0.3333 ms\n" in text
    assert " latency             16 samples = 0.6667 ms\n" in text
    assert " chunks              multiples of 8 samples = 0.3333 ms\n" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["down2", "conv", "2", "8", "4", "1", "0", "4", "4", "0.3333", "ms", "1x16x4"] in rows
    assert [
        "up2",
        "conv_transpose",
        "8",
        "2",
        "1",
        "4",
        "0",
        "1",
        "1",
        "0.3333",
        "ms",
        "1x32x1",
    ] in rows
    assert ["skip", "8", "down2", "1", "0.3333", "ms"] in rows
    assert ["middle", "0", "0", "ms"] in rows


def test_a_chunk_of_a_fixed_size(capsys):
    text = output(capsys, *CODEC, "--chunk", "480")
    assert " chunk               480 samples = 20 ms, 480 outputs each\n" in text
    assert " latency             488 samples = 20.33 ms\n" in text
    assert complaint(capsys, *CODEC, "--chunk", "500") == (
        "rfield: chunk = 500: chunks are multiples of 8 samples. The nearest: 496 or 504\n"
    )


def test_json_and_csv(capsys):
    found = json.loads(output(capsys, *CODEC, "--format", "json"))
    assert found["schema"] == "rfield.stream/1"
    assert (found["look_ahead"], found["latency"], found["sample_rate"]) == (8, 16, 24000)
    delays = {"down2": 1, "middle": 0}
    assert found["joins"] == [{"layer": "skip", "hop": 8, "delays": delays, "elements": 32}]
    rows = list(csv.DictReader(StringIO(output(capsys, *CODEC, "--format", "csv"))))
    assert [(row["layer"], row["held"]) for row in rows] == [
        ("down1", "2"), ("down2", "4"), ("middle", "2"), ("up2", "1"), ("up1", "1"),
    ]  # fmt: skip


def test_what_cannot_be_exact_is_bad_news(capsys):
    text = output(capsys, "stream", f"{SIGNALS}:normalized", status=1)
    assert " not exact: all of the time axis is read by mean\n" in text
    assert " size r              no end\n" in text
    assert " look-ahead          1 sample\n" in text


def test_time_must_be_said_where_it_could_be_several(capsys):
    chain = ("stream", f"{MODELS}:plain_chain")
    assert complaint(capsys, *chain) == (
        "rfield: image has 2 axes that could be time: 2 (y) and 3 (x). Choose one with --axis\n"
    )
    assert output(capsys, *chain, "--axis", "x") == output(capsys, *chain, "--axis=-1")
    assert "'fast' is not a rate such as 16000" in usage_error(
        capsys, *CODEC[:2], "--sample-rate", "fast"
    )
    assert "'-1' is not a rate" in usage_error(capsys, *CODEC[:2], "--sample-rate=-1")
