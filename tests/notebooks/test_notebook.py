"""The notebook of the docs, executed; what it shows is what it should."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import rfield

NOTEBOOK = Path(__file__).parents[2] / "docs/notebooks/first-steps.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> Any:
    """The notebook after all of its cells."""
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    pytest.importorskip("pandas", reason="pandas is not installed")
    folder = tmp_path_factory.mktemp("notebook")
    home = str(Path(rfield.__file__).parents[1])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = home
    os.environ["JUPYTER_PATH"] = str(folder)
    try:
        kernel = folder / "kernels/python3"
        kernel.mkdir(parents=True)
        run = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": run, "display_name": "Python 3", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec))
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=folder)
    finally:
        del os.environ["JUPYTER_PATH"]
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    return notebook


def shown(notebook: Any, cell: int, form: str) -> str:
    (output,) = notebook.cells[cell].outputs
    return output["data"][form]


def test_the_summary_is_a_tree(executed):
    html = shown(executed, 1, "text/html")
    text = re.sub(r"<(?!details|/details|span class=\"rf-row)[^>]*>", "", html).replace("\n", "")
    rows = [row.split() for row in re.split("<[^>]*>", text) if row.strip()]
    sizes = [(row[0], row[3]) for row in rows if row[0] in ("stem", "block", "block.a", "pool")]
    assert sizes == [("stem", "7"), ("block", "19"), ("block.a", "11"), ("pool", "21")]
    assert html.count("<details open>") == 1
    assert html.index("<details") < html.index("block.a") < html.index("block.b")
    assert html.index("block.b") < html.index("</details>") < html.index("pool")
    assert "<script" not in html
    assert "http" not in html
    assert shown(executed, 1, "text/plain") == ("Summary(declared: 5 layers in image; pool: 21 px)")


def test_the_other_answers(executed):
    assert "21" in shown(executed, 2, "text/html")
    # S = 4; P: 3, + 2, + 4; the middle of 24 outputs is 12
    assert shown(executed, 3, "text/plain") == (
        "((21, 21), (Fraction(4, 1), Fraction(4, 1)), (9, 9), y: 39..59, x: 39..59)"
    )
    assert "Gaussian" in shown(executed, 4, "text/html")
    # 3·16·49 and twice 16·16·9 weights
    assert "6,960" in shown(executed, 5, "text/html")
    assert "exact" in shown(executed, 6, "text/html")
    assert shown(executed, 7, "text/plain") == "((19, 19), 'pool,21')"
