"""Images that are stored elsewhere: read and written by tiles, gone on with, several at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rfield
from tests.analysis.tiled_sums import Interrupted, Killed, of_process, plan_of_sums, sums

IMAGE = np.arange(45.0 * 38).reshape(1, 1, 45, 38) % 17
PLAN = plan_of_sums()


def in_zarr(folder: Path, like: np.ndarray, chunks: tuple[int, ...]) -> Any:
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    return zarr.create_array(str(folder), shape=like.shape, chunks=chunks, dtype=like.dtype)


@pytest.mark.parametrize("options", [
    {"batch": 4}, {"batch": 5}, {"batch": 1000}, {"prefetch": True}, {"batch": 3, "prefetch": True},
])  # fmt: skip
def test_several_at_once_and_the_next_ahead(options: dict[str, Any]) -> None:
    reported: list[tuple[int, int]] = []
    found = rfield.run_tiled(
        sums, IMAGE, PLAN, progress=lambda *n: reported.append(n), **options
    )  # fmt: skip
    assert np.array_equal(found, sums(IMAGE))
    assert len(PLAN) == 12
    assert reported[-1] == (12, 12)


def test_parts_are_prepared() -> None:
    found = rfield.run_tiled(sums, IMAGE, PLAN, prepare=lambda x: 2 * x, prefetch=True)
    assert np.array_equal(found, 2 * sums(IMAGE))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"batch": 0}, "batch = 0; expected an integer of at least 1"),
        ({"done": "marks"}, "done= marks what is written: give out= too"),
    ],
)
def test_what_cannot_be_asked_for(options: dict[str, Any], text: str) -> None:
    with pytest.raises(rfield.InvalidModelError) as told:
        rfield.run_tiled(sums, IMAGE, PLAN, **options)
    assert str(told.value) == text


def test_a_batch_needs_an_axis_of_its_own() -> None:
    flat = IMAGE[0, 0]
    with pytest.raises(rfield.InvalidModelError) as told:
        rfield.run_tiled(sums, flat, PLAN, axes=(0, 1), output_axes=(0, 1), batch=2)
    assert str(told.value) == (
        "batch = 2: tiles are joined along the first axis, which is a planned one.\n"
        "  Give an image with an axis in front: image[None]"
    )
    with pytest.raises(rfield.InvalidModelError) as told:
        rfield.run_tiled(lambda x: sums(x)[:1], IMAGE, PLAN, batch=2)
    assert str(told.value) == (
        "2 tiles at once: the function gave (1, 1, 8, 8), whose first axis is no multiple of that"
    )


def test_from_and_into_memory_maps_and_zarr(tmp_path: Path) -> None:
    whole = sums(IMAGE)
    image = np.memmap(tmp_path / "image", np.float64, "w+", shape=IMAGE.shape)
    image[:] = IMAGE
    result = np.memmap(tmp_path / "result", np.float64, "w+", shape=whole.shape)
    rfield.run_tiled(sums, image, PLAN, out=result)
    assert np.array_equal(result, whole)
    stored = in_zarr(tmp_path / "image.zarr", IMAGE, (1, 1, 10, 11))
    stored[:] = IMAGE
    out = in_zarr(tmp_path / "out.zarr", whole, (1, 1, 7, 6))
    rfield.run_tiled(sums, stored, PLAN, out=out, prefetch=True)
    assert np.array_equal(out[:], whole)


def test_tensors_go_into_arrays_of_numpy() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    out = np.zeros(sums(IMAGE).shape)
    rfield.run_tiled(
        lambda x: torch.from_numpy(sums(x)).requires_grad_(), IMAGE, PLAN, out=out, batch=2
    )
    assert np.array_equal(out, sums(IMAGE))


@pytest.mark.parametrize("batch", [1, 3])
def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, batch: int) -> None:
    whole = sums(IMAGE)
    out = in_zarr(tmp_path / "out", whole, (1, 1, 7, 6))
    options: Any = {"out": out, "done": tmp_path / "marks", "batch": batch}
    with pytest.raises(Killed):
        rfield.run_tiled(Interrupted(3), IMAGE, PLAN, **options)
    rest = Interrupted(100)
    rfield.run_tiled(rest, IMAGE, PLAN, **options)
    assert rest.runs == {1: 9, 3: 1}[batch]
    assert np.array_equal(out[:], whole)
    rfield.run_tiled(Interrupted(0), IMAGE, PLAN, **options)
    with pytest.raises(rfield.InvalidModelError) as told:
        rfield.run_tiled(sums, IMAGE[:, :, :, :36], plan_of_sums((45, 36)), **options)
    assert str(told.value) == (
        f"done: {tmp_path / 'marks'} belongs to another plan; take an empty folder"
    )


@pytest.mark.parametrize("kind", ["numpy", "torch", "half", "dask"])
def test_marks_of_another_image_or_result_are_refused(tmp_path: Path, kind: str) -> None:
    """One pixel differs, or what was written is not there: nothing is mixed."""
    out: Any = np.zeros(sums(IMAGE).shape)
    image: Any = IMAGE.copy()
    dtype: Any = None
    if kind in ("torch", "half"):
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        dtype = torch.bfloat16 if kind == "half" else torch.float64
        image, out = torch.from_numpy(image).to(dtype), torch.from_numpy(out).to(dtype)

    def function(part: Any) -> Any:
        if dtype is None:
            assert type(part) is np.ndarray  # a lazy part was worked out before
            return sums(part)
        return torch.from_numpy(sums(part.double().numpy())).to(dtype)

    def run(image: Any, out: Any) -> None:
        if kind == "dask":
            pytest.importorskip("dask.array", reason="dask is not installed")
            PLAN.to_dask(function, image, out=out, done=tmp_path / "marks").compute(
                scheduler="synchronous"
            )
        else:
            rfield.run_tiled(function, image, PLAN, out=out, done=tmp_path / "marks")

    run(image, out)
    run(image, out)
    other = image + 0
    other[0, 0, 40, 30] += 1
    folder = tmp_path / "marks"
    with pytest.raises(rfield.InvalidModelError) as told:
        run(other, out)
    assert str(told.value) == (
        f"done: {folder} belongs to another image, which differs in tile (3, 2); "
        "take an empty folder"
    )
    with pytest.raises(rfield.InvalidModelError) as told:
        run(image, out * 0)
    assert str(told.value) == (
        f"done: out does not hold what {folder} says was written of tile (0, 0); "
        "give the out that belongs to it, or take an empty folder"
    )


class TestDask:
    """A lazy array; what runs it is dask's to decide."""

    def test_one_chunk_for_each_tile(self, tmp_path: Path) -> None:
        array = pytest.importorskip("dask.array", reason="dask is not installed")
        whole = sums(IMAGE)
        stored = in_zarr(tmp_path / "image", IMAGE, (1, 1, 10, 11))
        stored[:] = IMAGE
        for image in (IMAGE, array.from_array(IMAGE, chunks=13), stored):
            for like in (None, whole[..., :8, :8]):
                found = PLAN.to_dask(sums, image, like=like)
                assert found.chunks[2:] == ((7, 6, 3, 7), (7, 5, 7))
                assert found.dtype == np.float64
                assert np.array_equal(found.compute(), whole)
        part = Interrupted(1)
        PLAN.to_dask(part, IMAGE, like=whole)[..., :7, :7].compute(scheduler="synchronous")
        assert part.runs == 1

    def test_two_processes_write_and_are_gone_on_with(self, tmp_path: Path) -> None:
        distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
        whole = sums(IMAGE)
        stored = in_zarr(tmp_path / "image", IMAGE, (1, 1, 10, 11))
        stored[:] = IMAGE
        out = in_zarr(tmp_path / "out", np.zeros((1, 2, *whole.shape[2:])), (1, 2, 7, 6))
        marks = tmp_path / "marks"
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster, distributed.Client(cluster):  # fmt: skip
            first = PLAN.to_dask(of_process, stored, out=out, done=marks)
            assert first.shape == (12,)
            first[:7].compute()
            rest = PLAN.to_dask(of_process, stored, out=out, done=marks)
            assert rest.compute().tolist() == list(range(7, 12))
            assert PLAN.to_dask(of_process, stored, out=out, done=marks).shape == (0,)
        assert np.array_equal(out[:, :1], whole)
        assert len(np.unique(out[:, 1:])) == 2

    @pytest.mark.parametrize("kind", ["processes", "cluster"])
    def test_workers_that_share_a_chunk_write_in_turn(self, tmp_path: Path, kind: str) -> None:
        """All tiles lie in one chunk; who runs them is said after the graph was made."""
        distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
        whole = sums(IMAGE)
        stored = in_zarr(tmp_path / "image", IMAGE, (1, 1, 10, 11))
        stored[:] = IMAGE
        out = in_zarr(
            tmp_path / "out", np.zeros((1, 2, *whole.shape[2:])), (1, 2, *whole.shape[2:])
        )
        lazy = PLAN.to_dask(of_process, stored, out=out)
        if kind == "processes":
            lazy.compute(scheduler="processes", num_workers=3)
        else:
            with distributed.LocalCluster(
                n_workers=3, threads_per_worker=1, dashboard_address=None
            ) as cluster, distributed.Client(cluster):  # fmt: skip
                lazy.compute()
        assert np.array_equal(out[:, :1], whole)

    def test_memory_of_another_process_is_no_place(self) -> None:
        pytest.importorskip("dask.array", reason="dask is not installed")
        out = np.zeros(sums(IMAGE).shape)
        lazy = PLAN.to_dask(sums, IMAGE, out=out)
        with pytest.raises(rfield.InvalidModelError) as told:
            lazy.compute(scheduler="processes", num_workers=2)
        assert str(told.value).startswith("out is an array in the memory of another process")
        lazy.compute(scheduler="threads")
        assert np.array_equal(out, sums(IMAGE))

    def test_marks_need_what_is_written(self) -> None:
        pytest.importorskip("dask.array", reason="dask is not installed")
        with pytest.raises(rfield.InvalidModelError) as told:
            PLAN.to_dask(sums, IMAGE, done="marks")
        assert str(told.value) == "done= marks what is written: give out= too"
        with pytest.raises(rfield.InvalidModelError, match="is a file, or lies in one; give a"):
            PLAN.to_dask(sums, IMAGE, out=IMAGE, done=__file__)

    def test_tensors_that_keep_their_history(self) -> None:
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        pytest.importorskip("dask.array", reason="dask is not installed")
        lazy = PLAN.to_dask(lambda x: torch.from_numpy(sums(x)).requires_grad_(), IMAGE)
        assert np.array_equal(lazy.compute(scheduler="synchronous"), sums(IMAGE))

    def test_without_dask(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "dask.array", None)
        with pytest.raises(rfield.RFieldError) as told:
            PLAN.to_dask(sums, IMAGE)
        assert str(told.value) == (
            "to_dask() needs dask, which is not installed.\n"
            '  Install it: pip install "dask[array]"   (or: pip install "rfield[dask]")'
        )
