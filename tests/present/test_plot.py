"""Pictures of influence: what is in them, and that they can be written."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import rfield
from rfield.errors import InvalidModelError, RFieldError
from rfield.present.plot import check_target, influence_figure, save_influence
from tests.present.models import cross, plain_chain


def test_a_picture_without_matplotlib_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(RFieldError) as caught:
        check_target(Path("a.png"))
    assert str(caught.value) == (
        "a picture needs matplotlib, which is not installed.\n"
        '  Install it: pip install matplotlib   (or: pip install "rfield[plot]")'
    )


def test_an_unknown_form_of_picture():
    with pytest.raises(InvalidModelError) as caught:
        check_target(Path("a.gif"))
    assert str(caught.value) == "a.gif: a picture is .png, .svg or .pdf"


def test_the_boxes_lie_around_the_mean():
    found = rfield.influence("article:vgg_16", (3, 3), input_shape=224)
    for share in (0.5, 0.9, 0.99):
        spans = found.spans(share)
        assert tuple(stop - start for start, stop in spans) == found.box(share)
        for (start, stop), mean in zip(spans, found.mean, strict=True):
            assert abs((start + stop - 1) / 2 - mean) <= 1
        inside = found.weight[
            tuple(
                slice(a - offset, b - offset)
                for (a, b), offset in zip(spans, found.offset, strict=True)
            )
        ]
        assert inside.sum() >= share


def test_a_figure_shows_the_map_twice_and_a_profile_per_axis():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    found = rfield.influence(plain_chain(), (3, 4))
    figure = influence_figure(found, title="$net$")
    linear, logarithmic, *profiles = [plot for plot in figure.axes if plot.get_title()]
    for plot in (linear, logarithmic):
        (image,) = plot.images
        assert image.get_array().sum() == pytest.approx(1)
        assert image.get_extent() == [10.5, 21.5, 17.5, 6.5]
        assert [box.get_label() for box in plot.patches] == [
            "50 %", "90 %", "99 %", "field 11",
        ]  # fmt: skip
        assert plot.patches[-1].get_bbox().bounds == (10.5, 6.5, 11, 11)
    assert [plot.get_title() for plot in profiles] == [
        f"along {axis}: std {found.std[0]:.1f} of size 11" for axis in "yx"
    ]
    assert list(profiles[1].lines[0].get_ydata()) == list(found.profile("x"))


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_pictures_are_written_and_the_same_each_time(tmp_path, suffix):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    found = rfield.influence(cross(), (3, 3))
    for name in ("a", "b"):
        save_influence(found, tmp_path / f"{name}.{suffix}", title="cross")
    one, other = (tmp_path / f"{name}.{suffix}" for name in "ab")
    assert one.read_bytes()[:5] == {"png": b"\x89PNG\r", "svg": b"<?xml", "pdf": b"%PDF-"}[suffix]
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("axes", [1, 3])
def test_other_numbers_of_axes_have_profiles_only(axes):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    b = rfield.GraphBuilder()
    x = b.input("x", (1, 1) + (9,) * axes)
    found = rfield.influence(b.build([b.conv("c", x, kernel=3)]), (3,) * axes)
    assert len(influence_figure(found).axes) == axes


def test_a_map_in_axes_of_ones_own_over_what_the_model_saw():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from matplotlib.figure import Figure

    found = rfield.influence(plain_chain(), (3, 4))
    alone, over = Figure().subplots(1, 2)
    assert found.plot(alone) is alone
    assert found.plot(over, image=np.zeros((3, 64, 64))) is over
    assert [len(plot.images) for plot in (alone, over)] == [1, 2]
    assert over.images[0].get_extent() == [-0.5, 63.5, 63.5, -0.5]
    assert (alone.get_xlim(), over.get_xlim()) == ((10.06, 21.94), (-0.5, 63.5))
    assert [plot.texts[0].get_text() for plot in (alone, over)] == ["2 px", "10 px"]
    with pytest.raises(InvalidModelError) as caught:
        found.plot(over, image=np.zeros(5))
    assert str(caught.value) == "an image of shape (5,); expected a picture"


def test_how_the_field_grows(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    found = rfield.summary("article:vgg_16", input_shape=224)
    (plot,) = found.plot().axes
    sizes, whole = plot.lines
    assert list(sizes.get_ydata()) == [row.size[0] for row in found]
    assert list(whole.get_ydata()) == [224, 224]
    found.save(tmp_path / "growth.svg")
    assert (tmp_path / "growth.svg").read_text().startswith("<?xml")
