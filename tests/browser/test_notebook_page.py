"""A result as a notebook shows it, under the style sheet of a notebook."""

from __future__ import annotations

import pytest

import rfield
from tests.browser.page import chromium, shown

pytestmark = pytest.mark.browser

STYLE = "svg { max-width: 100%; height: auto }"
"""Jupyter has this for pictures in the output of a cell."""


def test_the_curve_keeps_its_height(tmp_path):
    html = rfield.summary("article:alexnet_v2")._repr_html_()
    page = f'<!doctype html><html data-ready="yes"><style>{STYLE}</style>{html}</html>'
    file = tmp_path / "page.html"
    file.write_text(page, "utf-8")
    with chromium() as browser, shown(browser, file) as shown_page:
        box = shown_page.locator("svg").bounding_box()
        assert box["width"] == 560
        assert 40 < box["height"] < 100
