"""What a model has to stay: the record, the assertion, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rfield
from rfield import Graph, GraphBuilder
from rfield.errors import RecordError, UnexpectedFieldsError
from tests.cli.test_cli import MODELS, complaint, in_the_checkout, output

__all__ = ["in_the_checkout"]

RECORD = """\
{
  "schema": "rfield.fields/1",
  "inputs": {
    "signal": {"axes": ["t"], "sizes": [16]}
  },
  "layers": {
    "conv": {"signal": {"size": ["4"], "stride": ["2"], "padding": ["1"], "center": ["1/2"], \
"global": [false], "fidelity": "exact"}},
    "up": {"signal": {"size": ["4"], "stride": ["1"], "padding": ["1"], "center": ["1/2"], \
"global": [false], "fidelity": "exact"}}
  }
}
"""


def net(kernel: int = 4, names: tuple[str, str] = ("conv", "up"), entry: str = "signal") -> Graph:
    """A strided convolution, and its outputs doubled."""
    b = GraphBuilder()
    x = b.conv(names[0], b.input(entry, (1, 1, 16)), kernel=kernel, stride=2, padding=1)
    return b.build([b.resize(names[1], x, scale=2)])


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "fields.json"
    path.write_text(RECORD)
    return path


def refusal(path: Path, **options: bool) -> str:
    with pytest.raises(RecordError) as caught:
        rfield.expect(net(), path, **options)
    return str(caught.value)


def test_what_is_written_is_plain_exact_and_a_line_per_layer(tmp_path: Path):
    path = tmp_path / "fields.json"
    rfield.expect(net(), path, update=True)
    assert path.read_text() == RECORD
    rfield.expect(net(), str(path))


def test_another_field_is_an_assertion_that_reads_well(tmp_path: Path):
    path = tmp_path / "fields.json"
    rfield.expect(net(), path, update=True)
    with pytest.raises(AssertionError) as caught:
        rfield.expect(net(kernel=3), path)
    assert isinstance(caught.value, UnexpectedFieldsError)
    assert (
        str(caught.value).replace(str(path), "fields.json")
        == """\
 record: fields.json · model: declared

 of 2 layers 2 differ

 layer          record  model
──────────────────────────────
 conv   size r       4      3
        center     1/2      0
 up     size r       4      3
        center     1/2      0
──────────────────────────────

 r, S, P in input pixels; P = −(first index that output 0 reads)
 center: midpoint of the field of output 0; the first pixel is 0, not 0.5

 If this is meant, record it:
   rfield.expect(model, 'fields.json', update=True)"""
    )


def test_names_of_layers_and_inputs_and_ops_are_free_to_change(tmp_path: Path):
    path = tmp_path / "fields.json"
    rfield.expect(net(), path, update=True)
    rfield.expect(net(names=("a", "b"), entry="x"), path)
    b = GraphBuilder()
    x = b.max_pool("conv", b.input("signal", (1, 1, 16)), kernel=4, stride=2, padding=1)
    rfield.expect(b.build([b.resize("up", x, scale=2)]), path)


def test_an_input_of_another_size_is_told(tmp_path: Path):
    path = tmp_path / "fields.json"
    b = GraphBuilder()
    rfield.expect(net(), path, update=True)
    x = b.conv("conv", b.input("signal", (1, 1, 18)), kernel=4, stride=2, padding=1)
    with pytest.raises(UnexpectedFieldsError) as caught:
        rfield.expect(b.build([b.resize("up", x, scale=2)]), path)
    assert " input signal  t: 16 → t: 18\n" in str(caught.value)


def test_chosen_layers_are_held_and_others_are_free(tmp_path: Path):
    path = tmp_path / "fields.json"
    rfield.expect(net(), path, update=True, layers="c*")
    assert path.read_text() == RECORD.replace('1",', '1",\n  "only": "c*",', 1).replace(
        ",\n" + RECORD.splitlines()[7], ""
    )
    b = GraphBuilder()
    x = b.conv("conv", b.input("signal", (1, 1, 16)), kernel=4, stride=2, padding=1)
    other = b.build([b.conv("head", x, kernel=5)])
    rfield.expect(other, path)
    rfield.expect(other, path, layers="c*")
    with pytest.raises(UnexpectedFieldsError):
        rfield.expect(net(kernel=3), path)
    with pytest.raises(RecordError) as caught:
        rfield.expect(other, path, layers="h*")
    assert str(caught.value) == (
        f"{path}: the layers 'c*' are recorded, not 'h*'. Record the model:\n"
        f"  rfield.expect(model, '{path}', update=True)"
    )
    with pytest.raises(rfield.RFieldError) as caught:
        rfield.expect(net(), path, update=True, layers="x*")
    assert str(caught.value) == "unknown layer 'x*'. Known: conv, up."


def test_an_output_that_is_no_layer_is_recorded_too(tmp_path: Path):
    from rfield.core import ops
    from rfield.core.graph import Draft

    draft = Draft()
    x = draft.input("x", (1, 1, 8), (2,))
    y = draft.add("relu", ops.pointwise((1, 1, 8)), [x])
    end = draft.add("end", ops.pointwise((1, 1, 8)), [y])
    rfield.expect(draft.finish([end], {"relu": y}), tmp_path / "f.json", update=True)
    assert list(json.loads((tmp_path / "f.json").read_text())["layers"]) == ["relu", "end"]


def test_layers_that_read_nothing_are_left_out(tmp_path: Path):
    b = GraphBuilder()
    left = b.conv("l", b.input("left", (1, 1, 8)), kernel=3)
    right = b.conv("r", b.input("right", (1, 1, 8)), kernel=3)
    rfield.expect(b.build([b.add("sum", left, right)]), tmp_path / "f.json", update=True)
    layers = json.loads((tmp_path / "f.json").read_text())["layers"]
    assert {name: list(found) for name, found in layers.items()} == {
        "l": ["left"], "r": ["right"], "sum": ["left", "right"],
    }  # fmt: skip


def test_no_file_says_what_to_do(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refusal(Path("fields.json")) == (
        "fields.json: there is no such file. Record the model:\n"
        "  rfield.expect(model, 'fields.json', update=True)"
    )


@pytest.mark.parametrize("update", [False, True])
def test_what_is_no_place_for_a_file_says_so(tmp_path: Path, update: bool):
    for path, told in [
        (tmp_path, f"{tmp_path}: this is a folder; name a file, as in {tmp_path / 'fields.json'}"),
        (tmp_path / "no" / "f.json", f"{tmp_path / 'no' / 'f.json'}: there is no folder "
                                     f"{tmp_path / 'no'}"),
        (3, "path = 3; expected the name of a file, as in 'fields.json'"),
    ]:  # fmt: skip
        with pytest.raises(rfield.errors.RecordError) as error:
            rfield.expect("article:vgg_16", path, update=update)  # type: ignore[arg-type]
        assert str(error.value) == told


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": "rfield.summary/1"}', "[" * 10**5])
def test_another_file_is_neither_read_nor_overwritten(record: Path, text: str):
    record.write_text(text)
    told = f"{record}: this is not a record of fields (rfield.fields/1)"
    assert refusal(record) == told
    assert refusal(record, update=True) == told
    assert record.read_text() == text


def test_a_newer_record_is_refused(record: Path):
    record.write_text(RECORD.replace("fields/1", "fields/2"))
    assert refusal(record) == (
        f"{record}: a record of schema rfield.fields/2; this release reads rfield.fields/1.\n"
        "  Use the release of rfield that wrote it, or remove the file and record it again"
    )


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ('["4"]', "[4]", 'conv: size: expected a fraction such as "3/2", or null'),
        ('["4"]', '["9/2"]', "conv: size: expected whole numbers"),
        ('["1/2"]', '["1e999999999"]', 'conv: center: expected a fraction such as "3/2", or null'),
        ('["2"]', '["2", "2"]', "conv: stride: expected one value for each axis"),
        ("[false]", "[0]", "conv: global: expected true or false"),
        ('"exact"', '"about"', "conv: fidelity: expected exact or upper bound"),
        ('{"signal": {"size"', '{"x": {"size"', "conv: 'x' is none of its inputs"),
        ("[16]", '["16"]', "signal: sizes: expected a number or null"),
        ('["t"]', '"t"', "signal: axes: expected a list"),
        ('"layers"', '"rows"', "layers: expected an object"),
    ],
)
def test_a_damaged_record_names_the_place(record: Path, good: str, bad: str, told: str):
    assert good in RECORD
    record.write_text(RECORD.replace(good, bad, 1))
    assert refusal(record) == (
        f"{record}: the record is damaged: {told}.\n"
        "  Restore the file, or remove it and record it again"
    )


def test_the_command(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    model = f"{MODELS}:plain_chain"
    assert complaint(capsys, "expect", model, "f.json") == (
        "rfield: f.json: there is no such file. Record the model:\n  --update\n"
    )
    assert output(capsys, "expect", model, "f.json", "--update") == (
        f" {model} · recorded in f.json\n\n 2 layers recorded\n"
    )
    assert output(capsys, "expect", model, "f.json") == (
        f" record: f.json · model: {model}\n\n nothing differs in 2 layers\n"
    )
    text = output(capsys, "expect", f"{MODELS}:gated", "f.json", status=1)
    assert text.endswith("\n if this is meant, record it: --update\n")
    assert " of 6 layers 1 differ, 4 only in model, 1 only in record\n" in text


@pytest.mark.torch
def test_one_record_holds_for_a_module_and_its_onnx_file(tmp_path: Path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    onnx = pytest.importorskip("onnx", reason="ONNX is not installed")
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 7, stride=2, padding=3), torch.nn.MaxPool2d(3, 2, 1)
    ).eval()
    record = tmp_path / "fields.json"
    rfield.expect(model, record, update=True, input_shape=(1, 3, 32, 32))
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node(
            "Conv", ["x", "w"], ["c"], "first", strides=[2, 2], pads=[3, 3, 3, 3]
        ),
        helper.make_node(
            "MaxPool", ["c"], ["y"], "second", kernel_shape=[3, 3], strides=[2, 2],
            pads=[1, 1, 1, 1],
        ),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", kind, [1, 3, 32, 32])],
        [helper.make_tensor_value_info("y", kind, [1, 4, 8, 8])],
        [helper.make_tensor("w", kind, [4, 3, 7, 7], [0.0] * 588)],
    )  # fmt: skip
    rfield.expect(helper.make_model(graph), record)
