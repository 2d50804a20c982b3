"""``.keras`` files that are damaged or hostile: one readable error each, soon, and nothing runs."""

from __future__ import annotations

import json
import sys
import zipfile

import pytest

keras = pytest.importorskip("keras", reason="the files are written by Keras")

import rfield  # noqa: E402
from rfield.errors import InvalidModelError, UnreadableModelError  # noqa: E402
from rfield.frontends.keras import order  # noqa: E402
from tests.keras import damage, rewrites, samples, traps  # noqa: E402
from tests.keras.fuzz import Fuzz  # noqa: E402
from tests.work import at_most  # noqa: E402

pytestmark = [
    pytest.mark.keras,
    # Keras's TensorFlow backend turns variables into arrays in NumPy 1's way.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
L = keras.layers


@pytest.fixture(scope="module")
def good():
    return samples.saved(samples.sequence())


@pytest.fixture(scope="module")
def chain():
    return rewrites.in_a_row(3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.keras"


def refused(path, data: bytes, kind: type[rfield.RFieldError] = UnreadableModelError) -> str:
    """The text of the error without the path, which ends soon and can be printed."""
    path.write_bytes(data)
    with pytest.raises(kind) as caught, at_most(5_000_000):
        rfield.load(path)
    text = str(caught.value)
    assert text.replace("\n", "").isprintable()
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


def configured(config) -> bytes:
    """A file of nothing but layers."""
    return damage.zipped([("config.json", rewrites.text_of(config))])


def first_layer(chain, **entries):
    """The chain with a changed first layer."""
    config = json.loads(json.dumps(chain))
    config["config"]["layers"][-1].update(entries)
    return configured(config)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "BadZipFile: File is not a zip file"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 50, "BadZipFile: File is not a zip file"),
        (damage.zipped([("config.json", b"{}")])[:-9], "BadZipFile: File is not a zip file"),
        (damage.zipped([("config.json", b"{}")]).replace(b"{}", b"[]"),
         "BadZipFile: Bad CRC-32 for file 'config.json'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_archive(path, content, said):
    assert refused(path, content) == (
        f"not a .keras file (a zip archive), or a damaged one: {said}"
    )


def test_an_archive_without_layers(path):
    assert refused(path, damage.zipped([("metadata.json", b"{}")])) == (
        "a zip archive without a config.json, so not a model that Keras 3 has saved"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "its config.json is no JSON: JSONDecodeError: "
              "Expecting value: line 1 column 1 (char 0)"),
        (b"[" * 100_000, "its config.json is no JSON: RecursionError: "
         "maximum recursion depth exceeded while decoding a JSON array from a unicode string"),
        (b"[]", "its config.json does not describe a Keras model"),
        (b'{"class_name": "Functional"}', "its config.json does not describe a Keras model"),
    ],
)  # fmt: skip
def test_layers_that_are_no_layers(path, text, said):
    assert refused(path, damage.zipped([("config.json", text)])) == said


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_gigabyte_of_layers_is_not_unpacked(path, method):
    data = damage.bomb("config.json", b'{"class_name": "', method)
    text = refused(path, data)
    most = 4 * 2**20 + zipfile.ZipFile(path).getinfo("config.json").compress_size
    assert text == (
        f"its config.json has 1,073,741,840 bytes, more than the {most:,} "
        "that are read of a file of this size"
    )


@pytest.mark.parametrize(
    "module", [traps.MODULE, f"{traps.MODULE}.inner", "posix", "keras.utils", "keras.src.saving"]
)
def test_a_module_that_a_file_names_is_not_imported(path, chain, module):
    traps.lay()
    data = first_layer(chain, module=module, class_name="Trap", registered_name="Trap")
    assert refused(path, data) == (
        f"it names {module}.Trap, which is code that a model need not consist of.\n"
        "  Nothing was imported. If it is a layer of yours, import the module in which\n"
        "  keras.saving.register_keras_serializable registers it, and load the file again."
    )
    assert traps.sprung() == []


def test_names_cannot_move_the_cursor(path, chain):
    data = first_layer(chain, module="my\x1b[31m", class_name="Red\n")
    assert refused(path, data).startswith("it names my\\x1b[31m.Red\\n, which is code")
    image = keras.Input((8, 8, 2), name="\x1b[2J")
    crop = keras.Model(image, L.CenterCrop(4, 4, name="\a\n")(image))
    with pytest.raises(InvalidModelError) as caught:
        rfield.load(crop, (1, 3, 8, 2))
    assert str(caught.value) == "\\x07\\n (CenterCrop): a crop of 4 from 3"


def test_the_trap_springs():
    traps.lay()
    __import__(traps.MODULE)
    (traps.TRAPS / "up").touch()
    found = traps.sprung()
    assert {"sprung was made", "up was made", f"{traps.MODULE} was imported"} <= set(found)
    assert traps.sprung() == []


def test_a_lambda_does_not_run(path, chain):
    traps.lay()
    function = traps.functions()[-1]
    data = first_layer(chain, class_name="Lambda", config={"name": "l0", "function": function})
    assert refused(path, data) == (
        "Keras cannot load it without running its code: it holds a Python lambda\n"
        "  If you trust it, load it yourself and pass the model:   "
        "rfield.load(keras.saving.load_model(..., safe_mode=False))"
    )
    assert traps.sprung() == []


def test_a_call_that_would_be_computed_while_the_file_is_read(path):
    assert refused(path, configured(rewrites.eager(2**31)), InvalidModelError) == (
        "a layer is called without a tensor"
    )


def test_a_split_into_very_many_parts(path):
    assert refused(path, configured(rewrites.parts(2**31)), InvalidModelError) == (
        "a split into 2,147,483,648 parts"
    )


def test_layers_in_an_order_that_takes_long(path):
    assert refused(path, configured(rewrites.in_a_row(700)), InvalidModelError) == (
        "its layers lie in an order in which Keras would not soon have called them: "
        "each must come after its operands"
    )
    assert order.tries_in_vain(rewrites.in_a_row(700)["config"]["layers"]) > order.MOST_TRIES
    assert order.tries_in_vain(rewrites.in_a_row(100)["config"]["layers"]) == 99 * 100 // 2


def test_models_that_call_each_other_twice(path):
    path.write_bytes(configured(rewrites.twice_each(7)))
    assert len(rfield.load(path).layers) == 128
    path.write_bytes(configured(rewrites.twice_each(40)))
    with pytest.raises(InvalidModelError) as caught:
        rfield.load(path)
    assert str(caught.value) == (
        "models inside models call more than 30,000 layers, most of them again and again"
    )


def test_what_keras_says_is_shown(path, chain):
    relu = {"name": "l0", "\x1b[31m": "x" * 9_999}
    known = "TypeError: Unrecognized keyword arguments passed to ReLU: {'\\x1b[31m': 'xxx"
    text = refused(path, first_layer(chain, class_name="ReLU", config=relu))
    assert text.startswith(f"Keras cannot build its layers: {known}")
    assert text.endswith(
        "xxx\n  If Keras itself can load it, pass the model:   "
        "rfield.load(keras.saving.load_model(...))"
    )
    assert len(text) < 450


def test_a_layer_is_no_model(path):
    assert refused(path, configured(rewrites.plain("relu"))) == (
        "it holds a ReLU, which is no model"
    )


def test_nothing_but_the_layers_is_read(path, good, monkeypatch):
    opened = []
    reader = zipfile.ZipFile.open

    def open_and_tell(archive, name, *more, **options):
        opened.append(getattr(name, "filename", name))
        return reader(archive, name, *more, **options)

    members = dict(damage.unzipped(good))
    path.write_bytes(damage.zipped([*members.items(), ("../../up", b"outside")]))
    monkeypatch.setattr(zipfile.ZipFile, "open", open_and_tell)
    assert rfield.receptive_field(path).size == (7, 7)
    assert opened == ["config.json"]


def test_a_model_of_a_petabyte_takes_no_memory(path):
    wide = rewrites.called(rewrites.plain("wide", "Dense", units=1 << 45), ("x", 0))
    path.write_bytes(configured(rewrites.functional("m", [1, 8, 8, 2], [wide], "wide")))
    graph = rfield.load(path)
    assert graph.shape(graph.index("wide")) == (1, 8, 8, 1 << 45)
    with keras.StatelessScope():
        pass  # at its end, Keras fills every variable that it remembers as empty


def test_a_registered_layer_is_made(path):
    @keras.saving.register_keras_serializable(package="rfield_tests")
    class Wide(L.Conv2D):
        pass

    image = keras.Input((16, 16, 1))
    path.write_bytes(samples.saved(keras.Model(image, Wide(2, 5, name="wide")(image))))
    try:
        assert rfield.receptive_field(path).size == (5, 5)
    finally:
        keras.saving.get_custom_objects().pop("rfield_tests>Wide")
    assert "Wide, which is code" in refused(path, path.read_bytes())


@pytest.mark.filterwarnings("ignore")  # of zipfile for double names, of Keras for odd settings
def test_damaged_files():
    fuzz = Fuzz()
    for seed in range(60):
        fuzz.case(seed)
    assert fuzz.findings == []
    assert fuzz.tally["answer"] > 10
    assert fuzz.tally["UnreadableModelError"] > 20
    assert traps.MODULE not in sys.modules


def test_the_fuzzer_finds_what_is_wrong(monkeypatch):
    def gullible(path, **_options):
        with zipfile.ZipFile(path) as archive:
            archive.extract("config.json", traps.TRAPS)
        raise KeyError("weights")

    fuzz = Fuzz()
    monkeypatch.setattr(rfield, "load", gullible)
    said = fuzz.watched(fuzz.material[0], "error")
    assert said[1].startswith("KeyError at test_bad_files.py:")
    assert said[2:] == ["config.json was made"]
