"""A plan that is run: padding of every kind, differences and where they are, what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rfield
from rfield.analysis.pieces.tiles.check import check_tiling
from rfield.errors import InvalidModelError


class TestTiles:
    """A 3 x 3 sum over 20 x 14 in tiles of 8 x 8."""

    b = rfield.GraphBuilder()
    graph = b.build([b.conv("sum", b.input("x", (1, 1, 20, 14)), kernel=3, padding=1)])
    plan = rfield.tile_plan(graph, (20, 14), tile=8)

    @staticmethod
    def sums(x: np.ndarray) -> np.ndarray:
        laid = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(1, 1), (1, 1)])
        rows = laid[..., 2:, :] + laid[..., 1:-1, :] + laid[..., :-2, :]
        return rows[..., 2:] + rows[..., 1:-1] + rows[..., :-2]

    image = np.arange(280.0).reshape(1, 1, 20, 14) % 17

    def test_texts(self) -> None:
        assert str(self.plan) == (
            "6 tiles of 8 × 8 every 6 × 6 over 20 × 14 (exact, 1.37 × the image is computed)"
        )
        one = rfield.tile_plan(self.graph, (20, 14), tile=20)
        assert (
            str(one)
            == "1 tile of 20 × 14 every 20 × 14 over 20 × 14 (exact, 1.00 × the image is computed)"
        )
        two = rfield.tile_plan(self.graph, (20, 14), tile=(14, 14))
        assert str(two).startswith("2 tiles of 14 × 14 every 12 × 14")
        assert self.plan.axis("x").size == 14
        with pytest.raises(rfield.RFieldError) as told:
            self.plan.axis("z")
        assert str(told.value) == "unknown axis 'z'. Known: y, x."

    def test_what_is_equal_has_no_worst_tile(self) -> None:
        found = check_tiling(self.sums, (self.image,), self.plan)
        assert found
        assert (found.tiles, found.compared, found.identical) == (6, 280, 280)
        assert (found.difference, found.worst, found.scale) == (0, None, 108)
        assert str(found) == (
            "tiled equals whole: 280 of 280 outputs of 6 tiles are identical in float64"
        )

    @pytest.mark.parametrize(
        ("at", "tile"),
        [((0, 0), (0, 0)), ((6, 7), (0, 1)), ((7, 6), (1, 0)), ((12, 7), (1, 1)), ((13, 0), (2, 0)),
         ((19, 13), (2, 1))],
    )  # fmt: skip
    def test_the_tile_of_the_largest_difference(
        self, at: tuple[int, int], tile: tuple[int, int]
    ) -> None:
        """The whole differs at one output; it is the tile that writes there."""

        def function(x: np.ndarray) -> np.ndarray:
            found = self.sums(x)
            if x.shape[2:] == (20, 14):
                found[0, 0, at[0], at[1]] += 4.5
            return found

        found = check_tiling(function, (self.image,), self.plan)
        assert not found
        assert (found.identical, found.difference, found.worst) == (279, 4.5, tile)
        assert f"at most 4.5 of {found.scale:.3g}, most in tile {tile}\n" in str(found)

    def test_differences_of_rounding_and_of_nan(self) -> None:
        def function(x: np.ndarray, more: float) -> np.ndarray:
            found = self.sums(x)
            found[0, 0, 3, 3] += more if x.shape[2:] == (20, 14) else 0
            return found

        near = check_tiling(lambda x: function(x, 1e-13), (self.image,), self.plan)
        assert near
        assert "up to the order of additions" in str(near)
        far = check_tiling(lambda x: function(x, np.nan), (self.image,), self.plan)
        assert not far
        assert (far.difference, far.worst) == (np.inf, (0, 0))

    def test_axes_counted_from_the_end(self) -> None:
        flat = self.image[0, 0]
        found = rfield.run_tiled(self.sums, flat, self.plan, axes=(-2, -1), output_axes=(-2, -1))
        assert np.array_equal(found, self.sums(flat))

    def test_no_result_into_what_tiles_still_read(self) -> None:
        for image, out in ((self.image, self.image), (self.image, self.image[:1])):
            with pytest.raises(InvalidModelError, match="out shares memory with the image"):
                rfield.run_tiled(self.sums, image, self.plan, out=out)
        both = np.zeros((1, 1, 20, 14, 2))
        both[..., 0] = self.image
        rfield.run_tiled(self.sums, both[..., 0], self.plan, out=both[..., 1])  # side by side
        assert np.array_equal(both[..., 1], self.sums(self.image))
        b = rfield.GraphBuilder()
        plain = b.build([b.pointwise("twice", b.input("x", (1, 1, 20, 14)))])
        image = self.image.copy()
        plan = rfield.tile_plan(plain, (20, 14), tile=(5, 14))  # no tile reads of another
        assert np.array_equal(
            rfield.run_tiled(lambda x: 2 * x, image, plan, out=image), 2 * self.image
        )

    def test_a_place_that_would_cut_the_results_off(self) -> None:
        image, wide = self.image + 0.5, (1, 1, 20, 14)
        with pytest.raises(InvalidModelError) as told:
            rfield.run_tiled(self.sums, image, self.plan, out=np.zeros(wide, np.uint8))
        assert str(told.value) == (
            "out is of type uint8, which does not hold the results of type float64"
        )
        rfield.run_tiled(self.sums, image, self.plan, out=np.zeros(wide, np.float32))

        def labels(part: Any) -> Any:
            return self.sums(part).astype(np.int64) % 5

        found = rfield.run_tiled(labels, image, self.plan, out=np.zeros(wide, np.uint8))
        assert np.array_equal(found, labels(image))

    def test_a_result_without_the_axes(self) -> None:
        with pytest.raises(rfield.RFieldError) as told:
            rfield.run_tiled(lambda x: np.zeros(8), self.image, self.plan)
        assert str(told.value) == (
            "tile (0, 0): the function gave (8,); its axes (2, 3) should be 8 × 8"
        )
        for batch in (1, 2):
            with pytest.raises(rfield.RFieldError) as told:
                rfield.run_tiled(lambda x: {"out": x}, self.image, self.plan, batch=batch)
            assert str(told.value) == (
                "tile (0, 0): the function gave a dict, no array\n"
                "  Choose the one that is planned: lambda x: model(x)[...]"
            )
        with pytest.raises(rfield.RFieldError) as told:
            rfield.run_tiled(self.sums, self.image, self.plan, out=np.zeros((1, 1, 20, 15)))
        assert str(told.value) == (
            "out has shape (1, 1, 20, 15); the whole result has (1, 1, 20, 14)"
        )
        with pytest.raises(rfield.RFieldError) as told:
            rfield.run_tiled(self.sums, np.zeros((20, 14)), self.plan)
        assert str(told.value) == (
            "x: an image of (20, 14), whose axes (2, 3) are planned as 20 × 14"
        )

    def test_padding_of_every_mode(self) -> None:
        for mode, name in (
            ("constant", "constant"), ("reflect", "reflect"), ("replicate", "edge"),
            ("circular", "wrap"), ("symmetric", "symmetric"),
        ):  # fmt: skip
            plan = rfield.tile_plan(
                self.graph, (20, 14), tile=8, padding=[(3, 1), (0, 2)], padding_mode=mode
            )
            laid = np.pad(self.image, [(0, 0), (0, 0), (3, 1), (0, 2)], mode=name)  # type: ignore[call-overload]  # a mode by its name
            assert np.array_equal(rfield.run_tiled(self.sums, self.image, plan), self.sums(laid))

    @pytest.mark.parametrize(
        ("mode", "name"), [("reflect", "reflect"), ("circular", "wrap"), ("symmetric", "symmetric")]
    )
    def test_padding_wider_than_a_tile_is_taken_from_the_image(self, mode: str, name: Any) -> None:
        """More of the image than the tile has; axes counted from the end as well."""
        plan = rfield.tile_plan(
            self.graph, (20, 14), tile=8, padding=[(13, 11), (12, 13)], padding_mode=mode
        )
        flat = self.image[0, 0]
        laid = np.pad(flat, [(13, 11), (12, 13)], mode=name)
        for axes in ((0, 1), (-2, -1)):
            found = rfield.run_tiled(self.sums, flat, plan, axes=axes, output_axes=axes)
            assert np.array_equal(found, self.sums(laid))
        assert check_tiling(self.sums, (self.image,), plan).identical == laid.size

    def test_an_image_that_is_one_tile(self) -> None:
        plan = rfield.tile_plan(self.graph, (4, 4), max_pixels=16)
        assert (plan.tile, plan.counts, plan.overhead) == ((4, 4), (1, 1), 0)

    def test_an_approximate_plan_says_how_much_is_outside(self) -> None:
        """A middle tile's corner misses more of the mean of the image than its middle does."""
        b = rfield.GraphBuilder()
        x = b.input("x", (1, 1, 24, 8))
        y = b.conv("conv", x, kernel=3, padding=1)
        graph = b.build([b.add("sum", y, b.reduce("mean", y, axes=[2, 3], keepdims=True))])
        plan = rfield.tile_plan(graph, (24, 8), tile=(12, 8), approximate=True)
        assert [str(loss) for loss in plan.losses] == ["mean (reduce) reads a whole axis"]
        tile = plan.at((1, 0))
        inside = tuple(slice(s.start, s.stop) for s in tile.read)
        corner = tuple(s.start for s in tile.write)
        middle = tuple((s.start + s.stop - 1) // 2 for s in tile.write)
        shares = [
            1 - float(rfield.influence(graph, place).weight[inside].sum())
            for place in (corner, middle)
        ]
        assert len(plan) == 3
        assert shares[0] > shares[1]
        assert plan.outside == pytest.approx(max(shares))
