"""Input sizes that are free: what stays is said, what depends on them is unknown or refused."""

from __future__ import annotations

import pytest

pytest.importorskip("jax", reason="needs JAX")

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import rfield
from rfield.errors import InvalidModelError, TooLargeError

pytestmark = pytest.mark.jax


def conv(x, kernel, stride=1, padding="SAME"):
    weight = jnp.ones((kernel, kernel, x.shape[-1], 2))
    return lax.conv_general_dilated(
        x, weight, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def two(image):
    with jax.named_scope("even"):
        image = conv(image, 3)
    with jax.named_scope("strided"):
        return conv(image, 3, 2)


def test_padding_that_depends_on_the_size_is_unknown():
    graph = rfield.load(two, (None, None, None, 3))
    fields = rfield.receptive_fields(graph)
    assert graph.shape(graph.index("even")) == (None, None, None, 2)
    assert (fields["even"].size, fields["even"].padding) == ((3, 3), (1, 1))
    assert (fields["strided"].size, fields["strided"].stride) == ((5, 5), (2, 2))
    assert fields["strided"].padding == (None, None)
    odd = graph.reread({"image": (1, 13, 12, 3)})
    assert rfield.receptive_field(odd).padding == (2, 1)


def test_a_free_batch_changes_nothing():
    field = rfield.receptive_field(two, input_shape=(None, 13, 12, 3))
    assert (field.size, field.padding) == ((5, 5), (2, 1))


def test_sizes_along_one_axis():
    field = rfield.receptive_field(two, input_shape=(1, None, 12, 3))
    assert field.padding == (None, 1)


def test_a_mask_of_all_pairs_is_computed_at_smaller_sizes():
    def attend(x):
        scores = x @ x.transpose(0, 2, 1)
        causal = jnp.tril(jnp.ones(scores.shape, bool))
        return jax.nn.softmax(jnp.where(causal, scores, -jnp.inf)) @ x

    graph = rfield.load(attend, (1, None, 4), axes=(1,))
    assert rfield.receptive_field(graph).fidelity is rfield.Fidelity.EXACT
    found = rfield.support(graph.reread({"x": (1, 7, 4)}), (3,))
    assert (found.offset, found.mask.tolist()) == ((0,), [True] * 4)
    assert found.fidelity is rfield.Fidelity.EXACT


def test_a_resize_to_twice_the_size():
    def larger(x):
        return jax.image.resize(x, (1, 2 * x.shape[1], 1), "linear")

    field = rfield.receptive_field(larger, input_shape=(1, None, 1), axes=(1,))
    assert (field.size, field.stride, field.fidelity) == (
        (2,), (rfield.receptive_field(larger, input_shape=(1, 20, 1), axes=(1,)).stride),
        rfield.Fidelity.EXACT,
    )  # fmt: skip


def test_a_table_of_positions_of_one_size_is_refused():
    table = np.ones((1, 12, 4), "float32")
    with pytest.raises(InvalidModelError) as error:
        rfield.load(lambda tokens: tokens + table, (1, None, 4))
    assert str(error.value) == (
        "the model cannot be traced with the input (1, ?, 4): TypeError: add got incompatible "
        "shapes for broadcasting: (1, ?, 4), (1, 12, 4).\n"
        "  The model leaves input sizes free, but does not accept every size.\n"
        "  Give input_shape; free are: 'tokens' (1, ?, 4)"
    )


def test_a_table_that_is_too_large_at_every_size_is_refused():
    def cubes(x):
        n = jnp.arange(x.shape[1])
        near = jnp.abs(n[:, None, None] - n[None, :, None] - n) < 2
        return jnp.einsum("btc,tuv->buvc", x, near * 1.0)

    with pytest.raises(TooLargeError) as error:
        rfield.load(cubes, (1, None, 4), axes=(1,))
    assert str(error.value) == (
        "sub (sub): a table that is computed needs ? cells, more than fit. "
        "Give a smaller input_shape.\n"
        "  The model leaves input sizes free, but does not accept every size.\n"
        "  Give input_shape; free are: 'x' (1, ?, 4)"
    )


def test_a_mask_that_is_too_large_to_be_computed_makes_a_bound():
    """Of 5,000 positions: all pairs are more than are looked at."""

    def attend(x):
        n = jnp.arange(x.shape[1])
        return jnp.where(n[:, None] >= n, x @ x.transpose(0, 2, 1), 0) @ x

    field = rfield.receptive_field(attend, input_shape=(1, 5000, 4), axes=(1,))
    assert field.fidelity is rfield.Fidelity.UPPER_BOUND
    assert field.size == (rfield.UNBOUNDED,)
    few = rfield.receptive_field(attend, input_shape=(1, 50, 4), axes=(1,))
    assert few.fidelity is rfield.Fidelity.EXACT


def test_a_branch_at_small_sizes_is_a_premise():
    def chosen(x):
        kernel = jnp.ones((9 if x.shape[1] < 20 else 3, 1, 1))
        return jax.lax.conv_general_dilated(
            x, kernel, (1,), "SAME", dimension_numbers=("NWC", "WIO", "NWC")
        )

    field = rfield.receptive_field(chosen, input_shape=(1, None, 1), axes=(1,))
    assert field.size == (3,)
    assert "free sizes are taken to be 20 or more: at 19" in field.premises[0]
