"""MLflow's database is made once, however many processes begin at the same time."""

import multiprocessing

import mlflow
import pytest

from peftline.tracking.database import opened_alone

PROCESSES = 4


def open_store(uri, together, outcomes):
    """As kedro-mlflow does when a session begins."""
    together.wait()
    try:
        with opened_alone(uri):
            client = mlflow.MlflowClient(tracking_uri=uri)
            if client.get_experiment_by_name("peftline") is None:
                client.create_experiment("peftline")
        outcomes.put(None)
    except Exception as error:  # noqa: BLE001
        outcomes.put(repr(error))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="importing MLflow takes long"
)
def test_processes_that_begin_together_make_one_database(tmp_path):
    fork = multiprocessing.get_context("fork")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    together, outcomes = fork.Barrier(PROCESSES), fork.Queue()
    processes = [
        fork.Process(target=open_store, args=(uri, together, outcomes)) for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    assert [outcomes.get(timeout=120) for _ in processes] == [None] * PROCESSES
    for process in processes:
        process.join()
    names = [one.name for one in mlflow.MlflowClient(tracking_uri=uri).search_experiments()]
    assert sorted(names) == ["Default", "peftline"]
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_a_tracking_server_is_no_file_to_lock():
    with opened_alone("http://127.0.0.1:5000"):
        pass
