"""What is reused, what is refused: nothing stale is read, nothing of another run is replaced."""

import json
import shutil

import pytest

from peftline.errors import PeftlineError


def rows(count, word):
    return [{"instruction": f"Say {word} {i}", "output": f"{word} {i}"} for i in range(count)]


@pytest.fixture
def sources(tmp_path):
    files = {}
    for word in ("apple", "pear"):
        files[word] = tmp_path / f"{word}.json"
        files[word].write_text(json.dumps(rows(40, word)))
    return files


def keys(project, layer):
    return {path.name for path in (project / "data/test" / layer).iterdir() if path.is_dir()}


def splits_of(project):
    folder = project / "data/test/03_primary"
    manifest = json.loads((folder / "splits.json").read_text())
    return (folder / manifest["path"] / "train.jsonl").read_text()


def test_source_a_then_b_then_a_costs_the_work_twice(empty_project, run, sources):
    run(empty_project, "data", data={"source": str(sources["apple"])})
    first, apples = keys(empty_project, "03_primary"), splits_of(empty_project)
    run(empty_project, "data", data={"source": str(sources["pear"])})
    both = keys(empty_project, "03_primary")
    assert "pear" in splits_of(empty_project) and len(both) == 2
    built = (empty_project / "data/test/03_primary" / next(iter(first))).stat().st_mtime_ns
    run(empty_project, "data", data={"source": str(sources["apple"])})
    assert splits_of(empty_project) == apples
    assert keys(empty_project, "03_primary") == both
    assert (empty_project / "data/test/03_primary" / next(iter(first))).stat().st_mtime_ns == built


def test_a_changed_file_of_the_same_name_is_read_anew(empty_project, run, sources):
    run(empty_project, "data", data={"source": str(sources["apple"])})
    sources["apple"].write_text(json.dumps(rows(40, "quince")))
    run(empty_project, "data", data={"source": str(sources["apple"])})
    assert "Say quince" in splits_of(empty_project)
    assert "Say apple" not in splits_of(empty_project)


@pytest.fixture
def finished(tiny_project, tmp_path):
    """A copy of the project with finished runs, free to be changed."""
    folder = tmp_path / "finished"
    shutil.copytree(tiny_project, folder, symlinks=True)
    return folder


def test_another_data_set_may_not_replace_a_result_unless_it_is_an_experiment(
    finished, run, sources
):
    summary = finished / "data/test/08_reporting/lora/seed-42/summary.json"
    before = summary.read_text()
    with pytest.raises(PeftlineError, match=r"other data.*experiment=NAME"):
        run(finished, "lora", data={"source": str(sources["apple"])})
    assert summary.read_text() == before
    run(finished, "lora", data={"source": str(sources["apple"])}, experiment="fruit")
    assert summary.read_text() == before
    other = finished / "data/test/experiments/fruit/08_reporting/lora/seed-42/summary.json"
    assert json.loads(other.read_text())["data"]["sha256"] != json.loads(before)["data"]["sha256"]


def test_a_second_run_reuses_data_base_and_base_scores(finished, run):
    root = finished / "data/test"
    watched = [
        path
        for layer in ("01_raw", "02_intermediate", "03_primary", "06_models/base")
        for path in (root / layer).rglob("manifest.json")
    ] + list((root / "07_model_output/base").rglob("manifest.json"))
    before = {path: path.stat().st_mtime_ns for path in watched}
    assert len(before) == 6
    run(finished, "lora")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_seeds_stand_side_by_side(finished, run):
    run(finished, "lora", seed=1)
    folder = finished / "data/test/08_reporting/lora"
    one, other = (json.loads((folder / f"seed-{s}/summary.json").read_text()) for s in (1, 42))
    assert one["seed"] == 1 and one["input_hash"] != other["input_hash"]
    assert one["data"] == other["data"]


def test_a_failed_second_run_leaves_no_result_of_the_first(finished, run, monkeypatch):
    from peftline.delivery import merge

    monkeypatch.setattr(merge, "TOLERANCE", -1.0)
    with pytest.raises(PeftlineError, match="not the adapter"):
        run(finished, "lora")
    assert not (finished / "data/test/06_models/lora/seed-42/merged").exists()
    assert not (finished / "data/test/08_reporting/lora/seed-42/summary.json").exists()


def test_two_recipes_in_one_run_are_refused(finished, run):
    with pytest.raises(PeftlineError, match="one run of MLflow holds one recipe"):
        run(finished, "lora", "qlora")
