"""Runs name their data as MLflow names data sets; those of tests stand apart."""

import json
from types import SimpleNamespace

import mlflow
import pytest

from peftline import tracking
from peftline.handles import RawRows, Splits
from peftline.tracking.address import PAGE, address


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracking")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    for name in ("peftline-test", "peftline"):  # the first one that is made has the number 1
        mlflow.create_experiment(name, artifact_location=str(folder / name))
    yield uri
    mlflow.set_tracking_uri(before)


@pytest.fixture
def data(tmp_path):
    counts = {"train": 24, "validation": 8, "test": 9}
    splits = Splits(path=tmp_path, sha256="0123456789abcdef", format="alpaca", **counts)
    raw = RawRows(path=tmp_path, sha256="f", source="mine.jsonl", rows=41, rows_per_source=[41])
    return SimpleNamespace(splits=splits, raw=raw)


def inputs_of(run):
    return mlflow.MlflowClient().get_run(run.info.run_id).inputs.dataset_inputs


def test_the_splits_of_a_run_are_its_data_sets(database, data):
    mlflow.set_experiment("peftline")
    log = tracking.DataLog()
    with mlflow.start_run() as run:
        log.look({"params:data": {}})
        assert inputs_of(run) == []
        log.look({"raw": data.raw})
        log.look({"splits": data.splits, "base": object()})
        log.look({"splits": data.splits})  # of a later node
    found = {one.dataset.name: one for one in inputs_of(run)}
    assert set(found) == {"mine.jsonl/train", "mine.jsonl/validation", "mine.jsonl/test"}
    for side, rows in (("train", 24), ("validation", 8), ("test", 9)):
        one = found[f"mine.jsonl/{side}"]
        assert one.dataset.digest == "01234567"
        assert json.loads(one.dataset.profile) == {"num_rows": rows}
        assert json.loads(one.dataset.source)["tags"]["sha256"] == data.splits.sha256
        assert {tag.key: tag.value for tag in one.tags} == {"mlflow.data.context": side}
    assert mlflow.search_runs(
        experiment_names=["peftline"],
        filter_string="dataset.digest = '01234567' and dataset.context = 'test'",
    )["run_id"].tolist() == [run.info.run_id]


def test_runs_on_the_same_data_share_their_data_sets(database, data):
    mlflow.set_experiment("peftline")
    runs = []
    for _ in range(2):
        with mlflow.start_run() as run:
            tracking.DataLog().look({"raw": data.raw, "splits": data.splits})
        runs.append({one.dataset.name for one in inputs_of(run)})
    assert runs[0] == runs[1] and len(runs[0]) == 3


def test_a_mixture_of_many_sources_has_a_name_that_fits(database, data):
    mlflow.set_experiment("peftline")
    with mlflow.start_run() as run:
        raw = data.raw.model_copy(update={"source": " + ".join(["mine.jsonl"] * 100)})
        tracking.DataLog().look({"raw": raw, "splits": data.splits})
    assert {one.dataset.name.rpartition("/")[2] for one in inputs_of(run)} == {
        "train",
        "validation",
        "test",
    }


def test_without_a_run_nothing_is_logged(database, data):
    tracking.DataLog().look({"splits": data.splits})
    assert mlflow.active_run() is None


@pytest.mark.parametrize("name", ["peftline", "peftline-test"])
def test_the_page_is_that_of_the_experiment_whichever_was_made_first(database, name):
    number = mlflow.get_experiment_by_name(name).experiment_id
    assert address(database, name) == f"{PAGE}/{number}/runs?workflowType=machine_learning"


def test_before_the_first_run_the_page_is_that_of_all_experiments(database):
    assert address(database, "nobody") == PAGE
