"""Whatever a file says, reading it has no effect; and the harness sees one where there is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

import rfield
from rfield.errors import UnreadableModelError
from tests.effects.exports import KINDS
from tests.effects.files import environment, exports, watched

FRAMEWORKS = {"pt2": "torch", "onnx": "torch", "pb": "keras", "keras": "keras"}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The folder that is watched is ``inner``; exports lie beside it."""
    place = tmp_path_factory.mktemp("effects")
    environment(place)
    return place


@pytest.fixture(scope="module")
def programs(root):
    pytest.importorskip("torch", reason="the archives are written by PyTorch")
    return exports("pt2", root)


@pytest.fixture(scope="module")
def layers(root):
    pytest.importorskip("keras", reason="the archives are written by Keras")
    return exports("keras", root)


def hostile_programs(root: Path) -> list[Path]:
    """Programs that call what no program may."""
    from tests.torch.archives import changed, saved
    from tests.torch.archives import calling, before  # isort: skip
    from tests.torch.test_foreign import FORBIDDEN, GREEDY, HUGE

    inner = root / "inner"
    made = []
    for number, (target, arguments) in enumerate(FORBIDDEN.items()):
        made.append(changed(saved(inner / f"called{number}.pt2"), calling(target, *arguments)))
    for name, (target, arguments) in GREEDY.items():
        path = changed(saved(inner / f"greedy_{name}.pt2"), before((target, arguments, "t")))
        made.append(path)
    eight = ("torch.ops.aten.zeros.default", [{"as_ints": [8]}], "t")
    tensor = {"as_tensor": {"name": "t"}}
    for name in ("normal_", "uniform_", "random_", "exponential_", "bernoulli_.float"):
        op, _, overload = name.partition(".")
        step = (f"torch.ops.aten.{op}.{overload or 'default'}", [tensor], "u")
        made.append(changed(saved(inner / f"{op}.pt2"), before(eight, step)))
    wide = ("torch.ops.aten.zeros.default", [{"as_ints": [1 << 40]}], "t")
    for name in ("unbind.int", "split.Tensor", "chunk.default", "hsplit.int"):
        count = {"as_int": HUGE >> 22 if name in ("chunk.default", "hsplit.int") else 1}
        arguments = [tensor] if name == "unbind.int" else [tensor, count]
        step = (f"torch.ops.aten.{name}", arguments, "u")
        made.append(changed(saved(inner / f"parts_{name}.pt2"), before(wide, step)))
    return made


@pytest.mark.torch
def test_programs_have_no_effect(root, programs):
    files = hostile_programs(root)
    found = watched(root, files, programs)
    assert [
        (f.name, faults) for f, (_, _, faults) in zip(files, found, strict=True) if faults
    ] == []
    assert len(found) == len(files) > 30
    refused = [outcome for outcome, _, _ in found if outcome != "answer"]
    assert set(refused) == {"UnsupportedOpError", "UnreadableModelError"}


@pytest.mark.torch
def test_a_hole_in_programs_is_seen(root, programs):
    from tests.torch.archives import calling, changed, saved

    inner = root / "inner"
    library = {"as_string": "inner/written.so"}
    files = [
        changed(saved(inner / "load.pt2"), calling("torch.ops.load_library", library)),
        changed(
            saved(inner / "module.pt2"),
            calling("torch.ops.import_module", {"as_string": "antigravity"}),
        ),
        changed(
            saved(inner / "map.pt2"),
            calling(
                "torch.ops.aten.from_file.default",
                {"as_string": str(inner / "mapped")}, {"as_bool": True}, {"as_int": 64},
            ),
        ),
    ]  # fmt: skip
    load, module, mapped = watched(root, files, programs, "tests.effects.holes:resolving")
    assert load[1][0].startswith("ctypes.dlopen")
    assert "module antigravity is new or changed" in module[1]
    assert "file mapped is new or changed" in mapped[1]


@pytest.mark.keras
def test_layers_have_no_effect(root, layers):
    from tests.keras import rewrites, traps
    from tests.keras.damage import zipped

    files = []
    for number, item in enumerate(traps.objects()):
        config = json.loads(json.dumps(rewrites.in_a_row(3)))
        config["config"]["layers"][-1].update(item)
        path = root / "inner" / f"layer{number}.keras"
        path.write_bytes(zipped([("config.json", rewrites.text_of(config))]))
        files.append(path)
    found = watched(root, files, layers)
    assert [
        (f.name, faults) for f, (_, _, faults) in zip(files, found, strict=True) if faults
    ] == []
    assert len(found) == len(files) > 40
    assert [outcome for outcome, _, _ in found].count("UnreadableModelError") > 40


@pytest.mark.keras
def test_a_hole_in_layers_is_seen(root, layers):
    from tests.keras import rewrites, traps
    from tests.keras.damage import zipped

    files = []
    for name, function in (("code", traps.functions()[-1]), ("os", traps.functions()[0])):
        config = json.loads(json.dumps(rewrites.in_a_row(3)))
        entry = {"class_name": "Lambda", "config": {"name": "l0", "function": function}}
        config["config"]["layers"][-1].update(entry)
        files.append(root / "inner" / f"{name}.keras")
        files[-1].write_bytes(zipped([("config.json", rewrites.text_of(config))]))
    code, _ = watched(root, files, layers, "tests.effects.holes:trusting")
    assert code[1][0].startswith(("marshal.loads", "code.__new__", "exec"))
    unpacked = root / "inner" / "unpacked.keras"
    shutil.copy(layers[0], unpacked)
    ((_, effects, _),) = watched(root, [unpacked], layers, "tests.effects.holes:unpacking")
    assert "for writing" in effects[0]


@pytest.mark.torch
@pytest.mark.parametrize(
    ("hole", "said"),
    [
        ("natively_written", "file made is new or changed"),
        ("natively_written", "mapping of "),
        ("drawing", "random numbers is new or changed"),
        ("starting", "subprocess.Popen"),
        ("wandering", "open /etc/passwd"),
        ("endless", "CRASH KeyError at holes.py:"),
        ("endless", "1536 MB"),
    ],
)
def test_every_kind_of_effect_is_seen(root, programs, hole, said):
    path = root / "inner" / "plain.pt2"
    shutil.copy(programs[0], path)
    (root / "inner" / "made").unlink(missing_ok=True)
    ((_, _, faults),) = watched(root, [path], programs, f"tests.effects.holes:{hole}")
    assert any(fault.startswith(said) for fault in faults), faults
    ((outcome, _, faults),) = watched(root, [path], programs)
    assert (outcome, faults) == ("answer", [])


@pytest.mark.keras
def test_tensorflow_starts_without_a_word(root, layers):
    code = "import rfield, sys; print(rfield.receptive_field(sys.argv[1]).size)"
    command = [sys.executable, "-W", "ignore", "-c", code, str(layers[1])]
    done = subprocess.run(
        command, env=environment(root), capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("(7, 7)\n", "")


@pytest.mark.keras
def test_other_words_are_passed_on(root):
    code = (
        "import os, rfield.frontends.registry as r\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'keras': os.write(2, b'I0000 00:00:1.2 3 a.cc:4] start\\nmine\\n')\n"
        "import sys; sys.meta_path.insert(0, Finder())\n"
        "r.resolve('keras:read_path')\n"
        "assert 'TF_CPP_MIN_LOG_LEVEL' not in os.environ\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=environment(root), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == "mine\n"


# --- what is no regular file


@pytest.mark.parametrize("kind", [*KINDS, "pbtxt"])
def test_what_is_no_regular_file_is_refused(tmp_path, kind):
    pipe, device, folder = (tmp_path / f"{name}.{kind}" for name in ("pipe", "device", "folder"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    folder.mkdir()
    loop = tmp_path / f"loop.{kind}"
    loop.symlink_to(loop)
    refusals = {
        pipe: "a pipe; a model is read from a regular file",
        device: "a device; a model is read from a regular file",
        folder: "a folder, but not a SavedModel (no saved_model.pb in it)",
        loop: "Too many levels of symbolic links",
        tmp_path / f"none.{kind}": "there is no such file",
    }
    for path, said in refusals.items():
        with pytest.raises(UnreadableModelError) as caught:
            rfield.load(path)
        assert str(caught.value) == f"{path}: {said}"


@pytest.mark.parametrize("kind", KINDS)
def test_links_into_proc(tmp_path, kind):
    """Files without a length, which give more than that, wait for ever, or are one's memory."""
    for number, target in enumerate(("/proc/self/maps", "/proc/self/mem", "/proc/kmsg")):
        path = tmp_path / f"link{number}.{kind}"
        path.symlink_to(target)
        with pytest.raises(UnreadableModelError) as caught:
            rfield.load(path)
        assert str(caught.value) == (
            f"{path}: a file of the system, which has no end; a model is read from a regular file"
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_changes_while_it_is_read(tmp_path, root, kind):
    """It is cut to nothing and grows again, all the time: an answer or one of our errors."""
    pytest.importorskip(FRAMEWORKS[kind], reason="the files are written by it")
    good = sorted(root.glob(f"good*.{kind}")) or exports(kind, root)
    data = good[0].read_bytes()
    path = tmp_path / f"changing.{kind}"
    path.write_bytes(data)
    done = threading.Event()

    def change() -> None:
        with path.open("r+b") as file:
            while not done.is_set():
                for size in (len(data), len(data) // 2, 0, len(data) - 7):
                    file.seek(0)
                    file.truncate(size)
                    file.write(data[:size])
                    file.flush()
                file.seek(0)
                file.write(data + b"\0" * 4096)
                file.flush()

    writer = threading.Thread(target=change)
    writer.start()
    try:
        for _ in range(30):
            with suppress(rfield.RFieldError):
                rfield.load(path)
    finally:
        done.set()
        writer.join()
