"""Two versions of a model, and what it has to stay: the real program in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rfield

assert rfield.__file__ is not None
SOURCE = Path(rfield.__file__).parents[1]

NET = """
import rfield

def net(dilation=1):
    b = rfield.GraphBuilder()
    x = b.conv("stem", b.input("image", (1, 3, 32, 32)), kernel=3, padding=1)
    return b.build([b.conv("head", x, kernel=3, padding=dilation, dilation=dilation)])

def wider():
    return net(dilation=2)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the program in a folder beside it, as a script is installed."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "rfield").write_text(
        "import sys; from rfield.cli import main; sys.exit(main())"
    )
    (tmp_path / "my_net.py").write_text(NET)
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "bin/rfield", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def test_diff_of_two_functions_of_a_file(folder: Path):
    assert run(folder, "diff", "my_net.py:net", "my_net.py:wider") == (
        1,
        """\
 A: my_net.py:net · B: my_net.py:wider

 of 2 layers 1 differ

 layer             A  B
────────────────────────
 head   size r     5  7
        padding P  2  3
────────────────────────

 r, S, P in input pixels; P = −(first index that output 0 reads)
""",
        "",
    )
    assert run(folder, "diff", "my_net.py:net", "my_net.py:net")[0] == 0


@pytest.mark.onnx
def test_a_file_and_code_in_either_order(folder: Path):
    onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    image = helper.make_tensor_value_info("image", kind, [1, 3, 32, 32])
    end = helper.make_tensor_value_info("end", kind, [1, 3, 32, 32])
    node = helper.make_node("MaxPool", ["image"], ["end"], "p", kernel_shape=[3, 3], pads=[1] * 4)
    onnx.save(helper.make_model(helper.make_graph([node], "g", [image], [end])), folder / "a.onnx")
    for models in (("a.onnx", "my_net:net"), ("my_net:net", "a.onnx")):
        status, shown, complaint = run(folder, "diff", *models)
        assert (status, complaint) == (1, "")
        assert shown.startswith(f" A: {models[0]} · B: {models[1]}\n")


def test_expect_in_continuous_integration(folder: Path):
    told = "rfield: fields.json: there is no such file. Record the model:\n  --update\n"
    assert run(folder, "expect", "my_net.py:net", "fields.json") == (2, "", told)
    assert run(folder, "expect", "my_net.py:net", "fields.json", "--update")[0] == 0
    assert run(folder, "expect", "my_net.py:net", "fields.json")[0] == 0
    status, shown, complaint = run(folder, "expect", "my_net.py:wider", "fields.json")
    assert (status, complaint) == (1, "")
    assert " head   size r          5      7\n" in shown
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == [
        "fields.json", "my_net.py",
    ]  # fmt: skip
