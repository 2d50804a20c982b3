"""Live models: names, inputs, outputs, the promise to change nothing, and every error's text."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import torch.nn.functional as F  # noqa: E402, N812
from torch import nn  # noqa: E402

import rfield  # noqa: E402
from rfield.errors import (  # noqa: E402
    InvalidModelError,
    UnknownNameError,
    UnreadableModelError,
    UnsupportedOpError,
)
from rfield.frontends.machine.rules import DuplicateRuleError  # noqa: E402
from rfield.frontends.torch import RULES  # noqa: E402
from tests.torch.cases import Function  # noqa: E402
from tests.torch.versions import since  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]


class Block(nn.Module):
    """A residual block with buffers, dropout, an in-place op and a module called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 3, 3, padding=1)
        self.bn = nn.BatchNorm2d(3)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("seen", torch.zeros(3))
        self.cache: list[torch.Tensor] = []
        self.fail = False

    def forward(self, x):
        y = self.relu(self.bn(self.conv1(x)))
        self.seen.add_(1)
        self.cache.append(y)
        self.last = y
        y += x
        y = self.drop(y) + torch.rand(1) + random.random() + float(np.random.rand())
        if self.fail:
            raise RuntimeError("the user's own")
        return self.relu(y)


def state(model):
    """Everything a forward pass could change, copied."""
    return copy.deepcopy(
        {
            "tensors": {k: v.clone() for k, v in model.state_dict().items()},
            "modes": [m.training for m in model.modules()],
            "names": [sorted(vars(m)) for m in model.modules()],
            "hooks": [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()],
            "globals": len(torch.nn.modules.module._global_forward_hooks),
            "cache": [len(m.cache) for m in model.modules() if hasattr(m, "cache")],
            "rng": torch.get_rng_state(),
            "python": random.getstate(),
            "numpy": np.random.get_state()[1].tolist(),
            "grad": torch.is_grad_enabled(),
            "dtype": torch.get_default_dtype(),
        }
    )


def equal(before, after):
    assert before.keys() == after.keys()
    for key, value in before.items():
        if key == "tensors":
            assert all(torch.equal(value[k], after[key][k]) for k in value), key
        elif key == "rng":
            assert torch.equal(value, after[key])
        else:
            assert value == after[key], key


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("fail", [False, True])
@pytest.mark.parametrize("values", [False, True])
def test_the_model_comes_back_untouched(training, fail, values):
    model = nn.Sequential(Block(), Block())
    model[1].eval()
    model[0].conv1.register_forward_hook(lambda _m, _a, out: out)
    model[1].fail = fail
    options = {"example_inputs": torch.rand(1, 3, 8, 8), "values": True} if values else {}
    before = state(model)
    shape = None if values else (1, 3, 8, 8)
    if fail:
        with pytest.raises(InvalidModelError):
            rfield.load(model, shape, training=training, **options)
    else:
        rfield.load(model, shape, training=training, **options)
    equal(before, state(model))
    assert all(p.grad is None and p.device.type == "cpu" for p in model.parameters())


def test_names_are_those_of_the_modules_and_a_second_call_is_counted():
    graph = rfield.load(Block(), (1, 3, 8, 8))
    assert graph.inputs == ("x",)
    assert graph.layers == ("conv1", "bn", "relu", "drop", "relu#2")
    assert [node.name for node in graph.nodes] == [
        "x", "conv1/conv2d", "bn/batch_norm", "relu/relu", "add", "add#2", "add#3", "add#4",
        "relu#2/relu",
    ]  # fmt: skip
    assert graph.nodes[graph.index("add")].operands == (graph.index("relu"), graph.index("x"))


def test_training_reads_the_whole_batch_in_batch_norm():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    local = rfield.receptive_field(model, "1", input_shape=(1, 3, 16, 16))
    whole = rfield.receptive_field(model, "1", input_shape=(1, 3, 16, 16), training=True)
    assert local.size == (3, 3)
    assert whole.size == (rfield.UNBOUNDED, rfield.UNBOUNDED)
    assert whole.local.size == (3, 3)


@dataclass
class Answer:
    """What a model may return."""

    wide: torch.Tensor
    narrow: dict


def test_inputs_by_name_and_outputs_in_any_container():
    class Two(nn.Module):
        def forward(self, left, right, scale=1.0):
            joined = left * scale + right
            return Answer(joined, {"a": [joined[:, :, 1:]]})

    shapes = {"right": (1, 2, 5), "left": (1, 2, 5)}
    graph = rfield.load(Two(), shapes)
    assert set(graph.inputs) == {"left", "right"}
    assert [graph.nodes[i].shape for i in graph.outputs_] == [(1, 2, 5), (1, 2, 4)]
    graph = rfield.load(Two(), [(1, 2, 5), (1, 2, 5)])
    assert graph.inputs == ("left", "right")
    example = (torch.rand(1, 2, 5), torch.rand(1, 2, 5))
    graph = rfield.load(Two(), example_inputs=example, example_kwargs={"scale": 2.0})
    assert graph.inputs == ("left", "right")


@since(2, 13, "a compiled model cannot be called on another device")
def test_types_devices_and_wrappers():
    for model in (
        nn.Conv2d(3, 4, 3).half(),
        nn.Conv2d(3, 4, 3).to(torch.bfloat16),
        nn.Conv2d(3, 4, 3).double(),
        nn.Conv2d(3, 4, 3, device="meta"),
        nn.DataParallel(nn.Sequential(nn.Conv2d(3, 4, 3))),
        torch.jit.script(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())),
        nn.Sequential(nn.Conv2d(3, 4, 3), torch.jit.script(nn.ReLU())),
        torch.compile(nn.Sequential(nn.Conv2d(3, 4, 3)), backend="eager"),
        Function(lambda x, m: torch.utils.checkpoint.checkpoint(m, x, use_reentrant=False),
                 nn.Conv2d(3, 4, 3)),
    ):  # fmt: skip
        assert rfield.receptive_field(model, input_shape=(1, 3, 9, 9)).size == (3, 3)


def test_a_frozen_script_has_no_mode_and_gets_none():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 3)).eval()
    model = torch.jit.freeze(torch.jit.script(net))
    assert rfield.receptive_field(model, input_shape=(1, 3, 9, 9)).size == (5, 5)
    assert not hasattr(model, "training")


def test_token_ids_are_an_input_like_any_other():
    model = nn.Sequential(nn.Embedding(10, 4), nn.LSTM(4, 5, batch_first=True))
    graph = rfield.load(model, (1, 6), dtype=torch.int64)
    assert rfield.receptive_field(graph, "0").size == (1,)
    assert rfield.load(model, (1, 6)).layers == graph.layers


def test_a_large_input_costs_no_memory():
    model = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.MaxPool2d(2))
    graph = rfield.load(model, (1, 3, 65536, 65536))
    assert graph.nodes[-1].shape == (1, 64, 32767, 32767)


def test_constants_made_in_forward_are_known():
    def columns(x):
        keep = torch.arange(x.shape[-1], device=x.device)[::3]
        return x[..., keep] if int(keep.sum()) > 0 else x

    rf = rfield.receptive_field(Function(columns), input_shape=(1, 1, 12))
    assert rf.stride == (3,)
    assert rf.fidelity is rfield.Fidelity.EXACT


def test_values_are_needed_where_the_model_looks_at_them():
    def forward(x, conv):
        return conv(x) if x.sum() > 0 else x

    model = nn.Sequential(Function(forward, nn.Conv1d(1, 1, 3)))
    with pytest.raises(UnreadableModelError) as caught:
        rfield.load(model, (1, 1, 8))
    first, *rest = str(caught.value).splitlines()
    assert first.startswith("'local_scalar_dense' looks at the values of a tensor, in layer '0', ")
    assert first.rpartition(", ")[2].startswith("test_capture.py:")
    assert rest == [
        "  The model was read without numbers, so there is nothing to look at. Either",
        "  - pass real data:        rfield.load(model, example_inputs=(x,), values=True)",
        "  - read a part of it:     rfield.load(model.backbone, input_shape)",
    ]
    graph = rfield.load(model, example_inputs=(torch.ones(1, 1, 8),), values=True)
    assert rfield.receptive_field(graph).size == (3,)


def test_all_unknown_ops_are_named_at_once():
    def forward(x):
        y = torch.linalg.householder_product(x, x[..., 0])
        return torch.special.airy_ai(y) + torch.special.airy_ai(x)

    model = nn.Sequential(Function(forward))
    with pytest.raises(UnsupportedOpError) as caught:
        rfield.load(model, (1, 1, 4, 4))
    lines = [
        line.rpartition("   test_capture.py:")[0] or line for line in str(caught.value).splitlines()
    ]
    assert lines == [
        "UnsupportedOp: no rule for torch op 'aten.linalg_householder_product.default' (1 use).",
        "  first use: 0   output (1, 1, 4, 4)",
        f"  nearest known op: {RULES.nearest('aten::linalg_householder_product')}",
        "UnsupportedOp: no rule for torch op 'aten.special_airy_ai.default' (2 uses).",
        "  first use: 0   output (1, 1, 4, 4)",
        f"  nearest known op: {RULES.nearest('aten::special_airy_ai')}",
        '  Treat it as reading everything:   rfield.load(model, unknown="whole")',
        "  Or teach it:                      "
        '@rfield.frontends.torch.rule("aten::linalg_householder_product")',
    ]
    graph = rfield.load(model, (1, 1, 4, 4), unknown="whole")
    rf = rfield.receptive_field(graph)
    assert rf.size == (rfield.UNBOUNDED, rfield.UNBOUNDED)
    assert rf.fidelity is rfield.Fidelity.UPPER_BOUND


@since(2, 13, "torch.library does not take annotations as text")
def test_a_rule_of_ones_own():
    @torch.library.custom_op("rfield_test::blur", mutates_args=())
    def blur(image: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(image, 3, 1, 1)

    blur.register_fake(torch.empty_like)
    model = Function(blur)
    with pytest.raises(UnsupportedOpError, match=r"rfield_test\.blur"):
        rfield.load(model, (1, 1, 8, 8))

    def read_blur(arg):
        return rfield.core.ops.pool(tuple(arg.image.shape), kernel=(3, 3), stride=1, padding=1)

    RULES.rule("rfield_test::blur")(read_blur)
    assert rfield.receptive_field(model, input_shape=(1, 1, 8, 8)).size == (3, 3)
    with pytest.raises(DuplicateRuleError) as caught:
        RULES.rule("rfield_test::blur")(read_blur)
    assert str(caught.value) == (
        "torch: 'rfield_test::blur' has a rule already (test_capture.read_blur). "
        "To put another in its place, pass replace=True."
    )


def test_bad_input_is_answered_in_words(tmp_path):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(5, 2))
    with pytest.raises(InvalidModelError, match="input_shape is missing: a Sequential does not"):
        rfield.load(model)
    with pytest.raises(InvalidModelError) as caught:
        rfield.load(model, (1, 3, 16, 16))
    assert "1/linear" in str(caught.value) or "layer '1' (Linear)" in str(caught.value)
    with pytest.raises(InvalidModelError, match="returns no tensor that depends on its input"):
        rfield.load(Function(lambda x: 3), (1, 2))
    with pytest.raises(UnknownNameError, match="unknown input 'y'"):
        rfield.load(Function(lambda x: x), {"y": (1, 2)})
    with pytest.raises(UnknownNameError, match="unknown option 'exampel_inputs'"):
        rfield.load(model, (1, 3, 7, 7), exampel_inputs=1)
    with pytest.raises(UnreadableModelError, match="Pass an instance, not the class"):
        rfield.load(nn.Conv2d, (1, 3, 7, 7))
    pickled = tmp_path / "model.pt"
    pickled.write_bytes(b"not even a pickle")
    with pytest.raises(UnreadableModelError, match="It was not opened"):
        rfield.load(pickled, (1, 3, 7, 7))
    assert rfield.load(nn.Identity(), (1, 3, 7, 7)).outputs == ("input",)


def test_the_users_error_comes_with_its_layer_and_line():
    model = nn.Sequential(nn.ReLU(), Block())
    model[1].fail = True
    with pytest.raises(InvalidModelError) as caught:
        rfield.load(model, (1, 3, 8, 8))
    first, second = str(caught.value).splitlines()
    assert first.startswith("the model raised RuntimeError in layer '1' (Block), test_capture.py:")
    assert first.endswith("given input (1, 3, 8, 8):")
    assert second == "  the user's own"
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_size_of_none_is_free():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.AdaptiveAvgPool2d(1))
    graph = rfield.load(model, (1, 3, None, 64))
    assert graph.shape(graph.index("0")) == (1, 4, None, 32)
    assert rfield.receptive_field(graph, "0").padding == (1, 1)
    again = graph.reread({"input": (1, 3, 10, 20)})
    assert again.nodes[again.index("0")].shape == (1, 4, 5, 10)


def test_padding_computed_from_a_free_size_is_unknown():
    class Same(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(1, 1, 4, stride=2)

        def forward(self, x):
            total = max(0, (-(-x.shape[-1] // 2) - 1) * 2 + 4 - x.shape[-1])
            return self.conv(F.pad(x, (total // 2, total - total // 2)))

    assert rfield.receptive_field(Same(), input_shape=(1, 1, 10)).padding == (1,)
    rf = rfield.receptive_field(Same(), input_shape=(1, 1, None))
    assert (rf.size, rf.stride) == ((4,), (2,))


def test_a_mirror_longer_than_what_it_mirrors_is_refused_as_pytorch_refuses_it():
    model = nn.ReflectionPad1d((0, 3))
    with pytest.raises(RuntimeError):
        model(torch.zeros(1, 1, 3))
    with pytest.raises(
        rfield.RFieldError, match="reflect padding of 0 and 3 does not fit an axis of 3"
    ):
        rfield.load(model, (1, 1, 3))
    assert rfield.load(model, (1, 1, 4))


def test_more_cannot_be_cropped_than_there_is():
    model = nn.ZeroPad1d((2, -2))
    with pytest.raises(RuntimeError):
        model(torch.zeros(1, 1, 1))
    with pytest.raises(
        rfield.RFieldError, match="constant padding of 2 and -2 does not fit an axis of 1"
    ):
        rfield.load(model, (1, 1, 1))
    assert rfield.load(model, (1, 1, 2))


def test_the_wider_type_wins_as_in_torch():
    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.act = nn.Conv1d(2, 2, 3), nn.PReLU()

        def forward(self, x):
            return self.act(torch.tensor([0.0], device=x.device) + self.conv(x))

    assert rfield.receptive_field(Sum().double(), input_shape=(1, 2, 9)).size == (3,)
