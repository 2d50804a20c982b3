"""A Dask cluster of two workers, one of which is killed, comes to the same rows."""

from __future__ import annotations

import os
import signal

import pytest

import rfield
from tests.surveys.zoo import spec

distributed = pytest.importorskip("distributed", reason="Dask is not installed")
SPECS = [*(spec(f"slow{number}") for number in range(10)), spec("raises"), spec("crashes")]


@pytest.mark.filterwarnings("ignore")  # of the worker that is lost
def test_the_same_rows_though_a_worker_is_killed(tmp_path):
    here = rfield.survey(SPECS, tmp_path / "here.db", workers=2)
    killed: list[int] = []
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made,
        distributed.Client(made) as client,
    ):
        pids = list(client.run(os.getpid).values())

        def kill_one(done: int, total: int, name: str) -> None:
            if done == 2:
                os.kill(pids[0], signal.SIGKILL)
                killed.append(pids[0])

        found = rfield.survey(
            SPECS, tmp_path / "dask.db", dask=made.scheduler_address, progress=kill_one
        )
    assert killed
    assert found.effort.measured == len(SPECS)
    assert found.as_dict() == here.as_dict()


def test_a_cluster_of_its_own(tmp_path):
    found = rfield.survey(spec("small"), tmp_path / "s.db", dask="local", workers=1)
    assert found.rows[0]["size"] == [5, 5]


def test_no_scheduler(tmp_path, monkeypatch):
    monkeypatch.setattr("rfield.surveys.pool.PATIENCE", 0.2)
    with pytest.raises(rfield.SurveyError) as told:
        rfield.survey(spec("small"), tmp_path / "s.db", dask="tcp://127.0.0.1:9")
    assert str(told.value).startswith("no scheduler of Dask answers at tcp://127.0.0.1:9: ")
