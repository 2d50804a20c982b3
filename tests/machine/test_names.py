"""Names of layers: each once, and the outputs of the model before all others."""

from __future__ import annotations

from rfield.core import ops
from rfield.core.graph import Draft
from rfield.frontends.machine.names import Names, printable, shown


def named(reserved=()):
    draft = Draft()
    draft.input("x", (4,), [0])
    return Names(draft, reserved)


def add(names, tensor):
    return names.draft.add(names.fresh(tensor), ops.pointwise((4,)), [0])


def test_a_name_that_comes_again_is_numbered():
    names = named()
    made = [names.draft.nodes[add(names, name)].name for name in ("t", "t", "t#2", "t")]
    assert made == ["t", "t#2", "t#2#2", "t#3"]


def test_a_layer_is_called_as_its_op_is_and_else_as_its_tensor():
    names = named()
    names.layer("conv", add(names, "t1"))
    names.layer("conv", add(names, "t2"))
    names.layer("", add(names, "t3"))
    assert names.all_layers() == {"conv": 1, "t2": 2, "t3": 3}


def test_an_output_is_not_shadowed_by_an_op_of_its_name():
    names = named(reserved=["y"])
    names.layer("y", add(names, "hidden"))
    names.layer("last", add(names, "y"))
    assert names.all_layers() == {"hidden": 1, "last": 2}


def test_other_names_of_a_value():
    names = named()
    first = add(names, "t1")
    names.layer("conv", first)
    names.alias("block", first)
    names.alias("conv", add(names, "t2"))
    names.alias("x", first)
    assert names.all_layers() == {"conv": 1, "block": 1}


def test_a_module_ends_with_its_last_value():
    names = named()
    for tensor in ("t1", "t2"):
        index = add(names, tensor)
        names.layer(tensor, index)
        names.module("layer1", index)
    assert names.all_layers() == {"t1": 1, "layer1": 2, "t2": 2}
    del names.draft.names["t2"], names.layers["t2"]
    assert names.all_layers() == {"t1": 1}


def test_control_characters_are_written_out():
    assert printable("a\x1b[31m\nb") == r"a\x1b[31m\nb"
    assert printable("ÿ") == "ÿ"
    assert shown("n" * 500) == "n" * 119 + "…"
