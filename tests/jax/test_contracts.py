"""What JAX promises of a jaxpr, and what is said where it cannot be read: an upgrade fails here."""

from __future__ import annotations

import pytest

pytest.importorskip("jax", reason="needs JAX")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import rfield
from rfield.errors import (
    InvalidModelError,
    UnreadableModelError,
    UnsupportedOpError,
)

pytestmark = pytest.mark.jax


def parameters(function, *shapes):
    jaxpr = jax.make_jaxpr(function)(*[jax.ShapeDtypeStruct(s, "float32") for s in shapes])
    return jaxpr.jaxpr.eqns[0].primitive.name, jaxpr.jaxpr.eqns[0].params


def test_a_convolution_names_its_axes_batch_feature_then_space():
    name, found = parameters(
        lambda x, w: lax.conv_general_dilated(
            x, w, (2,), ((1, 1),), (3,), (1,), dimension_numbers=("NWC", "WIO", "NCW")
        ), (1, 8, 3), (3, 3, 4),
    )  # fmt: skip
    numbers = found["dimension_numbers"]
    assert name == "conv_general_dilated"
    assert (numbers.lhs_spec, numbers.rhs_spec, numbers.out_spec) == (
        (0, 2, 1),
        (2, 1, 0),
        (0, 1, 2),
    )
    assert found["padding"] == ((1, 1),)
    assert (found["lhs_dilation"], found["rhs_dilation"]) == ((3,), (1,))
    assert (found["feature_group_count"], found["batch_group_count"]) == (1, 1)


def test_a_product_names_contracted_axes_and_then_batches():
    name, found = parameters(lambda a, b: jnp.einsum("bij,bjk->bik", a, b), (2, 3, 4), (2, 4, 5))
    assert name == "dot_general"
    assert found["dimension_numbers"] == (((2,), (1,)), ((0,), (0,)))


def test_a_scan_holds_constants_then_state_then_what_is_scanned():
    name, found = parameters(
        lambda w, s, x: lax.scan(lambda c, y: (c + w * y, c), s, x), (3,), (3,), (5, 3)
    )
    assert (name, found["num_consts"], found["num_carry"], found["length"]) == ("scan", 1, 1, 5)


def test_the_branches_of_a_condition_stand_in_order():
    def of(x):
        return lax.cond(True, lambda y: y + 1, jnp.flip, x)

    graph = rfield.load(of, (1, 5))
    assert rfield.support(graph, (1,)).offset == (1,)  # the true branch keeps the place


def test_a_model_without_a_shape():
    with pytest.raises(UnreadableModelError) as error:
        rfield.load(lambda x: x)
    assert str(error.value) == (
        "a JAX model has no input shape of its own.\n"
        "  Give one:   rfield.load(model, (1, 224, 224, 3))"
    )


def test_an_op_without_a_rule():
    def decomposed(x):
        return jnp.linalg.svd(x)

    line = decomposed.__code__.co_firstlineno + 1
    with pytest.raises(UnsupportedOpError) as error:
        rfield.load(decomposed, (1, 4, 4))
    assert str(error.value) == (
        "UnsupportedOp: no rule for jax op 'svd' (1 use).\n"
        f"  first use: svd/svd   output (1, 4)   test_contracts.py:{line}\n"
        '  Treat it as reading everything:   rfield.load(model, unknown="whole")\n'
        '  Or teach it:                      @rfield.frontends.jax.rule("svd")'
    )
    graph = rfield.load(jnp.linalg.svd, (1, 4, 4), unknown="whole")
    assert rfield.receptive_field(graph).fidelity is rfield.Fidelity.UPPER_BOUND


def test_a_model_that_rejects_its_input():
    with pytest.raises(InvalidModelError) as error:
        rfield.load(lambda x: x @ x, (1, 3, 4))
    assert str(error.value) == (
        "the model cannot be traced with the input (1, 3, 4): TypeError: dot_general requires "
        "contracting dimensions to have the same shape, got (4,) and (3,).\n"
        "  input_shape=(1, 3, 4) is short: batch and channels count, as in "
        "input_shape=(1, 3, 224, 224)"
    )


def test_a_row_that_is_masked_throughout_still_reads_every_value():
    """A softmax of nothing but the most negative number is uniform, not zero."""
    low = np.full((1, 3, 3), np.finfo("float32").min, "float32")

    def attend(x):
        scores = jnp.where(np.array([[[True], [False], [True]]]), x @ x.transpose(0, 2, 1), low)
        return jax.nn.softmax(scores) @ x

    graph = rfield.load(attend, (1, 3, 2), axes=(1,))
    found = rfield.support(graph, (1,))
    assert found.offset == (0,)
    assert found.mask.tolist() == [True, True, True]
