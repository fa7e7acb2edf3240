import pytest
from kedro.io import DatasetError

from peftline.datasets.runs import RunsDataset
from peftline.errors import PeftlineError
from tests.comparison.invented import run, save


def test_runs_are_loaded_as_values(tmp_path):
    save(run("lora", [1, 0]), tmp_path)
    (found,) = RunsDataset(filepath=str(tmp_path)).load().runs
    assert found.recipe == "lora" and found.summary["metrics"]["exact_match"]["n"] == 2


def test_nothing_there_is_said_in_our_own_words(tmp_path):
    with pytest.raises(DatasetError) as error:
        RunsDataset(filepath=str(tmp_path)).load()
    assert isinstance(error.value.__cause__, PeftlineError)


def test_it_is_read_only(tmp_path):
    with pytest.raises(DatasetError, match="read only"):
        RunsDataset(filepath=str(tmp_path)).save([])
