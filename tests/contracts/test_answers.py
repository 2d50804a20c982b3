"""Every answer is a value: a line, equal by its numbers, pickled, written in every form."""

from __future__ import annotations

import csv
import json
import pickle
import re
import tempfile
from fractions import Fraction
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

import rfield
from rfield.analysis.answer import Answer
from tests.present.models import gated, misaligned, plain_chain


def _long_chain():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 64, 64))
    for number in range(40):
        x = b.conv(f"layer_{number}", x, kernel=3, padding=1)
    return b.build([x])


def _signal():
    b = rfield.GraphBuilder()
    x = b.input("signal", (1, 1, 160))
    return b.build([b.conv("conv", x, kernel=5, stride=2)])


def _strided():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 24, 24))
    x = b.conv("conv", x, kernel=3, stride=2, padding=1)
    return b.build([b.resize("up", x, scale=2, mode="nearest")])


def _checked():
    model = _torch()
    plan = rfield.tile_plan(model, image=32, tile=16, input_shape=(1, 1, 32, 32))
    return rfield.verify_tiling(model, plan)


def _torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3), torch.nn.Conv2d(1, 1, 3))


def _survey():
    with tempfile.TemporaryDirectory() as folder:
        return rfield.survey("article:alexnet_v2", f"{folder}/s.db", workers=1)


ANSWERS = {
    "receptive_field": lambda: rfield.receptive_field(gated()),
    "summary": lambda: rfield.summary(_long_chain()),
    "alignment": lambda: rfield.alignment(misaligned()),
    "explain": lambda: rfield.explain(_long_chain()),
    "support": lambda: rfield.support(_long_chain(), (3, 4)),
    "influence": lambda: rfield.influence(plain_chain(), (0, 0)),
    "cost": lambda: rfield.cost(_long_chain()),
    "centers": lambda: rfield.centers(plain_chain()),
    "fits": lambda: rfield.fits(_long_chain(), 9),
    "check_size": lambda: rfield.check_size(_long_chain(), 64),
    "valid_sizes": lambda: rfield.valid_sizes(_signal(), "complete"),
    "path_fields": lambda: rfield.path_fields(_long_chain()),
    "shift_equivariance": lambda: rfield.shift_equivariance(_signal()),
    "tile_plan": lambda: rfield.tile_plan(_long_chain(), image=300, tile=128),
    "stream_plan": lambda: rfield.stream_plan(_signal(), chunk=20),
    "halo": lambda: rfield.receptive_field(plain_chain()).halo,
    "compare": lambda: rfield.compare(_long_chain(), gated()),
    "design": lambda: rfield.design(64),
    "fraction": lambda: rfield.summary(_strided()),
    "field by phases": lambda: rfield.receptive_field(_strided()),
    "support of a box": lambda: rfield.support(_long_chain(), (slice(0, 2), 4)),
    "check_tiling": _checked,
    "verify": lambda: rfield.verify(_torch(), input_shape=(1, 1, 12, 12)),
    "measured_influence": lambda: rfield.measured_influence(_torch(), np.ones((1, 1, 12, 12))),
    "survey": _survey,
}
SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas.md"
TABLE = {"rfield", "model", "rows", "notes"}
SHORT = {
    "receptive_field": "ReceptiveField(up in image: y: global, local size 3, stride 1, padding 1; "
    "x: global, local size 5, stride 1, padding 2 (exact))",
    "summary": "Summary(declared: 40 layers in image; layer_39: 81 px)",
    "centers": "Centers(pool: y: 0 + 4·i, x: 0 + 4·i)",
    "check_size": "SizeCheck(64x64 -> 64x64)",
    "halo": "Halo(y: 5 before, 2 after; x: 5 before, 2 after)",
}


class Tags(HTMLParser):
    """The tags that are open at the end, and all names met."""

    def __init__(self):
        super().__init__()
        self.open, self.met = [], set()

    def handle_starttag(self, tag, attrs):
        self.met.add(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_a_value(name):
    one, other = ANSWERS[name](), ANSWERS[name]()
    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301  # our own
    assert one != ANSWERS["halo" if name != "halo" else "centers"]()
    assert len(repr(one)) <= 400
    assert "\n" not in repr(one)
    assert repr(one).startswith(type(one).__name__ + "(")
    assert " object at 0x" not in repr(one)


@pytest.mark.parametrize("name", ANSWERS)
def test_plain_data_is_json_under_the_name_of_its_schema(name):
    answer = ANSWERS[name]()
    facts = answer.as_dict()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert re.fullmatch(r"rfield\.[a-z-]+/1", facts["schema"])
    assert next(iter(facts)) == "schema"
    document = json.loads(answer.to_json())
    assert {key: document[key] for key in facts.keys() - TABLE} == {
        key: facts[key] for key in facts.keys() - TABLE
    }
    assert facts.keys() <= document.keys()
    (described,) = re.findall(
        rf"^\| `{facts['schema']}` .*", SCHEMAS.read_text("utf-8"), re.MULTILINE
    )
    assert facts.keys() - set(re.findall(r"\w+", described)) <= {"schema", "axes", *TABLE}


def test_every_kind_of_answer_is_tried():
    tried = {type(make()) for make in ANSWERS.values()}
    assert set(kinds_of(Answer)) == tried
    assert len({kind.schema for kind in tried}) == len(tried)


def kinds_of(kind):
    for sub in kind.__subclasses__():
        yield sub
        yield from kinds_of(sub)


@pytest.mark.parametrize("name", SHORT)
def test_a_line_has_the_numbers(name):
    assert repr(ANSWERS[name]()) == SHORT[name]


def test_other_numbers_are_not_equal():
    assert rfield.receptive_field(plain_chain(8)) == rfield.receptive_field(plain_chain(8), "pool")
    assert rfield.receptive_field(plain_chain(8)) != rfield.receptive_field(plain_chain(8), "stem")
    assert rfield.support(_long_chain(), (3, 4)) != rfield.support(_long_chain(), (3, 5))
    assert rfield.summary(plain_chain(8)) != rfield.summary(plain_chain(11))


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_in_every_form(name):
    answer = ANSWERS[name]()
    assert len(list(csv.reader(StringIO(answer.to_csv())))) >= 1
    assert answer.to_markdown().strip()
    latex = answer.to_latex()
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}")
    assert "_" not in latex.replace(r"\_", "").split("\n% ")[0]
    tags = Tags()
    tags.feed(answer.to_html())
    assert tags.open == []
    assert "script" not in tags.met
    assert answer._repr_html_() == answer.to_html()
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = answer.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    polars = pytest.importorskip("polars", reason="polars is not installed")
    other = answer.to_polars()
    assert isinstance(other, polars.DataFrame)
    assert (other.columns, other.height) == (list(frame.columns), len(frame))


def test_names_are_data_not_markup():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 8, 8))
    graph = b.build([b.conv("<img onerror=1>&_", x, kernel=3)])
    shown = rfield.summary(graph).to_html()
    assert "<code>&lt;img onerror=1&gt;&amp;_</code>" in shown
    assert "<img" not in shown
    assert r"\textless{}img onerror=1\textgreater{}\&\_ & conv" in rfield.summary(graph).to_latex()


def test_a_row_by_its_layer():
    found = rfield.summary(_long_chain())
    assert found["layer_4"].size == (11, 11)
    with pytest.raises(KeyError) as caught:
        found["layer_44"]
    assert "Did you mean 'layer_4'" in str(caught.value)


def test_errors_and_types_are_at_hand():
    assert issubclass(rfield.InvalidModelError, rfield.errors.RFieldError)
    assert rfield.TilePlan.__name__ == "TilePlan"
    for name in rfield.__all__:
        assert getattr(rfield, name) is not None


def test_the_rows_of_a_table_go_deep_only_as_asked():
    b = rfield.GraphBuilder()
    x = b.input("image", (1, 1, 64, 64))
    for block in range(4):
        for number in range(9):
            x = b.conv(f"block{block}.conv{number}.op", x, kernel=3, padding=1)
            x = b.pointwise(f"block{block}.conv{number}", x)
        x = b.pointwise(f"block{block}", x)
    graph = b.build([x])
    found = rfield.summary(graph)
    assert (len(found), found.depth) == (76, 1)
    lines = str(found).splitlines()
    assert sum(line.startswith(" block") for line in lines) == 4
    assert " depth 1: 4 of 76 layers; depth=2 shows more, depth='all' everything" in lines
    assert len(json.loads(found.to_json())["rows"]) == 76
    for depth, count in (("all", 76), (2, 40)):
        lines = str(rfield.summary(graph, depth=depth)).splitlines()
        assert sum(line.lstrip().startswith("block") for line in lines) == count


def test_an_endless_size_is_larger_than_any_number():
    endless = rfield.UNBOUNDED
    sizes = [5, endless, Fraction(7, 2), 1e300]
    assert sorted(sizes) == [Fraction(7, 2), 5, 1e300, endless]
    number, same = 64, endless
    assert [endless <= number, number >= endless] == [False, False]
    assert [endless > number, number < endless] == [True, True]
    assert [endless > same, endless >= same, endless <= same] == [False, True, True]
    with pytest.raises(TypeError):
        _ = endless > "64"
