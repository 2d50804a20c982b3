"""What a ``.pt2`` file says is looked up, never run; what it asks for is bounded."""

from __future__ import annotations

import resource
import time
import zipfile
from contextlib import suppress

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import rfield  # noqa: E402
from rfield.errors import UnreadableModelError, UnsupportedOpError  # noqa: E402
from rfield.frontends.torch.programs import admitted  # noqa: E402
from rfield.frontends.torch.rulebook import RULES  # noqa: E402
from tests.torch.archives import before, calling, changed, saved  # noqa: E402
from tests.torch.versions import since  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

STRING = {"as_string": "written.so"}
FORBIDDEN = {
    "torch.ops.load_library": [STRING],
    "torch.ops.import_module": [{"as_string": "antigravity"}],
    "torch.ops.aten.from_file.default": [STRING, {"as_bool": True}, {"as_int": 64}],
    "torch.ops.aten.load_library.default": [STRING],
    "torch.ops.aten.__class__.__init__": [],
    "torch.ops.aten.add.__call__": [],
    "torch.ops.aten.add.Tensor.__class__": [],
    "torch.ops.prims.rng_prims.default": [],
    "torch.ops.aten.manual_seed.default": [{"as_int": 1}],
    "torch.ops.aten.set_.source_Storage": [],
    "torch.ops.aten._print.default": [STRING],
    "torch.ops.higher_order.call_torchbind": [],
    "torch.ops.profiler._record_function_enter.default": [STRING],
    "torch.load": [STRING],
    "torch.serialization.load": [STRING],
    "builtins.exec": [STRING],
    "builtins.__import__": [{"as_string": "antigravity"}],
    "os.system": [STRING],
    "_operator.methodcaller": [STRING],
    "_operator.attrgetter": [STRING],
    "subprocess.Popen": [STRING],
}


@pytest.mark.parametrize("target", FORBIDDEN)
def test_what_is_not_listed_is_an_unknown_op(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = changed(saved(tmp_path / "m.pt2"), calling(target, *FORBIDDEN[target]))
    for _ in range(2):
        with pytest.raises((UnsupportedOpError, UnreadableModelError)):
            rfield.load(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.pt2"]


@since(2, 13, "a file says less of results")
def test_the_error_is_that_of_any_unknown_op(tmp_path):
    path = changed(saved(tmp_path / "m.pt2"), calling("torch.ops.load_library", STRING))
    with pytest.raises(UnsupportedOpError) as error:
        rfield.load(path)
    assert str(error.value).startswith(
        "UnsupportedOp: no rule for torch op 'torch.ops.load_library' (1 use)."
    )


def test_unknown_functions_may_be_taken_to_read_everything(tmp_path):
    path = changed(saved(tmp_path / "m.pt2"), calling("torch.ops.mylib.op.default"))
    graph = rfield.load(path, unknown="whole")
    assert rfield.receptive_field(graph).fidelity is rfield.Fidelity.UPPER_BOUND


HUGE = 1 << 62
INT = {"as_int": HUGE}
LONG = {"as_int": 100_000}
GREEDY = {
    "full": ("torch.ops.aten.full.default", [{"as_ints": [HUGE]}, {"as_int": 0}]),
    "eye": ("torch.ops.aten.eye.default", [LONG]),
    "arange": ("torch.ops.aten.arange.default", [{"as_int": 1 << 40}]),
    "randperm": ("torch.ops.aten.randperm.default", [{"as_int": 1 << 36}]),
    "tril_indices": ("torch.ops.aten.tril_indices.default", [LONG, LONG]),
    "linspace": ("torch.ops.aten.linspace.default", [{"as_int": 0}, {"as_int": 1}, INT]),
    "hann": ("torch.ops.aten.hann_window.default", [{"as_int": 1 << 36}]),
    "zeros": ("torch.ops.aten.zeros.default", [{"as_ints": [1 << 31, 1 << 31]}]),
}


@pytest.mark.parametrize("name", GREEDY)
def test_sizes_that_a_file_states_cost_nothing(name, tmp_path):
    target, arguments = GREEDY[name]
    path = changed(saved(tmp_path / "m.pt2"), before((target, arguments, "t")))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    with suppress(UnreadableModelError):  # more than torch can count
        assert rfield.receptive_field(rfield.load(path)).size == (1, 1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 200_000
    assert time.process_time() - start < 30


def test_constants_that_grow_are_not_computed(tmp_path):
    """A table of a thousand elements, repeated a million times."""
    steps = before(
        ("torch.ops.aten.arange.default", [{"as_int": 1000}], "a"),
        (
            "torch.ops.aten.repeat.default",
            [{"as_tensor": {"name": "a"}}, {"as_ints": [1 << 24]}],
            "b",
        ),
        ("torch.ops.aten.add.Tensor", [{"as_tensor": {"name": "b"}}, {"as_int": 1}], "c"),
    )
    path = changed(saved(tmp_path / "m.pt2"), steps)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert rfield.receptive_field(rfield.load(path)).size == (1, 1)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 200_000


def test_numbers_do_not_grow_without_end(tmp_path):
    def change(graph):
        first = {"as_int": 1 << 40}
        for number in range(40):
            name = f"n{number}"
            graph["sym_int_values"][name] = {"as_expr": {"expr_str": "s", "hint": {"as_int": 1}}}
            arguments = [{"name": "", "arg": first, "kind": 1}] * 2
            graph["nodes"].insert(
                number,
                {
                    "target": "_operator.mul",
                    "inputs": arguments,
                    "outputs": [{"as_sym_int": {"as_name": name}}],
                    "metadata": {},
                },
            )
            first = {"as_sym_int": {"as_name": name}}

    path = changed(saved(tmp_path / "m.pt2"), change)
    with pytest.raises(UnreadableModelError, match="a size of more than 62 bits"):
        rfield.load(path)


def test_a_list_of_results_is_as_long_as_the_step_says(tmp_path):
    path = changed(saved(tmp_path / "m.pt2"), calling("torch.ops.aten.unbind.int"))

    def shape(graph):
        for meta in graph["tensor_values"].values():
            meta["sizes"] = [{"as_int": 1 << 40}, {"as_int": 1}]
        graph["nodes"][0]["outputs"] = [{"as_tensors": [{"name": "add"}]}]
        graph["nodes"][0]["inputs"] = graph["nodes"][0]["inputs"][:1]

    with pytest.raises(UnreadableModelError, match="the program names 1"):
        rfield.load(changed(path, shape))


@pytest.mark.parametrize("number", [-1, 1 << 31, 99])
@pytest.mark.parametrize(
    ("target", "place"),
    [("to.dtype", 1), ("to.dtype", 4), ("view.dtype", 1), ("contiguous.default", 1)],
)
def test_numbers_of_types_and_formats_never_reach_torch(target, place, number, tmp_path):
    given = [{"as_tensor": {"name": "x"}}, {"as_scalar_type": 7}, *[{"as_bool": False}] * 2]
    arguments = [*given[:place], {"as_int": number}]  # torch would end the process
    path = changed(saved(tmp_path / "m.pt2"), calling(f"torch.ops.aten.{target}", *arguments))
    with pytest.raises(UnreadableModelError, match=r"is -?\d+, not a torch\.(dtype|memory_format)"):
        rfield.load(path)


def test_assertions_and_changes_of_type_read_nothing(tmp_path):
    class Typed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 2, 3)

        def forward(self, x):
            return self.conv(x).to(torch.float64).float()

    path = saved(tmp_path / "m.pt2", Typed())
    program = torch.export.load(path)
    for source in (path, program):
        assert rfield.receptive_field(rfield.load(source)).size == (3, 3)


def test_every_listed_name_exists():
    """A list is read by people: a name that torch does not have would be a wrong promise."""
    listed = (
        admitted.COMPOSITES | admitted.COMPUTED | admitted.READS_NOTHING | admitted.RANDOM
    ) | set(admitted._SIZED)
    missing = [name for name in listed if not hasattr(torch.ops.aten, name.partition("::")[2])]
    assert missing == []
    assert not admitted.COMPOSITES & set(RULES)


def test_a_file_that_ends_while_it_is_read(tmp_path, monkeypatch):
    """Another process may cut it off between its table of contents and a member."""
    file = tmp_path / "model.pt2"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("models/model.json", "{}")

    def ends(*_: object) -> bytes:
        raise EOFError

    monkeypatch.setattr(zipfile.ZipFile, "read", ends)
    with pytest.raises(rfield.UnreadableModelError) as caught:
        rfield.load(file)
    assert str(caught.value) == f"{file}: not a .pt2 file (not a zip archive, or cut off)"
