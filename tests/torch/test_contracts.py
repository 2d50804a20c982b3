"""What torch promises: the names and places of arguments on which the front end stands."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from rfield.frontends.torch.functions import table  # noqa: E402
from rfield.frontends.torch.rulebook import RULES  # noqa: E402
from tests.torch.versions import since  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]

SCHEMAS = {
    "convolution.default":
        "input weight bias stride padding dilation transposed output_padding groups",
    "conv2d.default": "input weight bias stride padding dilation groups",
    "conv_transpose2d.input": "input weight bias stride padding output_padding groups dilation",
    "native_batch_norm.default": "input weight bias running_mean running_var training momentum eps",
    "batch_norm.default":
        "input weight bias running_mean running_var training momentum eps cudnn_enabled",
    "max_pool2d_with_indices.default": "self kernel_size stride padding dilation ceil_mode",
    "avg_pool2d.default":
        "self kernel_size stride padding ceil_mode count_include_pad divisor_override",
    "upsample_bilinear2d.vec": "input output_size align_corners scale_factors",
    "upsample_nearest2d.default": "self output_size scales_h scales_w",
    "constant_pad_nd.default": "self pad value",
    "slice.Tensor": "self dim start end step",
    "index.Tensor": "self indices",
    "roll.default": "self shifts dims",
    "im2col.default": "self kernel_size dilation padding stride",
    "scaled_dot_product_attention.default":
        "query key value attn_mask dropout_p is_causal scale enable_gqa",
    "lstm.input":
        "input hx params has_biases num_layers dropout train bidirectional batch_first",
}  # fmt: skip


@since(2, 13, "the ops that are pinned are those of 2.13")
@pytest.mark.parametrize("name", SCHEMAS)
def test_argument_names(name):
    packet, overload = name.split(".")
    schema = getattr(getattr(torch.ops.aten, packet), overload)._schema
    assert " ".join(argument.name for argument in schema.arguments) == SCHEMAS[name]


@since(2, 13, "the ops that are pinned are those of 2.13")
def test_every_rule_of_atens_names_an_op_that_exists():
    gone = [
        name
        for name in RULES
        if name.startswith("aten::")
        and not torch._C._jit_get_schemas_for_operator(name.partition(".")[0])
    ]
    assert set(gone) <= KNOWN_ELSEWHERE


KNOWN_ELSEWHERE: set[str] = set()


def test_intercepted_functions_exist():
    assert len(table()) > 30
